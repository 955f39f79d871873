"""Promises are judged by the ledger."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from arsync.core.ledger.agreements.promises import promise_state
from arsync.core.ledger.records import Allocation, Promise

Desk = Any


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, "open"),
        ({"promised_on": date(2026, 11, 19)}, "broken"),
        ({"promised_on": date(2026, 11, 20)}, "open"),
        ({"kept": True}, "kept"),
        ({"kept": False}, "broken"),
        ({"amount": Decimal(40), "promised_on": date(2026, 11, 19)}, "kept"),
        ({"amount": Decimal(41), "promised_on": date(2026, 11, 19)}, "broken"),
        ({"amount": Decimal(40), "made_on": date(2026, 11, 18)}, "open"),
    ],
)
def test_a_promise_is_open_kept_or_broken(desk: Desk, values: Any, state: str) -> None:
    allocation = Allocation("i1", Decimal(40), date(2026, 11, 17))
    invoice = desk.invoice("i1", 20)
    account = desk.account(
        invoice,
        payments=(
            desk.payment("40", 3, allocations=(allocation, allocation._replace(invoice_id="i2"))),
            desk.payment("40", 3, id="void", status="voided", allocations=(allocation,)),
        ),
    )
    promise = Promise("i1", date(2026, 12, 1), None, date(2026, 11, 10))._replace(**values)
    assert promise_state(promise, invoice, account, desk.today) == state


def test_a_promise_is_kept_when_its_invoice_is_settled(desk: Desk) -> None:
    promise = Promise("i1", date(2026, 11, 1), None, date(2026, 10, 10))
    paid = desk.invoice("i1", 20, "0", status="paid")
    assert promise_state(promise, paid, desk.account(paid), desk.today) == "kept"


def test_a_promise_about_a_missing_invoice_stays_open(desk: Desk) -> None:
    promise = Promise("i1", date(2026, 11, 1), None, date(2026, 10, 10))
    assert promise_state(promise, None, desk.account(), desk.today) == "open"
