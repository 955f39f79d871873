"""Answer validity: until which day an answer certainly stays while nothing happens to the account.

A fact moves by itself or it does not, as its row of `FIELDS` says; of one that moves, the day is
computed on which it reaches what a question compares it with. Parts that cannot change the result
are ignored: while one part of `all` says no, the others may change as they like.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from arsync.core.ledger.account_view import ContactView
from arsync.core.ledger.late_debt import LateDebt
from arsync.core.ledger.late_payment_law import (
    DAYS_LATE_MAX,
    EACH_HALF_YEAR,
    interest,
    next_half_year,
)
from arsync.core.ledger.ledger_due import LedgerDue
from arsync.core.ledger.records import Invoice
from arsync.core.rulebook.conditions import (
    AllOf,
    Answer,
    AnyOf,
    Compare,
    HeldFor,
    InGroup,
    Known,
    Leaf,
    Negation,
    Node,
    Test,
    compiled,
    days_held,
)
from arsync.core.rulebook.facts import Field, Row
from arsync.core.rulebook.facts.movement import (
    DAY,
    NEVER,
    CountsDown,
    CountsUp,
    GrowsByInterest,
    MovesWithLedger,
    OnDays,
    days_later,
)

FOUND_MAX = 10_000
"""How many days on which interest reaches a sum are kept."""


class Look(NamedTuple):
    """The subject and the day of a question."""

    view: ContactView
    row: Row
    invoice: Invoice | None
    """None: the question is about the contact."""
    invoice_row: Row | None
    today: date
    bound: date = NEVER
    """Answers on this day and later are not needed."""
    ledger: LedgerDue | None = None
    """What the whole ledger is due on the days of the trial; None: nobody counted."""

    def value_of(self, field: Field) -> Decimal | int | None:
        """Return a number as it is today; None: unknown."""
        row = self.row if field.of == "contact" else self.invoice_row
        assert row is not None, "a question about invoices is asked with an invoice"
        value: Decimal | int | None = row[field.position]
        return value

    @property
    def subject(self) -> Invoice:
        """Return the invoice."""
        assert self.invoice is not None, "a question about invoices is asked with an invoice"
        return self.invoice


_MIRROR = {
    "more_than": "less_than",
    "less_than": "more_than",
    "at_least": "at_most",
    "at_most": "at_least",
    "exactly": "exactly",
}


class AnswerValidity:
    """How long the answer of a tree, or of a part of it, stays valid."""

    def __init__(self, node: Node) -> None:
        """Compile the part's answer."""
        self.test: Test = compiled(node)

    def answer(self, look: Look) -> Answer:
        """Return today's answer."""
        return self.test(look.row, look.invoice_row)

    def until(self, look: Look) -> date:
        """Return the first day after today on which the answer may be another."""
        raise NotImplementedError


class _Turned(AnswerValidity):
    """`not`, and a group: the answer moves with the part's."""

    def __init__(self, node: Node, inner: AnswerValidity) -> None:
        super().__init__(node)
        self._inner = inner

    def until(self, look: Look) -> date:
        return self._inner.until(look)


class _Several(AnswerValidity):
    """`all` and `any`: one part that says the deciding word is enough."""

    def __init__(
        self, node: AllOf | AnyOf, moving: list[AnswerValidity], still: tuple[Node, ...]
    ) -> None:
        super().__init__(node)
        self._decides = isinstance(node, AnyOf)
        self._moving = moving
        self._of_still: Test = compiled(type(node)(still))

    def until(self, look: Look) -> date:
        decides = self._decides
        if self.answer(look) is not decides:
            # Open: whichever part moves first may decide it.
            return min(child.until(look) for child in self._moving)
        # A part that never moves has decided, whatever the others come to say.
        if self._of_still(look.row, look.invoice_row) is decides:
            return NEVER
        longest = look.today
        for child in self._moving:
            if child.answer(look) is decides:
                longest = max(longest, child.until(look))
                # No answer is needed beyond the next event, and each look costs time.
                if longest >= look.bound:
                    break
        return longest


