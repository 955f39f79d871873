"""Letters to references: once, with the applicant's consent, reminded once, told to nobody else."""

from __future__ import annotations

from decimal import Decimal
from email.message import EmailMessage

import pytest
from tests.builders.books import RULES, TODAY, BooksWorld, Fault

from arsync.application.credit.credit_applications import (
    ApplicantWords,
    ReferenceWords,
    apply_for_credit,
    change_application,
    record_reference,
)
from arsync.application.credit.credit_decisions import DecidedByHand, decide_credit, explained
from arsync.application.credit.credit_references import ask_reference, take_reference_back
from arsync.application.letters.previewing import LetterWanted, preview_letter
from arsync.application.permissions import Actor, Role
from arsync.application.timeline.customer_timeline import timeline
from arsync.core.actions import ActionKind, ActionState
from arsync.core.ledger.agreements.credit_applications import (
    CreditOutcome,
    CreditReference,
    ReferenceAnswer,
)
from arsync.errors import OutcomeUnknown, RetryLater, UserMistake
from arsync.store.models import Mode

OWNER = Actor("Olga", Role.OWNER)
ACCOUNTANT = Actor("Ann", Role.ACCOUNTANT)
LETTER = ActionKind.REFERENCE_LETTER
REMINDS = f"{RULES}credit_references: {{remind_after: 10 days}}\n"


def applied(world: BooksWorld, name: str = "Nova Ltd", *, consents: bool = True) -> int:
    words = ApplicantWords(limit=Decimal(4000), consented_on=TODAY if consents else None)
    number = apply_for_credit(OWNER, world.app, name, words).application.number
    record_reference(OWNER, world.app, number, "Acme Supply", email="accounts@acme.example")
    return number


def asked(world: BooksWorld, number: int, actor: Actor = OWNER) -> str:
    return ask_reference(actor, world.app, number, "acme supply").message


def reference(world: BooksWorld, number: int) -> CreditReference:
    (named,) = explained(OWNER, world.app, number).application.references
    return named


def mails(world: BooksWorld) -> list[EmailMessage]:
    return [mail.message for _, mail in world.books.mails]


def words_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


def test_a_prospects_reference_is_asked_once(world: BooksWorld) -> None:
    number = applied(world)
    assert asked(world, number).endswith("the letter leaves with the next run.")
    with pytest.raises(UserMistake, match="was asked by letter"):
        asked(world, number)
    for _ in range(3):
        world.sync()
        world.advance(days=1)
    (mail,) = mails(world)
    assert (mail["To"], mail["Subject"]) == (
        "Acme Supply <accounts@acme.example>",
        "Reference for Nova Ltd - Example Ltd",
    )
    text = words_of(mail)
    assert "Dear Acme Supply" in text
    assert "GBP 4,000.00" in text
    assert f"{TODAY.day} November 2026 that we may ask you" in text
    assert [part.get_content_type() for part in mail.walk()].count("text/html") == 1
    assert [file.get_filename() for file in mail.iter_attachments()] == [
        f"reference request {TODAY}.pdf"
    ]
    assert world.the_row(LETTER).state is ActionState.CONFIRMED
    assert world.books.done == [], "the books are told nothing of a reference"
    named = reference(world, number)
    assert (named.asked_on, named.letter_state) == (TODAY, "confirmed")


def test_without_consent_nobody_is_asked(world: BooksWorld) -> None:
    number = applied(world, consents=False)
    with pytest.raises(UserMistake, match="has not agreed that its references are asked"):
        asked(world, number)
    record_reference(OWNER, world.app, number, "By telephone")
    change_application(OWNER, world.app, number, ApplicantWords(consented_on=TODAY))
    with pytest.raises(UserMistake, match="has no address"):
        ask_reference(OWNER, world.app, number, "By telephone")
    with pytest.raises(UserMistake, match="names no reference 'Nobody'"):
        ask_reference(OWNER, world.app, number, "Nobody")
    world.store.connections.set_mode(world.name, Mode.OBSERVE)
    with pytest.raises(UserMistake, match="only observes"):
        asked(world, number)
    world.sync()
    assert mails(world) == []


