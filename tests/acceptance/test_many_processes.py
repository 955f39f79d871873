"""Several processes on one store: they share a platform's limits, and renew a token once."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta

import pytest
from tests.builders.processes import arsync_environment
from tests.builders.world import CALL_SECONDS, World

from arsync.clock import SystemClock

PROCESSES = 8

CALLERS = """
import os, sys, time
from functools import partial
import arsync_quickbooks.connector, arsync_xero.connector
from arsync.config import load_config
from arsync.http import PlatformTransport, Timer, Timing
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import organisations

name, processes, calls = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

def sleep(seconds):
    if seconds > 2:
        os._exit(0)  # the minute is full
    time.sleep(seconds)

for _ in range(processes):
    if os.fork():
        continue
    transports = partial(PlatformTransport, timing=Timing(Timer(sleep=sleep)))
    with Container(load_config(), transports=transports) as container:
        (organisation,) = organisations(container, name)
        with organisation.open_connector() as connector:
            for _ in range(calls):
                connector.organisation()
    os._exit(0)
codes = [os.wait()[1] for _ in range(processes)]
sys.exit(any(codes))
"""
"""Forks before anything is opened. A process that would have to wait for the minute ends."""


def at_once(world: World, name: str, *, calls: int) -> None:
    """Let eight processes begin to call at the same moment, and wait for their end."""
    world.app.close()
    done = subprocess.run(
        [sys.executable, "-c", CALLERS, name, str(PROCESSES), str(calls)],
        env=arsync_environment(world.folder),
        cwd=world.folder,
        text=True,
        check=False,
        capture_output=True,
        timeout=CALL_SECONDS,
    )
    assert done.returncode == 0, done.stderr


def now_in_real_time(world: World) -> None:
    """Processes go by the computer's clock, and so does the sandbox from here on."""
    world.move_to(SystemClock().now())


@pytest.mark.timeout(120)
def test_eight_processes_together_respect_the_platforms_minute_limit(world: World) -> None:
    now_in_real_time(world)
    world.connect("xero", mode="observe")
    world.config = world.configured(runs_pace="on")
    world.control.settings(limits=True)
    before = world.control.last_request()
    at_once(world, "xero", calls=60)
    rows = [row for row in world.control.journal(before) if "/api.xro/" in row["path"]]
    assert {row["status"] for row in rows} == {200}, "the platform had to refuse nothing"
    first = datetime.fromisoformat(rows[0]["at"])
    minute = [
        row for row in rows if datetime.fromisoformat(row["at"]) < first + timedelta(seconds=55)
    ]
    assert 40 <= len(minute) <= 55, "each would have made 60 alone"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_eight_processes_with_an_expired_token_renew_it_once(
    world: World, database: str, request: pytest.FixtureRequest
) -> None:
    if database == "postgresql":
        world.app.close()
        world.config = world.configured(store_url=request.getfixturevalue("postgresql_store"))
        world.app = world.new_app()
    world.move_to(SystemClock().now() - timedelta(hours=2))
    world.connect("xero", mode="observe")
    now_in_real_time(world)
    before = world.control.last_request()
    at_once(world, "xero", calls=1)
    rows = world.control.journal(before)
    assert [row["status"] for row in rows if row["path"].endswith("connect/token")] == [200]
    calls = [row["status"] for row in rows if "/api.xro/" in row["path"]]
    assert calls.count(200) >= PROCESSES
    assert calls.count(401) <= PROCESSES, "each meets the old token's end at most once"
    assert set(calls) <= {200, 401}
