"""Placed debts: the payments in the books say what became of them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.builders.records import a_credit, a_debtor, a_payment, an_invoice

from arsync.core.ledger.agreements.placements import (
    as_known_on,
    newest_by_invoice,
    recovered,
    state_of,
)
from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.records import Allocation, PlacedDebt, Placement

MAY, JUNE = date(2026, 5, 4), date(2026, 6, 1)


def a_placement(key: str = "k1", on: date = MAY, **fields: Any) -> Placement:
    debts = (PlacedDebt("i1", Decimal(800), "GBP"),)
    return Placement(key, "Example Collections", on, debts, **fields)


def paid(amount: int, on: date, **fields: Any) -> Any:
    allocations = (Allocation("i1", Decimal(amount), on),)
    return a_payment("p1", amount=amount, paid_on=on, allocations=allocations, **fields)


@pytest.mark.parametrize(
    ("due", "status", "payments", "state"),
    [
        (800, "open", (), "placed"),
        (300, "open", (paid(500, JUNE),), "placed"),
        (0, "paid", (paid(800, JUNE),), "collected"),
        (0, "voided", (), "closed"),
        # Paid before it was placed, and credited since: the agency brought nothing.
        (0, "paid", (paid(500, date(2026, 5, 1)),), "closed"),
    ],
)
def test_the_books_say_how_far_a_placement_has_come(
    due: int, status: str, payments: tuple[Any, ...], state: str
) -> None:
    invoice = an_invoice(amount_due=due, status=status)
    account = a_debtor(invoice, payments=payments)
    assert state_of(a_placement(), [invoice], account) == state


def test_a_payment_taken_back_places_the_debt_again() -> None:
    invoice = an_invoice(amount_due=800)
    account = a_debtor(invoice, payments=(paid(800, JUNE, status="voided"),))
    assert state_of(a_placement(), [invoice], account) == "placed"
    assert recovered(a_placement(), account) == {}


def test_what_was_paid_meanwhile_is_recovered() -> None:
    overpaid = a_credit(
        kind=CreditKind.OVERPAYMENT,
        issued_on=JUNE,
        status="paid",
        allocations=(Allocation("i1", Decimal(50), JUNE),),
    )
    credited = overpaid._replace(id="c2", kind=CreditKind.CREDIT_NOTE)
    account = a_debtor(
        an_invoice(amount_due=250), payments=(paid(500, JUNE),), credits=(overpaid, credited)
    )
    assert recovered(a_placement(), account) == {"GBP": Decimal(550)}
    ended = a_placement(ended_on=date(2026, 5, 20), ended_as="recalled")
    assert recovered(ended, account) == {}


def test_an_end_counts_from_its_day() -> None:
    placement = a_placement(ended_on=JUNE, ended_as="returned")
    (before,) = as_known_on([placement], date(2026, 5, 31))
    assert (before.ended_on, before.ended_as) == (None, "")
    assert as_known_on([placement], JUNE) == (placement,)
    assert as_known_on([placement], date(2026, 5, 3)) == ()


def test_the_latest_placement_of_an_invoice_counts() -> None:
    first = a_placement("k1", ended_on=MAY, ended_as="recalled")
    second = a_placement("k0")
    assert newest_by_invoice([first, second])["i1"] is second
    later = a_placement("k2", JUNE)
    assert newest_by_invoice([later, first, second])["i1"] is later
