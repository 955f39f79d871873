"""What will come in: payments expected by week, with bands, and how wrong such forecasts were."""

from __future__ import annotations

from flask import current_app
from werkzeug.wrappers import Response

from arsync.application.desk.figures import begin_forecast
from arsync.application.permissions import Permission
from arsync.application.reports.forecast_report import (
    forecast_csv,
    forecast_notes,
    forecast_report,
)
from arsync.application.reports.risk_reports import provision_csv, provision_report
from arsync.core.analytics.forecast import CashForecast
from arsync.translation import gettext
from arsync.web.desk.answers import file_answer
from arsync.web.desk.band_chart import BandChart, WeekSum, band_chart
from arsync.web.desk.pages.measures import asked_day, wait_page
from arsync.web.desk.routing import Routes
from arsync.web.desk.visit import FIGURES_WAIT_SECONDS, Visit

routes = Routes()

INVOICES_SHOWN = 50
"""The largest; the command lists all."""


@routes.page("/c/<connection>/measures/forecast", Permission.READ, amounts=True)
def show_forecast(visit: Visit) -> Response:
    """Show what is expected of one currency, and how sure that is."""
    job = begin_forecast(visit.actor, visit.organisation, visit.long_work, asked_day(visit))
    if not job.wait(current_app.extensions[FIGURES_WAIT_SECONDS]):
        return wait_page(visit, job)
    table = job.result()
    named = [
        row.currency for row in table.forecast.currencies if row.currency != table.base_currency
    ]
    currencies = [table.base_currency, *named]
    currency = visit.request.args.get("currency", "")
    currency = currency if currency in currencies else currencies[0]
    row = table.forecast.of(currency)
    return visit.page(
        "forecast.html",
        figures={"currencies": currencies, "as_of": table.forecast.as_of},
        currency=currency,
        home=table.base_currency,
        forecast=table.forecast,
        row=row,
        names=table.names,
        chart=_chart(visit, row),
        notes=[] if row is None else forecast_notes(table, row),
        documents=table.documents.get(currency, ())[:INVOICES_SHOWN],
        count_all=len(table.documents.get(currency, ())),
    )


@routes.page("/c/<connection>/measures/forecast.csv", Permission.READ, amounts=True)
def all_weeks_csv(visit: Visit) -> Response:
    """Give the forecast of all currencies as CSV."""
    table = forecast_report(visit.actor, visit.organisation, asked_day(visit))
    name = f"forecast-{visit.organisation.name}-{table.forecast.as_of}.csv"
    return file_answer(forecast_csv([table]), "text/csv", name)


@routes.page("/c/<connection>/measures/provision.csv", Permission.READ, amounts=True)
def expected_losses_csv(visit: Visit) -> Response:
    """Give the provision of a day as CSV."""
    table = provision_report(visit.actor, visit.organisation, asked_day(visit))
    name = f"provision-{visit.organisation.name}-{table.provision.as_of}.csv"
    return file_answer(provision_csv([table]), "text/csv", name)


def _chart(visit: Visit, row: CashForecast | None) -> BandChart | None:
    if row is None:
        return None
    weeks = [
        WeekSum(
            visit.words.short_day(week.first, today=week.first),
            week.expected,
            week.band.p10 if week.band else None,
            week.band.p90 if week.band else None,
        )
        for week in row.weeks
    ]
    first = visit.words.whole_money(row.weeks[0].expected, row.currency)
    four = visit.words.whole_money(row.four_weeks.expected, row.currency)
    return band_chart(
        weeks,
        sentence=gettext(
            "Expected in the first week: %(first)s; in four weeks: %(four)s.",
            first=first,
            four=four,
        ),
    )
