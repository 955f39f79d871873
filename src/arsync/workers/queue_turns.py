"""One worker's turn: put what is due into the queue, and take it from workers that died.

All workers ask for a turn, and whoever gets the one row of `arsync_ticks` has it: one at a time,
and none before its time has come.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import NamedTuple

from procrastinate.jobs import Status
from procrastinate.sql import queries
from sqlalchemy import Connection, Row, text
from sqlalchemy.exc import IntegrityError

from arsync.store import Schedules
from arsync.store.admin.measures import WORKER_SILENT_SECONDS
from arsync.store.models import DueLedger
from arsync.workers.queue_schema import ROUTINE_PRIORITY, WANTED_PRIORITY, QueueTables

QUEUE = "ledgers"
TASK = "sync"

ANALYSED_AFTER_JOBS = 1_000
"""After so many new jobs the server counts its rows anew: with 5,000 jobs in a table that it takes
for empty, a fetch costs half a second instead of a thousandth."""


_CHANNEL = f"procrastinate_queue_v1#{QUEUE}"
_NEWS = json.dumps({"type": "job_inserted", "job_id": 0})
"""What procrastinate's trigger, which `arsync_03_quiet` switches off, tells of each job."""


class Times(NamedTuple):
    """How often what happens, in seconds."""

    wishes: float = 5.0
    """Between two looks for what somebody wants."""
    routine: float = 15.0
    """Between two looks for what is due by its pace."""
    rescue: float = 10.0
    """Between two looks for jobs whose worker died."""
    heartbeat: float = 10.0
    """Between two signs of life of a worker."""
    heartbeat_limit: float = WORKER_SILENT_SECONDS
    """A worker without a sign of life for so long has died."""
    fetch: float = 2.0
    """Between two looks for a job whose ledger has become free: the server tells of new ones."""


USUAL_TIMES = Times()

WORKER_FORGOTTEN_SECONDS = 3_600.0
"""A worker that died is shown for so long."""


class Turn(NamedTuple):
    """What one turn did."""

    queued: int = 0
    hastened: int = 0
    """Routine jobs in the queue that somebody wants now."""
    rescued: int = 0
    """Jobs of dead workers that wait again."""
    replaced: int = 0
    """Jobs of dead workers that ended, because a newer one of their ledger waits."""


def take_turn(tables: QueueTables, schedules: Schedules, times: Times = USUAL_TIMES) -> Turn | None:
    """Do what is to be done now, in one transaction.

    Returns:
        What was done; None: it is another worker's turn, or nothing's time has come.

    Raises:
        RetryLater: the database is away.
    """
    with tables.write() as db:
        ready = _ready(db, times)
        if ready is None:
            return None
        turn = Turn()
        if ready.rescue:
            turn = _rescue(db, times.heartbeat_limit)
        # The queue first: a run that ends between the two looks is not due at the second.
        waiting, at_work = _at_hand(db)
        ledgers = schedules.due()
        if not ready.routine:
            ledgers = [ledger for ledger in ledgers if ledger.wanted_at is not None]
        fresh = [ledger for ledger in ledgers if _is_to_be_queued(ledger, waiting, at_work)]
        turn = turn._replace(hastened=_hasten(db, ledgers), queued=_queue(db, fresh))
        analyse = ready.queued_since_analysis + turn.queued > ANALYSED_AFTER_JOBS
        if analyse:
            db.execute(text("ANALYZE procrastinate_jobs"))
        _note(db, ready, turn, analysed=analyse)
    return turn


def _ready(db: Connection, times: Times) -> Row[tuple[bool, bool, int]] | None:
    """Take the turn, if it is free and its time has come."""
    query = """
        SELECT routine_at <= now() - make_interval(secs => :routine) AS routine,
               rescued_at <= now() - make_interval(secs => :rescue) AS rescue,
               queued_since_analysis
          FROM arsync_ticks
         WHERE wishes_at <= now() - make_interval(secs => :wishes)
           FOR UPDATE SKIP LOCKED
    """
    seconds = {"wishes": times.wishes, "routine": times.routine, "rescue": times.rescue}
    return db.execute(text(query), seconds).one_or_none()


def _note(
    db: Connection, ready: Row[tuple[bool, bool, int]], turn: Turn, *, analysed: bool
) -> None:
    query = """
        UPDATE arsync_ticks
           SET wishes_at = now(),
               routine_at = CASE WHEN :routine THEN now() ELSE routine_at END,
               rescued_at = CASE WHEN :rescue THEN now() ELSE rescued_at END,
               queued_since_analysis = CASE WHEN :analysed THEN 0
                                       ELSE queued_since_analysis + :queued END
    """
    values = {"analysed": analysed, "queued": turn.queued}
    db.execute(text(query), values | {"routine": ready.routine, "rescue": ready.rescue})


# -- what is due --------------------------------------------------------------------------------


