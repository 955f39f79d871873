"""What waits for people or for its moment, in short: enough for a list of thousands.

An action is read whole where one is shown; a list needs its names and its amounts alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct, field
from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_, select

from arsync.core.actions import STARTED_STATES, ActionKind, ActionState
from arsync.core.actions.registry import FOLLOWING_KINDS, KINDS, MESSAGE_KINDS
from arsync.store.db.bulk import one_of
from arsync.store.db.column_types import sum_in_parts, whole_sum
from arsync.store.db.database import Database
from arsync.store.db.tables import INVOICE_IS_OPEN, actions, contacts, invoices
from arsync.store.models import WaitingAction, WaitingInvoice

LEFT_MAX = 10
"""So many that left on a day are named; the others are counted."""

GONE_MAX = 50
"""So many that lost their reason are named."""

WAITING_MAX = 20_000
"""A list of what waits shows so many at most; a plan beyond that is over every safety limit."""


class OwedShare(NamedTuple):
    """What one contact owes in one currency at one rate."""

    contact_id: str
    currency: str
    rate: Decimal | None
    """None: none is known, or it is the currency of the books."""
    amount_due: Decimal
    first_due: date


class LastHeard(NamedTuple):
    """The latest message that a contact was sent."""

    kind: ActionKind
    step: str
    sent_on: date


class _Amount(Struct):
    decimal: str = field(name="$decimal")


class _Ref(Struct):
    id: str
    amount_due: _Amount | str
    number: str = ""
    currency: str = ""
    days_overdue: int = 0
    document_amount_due: _Amount | str | None = None


class _ShortPayload(Struct):
    task: str = ""
    letter: str = ""
    terms: str = ""
    to: str = ""


class _Short(Struct):
    """What a list needs of an action's JSON; earlier versions wrote these parts the same."""

    contact_name: str = ""
    step: str = ""
    invoices: tuple[_Ref, ...] = ()
    approvers: tuple[str, ...] = ()
    payload: _ShortPayload | None = None


# msgspec learns a type when it first meets it: here, before there are threads.
_SHORT = msgspec.json.Decoder(_Short)


