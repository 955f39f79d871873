"""Standing: until which day an answer certainly stands while nothing happens to the account.

A fact moves by itself or it does not; of one that moves, the day is computed on which it reaches
what a question compares it with. A question that cannot decide its condition is not waited for:
while one part of `all` says no, the others may change as they like.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from arsync.core.ledger.account_view import HISTORY_DAYS, Seat
from arsync.core.ledger.late_payment_law import (
    DAYS_LATE_MAX,
    EACH_HALF_YEAR,
    interest,
    next_half_year,
)
from arsync.core.ledger.records import Invoice
from arsync.core.rulebook.conditions import (
    AllOf,
    Answer,
    AnyOf,
    Compare,
    InGroup,
    Known,
    Leaf,
    Negation,
    Node,
    Test,
    compiled,
)
from arsync.core.rulebook.facts import CONTACT_BY_NAME, Field, Row

NEVER = date.max
"""An answer that stands until something happens."""

DAY = timedelta(1)

FOUND_MAX = 10_000
"""So many days on which interest reaches a sum are remembered at most."""


class Look(NamedTuple):
    """What a question is asked about, and when."""

    seat: Seat
    row: Row
    invoice: Invoice | None
    """None: the question is about the contact."""
    invoice_row: Row | None
    today: date
    bound: date = NEVER
    """Nobody asks what happens on this day or later."""

    def value_of(self, field: Field) -> Decimal | int | None:
        """Return a number as it is today; None: unknown."""
        row = self.row if field.of == "contact" else self.invoice_row
        assert row is not None, "a question about invoices is asked with an invoice"
        value: Decimal | int | None = row[field.position]
        return value

    @property
    def one(self) -> Invoice:
        """Return the invoice."""
        assert self.invoice is not None, "a question about invoices is asked with an invoice"
        return self.invoice


WhenItChanges = Callable[[Look], date]
"""The next day after today on which a fact can have another value."""

Anchor = Callable[[Look], date | None]
"""The day from which, or up to which, a fact counts; None: it does not count."""


def _still(_: Look) -> date:
    return NEVER


def _next(days: Iterable[date], today: date) -> date:
    return min((day for day in days if day > today), default=NEVER)


def _next_due(look: Look) -> date:
    """Return the day on which the next open invoice is overdue."""
    today = look.today
    return next(
        (invoice.due_on + DAY for invoice in look.seat.owed if invoice.due_on >= today), NEVER
    )


def _own_late(look: Look) -> date:
    late = look.one.due_on + DAY
    return late if late > look.today else NEVER


def _paid_leaves(look: Look) -> date:
    """Return the day on which a paid invoice is older than payment behaviour goes back."""
    paid = [
        invoice.paid_on
        for invoice in look.seat.books.account.invoices
        if invoice.paid_on is not None
    ]
    return _next((_plus(day, HISTORY_DAYS) for day in paid), look.today)


def _sale_leaves(look: Look) -> date:
    """Return the day on which an invoice or credit note is older than sales go back."""
    account = look.seat.books.account
    issued = [invoice.issued_on for invoice in account.invoices]
    issued += [credit.issued_on for credit in account.credits]
    return _next((_plus(day, HISTORY_DAYS) for day in issued), look.today)


_CHANGES: dict[str, WhenItChanges] = {
    "overdue_amount": _next_due,
    "overdue_percent": _next_due,
    "overdue_invoices": _next_due,
    "statutory_compensation": _own_late,
    "average_days_to_pay": _paid_leaves,
    "average_days_late": _paid_leaves,
    "paid_on_time_percent": _paid_leaves,
    "sales_last_365_days": _sale_leaves,
}
"""Facts that change on single days, by themselves."""


def _oldest(look: Look) -> date | None:
    return look.seat.owed[0].due_on if look.seat.owed else None


def _customer_since(look: Look) -> date | None:
    counted = look.value_of(CONTACT_BY_NAME["customer_for_days"])
    if counted:
        return look.today - timedelta(int(counted))
    seat = look.seat
    days = [
        invoice.issued_on
        for invoice in seat.books.account.invoices
        if seat.counts(invoice.contact_id)
    ]
    if seat.contact.created_on is not None:
        days.append(seat.contact.created_on)
    return min(days, default=None)


def _held_since(look: Look) -> date | None:
    hold = look.seat.books.account.hold
    return hold.since if hold else None


_SINCE: dict[str, Anchor | None] = {
    "oldest_days_overdue": _oldest,
    "days_overdue": lambda look: look.one.due_on,
    "days_since_issued": lambda look: look.one.issued_on,
    "customer_for_days": _customer_since,
    "days_since_last_payment": None,
    "days_since_last_reminder": None,
    "days_on_hold": _held_since,
}
"""Facts that count up day by day, from a day on; None: their value says from which."""

_UNTIL: dict[str, Anchor] = {
    "days_until_due": lambda look: look.one.due_on,
    "days_until_review": lambda look: look.seat.agreed.review_on,
}
"""Facts that count down day by day, to a day."""

_INTEREST = "statutory_interest"

STILL = frozenset(
    """
    balance unallocated_credit exposure credit_limit headroom over_limit_percent open_invoices
    group contact_group tag contact country currency has_email on_hold agreed_limit insured_limit
    promise_to_pay broken_promises dispute highest_step_sent amount_due total partly_paid sent
    """.split()
)
"""Facts that change only with documents and with what is done."""

KNOWN = STILL | {*_CHANGES, *_SINCE, *_UNTIL, _INTEREST}
"""Facts of which it is known when they move; with any other every day counts."""

MOVED_BY_MESSAGES = frozenset({"days_since_last_reminder", "highest_step_sent"})
MOVED_BY_HOLDS = frozenset({"on_hold", "days_on_hold"})
"""Facts that change with what is done, from the next day on."""

_MIRROR = {
    "more_than": "less_than",
    "less_than": "more_than",
    "at_least": "at_most",
    "at_most": "at_least",
    "exactly": "exactly",
}


class Standing:
    """Until when the answer of one tree, or of a part of it, stands."""

    def __init__(self, node: Node) -> None:
        """Compile the part's answer."""
        self.test: Test = compiled(node)

    def answer(self, look: Look) -> Answer:
        """Return today's answer."""
        return self.test(look.row, look.invoice_row)

    def until(self, look: Look) -> date:
        """Return the first day after today on which the answer may be another."""
        raise NotImplementedError


