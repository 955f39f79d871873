"""Drafts of rulebooks that somebody asks a second person to put live: one for each connection."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, insert, select

from arsync.clock import Clock
from arsync.store.db.database import Database
from arsync.store.db.policy_tables import live_requests


class LiveRequest(NamedTuple):
    """Somebody asks for a draft to go live."""

    draft_hash: str
    """Of the text that they looked at."""
    user_id: int
    who: str
    reason: str
    asked_at: datetime


class LiveRequests:
    """The table `live_requests`. A request is about one text: another draft needs another."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def of(self, connection_id: int, draft_hash: str) -> LiveRequest | None:
        """Return the request that stands about a draft; None: there is none."""
        columns = live_requests.c
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
        columns = live_requests.c
        with self._database.write() as db:
            standing = db.execute(
                select(*(columns[name] for name in LiveRequest._fields))
                .where(columns.connection_id == connection_id)
                .with_for_update()
            ).one_or_none()
            if standing is not None and standing.draft_hash == draft_hash:
                return LiveRequest(*standing)
            db.execute(delete(live_requests).where(columns.connection_id == connection_id))
            request = LiveRequest(draft_hash, user_id, who, reason, self._clock.now())
            db.execute(
                insert(live_requests).values(connection_id=connection_id, **request._asdict())
            )
            return request

    def drop(self, connection_id: int, *, user_id: int | None = None) -> bool:
        """Forget a request; with a person, only theirs. Returns whether there was one."""
        columns = live_requests.c
        mine = [columns.connection_id == connection_id]
        if user_id is not None:
            mine.append(columns.user_id == user_id)
        with self._database.write() as db:
            return bool(db.execute(delete(live_requests).where(*mine)).rowcount)
