"""The customers of a ledger as a list: the most overdue first or by name, some at a time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Float,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
    union,
    union_all,
)

from arsync.core.actions import STARTED_STATES, ActionKind, ActionState
from arsync.core.actions.registry import HOLD_KINDS, LIFTING_KINDS
from arsync.core.ledger.records import ContactStatus, DocumentStatus, PaymentStatus
from arsync.store.db.bulk import one_of
from arsync.store.db.tables import (
    CREDIT_IS_OPEN,
    INVOICE_IS_OPEN,
    PAYMENT_IS_OPEN,
    actions,
    contacts,
    credits_,
    disputes,
    invoices,
    payment_plans,
    payments,
    promised_invoices,
    promises,
)


class CustomersShown(StrEnum):
    """Which customers a list shows."""

    OWING = "owing"
    OVERDUE = "overdue"
    HELD = "held"
    AGREED = "agreed"
    """With a promise, a payment plan or a dispute that is open."""
    WAITING = "waiting"
    """About whom something waits for a person."""
    ALL = "all"


_BY_SUMS = frozenset({CustomersShown.OWING, CustomersShown.OVERDUE})


class ListedCustomer(NamedTuple):
    """One customer of the list."""

    contact_id: str
    name: str
    sort_name: str
    """As the database sorts by."""
    overdue_cents: int
    """Past its due date less unapplied cash, for the order alone: in hundredths of the currency of
    the books, at the rates of the documents."""


class After(NamedTuple):
    """The last customer of the portion before."""

    place: str
    """Its cents, or the name that it is sorted by."""
    contact_id: str


class ListOf(NamedTuple):
    """What is asked for."""

    shows: CustomersShown = CustomersShown.OWING
    begins: str = ""
    """Part of the name."""
    by_name: bool = False


def listed_customers(
    db: Connection,
    connection_id: int,
    wanted_list: ListOf,
    *,
    today: date,
    base: str,
    after: After | None = None,
    rows_max: int,
) -> list[ListedCustomer]:
    """Return the next customers of a list.

    Args:
        db: an open transaction.
        connection_id: whose.
        wanted_list: which, and in which order.
        today: the organisation's day.
        base: the currency of its books.
        after: the last one of the portion before.
        rows_max: so many.
    """
    sums = _sums(connection_id, today, base)
    columns = contacts.c
    # An unmatched payment pays what is overdue first, and is worth nothing beyond it.
    overdue = func.coalesce(case((sums.c.overdue > 0, sums.c.overdue), else_=0), 0)
    sort_name = func.lower(columns.name)
    query = (
        select(columns.id, columns.name, sort_name, overdue)
        .select_from(
            contacts.join(
                sums, sums.c.payer == columns.id, isouter=wanted_list.shows not in _BY_SUMS
            )
        )
        .where(columns.connection_id == connection_id, *_which(connection_id, wanted_list, sums))
        .limit(rows_max)
    )
    if wanted_list.begins:
        query = query.where(sort_name.contains(wanted_list.begins.lower(), autoescape=True))
    place: Any = sort_name if wanted_list.by_name else overdue
    if after is not None:
        last: Any = after.place if wanted_list.by_name else int(after.place)
        beyond = place > last if wanted_list.by_name else place < last
        query = query.where(or_(beyond, and_(place == last, columns.id > after.contact_id)))
    order = place if wanted_list.by_name else place.desc()
    rows = db.execute(query.order_by(order, columns.id))
    return [ListedCustomer(row[0], row[1], row[2], int(row[3])) for row in rows]


def ranked_customers(
    db: Connection,
    connection_id: int,
    contact_ids: Sequence[str],
    *,
    today: date,
    base: str,
    rows_max: int,
) -> list[str]:
    """Return some of these customers, the most overdue first."""
    sums = _sums(connection_id, today, base)
    query = (
        select(contacts.c.id)
        .select_from(contacts.outerjoin(sums, sums.c.payer == contacts.c.id))
        .where(contacts.c.connection_id == connection_id, one_of(db, contacts.c.id, contact_ids))
        .order_by(func.coalesce(sums.c.overdue, 0).desc(), contacts.c.id)
        .limit(rows_max)
    )
    return list(db.scalars(query))


def _sums(connection_id: int, today: date, base: str) -> Any:
    """Return what each payer owes and is late with, less unapplied cash: from the indexes alone."""
    pieces: list[Select[Any]] = []
    columns = invoices.c
    worth = _cents(columns.amount_due, columns, base)
    pieces.append(
        select(
            columns.contact_id.label("contact_id"),
            func.sum(worth).label("owed"),
            func.sum(case((columns.due_on < today, worth), else_=0)).label("overdue"),
        )
        .where(columns.connection_id == connection_id, INVOICE_IS_OPEN, columns.issued_on <= today)
        .group_by(columns.contact_id)
    )
    for table, is_open, status in (
        (credits_, CREDIT_IS_OPEN, DocumentStatus.OPEN),
        (payments, PAYMENT_IS_OPEN, PaymentStatus.ACTIVE),
    ):
        cash = -func.sum(_cents(table.c.unallocated, table.c, base))
        pieces.append(
            select(table.c.contact_id, cash, cash)
            .where(
                table.c.connection_id == connection_id,
                is_open,
                table.c.status == status.value,
            )
            .group_by(table.c.contact_id)
        )
    by_contact = union_all(*pieces).subquery()
    # Few have one: found by the index that holds nobody else.
    children = (
        select(contacts.c.id, contacts.c.parent_id)
        .where(
            contacts.c.connection_id == connection_id,
            contacts.c.parent_id != literal_column("''"),
            contacts.c.bill_to_parent,
        )
        .subquery()
    )
    # Without the cast SQLite does not know that it is a text, and makes no index to join by.
    payer = cast(func.coalesce(children.c.parent_id, by_contact.c.contact_id), Text)
    return (
        select(
            payer.label("payer"),
            func.sum(by_contact.c.owed).label("owed"),
            func.sum(by_contact.c.overdue).label("overdue"),
        )
        .select_from(by_contact.outerjoin(children, children.c.id == by_contact.c.contact_id))
        .group_by(payer)
        .cte("sums")
    )


def _cents(amount: ColumnElement[Any], columns: Any, base: str) -> ColumnElement[int]:
    """Return an amount in hundredths of the currency of the books, near enough for an order."""
    # Hundredths and not ten-thousandths: SQLite's sums end at 64 bits.
    cents = type_coerce(amount, BigInteger) // 100
    rate = func.coalesce(cast(type_coerce(columns.rate, Text), Float), 1.0)
    converted = cast(func.round(cast(cents, Float) * rate), BigInteger)
    return case((columns.currency == base, cents), else_=converted)


def _which(connection_id: int, wanted_list: ListOf, sums: Any) -> list[ColumnElement[bool]]:
    columns = contacts.c
    is_active = columns.status == ContactStatus.ACTIVE.value
    chosen: dict[CustomersShown, list[ColumnElement[bool]]] = {
        # Whoever owes is shown, though the platform may have archived it.
        CustomersShown.OWING: [sums.c.owed > 0],
        CustomersShown.OVERDUE: [sums.c.overdue > 0],
        CustomersShown.HELD: [columns.id.in_(_held(connection_id))],
        CustomersShown.AGREED: [columns.id.in_(_agreed(connection_id))],
        CustomersShown.WAITING: [columns.id.in_(_waiting(connection_id))],
        CustomersShown.ALL: [is_active],
    }
    return chosen[wanted_list.shows]


def _held(connection_id: int) -> Select[Any]:
    """Return who was put on hold by an action after which none lifted it."""
    held, lifted = actions.alias(), actions.alias()
    started = [state.value for state in STARTED_STATES]
    lifting = (
        select(literal_column("1"))
        .where(
            lifted.c.connection_id == connection_id,
            lifted.c.contact_id == held.c.contact_id,
            lifted.c.kind.in_([*_kinds(LIFTING_KINDS), ActionKind.UNDO.value]),
            lifted.c.state.in_(started),
            lifted.c.first_sent_at >= held.c.first_sent_at,
        )
        .exists()
    )
    return select(held.c.contact_id).where(
        held.c.connection_id == connection_id,
        held.c.kind.in_(_kinds(HOLD_KINDS)),
        held.c.state.in_(started),
        ~lifting,
    )


def _kinds(kinds: Collection[ActionKind]) -> list[str]:
    return sorted(kind.value for kind in kinds)


def _agreed(connection_id: int) -> Any:
    """Return who has a promise, a payment plan or a dispute that is not over."""
    columns = invoices.c
    promised = (
        select(promised_invoices.c.invoice_id)
        .join(promises, promises.c.id == promised_invoices.c.promise_id)
        .where(
            promised_invoices.c.connection_id == connection_id,
            ~promises.c.replaced,
            or_(promises.c.kept.is_(None), ~promises.c.kept),
        )
    )
    disputed = select(disputes.c.invoice_id).where(
        disputes.c.connection_id == connection_id, disputes.c.settled_on.is_(None)
    )
    here = and_(columns.connection_id == connection_id, INVOICE_IS_OPEN)
    return union(
        select(columns.contact_id).where(here, columns.id.in_(promised)),
        select(columns.contact_id).where(here, columns.id.in_(disputed)),
        select(columns.contact_id).where(here, columns.disputed_on.is_not(None)),
        select(payment_plans.c.contact_id).where(
            payment_plans.c.connection_id == connection_id, payment_plans.c.cancelled_on.is_(None)
        ),
    )


def _waiting(connection_id: int) -> Select[Any]:
    columns = actions.c
    task = and_(
        columns.kind == ActionKind.TASK.value,
        columns.state.in_([ActionState.SENT.value, ActionState.CONFIRMED.value]),
        columns.done_at.is_(None),
    )
    return select(columns.contact_id).where(
        columns.connection_id == connection_id,
        or_(columns.state == ActionState.AWAITING_APPROVAL.value, task),
    )
