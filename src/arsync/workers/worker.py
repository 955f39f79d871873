"""A worker: takes ledgers from the queue and syncs them, beside any number of other workers."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from procrastinate.exceptions import ConnectorException
from procrastinate.worker import Worker
from psycopg import Error as DriverError
from psycopg_pool import PoolTimeout
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from arsync import __version__
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import organisation_by_id
from arsync.application.overview.daily_mail import mail_of_the_day
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.results import RunResult
from arsync.application.runs.pulling import RunWatch
from arsync.application.runs.scheduling import sync_if_due
from arsync.errors import ArsyncError
from arsync.telemetry import span
from arsync.workers.connection_budget import ensure_room, pool_of, refuse_shared_sessions
from arsync.workers.embedded_loop import (
    STORE_PAUSE_SECONDS,
    STORE_PAUSE_SECONDS_MAX,
    WAKE_SECONDS,
)
from arsync.workers.queue_app import queue_app, queue_worker
from arsync.workers.queue_schema import QueueTables, open_queue, queue_tables
from arsync.workers.queue_turns import USUAL_TIMES, Times, Turn, end_lost, take_turn

SyncOne = Callable[[Actor, Container, int, RunWatch], RunResult | None]
"""Serves one connection, by its number; None: there was nothing to do."""

BESIDE_JOBS_THREADS = 2
"""For the turn and the daily mail, so that they never wait behind runs."""

_AWAY = (ArsyncError, ConnectorException, PoolTimeout, DriverError, SQLAlchemyError)
"""What ends one life of a worker, and not the worker: the database is away, or forgot it."""

_LOG = logging.getLogger(__name__)


def sync_connection(
    actor: Actor, container: Container, connection_id: int, watch: RunWatch
) -> RunResult | None:
    """Sync a connection if it is still due.

    Returns:
        None: another run serves it, or has served it, or the worker was asked to stop before.
    """
    result = sync_if_due(actor, organisation_by_id(container, connection_id), watch)
    if result is None or result.elsewhere:
        return None
    return None if result.cut_short and result.run_id is None else result


def prepare_worker(actor: Actor, container: Container, threads: int) -> tuple[QueueTables, int]:
    """Open the store and the queue for a worker.

    Args:
        actor: who starts it.
        container: the installation, whose store is not open yet.
        threads: how many ledgers it syncs at the same time.

    Returns:
        The queue's tables, and how many database connections the worker takes at most.

    Raises:
        UserMistake: the store is in SQLite, the server cannot hold so many connections, or a pooler
            stands before it that shares sessions.
    """
    permit(actor, Permission.RUN)
    container.database_connections = pool_of(threads)
    store = container.store
    queue_tables(store, container.config.workers.schema)  # refuses SQLite
    needed = ensure_room(store.engine, threads)
    refuse_shared_sessions(store.engine)
    return open_queue(store, container.config.workers.schema), needed


def run_worker(
    actor: Actor,
    container: Container,
    tables: QueueTables,
    *,
    threads: int,
    stop: threading.Event,
    report: Callable[[RunResult], None] = lambda _: None,
    times: Times = USUAL_TIMES,
    sync_one: SyncOne = sync_connection,
) -> None:
    """Serve the queue until `stop` is set; the runs in hand end at their next safe step.

    A database that is away is waited for.

    Args:
        actor: the schedule.
        container: the installation.
        tables: see `prepare_worker`.
        threads: how many ledgers at the same time.
        stop: see `embedded_loop.stop_on_signals`.
        report: is told of each result, one at a time.
        times: how often what happens.
        sync_one: serves one connection.
    """
    permit(actor, Permission.RUN)
    service = _Service(actor, container, tables, threads, stop, report, times, sync_one)
    asyncio.run(service.lives())


class _Service:
    """What a worker of procrastinate does for arsync, in as many lives as it takes."""

    def __init__(
        self,
        actor: Actor,
        container: Container,
        tables: QueueTables,
        threads: int,
        stop: threading.Event,
        report: Callable[[RunResult], None],
        times: Times,
        sync_one: SyncOne,
    ) -> None:
        self._actor = actor
        self._container = container
        self._tables = tables
        self._threads = threads
        self._stop = stop
        self._report = report
        self._times = times
        self._sync_one = sync_one
        self._one_at_a_time = threading.Lock()
        self._running: set[int] = set()
        self._mail_is_due = threading.Event()
        self._mailing: asyncio.Future[Any] | None = None
        self._away = ""

    async def lives(self) -> None:
        """Go on until the stop: after an outage of the database as another worker."""
        loop = asyncio.get_running_loop()
        # Left to itself Python makes six threads on two cores, whatever the worker's number.
        with ThreadPoolExecutor(self._threads + BESIDE_JOBS_THREADS, "run") as pool:
            loop.set_default_executor(pool)
            loop.set_exception_handler(_tell_of_lost_ends)
            pause = STORE_PAUSE_SECONDS
            while not self._stop.is_set():
                began = loop.time()
                try:
                    await self._life()
                except _AWAY as error:
                    self._tell_away(error)
                if not self._stop.is_set():
                    lived_long = loop.time() - began > STORE_PAUSE_SECONDS_MAX
                    pause = STORE_PAUSE_SECONDS if lived_long else pause
                    await asyncio.to_thread(self._stop.wait, pause)
                    pause = min(2 * pause, STORE_PAUSE_SECONDS_MAX)

    async def _life(self) -> None:
        """Work until the stop, or until procrastinate's worker ends by itself."""
        app = queue_app(self._container.store.database, self._tables.schema, self._serve)
        async with app.open_async():
            worker = queue_worker(app, self._threads, self._times)
            beside = [
                asyncio.create_task(self._stop_in_time(worker)),
                asyncio.create_task(self._take_turns(worker)),
            ]
            try:
                await worker.run()  # type: ignore[no-untyped-call]
            finally:
                for task in beside:
                    task.cancel()
                await asyncio.gather(*beside, return_exceptions=True)
                if self._mailing is not None:
                    await asyncio.wait([self._mailing])

    async def _stop_in_time(self, worker: Worker) -> None:
        # The event is of threads, because signals and runs look at it.
        while not self._stop.is_set():  # noqa: ASYNC110
            await asyncio.sleep(WAKE_SECONDS)
        worker.stop()  # type: ignore[no-untyped-call]

    # -- jobs ---------------------------------------------------------------------------------

    def _serve(self, job_id: int, connection_id: int) -> None:
        """Run a job, in a thread; what goes wrong is told, and its ledger comes again when due."""
        self._running.add(job_id)
        try:
            watch = RunWatch(stop=self._stop.is_set)
            with span("job"):
                result = self._sync_one(self._actor, self._container, connection_id, watch)
        except ArsyncError as error:
            # The store is away, or the connection was removed since it was queued.
            _LOG.warning("a job ended: %s", error)
            return
        except Exception:  # noqa: BLE001 - a bug met in one ledger must not stop the others
            _LOG.exception("a job failed")
            return
        finally:
            self._running.discard(job_id)
        if result is not None:
            with self._one_at_a_time:
                self._report(result)
            self._mail_is_due.set()

    # -- turns --------------------------------------------------------------------------------

    async def _take_turns(self, worker: Worker) -> None:
        """Ask for turns, and look after what a session that was lost has left behind."""
        loop = asyncio.get_running_loop()
        doubted: set[int] = set()
        registered: int | None = None
        rescued_at = loop.time()
        while True:
            try:
                if worker.worker_id is not None and worker.worker_id != registered:
                    registered = worker.worker_id
                    await asyncio.to_thread(self._register, registered)
                await asyncio.to_thread(self._turn)
                if registered is not None and loop.time() - rescued_at >= self._times.rescue:
                    rescued_at = loop.time()
                    doubted = await asyncio.to_thread(
                        end_lost, self._tables, registered, set(self._running), doubted
                    )
                self._tell_back()
            except _AWAY as error:
                self._tell_away(error)
            self._mail_owners()
            await asyncio.sleep(self._times.wishes)

    def _register(self, worker_id: int) -> None:
        """Note where this worker is: procrastinate knows workers by number alone."""
        query = """
            INSERT INTO arsync_workers (worker_id, host, pid, threads, version)
            VALUES (:worker_id, :host, :pid, :threads, :version)
        """
        values = {"host": socket.gethostname(), "pid": os.getpid(), "threads": self._threads}
        with self._tables.write() as db:
            db.execute(text(query), values | {"worker_id": worker_id, "version": __version__})

    def _turn(self) -> None:
        store = self._container.store
        store.schedules.keep(self._container.config.every_seconds)
        turn = take_turn(self._tables, store.schedules, self._times)
        if turn is not None and turn != Turn():
            _LOG.info("queued %s, put forward %s, rescued %s, replaced %s", *turn)

    def _mail_owners(self) -> None:
        """Let the day's mail be made beside the runs, if it is due: it may plan every ledger."""
        busy = self._mailing is not None and not self._mailing.done()
        if busy or not self._mail_is_due.is_set():
            return
        self._mail_is_due.clear()
        self._mailing = asyncio.ensure_future(asyncio.to_thread(self._mail))

    def _mail(self) -> None:
        query = text("SELECT NOT EXISTS (SELECT FROM procrastinate_jobs WHERE status = 'doing')")
        try:
            with self._tables.write() as db:
                settled = bool(db.scalar(query))
            mail_of_the_day(self._container, settled=settled, stop=self._stop.is_set)
        except _AWAY as error:
            self._tell_away(error)

    # -- outages ------------------------------------------------------------------------------

    def _tell_away(self, error: BaseException) -> None:
        # Said once, not at each try.
        if not self._away:
            _LOG.error("%s Trying again until it is back.", _sentence(error))
        self._away = str(error) or type(error).__name__

    def _tell_back(self) -> None:
        if self._away:
            _LOG.warning("the store can be used again.")
        self._away = ""


def _sentence(error: BaseException) -> str:
    if isinstance(error, ArsyncError):
        return str(error)
    cause = error.__cause__ or error
    return f"the queue: the database is away or busy ({type(cause).__name__})."


def _tell_of_lost_ends(_: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """Log what no caller waits for: mostly a job whose end the database did not take.

    A worker that was silent for too long finds its jobs taken by another; its own run is done.
    """
    error = context.get("exception")
    if isinstance(error, _AWAY):
        _LOG.warning("the end of a job could not be noted: it was rescued, or will be.")
    else:
        _LOG.error("%s", context.get("message"), exc_info=error)
