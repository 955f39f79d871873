"""Both sides of the demo: a dispute that was credited has its credit in the books."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from arsync.core.ledger.records import Instalment, PaymentPlan
from arsync.demo.reconcile import doubled_effects, expected_otherwise, not_credited
from arsync.store.models import DisputeRow

DAY = date(2026, 9, 18)
DISPUTE = DisputeRow(
    1,
    "i1",
    DAY,
    "short",
    None,
    "Jo",
    datetime(2026, 9, 18, tzinfo=UTC),
    "",
    amount=Decimal(25),
    outcome="credited",
)


def ledger(due: str, *paid: str) -> dict[str, Any]:
    invoice = {"id": "i1", "number": "INV-1", "total": "100", "amount_due": due}
    payments = [{"invoice_id": "i1", "status": "AUTHORISED", "amount": amount} for amount in paid]
    return {"invoices": [invoice], "payments": payments}


@pytest.mark.parametrize(
    ("settled", "books", "differs"),
    [
        (True, ledger("75"), False),
        (True, ledger("50", "25"), False),
        (True, ledger("75", "25"), True),
        (False, ledger("100"), False),
        (False, ledger("75"), True),
    ],
)
def test_a_credited_dispute_stands_on_both_sides(
    settled: bool, books: dict[str, Any], differs: bool
) -> None:
    dispute = DISPUTE._replace(settled_on=DAY) if settled else DISPUTE
    assert bool(list(not_credited([dispute], books))) is differs
    dropped = dispute._replace(outcome="dropped")
    assert list(not_credited([dropped], books)) == []


@pytest.mark.parametrize(
    ("expected_on", "due", "differs"),
    [
        ("2026-10-01", "100", False),
        ("2026-10-15", "100", False),
        ("2026-10-02", "100", True),
        (None, "100", True),
        # Xero refuses to change an invoice that is paid in part, and what is paid expects nothing.
        (None, "60", False),
        (None, "0", False),
    ],
)
def test_a_payment_plan_shows_on_both_sides(
    expected_on: str | None, due: str, differs: bool
) -> None:
    days = (date(2026, 10, 1), date(2026, 10, 15))
    plan = PaymentPlan(
        1, "c1", ("i1",), "GBP", DAY, "Jo", tuple(Instalment(day, Decimal(50)) for day in days)
    )
    status = "AUTHORISED" if due != "0" else "PAID"
    invoice = {"id": "i1", "number": "INV-1", "total": "100", "amount_due": due, "status": status}
    other = {**invoice, "id": "i2", "expected_on": "2026-12-01"}
    books = {"invoices": [{**invoice, "expected_on": expected_on}, other]}
    assert bool(list(expected_otherwise([plan], books))) is differs
    assert list(expected_otherwise([plan], {"invoices": [invoice]})) == []
    ended = plan._replace(cancelled_on=DAY)
    assert list(expected_otherwise([ended], books)) == []


def test_doubled_notes_and_emails_are_counted() -> None:
    note = {"record": "invoices", "id": "i1", "text": "Reminder sent [arsync:0a1b]"}
    elsewhere = {**note, "id": "i2"}
    email = {"invoice_id": "i1"}
    assert doubled_effects([], {"history": [note, elsewhere]}, []) == 0
    assert doubled_effects([], {"history": [note, elsewhere, note]}, [email]) == 2