class _Moving(AnswerValidity):
    """A question about facts that change on single days."""

    def __init__(self, leaf: Leaf, movements: list[OnDays]) -> None:
        super().__init__(leaf)
        self._movements = movements

    def until(self, look: Look) -> date:
        return min(moves.next_day(look.view, look.invoice) for moves in self._movements)


class _Counting(AnswerValidity):
    """A fact that counts days against a number, or a fact that does not count."""

    def __init__(self, leaf: Compare, counter: Field, word: str, compared: Field | None) -> None:
        super().__init__(leaf)
        self._counter = counter
        self._word = word
        self._compared = compared
        self._up = isinstance(counter.moves, CountsUp)
        self._offsets: tuple[int, ...] = ()
        if not isinstance(leaf.operand, Field):
            self._offsets = _offsets(word, leaf.operand, up=self._up)

    def until(self, look: Look) -> date:
        offsets, first_change = self._offsets, NEVER
        if self._compared is not None:
            if isinstance(self._compared.moves, OnDays):
                first_change = self._compared.moves.next_day(look.view, look.invoice)
            number = look.value_of(self._compared)
            if number is None:
                return first_change
            offsets = _offsets(self._word, number, up=self._up)
        anchor = self._anchor_of(look)
        if anchor is None:
            return first_change
        for offset in offsets:
            day = days_later(anchor, offset)
            if look.today < day < first_change:
                first_change = day
        return first_change

    def _anchor_of(self, look: Look) -> date | None:
        moves = self._counter.moves
        if isinstance(moves, CountsDown):
            return moves.until(look.view, look.invoice)
        counted = look.value_of(self._counter)
        assert isinstance(moves, CountsUp), "only counters are counted"
        # At 0 a count hides its anchor: an invoice due in ten days is 0 days overdue as well.
        if moves.since is not None and not counted:
            return moves.since(look.view, look.invoice)
        return None if counted is None else look.today - timedelta(int(counted))


class _OfLedger(AnswerValidity):
    """A share of what the whole ledger is due: every customer's documents move it."""

    def __init__(self, leaf: Leaf, share: Field, others: list[OnDays]) -> None:
        super().__init__(leaf)
        self._share = share
        self._others = others

    def until(self, look: Look) -> date:
        moves = self._share.moves
        assert isinstance(moves, MovesWithLedger), "only shares of the ledger are looked at so"
        bound = min(
            (moved.next_day(look.view, look.invoice) for moved in self._others), default=NEVER
        )
        if look.ledger is None:
            return bound  # unknown for as long as nobody counts
        place, now = self._share.position, self.answer(look)
        # The customer's own sum stays until its next event, so the days between are seen at once.
        for day in look.ledger.changes_after(look.today, min(bound, look.bound)):
            value = moves.value_with(look.view, look.ledger.on(day))
            row = (*look.row[:place], value, *look.row[place + 1 :])
            if self.test(row, look.invoice_row) is not now:
                return day
        return bound


class _OfInterest(AnswerValidity):
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

            tests = {"at_least": (reached,), "less_than": (reached,)}
            tests |= {"more_than": (passed,), "at_most": (passed,)}
            self._tests = tests.get(leaf.word, (reached, passed))
        self._found: dict[tuple[LateDebt, date, tuple[bool, ...]], date] = {}

    def until(self, look: Look) -> date:
        law, invoice, now = (
            look.view.account_view.statutory,
            look.subject,
            look.value_of(self._field),
        )
        if law is None or now is None:
            return NEVER  # what is unknown stays so: no half-year of the past is added
        now = Decimal(now)
        answers = tuple(test(now) for test in self._tests)
        first = max(look.today, invoice.due_on) + DAY
        # From here on it may grow at another rate, or be unknown.
        end = days_later(invoice.due_on, DAYS_LATE_MAX + 1)
        if law.counts == EACH_HALF_YEAR:
            end = min(end, next_half_year(first))
        # Many invoices share a due date and an amount, as subscriptions do.
        debt = look.view.account_view.late_debt(invoice)
        key = (debt, end, answers)
        day_of_change = self._found.get(key)
        if day_of_change is None:

            def is_other(day: date) -> bool:
                value = interest(law, debt, day)
                return value is None or tuple(test(value) for test in self._tests) != answers

            if len(self._found) >= FOUND_MAX:
                self._found.clear()
            day_of_change = self._found[key] = _first_day(first, end, is_other)
        return day_of_change


