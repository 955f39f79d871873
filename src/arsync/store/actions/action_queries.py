"""Reading actions: lists, counts, histories. Changes nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    func,
    not_,
    or_,
    select,
)

from arsync.core.actions import STARTED_STATES, ActionKind, ActionState, Via
from arsync.core.actions.registry import LETTER_KINDS
from arsync.core.ledger.records import CLOSED_BY_ITSELF
from arsync.errors import UserMistake
from arsync.store.actions.action_rows import action_row, events_of, rows_of, waiting_keys
from arsync.store.actions.serialisation import decode_action, via_in_json
from arsync.store.db.bulk import one_of
from arsync.store.db.database import Database
from arsync.store.db.tables import action_events, actions
from arsync.store.models import ActionRow, EventRow, Later

ROWS_AT_ONCE = 500
"""How many actions are read together when all of them are gone through."""
REFUSED_MAX = 1_000
"""So many refusals of one ledger are looked at together; the rest once these are settled."""
KEY_PREFIX_CHARACTERS_MIN = 4
"""Fewer characters of a key are a typing mistake, not a choice."""

NOT_BEFORE_MAX = timedelta(days=62)
"""No action is put off for longer: a moment beyond it was written while a clock was ahead."""

OPENED_STATES = frozenset({ActionState.SENT, ActionState.CONFIRMED, ActionState.UNKNOWN})
"""The states of a task that was opened."""


class TaskSpan(NamedTuple):
    """From when to when a task stood."""

    opened_at: datetime
    ended_on: date | None
    """The organisation's day; None: it is open."""
    by_itself: bool


