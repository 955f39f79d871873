"""Clocks that do not agree: this computer's with the platforms' and with the database server's.

What one machine wrote, another compares with its own clock: when to try again, until when to leave
a platform alone, which calls count in this minute. Locks need no clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from arsync.http import is_loopback
from arsync.store import Store

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
        return f"{self.words}. Correct it, and keep it synchronised (NTP)."


class PlatformClocks:
    """The platforms' clocks, as their last answers to this process told them."""

    def __init__(self) -> None:
        """Begin without any."""
        self._ahead_by_platform: dict[str, tuple[str, float]] = {}

    def note(self, platform: str, host: str, ahead_seconds: float) -> None:
        """Remember how far this computer's clock is ahead of a platform's."""
        self._ahead_by_platform[platform] = host, ahead_seconds

    @property
    def platforms(self) -> list[str]:
        """Return whose clocks were read."""
        return sorted(self._ahead_by_platform)

    @property
    def hosts(self) -> list[str]:
        """Return the hosts that told the time."""
        return [host for host, _ in self._ahead_by_platform.values()]

    def read(self, platform: str) -> ClockRead | None:
        """Return a platform's clock; None when it was not read, or is this computer's own.

        A sandbox has a clock of its own.
        """
        host, ahead_seconds = self._ahead_by_platform.get(platform, ("", 0.0))
        if not host or is_loopback(host):
            return None
        return ClockRead(host, ahead_seconds, PLATFORM_SECONDS_MAX)

    def untrusted(self, platform: str) -> str:
        """Return why this computer's clock cannot tell the day; empty when it can.

        The platform's own clock judges.
        """
        clock_read = self.read(platform)
        if clock_read is None or abs(clock_read.ahead_seconds) <= TRUSTED_SECONDS_MAX:
            return ""
        return clock_read.words


def clock_reads(
    platform_clocks: PlatformClocks, store: Store, platform: str | None = None
) -> Iterator[ClockRead]:
    """Yield the clocks that this process has read: of a platform, or of all, and the database's.

    A database on this computer has this computer's.
    """
    for name in platform_clocks.platforms:
        clock_read = platform_clocks.read(name) if platform in {None, name} else None
        if clock_read is not None:
            yield clock_read
    host = store.server
    if host and not is_loopback(host):
        yield ClockRead(host, store.ahead_of_server(), DATABASE_SECONDS_MAX)
