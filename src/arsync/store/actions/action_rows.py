"""Rows of actions and events: written and read in one place."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from arsync.connector_sdk import Receipt
from arsync.core.actions import ALLOWED_CHANGES, Action, ActionState
from arsync.errors import UserMistake
from arsync.store.actions.serialisation import decode_action, encode_action
from arsync.store.db.bulk import one_of
from arsync.store.db.tables import action_events, actions
from arsync.store.models import ActionRow, EventRow

Event = tuple[str, datetime, str, ActionState | None, ActionState, str]
"""Key, moment, who, from, to, why."""

BY_PERSON_POSITION = -1
"""What people asked for is done before what was planned."""


RECORDED = "recorded by a person"
"""Why there is a note about a promise, a dispute, or a task that was done."""


def action_row(row: Any) -> ActionRow:
    """Return a row of the table as people and the outbox know it."""
    receipt = None
    if row.receipt_reference is not None:
        receipt = Receipt(row.receipt_reference, row.receipt_detail)
    return ActionRow(
        action=decode_action(row.action),
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
    )


def waiting_keys(
    connection: Connection, connection_id: int, states: Collection[ActionState]
) -> list[str]:
    """Return the keys of what was planned and stands in one of the states, in its order."""
    ours = actions.c
    query = (
        select(ours.key)
        .where(
            ours.connection_id == connection_id,
            ours.state.in_([state.value for state in states]),
            ~ours.by_person,
        )
        .order_by(ours.position, ours.created_at, ours.key)
    )
    return list(connection.scalars(query))


def rows_of(connection: Connection, keys: Sequence[str]) -> dict[str, ActionRow]:
    """Return the actions with these keys."""
    query = select(actions).where(one_of(connection, actions.c.key, keys))
    return {row.key: action_row(row) for row in connection.execute(query)}


def events_of(connection: Connection, keys: Sequence[str]) -> dict[str, list[EventRow]]:
    """Return the events of each of these actions, the oldest first."""
    ours = action_events.c
    query = (
        select(ours.key, ours.at, ours.who, ours.from_state, ours.to_state, ours.why)
        .where(one_of(connection, ours.key, keys))
        .order_by(ours.id)
    )
    found: dict[str, list[EventRow]] = {}
    for row in connection.execute(query):
        before = ActionState(row.from_state) if row.from_state else None
        found.setdefault(row.key, []).append(
            EventRow(row.key, row.at, row.who, before, ActionState(row.to_state), row.why)
        )
    return found


def locked_row(connection: Connection, key: str) -> Any:
    """Return one row, held until the transaction ends.

    Raises:
        UserMistake: there is none.
    """
    row = connection.execute(
        select(actions).where(actions.c.key == key).with_for_update()
    ).one_or_none()
    if row is None:
        raise UserMistake(f"there is no action {key}.")
    return row


def content(action: Action) -> dict[str, Any]:
    """Return the columns that say what an action is."""
    return {
        "kind": action.kind.value,
        "contact_id": action.contact_id,
        "episode": action.episode,
        "action": encode_action(action),
        "not_before": action.not_before,
    }


def new_life(action: Action, *, state: ActionState, now: datetime) -> dict[str, Any]:
    """Return the columns of an action that has done nothing yet."""
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
        "outcome": "",
        "created_at": now,
        "changed_at": now,
        "told_at": None,
    }


def insert_action(
    connection: Connection,
    connection_id: int,
    action: Action,
    *,
    state: ActionState,
    now: datetime,
    by_person: bool,
) -> None:
    """Insert one action; its event is the caller's."""
    connection.execute(
        insert(actions).values(
            key=action.key,
            connection_id=connection_id,
            position=BY_PERSON_POSITION,
            generation=1,
            by_person=by_person,
            **new_life(action, state=state, now=now),
        )
    )


def add_asked(
    connection: Connection,
    connection_id: int,
    action: Action,
    *,
    who: str,
    why: str,
    now: datetime,
) -> ActionRow:
    """Insert what a person asked for (a promise, a dispute), approved; a key is added only once."""
    state = ActionState.APPROVED
    if connection.scalar(select(actions.c.key).where(actions.c.key == action.key)) is None:
        insert_action(connection, connection_id, action, state=state, now=now, by_person=True)
        add_events(connection, [(action.key, now, who, None, state, why)])
    return action_row(locked_row(connection, action.key))


def add_events(connection: Connection, events: Sequence[Event]) -> None:
    """Write events."""
    if events:
        connection.execute(
            insert(action_events),
            [
                {
                    "key": key,
                    "at": at,
                    "who": who,
                    "from_state": None if before is None else before.value,
                    "to_state": after.value,
                    "why": why,
                }
                for key, at, who, before, after, why in events
            ],
        )


def move(
    connection: Connection,
    key: str,
    old: ActionState,
    new: ActionState,
    *,
    who: str,
    why: str,
    now: datetime,
    **values: object,
) -> None:
    """Change the state if it is still `old`, and write the event."""
    assert new in ALLOWED_CHANGES[old], f"{old} cannot become {new}"
    moved = connection.execute(
        update(actions)
        .where(actions.c.key == key, actions.c.state == old.value)
        .values(
            {
                "lease_until": None,
                "told_at": None,
                **values,
                "state": new.value,
                "reason": why,
                "changed_at": now,
            }
        )
    ).rowcount
    assert moved == 1, "the row was locked"
    add_events(connection, [(key, now, who, old, new, why)])
