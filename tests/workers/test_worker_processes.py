"""Two workers as processes of their own: killed, stopped, asked to stop."""

from __future__ import annotations

import signal
import subprocess
import time

from sqlalchemy import text
from tests.builders.worker_process import Workplace, until

from arsync.store import Store
from arsync.workers.queue_schema import QueueTables

HEARTBEAT_LIMIT_SECONDS = 2.0
QUICK = {
    "wishes": 0.3,
    "routine": 0.3,
    "rescue": 0.5,
    "heartbeat": 0.4,
    "heartbeat_limit": HEARTBEAT_LIMIT_SECONDS,
    "fetch": 0.3,
}
DONE_AFTER_LIMIT_SECONDS = 20.0


def workers_registered(tables: QueueTables) -> int:
    with tables.write() as db:
        return int(db.scalar(text("SELECT count(*) FROM procrastinate_workers")) or 0)


def newest_worker(tables: QueueTables) -> int:
    with tables.write() as db:
        return int(db.scalar(text("SELECT max(id) FROM procrastinate_workers")) or 0)


def ended(process: subprocess.Popen[str]) -> int:
    return process.wait(timeout=60)


def test_a_killed_worker_loses_and_doubles_nothing(
    workplace: Workplace, store: Store, tables: QueueTables
) -> None:
    ledgers = 16
    with (
        workplace.worker(times=QUICK) as first,
        workplace.worker(times=QUICK),
    ):
        until(lambda: workers_registered(tables) == 2, 60)
        workplace.add_ledgers(ledgers)
        # In the middle of the work: after some effects, before others.
        until(lambda: len(workplace.effects()) >= 4, 60)
        first.send_signal(signal.SIGKILL)
        ended(first)
        killed_at = time.monotonic()
        until(lambda: len(workplace.effects()) == ledgers, 60)
        until(lambda: not store.schedules.due(), 60)
        seconds = time.monotonic() - killed_at
    assert set(workplace.effects().values()) == {1}
    assert seconds < HEARTBEAT_LIMIT_SECONDS + DONE_AFTER_LIMIT_SECONDS


def test_a_worker_that_wakes_up_overlaps_with_none(
    workplace: Workplace, store: Store, tables: QueueTables
) -> None:
    with workplace.worker(times=QUICK, seconds=1.0) as sleeper:
        until(lambda: workers_registered(tables) == 1, 60)
        workplace.add_ledgers(2)
        until(lambda: len(workplace.lines("began")) == 2, 60)
        sleeper.send_signal(signal.SIGSTOP)
        number = newest_worker(tables)
        with workplace.worker(times=QUICK, seconds=1.0) as other:
            # Its jobs go to the other worker, which meets their locks.
            until(lambda: newest_worker(tables) > number, 60)
            time.sleep(HEARTBEAT_LIMIT_SECONDS + 1.5)
            assert len(workplace.lines("began")) == 2
            sleeper.send_signal(signal.SIGCONT)
            until(lambda: not store.schedules.due() and len(workplace.effects()) == 2, 60)
            sleeper.terminate()
            other.terminate()
            assert (ended(sleeper), ended(other)) == (0, 0)
    assert len(workplace.lines("began")) == 2
    assert set(workplace.effects().values()) == {1}


def test_a_worker_ends_in_order_when_asked(
    workplace: Workplace, store: Store, tables: QueueTables
) -> None:
    with workplace.worker(times=QUICK, threads=2, seconds=1.5) as worker:
        until(lambda: workers_registered(tables) == 1, 60)
        workplace.add_ledgers(4)
        until(lambda: len(workplace.lines("began")) == 2, 60)
        worker.terminate()
        assert ended(worker) == 0
    # Each run in hand has ended at its next safe step, and is due again, as are the others.
    with tables.write() as db:
        doing = text("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'")
        assert db.scalar(doing) == 0
    assert workers_registered(tables) == 0
    assert len(workplace.lines("began")) == 2
    assert len(store.schedules.due()) == 4
    assert "Stopping after the current action" in (workplace.folder / "log").read_text()


def test_a_second_signal_ends_a_worker_at_once(workplace: Workplace, tables: QueueTables) -> None:
    with workplace.worker(times=QUICK, threads=1, seconds=60.0) as worker:
        until(lambda: workers_registered(tables) == 1, 60)
        workplace.add_ledgers(1)
        until(lambda: workplace.lines("began"), 60)
        worker.terminate()
        until(lambda: "Stopping after" in (workplace.folder / "log").read_text())
        assert worker.poll() is None
        worker.terminate()
        assert ended(worker) == -signal.SIGTERM
