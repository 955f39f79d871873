"""Stepping: which step of a cadence comes next for one invoice, and from which day on.

Steps are due since a day, never on a day; what was missed is caught up one step at a time, with at
least the gaps that the cadence has. A customer who changes cadence starts at the first step of the
new one whose text the invoice has not had.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.records import Account, Invoice, SentStep, TaskRecord
from arsync.core.rulebook.conditions import Answer
from arsync.core.rulebook.model import AFTER, Cadence, CountedFrom, Step, StepKind


class Due(NamedTuple):
    """The next step, and the first day on which it may be taken."""

    step: Step
    on: date
    position: int = 0
    """Its place in the cadence."""
    is_unsure: bool = False
    """Whether it is due, and unknown whether the step is for this invoice."""
    waits_for: TaskRecord | None = None
    """The task of a step before it, which has to be done first."""
    seen_on: date | None = None
    """The day on which its invoice was first seen, where it waits because it was overdue then."""


def cadence_for(cadence: Cadence, invoice_id: str, account: Account) -> Cadence:
    """Return a cadence as one invoice takes it: a late fee bears no late fee of its own.

    Otherwise a fee that is not paid would bring a fee, and that one the next, without an end.
    """
    if invoice_id not in account.fees:
        return cadence
    steps = tuple(step for step in cadence.steps if step.kind is not StepKind.LATE_FEE)
    return cadence._replace(steps=steps)


def cadence_of(cadences: Sequence[Cadence], view: AccountView, invoice: Invoice) -> Cadence | None:
    """Return the first of a contact's cadences that is for an invoice; None when none is."""
    for cadence in cadences:
        if not cadence.is_about_promises or view.broken_on(invoice.id) is not None:
            return cadence
    return None


class _Place(NamedTuple):
    """Where a step that was taken stands in a cadence."""

    sent_step: SentStep
    position: int | None = None
    """Of the step that it is; None: it is none of them."""
    day: int = 0
    """Its day, as the cadence counts days."""
    since: str = ""
    """What its day counts from; empty for the due date."""
    is_own: bool = False
    """Whether it was taken in this cadence."""
    passed_to: int = -1
    """Of its own: the steps up to this one were passed with it; -1: none."""

    @property
    def last(self) -> int:
        """Return the place up to which it counts."""
        return self.passed_to if self.position is None else max(self.position, self.passed_to)


def _places(cadence: Cadence, taken_steps: Sequence[SentStep]) -> list[_Place]:
    """Return where steps that were taken stand in a cadence.

    What was taken in this cadence has the place of its day, though texts were changed since. When
    days were moved, it has the place of its text: no customer gets the same text twice because a
    day was moved. What was taken in another cadence counts by its text alone.
    """
    places: list[_Place] = []
    elsewhere: list[SentStep] = []
    for sent_step in taken_steps:
        place = None if sent_step.cadence in cadence.others else _own_place(cadence, sent_step)
        if place is not None:
            places.append(place)
        if place is None or _text_at(cadence, place.position) != sent_step.step:
            elsewhere.append(sent_step)
    if elsewhere:
        used = {place.position for place in places if place.sent_step not in elsewhere}
        places += _by_text(cadence, elsewhere, used)
    return places


def _text_at(cadence: Cadence, index: int | None) -> str | None:
    return None if index is None else cadence.steps[index].text


def _own_place(cadence: Cadence, sent_step: SentStep) -> _Place | None:
    """Return the place of a step of this cadence, which may have been edited or renamed since."""
    day, text = sent_step.day, sent_step.step
    is_same = sent_step.cadence == cadence.name
    since = _since(sent_step.slot)
    nearest: tuple[int, int] | None = None
    floor = -1
    for index, step in enumerate(cadence.steps):
        if step.day == day and step.slot == sent_step.slot and (is_same or step.text == text):
            return _Place(sent_step, index, day, _since(step.slot), is_own=True, passed_to=index)
        if step.text == text and (nearest is None or abs(step.day - day) < nearest[0]):
            nearest = abs(step.day - day), index
        if is_same and step.day <= day and _since(step.slot) == since:
            floor = index
    if nearest is not None:
        index = nearest[1]
        step = cadence.steps[index]
        # Never lower than its own day: the steps in between were passed already.
        higher = max(step.day, day) if floor >= 0 else step.day
        last = max(index, floor)
        return _Place(sent_step, index, higher, _since(step.slot), is_own=True, passed_to=last)
    return _Place(sent_step, None, day, since, is_own=True, passed_to=floor) if is_same else None


