"""What is late, what runs and what waits, and which workers live: from the database alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, text

from arsync.application.organisation.container import Container
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.runs.lateness import LATE_SECONDS
from arsync.store.admin.measures import WORKER_SILENT_SECONDS
from arsync.store.models import DueLedger
from arsync.workers.queue_schema import WANTED_PRIORITY, queue_tables


class LateLedger(Struct, frozen=True, kw_only=True):
    """A ledger that should have been synced by now."""

    connection: str
    due_at: datetime
    """Since when."""
    reason: str
    """`routine`, why somebody wants it, or that its last run never ended."""


class RunningLedger(Struct, frozen=True, kw_only=True):
    """A ledger that a worker is at."""

    connection: str
    since: datetime | None
    """None: its run is about to begin."""
    worker: int | None
    """None: the worker is gone, and its job is about to be rescued."""


class WorkerAlive(Struct, frozen=True, kw_only=True):
    """A worker, alive or silent."""

    number: int
    host: str
    """Empty when it has not told yet."""
    process: int | None
    threads: int | None
    version: str
    started_at: datetime | None
    heartbeat_at: datetime
    silent: bool
    """It gave no sign of life for too long: its ledgers go to others."""
    running: int
    """How many ledgers it is at."""


class QueueStatus(Struct, frozen=True, kw_only=True):
    """The queue at one moment."""

    as_of: datetime
    late: tuple[LateLedger, ...]
    running: tuple[RunningLedger, ...]
    waiting: int
    """Ledgers in the queue."""
    awaited: int
    """Of these, those that somebody waits for."""
    workers: tuple[WorkerAlive, ...]
    next_due_at: datetime | None


def queue_status(actor: Actor, container: Container) -> QueueStatus:
    """Return where the workers stand; it changes nothing.

    Raises:
        UserMistake: the store is in SQLite, which has no queue.
    """
    permit(actor, Permission.READ)
    store, now = container.store, container.clock.now()
    tables = queue_tables(store, container.config.workers.schema)
    names = {row.id: row.name for row in store.connections.all()}
    jobs: Sequence[Any] = ()
    workers: tuple[WorkerAlive, ...] = ()
    if tables.exist():
        with tables.write() as db:
            jobs, workers = _jobs(db), _workers(db)
    doing = [job for job in jobs if job.status == "doing"]
    todo = [job for job in jobs if job.status == "todo"]
    at_work = {job.connection_id for job in doing}
    began = store.schedules.began(at_work)
    return QueueStatus(
        as_of=now,
        late=_late(store.schedules.due(), now, names, at_work),
        running=tuple(
            RunningLedger(
                connection=names.get(job.connection_id, str(job.connection_id)),
                since=began.get(job.connection_id),
                worker=job.worker_id,
            )
            for job in sorted(doing, key=lambda job: began.get(job.connection_id, now))
        ),
        waiting=len(todo),
        awaited=sum(job.priority >= WANTED_PRIORITY for job in todo),
        workers=workers,
        next_due_at=store.schedules.next_due_at(),
    )


def _late(
    due: Sequence[DueLedger], now: datetime, names: Mapping[int, str], at_work: set[int]
) -> tuple[LateLedger, ...]:
    """Return what is due for too long, the longest first."""
    late = [
        LateLedger(
            connection=names.get(ledger.connection_id, str(ledger.connection_id)),
            due_at=since,
            reason=_reason(ledger),
        )
        for ledger in due
        if ledger.connection_id not in at_work
        and now - (since := _due_since(ledger)) > timedelta(seconds=LATE_SECONDS)
    ]
    return tuple(sorted(late, key=lambda ledger: (ledger.due_at, ledger.connection)))


def _due_since(ledger: DueLedger) -> datetime:
    return ledger.wanted_at or ledger.started_at or ledger.next_at


def _reason(ledger: DueLedger) -> str:
    if ledger.started_at is not None:
        return "its last run has not ended"
    return ledger.wanted_why if ledger.wanted_at is not None else "routine"


def _jobs(db: Connection) -> Sequence[Any]:
    query = """
        SELECT job.status::text AS status, job.priority, job.worker_id,
               (job.args ->> 'connection_id')::integer AS connection_id
          FROM procrastinate_jobs AS job
         WHERE job.status IN ('doing', 'todo')
         ORDER BY job.id
    """
    return db.execute(text(query)).all()


def _workers(db: Connection) -> tuple[WorkerAlive, ...]:
    query = """
        SELECT worker.id, host, pid, threads, version, started_at, last_heartbeat,
               last_heartbeat < now() - make_interval(secs => :limit) AS silent,
               (SELECT count(*) FROM procrastinate_jobs
                 WHERE worker_id = worker.id AND status = 'doing') AS running
          FROM procrastinate_workers AS worker
          LEFT JOIN arsync_workers ON arsync_workers.worker_id = worker.id
         ORDER BY worker.id
    """
    rows = db.execute(text(query), {"limit": WORKER_SILENT_SECONDS})
    return tuple(
        WorkerAlive(
            number=row.id,
            host=row.host or "",
            process=row.pid,
            threads=row.threads,
            version=row.version or "",
            started_at=row.started_at,
            heartbeat_at=row.last_heartbeat,
            silent=row.silent,
            running=row.running,
        )
        for row in rows
    )
