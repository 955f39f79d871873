"""A folder with its config, a small ledger in a running sandbox, and commands to run there."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests
from tests.builders.driver import App
from tests.builders.stores import put_store

from arsync.application.organisation.oauth_authorisation import authorise
from arsync.cli import run_cli
from arsync.clock import SystemClock
from arsync.config import example_config, load_config
from arsync.demo.letters import POST_FOLDER
from arsync.demo.world import World, config_text, free_port
from arsync_sandbox.platform import ContactRow, InvoiceRow
from arsync_sandbox.server import Sandbox
from arsync_sandbox.timeline import LoadedRows

from ..conftest import searched  # noqa: TID252 - tests are no installed package

TODAY = SystemClock().now().date()
"""Commands tell the time by the computer's clock; so does the sandbox that has no start."""

RULEBOOK = """version: 1
name: Little policy
currency: GBP

credit_limits:
  - name: Everyone
    limit: 10,000

credit_holds:
  - name: Seriously overdue
    when:
      oldest_days_overdue: {at_least: 60}
      overdue_amount: {at_least: 500}
    unless: {promise_to_pay: open}
    terms: cash on delivery
    approval: required

reminders:
  - name: Standard cadence
    skip_invoices_when: {amount_due: {less_than: 1}}
    steps:
      - {day: 1, email: first reminder}
      - {day: 14, email: second reminder}
      - {day: 30, task: Call the customer, assign_to: credit control}

sending:
  days: every day
  between: 00:00-23:59
"""


class Result(NamedTuple):
    """What a command left: its exit code and both of its outputs."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return stdout, which must be JSON and nothing else."""
        return json.loads(self.out)


@dataclass
class Shell:
    """A folder to run commands in."""

    folder: Path
    capture: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> Result:
        """Run one command in this process, as `arsync WORDS` would."""
        self.capture.readouterr()
        code = run_cli(list(words))
        out, err = self.capture.readouterr()
        assert "Traceback" not in err
        searched(out, "outputs")
        searched(err, "outputs")
        return Result(code, out, err)

    def write(self, name: str, text: str) -> Path:
        """Write a file of the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


def _forget_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ARSYNC_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell in an empty folder."""
    monkeypatch.chdir(tmp_path)
    _forget_variables(monkeypatch)
    return Shell(tmp_path, capsys)


@pytest.fixture
def configured(empty: Shell) -> Shell:
    """A shell in a folder with a config and a rulebook; nothing is connected."""
    empty.write("config.toml", example_config({("tokens", "keyring"): "off"}))
    empty.write("rules/little.yaml", RULEBOOK)
    return empty


def a_ledger() -> tuple[list[ContactRow], list[InvoiceRow]]:
    """Four customers: deep in debt, a little late, on time, and one whose name is markup."""
    since = TODAY - timedelta(days=400)
    names = {
        "deep": "Deep Debt Ltd",
        "late": "Late & Sons",
        "good": "Good Payer",
        "odd": "[red] Shoes",
    }
    contacts = [
        # With terms of their own, which can be given back after a hold.
        ContactRow(id=key, name=name, email=f"{key}@example.com", created_on=since, terms_days=30)
        for key, name in names.items()
    ]
    ages = [
        ("INV-1", "deep", 90, "900.00"),
        ("INV-2", "deep", 20, "1200.50"),
        ("INV-3", "late", 5, "250.00"),
        ("INV-4", "good", -20, "75.00"),
        ("INV-5", "odd", 2, "60.00"),
    ]
    invoices = [
        InvoiceRow(
            id=f"i-{number}",
            number=number,
            contact_id=contact,
            issued_on=TODAY - timedelta(days=age + 30),
            due_on=TODAY - timedelta(days=age),
            currency="GBP",
            total=Decimal(total),
        )
        for number, contact, age, total in ages
    ]
    return contacts, invoices


def a_sandbox() -> Sandbox:
    """Start a sandbox with the little ledger, which consents by itself."""
    contacts, invoices = a_ledger()
    sandbox = Sandbox(settings={"limits": False, "debtors": False, "consent": "allow"})
    sandbox.load(LoadedRows(contacts, invoices, []))
    return sandbox.start()


def agree(said: str) -> str:
    """Open the consent page that a command printed, agree, and return where the browser ends."""
    url = next(word for word in said.split() if "/authorize?" in word or "/oauth2?" in word)
    answer = requests.get(url, allow_redirects=False, timeout=20)
    return answer.headers["Location"]


def connect(folder: Path, sandbox: Sandbox, *platforms: str) -> None:
    """Make a folder with a config for the sandbox, and connect and pull these platforms."""
    a_config(folder, sandbox)
    with App(load_config(folder / "config.toml", {})) as app:
        for name in platforms:
            lines: list[str] = []
            grant = authorise(
                app.authoriser(name),
                redirect_url=app.config.get(name, "redirect_url"),
                say=lines.append,
                ask=lambda _, lines=lines: agree(lines[-1]),  # type: ignore[misc]
            )
            app.add_connections(name, grant, [(grant.organisations[0], name)])
        app.pull()


def a_config(folder: Path, sandbox: Sandbox) -> None:
    """Make a folder with a config for the sandbox and the little rulebook."""
    world = World(sandbox.url, sandbox.smtp_port)
    config = config_text(world, via_port=free_port())
    world.close()
    (folder / "config.toml").write_text(config, encoding="utf-8")
    (folder / "config.toml").chmod(0o600)
    put_store(folder)
    (folder / POST_FOLDER).mkdir(exist_ok=True)
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / "little.yaml").write_text(RULEBOOK, encoding="utf-8")


class Kept(NamedTuple):
    """A connected folder to copy, and the sandbox it is connected to."""

    folder: Path
    sandbox: Sandbox


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """One connected folder for all tests that change nothing in the platforms."""
    sandbox = a_sandbox()
    folder = tmp_path_factory.mktemp("connected")
    connect(folder, sandbox, "xero", "quickbooks")
    yield Kept(folder, sandbox)
    sandbox.stop()
    assert not list(sandbox.errors)


@pytest.fixture
def shell(empty: Shell, kept: Kept) -> Shell:
    """A shell in a folder with both platforms connected and pulled, observing.

    The platforms are shared: use `alone` to write to them.
    """
    shutil.copytree(kept.folder, empty.folder, dirs_exist_ok=True)
    return empty


@pytest.fixture
def alone(empty: Shell) -> Iterator[tuple[Shell, Sandbox]]:
    """A shell with Xero connected in mode auto, and a sandbox of its own."""
    sandbox = a_sandbox()
    connect(empty.folder, sandbox, "xero")
    with App(load_config(empty.folder / "config.toml", {})) as app:
        app.set_mode("xero", "auto")
    yield empty, sandbox
    sandbox.stop()


def a_key(shell: Shell, kind: str) -> str:
    """Plan, and return the key of one waiting action of a kind."""
    waiting = shell("approve", "--json").json
    key: str = next(action["key"] for action in waiting if action["kind"] == kind)
    return key


def withdraw_consent(shell: Shell) -> None:
    """Withdraw Xero's consent behind arsync's back, as its user can at Xero."""
    with App(load_config(shell.folder / "config.toml", {})) as app:
        grant = app.store.connections.get("xero").grant_id
        assert grant is not None
        app.authoriser("xero").revoke(app.store.tokens.load(grant))
