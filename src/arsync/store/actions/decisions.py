"""People's decisions about actions: undoing, settling, taking a refusal back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select, update

from arsync.core.actions import Action, ActionState, UndoPayload, payload_of
from arsync.errors import UserMistake
from arsync.store.actions.action_rows import (
    StateChange,
    action_row,
    add_asked,
    add_events,
    ask_anew,
    initial_columns,
    insert_action,
    locked_row,
    move,
    rows_of,
)
from arsync.store.db.database import Database
from arsync.store.db.tables import actions
from arsync.store.models import ActionRow


class ActionDecisions:
    """Keeps people's decisions in the outbox's table."""

    def __init__(self, database: Database) -> None:
        """Work on this database."""
        self._database = database

    def ask_undo(
        self,
        connection_id: int,
        undoings: Sequence[Action],
        *,
        who: str,
        why: str,
        now: datetime,
    ) -> Sequence[ActionRow]:
        """Add what a person wants undone, all or nothing, with an event at each undone action.

        An undoing that was refused before is requested again.
        """
        # A hold and its terms are one request: half of it would leave the customer on cash terms
        # without a hold, or on hold with the old terms.
        with self._database.write() as db:
            for action in undoings:
                _ask_undo(db, connection_id, action, who=who, why=why, now=now)
            return [action_row(locked_row(db, undoing.key)) for undoing in undoings]

    def ask(
        self,
        connection_id: int,
        action: Action,
        *,
        who: str,
        why: str,
        now: datetime,
        state: ActionState = ActionState.APPROVED,
    ) -> ActionRow:
        """Add what a person wants done; one that was withdrawn before it left is asked for anew.

        Raises:
            UserMistake: it was asked for before.
        """
        with self._database.write() as db:
            before = rows_of(db, [action.key]).get(action.key)
            if before is not None and before.state is ActionState.WITHDRAWN:
                return ask_anew(db, before, action, state=state, who=who, why=why, now=now)
            if before is not None:
                raise UserMistake(
                    f"this was asked for already: arsync why {action.key[:12]}"
                    "\n    hint: what has left is not sent twice on one day"
                )
            return add_asked(db, connection_id, action, who=who, why=why, now=now, state=state)

    def settle(self, key: str, *, sent: bool, who: str, why: str, now: datetime) -> ActionRow:
        """Settle an unknown outcome as a person reports it, in one transaction.

        What was not sent gets a new generation, and so a new idempotency key: the platform may
        remember the old one together with an answer that never arrived.

        Raises:
            UserMistake: its outcome is not, or no longer, unknown.
        """
        with self._database.write() as db:
            row = locked_row(db, key)
            if row.state != ActionState.UNKNOWN.value:
                raise UserMistake(
                    f"the outcome of {key[:12]} is known: it is {ActionState(row.state).word}."
                )
            values: dict[str, object] = {}
            if not sent:
                values = {
                    "generation": row.generation + 1,
                    "receipt_reference": None,
                    "receipt_detail": "",
                    "not_before": None,
                }
            elif row.receipt_reference is None:
                # Whatever is sent has a receipt; here the person's word is the only one there is.
                values = {"receipt_reference": key, "receipt_detail": f"settled by {who}"}
            to_state = ActionState.SENT if sent else ActionState.APPROVED
            move(db, key, StateChange(ActionState.UNKNOWN, to_state, who, why, now), **values)
            return action_row(locked_row(db, key))

    def take_back(self, key: str, *, who: str, why: str, now: datetime) -> ActionRow:
        """Take a refusal back, in one transaction.

        A planned action is withdrawn: the next plan plans it again if its reason still holds. What
        a person asked for is never planned again, so it is approved, and tried again with a new
        idempotency key: the platform may remember the old one together with its refusal.

        Raises:
            UserMistake: it is not, or no longer, refused.
        """
        with self._database.write() as db:
            row = locked_row(db, key)
            if row.state != ActionState.REJECTED.value:
                raise UserMistake(
                    f"{key[:12]} is not refused: it is {ActionState(row.state).word}."
                )
            to_state, values = ActionState.WITHDRAWN, dict[str, object]()
            if row.by_person:
                to_state = ActionState.APPROVED
                values = {
                    # A key that never left is unknown to the platform, and stays.
                    "generation": row.generation + (1 if row.attempts else 0),
                    "attempts": 0,
                    "not_before": None,
                }
            move(db, key, StateChange(ActionState.REJECTED, to_state, who, why, now), **values)
            return action_row(locked_row(db, key))


def _ask_undo(
    db: Connection, connection_id: int, action: Action, *, who: str, why: str, now: datetime
) -> None:
    state = ActionState.APPROVED
    columns = actions.c
    row = db.execute(
        select(columns.state, columns.generation).where(columns.key == action.key).with_for_update()
    ).one_or_none()
    if row is None:
        insert_action(db, connection_id, action, state=state, now=now, by_person=True)
    elif row.state == ActionState.REJECTED.value:
        life = initial_columns(action, state=state, now=now)
        life |= {"generation": row.generation + 1, "reason": why}
        db.execute(update(actions).where(columns.key == action.key).values(life))
    else:
        # Requested before, and under way or done: a second request adds nothing.
        return
    undone = locked_row(db, payload_of(action, UndoPayload).undoes)
    undone_state = ActionState(undone.state)
    old = None if row is None else ActionState(row.state)
    add_events(
        db,
        [
            (action.key, now, who, old, state, why),
            (
                undone.key,
                now,
                who,
                undone_state,
                undone_state,
                f"to be undone ({action.key[:12]}): {why}",
            ),
        ],
    )
