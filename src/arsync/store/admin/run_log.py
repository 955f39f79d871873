"""Runs: what was done when, and the lock that keeps a connection's runs from overlapping.

Each connection has a lock of its own, so that a slow platform delays no other connection.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import bindparam, delete, exists, insert, select, update

from arsync.clock import Clock
from arsync.errors import LockLost, UserMistake
from arsync.store.db.column_types import Moment
from arsync.store.db.database import Database, inserted_id
from arsync.store.db.locks import Locks, StillHeld
from arsync.store.db.tables import connections, runs
from arsync.store.models import RunRow

REMOVED_AT_ONCE_MAX = 1_000


class Runs:
    """The table of runs, and the run lock."""

    def __init__(self, database: Database, clock: Clock, locks: Locks) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock
        self._locks = locks
        self._held: dict[int, StillHeld] = {}

    def start(self, connection_id: int, kind: str) -> int:
        """Record that a run begins, and return its id."""
        begun = {
            "connection_id": connection_id,
            "kind": kind,
            "started_at": self._clock.now(),
            "outcome": "running",
            "counts": "{}",
            "host": socket.gethostname(),
            "pid": os.getpid(),
        }
        with self._database.write(alone=True) as db:
            return inserted_id(db.execute(insert(runs), begun))

    def finish(
        self,
        run_id: int,
        *,
        outcome: str,
        counts: Mapping[str, int] | None = None,
        message: str = "",
        quiet: bool = False,
    ) -> None:
        """Record how it ended.

        Args:
            run_id: what `start` returned.
            outcome: `done`, `part failed`, `failed` or `stopped`.
            counts: its numbers.
            message: what went wrong and what waits for a person.
            quiet: it met nothing new and did nothing; see `remove_quiet`.
        """
        ended = {
            "finished_at": self._clock.now(),
            "outcome": outcome,
            "counts": json.dumps(dict(counts or {})),
            "message": message,
            "quiet": quiet,
        }
        with self._database.write(alone=True) as db:
            db.execute(_FINISH, {"run_id": run_id} | ended)

    def remove_quiet(self, before: datetime) -> int:
        """Remove rows of quiet runs that ended before a moment, the oldest first.

        The last run of each connection stays: it says when that was last synced.

        Returns:
            How many; at most `REMOVED_AT_ONCE_MAX`.
        """
        with self._database.read(alone=True) as db:
            if db.scalar(_OLD_AND_QUIET.limit(1), {"before": before}) is None:
                return 0
        # Rows that another process is removing are left to it.
        batch = _OLD_AND_QUIET.limit(REMOVED_AT_ONCE_MAX).with_for_update(skip_locked=True)
        with self._database.write(alone=True) as db:
            removed = db.execute(delete(runs).where(runs.c.id.in_(batch)), {"before": before})
            return removed.rowcount

    def get(self, run_id: int) -> RunRow:
        """Return one run.

        Raises:
            UserMistake: no run has that number.
        """
        with self._database.read() as db:
            row = db.execute(_ROWS.where(runs.c.id == run_id)).one_or_none()
        if row is None:
            raise UserMistake(
                f"there is no run {run_id}.\n    hint: `arsync status` names the last"
            )
        return _run(row)

    def last(self, connection_id: int, *, besides: str = "") -> RunRow | None:
        """Return the latest run, of any kind besides one."""
        query = _ROWS.where(runs.c.connection_id == connection_id, runs.c.kind != besides)
        with self._database.read() as db:
            row = db.execute(query.order_by(runs.c.id.desc()).limit(1)).one_or_none()
        return None if row is None else _run(row)

    def latest(self, connection_id: int, *, rows_max: int = 100) -> list[RunRow]:
        """Return runs, latest first."""
        query = _ROWS.where(runs.c.connection_id == connection_id)
        with self._database.read() as db:
            rows = db.execute(query.order_by(runs.c.id.desc()).limit(rows_max))
            return [_run(row) for row in rows]

    @contextmanager
    def lock(self, connection_id: int, *, wait_seconds: float = 0.0) -> Iterator[None]:
        """Hold the connection's run lock inside `with`.

        The lock belongs to the process: when it dies, kill -9 included, the lock is free at once.

        Raises:
            RetryLater: another run holds it, and did not release it within `wait_seconds`.
        """
        name = f"run-{connection_id}"
        # Nearly always the lock is free, so the message is made only where it is not.
        busy = partial(self._busy, connection_id)
        with self._locks.held(name, wait_seconds=wait_seconds, busy=busy) as still_held:
            self._held[connection_id] = still_held
            try:
                yield
            finally:
                self._held.pop(connection_id, None)

    def ensure_lock_held(self, connection_id: int) -> None:
        """Make sure that this process's run still has its lock, right before it writes.

        Raises:
            LockLost: the session or the file that held it is gone: another run may have begun.
            StoreGone: so is the store.
        """
        still_held = self._held.get(connection_id)
        if still_held is not None and not still_held():
            raise LockLost(
                "the lock that keeps other runs away is gone (the database closed its session, or "
                "its lock file was removed): this run ends."
            )

    def _busy(self, connection_id: int) -> str:
        with self._database.read() as db:
            name = db.scalar(select(connections.c.name).where(connections.c.id == connection_id))
        return f"another run of {name} is going on{self._holder(connection_id)}."

    def _holder(self, connection_id: int) -> str:
        # For the message only. The lock decides: the row of a run that died says `running`, too.
        last = self.last(connection_id)
        if last is None or last.outcome != "running":
            return ""
        return f" since {last.started_at:%Y-%m-%d %H:%M} UTC (process {last.pid} on {last.host})"


_ROWS = select(*(runs.c[name] for name in RunRow._fields))
_FINISH = update(runs).where(runs.c.id == bindparam("run_id"))

_later = runs.alias("later")
_OLD_AND_QUIET = (
    select(runs.c.id)
    .where(
        runs.c.quiet,
        runs.c.finished_at < bindparam("before", type_=Moment),
        exists().where(
            _later.c.connection_id == runs.c.connection_id,
            _later.c.id > runs.c.id,
            _later.c.kind != "plan",
            _later.c.finished_at.is_not(None),
        ),
    )
    .order_by(runs.c.finished_at)
)


def _run(row: Any) -> RunRow:
    return RunRow(**row._asdict() | {"counts": json.loads(row.counts)})
