"""Our total of receivables is brought to the platform's, and differences are explained."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from arsync.core.analytics.tie_out import ContactBalance, TieOut, tie_out, tie_out_in_words
from arsync.core.ledger.records import DocumentProblem

MORNING = datetime(2026, 11, 20, 8, tzinfo=UTC)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def a_balance(name: str, owed: str, **fields: Any) -> ContactBalance:
    amounts = {
        key: Decimal(value) if isinstance(value, str) and key != "why_not" else value
        for key, value in fields.items()
        if key != "currency"
    }
    defaults: dict[str, Any] = {
        "currency": fields.get("currency", "GBP"),
        "later": Decimal(0),
        "in_hand": Decimal(0),
        "seen_at": NOON,
    }
    return ContactBalance(f"id {name}", name, owed=Decimal(owed), **(defaults | amounts))


def tied(*balances: ContactBalance, missing: tuple[DocumentProblem, ...] = ()) -> TieOut:
    return tie_out(balances, missing, as_of=date(2026, 11, 20), platform="Xero", pulled_at=NOON)


def texts(*values: object) -> list[str]:
    return [str(value) for value in values]


def test_the_ageing_is_brought_to_the_platforms_total() -> None:
    report = tied(
        a_balance("Ada", "1500", later="700", here="1500", at_platform="1500", seen_at=MORNING),
        a_balance("Bob", "100", in_hand="30", here="70", at_platform="70"),
    )
    (row,) = report.currencies
    amounts = row.ageing, row.dated_later, row.cash_taken_off, row.our_total, row.platform_total
    assert texts(*amounts) == ["900", "700", "30", "1570", "1570"]
    assert row.ties
    assert report.balances_from == MORNING
    assert tie_out_in_words(report) == [
        (
            "tie-out GBP: GBP 900.00 + GBP 700.00 dated later - GBP 30.00 unapplied cash = "
            "GBP 1,570.00; Xero has GBP 1,570.00: they tie"
        )
    ]


def test_a_difference_names_customer_and_unreadable_document() -> None:
    problem = DocumentProblem("invoices", "i9", "INV-9", "DueDate is missing", "id Ada")
    report = tied(
        a_balance("Bob", "5", here="5", at_platform="6"),
        a_balance("Ada", "120", here="120", at_platform="620"),
        missing=(problem,),
    )
    (row,) = report.currencies
    assert row.difference == 501
    assert not row.ties
    assert [explained.contact for explained in row.explained] == ["Ada", "Bob"]
    total, ada, bob = tie_out_in_words(report)
    assert total == "tie-out GBP: GBP 125.00; Xero has GBP 626.00: GBP 501.00 apart"
    assert ada.startswith("  Ada: Xero has GBP 620.00, the copy GBP 120.00: 1 document is missing")
    assert "INV-9" in ada
    assert bob.endswith("a document may be missing here, or be there alone")


def test_what_cannot_be_compared_is_left_out_of_both() -> None:
    report = tied(
        a_balance("Ada", "100", here="100", at_platform="100"),
        a_balance("Bob", "40", why_not="money is open in several currencies"),
        a_balance("Bob", "7", currency="EUR", why_not="money is open in several currencies"),
    )
    euros, pounds = report.currencies
    assert texts(euros.our_total, euros.platform_total, euros.not_compared) == ["0", "0", "7"]
    assert not euros.ties
    assert texts(pounds.our_total, pounds.platform_total) == ["100", "100"]
    assert pounds.not_compared == 40
    assert tie_out_in_words(report)[2:] == [
        (
            "tie-out GBP: GBP 140.00 - GBP 40.00 not compared = GBP 100.00; Xero has GBP 100.00: "
            "they tie as far as they are compared"
        ),
        "  Bob: not compared: money is open in several currencies",
    ]


def test_without_balances_that_is_said() -> None:
    report = tied(a_balance("Ada", "100", seen_at=None, why_not="not known yet"))
    assert tie_out_in_words(report) == [
        "Xero's own balances are not known yet: the total is not tied out"
    ]


def test_many_differences_are_counted() -> None:
    balances = [a_balance(f"c{number:02}", "1", here="1", at_platform="3") for number in range(23)]
    lines = tie_out_in_words(tied(*balances))
    assert len(lines) == 22
    assert lines[-1] == "  and 3 more customers: `arsync report tie-out --json`"
