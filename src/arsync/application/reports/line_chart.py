"""Lines over months as SVG, made on the server; bars of ages are in `age_bar`.

Every chart stands beside a table with the same figures; it says in a sentence what it shows. Its
elements have presentation attributes and classes alone, so that the page's policy needs no
exception.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

LINE_WIDTH = 460
LINE_HEIGHT = 220
LEFT, RIGHT, TOP, BOTTOM = 44, 16, 24, 34
"""Room around the lines, in the picture's units."""

LABELS_MAX = 4
"""So many labels an axis has at most: on a telephone a fifth one would touch its neighbour."""


class Dot(NamedTuple):
    """A point of a line."""

    x: float
    y: float
    label: str
    """Under the axis; empty: none."""
    value: str
    """Beside the point; empty: none."""

    @property
    def value_anchor(self) -> str:
        """Return how the value stands to the point: it covers neither the axis nor the edge."""
        if self.x <= LEFT:
            return "start"
        return "end" if self.x >= LINE_WIDTH - RIGHT else "middle"


class LineChart(NamedTuple):
    """A line over months."""

    dots: tuple[Dot, ...]
    lines: tuple[str, ...]
    """Points of each line as SVG has them; a value that is not known ends one."""
    grid: tuple[tuple[float, str], ...]
    """The height of each line of the grid, and its label."""
    sentence: str
    goal_y: float | None = None
    """The height of the line at the goal; None: there is none."""
    width: int = LINE_WIDTH
    height: int = LINE_HEIGHT


def line(
    values: Sequence[tuple[str, Decimal | None]],
    *,
    unit: str,
    sentence: str,
    goal: Decimal | None = None,
) -> LineChart | None:
    """Return a line; None where fewer than two points are known.

    Args:
        values: label and value, in order; a value that is not known leaves a gap.
        unit: of the values, for the two that are written out.
        sentence: what the chart shows.
        goal: where a second line is drawn, straight; None: nowhere.
    """
    known_values = [
        (number, value) for number, (_, value) in enumerate(values) if value is not None
    ]
    if len(known_values) < 2:
        return None
    top = axis_top(max([goal or Decimal(0), *(value for _, value in known_values)]))
    step = (LINE_WIDTH - LEFT - RIGHT) / max(1, len(values) - 1)
    height = LINE_HEIGHT - TOP - BOTTOM
    every = -(-len(values) // LABELS_MAX)
    written = {known_values[-1][0], max(known_values, key=lambda point: point[1])[0]}
    dots = tuple(
        Dot(
            round(LEFT + number * step, 1),
            round(TOP + height * (1 - float(value / top)), 1),
            values[number][0] if (len(values) - 1 - number) % every == 0 else "",
            f"{value:.0f}{unit}" if number in written else "",
        )
        for number, value in known_values
    )
    grid = tuple(
        (round(TOP + height * (1 - third / 3), 1), f"{top * third / 3:.0f}") for third in range(4)
    )
    lines: list[list[str]] = []
    for dot, (number, _), (before, _) in zip(
        dots, known_values, [(-1, 0), *known_values], strict=False
    ):
        if not lines or number != before + 1:
            lines.append([])
        lines[-1].append(f"{dot.x},{dot.y}")
    goal_y = None if goal is None else round(TOP + height * (1 - float(goal / top)), 1)
    return LineChart(dots, tuple(map(" ".join, lines)), grid, sentence, goal_y)


def axis_top(value: Decimal) -> Decimal:
    """Return the top of an axis that begins at 0: 3, 6, 9, 15, 30, 60, 90, 150 ..."""
    top = Decimal(3)
    for factor in (2, Decimal("1.5"), Decimal(5) / 3, 2) * 12:
        if top >= value:
            return top
        top *= factor
    return max(top, value)
