"""Intervals of shares and of their differences; in exact decimals.

Wilson's score interval (E. B. Wilson, Probable inference, the law of succession, and statistical
inference, JASA 22, 1927) of one share; Newcombe's hybrid score interval (R. G. Newcombe, Interval
estimation for the difference between independent proportions, Statistics in Medicine 17, 1998,
method 10) of the difference of two. Both hold what they say with few cases and near 0 or 1.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

Z_95 = Decimal("1.959963984540054")
"""The 97.5 % point of the normal distribution: intervals of 95 %."""

METHOD = "95% interval of the difference by Newcombe's hybrid score (1998, method 10)"

_PLACES = Decimal("0.000001")
_HUNDRED = Decimal(100)


class Interval(NamedTuple):
    """A share or a difference in percent, and its interval of 95 %; with six places."""

    percent: Decimal
    low: Decimal
    high: Decimal


def wilson(count: int, of: int) -> Interval:
    """Return a share with Wilson's interval.

    Args:
        count: how many of them did.
        of: how many there are, at least one.
    """
    share, low, high = _wilson(count, of)
    return Interval(_percent(share), _percent(low), _percent(high))


def newcombe(first: int, of_first: int, second: int, of_second: int) -> Interval:
    """Return how much larger the first share is than the second, with Newcombe's interval."""
    a, a_low, a_high = _wilson(first, of_first)
    b, b_low, b_high = _wilson(second, of_second)
    difference = a - b
    below = ((a - a_low) ** 2 + (b_high - b) ** 2).sqrt()
    above = ((a_high - a) ** 2 + (b - b_low) ** 2).sqrt()
    return Interval(
        _percent(difference), _percent(difference - below), _percent(difference + above)
    )


def _wilson(count: int, of: int) -> tuple[Decimal, Decimal, Decimal]:
    assert 0 <= count <= of, "a part of a whole"
    n, share, square = Decimal(of), Decimal(count) / Decimal(of), Z_95**2
    middle = share + square / (2 * n)
    width = Z_95 * (share * (1 - share) / n + square / (4 * n * n)).sqrt()
    scale = 1 + square / n
    return (
        share,
        max(Decimal(0), (middle - width) / scale),
        min(Decimal(1), (middle + width) / scale),
    )


def _percent(share: Decimal) -> Decimal:
    return (share * _HUNDRED).quantize(_PLACES, ROUND_HALF_EVEN)
