"""Pacing: stay within a platform's limits before it has to refuse.

What may leave is counted by `rate_window`, in memory or, where several processes call the same
organisation, in the store. A `Pacer` borrows calls in small blocks and spends them one by one.
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
    Allowance,
    Taken,
    Tally,
    Wish,
)
from arsync.errors import RetryLater, Stopping

MINUTE_LEFT_HEADERS = ("x-minlimit-remaining",)
DAY_LEFT_HEADERS = ("x-daylimit-remaining",)
SHORT_WAIT_SECONDS_MAX = 65.0
"""A limit's minute is waited for; a longer wait is the scheduler's."""
APP_MINUTE_LEFT_HEADERS = ("x-appminlimit-remaining",)


class Timer(NamedTuple):
    """Where durations come from. Tests pass one that does not wait."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


REAL_TIME = Timer()

LOOK_SECONDS = 0.5
"""Who waits notices within this time that the process is to end."""


def until_stopped(timer: Timer, stop: Callable[[], bool]) -> Timer:
    """Return the timer with waits that end early, by `Stopping`, once `stop` says so."""

    def sleep(seconds: float) -> None:
        left = seconds
        while left > 0:
            if stop():
                raise Stopping
            part = min(left, LOOK_SECONDS)
            timer.sleep(part)
            left -= part

    return timer._replace(sleep=sleep)


class OwnCount:
    """Counts the calls of this process alone. Implements `rate_window.Allowance`."""

    def __init__(self, limits: RateLimits, timer: Timer) -> None:
        """Start with full allowances."""
        # Threads of one process take turns at the transport itself.
        self._limits = limits._replace(calls_at_once=0)
        self._timer = timer
        self._tally = Tally()

    def take(self, wish: Wish) -> Taken:
        """Count one call: there is nobody to lend a block for."""
        now = self._timer.monotonic()
        self._tell(wish, now)
        taken = self._tally.room(wish._replace(calls=1), self._limits, now)
        if taken.calls:
            self._tally.lend(wish.holder, 1, now)
        return taken

    def give_back(self, wish: Wish) -> None:
        """Settle the last call."""
        self._tell(wish, self._timer.monotonic())

    def day_is_over(self, seconds: float) -> None:
        """Note that the platform takes no more calls today."""
        self._tally.set_day(0, self._timer.monotonic() + seconds)

    def rest(self, seconds: float) -> None:
        """Note that the platform asks for a pause."""
        self._tally.rest_until = self._timer.monotonic() + seconds

    def _tell(self, wish: Wish, now: float) -> None:
        self._tally.settle(wish, now)
        self._tally.learn(wish, self._limits, now)