class WaitingActions:
    """Reads of the outbox's table for lists of what waits."""

    def __init__(self, database: Database) -> None:
        """Work on this database."""
        self._database = database

    def rows(self, connection_id: int, states: Collection[ActionState]) -> Sequence[WaitingAction]:
        """Return the actions in these states in short, in the order in which they will be done."""
        query = self._query(connection_id, states)
        with self._database.read() as db:
            rows = db.execute(query).all()
        return [_waiting(row) for row in rows]

    def decisions(self, connection_id: int) -> int:
        """Return how many decisions wait for approval: a hold and its terms are one."""
        with self._database.read() as db:
            query = select(func.count()).where(
                actions.c.connection_id == connection_id, is_decision_that_waits()
            )
            return db.scalar(query) or 0

    def _query(self, connection_id: int, states: Collection[ActionState]) -> Select[Any]:
        columns = actions.c
        return (
            select(
                columns.key,
                columns.kind,
                columns.state,
                columns.contact_id,
                columns.episode,
                columns.action,
                columns.not_before,
                columns.reason,
                columns.by_person,
                columns.created_at,
            )
            .where(
                columns.connection_id == connection_id,
                columns.state.in_([state.value for state in states]),
            )
            .order_by(columns.position, columns.created_at, columns.key)
            .limit(WAITING_MAX)
        )

    def rates(self, connection_id: int, invoice_ids: Sequence[str]) -> dict[str, Decimal | None]:
        """Return the recorded rates of invoices, by their ids."""
        columns = invoices.c
        with self._database.read() as db:
            query = select(columns.id, columns.rate).where(
                columns.connection_id == connection_id, one_of(db, columns.id, list(invoice_ids))
            )
            return {row.id: row.rate for row in db.execute(query)}

    def dues(self, connection_id: int, invoice_ids: Sequence[str]) -> dict[str, Decimal]:
        """Return what is due on invoices by the copy as it is now, by their ids."""
        columns = invoices.c
        with self._database.read() as db:
            query = select(columns.id, columns.amount_due).where(
                columns.connection_id == connection_id,
                one_of(db, columns.id, list(invoice_ids)),
                INVOICE_IS_OPEN,
            )
            return {row.id: row.amount_due for row in db.execute(query)}

    def owed(self, connection_id: int, contact_ids: Sequence[str]) -> list[OwedShare]:
        """Return what these contacts owe by their open invoices."""
        columns = invoices.c
        by = (columns.contact_id, columns.currency, columns.rate)
        with self._database.read() as db:
            query = (
                select(*by, func.min(columns.due_on), *sum_in_parts(columns.amount_due))
                .where(
                    columns.connection_id == connection_id,
                    one_of(db, columns.contact_id, list(contact_ids)),
                    INVOICE_IS_OPEN,
                    columns.amount_due > 0,
                )
                .group_by(*by)
            )
            return [
                OwedShare(contact_id, currency, rate, whole_sum(high, low), first_due)
                for contact_id, currency, rate, first_due, high, low in db.execute(query)
            ]

    def names(self, connection_id: int, contact_ids: Sequence[str]) -> dict[str, str]:
        """Return the names of these contacts, by their ids."""
        columns = contacts.c
        with self._database.read() as db:
            query = select(columns.id, columns.name).where(
                columns.connection_id == connection_id, one_of(db, columns.id, list(contact_ids))
            )
            return {row.id: row.name for row in db.execute(query)}

    def gone(self, connection_id: int, since: datetime) -> Sequence[WaitingAction]:
        """Return what waited and lost its reason since a moment, the latest first."""
        columns = actions.c
        query = (
            self._query(connection_id, {ActionState.WITHDRAWN})
            .where(columns.changed_at >= since)
            .order_by(None)
            .order_by(columns.changed_at.desc(), columns.key)
            .limit(GONE_MAX)
        )
        with self._database.read() as db:
            rows = db.execute(query).all()
        return [_waiting(row) for row in rows]

    def left_on(self, connection_id: int, day: date) -> Sequence[WaitingAction]:
        """Return messages that left, or may have, on an organisation's day; some of them."""
        query = (
            self._query(connection_id, STARTED_STATES)
            .where(
                actions.c.sent_on == day, actions.c.kind.in_([kind.value for kind in MESSAGE_KINDS])
            )
            .limit(LEFT_MAX)
        )
        with self._database.read() as db:
            rows = db.execute(query).all()
        return [_waiting(row) for row in rows]

    def in_group(self, connection_id: int, group: str) -> frozenset[str]:
        """Return the contacts of one of the accounting system's groups."""
        return frozenset(
            contact_id for contact_id, groups in self._groups(connection_id) if group in groups
        )

    def groups(self, connection_id: int) -> list[str]:
        """Return the names of the accounting system's groups of contacts."""
        return sorted({group for _, groups in self._groups(connection_id) for group in groups})

    def _groups(self, connection_id: int) -> list[tuple[str, tuple[str, ...]]]:
        columns = contacts.c
        query = select(columns.id, columns.groups).where(
            columns.connection_id == connection_id, columns.groups != ()
        )
        with self._database.read() as db:
            return [(row.id, row.groups) for row in db.execute(query)]

    def last_heard(self, connection_id: int, contact_ids: Sequence[str]) -> dict[str, LastHeard]:
        """Return the latest message of each of these contacts that left."""
        columns = actions.c
        left_states = [ActionState.SENT.value, ActionState.CONFIRMED.value]
        with self._database.read() as db:
            query = (
                select(columns.contact_id, columns.kind, columns.action, columns.sent_on)
                .where(
                    columns.connection_id == connection_id,
                    one_of(db, columns.contact_id, list(contact_ids)),
                    columns.kind.in_([kind.value for kind in MESSAGE_KINDS]),
                    columns.state.in_(left_states),
                    columns.sent_on.is_not(None),
                )
                .order_by(columns.sent_on, columns.position)
            )
            return {
                row.contact_id: LastHeard(
                    ActionKind(row.kind), _SHORT.decode(row.action).step, row.sent_on
                )
                for row in db.execute(query)
            }


def is_decision_that_waits() -> ColumnElement[bool]:
    """Return the condition that an action waits for approval, and not along with another.

    It counts what `decided_together` lists.
    """
    waits, first = ActionState.AWAITING_APPROVAL.value, actions.alias()
    of_the_same = and_(
        first.c.connection_id == actions.c.connection_id,
        first.c.contact_id == actions.c.contact_id,
        first.c.episode == actions.c.episode,
        first.c.state == waits,
    )
    follows = [
        and_(
            actions.c.kind == kind.value,
            exists().where(of_the_same, first.c.kind == KINDS[kind].decided_with),
        )
        for kind in sorted(FOLLOWING_KINDS)
    ]
    return and_(actions.c.state == waits, not_(or_(*follows)))


def _waiting(row: Any) -> WaitingAction:
    short = _SHORT.decode(row.action)
    payload = short.payload or _ShortPayload()
    return WaitingAction(
        key=row.key,
        kind=ActionKind(row.kind),
        state=ActionState(row.state),
        contact_id=row.contact_id,
        contact_name=short.contact_name,
        episode=row.episode,
        title=short.step or payload.task or payload.letter or payload.terms,
        invoices=tuple(_invoice(ref) for ref in short.invoices),
        approvers=short.approvers,
        to=payload.to,
        not_before=row.not_before,
        reason=row.reason,
        created_at=row.created_at,
        by_person=row.by_person,
    )


def _invoice(ref: _Ref) -> WaitingInvoice:
    due = _amount(ref.amount_due)
    document = ref.document_amount_due
    return WaitingInvoice(
        ref.id,
        ref.number or ref.id,
        due,
        ref.currency,
        ref.days_overdue,
        due if document is None else _amount(document),
    )


def _amount(amount: _Amount | str) -> Decimal:
    return Decimal(amount.decimal if isinstance(amount, _Amount) else amount)
