"""What open parts are expected to bring, week by week: the sum over all, and how sure it is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from arsync.core.analytics.open_parts import OpenPart, Way, WordsKept
from arsync.core.analytics.payment_curve import (
    HORIZON_DAYS,
    SHRINK,
    PayingHabits,
    PaymentCurve,
)
from arsync.core.ledger.money import ZERO

WEEKS = 13
WEEK_DAYS = 7

_ONE = Decimal(1)
_HALF = Decimal("0.5")


class WeekSpan(NamedTuple):
    """Some weeks from the day of a forecast, counted from 1."""

    first: int
    last: int


SPANS = (
    *(WeekSpan(week, week) for week in range(1, WEEKS + 1)),
    WeekSpan(1, 4),
    WeekSpan(1, WEEKS),
)
"""Each week, the first four together, and all."""

FOUR_WEEKS, ALL_WEEKS = SPANS[-2:]


class WordRates:
    """How often customers keep their word: shrunk to the ledger, and that to one half."""

    def __init__(self) -> None:
        """Begin with no word given."""
        self._by_customer: dict[str, WordsKept] = {}
        self._given = self._kept = 0

    def add(self, contact_ids: Iterable[str], words: WordsKept) -> None:
        """Add what one account gave and kept; `contact_ids`: of all its contacts."""
        self._given += words.decided
        self._kept += words.kept
        for contact_id in contact_ids:
            self._by_customer[contact_id] = words

    @property
    def ledger(self) -> Decimal:
        """Return the share of words that a customer of whom nothing is known keeps."""
        # Before anybody gave a word, nobody knows what it is worth.
        return (self._kept + SHRINK * _HALF) / (self._given + SHRINK)

    def of(self, contact_id: str) -> Decimal:
        """Return the share of its words that a customer is expected to keep."""
        words = self._by_customer.get(contact_id, WordsKept())
        return (words.kept + SHRINK * self.ledger) / (words.decided + SHRINK)


class Expectation(NamedTuple):
    """When one part is expected."""

    by_week: tuple[Decimal, ...]
    """The probability that it is paid by the end of each week: 0, then one for each week."""
    in_a_year: Decimal
    """That it is paid within `HORIZON_DAYS`."""

    def within(self, span: WeekSpan) -> Decimal:
        """Return the probability that it is paid in some weeks."""
        return self.by_week[span.last] - self.by_week[span.first - 1]


class Knowledge(NamedTuple):
    """What is known on the day of a forecast."""

    day: date
    habits: PayingHabits
    curve: PaymentCurve | None
    """None: too few invoices were paid, and due dates stand instead."""
    words: WordRates

    def expectation(self, open_part: OpenPart) -> Expectation:
        """Return when a part is expected.

        What was said comes in time as often as this customer keeps its word; otherwise it goes on
        as if nothing had been said, from the end of its grace.
        """
        return self._of(self._cell(open_part))

    def _cell(self, open_part: OpenPart) -> _Cell:
        """Return what decides when a part is paid: parts of one cell are alike."""
        if open_part.way is Way.DISPUTED:
            return _Cell(_NEVER, 0, None, ZERO)
        if self.curve is None:
            return _Cell(0, 0, days_until(open_part.said_on or open_part.due_on, self.day), _ONE)
        age = (self.day - open_part.due_on).days - self.habits.usual_days_late(open_part.contact_id)
        if open_part.said_on is None or open_part.until is None:
            return _Cell(age, 0, None, ZERO)
        grace = max(0, (open_part.until - self.day).days)
        said_in = days_until(open_part.said_on, self.day)
        return _Cell(age + grace, grace, said_in, self.words.of(open_part.contact_id))

    def _of(self, cell: _Cell) -> Expectation:
        by_week = [self._paid_by(cell, week * WEEK_DAYS) for week in range(WEEKS + 1)]
        return Expectation(tuple(by_week), self._paid_by(cell, HORIZON_DAYS))

    def _paid_by(self, cell: _Cell, days: int) -> Decimal:
        if cell.age == _NEVER:
            return ZERO
        as_said = cell.kept if cell.said is not None and cell.said <= days else ZERO
        if self.curve is None or days <= cell.grace:
            return as_said
        otherwise = self.curve.paid_within(cell.age, days - cell.grace)
        return as_said + (_ONE - cell.kept) * otherwise

    def projected(self, parts: Iterable[OpenPart]) -> dict[str, Projection]:
        """Return what parts are expected to bring in all, by currency."""
        cells: dict[tuple[str, _Cell], list[Decimal]] = {}
        projections: dict[str, Projection] = {}
        for open_part in parts:
            projection = projections.setdefault(open_part.currency, Projection())
            projection.open += open_part.amount
            if open_part.way is Way.DISPUTED:
                projection.disputed += open_part.amount
                continue
            sums = cells.setdefault((open_part.currency, self._cell(open_part)), [ZERO, ZERO])
            sums[0] += open_part.amount
            sums[1] += open_part.amount * open_part.amount
            late = self.habits.own_days_late(open_part.contact_id)
            projection.add_naive(open_part, self.day, late)
        for (currency, cell), (amount, squares) in cells.items():
            projections[currency].add(self._of(cell), amount, squares)
        return projections


_NEVER = -1_000_000_000
"""The age of what nobody counts on."""


class _Cell(NamedTuple):
    age: int
    """On the day, or at the end of the grace; in days after the customer's usual day."""
    grace: int
    """So many days pass before it goes by habit."""
    said: int | None
    """In so many days it was said to come."""
    kept: Decimal
    """As often a word is kept."""


def days_until(day: date, today: date) -> int:
    """Return in how many days something comes that was due then: what is past comes tomorrow."""
    return max(1, (day - today).days)


class Projection:
    """The sums of one currency."""

    def __init__(self) -> None:
        """Begin with nothing open."""
        self.open = ZERO
        self.disputed = ZERO
        self.expected = dict.fromkeys(SPANS, ZERO)
        self.variance = dict.fromkeys(SPANS, ZERO)
        self.in_a_year = ZERO
        self.by_due_date = dict.fromkeys(SPANS, ZERO)
        self.by_average = dict.fromkeys(SPANS, ZERO)
        """By due date and the customer's own average days late."""

    def add(self, expectation: Expectation, amount: Decimal, squares: Decimal) -> None:
        """Add parts that are alike: their sum, and the sum of their squares."""
        self.in_a_year += amount * expectation.in_a_year
        for span in SPANS:
            probability = expectation.within(span)
            self.expected[span] += amount * probability
            self.variance[span] += squares * probability * (_ONE - probability)

    def add_naive(self, open_part: OpenPart, day: date, average: int) -> None:
        """Add what simpler forecasts say of a part."""
        due = (open_part.due_on - day).days
        for sums, days in ((self.by_due_date, due), (self.by_average, due + average)):
            week = -(-max(1, days) // WEEK_DAYS)
            for span in SPANS:
                if span.first <= week <= span.last:
                    sums[span] += open_part.amount
