"""How much of the worklist people got done in a window of days."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from msgspec import Struct

from arsync.core.analytics.measure_sums import MeasuringWindow
from arsync.core.analytics.measures import PLACES


class TaskLife(NamedTuple):
    """From when to when a task stood on the worklist."""

    opened_on: date
    ended_on: date | None
    """None: it is open."""
    by_itself: bool = False
    """Its reason went away before anybody did it."""


class WorklistDone(Struct, frozen=True):
    """What became of the tasks that stood on the worklist in a window."""

    done: int
    """Ended by people."""
    closed_by_itself: int
    """Their reason went away: in no share."""
    open: int
    """At the end of the day."""
    percent: Decimal | None
    """done / (done + open) * 100, with six places; None: there was nothing to do."""


def worklist_done(tasks: Iterable[TaskLife], window: MeasuringWindow) -> WorklistDone:
    """Return how much was done; what was opened or ended later counts as it stood on the day."""
    done = closed = still_open = 0
    for task in tasks:
        if task.opened_on > window.day:
            continue
        if task.ended_on is None or task.ended_on > window.day:
            still_open += 1
        elif task.ended_on in window:
            closed += task.by_itself
            done += not task.by_itself
    share = None
    if done + still_open:
        share = (Decimal(100 * done) / (done + still_open)).quantize(PLACES, ROUND_HALF_EVEN)
    return WorklistDone(done, closed, still_open, share)
