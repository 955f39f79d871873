"""A day's calls are spread over what is left of it; what fits keeps its pace."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arsync.connector_sdk import RateLimits
from arsync.connector_sdk.day_pace import pace_today
from arsync.connector_sdk.rate_window import AcquireRequest, CallCount, DayLeft

QUARTER = 900
DAY = 86_400.0


@pytest.mark.parametrize(
    ("calls", "seconds", "per_run", "pace"),
    [
        (5_000, DAY, 8, QUARTER),
        (1_000, DAY, 8, 1_080),  # 80 runs of 8 calls are left of 1,000 but 200 but a fifth
        (120 + 200, DAY / 2, 8, 3_600),
        (200, DAY / 2, 8, 43_200),  # only the reserve is left: tomorrow
        (0, 500, 8, QUARTER),
        (1_000, 600, 8, QUARTER),  # the day ends before the next run
    ],
)
def test_what_is_left_is_spread_over_the_day(
    calls: int, seconds: float, per_run: int, pace: int
) -> None:
    assert pace_today(QUARTER, per_run, DayLeft(calls, seconds), 200) == pace


@given(
    every=st.integers(30, 20_000),
    per_run=st.integers(1, 200),
    calls=st.integers(0, 5_000),
    seconds=st.floats(60, DAY),
)
def test_the_reserve_is_never_planned_for(
    every: int, per_run: int, calls: int, seconds: float
) -> None:
    pace = pace_today(every, per_run, DayLeft(calls, seconds), 200)
    assert pace >= min(every, DAY)
    if pace > every:
        runs = seconds / pace
        assert runs * per_run <= max(0, calls - 200) * 0.8 or runs <= 1


def test_the_day_begins_when_the_platforms_count_rises() -> None:
    count, noon = CallCount(), 1_000_000.0
    limits = RateLimits(55, 4, calls_per_day=1_000, reserve_per_day=200)
    assert count.day_left_at(1_000, noon) == DayLeft(1_000, DAY)
    count.learn(AcquireRequest("a", day_left=400), limits, noon)
    count.learn(AcquireRequest("a", day_left=390), limits, noon + 3_600)
    assert count.day_left_at(1_000, noon + 7_200) == DayLeft(390, DAY - 7_200)
    # Calls under way make it differ a little; a new day makes it rise.
    count.learn(AcquireRequest("a", day_left=395), limits, noon + 8_000)
    assert count.day_left_at(1_000, noon + 8_000).seconds == DAY - 8_000
    count.learn(AcquireRequest("a", day_left=999), limits, noon + 10_000)
    assert count.day_left_at(1_000, noon + 10_010) == DayLeft(999, DAY - 10)
    # A day that passed without a call begins anew with the first.
    assert count.day_left_at(1_000, noon + 10_000 + DAY) == DayLeft(1_000, DAY)
