"""How much of the worklist was done, as it stood on the day."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from arsync.core.analytics.measure_sums import MeasuringWindow
from arsync.core.analytics.worklist_done import TaskLife, WorklistDone, worklist_done

DAY = date(2026, 11, 30)


def ago(days: int) -> date:
    return DAY - timedelta(days)


def test_what_closed_by_itself_is_in_no_share() -> None:
    tasks = [
        TaskLife(ago(20), ago(10)),
        TaskLife(ago(20), ago(10), by_itself=True),
        TaskLife(ago(20), None),
        TaskLife(ago(20), None),
        TaskLife(ago(200), ago(100)),
    ]
    expected = WorklistDone(1, 1, 2, Decimal("33.333333"))
    assert worklist_done(tasks, MeasuringWindow(DAY)) == expected


def test_a_past_day_does_not_know_what_came_later() -> None:
    tasks = [TaskLife(ago(20), ago(5)), TaskLife(ago(2), None)]
    assert worklist_done(tasks, MeasuringWindow(ago(10))) == WorklistDone(0, 0, 1, Decimal(0))


def test_nothing_to_do_gives_no_share() -> None:
    assert worklist_done([], MeasuringWindow(DAY)).percent is None
