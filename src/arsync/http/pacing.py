"""Pacing: stay within a platform's limits before it has to refuse.

A sliding minute instead of a bucket that starts full: the platforms count in fixed windows that
start at times unknown to us, and only a sliding minute never exceeds such a window.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from arsync.connector import RateLimits
from arsync.errors import RetryLater

MINUTE_SECONDS = 60.0
DAY_SECONDS = 86_400.0
DAY_LIMIT_WAIT_SECONDS = 3_600.0
"""How long a used-up day is believed without asking again: no platform tells when its day ends."""

MINUTE_LEFT_HEADERS = ("x-minlimit-remaining",)
DAY_LEFT_HEADERS = ("x-daylimit-remaining",)


class Timer(NamedTuple):
    """Where durations come from. Tests pass one that does not wait."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


REAL_TIME = Timer()


class Pacer:
    """Admits calls of one organisation at its platform's pace. Threads may share it."""

    def __init__(
        self, label: str, limits: RateLimits, *, timer: Timer = REAL_TIME, pace: bool = True
    ) -> None:
        """Start with full allowances.

        Args:
            label: the platform's name, for messages.
            limits: how fast the organisation may be called.
            timer: where durations come from.
            pace: False admits everything at once (for the sandbox).
        """
        self._label = label
        self._limits = limits
        self._timer = timer
        self._pace = pace
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(limits.calls_at_once or 1_000)
        self._recent: deque[float] = deque()
        self._minute_ceiling = limits.calls_per_minute
        self._day_left: int | None = limits.calls_per_day or None
        self._day_known_until = timer.monotonic() + DAY_SECONDS
        self.minute_left: int | None = None
        """What the platform's last answer said is left of the minute."""

    @property
    def day_left(self) -> int | None:
        """What is left of the day's calls; None when nobody says."""
        return self._day_left

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold one of the calls that may run at once."""
        if not self._pace:
            yield
            return
        with self._slots:
            yield

    def admit(self, *, changes: bool) -> None:
        """Wait for the call's turn.

        Args:
            changes: True for a write, which may use the reserve of the day's calls.

        Raises:
            RetryLater: the day's calls are used up, or only the reserve for writes is left.
        """
        while self._pace:
            with self._lock:
                now = self._timer.monotonic()
                self._check_day(now, changes=changes)
                pause = self._pause(now)
                if pause <= 0:
                    self._recent.append(now)
                    if self._day_left:
                        self._day_left -= 1
                    return
            self._timer.sleep(pause)

    def learn(self, headers: Mapping[str, str]) -> None:
        """Believe the platform's own count of what is left."""
        minute, day = _number(headers, MINUTE_LEFT_HEADERS), _number(headers, DAY_LEFT_HEADERS)
        with self._lock:
            if minute is not None and self._limits.calls_per_minute:
                self.minute_left = minute
                ceiling = len(self._recent) + minute
                self._minute_ceiling = max(1, min(self._limits.calls_per_minute, ceiling))
            if day is not None:
                self._set_day(day, DAY_LIMIT_WAIT_SECONDS)

    def day_is_over(self, wait_seconds: float) -> None:
        """Note a refusal for the day: nothing more is asked until `wait_seconds` have passed."""
        with self._lock:
            self._set_day(0, wait_seconds)

    def _set_day(self, left: int, seconds: float) -> None:
        self._day_left = left
        self._day_known_until = self._timer.monotonic() + seconds

    def _check_day(self, now: float, *, changes: bool) -> None:
        if self._day_left is None:
            return
        if now >= self._day_known_until:
            # What was known is old: one call goes out to learn what the platform says today.
            self._day_left = None
            return
        reserve = 0 if changes else self._limits.reserve_per_day
        if self._day_left <= reserve:
            kept = f" but {reserve} kept for writes" if self._day_left and reserve else ""
            raise RetryLater(
                f"{self._label}: today's calls are used up{kept}.",
                after_seconds=min(DAY_LIMIT_WAIT_SECONDS, self._day_known_until - now),
            )

    def _pause(self, now: float) -> float:
        recent, limits = self._recent, self._limits
        while recent and recent[0] <= now - MINUTE_SECONDS:
            recent.popleft()
        pause = 0.0
        if limits.calls_per_minute and len(recent) >= self._minute_ceiling:
            pause = recent[len(recent) - self._minute_ceiling] + MINUTE_SECONDS - now
        if limits.calls_per_second and len(recent) >= limits.calls_per_second:
            pause = max(pause, recent[-limits.calls_per_second] + 1.0 - now)
        return pause


def _number(headers: Mapping[str, str], names: tuple[str, ...]) -> int | None:
    for name in names:
        text = headers.get(name, "")
        if text.isdigit():
            return int(text)
    return None
