"""Decisions about all that a customer owes, most money first: the database sorts and counts them.

When limits change, a hold may wait for each of ten thousand customers. What each is about is the
sum of its open invoices, so the order is made of a ledger's sums, and only a page of it is read.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    and_,
    cast,
    func,
    literal,
    not_,
    or_,
    select,
)

from arsync.core.actions import ActionKind, ActionState
from arsync.core.ledger.money import minor_digits
from arsync.store.actions.waiting import keys_along
from arsync.store.db.bulk import one_of
from arsync.store.db.column_types import LOW, UNIT, sum_in_parts, whole_sum, whole_units
from arsync.store.db.database import Database
from arsync.store.db.tables import ACTION_WAITS, INVOICE_IS_OPEN, actions, invoices
from arsync.store.models import WaitingOutline

_BEYOND_ALL = 2**62
"""No sum of a ledger comes near to so many ten-thousandths of its parts."""


class HoldChoice(NamedTuple):
    """Which of them."""

    base: str
    """The currency of the books, in which their customers owe all."""
    kinds: Collection[ActionKind]
    besides: Collection[str] = ()
    """Contacts that are left out: they owe in another currency too."""
    only: Collection[str] | None = None
    """Contacts; None: all."""
    keys: Collection[str] | None = None
    """Actions; None: all."""
    up_to: int | None = None
    """In ten-thousandths."""
    until: datetime | None = None
    """Only what came no later."""
    reason: str = ""
    """How the reason begins for which they wait."""


class HoldPlace(NamedTuple):
    """One of them in the order."""

    key: str
    units: int
    """What its customer owes, rounded as the currency is, in ten-thousandths."""


class WaitingHolds:
    """Reads of decisions about all that a customer owes."""

    def __init__(self, database: Database) -> None:
        """Work on this database."""
        self._database = database

    def places(
        self,
        connection_id: int,
        choice: HoldChoice,
        rows_max: int,
        after: HoldPlace | None = None,
    ) -> list[HoldPlace]:
        """Return the next of them, most money first and then by key."""
        if not rows_max:
            return []
        debt = _debts(connection_id, choice.base)
        high, low = _parts(debt)
        with self._database.read() as db:
            query = (
                self._chosen(db, connection_id, choice, debt)
                .with_only_columns(actions.c.key, high, low)
                .order_by(high.desc(), low.desc(), actions.c.key)
                .limit(rows_max)
            )
            if after is not None:
                query = query.where(_beyond(debt, after))
            rows = db.execute(query).all()
        return [HoldPlace(key, whole_units(high, low)) for key, high, low in rows]

    def count(
        self, connection_id: int, choice: HoldChoice, up_to_place: HoldPlace | None = None
    ) -> int:
        """Return how many there are; with a place, how many stand there or before it."""
        debt = None
        if choice.up_to is not None or up_to_place is not None:
            debt = _debts(connection_id, choice.base)
        with self._database.read() as db:
            query = self._chosen(db, connection_id, choice, debt)
            if debt is not None and up_to_place is not None:
                query = query.where(not_(_beyond(debt, up_to_place)))
            return db.scalar(query.with_only_columns(func.count())) or 0

    def sum(self, connection_id: int, choice: HoldChoice) -> Decimal:
        """Return what their customers owe in the currency of the books, each counted once."""
        columns = invoices.c
        debt = _debts(connection_id, choice.base) if choice.up_to is not None else None
        with self._database.read() as db:
            debtors = self._chosen(db, connection_id, choice, debt).with_only_columns(
                actions.c.contact_id
            )
            query = select(*sum_in_parts(columns.amount_due)).where(
                *_open_in(connection_id, choice.base), columns.contact_id.in_(debtors)
            )
            return whole_sum(*db.execute(query).one())

    def outlines(
        self,
        connection_id: int,
        kinds: Collection[ActionKind],
        contact_ids: Sequence[str],
        until: datetime | None,
    ) -> list[WaitingOutline]:
        """Return those about some contacts one by one, for an order that is made elsewhere."""
        columns = actions.c
        choice = HoldChoice("", kinds, only=contact_ids)
        later = literal(value=False) if until is None else columns.created_at > until
        with self._database.read() as db:
            rows = db.execute(
                self._chosen(db, connection_id, choice).with_only_columns(
                    columns.key, columns.kind, columns.contact_id, columns.reason, later
                )
            ).all()
        waits = ActionState.AWAITING_APPROVAL
        return [
            WaitingOutline(key, ActionKind(kind), waits, contact_id, (), reason, is_later)
            for key, kind, contact_id, reason, is_later in rows
        ]

    def _chosen(
        self, db: Connection, connection_id: int, choice: HoldChoice, debt: Any = None
    ) -> Select[Any]:
        columns = actions.c
        query = (
            select(columns.key)
            .select_from(actions)
            .where(
                columns.connection_id == connection_id,
                ACTION_WAITS,
                columns.kind.in_([kind.value for kind in choice.kinds]),
                columns.key.not_in(keys_along(connection_id)),
            )
        )
        if choice.besides:
            query = query.where(not_(one_of(db, columns.contact_id, sorted(choice.besides))))
        if choice.only is not None:
            query = query.where(one_of(db, columns.contact_id, sorted(choice.only)))
        if choice.keys is not None:
            query = query.where(one_of(db, columns.key, sorted(choice.keys)))
        if choice.until is not None:
            query = query.where(columns.created_at <= choice.until)
        if choice.reason:
            query = query.where(columns.reason.startswith(choice.reason, autoescape=True))
        if debt is not None:
            query = query.join(debt, debt.c.contact_id == columns.contact_id, isouter=True)
            if choice.up_to is not None:
                query = query.where(_at_most(debt, choice.up_to))
        return query


def _open_in(connection_id: int, base: str) -> tuple[ColumnElement[bool], ...]:
    columns = invoices.c
    return (
        columns.connection_id == connection_id,
        INVOICE_IS_OPEN,
        columns.amount_due > 0,
        columns.currency == base,
    )


def _debts(connection_id: int, base: str) -> Any:
    """Return what each contact owes in the currency of the books, rounded half up as that is.

    In two parts, `high` of 10^9 ten-thousandths and `low` of less: a sum may exceed 64 bits.
    """
    columns = invoices.c
    high_sum, low_sum = (cast(added, BigInteger) for added in sum_in_parts(columns.amount_due))
    smallest = UNIT // 10 ** minor_digits(base)
    low = low_sum if smallest == 1 else (low_sum + smallest // 2) // smallest * smallest
    # By contact alone they come in the order of the index, and nothing is sorted.
    return (
        select(columns.contact_id, (high_sum + low // LOW).label("high"), (low % LOW).label("low"))
        .where(*_open_in(connection_id, base))
        .group_by(columns.contact_id)
        .subquery("debts")
    )


def _parts(debt: Any) -> tuple[ColumnElement[int], ColumnElement[int]]:
    return func.coalesce(debt.c.high, 0), func.coalesce(debt.c.low, 0)


def _at_most(debt: Any, units: int) -> ColumnElement[bool]:
    high, low = _parts(debt)
    most_high, most_low = divmod(max(-1, min(units, _BEYOND_ALL)), LOW)
    return or_(high < most_high, and_(high == most_high, low <= most_low))


def _beyond(debt: Any, place: HoldPlace) -> ColumnElement[bool]:
    """Return the condition that one comes after a place: less money, or as much and a later key."""
    high, low = _parts(debt)
    its_high, its_low = divmod(max(-1, min(place.units, _BEYOND_ALL)), LOW)
    same = and_(high == its_high, low == its_low)
    less = or_(high < its_high, and_(high == its_high, low < its_low))
    return or_(less, and_(same, actions.c.key > place.key))
