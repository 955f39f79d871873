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
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    exists,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
)

from arsync.core.actions import STARTED_STATES, ActionKind, ActionState
from arsync.core.actions.registry import FOLLOWING_KINDS, KINDS, MESSAGE_KINDS
from arsync.store.db.bulk import one_of
from arsync.store.db.column_types import sum_in_parts, whole_sum
from arsync.store.db.database import Database
from arsync.store.db.tables import ACTION_WAITS, INVOICE_IS_OPEN, actions, contacts, invoices
from arsync.store.models import InvoiceInShort, WaitingAction, WaitingInvoice, WaitingOutline

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


class _OutlineRef(Struct):
    id: str
    amount_due: _Amount | str
    currency: str = ""


class _Outline(Struct):
    """What a place in a list needs of an action's JSON."""

    invoices: tuple[_OutlineRef, ...] = ()


# msgspec learns a type when it first meets it: here, before there are threads.
_SHORT = msgspec.json.Decoder(_Short)
_OUTLINE = msgspec.json.Decoder(_Outline)

# As the index of what waits says it.
_WAITS: ColumnElement[str] = literal_column(f"'{ActionState.AWAITING_APPROVAL.value}'")

# A look-up of each of thousands of rows takes a third of what making the member does.
_KINDS = {kind.value: kind for kind in ActionKind}
_STATES = {state.value: state for state in ActionState}


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

    def outlines(
        self,
        connection_id: int,
        kinds: Collection[ActionKind],
        *,
        until: datetime | None = None,
        on_their_way: bool = False,
    ) -> list[WaitingOutline]:
        """Return what waits as lists of thousands are sorted and added up by.

        Args:
            connection_id: whose.
            kinds: of these kinds.
            until: what came after this moment is later; None: nothing is.
            on_their_way: also what is approved and has not left.
        """
        columns = actions.c
        query = (
            select(
                columns.key,
                columns.kind,
                columns.state,
                columns.contact_id,
                columns.action,
                columns.reason,
                literal(value=False) if until is None else columns.created_at > until,
            )
            .where(
                columns.connection_id == connection_id,
                columns.kind.in_([kind.value for kind in kinds]),
            )
            .limit(WAITING_MAX)
        )
        # Not in the order of the position alone: SQLite would read all that waits for it.
        waiting = query.where(ACTION_WAITS).order_by(columns.position + 0, columns.key)
        approved = query.where(columns.state == ActionState.APPROVED.value).order_by(
            columns.position, columns.created_at, columns.key
        )
        with self._database.read() as db:
            rows = [*db.execute(waiting)]
            if on_their_way:
                rows += db.execute(approved)
        return [
            WaitingOutline(
                key, _KINDS[kind], _STATES[state], contact_id, _in_short(action), reason, is_later
            )
            for key, kind, state, contact_id, action, reason, is_later in rows
        ]

    def of_keys(self, connection_id: int, keys: Sequence[str]) -> dict[str, WaitingAction]:
        """Return actions in short, by their keys."""
        columns = actions.c
        # Beside the keys, SQLite would rather read all actions of the connection.
        mine = columns.connection_id + 0 == connection_id
        with self._database.read() as db:
            query = select(*_short_columns()).where(one_of(db, columns.key, list(keys)), mine)
            return {row.key: _waiting(row) for row in db.execute(query)}

    def decisions(self, connection_id: int) -> int:
        """Return how many decisions wait for approval: a hold and its terms are one."""
        with self._database.read() as db:
            return self._count(db, connection_id)

    def _count(self, db: Connection, connection_id: int, *fits: ColumnElement[bool]) -> int:
        waiting = select(func.count()).where(
            actions.c.connection_id == connection_id, ACTION_WAITS, *fits
        )
        along = waiting.where(actions.c.key.in_(keys_along(connection_id)))
        return db.scalar(select(waiting.scalar_subquery() - along.scalar_subquery())) or 0

    def along(self, connection_id: int, contact_ids: Sequence[str]) -> list[WaitingAction]:
        """Return what waits about these contacts of the kinds that go along with another."""
        columns = actions.c
        with self._database.read() as db:
            query = select(*_short_columns()).where(
                columns.connection_id == connection_id,
                one_of(db, columns.contact_id, list(contact_ids)),
                ACTION_WAITS,
                columns.kind.in_([kind.value for kind in FOLLOWING_KINDS]),
            )
            return [_waiting(row) for row in db.execute(query)]

    def lead_of(self, connection_id: int, row: WaitingAction) -> str | None:
        """Return the key of the decision with which an action goes along; None: with none."""
        columns = actions.c
        if row.kind not in FOLLOWING_KINDS:
            return None
        query = select(columns.key).where(
            columns.connection_id == connection_id,
            columns.contact_id == row.contact_id,
            columns.episode == row.episode,
            columns.kind == KINDS[row.kind].decided_with,
            ACTION_WAITS,
        )
        with self._database.read() as db:
            return db.scalar(query)

    def came_since(self, connection_id: int, since: datetime) -> int:
        """Return how many decisions wait that came from a moment on."""
        with self._database.read() as db:
            return self._count(db, connection_id, actions.c.created_at >= since)

    def reasons(self, connection_id: int, beginning: str) -> list[str]:
        """Return the different reasons with this beginning for which something waits."""
        columns = actions.c
        query = (
            select(columns.reason)
            .where(
                columns.connection_id == connection_id,
                ACTION_WAITS,
                columns.reason.startswith(beginning, autoescape=True),
            )
            .distinct()
        )
        with self._database.read() as db:
            return list(db.scalars(query))

    def first_moment(
        self, connection_id: int, state: ActionState, kinds: Collection[ActionKind]
    ) -> datetime | None:
        """Return the earliest moment before which actions are not to leave; None: none has one."""
        columns, waits = actions.c, ActionState.AWAITING_APPROVAL
        query = select(func.min(columns.not_before)).where(
            columns.connection_id == connection_id,
            ACTION_WAITS if state is waits else columns.state == state.value,
            columns.kind.in_([kind.value for kind in kinds]),
        )
        with self._database.read() as db:
            first: datetime | None = db.scalar(query)
        return first

    def _query(self, connection_id: int, states: Collection[ActionState]) -> Select[Any]:
        columns = actions.c
        return (
            select(*_short_columns())
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
    waits = actions.c.state == ActionState.AWAITING_APPROVAL.value
    return and_(waits, not_(_goes_along(actions)))


def _goes_along(follower: Any) -> ColumnElement[bool]:
    """Return the condition that what an action is decided with waits too."""
    lead = actions.alias()
    of_the_same = and_(
        lead.c.connection_id == follower.c.connection_id,
        lead.c.contact_id == follower.c.contact_id,
        lead.c.episode == follower.c.episode,
        lead.c.state == _WAITS,
    )
    follows = [
        and_(
            follower.c.kind == kind.value,
            exists().where(of_the_same, lead.c.kind == KINDS[kind].decided_with),
        )
        for kind in sorted(FOLLOWING_KINDS)
    ]
    return or_(*follows)


def keys_along(connection_id: int) -> Select[Any]:
    """Return the keys of what waits along with another, found once for a whole query.

    Asked of each action that waits, PostgreSQL would think it so dear that it compiles the query,
    which takes longer than to run it.
    """
    follower = actions.alias()
    return select(follower.c.key).where(
        follower.c.connection_id == connection_id,
        follower.c.state == _WAITS,
        follower.c.kind.in_([kind.value for kind in FOLLOWING_KINDS]),
        _goes_along(follower),
    )


def _short_columns() -> tuple[ColumnElement[Any], ...]:
    columns = actions.c
    return (
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


def _in_short(action: str) -> tuple[InvoiceInShort, ...]:
    refs = _OUTLINE.decode(action).invoices
    return tuple(InvoiceInShort(ref.id, ref.currency, _amount(ref.amount_due)) for ref in refs)


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
