"""Clocks that do not agree: this computer's with the platforms' and with the database server's.

What one machine wrote, another compares with its own clock: when to try again, until when to leave
a platform alone, which calls count in this minute. Locks need no clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from arsync.http import is_loopback

if TYPE_CHECKING:
    from arsync.application.container import Parts

PLATFORM_SECONDS_MAX = 120.0
"""A clock that is further off would call tokens fresh that have expired."""
TRUSTED_SECONDS_MAX = 3_600.0
"""With a clock that is further off from the platform's, nobody knows which day it is."""
DATABASE_SECONDS_MAX = 5.0
"""The calls of a minute are counted by the clocks of all machines; the reserve under a platform's
limit covers five seconds."""


class ClockRead(NamedTuple):
    """Another computer's clock, compared with this one's."""

    whose: str
    ahead_seconds: float
    """How far this computer's is ahead; negative when it is behind."""
    seconds_max: float

    @property
    def is_off(self) -> bool:
        """Return whether they differ by too much."""
        return abs(self.ahead_seconds) > self.seconds_max

    @property
    def words(self) -> str:
        """Return how far they are apart."""
        side = "ahead of" if self.ahead_seconds > 0 else "behind"
        apart = f"{abs(self.ahead_seconds):,.0f} seconds {side}"
        return f"this computer's clock is {apart} {self.whose}'s"

    @property
    def text(self) -> str:
        """Return how far they are apart, and what to do."""
        return f"{self.words}. Set it right, and let it be kept so (NTP)."


def clocks(parts: Parts, platform: str | None = None) -> Iterator[ClockRead]:
    """Yield the clocks that this process has read: of a platform, or of all, and the database's.

    A sandbox has a clock of its own, and a database on this computer has this computer's.
    """
    for name in sorted(parts.platform_clocks):
        if platform in {None, name}:
            yield from _platforms(parts, name)
    host = parts.store.server
    if host and not is_loopback(host):
        yield ClockRead(host, parts.store.ahead_of_server(), DATABASE_SECONDS_MAX)


def untrusted(parts: Parts, platform: str) -> str:
    """Return why this computer's clock cannot tell the day; empty when it can, as far as is known.

    The platform's own clock judges, as its last answers to this process told it.
    """
    off = [
        clock_read
        for clock_read in _platforms(parts, platform)
        if abs(clock_read.ahead_seconds) > TRUSTED_SECONDS_MAX
    ]
    return off[0].words if off else ""


def _platforms(parts: Parts, name: str) -> Iterator[ClockRead]:
    host, ahead = parts.platform_clocks.get(name, ("", 0.0))
    if host and not is_loopback(host):
        yield ClockRead(host, ahead, PLATFORM_SECONDS_MAX)
