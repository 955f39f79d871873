"""Integrity: the contradictions in a store, found by reading alone."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, Table, and_, func, or_, select

from arsync.core.actions import ALLOWED_CHANGES, ActionKind, ActionState
from arsync.core.ledger.records import DocumentStatus, RecordKind
from arsync.store.db.bulk import one_of
from arsync.store.db.database import Database
from arsync.store.db.tables import (
    action_events,
    actions,
    credits_,
    disputes,
    invoices,
    notices,
    payments,
    placed_debts,
    promised_invoices,
)
from arsync.store.ledger.payment_plans import read_payment_plans
from arsync.store.ledger.record_rows import KINDS

NAMED_MAX = 5
"""How many rows each kind of fault names; the others are counted."""

_S = ActionState
_REBIRTHS = frozenset({(_S.WITHDRAWN, _S.PLANNED)})
"""A withdrawn action is planned again when its reason comes back."""


class Fault(NamedTuple):
    """One kind of contradiction."""

    about: str
    """`actions`, `allocations`, `documents`, `people`, `notices`."""
    message: str


def file_faults(db: sqlite3.Connection) -> list[str]:
    """Return what is wrong with a SQLite file: damaged pages, indexes, broken references."""
    complaints = [row[0] for row in db.execute(f"PRAGMA integrity_check({NAMED_MAX})")]
    if complaints == ["ok"]:
        complaints = []
    broken = db.execute("PRAGMA foreign_key_check").fetchmany(NAMED_MAX)
    return complaints + [
        f"a row of {table} names a {parent} that is not there" for table, _, parent, _ in broken
    ]


def examine_store(database: Database, connection_id: int) -> Iterator[Fault]:
    """Yield every contradiction in one connection's rows; changes nothing."""
    with database.read() as db:
        yield from _actions(db, connection_id)
        yield from _allocations(db, connection_id)
        yield from _amounts(db, connection_id)
        yield from _people(db, connection_id)
        yield from _notices(db, connection_id)


def _named(about: str, what: str, keys: Iterable[Any]) -> Iterator[Fault]:
    names = [str(key) for key in keys]
    if names:
        more = f" and {len(names) - NAMED_MAX:,} more" if len(names) > NAMED_MAX else ""
        yield Fault(about, f"{what}: {', '.join(names[:NAMED_MAX])}{more}.")


# -- actions against events -----------------------------------------------------------------------


def _actions(db: Connection, connection_id: int) -> Iterator[Fault]:
    """Each action's events lead, by allowed changes and without a gap, to the state it is in."""
    columns, event = actions.c, action_events.c
    mine = columns.connection_id == connection_id
    with_events = (
        select(
            event.key,
            event.from_state,
            event.to_state,
            columns.state,
            func.lag(event.to_state).over(partition_by=event.key, order_by=event.id).label("last"),
            func.lead(event.id).over(partition_by=event.key, order_by=event.id).label("next"),
        )
        .join(actions, columns.key == event.key)
        .where(mine)
        .subquery()
    )
    chain = with_events.c
    silent = select(columns.key).where(
        mine, ~select(event.id).where(event.key == columns.key).correlate(actions).exists()
    )
    yield from _keys(db, "no event tells how they came about", silent)
    gap = or_(
        and_(chain.last.is_(None), chain.from_state.is_not(None)),
        and_(chain.last.is_not(None), func.coalesce(chain.from_state, "") != chain.last),
    )
    yield from _keys(db, "their events have a gap", select(chain.key).where(gap))
    elsewhere = select(chain.key).where(chain.next.is_(None), chain.to_state != chain.state)
    yield from _keys(db, "their state is not the one of their last event", elsewhere)
    # Grouped by the database: a history of years has few different changes.
    changes = select(chain.from_state, chain.to_state, func.min(chain.key)).group_by(
        chain.from_state, chain.to_state
    )
    forbidden = [row for row in db.execute(changes) if not _is_allowed(row[0], row[1])]
    for before, after, key in forbidden:
        yield Fault("actions", f"{key[:12]} went from {before} to {after}, which cannot be.")
    own_tasks = select(columns.key).where(
        mine, columns.kind == ActionKind.TASK.value, columns.by_person
    )
    unasked = select(chain.key).where(
        chain.from_state.is_(None),
        chain.to_state == _S.CONFIRMED.value,
        chain.key.not_in(own_tasks),
    )
    yield from _keys(db, "they count as done, and nobody planned them", unasked)
    started = [state.value for state in (_S.SENT, _S.CONFIRMED)]
    unsigned = select(columns.key).where(
        mine,
        columns.state.in_(started),
        or_(columns.sent_on.is_(None), columns.first_sent_at.is_(None)),
    )
    yield from _keys(db, "they are sent, and no day of sending is kept", unsigned)


