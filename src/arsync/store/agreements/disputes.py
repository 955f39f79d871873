"""Disputes, as people recorded them. A rebuild of the copy keeps them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select, update

from arsync.clock import Clock
from arsync.core.actions import Action
from arsync.core.ledger.agreements.disputes import dispute_reason
from arsync.core.ledger.records import DisputeOutcome, Invoice
from arsync.errors import UserMistake
from arsync.store.actions.action_rows import RECORDED, add_asked
from arsync.store.db.database import Database, inserted_id
from arsync.store.db.tables import disputes
from arsync.store.models import DisputeRow, DisputeTerms

NotedBy = Callable[[DisputeRow], Action]
"""Makes the action that notes a dispute in the accounting system."""

_DISPUTE = [disputes.c[name] for name in DisputeRow._fields]


class DisputedInvoice(NamedTuple):
    """An invoice that is disputed, as a person records it."""

    invoice: Invoice
    """As it is now: its credit is seen by what changes of it."""
    terms: DisputeTerms
    noted_by: NotedBy | None = None
    """Makes the action that notes it in the accounting system; None: nothing does."""


class Disputes:
    """Disputes, by invoice."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def record(
        self,
        connection_id: int,
        invoice: Invoice,
        terms: DisputeTerms,
        *,
        opened_on: date,
        who: str,
        noted_by: NotedBy | None = None,
    ) -> DisputeRow:
        """Record one dispute; see `record_together`."""
        disputed = DisputedInvoice(invoice, terms, noted_by)
        (row,) = self.record_together(connection_id, [disputed], opened_on=opened_on, who=who)
        return row

    def record_together(
        self,
        connection_id: int,
        disputed: Sequence[DisputedInvoice],
        *,
        opened_on: date,
        who: str,
    ) -> list[DisputeRow]:
        """Record disputes and the actions that note them, all or none, in one transaction.

        Args:
            connection_id: of this connection.
            disputed: what is disputed, each with what its dispute is about.
            opened_on: since when.
            who: the person who records them.

        Raises:
            UserMistake: a dispute is open for one of the invoices already.
        """
        with self._database.write() as db:
            return [
                self._recorded(db, connection_id, disputed_invoice, opened_on, who)
                for disputed_invoice in disputed
            ]

    def _recorded(
        self,
        db: Connection,
        connection_id: int,
        disputed: DisputedInvoice,
        opened_on: date,
        who: str,
    ) -> DisputeRow:
        invoice = disputed.invoice
        if (open_one := _open_dispute(db, connection_id, invoice.id)) is not None:
            raise UserMistake(
                f"{invoice.number or invoice.id} is in dispute already, since"
                f" {open_one.opened_on}: {dispute_reason(open_one.record)}"
                "\n    hint: to change it: arsync dispute INVOICE --change"
            )
        inserted = db.execute(
            insert(disputes).values(
                connection_id=connection_id,
                invoice_id=invoice.id,
                opened_on=opened_on,
                due_then=invoice.amount_due,
                total_then=invoice.total,
                recorded_by=who,
                recorded_at=self._clock.now(),
                **disputed.terms._asdict(),
            )
        )
        return self._noted(db, connection_id, inserted_id(inserted), who, disputed.noted_by)

    def change(
        self,
        connection_id: int,
        invoice_id: str,
        terms: DisputeTerms,
        *,
        who: str,
        noted_by: NotedBy | None = None,
    ) -> DisputeRow:
        """Change what the open dispute of an invoice is about; a credit agreed is not any more.

        Raises:
            UserMistake: the invoice has no open dispute.
        """
        again = {"outcome": "", "outcome_note": "", "credit_agreed_on": None}
        with self._database.write() as db:
            row = _the_open_dispute(db, connection_id, invoice_id)
            changed = {**terms._asdict(), **again, "changes": row.changes + 1}
            db.execute(update(disputes).where(disputes.c.id == row.id).values(changed))
            return self._noted(db, connection_id, row.id, who, noted_by)

    def recorded(self, connection_id: int, invoice_id: str | None = None) -> list[DisputeRow]:
        """Return disputes, oldest first."""
        query = select(*_DISPUTE).where(disputes.c.connection_id == connection_id)
        if invoice_id is not None:
            query = query.where(disputes.c.invoice_id == invoice_id)
        with self._database.read() as db:
            return [DisputeRow(*row) for row in db.execute(query.order_by(disputes.c.id))]

    def open_ones(self, connection_id: int) -> list[DisputeRow]:
        """Return the disputes that are not settled, oldest first."""
        query = select(*_DISPUTE).where(
            disputes.c.connection_id == connection_id, disputes.c.settled_on.is_(None)
        )
        with self._database.read() as db:
            ordered = query.order_by(disputes.c.opened_on, disputes.c.id)
            return [DisputeRow(*row) for row in db.execute(ordered)]

    def open_one(self, connection_id: int, invoice_id: str) -> DisputeRow:
        """Return the open dispute of an invoice.

        Raises:
            UserMistake: it has none.
        """
        with self._database.read() as db:
            return _the_open_dispute(db, connection_id, invoice_id)

    def settle(
        self,
        connection_id: int,
        invoice_id: str,
        *,
        settled_on: date,
        who: str,
        outcome: str = "",
        note: str = "",
        noted_by: NotedBy | None = None,
    ) -> DisputeRow:
        """Settle the open dispute of an invoice, and add the action that `noted_by` makes of it.

        Raises:
            UserMistake: the invoice has no open dispute.
        """
        settled: dict[str, Any] = {"settled_on": settled_on, "settled_by": who}
        settled |= {"outcome": outcome, "outcome_note": note}
        return self._end(connection_id, invoice_id, settled, who, noted_by)

    def agree_credit(
        self,
        connection_id: int,
        invoice_id: str,
        *,
        agreed_on: date,
        who: str,
        note: str = "",
        noted_by: NotedBy | None = None,
    ) -> DisputeRow:
        """Keep the open dispute of an invoice open until its agreed credit shows in the books.

        Raises:
            UserMistake: the invoice has no open dispute.
        """
        row = self.open_one(connection_id, invoice_id)
        if row.credit_agreed_on is not None:
            return row  # said already, and noted
        agreed: dict[str, Any] = {"credit_agreed_on": agreed_on, "settled_by": who}
        agreed |= {"outcome": DisputeOutcome.CREDITED.value, "outcome_note": note}
        return self._end(connection_id, invoice_id, agreed, who, noted_by)

    def _end(
        self,
        connection_id: int,
        invoice_id: str,
        values: dict[str, Any],
        who: str,
        noted_by: NotedBy | None,
    ) -> DisputeRow:
        with self._database.write() as db:
            row = _the_open_dispute(db, connection_id, invoice_id)
            db.execute(update(disputes).where(disputes.c.id == row.id).values(values))
            return self._noted(db, connection_id, row.id, who, noted_by)

    def _noted(
        self,
        db: Connection,
        connection_id: int,
        dispute_id: int,
        who: str,
        noted_by: NotedBy | None,
    ) -> DisputeRow:
        """Return the dispute as it is now, with its note added."""
        row = _dispute(db, dispute_id)
        if noted_by is not None:
            now = self._clock.now()
            add_asked(db, connection_id, noted_by(row), who=who, why=RECORDED, now=now)
        return row


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


def _the_open_dispute(db: Connection, connection_id: int, invoice_id: str) -> DisputeRow:
    row = _open_dispute(db, connection_id, invoice_id)
    if row is None:
        raise UserMistake("this invoice is not in dispute.")
    return row
