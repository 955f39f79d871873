"""Journal entries: lines of debits and credits that balance."""

from __future__ import annotations

from decimal import Decimal

from arsync_sandbox.quickbooks import faults
from arsync_sandbox.quickbooks.company import SandboxCompany
from arsync_sandbox.quickbooks.wire import ZERO, Doc

POSTINGS = ("Debit", "Credit")


def require(doc: Doc) -> None:
    """Check that there are lines, each on one side.

    Raises:
        Refusal: 2020 for what is missing, 6000 for sides that do not balance.
    """
    lines = doc.get("Line") or []
    if not lines:
        raise faults.missing("Line")
    sides = dict.fromkeys(POSTINGS, ZERO)
    for line in lines:
        detail = line.get("JournalEntryLineDetail") or {}
        if detail.get("PostingType") not in sides:
            raise faults.missing("PostingType")
        if not (detail.get("AccountRef") or {}).get("value"):
            raise faults.missing("AccountRef")
        sides[detail["PostingType"]] += Decimal(line.get("Amount") or 0)
    if sides["Debit"] != sides["Credit"]:
        raise faults.business("Transaction is not balanced")


def complete(doc: Doc, company: SandboxCompany) -> None:
    """Fill in what the platform works out by itself."""
    doc.setdefault("TxnDate", company.today().isoformat())
    doc.setdefault("Adjustment", False)
    doc.setdefault("CurrencyRef", {"value": company.home_currency})
    for number, line in enumerate(doc["Line"], 1):
        line.setdefault("Id", str(number))
        line.setdefault("DetailType", "JournalEntryLineDetail")
