"""The ageing of receivables: as a table, as CSV, as JSON and as a page of its own."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct
from msgspec.structs import asdict

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.reports.tie_out_report import tie_out_report
from arsync.core.analytics.ageing import (
    Ageing,
    AgeingRow,
    AgeingView,
    OwnBandsRowView,
    ageing,
    ageing_view,
    own_bands_row_view,
)
from arsync.core.analytics.tie_out import TieOut, tie_out_in_words
from arsync.core.ledger.age_buckets import USUAL_BANDS, AgeBands, fault_of_edges
from arsync.core.ledger.as_of import as_it_stood
from arsync.core.ledger.missing_documents import missing_from_totals, missing_in_words
from arsync.core.ledger.money import ZERO, minor_digits, plain, shown
from arsync.core.ledger.records import DocumentProblem
from arsync.core.ledger.sanitising import no_formula
from arsync.errors import UserMistake

if TYPE_CHECKING:
    from jinja2 import Environment

BARS_MAX = 15
"""The page's chart shows so many customers, those who owe most."""

CHART_WIDTH = 640
"""Of a chart's bars, in the page's pixels."""


class AgeingTable(NamedTuple):
    """The ageing of one connection."""

    connection: str
    organisation: str
    report: Ageing
    missing: tuple[DocumentProblem, ...] = ()
    """Documents that could not be read: the report lacks them."""
    tie_out: TieOut | None = None
    """Against the platform's total; None for another day than today, whose total is not known."""

    @property
    def as_of(self) -> date:
        """Return the day the ages are counted to."""
        return self.report.as_of


class MissingView(Struct, frozen=True):
    """The JSON view of a document that could not be read."""

    kind: str
    id: str
    number: str
    contact_id: str
    amount: Decimal | None
    """What is due on it, or left of it; null where that cannot be read."""
    currency: str
    why: str


class AgeingTableView(AgeingView, frozen=True):
    """The JSON view of the ageing of one connection."""

    connection: str
    missing: tuple[MissingView, ...]
    tie_out: TieOut | None


def missing_view(problem: DocumentProblem) -> MissingView:
    """Return the JSON view of a document that totals lack."""
    return MissingView(
        kind=problem.kind,
        id=problem.id,
        number=problem.number,
        contact_id=problem.contact_id,
        amount=problem.amount,
        currency=problem.currency,
        why=problem.message,
    )


def ageing_table_view(table: AgeingTable) -> AgeingTableView:
    """Return the JSON view of the ageing of one connection."""
    return AgeingTableView(
        connection=table.connection,
        missing=tuple(map(missing_view, table.missing)),
        tie_out=table.tie_out,
        **asdict(ageing_view(table.report)),
    )


class OwnBandsTableView(Struct, frozen=True, kw_only=True):
    """The JSON view of an ageing with other bands than the usual ones."""

    connection: str
    as_of: date
    base_currency: str
    by_issue_date: bool
    rows: tuple[OwnBandsRowView, ...]
    totals: tuple[OwnBandsRowView, ...]
    base_total: OwnBandsRowView
    unrated: tuple[str, ...]
    missing: tuple[MissingView, ...]
    tie_out: TieOut | None


def own_bands_table_view(table: AgeingTable) -> OwnBandsTableView:
    """Return the JSON view of an ageing, whatever its bands."""
    report = table.report
    return OwnBandsTableView(
        connection=table.connection,
        as_of=report.as_of,
        base_currency=report.base_currency,
        by_issue_date=report.bands.by_issue_date,
        rows=tuple(own_bands_row_view(row, report.bands) for row in report.rows),
        totals=tuple(own_bands_row_view(row, report.bands) for row in report.totals),
        base_total=own_bands_row_view(report.base_total, report.bands),
        unrated=report.unrated,
        missing=tuple(map(missing_view, table.missing)),
        tie_out=table.tie_out,
    )


def ageing_report(
    actor: Actor,
    organisation: OrganisationContext,
    as_of: date | None = None,
    bands: AgeBands = USUAL_BANDS,
) -> AgeingTable:
    """Return the ageing of one connection.

    Args:
        actor: who asks.
        organisation: whose ledger.
        as_of: another day than today; the ledger is taken as it stands at the end of it.
        bands: of days, and what they are counted from.

    Raises:
        UserMistake: the bands do not rise.
    """
    permit(actor, Permission.READ)
    if fault := fault_of_edges(bands.edges):
        raise UserMistake(f"{fault}.\n    hint: 30,60,90")
    day = as_of or organisation.today
    accounts = organisation.store.ledger.accounts(organisation.id)
    # Today's as a past day's: what is dated later counts from its own day on.
    accounts = (as_it_stood(account, day, zone=organisation.zone) for account in accounts)
    books = organisation.connection.organisation
    report = ageing(accounts, base_currency=books.base_currency, today=day, bands=bands)
    missing = missing_from_totals(organisation.store.ledger.problems(organisation.id))
    # The platform's own balances are of its last reading: they tie with today's total alone.
    tie = tie_out_report(actor, organisation).report if day == organisation.today else None
    return AgeingTable(organisation.name, books.name, report, missing, tie)


