"""Promises to pay, as people recorded them. A rebuild of the copy keeps them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update

from arsync.clock import Clock
from arsync.core.actions import Action
from arsync.core.planning.plan import PromiseJudgement
from arsync.errors import UserMistake
from arsync.store.actions.action_rows import RECORDED, add_asked
from arsync.store.db.bulk import one_of
from arsync.store.db.database import Database, inserted_id
from arsync.store.db.tables import promised_invoices, promises
from arsync.store.models import PromiseRow

_COLUMNS = promises.c
_STORED = [_COLUMNS[name] for name in PromiseRow._fields if name != "invoice_ids"]


class MadePromise(NamedTuple):
    """A promise as a person records it."""

    invoice_ids: Sequence[str]
    """What is to be paid, the oldest due date first."""
    promised_on: date
    """The day the money is to come."""
    made_on: date
    """The day on which it was promised."""
    amount: Decimal | None = None
    """Of all the invoices together; None for all that is due."""
    note: str = ""
    """Anything to remember."""
    contact_id: str = ""
    """Who promised all that it owes; empty where invoices were named."""
    also: bool = False
    """It stands beside earlier promises about the same invoices."""
    replaces: Sequence[int] = ()
    """The numbers of earlier promises of which it takes the place."""


class Promises:
    """Promises to pay, of one invoice or several."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def record(
        self,
        connection_id: int,
        made: MadePromise,
        *,
        who: str,
        noted_by: Callable[[PromiseRow], Action] | None = None,
    ) -> PromiseRow:
        """Record a promise, and that it takes the place of earlier ones.

        Args:
            connection_id: of this connection.
            made: the promise.
            who: the person who records it.
            noted_by: makes the action that notes it in the accounting system; it is added in the
                same transaction, so that neither exists without the other.

        Raises:
            UserMistake: the day is past, or the amount is not above zero.
        """
        if made.promised_on < made.made_on:
            raise UserMistake(f"{made.promised_on} is past: a promise is for today or later.")
        if made.amount is not None and made.amount <= 0:
            raise UserMistake("a promise is for an amount above zero.")
        with self._database.write() as db:
            inserted = db.execute(
                insert(promises).values(
                    connection_id=connection_id,
                    contact_id=made.contact_id,
                    promised_on=made.promised_on,
                    amount=made.amount,
                    made_on=made.made_on,
                    also=made.also,
                    replaced=False,
                    recorded_by=who,
                    recorded_at=self._clock.now(),
                    note=made.note,
                )
            )
            number = inserted_id(inserted)
            db.execute(
                insert(promised_invoices),
                [
                    {
                        "promise_id": number,
                        "connection_id": connection_id,
                        "invoice_id": invoice_id,
                        "position": position,
                    }
                    for position, invoice_id in enumerate(made.invoice_ids)
                ],
            )
            if made.replaces:
                db.execute(
                    update(promises)
                    .where(_COLUMNS.connection_id == connection_id, _COLUMNS.id.in_(made.replaces))
                    .values(replaced=True, replaced_by=number)
                )
            (row,) = promise_rows(db, connection_id, numbers=[number])
            if noted_by is not None:
                now = self._clock.now()
                add_asked(db, connection_id, noted_by(row), who=who, why=RECORDED, now=now)
            return row

    def recorded(self, connection_id: int, invoice_id: str | None = None) -> list[PromiseRow]:
        """Return promises, oldest first, replaced ones too."""
        with self._database.read() as db:
            ids = None if invoice_id is None else [invoice_id]
            return promise_rows(db, connection_id, invoice_ids=ids)

    def save(self, connection_id: int, judgements: Iterable[PromiseJudgement]) -> None:
        """Keep what a plan found of promises: for people, and for when the invoices are gone."""
        changes = [{"its_number": judged.number, "answer": judged.kept} for judged in judgements]
        if not changes:
            return
        its_row = (
            _COLUMNS.connection_id == connection_id,
            _COLUMNS.id == bindparam("its_number"),
        )
        with self._database.write() as db:
            db.execute(update(promises).where(*its_row).values(kept=bindparam("answer")), changes)

    def withdraw(self, connection_id: int, promise_id: int) -> bool:
        """Withdraw a promise that was recorded by mistake; those it replaced stand again.

        Returns False when it was withdrawn or replaced already.
        """
        mine = _COLUMNS.connection_id == connection_id
        with self._database.write() as db:
            withdrawal = (
                update(promises)
                .where(mine, _COLUMNS.id == promise_id, ~_COLUMNS.replaced)
                .values(replaced=True)
            )
            if db.execute(withdrawal).rowcount == 0:
                return False
            earlier = update(promises).where(mine, _COLUMNS.replaced_by == promise_id)
            db.execute(earlier.values(replaced=False, replaced_by=None))
            return True


def promise_rows(
    db: Connection,
    connection_id: int,
    *,
    invoice_ids: Sequence[str] | None = None,
    numbers: Sequence[int] | None = None,
) -> list[PromiseRow]:
    """Return promises, oldest first: all, those about some invoices, or those of some numbers."""
    about = promised_invoices.c
    chosen = [_COLUMNS.connection_id == connection_id]
    if numbers is not None:
        chosen.append(_COLUMNS.id.in_(numbers))
    if invoice_ids is not None:
        named = select(about.promise_id).where(
            about.connection_id == connection_id, one_of(db, about.invoice_id, list(invoice_ids))
        )
        chosen.append(_COLUMNS.id.in_(named))
    query = (
        select(about.invoice_id, *_STORED)
        .join(promised_invoices, about.promise_id == _COLUMNS.id)
        .where(*chosen)
        .order_by(_COLUMNS.id, about.position)
    )
    rows: dict[int, PromiseRow] = {}
    for invoice_id, *values in db.execute(query):
        row = PromiseRow((), *values)
        before = rows.get(row.id, row)
        rows[row.id] = before._replace(invoice_ids=(*before.invoice_ids, invoice_id))
    return list(rows.values())
