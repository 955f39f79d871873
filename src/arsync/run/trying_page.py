"""The simulation as a page of its own, with charts; it needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from arsync.core.tally import COLUMNS, Tally

if TYPE_CHECKING:
    from jinja2 import Environment, Template

    from arsync.run.trying import RulesSimulation

CHART_WIDTH = 900
"""Of a chart, in the page's pixels."""

CHART_HEIGHT = 120
"""Of a chart's bars, in the page's pixels."""


class Bar(NamedTuple):
    """One day of a chart."""

    x: float
    y: float
    width: float
    height: float
    over: bool
    """More than the safety limit allows."""
    title: str


class Chart(NamedTuple):
    """One kind of thing, day by day."""

    name: str
    total: int
    bars: tuple[Bar, ...]
    limit: int
    limit_y: float | None
    """Where the safety limit runs; None when it is far above every bar."""
    first: str
    last: str


def simulation_page(found: Sequence[RulesSimulation]) -> str:
    """Return the page: figures and charts for each connection."""
    sections = [
        {
            "found": one,
            "charts": charts(one),
            "columns": _used(one.simulation.tally),
            "peaks": one.simulation.tally.peaks(one.simulation.rulebook.safety),
            "most": [
                (touched.contact_name, [touched.counts[COLUMNS.index(name)]
                                        for name in _used(one.simulation.tally)])
                for touched in one.simulation.tally.most()
            ],
        }
        for one in found
    ]  # fmt: skip
    return _template().render(sections=sections, chart_width=CHART_WIDTH, chart_height=CHART_HEIGHT)


def _used(tally: Tally) -> list[str]:
    return [name for name in COLUMNS if tally.totals[name]]


def charts(found: RulesSimulation) -> list[Chart]:
    """Return a chart for everything that happens at all."""
    one = found.simulation
    days = one.tally.by_day(one.first, one.last)
    limits = {peak.name: peak.limit for peak in one.tally.peaks(one.rulebook.safety)}
    made = []
    for name in _used(one.tally):
        position = COLUMNS.index(name)
        counts = [(str(day), counted[position]) for day, counted in days]
        made.append(_chart(name, counts, limits.get(name)))
    return made


def _chart(name: str, counts: Sequence[tuple[str, int]], limit: int | None) -> Chart:
    highest = max(count for _, count in counts)
    # A limit that is far away would flatten every bar, so it is only drawn when it is near.
    near = limit is not None and limit <= 2 * highest
    scale = CHART_HEIGHT / max(highest, limit if near and limit is not None else 0)
    width = CHART_WIDTH / len(counts)
    bars = tuple(
        Bar(
            round(number * width, 2),
            round(CHART_HEIGHT - count * scale, 2),
            round(max(width * 0.8, 0.5), 2),
            round(count * scale, 2),
            limit is not None and count > limit,
            f"{day}: {count:,} {name}",
        )
        for number, (day, count) in enumerate(counts)
        if count
    )
    limit_y = round(CHART_HEIGHT - limit * scale, 2) if near and limit is not None else None
    total = sum(count for _, count in counts)
    return Chart(name, total, bars, limit or 0, limit_y, counts[0][0], counts[-1][0])


@cache
def _template() -> Template:
    return _pages().get_template("simulation")


def _pages() -> Environment:
    from jinja2 import DictLoader, Environment, StrictUndefined

    page = files("arsync") / "templates" / "pages" / "simulation.html"
    text: dict[str, Any] = {"simulation": page.read_text(encoding="utf-8")}
    return Environment(loader=DictLoader(text), autoescape=True, undefined=StrictUndefined)
