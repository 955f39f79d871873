"""What people noted about customers: calls, visits, complaints. A rebuild of the copy keeps it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from arsync.clock import Clock
from arsync.core.actions import Action, ActionState
from arsync.core.ledger.records import LogKind
from arsync.errors import UserMistake
from arsync.store.actions.action_rows import RECORDED, StateChange, add_asked, locked_row, move
from arsync.store.db.bulk import one_of
from arsync.store.db.database import Database, inserted_id
from arsync.store.db.tables import actions, contact_log
from arsync.store.models import LogRow

_COLUMNS = contact_log.c
_ROW = [_COLUMNS[name] for name in LogRow._fields]

Noting = Callable[[LogRow], Action]
"""Makes the action that notes an entry in the accounting system."""


class ContactLog:
    """The log of each customer."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def add(
        self,
        connection_id: int,
        contact_id: str,
        *,
        kind: LogKind,
        happened_on: date,
        text: str,
        who: str,
        invoice_id: str = "",
        noted_by: Noting | None = None,
    ) -> LogRow:
        """Keep an entry, and the action that `noted_by` makes of it, in one transaction."""
        with self._database.write() as db:
            inserted = db.execute(
                insert(contact_log).values(
                    connection_id=connection_id,
                    contact_id=contact_id,
                    invoice_id=invoice_id,
                    kind=kind.value,
                    happened_on=happened_on,
                    text=text,
                    recorded_by=who,
                    recorded_at=self._clock.now(),
                )
            )
            row = _entry(db, connection_id, inserted_id(inserted))
            self._note(db, connection_id, row, noted_by, who)
            return row

    def entry(self, connection_id: int, number: int) -> LogRow:
        """Return one entry by its number.

        Raises:
            UserMistake: the connection has none of this number.
        """
        with self._database.read() as db:
            return _entry(db, connection_id, number)

    def take_back(
        self,
        connection_id: int,
        number: int,
        *,
        who: str,
        why: str,
        note_key: str,
        noted_by: Noting | None = None,
    ) -> LogRow:
        """Take an entry back; the note about it too, where that has not left.

        Args:
            connection_id: of which connection.
            number: the entry's.
            who: the person who takes it back.
            why: the reason, kept with the entry.
            note_key: the key of the note about it, if there is one.
            noted_by: makes the note that it was taken back, needed where the first note has left.

        Raises:
            UserMistake: there is no such entry, or it was taken back already.
        """
        now = self._clock.now()
        with self._database.write() as db:
            row = _entry(db, connection_id, number)
            if row.taken_back_at is not None:
                raise UserMistake(f"entry {number} of the log was taken back already.")
            db.execute(
                update(contact_log)
                .where(_COLUMNS.id == number)
                .values(taken_back_by=who, taken_back_why=why, taken_back_at=now)
            )
            withdrawn = _entry(db, connection_id, number)
            if not _withdraw_unsent(db, note_key, who, f"taken back: {why}", now):
                self._note(db, connection_id, withdrawn, noted_by, who)
            return withdrawn

    def of(self, connection_id: int, contact_ids: Sequence[str]) -> list[LogRow]:
        """Return every entry about some contacts, oldest first."""
        with self._database.read() as db:
            query = select(*_ROW).where(
                _COLUMNS.connection_id == connection_id,
                one_of(db, _COLUMNS.contact_id, contact_ids),
            )
            ordered = query.order_by(_COLUMNS.happened_on, _COLUMNS.id)
            return [_row(row) for row in db.execute(ordered)]

    def recorded(self, connection_id: int) -> list[LogRow]:
        """Return every entry of a connection, oldest first."""
        query = select(*_ROW).where(_COLUMNS.connection_id == connection_id)
        with self._database.read() as db:
            return [_row(row) for row in db.execute(query.order_by(_COLUMNS.id))]

    def terms_signed_on(self, connection_id: int, contact_ids: Sequence[str]) -> date | None:
        """Return the last day on which any of some contacts signed the terms; None: never."""
        with self._database.read() as db:
            day: date | None = db.scalar(
                select(func.max(_COLUMNS.happened_on)).where(
                    _COLUMNS.connection_id == connection_id,
                    one_of(db, _COLUMNS.contact_id, contact_ids),
                    _COLUMNS.kind == LogKind.TERMS_SIGNED.value,
                    _COLUMNS.taken_back_at.is_(None),
                )
            )
            return day

    def _note(
        self, db: Connection, connection_id: int, row: LogRow, noted_by: Noting | None, who: str
    ) -> None:
        if noted_by is not None:
            now = self._clock.now()
            add_asked(db, connection_id, noted_by(row), who=who, why=RECORDED, now=now)


def _row(row: Any) -> LogRow:
    return LogRow(*row)._replace(kind=LogKind(row.kind))


def _entry(db: Connection, connection_id: int, number: int) -> LogRow:
    query = select(*_ROW).where(_COLUMNS.connection_id == connection_id, _COLUMNS.id == number)
    row = db.execute(query).one_or_none()
    if row is None:
        raise UserMistake(f"the log has no entry {number} here. `arsync why CUSTOMER --timeline`")
    return _row(row)


def _withdraw_unsent(db: Connection, key: str, who: str, why: str, now: datetime) -> bool:
    """Withdraw a note that has not left; returns whether nothing of it is, or will be, there."""
    if db.scalar(select(actions.c.key).where(actions.c.key == key)) is None:
        return True
    state = ActionState(locked_row(db, key).state)
    if state is not ActionState.APPROVED:
        return state in {ActionState.WITHDRAWN, ActionState.REJECTED}
    move(db, key, StateChange(state, ActionState.WITHDRAWN, who, why, now))
    return True