def _since(slot: str) -> str:
    """Return what a slot counts from, whether directly or after another step."""
    return slot.removesuffix(AFTER).rstrip()


def _by_text(
    cadence: Cadence, sent_steps: Sequence[SentStep], used: Collection[int | None]
) -> Iterator[_Place]:
    """Yield the place of each text that was sent from elsewhere, as often as it was sent."""
    texts: dict[str, list[SentStep]] = {}
    for sent_step in sent_steps:
        texts.setdefault(sent_step.step, []).append(sent_step)
    for index, step in enumerate(cadence.steps):
        if texts.get(step.text) and index not in used:
            yield _Place(texts[step.text].pop(0), index, step.day, _since(step.slot))
    yield from (_Place(sent_step) for unplaced in texts.values() for sent_step in unplaced)


class _Course:
    """How far one invoice has come in a cadence.

    The steps after a broken promise and all others are passed apart from each other: nobody knows
    between which of the others a promise breaks.
    """

    def __init__(
        self,
        cadence: Cadence,
        taken_steps: Sequence[SentStep],
        refused: Collection[int],
        tasks: Sequence[TaskRecord],
        *,
        of_promise: bool,
    ) -> None:
        steps = self._steps = cadence.steps
        self._tasks = tasks
        places = _places(cadence, taken_steps) if taken_steps else []
        self._places = [
            place
            for place in places
            if not place.is_own or (place.since == _AFTER_PROMISE) is of_promise
        ]
        # A refused step counts as passed, but not as taken: no gap starts with it.
        self._highest = max(
            (
                *(place.passed_to for place in self._places),
                *(index for index in refused if is_of_promise(steps[index]) is of_promise),
            ),
            default=-1,
        )
        self._taken = {place.position for place in places if place.position is not None}.union(
            refused
        )

    def is_over(self, index: int) -> bool:
        """Return whether a step was taken, or passed with a later one."""
        return index <= self._highest or index in self._taken

    def free_on(self, index: int, start: date) -> date:
        """Return the first day for a step, by its own day and the gaps to those before it."""
        step = self._steps[index]
        # The cadence's own gaps hold after a late step too: a missed week is caught up one step
        # at a time, not piled up.
        free = [
            self._ended_on(place) + timedelta(self._gap(place, step))
            for place in self._places
            if place.is_own or (place.position is not None and place.position < index)
        ]
        if free:
            return max(free) if step.days_after is not None else max(start, *free)
        # The steps before it were passed over; what came from another cadence keeps it waiting.
        others = [place.sent_step.on + timedelta(step.days_after or 0) for place in self._places]
        return max(start, *others) if others and step.days_after is not None else start

    def _gap(self, place: _Place, step: Step) -> int:
        """Return the days between two steps, as the cadence has them."""
        return step.day - place.day if place.since == _since(step.slot) else step.days_after or 0

    def waits_for(self, index: int) -> TaskRecord | None:
        """Return the task of a step before one that has to be done first; None: there is none."""
        for place in self._places:
            if place.position is not None and place.position < index:
                task = self._task_of(place)
                if task is not None and task.done_on is None:
                    return task
        return None

    def _ended_on(self, place: _Place) -> date:
        """Return the day of a step; of one that others wait for, the day it was done."""
        task = self._task_of(place)
        return place.sent_step.on if task is None or task.done_on is None else task.done_on

    def _task_of(self, place: _Place) -> TaskRecord | None:
        """Return the task of a step for which the steps after it wait."""
        if place.position is None or not self._steps[place.position].waits_until_done:
            return None
        return next((task for task in self._tasks if place.sent_step in task.steps), None)


def is_of_promise(step: Step) -> bool:
    """Return whether a step is for invoices with a broken promise alone."""
    return step.counted_from is CountedFrom.BROKEN_PROMISE


