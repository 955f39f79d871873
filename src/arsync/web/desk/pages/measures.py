"""Measures and the end of a month: figures with the documents behind them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from flask import current_app
from werkzeug.wrappers import Response

from arsync.application.desk.customer_figures import Age
from arsync.application.desk.figures import (
    SETTLED_MIN,
    LedgerFigures,
    begin_figures,
    begin_month,
    begin_risk,
    ledger_goals,
)
from arsync.application.desk.long_work import LongJob
from arsync.application.permissions import Permission
from arsync.application.reports.ageing_report import ageing_report, as_csv
from arsync.application.reports.line_chart import LineChart, line
from arsync.application.reports.measure_documents import documents_in_currency
from arsync.application.reports.measures_report import (
    By,
    measures_csv,
    measures_report,
)
from arsync.application.reports.risk_reports import provision_notes
from arsync.application.reports.tie_out_report import tie_out_report
from arsync.core.analytics.ageing import AgeingRow
from arsync.core.analytics.goal_states import GoalState
from arsync.core.analytics.measure_definitions import DEFINITIONS, Unit
from arsync.core.ledger.age_buckets import BUCKETS
from arsync.core.ledger.money import ZERO
from arsync.errors import UserMistake
from arsync.translation import ReaderText, gettext
from arsync.web.desk.age_bar import NAMES, AgePiece, age_bar
from arsync.web.desk.answers import file_answer
from arsync.web.desk.routing import Routes
from arsync.web.desk.visit import FIGURES_WAIT_SECONDS, Visit

routes = Routes()

CUSTOMERS_SHOWN = 7
"""On the page of measures; the rest in one line, and all on the page of ages."""

DOCUMENTS_SHOWN = 500


@routes.page("/c/<connection>/measures", Permission.READ, amounts=True)
def show(visit: Visit) -> Response:
    """Show the figures of a day in one currency."""
    job = _figures(visit)
    if job.is_open:
        return wait_page(visit, job)
    figures = job.result()
    currency = _currency(visit, figures)
    # A second reading, begun now: the page is there without it, if it takes longer.
    risk = begin_risk(visit.actor, visit.organisation, visit.long_work, asked_day(visit))
    is_there = risk.wait(current_app.extensions[FIGURES_WAIT_SECONDS])
    rows = figures.ageing_rows(currency)
    total = figures.ageing_total(currency)
    trend = figures.trend(currency)
    words = [(visit.words.month(row.as_of), row.dso_countback_monthly) for row in trend]
    return visit.page(
        "measures.html",
        figures=figures,
        currency=currency,
        day_figures=figures.of(currency),
        total=total,
        rows=rows[:CUSTOMERS_SHOWN],
        others=_sum_of(rows[CUSTOMERS_SHOWN:]),
        count_others=len(rows[CUSTOMERS_SHOWN:]),
        count_all=len(rows),
        buckets=[NAMES[name] for name in BUCKETS],
        bar=_bar(total),
        trend=trend,
        goals=_goals(visit, figures) if currency == figures.base_currency else [],
        chart=line(words, unit="", sentence=_sentence(words)),
        others_owe=[code for code in figures.currencies if code != currency],
        few=SETTLED_MIN,
        risk=risk.result() if is_there else None,
        is_today=figures.as_of == visit.organisation.today,
    )


class GoalShown(NamedTuple):
    """A goal as the page shows it."""

    state: GoalState
    label: str
    figure: str
    goal: str
    stands: str
    chart: LineChart | None


def _goals(visit: Visit, figures: LedgerFigures) -> list[GoalShown]:
    """Return the goals with their months, each drawn with the line that it is to keep to."""
    shown: list[GoalShown] = []
    for state in ledger_goals(visit.actor, visit.organisation, figures):
        definition = DEFINITIONS[state.measure]
        in_percent = definition.unit is Unit.PERCENT
        words = visit.words.percent if in_percent else visit.words.days
        values = [(visit.words.month(point.as_of), point.figure) for point in state.points]
        bound = gettext("at least") if state.at_least else gettext("at most")
        goal = f"{bound} {words(state.goal)}"
        sentence = f"{definition.label} by month; the goal is {goal}."
        chart = line(values, unit="%" if in_percent else "", sentence=sentence, goal=state.goal)
        unknown = state.now.figure is None
        stands = gettext("Missed") if state.now.missed else gettext("Met")
        if unknown:
            stands = gettext("Not known")
        figure = words(state.now.figure)
        shown.append(GoalShown(state, definition.label, figure, goal, stands, chart))
    return shown


@routes.page("/c/<connection>/measures/ageing", Permission.READ, amounts=True)
def show_ageing(visit: Visit) -> Response:
    """Show what each customer owes, by age."""
    job = _figures(visit)
    if job.is_open:
        return wait_page(visit, job)
    figures = job.result()
    currency = _currency(visit, figures)
    return visit.page(
        "ageing.html",
        figures=figures,
        currency=currency,
        rows=figures.ageing_rows(currency)[:DOCUMENTS_SHOWN],
        count_all=len(figures.ageing_rows(currency)),
        total=figures.ageing_total(currency),
        buckets=[NAMES[name] for name in BUCKETS],
    )


@routes.page("/c/<connection>/measures/ageing.csv", Permission.READ, amounts=True)
def ageing_csv(visit: Visit) -> Response:
    """Give the ageing of a day as CSV."""
    table = ageing_report(visit.actor, visit.organisation, asked_day(visit))
    return file_answer(
        as_csv([table]), "text/csv", f"ageing-{visit.organisation.name}-{table.as_of}.csv"
    )


@routes.page("/c/<connection>/measures/measures.csv", Permission.READ, amounts=True)
def all_csv(visit: Visit) -> Response:
    """Give the measures of a year of months as CSV."""
    table = measures_report(visit.actor, visit.organisation, as_of=asked_day(visit), by=By.MONTH)
    return file_answer(measures_csv([table]), "text/csv", f"measures-{visit.organisation.name}.csv")


@routes.page("/c/<connection>/measures/<name>/documents", Permission.READ, amounts=True)
def show_documents(visit: Visit, name: str) -> Response:
    """Show the documents behind a figure."""
    currency = visit.request.args.get("currency", "")
    currency = currency or visit.organisation.connection.organisation.base_currency
    if name not in _DOCUMENT_TITLES:
        raise UserMistake(f"no figure {name!r} has documents.")
    documents = documents_in_currency(
        visit.actor, visit.organisation, name, currency=currency, as_of=asked_day(visit)
    )
    return visit.page(
        "documents.html",
        title=_DOCUMENT_TITLES[name],
        currency=currency,
        as_of=asked_day(visit) or visit.organisation.today,
        documents=documents[:DOCUMENTS_SHOWN],
        count_all=len(documents),
        total=sum((document.amount for document in documents), ZERO),
    )


_DOCUMENT_TITLES = {
    "sales": ReaderText("Sales"),
    "receivable": ReaderText("Owed"),
    "current": ReaderText("Owed and not yet due"),
    "overdue": ReaderText("Overdue"),
    "opening": ReaderText("Owed at the start of the window"),
    "settled": ReaderText("Settled"),
    "disputed": ReaderText("Disputed"),
    "promised": ReaderText("Promised"),
    "promises": ReaderText("Promises"),
}


@routes.page("/c/<connection>/close", Permission.READ, amounts=True)
def close(visit: Visit) -> Response:
    """Go on to the last month that is over."""
    today = visit.organisation.today
    year, month = (today.year, today.month - 1) if today.month > 1 else (today.year - 1, 12)
    return visit.see(visit.address(f"close/{year:04}-{month:02}"))


@routes.page("/c/<connection>/close/<month>", Permission.READ, amounts=True)
def show_month(visit: Visit, month: str) -> Response:
    """Show what became of the receivables in a month, and whether they tie out."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise UserMistake(
            gettext("%(month)s is no month.\n    hint: 2026-11", month=repr(month[:20]))
        ) from None
    job = begin_month(visit.actor, visit.organisation, visit.long_work, first)
    if not job.wait(current_app.extensions[FIGURES_WAIT_SECONDS]):
        return wait_page(visit, job)
    figures, risk = job.result()
    before = date(first.year - (first.month == 1), (first.month - 2) % 12 + 1, 1)
    after = date(first.year + (first.month == 12), first.month % 12 + 1, 1)
    return visit.page(
        "close.html",
        figures=figures,
        month=month,
        before=f"{before:%Y-%m}",
        after=f"{after:%Y-%m}" if after <= visit.organisation.today else "",
        tie_out=tie_out_report(visit.actor, visit.organisation).report,
        ageing_path=visit.address("measures/ageing.csv", as_of=figures.last.isoformat()),
        measures_path=visit.address("measures/measures.csv", as_of=figures.last.isoformat()),
        provision=risk.provision,
        provision_notes=provision_notes(risk),
        provision_path=visit.address("measures/provision.csv", as_of=figures.last.isoformat()),
        buckets=[NAMES[name] for name in BUCKETS],
    )


