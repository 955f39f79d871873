"""Business days and the hours in which messages leave."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

IsHoliday = Callable[[date], bool]

DAY_FIRST = date(1900, 1, 1)
DAY_LAST = date(2199, 12, 31)
"""Days outside of these are slips of a key or placeholders: 9999-12-31 is no due date. Counting on
from the ends of the calendar would fail."""

OUT_OF_RANGE = f"not a day from {DAY_FIRST.isoformat()} to {DAY_LAST.isoformat()}."

LOOK_AHEAD_DAYS_MAX = 60
"""When this many days in a row are closed, holidays are not believed any more."""


def is_in_range(day: date) -> bool:
    """Return whether a day can be meant."""
    return DAY_FIRST <= day <= DAY_LAST


def clamped(day: date) -> date:
    """Return the day, or the nearest one that can be meant."""
    return min(max(day, DAY_FIRST), DAY_LAST)


class DaysOff(NamedTuple):
    """Days off of one's own, from the first to the last."""

    first: date
    last: date

    def __contains__(self, day: object) -> bool:
        """Return whether a day is one of them."""
        return isinstance(day, date) and self.first <= day <= self.last

    @property
    def text(self) -> str:
        """Return them as they are written: `2026-12-24 to 2027-01-04`."""
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"


class Calendar(NamedTuple):
    """Which days count."""

    weekdays: frozenset[int]
    """0 is Monday."""
    is_holiday: IsHoliday
    on_holidays: bool = False
    closed: tuple[DaysOff, ...] = ()
    """One's own days off: they count neither as business days nor with `days: every day`."""

    def is_open(self, day: date) -> bool:
        """Return whether the day counts."""
        return (
            day.weekday() in self.weekdays
            and (self.on_holidays or not self.is_holiday(day))
            and self.off_on(day) is None
        )

    def off_on(self, day: date) -> DaysOff | None:
        """Return the days off that a day is one of; None when it is none."""
        return next((off for off in self.closed if day in off), None)

    def next_open(self, day: date) -> date:
        """Return the day itself, or the next that counts."""
        later, looked_at = self._after_days_off(day), 0
        while not self.is_open(later) and looked_at < LOOK_AHEAD_DAYS_MAX:
            later, looked_at = self._after_days_off(later + timedelta(1)), looked_at + 1
        if looked_at < LOOK_AHEAD_DAYS_MAX:
            return later
        # The holidays are obviously wrong. A message on a holiday is better than none ever; on
        # one's own days off, which somebody wrote down, it is not.
        return self._replace(on_holidays=True).next_open(day) if not self.on_holidays else later

    def _after_days_off(self, day: date) -> date:
        """Return the day, or the first after one's own days off; however many there are."""
        while (off := self.off_on(day)) is not None:
            day = off.last + timedelta(1)
        return day

    def after(self, day: date, count: int) -> date:
        """Return the day that comes `count` counting days after the first one from `day` on."""
        day = self.next_open(day)
        for _ in range(count):
            day = self.next_open(day + timedelta(1))
        return day

    def between(self, first: date, last: date) -> int:
        """Return how many counting days there are after `first`, up to and with `last`."""
        days = (last - first).days
        return sum(1 for ahead in range(1, days + 1) if self.is_open(first + timedelta(ahead)))


def first_day(today: date, now: datetime, zone: tzinfo, latest: time) -> date:
    """Return the first day with sending hours left, open or not: today, or tomorrow.

    Args:
        today: the organisation's day that is planned.
        now: the moment of planning, aware; only counts when it is on that day.
        zone: the organisation's.
        latest: when the hours end.
    """
    # A plan of another day than today has all of that day's hours.
    local = now.astimezone(zone)
    over = local.date() == today and local.time() >= latest
    return today + timedelta(1) if over else today


def sending_moment(
    today: date,
    now: datetime,
    zone: tzinfo,
    calendar: Calendar,
    hours: tuple[time, time],
) -> datetime:
    """Return the earliest moment at which a message of today may leave.

    It is the start of the hours of a day that counts, today's own while they last: so it is in the
    past when the message may leave at once, and stays the same however often it is asked.

    Args:
        today: the organisation's day that is planned.
        now: the moment of planning, aware; only counts when it is on that day.
        zone: the organisation's.
        calendar: which days count.
        hours: from and until.
    """
    day = first_day(today, now, zone, hours[1])
    return datetime.combine(calendar.next_open(day), hours[0], tzinfo=zone)


def days_in_words(count: int) -> str:
    """Return `1 day`, `14 days`."""
    return "1 day" if count == 1 else f"{count:,} days"