def _is_allowed(before: str | None, after: str) -> bool:
    to = _S(after)
    if before is None:
        # Planned by the rulebook, or asked for by a person; or a person's task, kept here alone.
        return to in {_S.PLANNED, _S.AWAITING_APPROVAL, _S.APPROVED, _S.CONFIRMED}
    # An event that changes no state is about a look-up, a completed task, or an undoing.
    stays = _S(before) is to
    return stays or to in ALLOWED_CHANGES[_S(before)] or (_S(before), to) in _REBIRTHS


def _keys(db: Connection, what: str, query: Select[Any]) -> Iterator[Fault]:
    keys = sorted({key[:12] for key in db.scalars(query)})
    yield from _named("actions", f"{len(keys):,} actions: {what}", keys)


# -- allocations against amounts ------------------------------------------------------------------


def _allocations(db: Connection, connection_id: int) -> Iterator[Fault]:
    """No more is matched than there is, and no invoice is matched with more than was paid of it.

    Less is normal: money is also matched to documents that arsync does not copy.
    """
    inv = invoices.c
    query = select(inv.id, inv.number, inv.currency, inv.status, inv.total, inv.amount_due).where(
        inv.connection_id == connection_id
    )
    invoice_rows = {row.id: row for row in db.execute(query)}
    received: dict[str, Decimal] = defaultdict(Decimal)
    too_much: list[str] = []
    used: dict[str, Decimal] = defaultdict(Decimal)
    for row, allocated in _matched(db, connection_id, credits_, "total", invoice_rows, received):
        if allocated + row.unallocated > row.whole:
            too_much.append(str(row.number or row.id))
        used[row.currency] += row.whole - row.unallocated - allocated
    # QuickBooks matches a credit memo to an invoice by a payment of zero: what such payments match
    # beyond their own amount is what the credits have been used for.
    beyond: dict[str, list[tuple[str, Decimal]]] = defaultdict(list)
    for row, allocated in _matched(db, connection_id, payments, "amount", invoice_rows, received):
        if allocated + row.unallocated > row.whole:
            beyond[row.currency].append((str(row.id), allocated + row.unallocated - row.whole))
    for currency, surpluses in beyond.items():
        if sum(amount for _, amount in surpluses) > used[currency]:
            too_much += [name for name, _ in surpluses]
    yield from _named("allocations", "more is matched than there is, of", too_much)
    open_ = DocumentStatus.OPEN.value
    over = [
        invoice.number or invoice.id
        for invoice in invoice_rows.values()
        if invoice.status == open_
        and received.get(invoice.id, Decimal(0)) > max(invoice.total - invoice.amount_due, 0)
    ]
    yield from _named("allocations", "more money is matched than was paid of", over)