class _Lasting(AnswerValidity):
    """A condition that is to have held for some time: it may get there, or end before."""

    def __init__(self, node: HeldFor, inner: AnswerValidity | None) -> None:
        super().__init__(node)
        self._node = node
        self._inner = inner
        self._of_child: Test = compiled(node.child)

    def until(self, look: Look) -> date:
        ends = NEVER if self._inner is None else self._inner.until(look)
        if self._of_child(look.row, look.invoice_row) is not True:
            return ends
        days = days_held(self._node, look.row, look.invoice_row)
        # From tomorrow on it is known since when it holds.
        missing = self._node.days - days if days is not None else 1
        return min(ends, days_later(look.today, missing)) if missing > 0 else ends


class _Daily(AnswerValidity):
    """A question whose answer may change on any day."""

    def until(self, look: Look) -> date:
        return look.today + DAY


def validity_of(node: Node) -> AnswerValidity | None:
    """Return how long a tree's answer stays valid; None: until something happens to the account."""
    match node:
        case AllOf(nodes) | AnyOf(nodes):
            validities = [(child, validity_of(child)) for child in nodes]
            moving = [validity for _, validity in validities if validity is not None]
            # The dearest comes last: often another has decided by then.
            moving.sort(key=lambda validity: isinstance(validity, _OfInterest))
            still = tuple(child for child, validity in validities if validity is None)
            return _Several(node, moving, still) if moving else None
        case Negation(child) | InGroup(_, child):
            inner = validity_of(child)
            return None if inner is None else _Turned(node, inner)
        case HeldFor(child):
            return _Lasting(node, validity_of(child))
        case Compare():
            return _of_comparison(node)
    moves = node.field.moves
    if isinstance(moves, MovesWithLedger):
        return _OfLedger(node, node.field, [])
    if isinstance(moves, GrowsByInterest) and isinstance(node, Known):
        return _OfInterest(node)
    return _Moving(node, [moves]) if isinstance(moves, OnDays) else None


def _of_comparison(leaf: Compare) -> AnswerValidity | None:
    first, right = leaf.field, leaf.operand if isinstance(leaf.operand, Field) else None
    fields = [first] if right is None else [first, right]
    counters = [field for field in fields if isinstance(field.moves, CountsUp | CountsDown)]
    # Two counts may move together or apart: asking daily is simple, and never wrong.
    if len(counters) == 2:
        return _Daily(leaf)
    if any(isinstance(field.moves, GrowsByInterest) for field in fields):
        return _OfInterest(leaf) if right is None else _Daily(leaf)
    if counters:
        if counters[0] is first:
            return _Counting(leaf, first, leaf.word, right)
        return _Counting(leaf, counters[0], _MIRROR[leaf.word], first)
    movements = [field.moves for field in fields if isinstance(field.moves, OnDays)]
    shares = [field for field in fields if isinstance(field.moves, MovesWithLedger)]
    if shares:
        return _OfLedger(leaf, shares[0], movements)
    return _Moving(leaf, movements) if movements else None


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


def _first_day(first: date, end: date, holds: Callable[[date], bool]) -> date:
    """Return the first day from `first` on that holds, all later ones holding too; else `end`."""
    # Within one rate interest only grows, so the day can be found by halving.
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
