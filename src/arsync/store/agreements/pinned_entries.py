"""Entries of customers' timelines that persons keep on top."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, func, insert, select

from arsync.clock import Clock
from arsync.errors import UserMistake
from arsync.store.db.database import Database
from arsync.store.db.tables import pinned_entries

PINS_MAX = 10
"""So many entries of one customer are kept on top: more would be a second timeline."""

_COLUMNS = pinned_entries.c


class Pin(NamedTuple):
    """Who keeps an entry on top, and since when."""

    who: str
    at: datetime


class PinnedEntries:
    """The table `pinned_entries`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def of(self, connection_id: int, contact_id: str) -> dict[str, Pin]:
        """Return what is pinned of a customer, by the entries' marks."""
        query = select(_COLUMNS.mark, _COLUMNS.pinned_by, _COLUMNS.pinned_at).where(
            _COLUMNS.connection_id == connection_id, _COLUMNS.contact_id == contact_id
        )
        with self._database.read() as db:
            return {row[0]: Pin(*row[1:]) for row in db.execute(query)}

    def pin(self, connection_id: int, contact_id: str, mark: str, *, who: str) -> bool:
        """Keep an entry on top; False: it is there already.

        Raises:
            UserMistake: `PINS_MAX` are there.
        """
        mine = (_COLUMNS.connection_id == connection_id, _COLUMNS.contact_id == contact_id)
        with self._database.write() as db:
            if db.scalar(select(func.count()).where(*mine, _COLUMNS.mark == mark)):
                return False
            if (db.scalar(select(func.count()).where(*mine)) or 0) >= PINS_MAX:
                raise UserMistake(
                    f"{PINS_MAX} entries are pinned: take one of them down before the next."
                )
            values = {"connection_id": connection_id, "contact_id": contact_id, "mark": mark}
            now = self._clock.now()
            db.execute(insert(pinned_entries).values(**values, pinned_by=who, pinned_at=now))
            return True

    def take_down(self, connection_id: int, contact_id: str, mark: str) -> bool:
        """Take an entry from the top; False: it is not there."""
        mine = (_COLUMNS.connection_id == connection_id, _COLUMNS.contact_id == contact_id)
        with self._database.write() as db:
            gone = db.execute(delete(pinned_entries).where(*mine, _COLUMNS.mark == mark))
            return bool(gone.rowcount)
