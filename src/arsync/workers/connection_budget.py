"""How many connections of the database a worker may take, and whether the server has them."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy import Engine, text

from arsync.errors import UserMistake
from arsync.store import Pool

A_RUN_MAX = 4
"""A run holds its lock and, at times, that of a token; it reads and writes."""

KEPT_PER_RUN = 2
"""Of these so many stay open."""

QUEUE_POOL_MAX = 2
LISTENING = 1
BESIDE_RUNS = 2
"""For the turn and for the daily mail."""

BESIDE_RUNS_MAX = QUEUE_POOL_MAX + LISTENING + BESIDE_RUNS

_LOG = logging.getLogger(__name__)


def connections_max(threads: int) -> int:
    """Return how many connections a worker of so many threads takes at most."""
    return A_RUN_MAX * threads + BESIDE_RUNS_MAX


def pool_of(threads: int) -> Pool:
    """Return what the store's engine may hold; the queue's own connections come on top."""
    kept = KEPT_PER_RUN * threads + BESIDE_RUNS
    return Pool(kept=kept, more=A_RUN_MAX * threads + BESIDE_RUNS - kept)


def ensure_room(engine: Engine, threads: int) -> int:
    """Make sure that the server can hold a worker's connections, and return how many it takes.

    Raises:
        UserMistake: it cannot, even if nobody else used it.
    """
    query = """
        SELECT least(current_setting('max_connections')::int
                     - current_setting('superuser_reserved_connections')::int,
                     nullif(rolconnlimit, -1), nullif(datconnlimit, -1)) AS most,
               (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS used
          FROM pg_roles, pg_database
         WHERE rolname = current_user AND datname = current_database()
    """
    with engine.connect() as db:
        most, used = db.execute(text(query)).one()
    needed = connections_max(threads)
    if needed > most:
        fitting = max(0, (most - BESIDE_RUNS_MAX) // A_RUN_MAX)
        raise UserMistake(
            f"{threads} threads take up to {needed} database connections, and the server gives "
            f"{most}. Use at most {fitting} threads ([workers] threads, --threads), or raise the "
            "server's max_connections."
        )
    if needed > most - used:
        _LOG.warning(
            "the server gives %s database connections, %s of them are in use, and this worker "
            "takes up to %s: when all are busy, runs will wait or fail. Use fewer threads, or "
            "raise the server's max_connections.",
            most,
            used,
            needed,
        )
    return needed


def refuse_shared_sessions(engine: Engine) -> None:
    """Make sure that a connection keeps its session from one transaction to the next.

    Behind PgBouncer with `pool_mode = transaction` it does not: the run lock, which belongs to a
    session, would keep nobody away, and no worker would hear of new jobs.

    Raises:
        UserMistake: it does not.
    """
    with engine.connect() as first, engine.connect() as second:

        def number() -> int:
            pid: int = first.scalar(text("SELECT pg_backend_pid()"))
            first.commit()
            return pid

        def occupied() -> int:
            pid: int = second.scalar(text("SELECT pg_backend_pid()"))
            return pid

        keeps = keeps_session(number, occupied)
    if not keeps:
        raise UserMistake(
            "the store is reached through a pooler that shares sessions (PgBouncer with pool_mode "
            "= transaction or statement). Workers need sessions of their own for their locks: name "
            "the server itself in [store] url, or set pool_mode = session."
        )


def keeps_session(number: Callable[[], int], occupied: Callable[[], int]) -> bool:
    """Return whether a connection has the same session before and after another one was busy.

    Args:
        number: returns the session of a transaction of its own.
        occupied: begins a transaction on another connection and leaves it open: a pooler gives it
            the session that has just become free.
    """
    before = number()
    occupied()
    return number() == before
