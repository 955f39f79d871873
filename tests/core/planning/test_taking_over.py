"""Old debts start where the rulebook says: at the first step, where their age stands, at a step."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.core.conftest import Desk

from arsync.core.ledger.records import Organisation
from arsync.core.planning.explanation import explain
from arsync.core.planning.taking_over import passed_over
from arsync.core.rulebook import read_rulebook
from arsync.core.rulebook.conditions import ALWAYS, Answer
from arsync.core.rulebook.model import TakeOver, TakeOverKind

BY_AGE = "take_over: by age\n"


def book(desk: Desk, take_over: str = BY_AGE) -> str:
    return desk.head + desk.steps + desk.daily + take_over


@pytest.mark.parametrize(
    ("age", "step"),
    [
        (-5, ""),
        (1, "first reminder"),
        (13, "first reminder"),
        (14, "second reminder"),
        (29, "second reminder"),
        (30, "final notice"),
        (400, "final notice"),
    ],
)
def test_an_old_debt_starts_where_its_age_stands(desk: Desk, age: int, step: str) -> None:
    account = desk.account(desk.invoice("i1", age), taken_over_on=desk.today)
    actions = desk.plan(book(desk), account).actions
    assert [action.step for action in actions] == [step] * bool(step)
    assert all(action.because.facts["take_over"] == "by age" for action in actions)


def test_what_follows_keeps_its_gaps(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 20), taken_over_on=desk.today)
    done = desk.play(book(desk), account, range(60))
    assert [((day - desk.today).days, action.step) for day, action in done] == [
        (0, "second reminder"),
        (16, "final notice"),
    ]


def test_a_debt_that_waits_stays_at_its_step(desk: Desk) -> None:
    # The age of the day of taking over counts: a wait for approval skips no step.
    account = desk.account(desk.invoice("i1", 40), taken_over_on=desk.today - timedelta(20))
    (action,) = desk.plan(book(desk), account).actions
    assert action.step == "second reminder"


def test_a_later_debt_starts_at_the_first_step(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 40), taken_over_on=desk.today - timedelta(50))
    (action,) = desk.plan(book(desk), account).actions
    assert action.step == "first reminder"
    assert "take_over" not in action.because.facts


@pytest.mark.parametrize(
    ("age", "answer", "passed"), [(60, True, 2), (20, True, 1), (20, False, 0), (20, None, 1)]
)
def test_repeats_and_conditions_count(desk: Desk, age: int, answer: Answer, passed: int) -> None:
    (cadence,) = desk.rulebook(desk.head + desk.steps).reminders
    _, first, second, notice = cadence.steps
    repeats = [notice._replace(day=24 + 10 * n, repeat=n + 1) for n in range(3)]
    steps = (first, second._replace(when=ALWAYS), *repeats)
    account = desk.account(desk.invoice("i1", age), taken_over_on=desk.today)
    places = passed_over(
        TakeOver(TakeOverKind.BY_AGE),
        cadence._replace(steps=steps),
        account.invoices[0],
        account,
        today=desk.today,
        taken_steps=(),
        asks=lambda _: answer,
    )
    # Of the repeats, though its age stands at the last, it starts with the first.
    assert list(places) == list(range(passed))


def test_old_debts_can_start_at_a_named_step(desk: Desk) -> None:
    text = book(desk, "take_over: from step second reminder\n")
    old = desk.account(desk.invoice("i1", 5), taken_over_on=desk.today)
    assert not desk.plan(text, old).actions
    done = desk.play(text, old, range(60))
    assert [action.step for _, action in done] == ["second reminder", "final notice"]
    assert (done[0][0] - desk.today).days == 9


def test_why_names_what_was_passed_over(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 20), taken_over_on=desk.today)
    text = book(desk)
    lines = explain(
        account,
        desk.rulebook(text),
        desk.plan(text, account),
        organisation=Organisation("o1", "Acme", "GBP", time_zone="Europe/London"),
        invoice_id="i1",
    )
    assert [line.text for line in lines if line.section == "take_over"] == [
        "I1: by age, so not with: upcoming, first reminder"
    ]
    (following,) = [line.text for line in lines if line.section == "next"]
    assert following.startswith("I1: second reminder due since")


@pytest.mark.parametrize(
    ("text", "take_over"),
    [
        ("by age", TakeOver(TakeOverKind.BY_AGE)),
        ("from step final notice", TakeOver(TakeOverKind.FROM_STEP, step="final notice")),
        ("spread over 9 days", TakeOver(TakeOverKind.SPREAD, 9)),
    ],
)
def test_take_over_is_read_and_said_alike(text: str, take_over: TakeOver) -> None:
    head = "version: 1\ncurrency: GBP\n"
    rulebook, problems = read_rulebook([("r.yaml", f"{head}take_over: {text}\n")])
    assert rulebook is not None, problems
    assert (rulebook.take_over, take_over.text) == (take_over, text)
