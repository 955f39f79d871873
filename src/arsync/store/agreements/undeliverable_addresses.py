"""Mail addresses that took no mail: recorded once, until a person clears them.

The letter's history gets a line in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from arsync.core.actions import ActionState
from arsync.core.ledger.mail_addresses import folded_address
from arsync.core.ledger.records import UndeliverableAddress
from arsync.store.actions.action_rows import add_events, events_of, locked_row
from arsync.store.db.bulk import one_of
from arsync.store.db.database import Database
from arsync.store.db.tables import actions, undeliverable_addresses
from arsync.store.models import UndeliverableRow

REASON_CHARACTERS_MAX = 300
"""As much of a mail server's own words is kept."""

_COLUMNS = undeliverable_addresses.c


class UndeliverableAddresses:
    """The addresses of each customer that take no mail."""

    def __init__(self, database: Database) -> None:
        """Work on this database."""
        self._database = database

    def record(
        self,
        connection_id: int,
        undeliverable: UndeliverableAddress,
        *,
        action_key: str,
        now: datetime,
    ) -> bool:
        """Keep that an address took no mail; False when that is known already."""
        with self._database.write() as db:
            return _record(db, connection_id, undeliverable, action_key, now)

    def came_back(
        self,
        connection_id: int,
        key: str,
        undeliverable: UndeliverableAddress,
        *,
        who: str,
        why: str,
        now: datetime,
    ) -> bool:
        """Keep that a letter came back, in its history too; False when it says so already.

        A mailbox that is read again from its beginning tells nothing twice, and what a person has
        cleared since stays clear.
        """
        with self._database.write() as db:
            new = _note(db, connection_id, key, who, why, now)
            if new:
                _record(db, connection_id, undeliverable, key, now)
            return new

    def note(self, connection_id: int, key: str, *, who: str, why: str, now: datetime) -> bool:
        """Write what a mailbox says of a letter into its history; False when it says so already."""
        with self._database.write() as db:
            return _note(db, connection_id, key, who, why, now)

    def clear(self, connection_id: int, number: int, *, who: str, now: datetime) -> None:
        """Let an address be written to again; one that is clear stays as it is."""
        with self._database.write() as db:
            db.execute(
                update(undeliverable_addresses)
                .where(
                    _COLUMNS.connection_id == connection_id,
                    _COLUMNS.id == number,
                    _COLUMNS.cleared_at.is_(None),
                )
                .values(cleared_by=who, cleared_at=now)
            )

    def standing(self, connection_id: int) -> list[UndeliverableAddress]:
        """Return every address of a connection that is not cleared, oldest first."""
        with self._database.read() as db:
            return _read(db, connection_id, None)

    def recorded(self, connection_id: int) -> list[UndeliverableRow]:
        """Return every address of a connection that took no mail, oldest first."""
        query = select(*[_COLUMNS[name] for name in ("id", *UndeliverableRow._fields[1:])])
        mine = query.where(_COLUMNS.connection_id == connection_id)
        with self._database.read() as db:
            return [UndeliverableRow(*row) for row in db.execute(mine.order_by(_COLUMNS.id))]


def read_undeliverable(
    db: Connection, connection_id: int, contact_ids: Sequence[str], before: datetime | None = None
) -> list[UndeliverableAddress]:
    """Return the addresses of some contacts that are not cleared, oldest first.

    Args:
        db: the database, in a transaction.
        connection_id: of which connection.
        contact_ids: whose.
        before: only what was recorded before this moment.
    """
    return _read(db, connection_id, contact_ids, before)


def _read(
    db: Connection,
    connection_id: int,
    contact_ids: Sequence[str] | None,
    before: datetime | None = None,
) -> list[UndeliverableAddress]:
    query = select(
        _COLUMNS.contact_id, _COLUMNS.address, _COLUMNS.since, _COLUMNS.reason, _COLUMNS.id
    ).where(_COLUMNS.connection_id == connection_id, _COLUMNS.cleared_at.is_(None))
    if contact_ids is not None:
        query = query.where(one_of(db, _COLUMNS.contact_id, contact_ids))
    if before is not None:
        query = query.where(_COLUMNS.recorded_at < before)
    return [UndeliverableAddress(*row) for row in db.execute(query.order_by(_COLUMNS.id))]


def _stands(db: Connection, connection_id: int, undeliverable: UndeliverableAddress) -> bool:
    standing = _read(db, connection_id, [undeliverable.contact_id])
    address = folded_address(undeliverable.address)
    return any(folded_address(each.address) == address for each in standing)


def _record(
    db: Connection, connection_id: int, undeliverable: UndeliverableAddress, key: str, now: datetime
) -> bool:
    if _stands(db, connection_id, undeliverable):
        return False
    db.execute(
        insert(undeliverable_addresses).values(
            connection_id=connection_id,
            contact_id=undeliverable.contact_id,
            address=undeliverable.address,
            since=undeliverable.since,
            reason=undeliverable.reason[:REASON_CHARACTERS_MAX],
            action_key=key,
            recorded_at=now,
        )
    )
    return True


def _note(db: Connection, connection_id: int, key: str, who: str, why: str, now: datetime) -> bool:
    """Write a line into the history of one of the connection's own actions."""
    mine = (actions.c.key == key) & (actions.c.connection_id == connection_id)
    if db.scalar(select(actions.c.key).where(mine)) is None:
        return False
    state = ActionState(locked_row(db, key).state)
    if any(event.reason == why for event in events_of(db, [key]).get(key, ())):
        return False
    add_events(db, [(key, now, who, state, state, why)])
    return True