def test_who_may_not_approve_has_it_approved(world: BooksWorld) -> None:
    number = applied(world)
    assert asked(world, number, ACCOUNTANT).endswith("the letter waits for approval.")
    world.sync()
    row = world.the_row(LETTER)
    assert (row.state, mails(world)) == (ActionState.AWAITING_APPROVAL, [])
    shown = preview_letter(ACCOUNTANT, world.app, LetterWanted(row.key))
    assert shown.shown.to == ("accounts@acme.example",)
    assert shown.pdf().startswith(b"%PDF")
    world.app.approve([row.key], who="Jane")
    world.sync()
    assert len(mails(world)) == 1


def test_a_letter_is_taken_back_before_it_leaves(world: BooksWorld) -> None:
    number = applied(world)
    asked(world, number)
    assert "is taken back" in take_reference_back(OWNER, world.app, number, "Acme Supply")
    world.sync()
    assert mails(world) == []
    with pytest.raises(UserMistake, match="nothing waits"):
        take_reference_back(OWNER, world.app, number, "Acme Supply")
    asked(world, number)
    world.sync()
    assert len(mails(world)) == 1
    with pytest.raises(UserMistake, match="What has left cannot be recalled"):
        take_reference_back(OWNER, world.app, number, "Acme Supply")


@pytest.mark.parametrize("meanwhile", ["answered", "decided", "another address"])
def test_a_letter_without_reason_is_withdrawn(world: BooksWorld, meanwhile: str) -> None:
    number = applied(world)
    asked(world, number)
    if meanwhile == "answered":
        said = ReferenceWords(ReferenceAnswer.GOOD)
        record_reference(OWNER, world.app, number, "Acme Supply", said=said)
    elif meanwhile == "decided":
        by_hand = DecidedByHand(CreditOutcome.REFUSE, reason="too new")
        decide_credit(OWNER, world.app, number, by_hand)
    else:
        record_reference(OWNER, world.app, number, "Acme Supply", email="new@acme.example")
    world.sync()
    assert mails(world) == []
    assert world.the_row(LETTER).state is ActionState.WITHDRAWN
    assert meanwhile.rsplit(maxsplit=1)[-1] in world.the_row(LETTER).reason


def test_it_is_reminded_once_when_rules_say(world: BooksWorld) -> None:
    world.rules(REMINDS)
    number = applied(world)
    asked(world, number)
    for _ in range(30):
        world.sync()
        world.advance(days=1)
    first, reminder = mails(world)
    assert reminder["Subject"] == "Reminder: reference for Nova Ltd - Example Ltd"
    assert f"On {TODAY.day} November 2026 we asked you" in words_of(reminder)
    named = reference(world, number)
    assert named.reminded_on is not None
    assert named.asked_on is not None
    assert (named.reminded_on - named.asked_on).days == 10
    assert first["Message-ID"] != reminder["Message-ID"]


def test_an_answer_keeps_the_reminder_away(world: BooksWorld) -> None:
    world.rules(REMINDS)
    number = applied(world)
    asked(world, number)
    world.sync()
    said = ReferenceWords(
        ReferenceAnswer.MIXED, known_for="6 years", limit_granted=Decimal(2500), pays="late"
    )
    record_reference(OWNER, world.app, number, "Acme Supply", said=said)
    world.advance(days=20)
    world.sync()
    assert len(mails(world)) == 1
    named = reference(world, number)
    assert (named.known_for, named.limit_granted, named.pays) == ("6 years", Decimal(2500), "late")
    assert "answer is taken back" in take_reference_back(OWNER, world.app, number, "Acme Supply")
    named = reference(world, number)
    assert (named.answer, named.known_for, named.asked_on) == (None, "", TODAY)


