"""The measures as a page of its own, with trends; it needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from arsync.application.line_chart import LineChart, line
from arsync.application.measures_report import By, MeasuresTable, worklist_in_words
from arsync.core.analytics.measure_definitions import DEFINITIONS, Unit
from arsync.core.analytics.measures import Figures

if TYPE_CHECKING:
    from jinja2 import Environment

CHARTED = ("dso_countback_monthly", "overdue_percent", "days_to_pay", "cei")
"""The figures whose months are drawn."""


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
        cells = tuple(figure_text(getattr(row, name), definition.unit) for row in rows)
        yield FigureLine(definition.label, definition.formula, definition.source, cells)


def figure_text(figure: Decimal | None, unit: Unit) -> str:
    """Return a figure for people: days and percentages with one place."""
    if figure is None:
        return "not known"
    if unit is Unit.MONEY:
        return f"{figure:,.2f}"
    return f"{figure:,.1f}%" if unit is Unit.PERCENT else f"{figure:,.1f}"


def _trends(table: MeasuresTable) -> Iterator[Trend]:
    if table.by is not By.MONTH:
        return
    currencies = {row.currency for row in table.rows if not row.in_base}
    for currency in sorted(currencies, key=lambda code: (code != table.base_currency, code)):
        months = [row for row in table.rows if row.currency == currency and not row.in_base]
        for name in CHARTED:
            definition = DEFINITIONS[name]
            values = [(f"{row.as_of:%b %y}", getattr(row, name)) for row in months]
            unit = "%" if definition.unit is Unit.PERCENT else ""
            title = f"{definition.label}, {currency}"
            chart = line(values, unit=unit, sentence=f"{title}: by month, as in the table below.")
            if chart is not None:
                yield Trend(title, chart)


@cache
def _pages() -> Environment:
    from jinja2 import DictLoader, Environment, StrictUndefined

    text = (files("arsync") / "templates" / "pages" / "measures.html").read_text(encoding="utf-8")
    return Environment(
        loader=DictLoader({"measures": text}), autoescape=True, undefined=StrictUndefined
    )
