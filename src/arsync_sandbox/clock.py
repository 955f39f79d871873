"""The sandbox's moment: real time elapsed, from wherever a person set it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day

DAY_STARTS_AT = time_of_day(9, tzinfo=UTC)
"""The time that a bare date means: then nearly the whole world has the same calendar day."""

YEARS_MOVED_MAX = 10
"""How far one `POST /_sandbox/clock` may move the clock, in years."""


class SandboxClock:
    """A clock that runs like the computer's and can be set.

    Args:
        start: where it begins; a bare date means 09:00 UTC of that day; None means now.
        elapsed: seconds since some fixed point, never going back.
    """

    def __init__(
        self,
        start: date | None = None,
        *,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        # Not the computer's wall clock, which a time server may set back.
        self._elapsed = elapsed
        self._from = elapsed()
        self._moment = datetime.now(UTC) if start is None else as_moment(start)

    def now(self) -> datetime:
        """Return the sandbox's moment, aware, in UTC."""
        return self._moment + timedelta(seconds=self._elapsed() - self._from)

    def set(self, moment: datetime) -> None:
        """Put the clock somewhere; it runs on from there."""
        self._moment = moment.astimezone(UTC)
        self._from = self._elapsed()


def as_moment(when: date) -> datetime:
    """Return the moment that a date or datetime means; without an offset it is in UTC."""
    if not isinstance(when, datetime):
        return datetime.combine(when, DAY_STARTS_AT)
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def target_of(text: str, now: datetime) -> datetime:
    """Return the moment that a person means by a date or an ISO datetime.

    The present day as a bare date means now when it is past 09:00: time does not go back by itself.

    Raises:
        ValueError: neither a date nor a datetime, or more than `YEARS_MOVED_MAX` away.
    """
    try:
        when: date = date.fromisoformat(text)
    except ValueError:
        when = datetime.fromisoformat(text)
    moment = as_moment(when)
    if not isinstance(when, datetime) and when == now.date():
        moment = max(moment, now)
    if abs(moment - now) > timedelta(days=366 * YEARS_MOVED_MAX):
        raise ValueError(f"{text} is more than {YEARS_MOVED_MAX} years away")
    return moment


def days_between(done: date, until: date) -> Iterator[date]:
    """Yield each day after `done` up to and with `until`."""
    for number in range(done.toordinal() + 1, until.toordinal() + 1):
        yield date.fromordinal(number)
