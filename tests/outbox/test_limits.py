"""Limits that reach beyond the outbox: into planning, the store's counts, the settings.

Those of a run alone are reached in `test_worker_limits.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from msgspec.structs import replace
from tests.builders.books import RULES, Books, BooksWorld, Fault

from arsync.core.actions import ActionKind, ActionState, Via
from arsync.errors import RetryLater
from arsync.outbox import LIMITS

REMINDER = ActionKind.REMINDER
BY_MAIL = RULES.replace("via: accounting system", "via: smtp")


def test_an_action_given_up_does_not_skip_its_step(
    books: Books, make_world: Callable[..., BooksWorld]
) -> None:
    world = make_world(books, limits=LIMITS._replace(attempts_max=3))
    books.add_invoice(books.add_contact(1), 1)
    books.faults += [Fault("perform", RetryLater("busy", after_seconds=60)) for _ in range(9)]
    pauses: list[timedelta] = []
    for _ in range(3):
        world.sync()
        row = world.the_row(REMINDER)
        assert row.not_before is not None
        pauses.append(row.not_before - world.clock.now())
        world.clock.moment = row.not_before
    result = world.sync()
    row = world.the_row(REMINDER)
    assert row.state is ActionState.WITHDRAWN
    assert row.reason == "given up after 3 attempts"
    (problem,) = result.all_problems
    assert problem == (
        "reminder for Customer 1 about INV-1: given up after 3 attempts; the last time: busy"
    )
    books.faults.clear()
    world.sync()
    (email,) = books.emails
    assert email.action.step == "first reminder"
    assert pauses == [timedelta(seconds=60), timedelta(seconds=120), timedelta(seconds=240)]


def test_emails_have_a_limit_and_the_rest_waits(
    books: Books, make_world: Callable[..., BooksWorld]
) -> None:
    world = make_world(books, limits=LIMITS._replace(emails_per_day_max=2))
    for number in range(1, 5):
        books.add_invoice(books.add_contact(number), number)
    result = world.sync()
    assert len(books.emails) == 2
    assert result.applied is not None
    assert result.applied.emails_left_over == 2
    world.advance(days=1)
    world.sync()
    assert len(books.emails) == 4


def test_smtp_letters_are_not_bound_by_the_platforms_limit(
    books: Books, make_world: Callable[..., BooksWorld]
) -> None:
    world = make_world(books)
    world.config = replace(world.config, smtp=replace(world.config.smtp, emails_per_day=3))
    world.restart()
    world.rules(BY_MAIL)
    for number in range(1, 6):
        books.add_invoice(books.add_contact(number), number)
    books.capabilities = books.capabilities._replace(emails_per_day_max=1)
    result = world.sync()
    assert len(books.mails) == 3, "as many as the limit of SMTP allows"
    assert result.applied is not None
    assert result.applied.emails_left_over == 2
    # What left by SMTP takes nothing from the platform's own emails.
    world.rules(RULES)
    world.sync()
    by_platform = [email for email in books.emails if email.action.via == Via.PLATFORM]
    assert len(by_platform) == 1


def test_a_customers_records_are_reread_once_a_batch(world: BooksWorld) -> None:
    contact = world.books.add_contact(1)
    for number in range(1, 4):
        world.books.add_invoice(contact, number)
    world.sync()
    assert len(world.books.emails) == 3
    assert world.books.calls.count("read") == 2
    late = world.books.add_contact(2)
    for number in range(4, 6):
        world.books.add_invoice(late, number)

    def slow(name: str) -> None:
        if name == "perform":
            world.advance(seconds=LIMITS.fresh_seconds + 1)

    world.books.before_call = slow
    world.sync()
    assert world.books.calls.count("read") == 6


def test_only_a_limited_number_of_invoices_is_reread(
    books: Books, make_world: Callable[..., BooksWorld]
) -> None:
    world = make_world(books, limits=LIMITS._replace(reread_invoices_max=2))
    contact = books.add_contact(1)
    for number in range(1, 5):
        books.add_invoice(contact, number, overdue=-20)
    late = books.add_invoice(contact, 5)
    world.sync()
    assert world.books.emails[0].action.invoices[0].id == late.id
    assert books.last_read == ["i5", "i1"]


def test_messages_wait_when_data_grow_old_while_sending(world: BooksWorld) -> None:
    """A run that the platform slows down for a day does not go on with yesterday's figures."""
    for number in (1, 2):
        world.books.add_invoice(world.books.add_contact(number), number)

    def slow(call: str) -> None:
        if call == "perform" and len(world.books.emails) == 0:
            world.advance(hours=27)

    world.books.before_call = slow
    result = world.sync()
    assert len(world.books.emails) == 1
    (pause,) = result.paused
    assert pause.rule == "data_not_older_than"
    assert [row.action.kind for row in world.rows(ActionState.APPROVED)] == [ActionKind.REMINDER]
    world.books.before_call = lambda _: None
    assert world.sync().paused == ()
    assert len(world.books.emails) == 2
