"""Nothing leaves that a person was to see first, and what leaves says what is true today."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.builders.books import NOW, RULES, Books, BooksWorld

from arsync.core.actions import ActionKind, ActionState
from arsync.store.models import Mode

REMINDER = ActionKind.REMINDER
WORKDAYS = RULES.replace("every day", "business days").replace("00:01-23:59", "09:00-17:00")
BY_MAIL = WORKDAYS.replace("accounting system", "smtp")
SATURDAY = NOW + timedelta(days=1)
MONDAY = NOW + timedelta(days=3)


@pytest.fixture
def weekend(books: Books, make_world: Callable[..., BooksWorld]) -> BooksWorld:
    """Return a world on a Saturday: what is approved today leaves on Monday."""
    world = make_world(books)
    world.clock.moment = SATURDAY
    world.rules(WORKDAYS)
    books.add_invoice(books.add_contact(1), 1)
    world.sync()
    assert world.the_row(REMINDER).state is ActionState.APPROVED
    return world


def test_automatic_approvals_wait_once_the_mode_becomes_approve(weekend: BooksWorld) -> None:
    weekend.app.set_mode(weekend.name, Mode.APPROVE)
    weekend.clock.moment = MONDAY
    weekend.sync()
    assert weekend.books.emails == []
    assert weekend.the_row(REMINDER).state is ActionState.AWAITING_APPROVAL
    weekend.app.approve(who="Jane")
    weekend.sync()
    assert len(weekend.books.emails) == 1


def test_automatic_approvals_wait_once_the_rulebook_requires_approval(weekend: BooksWorld) -> None:
    weekend.rules(WORKDAYS.replace("first reminder", "first reminder, approval: required"))
    weekend.clock.moment = MONDAY
    weekend.sync()
    assert weekend.books.emails == []
    assert weekend.the_row(REMINDER).state is ActionState.AWAITING_APPROVAL


@pytest.mark.parametrize("change", ["mode", "rulebook"])
def test_apply_sends_nothing_that_now_needs_approval(weekend: BooksWorld, change: str) -> None:
    if change == "mode":
        weekend.app.set_mode(weekend.name, Mode.APPROVE)
    else:
        weekend.rules(WORKDAYS.replace("first reminder", "first reminder, approval: required"))
    weekend.clock.moment = MONDAY
    weekend.app.apply(weekend.name)
    assert weekend.books.emails == []
    row = weekend.the_row(REMINDER)
    assert row.state is ActionState.WITHDRAWN
    assert "now requires approval" in row.reason


def test_an_approval_is_not_that_of_a_later_role(weekend: BooksWorld) -> None:
    asks = WORKDAYS.replace("first reminder", "first reminder, approval: required")
    weekend.rules(asks)
    weekend.sync()
    weekend.app.approve(who="Jane")
    weekend.rules(asks.replace("required", "{by: finance director}"))
    weekend.clock.moment = MONDAY
    weekend.app.apply(weekend.name)
    assert weekend.books.emails == []
    assert "before it needed that of finance director" in weekend.the_row(REMINDER).reason
    weekend.sync()
    row = weekend.the_row(REMINDER)
    assert (row.state, row.reason) == (
        ActionState.AWAITING_APPROVAL,
        "the rulebook asks for approval by finance director",
    )


def test_an_approval_is_not_that_of_another_way(weekend: BooksWorld) -> None:
    asks = WORKDAYS.replace("first reminder", "first reminder, approval: required")
    weekend.rules(asks)
    weekend.sync()
    weekend.app.approve(who="Jane")
    weekend.rules(asks.replace("accounting system", "smtp"))
    weekend.clock.moment = MONDAY
    weekend.app.apply(weekend.name)
    assert not weekend.books.emails
    assert not weekend.books.mails
    assert weekend.the_row(REMINDER).reason == (
        "it was approved through the accounting system, and would leave by email now"
    )
    weekend.sync()
    assert weekend.the_row(REMINDER).state is ActionState.AWAITING_APPROVAL


def test_personally_approved_actions_leave_in_any_mode(weekend: BooksWorld) -> None:
    weekend.app.set_mode(weekend.name, Mode.APPROVE)
    weekend.sync()
    weekend.app.approve(who="Jane")
    weekend.app.set_mode(weekend.name, Mode.AUTO)
    weekend.app.set_mode(weekend.name, Mode.APPROVE)
    weekend.clock.moment = MONDAY
    weekend.sync()
    assert len(weekend.books.emails) == 1


def test_observe_stops_a_run_between_two_messages(
    books: Books, make_world: Callable[..., BooksWorld]
) -> None:
    world = make_world(books)
    for number in (1, 2, 3):
        books.add_invoice(books.add_contact(number), number)

    def owner_takes_fright(name: str) -> None:
        if name == "perform" and world.connection.mode != Mode.OBSERVE:
            world.app.set_mode(world.name, Mode.OBSERVE)

    books.before_call = owner_takes_fright
    world.sync()
    assert len(books.emails) == 1


def disputed_until_saturday(world: BooksWorld) -> None:
    """Let an older invoice be at its first step, and a younger one at its second."""
    contact = world.books.add_contact(1)
    world.books.add_invoice(contact, 2, overdue=0)
    world.app.pull(world.name)
    world.clock.moment = NOW + timedelta(days=3)  # Monday: the first reminder of INV-2
    world.sync()
    assert len(world.books.mails) == 1
    world.books.add_invoice(contact, 1, overdue=2)
    world.clock.moment = NOW + timedelta(days=15)  # Saturday, before INV-2's second step


@pytest.fixture
def two_steps(books: Books, make_world: Callable[..., BooksWorld]) -> BooksWorld:
    """Return a world on a Saturday with a letter approved; by Monday more is due."""
    world = make_world(books)
    world.rules(BY_MAIL)
    disputed_until_saturday(world)
    world.sync()
    (row,) = [row for row in world.rows(ActionState.APPROVED) if row.action.kind is REMINDER]
    assert [ref.number for ref in row.action.invoices] == ["INV-1"]
    assert row.action.step == "first reminder"
    world.clock.moment = NOW + timedelta(days=17)
    return world


def test_a_waiting_letter_is_sent_as_planned_last(two_steps: BooksWorld) -> None:
    two_steps.sync()
    outgoing = two_steps.books.mails[-1][1]
    assert b"INV-1" in outgoing.content
    assert b"INV-2" in outgoing.content
    (row,) = [row for row in two_steps.rows() if len(row.action.invoices) == 2]
    assert row.action.step == "second reminder"
    assert "2 invoices, GBP 200.00" in row.action.note


def test_an_invoice_left_out_does_not_sharpen_the_letter(
    two_steps: BooksWorld,
) -> None:
    two_steps.app.apply(two_steps.name)
    outgoing = two_steps.books.mails[-1][1]
    assert b"INV-2" not in outgoing.content
    note = two_steps.books.done[-1].write
    assert note.action.step == "first reminder"
    assert "GBP 100.00 due" in note.text
    # What was left out comes with the next moment, as if nothing had been said of it.
    two_steps.advance(days=7)
    two_steps.sync()
    assert b"INV-2" in two_steps.books.mails[-1][1].content


def test_a_message_is_stored_as_it_was_sent(world: BooksWorld) -> None:
    invoice = world.books.add_invoice(world.books.add_contact(1), 1)
    world.app.pull(world.name)
    world.app.prepare(world.name)
    world.books.invoices["i1"] = invoice._replace(amount_due=invoice.amount_due / 2)
    world.app.apply(world.name)
    row = world.the_row(REMINDER)
    assert row.action.invoices[0].amount_due == invoice.amount_due / 2
    assert "GBP 50.00" in row.action.note


def test_a_refused_letter_is_refused_for_all_its_invoices(
    books: Books, make_world: Callable[..., BooksWorld]
) -> None:
    world = make_world(books, mode=Mode.APPROVE)
    world.rules(BY_MAIL)
    contact = books.add_contact(1)
    books.add_invoice(contact, 1, overdue=5)
    books.add_invoice(contact, 2, overdue=4)
    world.sync()
    world.app.reject([world.the_row(REMINDER).key], why="I shall call them", who="Jane")
    result = world.sync()
    assert len(world.rows()) == 1
    assert result.plan is not None
    assert {(held.invoice_number, held.why) for held in result.plan.held_back} == {
        ("INV-1", "the step was refused"),
        ("INV-2", "the step was refused"),
    }
