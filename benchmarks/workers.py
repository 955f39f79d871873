"""Workers on PostgreSQL: how near to the ideal, what a killed one costs, memory, a long queue.

The platform is a wait: a run takes its lock, notes its begin and its end in the schedule, and
sleeps in between. What is measured is what arsync and its queue add to that.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import create_engine, insert, text

from arsync.application.organisation.container import Container
from arsync.application.permissions import SCHEDULE, Actor
from arsync.application.runs.pulling import RunWatch
from arsync.clock import SystemClock
from arsync.config import example_config, load_config
from arsync.errors import RetryLater
from arsync.store.db.tables import connections, schedules
from arsync.workers.queue_schema import open_queue
from arsync.workers.queue_turns import Times, take_turn
from arsync.workers.stop_signals import stop_on_signals
from arsync.workers.worker import prepare_worker, run_worker
from benchmarks.real_worker import real_worker
from benchmarks.report import Row, Section
from benchmarks.sections import SMALL, Scale
from benchmarks.store_rate import fresh_postgresql

SERVER_VARIABLE = "ARSYNC_TEST_POSTGRESQL"
QUEUE = "arsync_queue_bench"
WORKERS, THREADS = 2, 10
LEDGERS_PER_CONTACT = 20
RUN_SECONDS, SHORT_RUN_SECONDS = 0.2, 0.02
HEARTBEAT_LIMIT_SECONDS = 6.0
TIMES = Times(wishes=2, routine=2, rescue=5, heartbeat=2, heartbeat_limit=HEARTBEAT_LIMIT_SECONDS)
KILLED_AFTER_SECONDS = 2.0

IDEAL_RATIO_MAX = 1.2
CPU_MS_MAX = 9
AFTER_LIMIT_SECONDS_MAX = 20.0
PEAK_MB_MAX = 300
TURN_MS_MAX = 50
WAIT_SECONDS_MAX = 300.0


class Served(NamedTuple):
    """What came of serving so many ledgers."""

    seconds: float
    """From the first begin to the last end."""
    ends: Counter[int]
    begins: Counter[int]
    peak_mb: float
    killed_at: float | None
    last_end_at: float
    cpu_milliseconds: float
    """What a run takes of the workers' processors."""
    start_seconds: float
    """What one worker takes of the processor to start."""

    @property
    def after_limit(self) -> float:
        """Return how long after the heartbeat limit of the killed worker all was done."""
        assert self.killed_at is not None
        return max(0.0, self.last_end_at - self.killed_at - HEARTBEAT_LIMIT_SECONDS)


