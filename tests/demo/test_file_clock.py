"""A clock in a file: whoever follows it sees what one has set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from arsync.demo.file_clock import FileClock

MOMENT = datetime(2026, 9, 1, 10, tzinfo=UTC)


def test_a_follower_sees_each_moment_set(tmp_path: Path) -> None:
    clock, follower = FileClock(tmp_path / "clock"), FileClock(tmp_path / "clock")
    clock.set(MOMENT)
    assert follower.now() == MOMENT
    clock.advance(timedelta(days=1))
    assert follower.now() == MOMENT + timedelta(days=1)
