"""Letters about the account on a person's word: true, once for an occasion, and as by rule."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.builders.books import RULES, TODAY, BooksWorld
from tests.builders.records import a_payment

from arsync.application.agreements import payment_plans
from arsync.application.decisions.approvals import approve
from arsync.application.letters.asking import send_statement
from arsync.application.letters.sending import LetterToSend, send_letter
from arsync.application.letters.statements import SentBy, statement
from arsync.application.permissions import Actor, NotPermitted, Role
from arsync.application.persons_words import Recorded
from arsync.application.timeline.customer_timeline import timeline
from arsync.core.actions import ActionKind, ActionState
from arsync.core.ledger.agreements.plan_terms import Terms
from arsync.core.ledger.records import DocumentProblem, Instalment, RecordKind
from arsync.errors import UserMistake
from arsync.store.models import ActionRow, Mode

OWNER = Actor("Olga", Role.OWNER)
ACCOUNTANT = Actor("Ann", Role.ACCOUNTANT)
READER = Actor("Rita", Role.READER)
QUIET = RULES.partition("reminders:")[0]
"""No reminder and no rule for letters."""
THANKS = "thank_you: {email: thank you}\n"
CHECKS = "after_issue:\n  - {days: 0, email: satisfaction check}\n"
TELLS = "announcements: {credit_holds: placed and lifted, credit_limits: changed}\n"
NOW_AND_ALWAYS = """sending:
  via: smtp
  days: every day
  between: 00:01-23:59
  days_between_messages: 0
