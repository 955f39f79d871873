"""Which step comes next: each text once, in order, with its gaps, whatever the cadence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from tests.builders.records import an_invoice

from arsync.core.ledger.records import SentStep, TaskRecord
from arsync.core.planning.cadence_steps import FirstSteps, next_step
from arsync.core.rulebook.conditions import ALWAYS
from arsync.core.rulebook.model import NOWHERE, Cadence, Step, StepKind

DUE = date(2026, 6, 1)
INVOICE = an_invoice("i1", due_on=DUE, issued_on=DUE - timedelta(30))


def cadence(name: str, *others: str, **texts: int) -> Cadence:
    """Make a cadence of texts by their days."""
    steps = sorted((day, text) for text, day in texts.items())
    return Cadence(
        name,
        NOWHERE,
        ALWAYS,
        None,
        tuple(Step(day, StepKind.EMAIL, text, NOWHERE) for day, text in steps),
        others=frozenset(others),
    )


def taken(cadence: str, day: int, text: str, on: int) -> SentStep:
    return SentStep("i1", 1, cadence, day, text, DUE + timedelta(on), "m")


def following(cadence: Cadence, *steps: SentStep, today: int = 400) -> tuple[str, int] | None:
    due = next_step(cadence, INVOICE, today=DUE + timedelta(today), taken_steps=steps)
    return (due.step.text, (due.on - DUE).days) if due else None


FIRM = cadence("Firm", "Standard", promise=1, final=5)
STANDARD = cadence("Standard", "Firm", first=1, second=14, final=30)


def test_a_move_starts_at_the_first_unsent_text() -> None:
    sent = (taken("Standard", 1, "first", 1), taken("Standard", 14, "second", 14))
    assert following(FIRM, *sent) == ("promise", 1)
    assert following(FIRM, *sent, taken("Firm", 1, "promise", 22)) == ("final", 26)
    assert following(FIRM, *sent, taken("Standard", 30, "final", 30)) == ("promise", 1)


def test_after_a_move_texts_already_sent_are_left_out() -> None:
    sent = (taken("Standard", 30, "final", 40), taken("Firm", 1, "promise", 41))
    assert following(FIRM, *sent) is None
    assert following(STANDARD, taken("Firm", 5, "final", 5)) == ("first", 1)


def test_a_text_sent_elsewhere_keeps_its_gap() -> None:
    late = (taken("Firm", 5, "second", 50),)
    assert following(STANDARD, *late, taken("Standard", 1, "first", 60)) == ("final", 89)


def test_a_day_moved_repeats_no_text() -> None:
    moved = cadence("Standard", first=1, second=20, final=30)
    assert following(moved, taken("Standard", 14, "second", 14)) == ("final", 30)
    earlier = cadence("Standard", first=1, second=7, third=12, final=30)
    assert following(earlier, taken("Standard", 14, "second", 14)) == ("final", 30)
    another_there = cadence("Standard", first=14, second=20, final=30)
    assert following(another_there, taken("Standard", 14, "second", 14)) == ("final", 30)


def test_a_renamed_cadence_goes_on_where_it_was() -> None:
    renamed = cadence("New name", "Firm", first=1, second=14, final=30)
    assert following(renamed, taken("Standard", 14, "second", 14)) == ("final", 30)


def test_a_text_written_twice_comes_twice() -> None:
    steps = tuple(Step(day, StepKind.TASK, "Call", NOWHERE) for day in (7, 14, 21))
    weekly = STANDARD._replace(name="Weekly", others=frozenset({"Standard"}), steps=steps)
    assert following(weekly, taken("Weekly", 7, "Call", 7)) == ("Call", 14)
    assert following(weekly, taken("Standard", 3, "Call", 3)) == ("Call", 14)
    moved = weekly._replace(steps=tuple(step._replace(day=step.day + 1) for step in steps))
    assert following(moved, taken("Weekly", 7, "Call", 7)) == ("Call", 15)


def test_later_steps_wait_until_the_call_is_done() -> None:
    steps = (
        Step(1, StepKind.CALL, "Ask", NOWHERE, waits_until_done=True),
        Step(8, StepKind.EMAIL, "first", NOWHERE),
    )
    calls = STANDARD._replace(steps=steps)
    asked = taken("Standard", 1, "Ask", 1)
    task = TaskRecord("k", "c1", "Standard", steps=(asked,), opened_on=asked.on)

    def due_with(*tasks: TaskRecord) -> tuple[date, TaskRecord | None]:
        today = DUE + timedelta(60)
        due = next_step(calls, INVOICE, today=today, taken_steps=[asked], tasks=tasks)
        assert due is not None
        return due.on, due.waits_for

    assert due_with(task)[1] is task
    done = task._replace(done_on=DUE + timedelta(20))
    assert due_with(done) == (DUE + timedelta(27), None)


TEXTS = "abcdefg"


class _Life(NamedTuple):
    cadences: tuple[Cadence, ...]
    moves: tuple[int, ...]
    """By period of some days, the cadence in which the customer is."""
    late: int
    """The day of its due date on which the first run is."""
    missed: frozenset[int]
    """Days without a run."""


@st.composite
def lives(draw: st.DrawFn) -> _Life:
    names = ["A", "B", "C"][: draw(st.integers(1, 3))]
    cadences = []
    for name in names:
        texts = draw(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=5, unique=True))
        days = draw(st.lists(st.integers(-9, 40), min_size=len(texts), unique=True))
        others = [other for other in names if other != name]
        cadences.append(cadence(name, *others, **dict(zip(texts, days, strict=False))))
    moves = draw(st.lists(st.integers(0, len(names) - 1), min_size=1, max_size=12))
    missed = draw(st.frozensets(st.integers(0, 150), max_size=60))
    return _Life(tuple(cadences), tuple(moves), draw(st.integers(-12, 60)), missed)


def lived(life: _Life) -> tuple[list[SentStep], Cadence, date]:
    """Play it, the last cadence for long enough; return what was sent, and how it ended."""
    sent: list[SentStep] = []
    now, today = life.cadences[0], DUE
    for number in range(20 * len(life.moves) + 400):
        now = life.cadences[life.moves[min(number // 20, len(life.moves) - 1)]]
        today = DUE + timedelta(life.late + number)
        due = next_step(now, INVOICE, today=today, taken_steps=sent)
        if due and due.on <= today and number not in life.missed:
            sent.append(SentStep("i1", 1, now.name, due.step.day, due.step.text, today, "m"))
    return sent, now, today


@given(lives())
def test_no_move_repeats_a_text_or_silences_forever(life: _Life) -> None:
    sent, now, today = lived(life)
    texts = [step.step for step in sent]
    assert len(texts) == len(set(texts))
    assert next_step(now, INVOICE, today=today, taken_steps=sent) is None
    assert {step.text for step in now.steps if step.day >= 0} <= set(texts)


@given(lives())
def test_steps_of_one_cadence_keep_order_and_gaps(life: _Life) -> None:
    sent, _, _ = lived(life)
    for earlier, later in _pairs(sent):
        if earlier.cadence == later.cadence:
            assert earlier.day < later.day
            assert (later.on - earlier.on).days >= later.day - earlier.day


def _pairs(steps: Sequence[SentStep]) -> list[tuple[SentStep, SentStep]]:
    return [(first, second) for at, first in enumerate(steps) for second in steps[at + 1 :]]


@given(lives(), st.integers(-80, 80))
def test_the_kept_first_step_is_the_computed_one(life: _Life, due: int) -> None:
    today = DUE
    invoice = INVOICE._replace(due_on=today + timedelta(due))
    for one in life.cadences:
        kept = FirstSteps(one, today)[invoice.due_on]
        assert kept == next_step(one, invoice, today=today, taken_steps=())