class _Turned(Standing):
    """`not`, and a group: the answer moves with the part's."""

    def __init__(self, node: Node, part: Standing) -> None:
        super().__init__(node)
        self._part = part

    def until(self, look: Look) -> date:
        return self._part.until(look)


class _Several(Standing):
    """`all` and `any`: one part that says the deciding word is enough."""

    def __init__(
        self, node: AllOf | AnyOf, moving: list[Standing], still: tuple[Node, ...]
    ) -> None:
        super().__init__(node)
        self._decides = isinstance(node, AnyOf)
        self._moving = moving
        self._of_still: Test = compiled(type(node)(still))

    def until(self, look: Look) -> date:
        decides = self._decides
        if self.answer(look) is not decides:
            return min(part.until(look) for part in self._moving)
        if self._of_still(look.row, look.invoice_row) is decides:
            return NEVER
        longest = look.today
        for part in self._moving:
            if part.answer(look) is decides:
                longest = max(longest, part.until(look))
                if longest >= look.bound:
                    break
        return longest


class _Moving(Standing):
    """A question about facts that change on single days."""

    def __init__(self, leaf: Leaf, whens: list[WhenItChanges]) -> None:
        super().__init__(leaf)
        self._whens = whens

    def until(self, look: Look) -> date:
        return min(when(look) for when in self._whens)


class _Counting(Standing):
    """A fact that counts days against a number, or a fact that does not count."""

    def __init__(self, leaf: Compare, counter: Field, word: str, other: Field | None) -> None:
        super().__init__(leaf)
        self._counter = counter
        self._word = word
        self._other = other
        self._up = counter.name in _SINCE
        self._anchor = _SINCE[counter.name] if self._up else _UNTIL[counter.name]
        self._offsets: tuple[int, ...] = ()
        if not isinstance(leaf.operand, Field):
            self._offsets = _offsets(word, leaf.operand, up=self._up)

    def until(self, look: Look) -> date:
        offsets, other_changes = self._offsets, NEVER
        if self._other is not None:
            other_changes = _CHANGES.get(self._other.name, _still)(look)
            number = look.value_of(self._other)
            if number is None:
                return other_changes
            offsets = _offsets(self._word, number, up=self._up)
        anchor = self._anchor_of(look)
        if anchor is None:
            return other_changes
        for offset in offsets:
            day = _plus(anchor, offset)
            if look.today < day < other_changes:
                other_changes = day
        return other_changes

    def _anchor_of(self, look: Look) -> date | None:
        if self._anchor is not None:
            return self._anchor(look)
        counted = look.value_of(self._counter)
        return None if counted is None else look.today - timedelta(int(counted))


