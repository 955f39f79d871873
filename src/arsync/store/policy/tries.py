"""Rulebooks that are played on a ledger: asked for, played by one process, and kept for a while."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    case,
    delete,
    func,
    insert,
    select,
    update,
)

from arsync.clock import Clock
from arsync.core.rulebook.rules_text import RulesText
from arsync.errors import UserMistake
from arsync.store.admin.rulebook_versions import packed, unpacked
from arsync.store.db.database import Database
from arsync.store.db.policy_tables import tries

DEAD_AFTER = timedelta(seconds=120)
"""A process that has not said so long that it is alive was killed."""

OPEN_MAX = 4
"""So many tries of one connection may wait or run."""

KEPT_MAX = 12
"""So many ended tries of one kind are kept of a connection."""

RESULT_BYTES_MAX = 50_000_000


class TryKind(StrEnum):
    """What is tried."""

    BACKTEST = "backtest"
    SIMULATION = "simulation"
    EFFECT = "effect"
    """What a draft changes today, for whom."""


class TryState(StrEnum):
    """How far a try is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


OPEN_STATES = (TryState.WAITING, TryState.RUNNING)


class TryRow(NamedTuple):
    """One try, without its texts and its result."""

    id: int
    connection_id: int
    kind: TryKind
    settings: str
    """JSON."""
    title: str
    rules_hash: str
    """The `whole_hash` of the draft; empty: the live rulebook."""
    state: TryState
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None
    customers_done: int
    customers: int
    problem: str

    @property
    def is_open(self) -> bool:
        """Return whether it waits or runs."""
        return self.state in OPEN_STATES


