"""Every example of the documents works: rulebooks, letters, curl lines, settings, links."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.builders.driver import App

from arsync.cli import COMMANDS, cli
from arsync.config import SETTINGS, load_config, variable
from arsync.connector_sdk import Page
from arsync.core.ledger.records import RecordKind
from arsync.core.rulebook import read_rulebook
from arsync.core.rulebook.facts import FIELDS
from arsync.core.rulebook.json_schema import schema
from arsync.mail import known_texts
from arsync.rules_source.folder import shipped
from arsync_sandbox.server import Sandbox

from .conftest import PAGES, ROOT, TODAY, Block, blocks

RULEBOOKS = [block for page in PAGES for block in blocks(page, "yaml")]
RULEBOOK_PAGE = ROOT / "docs" / "rulebook.md"


def whole(block: Block) -> str:
    """Return an example as a whole rulebook: a section alone gets the lines every one needs."""
    head = "" if "version:" in block.text else "version: 1\nname: Example\ncurrency: GBP\n"
    return head + block.text


@pytest.mark.parametrize("block", RULEBOOKS, ids=lambda block: block.name)
def test_each_rulebook_is_read_without_a_problem(block: Block) -> None:
    rulebook, problems = read_rulebook(
        [(block.name, whole(block))], texts=known_texts(), find=shipped
    )
    assert problems == []
    assert rulebook is not None


class Ledger(NamedTuple):
    """Books that were pulled once."""

    app: App
    folder: Path


@pytest.fixture(scope="session")
def ledger(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A connected and pulled ledger to plan examples on."""
    import requests

    from arsync.application.organisation.oauth_authorisation import authorise

    folder = tmp_path_factory.mktemp("examples")
    url = sandbox.url
    environ = {
        "ARSYNC_XERO_CLIENT_ID": "sandbox-pkce-app",
        "ARSYNC_XERO_API_URL": url,
        "ARSYNC_XERO_LOGIN_URL": url,
        "ARSYNC_XERO_IDENTITY_URL": url,
        "ARSYNC_XERO_LATE_FEE_ACCOUNT": "200",
        "ARSYNC_RUNS_PACE": "off",
        "ARSYNC_TOKENS_KEYRING": "off",
    }
    (folder / "config.toml").write_text("")
    with App(load_config(folder / "config.toml", environ)) as app:
        lines: list[str] = []

        def answer(_: str) -> str:
            page = next(word for word in lines[-1].split() if word.startswith("http"))
            agreed = requests.get(page, allow_redirects=False, timeout=20)
            return agreed.headers["Location"]

        grant = authorise(
            app.authoriser("xero"),
            redirect_url=app.config.xero.redirect_url,
            say=lines.append,
            ask=answer,
        )
        app.add_connections("xero", grant, [(grant.organisations[0], "xero")])
        app.pull()
        yield Ledger(app, folder)


def in_its_currency(app: App, currency: str) -> None:
    """Let the books be kept in the currency of an example: no other rulebook plans them."""
    row = app.store.connections.get("xero")
    organisation = row.organisation._replace(base_currency=currency)
    page = Page(RecordKind.ORGANISATION, (organisation,), "")
    app.store.ledger.apply(row.id, page, app.clock.now(), moves_cursor=False)


@pytest.mark.parametrize("block", RULEBOOKS, ids=lambda block: block.name)
def test_each_rulebook_plans_a_ledger(block: Block, ledger: Ledger) -> None:
    rules = ledger.folder / "rules"
    shutil.rmtree(rules, ignore_errors=True)
    rules.mkdir()
    (rules / "example.yaml").write_text(whole(block), encoding="utf-8")
    rulebook = ledger.app.rules("xero").rulebook
    assert rulebook is not None
    in_its_currency(ledger.app, rulebook.currency)
    plan = ledger.app.plan("xero")[0]
    if "\nreminders:" in f"\n{block.text}":
        assert plan.actions or plan.held_back


