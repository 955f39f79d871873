"""Errors and bands of past forecasts, against figures by hand."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from arsync.core.analytics.forecast_errors import (
    BAND_ERRORS_MIN,
    COMPARED_MIN,
    PastForecast,
    Trials,
    quantile,
)
from arsync.core.analytics.projection import ALL_WEEKS, FOUR_WEEKS, SPANS, Projection, WeekSpan

FIRST = date(2026, 1, 5)
WEEK = WeekSpan(1, 1)


def past(number: int, paid: int, *, expected: int = 100, spread: int = 10) -> PastForecast:
    projection = Projection()
    projection.open = Decimal(1_000)
    for span in SPANS:
        projection.expected[span] = Decimal(expected)
        projection.by_due_date[span] = Decimal(2 * expected)
        projection.by_average[span] = Decimal(expected + 30)
        projection.variance[span] = Decimal(spread) ** 2
    came = dict.fromkeys(SPANS, Decimal(paid))
    return PastForecast(FIRST + timedelta(7 * number), projection, came)


def test_errors_are_sums_over_what_was_paid() -> None:
    errors = Trials([past(number, 110 if number % 2 else 90) for number in range(8)]).errors()
    assert errors.origins == COMPARED_MIN
    # 10 of 100 off; due dates 90 or 110 of 100; averages 20 or 40.
    assert (errors.weekly, errors.four_weeks) == (Decimal("0.1"), Decimal("0.1"))
    assert errors.weekly_by_due_date == 1
    assert errors.weekly_by_average == Decimal("0.3")
    assert errors.beats_both
    assert errors.beats_both_over_four_weeks


def test_a_worse_forecast_does_not_beat_both() -> None:
    errors = Trials([past(number, 130) for number in range(8)]).errors()
    assert errors.weekly_by_average == 0
    assert errors.beats_both is False


@pytest.mark.parametrize("count", [0, COMPARED_MIN - 1])
def test_few_past_forecasts_tell_no_error(count: int) -> None:
    errors = Trials([past(number, 90) for number in range(count)]).errors()
    assert (errors.origins, errors.weekly, errors.beats_both) == (count, None, None)


def test_nothing_paid_tells_no_error() -> None:
    assert Trials([past(number, 0) for number in range(9)]).errors().weekly is None


def test_a_band_is_the_past_errors_in_todays_spread() -> None:
    # Errors of -4, -3 ... 4, 5 spreads, one of each.
    trials = Trials([past(number, 60 + 10 * number) for number in range(BAND_ERRORS_MIN)])
    now = past(99, 0, expected=500, spread=20).projection
    band = trials.band(WEEK, now)
    assert band is not None
    # Place 1.1 of ten: -3.9; place 5.5: 0.5; place 9.9: 4.9. Ten errors are few: the ends stand
    # 1.383 * sqrt(1.1) / 1.2816 = 1.13180 times as far from the middle.
    ends = [Decimal("410.402441"), Decimal(510), Decimal("609.597559")]
    assert [band.p10, band.p50, band.p90] == ends
    assert (band.held, band.checked) == (0, 0)
    assert Trials([past(number, 60) for number in range(9)]).band(WEEK, now) is None


def test_sums_that_overlap_make_wider_bands() -> None:
    # Of 28 sums of four weeks seven do not overlap, of thirteen weeks two.
    trials = Trials([past(number, 95 + 10 * (number % 2)) for number in range(28)])
    now = past(99, 0, expected=500, spread=20).projection
    widths = []
    for span in (WEEK, FOUR_WEEKS, ALL_WEEKS):
        band = trials.band(span, now)
        assert band is not None
        widths.append(band.p90 - band.p10)
    # Errors of half a spread either way: 20 wide, times 1.0435, 1.2010 and 2.9415.
    assert [round(width, 2) for width in widths] == [
        Decimal("20.87"),
        Decimal("24.02"),
        Decimal("58.83"),
    ]


def test_bands_are_checked_by_what_was_known_before() -> None:
    # Ten weeks wide apart, then one inside their band and one outside it.
    calm = [past(number, 60 + 10 * number) for number in range(10)]
    trials = Trials([*calm, past(10, 100), past(11, 500)])
    band = trials.band(WEEK, past(99, 0).projection)
    assert band is not None
    assert (band.held, band.checked) == (1, 2)
    # The sum of four weeks of the tenth is over only by the thirteenth: nothing is known before.
    four = trials.band(WeekSpan(1, 4), past(99, 0).projection)
    assert four is not None
    assert four.checked == 0


def test_bands_stay_between_nothing_and_all() -> None:
    trials = Trials([past(number, 900 * (number % 2)) for number in range(12)])
    band = trials.band(WEEK, past(99, 0, expected=500).projection)
    assert band is not None
    assert [band.p10, band.p90] == [Decimal("351.876623"), 1_000]


def test_quantiles_lie_between_neighbours() -> None:
    values = [Decimal(number) for number in range(1, 10)]
    assert quantile(values, Decimal("0.5")) == 5
    assert quantile(values, Decimal("0.25")) == Decimal("2.5")
    assert quantile(values, Decimal("0.01")) == 1
    assert quantile(values, Decimal("0.99")) == 9