_AFTER_PROMISE = f"from {CountedFrom.BROKEN_PROMISE}"


def starts_on(step: Step, invoice: Invoice, broken_on: date | None) -> date | None:
    """Return the day of a step as its cadence counts it; None: it is not for this invoice."""
    counted_from = step.counted_from
    if counted_from is CountedFrom.DUE_DATE:
        return invoice.due_on + timedelta(step.day)
    if counted_from is CountedFrom.BROKEN_PROMISE:
        return None if broken_on is None else broken_on + timedelta(step.day)
    issued_on = invoice.issued_on
    if counted_from is CountedFrom.END_OF_MONTH:
        issued_on = issued_on.replace(day=monthrange(issued_on.year, issued_on.month)[1])
    return issued_on + timedelta(step.day)


def lapses(step: Step, invoice: Invoice) -> bool:
    """Return whether a step is one before the due date, which lapses on it."""
    if is_of_promise(step):
        return False
    start = starts_on(step, invoice, None)
    return start is not None and start < invoice.due_on


def next_step(
    cadence: Cadence,
    invoice: Invoice,
    *,
    today: date,
    taken_steps: Sequence[SentStep],
    refused: Collection[int] = (),
    tasks: Sequence[TaskRecord] = (),
    broken_on: date | None = None,
    seen_on: date | None = None,
    asks: Callable[[Step], Answer] | None = None,
) -> Due | None:
    """Return the next step for an invoice; None when the cadence has come to its end.

    Args:
        cadence: the contact's.
        invoice: with its due date as it is now; when it moves, the steps move along.
        today: the organisation's day.
        taken_steps: those taken in the present episode.
        refused: places of steps that were refused for good: the next one follows.
        tasks: those that were opened for the customer.
        broken_on: the day on which the invoice's newest promise was broken; None: it was not.
        seen_on: the day on which the invoice was first seen; None: not known.
        asks: answers the condition of a step, once the step is due; without it all are for it.
    """
    # Entered late, it reaches the customer late: nobody is chased for it on the same day.
    waits = seen_on is not None and invoice.due_on < seen_on and cadence.days_after_seen
    free_on = seen_on + timedelta(cadence.days_after_seen) if seen_on and waits else date.min
    courses = {
        of_promise: _Course(cadence, taken_steps, refused, tasks, of_promise=of_promise)
        for of_promise in {is_of_promise(step) for step in cadence.steps}
    }
    for index, step in enumerate(cadence.steps):
        course = courses[is_of_promise(step)]
        start = starts_on(step, invoice, broken_on)
        if start is None or course.is_over(index):
            continue
        on = course.free_on(index, start)
        is_late = on < free_on
        on = max(on, free_on)
        if lapses(step, invoice) and max(on, today) >= invoice.due_on:
            continue
        answer: Answer = True
        if step.when is not None and asks is not None and on <= today:
            answer = asks(step)
        if answer is False:
            continue  # passed over, and not taken: no gap starts with it
        waits_for = course.waits_for(index)
        return Due(step, on, index, answer is None, waits_for, seen_on if is_late else None)
    return None


def level_of(cadence: Cadence, sent_step: SentStep) -> tuple[Step, ...]:
    """Return the steps of a cadence up to one that was taken, as the cadence stands now."""
    return cadence.steps[: _places(cadence, [sent_step])[0].last + 1]


class FirstSteps(dict[date, Due | None]):
    """By due date: the step that comes next in a plain cadence where none was taken, on one day.

    Thousands of invoices fall due on the same few days, so each day's answer is kept. It is a
    cache and nothing else: an answer rests on the cadence, the day and the due date alone.
    """

    def __init__(self, cadence: Cadence, today: date) -> None:
        """Start with an empty cache."""
        super().__init__()
        self._cadence = cadence
        self._today = today

    def __missing__(self, due_on: date) -> Due | None:
        due = self[due_on] = _first_step(self._cadence, due_on, self._today)
        return due


def _first_step(cadence: Cadence, due_on: date, today: date) -> Due | None:
    for index, step in enumerate(cadence.steps):
        on = due_on + timedelta(step.day)
        if not on < due_on <= max(on, today):
            return Due(step, on, index)
    return None
