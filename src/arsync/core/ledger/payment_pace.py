"""Whether a customer pays slower, or faster, than it used to: more than chance and one invoice.

Compared are days after the due date, not days from issue: longer terms are no slower payment. An
invoice counts once, whatever its amount.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction
from math import comb
from typing import NamedTuple

from arsync.core.ledger.records import DocumentStatus, Invoice

RECENT_DAYS = 120
"""Invoices that were settled in so many days are compared with those before."""

EARLIER_DAYS = 365
"""So far back, before the recent ones, those before are taken from."""

RECENT_MIN = 4
EARLIER_MIN = 6
"""With fewer settled invoices nothing can be said."""

CHANCE_MAX = Fraction(1, 20)
"""A change counts that chance alone would show at most so often."""

EXACT_MAX = 40
"""Up to so many invoices the chance is counted out; above, the normal curve is near enough."""

_NORMAL_QUANTILE_SQUARED = Fraction("2.7055")
"""1.6449 squared: what the normal curve exceeds on one side in 5 cases of 100."""


class SettledLately(NamedTuple):
    """Days after the due date of settled invoices; paid early, they are below 0."""

    recent: Sequence[int]
    earlier: Sequence[int]


def settled_lately(invoices: Iterable[Invoice], today: date) -> SettledLately:
    """Return how late invoices were settled of late, and in the year before."""
    recent: list[int] = []
    earlier: list[int] = []
    for invoice in invoices:
        # An invoice for nothing says nothing about how a customer pays.
        if invoice.paid_on is None or invoice.status != DocumentStatus.PAID or invoice.total <= 0:
            continue
        ago = (today - invoice.paid_on).days
        if 0 <= ago < RECENT_DAYS:
            recent.append((invoice.paid_on - invoice.due_on).days)
        elif RECENT_DAYS <= ago < RECENT_DAYS + EARLIER_DAYS:
            earlier.append((invoice.paid_on - invoice.due_on).days)
    return SettledLately(recent, earlier)


def change_in_days(settled: SettledLately) -> int | None:
    """Return by how many days the median moved; above 0: slower; 0: no more than chance.

    The change is one of rank, not of the mean: tested by Wilcoxon's rank-sum test (H. B. Mann and
    D. R. Whitney, "On a Test of Whether one of Two Random Variables is Stochastically Larger than
    the Other", Annals of Mathematical Statistics 18, 1947), one-sided, at 5 %. It has to hold
    without the recent invoice that speaks for it most: so one invoice never decides.

    Returns:
        Whole days, halves away from 0; None with too few invoices on either side.
    """
    recent, earlier = sorted(settled.recent), sorted(settled.earlier)
    if len(recent) < RECENT_MIN or len(earlier) < EARLIER_MIN:
        return None
    change = _rounded(_median(recent) - _median(earlier))
    if change > 0:
        return change if _is_larger(recent[:-1], earlier) else 0
    if change < 0:
        return (
            change if _is_larger([-days for days in recent[1:]], [-days for days in earlier]) else 0
        )
    return 0


def _median(ordered: Sequence[int]) -> Fraction:
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return Fraction(ordered[middle])
    return Fraction(ordered[middle - 1] + ordered[middle], 2)


def _rounded(days: Fraction) -> int:
    whole = int(abs(days) + Fraction(1, 2))
    return whole if days > 0 else -whole


def _is_larger(sample: Sequence[int], others: Sequence[int]) -> bool:
    """Return whether a sample ranks higher than others, beyond what chance shows."""
    ranks = _doubled_ranks([*sample, *others])
    rank_sum = sum(ranks[days] for days in sample)
    pooled = [ranks[days] for days in (*sample, *others)]
    if len(pooled) <= EXACT_MAX:
        return _chance(pooled, len(sample), rank_sum) <= CHANCE_MAX
    return _exceeds_normal(Counter(pooled), len(sample), len(others), rank_sum)


def _doubled_ranks(values: Sequence[int]) -> dict[int, int]:
    """Return twice the rank of each value, equal ones sharing their middle rank: so it is whole."""
    ranks: dict[int, int] = {}
    below = 0
    for value, times in sorted(Counter(values).items()):
        ranks[value] = 2 * below + times + 1
        below += times
    return ranks


def _chance(pooled: Sequence[int], size: int, rank_sum: int) -> Fraction:
    """Return how often a draw of so many of the ranks has at least this sum."""
    draws: list[Counter[int]] = [Counter() for _ in range(size + 1)]
    draws[0][0] = 1
    for rank in pooled:
        for drawn in range(size - 1, -1, -1):
            for total, ways in draws[drawn].items():
                draws[drawn + 1][total + rank] += ways
    as_large = sum(ways for total, ways in draws[size].items() if total >= rank_sum)
    return Fraction(as_large, comb(len(pooled), size))


def _exceeds_normal(ties: Counter[int], size: int, others: int, rank_sum: int) -> bool:
    """Return whether a rank sum is beyond the 95 % point of the normal curve near it.

    With the correction for continuity and for ties (E. L. Lehmann, "Nonparametrics", 1975, 1.4).
    """
    count = size + others
    tied = sum(times**3 - times for times in ties.values())
    variance = Fraction(size * others, 12) * (count + 1 - Fraction(tied, count * (count - 1)))
    excess = Fraction(rank_sum, 2) - Fraction(size * (count + 1), 2) - Fraction(1, 2)
    return excess > 0 and excess**2 >= _NORMAL_QUANTILE_SQUARED * variance
