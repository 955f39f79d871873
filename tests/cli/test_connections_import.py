"""`connections import`: a practice's list, one consent at Xero, and what remains."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from arsync.errors import EXIT_WAITING
from arsync_sandbox.books import organisations_named
from arsync_sandbox.server import Sandbox

from .conftest import Shell, a_config

LIST = """\
platform;organisation;name;mode;labels;letters.bank
xero;North Ltd;north;approve;Retail,Team Jane;Barclays
xero;South Ltd;south;;Retail;
xero;West Ltd;west;;;
"""


@pytest.fixture
def practice(empty: Shell) -> Iterator[Shell]:
    """A configured folder, and a sandbox whose owner lets the app into two of its organisations."""
    names = organisations_named(["North Ltd", "South Ltd", "West Ltd"])
    settings = {"limits": False, "debtors": False, "consent": "allow"}
    sandbox = Sandbox(settings=settings, platforms=("xero",), organisations=names)
    sandbox.start()
    sandbox.change_settings({"consent_organisations": "North Ltd,South Ltd"})
    a_config(empty.folder, sandbox)
    empty.write("clients.csv", LIST)
    yield empty
    sandbox.stop()


def test_one_consent_opens_the_listed_organisations(practice: Shell) -> None:
    visit = "import sys, urllib.request as u; u.urlopen(sys.argv[1]).read()"
    browser = practice.write("browser.py", visit)
    done = subprocess.run(
        [sys.executable, "-m", "arsync", "connections", "import", "clients.csv", "--yes", "--json"],
        cwd=practice.folder,
        env={**os.environ, "BROWSER": f"{sys.executable} {browser} %s"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == EXIT_WAITING, done.stderr
    result = json.loads(done.stdout)
    assert [
        (row["name"], row["mode"], row["labels"], row["own_settings"])
        for row in result["connections"]
    ] == [
        ("north", "approve", ["Retail", "Team Jane"], BANK),
        ("south", "observe", ["Retail"], []),
    ]
    (remaining,) = result["remaining"]
    assert remaining.startswith("line 4: West Ltd at xero is not connected")
    again = practice("connections", "import", "clients.csv", "--yes", "--no-consent", "--json")
    assert again.code == EXIT_WAITING
    assert again.json["done"] == []
    assert (practice.folder / "connections" / "north.toml").stat().st_mode & 0o077 == 0


BANK = [
    f"letters.{key}"
    for key in (
        "account_name",
        "bank",
        "iban",
        "bic",
        "sort_code",
        "account_number",
        "payment_link",
    )
]
"""They belong together: a file that says one says all."""


def test_a_wrong_list_is_told_whole_and_does_nothing(practice: Shell) -> None:
    practice.write(
        "clients.csv", LIST.replace("approve", "wild").replace("xero;South", "zero;South")
    )
    done = practice("connections", "import", "clients.csv", "--yes")
    assert done.code == 2
    assert "clients.csv:2, column mode: 'wild' must be" in done.err
    assert "clients.csv:3, column platform: 'zero' must be" in done.err
    assert "Nothing was changed." in done.err
    assert practice("connections").code == 2
