"""Business days, and when messages may leave."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from arsync.core.ledger.business_days import Calendar, DaysOff, sending_moment

WEEK = frozenset(range(5))
FRIDAY, MONDAY = date(2026, 11, 20), date(2026, 11, 23)
PLAIN = Calendar(WEEK, lambda _: False)
HOURS = (time(9), time(16, 30))


def test_the_next_open_day_skips_weekends_and_holidays() -> None:
    monday_off = Calendar(WEEK, lambda day: day == MONDAY)
    assert PLAIN.next_open(FRIDAY) == FRIDAY
    assert PLAIN.next_open(date(2026, 11, 21)) == MONDAY
    assert monday_off.next_open(date(2026, 11, 21)) == date(2026, 11, 24)


def test_holidays_do_not_count_when_every_day_does() -> None:
    calendar = Calendar(frozenset(range(7)), lambda _: True, on_holidays=True)
    assert calendar.next_open(date(2026, 11, 22)) == date(2026, 11, 22)


def test_a_calendar_that_is_always_closed_is_not_believed() -> None:
    closed = Calendar(WEEK, lambda _: True)
    assert closed.next_open(date(2026, 11, 21)) == MONDAY


DECEMBER = Calendar(
    frozenset(range(7)),
    lambda _: False,
    on_holidays=True,
    closed=(
        DaysOff(date(2026, 12, 24), date(2027, 1, 4)),
        DaysOff(date(2027, 1, 5), date(2027, 1, 5)),
    ),
)


def test_own_days_off_are_closed_even_with_every_day() -> None:
    assert DECEMBER.next_open(date(2026, 12, 23)) == date(2026, 12, 23)
    assert DECEMBER.next_open(date(2026, 12, 24)) == date(2027, 1, 6)
    assert DECEMBER.after(date(2026, 12, 23), 1) == date(2027, 1, 6)
    assert DECEMBER.between(date(2026, 12, 22), date(2027, 1, 6)) == 2


def test_own_days_off_are_believed_however_long() -> None:
    season = DaysOff(date(2026, 12, 1), date(2027, 4, 30))
    no_day_counts = Calendar(WEEK, lambda _: True, closed=(season,))
    assert no_day_counts.next_open(date(2026, 12, 2)) == date(2027, 5, 3)


def test_counting_business_days() -> None:
    assert PLAIN.after(FRIDAY, 0) == FRIDAY
    assert PLAIN.after(FRIDAY, 1) == MONDAY
    assert PLAIN.after(date(2026, 11, 21), 1) == date(2026, 11, 24)
    assert PLAIN.between(FRIDAY, MONDAY) == 1
    assert PLAIN.between(MONDAY, FRIDAY) == 0


@pytest.mark.parametrize(
    ("now", "leaves"),
    [
        (datetime(2026, 11, 20, 5, tzinfo=UTC), datetime(2026, 11, 20, 9, tzinfo=UTC)),
        (datetime(2026, 11, 20, 12, tzinfo=UTC), datetime(2026, 11, 20, 9, tzinfo=UTC)),
        (datetime(2026, 11, 20, 16, 30, tzinfo=UTC), datetime(2026, 11, 23, 9, tzinfo=UTC)),
        (datetime(2026, 11, 1, 23, tzinfo=UTC), datetime(2026, 11, 20, 9, tzinfo=UTC)),
    ],
)
def test_messages_leave_within_the_hours(now: datetime, leaves: datetime) -> None:
    assert sending_moment(FRIDAY, now, UTC, PLAIN, HOURS) == leaves


def test_the_hours_are_the_organisations_and_follow_summer_time() -> None:
    london = ZoneInfo("Europe/London")
    july = datetime(2026, 7, 1, 12, tzinfo=UTC)
    moment = sending_moment(date(2026, 7, 1), july, london, PLAIN, HOURS)
    assert moment.isoformat() == "2026-07-01T09:00:00+01:00"
    auckland = ZoneInfo("Pacific/Auckland")
    # It is already Saturday there.
    late_friday = datetime(2026, 11, 20, 12, tzinfo=UTC)
    moment = sending_moment(date(2026, 11, 21), late_friday, auckland, PLAIN, HOURS)
    assert moment.isoformat() == "2026-11-23T09:00:00+13:00"
