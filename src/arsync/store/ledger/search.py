"""Finding customers, invoices and actions by how their name, number or key begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from arsync.core.ledger.records import ContactStatus, DocumentStatus
from arsync.store.actions.action_rows import action_row
from arsync.store.db.tables import actions, contacts, invoices
from arsync.store.models import ActionRow

LAST_CHARACTER = "\U0010ffff"
"""After it nothing that begins alike is sorted."""


class FoundCustomer(NamedTuple):
    """A customer that is called so."""

    connection_id: int
    contact_id: str
    name: str
    status: str


class FoundInvoice(NamedTuple):
    """An invoice of such a number."""

    connection_id: int
    invoice_id: str
    number: str
    status: str
    currency: str
    amount_due: Decimal
    contact_name: str


def find_customers(
    db: Connection, connection_ids: Sequence[int], text: str, rows_max: int, *, anywhere: bool
) -> list[FoundCustomer]:
    """Return customers by how their name begins, or with `anywhere` by any part of it.

    The beginning is found by an index, in the ways in which people write capitals; a part only by
    reading all names, which is for one ledger.
    """
    columns = contacts.c
    condition = _begins(db, columns.name, text)
    if anywhere:
        condition = func.lower(columns.name).contains(text.lower(), autoescape=True)
    query = (
        select(columns.connection_id, columns.id, columns.name, columns.status)
        .where(
            columns.connection_id.in_(connection_ids)
            if anywhere
            else _among(columns, connection_ids),
            columns.status != ContactStatus.DELETED.value,
            condition,
        )
        .limit(rows_max)
    )
    return [FoundCustomer(*row) for row in db.execute(query)]


def find_invoices(
    db: Connection, connection_ids: Sequence[int], text: str, rows_max: int
) -> list[FoundInvoice]:
    """Return invoices by how their number begins."""
    columns = invoices.c
    query = (
        select(
            columns.connection_id,
            columns.id,
            columns.number,
            columns.status,
            columns.currency,
            columns.amount_due,
            func.coalesce(contacts.c.name, columns.contact_id),
        )
        .select_from(
            invoices.outerjoin(
                contacts,
                (contacts.c.connection_id == columns.connection_id)
                & (contacts.c.id == columns.contact_id),
            )
        )
        .where(
            _among(columns, connection_ids),
            columns.status != DocumentStatus.DELETED.value,
            _begins(db, columns.number, text),
        )
        .limit(rows_max)
    )
    return [FoundInvoice(*row) for row in db.execute(query)]


def find_actions(
    db: Connection, connection_ids: Sequence[int], key: str, rows_max: int
) -> list[ActionRow]:
    """Return actions by how their key begins."""
    columns = actions.c
    query = (
        select(actions)
        .where(
            columns.key >= key,
            columns.key < key + "g",
            columns.connection_id.in_(connection_ids),
        )
        .order_by(columns.key)
        .limit(rows_max)
    )
    return [action_row(row) for row in db.execute(query)]


def _among(columns: Any, connection_ids: Sequence[int]) -> ColumnElement[bool]:
    """Return the condition on the connection, so that the index by name or number is used."""
    # An expression: by the column itself SQLite would read all documents of the connection.
    among: ColumnElement[bool] = (columns.connection_id + 0).in_(connection_ids)
    return among


def _begins(db: Connection, column: Any, text: str) -> ColumnElement[bool]:
    """Return the condition that a text begins so, as the index compares: byte by byte."""
    is_sqlite = db.dialect.name == "sqlite"
    at_least, below = (">=", "<") if is_sqlite else ("~>=~", "~<~")
    ranges = [
        and_(
            column.bool_op(at_least)(written),
            column.bool_op(below)(written + LAST_CHARACTER),
        )
        for written in _as_written(text)
    ]
    return or_(*ranges)


def _as_written(text: str) -> Iterator[str]:
    """Yield a text in the ways in which people write capitals, each once."""
    yield from dict.fromkeys(
        (text, text.upper(), text.lower(), text.title(), text[:1].upper() + text[1:])
    )
