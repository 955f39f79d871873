"""Promises to pay, as people recorded them. A rebuild of the copy keeps them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, insert, select, update

from arsync.clock import Clock
from arsync.core.actions import Action
from arsync.core.ledger.records import DocumentStatus, RecordKind
from arsync.errors import UserMistake
from arsync.store.actions.action_rows import RECORDED, add_asked
from arsync.store.db.database import Database, inserted_id
from arsync.store.db.tables import invoices, problems, promises
from arsync.store.ledger.unreadable_money import read_doubts
from arsync.store.models import PromiseRow

_PROMISE = [promises.c[name] for name in PromiseRow._fields]


class Promises:
    """Promises to pay, by invoice."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def record(
        self,
        connection_id: int,
        invoice_id: str,
        *,
        promised_on: date,
        made_on: date,
        who: str,
        amount: Decimal | None = None,
        note: str = "",
        noted_by: Callable[[PromiseRow], Action] | None = None,
    ) -> PromiseRow:
        """Record a promise; an older one still open for the invoice is replaced by it.

        Args:
            connection_id: of this connection.
            invoice_id: what is to be paid.
            promised_on: the day the money is to come.
            made_on: the day on which it was promised.
            who: the person who records it.
            amount: None for all that is due.
            note: anything to remember.
            noted_by: makes the action that notes it in the accounting system; it is added in the
                same transaction, so that neither exists without the other.

        Raises:
            UserMistake: the day is past, or the amount is not above zero.
        """
        if promised_on < made_on:
            raise UserMistake(f"{promised_on} is past: a promise is for today or later.")
        if amount is not None and amount <= 0:
            raise UserMistake("a promise is for an amount above zero.")
        with self._database.write() as db:
            db.execute(
                update(promises)
                .where(
                    promises.c.connection_id == connection_id,
                    promises.c.invoice_id == invoice_id,
                    promises.c.kept.is_(None),
                )
                .values(replaced=True)
            )
            inserted = db.execute(
                insert(promises).values(
                    connection_id=connection_id,
                    invoice_id=invoice_id,
                    promised_on=promised_on,
                    amount=amount,
                    made_on=made_on,
                    replaced=False,
                    # For the judgement later: the promised part is kept when less is due by it.
                    amount_due=_amount_due(db, connection_id, invoice_id),
                    recorded_by=who,
                    recorded_at=self._clock.now(),
                    note=note,
                )
            )
            row = _promise(db, inserted_id(inserted))
            self._note(db, connection_id, noted_by and noted_by(row), who)
            return row

    def recorded(self, connection_id: int, invoice_id: str | None = None) -> list[PromiseRow]:
        """Return promises, oldest first, replaced ones too."""
        query = select(*_PROMISE).where(promises.c.connection_id == connection_id)
        if invoice_id is not None:
            query = query.where(promises.c.invoice_id == invoice_id)
        with self._database.read() as db:
            return [PromiseRow(*row) for row in db.execute(query.order_by(promises.c.id))]

    def review(self, connection_id: int, today: date) -> list[PromiseRow]:
        """Judge open promises by the ledger, and return those that changed.

        A promise is kept when the invoice is no longer owed, or when its amount due fell by at
        least the promised amount. It is broken when the day has passed without that. A promise
        stays open while nobody knows: about an invoice that the store does not have, or cannot
        read; and none is broken while money of its customer cannot be read.
        """
        columns = promises.c
        query = (
            select(
                columns.id,
                columns.promised_on,
                columns.amount,
                columns.amount_due.label("due_then"),
                invoices.c.status,
                invoices.c.amount_due,
                invoices.c.contact_id,
            )
            .join(
                invoices,
                (invoices.c.connection_id == columns.connection_id)
                & (invoices.c.id == columns.invoice_id),
            )
            .where(
                columns.connection_id == connection_id,
                columns.kept.is_(None),
                ~columns.replaced,
                ~_is_unreadable(columns.invoice_id, connection_id),
            )
            .order_by(columns.id)
        )
        changed = []
        with self._database.write() as db:
            rows = db.execute(query).all()
            doubts = read_doubts(db, connection_id) if rows else {}
            for row in rows:
                kept = _was_kept(row)
                if kept or (row.promised_on < today and row.contact_id not in doubts):
                    db.execute(update(promises).where(columns.id == row.id).values(kept=kept))
                    changed.append(_promise(db, row.id))
        return changed

    def withdraw(self, connection_id: int, promise_id: int) -> bool:
        """Withdraw a promise that was recorded by mistake; the one it replaced is open again.

        Returns False when it was withdrawn or replaced already.
        """
        columns = promises.c
        mine = (columns.connection_id == connection_id) & (columns.id == promise_id)
        with self._database.write() as db:
            withdrawal = update(promises).where(mine, ~columns.replaced).values(replaced=True)
            if db.execute(withdrawal).rowcount == 0:
                return False
            invoice_id = select(columns.invoice_id).where(mine).scalar_subquery()
            earlier = db.scalar(
                select(columns.id)
                .where(
                    columns.connection_id == connection_id,
                    columns.invoice_id == invoice_id,
                    columns.id < promise_id,
                    columns.replaced,
                    columns.kept.is_(None),
                )
                .order_by(columns.id.desc())
                .limit(1)
            )
            if earlier is not None:
                db.execute(update(promises).where(columns.id == earlier).values(replaced=False))
            return True

    def _note(self, db: Connection, connection_id: int, action: Action | None, who: str) -> None:
        if action is not None:
            now = self._clock.now()
            add_asked(db, connection_id, action, who=who, why=RECORDED, now=now)


def _is_unreadable(invoice_id: ColumnElement[str], connection_id: int) -> ColumnElement[bool]:
    """Return the condition that the newest version of an invoice could not be understood."""
    return exists().where(
        problems.c.connection_id == connection_id,
        problems.c.kind == RecordKind.INVOICES.value,
        problems.c.id == invoice_id,
    )


def _was_kept(row: Any) -> bool:
    if row.status != DocumentStatus.OPEN or row.amount_due <= 0:
        return True
    # All of it was promised, or the copy did not have the invoice when the promise was recorded: a
    # part payment then keeps no promise.
    if row.amount is None or row.due_then is None:
        return False
    return bool(row.due_then - row.amount_due >= row.amount)


def _amount_due(db: Connection, connection_id: int, invoice_id: str) -> Decimal | None:
    return db.scalar(
        select(invoices.c.amount_due).where(
            invoices.c.connection_id == connection_id, invoices.c.id == invoice_id
        )
    )


def _promise(db: Connection, promise_id: int) -> PromiseRow:
    query = select(*_PROMISE).where(promises.c.id == promise_id)
    return PromiseRow(*db.execute(query).one())
