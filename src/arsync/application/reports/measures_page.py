"""The measures as a page of its own, with trends; it needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from arsync.application.reports.line_chart import LineChart, line
from arsync.application.reports.measures_report import (
    By,
    MeasuresTable,
    known_in_words,
    worklist_in_words,
)
from arsync.core.analytics.goal_states import home_figures
from arsync.core.analytics.measure_definitions import DEFINITIONS, Unit
from arsync.core.analytics.measures import Figures
from arsync.core.ledger.money import bare

if TYPE_CHECKING:
    from jinja2 import Environment

CHARTED = ("dso_countback_monthly", "overdue_percent", "days_to_pay", "cei")
"""The figures whose months are drawn, beside those that have goals."""


class FigureLine(NamedTuple):
    """One figure of all groups."""

    label: str
    formula: str
    source: str
    cells: tuple[str, ...]


class Trend(NamedTuple):
    """The months of one figure in one currency."""

    title: str
    chart: LineChart


def measures_html(tables: Sequence[MeasuresTable]) -> str:
    """Return a page that needs nothing else: figures, how they are counted, and trends."""
    sections = [
        {
            "table": table,
            "heads": [_head(table, row) for row in table.rows],
            "lines": list(_lines(table.rows)),
            "trends": list(_trends(table)),
            "worklist": worklist_in_words(table.worklist),
            "goals": list(_goal_rows(table)),
            "known": known_in_words(table),
            "unrated": sorted({name for row in table.rows for name in row.unrated}),
        }
        for table in tables
    ]
    return _pages().get_template("measures").render(sections=sections)


def _head(table: MeasuresTable, row: Figures) -> str:
    currency = f"{row.currency}, all" if row.in_base else row.currency
    of = row.as_of.isoformat() if table.by is By.MONTH else row.group
    return f"{of} {currency}".strip()


def _lines(rows: Sequence[Figures]) -> Iterator[FigureLine]:
    for name, definition in DEFINITIONS.items():
        cells = tuple(
            figure_text(getattr(row, name), definition.unit, row.currency) for row in rows
        )
        yield FigureLine(definition.label, definition.formula, definition.source, cells)


def figure_text(figure: Decimal | None, unit: Unit, currency: str = "") -> str:
    """Return a figure for people: days and percentages with one place."""
    if figure is None:
        return "not known"
    if unit is Unit.MONEY:
        return bare(figure, currency)
    return f"{figure:,.1f}%" if unit is Unit.PERCENT else f"{figure:,.1f}"


def _goal_rows(table: MeasuresTable) -> Iterator[tuple[str, str, str, str, str]]:
    for state in table.goals:
        definition = DEFINITIONS[state.measure]
        figure = figure_text(state.now.figure, definition.unit)
        unknown = state.now.figure is None
        stands = "not known" if unknown else "missed" if state.now.missed else "met"
        bound = "at least" if state.at_least else "at most"
        goal = f"{bound} {figure_text(state.goal, definition.unit)}"
        yield definition.label, figure, goal, stands, state.rule


def _trends(table: MeasuresTable) -> Iterator[Trend]:
    if table.by is not By.MONTH:
        return
    home = home_figures(table.rows, table.base_currency)
    goals = {state.measure: state.goal for state in table.goals}
    for name in dict.fromkeys((*goals, *CHARTED)):
        yield from _trend(name, home, table.base_currency, goals.get(name))
    currencies = {row.currency for row in table.rows if not row.in_base}
    for currency in sorted(currencies - {table.base_currency}):
        months = [row for row in table.rows if row.currency == currency and not row.in_base]
        for name in CHARTED:
            yield from _trend(name, months, currency, None)


def _trend(
    name: str, months: Sequence[Figures], currency: str, goal: Decimal | None
) -> Iterator[Trend]:
    definition = DEFINITIONS[name]
    values = [(f"{row.as_of:%b %y}", getattr(row, name)) for row in months]
    unit = "%" if definition.unit is Unit.PERCENT else ""
    title = f"{definition.label}, {currency}"
    if goal is not None:
        title += f"; goal {figure_text(goal, definition.unit)}"
    sentence = f"{title}: by month, as in the table below."
    chart = line(values, unit=unit, sentence=sentence, goal=goal)
    if chart is not None:
        yield Trend(title, chart)


@cache
def _pages() -> Environment:
    from jinja2 import DictLoader, Environment, StrictUndefined

    text = (files("arsync") / "templates" / "pages" / "measures.html").read_text(encoding="utf-8")
    return Environment(
        loader=DictLoader({"measures": text}), autoescape=True, undefined=StrictUndefined
    )
