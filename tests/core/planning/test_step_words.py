"""The words of steps: what they count from, whom they are for, and what they wait for."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from arsync.core.actions import Action, ActionKind, TaskPayload, payload_of
from arsync.core.actions.effects import after, after_refusal, after_task_done
from arsync.core.ledger.records import Account, Organisation, Promise
from arsync.core.planning.explanation import explain

Desk = Any
ACME = Organisation("o1", "Acme", "GBP")


def rules(desk: Desk, *steps: str, more: str = "", name: str = "Standard") -> str:
    lines = "".join(f"      - {{{step}}}\n" for step in steps)
    text = f"{desk.head}{desk.daily}reminders:\n  - name: {name}\n{more}    steps:\n{lines}"
    assert desk.rulebook(text)
    return text


def days(desk: Desk, done: list[tuple[date, Action]]) -> list[tuple[int, str]]:
    return [((day - desk.today).days, action.step) for day, action in done]


def next_words(desk: Desk, text: str, account: Account) -> str:
    plan = desk.plan(text, account)
    lines = explain(account, desk.rulebook(text), plan, organisation=ACME)
    return next(line.text for line in lines if line.section == "next")


@pytest.mark.parametrize(
    ("counted_from", "expected"),
    [
        ("due date", [(5, "first reminder"), (20, "final notice")]),
        # Issued on Friday 20 November, due 30 days later: 5 days after its issue lapse unless sent.
        ("issue date", [(5, "first reminder"), (20, "final notice")]),
        ("end of month", [(15, "first reminder"), (30, "final notice")]),
    ],
)
def test_days_count_from_the_day_that_is_named(
    desk: Desk, counted_from: str, expected: list[tuple[int, str]]
) -> None:
    due = -30 if counted_from == "issue date" else 0
    account = desk.account(desk.invoice("i1", due, issued_on=desk.today))
    more = f"    counted_from: {counted_from}\n"
    text = rules(desk, "day: 5, email: first reminder", "day: 20, email: final notice", more=more)
    assert days(desk, desk.play(text, account, range(60))) == expected


def test_a_step_before_the_due_date_lapses_whatever_counts(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 10, issued_on=desk.today - timedelta(40)))
    text = rules(
        desk, "day: 5, counted_from: issue date, email: upcoming", "day: 7, email: first reminder"
    )
    assert [action.step for action in desk.plan(text, account).actions] == ["first reminder"]


PROMISES = (
    "  - name: Broken promise\n    when: {promise_to_pay: broken}\n    steps:\n"
    "      - {day: 0, counted_from: broken promise, email: promise broken}\n"
    "      - {after: 6 days, call: Agree a payment plan}\n"
)


def test_a_broken_promise_is_chased_from_its_day(desk: Desk) -> None:
    """Invoices that nobody promised stay in their cadence, and get no word of a promise."""
    steps = ("day: 1, email: first reminder", "day: 40, email: final notice")
    grace = "promises: {grace: none}\nreminders:\n"
    text = rules(desk, *steps).replace("reminders:\n", grace + PROMISES)
    account = desk.account(desk.invoice("i1", 5), desk.invoice("i2", -9))
    promise = Promise(("i1",), desk.today + timedelta(3), None, desk.today)
    done = desk.play(text, account._replace(promises=(promise,)), range(60))
    told = [((day - desk.today).days, action.step, action.subject) for day, action in done]
    assert told == [
        (4, "promise broken", "i1 day 0 from broken promise"),
        (10, "Agree a payment plan", "i1 day 6 from broken promise after the step before"),
        (10, "first reminder", "i2 day 1"),
        (49, "final notice", "i2 day 40"),
    ]


def test_without_another_cadence_the_unpromised_is_reported(desk: Desk) -> None:
    text = f"{desk.head}reminders:\n{PROMISES}"
    account = desk.account(desk.invoice("i1", 5), desk.invoice("i2", 5))
    promise = Promise(("i1",), desk.today - timedelta(9), None, desk.today - timedelta(19))
    plan = desk.plan(text, account._replace(promises=(promise,)))
    assert [action.step for action in plan.actions] == ["promise broken"]
    assert [(held.invoice_number, held.why) for held in plan.held_back] == [
        ("I2", "no cadence matches: in 'Broken promise' are only broken promises")
    ]


def test_a_step_counts_from_the_one_before_as_taken(desk: Desk) -> None:
    text = rules(desk, "day: 3, email: first reminder", "after: 14 days, email: final notice")
    late = desk.account(desk.invoice("i1", 90))
    assert days(desk, desk.play(text, late, range(60))) == [
        (0, "first reminder"),
        (14, "final notice"),
    ]
    account = after(late, desk.plan(text, late).actions, desk.today)
    assert next_words(desk, text, account) == f"I1: final notice on {desk.today + timedelta(14)}"


def test_repeats_are_exact_in_number_with_own_keys(desk: Desk) -> None:
    text = rules(
        desk,
        "day: 1, email: first reminder, every: 7 days, at_most: 4",
        "after: 9 days, task: Call",
    )
    done = desk.play(text, desk.account(desk.invoice("i1", 0)), range(200))
    assert days(desk, done) == [
        *((day, "first reminder") for day in (1, 8, 15, 22)),
        (31, "Call"),
    ]
    assert len({action.key for _, action in done}) == 5


def test_a_refused_repeat_yields_to_the_next(desk: Desk) -> None:
    text = rules(desk, "day: 1, email: first reminder, every: 7 days, at_most: 3")
    account = desk.account(desk.invoice("i1", 2))
    account = after_refusal(account, desk.plan(text, account).actions)
    assert days(desk, desk.play(text, account, range(40))) == [
        (6, "first reminder"),
        (13, "first reminder"),
    ]


LARGE = "when: {amount_due: {at_least: 500}}"


def test_a_step_passes_over_whom_it_is_not_for(desk: Desk) -> None:
    text = rules(
        desk,
        f"day: 1, call: Ask for a day, {LARGE}",
        "day: 3, email: first reminder",
        "after: 10 days, email: final notice, unless: {amount_due: {less_than: 20}}",
    )
    played = {
        amount: days(desk, desk.play(text, desk.account(desk.invoice("i1", 0, amount)), range(40)))
        for amount in ("10", "100", "900")
    }
    assert played == {
        "10": [(3, "first reminder")],
        "100": [(3, "first reminder"), (13, "final notice")],
        "900": [(1, "Ask for a day"), (3, "first reminder"), (13, "final notice")],
    }


def test_an_unknown_condition_waits_and_is_reported(desk: Desk) -> None:
    text = rules(desk, f"day: 1, email: first reminder, {LARGE}", "day: 3, email: final notice")
    account = desk.account(desk.invoice("i1", 9, currency="USD", rate=None))
    plan = desk.plan(text, account)
    assert not plan.actions
    (held,) = plan.held_back
    assert held.why.startswith("possibly not for it: first reminder: amount_due is unknown")
    assert next_words(desk, text, account).startswith(
        f"I1: first reminder due since {desk.today - timedelta(8)}, if it is for this invoice:"
    )


def test_a_condition_is_asked_on_its_steps_day(desk: Desk) -> None:
    text = rules(desk, f"day: 9, email: first reminder, {LARGE}", "day: 12, email: final notice")
    account = desk.account(desk.invoice("i1", 0))
    assert next_words(desk, text, account) == (
        f"I1: first reminder on {desk.today + timedelta(9)}, "
        "if it is for this invoice then: amount_due GBP 100.00 (at least 500)"
    )
    assert days(desk, desk.play(text, account, range(30))) == [(12, "final notice")]


def test_nothing_follows_a_call_before_it_is_done(desk: Desk) -> None:
    text = rules(
        desk,
        "day: 1, call: Ask for a day, script: first call, then: wait until done",
        "after: 5 days, email: first reminder",
    )
    account = desk.account(desk.invoice("i1", 1))
    (call,) = desk.plan(text, account).actions
    payload = payload_of(call, TaskPayload)
    assert (payload.task, payload.is_call, payload.script) == ("Ask for a day", True, "first call")
    account = after(account, [call], desk.today)
    in_a_month = desk.today + timedelta(30)
    waiting = desk.plan(text, account, today=in_a_month)
    assert not waiting.actions
    assert [held.why for held in waiting.held_back] == [
        f"waits until it is done: Ask for a day, opened on {desk.today}"
    ]
    account = after_task_done(account, [call.key], in_a_month)
    assert [
        [action.step for action in desk.plan(text, account, today=in_a_month + wait).actions]
        for wait in (timedelta(4), timedelta(5))
    ] == [[], ["first reminder"]]


def test_a_letter_waits_only_for_its_own_invoice(desk: Desk) -> None:
    text = rules(
        desk,
        f"day: 1, call: Ask for a day, {LARGE}, then: wait until done",
        "day: 4, email: first reminder",
    )
    account = desk.account(desk.invoice("large", 9, "900"), desk.invoice("small", 9, "90"))
    actions = desk.plan(text, account).actions
    assert [(action.kind, [ref.id for ref in action.invoices]) for action in actions] == [
        (ActionKind.TASK, ["large"]),
        (ActionKind.REMINDER, ["small"]),
    ]


def entered(desk: Desk, overdue: int, seen_days_ago: int, **values: Any) -> Account:
    seen_on = desk.today - timedelta(seen_days_ago)
    account: Account = desk.account(desk.invoice("i1", overdue), **values)
    return account._replace(first_seen={"i1": seen_on})


def test_an_invoice_entered_late_waits_a_week(desk: Desk) -> None:
    text = rules(desk, "day: 1, email: first reminder", "day: 14, email: final notice")
    account = entered(desk, 40, 0)
    (held,) = desk.plan(text, account).held_back
    assert (held.why, held.next_date) == (
        f"it was overdue when it was first seen on {desk.today}: reminders wait 7 days",
        desk.today + timedelta(7),
    )
    assert days(desk, desk.play(text, account, range(40))) == [
        (7, "first reminder"),
        (20, "final notice"),
    ]
    assert next_words(desk, text, account) == f"I1: first reminder on {desk.today + timedelta(7)}"


@pytest.mark.parametrize(("overdue", "seen_days_ago"), [(1, 30), (30, 30), (40, 7)])
def test_an_invoice_known_in_time_does_not_wait(
    desk: Desk, overdue: int, seen_days_ago: int
) -> None:
    text = rules(desk, "day: 1, email: first reminder")
    assert len(desk.plan(text, entered(desk, overdue, seen_days_ago)).actions) == 1


def test_a_cadence_says_how_long_late_entries_wait(desk: Desk) -> None:
    for words, planned in (("none", [1, 1]), ("3 days", [0, 1])):
        text = rules(desk, "day: 1, task: Look", more=f"    wait_after_seen: {words}\n")
        plans = [desk.plan(text, entered(desk, 40, seen_ago)) for seen_ago in (0, 3)]
        assert [len(plan.actions) for plan in plans] == planned


def test_days_since_seen_are_unknown_before_that_day(desk: Desk) -> None:
    rule = "follow_ups: [{name: New, when: {days_since_seen: {at_most: 2}}, task: Look}]\n"
    plans = [desk.plan(desk.head + rule, entered(desk, 5, seen_ago)) for seen_ago in (-1, 0, 2, 3)]
    assert [len(plan.actions) for plan in plans] == [0, 1, 1, 0]
    unseen = desk.account(desk.invoice("i1", 5))
    assert not desk.plan(desk.head + rule, unseen).actions
