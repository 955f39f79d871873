"""What arsync did for each contact before, as planning needs to know it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from arsync.core.actions import STARTED_STATES, ActionKind, ActionState
from arsync.core.records import SentStep, StandingHold
from arsync.core.stepper import STEP_KINDS, steps_taken
from arsync.store.bulk import one_of
from arsync.store.payload import action_from_json
from arsync.store.tables import actions

DONE_STATES = STARTED_STATES | {ActionState.REJECTED}
"""Keys in these states are not planned again. What still waits is planned again under its key, and
so kept; were it left out of the plan, it would be withdrawn."""

_REACHED = frozenset({ActionState.SENT, ActionState.CONFIRMED})


class History(NamedTuple):
    """What was done for one contact."""

    sent: tuple[SentStep, ...]
    hold: StandingHold | None
    last_hold_episode: int
    open_tasks: tuple[str, ...]
    done_keys: frozenset[str]


def read_history(
    connection: Connection, connection_id: int, contact_ids: Sequence[str]
) -> dict[str, History]:
    """Return the history of each contact for which anything was ever done."""
    ours = actions.c
    query = (
        select(
            ours.contact_id, ours.key, ours.kind, ours.state, ours.episode, ours.sent_on,
            ours.done_at, ours.action,
        )
        .where(
            ours.connection_id == connection_id,
            one_of(connection, ours.contact_id, contact_ids),
            ours.state.in_([state.value for state in DONE_STATES]),
        )
        .order_by(ours.first_sent_at, ours.position, ours.key)
    )  # fmt: skip
    by_contact: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(query):
        by_contact[row.contact_id].append(row)
    return {contact_id: _history(contact_id, rows) for contact_id, rows in by_contact.items()}


def _history(contact_id: str, rows: list[Any]) -> History:
    started = [row for row in rows if row.state in STARTED_STATES]
    holds = [row for row in started if row.kind == ActionKind.CREDIT_HOLD]
    return History(
        sent=tuple(step for row in started for step in _steps(row)),
        hold=_standing_hold(contact_id, holds, started),
        last_hold_episode=max((row.episode for row in holds), default=0),
        open_tasks=tuple(
            row.key
            for row in started
            if row.kind == ActionKind.TASK and row.state in _REACHED and row.done_at is None
        ),
        done_keys=frozenset(row.key for row in rows),
    )


def _standing_hold(contact_id: str, holds: list[Any], started: list[Any]) -> StandingHold | None:
    """Return the latest hold unless its lifting is known to stand."""

    def reached(kind: ActionKind, episode: int, states: frozenset[ActionState]) -> bool:
        return any(
            row.kind == kind and row.episode == episode and row.state in states for row in started
        )

    if not holds:
        return None
    latest = max(holds, key=lambda row: row.episode)
    if reached(ActionKind.LIFT_CREDIT_HOLD, latest.episode, _REACHED):
        return None
    terms_changed = reached(ActionKind.TERMS, latest.episode, STARTED_STATES)
    restored = reached(ActionKind.RESTORE_TERMS, latest.episode, _REACHED)
    return StandingHold(
        contact_id, latest.sent_on, latest.episode, terms_changed=terms_changed and not restored
    )


def _steps(row: Any) -> list[SentStep]:
    """Return the steps an action took: a reminder's, a letter's, or a task's inside a cadence."""
    if row.kind not in STEP_KINDS and row.kind != ActionKind.TASK:
        return []
    return steps_taken(action_from_json(row.action), row.sent_on)
