"""Sums by week as SVG, made on the server: what is expected, and where the sum lies most often.

As every chart it stands beside a table with the same figures, and says in a sentence what it shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from arsync.application.reports.line_chart import (
    BOTTOM,
    LABELS_MAX,
    LEFT,
    LINE_HEIGHT,
    LINE_WIDTH,
    RIGHT,
    TOP,
    axis_top,
)

_HEIGHT = LINE_HEIGHT - TOP - BOTTOM
_GAP = 0.15
"""Of a column's room, free on each side of it."""


class WeekSum(NamedTuple):
    """What a column shows."""

    label: str
    expected: Decimal
    low: Decimal | None
    """None: it has no band, and the column stands on the axis."""
    high: Decimal | None


class WeekColumn(NamedTuple):
    """A column, in the picture's units."""

    x: float
    width: float
    top: float
    height: float
    expected: float
    """The height of the line that marks the expected sum."""
    middle: float
    label: str
    """Under the axis; empty: none."""
    value: str
    """Above it; empty: none."""


class BandChart(NamedTuple):
    """Sums by week with their bands."""

    columns: tuple[WeekColumn, ...]
    grid: tuple[tuple[float, str], ...]
    """The height of each line of the grid, and its label."""
    has_bands: bool
    sentence: str
    width: int = LINE_WIDTH
    height: int = LINE_HEIGHT


def band_chart(weeks: Sequence[WeekSum], *, sentence: str) -> BandChart | None:
    """Return sums with their bands; None where nothing is expected.

    Args:
        weeks: in order.
        sentence: what the chart shows.
    """
    highest = max((max(week.expected, week.high or week.expected) for week in weeks), default=None)
    if not highest:
        return None
    top = axis_top(highest)
    step = (LINE_WIDTH - LEFT - RIGHT) / len(weeks)
    every = -(-len(weeks) // LABELS_MAX)
    largest = max(range(len(weeks)), key=lambda number: weeks[number].expected)
    columns: list[WeekColumn] = []
    for number, week in enumerate(weeks):
        upper = _level(week.expected if week.high is None else week.high, top)
        lower = _level(week.low or Decimal(0), top)
        start = LEFT + (number + _GAP) * step
        columns.append(
            WeekColumn(
                round(start, 1),
                round(step * (1 - 2 * _GAP), 1),
                upper,
                round(lower - upper, 1),
                _level(week.expected, top),
                round(LEFT + (number + 0.5) * step, 1),
                week.label if number % every == 0 else "",
                short(week.expected) if number in {0, largest} else "",
            )
        )
    thirds = (top * third / 3 for third in range(4))
    grid = tuple((_level(value, top), short(value)) for value in thirds)
    return BandChart(tuple(columns), grid, any(week.high is not None for week in weeks), sentence)


def _level(value: Decimal, top: Decimal) -> float:
    return round(TOP + _HEIGHT * (1 - float(value / top)), 1)


def short(value: Decimal) -> str:
    """Return a sum for an axis: `250`, `1.5k`, `30k`, `2.4m`."""
    for unit, name in ((Decimal(1_000_000), "m"), (Decimal(1_000), "k")):
        if value >= unit:
            return f"{value / unit:.1f}".removesuffix(".0") + name
    return f"{value:.0f}"