def workers(scale: Scale, folder: Path) -> Sequence[Section]:
    """Let two workers serve ledgers, with and without a death among them."""
    server = os.environ.get(SERVER_VARIABLE, "")
    count = scale.contacts // LEDGERS_PER_CONTACT
    section = Section(f"{count:,} ledgers by {WORKERS} workers of {THREADS} threads", "ideal")
    if not server:
        section.notes.append(f"left out: {SERVER_VARIABLE} names no PostgreSQL database")
        return [section]
    plain = _served(server, folder / "workers", count, RUN_SECONDS)
    ideal = count * RUN_SECONDS / (WORKERS * THREADS)
    ratio = plain.seconds / ideal
    met = ratio <= IDEAL_RATIO_MAX if scale.judged else None
    shown = (f"{plain.seconds:.1f} s", f"{ideal:.1f} s", f"{ratio:.2f}")
    section.add(Row("runs of 200 ms", *shown, f"at most {IDEAL_RATIO_MAX}", met))
    section.add(
        Row(
            "processor of the workers for each run",
            f"{plain.cpu_milliseconds:.1f} ms",
            aim=f"at most {CPU_MS_MAX} ms",
            met=plain.cpu_milliseconds <= CPU_MS_MAX,
        )
    )
    section.add(Row("processor of a worker to start", f"{plain.start_seconds:.1f} s"))
    section.add(
        Row(
            "memory of a worker at its peak",
            f"{plain.peak_mb:.0f} MB",
            aim=f"at most {PEAK_MB_MAX} MB",
            met=plain.peak_mb <= PEAK_MB_MAX,
        )
    )
    killed = _served(server, folder / "workers-killed", count, RUN_SECONDS, kill=True)
    lost = count - len(killed.begins)
    doubled = sum(times - 1 for times in killed.ends.values())
    again = sum(times - 1 for times in killed.begins.values())
    section.add(
        Row(
            "kill -9 of one: lost, done twice",
            f"{lost}, {doubled}",
            aim="0, 0",
            met=lost == doubled == 0,
        )
    )
    section.add(
        Row(
            "kill -9 of one: all done after its heartbeat limit",
            f"{killed.after_limit:.1f} s",
            aim=f"at most {AFTER_LIMIT_SECONDS_MAX:.0f} s",
            met=killed.after_limit <= AFTER_LIMIT_SECONDS_MAX,
        )
    )
    many = count * SMALL
    long = _served(server, folder / "workers-many", many, SHORT_RUN_SECONDS)
    section.add(Row(f"a queue of {many:,}, runs of 20 ms", f"{many / long.seconds:.0f} a second"))
    milliseconds = _turn_milliseconds(server, folder / "workers-turn", many)
    section.add(
        Row(
            f"a turn over {many:,} schedules of 15 minutes",
            f"{milliseconds:.0f} ms",
            aim=f"at most {TURN_MS_MAX} ms",
            met=milliseconds <= TURN_MS_MAX,
        )
    )
    section.notes.append(
        f"the killed worker was at {again} ledgers, which began again on the other; the heartbeat "
        f"limit was {HEARTBEAT_LIMIT_SECONDS:.0f} s, by default it is 30 s"
    )
    return [section, real_worker(server, folder / "workers-real")]


def _served(
    server: str, home: Path, count: int, run_seconds: float, *, kill: bool = False
) -> Served:
    with _installation(server, home) as container, ExitStack() as processes:
        started = [processes.enter_context(_worker(home, run_seconds)) for _ in range(WORKERS)]
        _until(lambda: _registered(container) == WORKERS)
        at_start = {process.pid: _cpu_seconds(process) for process in started}
        add_ledgers(container, count)
        killed_at = None
        if kill:
            _until(lambda: _lines(home, "began"))
            time.sleep(KILLED_AFTER_SECONDS)
            killed_at = time.monotonic()
            started[0].send_signal(signal.SIGKILL)
        _until(lambda: _served_count(container) == count)
        time.sleep(1)  # so that what is done twice shows
        alive = [process for process in started if process.poll() is None]
        cpu = sum(_cpu_seconds(process) - at_start[process.pid] for process in alive)
        peak = max(_peak_mb(process) for process in alive)
        began, ended = _lines(home, "began"), _lines(home, "ended")
    last = max(at for at, _ in ended)
    return Served(
        last - min(at for at, _ in began),
        Counter(number for _, number in ended),
        Counter(number for _, number in began),
        peak,
        killed_at,
        last,
        1_000 * cpu / count,
        sum(at_start.values()) / len(at_start),
    )


def _turn_milliseconds(server: str, home: Path, count: int) -> float:
    """Return what a turn takes when a few of many ledgers are due, the best of some."""
    best = []
    with _installation(server, home) as container:
        tables = open_queue(container.store, QUEUE)
        add_ledgers(container, count)
        every = Times(wishes=0, routine=0)
        with container.store.engine.begin() as db:
            later = SystemClock().now() + timedelta(minutes=10)
            few = max(1, round(count * TIMES.wishes / 900))
            query = schedules.update().where(schedules.c.connection_id > few)
            db.execute(query.values(next_at=later))
            db.execute(text("ANALYZE"))
        for _ in range(5):
            with tables.write() as db:
                db.execute(text("DELETE FROM procrastinate_jobs"))
            began = time.perf_counter()
            take_turn(tables, container.store.schedules, every)
            best.append(1_000 * (time.perf_counter() - began))
    return min(best)


