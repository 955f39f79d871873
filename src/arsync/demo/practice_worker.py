"""A worker of the demo's practice, as a process of its own: by the demo's clock, and telling.

It is `arsync worker` but for its clock, its quick times and the lines that it writes to stdout.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import organisation_by_id
from arsync.application.permissions import SCHEDULE, Actor
from arsync.application.results import RunResult
from arsync.application.runs.pulling import RunWatch
from arsync.config import load_config
from arsync.demo.file_clock import FileClock
from arsync.demo.practice_servers import WorkerLine
from arsync.workers.queue_turns import Times
from arsync.workers.stop_signals import stop_on_signals
from arsync.workers.worker import prepare_worker, run_worker, sync_connection

THREADS = 3
QUICK = Times(wishes=0.3, routine=0.3, rescue=1.0, heartbeat=0.5, heartbeat_limit=3.0, fetch=0.3)
"""The days of the demo take seconds, and so may nothing that a worker waits for."""


def main() -> None:
    """Be a worker until SIGTERM: of a config file, by the clock in a file."""
    config_file, clock_file = map(Path, sys.argv[1:])
    container = Container(load_config(config_file, {}), clock=FileClock(clock_file))
    with container, stop_on_signals() as stop:
        tables, _ = prepare_worker(SCHEDULE, container, THREADS)
        _tell(WorkerLine("ready"))
        run_worker(
            SCHEDULE, container, tables, threads=THREADS, stop=stop, times=QUICK, sync_one=_sync
        )


def _sync(
    actor: Actor, container: Container, connection_id: int, watch: RunWatch
) -> RunResult | None:
    """Sync a connection, and tell when it began and ended."""
    name = organisation_by_id(container, connection_id).name
    _tell(WorkerLine("began", name))
    result = sync_connection(actor, container, connection_id, watch)
    problems = () if result is None else tuple(result.all_problems)
    _tell(WorkerLine("ended", name, ran=result is not None, problems=problems))
    return result


def _tell(line: WorkerLine) -> None:
    # In one write each: several threads tell, and the process may be killed at any moment.
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
