"""Steps come in one order, are repeated as often as written, and say what they count from."""

from __future__ import annotations

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.core.rulebook import Cadence, StepKind, read_rulebook
from arsync.core.rulebook.model import CountedFrom
from arsync.core.rulebook.reading.sections import REPEATS_MAX, TAKEN_MAX

HEAD = "version: 1\ncurrency: GBP\n"


def text_of(*steps: str, more: str = "") -> str:
    lines = "".join(f"      - {{{step}}}\n" for step in steps)
    return f"{HEAD}reminders:\n  - name: A\n{more}    steps:\n{lines}"


def cadence(*steps: str, more: str = "") -> Cadence:
    (cadence,) = a_rulebook(text_of(*steps, more=more)).reminders
    return cadence


def comes(*steps: str, more: str = "") -> list[str]:
    return [step.comes for step in cadence(*steps, more=more).steps]


def problem_of(*steps: str, more: str = "") -> str:
    _, problems = read_rulebook([("r.yaml", text_of(*steps, more=more))])
    (problem,) = problems
    return str(problem)


def test_days_of_one_kind_are_sorted() -> None:
    assert comes("day: 14, email: b", "day: 1, email: a") == ["day 1", "day 14"]
    issued = comes("day: 14, email: b", "day: 1, email: a", more="    counted_from: issue date\n")
    assert issued == ["day 1, from issue date", "day 14, from issue date"]


def test_a_step_may_count_from_the_one_before() -> None:
    assert comes("day: 3, email: a", "after: 7 days, email: b", "after: 5 days, task: c") == [
        "day 3",
        "day 10, after the step before",
        "day 15, after the step before",
    ]
    chained = comes(
        "day: 3, email: a", "day: 7, email: b", more="    counted_from: previous step\n"
    )
    assert chained == ["day 3", "day 10, after the step before"]


def test_a_step_after_a_promise_belongs_to_it() -> None:
    steps = cadence(
        "day: 0, counted_from: broken promise, email: a", "after: 5 days, call: b"
    ).steps
    assert [step.counted_from for step in steps] == [CountedFrom.BROKEN_PROMISE] * 2
    assert cadence("day: 0, counted_from: broken promise, email: a").is_about_promises


def test_repeats_are_steps_of_their_own_and_counted() -> None:
    steps = cadence("day: 3, email: a, every: 14 days, at_most: 3", "after: 7 days, task: b").steps
    assert [(step.day, step.repeat) for step in steps] == [(3, 1), (17, 2), (31, 3), (38, 1)]
    assert len({(step.day, step.slot) for step in steps}) == 4


def test_a_call_is_a_task_with_a_script() -> None:
    step = cadence("day: 3, call: Ask, script: first call, assign_to: Jo").steps[0]
    assert (step.kind, step.text, step.script, step.assign_to) == (
        StepKind.CALL,
        "Ask",
        "first call",
        "Jo",
    )


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (("after: 7 days, email: a",), "there is no step before this one"),
        (("email: a",), "a step needs 'day'"),
        (("day: 1, after: 7 days, email: a",), "'day' and 'after' both say when"),
        (("day: 1, email: a", "day: 1, email: b"), "two steps on day 1; the first in line 6."),
        (("day: 1, email: a, every: 7 days",), "'every' needs 'at_most'"),
        (("day: 1, email: a, at_most: 3",), "'at_most' counts repeats"),
        (("day: 1, email: a, then: wait until done",), "'then' belongs to a task or a call"),
        (("day: 1, task: a, script: b",), "'script' belongs to a call"),
        (("day: 1, email: a, assign_to: b",), "'assign_to' belongs to a task or a call"),
        (("day: 1, email: a, call: b",), "a step does one thing of: email, task, call, letter"),
        (
            ("day: 5, email: a, every: 7 days, at_most: 3", "day: 12, task: b"),
            "the step in line 6 is repeated until day 19.",
        ),
        (
            ("day: 9, email: a", "after: 7 days, task: b", "day: 12, task: c"),
            "the step of day 12 stands after that of day 16.",
        ),
        (
            ("day: 1, email: a", "day: -3, counted_from: previous step, email: b"),
            "a step that counts from the one before it comes after it.",
        ),
    ],
)
def test_steps_without_an_order_are_refused(steps: tuple[str, ...], message: str) -> None:
    assert message in problem_of(*steps)


def test_an_invoice_takes_a_limited_number_of_steps() -> None:
    often = f"every: 1 days, at_most: {REPEATS_MAX}"
    steps = [f"day: {100 * n}, email: a, {often}" for n in range(TAKEN_MAX // REPEATS_MAX)]
    assert len(cadence(*steps).steps) == TAKEN_MAX - TAKEN_MAX % REPEATS_MAX
    more = [*steps, f"day: 900, email: a, {often}"]
    assert f"repeats counted; at most {TAKEN_MAX}." in problem_of(*more)
    assert "it must be from 2 to 52" in problem_of("day: 1, email: a, every: 1 days, at_most: 53")
