"""Both sides of the demo: a dispute that was credited has its credit in the books."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from arsync.demo.reconcile import not_credited
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
