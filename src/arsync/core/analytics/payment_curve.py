"""When the invoices of a ledger are paid: one daily hazard by age, moved by each customer's habit.

The age of an invoice is counted in days from the day on which its customer usually pays: its due
date and the customer's mean days late. The hazard of an age is the share of what was still open at
that age that was paid on that day, from settled invoices and from those that are open still, which
count up to the age that they have reached (Kaplan and Meier, "Nonparametric estimation from
incomplete observations", 1958; an invoice counts from the day it was issued). Credits and voids are
a second way to leave: what is left by it is never paid (Aalen and Johansen, 1978).

Shares of invoices are counted in whole millionths, probabilities are decimals of 28 digits: no
float is near the amounts that they multiply.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from arsync.core.analytics.invoice_history import InvoiceHistory
from arsync.core.ledger.money import ZERO

SHRINK = 4
"""So many invoices of the segment stand beside a customer's own: k of the shrunk mean."""

AT_RISK_MIN = 10
"""Ages at which fewer invoices were open have one hazard together."""

AGES_MAX = 1_096
"""Ages before and after the usual day that are looked at, three years each: a mistyped due date."""

HORIZON_DAYS = 365
"""What is not paid within so many days counts as not paid."""

_WHOLE = 1_000_000
_ONE = Decimal(1)


class PayingHabits:
    """The days late of customers, their segments and the ledger, added up as invoices are paid."""

    def __init__(self, segment_of: Callable[[str], str]) -> None:
        """Begin with nothing known.

        Args:
            segment_of: the segment of a contact's id.
        """
        self._segment_of = segment_of
        self._customers: dict[str, _Mean] = {}
        self._segments: dict[str, _Mean] = {}
        self._ledger = _Mean()

    def add(self, history: InvoiceHistory) -> None:
        """Add an invoice that was paid."""
        assert history.closed_on is not None
        # What was paid in advance is paid on the day of its invoice.
        late = (max(history.closed_on, history.issued_on) - history.due_on).days
        segment = self._segment_of(history.contact_id)
        for mean in (
            self._customers.setdefault(history.contact_id, _Mean()),
            self._segments.setdefault(segment, _Mean()),
            self._ledger,
        ):
            mean.days += late
            mean.count += 1

    @property
    def count(self) -> int:
        """Return how many invoices were paid."""
        return self._ledger.count

    def usual_days_late(self, contact_id: str) -> int:
        """Return how late a customer pays, shrunk to its segment, and that to the ledger.

        That is (n * own mean + k * mean of the segment) / (n + k), rounded to a day; the segment's
        mean is shrunk to the ledger's in the same way. Early payments count as negative.
        """
        ledger = self._ledger.shrunk(ZERO, 0)
        segment = self._segments.get(self._segment_of(contact_id), _NOTHING).shrunk(ledger, SHRINK)
        return int(self._customers.get(contact_id, _NOTHING).shrunk(segment, SHRINK).to_integral())

    def own_days_late(self, contact_id: str) -> int:
        """Return a customer's own mean, not shrunk; the ledger's where it never paid."""
        mean = self._customers.get(contact_id, self._ledger)
        return int(mean.shrunk(ZERO, 0).to_integral())


class _Mean:
    """Days late while they are added up."""

    def __init__(self) -> None:
        self.days = 0
        self.count = 0

    def shrunk(self, towards: Decimal, weight: int) -> Decimal:
        if not self.count + weight:
            return ZERO
        return (self.days + towards * weight) / (self.count + weight)


_NOTHING = _Mean()


class _Hazard(NamedTuple):
    """Of what was open at an age, the shares that left on that day."""

    paid: Decimal
    gone: Decimal
    """Credited or voided."""


