"""Rows of actions and events: written and read in one place."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Update, bindparam, insert, select, update

from arsync.connector_sdk import Receipt
from arsync.core.actions import ALLOWED_CHANGES, Action, ActionState
from arsync.errors import HealsWhen, UserMistake
from arsync.store.actions.serialisation import decode_action, encode_action
from arsync.store.db.bulk import one_of
from arsync.store.db.tables import action_events, actions
from arsync.store.models import ActionRow, EventRow, Refusal

Event = tuple[str, datetime, str, ActionState | None, ActionState, str]
"""Key, moment, actor, state before, state after, reason."""

BY_PERSON_POSITION = -1
"""What people asked for is done before what was planned."""

RECORDED = "recorded by a person"
"""The reason given for the note about a promise, a dispute, or a completed task."""


def action_row(row: Any) -> ActionRow:
    """Return a row of the table as people and the outbox know it."""
    receipt = None
    if row.receipt_reference is not None:
        receipt = Receipt(row.receipt_reference, row.receipt_detail)
    action = decode_action(row.action)
    return ActionRow(
        action=action,
        key=row.key,
        connection_id=row.connection_id,
        state=ActionState(row.state),
        run_id=row.run_id,
        rulebook_hash=row.rulebook_hash,
        before=row.before or {},
        generation=row.generation,
        attempts=row.attempts,
        first_sent_at=row.first_sent_at,
        sent_on=row.sent_on,
        not_before=row.not_before,
        receipt=receipt,
        reason=row.reason,
        lease_until=row.lease_until,
        by_person=row.by_person,
        done_at=row.done_at,
        outcome=row.outcome,
        created_at=row.created_at,
        changed_at=row.changed_at,
        heals_when=HealsWhen(row.heals_when),
        heals_mark=row.heals_mark,
        done_on=row.done_on,
        outcome_code=row.outcome_code,
        owner=row.owner or action.payload.owner,
        due_on=row.due_on,
        next_on=row.next_on,
        tries=row.tries,
    )


def waiting_keys(db: Connection, connection_id: int, states: Collection[ActionState]) -> list[str]:
    """Return the keys of planned actions in one of the states, in the order of sending."""
    of = {"of_connection": connection_id, "states": [state.value for state in states]}
    return list(db.scalars(_WAITING_KEYS, of))


# Statements that every run needs are made once: making one takes longer than running it.
_WAITING_KEYS = (
    select(actions.c.key)
    .where(
        actions.c.connection_id == bindparam("of_connection"),
        actions.c.state.in_(bindparam("states", expanding=True)),
        ~actions.c.by_person,
    )
    .order_by(actions.c.position, actions.c.created_at, actions.c.key)
)


def rows_of(db: Connection, keys: Sequence[str]) -> dict[str, ActionRow]:
    """Return the actions with these keys."""
    query = select(actions).where(one_of(db, actions.c.key, keys))
    return {row.key: action_row(row) for row in db.execute(query)}


def events_of(db: Connection, keys: Sequence[str]) -> dict[str, list[EventRow]]:
    """Return the events of each of these actions, the oldest first."""
    columns = action_events.c
    query = (
        select(
            columns.key, columns.at, columns.who, columns.from_state, columns.to_state, columns.why
        )
        .where(one_of(db, columns.key, keys))
        # By number and not by moment: a clock that was set back must not change the history.
        .order_by(columns.id)
    )
    by_key: dict[str, list[EventRow]] = {}
    for row in db.execute(query):
        from_state = ActionState(row.from_state) if row.from_state else None
        by_key.setdefault(row.key, []).append(
            EventRow(row.key, row.at, row.who, from_state, ActionState(row.to_state), row.why)
        )
    return by_key


def locked_row(db: Connection, key: str) -> Any:
    """Return one row, held until the transaction ends.

    Raises:
        UserMistake: there is no action with this key.
    """
    # SQLite ignores FOR UPDATE: its write transaction has the whole file to itself.
    row = db.execute(_LOCKED_ROW, {"key": key}).one_or_none()
    if row is None:
        raise UserMistake(f"there is no action {key}.")
    return row


_LOCKED_ROW = select(actions).where(actions.c.key == bindparam("key")).with_for_update()


def content(action: Action) -> dict[str, Any]:
    """Return the columns that say what an action is."""
    return {
        "kind": action.kind.value,
        "contact_id": action.contact_id,
        "episode": action.episode,
        "action": encode_action(action),
        "not_before": action.not_before,
    }


def initial_columns(action: Action, *, state: ActionState, now: datetime) -> dict[str, Any]:
    """Return the columns of an action for which nothing was attempted yet."""
    return {
        **content(action),
        "state": state.value,
        "before": None,
        "attempts": 0,
        "first_sent_at": None,
        "sent_on": None,
        "lease_until": None,
        "receipt_reference": None,
        "receipt_detail": "",
        "done_at": None,
        "done_on": None,
        "outcome": "",
        "outcome_code": "",
        "owner": "",
        "due_on": None,
        "next_on": None,
        "tries": 0,
        "created_at": now,
        "changed_at": now,
        "told_at": None,
        "heals_when": "",
        "heals_mark": "",
    }


def insert_action(
    db: Connection,
    connection_id: int,
    action: Action,
    *,
    state: ActionState,
    now: datetime,
    by_person: bool,
) -> None:
    """Insert one action; the caller writes its event."""
    db.execute(
        insert(actions).values(
            key=action.key,
            connection_id=connection_id,
            position=BY_PERSON_POSITION,
            generation=1,
            by_person=by_person,
            **initial_columns(action, state=state, now=now),
        )
    )


def add_asked(
    db: Connection,
    connection_id: int,
    action: Action,
    *,
    who: str,
    why: str,
    now: datetime,
    state: ActionState = ActionState.APPROVED,
) -> ActionRow:
    """Insert what a person asked for (a promise, a dispute); a key is added only once.

    By default the person's command is the approval.
    """
    if db.scalar(select(actions.c.key).where(actions.c.key == action.key)) is None:
        insert_action(db, connection_id, action, state=state, now=now, by_person=True)
        add_events(db, [(action.key, now, who, None, state, why)])
    return action_row(locked_row(db, action.key))


def ask_anew(
    db: Connection,
    before: ActionRow,
    action: Action,
    *,
    state: ActionState,
    who: str,
    why: str,
    now: datetime,
) -> ActionRow:
    """Begin the life of a withdrawn action anew, as a person asks for it."""
    life = initial_columns(action, state=state, now=now)
    # The platform may remember the earlier life's idempotency key and its answer.
    life |= {"generation": before.generation + 1, "reason": why, "by_person": True}
    db.execute(update(actions).where(actions.c.key == action.key).values(life))
    add_events(db, [(action.key, now, who, ActionState.WITHDRAWN, state, why)])
    return action_row(locked_row(db, action.key))


def add_events(db: Connection, events: Sequence[Event]) -> None:
    """Write events."""
    if events:
        db.execute(
            _INSERT_EVENT,
            [
                {
                    "key": key,
                    "at": at,
                    "who": actor,
                    "from_state": None if before is None else before.value,
                    "to_state": after.value,
                    "why": reason,
                }
                for key, at, actor, before, after, reason in events
            ],
        )


_INSERT_EVENT = insert(action_events)


class StateChange(NamedTuple):
    """A change of an action's state, as its event tells it."""

    from_state: ActionState
    to_state: ActionState
    actor: str
    reason: str
    at: datetime


