"""Claiming actions: which one is next, and what becomes of a claim whose process died."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    Update,
    bindparam,
    case,
    not_,
    or_,
    select,
    update,
)

from arsync.connector_sdk import Receipt
from arsync.core.actions import Action, ActionKind, ActionState
from arsync.errors import LockLost, Overtaken
from arsync.store.actions.action_queries import NOT_BEFORE_MAX, is_message_by
from arsync.store.actions.action_rows import (
    StateChange,
    action_row,
    add_events,
    content,
    locked_row,
    move,
    moved_row,
    not_allowed,
    outcome_columns,
    tried_again,
    try_move,
)
from arsync.store.actions.message_addresses import keep_addresses
from arsync.store.db.database import Database
from arsync.store.db.tables import action_events, actions, connections
from arsync.store.models import ActionRow, Mode, Refusal

LEASE_SECONDS_MAX = 3_600
"""An attempt that lasts longer than an hour is not going on any more."""

_LATE_ACTIONS = actions.alias("late")

_LATE = "no outcome within the lease: it must be looked up"
_ARSYNC = "arsync"


class ActionClaims:
    """Takes actions from the outbox's table, each for one process, and keeps what came of them."""

    def __init__(self, database: Database) -> None:
        """Work on this database."""
        self._database = database

    def claim_next(
        self,
        connection_id: int,
        *,
        now: datetime,
        lease_seconds: int,
        kinds: Collection[ActionKind] | None = None,
        closed_ways: Collection[str] = (),
        keys: Collection[str] | None = None,
        today: date | None = None,
        mode: Mode | None = None,
    ) -> ActionRow | None:
        """Take the next approved action whose time has come: `approved -> sending`, with a lease.

        Two processes never get the same one. Leases that ran out become `unknown` first. A
        connection that observes has none to take.

        Args:
            connection_id: of this connection alone.
            now: the moment.
            lease_seconds: after this long without an outcome it counts as unknown.
            kinds: only these; None for all.
            closed_ways: messages that leave in one of these ways are passed over.
            keys: only these; None for all.
            today: the organisation's day, when it is not simply `now` in its time zone.
            mode: only while the connection is in this mode; None: in any but `observe`.
        """
        assert 0 < lease_seconds <= LEASE_SECONDS_MAX, "a lease has an end"
        query = _next_approved(
            tuple(sorted(closed_ways)),
            of_mode=mode is not None,
            of_kinds=kinds is not None,
            of_keys=keys is not None,
        )
        parameters = {
            "of_connection": connection_id,
            "mode": Mode.OBSERVE.value if mode is None else mode.value,
            "now": now,
            "too_late": now + NOT_BEFORE_MAX,
            "too_long": _too_long(now),
            "kinds": [kind.value for kind in kinds or ()],
            "keys": list(keys or ()),
        }
        # Flushed to disk before anything is sent: a forgotten claim would be sent twice.
        with self._database.write() as db:
            row = db.execute(query, parameters).one_or_none()
            if row is None or row.is_late:
                _end_leases(db, connection_id, now=now, all_of_them=False)
            if row is None:
                return None
            claim = {
                "attempts": row.attempts + 1,
                # The first moment stays, for a contact's history is ordered by it; the day is the
                # latest attempt's, for the day's limits count what leaves on it.
                "first_sent_at": row.first_sent_at or now,
                "sent_on": today or _today(db, connection_id, now),
                "lease_until": now + timedelta(seconds=lease_seconds),
            }
            change = StateChange(
                ActionState.APPROVED, ActionState.SENDING, _ARSYNC, "its turn", now
            )
            move(db, row.key, change, **claim)
            return moved_row(action_row(row), change, **claim)

    def end_leases(self, connection_id: int, *, now: datetime, all_of_them: bool = False) -> int:
        """Turn `sending` whose lease ran out into `unknown`, and return how many.

        `all_of_them` is for a process that holds the run lock: whoever claimed them is dead.
        """
        with self._database.write() as db:
            return _end_leases(db, connection_id, now=now, all_of_them=all_of_them)

    def advance(
        self,
        row: ActionRow,
        change: StateChange,
        *,
        receipt: Receipt | None = None,
        not_before: datetime | None = None,
        refusal: Refusal | None = None,
    ) -> None:
        """Change the state of an action that the caller has in hand, as `change` does.

        It happens only while the action is in the row's state, at the same attempt. Nothing is
        read first: an outbox that sends a thousand messages asks a thousand times.

        Raises:
            UserMistake: it is in another state now, or at a later attempt.
        """
        values = outcome_columns(receipt, not_before, refusal)
        with self._database.write() as db:
            if not try_move(db, row.key, change, values, attempt=row.attempts):
                present = locked_row(db, row.key)
                if present.state != row.state:
                    raise not_allowed(row.key, present.state, change.to_state)
                raise tried_again(row.key)

    def begin_attempt(
        self,
        row: ActionRow,
        mode: Mode,
        before: Mapping[str, str],
        *,
        renews: bool = False,
        reaches: Collection[str] = (),
    ) -> None:
        """Begin the attempt for which an action was claimed, right before something leaves.

        What `prepare` found is kept; only the first call counts: undoing needs the origin.

        Args:
            row: the claimed action.
            mode: the connection's, as the run began.
            before: what is kept.
            renews: of a message, by what it is found again: of each attempt the latest.
            reaches: of a message, the addresses that it goes to, as they are compared.

        Raises:
            LockLost: another process has taken the action up.
            Overtaken: the connection's mode was changed.
        """
        parameters = {
            "of_key": row.key,
            "old_state": row.state.value,
            "of_attempt": row.attempts,
            "same_mode": mode.value,
            "prepared": dict(before),
        }
        with self._database.write() as db:
            if not db.execute(_beginning(renews=renews), parameters).rowcount:
                raise _why_not_ours(db, row, mode)
            keep_addresses(db, row.connection_id, row.key, reaches)

    def revise(self, key: str, action: Action) -> None:
        """Keep what will really be said and listed, in place of what was planned."""
        assert action.key == key, "the same intent in newer words"
        values = content(action)
        # When it may leave follows from the attempts so far, not from its words.
        del values["not_before"]
        with self._database.write() as db:
            db.execute(update(actions).where(actions.c.key == key).values(values))

    def record_lookup(self, key: str, *, who: str, why: str, now: datetime) -> None:
        """Keep what an inconclusive look-up said, as an event that changes no state.

        The same words twice are kept once: an unknown outcome is looked up with every run.
        """
        with self._database.write() as db:
            state = ActionState(locked_row(db, key).state)
            columns = action_events.c
            query = (
                select(columns.why).where(columns.key == key).order_by(columns.id.desc()).limit(1)
            )
            if db.scalar(query) != why:
                add_events(db, [(key, now, who, state, state, why)])

    def raise_generation(self, key: str) -> int:
        """Raise and return the generation, after `find` showed that nothing was written."""
        with self._database.write() as db:
            generation: int = locked_row(db, key).generation + 1
            db.execute(update(actions).where(actions.c.key == key).values(generation=generation))
            return generation


