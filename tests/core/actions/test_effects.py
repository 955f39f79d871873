"""The stepper: what was planned, done, is the state that the next day is planned from."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from msgspec.structs import replace
from tests.builders.actions import a_payload, an_action

from arsync.core.actions import Action, ActionKind, InvoiceRef
from arsync.core.actions.effects import (
    after,
    after_reasons,
    after_refusal,
    after_task_done,
    leaves_on,
    steps_taken,
    still_taken,
)
from arsync.core.ledger.records import SentStep

Desk = Any
TODAY = date(2026, 11, 20)


def a_reminder(step: str = "first reminder", day: int = 1) -> Action:
    ref = InvoiceRef("i1", "INV-1", Decimal(5), "GBP", 2, step, day)
    return an_action(
        ActionKind.REMINDER,
        invoices=(ref,),
        subject=f"i1 day {day}",
        batch_id="m",
        details={"cadence": "Standard cadence"},
    )


def test_a_reminder_records_its_step_and_batch(desk: Desk) -> None:
    account = after(desk.account(desk.invoice("i1", 5)), [a_reminder()], TODAY)
    step = account.sent[0]
    assert step[:6] == ("i1", 2, "Standard cadence", 1, "first reminder", TODAY)
    assert step.moment == "m"
    assert account.done_keys == {a_reminder().key}


def test_nothing_done_leaves_the_account_as_it_is(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 5))
    assert after(account, [], TODAY) is account


def test_only_a_cadences_task_counts_as_a_step(desk: Desk) -> None:
    step = replace(a_reminder("Call", 7), payload=a_payload(ActionKind.TASK), batch_id="")
    ref = InvoiceRef("i1", "INV-1", Decimal(5), "GBP")
    follow_up = an_action(ActionKind.TASK, invoices=(ref,), subject="promised")
    account = after(desk.account(), [step, follow_up], TODAY)
    assert [(sent_step.step, sent_step.moment) for sent_step in account.sent] == [("Call", "")]
    assert account.open_tasks == (step.key, follow_up.key)
    assert after_task_done(account, [step.key], TODAY).open_tasks == (follow_up.key,)


def test_a_hold_is_placed_once_and_lifted_with_terms(desk: Desk) -> None:
    placed = [an_action(ActionKind.CREDIT_HOLD, episode=3), an_action(ActionKind.TERMS, episode=3)]
    account = after(desk.account(), placed, TODAY)
    assert account.hold is not None
    assert account.hold[1:4] == (TODAY, 3, True)
    restored = after(account, [an_action(ActionKind.RESTORE_TERMS, episode=3)], TODAY)
    assert restored.hold is not None
    assert not restored.hold.terms_changed
    lifted = after(account, [an_action(ActionKind.LIFT_CREDIT_HOLD, episode=3)], TODAY)
    assert (lifted.hold, lifted.last_hold_episode) == (None, 3)


def test_terms_changed_before_the_hold_belong_to_it(desk: Desk) -> None:
    early = after(desk.account(), [an_action(ActionKind.TERMS)], TODAY)
    assert early.hold is None
    account = after(early, [an_action(ActionKind.CREDIT_HOLD)], TODAY)
    assert account.hold is not None
    assert account.hold.terms_changed


def test_what_is_refused_is_done_without_a_trace(desk: Desk) -> None:
    account = after_refusal(desk.account(), [a_reminder()])
    assert account.sent == ()
    assert account.done_keys == {a_reminder().key}


def test_a_refused_hold_may_return_after_its_reason_ends(desk: Desk) -> None:
    hold, letter = an_action(ActionKind.CREDIT_HOLD), a_reminder()
    account = after_refusal(desk.account(), [hold, letter])
    assert account.refused == {hold.key}, "a step has no reason that could go"
    again = after_reasons(account, [hold.key])
    assert not again.refused
    assert again.done_keys == {letter.key}


def test_other_kinds_take_no_step() -> None:
    assert steps_taken(an_action(ActionKind.NOTE), TODAY) == []


def test_a_message_waits_for_its_sending_day() -> None:
    monday = datetime(2026, 11, 23, 9, tzinfo=UTC)
    message = replace(a_reminder(), not_before=monday)
    assert not leaves_on(message, monday.date() - timedelta(1))
    assert leaves_on(message, monday.date())
    assert leaves_on(an_action(ActionKind.CREDIT_HOLD), TODAY)


def test_a_replaced_tasks_step_does_not_come_again() -> None:
    def step(day: int, invoice: str = "i1") -> SentStep:
        return SentStep(invoice, 1, "Calls", day, "Call", date(2026, 6, day), "")

    first, second, other = step(7), step(30), step(7, "i2")
    # The first was passed by the second; nothing passed the step of the other invoice.
    assert still_taken([first, second, other], [first, other]) == (first, second)
    assert still_taken([first, second], [first, second]) == ()
    assert still_taken([first, second], []) == (first, second)
