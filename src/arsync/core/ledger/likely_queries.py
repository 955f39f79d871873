"""Invoices that will be queried: what a customer will ask about before it pays.

Each is measured by the customer's own invoices of the year before it: a reference that all of them
had, a time to pay that all of them had. With fewer than `EARLIER_MIN` nothing can be said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from arsync.core.ledger.business_days import days_in_words
from arsync.core.ledger.records import DocumentStatus, Invoice, is_owed

YEAR_DAYS = 365
"""So far back, before an invoice, those are that it is compared with."""

EARLIER_MIN = 3
"""So many earlier invoices tell what a customer always has."""

SENT_WITHIN_DAYS = 3
"""An invoice that was not sent for so long was forgotten."""


def earlier_ones(invoice: Invoice, invoices: Iterable[Invoice]) -> list[Invoice]:
    """Return the customer's invoices of the year before one, voided ones left out."""
    first = invoice.issued_on - timedelta(YEAR_DAYS)
    return [
        document
        for document in invoices
        if document.contact_id == invoice.contact_id
        and first <= document.issued_on < invoice.issued_on
        and document.status in {DocumentStatus.OPEN, DocumentStatus.PAID}
    ]


def terms_days(invoice: Invoice) -> int:
    """Return the days from issue to due date."""
    return (invoice.due_on - invoice.issued_on).days


def lacks_reference(invoice: Invoice, earlier: Sequence[Invoice]) -> bool | None:
    """Return whether it has no reference though all earlier ones had; None: nobody can say."""
    if invoice.customers_reference:
        return False
    if len(earlier) < EARLIER_MIN:
        return None
    return all(document.customers_reference for document in earlier)


def has_other_terms(invoice: Invoice, earlier: Sequence[Invoice]) -> bool | None:
    """Return whether it is due after other days than all earlier ones; None: nobody can say.

    False where they differ among themselves, as with terms to the end of a month.
    """
    if len(earlier) < EARLIER_MIN:
        return None
    return {terms_days(document) for document in earlier}.isdisjoint({terms_days(invoice)}) and (
        len({terms_days(document) for document in earlier}) == 1
    )


def was_never_sent(invoice: Invoice, today: date) -> bool:
    """Return whether it certainly was not sent, and should have been."""
    return invoice.sent is False and (today - invoice.issued_on).days >= SENT_WITHIN_DAYS


def likely_queries(invoice: Invoice, invoices: Iterable[Invoice], today: date) -> Iterator[str]:
    """Yield, in words, what a customer will ask about an invoice that is open.

    Args:
        invoice: of which it is asked.
        invoices: the customer's, it among them or not.
        today: the organisation's day.
    """
    if not is_owed(invoice) or invoice.issued_on > today:
        return
    if was_never_sent(invoice, today):
        yield f"it was not sent, {days_in_words((today - invoice.issued_on).days)} after its issue"
    earlier = earlier_ones(invoice, invoices)
    if lacks_reference(invoice, earlier):
        yield f"it has no reference, and all {len(earlier)} of the year before it had one"
    if has_other_terms(invoice, earlier):
        now, usual = terms_days(invoice), terms_days(earlier[0])
        yield (
            f"it is due after {days_in_words(now)}, and all {len(earlier)} of the year before it"
            f" after {days_in_words(usual)}"
        )
