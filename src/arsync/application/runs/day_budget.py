"""How far the calls of the day reach for a connection's pace, and which pace it has for that."""

from __future__ import annotations

import math
from statistics import median
from typing import NamedTuple

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.connector_sdk.day_pace import pace_today
from arsync.connector_sdk.rate_window import DayLeft

RUNS_LOOKED_AT_MAX = 9
"""What a run takes is judged by so many of the last ones: a first pull among them counts little."""

USUAL_CALLS = 8
"""What a run takes before any has told: as many as one with nothing new takes at Xero."""


class DayBudget(NamedTuple):
    """What a connection may still call today, and how often it runs for that."""

    day_left: DayLeft
    calls_per_day: int
    """The platform's limit, or the ledger's share of the day's reads of the app."""
    metered: bool
    """True when only calls that read count, and the limit is a share of the app's."""
    every_seconds: int
    """The pace that is asked for; 0: no schedule has one."""
    pace_seconds: int
    """The pace of today: never shorter."""

    @property
    def is_slower(self) -> bool:
        """Return whether the day's calls do not reach for the pace."""
        return self.pace_seconds > self.every_seconds > 0

    @property
    def calls_words(self) -> str:
        """Return `120 of 1,000 calls left`."""
        what = "reads" if self.metered else "calls"
        return f"{self.day_left.calls:,} of {self.calls_per_day:,} {what} left"

    @property
    def words(self) -> str:
        """Return `every 45 minutes today: 120 of 1,000 calls left`; empty when they reach."""
        if not self.is_slower:
            return ""
        return f"every {_duration(self.pace_seconds)} today: {self.calls_words}"


def day_budget(organisation: OrganisationContext) -> DayBudget | None:
    """Return what the day has left for a connection; None: its calls are not limited by the day."""
    container, row = organisation.container, organisation.connection
    limits = container.rate_limits(row.platform)
    if container.config.runs.pace != "on" or not (limits.calls_per_day or limits.reads_per_month):
        return None
    if limits.calls_per_day:
        day_left = container.calls_left_today(row.platform, [row.organisation_id])[
            row.organisation_id
        ]
        most, reserve = limits.calls_per_day, limits.reserve_per_day
    else:
        day_left, most = container.reads_left_today(row.platform, row.organisation_id)
        reserve = 0
    schedule = organisation.store.schedules.get(row.id)
    every = (schedule.every_seconds if schedule is not None else None) or 0
    pace = pace_today(every, _calls_per_run(organisation), day_left, reserve) if every else 0
    return DayBudget(day_left, most, not limits.calls_per_day, every, pace)


def _calls_per_run(organisation: OrganisationContext) -> int:
    """Return what runs have taken of late, in the middle."""
    runs = organisation.store.runs.latest(organisation.id, rows_max=RUNS_LOOKED_AT_MAX)
    calls = [run.counts["calls"] for run in runs if run.counts.get("calls")]
    return math.ceil(median(calls)) if calls else USUAL_CALLS


def _duration(seconds: int) -> str:
    minutes = max(1, round(seconds / 60))
    if minutes < 120:
        return f"{minutes} minutes" if minutes > 1 else "minute"
    hours, over = divmod(minutes, 60)
    return f"{hours} hours {over} minutes" if over else f"{hours} hours"
