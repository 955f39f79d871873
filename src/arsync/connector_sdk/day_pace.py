"""How often a ledger runs on a day whose calls do not reach for its pace. Pure arithmetic."""

from __future__ import annotations

import math

from arsync.connector_sdk.rate_window import DAY_SECONDS, DayLeft

WISHES_PART = 0.2
"""Of what pulls may use, so much is kept for runs that somebody or something wants sooner."""

PACE_STEP_SECONDS = 60
"""A pace of the day is whole minutes: people read it."""


def pace_today(every_seconds: int, calls_per_run: int, left: DayLeft, reserve: int) -> int:
    """Return the seconds between runs with which the calls left reach to the end of the day.

    Args:
        every_seconds: the pace that is asked for; it is never undercut.
        calls_per_run: what a run has taken of late.
        left: what the day has left.
        reserve: calls of it that are kept for writes.
    """
    if calls_per_run <= 0 or left.seconds <= 0:
        return every_seconds
    runs = math.floor((left.calls - reserve) * (1 - WISHES_PART)) // calls_per_run
    if runs * every_seconds >= left.seconds:
        return every_seconds
    # Not one more fits: the next run is tomorrow's first.
    seconds = left.seconds / runs if runs > 0 else left.seconds
    pace = min(int(DAY_SECONDS), math.ceil(seconds / PACE_STEP_SECONDS) * PACE_STEP_SECONDS)
    return max(every_seconds, pace)
