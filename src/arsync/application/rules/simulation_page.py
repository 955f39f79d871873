"""The simulation as a page of its own, with charts; it needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from arsync.core.rulebook.model import TakeOverKind
from arsync.core.trials.activity_counts import COLUMNS, ActivityCounts

if TYPE_CHECKING:
    from jinja2 import Environment, Template

    from arsync.application.rules.trials import RulesSimulation

CHART_WIDTH = 900
"""Of a chart, in the page's pixels."""

CHART_HEIGHT = 120
"""Of a chart's bars, in the page's pixels."""


DAYS_APART = 0.12
"""Days below a chart stand at least so much of its width apart, so that they can be read."""


class Bar(NamedTuple):
    """One day of a chart."""

    x: float
    y: float
    width: float
    height: float
    over: bool
    """More than the safety limit allows."""
    title: str


class Mark(NamedTuple):
    """A number beside a chart, or a day below it."""

    at: float
    """In the chart's own units."""
    percent: float
    """Of the chart's height from the top, or of its width from the left."""
    text: str


class Chart(NamedTuple):
    """One kind of thing, day by day."""

    name: str
    total: int
    most: int
    most_on: str
    bars: tuple[Bar, ...]
    limit: int
    limit_y: float | None
    """Where the safety limit runs; None when it is far above every bar."""
    marks: tuple[Mark, ...]
    """The scale: nothing, about a half, and about the highest."""
    days: tuple[Mark, ...]
    """The first day, beginnings of months between, and the last."""


def simulation_page(simulations: Sequence[RulesSimulation]) -> str:
    """Return the page: figures and charts for each connection."""
    sections = [
        {
            "trial": rules_simulation,
            "old_debts": _old_debts(rules_simulation),
            "charts": charts(rules_simulation),
            "columns": _used(rules_simulation.simulation.tally),
            "peaks": rules_simulation.simulation.tally.peaks(
                rules_simulation.simulation.rulebook.safety
            ),
            "most": [
                (
                    touched.contact_name,
                    [
                        touched.counts[COLUMNS.index(name)]
                        for name in _used(rules_simulation.simulation.tally)
                    ],
                )
                for touched in rules_simulation.simulation.tally.most()
            ],
        }
        for rules_simulation in simulations
    ]
    return _template().render(sections=sections, chart_width=CHART_WIDTH, chart_height=CHART_HEIGHT)


def _old_debts(rules_simulation: RulesSimulation) -> str:
    """Return from which day on old debts start, when that was assumed and makes a difference."""
    spread = rules_simulation.simulation.rulebook.take_over.kind is not TakeOverKind.FIRST_STEP
    return (
        str(rules_simulation.taken_over.on)
        if spread and rules_simulation.taken_over.assumed
        else ""
    )


def _used(tally: ActivityCounts) -> list[str]:
    return [name for name in COLUMNS if tally.totals[name]]


def charts(rules_simulation: RulesSimulation) -> list[Chart]:
    """Return a chart for everything that happens at all."""
    simulation = rules_simulation.simulation
    days = simulation.tally.by_day(simulation.first, simulation.last)
    limits = {peak.name: peak.limit for peak in simulation.tally.peaks(simulation.rulebook.safety)}
    drawn = []
    for name in _used(simulation.tally):
        position = COLUMNS.index(name)
        counts = [(str(day), counted[position]) for day, counted in days]
        drawn.append(_chart(name, counts, limits.get(name)))
    return drawn


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
    return Chart(
        name,
        sum(count for _, count in counts),
        highest,
        next(day for day, count in counts if count == highest),
        bars,
        limit or 0,
        limit_y,
        _scale(highest, scale),
        _days([day for day, _ in counts]),
    )


def _scale(highest: int, scale: float) -> tuple[Mark, ...]:
    values = dict.fromkeys((0, highest // 2, highest))
    marks = []
    for value in values:
        at = CHART_HEIGHT - value * scale
        marks.append(Mark(round(at, 2), round(100 * at / CHART_HEIGHT, 2), f"{value:,}"))
    return tuple(marks)


def _days(days: Sequence[str]) -> tuple[Mark, ...]:
    """Return the days to name: both ends, and first days of months with room around them."""
    last = len(days) - 1
    named = [0]
    for number, day in enumerate(days):
        far = (number - named[-1]) / len(days) >= DAYS_APART
        if day.endswith("-01") and far and (last - number) / len(days) >= DAYS_APART:
            named.append(number)
    named += [last] if last else []
    return tuple(
        Mark(
            round(CHART_WIDTH * (number + 0.5) / len(days), 2),
            0.0
            if not number
            else 100.0
            if number == last
            else round(100 * (number + 0.5) / len(days), 2),
            days[number],
        )
        for number in named
    )


@cache
def _template() -> Template:
    return _pages().get_template("simulation")


def _pages() -> Environment:
    from jinja2 import DictLoader, Environment, StrictUndefined

    page = files("arsync") / "templates" / "pages" / "simulation.html"
    text: dict[str, Any] = {"simulation": page.read_text(encoding="utf-8")}
    environment = Environment(loader=DictLoader(text), autoescape=True, undefined=StrictUndefined)
    environment.filters["count"] = "{:,}".format
    return environment
