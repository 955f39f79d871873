"""Doubts: money in a document that could not be read, by the contact it may belong to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, literal_column, or_, select

from arsync.core.ledger.records import RecordKind
from arsync.store.db.bulk import one_of
from arsync.store.db.tables import invoices, problems

_MONEY = {RecordKind.PAYMENTS.value: "a payment", RecordKind.CREDITS.value: "a credit"}


def read_doubts(
    db: Connection, connection_id: int, contact_ids: Sequence[str] | None = None
) -> dict[str, list[str]]:
    """Return, by contact, why what it owes is not certain.

    A payment or a credit that could not be read may cover what is owed. It counts for the contact
    it names, and for the contacts of the invoices it names. With `contact_ids`, only what is read
    for these counts; others may be missing.
    """
    query = _unread(connection_id)
    if contact_ids is not None:
        names_one = one_of(db, problems.c.contact_id, contact_ids)
        query = query.where(or_(names_one, problems.c.invoice_ids != literal_column("''")))
    doubts: dict[str, list[str]] = defaultdict(list)
    # A document that names no contact is reported, and stops no message: otherwise one odd
    # document would silence a whole ledger.
    rows = [row for row in db.execute(query) if _names_somebody(row)]
    named = sorted({invoice_id for row in rows for invoice_id in row.invoice_ids})
    owners = _owners(db, connection_id, named) if named else {}
    for row in rows:
        debtors = {
            row.contact_id,
            *(owners.get(invoice_id, "") for invoice_id in row.invoice_ids),
        } - {""}
        document = f"{_MONEY[row.kind]} ({row.number or row.id})"
        for contact_id in sorted(debtors):
            doubts[contact_id].append(
                f"the amount owed is uncertain: {document} cannot be read: {row.message}"
            )
    return doubts


def unplaced_money(db: Connection, connection_id: int) -> list[str]:
    """Return unreadable payments and credits that name neither a contact nor an invoice."""
    return [
        f"{_MONEY[row.kind]} ({row.number or row.id}) cannot be read, and does not say whose it "
        f"is: {row.message}"
        for row in db.execute(_unread(connection_id))
        if not _names_somebody(row)
    ]


def _unread(connection_id: int) -> Any:
    return (
        select(problems)
        .where(problems.c.connection_id == connection_id, problems.c.kind.in_(list(_MONEY)))
        .order_by(problems.c.kind, problems.c.id)
    )


def _names_somebody(row: Any) -> bool:
    return bool(row.contact_id or row.invoice_ids)


def _owners(db: Connection, connection_id: int, ids: list[str]) -> dict[str, str]:
    query = select(invoices.c.id, invoices.c.contact_id).where(
        invoices.c.connection_id == connection_id, one_of(db, invoices.c.id, ids)
    )
    return {row.id: row.contact_id for row in db.execute(query)}
