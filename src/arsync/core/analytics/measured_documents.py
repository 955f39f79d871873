"""The documents behind the measures of a ledger: each figure names those that it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, tzinfo
from decimal import Decimal
from typing import NamedTuple

from arsync.core.analytics.measure_sums import (
    CountedDocument,
    CountedPromise,
    MeasuringWindow,
    counted_in,
)
from arsync.core.analytics.measures import GroupOf
from arsync.core.ledger.agreements.grace import USUAL_GRACE, InTimeUntil
from arsync.core.ledger.as_of import with_paid_days
from arsync.core.ledger.records import Account


class Document(NamedTuple):
    """One document of a figure."""

    kind: str
    """invoice, credit note, promise kept or promise broken."""
    id: str
    number: str
    contact_id: str
    contact: str
    """The customer's name."""
    amount: Decimal
    """What it adds to the figure, in the currency of the figure."""
    issued_on: date
    due_on: date | None = None
    settled_on: date | None = None


DOCUMENTED = (
    "sales",
    "receivable",
    "current",
    "overdue",
    "opening",
    "settled",
    "disputed",
    "promised",
    "promises",
)
"""The figures that list their documents; the others are made of these."""

EXPLAINED_BY: Mapping[str, tuple[str, ...]] = {
    **{name: (name,) for name in DOCUMENTED},
    "dso": ("receivable", "sales"),
    "dso_countback_monthly": ("receivable", "sales"),
    "dso_countback_daily": ("receivable", "sales"),
    "bpdso": ("current", "sales"),
    "add": ("overdue", "sales"),
    "cei": ("opening", "sales", "receivable", "current"),
    **dict.fromkeys(
        ("days_to_pay", "days_to_pay_weighted", "days_late", "dbt", "dbt_with_early"), ("settled",)
    ),
    "overdue_percent": ("overdue", "receivable"),
    "disputed_percent": ("disputed", "receivable"),
    "promised_percent": ("promised", "receivable"),
    "promises_kept_percent": ("promises",),
    "promises_kept_amount_percent": ("promises",),
}
"""By figure, whose documents it is made of."""


class BehindFigure(NamedTuple):
    """A document behind a figure of a group in a currency."""

    group: str
    """As `GroupOf` names it; empty: the whole ledger."""
    currency: str
    in_base: bool
    """Whether it belongs to the figure of all currencies, converted."""
    figure: str
    """One of `DOCUMENTED`."""
    document: Document


def documents_behind(
    accounts: Iterable[Account],
    window: MeasuringWindow,
    *,
    zone: tzinfo,
    base_currency: str,
    group_of: GroupOf = lambda _: ("",),
    in_time_until: InTimeUntil = USUAL_GRACE.last_day,
) -> Iterator[BehindFigure]:
    """Yield the documents behind each figure of each group and currency, and of all currencies.

    The amounts of a figure's documents add up to it: those of `settled` to the weight of the days,
    those of `promises` to what was promised. In the base currency they are converted at their own
    rates; a document without one is in no such figure.
    """
    for account in accounts:
        contacts = {contact.id: contact for contact in account.contacts}
        for counted in counted_in(with_paid_days(account), window, zone, in_time_until):
            contact = contacts.get(counted.contact_id)
            name = counted.contact_id if contact is None else contact.name
            rate = Decimal(1) if counted.currency == base_currency else counted.rate
            for figure, document in _documents_of(counted, name, window):
                for group in group_of(contact):
                    yield BehindFigure(group, counted.currency, False, figure, document)
                    if rate is not None:
                        converted = document._replace(amount=document.amount * rate)
                        yield BehindFigure(group, base_currency, True, figure, converted)


def _documents_of(
    counted: CountedDocument | CountedPromise, contact: str, window: MeasuringWindow
) -> Iterator[tuple[str, Document]]:
    if isinstance(counted, CountedPromise):
        yield "promises", _promise_document(counted, contact)
    else:
        yield from _behind(counted, contact, window)


def _promise_document(counted: CountedPromise, contact: str) -> Document:
    result = counted.result
    return Document(
        "promise kept" if result.is_kept else "promise broken",
        result.invoice.id,
        counted.number,
        counted.contact_id,
        contact,
        result.amount,
        result.promise.made_on,
        result.promise.promised_on,
    )


def _behind(
    counted: CountedDocument, contact: str, window: MeasuringWindow
) -> Iterator[tuple[str, Document]]:
    kind = "credit note" if counted.sold < 0 else "invoice"
    document = Document(
        kind,
        counted.id,
        counted.number,
        counted.contact_id,
        contact,
        counted.sold,
        counted.issued_on,
        counted.due_on,
        counted.settled_on,
    )
    if counted.issued_on in window and counted.sold:
        yield "sales", document
    if counted.opening:
        yield "opening", document._replace(amount=counted.opening)
    if counted.open:
        is_current = counted.due_on is None or counted.due_on >= window.day
        due = document._replace(amount=counted.open)
        yield "receivable", due
        yield ("current" if is_current else "overdue"), due
        for name, amount in (("disputed", counted.disputed), ("promised", counted.promised)):
            if amount:
                yield name, document._replace(amount=amount)
    if counted.settled_on is not None:
        yield "settled", document
