"""Real processes, killed at any moment and doubled at will: everything stands once."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from arsync.core.actions import ActionState

from .conftest import ONCE, PLATFORMS, World, arsync_process, one_of_each

HELD_SECONDS = 60.0
"""How long the answer is held back that the process is waiting for when it is killed."""
RUNS_MAX = 40
WRITES = {"method": "PUT|POST|DELETE", "path": "^/api.xro/2.0/|^/v3/company/"}
READS = {"method": "GET", "path": "^/api.xro/2.0/|^/v3/company/"}

KILLS: tuple[dict[str, Any], ...] = (
    {**WRITES},
    {**WRITES, "status": 500, "skip": 1},
    {**WRITES, "skip": 2},
    {**READS, "skip": 9},
    {**WRITES, "status": 500},
    {**WRITES, "skip": 1},
)
"""Where a run is killed: while it waits for the answer to something that took effect, or (with a
status) to something that did not; the first, or after so many others."""


def at_work(world: World, name: str) -> None:
    """Connect with one of each to write; from here on processes by the computer's clock work."""
    world.move_to(datetime.now(UTC))
    one_of_each(world, name)
    world.app.close()


def killed_or_done(world: World, kill: dict[str, Any]) -> int:
    """Run `arsync sync` and kill it at a request; returns its exit code, negative when killed."""
    world.control.no_more_faults()
    world.control.fault(**kill, delay_seconds=HELD_SECONDS)
    before = world.control.last_request()
    with arsync_process(world.folder, "sync") as process:
        while process.poll() is None and not is_held(world, before):
            time.sleep(0.01)
        process.kill()
        process.communicate()
    return process.returncode


def is_held(world: World, since: int) -> bool:
    with world.sandbox.lock:
        rows = world.sandbox.journal.page(since)["requests"]
    return any(row["fault"] for row in rows)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", PLATFORMS)
def test_each_thing_stands_once_wherever_the_process_is_killed(
    world: World, name: str, arsync: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    at_work(world, name)
    codes: list[int] = []
    while world.standing(name) != ONCE and len(codes) < RUNS_MAX:
        codes.append(killed_or_done(world, KILLS[len(codes) % len(KILLS)]))
    world.control.no_more_faults()
    assert arsync(world.folder, "sync").returncode == 0
    assert world.standing(name) == ONCE
    assert len([code for code in codes if code < 0]) > 5, "the process was hardly ever killed"
    assert {row.state for row in world.rows(name)} == {ActionState.CONFIRMED}


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_second_scheduler_never_doubles(
    world: World, name: str, arsync: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    at_work(world, name)
    world.control.settings(answer_delay_seconds=0.01)
    for _ in range(2):
        both = [arsync_process(world.folder, "sync") for _ in range(2)]
        for process in both:
            with process:
                _, err = process.communicate(timeout=60)
            assert process.returncode == 0, err
        assert world.standing(name) == ONCE
    assert len(world.rows(name)) == 8
