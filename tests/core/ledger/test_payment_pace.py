"""Slower than its own past: more than chance, and never one invoice alone."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders.records import an_invoice

from arsync.core.ledger.payment_pace import (
    CHANCE_MAX,
    EARLIER_MIN,
    RECENT_MIN,
    SettledLately,
    change_in_days,
    settled_lately,
)

TODAY = date(2026, 11, 20)
DAYS = st.integers(-30, 120)


@pytest.mark.parametrize(
    ("recent", "earlier", "change"),
    [
        ([20, 22, 25, 21], [3, 5, 2, 4, 6, 1], 18),
        ([3, 5, 2, 4], [20, 22, 25, 21, 23, 24], -19),
        # The same days in another order are no change.
        ([3, 5, 2, 4], [4, 2, 5, 3, 3, 4], 0),
        # One invoice of a year late says nothing of how the others are paid.
        ([3, 5, 2, 365], [4, 2, 5, 3, 3, 4], 0),
        # Nor do two of four, when the other two are as ever.
        ([3, 4, 60, 70], [4, 2, 5, 3, 3, 4], 0),
        ([20, 22, 25], [3, 5, 2, 4, 6, 1], None),
        ([20, 22, 25, 21], [3, 5, 2, 4, 6], None),
        ([], [], None),
    ],
)
def test_a_change_is_seen_and_chance_is_not(
    recent: list[int], earlier: list[int], change: int | None
) -> None:
    assert change_in_days(SettledLately(recent, earlier)) == change


@given(
    usual=st.lists(DAYS, min_size=RECENT_MIN - 1, max_size=12),
    earlier=st.lists(DAYS, min_size=EARLIER_MIN, max_size=20),
    outlier=st.integers(-10_000, 10_000),
    order=st.randoms(use_true_random=False),
)
def test_one_more_invoice_never_decides(
    usual: list[int], earlier: list[int], outlier: int, order: object
) -> None:
    """Whatever one invoice says, it fires only where the others do by themselves."""
    recent = [*usual, outlier]
    order.shuffle(recent)  # type: ignore[attr-defined]
    change = change_in_days(SettledLately(recent, earlier))
    assert change is not None
    if change > 0:
        assert chance_of(sorted(recent)[:-1], earlier) <= CHANCE_MAX
    if change < 0:
        flipped = [-days for days in earlier]
        assert chance_of([-days for days in sorted(recent)[1:]], flipped) <= CHANCE_MAX


@given(days=st.lists(DAYS, min_size=EARLIER_MIN, max_size=20), outlier=st.integers(-10_000, 10_000))
def test_an_outlier_among_equals_is_nothing(days: list[int], outlier: int) -> None:
    """Who pays as ever, but for one invoice, is not told of."""
    for place in range(len(days)):
        recent = [*days[:place], outlier, *days[place + 1 :]]
        assert change_in_days(SettledLately(recent, days)) == 0


def chance_of(sample: list[int], others: list[int]) -> float:
    """Count, by another way than the code: of all pairs, how often a draw has as many above."""
    pooled = [*sample, *others]
    if len(pooled) > 10:
        return 0  # too many draws to list; the smaller cases show the same
    above = pairs_above(sample, others)
    draws = list(combinations(range(len(pooled)), len(sample)))
    as_many = sum(
        pairs_above(
            [pooled[index] for index in drawn],
            [pooled[index] for index in range(len(pooled)) if index not in drawn],
        )
        >= above
        for drawn in draws
    )
    return as_many / len(draws)


def pairs_above(sample: list[int], others: list[int]) -> float:
    return sum((mine > theirs) + (mine == theirs) / 2 for mine in sample for theirs in others)


def test_large_customers_are_judged_by_the_curve() -> None:
    earlier = [day % 9 for day in range(200)]
    assert change_in_days(SettledLately([day % 9 + 4 for day in range(60)], earlier)) == 4
    assert change_in_days(SettledLately([day % 9 for day in range(60)], earlier)) == 0


def test_only_settled_invoices_of_the_windows_count() -> None:
    def paid(name: str, ago: int, late: int, **values: object) -> object:
        paid_on = TODAY - timedelta(ago)
        due_on = paid_on - timedelta(late)
        fields = {"status": "paid", "amount_due": 0, "total": "10.00", "rate": 1}
        return an_invoice(
            name,
            "c1",
            **{
                "number": name,
                "issued_on": due_on - timedelta(30),
                "due_on": due_on,
                "paid_on": paid_on,
                **fields,
                **values,
            },
        )

    invoices = [
        paid("today", 0, 7),
        paid("recent", 119, -2),
        paid("earlier", 120, 3),
        paid("oldest", 484, 4),
        paid("too old", 485, 99),
        paid("tomorrow", -1, 99),
        paid("nothing", 5, 99, total="0"),
        paid("void", 5, 99, status="voided"),
    ]
    assert settled_lately(invoices, TODAY) == SettledLately([7, -2], [3, 4])  # type: ignore[arg-type]