def move(db: Connection, key: str, change: StateChange, **values: object) -> None:
    """Change the state of a row that is locked, and write the event."""
    assert try_move(db, key, change, values), "the row was locked"


def try_move(
    db: Connection,
    key: str,
    change: StateChange,
    values: Mapping[str, object],
    *,
    attempt: int | None = None,
) -> bool:
    """Change the state and write the event, if the action is still in the change's first state.

    With `attempt`, only while the attempt of this number is the latest.
    """
    assert change.to_state in ALLOWED_CHANGES[change.from_state], f"{change} is not allowed"
    new = {
        # A lease is for one state, a refusal too; and of a new state the owner was not
        # notified yet.
        "lease_until": None,
        "told_at": None,
        "heals_when": "",
        "heals_mark": "",
        **values,
        "state": change.to_state.value,
        "reason": change.reason,
        "changed_at": change.at,
    }
    parameters = {f"new_{name}": value for name, value in new.items()}
    parameters |= {"of_key": key, "old_state": change.from_state.value}
    if attempt is not None:
        parameters["of_attempt"] = attempt
    statement = _moving(tuple(new), of_attempt=attempt is not None)
    moved = db.execute(statement, parameters).rowcount
    if moved:
        from_state, to_state, actor, reason, at = change
        add_events(db, [(key, at, actor, from_state, to_state, reason)])
    return bool(moved)


@cache
def _moving(names: tuple[str, ...], *, of_attempt: bool) -> Update:
    """Return the statement that gives new values to the columns of one action."""
    columns = actions.c
    query = update(actions).where(
        columns.key == bindparam("of_key"), columns.state == bindparam("old_state")
    )
    if of_attempt:
        query = query.where(columns.attempts == bindparam("of_attempt"))
    return query.values({name: bindparam(f"new_{name}") for name in names})


def moved_row(row: ActionRow, change: StateChange, **values: Any) -> ActionRow:
    """Return the row as it is after a change, without reading it again."""
    return row._replace(
        **{"lease_until": None, "heals_when": HealsWhen.NEVER, "heals_mark": "", **values},
        state=change.to_state,
        reason=change.reason,
        changed_at=change.at,
    )


def outcome_columns(
    receipt: Receipt | None, not_before: datetime | None, refusal: Refusal | None = None
) -> dict[str, object]:
    """Return the columns that change together with the state."""
    values: dict[str, object] = {}
    if refusal is not None:
        values |= {"heals_when": refusal.heals_when.value, "heals_mark": refusal.mark}
    if receipt is not None:
        values |= {"receipt_reference": receipt.reference, "receipt_detail": receipt.detail}
    if not_before is not None:
        values["not_before"] = not_before
    return values


def not_allowed(key: str, state: str, to_state: ActionState) -> UserMistake:
    """Return the error that an action cannot change from its state to another."""
    return UserMistake(f"action {key[:8]} is {state} and cannot become {to_state}.")


def tried_again(key: str) -> UserMistake:
    """Return the error that another attempt has begun."""
    return UserMistake(f"action {key[:8]} was tried again meanwhile.")