"""


def rules(*more: str) -> str:
    return "".join((QUIET, *more, NOW_AND_ALWAYS))


@pytest.fixture
def mailing(world: BooksWorld) -> BooksWorld:
    """Customer 1 owes what is not due, 2 has paid today, 3 is over its limit, 4 new."""
    world.rules(rules())
    books = world.books
    books.add_invoice(books.add_contact(1), 1, overdue=-10)
    books.pay(books.add_invoice(books.add_contact(2), 2, overdue=-10))
    books.payments["p2"] = a_payment("p2", "c2", paid_on=TODAY, rate=1, amount="100")
    books.add_invoice(books.add_contact(3), 3, overdue=3, amount="9000")
    books.add_invoice(books.add_contact(4), 4, overdue=-30)
    world.sync()
    return world


def sent(world: BooksWorld, name: str, number: int, actor: Actor = OWNER, **how: Any) -> Recorded:
    return send_letter(actor, world.app, LetterToSend(name, f"Customer {number}", **how))


def refused(world: BooksWorld, name: str, number: int, actor: Actor = OWNER, **how: Any) -> str:
    with pytest.raises(UserMistake) as mistake:
        sent(world, name, number, actor, **how)
    return str(mistake.value)


def letters(world: BooksWorld) -> list[ActionRow]:
    return list(world.store.actions.list(world.connection.id, kinds={ActionKind.ACCOUNT_LETTER}))


def subjects(world: BooksWorld) -> list[str]:
    return [str(mail.message["Subject"]) for _, mail in world.books.mails]


def test_a_thank_you_leaves_once(mailing: BooksWorld) -> None:
    asked = sent(mailing, "thank you", 2)
    assert asked.message == "Customer 2: thank you leaves with the next run."
    assert "is on its way" in refused(mailing, "thank you", 2)
    mailing.sync()
    (row,) = letters(mailing)
    assert (row.state, len(mailing.books.mails)) == (ActionState.CONFIRMED, 1)
    again = refused(mailing, "Thank_You", 2)
    assert f"thank you was already sent on {TODAY}" in again
    told = timeline(OWNER, mailing.app, "Customer 2").events
    assert [event.by for event in told if "'thank you' by email" in event.text] == ["Olga"]
    notes = [done.write.action.note for done in mailing.books.done]
    assert "Thank you sent by email, asked for by Olga." in notes


@pytest.mark.parametrize(
    ("name", "number", "said"),
    [
        ("thank you", 1, "there is nothing to thank for"),
        ("credit hold placed", 1, "no credit hold stands on Customer 1"),
        ("credit hold lifted", 1, "was never on hold"),
        ("credit limit changed", 1, "no change of Customer 1's credit limit is known"),
        ("satisfaction check", 1, "--invoice NUMBER says which"),
        ("first reminder", 1, "leaves by its cadence"),
        ("hand over announced", 1, "no rule of placements hands over a debt of Customer 1"),
        ("instalment due", 1, "no payment plan stands with Customer 1"),
        ("reference request", 1, "arsync credit ask"),
        ("birthday", 1, "there is no letter 'birthday'"),
    ],
)
def test_what_would_be_untrue_is_refused(
    mailing: BooksWorld, name: str, number: int, said: str
) -> None:
    assert said in refused(mailing, name, number)
    assert letters(mailing) == []


def test_a_limit_letter_needs_a_limit(mailing: BooksWorld) -> None:
    mailing.rules(rules().replace("limit: 5,000", "limit: no limit"))
    assert "has no credit limit" in refused(mailing, "credit limit changed", 1)


def test_a_foreign_invoice_is_not_asked_about(mailing: BooksWorld) -> None:
    said = refused(mailing, "satisfaction check", 1, invoice="INV-3")
    assert "no invoice that Customer 1 has to do with" in said


@pytest.mark.parametrize("by_person", [True, False])
@pytest.mark.parametrize(
    ("name", "number", "rule"),
    [
        ("thank you", 2, THANKS),
        ("satisfaction check", 4, CHECKS),
        ("credit hold placed", 3, TELLS),
    ],
)
def test_a_rule_sends_nothing_again(
    mailing: BooksWorld, name: str, number: int, rule: str, *, by_person: bool
) -> None:
    """Whether the rule came later or was there already, and it does send what nobody sent."""
    if by_person:
        sent(mailing, name, number, invoice="INV-4" if number == 4 else "")
        mailing.sync()
    mailing.rules(rules(rule))
    for _ in range(3):
        mailing.sync()
        mailing.advance(hours=4)
    assert [row.action.step for row in letters(mailing)] == [name]
    assert len(mailing.books.mails) == 1


def test_a_rules_letter_is_not_sent_by_hand(mailing: BooksWorld) -> None:
    mailing.rules(rules(THANKS))
    mailing.sync()
    assert len(mailing.books.mails) == 1
    assert f"already sent on {TODAY}" in refused(mailing, "thank you", 2)


def test_a_rules_letter_that_waits_is_approved(mailing: BooksWorld) -> None:
    mailing.rules(rules(THANKS))
    mailing.store.connections.set_mode(mailing.name, Mode.APPROVE)
    mailing.sync()
    (row,) = letters(mailing)
    assert f"arsync approve {row.key[:12]}" in refused(mailing, "thank you", 2)


def test_a_rule_leaves_a_persons_letter_as_it_is(mailing: BooksWorld) -> None:
    mailing.rules(rules(THANKS))
    sent(mailing, "thank you", 2, ACCOUNTANT, language="de")
    mailing.sync()
    (row,) = letters(mailing)
    assert (row.state, row.action.payload.language_code) == (ActionState.AWAITING_APPROVAL, "de")
    assert row.action.note.endswith("asked for by Ann.")


def an_instalment(world: BooksWorld, days: int) -> None:
    """Agree one instalment with the third customer, so many days ahead."""
    terms = Terms(listed=(Instalment(TODAY + timedelta(days), Decimal(9000)),))
    payment_plans.agree(OWNER, world.app, ["INV-3"], terms)


def test_a_rule_announces_no_instalment_again(mailing: BooksWorld) -> None:
    an_instalment(mailing, 2)
    assert "no instalment was missed" in refused(mailing, "instalment missed", 3)
    sent(mailing, "instalment due", 3)
    mailing.sync()
    assert subjects(mailing) != []
    assert "was already sent" in refused(mailing, "instalment due", 3)
    mailing.rules(rules("payment_plans: {announce: 3 days before}\n"))
    mailing.advance(hours=20)
    mailing.sync()
    assert len(mailing.books.mails) == 1


def test_an_instalment_that_came_is_not_asked_for(mailing: BooksWorld) -> None:
    an_instalment(mailing, 2)
    asked = sent(mailing, "instalment due", 3)
    assert asked.row is not None
    mailing.books.pay(mailing.books.invoices["i3"])
    mailing.sync()
    row = mailing.store.actions.get(asked.row.key)
    assert (row.state, mailing.books.mails) == (ActionState.WITHDRAWN, [])
    assert "payment plan" in row.reason


def test_what_is_untrue_when_it_leaves_stays(mailing: BooksWorld) -> None:
    sent(mailing, "thank you", 2)
    mailing.books.payments.clear()
    mailing.books.add_invoice(mailing.books.contacts["c2"], 2, overdue=-10)
    mailing.sync()
    (row,) = letters(mailing)
    assert (row.state, mailing.books.mails) == (ActionState.WITHDRAWN, [])
    assert "nothing to thank for" in row.reason


def test_while_figures_are_uncertain_it_waits(mailing: BooksWorld) -> None:
    sent(mailing, "terms of trade", 1)
    mailing.books.odd.append(
        DocumentProblem(RecordKind.INVOICES, "i9", "INV-9", "it cannot be read", "c1")
    )
    mailing.sync()
    (row,) = letters(mailing)
    assert (row.state, mailing.books.mails) == (ActionState.APPROVED, [])
    assert "INV-9 cannot be read" in row.reason
    assert "uncertain" in refused(mailing, "satisfaction check", 1, invoice="INV-1")


def test_a_withdrawn_letter_is_asked_for_anew(mailing: BooksWorld) -> None:
    sent(mailing, "thank you", 2)
    invoice, payments = mailing.books.invoices["i2"], dict(mailing.books.payments)
    mailing.books.payments.clear()
    mailing.books.add_invoice(mailing.books.contacts["c2"], 2, overdue=-10)
    mailing.sync()
    mailing.books.payments.update(payments)
    mailing.books.invoices["i2"] = invoice
    mailing.sync()
    sent(mailing, "thank you", 2)
    mailing.sync()
    assert len(mailing.books.mails) == 1


def test_who_may_not_approve_has_it_approved(mailing: BooksWorld) -> None:
    asked = sent(mailing, "satisfaction check", 1, ACCOUNTANT, invoice="INV-1")
    assert asked.message == "Customer 1: satisfaction check waits for approval."
    mailing.sync()
    assert mailing.books.mails == []
    (row,) = letters(mailing)
    mailing.app.approve([row.key], who="Jane")
    mailing.sync()
    assert len(mailing.books.mails) == 1
    with pytest.raises(NotPermitted):
        sent(mailing, "terms of trade", 1, READER)


def test_what_a_role_approves_waits_for_it(mailing: BooksWorld) -> None:
    asks = THANKS.replace("}", ", approval: {by: finance director}}")
    mailing.rules("roles: {finance director: fd@example.com}\n" + rules(asks))
    assert "waits for approval" in sent(mailing, "thank you", 2).message


def test_who_only_observes_sends_no_letter(mailing: BooksWorld) -> None:
    mailing.store.connections.set_mode(mailing.name, Mode.OBSERVE)
    assert "only observes: nothing is sent" in refused(mailing, "thank you", 2)


def test_terms_go_again_with_another_invoice(mailing: BooksWorld) -> None:
    sent(mailing, "terms of trade", 1)
    mailing.sync()
    assert "already sent" in refused(mailing, "terms of trade", 1, invoice="INV-1")
    mailing.books.add_invoice(mailing.books.contacts["c1"], 11, overdue=-20)
    mailing.sync()
    sent(mailing, "terms of trade", 1, invoice="INV-11")
    mailing.sync()
    assert len(mailing.books.mails) == 2


def test_a_statement_goes_by_the_same_command(mailing: BooksWorld) -> None:
    assert "leaves with the next run" in sent(mailing, "statement of account", 1).message


def test_a_statement_waits_as_letters_do(mailing: BooksWorld) -> None:
    shown = statement(ACCOUNTANT, mailing.app, "Customer 1")
    asked = send_statement(ACCOUNTANT, shown, SentBy())
    assert asked.message == "Customer 1: statement of account waits for approval."
    assert asked.row is not None
    mailing.sync()
    assert not mailing.books.mails
    approve(OWNER, mailing.app, [asked.row.key])
    mailing.sync()
    assert len(mailing.books.mails) == 1
    with pytest.raises(NotPermitted):
        send_statement(READER, shown, SentBy())


def test_a_line_of_ones_own_goes_along(mailing: BooksWorld) -> None:
    line = "It was good to see you on Friday."
    assert "201 characters is too long" in refused(mailing, "thank you", 2, line="x" * 201)
    assert "takes no personal line" in refused(mailing, "statement of account", 2, line=line)
    with pytest.raises(NotPermitted):
        sent(mailing, "thank you", 2, ACCOUNTANT, line=line)
    sent(mailing, "thank you", 2, line=line)
    mailing.sync()
    ((_, mail),) = mailing.books.mails
    body = mail.message.get_body(("plain",))
    assert line in " ".join(body.get_content().split())


def test_another_way_is_taken_where_set_up(mailing: BooksWorld) -> None:
    assert "text messages" in refused(mailing, "thank you", 2, via="sms")
    assert "no letters in 'xx'" in refused(mailing, "thank you", 2, language="xx")
    sent(mailing, "thank you", 2, language="de")
    mailing.sync()
    assert "Zahlung" in subjects(mailing)[0]
