"""The whole of arsync against the sandbox, over real HTTP, with one clock for both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
import requests

from arsync.application.facade import App
from arsync.application.oauth_consent import consent
from arsync.application.results import RunResult
from arsync.clock import SetClock
from arsync.config import Config, example_config, load_config
from arsync.connector_sdk import platform as installed_platform
from arsync.core.actions import ActionKind, ActionState
from arsync.http import PlatformTransport, Timer
from arsync.store.models import ActionRow, ConnectionRow
from arsync_sandbox.server import Sandbox

START = datetime(2026, 11, 18, 10, tzinfo=UTC)
"""A Wednesday morning."""
PLATFORMS = ("xero", "quickbooks")
READ_SECONDS = 0.15
"""How long a platform may be silent in these tests."""
CALL_SECONDS = 60.0
"""How long the control plane may take."""


@dataclass
class Control:
    """The sandbox's control plane: `control.fault(path="Email", drop="after")`."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False

    def get(self, path: str, **query: Any) -> Any:
        answer = self.session.get(f"{self.url}/_sandbox/{path}", params=query, timeout=CALL_SECONDS)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any) -> Any:
        text = json.dumps(body, default=str)
        answer = self.session.post(f"{self.url}/_sandbox/{path}", data=text, timeout=CALL_SECONDS)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def state(self, platform: str) -> dict[str, Any]:
        """Return one ledger, and the mail that all sent."""
        answer = self.get("state", platform=platform)
        assert not answer["errors"], "the sandbox itself failed:\n" + "\n".join(answer["errors"])
        return {**answer[platform], "emails": answer["emails"]}

    def journal(self, since: int = 0) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.get("journal", since=since)["requests"]
        return rows

    def last_request(self) -> int:
        """Return the number of the newest request."""
        number: int = max((row["number"] for row in self.journal()), default=0)
        return number

    def writes(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the requests that changed a ledger, or meant to."""
        return [row for row in self.journal(since) if is_write(row)]

    def fault(self, **wanted: Any) -> None:
        self.post("faults", wanted)

    def no_more_faults(self) -> None:
        self.session.delete(f"{self.url}/_sandbox/faults", timeout=CALL_SECONDS)

    def settings(self, **values: Any) -> None:
        self.post("settings", values)

    def person(self, platform: str, do: str, **arguments: Any) -> Any:
        return self.post("people", {"platform": platform, "do": do, **arguments})["result"]

    def clock(self, to: datetime) -> None:
        self.post("clock", {"to": to.isoformat()})

    def close(self) -> None:
        self.session.close()


LEDGER_PATHS = ("/api.xro/", "/v3/company/")
_READING_POSTS = ("/query", "/batch")


def is_write(row: Mapping[str, Any]) -> bool:
    """Say whether a request of the journal is one that changes a ledger."""
    path = row["path"].partition("?")[0]
    return (
        row["method"] != "GET"
        and path.startswith(LEDGER_PATHS)
        and not path.endswith(_READING_POSTS)
    )


class World:
    """The sandbox, the application on it, and one time for both."""

    def __init__(self, sandbox: Sandbox, control: Control, folder: Path) -> None:
        """Write a config into the folder; nothing is connected."""
        self.sandbox = sandbox
        self.control = control
        self.folder = folder
        self.clock = SetClock(START)
        self.slept = 0.0
        self.read_seconds = READ_SECONDS
        (folder / "rules").mkdir(parents=True)
        self.config = self.configured()
        self.app = self.new_app()

    def configured(self, **more: str) -> Config:
        """Write config.toml; `more` are settings such as smtp_url."""
        url = self.control.url
        values = {
            ("runs", "pace"): "off",
            ("tokens", "keyring"): "off",
            ("xero", "client_id"): "sandbox-pkce-app",
            ("xero", "api_url"): url,
            ("xero", "login_url"): url,
            ("xero", "identity_url"): url,
            ("xero", "late_fee_account"): "200",
            ("quickbooks", "client_id"): "sandbox-web-app",
            ("quickbooks", "client_secret"): "sandbox-web-secret",
            ("quickbooks", "api_url"): url,
            ("quickbooks", "authorize_url"): f"{url}/connect/oauth2",
            ("quickbooks", "token_url"): f"{url}/oauth2/v1/tokens/bearer",
            ("quickbooks", "revoke_url"): f"{url}/v2/oauth2/tokens/revoke",
            ("quickbooks", "late_fee_item"): "Late fee",
            ("smtp", "url"): f"smtp://127.0.0.1:{self.sandbox.smtp_port}",
            ("smtp", "sender"): "Accounts <accounts@example.com>",
        }
        for name, value in more.items():
            section, _, key = name.partition("_")
            values[section, key] = value
        file = self.folder / "config.toml"
        file.write_text(example_config(values), encoding="utf-8")
        return load_config(file, {})

    def new_app(self) -> App:
        """Return the application on this folder, with HTTP whose waits move the clock instead."""
        timer = Timer(monotonic=lambda: time.monotonic() + self.slept, sleep=self._sleep)
        transports = partial(PlatformTransport, timer=timer, read_seconds=self.read_seconds)
        return App(
            self.config,
            clock=self.clock,
            platforms=cache(installed_platform),
            transports=transports,
        )

    def restart(self) -> None:
        """End the process's application and begin another on the same store."""
        self.app.close()
        self.app = self.new_app()

    def close(self) -> None:
        self.app.close()

    # -- time ---------------------------------------------------------------------------------

    def advance(self, **step: float) -> None:
        """Let time pass, here and at the platforms."""
        self.move_to(self.clock.now() + timedelta(**step))

    def move_to(self, moment: datetime) -> None:
        self.clock.moment = moment
        with self.sandbox.lock:
            self.sandbox.timeline.move_to(moment)

    def _sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.advance(seconds=seconds)

    # -- ledger, rules, consent ---------------------------------------------------------------

    def load(self, *platforms: str, **rows: Any) -> None:
        """Load `contacts=[...]`, `invoices=[...]`, `payments=[...]`, or `documents={...}`."""
        self.control.post("load", {**rows, "platforms": list(platforms or PLATFORMS)})

    def rules(self, text: str) -> None:
        (self.folder / "rules" / "rules.yaml").write_text(text, encoding="utf-8")

    def connect(self, name: str, *, mode: str = "auto") -> ConnectionRow:
        """Give consent as the organisation's owner would; the connection is called `name`."""
        said: list[str] = []
        grant = consent(
            self.app.authoriser(name),
            redirect_url=self.config.get(name, "redirect_url"),
            say=said.append,
            ask=lambda _: self._agreed(said[0].split()[-1]),
        )
        (row,) = self.app.add_connections(name, grant, [(grant.organisations[0], name)])
        return self.app.set_mode(name, mode) if mode != "observe" else row

    def _agreed(self, url: str) -> str:
        answer = self.control.session.get(url, allow_redirects=False, timeout=CALL_SECONDS)
        return answer.headers["Location"]

    # -- runs ---------------------------------------------------------------------------------

    def sync(self, name: str) -> RunResult:
        (result,) = self.app.sync(name)
        return result

    def sync_until_quiet(self, name: str, *, rounds_max: int = 40) -> list[RunResult]:
        """Run as a scheduler does, an hour apart, until a run has nothing more to do."""
        results: list[RunResult] = []
        for _ in range(rounds_max):
            before = self.control.last_request()
            results.append(self.sync(name))
            still = self.rows(name, *_ON_THE_WAY)
            if not still and not self.control.writes(before):
                return results
            self.advance(hours=1)
        problems = [result.all_problems for result in results]
        raise AssertionError(f"not quiet after {rounds_max} runs: {problems}")

    def rows(self, name: str, *states: ActionState) -> list[ActionRow]:
        store = self.app.store
        rows = store.actions.list(store.connections.get(name).id, states=set(states) or None)
        return list(rows)

    def row_of(self, name: str, kind: ActionKind) -> ActionRow:
        (row,) = (row for row in self.rows(name) if row.action.kind is kind)
        return row

    def connection(self, name: str) -> ConnectionRow:
        return self.app.store.connections.get(name)

    def invoice_id(self, name: str, number: str) -> str:
        """Return the platform's id of an invoice."""
        invoices = self.control.state(name)["invoices"]
        (found,) = (str(row["id"]) for row in invoices if row["number"] == number)
        return found

    def contact_id(self, name: str, contact: str) -> str:
        """Return the platform's id of a contact."""
        contacts = self.control.state(name)["contacts"]
        (found,) = (str(row["id"]) for row in contacts if row["name"] == contact)
        return found

    def standing(self, name: str) -> Counter[str]:
        """Return everything arsync wrote that stands at the platform, each with its count."""
        return standing(self.control.state(name), name)


_ON_THE_WAY = (ActionState.APPROVED, ActionState.SENDING, ActionState.SENT)


def standing(state: Mapping[str, Any], platform: str) -> Counter[str]:
    """Return what stands in a ledger by arsync's doing, in words, each with how often."""
    contacts = {row["id"]: row["name"] for row in state["contacts"]}
    numbers = {row["id"]: row["number"] for row in state["invoices"]}
    found: Counter[str] = Counter()
    for note in state["history"]:
        if "[arsync:" in note["text"]:
            names = contacts if note["record"].lower() in {"contact", "customer"} else numbers
            words = " ".join(note["text"].partition(":")[0].split()[:3])
            found[f"note on {names[note['id']]}: {words}"] += 1
    for email in state["emails"]:
        if email["origin"] == platform:
            found[f"email about {numbers[email['invoice_id']]}"] += 1
    for file in state["attachments"]:
        kind = file["file_name"].rpartition(".")[2]
        found[f"{kind} on {numbers[file['id']]}"] += 1
    for group in state["groups"]:
        if group["name"] == "Credit hold":
            found.update(f"hold on {contacts[one]}" for one in group["members"])
    for contact in state["contacts"]:
        found[f"hold on {contact['name']}"] += (contact["notes"] or "").count("credit hold [arsync")
        if is_cash_on_delivery(contact["terms"], state["terms"]):
            found[f"cash on delivery for {contact['name']}"] += 1
    for invoice in state["invoices"]:
        ours = invoice["notes"].count("[arsync:")
        if "[arsync:" in invoice.get("reference", "") or not invoice["number"].startswith("INV-"):
            found[f"fee of {invoice['total']} for {contacts[invoice['contact_id']]}"] += 1
        elif invoice["expected_on"] or ours:
            found[f"promise in {invoice['number']}"] += max(ours, 1)
    return +found


def is_cash_on_delivery(terms: Any, known: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether a contact's terms, as either platform tells them, are 0 days."""
    if isinstance(terms, Mapping):
        return terms.get("Day") == 0
    return any(one["name"] == terms and one["due_days"] == 0 for one in known)


# -- rows of a ledger -------------------------------------------------------------------------


def contact_row(id_: str, name: str, **more: Any) -> dict[str, Any]:
    """Return a line of contacts.csv."""
    address = f"{id_}@customers.example"
    return {"id": id_, "name": name, "email": address, "terms_days": 30, **more}


def invoice_row(
    number: int, contact: str, *, overdue: int, total: str = "100.00"
) -> dict[str, Any]:
    """Return a line of invoices.csv: due so many days before the clock's first day."""
    due = START.date() - timedelta(days=overdue)
    return {
        "id": f"i{number}",
        "number": f"INV-{number:04}",
        "contact_id": contact,
        "issued_on": (due - timedelta(days=30)).isoformat(),
        "due_on": due.isoformat(),
        "currency": "GBP",
        "total": total,
    }


# -- one of each ----------------------------------------------------------------------------

ONE_OF_EACH = """\
version: 1
name: One of each
currency: GBP
credit_limits:
  - name: Everyone
    limit: 5,000
credit_holds:
  - name: Over the limit
    when: {over_limit_percent: {more_than: 10}}
    terms: cash on delivery
reminders:
  - name: By letter
    when: {contact_group: Letters}
    steps:
      - {day: 1, letter: first reminder}
  - name: With a fee
    when: {contact_group: Fees}
    steps:
      - {day: 1, late_fee: 40}
  - name: By telephone
    when: {contact_group: Calls}
    steps:
      - {day: 1, task: Call the customer, assign_to: credit control}
  - name: By email
    when: {contact_group: Emails}
    steps:
      - {day: 1, email: first reminder}
sending:
  days: every day
  between: 00:00-23:59
"""


def one_of_each(world: World, name: str) -> None:
    """Give a ledger for which arsync has one of each thing to write, and pull it."""
    groups = {"mail": "Emails", "paper": "Letters", "fee": "Fees", "call": "Calls", "big": "None"}
    contacts = [
        contact_row(f"c-{key}", key.title(), contact_group=group) for key, group in groups.items()
    ]
    contacts += [contact_row("c-word", "Word", contact_group="Emails")]
    invoices = [
        invoice_row(number, f"c-{key}", overdue=3, total="9000" if key == "big" else "100")
        for number, key in enumerate(["mail", "paper", "fee", "call", "big", "word"], 1)
    ]
    invoices += [invoice_row(7, "c-word", overdue=3)]
    world.load(name, contacts=contacts, invoices=invoices)
    world.rules(ONE_OF_EACH)
    world.connect(name)
    world.app.pull(name)
    in_ten_days = world.clock.now().date() + timedelta(days=10)
    world.app.promise("INV-0006", in_ten_days, connection=name)
    world.app.dispute("INV-0007", reason="wrong price", connection=name)


ONCE = {
    "email about INV-0001": 1,
    "note on INV-0001: First reminder sent": 1,
    "pdf on INV-0002": 1,
    "note on INV-0002: First reminder attached": 1,
    "fee of 40.00 for Fee": 1,
    "note on INV-0003: Late fee 40": 1,
    "note on INV-0004: Task opened": 1,
    "hold on Big": 1,
    "note on Big: Credit hold placed": 1,
    "cash on delivery for Big": 1,
    "note on Big: Payment terms changed": 1,
    "promise in INV-0006": 1,
    "note on INV-0006: Promise to pay": 1,
    "note on INV-0007: Dispute about INV-0007": 1,
}
"""What stands at either platform when everything was done once."""


# -- fixtures ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    settings = {"consent": "allow", "limits": False}
    with Sandbox(PLATFORMS, start=START, settings=settings) as sandbox:
        yield sandbox


@pytest.fixture
def make_world(running_sandbox: Sandbox, tmp_path: Path) -> Iterator[Callable[[], World]]:
    """Make worlds, one after the other: each begins with an empty sandbox."""
    worlds: list[World] = []
    control = Control(running_sandbox.url)

    def make() -> World:
        running_sandbox.reset()
        worlds.append(World(running_sandbox, control, tmp_path / f"world{len(worlds)}"))
        return worlds[-1]

    yield make
    errors = list(running_sandbox.errors)
    for world in worlds:
        world.close()
    control.close()
    assert not errors, "the sandbox itself failed:\n" + "\n".join(errors)


@pytest.fixture
def world(make_world: Callable[[], World]) -> World:
    """An empty sandbox, and an application that is connected to nothing yet."""
    return make_world()


def told(world: World) -> list[dict[str, Any]]:
    """Return the mails to owner@example.com, whom `[runs] notify` names."""
    mails: list[dict[str, Any]] = world.control.get("state")["emails"]
    return [mail for mail in mails if "owner@example.com" in str(mail)]


def arsync_environment(folder: Path) -> dict[str, str]:
    """Return the environment in which a process works on a world's folder, and on no other."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ARSYNC_")}
    return {**kept, "ARSYNC_CONFIG": str(folder / "config.toml"), "NO_PROXY": "*"}


def arsync_process(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Start `arsync ...` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "arsync", *words],
        env=arsync_environment(folder),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def arsync() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `arsync ...` to its end, as a process of its own: `arsync(folder, "sync", "--json")`."""

    def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
        with arsync_process(folder, *words) as process:
            out, err = process.communicate(timeout=CALL_SECONDS)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    return run
