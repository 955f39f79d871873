"""What the law gives a creditor for late payment: interest and a fixed sum, from a dated table.

The tables are data, in rulebooks, with their sources; nothing here knows a rate. Two laws are
meant, and others that work like them:

- United Kingdom: Late Payment of Commercial Debts (Interest) Act 1998. Simple interest (section 1)
  from the day after the agreed day (section 4), at the Bank of England's rate of the last 30 June
  or 31 December plus 8 points; the rate in force when the debt became late holds until it is paid
  (SI 2002/1675, articles 3 and 4). A fixed sum by the size of the debt (section 5A(2)).
- European Union: Directive 2011/7/EU. Simple interest at the European Central Bank's rate for main
  refinancing operations of the first day of each half-year plus at least 8 points (articles 2(6),
  2(7) and 3(3)), and at least 40 euros (article 6(1)). States may give more.

Both are for debts between businesses. A half-year without an entry makes interest unknown: the rate
of another half-year is never taken for it. A year has 365 days; neither law says so.

The debt counts as it ran (`late_debt`): interest runs on each part of it until that part is paid
(1998 Act, section 4(2) and (7); directive, articles 2(5) and 3(1)), the fixed sum goes by
the debt's size once interest begins to run (section 5A(1) and (2); directive, article 6(1)). Both
are owed after payment too, until they are claimed.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from arsync.core.ledger.late_debt import LateDebt

DAYS_PER_YEAR = 365
"""Days by which a yearly rate is divided, in leap years too."""

DAYS_LATE_MAX = 36_500
"""Interest for more days than this is unknown: such a due date is a mistake."""

WHEN_LATE = "when it became late"
"""The rate of the half-year in which a debt became late holds until it is paid."""

EACH_HALF_YEAR = "each half-year"
"""Each half-year counts with its own rate."""

_CENT = Decimal("0.01")


class Reference(NamedTuple):
    """The reference rate of one half-year."""

    starts: date
    """1 January or 1 July."""
    percent: Decimal
    source: str
    """The publisher, and where the rate can be read."""


class FixedSum(NamedTuple):
    """A fixed sum for debts from an amount on."""

    debts_from: Decimal
    amount: Decimal


class LatePayment(NamedTuple):
    """One law, as a table."""

    law: str
    currency: str
    points: Decimal
    """Percentage points above the reference rate."""
    counts: str
    """`when it became late` or `each half-year`."""
    rates: tuple[Reference, ...]
    """By half-year, the oldest first; half-years may be missing."""
    compensation: tuple[FixedSum, ...]
    """By amount, the smallest first."""

    def rate_on(self, day: date) -> Decimal | None:
        """Return the reference rate of a day's half-year; None when the table has none."""
        start = half_year(day)
        return next((rate.percent for rate in self.rates if rate.starts == start), None)


def half_year(day: date) -> date:
    """Return the first day of a day's half-year."""
    return date(day.year, 1 if day.month < 7 else 7, 1)


def next_half_year(day: date) -> date:
    """Return the first day of the half-year after a day's own."""
    return date(day.year, 7, 1) if day.month < 7 else date(day.year + 1, 1, 1)


def is_half_year(day: date) -> bool:
    """Return whether a half-year starts on the day."""
    return day == half_year(day)


def interest(law: LatePayment, debt: LateDebt, as_of: date) -> Decimal | None:
    """Return the interest on a debt from the day after it was due, both days counted.

    Each part of it bears interest until the day on which it was paid, that day included.

    Returns:
        To the cent, half up; nothing until it is late; None when a rate is not known.
    """
    total = Decimal(0)
    for late_part in debt.parts:
        last = as_of if late_part.until is None else min(late_part.until, as_of)
        percent_days = _percent_days(law, debt.due_on, last)
        if percent_days is None:
            return None
        total += late_part.amount * percent_days
    # Rounded once, at the end: rounding each half-year would shift the sum by cents.
    return (total / 100 / DAYS_PER_YEAR).quantize(_CENT, ROUND_HALF_UP)


def interest_after(
    rate: LatePayment | Decimal, debt: LateDebt, after: date, as_of: date
) -> Decimal | None:
    """Return the interest on a debt for the days after one day, up to another and with it.

    What is billed month by month adds up without counting a day twice.

    Args:
        rate: the law's; or what was agreed, in percent a year.
        debt: as it ran.
        after: the last day that does not count; days up to the due date never do.
        as_of: the last day that counts.

    Returns:
        Not rounded; None when the law's rate is not known.
    """
    total = Decimal(0)
    for late_part in debt.parts:
        last = as_of if late_part.until is None else min(late_part.until, as_of)
        if isinstance(rate, Decimal):
            days = max(0, (last - max(after, debt.due_on)).days)
            total += late_part.amount * rate * days
            continue
        percent_days = _percent_days(rate, debt.due_on, last, after)
        if percent_days is None:
            return None
        total += late_part.amount * percent_days
    return total / 100 / DAYS_PER_YEAR


def _percent_days(
    law: LatePayment, due_on: date, last: date, after: date | None = None
) -> Decimal | None:
    begin = due_on if after is None else max(after, due_on)
    days = (last - begin).days
    if days <= 0:
        return Decimal(0)
    if (last - due_on).days > DAYS_LATE_MAX:
        return None
    if law.counts == WHEN_LATE:
        # Interest runs from the day after the agreed day (1998 Act, section 4), and the rate of
        # that day holds until payment (SI 2002/1675, articles 3 and 4).
        rate = law.rate_on(due_on + timedelta(days=1))
        return None if rate is None else (rate + law.points) * days
    # Under the directive every half-year has its own rate (2011/7/EU, article 2(7)).
    return _by_half_year(law, begin + timedelta(days=1), last)


def _by_half_year(law: LatePayment, first: date, last: date) -> Decimal | None:
    total, start = Decimal(0), first
    while start <= last:
        # One missing half-year makes the whole unknown: a rate that is carried over might claim
        # more than the law gives.
        rate = law.rate_on(start)
        if rate is None:
            return None
        end = min(last, next_half_year(start) - timedelta(days=1))
        total += (rate + law.points) * ((end - start).days + 1)
        start = end + timedelta(days=1)
    return total


def compensation(law: LatePayment, debt: LateDebt, as_of: date) -> Decimal | None:
    """Return the fixed sum for a late debt: nothing until it is late, None without a table."""
    amount = debt.at_first
    if as_of <= debt.due_on or amount <= 0:
        return Decimal(0)
    return next(
        (
            fixed_sum.amount
            # From the largest down: the first that the debt reaches is its own (section 5A(2)).
            for fixed_sum in reversed(law.compensation)
            if amount >= fixed_sum.debts_from
        ),
        None,
    )
