"""Sums by week as a picture: columns stand where their amounts are."""

from __future__ import annotations

from decimal import Decimal

import pytest

from arsync.application.reports.line_chart import BOTTOM, LINE_HEIGHT, LINE_WIDTH, TOP
from arsync.web.desk.band_chart import WeekSum, band_chart, short

WEEKS = [
    WeekSum(f"{number} Dec", Decimal(100 + number), Decimal(50), Decimal(3_000))
    for number in range(13)
]


def test_columns_stand_on_their_amounts() -> None:
    chart = band_chart(WEEKS, sentence="so much")
    assert chart is not None
    assert chart.has_bands
    axis = LINE_HEIGHT - BOTTOM
    for column in chart.columns:
        assert TOP <= column.top <= column.expected <= column.top + column.height <= axis
        assert 0 < column.x < column.x + column.width < LINE_WIDTH
    assert sum(bool(column.label) for column in chart.columns) == 4
    assert [column.value for column in chart.columns if column.value] == ["100", "112"]
    assert chart.grid[0] == (axis, "0")


def test_without_bands_columns_begin_at_nothing() -> None:
    chart = band_chart([WeekSum("1 Dec", Decimal(80), None, None)], sentence="")
    assert chart is not None
    assert not chart.has_bands
    (column,) = chart.columns
    assert column.top == column.expected
    assert round(column.top + column.height, 1) == LINE_HEIGHT - BOTTOM


def test_nothing_expected_has_no_picture() -> None:
    assert band_chart([], sentence="") is None
    assert band_chart([WeekSum("1 Dec", Decimal(0), None, None)], sentence="") is None


@pytest.mark.parametrize(
    ("value", "text"),
    [("0", "0"), ("250", "250"), ("1500", "1.5k"), ("30000", "30k"), ("2400000", "2.4m")],
)
def test_axes_are_short(value: str, text: str) -> None:
    assert short(Decimal(value)) == text
