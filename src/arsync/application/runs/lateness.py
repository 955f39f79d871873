"""How late a ledger is: the overview, the metrics and the queue say the same."""

from __future__ import annotations

from datetime import datetime, timedelta

from arsync.store.admin.schedules import NOT_BEFORE_SECONDS_MAX
from arsync.store.models import ConnectionState, ScheduledLedger

LATE_SECONDS = 300.0
"""A ledger whose run has been due for longer, and has not begun, is late."""


def waited_seconds(ledger: ScheduledLedger, now: datetime) -> float:
    """Return for how long a ledger's run has been due or under way, in seconds.

    0 for what is not due, and for what waits for something else than its turn: it is paused, its
    authorisation has ended, or its platform is away or has no calls left. So it is of one without
    a pace, which a scheduler of the machine syncs by `arsync sync`.
    """
    schedule = ledger.schedule
    if schedule is None or schedule.every_seconds is None:
        return 0.0
    if ledger.is_paused or ledger.state != ConnectionState.CONNECTED:
        return 0.0
    if is_away(ledger, now):
        return 0.0
    since = schedule.started_at or min(schedule.next_at, schedule.wanted_at or schedule.next_at)
    return max(0.0, (now - since).total_seconds())


def late_seconds(ledger: ScheduledLedger, now: datetime) -> float:
    """Return by how much a ledger is late, in seconds; 0: it is not.

    A run that is under way makes its ledger late when it has taken longer than a whole pace.
    """
    waited, schedule = waited_seconds(ledger, now), ledger.schedule
    if schedule is None or schedule.every_seconds is None:
        return 0.0
    patience = schedule.every_seconds if schedule.started_at is not None else LATE_SECONDS
    return waited if waited > max(patience, LATE_SECONDS) else 0.0


def is_running(ledger: ScheduledLedger) -> bool:
    """Return whether its run is under way, or died in the middle."""
    return ledger.schedule is not None and ledger.schedule.started_at is not None


def is_away(ledger: ScheduledLedger, now: datetime) -> bool:
    """Return whether no scheduled run calls its platform now: it is away, or takes no calls."""
    latest = now + timedelta(seconds=NOT_BEFORE_SECONDS_MAX)
    not_before = ledger.schedule.not_before if ledger.schedule is not None else None
    # A moment further ahead was noted while a clock was ahead.
    return any(
        moment is not None and now < moment <= latest for moment in (ledger.retry_at, not_before)
    )