# Statements that each message needs are made once: making one takes longer than running it.
@cache
def _beginning(*, renews: bool) -> Update:
    """Return the statement that begins an attempt, with what is kept: one for each message."""
    columns = actions.c
    same_mode = (
        select(connections.c.id)
        .where(
            connections.c.id == columns.connection_id,
            connections.c.mode == bindparam("same_mode"),
            connections.c.stopped_at.is_(None),
        )
        .exists()
    )
    prepared: BindParameter[Any] = bindparam("prepared", type_=columns.before.type)
    return (
        update(actions)
        .where(
            columns.key == bindparam("of_key"),
            columns.state == bindparam("old_state"),
            columns.attempts == bindparam("of_attempt"),
            same_mode,
        )
        .values(
            before=prepared
            if renews
            else case((columns.before.is_(None), prepared), else_=columns.before)
        )
    )


def _why_not_ours(db: Connection, row: ActionRow, mode: Mode) -> LockLost | Overtaken:
    present = locked_row(db, row.key)
    if (present.state, present.attempts) != (row.state.value, row.attempts):
        return LockLost(f"another run has taken up action {row.key[:12]}: this run ends.")
    columns = connections.c
    query = select(columns.mode, columns.stopped_by).where(columns.id == row.connection_id)
    its_mode, stopped_by = db.execute(query).one()
    if its_mode == mode.value:
        return Overtaken(f"{stopped_by} stopped the connection during the run")
    return Overtaken(mode_changed(mode, Mode(its_mode)))


