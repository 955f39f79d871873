"""The statement of account of one customer, of any day: looking at it changes nothing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct

from arsync.application.account_statements import statement_of
from arsync.application.container import Container
from arsync.application.name_search import contact_named
from arsync.application.organisation_context import Chosen, OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.core.ledger.age_buckets import BUCKETS
from arsync.core.ledger.records import Contact
from arsync.core.ledger.statement_of_account import (
    StatementLine,
    StatementOfAccount,
    StatementSection,
)
from arsync.core.planning.customer_statement import payer_of
from arsync.errors import UserMistake


class CustomerStatement(NamedTuple):
    """A statement, whose it is, and what is uncertain about it."""

    organisation: OrganisationContext
    contact: Contact
    """The one that answers for the documents."""
    statement: StatementOfAccount
    doubts: tuple[str, ...]
    """Why it is uncertain what this customer owes, in words."""


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
    whose = next((member for member in account.contacts if member.id == payer), contact)
    listed = statement_of(organisation, account, whose.id, until=day, since=since)
    return CustomerStatement(organisation, whose, listed, account.doubts)
