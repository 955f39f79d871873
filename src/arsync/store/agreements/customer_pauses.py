"""Customers that a person leaves alone until a day. A rebuild of the copy keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Connection, insert, or_, select, update

from arsync.clock import Clock
from arsync.core.ledger.records import CustomerPause
from arsync.store.db.bulk import one_of
from arsync.store.db.database import Database
from arsync.store.db.tables import customer_pauses

_COLUMNS = customer_pauses.c
_ROW = (
    _COLUMNS.contact_id,
    _COLUMNS.until,
    _COLUMNS.decided_by,
    _COLUMNS.reason,
    _COLUMNS.made_on,
)


class CustomerPauses:
    """Whom people leave alone, by connection and contact; a contact has one that is not ended."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def begin(self, connection_id: int, pause: CustomerPause) -> None:
        """Leave a customer alone; what stood before ends with it."""
        with self._database.write() as db:
            self._end(db, connection_id, pause.contact_id, pause.by)
            db.execute(
                insert(customer_pauses).values(
                    connection_id=connection_id,
                    contact_id=pause.contact_id,
                    until=pause.until,
                    reason=pause.reason,
                    made_on=pause.made_on,
                    decided_by=pause.by,
                    decided_at=self._clock.now(),
                )
            )

    def page(
        self, connection_id: int, day: date, *, after: str = "", rows_max: int
    ) -> Sequence[CustomerPause]:
        """Return the next that stand on a day, in the order of the contacts' ids.

        Args:
            connection_id: whose.
            day: the organisation's.
            after: the contact that the part before ended with.
            rows_max: so many at most.
        """
        query = (
            select(*_ROW)
            .where(
                _COLUMNS.connection_id == connection_id,
                _COLUMNS.ended_at.is_(None),
                _COLUMNS.made_on <= day,
                _COLUMNS.until >= day,
                _COLUMNS.contact_id > after,
            )
            .order_by(_COLUMNS.contact_id)
            .limit(rows_max)
        )
        with self._database.read() as db:
            return [CustomerPause(*row) for row in db.execute(query)]

    def end(self, connection_id: int, contact_id: str, who: str) -> bool:
        """Go by the rulebook again, and return whether the customer was left alone."""
        with self._database.write() as db:
            return self._end(db, connection_id, contact_id, who)

    def _end(self, db: Connection, connection_id: int, contact_id: str, who: str) -> bool:
        ended = db.execute(
            update(customer_pauses)
            .where(
                _COLUMNS.connection_id == connection_id,
                _COLUMNS.contact_id == contact_id,
                _COLUMNS.ended_at.is_(None),
            )
            .values(ended_by=who, ended_at=self._clock.now())
        )
        return bool(ended.rowcount)


def read_pauses(
    db: Connection, connection_id: int, contact_ids: Sequence[str], before: datetime | None
) -> list[CustomerPause]:
    """Return the pauses of some customers that were not ended; `before`: as was known then."""
    query = select(*_ROW).where(
        _COLUMNS.connection_id == connection_id, one_of(db, _COLUMNS.contact_id, contact_ids)
    )
    if before is None:
        query = query.where(_COLUMNS.ended_at.is_(None))
    else:
        query = query.where(
            _COLUMNS.decided_at < before,
            or_(_COLUMNS.ended_at.is_(None), _COLUMNS.ended_at >= before),
        )
    return [CustomerPause(*row) for row in db.execute(query.order_by(_COLUMNS.id))]