def _at_hand(db: Connection) -> tuple[set[int], set[int]]:
    """Return the ledgers that wait in the queue, and those that a worker is at."""
    query = """
        SELECT (args ->> 'connection_id')::integer, status::text FROM procrastinate_jobs
         WHERE status IN ('todo', 'doing')
    """
    rows = db.execute(text(query)).all()
    waiting = {number for number, status in rows if status == "todo"}
    return waiting, {number for number, status in rows if status == "doing"}


def _is_to_be_queued(ledger: DueLedger, waiting: set[int], at_work: set[int]) -> bool:
    """Return whether a ledger that is due needs a job more.

    A run that goes on takes nothing from a wish that came meanwhile: its ledger is queued once
    more. By routine it is not, nor by the wish that the run serves: before it begins that stands
    there still, and afterwards, for the case that it has died, as of its start.
    """
    if ledger.connection_id in waiting:
        return False
    if ledger.connection_id not in at_work:
        return True
    return ledger.started_at is not None and ledger.wanted_at not in {None, ledger.started_at}


def _queue(db: Connection, ledgers: Sequence[DueLedger]) -> int:
    """Queue ledgers, in their order, and tell the workers once; returns how many."""
    if not ledgers:
        return 0
    query = """
        SELECT cardinality(procrastinate_defer_jobs_v1(array_agg(
                   ROW(:queue, :task, CASE WHEN wanted THEN :soon ELSE :routine END,
                       'ledger-' || id, 'sync-' || id,
                       jsonb_build_object('connection_id', id), NULL)
                   ::procrastinate_job_to_defer_v1 ORDER BY place))),
               pg_notify(:channel, :news)
          FROM unnest(CAST(:ids AS integer[]), CAST(:wanted AS boolean[]))
               WITH ORDINALITY AS due(id, wanted, place)
    """
    values = {
        "ids": [ledger.connection_id for ledger in ledgers],
        "wanted": [ledger.wanted_at is not None for ledger in ledgers],
        "queue": QUEUE,
        "task": TASK,
        "soon": WANTED_PRIORITY,
        "routine": ROUTINE_PRIORITY,
        "channel": _CHANNEL,
        "news": _NEWS,
    }
    return db.scalar(text(query), values) or 0


def _hasten(db: Connection, ledgers: Sequence[DueLedger]) -> int:
    """Put jobs that wait by routine before the others, when somebody wants their ledger now."""
    locks = [f"sync-{ledger.connection_id}" for ledger in ledgers if ledger.wanted_at is not None]
    if not locks:
        return 0
    query = """
        UPDATE procrastinate_jobs SET priority = :soon
         WHERE queueing_lock = ANY(:locks) AND status = 'todo' AND priority < :soon
    """
    return db.execute(text(query), {"soon": WANTED_PRIORITY, "locks": locks}).rowcount


# -- what is left behind ------------------------------------------------------------------------


def _rescue(db: Connection, heartbeat_limit: float) -> Turn:
    """Let the jobs of dead workers wait again, and forget workers that died long ago."""
    silent = {"seconds_since_heartbeat": heartbeat_limit, "queue": QUEUE, "task_name": TASK}
    stalled = db.exec_driver_sql(queries["select_stalled_jobs_by_heartbeat"], silent).all()
    rescued = sum(_retry(db, job.id) for job in stalled)
    long_gone = {"seconds_since_heartbeat": heartbeat_limit + WORKER_FORGOTTEN_SECONDS}
    db.exec_driver_sql(queries["prune_stalled_workers"], long_gone)
    return Turn(rescued=rescued, replaced=len(stalled) - rescued)


def _retry(db: Connection, job_id: int) -> bool:
    """Let a job wait again; returns False where it ended, because a newer one of its ledger waits.

    Left as it is, it would keep the newer one from starting for ever.
    """
    again = {"job_id": job_id, "retry_at": None}
    unchanged = {"new_priority": None, "new_queue_name": None, "new_lock": None}
    try:
        with db.begin_nested():
            db.exec_driver_sql(queries["retry_job"], again | unchanged)
    except IntegrityError:
        _end(db, job_id)
        return False
    return True


def end_lost(
    tables: QueueTables, worker_id: int, running: Collection[int], doubted: Collection[int]
) -> set[int]:
    """End jobs that the queue takes for a living worker's, and of which that knows nothing.

    With a database session the answer to a fetch was lost, or the news of a run's end. What is
    still due is queued again.

    Args:
        tables: the queue's.
        worker_id: the worker.
        running: the jobs that it is at.
        doubted: what this returned a while ago.

    Returns:
        Jobs of which it knows nothing, and whose news may be on its way.
    """
    query = text("SELECT id FROM procrastinate_jobs WHERE status = 'doing' AND worker_id = :worker")
    with tables.write() as db:
        unknown = set(db.scalars(query, {"worker": worker_id})).difference(running)
        lost = unknown.intersection(doubted)
        for job_id in sorted(lost):
            _end(db, job_id)
    return unknown - lost


def _end(db: Connection, job_id: int) -> None:
    ended = {"job_id": job_id, "status": Status.FAILED.value, "delete_job": True}
    db.exec_driver_sql(queries["finish_job"], ended)
