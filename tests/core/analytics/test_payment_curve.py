"""The curve of payment: hazards by hand, customers' means, and how far it looks."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from arsync.core.analytics.invoice_history import InvoiceHistory, Settling
from arsync.core.analytics.payment_curve import (
    AGES_MAX,
    HORIZON_DAYS,
    SHRINK,
    PayingHabits,
    payment_curve,
)

DAY = date(2026, 11, 30)


def a_history(due: int, *settled: tuple[int, int, bool], contact: str = "c1") -> InvoiceHistory:
    """Return an invoice over 100, issued on its due date, so many days before DAY.

    Of `settled`: days after the due date, the amount, whether it was paid.
    """
    due_on = DAY - timedelta(due)
    parts = tuple(
        Settling(due_on + timedelta(days), Decimal(sum_), cash) for days, sum_, cash in settled
    )
    is_closed = sum(part.amount for part in parts) == 100
    return InvoiceHistory(
        "i",
        "i",
        contact,
        "GBP",
        None,
        due_on,
        due_on,
        Decimal(100),
        parts,
        parts[-1].on if is_closed else None,
    )


def near(value: Decimal, numerator: int, denominator: int) -> bool:
    return abs(value - Decimal(numerator) / denominator) < Decimal("1E-20")


def test_few_invoices_have_one_hazard_together() -> None:
    histories = [a_history(30, (5, 100, True)), a_history(9)]
    curve = payment_curve(histories, DAY, lambda _: 0)
    # Open on 6 days, 0 to 5, and on 10, 0 to 9; one was paid.
    assert near(curve.paid_within(0, 1), 1, 16)
    assert near(curve.paid_within(0, 2), 1 * 16 + 15, 16 * 16)
    assert near(curve.paid_within(400, 2), 1 * 16 + 15, 16 * 16)


def test_ages_with_enough_invoices_have_their_own() -> None:
    histories = [a_history(30, (2, 100, True))] * 6 + [a_history(30, (2, 100, False))] * 2
    histories += [a_history(30, (3, 50, True))] * 12
    curve = payment_curve(histories, DAY, lambda _: 0)
    assert curve.paid_within(0, 1) == 0
    # Of 20 open on the second day 6 were paid and 2 credited.
    assert near(curve.paid_within(1, 1), 6, 20)
    # Half of each of the other 12 was paid on the third.
    assert near(curve.paid_within(2, 1), 1, 2)
    assert near(curve.paid_within(1, 2), 6 * 2 + 12, 40)


def test_later_money_is_not_seen() -> None:
    histories = [a_history(30, (5, 100, True)), a_history(9)]
    early = payment_curve(histories, DAY - timedelta(26), lambda _: 0)
    assert early.paid_within(0, HORIZON_DAYS) == 0


def test_old_debts_count_for_three_years() -> None:
    histories = [a_history(4_000, (5, 100, True)), a_history(3_000)]
    curve = payment_curve(histories, DAY, lambda _: 0)
    assert near(curve.paid_within(0, 1), 1, 6 + AGES_MAX + 1)
    mistyped = a_history(-60_000)
    assert near(
        payment_curve([*histories, mistyped], DAY, lambda _: 0).paid_within(0, 1),
        1,
        6 + AGES_MAX + 1,
    )


@pytest.mark.parametrize(
    ("contact", "days"),
    [
        # (3 * 20 + 4 * 12) / 7, the segment's (3 * 20 + 4 * 6) / 7, the ledger's mean 6
        ("slow", 15),
        # (7 * 0 + 4 * 2.18) / 11, the segment's (7 * 0 + 4 * 6) / 11
        ("prompt", 1),
        # Nothing known: its segment's.
        ("new", 12),
        ("stranger", 6),
    ],
)
def test_means_are_shrunk_to_segment_and_ledger(contact: str, days: int) -> None:
    segments = {"slow": "Trade", "new": "Trade", "prompt": "Public"}
    habits = PayingHabits(lambda contact_id: segments.get(contact_id, ""))
    for _ in range(3):
        habits.add(a_history(90, (20, 100, True), contact="slow"))
    for _ in range(7):
        habits.add(a_history(90, (0, 100, True), contact="prompt"))
    assert SHRINK == 4
    assert habits.usual_days_late(contact) == days
    assert habits.own_days_late(contact) == {"slow": 20, "prompt": 0}.get(contact, 6)