class ActionQueries:
    """Queries on the outbox's table."""

    def __init__(self, database: Database) -> None:
        """Work on this database."""
        self._database = database

    def list(
        self,
        connection_id: int | None = None,
        *,
        states: Collection[ActionState] | None = None,
        kinds: Collection[ActionKind] | None = None,
        contact_id: str | None = None,
        rows_max: int = 10_000,
    ) -> Sequence[ActionRow]:
        """Return actions, in the order they will be done."""
        by_column: dict[str, Any] = {
            "connection_id": connection_id,
            "state": None if states is None else [state.value for state in states],
            "kind": None if kinds is None else [kind.value for kind in kinds],
            "contact_id": contact_id,
        }
        filters = {name: value for name, value in by_column.items() if value is not None}
        query = _actions_with(tuple(filters))
        with self._database.read() as db:
            return [action_row(row) for row in db.execute(query, {**filters, "rows_max": rows_max})]

    def page(
        self,
        connection_id: int,
        *,
        states: Collection[ActionState] = (),
        kinds: Collection[ActionKind] = (),
        contact_id: str = "",
        after: ActionRow | None = None,
        rows_max: int,
    ) -> Sequence[ActionRow]:
        """Return the next actions after one, the newest first; empty filters leave a matter open.

        What is created meanwhile comes before the first page, and moves no other.
        """
        columns = actions.c
        query = (
            select(actions)
            .where(columns.connection_id == connection_id)
            .order_by(columns.created_at.desc(), columns.key)
            .limit(rows_max)
        )
        if states:
            query = query.where(columns.state.in_([state.value for state in states]))
        if kinds:
            query = query.where(columns.kind.in_([kind.value for kind in kinds]))
        if contact_id:
            query = query.where(columns.contact_id == contact_id)
        if after is not None:
            same = and_(columns.created_at == after.created_at, columns.key > after.key)
            query = query.where(or_(columns.created_at < after.created_at, same))
        with self._database.read() as db:
            return [action_row(row) for row in db.execute(query)]

    def get(self, key_or_prefix: str) -> ActionRow:
        """Return one action by its key, or by enough of its beginning.

        Raises:
            UserMistake: none has it, or several have.
        """
        # People copy a key from a note at the platform, with the marker around it.
        prefix = key_or_prefix.strip().lower().removeprefix("[arsync:").removesuffix("]")
        if not re.fullmatch(rf"[0-9a-f]{{{KEY_PREFIX_CHARACTERS_MIN},32}}", prefix):
            raise UserMistake(
                f"{key_or_prefix!r} is not a key: give at least {KEY_PREFIX_CHARACTERS_MIN} of its "
                "characters, 0-9 and a-f. `arsync actions` lists them."
            )
        # As a range and not by LIKE, for which SQLite would read every key; "g" follows all digits.
        key = actions.c.key
        query = select(actions).where(key >= prefix, key < f"{prefix}g").limit(2)
        with self._database.read() as db:
            rows = db.execute(query).all()
        if len(rows) == 1:
            return action_row(rows[0])
        several = "several actions' keys begin" if rows else "no action's key begins"
        raise UserMistake(f"{several} with {prefix!r}. `arsync actions` lists them.")

    def every_key(self, connection_id: int) -> Sequence[str]:
        """Return the keys of all actions of a connection, the oldest first."""
        columns = actions.c
        query = (
            select(columns.key)
            .where(columns.connection_id == connection_id)
            .order_by(columns.created_at, columns.key)
        )
        with self._database.read() as db:
            return list(db.scalars(query))

    def rows(self, keys: Iterable[str]) -> Iterator[ActionRow]:
        """Yield actions in the order of their keys here, some hundred at a time."""
        for row, _ in self._some(keys, with_events=False):
            yield row

    def with_events(self, keys: Iterable[str]) -> Iterator[tuple[ActionRow, Sequence[EventRow]]]:
        """Yield actions with their events, in the order of their keys here."""
        return self._some(keys, with_events=True)

    def _some(
        self, keys: Iterable[str], *, with_events: bool
    ) -> Iterator[tuple[ActionRow, Sequence[EventRow]]]:
        remaining = iter(keys)
        while some := list(islice(remaining, ROWS_AT_ONCE)):
            # A transaction for each portion: the caller may take minutes over one, and as long as a
            # reader is open, SQLite cannot shorten its journal.
            with self._database.read() as db:
                rows = rows_of(db, some)
                events = events_of(db, some) if with_events else {}
            for key in some:
                if key in rows:
                    yield rows[key], events.get(key, ())

    def events(self, key: str) -> Sequence[EventRow]:
        """Return the action's history, oldest first."""
        with self._database.read() as db:
            return events_of(db, [key]).get(key, [])

    def counts(self, connection_id: int | None = None) -> dict[ActionState, int]:
        """Return how many actions are in each state."""
        query = select(actions.c.state, func.count()).group_by(actions.c.state)
        if connection_id is not None:
            query = query.where(actions.c.connection_id == connection_id)
        with self._database.read() as db:
            return {ActionState(row[0]): row[1] for row in db.execute(query)}

    def later(self, connection_id: int, now: datetime) -> Later | None:
        """Return how many approved actions may not leave yet, and when the first may, if any."""
        of = {"of_connection": connection_id, "now": now, "too_late": now + NOT_BEFORE_MAX}
        with self._database.read() as db:
            count, first = db.execute(_LATER, of).one()
        return Later(count, first) if count else None

    def refused(self, connection_id: int) -> Sequence[ActionRow]:
        """Return the actions that wait after a refusal, or were refused with one, that can heal.

        In the order in which they will be done.
        """
        with self._database.read() as db:
            rows = db.execute(_REFUSED, {"of_connection": connection_id})
            return [action_row(row) for row in rows]

    def not_ended(self, connection_id: int, contact_ids: Sequence[str]) -> Sequence[ActionRow]:
        """Return what waits or leaves next about some customers, and their open tasks."""
        columns = actions.c
        task_is_open = and_(
            columns.kind == ActionKind.TASK.value,
            columns.state.in_([state.value for state in OPENED_STATES]),
            columns.done_at.is_(None),
        )
        coming = columns.state.in_(
            [ActionState.AWAITING_APPROVAL.value, ActionState.APPROVED.value]
        )
        with self._database.read() as db:
            query = (
                select(actions)
                .where(
                    columns.connection_id == connection_id,
                    one_of(db, columns.contact_id, contact_ids),
                    or_(coming, task_is_open),
                )
                .order_by(columns.position, columns.created_at, columns.key)
                .limit(REFUSED_MAX)
            )
            rows = [action_row(row) for row in db.execute(query)]
        return [row for row in rows if row.state not in OPENED_STATES or is_open(row)]

    def waiting_keys(self, connection_id: int, states: Collection[ActionState]) -> Sequence[str]:
        """Return the keys of planned actions in one of the states, in the order of sending."""
        with self._database.read() as db:
            return waiting_keys(db, connection_id, states)

    def open_tasks(self, connection_id: int | None = None) -> Sequence[ActionRow]:
        """Return the tasks that were opened and are not done, the oldest first."""
        columns = actions.c
        query = select(actions).where(
            columns.kind == ActionKind.TASK.value,
            columns.state.in_([state.value for state in OPENED_STATES]),
            columns.done_at.is_(None),
        )
        if connection_id is not None:
            query = query.where(columns.connection_id == connection_id)
        with self._database.read() as db:
            ordered = query.order_by(columns.created_at, columns.position, columns.key)
            return [row for row in map(action_row, db.execute(ordered)) if is_open(row)]

    def task_lives(self, connection_id: int) -> Iterator[TaskSpan]:
        """Yield from when to when each task stood that was ever opened, the oldest first."""
        columns = actions.c
        query = (
            select(columns.created_at, columns.done_on, columns.done_at, columns.outcome_code)
            .where(
                columns.connection_id == connection_id,
                columns.kind == ActionKind.TASK.value,
                columns.state.in_([state.value for state in OPENED_STATES]),
            )
            .order_by(columns.created_at, columns.key)
        )
        with self._database.read() as db:
            rows = db.execute(query).all()
        for row in rows:
            ended_on = row.done_on or (row.done_at.date() if row.done_at else None)
            yield TaskSpan(row.created_at, ended_on, row.outcome_code == CLOSED_BY_ITSELF)

    def count_open_tasks(self, connection_id: int) -> int:
        """Return how many tasks were opened and are not done."""
        columns = actions.c
        query = (
            select(func.count())
            .select_from(actions)
            .where(
                columns.connection_id == connection_id,
                columns.kind == ActionKind.TASK.value,
                columns.state.in_([state.value for state in OPENED_STATES]),
                columns.done_at.is_(None),
            )
        )
        with self._database.read() as db:
            return int(db.scalar(query) or 0)

    def tasks_done(self, connection_id: int, since: datetime, rows_max: int) -> Sequence[ActionRow]:
        """Return the tasks that people ended or tried since a moment, the latest first."""
        columns = actions.c
        query = (
            select(actions)
            .where(
                columns.connection_id == connection_id,
                columns.kind == ActionKind.TASK.value,
                columns.outcome != "",
                columns.outcome_code != CLOSED_BY_ITSELF,
                columns.changed_at >= since,
            )
            .order_by(columns.changed_at.desc(), columns.key)
            .limit(rows_max)
        )
        with self._database.read() as db:
            return [action_row(row) for row in db.execute(query)]

    def not_notified(self, connection_id: int) -> Sequence[ActionRow]:
        """Return actions that are sent or unknown and of which the owner was not notified yet."""
        with self._database.read() as db:
            rows = db.execute(_NOT_NOTIFIED, {"of_connection": connection_id})
            return [action_row(row) for row in rows]

    def done_between(
        self, connection_id: int, since: datetime, until: datetime | None
    ) -> Sequence[ActionRow]:
        """Return the actions that were carried out between two moments, in their order.

        One connection's runs never overlap, so a run's beginning and end show what it did.
        """
        happened = action_events.c
        done = [ActionState.SENT.value, ActionState.UNKNOWN.value]
        keys = select(happened.key).where(
            happened.from_state == ActionState.SENDING.value,
            happened.to_state.in_(done),
            happened.at >= since,
        )
        if until is not None:
            keys = keys.where(happened.at <= until)
        columns = actions.c
        query = (
            select(actions)
            .where(columns.connection_id == connection_id, columns.key.in_(keys))
            .order_by(columns.position, columns.created_at, columns.key)
        )
        with self._database.read() as db:
            return [action_row(row) for row in db.execute(query)]

    def done_since(
        self, connection_id: int, kinds: Collection[ActionKind], since: date
    ) -> Sequence[ActionRow]:
        """Return the actions of some kinds that were started on a day or later, oldest first."""
        columns = actions.c
        query = (
            select(actions)
            .where(
                columns.connection_id == connection_id,
                columns.kind.in_(sorted(kind.value for kind in kinds)),
                columns.sent_on >= since,
            )
            .order_by(columns.sent_on, columns.position, columns.key)
        )
        with self._database.read() as db:
            return [action_row(row) for row in db.execute(query)]

    def sent_count(
        self,
        connection_id: int,
        kinds: Collection[ActionKind],
        on: date,
        via: str | None = None,
    ) -> int:
        """Return how many of some kinds were started on the day; None: in any way."""
        of = {"of_connection": connection_id, "kinds": [kind.value for kind in kinds], "on": on}
        with self._database.read() as db:
            return db.scalar(_sent_count(via), of) or 0

    def saved(
        self, connection_id: int, contact_id: str, kind: ActionKind, episode: int
    ) -> Mapping[str, str]:
        """Return what was there before a hold or a change of terms, for undoing it."""
        columns = actions.c
        query = select(columns.before).where(
            columns.connection_id == connection_id,
            columns.contact_id == contact_id,
            columns.kind == kind.value,
            columns.episode == episode,
            columns.state.in_([state.value for state in STARTED_STATES]),
        )
        with self._database.read() as db:
            return db.scalar(query) or {}

    def last_note(self, connection_id: int, contact_id: str, kind: ActionKind, episode: int) -> str:
        """Return the note of the latest action of a kind that was started; empty without one."""
        columns = actions.c
        query = (
            select(columns.action)
            .where(
                columns.connection_id == connection_id,
                columns.contact_id == contact_id,
                columns.kind == kind.value,
                columns.episode == episode,
                columns.state.in_([state.value for state in STARTED_STATES]),
            )
            .order_by(columns.first_sent_at.desc(), columns.position.desc())
            .limit(1)
        )
        with self._database.read() as db:
            text = db.scalar(query)
            return decode_action(text).note if text is not None else ""