class Pacer:
    """Admits calls of one organisation at its platform's pace. Threads may share it."""

    def __init__(
        self,
        label: str,
        limits: RateLimits,
        *,
        timer: Timer = REAL_TIME,
        pace: bool = True,
        allowance: Allowance | None = None,
    ) -> None:
        """Start with nothing borrowed.

        Args:
            label: the platform's name, for messages.
            limits: how fast the organisation may be called.
            timer: where durations come from.
            pace: False admits everything at once (for the sandbox).
            allowance: counts the calls of all processes; None: those of this one alone.
        """
        self._label = label
        self._limits = limits
        self._timer = timer
        self._pace = pace
        self._allowance: Allowance = allowance or OwnCount(limits, timer)
        self._lock = threading.Lock()
        # Shared, one who borrows makes one call at a time.
        self._slots = threading.BoundedSemaphore(1 if allowance else limits.calls_at_once or 1_000)
        self._holder = secrets.token_hex(4)
        self._left, self._block_ends = 0, 0.0
        self._used, self._last_used_at = 0, 0.0
        self._reads = 0
        self._wanted = 1
        self._borrowed = False
        self._told: dict[str, int] = {}
        self._told_at = 0.0
        self._day_left: int | None = limits.calls_per_day or None
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
            changes: True for a write, or what one rests on: it may use the reserve of the day's
                calls.

        Raises:
            RetryLater: the day's calls are used up, or only the reserve for writes is left; or the
                platform has asked for a long pause.
        """
        while self._pace:
            with self._lock:
                if self._may_spend(changes=changes):
                    self._spend()
                    return
                pause = self._borrow(changes=changes)
                if self._left:
                    self._spend()
                    return
            if pause > SHORT_WAIT_SECONDS_MAX:
                raise RetryLater(f"{self._label} asks for a slower pace.", after_seconds=pause)
            if pause > 0:
                self._timer.sleep(pause)

    def read(self) -> None:
        """Count a call that only read, and was answered."""
        with self._lock:
            self._reads += 1

    def learn(self, headers: Mapping[str, str]) -> None:
        """Believe the platform's own count of what is left."""
        names = {
            "minute_left": MINUTE_LEFT_HEADERS,
            "day_left": DAY_LEFT_HEADERS,
            "app_minute_left": APP_MINUTE_LEFT_HEADERS,
        }
        told = {key: _number(headers, wanted) for key, wanted in names.items()}
        with self._lock:
            self._told |= {key: left for key, left in told.items() if left is not None}
            self._told_at = self._timer.monotonic()
            minute, day = told["minute_left"], told["day_left"]
            if minute is not None:
                self.minute_left = minute
                self._left = min(self._left, minute)
            if day is not None:
                self._day_left = day

    def day_is_over(self, wait_seconds: float) -> None:
        """Note a refusal for the day: nothing more is asked until `wait_seconds` have passed."""
        with self._lock:
            self._left, self._day_left = 0, 0
            self._told.pop("day_left", None)
            self._allowance.day_is_over(wait_seconds)

    def rest(self, wait_seconds: float) -> None:
        """Note a refusal for the minute: nobody asks again until `wait_seconds` have passed."""
        with self._lock:
            self._left = 0
            self._allowance.rest(wait_seconds)

    def close(self) -> None:
        """Give back what was borrowed and not used."""
        with self._lock:
            if self._borrowed and self._pace:
                self._borrowed, self._left = False, 0
                self._allowance.give_back(self._wish(0, changes=False))

    def _may_spend(self, *, changes: bool) -> bool:
        reserve = 0 if changes else self._limits.reserve_per_day
        enough = self._day_left is None or self._day_left > reserve
        return bool(self._left) and self._timer.monotonic() < self._block_ends and enough

    def _spend(self) -> None:
        self._left -= 1
        self._used += 1
        self._last_used_at = self._timer.monotonic()
        if self._day_left:
            self._day_left -= 1
        for name, left in self._told.items():
            self._told[name] = max(0, left - 1)

    def _borrow(self, *, changes: bool) -> float:
        """Borrow a block; returns how long to wait before asking again."""
        asked_at = self._timer.monotonic()
        taken = self._allowance.take(self._wish(self._wanted, changes=changes))
        self._left, self._used, self._reads, self._told = taken.calls, 0, 0, {}
        self._day_left = taken.day_left
        if taken.day_ends_seconds is not None:
            reserve = 0 if changes else self._limits.reserve_per_day
            kept = f" but {reserve} kept for writes" if taken.day_left and reserve else ""
            raise RetryLater(
                f"{self._label}: today's calls are used up{kept}.",
                after_seconds=taken.day_ends_seconds,
            )
        if taken.month_ends_seconds is not None:
            raise RetryLater(
                f"{self._label}: this month's calls that read are used up but "
                f"{self._limits.reads_reserve:,} kept for writes.",
                after_seconds=taken.month_ends_seconds,
            )
        self._borrowed = bool(taken.calls)
        self._block_ends = asked_at + BLOCK_SECONDS
        # Who is alone asks for more at a time; who has to wait leaves room for others.
        self._wanted = min(2 * self._wanted, BLOCK_CALLS_MAX) if taken.calls else 1
        return taken.pause_seconds

    def _wish(self, calls: int, *, changes: bool) -> Wish:
        now = self._timer.monotonic()
        return Wish(
            self._holder,
            calls,
            changes,
            used=self._used,
            reads=self._reads,
            used_ago_seconds=now - self._last_used_at if self._used else 0.0,
            told_ago_seconds=now - self._told_at if self._told else 0.0,
            **self._told,
        )


def _number(headers: Mapping[str, str], names: tuple[str, ...]) -> int | None:
    for name in names:
        text = headers.get(name, "")
        if text.isdigit():
            return int(text)
    return None
