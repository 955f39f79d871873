"""The forecast of cash of one connection: for people, as CSV and JSON, with what is behind it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from arsync.application.json_values import six_places
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.reports.past_days import past_day
from arsync.application.rules.trials import Watch
from arsync.core.analytics.forecast import (
    CashForecast,
    ExpectedWeek,
    ForecastDocument,
    Forecasting,
    LedgerForecast,
)
from arsync.core.analytics.forecast_definitions import FORECAST
from arsync.core.analytics.forecast_past import PAID_MIN
from arsync.core.analytics.projection import WEEKS
from arsync.core.ledger.money import ZERO, bare, plain
from arsync.core.ledger.sanitising import no_formula


class ForecastTable(NamedTuple):
    """The forecast of one connection."""

    connection: str
    organisation: str
    base_currency: str
    forecast: LedgerForecast
    documents: Mapping[str, tuple[ForecastDocument, ...]]
    """By currency, what is behind it: the largest amounts first."""
    names: Mapping[str, str]
    """The names of customers, by contact."""


def forecast_report(
    actor: Actor,
    organisation: OrganisationContext,
    as_of: date | None = None,
    *,
    watch: Watch = iter,
) -> ForecastTable:
    """Return the forecast of one connection.

    Args:
        actor: who asks.
        organisation: whose ledger.
        as_of: the day before its first week; None: the organisation's today.
        watch: sees each customer come by, and may raise.

    Raises:
        UserMistake: the day is in the future.
    """
    permit(actor, Permission.READ)
    books = organisation.connection.organisation
    forecasting = Forecasting(
        past_day(organisation, as_of),
        zone=organisation.zone,
        base_currency=books.base_currency,
        in_time_until=organisation.promises_in_time,
        instalments_in_time=organisation.instalments_in_time,
    )
    names: dict[str, str] = {}
    for account in watch(organisation.store.ledger.accounts(organisation.id)):
        forecasting.add(account)
        names |= {contact.id: contact.name for contact in account.contacts}
    ledger_forecast = forecasting.forecast()
    documents = {
        row.currency: tuple(
            sorted(
                forecasting.documents(row.currency),
                key=lambda document: (-document.amount, document.number),
            )
        )
        for row in ledger_forecast.currencies
    }
    return ForecastTable(
        organisation.name, books.name, books.base_currency, ledger_forecast, documents, names
    )


def forecast_view(table: ForecastTable, *, with_documents: bool = False) -> dict[str, Any]:
    """Return the JSON view: decimals as texts with six places, and what each figure is."""
    view: dict[str, Any] = {
        "connection": table.connection,
        **six_places(table.forecast),
        "definitions": six_places(dict(FORECAST)),
    }
    for row, shown in zip(table.forecast.currencies, view["currencies"], strict=True):
        shown["errors"]["beats_both"] = row.errors.beats_both
        shown["errors"]["beats_both_over_four_weeks"] = row.errors.beats_both_over_four_weeks
        if with_documents:
            shown["documents"] = six_places(table.documents[row.currency])
    return view


def forecast_rows(row: CashForecast) -> tuple[list[str], list[list[str]]]:
    """Return the columns and rows of a currency for people; the rows of weeks come first."""
    columns = ["week", "expected", "P10", "P50", "P90", "held", "by due date"]
    weeks = [(f"{week.first} to {week.last}", week) for week in row.weeks]
    weeks += [("4 weeks", row.four_weeks), ("13 weeks", row.all_weeks)]
    rows = [[name, *_week_cells(week, row.currency)] for name, week in weeks]
    for name, amount in (
        ("later, within a year", row.later),
        ("never, or after that", row.never),
        ("disputed, not counted on", row.disputed),
        ("owed, less unapplied cash", row.owed),
    ):
        rows.append([name, bare(amount, row.currency), "", "", "", "", ""])
    return columns, rows


def _week_cells(week: ExpectedWeek, currency: str) -> list[str]:
    band = week.band
    cells = (
        ["", "", "", ""]
        if band is None
        else [*(bare(end, currency) for end in (band.p10, band.p50, band.p90)), _held(week)]
    )
    return [bare(week.expected, currency), *cells, bare(week.by_due_date, currency)]


def _held(week: ExpectedWeek) -> str:
    band = week.band
    return "" if band is None or not band.checked else f"{band.held} of {band.checked}"


def forecast_notes(table: ForecastTable, row: CashForecast) -> list[str]:
    """Return what has to be read beside the figures of a currency."""
    ledger_forecast = table.forecast
    if not ledger_forecast.by_habit:
        few = (
            f"Only {ledger_forecast.paid_invoices} invoices were paid in three years: under "
            f"{PAID_MIN} there are no habits to go by, so these are due dates, not a forecast."
        )
        return [few]
    notes = ["Only invoices that are issued; unapplied cash is taken off."]
    week = row.weeks[0].band
    if week is None:
        notes.append("No bands: fewer than 10 past weeks can be compared.")
    elif week.checked:
        notes.append(
            f"The band of the first week held in {week.held} of {week.checked} past weeks; it "
            f"should hold in {(week.checked * Decimal('0.8')).to_integral_value()}."
        )
    notes += _sum_notes(row)
    return [*notes, *_error_notes(row)]


def _sum_notes(row: CashForecast) -> Iterator[str]:
    """Yield what has to be read beside the band of all weeks together."""
    band = row.all_weeks.band
    if band is None:
        yield "No band of the 13 weeks together: too few such sums are over."
    else:
        held = (
            f"It held in {band.held} of {band.checked} past sums, which overlap."
            if band.checked
            else "No past sum can be checked yet."
        )
        yield f"The band of the 13 weeks together is that of their sum. {held}"


def _error_notes(row: CashForecast) -> Iterator[str]:
    errors = row.errors
    if errors.weekly is None or errors.weekly_by_due_date is None:
        yield "How wrong it is is not known: too few past weeks can be compared."
        return
    verdict = (
        "It beats both."
        if errors.beats_both
        else "It does not beat both: do not trust it more than them."
    )
    yield (
        f"Out of sample, {errors.origins} past forecasts were wrong by {errors.weekly:.0%} of what "
        f"was paid in a week; due dates by {errors.weekly_by_due_date:.0%}, due dates plus each "
        f"customer's average by {errors.weekly_by_average:.0%}. {verdict}"
    )
    if errors.four_weeks is not None:
        also = "" if errors.beats_both_over_four_weeks else " It does not beat both here."
        yield (
            f"Over the sum of 4 weeks: {errors.four_weeks:.0%}, {errors.four_weeks_by_due_date:.0%}"
            f" and {errors.four_weeks_by_average:.0%}.{also}"
        )


def document_rows(table: ForecastTable, currency: str) -> tuple[list[str], list[list[str]]]:
    """Return the columns and rows of the open parts behind the forecast of a currency."""
    columns = ["document", "customer", "due", "by", "days late", currency, "4 weeks", "13 weeks"]
    rows = [
        [
            document.number,
            table.names.get(document.contact_id, document.contact_id),
            document.due_on.isoformat(),
            document.way + (f" {document.said_on}" if document.said_on else ""),
            f"{document.usual_days_late:+}",
            bare(document.amount, currency),
            bare(sum(document.by_week[:4], ZERO), currency),
            bare(sum(document.by_week, ZERO), currency),
        ]
        for document in table.documents[currency]
    ]
    return columns, rows


def forecast_csv(tables: Sequence[ForecastTable]) -> str:
    """Return a line for each figure, with what it is; numbers as plain decimals."""
    out = io.StringIO()
    writer = csv.writer(out)
    amounts = ["amount", "p10", "p50", "p90", "held", "checked"]
    head = ["connection", "as_of", "currency", "figure", "first", "last"]
    writer.writerow([*head, *amounts, "definition", "source", "window"])
    for table in tables:
        for row in table.forecast.currencies:
            start = [no_formula(table.connection), table.forecast.as_of.isoformat(), row.currency]
            for name, cells in _csv_cells(row):
                definition = FORECAST[name]
                writer.writerow(
                    [
                        *start,
                        name,
                        *cells,
                        definition.definition,
                        definition.source,
                        definition.window,
                    ]
                )
    return out.getvalue()


def forecast_documents_csv(tables: Sequence[ForecastTable]) -> str:
    """Return a line for each open invoice, or part of one, and each week's share of it."""
    out = io.StringIO()
    writer = csv.writer(out)
    head = ["connection", "as_of", "currency", "number", "invoice_id", "contact_id", "contact"]
    named = [*head, "due_on", "goes_by", "said_on", "usual_days_late", "amount"]
    weeks = [f"week_{number}" for number in range(1, WEEKS + 1)]
    writer.writerow([*named, *weeks, "later", "never"])
    for table in tables:
        for row in table.forecast.currencies:
            for document in table.documents[row.currency]:
                contact = table.names.get(document.contact_id, document.contact_id)
                writer.writerow(
                    [
                        no_formula(table.connection),
                        table.forecast.as_of.isoformat(),
                        row.currency,
                        *map(no_formula, (document.number, document.invoice_id)),
                        *map(no_formula, (document.contact_id, contact)),
                        document.due_on.isoformat(),
                        document.way,
                        document.said_on.isoformat() if document.said_on else "",
                        document.usual_days_late,
                        plain(document.amount),
                        *map(plain, (*document.by_week, document.later, document.never)),
                    ]
                )
    return out.getvalue()


def _csv_cells(row: CashForecast) -> Iterator[tuple[str, list[str]]]:
    """Yield each figure's name and its cells, from `first` to `checked`."""
    for week in (*row.weeks, row.four_weeks, row.all_weeks):
        days, band = [week.first.isoformat(), week.last.isoformat()], [""] * 5
        if week.band is not None:
            ends = (week.band.p10, week.band.p50, week.band.p90)
            band = [*map(plain, ends), str(week.band.held), str(week.band.checked)]
        yield "expected", [*days, plain(week.expected), *band]
        yield "by_due_date", [*days, plain(week.by_due_date), *[""] * 5]
    for name in ("later", "never", "disputed", "owed"):
        yield name, ["", "", plain(getattr(row, name)), *[""] * 5]
