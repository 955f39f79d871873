"""The documents, what stands in them, and books to run their commands and examples on."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from arsync.clock import SystemClock
from arsync.demo.world import free_port
from arsync_sandbox.platform import ContactRow, InvoiceRow, SandboxOrganisation
from arsync_sandbox.server import Sandbox
from arsync_sandbox.timeline import LoadedRows

ROOT = Path(__file__).resolve().parents[2]


def the_generator() -> Any:
    """Return docs/generate.py as a module."""
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = the_generator()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TODAY = SystemClock().now().date()


class Block(NamedTuple):
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        """Return what a test of it is called."""
        return f"{self.page}:{self.line}"


_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def blocks(path: Path, language: str) -> list[Block]:
    """Return a page's blocks of one language, without their indentation."""
    text = path.read_text(encoding="utf-8")
    page_blocks = []
    for match in _FENCE.finditer(text):
        lines = [line.removeprefix(match[1]) for line in match[3].splitlines(keepends=True)]
        number = text[: match.start()].count("\n") + 1
        page_blocks.append(Block(path.name, number, match[2], "".join(lines)))
    return [block for block in page_blocks if block.language == language]


def a_ledger() -> LoadedRows:
    """The customers and invoices that the pages name."""
    contacts = [
        ContactRow(
            id=name,
            name=name,
            email=f"{number}@example.com",
            contact_group=group,
            created_on=TODAY - timedelta(days=500),
        )
        for number, (name, group) in enumerate(
            [("City Agency", "Key accounts"), ("Ridgeway University", ""), ("Acme Ltd", "")]
        )
    ]
    invoices = [
        InvoiceRow(
            id=f"i{number}",
            number=f"INV-{number}",
            contact_id=contacts[number % 3].id,
            issued_on=TODAY - timedelta(days=age + 30),
            due_on=TODAY - timedelta(days=age),
            currency="GBP",
            total=Decimal(100 * number),
        )
        for number, age in enumerate([90, 70, 40, 20, 10, 5, 2, 1], start=1)
    ]
    return LoadedRows(contacts, invoices, [])


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A sandbox that consents by itself, with the ledger of the pages."""
    started = Sandbox(
        organisations=[SandboxOrganisation(name="My Company")],
        settings={"limits": False, "debtors": False, "consent": "allow"},
    )
    started.load(a_ledger())
    started.start()
    yield started
    started.stop()


@pytest.fixture
def reader(tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A reader's empty folder; what they would write into config.toml stands in variables."""
    for name in [name for name in os.environ if name.startswith("ARSYNC_")]:
        monkeypatch.delenv(name)
    url = sandbox.url
    redirect = f"http://localhost:{free_port()}/callback"
    settings = {
        "RUNS_PACE": "off",
        "TOKENS_KEYRING": "off",
        "XERO_CLIENT_ID": "sandbox-pkce-app",
        "XERO_REDIRECT_URL": redirect,
        "XERO_API_URL": url,
        "XERO_LOGIN_URL": url,
        "XERO_IDENTITY_URL": url,
        "XERO_LATE_FEE_ACCOUNT": "200",
        "QUICKBOOKS_LATE_FEE_ITEM": "Late fee",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"ARSYNC_{name}", value)
    browser = tmp_path / "browser.py"
    browser.write_text("import sys, urllib.request as u; u.urlopen(sys.argv[1]).read()")
    monkeypatch.setenv("BROWSER", f"{sys.executable} {browser} %s")
    folder = tmp_path / "reader"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder
