"""Pacing: stay within a platform's limits before it has to refuse.

`rate_window` counts the calls that may leave, in memory or, where several processes call the same
organisation, in the store. A `Pacer` reserves calls in small blocks and spends them one by one.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from arsync.connector_sdk import RateLimits
from arsync.connector_sdk.rate_window import (
    BLOCK_CALLS_MAX,
    BLOCK_SECONDS,
    AcquireRequest,
    CallCount,
    Permit,
    RateLimiter,
)
from arsync.errors import RetryLater, Stopping
from arsync.http.responses import whole_number

MINUTE_LEFT_HEADERS = ("x-minlimit-remaining",)
DAY_LEFT_HEADERS = ("x-daylimit-remaining",)
SHORT_WAIT_SECONDS_MAX = 65.0
"""A run waits for a limit's minute to pass; a longer wait is left to the scheduler."""
CALLS_COUNTED_MAX = 1_000_000_000
"""No platform allows more calls than this; a larger number is misread."""
APP_MINUTE_LEFT_HEADERS = ("x-appminlimit-remaining",)


class Timer(NamedTuple):
    """Where durations come from. Tests pass one that does not wait."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


REAL_TIME = Timer()

LOOK_SECONDS = 0.5
"""A wait notices within this time that the process has to end."""


def until_stopped(timer: Timer, stop: Callable[[], bool]) -> Timer:
    """Return the timer with waits that end early, by `Stopping`, once `stop` says so."""

    def sleep(seconds: float) -> None:
        remaining = seconds
        while remaining > 0:
            if stop():
                raise Stopping
            pause = min(remaining, LOOK_SECONDS)
            timer.sleep(pause)
            remaining -= pause

    return timer._replace(sleep=sleep)


class ProcessRateLimiter:
    """Counts the calls of this process alone. Implements `rate_window.RateLimiter`."""

    def __init__(self, limits: RateLimits, timer: Timer) -> None:
        """Start with everything left."""
        # Threads of one process take turns at the transport itself.
        self._limits = limits._replace(calls_at_once=0)
        self._timer = timer
        self._count = CallCount()

    def acquire(self, request: AcquireRequest) -> Permit:
        """Count one call: no other process needs a block reserved from it."""
        now = self._timer.monotonic()
        self._release(request, now)
        permit = self._count.room(request._replace(calls=1), self._limits, now)
        if permit.calls:
            self._count.reserve(request.holder, 1, now)
        return permit

    def release(self, request: AcquireRequest) -> None:
        """Release the last call."""
        self._release(request, self._timer.monotonic())

    def day_is_over(self, seconds: float) -> None:
        """Note that the platform takes no more calls today."""
        self._count.set_day(0, self._timer.monotonic() + seconds)

    def rest(self, seconds: float) -> None:
        """Note that the platform asks for a pause."""
        self._count.rest_until = self._timer.monotonic() + seconds

    def _release(self, request: AcquireRequest, now: float) -> None:
        self._count.release(request, now)
        self._count.learn(request, self._limits, now)


class Pacer:
    """Admits calls of one organisation at its platform's pace. Threads may share it."""

    def __init__(
        self,
        label: str,
        limits: RateLimits,
        *,
        timer: Timer = REAL_TIME,
        pace: bool = True,
        rate_limiter: RateLimiter | None = None,
    ) -> None:
        """Start with nothing reserved.

        Args:
            label: the platform's name, for messages.
            limits: how fast the organisation may be called.
            timer: where durations come from.
            pace: False admits everything at once (for the sandbox).
            rate_limiter: counts the calls of all processes; None: those of this one alone.
        """
        self._label = label
        self._limits = limits
        self._timer = timer
        self._pace = pace
        self._rate_limiter: RateLimiter = rate_limiter or ProcessRateLimiter(limits, timer)
        self._lock = threading.Lock()
        # Where the count is shared, each holder makes one call at a time.
        self._slots = threading.BoundedSemaphore(
            1 if rate_limiter else limits.calls_at_once or 1_000
        )
        self._holder = secrets.token_hex(4)
        self._calls_left, self._block_ends = 0, 0.0
        self._used, self._last_used_at = 0, 0.0
        self._reads = 0
        self._block_size = 1
        self._has_reserved = False
        self._platform_counts: dict[str, int] = {}
        self._learned_at = 0.0
        self._day_left: int | None = limits.calls_per_day or None
        self.minute_left: int | None = None
        """What the platform's last answer said is left of the minute."""

    @property
    def day_left(self) -> int | None:
        """What is left of the day's calls; None when the platform does not say."""
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
            changes: True for a write, or a read that a write depends on: it may use the reserve of
                the day's calls.

        Raises:
            RetryLater: the day's calls are used up, or only the reserve for writes is left; or the
                platform has asked for a long pause.
        """
        while self._pace:
            with self._lock:
                if self._may_spend(changes=changes):
                    self._spend()
                    return
                # Under the lock: two threads of one pacer would otherwise reserve a block each.
                pause = self._reserve_block(changes=changes)
                if self._calls_left:
                    self._spend()
                    return
            # A run that slept for an hour would hold its lock all the while.
            if pause > SHORT_WAIT_SECONDS_MAX:
                raise RetryLater(f"{self._label} asks for a slower pace.", after_seconds=pause)
            if pause > 0:
                self._timer.sleep(pause)

    def read(self) -> None:
        """Count a call that only read, and was answered."""
        # Intuit meters answered reads alone, and no answer gives the count.
        with self._lock:
            self._reads += 1

    def learn(self, headers: Mapping[str, str]) -> None:
        """Believe the platform's own count of what is left."""
        names = {
            "minute_left": MINUTE_LEFT_HEADERS,
            "day_left": DAY_LEFT_HEADERS,
            "app_minute_left": APP_MINUTE_LEFT_HEADERS,
        }
        counts = {key: _number(headers, spellings) for key, spellings in names.items()}
        with self._lock:
            self._platform_counts |= {
                key: count for key, count in counts.items() if count is not None
            }
            self._learned_at = self._timer.monotonic()
            minute, day = counts["minute_left"], counts["day_left"]
            # Other programs of the same app call too: the platform's own count is the true one.
            if minute is not None:
                self.minute_left = minute
                self._calls_left = min(self._calls_left, minute)
            if day is not None:
                self._day_left = day

    def day_is_over(self, wait_seconds: float) -> None:
        """Note a refusal for the day: no call is made until `wait_seconds` have passed."""
        with self._lock:
            self._calls_left, self._day_left = 0, 0
            self._platform_counts.pop("day_left", None)
            self._rate_limiter.day_is_over(wait_seconds)

    def rest(self, wait_seconds: float) -> None:
        """Note a refusal for the minute: no call is made until `wait_seconds` have passed."""
        with self._lock:
            self._calls_left = 0
            self._rate_limiter.rest(wait_seconds)

    def close(self) -> None:
        """Release what was reserved and not used."""
        with self._lock:
            if self._has_reserved and self._pace:
                self._has_reserved, self._calls_left = False, 0
                self._rate_limiter.release(self._request(0, changes=False))

    def _may_spend(self, *, changes: bool) -> bool:
        reserve = 0 if changes else self._limits.reserve_per_day
        enough = self._day_left is None or self._day_left > reserve
        return bool(self._calls_left) and self._timer.monotonic() < self._block_ends and enough

    def _spend(self) -> None:
        self._calls_left -= 1
        self._used += 1
        self._last_used_at = self._timer.monotonic()
        if self._day_left:
            self._day_left -= 1
        # The platform's last count is reported with the next block: less the calls made since then.
        for name, count in self._platform_counts.items():
            self._platform_counts[name] = max(0, count - 1)

    def _reserve_block(self, *, changes: bool) -> float:
        """Reserve a block; returns how long to wait before asking again."""
        asked_at = self._timer.monotonic()
        permit = self._rate_limiter.acquire(self._request(self._block_size, changes=changes))
        self._calls_left, self._used, self._reads, self._platform_counts = permit.calls, 0, 0, {}
        self._day_left = permit.day_left
        if permit.day_ends_seconds is not None:
            reserve = 0 if changes else self._limits.reserve_per_day
            exception = f" but {reserve} kept for writes" if permit.day_left and reserve else ""
            raise RetryLater(
                f"{self._label}: today's calls are used up{exception}.",
                after_seconds=permit.day_ends_seconds,
            )
        if permit.month_ends_seconds is not None:
            raise RetryLater(
                f"{self._label}: this month's calls that read are used up but "
                f"{self._limits.reads_reserve:,} kept for writes.",
                after_seconds=permit.month_ends_seconds,
            )
        if permit.share_ends_seconds is not None:
            raise RetryLater(
                f"{self._label}: this ledger has had its share of today's reads of the app.",
                after_seconds=permit.share_ends_seconds,
            )
        self._has_reserved = bool(permit.calls)
        self._block_ends = asked_at + BLOCK_SECONDS
        # A caller that is alone asks for more at a time; one that waits leaves others room.
        self._block_size = min(2 * self._block_size, BLOCK_CALLS_MAX) if permit.calls else 1
        return permit.pause_seconds

    def _request(self, calls: int, *, changes: bool) -> AcquireRequest:
        now = self._timer.monotonic()
        return AcquireRequest(
            self._holder,
            calls,
            changes,
            used=self._used,
            reads=self._reads,
            used_ago_seconds=now - self._last_used_at if self._used else 0.0,
            learned_ago_seconds=now - self._learned_at if self._platform_counts else 0.0,
            **self._platform_counts,
        )


def _number(headers: Mapping[str, str], names: tuple[str, ...]) -> int | None:
    for name in names:
        count = whole_number(headers.get(name, ""), CALLS_COUNTED_MAX)
        if count is not None:
            return count
    return None
