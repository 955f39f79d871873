"""The statement of account of one customer, of any day: looking at it changes nothing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct

from arsync.application.customers.name_search import contact_named
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.core.actions import AccountLetterPayload, Action, Because, StatementAsked, Via
from arsync.core.actions.message_words import by_way
from arsync.core.ledger.age_buckets import BUCKETS
from arsync.core.ledger.enclosures import Enclosure
from arsync.core.ledger.records import Account, Contact, ContactStatus
from arsync.core.ledger.statement_of_account import (
    StatementLine,
    StatementOfAccount,
    StatementSection,
)
from arsync.core.planning.customer_statement import payer_of
from arsync.core.rulebook.model import STATEMENT_OF_ACCOUNT
from arsync.errors import UserMistake
from arsync.mail import language


class CustomerStatement(NamedTuple):
    """A statement, whose it is, and what is uncertain about it."""

    organisation: OrganisationContext
    contact: Contact
    """The one that answers for the documents."""
    statement: StatementOfAccount
    account: Account
    """As its documents are now."""
    doubts: tuple[str, ...]
    """Why it is uncertain what this customer owes, in words."""


ASKED_FOR = "statement asked for"
"""What notes name as the rule of a statement that a person sends."""


class SentBy(NamedTuple):
    """How a person wants a statement written and sent."""

    language: str = ""
    """Empty: the customer's."""
    via: str = Via.SMTP


class StatementLineView(Struct, frozen=True):
    """The JSON view of a line."""

    dated: date
    kind: str
    number: str
    reference: str
    due_on: date | None
    amount: Decimal
    balance: Decimal
    days_overdue: int
    disputed: Decimal
    in_payment_plan: Decimal
    placed_with: str


class StatementSectionView(Struct, frozen=True):
    """The JSON view of the lines of one currency."""

    currency: str
    opening_balance: Decimal
    lines: tuple[StatementLineView, ...]
    credits: tuple[StatementLineView, ...]
    closing_balance: Decimal
    not_due: Decimal
    overdue: Decimal
    ageing: dict[str, Decimal]


class StatementView(Struct, frozen=True):
    """The JSON view of a statement of account."""

    connection: str
    contact_id: str
    contact: str
    kind: str
    since: date | None
    as_of: date
    sections: tuple[StatementSectionView, ...]
    doubts: tuple[str, ...]


def statement_view(shown: CustomerStatement) -> StatementView:
    """Return the JSON view of a statement."""
    statement = shown.statement
    return StatementView(
        shown.organisation.name,
        shown.contact.id,
        shown.contact.name,
        statement.kind.value,
        statement.since,
        statement.until,
        tuple(map(_section_view, statement.sections)),
        shown.doubts,
    )


def _section_view(section: StatementSection) -> StatementSectionView:
    return StatementSectionView(
        section.currency,
        section.opening_balance,
        tuple(map(_line_view, section.lines)),
        tuple(map(_line_view, section.credits)),
        section.closing_balance,
        section.not_due,
        section.overdue,
        dict(zip(BUCKETS, section.ageing, strict=True)),
    )


def _line_view(line: StatementLine) -> StatementLineView:
    return StatementLineView(
        line.dated,
        line.kind.value,
        line.number,
        line.reference,
        line.due_on,
        line.amount,
        line.balance,
        line.days_overdue,
        line.disputed,
        line.in_plan,
        line.placed_with,
    )


