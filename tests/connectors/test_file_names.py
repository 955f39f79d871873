"""Knowing one connector is knowing the other: the same work has the same file name."""

from __future__ import annotations

from pathlib import Path

import arsync_quickbooks
import arsync_xero

ONLY_XERO = {"dates", "currencies", "timezones", "credit_notes", "listings"}
"""Xero alone writes dates as `/Date(...)/`, has its own names for zones and currencies, has
drafts of credit notes, and lists that are read page by page."""
ONLY_QUICKBOOKS = {"fenced_text", "families", "by_creation"}
"""QuickBooks alone has no field for a hold or a promise (they stand in texts that people keep), has
customers below customers, and lists that are read by their moments of creation."""


def modules(package: str) -> set[str]:
    return {path.stem for path in Path(package).parent.glob("*.py")}


def test_both_connectors_have_the_same_files() -> None:
    xero, quickbooks = modules(arsync_xero.__file__), modules(arsync_quickbooks.__file__)
    assert xero - ONLY_XERO == quickbooks - ONLY_QUICKBOOKS


def test_only_these_files_stand_alone() -> None:
    xero, quickbooks = modules(arsync_xero.__file__), modules(arsync_quickbooks.__file__)
    assert xero - quickbooks == ONLY_XERO
    assert quickbooks - xero == ONLY_QUICKBOOKS
