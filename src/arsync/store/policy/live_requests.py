"""Rulebooks that somebody asks a second person to put live: by draft, and by push.

A connection has one of each at most: a push that waits takes nothing from a draft that does.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Table, delete, insert, select

from arsync.clock import Clock
from arsync.store.db.database import Database


class LiveRequest(NamedTuple):
    """Somebody asks for a text to go live."""

    draft_hash: str
    """Of the draft that they looked at; of a push, of the text and of the one it replaces."""
    user_id: int
    who: str
    reason: str
    asked_at: datetime


class LiveRequests:
    """One of the tables of requests. A request is about one text: another text needs another."""

    def __init__(self, database: Database, clock: Clock, table: Table) -> None:
        """Work on `live_requests` or `push_requests` of this database."""
        self._database = database
        self._clock = clock
        self._table = table

    def of(self, connection_id: int, draft_hash: str) -> LiveRequest | None:
        """Return the request that stands about a draft; None: there is none."""
        columns = self._table.c
        query = select(*(columns[name] for name in LiveRequest._fields)).where(
            columns.connection_id == connection_id, columns.draft_hash == draft_hash
        )
        with self._database.read() as db:
            row = db.execute(query).one_or_none()
        return None if row is None else LiveRequest(*row)

    def ask(
        self, connection_id: int, draft_hash: str, *, user_id: int, who: str, reason: str
    ) -> LiveRequest:
        """Ask for a draft to go live; return the request that stands, which may be another's."""
        columns = self._table.c
        with self._database.write() as db:
            standing = db.execute(
                select(*(columns[name] for name in LiveRequest._fields))
                .where(columns.connection_id == connection_id)
                .with_for_update()
            ).one_or_none()
            if standing is not None and standing.draft_hash == draft_hash:
                return LiveRequest(*standing)
            db.execute(delete(self._table).where(columns.connection_id == connection_id))
            request = LiveRequest(draft_hash, user_id, who, reason, self._clock.now())
            db.execute(insert(self._table).values(connection_id=connection_id, **request._asdict()))
            return request

    def drop(self, connection_id: int, *, user_id: int | None = None) -> bool:
        """Forget a request; with a person, only theirs. Returns whether there was one."""
        columns = self._table.c
        mine = [columns.connection_id == connection_id]
        if user_id is not None:
            mine.append(columns.user_id == user_id)
        with self._database.write() as db:
            return bool(db.execute(delete(self._table).where(*mine)).rowcount)
