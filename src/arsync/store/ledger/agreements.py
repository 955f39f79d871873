"""Promises and disputes, as they are read with the customer whose invoices they are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    Boolean,
    CompoundSelect,
    Connection,
    Date,
    Integer,
    Text,
    bindparam,
    cast,
    false,
    literal_column,
    null,
    select,
    true,
    union_all,
)

from arsync.core.ledger.records import Dispute, Promise
from arsync.store.db.bulk import as_parameter, one_of_given
from arsync.store.db.column_types import Amount
from arsync.store.db.tables import disputes, promised_invoices, promises

_TEXTS = ("code", "owner", "needs", "outcome")
_AMOUNTS = ("due_then", "total_then")
"""What only disputes have."""

_PROMISE = (
    true().label("is_promise"),
    promises.c.id.label("number"),
    promised_invoices.c.invoice_id,
    promised_invoices.c.position,
    promises.c.promised_on.label("day"),
    promises.c.amount,
    promises.c.made_on,
    promises.c.kept,
    promises.c.replaced,
    promises.c.also,
    literal_column("''", Text).label("reason"),
    cast(null(), Date).label("settled_on"),
    *(literal_column("''", Text).label(name) for name in _TEXTS),
    *(cast(null(), Amount).label(name) for name in _AMOUNTS),
    cast(null(), Date).label("credit_agreed_on"),
)
_DISPUTE = (
    false().label("is_promise"),
    disputes.c.id.label("number"),
    disputes.c.invoice_id,
    literal_column("0", Integer).label("position"),
    disputes.c.opened_on.label("day"),
    disputes.c.amount,
    cast(null(), Date).label("made_on"),
    cast(null(), Boolean).label("kept"),
    false().label("replaced"),
    false().label("also"),
    disputes.c.reason,
    disputes.c.settled_on,
    *(disputes.c[name] for name in _TEXTS),
    *(disputes.c[name] for name in _AMOUNTS),
    disputes.c.credit_agreed_on,
)
"""The same columns of both; each has some that the other lacks."""


class Agreements(NamedTuple):
    """What was agreed about invoices."""

    promises: dict[str, list[Promise]]
    """By the contacts who owe; without those that were replaced or withdrawn."""
    disputes: dict[str, list[Dispute]]
    """By the contact who owes."""
    promised_days: dict[str, set[date]]
    """By invoice, the days of all its promises, also of those that were replaced or withdrawn."""


def read_agreements(db: Connection, connection_id: int, owners: Mapping[str, str]) -> Agreements:
    """Return promises and disputes about invoices.

    In one statement, since both are read again before each message.

    Args:
        db: the database, in a transaction.
        connection_id: of this connection.
        owners: by invoice, the contact who owes it.
    """
    agreements = Agreements(defaultdict(list), defaultdict(list), defaultdict(set))
    query = _agreements(is_sqlite=db.dialect.name == "sqlite")
    parameters = {"of_connection": connection_id, "of_invoices": as_parameter(db, list(owners))}
    promised: dict[int, Promise] = {}
    # In the order of recording, which the numbers of both tables follow: the latest promise counts.
    for row in sorted(db.execute(query, parameters), key=lambda row: (row.number, row.position)):
        if row.is_promise:
            agreements.promised_days[row.invoice_id].add(row.day)
            if not row.replaced:
                first = Promise(
                    (), row.day, row.amount, row.made_on, row.kept, also=row.also, number=row.number
                )
                promise = promised.get(row.number, first)
                ids = (*promise.invoice_ids, row.invoice_id)
                promised[row.number] = promise._replace(invoice_ids=ids)
        else:
            agreements.disputes[owners[row.invoice_id]].append(_dispute(row))
    for promise in promised.values():
        # Several of a family may owe what one of them promised.
        for contact_id in {owners[invoice_id] for invoice_id in promise.invoice_ids}:
            agreements.promises[contact_id].append(promise)
    return agreements


# Made once: making the statement takes longer than running it.
@cache
def _agreements(*, is_sqlite: bool) -> CompoundSelect[Any]:
    here: BindParameter[int] = bindparam("of_connection")
    promised, disputed = promised_invoices.c, disputes.c
    return union_all(
        select(*_PROMISE)
        .join(promised_invoices, promised.promise_id == promises.c.id)
        .where(
            promised.connection_id == here,
            one_of_given(promised.invoice_id, "of_invoices", is_sqlite=is_sqlite),
        ),
        select(*_DISPUTE).where(
            disputed.connection_id == here,
            one_of_given(disputed.invoice_id, "of_invoices", is_sqlite=is_sqlite),
        ),
    )


def _dispute(row: Any) -> Dispute:
    return Dispute(
        row.invoice_id,
        row.day,
        row.reason,
        row.settled_on,
        amount=row.amount,
        code=row.code,
        owner=row.owner,
        needs=row.needs,
        outcome=row.outcome,
        due_then=row.due_then,
        total_then=row.total_then,
        number=row.number,
        credit_agreed_on=row.credit_agreed_on,
    )