# Statements that every run needs are made once: making one takes longer than running it.
_IN_ORDER = (actions.c.position, actions.c.created_at, actions.c.key)


@cache
def _actions_with(names: tuple[str, ...]) -> Select[Any]:
    """Return the query for actions of which these columns are as given."""
    conditions = []
    for name in names:
        is_one_of = name in {"state", "kind"}
        value: BindParameter[Any] = bindparam(name, expanding=is_one_of)
        column = actions.c[name]
        conditions.append(column.in_(value) if is_one_of else column == value)
    rows_max = bindparam("rows_max", type_=Integer)
    return select(actions).where(*conditions).order_by(*_IN_ORDER).limit(rows_max)


_LATER = select(
    func.count(), func.min(actions.c.not_before, type_=actions.c.not_before.type)
).where(
    actions.c.connection_id == bindparam("of_connection"),
    actions.c.state == ActionState.APPROVED.value,
    actions.c.not_before > bindparam("now"),
    actions.c.not_before <= bindparam("too_late"),
)
_REFUSED = (
    select(actions)
    .where(
        actions.c.connection_id == bindparam("of_connection"),
        actions.c.state.in_([ActionState.APPROVED.value, ActionState.REJECTED.value]),
        actions.c.heals_when != "",
    )
    .order_by(*_IN_ORDER)
    .limit(REFUSED_MAX)
)
_NOT_NOTIFIED = (
    select(actions)
    .where(
        actions.c.connection_id == bindparam("of_connection"),
        actions.c.state.in_([ActionState.SENT.value, ActionState.UNKNOWN.value]),
        actions.c.told_at.is_(None),
    )
    .order_by(*_IN_ORDER)
)


