"""The clock. Only the shell reads it; in the core the date is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Where "now" comes from."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...


class SystemClock:
    """The computer's clock."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)


@dataclass
class SetClock:
    """A clock that shows the moment it is set to: for simulations, the demo and tests."""

    moment: datetime

    def now(self) -> datetime:
        """Return the moment that was set, aware, in UTC."""
        return self.moment.astimezone(UTC)

    def advance(self, step: timedelta) -> None:
        """Move the clock; a negative step moves it back."""
        self.moment += step


def today_in(clock: Clock, time_zone: str) -> date:
    """Return the organisation's calendar day.

    Args:
        clock: the source of the moment.
        time_zone: an IANA name such as `Pacific/Auckland`; empty means UTC.
    """
    return clock.now().astimezone(ZoneInfo(time_zone or "UTC")).date()


def in_words(moment: datetime, zone: tzinfo | None) -> str:
    """Return a moment as people read it, on the organisation's clock: `2026-11-22 07:29 GMT`.

    Args:
        moment: aware; a store keeps it in UTC.
        zone: the organisation's; None means UTC.
    """
    return f"{moment.astimezone(zone or UTC):%Y-%m-%d %H:%M %Z}"