def add_ledgers(container: Container, count: int) -> None:
    """Add ledgers that are due."""
    now = SystemClock().now()
    numbers = range(1, count + 1)
    same = {"platform": "bench", "mode": "observe", "state": "connected", "is_demo": False}
    rest = {"settings": {}, "address": (), "created_at": now}
    due = {"every_seconds": 86_400, "next_at": now - timedelta(minutes=1)}
    named = [{"id": n, "name": f"m{n}", "organisation_id": f"o{n}"} for n in numbers]
    with container.store.engine.begin() as db:
        db.execute(insert(connections), [same | rest | row for row in named])
        db.execute(insert(schedules), [due | {"connection_id": n} for n in numbers])


@contextmanager
def _installation(server: str, home: Path) -> Iterator[Container]:
    home.mkdir(parents=True)
    with fresh_postgresql(server) as url:
        values = {
            ("store", "url"): url,
            ("workers", "schema"): QUEUE,
            ("tokens", "keyring"): "off",
            ("runs", "daily_mail"): "off",
            # No ledger is to be due a second time meanwhile.
            ("runs", "every"): "24h",
        }
        (home / "config.toml").write_text(example_config(values))
        _drop_queue(server)
        try:
            with Container(load_config(home / "config.toml", {})) as container:
                open_queue(container.store, QUEUE)
                yield container
        finally:
            _drop_queue(server)


def _drop_queue(server: str) -> None:
    engine = create_engine(server)
    with engine.begin() as db:
        db.exec_driver_sql(f"DROP SCHEMA IF EXISTS {QUEUE} CASCADE")
    engine.dispose()


@contextmanager
def _worker(home: Path, run_seconds: float) -> Iterator[subprocess.Popen[bytes]]:
    words = [sys.executable, "-m", "benchmarks.workers", str(home), str(run_seconds)]
    with (home / "log").open("a") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _registered(container: Container) -> int:
    with container.store.engine.connect() as db:
        count = db.scalar(text(f"SELECT count(*) FROM {QUEUE}.procrastinate_workers"))
    return count or 0


def _served_count(container: Container) -> int:
    query = "SELECT count(*) FROM schedules WHERE started_at IS NULL AND next_at > now()"
    with container.store.engine.connect() as db:
        count = db.scalar(text(query))
    return count or 0


def _lines(home: Path, event: str) -> list[tuple[float, int]]:
    """Return when which ledger began or ended."""
    lines = []
    for file in home.glob("runs-*"):
        words = [line.split() for line in file.read_text().splitlines()]
        lines += [(float(at), int(number)) for at, name, number in words if name == event]
    return lines


def _peak_mb(process: subprocess.Popen[bytes]) -> float:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    words = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _until(true: object) -> None:
    assert callable(true)
    ends = time.monotonic() + WAIT_SECONDS_MAX
    while not true():
        assert time.monotonic() < ends, "the workers do not come to an end"
        time.sleep(0.2)


def main() -> None:
    """Be a worker: its folder, and how long a run takes."""
    home, run_seconds = Path(sys.argv[1]), float(sys.argv[2])
    file = (home / f"runs-{os.getpid()}").open("a", buffering=1)

    def sync_one(_: Actor, container: Container, number: int, _watch: RunWatch) -> None:
        runs, schedule = container.store.runs, container.store.schedules
        try:
            with runs.lock(number):
                began = schedule.begin_if_due(number)
                if began is None:
                    return
                file.write(f"{time.monotonic():.6f} began {number}\n")
                time.sleep(run_seconds)
                schedule.served(number, began)
                file.write(f"{time.monotonic():.6f} ended {number}\n")
        except RetryLater:
            return

    with Container(load_config(home / "config.toml", {})) as container, stop_on_signals() as stop:
        tables, _ = prepare_worker(SCHEDULE, container, THREADS)
        run_worker(
            SCHEDULE,
            container,
            tables,
            threads=THREADS,
            stop=stop,
            times=TIMES,
            sync_one=sync_one,
        )


if __name__ == "__main__":
    main()
