"""A worker serves the queue with all its threads, and goes on whatever happens to its sessions."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, text
from tests.builders.books import ORGANISATION
from tests.builders.worker_process import Workplace, until

from arsync.application.organisation.container import Container
from arsync.application.permissions import SCHEDULE, Actor
from arsync.application.results import RunResult
from arsync.application.runs.pulling import RunWatch
from arsync.errors import UserMistake
from arsync.store import Store
from arsync.workers.queue_schema import QueueTables
from arsync.workers.queue_turns import Times
from arsync.workers.worker import SyncOne, prepare_worker, run_worker, sync_connection

QUICK = Times(wishes=0.1, routine=0.1, rescue=0.3, heartbeat=0.2, heartbeat_limit=1.0, fetch=0.1)


def add_ledgers(store: Store, count: int) -> list[int]:
    return [
        store.connections.add(
            f"c{number}", platform="books", organisation=ORGANISATION._replace(id=f"o{number}")
        ).id
        for number in range(count)
    ]


@contextmanager
def working(
    workplace: Workplace,
    sync_one: SyncOne = sync_connection,
    *,
    threads: int = 3,
    times: Times = QUICK,
) -> Iterator[list[RunResult]]:
    """Let a worker work in a thread of this process; yields what it reports."""
    results: list[RunResult] = []
    failures: list[BaseException] = []
    stop = threading.Event()
    with workplace.container() as container:
        tables, _ = prepare_worker(SCHEDULE, container, threads)

        def work() -> None:
            try:
                run_worker(
                    SCHEDULE,
                    container,
                    tables,
                    threads=threads,
                    stop=stop,
                    report=results.append,
                    times=times,
                    sync_one=sync_one,
                )
            except BaseException as error:  # noqa: BLE001 - raised below, in the test's thread
                failures.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield results
        finally:
            stop.set()
            thread.join()
    assert failures == []


def jobs_left(tables: QueueTables) -> int:
    with tables.write() as db:
        return int(db.scalar(text("SELECT count(*) FROM procrastinate_jobs")) or 0)


def served(container: Container, connection_id: int) -> None:
    """Take a ledger from the schedule as a run does."""
    schedules = container.store.schedules
    schedules.served(connection_id, schedules.begin(connection_id))


def test_each_ledger_is_synced_and_its_job_deleted(
    workplace: Workplace, tables: QueueTables
) -> None:
    workplace.add_ledgers(3)
    with working(workplace) as results:
        until(lambda: len(results) == 3)
        until(lambda: jobs_left(tables) == 0)
    assert sorted(result.connection for result in results) == [
        "client-001",
        "client-002",
        "client-003",
    ]
    assert [result.all_problems for result in results] == [[], [], []]
    assert set(workplace.effects().values()) == {1}
    assert len(workplace.effects()) == 3


def test_all_threads_work_at_once(workplace: Workplace, store: Store) -> None:
    # Python by itself makes no more threads than processors and four.
    threads = 12
    add_ledgers(store, threads)
    together = threading.Barrier(threads, timeout=30)

    def sync_one(_: Actor, container: Container, number: int, _watch: RunWatch) -> None:
        together.wait()
        served(container, number)

    with working(workplace, sync_one, threads=threads):
        until(lambda: not store.schedules.due(), 40)
    assert not together.broken


def test_a_hook_during_a_run_brings_one_more(
    workplace: Workplace, store: Store, tables: QueueTables
) -> None:
    [ledger] = add_ledgers(store, 1)
    began: list[float] = []
    may_end = threading.Event()

    def sync_one(_: Actor, container: Container, number: int, _watch: RunWatch) -> None:
        schedules = container.store.schedules
        moment = schedules.begin(number)
        began.append(time.monotonic())
        may_end.wait(30)
        schedules.served(number, moment)

    with working(workplace, sync_one):
        until(lambda: began)
        for _ in range(3):
            store.schedules.want([ledger], "a webhook")
            time.sleep(0.2)  # so that a turn sees each of them
        assert len(began) == 1
        may_end.set()
        until(lambda: len(began) == 2)
        until(lambda: jobs_left(tables) == 0 and not store.schedules.due())
        time.sleep(0.5)
    assert len(began) == 2


def test_a_busy_ledger_stays_due_and_holds_up_none(
    workplace: Workplace, store: Store, tables: QueueTables
) -> None:
    workplace.add_ledgers(2)
    busy = store.connections.get("client-001").id
    with workplace.container() as person, working(workplace, threads=1) as results:
        with person.store.runs.lock(busy):
            until(lambda: len(results) == 1)
            assert results[0].connection == "client-002"
            assert [ledger.connection_id for ledger in store.schedules.due()] == [busy]
        until(lambda: len(results) == 2)
    assert [result.connection for result in results] == ["client-002", "client-001"]


def test_a_failing_job_is_no_hot_loop(
    workplace: Workplace, store: Store, tables: QueueTables, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = add_ledgers(store, 2)
    tries: Counter[int] = Counter()

    def sync_one(_: Actor, container: Container, number: int, _watch: RunWatch) -> None:
        tries[number] += 1
        if number == bad:
            raise ZeroDivisionError
        served(container, number)

    times = QUICK._replace(wishes=0.5, routine=0.5)
    with working(workplace, sync_one, times=times), caplog.at_level(logging.ERROR):
        until(lambda: tries[good] and tries[bad])
        before = tries[bad]
        time.sleep(1.6)
        more = tries[bad] - before
    # Once a turn at most, whatever goes wrong.
    assert more <= 4
    assert tries[good] == 1
    assert "a job failed" in caplog.text
    with tables.write() as db:
        states = text("SELECT count(*) FROM procrastinate_jobs WHERE status <> 'todo'")
        assert db.scalar(states) == 0


def test_lost_sessions_end_no_worker(
    workplace: Workplace, store: Store, tables: QueueTables
) -> None:
    ledgers = add_ledgers(store, 12)
    done: Counter[int] = Counter()

    def sync_one(_: Actor, container: Container, number: int, _watch: RunWatch) -> None:
        time.sleep(0.1)
        served(container, number)
        done[number] += 1

    with working(workplace, sync_one):
        until(lambda: len(done) >= 3)
        # From outside, as an administrator or a server that restarts.
        outside = create_engine(store.engine.url)
        with outside.begin() as db:
            ended = db.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
                    " AND (query LIKE :queue OR query LIKE :schedules)"
                ),
                {"queue": "%procrastinate%", "schedules": "%schedules%"},
            ).all()
        outside.dispose()
        assert ended
        until(lambda: set(done) == set(ledgers) and not store.schedules.due(), 40)
        until(lambda: jobs_left(tables) == 0, 40)


def test_no_more_connections_than_told(workplace: Workplace, store: Store) -> None:
    workplace.add_ledgers(12)
    with store.engine.connect() as db:
        name = db.scalar(text("SELECT current_schema()"))
    count = text(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'arsync-budget-test'"
    )
    url = workplace.config.store_url
    assert name in url
    peak = 0
    named = workplace.named("arsync-budget-test")
    with working(named, threads=3) as results:
        while len(results) < 12:
            with store.engine.connect() as db:
                peak = max(peak, int(db.scalar(count) or 0))
            time.sleep(0.02)
    assert 3 < peak <= 17


def test_workers_need_postgresql(workplace: Workplace) -> None:
    on_sqlite = workplace.on_sqlite()
    with (
        on_sqlite.container() as container,
        pytest.raises(UserMistake, match="workers need the store in PostgreSQL"),
    ):
        prepare_worker(SCHEDULE, container, 2)