def _figures(visit: Visit) -> LongJob[LedgerFigures]:
    """Return the adding up of the figures of the day that is asked for, after a little while."""
    job = begin_figures(visit.actor, visit.organisation, visit.long_work, asked_day(visit))
    job.wait(current_app.extensions[FIGURES_WAIT_SECONDS])
    return job


def wait_page(visit: Visit, job: LongJob[Any]) -> Response:
    """Say how far long work is, and that the page may be left."""
    return visit.page("measures_wait.html", progress=job.progress)


def asked_day(visit: Visit) -> date | None:
    """Return the day of which figures are asked for; None: today."""
    text = visit.request.args.get("as_of", "")
    if not text:
        return None
    with contextlib.suppress(ValueError):
        return date.fromisoformat(text)
    raise UserMistake(gettext("%(text)s is no day.\n    hint: 2026-11-30", text=repr(text[:20])))


def _currency(visit: Visit, figures: LedgerFigures) -> str:
    currency = visit.request.args.get("currency", "")
    return currency if currency in figures.currencies else figures.currencies[0]


def _bar(total: AgeingRow | None) -> tuple[AgePiece, ...]:
    """Return the bar of all that is owed."""
    buckets = total.buckets if total is not None else ()
    return age_bar([Age(*each) for each in zip(BUCKETS, buckets, strict=bool(buckets))])


def _sum_of(rows: Sequence[AgeingRow]) -> list[Decimal]:
    """Return the sums of the rows by age; none where there is no row."""
    return [sum(column, ZERO) for column in zip(*(row.buckets for row in rows), strict=True)]


def _sentence(months: Sequence[tuple[str, Decimal | None]]) -> str:
    points = [(label, value) for label, value in months if value is not None]
    if not points:
        return ""
    (first_label, first), (last_label, last) = points[0], points[-1]
    return gettext(
        "DSO counted back: %(first)s days at the end of %(first_label)s, %(last)s "
        "at the end of %(last_label)s.",
        first=format(first, ".0f"),
        first_label=first_label,
        last=format(last, ".0f"),
        last_label=last_label,
    )