class PaymentCurve:
    """How what is open at an age goes on."""

    def __init__(self, first_age: int, hazards: list[_Hazard], tail: _Hazard) -> None:
        """Add up the hazards.

        Args:
            first_age: of the first hazard.
            hazards: one for each age.
            tail: of all later ages.
        """
        self._first = first_age
        self._last = first_age + len(hazards)
        self._left: list[Decimal] = [_ONE]
        self._paid: list[Decimal] = [ZERO]
        for hazard in [*hazards, *[tail] * HORIZON_DAYS]:
            remaining = self._left[-1]
            self._paid.append(self._paid[-1] + remaining * hazard.paid)
            self._left.append(remaining * (_ONE - hazard.paid - hazard.gone))

    def paid_within(self, age: int, days: int) -> Decimal:
        """Return which share of what is open at the end of an age is paid in the next days.

        Args:
            age: at the end of it; in days after the customer's usual day.
            days: 0 to `HORIZON_DAYS`.
        """
        # All ages of the tail are alike, so that an old invoice has the same year before it.
        start = min(age + 1, self._last)
        place = max(0, start - self._first)
        end = max(0, start + days - self._first)
        if self._left[place] <= 0:
            return ZERO
        return (self._paid[end] - self._paid[place]) / self._left[place]


def payment_curve(
    histories: Iterable[InvoiceHistory], day: date, shift_of: Callable[[str], int]
) -> PaymentCurve:
    """Return the curve of what was known at the end of a day.

    Args:
        histories: invoices; what was settled of them later is not looked at.
        day: the day.
        shift_of: how late a customer usually pays, in days.
    """
    counts = _Counts()
    for history in histories:
        counts.add(history, day, shift_of(history.contact_id))
    return counts.curve()


class _Counts:
    """Shares of invoices by age: how much entered, left, was paid and was credited."""

    def __init__(self) -> None:
        self._entered: dict[int, int] = {}
        self._left: dict[int, int] = {}
        """By the first age at which they are not open any more."""
        self._paid: dict[int, int] = {}
        self._gone: dict[int, int] = {}

    def add(self, history: InvoiceHistory, day: date, shift: int) -> None:
        """Add what was open of an invoice from its issue to the day."""
        usual = history.due_on.toordinal() + shift
        issued, today = history.issued_on.toordinal() - usual, day.toordinal() - usual
        first, last = max(issued, -AGES_MAX), min(today, AGES_MAX)
        if first > last:
            return
        share, entered, remaining = _WHOLE, 0, history.total
        for settling in history.settled:
            age = settling.on.toordinal() - usual
            if age > last:
                break
            remaining -= settling.amount
            amount = share - int(remaining * _WHOLE / history.total)
            share -= amount
            # What was paid before it was issued was never open.
            if age >= first and amount:
                entered += amount
                counted = self._paid if settling.is_cash else self._gone
                counted[age] = counted.get(age, 0) + amount
                self._left[age + 1] = self._left.get(age + 1, 0) + amount
        if entered + share:
            self._entered[first] = self._entered.get(first, 0) + entered + share
        if share:
            self._left[last + 1] = self._left.get(last + 1, 0) + share

    def curve(self) -> PaymentCurve:
        """Return the curve."""
        if not self._entered:
            return PaymentCurve(0, [], _Hazard(ZERO, ZERO))
        ages = range(min(self._entered), max(self._left))
        at_risk: list[int] = []
        open_now = 0
        for age in ages:
            open_now += self._entered.get(age, 0) - self._left.get(age, 0)
            at_risk.append(open_now)
        enough = [place for place, count in enumerate(at_risk) if count >= AT_RISK_MIN * _WHOLE]
        first = enough[0] if enough else len(at_risk)
        last = enough[-1] + 1 if enough else len(at_risk)
        before = self._together(ages[:first], at_risk[:first])
        hazards = [before] * first
        for place in range(first, last):
            hazards.append(self._together(ages[place : place + 1], at_risk[place : place + 1]))
        tail = self._together(ages[last:], at_risk[last:]) if enough else before
        return PaymentCurve(ages[0], hazards, tail)

    def _together(self, ages: range, at_risk: list[int]) -> _Hazard:
        """Return the hazard of some ages as if they were one."""
        open_days = sum(at_risk)
        if not open_days:
            return _Hazard(ZERO, ZERO)
        # That everybody paid so far at an age does not make it certain.
        most = open_days + _WHOLE
        paid = sum(self._paid.get(age, 0) for age in ages)
        gone = sum(self._gone.get(age, 0) for age in ages)
        whole = most if paid + gone == open_days else open_days
        return _Hazard(Decimal(paid) / whole, Decimal(gone) / whole)
