"""The page about security names what there is: tests that exist, scopes that are asked for."""

from __future__ import annotations

import re

from arsync_quickbooks.auth import SCOPE
from arsync_xero.auth import OFFLINE, SCOPES

from .conftest import ROOT

PAGE = (ROOT / "docs/security.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
SCOPE_ROW = re.compile(
    r"^\| (Xero|Xero, classic|QuickBooks) \| `([\w.]+)` \| (.+) \|$", re.MULTILINE
)


def named_in(path: str) -> set[str]:
    text = (ROOT / path).read_text(encoding="utf-8")
    return set(re.findall(r"^def (test_\w+)", text, re.MULTILINE))


def test_every_test_that_the_page_names_exists() -> None:
    named = NAMED.findall(PAGE)
    assert len(named) > 60
    assert [(path, name) for path, name in named if name not in named_in(path)] == []


def test_every_test_of_security_is_named_on_the_page() -> None:
    named = set(NAMED.findall(PAGE))
    paths = [f"tests/security/{file.name}" for file in (ROOT / "tests/security").glob("test_*.py")]
    inner = {"test_clean", "test_leak"}  # written by the search's test, for the search to find
    there = {(path, name) for path in paths for name in named_in(path) - inner}
    assert there - named == set()


def test_the_pages_scopes_are_those_requested() -> None:
    rows = SCOPE_ROW.findall(PAGE)
    by_platform = {
        platform: {scope for name, scope, _ in rows if name == platform} for platform, _, _ in rows
    }
    assert by_platform["Xero"] == {OFFLINE, *SCOPES["granular"].split()}
    assert by_platform["Xero, classic"] == set(SCOPES["classic"].split()) - by_platform["Xero"]
    assert by_platform["QuickBooks"] == {SCOPE}
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    scopes = set(re.findall(r"`([^`]+)`", changes))
    words = {word for text in scopes for word in text.split()}
    assert {scope for _, scope, _ in rows} <= words
