"""Disputes, as people recorded them. A rebuild of the copy keeps them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from sqlalchemy import Connection, insert, select, update

from arsync.clock import Clock
from arsync.core.actions import Action
from arsync.errors import UserMistake
from arsync.store.actions.action_rows import RECORDED, add_asked
from arsync.store.db.database import Database, inserted_id
from arsync.store.db.tables import disputes
from arsync.store.models import DisputeRow

_DISPUTE = [disputes.c[name] for name in DisputeRow._fields]


class Disputes:
    """Disputes, by invoice."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def record(
        self,
        connection_id: int,
        invoice_id: str,
        *,
        opened_on: date,
        reason: str,
        who: str,
        noted_by: Callable[[DisputeRow], Action] | None = None,
    ) -> DisputeRow:
        """Record a dispute and the action that `noted_by` makes of it, in one transaction.

        Raises:
            UserMistake: a dispute is open for the invoice already.
        """
        with self._database.write() as db:
            if (open_one := _open_dispute(db, connection_id, invoice_id)) is not None:
                raise UserMistake(
                    f"this invoice is in dispute already, since {open_one.opened_on}: "
                    f"{open_one.reason}"
                )
            inserted = db.execute(
                insert(disputes).values(
                    connection_id=connection_id,
                    invoice_id=invoice_id,
                    opened_on=opened_on,
                    reason=reason,
                    recorded_by=who,
                    recorded_at=self._clock.now(),
                )
            )
            row = _dispute(db, inserted_id(inserted))
            self._note(db, connection_id, noted_by and noted_by(row), who)
            return row

    def recorded(self, connection_id: int, invoice_id: str | None = None) -> list[DisputeRow]:
        """Return disputes, oldest first."""
        query = select(*_DISPUTE).where(disputes.c.connection_id == connection_id)
        if invoice_id is not None:
            query = query.where(disputes.c.invoice_id == invoice_id)
        with self._database.read() as db:
            return [DisputeRow(*row) for row in db.execute(query.order_by(disputes.c.id))]

    def settle(
        self,
        connection_id: int,
        invoice_id: str,
        *,
        settled_on: date,
        who: str,
        noted_by: Callable[[DisputeRow], Action] | None = None,
    ) -> DisputeRow:
        """Settle the open dispute of an invoice, and add the action that `noted_by` makes of it.

        Raises:
            UserMistake: the invoice has no open dispute.
        """
        with self._database.write() as db:
            open_one = _open_dispute(db, connection_id, invoice_id)
            if open_one is None:
                raise UserMistake("this invoice is not in dispute.")
            db.execute(
                update(disputes)
                .where(disputes.c.id == open_one.id)
                .values(settled_on=settled_on, settled_by=who)
            )
            row = _dispute(db, open_one.id)
            self._note(db, connection_id, noted_by and noted_by(row), who)
            return row

    def _note(self, db: Connection, connection_id: int, action: Action | None, who: str) -> None:
        if action is not None:
            now = self._clock.now()
            add_asked(db, connection_id, action, who=who, why=RECORDED, now=now)


def _dispute(db: Connection, dispute_id: int) -> DisputeRow:
    query = select(*_DISPUTE).where(disputes.c.id == dispute_id)
    return DisputeRow(*db.execute(query).one())


def _open_dispute(db: Connection, connection_id: int, invoice_id: str) -> DisputeRow | None:
    query = select(*_DISPUTE).where(
        disputes.c.connection_id == connection_id,
        disputes.c.invoice_id == invoice_id,
        disputes.c.settled_on.is_(None),
    )
    row = db.execute(query).one_or_none()
    return None if row is None else DisputeRow(*row)
