"""Real processes, killed, stopped and doubled at any moment: everything stands once."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from tests.builders.ledgers import once, one_of_each
from tests.builders.processes import arsync_process
from tests.builders.world import PLATFORMS, World

from arsync.clock import SystemClock
from arsync.core.actions import ActionState
from arsync.store import Store
from arsync.store.admin.schedules import INTERRUPTED_SECONDS
from arsync.store.db.tables import schedules

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
    world.move_to(SystemClock().now())
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


def is_held(world: World, since: int, *, requests: int = 1) -> bool:
    with world.sandbox.lock:
        rows = world.sandbox.journal.page(since)["requests"]
    return sum(bool(row["fault"]) for row in rows) >= requests


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", PLATFORMS)
def test_each_thing_stands_once_wherever_the_process_is_killed(
    world: World, name: str, arsync: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    at_work(world, name)
    codes: list[int] = []
    while world.standing(name) != once(name) and len(codes) < RUNS_MAX:
        codes.append(killed_or_done(world, KILLS[len(codes) % len(KILLS)]))
    world.control.no_more_faults()
    assert arsync(world.folder, "sync").returncode == 0
    assert world.standing(name) == once(name)
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
        assert world.standing(name) == once(name)
    assert len(world.rows(name)) == 8


def signalled(world: World, *signals: signal.Signals, held_seconds: float) -> tuple[int, str, str]:
    """Run `arsync run`, and send signals while a write of each connection waits for its answer."""
    for path in ("^/api.xro/2.0/", "^/v3/company/"):
        world.control.fault(method="PUT|POST", path=path, delay_seconds=held_seconds)
    before = world.control.last_request()
    with arsync_process(world.folder, "run", "--every", "1h") as process:
        while process.poll() is None and not is_held(world, before, requests=len(PLATFORMS)):
            time.sleep(0.01)
        for number in signals:
            process.send_signal(number)
            time.sleep(0.05)  # two of the same at once would be one
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def ends_in_one_run(world: World) -> bool:
    """Say whether the next run of all connections leaves everything standing once."""
    world.control.no_more_faults()
    world.move_to(SystemClock().now())
    results = list(world.app.sync())
    assert not [problem for result in results for problem in result.all_problems]
    states = {row.state for name in PLATFORMS for row in world.rows(name)}
    return states == {ActionState.CONFIRMED} and all(
        world.standing(name) == once(name) for name in PLATFORMS
    )


def test_a_signal_stops_each_connection_at_a_safe_step(
    world: World,
) -> None:
    for name in PLATFORMS:
        at_work(world, name)
    code, out, err = signalled(world, signal.SIGTERM, held_seconds=1.0)
    assert code == 0, err
    for name in PLATFORMS:
        (line,) = (line for line in out.splitlines() if f" {name}: " in line)
        assert "asked to stop: the next run continues from here" in line
        rows = world.rows(name)
        assert not [row for row in rows if row.state is ActionState.SENDING]
        assert [row for row in rows if row.state is ActionState.APPROVED], "it went on"
    assert "Stopping after the current action." in err
    assert "Stopped after 1 round." in err
    assert ends_in_one_run(world)


def test_a_second_signal_stops_immediately_without_loss(
    world: World,
) -> None:
    for name in PLATFORMS:
        at_work(world, name)
    code, _, err = signalled(world, signal.SIGINT, signal.SIGTERM, held_seconds=HELD_SECONDS)
    assert code == -signal.SIGTERM
    assert err.splitlines()[-2:] == [
        "Stopping after the current action. A second Ctrl-C or signal ends at once.",
        "Ended at once: the next run looks up the action that was in progress.",
    ]
    assert [row.state for row in world.rows("xero")].count(ActionState.SENDING) == 1
    assert ends_in_one_run(world)


@pytest.mark.timeout(120)
def test_another_loop_finishes_what_a_killed_one_began(world: World, postgresql_store: str) -> None:
    world.app.close()
    world.config = world.configured(store_url=postgresql_store)
    world.app = world.new_app()
    at_work(world, "xero")
    number = world.connection("xero").id
    store = world.app.store
    world.control.fault(**WRITES, skip=2, delay_seconds=HELD_SECONDS)
    before = world.control.last_request()
    with (
        arsync_process(world.folder, "run", "--every", "1h") as killed,
        arsync_process(world.folder, "run", "--every", "1h") as other,
    ):
        while not is_held(world, before):
            time.sleep(0.01)
        # Which of the two is at work is told by its run.
        at_it = store.runs.latest(number)[0].pid
        first, second = sorted((killed, other), key=lambda process: process.pid != at_it)
        first.kill()
        world.control.no_more_faults()
        store.schedules.want([number], "a hook came")
        a_minute_passes(store, number)
        while store.schedules.due() or store.runs.latest(number)[0].outcome == "running":
            assert second.poll() is None
            time.sleep(0.05)
        second.terminate()
        _, err = second.communicate(timeout=60)
    assert second.returncode == 0, err
    assert world.standing("xero") == once("xero")
    assert [run.pid == second.pid for run in store.runs.latest(number)][:2] == [True, False]
    schedule = store.schedules.get(number)
    assert schedule is not None
    assert (schedule.started_at, schedule.wanted_at) == (None, None)


def a_minute_passes(store: Store, connection_id: int) -> None:
    """Let the run that began last have begun so much earlier."""
    schedule = store.schedules.get(connection_id)
    assert schedule is not None
    assert schedule.started_at is not None
    earlier = schedule.started_at - timedelta(seconds=INTERRUPTED_SECONDS)
    with store.engine.begin() as db:
        db.execute(update(schedules).values(started_at=earlier))