@pytest.mark.parametrize("block", blocks(RULEBOOK_PAGE, "text"), ids=lambda block: block.name)
def test_each_letter_can_be_sent(block: Block, ledger: Ledger) -> None:
    rules = ledger.folder / "rules"
    shutil.rmtree(rules, ignore_errors=True)
    (rules / "templates").mkdir(parents=True)
    (rules / "templates" / "second reminder.txt").write_text(block.text, encoding="utf-8")
    (rules / "example.yaml").write_text(
        "version: 1\ncurrency: GBP\nreminders:\n  - name: R\n"
        "    steps: [{day: 1, email: second reminder}]\n"
    )
    read = ledger.app.rules("xero")
    assert read.problems == ()


def keys_of(node: Any) -> Iterator[str]:
    """Yield every key that the schema knows, the facts of conditions left out."""
    for name, inner in node.get("properties", {}).items():
        yield name
        yield from keys_of(inner)
    yield from keys_of(node["items"]) if "items" in node else ()


def test_the_rulebook_page_names_every_key_of_the_language() -> None:
    text = RULEBOOK_PAGE.read_text(encoding="utf-8")
    keys = set(keys_of(schema()))
    assert {"take_over", "skip_invoices_when", "without_email", "review_on"} <= keys
    assert {key for key in keys if not re.search(rf"\b{key}\b", text)} == set()


def test_there_are_twelve_laws() -> None:
    text = RULEBOOK_PAGE.read_text(encoding="utf-8")
    laws = text.partition("## The twelve laws")[2].partition("\n## ")[0]
    assert re.findall(r"^(\d+)\. ", laws, re.MULTILINE) == [str(number) for number in range(1, 13)]


def test_every_command_setting_and_fact_is_documented() -> None:
    pages = {page.name: page.read_text(encoding="utf-8") for page in PAGES}
    for group in COMMANDS.values():
        assert all(f"### arsync {name}\n" in pages["commands.md"] for name in group)
    assert cli.commands == {}, "every command stands in the table"
    for setting in SETTINGS:
        assert f"`{variable(setting)}`" in pages["settings.md"]
    for field in FIELDS:
        assert f"| `{field.name}` |" in pages["facts.md"]


@pytest.mark.parametrize(
    "block",
    [block for page in PAGES for block in blocks(page, "toml")],
    ids=lambda block: block.name,
)
def test_each_setting_shown_exists(block: Block, tmp_path: Path) -> None:
    settings = tomllib.loads(block.text)
    if logo := settings.get("letters", {}).get("logo"):
        (tmp_path / logo).parent.mkdir(exist_ok=True)
        (tmp_path / logo).write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "config.toml").write_text(block.text)
    load_config(tmp_path / "config.toml", {})


CURL = [
    line
    for block in blocks(ROOT / "docs" / "sandbox.md", "sh")
    for line in block.text.splitlines()
    if line.startswith("curl")
]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_each_curl_line_of_the_sandbox_page_is_answered() -> None:
    with Sandbox(settings={"debtors": False}, smtp_port=None) as own:
        assert len(CURL) > 8
        for line in CURL:
            command = line.replace("http://127.0.0.1:8750", own.url).replace(
                "curl", "curl --fail", 1
            )
            # The page's day may have passed when this runs; the clock never goes back.
            command = re.sub(r"\d{4}-\d{2}-\d{2}", str(TODAY + timedelta(days=9)), command)
            done = subprocess.run(
                ["bash", "-c", command], capture_output=True, text=True, timeout=20, check=False
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
            assert done.stdout, line


def test_the_sandbox_page_names_the_whole_control_plane() -> None:
    from arsync_sandbox.faults import KEYS

    text = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")
    assert all(f"`{key}`" in text for key in KEYS)


MORE_PAGES = [ROOT / name for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")]
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")


@pytest.mark.parametrize(
    "page",
    [*PAGES, *(ROOT / name for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"))],
    ids=lambda page: page.name,
)
def test_links_inside_the_project_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith("#"):
            assert (page.parent / target.partition("#")[0]).exists(), target


def test_dates_in_examples_are_real_days() -> None:
    for page in PAGES:
        for text in re.findall(r"\b\d{4}-\d{2}-\d{2}\b", page.read_text(encoding="utf-8")):
            date.fromisoformat(text)