class _OfInterest(Standing):
    """Statutory interest against a sum: it grows by the same each day of a half-year at least."""

    def __init__(self, leaf: Compare | Known) -> None:
        super().__init__(leaf)
        self._field = leaf.field
        self._tests: tuple[Callable[[Decimal], bool], ...] = (lambda _: True,)
        if isinstance(leaf, Compare):
            assert not isinstance(leaf.operand, Field), "against a fact every day counts"
            sum_ = leaf.operand

            def reached(value: Decimal) -> bool:
                return value >= sum_

            def passed(value: Decimal) -> bool:
                return value > sum_

            asked = {"at_least": (reached,), "less_than": (reached,)}
            asked |= {"more_than": (passed,), "at_most": (passed,)}
            self._tests = asked.get(leaf.word, (reached, passed))
        self._found: dict[tuple[Decimal, date, date, tuple[bool, ...]], date] = {}

    def until(self, look: Look) -> date:
        law, invoice, now = look.seat.books.statutory, look.one, look.value_of(self._field)
        if law is None or now is None:
            return NEVER  # what is unknown stays so: no half-year of the past is added
        now = Decimal(now)
        answers = tuple(test(now) for test in self._tests)
        first = max(look.today, invoice.due_on) + DAY
        # From here on it may grow at another rate, or be unknown.
        end = _plus(invoice.due_on, DAYS_LATE_MAX + 1)
        if law.counts == EACH_HALF_YEAR:
            end = min(end, next_half_year(first))
        key = (invoice.amount_due, invoice.due_on, end, answers)
        found = self._found.get(key)
        if found is None:

            def is_other(day: date) -> bool:
                value = interest(law, invoice.amount_due, invoice.due_on, day)
                return value is None or tuple(test(value) for test in self._tests) != answers

            if len(self._found) >= FOUND_MAX:
                self._found.clear()
            found = self._found[key] = _first_day(first, end, is_other)
        return found


class _Daily(Standing):
    """A question of which nobody knows when its answer changes."""

    def until(self, look: Look) -> date:
        return look.today + DAY


def standing(node: Node) -> Standing | None:
    """Return until when a tree's answer stands; None: until something happens."""
    match node:
        case AllOf(parts) | AnyOf(parts):
            found = [(part, standing(part)) for part in parts]
            moving = [one for _, one in found if one is not None]
            moving.sort(key=lambda one: isinstance(one, _OfInterest))  # the dearest comes last
            still = tuple(part for part, one in found if one is None)
            return _Several(node, moving, still) if moving else None
        case Negation(part) | InGroup(_, part):
            inner = standing(part)
            return None if inner is None else _Turned(node, inner)
        case Compare():
            return _of_comparison(node)
    name = node.field.name
    if name == _INTEREST and isinstance(node, Known):
        return _OfInterest(node)
    if name not in KNOWN:
        return _Daily(node)
    return _Moving(node, [_CHANGES[name]]) if name in _CHANGES else None


def _of_comparison(leaf: Compare) -> Standing | None:
    left, right = leaf.field, leaf.operand if isinstance(leaf.operand, Field) else None
    fields = [left] if right is None else [left, right]
    counters = [field for field in fields if field.name in _SINCE or field.name in _UNTIL]
    of_interest = any(field.name == _INTEREST for field in fields)
    if any(field.name not in KNOWN for field in fields) or len(counters) == 2:
        return _Daily(leaf)
    if of_interest:
        return _OfInterest(leaf) if right is None else _Daily(leaf)
    if counters:
        if counters[0] is left:
            return _Counting(leaf, left, leaf.word, right)
        return _Counting(leaf, counters[0], _MIRROR[leaf.word], left)
    whens = [_CHANGES[field.name] for field in fields if field.name in _CHANGES]
    return _Moving(leaf, whens) if whens else None


def _offsets(word: str, number: Decimal | int, *, up: bool) -> tuple[int, ...]:
    """Return how many days from its anchor a count's answer to a comparison changes."""
    low, high = math.floor(number), math.ceil(number)
    if word in {"at_least", "less_than"}:
        return (high,) if up else (1 - high,)
    if word in {"more_than", "at_most"}:
        return (low + 1,) if up else (-low,)
    if low != high:
        return ()  # a count is never exactly 1.5
    return (low, low + 1) if up else (-low, 1 - low)


def _plus(day: date, days: int) -> date:
    """Return a later or earlier day; the calendar's first or last when it has none."""
    try:
        return day + timedelta(days)
    except OverflowError:
        return NEVER if days > 0 else date.min


def _first_day(first: date, end: date, holds: Callable[[date], bool]) -> date:
    """Return the first day from `first` on that holds, all later ones holding too; else `end`."""
    if holds(first):
        return first
    low, high = first.toordinal(), end.toordinal()
    while high - low > 1:
        middle = (low + high) // 2
        if holds(date.fromordinal(middle)):
            high = middle
        else:
            low = middle
    return date.fromordinal(high)
