"""What nobody but a person can settle: it is explained, settled by a word, and never doubled."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.builders.books import RULES, TODAY, Books, BooksWorld, Fault

from arsync.application.decisions.unknown_outcomes import Link
from arsync.core.actions import ActionKind, ActionState, Via
from arsync.errors import OutcomeUnknown, RetryLater, UserMistake

REMINDER, HOLD, TASK = ActionKind.REMINDER, ActionKind.CREDIT_HOLD, ActionKind.TASK
ONLY_TASKS = RULES.replace("day: 1, email: first reminder", "day: 1, task: Ring them")


def lost(world: BooksWorld, *, sent: bool = False) -> str:
    """Let a reminder's answer be lost where nothing can tell; returns its key."""
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.books.faults.append(Fault("perform", OutcomeUnknown("the answer was lost"), after=sent))
    world.books.blind = True
    world.sync()
    return world.the_row(REMINDER).key


def platform_emails(world: BooksWorld) -> list[str]:
    """Return the invoices that were emailed; the notes about emails are left out."""
    emails = [email.action for email in world.books.emails if email.action.via == Via.PLATFORM]
    return [action.invoices[0].number for action in emails]


def unseen(world: BooksWorld, kind: ActionKind) -> str:
    """Let the platform take an action and not show it; returns its key."""
    world.sync()
    (key,) = world.books.keys(kind)
    world.books.done = [done for done in world.books.done if done.key != key]
    return key


def test_attempts_and_look_ups_are_explained(world: BooksWorld) -> None:
    key = lost(world)
    (unsettled,) = world.app.unsettled()
    assert unsettled.tried_at == world.clock.now()
    assert unsettled.happened == "the answer was lost"
    assert unsettled.looked == "the platform does not tell"
    assert unsettled.look_for == (
        "the history of INV-1 in Books: was it emailed on 20 Nov 2026 after 10:00 UTC?"
        f" Or is there a note ending in [arsync:{key[:16]}]?"
    )
    assert unsettled.links == (Link("INV-1", "https://books.example/org/invoices/i1"),)
    assert world.app.unsettled(key=key[:8]) == [unsettled]


def test_who_settled_it_and_why_is_kept(world: BooksWorld) -> None:
    key = lost(world)
    world.app.resolve(key[:6], sent=True, note="  it is in  her inbox", who="Jane")
    event = world.store.actions.events(key)[-1]
    assert (event.actor, event.from_state, event.to_state, event.at) == (
        "Jane",
        ActionState.UNKNOWN,
        ActionState.SENT,
        world.clock.now(),
    )
    assert event.reason == "Jane says that it was sent: it is in her inbox"


def test_an_action_resolved_as_sent_keeps_its_gap(world: BooksWorld) -> None:
    key = lost(world)
    world.app.resolve(key, sent=True, who="Jane")
    world.books.blind = False
    contact = world.books.contacts["c1"]
    world.books.add_invoice(contact, 2, overdue=-4)
    world.advance(days=4)
    world.sync()
    assert platform_emails(world) == []
    (account,) = world.store.ledger.accounts(world.connection.id)
    assert [(step.invoice_id, step.on) for step in account.sent] == [("i1", TODAY)]
    world.advance(days=1)
    world.sync()
    # The first invoice's first step is done; the second's is due when the gap is over.
    assert platform_emails(world) == ["INV-2"]


def test_an_action_resolved_as_unsent_leaves_under_another_key(world: BooksWorld) -> None:
    key = lost(world)
    world.app.resolve(key, sent=False, who="Jane")
    row = world.the_row(REMINDER)
    assert (row.state, row.generation) == (ActionState.APPROVED, 2)
    world.books.blind = False
    for _ in range(3):
        world.sync()
    assert [done.generation for done in world.books.done] == [2]
    assert world.the_row(REMINDER).state is ActionState.CONFIRMED


@pytest.mark.parametrize(
    ("state", "hint"),
    [
        (ActionState.CONFIRMED, ""),
        (ActionState.AWAITING_APPROVAL, "arsync approve KEY"),
        (ActionState.APPROVED, "arsync apply"),
        (ActionState.SENT, "the next run confirms it"),
    ],
)
def test_a_known_outcome_is_not_settled(
    books: Books, make_world: Callable[..., BooksWorld], state: ActionState, hint: str
) -> None:
    waits = state is ActionState.AWAITING_APPROVAL
    world = make_world(books, mode="approve" if waits else "auto")
    books.add_invoice(books.add_contact(1), 1)
    if state is ActionState.APPROVED:
        books.faults.append(Fault("perform", RetryLater("busy")))
    if state is ActionState.SENT:
        books.faults.append(Fault("find", OutcomeUnknown("not yet")))
    world.sync()
    row = world.the_row(REMINDER)
    assert row.state is state
    with pytest.raises(UserMistake, match=f"is known: it is {state.value}") as caught:
        world.app.resolve(row.key, sent=True, who="Jane")
    assert hint in str(caught.value)
    with pytest.raises(UserMistake, match="is known"):
        world.app.unsettled(key=row.key)
    assert world.the_row(REMINDER) == row