class Tries:
    """The table `tries`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def add(
        self,
        connection_id: int,
        kind: TryKind,
        *,
        settings: str,
        title: str,
        rules: RulesText | None,
        who: str,
        worker: str,
        draft_hash: str = "",
    ) -> int:
        """Ask for one; return its number. The oldest that have ended go.

        Args:
            connection_id: on the ledger of this connection.
            kind: what is tried.
            settings: how, as JSON.
            title: what it is called on pages.
            rules: the draft that is tried; None: the live rulebook is.
            who: who asks.
            worker: the process that is to play it.
            draft_hash: the `whole_hash` of the draft that stands; what was tried of it is kept with
                it, however much else is tried.

        Raises:
            UserMistake: too many of this connection wait already.
        """
        columns, now = tries.c, self._clock.now()
        with self._database.write() as db:
            _bury(db, now)
            mine = columns.connection_id == connection_id
            open_count = db.scalar(
                select(func.count()).select_from(tries).where(mine, columns.state.in_(OPEN_STATES))
            )
            if (open_count or 0) >= OPEN_MAX:
                raise UserMistake(f"{OPEN_MAX} tries wait already: wait for one, or cancel it.")
            draft_first = [case((columns.rules_hash == draft_hash, 0), else_=1)]
            if not draft_hash:
                draft_first = []
            ended = (
                select(columns.id)
                .where(mine, columns.kind == kind.value, columns.state.not_in(OPEN_STATES))
                .order_by(*draft_first, columns.id.desc())
                .offset(KEPT_MAX - 1)
            )
            db.execute(delete(tries).where(columns.id.in_(list(db.scalars(ended)))))
            done = db.execute(
                insert(tries).values(
                    connection_id=connection_id,
                    kind=kind.value,
                    settings=settings,
                    title=title,
                    rules=packed(rules) if rules is not None else None,
                    rules_hash=rules.whole_hash if rules is not None else "",
                    state=TryState.WAITING.value,
                    asked_by=who,
                    asked_at=now,
                    worker=worker,
                    beat_at=now,
                )
            )
            assert done.inserted_primary_key is not None
            return int(done.inserted_primary_key[0])

    def list(self, connection_id: int, kinds: Collection[TryKind]) -> list[TryRow]:
        """Return a connection's tries, the latest first."""
        columns = tries.c
        query = _rows(
            columns.connection_id == connection_id, columns.kind.in_([kind.value for kind in kinds])
        ).order_by(columns.id.desc())
        with self._database.read() as db:
            return [self._row(row) for row in db.execute(query)]

    def get(self, connection_id: int, number: int) -> TryRow | None:
        """Return one; None: there is none of that number."""
        query = _rows(tries.c.connection_id == connection_id, tries.c.id == number)
        with self._database.read() as db:
            row = db.execute(query).one_or_none()
        return self._row(row) if row is not None else None

    def rules(self, number: int) -> RulesText | None:
        """Return the draft that is tried; None: the live rulebook is."""
        with self._database.read() as db:
            content = db.scalar(select(tries.c.rules).where(tries.c.id == number))
        return unpacked(content) if content is not None else None

    def result(self, number: int) -> bytes | None:
        """Return what it showed, as JSON; None: nothing, or it is damaged."""
        with self._database.read() as db:
            content = db.scalar(select(tries.c.result).where(tries.c.id == number))
        if content is None:
            return None
        try:
            unpacker = zlib.decompressobj()
            encoded = unpacker.decompress(content, RESULT_BYTES_MAX)
        except zlib.error:
            return None
        return encoded if unpacker.eof else None

    def begin(self, number: int) -> bool:
        """Take one on; return whether it still waits."""
        return self._move(number, TryState.WAITING, {"state": TryState.RUNNING.value})

    def beat(self, worker: str, number: int, customers_done: int, customers: int) -> bool:
        """Say that the process is alive, and how far it is; return whether to go on."""
        columns, now = tries.c, self._clock.now()
        with self._database.write() as db:
            # What waits for this process waits for a living one.
            mine = (columns.worker == worker, columns.state.in_(OPEN_STATES))
            db.execute(update(tries).where(*mine).values(beat_at=now))
            changed = db.execute(
                update(tries)
                .where(columns.id == number, columns.state == TryState.RUNNING.value)
                .values(customers_done=customers_done, customers=customers)
            )
            return bool(changed.rowcount)

    def end(
        self, number: int, state: TryState, *, problem: str = "", result: bytes | None = None
    ) -> None:
        """Write down how a running one ended; one that was cancelled stays so."""
        content = zlib.compress(result, level=6) if result is not None else None
        values = {
            "state": state.value,
            "problem": problem,
            "result": content,
            "ended_at": self._clock.now(),
            "rules": None,
        }
        self._move(number, TryState.RUNNING, values)

    def cancel(self, connection_id: int, number: int) -> bool:
        """Cancel one; return whether it was still open."""
        columns = tries.c
        with self._database.write() as db:
            changed = db.execute(
                update(tries)
                .where(
                    columns.connection_id == connection_id,
                    columns.id == number,
                    columns.state.in_(OPEN_STATES),
                )
                .values(state=TryState.CANCELLED.value, ended_at=self._clock.now())
            )
            return bool(changed.rowcount)

    def interrupt(self, worker: str) -> None:
        """Write down that a process ends: what it has not played is not played any more."""
        columns = tries.c
        with self._database.write() as db:
            db.execute(
                update(tries)
                .where(columns.worker == worker, columns.state.in_(OPEN_STATES))
                .values(state=TryState.INTERRUPTED.value, ended_at=self._clock.now())
            )

    def _move(self, number: int, before: TryState, values: Mapping[str, Any]) -> bool:
        columns = tries.c
        with self._database.write() as db:
            this = (columns.id == number, columns.state == before.value)
            return bool(db.execute(update(tries).where(*this).values(**values)).rowcount)

    def _row(self, row: Row[Any]) -> TryRow:
        tried, beat_at = TryRow(*tuple(row)[:-1]), row.beat_at
        kind, state = TryKind(tried.kind), TryState(tried.state)
        if state in OPEN_STATES and beat_at < self._clock.now() - DEAD_AFTER:
            # Its process was killed, and had no time to write it down.
            state = TryState.INTERRUPTED
        return tried._replace(kind=kind, state=state)


def _bury(db: Connection, now: datetime) -> None:
    """Write down of tries whose process was killed that they were interrupted."""
    columns = tries.c
    dead = (columns.state.in_(OPEN_STATES), columns.beat_at < now - DEAD_AFTER)
    values = {"state": TryState.INTERRUPTED.value, "ended_at": now, "rules": None}
    db.execute(update(tries).where(*dead).values(**values))


def _rows(*where: ColumnElement[bool]) -> Select[Any]:
    columns = tries.c
    return select(*(columns[name] for name in TryRow._fields), columns.beat_at).where(*where)