def statement(
    actor: Actor,
    container: Container,
    customer: str,
    *,
    connection: Chosen = None,
    as_of: date | None = None,
    since: date | None = None,
) -> CustomerStatement:
    """Return a customer's statement as of a day: open items, or activity since a day.

    Args:
        actor: who asks.
        container: holds the ledgers.
        customer: a name or an id.
        connection: where to look; None: everywhere.
        as_of: the day; None: today at the organisation.
        since: the first day of an activity; None: open items.

    Raises:
        UserMistake: there is no such customer, or the days are the wrong way round.
    """
    permit(actor, Permission.READ)
    organisation, contact = contact_named(container, customer, connection)
    day = as_of or organisation.today
    if day > organisation.today:
        raise UserMistake(
            f"{day} is still to come: nobody knows what will be open then."
            "\n    hint: --as-of takes today or an earlier day"
        )
    if since is not None and since > day:
        raise UserMistake(
            f"--from {since} is after the statement's day, {day}."
            "\n    hint: an activity begins on or before its last day"
        )
    account = next(organisation.store.ledger.accounts(organisation.id, [contact.id]), None)
    if account is None:
        raise UserMistake(f"{contact.name} has no account: `arsync pull` reads the ledger.")
    payer = payer_of(account, contact.id)
    whose = account.contact(payer) or contact
    listed = organisation.teller.statement(account, whose.id, until=day, since=since)
    return CustomerStatement(organisation, whose, listed, account, account.doubts)


def statement_html(shown: CustomerStatement, sent_by: SentBy) -> str:
    """Return the statement as the page of a mail.

    Raises:
        UserMistake: the user's own text is wrong.
    """
    action, account, day = _letter(shown, sent_by, "")
    return shown.organisation.letter_maker.letter(action, account, day).html


def statement_pdf(shown: CustomerStatement, sent_by: SentBy) -> bytes:
    """Return the statement as a PDF.

    Raises:
        UserMistake: the user's own text is wrong, or a character cannot be printed.
    """
    action, account, day = _letter(shown, sent_by, "")
    return shown.organisation.letter_maker.pdf(action, account, day)


def statement_letter(shown: CustomerStatement, sent_by: SentBy, who: str) -> Action:
    """Return a statement as the letter that a person asks for.

    Args:
        shown: what is sent.
        sent_by: in which language and way.
        who: asks for it.

    Raises:
        UserMistake: nothing leaves while the connection observes, the way is not set up, or the
            customer cannot be written to.
    """
    organisation, contact = shown.organisation, shown.contact
    to_file = "\n    hint: --pdf FILE writes it into a file"
    if organisation.observes:
        raise UserMistake(f"{organisation.name} only observes: nothing is sent.{to_file}")
    ways = organisation.sends.ways
    if ways is not None and sent_by.via not in ways:
        raise UserMistake(f"{sent_by.via!r} is not set up: the statement has no way out.{to_file}")
    if contact.status != ContactStatus.ACTIVE:
        raise UserMistake(f"{contact.name} is {contact.status}: nothing is sent to it.{to_file}")
    if sent_by.via == Via.SMTP and not contact.email and not contact.more_emails:
        raise UserMistake(f"{contact.name} has no email address.{to_file}")
    if shown.doubts:
        raise UserMistake(f"not sent: {shown.doubts[0]}.{to_file}")
    return _letter(shown, sent_by, who)[0]


def _letter(shown: CustomerStatement, sent_by: SentBy, who: str) -> tuple[Action, Account, date]:
    """Return the statement as a letter, the account it is made of, and its day."""
    organisation, contact, listed = shown.organisation, shown.contact, shown.statement
    today = organisation.today
    until = None if listed.until == today else listed.until
    if sent_by.language:
        language(sent_by.language)
    spoken = sent_by.language or organisation.language_of(shown.account, contact.id)
    by = by_way(sent_by.via)
    period = listed.until if listed.since is None else f"{listed.since} {listed.until}"
    action = Action(
        payload=AccountLetterPayload(
            letter=STATEMENT_OF_ACCOUNT,
            language=spoken,
            to=", ".join(filter(None, (contact.email, *contact.more_emails))),
            attach=(Enclosure.LETTER.value,),
            statement=StatementAsked(listed.kind.value, listed.since, until),
            asked_by=who,
        ),
        connection=organisation.name,
        contact_id=contact.id,
        contact_name=contact.name,
        because=Because("", 0, ASKED_FOR),
        subject=f"statement {period} on {today}",
        step=STATEMENT_OF_ACCOUNT,
        via=sent_by.via,
        batch_id=f"{contact.id} {today}",
        note=f"Statement of account sent {by}, asked for by {who}.",
    )
    return action, shown.account, listed.until