def test_a_persons_answer_overrides_a_look_up_under_way(world: BooksWorld) -> None:
    key = lost(world)
    world.books.blind = False
    answers: list[str] = []

    def jane_is_faster(name: str) -> None:
        if name == "find" and not answers:
            answers.append(name)
            world.app.resolve(key, sent=True, who="Jane")

    world.books.before_call = jane_is_faster
    result = world.sync()
    assert result.exit_code == 0
    assert world.the_row(REMINDER).state is ActionState.CONFIRMED
    assert platform_emails(world) == [], "only its note is written"


def test_an_unconfirmed_action_is_reported_then_needs_a_person(
    world: BooksWorld,
) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1, overdue=-60, amount="6000")
    hidden = Fault("find", OutcomeUnknown("not yet"))
    world.books.faults += [hidden, hidden]
    key = unseen(world, HOLD)
    assert world.the_row(HOLD).state is ActionState.SENT
    assert world.app.status()[0].unconfirmed == ()
    world.advance(days=1)
    assert [listed.row.key for listed in world.app.status()[0].unconfirmed][:1] == [key]
    world.advance(days=5)
    result = world.sync()
    assert any("does not show" in problem for problem in result.all_problems)
    assert world.the_row(HOLD).state is ActionState.SENT
    world.advance(days=1)
    result = world.sync()
    assert world.the_row(HOLD).state is ActionState.UNKNOWN
    assert any("it was sent, and does not show" in wait for wait in result.waits)
    for _ in range(3):
        world.advance(days=1)
        world.sync()
    assert world.books.keys(HOLD) == [], "what the platform once took is never repeated by itself"
    assert world.the_row(HOLD).state is ActionState.UNKNOWN


def test_without_mail_unconfirmed_actions_are_logged_twice_only(
    world: BooksWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1, overdue=-60, amount="6000")
    world.books.faults += [Fault("find", OutcomeUnknown("not yet"))] * 2
    unseen(world, HOLD)
    logged = []
    for _ in range(11):
        caplog.clear()
        world.sync()
        errors = [
            record.getMessage() for record in caplog.records if record.levelno == logging.ERROR
        ]
        logged.append((len(errors), world.the_row(HOLD).state))
        assert all("books: the outcome of 1 action is open" in error for error in errors)
        world.advance(days=1)
    days = [day for day, (count, _) in enumerate(logged) if count]
    assert [logged[day] for day in days] == [(1, ActionState.SENT), (1, ActionState.UNKNOWN)]
    assert days[0] == 1


@pytest.mark.parametrize("sent", [True, False])
def test_a_persons_word_settles_what_does_not_show(world: BooksWorld, sent: bool) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1, overdue=-60, amount="6000")
    world.books.faults.append(Fault("find", OutcomeUnknown("not yet")))
    key = unseen(world, HOLD)
    world.advance(days=7)
    world.sync()
    world.app.resolve(key, sent=sent, who="Jane")
    for _ in range(10):
        world.sync()
        world.advance(days=1)
    row = world.the_row(HOLD)
    assert row.state is ActionState.CONFIRMED
    assert len(world.books.keys(HOLD)) == (0 if sent else 1)
    assert ("Jane says that it was sent" in row.reason) is sent


def test_a_task_lacking_its_note_is_still_open(world: BooksWorld) -> None:
    world.rules(ONLY_TASKS)
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.books.faults.append(Fault("find", OutcomeUnknown("not yet")))
    key = unseen(world, TASK)
    world.advance(days=7)
    world.sync()
    assert world.the_row(TASK).state is ActionState.UNKNOWN
    assert [task.row.key for task in world.app.tasks()] == [key]
    (account,) = world.store.ledger.accounts(world.connection.id)
    assert account.open_tasks == (key,)
    world.app.done(key, outcome="will pay", who="Jane")
    assert world.app.tasks() == []


def test_a_machine_off_for_a_week_looks_up_first(world: BooksWorld) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1)
    world.books.faults.append(Fault("find", OutcomeUnknown("not yet")))
    world.sync()
    world.clock.advance(timedelta(days=8))
    world.sync()
    assert world.the_row(REMINDER).reason.startswith("read back")
