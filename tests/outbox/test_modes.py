"""Nothing by surprise: observe writes nothing, approve waits for all, auto for what it must."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from tests.builders.books import RULES, TODAY, Books, BooksWorld
from tests.builders.printed import printed

from arsync.application.persons_words import recorded_view
from arsync.core.actions import ActionKind, ActionState, PromisePayload
from arsync.errors import UserMistake
from arsync.store.models import Mode

REMINDER = ActionKind.REMINDER
WAITING = ActionState.AWAITING_APPROVAL


@pytest.fixture
def observing(books: Books, make_world: Callable[..., BooksWorld]) -> BooksWorld:
    return make_world(books, mode=Mode.OBSERVE)


@pytest.fixture
def careful(books: Books, make_world: Callable[..., BooksWorld]) -> BooksWorld:
    return make_world(books, mode=Mode.APPROVE)


def test_observe_plans_and_writes_nothing_at_all(observing: BooksWorld) -> None:
    observing.books.add_invoice(observing.books.add_contact(1), 1, amount="9000")
    result = observing.sync()
    assert result.plan is not None
    assert {action.kind for action in result.plan.actions} == {
        REMINDER,
        ActionKind.CREDIT_HOLD,
        ActionKind.TERMS,
    }
    assert observing.rows() == []
    assert observing.books.done == []
    assert set(observing.books.calls) == {"pull"}
    assert result.exit_code == 0


def test_observe_records_a_promise_without_writing_its_note(observing: BooksWorld) -> None:
    observing.books.add_invoice(observing.books.add_contact(1), 1)
    observing.sync()
    recorded = observing.app.promise("INV-1", TODAY + timedelta(days=3), who="Jane")
    assert recorded.row is None
    assert "books only observes: no note goes to the accounting system" in recorded.message
    result = observing.sync()
    assert result.plan is not None
    assert result.plan.actions == ()
    assert observing.books.done == []


def test_what_was_recorded_while_observing_is_not_written_later(observing: BooksWorld) -> None:
    observing.books.add_invoice(observing.books.add_contact(1), 1)
    observing.sync()
    observing.app.promise("INV-1", TODAY + timedelta(days=3), who="Jane")
    observing.advance(days=1)
    observing.app.set_mode(observing.name, Mode.AUTO)
    observing.sync()
    assert observing.books.keys(ActionKind.PROMISE) == []


def test_back_to_observe_means_that_nothing_more_leaves(world: BooksWorld) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.app.pull(world.name)
    world.app.prepare(world.name)
    world.app.set_mode(world.name, Mode.OBSERVE)
    world.app.apply(world.name)
    world.sync()
    assert world.books.done == []


def test_approve_lets_everything_wait_for_a_person(careful: BooksWorld) -> None:
    careful.books.add_invoice(careful.books.add_contact(1), 1, amount="9000")
    result = careful.sync()
    assert {row.state for row in careful.rows()} == {WAITING}
    assert careful.books.done == []
    assert result.exit_code == 3
    assert result.waits == ["2 decisions wait for approval"]


def test_an_action_is_approved_by_its_keys_beginning(careful: BooksWorld) -> None:
    for number in (1, 2):
        careful.books.add_invoice(careful.books.add_contact(number), number)
    careful.sync()
    first, second = careful.app.waiting()
    (done,) = careful.app.approve([first.row.key[:8]], who="Jane")
    assert done.row.state is ActionState.APPROVED
    careful.sync()
    assert careful.books.keys(REMINDER) == [first.row.key]
    assert careful.store.actions.get(second.row.key).state is WAITING
    history = careful.app.history(first.row.key)
    assert [(event.actor, event.to_state.value) for event in history.events][2] == (
        "Jane",
        "approved",
    )


def test_a_person_approves_everything(careful: BooksWorld) -> None:
    for number in (1, 2):
        careful.books.add_invoice(careful.books.add_contact(number), number)
    careful.sync()
    assert len(careful.app.approve(who="Jane")) == 2
    careful.sync()
    assert len(careful.books.emails) == 2


def test_an_action_refused_by_a_person_stays_refused(
    careful: BooksWorld,
) -> None:
    careful.books.add_invoice(careful.books.add_contact(1), 1)
    careful.sync()
    (waiting,) = careful.app.waiting()
    careful.app.reject([waiting.row.key], why="a friend", who="Jane")
    row = careful.the_row(REMINDER)
    assert (row.state, row.reason) == (ActionState.REJECTED, "a friend")
    careful.sync()
    assert careful.app.waiting() == []
    careful.advance(days=12)
    careful.sync()
    (following,) = careful.app.waiting()
    assert following.row.action.step == "second reminder"


def test_a_refused_step_returns_when_its_refusal_is_withdrawn(careful: BooksWorld) -> None:
    careful.books.add_invoice(careful.books.add_contact(1), 1)
    careful.sync()
    (waiting,) = careful.app.waiting()
    careful.app.reject([waiting.row.key], why="a friend", who="Jane")
    careful.app.take_back([waiting.row.key], why="a mistake", who="Jane")
    careful.sync()
    (again,) = careful.app.waiting()
    assert (again.row.key, again.row.action.step) == (waiting.row.key, "first reminder")
    careful.app.approve(who="Jane")
    careful.sync()
    careful.sync()
    assert len(careful.books.emails) == 1


def test_a_refused_step_stays_behind_a_later_one(careful: BooksWorld) -> None:
    careful.books.add_invoice(careful.books.add_contact(1), 1)
    careful.sync()
    (first,) = careful.app.waiting()
    careful.app.reject([first.row.key], why="a friend", who="Jane")
    careful.advance(days=12)
    careful.sync()
    careful.app.approve(who="Jane")
    careful.sync()
    assert len(careful.books.emails) == 1
    careful.app.take_back([first.row.key], why="a mistake", who="Jane")
    careful.advance(days=7)
    careful.sync()
    assert first.row.key not in {listed.row.key for listed in careful.app.waiting()}


def test_what_does_not_wait_cannot_be_approved_or_refused(world: BooksWorld) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.sync()
    key = world.the_row(REMINDER).key
    with pytest.raises(
        UserMistake, match=f"{key[:12]} does not wait for approval: it is confirmed"
    ):
        world.app.approve([key])
    with pytest.raises(UserMistake, match="does not wait for approval"):
        world.app.reject([key], why="x")


def test_what_waits_is_withdrawn_when_its_reason_goes(careful: BooksWorld) -> None:
    invoice = careful.books.add_invoice(careful.books.add_contact(1), 1)
    careful.sync()
    careful.books.pay(invoice)
    careful.sync()
    assert careful.the_row(REMINDER).state is ActionState.WITHDRAWN


def test_auto_asks_only_where_the_rulebook_does(world: BooksWorld) -> None:
    world.rules(RULES.replace("email: first reminder", "email: first reminder, approval: required"))
    world.books.add_invoice(world.books.add_contact(1), 1)
    held = world.books.add_contact(2)
    world.books.add_invoice(held, 2, overdue=-5, amount="9000")
    result = world.sync()
    assert world.books.keys(REMINDER) == []
    assert len(world.books.keys(ActionKind.CREDIT_HOLD)) == 1
    assert world.the_row(REMINDER).state is WAITING
    assert result.exit_code == 3


def test_above_a_safety_limit_nothing_leaves_without_approval(world: BooksWorld) -> None:
    for number in range(1, 13):
        world.books.add_invoice(world.books.add_contact(number), number)
    result = world.sync()
    assert world.books.done == []
    assert {row.state for row in world.rows()} == {WAITING}
    assert "12 emails in one plan; safety allows 10" in result.waits
    assert result.exit_code == 3
    world.sync()
    assert world.books.done == []
    world.app.approve(who="Jane")
    world.sync()
    assert len(world.books.emails) == 12


def test_automatic_approvals_wait_once_a_safety_limit_is_passed(world: BooksWorld) -> None:
    world.rules(RULES.replace("00:01-23:59", "12:00-16:00"))
    for number in range(1, 9):
        world.books.add_invoice(world.books.add_contact(number), number)
    world.sync()
    assert {row.state for row in world.rows()} == {ActionState.APPROVED}
    (row, *_) = world.rows()
    for number in range(9, 13):
        world.books.add_invoice(world.books.add_contact(number), number)
    world.advance(hours=1)
    world.sync()
    assert {row.state for row in world.rows()} == {WAITING}
    world.app.approve([row.key], who="Jane")
    world.advance(hours=2)
    world.sync()
    assert world.books.keys(REMINDER) == [row.key]


def test_a_dispute_is_noted_stops_reminders_and_is_settled(world: BooksWorld) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.app.pull(world.name)
    with pytest.raises(UserMistake, match="needs a reason"):
        world.app.dispute("INV-1")
    recorded = world.app.dispute("INV-1", reason="two boxes\nwere broken", who="Jane")
    assert printed(recorded_view(recorded))["action"]["state"] == "approved"
    world.sync()
    (opened,) = world.books.done
    assert opened.write.text == ("Dispute about INV-1: two boxes were broken. Recorded by Jane.")
    world.app.dispute("INV-1", settled=True, who="Jim")
    world.sync()
    assert len(world.books.keys(ActionKind.DISPUTE)) == 2
    assert len(world.books.emails) == 1


def test_a_promise_is_noted_with_its_day_and_amount(world: BooksWorld) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.app.pull(world.name)
    day = TODAY + timedelta(days=3)
    world.app.promise("inv-1", day, amount=Decimal("40.5"), who="Jane", note="by phone")
    world.sync()
    (done,) = world.books.done
    assert done.write.text == (
        "Promise to pay GBP 40.50 of INV-1 by 2026-11-23, recorded by Jane. by phone"
    )
    assert done.write.action.payload == PromisePayload(date(2026, 11, 23), Decimal("40.50"))
    world.app.promise("INV-1", day + timedelta(days=1), who="Jane")
    world.sync()
    assert len(world.books.keys(ActionKind.PROMISE)) == 2


def test_a_task_is_noted_when_opened_and_when_done(world: BooksWorld) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1, overdue=40)
    world.rules(
        RULES.replace("day: 30, task", "day: 2, task").replace(
            "      - {day: 1, email: first reminder}\n      - {day: 14, email: second reminder}\n",
            "",
        )
    )
    world.sync()
    (task,) = world.app.tasks()
    assert world.books.keys(ActionKind.TASK) == [task.row.key]
    world.app.done(task.row.key[:8], outcome="pays on Friday", who="Jane")
    assert world.app.tasks() == []
    world.sync()
    (note,) = [done.write for done in world.books.done if done.kind is ActionKind.TASK_DONE]
    assert note.text == "Task done by Jane: Call the customer. Outcome: pays on Friday"
    with pytest.raises(UserMistake, match="was done on"):
        world.app.done(task.row.key, outcome="again")


def test_a_task_is_no_message_and_delays_none(world: BooksWorld) -> None:
    contact = world.books.add_contact(1)
    world.rules(RULES.replace("day: 1, email: first reminder", "day: 1, task: Look at it"))
    world.books.add_invoice(contact, 1, overdue=2)
    world.sync()
    assert len(world.books.keys(ActionKind.TASK)) == 1
    world.books.add_invoice(contact, 2, overdue=3)
    world.rules(RULES)
    world.advance(minutes=15)
    world.sync()
    assert len(world.books.emails) == 1
