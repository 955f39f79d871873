"""Intervals of shares and differences, against published examples."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arsync.core.analytics.proportions import newcombe, wilson

NEAR = Decimal("0.01")


def test_wilson_agrees_with_the_published_example() -> None:
    # Newcombe 1998 (two-sided intervals for the single proportion), table I: 81 of 263.
    share = wilson(81, 263)
    assert abs(share.low - Decimal("25.53")) < NEAR
    assert abs(share.high - Decimal("36.62")) < NEAR


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [((56, 70, 48, 80), "5.24", "33.39"), ((9, 10, 3, 10), "17.05", "80.90")],
)
def test_newcombe_agrees_with_the_published_examples(
    counts: tuple[int, int, int, int], low: str, high: str
) -> None:
    # Newcombe 1998 (comparison of eleven methods), table II, method 10: contrasts (a) and (b).
    difference = newcombe(*counts)
    assert abs(difference.low - Decimal(low)) < NEAR
    assert abs(difference.high - Decimal(high)) < NEAR


@given(st.integers(0, 60), st.integers(1, 60), st.integers(0, 60), st.integers(1, 60))
def test_an_interval_holds_its_share(a: int, more_a: int, b: int, more_b: int) -> None:
    difference = newcombe(a, a + more_a, b, b + more_b)
    assert -100 <= difference.low <= difference.percent <= difference.high <= 100
    turned = newcombe(b, b + more_b, a, a + more_a)
    assert abs(turned.percent + difference.percent) < NEAR
    assert abs(turned.low + difference.high) < NEAR
