"""Letters by mail: one a moment, the note after it, and no second one when it may be out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email import message_from_bytes, policy

import pytest
from msgspec.structs import replace
from tests.builders.books import RULES, Books, BooksPlatform, BooksWorld, Fault
from tests.builders.driver import App
from tests.builders.mail_server import AnyPort, Sink

from arsync.core.actions import ActionKind, ActionState
from arsync.errors import OutcomeUnknown, RetryLater
from arsync.mail import language
from arsync.outbox import LIMITS

BY_MAIL = RULES.replace("via: accounting system", "via: smtp")
REMINDER = ActionKind.REMINDER


@pytest.fixture
def mailing(world: BooksWorld) -> BooksWorld:
    world.rules(BY_MAIL)
    return world


@pytest.fixture
def sink() -> Iterator[tuple[Sink, int]]:
    sink = Sink()
    controller = AnyPort(sink, hostname="127.0.0.1", port=0)
    controller.start()
    yield sink, controller.port
    controller.stop()


def test_one_letter_lists_the_batchs_invoices_with_a_note(
    mailing: BooksWorld, sink: tuple[Sink, int]
) -> None:
    contact = mailing.books.add_contact(1, email="jane@acme.example")
    mailing.books.add_invoice(contact, 1, overdue=20)
    mailing.books.add_invoice(contact, 2, overdue=3)
    url = f"smtp://127.0.0.1:{sink[1]}"
    smtp = replace(mailing.config.smtp, url=url, copy_to="archive@example.com")
    mailing.app.close()
    config = replace(mailing.config, smtp=smtp)
    platform = BooksPlatform(mailing.books)
    with App(config, clock=mailing.clock, platforms=lambda _: platform) as app:
        (result,) = app.sync()
        assert not result.all_problems
    (envelope,) = sink[0].envelopes
    assert envelope.rcpt_tos == ["jane@acme.example", "archive@example.com"]
    assert isinstance(envelope.content, bytes)
    message = message_from_bytes(envelope.content, policy=policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "INV-1" in text
    assert "INV-2" in text
    assert "GBP 200.00" in text
    assert "https://in.example/i1" in text
    row = mailing.the_row(REMINDER)
    assert message["X-Arsync-Key"] == row.key
    assert row.state is ActionState.CONFIRMED
    (note,) = mailing.books.emails
    assert "mail to jane@acme.example: 250 2.0.0 queued as 42" in note.text


def test_the_mail_is_recorded_before_the_note_is_tried(mailing: BooksWorld) -> None:
    mailing.books.add_invoice(mailing.books.add_contact(1), 1)
    mailing.books.faults.append(Fault("perform", RetryLater("busy", after_seconds=60)))
    mailing.sync()
    assert len(mailing.books.mails) == 1
    assert mailing.the_row(REMINDER).state is ActionState.SENT
    assert mailing.books.emails == []
    mailing.advance(minutes=15)
    mailing.sync()
    assert len(mailing.books.mails) == 1
    assert len(mailing.books.emails) == 1
    assert mailing.the_row(REMINDER).state is ActionState.CONFIRMED


def test_a_possibly_sent_mail_is_repeated_only_by_request(mailing: BooksWorld) -> None:
    mailing.books.add_invoice(mailing.books.add_contact(1), 1)
    mailing.books.faults.append(Fault("mail", OutcomeUnknown("it broke off"), after=True))
    for _ in range(3):
        result = mailing.sync()
        mailing.advance(days=1)
    assert len(mailing.books.mails) == 1
    assert "it cannot be determined which (it broke off)" in result.waits[0]
    mailing.app.resolve(mailing.the_row(REMINDER).key, sent=True, who="Jane")
    mailing.sync()
    assert len(mailing.books.mails) == 1
    assert mailing.the_row(REMINDER).state is ActionState.CONFIRMED


def test_a_mail_server_down_is_retried_next_run(mailing: BooksWorld) -> None:
    for number in range(1, 7):
        mailing.books.add_invoice(mailing.books.add_contact(number), number)
    down = [Fault("mail", RetryLater("cannot be reached", after_seconds=300)) for _ in range(9)]
    mailing.books.faults += down
    result = mailing.sync()
    assert mailing.books.calls.count("mail") == LIMITS.mail_failures_max
    assert result.all_problems == ["cannot be reached"]
    assert result.applied is not None
    assert result.applied.emails_left_over == 3
    mailing.books.faults.clear()
    mailing.advance(minutes=15)
    mailing.sync()
    assert len(mailing.books.mails) == 6


def test_a_notice_keeps_its_years_number_over_new_year(mailing: BooksWorld) -> None:
    mailing.rules(BY_MAIL.replace("email: first reminder", "email: final notice"))
    letters = replace(mailing.config.letters, notice_number="{year}/{number}")
    mailing.config = replace(mailing.config, letters=letters)
    mailing.restart()
    mailing.books.add_invoice(mailing.books.add_contact(1), 1, overdue=-38)
    mailing.books.faults.append(Fault("mail", RetryLater("cannot be reached", after_seconds=300)))
    mailing.advance(days=41)
    mailing.sync()
    assert mailing.books.mails == []
    mailing.advance(days=1)
    mailing.sync()
    row = mailing.the_row(REMINDER)
    assert (str(row.sent_on), row.state) == ("2027-01-01", ActionState.CONFIRMED)
    ((_, outgoing),) = mailing.books.mails
    assert b"2026/1" in outgoing.content
    assert b"2027/1" not in outgoing.content
    assert mailing.app.history(row.key).notice_number == "2026/1"


def test_an_invoice_due_after_approval_is_not_added(mailing: BooksWorld) -> None:
    contact = mailing.books.add_contact(1)
    mailing.books.add_invoice(contact, 1, overdue=5)
    mailing.app.pull(mailing.name)
    mailing.app.prepare(mailing.name)
    mailing.books.add_invoice(contact, 2, overdue=2)
    mailing.app.pull(mailing.name)
    mailing.app.apply(mailing.name)
    ((_, outgoing),) = mailing.books.mails
    assert b"INV-1" in outgoing.content
    assert b"INV-2" not in outgoing.content


def test_a_letter_as_pdf_is_attached_with_todays_amounts(
    books: Books, make_world: Callable[..., BooksWorld]
) -> None:
    world = make_world(books)
    world.rules(RULES.replace("email: first reminder", "letter: first reminder"))
    books.add_invoice(books.add_contact(1), 1)
    world.sync()
    (letter,) = [done.write for done in books.done if done.kind is ActionKind.LETTER]
    assert letter.file.startswith(b"%PDF-")
    assert letter.file_type == "application/pdf"
    assert letter.file_name == "first reminder INV-1.pdf"
    assert world.the_row(ActionKind.LETTER).state is ActionState.CONFIRMED


def test_a_customers_mails_are_one_conversation(mailing: BooksWorld) -> None:
    contact = mailing.books.add_contact(1)
    invoice = mailing.books.add_invoice(contact, 1, overdue=3)
    for _ in range(3):
        mailing.sync()
        mailing.advance(days=14)
    (first_key, first), (second_key, second), *_ = mailing.books.mails
    assert first.message["In-Reply-To"] is None
    assert second.message["In-Reply-To"] == first.message["Message-ID"]
    mailing.books.pay(invoice)
    mailing.books.add_invoice(contact, 2, overdue=3)
    mailing.sync()
    latest_key, latest = mailing.books.mails[-1]
    assert latest_key not in {first_key, second_key}
    assert latest.message["In-Reply-To"] is None, "all was paid: a new conversation"


def test_a_notice_keeps_its_number_over_tries(mailing: BooksWorld) -> None:
    mailing.rules(BY_MAIL.replace("email: first reminder", "email: final notice"))
    mailing.books.add_invoice(mailing.books.add_contact(1), 1, overdue=3)
    mailing.books.add_invoice(mailing.books.add_contact(2), 2, overdue=3)
    mailing.books.faults.append(Fault("mail", RetryLater("busy", after_seconds=60)))
    mailing.sync()
    mailing.advance(hours=1)
    mailing.sync()
    assert len({key for key, _ in mailing.books.mails}) == 2
    register = mailing.store.letters.register(mailing.connection.id)
    assert [(notice.number, notice.text) for notice in register] == [
        (1, "final notice"),
        (2, "final notice"),
    ]
    states = [notice.row.state for notice in register if notice.row is not None]
    assert states == [ActionState.CONFIRMED] * 2


def test_a_reminder_names_the_letter_before_it(mailing: BooksWorld) -> None:
    mailing.books.add_invoice(mailing.books.add_contact(1), 1, overdue=3)
    mailing.sync()
    first_day = mailing.clock.moment.date()
    mailing.advance(days=14)
    mailing.sync()
    (_, first), (_, second) = mailing.books.mails
    texts = [mail.message.get_body(("plain",)).get_content() for mail in (first, second)]
    assert "wrote to you" not in texts[0]
    day = language("en").day(first_day)
    assert f"We wrote to you on {day}." in " ".join(texts[1].split())
    assert second.message["Subject"].startswith("Second reminder: ")


def test_of_two_with_one_address_the_second_waits(mailing: BooksWorld) -> None:
    for number in (1, 2):
        contact = mailing.books.add_contact(number, email="office@group.example")
        mailing.books.add_invoice(contact, number)
    mailing.app.pull(mailing.name)
    (plan,) = mailing.app.plan(mailing.name)
    due = [action.contact_name for action in plan.actions if action.kind is REMINDER]
    assert due == ["Customer 1", "Customer 2"], "on one day, before anything left"
    mailing.sync()
    assert len(mailing.books.mails) == 1
    first, second = mailing.rows()
    assert (first.action.contact_name, first.state) == ("Customer 1", ActionState.CONFIRMED)
    assert (second.action.contact_name, second.state) == ("Customer 2", ActionState.WITHDRAWN)
    assert second.reason == "last message on 2026-11-20; 5 days between messages"
    mailing.advance(days=4)
    mailing.sync()
    assert len(mailing.books.mails) == 1
    mailing.advance(days=1)
    mailing.sync()
    assert len(mailing.books.mails) == 2
    (second,) = (row for row in mailing.rows() if row.key == second.key)
    assert (second.state, str(second.sent_on)) == (ActionState.CONFIRMED, "2026-11-25")