def _matched(
    db: Connection,
    connection_id: int,
    table: Table,
    whole: str,
    invoice_rows: Mapping[str, Any],
    received: dict[str, Decimal],
) -> Iterator[tuple[Any, Decimal]]:
    """Yield each live payment or credit with what it gave to invoices of its own currency."""
    columns = table.c
    selected = [column for column in columns if column.name not in {"amount", "total"}]
    rows = db.execute(
        select(*selected, columns[whole].label("whole")).where(
            columns.connection_id == connection_id,
            columns.status.not_in([document_status.value for document_status in _DEAD]),
        )
    )
    for row in rows:
        amount = Decimal(0)
        for allocation in row.allocations:
            received[allocation.invoice_id] += allocation.amount
            invoice = invoice_rows.get(allocation.invoice_id)
            if invoice is not None and invoice.currency == row.currency:
                amount += allocation.amount
        yield row, amount


_DEAD = (DocumentStatus.DELETED, DocumentStatus.VOIDED, DocumentStatus.DRAFT)
"""Payments and credits in these states match nothing; a payment's states have the same names."""


def _amounts(db: Connection, connection_id: int) -> Iterator[Fault]:
    """What is due, or not yet allocated, is between 0 and the total."""
    zero = Decimal(0)
    for kind, whole, amount in (
        (RecordKind.INVOICES, "total", "amount_due"),
        (RecordKind.PAYMENTS, "amount", "unallocated"),
        (RecordKind.CREDITS, "total", "unallocated"),
    ):
        columns = KINDS[kind].table.c
        odd = select(columns.id).where(
            columns.connection_id == connection_id,
            or_(
                columns[amount] < zero,
                and_(columns[whole] >= zero, columns[amount] > columns[whole]),
            ),
        )
        what = f"{amount.replace('_', ' ')} is not between 0 and the {whole} of {kind.value}"
        yield from _named("documents", what, db.scalars(odd.order_by(columns.id)))


# -- what people recorded -------------------------------------------------------------------------


_ABOUT_INVOICES = {
    "promises": promised_invoices,
    "disputes": disputes,
    "placements": placed_debts,
}


def _people(db: Connection, connection_id: int) -> Iterator[Fault]:
    """Promises, disputes, plans and placements are about invoices that the copy has."""
    for name, table in _ABOUT_INVOICES.items():
        there = select(invoices.c.id).where(
            invoices.c.connection_id == connection_id, invoices.c.id == table.c.invoice_id
        )
        lost = select(table.c.invoice_id).where(
            table.c.connection_id == connection_id, ~there.correlate(table).exists()
        )
        what = f"the copy does not have the invoices of {name}"
        yield from _named("people", what, db.scalars(lost.order_by(table.c.invoice_id)))
    plans = [plan for own in read_payment_plans(db, connection_id).values() for plan in own]
    ids = {invoice_id for plan in plans for invoice_id in plan.invoice_ids}
    here = set(
        db.scalars(
            select(invoices.c.id).where(
                invoices.c.connection_id == connection_id, one_of(db, invoices.c.id, sorted(ids))
            )
        )
    )
    what = "the copy does not have the invoices of payment_plans"
    yield from _named("people", what, sorted(ids - here))


# -- the numbers of notices -----------------------------------------------------------------------


def _notices(db: Connection, connection_id: int) -> Iterator[Fault]:
    """The numbers have no gap but where a restore passed some over, and each its own notice."""
    columns = notices.c
    query = select(columns.number, columns.key, columns.contact_id).where(
        columns.connection_id == connection_id
    )
    missing: list[int] = []
    highest = 0
    for row in db.execute(query.order_by(columns.number)):
        if row.key is not None and row.number != highest + 1:
            missing.append(highest + 1)
        highest = row.number
    yield from _named("notices", "numbers are missing from", missing)
    strange = (
        select(columns.number)
        .join(actions, actions.c.key == columns.key)
        .where(
            columns.connection_id == connection_id,
            or_(
                actions.c.connection_id != columns.connection_id,
                actions.c.contact_id != columns.contact_id,
            ),
        )
    )
    what = "numbers belong to notices of other customers"
    yield from _named("notices", what, db.scalars(strange.order_by(columns.number)))