def mode_changed(old: Mode, new: Mode) -> str:
    """Return that a mode was changed, in words."""
    return f"the mode was changed from {old} to {new} during the run"


@cache
def _next_approved(
    closed_ways: tuple[str, ...], *, of_mode: bool, of_kinds: bool, of_keys: bool
) -> Select[Any]:
    """Return the query for the row whose turn it is, and whether any lease has run out."""
    columns, late = actions.c, _LATE_ACTIONS.c
    its_mode, mode = connections.c.mode, _given("mode")
    connection_id, now = _given("of_connection"), _given("now")
    # Asked in the same statement: a claim that finds no late action, as nearly all, is one read.
    is_late = select(late.key).where(
        late.connection_id == connection_id,
        late.state == ActionState.SENDING.value,
        _has_run_out(late.lease_until),
    )
    query = (
        select(actions, is_late.exists().label("is_late"))
        .where(
            columns.connection_id == connection_id,
            columns.state == ActionState.APPROVED.value,
            or_(
                columns.not_before.is_(None),
                columns.not_before <= now,
                # Written while a clock was years ahead: looked at now, and put off anew if need be.
                columns.not_before > _given("too_late"),
            ),
            # Set to another mode while messages leave: the next one stays.
            select(connections.c.id)
            .where(
                connections.c.id == connection_id,
                connections.c.stopped_at.is_(None),
                its_mode == mode if of_mode else its_mode != mode,
            )
            .exists(),
        )
        .order_by(columns.position, columns.created_at, columns.key)
        .limit(1)
        # PostgreSQL passes over what others are just taking; SQLite has one writer at a time.
        .with_for_update(skip_locked=True, of=actions)
    )
    if of_kinds:
        query = query.where(columns.kind.in_(bindparam("kinds", expanding=True)))
    for via in closed_ways:
        query = query.where(not_(is_message_by(via)))
    if of_keys:
        query = query.where(columns.key.in_(bindparam("keys", expanding=True)))
    return query


def _given(name: str) -> BindParameter[Any]:
    return bindparam(name)


def _has_run_out(lease_until: ColumnElement[Any]) -> ColumnElement[bool]:
    return or_(lease_until < _given("now"), lease_until > _given("too_long"))


def _too_long(now: datetime) -> datetime:
    # No lease is that long: it was given while a clock was ahead.
    return now + timedelta(seconds=LEASE_SECONDS_MAX)


def _end_leases(db: Connection, connection_id: int, *, now: datetime, all_of_them: bool) -> int:
    parameters = {"of_connection": connection_id, "now": now, "too_long": _too_long(now)}
    keys = db.scalars(_sending(all_of_them=all_of_them), parameters).all()
    for key in keys:
        move(db, key, StateChange(ActionState.SENDING, ActionState.UNKNOWN, _ARSYNC, _LATE, now))
    return len(keys)


@cache
def _sending(*, all_of_them: bool) -> Select[Any]:
    """Return the query for the keys of what was claimed."""
    columns = actions.c
    query = select(columns.key).where(
        columns.connection_id == bindparam("of_connection"),
        columns.state == ActionState.SENDING.value,
    )
    if not all_of_them:
        query = query.where(_has_run_out(columns.lease_until))
    # A row that is locked is just being settled by its own process.
    return query.with_for_update(skip_locked=True)


def _today(db: Connection, connection_id: int, now: datetime) -> date:
    zone = db.scalar(select(connections.c.time_zone).where(connections.c.id == connection_id))
    return now.astimezone(ZoneInfo(zone or "UTC")).date()
