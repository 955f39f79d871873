"""A difference between our total and the platform's, traced to the documents of its customer.

The platform tells one figure for each customer and no documents with it. So each document that our
copy counts is listed, with what it adds, and a document whose amount is the whole difference is
pointed out: it is the first to look at there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from msgspec import Struct

from arsync.core.analytics.tie_out import ALIKE, ExplainedDifference, TieOut
from arsync.core.ledger.money import ZERO, shown
from arsync.core.ledger.records import (
    Account,
    DocumentProblem,
    DocumentStatus,
    PaymentStatus,
    is_owed,
)

CUSTOMERS_TRACED_MAX = 100
"""So many customers are traced, those with the largest differences."""

DOCUMENTS_LISTED_MAX = 200
"""So many documents of one customer are listed, the largest; the others are counted."""

NOT_READ = "could not be read: not counted here, and in the platform's figure"
DATED_LATER = "dated later: counted by the platform already"
NOT_TAKEN_OFF = "not taken off by the platform"


class TiedDocument(Struct, frozen=True):
    """One document of a customer, and what it adds to our figure."""

    kind: str
    """`invoice`, `payment`, or what a credit is called."""
    id: str
    number: str
    dated: date | None
    """None: it could not be read."""
    amount: Decimal | None
    """What is due on it, or left of it, as a sum owed: below 0 for money in hand."""
    is_counted: bool
    """Whether it is part of `here`."""
    note: str = ""


class TracedDifference(Struct, frozen=True):
    """A customer of whom figures differ, or cannot be compared, with its documents."""

    contact_id: str
    contact: str
    currency: str
    here: Decimal | None
    at_platform: Decimal | None
    difference: Decimal | None
    reason: str
    documents: tuple[TiedDocument, ...]
    documents_left_out: int
    first_to_look_at: tuple[str, ...]
    """Documents whose amount is the difference, in a sentence each."""


def traced_contacts(report: TieOut) -> list[str]:
    """Return the customers whose documents are to be read, at most `CUSTOMERS_TRACED_MAX`."""
    rows = [explained for row in report.currencies for explained in row.explained]
    rows.sort(key=lambda explained: -abs(explained.difference or ZERO))
    ids = dict.fromkeys(explained.contact_id for explained in rows)
    return list(ids)[:CUSTOMERS_TRACED_MAX]


def traced(
    report: TieOut, accounts: Iterable[Account], problems: Sequence[DocumentProblem]
) -> tuple[TracedDifference, ...]:
    """Return each difference with the documents of its customer.

    Args:
        report: the tie-out.
        accounts: at least those of `traced_contacts`.
        problems: documents that could not be read.
    """
    by_contact = {contact.id: account for account in accounts for contact in account.contacts}
    return tuple(
        _traced(report, row.currency, explained, by_contact[explained.contact_id], problems)
        for row in report.currencies
        for explained in row.explained
        if explained.contact_id in by_contact
    )


def _traced(
    report: TieOut,
    currency: str,
    row: ExplainedDifference,
    account: Account,
    problems: Sequence[DocumentProblem],
) -> TracedDifference:
    documents = list(_documents(account, row, currency, report.as_of))
    documents += [
        TiedDocument(
            problem.kind.removesuffix("s"),
            problem.id,
            problem.number or problem.id,
            None,
            problem.amount,
            is_counted=False,
            note=f"{NOT_READ} ({problem.message})",
        )
        for problem in problems
        if problem.contact_id == row.contact_id and problem.currency in {"", currency}
    ]
    documents.sort(key=lambda document: (-abs(document.amount or ZERO), document.number))
    return TracedDifference(
        contact_id=row.contact_id,
        contact=row.contact,
        currency=currency,
        here=row.here,
        at_platform=row.at_platform,
        difference=row.difference,
        reason=row.reason,
        documents=tuple(documents[:DOCUMENTS_LISTED_MAX]),
        documents_left_out=max(0, len(documents) - DOCUMENTS_LISTED_MAX),
        first_to_look_at=tuple(_suspects(report.platform, currency, row.difference, documents)),
    )


def _documents(
    account: Account, row: ExplainedDifference, currency: str, today: date
) -> Iterator[TiedDocument]:
    mine = [invoice for invoice in account.invoices if invoice.contact_id == row.contact_id]
    open_ones = [invoice for invoice in mine if is_owed(invoice) and invoice.currency == currency]
    for invoice in open_ones:
        note = DATED_LATER if invoice.issued_on > today else ""
        number = invoice.number or invoice.id
        yield TiedDocument(
            "invoice", invoice.id, number, invoice.issued_on, invoice.amount_due, True, note
        )
    owed = sum((invoice.amount_due for invoice in open_ones), ZERO)
    # The platform's figure was told to be of invoices alone, or to be less what is in hand.
    takes_off = row.here is not None and abs(row.here - owed) >= ALIKE
    note = "" if takes_off else NOT_TAKEN_OFF
    for credit in account.credits:
        is_open = credit.status == DocumentStatus.OPEN and credit.unallocated > 0
        if is_open and credit.contact_id == row.contact_id and credit.currency == currency:
            number = credit.number or credit.id
            yield TiedDocument(
                str(credit.kind),
                credit.id,
                number,
                credit.issued_on,
                -credit.unallocated,
                takes_off,
                note,
            )
    for payment in account.payments:
        is_open = payment.status == PaymentStatus.ACTIVE and payment.unallocated > 0
        if is_open and payment.contact_id == row.contact_id and payment.currency == currency:
            number = payment.reference or payment.id
            yield TiedDocument(
                "payment",
                payment.id,
                number,
                payment.paid_on,
                -payment.unallocated,
                takes_off,
                note,
            )


def _suspects(
    platform: str,
    currency: str,
    difference: Decimal | None,
    documents: Sequence[TiedDocument],
) -> Iterator[str]:
    if difference is None:
        return
    for document in documents:
        if document.amount is None or not document.amount:
            continue
        named = f"{document.kind} {document.number} ({shown(document.amount, currency)})"
        if document.is_counted and abs(document.amount + difference) < ALIKE:
            what = "paid or voided" if document.amount > 0 else "used, refunded or voided"
            yield f"{named} is the whole difference: it may be {what} at {platform}"
        elif not document.is_counted and abs(document.amount - difference) < ALIKE:
            yield f"{named} is the whole difference: it counts at {platform}, and not here"


def traced_in_words(platform: str, row: TracedDifference) -> list[str]:
    """Return one traced difference for people: its figures, then what to look at first."""
    figures = [
        f"{name} {'not known' if amount is None else shown(amount, row.currency)}"
        for name, amount in (("our copy", row.here), (platform, row.at_platform))
    ]
    lines = [f"{', '.join(figures)}: {row.reason}"]
    return [*lines, *row.first_to_look_at]
