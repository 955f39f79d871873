"""Measures, with the documents behind them; what became of a month, and whether it ties out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Annotated

from msgspec import Meta, Struct

from arsync.application.desk.figures import MonthFigures, month_figures
from arsync.application.reports.measure_documents import documents_in_currency
from arsync.application.reports.measures_report import By, measures_report
from arsync.application.reports.tie_out_report import tie_out_report
from arsync.core.analytics.measure_sums import WINDOW_DAYS, WINDOW_DAYS_MAX
from arsync.core.analytics.measured_documents import DOCUMENTED, Document
from arsync.core.analytics.measures import Figures
from arsync.core.analytics.tie_out import TieOut
from arsync.web.api.adding_up import added_up, refuse_before_ledgers
from arsync.web.api.operations import (
    Operations,
    Paged,
    PageQuery,
    day_key,
    page_by_key,
    page_of,
    rows_after,
)
from arsync.web.caller import Caller

operations = Operations("measures")

AsOf = Annotated[date | None, Meta(description="The last day of the window; left out: today.")]
WindowDays = Annotated[
    int,
    Meta(ge=1, le=WINDOW_DAYS_MAX, description="So many days of sales and payments count."),
]
Figure = Annotated[
    str, Meta(pattern=f"^({'|'.join(DOCUMENTED)})$", description="A figure that lists documents.")
]
Currency = Annotated[
    Annotated[str, Meta(pattern="^[A-Z]{3}$")] | None,
    Meta(description="Left out: the organisation's."),
]
MonthName = Annotated[
    str, Meta(pattern="^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$", description="As `2026-10`.")
]


class MeasuresQuery(PageQuery, frozen=True, forbid_unknown_fields=True):
    """Of which days, and for what."""

    as_of: AsOf = None
    window_days: WindowDays = WINDOW_DAYS
    by: By = By.LEDGER


class DocumentsQuery(PageQuery, frozen=True, forbid_unknown_fields=True):
    """Of which days, and in which currency."""

    currency: Currency = None
    as_of: AsOf = None
    window_days: WindowDays = WINDOW_DAYS


class DocumentView(Struct, frozen=True):
    """One document of a figure."""

    kind: str
    """invoice or credit note."""
    id: str
    number: str
    customer_id: str
    customer: str
    """Its name."""
    currency: str
    amount: Decimal
    """What it adds to the figure."""
    issued_on: date
    due_on: date | None
    settled_on: date | None


class MonthView(Struct, frozen=True):
    """What became of the receivables in one month, in one currency."""

    currency: str
    opening: Decimal
    sold: Decimal
    """Invoices less credit notes."""
    settled: Decimal
    """What was paid, set off against earlier credits, or voided: the rest of the sum."""
    closing: Decimal
    overdue: Decimal


class MonthFiguresView(Struct, frozen=True):
    """What became of the receivables in one month."""

    first: date
    last: date
    """The last day of it that is past."""
    is_over: bool
    currencies: tuple[MonthView, ...]


@operations.read("/connections/{connection}/measures", amounts=True)
def list_measures(caller: Caller, query: MeasuresQuery) -> Paged[Figures]:
    """List the measures of a day: of the ledger, or by customer, segment or month.

    By day, then currency. While a large ledger is added up, the answer is 503: ask again.
    """
    refuse_before_ledgers(query.as_of)
    organisation = caller.organisation
    make = partial(
        measures_report,
        caller.actor,
        organisation,
        as_of=query.as_of,
        window_days=query.window_days,
        by=query.by,
    )
    key = ("measures", query.as_of, query.window_days, query.by)
    return page_by_key(added_up(caller, key, make).rows, query, lambda row: row, _row_key)


@operations.read("/connections/{connection}/measures/{figure}/documents", amounts=True)
def list_documents(caller: Caller, figure: Figure, query: DocumentsQuery) -> Paged[DocumentView]:
    """List the documents behind a figure, the largest first."""
    refuse_before_ledgers(query.as_of)
    organisation = caller.organisation
    currency = query.currency or organisation.connection.organisation.base_currency

    def make() -> list[Document]:
        return documents_in_currency(
            caller.actor,
            organisation,
            figure,
            currency=currency,
            as_of=query.as_of,
            window_days=query.window_days,
        )

    key = ("documents", figure, currency, query.as_of, query.window_days)
    rows = rows_after(added_up(caller, key, make), query, _document_key)
    return page_of(rows, query, lambda row: _document_view(row, currency), _document_key)


@operations.read("/connections/{connection}/months/{month}", amounts=True)
def get_month(caller: Caller, month: MonthName) -> MonthFiguresView:
    """Get what became of the receivables in a month, by currency."""
    first = date.fromisoformat(f"{month}-01")
    make = partial(month_figures, caller.actor, caller.organisation, first)
    return _month_view(added_up(caller, ("month", first), make))


@operations.read("/connections/{connection}/tie-out", amounts=True)
def get_tie_out(caller: Caller) -> TieOut:
    """Get the total of receivables against the accounting system's own, and what explains it."""
    return tie_out_report(caller.actor, caller.organisation).report


def _row_key(row: Figures) -> str:
    order = f"{row.currency}{row.in_base:d}"
    return f"{row.as_of}.{order}.{day_key(row.as_of, row.group, row.group_id)[11:]}"


def _document_key(document: Document) -> str:
    return f"{document.kind.replace(' ', '-')}:{document.id}"


def _document_view(document: Document, currency: str) -> DocumentView:
    return DocumentView(
        document.kind,
        document.id,
        document.number,
        document.contact_id,
        document.contact,
        currency,
        document.amount,
        document.issued_on,
        document.due_on,
        document.settled_on,
    )


def _month_view(figures: MonthFigures) -> MonthFiguresView:
    return MonthFiguresView(
        figures.first,
        figures.last,
        figures.is_over,
        tuple(MonthView(*month) for month in figures.months),
    )