@cache
def _sent_count(via: str | None) -> Select[Any]:
    """Return the query for how many of some kinds were started on a day, in a way or in any."""
    columns = actions.c
    query = select(func.count()).where(
        columns.connection_id == bindparam("of_connection"),
        columns.kind.in_(bindparam("kinds", expanding=True)),
        columns.sent_on == bindparam("on"),
        # With those of unknown outcome: an email that may have left counts against the limit.
        columns.state.in_([state.value for state in STARTED_STATES]),
    )
    return query if via is None else query.where(leaves_by(via))


def is_open(row: ActionRow) -> bool:
    """Return whether a task was opened, even if its note no longer shows at the platform."""
    return row.state in OPENED_STATES and (
        row.state is not ActionState.UNKNOWN or bool(row.receipt)
    )


def is_message_by(via: str) -> ColumnElement[bool]:
    """Return the condition that an action is a message that leaves in this way."""
    # By the platform leaves its own email alone: a letter of an earlier version is only attached.
    kinds = {ActionKind.REMINDER} if via == Via.PLATFORM else LETTER_KINDS
    return and_(actions.c.kind.in_([kind.value for kind in kinds]), leaves_by(via))


def leaves_by(via: str) -> ColumnElement[bool]:
    """Return the condition that a message leaves in this way."""
    this_way = actions.c.action.contains(via_in_json(via), autoescape=True)
    if via != Via.PLATFORM:
        return this_way
    # The first version wrote no way where it was the platform's.
    return or_(this_way, not_(actions.c.action.contains(via_in_json(), autoescape=True)))
