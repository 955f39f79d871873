"""A line over months says no more than is known."""

from __future__ import annotations

from decimal import Decimal

from arsync.application.reports.line_chart import line


def test_an_unknown_month_leaves_a_gap() -> None:
    values = [("Jan", 1), ("Feb", 2), ("Mar", None), ("Apr", 3), ("May", 1)]
    chart = line(
        [(label, None if value is None else Decimal(value)) for label, value in values],
        unit=" days",
        sentence="DSO by month.",
    )
    assert chart is not None
    assert [points.count(",") for points in chart.lines] == [2, 2]
    assert len(chart.dots) == 4


def test_written_values_cover_neither_axis_nor_edge() -> None:
    falling = [("Jan", Decimal(86)), ("Feb", Decimal(60)), ("Mar", Decimal(75))]
    chart = line(falling, unit="%", sentence="")
    assert chart is not None
    written = [(dot.value, dot.value_anchor) for dot in chart.dots if dot.value]
    assert written == [("86%", "start"), ("75%", "end")]


def test_one_known_month_is_no_line() -> None:
    assert line([("Jan", Decimal(1)), ("Feb", None)], unit="", sentence="") is None
