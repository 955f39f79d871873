"""How often a company may be called, and how many reads a month are free."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from arsync_sandbox.platform import Frame
from arsync_sandbox.quickbooks import faults

CONCURRENT_MAX = 10
"""Calls at the same time, where that is the limit instead of calls in a second."""

API_PATH = "/v3/company/"


@dataclass
class LimitWindow:
    """So many calls in so many seconds."""

    name: str
    calls_max: int
    seconds: float
    kinds: frozenset[str] = frozenset()
    """Which kinds of calls count: `batch`, `report`; empty: all."""
    _calls: deque[float] = field(default_factory=deque)

    def is_full(self, now: float) -> bool:
        """Whether one more call would be too many."""
        while self._calls and not now - self.seconds < self._calls[0] <= now:
            self._calls.popleft()
        return len(self._calls) >= self.calls_max

    def count(self, now: float) -> None:
        """Write a call down."""
        self._calls.append(now)


def windows() -> list[LimitWindow]:
    """The limits; there is one company and one app, so each holds for both."""
    return [
        LimitWindow("calls a second", 10, 1),
        LimitWindow("calls a minute", 500, 60),
        LimitWindow("calls a minute, all services", 800, 60),
        LimitWindow("batches a minute and app", 40, 60, frozenset({"batch"})),
        LimitWindow("batches a minute", 120, 60, frozenset({"batch"})),
        LimitWindow("reports a minute", 200, 60, frozenset({"report"})),
    ]


class QuickBooksLimits:
    """The gate that each API call passes.

    Args:
        frame: for the clock and the switches.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._windows = windows()
        self._month = ""
        self.core_plus = 0
        """Metered reads of the present month."""

    def admit(self, kind: str) -> None:
        """Count a call.

        Raises:
            Throttled: when it is one too many.
        """
        moment = self._frame.now()
        now = moment.timestamp()
        counted = [window for window in self._windows if not window.kinds or kind in window.kinds]
        if self._frame.setting("quickbooks_concurrent"):
            # Intuit's older wording: ten calls at once, in place of ten in a second.
            counted = [window for window in counted if window.seconds > 1]
        full = max(window.is_full(now) for window in counted)
        too_many = full or self._too_many_at_once() or self._quota_used_up(moment, kind)
        if too_many and self._frame.limits_enforced:
            raise faults.throttled()
        for window in counted:
            window.count(now)

    def _too_many_at_once(self) -> bool:
        if not self._frame.setting("quickbooks_concurrent"):
            return False
        calls = [
            environ
            for environ in self._frame.in_flight()
            if str(environ.get("PATH_INFO", "")).startswith(API_PATH)
        ]
        return len(calls) > CONCURRENT_MAX

    def _turn_month(self, moment: datetime) -> None:
        month = moment.strftime("%Y-%m")
        if month != self._month:
            self._month, self.core_plus = month, 0

    def _quota_used_up(self, moment: datetime, kind: str) -> bool:
        self._turn_month(moment)
        quota = int(self._frame.setting("quickbooks_core_plus_quota"))
        return kind in {"read", "report"} and self.core_plus >= quota

    def meter(self, reads: int) -> None:
        """Count metered reads that were answered."""
        self._turn_month(self._frame.now())
        self.core_plus += reads
