"""A ledger is late when it waits for its turn, and for nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.builders.books import NOW

from arsync.application.runs.lateness import LATE_SECONDS, late_seconds, waited_seconds
from arsync.store.models import ConnectionState, ScheduledLedger, ScheduleRow

PACE = 900


def ago(seconds: float) -> Any:
    return NOW - timedelta(seconds=seconds)


def ledger(next_at: Any, **fields: Any) -> ScheduledLedger:
    schedule = ScheduleRow(PACE, next_at, None, "", None, None)._replace(**fields)
    return ScheduledLedger(1, ConnectionState.CONNECTED, False, None, schedule)


@pytest.mark.parametrize(
    ("case", "late"),
    [
        (ledger(ago(-60)), 0),
        (ledger(ago(LATE_SECONDS)), 0),
        (ledger(ago(LATE_SECONDS + 1)), LATE_SECONDS + 1),
        # A wish counts from when it was made, though the next place is still ahead.
        (ledger(ago(-60), wanted_at=ago(400)), 400),
        (ledger(ago(400), started_at=ago(PACE)), 0),
        (ledger(ago(400), started_at=ago(PACE + 1)), PACE + 1),
        (ledger(ago(4000))._replace(is_paused=True), 0),
        (ledger(ago(4000))._replace(state=ConnectionState.NEEDS_RECONNECT), 0),
        (ledger(ago(4000))._replace(retry_at=ago(-1)), 0),
        (ledger(ago(4000))._replace(retry_at=ago(1)), 4000),
        (ledger(ago(4000))._replace(schedule=None), 0),
        (ledger(ago(4000), every_seconds=None), 0),
        (ledger(ago(4000), not_before=ago(-1)), 0),
        (ledger(ago(4000), not_before=ago(-90_000)), 4000),
    ],
)
def test_late_is_what_waits_for_its_turn(case: ScheduledLedger, late: float) -> None:
    assert late_seconds(case, NOW) == late


def test_what_is_due_waits_before_it_is_late() -> None:
    assert waited_seconds(ledger(ago(10)), NOW) == 10
