"""Customers and open invoices whose payment terms are not those of the rulebook's `terms`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from msgspec import Struct

from arsync.application.organisation.account_reading import accounts_on
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.reports.past_days import past_day
from arsync.core.ledger.records import Account, Invoice
from arsync.core.ledger.sanitising import no_formula
from arsync.core.ledger.terms_policy import ExpectedTerms, due_by_terms, same_terms
from arsync.core.planning.assessment import Assessor
from arsync.core.rulebook.model import Rulebook

ROWS_MAX = 10_000
"""So many customers are listed; the table says that there are more."""

HEAD = (
    "contact_id",
    "contact",
    "terms",
    "because",
    "terms_in_books",
    "invoice",
    "due_on",
    "due_by_terms",
)


class OtherDueDay(Struct, frozen=True):
    """An open invoice that is due on another day than its terms say."""

    number: str
    due_on: date
    expected: date


class OtherTerms(NamedTuple):
    """A customer with other terms, or with invoices that are due by others."""

    contact_id: str
    contact: str
    expected: ExpectedTerms
    in_books: str
    """The terms of its record; empty: they are none, or those that it is to have."""
    invoices: tuple[OtherDueDay, ...]

    @property
    def because(self) -> str:
        """Return the place and the name of what says which terms: `rules/a.yaml:3, Everyone`."""
        place = f"{self.expected.file}:{self.expected.line}, " if self.expected.file else ""
        return f"{place}{self.expected.rule}"


class TermsTable(NamedTuple):
    """The differences of one connection."""

    connection: str
    as_of: date
    has_policy: bool
    rows: tuple[OtherTerms, ...]
    left_out: int


class TermsReason(Struct, frozen=True):
    """What says which terms a customer is to have."""

    file: str
    """Empty: the decision about its credit."""
    line: int
    rule: str


class OtherTermsView(Struct, frozen=True):
    """A customer with other terms, or with invoices that are due by others."""

    contact_id: str
    contact: str
    terms: str
    because: TermsReason
    terms_in_books: str
    """Empty: they are the same, or not known."""
    invoices: tuple[OtherDueDay, ...]


class TermsView(Struct, frozen=True):
    """The JSON view of the differences of one connection."""

    connection: str
    as_of: date
    has_policy: bool
    """Whether the rulebook says terms at all."""
    left_out: int
    """So many more customers differ."""
    rows: tuple[OtherTermsView, ...]


def terms_report(
    actor: Actor, organisation: OrganisationContext, as_of: date | None = None
) -> TermsTable:
    """Return whose terms differ from the policy, as of a day that is not in the future.

    What is unknown differs from nothing.

    Raises:
        UserMistake: the day is in the future, or the rulebook cannot be read.
    """
    permit(actor, Permission.READ)
    day, rulebook = past_day(organisation, as_of), organisation.rulebook
    rows: list[OtherTerms] = []
    more = 0
    for row in _differences(organisation, rulebook, day) if rulebook.terms else ():
        if len(rows) < ROWS_MAX:
            rows.append(row)
        else:
            more += 1
    return TermsTable(organisation.name, day, bool(rulebook.terms), tuple(rows), more)


def _differences(
    organisation: OrganisationContext, rulebook: Rulebook, day: date
) -> Iterator[OtherTerms]:
    books = organisation.connection.organisation
    ledger_due = organisation.ledger_due_on(day)
    assessor = Assessor(rulebook, books, day, organisation.bank_days, ledger_due)
    for account in accounts_on(organisation, None if day == organisation.today else day):
        yield from _of_account(assessor, account)


def _of_account(assessor: Assessor, account: Account) -> Iterator[OtherTerms]:
    for party in assessor.assess(account).parties:
        expected, contact = party.view.expected_terms, party.view.contact
        if expected is None:
            continue
        differs = same_terms(contact.terms, expected.term) is False
        others = tuple(_other_days(party.view.documents, expected))
        if differs or others:
            in_books = contact.terms if differs else ""
            yield OtherTerms(contact.id, contact.name, expected, in_books, others)


def _other_days(invoices: Sequence[Invoice], expected: ExpectedTerms) -> Iterator[OtherDueDay]:
    for invoice in invoices:
        due = due_by_terms(invoice.issued_on, expected.term)
        if due is not None and due != invoice.due_on:
            yield OtherDueDay(invoice.number or invoice.id, invoice.due_on, due)


def terms_view(table: TermsTable) -> TermsView:
    """Return the JSON view."""
    rows = tuple(
        OtherTermsView(
            row.contact_id,
            row.contact,
            row.expected.words,
            TermsReason(row.expected.file, row.expected.line, row.expected.rule),
            row.in_books,
            row.invoices,
        )
        for row in table.rows
    )
    return TermsView(table.connection, table.as_of, table.has_policy, table.left_out, rows)


def terms_csv(tables: Sequence[TermsTable]) -> str:
    """Return a line for each customer, and one for each of its invoices."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["connection", *HEAD])
    for table in tables:
        for row in table.rows:
            first = [table.connection, row.contact_id, row.contact, row.expected.words, row.because]
            start = [no_formula(cell) for cell in first]
            writer.writerow([*start, no_formula(row.in_books), "", "", ""])
            writer.writerows(
                [*start, "", no_formula(invoice.number), invoice.due_on, invoice.expected]
                for invoice in row.invoices
            )
    return out.getvalue()