def test_reminders_wait_where_everything_does(world: BooksWorld) -> None:
    world.rules(REMINDS)
    number = applied(world)
    asked(world, number)
    world.sync()
    world.advance(days=11)
    world.store.connections.set_mode(world.name, Mode.APPROVE)
    world.sync()
    assert len(mails(world)) == 1
    assert reference(world, number).reminder_state == "awaiting approval"


def test_a_reminder_taken_back_stays_away(world: BooksWorld) -> None:
    """Nor does the next run plan another: a person has said no."""
    world.rules(REMINDS)
    number = applied(world)
    asked(world, number)
    world.sync()
    world.advance(days=11)
    world.store.connections.set_mode(world.name, Mode.APPROVE)
    world.sync()
    assert "is taken back" in take_reference_back(OWNER, world.app, number, "Acme Supply")
    world.store.connections.set_mode(world.name, Mode.AUTO)
    for _ in range(3):
        world.advance(days=1)
        world.sync()
    assert len(mails(world)) == 1
    assert reference(world, number).reminder_state == "rejected"


def test_an_uncertain_letter_is_never_repeated(world: BooksWorld) -> None:
    number = applied(world)
    asked(world, number)
    world.books.faults.append(Fault("mail", OutcomeUnknown("it broke off"), after=True))
    for _ in range(3):
        world.sync()
        world.advance(days=1)
    assert len(mails(world)) == 1
    row = world.the_row(LETTER)
    assert row.state is ActionState.UNKNOWN
    world.app.resolve(row.key, sent=True, who="Jane")
    world.sync()
    assert (len(mails(world)), world.the_row(LETTER).state) == (1, ActionState.CONFIRMED)


def test_a_busy_mail_server_gets_it_later(world: BooksWorld) -> None:
    number = applied(world)
    asked(world, number)
    world.books.faults.append(Fault("mail", RetryLater("busy", after_seconds=60)))
    world.sync()
    assert mails(world) == []
    world.advance(hours=1)
    world.sync()
    assert len(mails(world)) == 1


def test_a_customers_timeline_tells_of_it(world: BooksWorld) -> None:
    world.books.add_invoice(world.books.add_contact(1), 1, overdue=-10)
    world.app.pull(world.name)
    number = applied(world, "Customer 1")
    asked(world, number)
    world.sync()
    told = [event.text for event in timeline(OWNER, world.app, "Customer 1").events]
    assert ["Reference asked 'reference request'" in text for text in told].count(True) == 1
    assert "applied for credit with a limit of GBP 4,000.00" in told
    assert "Acme Supply was asked" not in told, "once"
    # It is no letter to the customer: nothing keeps a reminder waiting for it.
    assert world.store.letters.earlier(world.connection.id, "c1") == []


def test_forgetting_a_prospect_takes_its_letters(world: BooksWorld) -> None:
    number = applied(world)
    asked(world, number)
    world.sync()
    world.store.privacy.forget(world.connection.id, "Nova Ltd")
    action = world.the_row(LETTER).action
    assert "Nova" not in str(action)
    assert "acme" not in str(action).lower()


def test_what_was_asked_before_it_bought_is_told(world: BooksWorld) -> None:
    number = applied(world, "Customer 1")
    asked(world, number)
    world.sync()
    world.books.add_contact(1)
    said = ReferenceWords(ReferenceAnswer.GOOD, known_for="6 years", limit_granted=Decimal(900))
    record_reference(OWNER, world.app, number, "Acme Supply", said=said)
    by_hand = DecidedByHand(CreditOutcome.ACCEPT, Decimal(500), reason="small")
    decide_credit(OWNER, world.app, number, by_hand)
    world.sync()
    told = [event.text for event in timeline(OWNER, world.app, "Customer 1").events]
    assert "Acme Supply was asked" in told
    assert "Acme Supply answered: good, has known it for 6 years, grants GBP 900.00" in told
    assert "accepted, limit GBP 500.00" in told
    assert len(mails(world)) == 1