def as_rows(table: AgeingTable) -> tuple[list[str], list[list[str]]]:
    """Return the columns and rows for people, totals last."""
    columns = ["customer", "currency", *table.report.bands.names, "total", "unapplied cash", "net"]
    rows = [_row(row) for row in table.report.rows]
    rows += [_row(row) for row in table.report.totals]
    if len(table.report.totals) > 1:
        row = table.report.base_total
        rows.append(_row(row._replace(contact_name="Total in the base currency")))
    return columns, rows


def _row(row: AgeingRow) -> list[str]:
    amounts = (*row.buckets, row.total, row.unallocated, row.net)
    return [
        row.contact_name,
        row.currency,
        *(f"{amount:,.{minor_digits(row.currency)}f}" if amount else "" for amount in amounts),
    ]


def as_csv(tables: Sequence[AgeingTable]) -> str:
    """Return one line for each customer and currency; money as plain decimals.

    Documents that could not be read follow, each named in the last column, without amounts. A name
    that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    bands = tables[0].report.bands.names if tables else USUAL_BANDS.names
    names = ["connection", "as_of", "contact_id", "contact", "currency", *bands]
    writer.writerow([*names, "total", "unallocated", "net", "invoices", "missing"])
    for table in tables:
        for row in table.report.rows:
            amounts = (*row.buckets, row.total, row.unallocated, row.net)
            writer.writerow(
                [
                    no_formula(table.connection),
                    table.as_of.isoformat(),
                    no_formula(row.contact_id),
                    no_formula(row.contact_name),
                    row.currency,
                    *(plain(amount) for amount in amounts),
                    row.invoices,
                    "",
                ]
            )
        for problem in table.missing:
            # A line without amounts: a sum of the columns stays what the report says.
            writer.writerow(_missing_cells(table, problem))
    return out.getvalue()


def _missing_cells(table: AgeingTable, problem: DocumentProblem) -> list[str]:
    head = [
        no_formula(table.connection),
        table.as_of.isoformat(),
        no_formula(problem.contact_id),
        "",
    ]
    no_amounts = [""] * (len(table.report.bands.names) + 4)
    return [
        *head,
        no_formula(problem.currency),
        *no_amounts,
        no_formula(missing_in_words([problem])),
    ]


def tie_out_lines(table: AgeingTable) -> list[str]:
    """Return the tie-out in words, or why there is none."""
    if table.tie_out is None:
        return ["not tied out: the platform's own balances are known of today alone"]
    return tie_out_in_words(table.tie_out)


class _Segment(NamedTuple):
    x: float
    width: float
    bucket: int
    title: str


class _Bar(NamedTuple):
    label: str
    total: str
    segments: tuple[_Segment, ...]


def as_html(tables: Sequence[AgeingTable]) -> str:
    """Return a page that needs nothing else: figures and a chart for each connection."""
    sections = [
        {
            "table": table,
            "missing": missing_in_words(table.missing),
            "tie_out": tie_out_lines(table),
            "columns": as_rows(table)[0],
            "rows": [_row(row) for row in table.report.rows],
            "totals": [_row(row) for row in table.report.totals],
            "base": _row(table.report.base_total) if len(table.report.totals) > 1 else None,
            "charts": _charts(table.report),
        }
        for table in tables
    ]
    return (
        _pages()
        .get_template("ageing")
        .render(
            sections=sections,
            buckets=tables[0].report.bands.names if tables else USUAL_BANDS.names,
            by_issue_date=bool(tables) and tables[0].report.bands.by_issue_date,
            chart_width=CHART_WIDTH,
        )
    )


def _charts(report: Ageing) -> list[dict[str, Any]]:
    charts = []
    for total in report.totals:
        rows = [row for row in report.rows if row.currency == total.currency and row.total]
        rows.sort(key=lambda row: (-row.total, row.contact_name))
        if rows:
            largest = rows[0].total
            bars = [_bar(row, largest, report.bands) for row in rows[:BARS_MAX]]
            left_out = len(rows) - len(bars)
            charts.append({"currency": total.currency, "bars": bars, "left_out": left_out})
    return charts


def _bar(row: AgeingRow, largest: Decimal, bands: AgeBands) -> _Bar:
    segments: list[_Segment] = []
    before, names = ZERO, bands.names
    for bucket, amount in enumerate(row.buckets):
        if amount > 0:
            title = f"{names[bucket]}: {shown(amount, row.currency)}"
            # Pixels, not money: the one place where an amount may become a float.
            x, width = (float(sum_ / largest * CHART_WIDTH) for sum_ in (before, amount))
            segments.append(_Segment(round(x, 1), round(width, 1), bucket, title))
            before += amount
    return _Bar(row.contact_name, shown(row.total, row.currency), tuple(segments))


@cache
def _pages() -> Environment:
    from jinja2 import DictLoader, Environment, StrictUndefined

    text = (files("arsync") / "templates" / "pages" / "ageing.html").read_text(encoding="utf-8")
    return Environment(
        loader=DictLoader({"ageing": text}), autoescape=True, undefined=StrictUndefined
    )
