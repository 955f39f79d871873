"""Actions: the queue of what is to be done, with one event for each change of state."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import update

from arsync.connector_sdk import Receipt
from arsync.core.actions import ALLOWED_CHANGES, ActionState
from arsync.core.planning.plan import Plan
from arsync.store.actions.action_queries import ActionQueries
from arsync.store.actions.action_rows import (
    StateChange,
    action_row,
    locked_row,
    move,
    not_allowed,
    outcome_columns,
    tried_again,
)
from arsync.store.actions.plan_saving import save_plan
from arsync.store.db.bulk import one_of
from arsync.store.db.tables import actions
from arsync.store.models import ActionRow, PlanSaved, Refusal


class Actions(ActionQueries):
    """The outbox's table: every query on it, and the changes that plans make to it.

    States change only along `ALLOWED_CHANGES`, one event row per change.
    """

    def save_plan(
        self,
        connection_id: int,
        plan: Plan,
        *,
        mode: str,
        now: datetime,
        run_id: int | None = None,
        why_gone: Mapping[str, str] = MappingProxyType({}),
        undecided: Collection[str] = (),
        renewed: Collection[str] = (),
    ) -> PlanSaved:
        """Save a plan, in one transaction.

        New keys are planned, and change at once as the mode says: `observe` leaves them planned,
        `approve` asks a person, `auto` approves what does not need approval. Over a safety limit
        everything waits for a person. Keys that are stored already are kept; while they still wait,
        they take the newer plan's text, and so do approved ones whose keys are in `renewed`: no
        person has seen those. Actions that wait or are approved, and that the plan no longer has,
        are withdrawn: the reason is gone, and `why_gone` gives the cause by key; those with keys in
        `undecided` go on waiting, as nobody knows whether their reason is gone. A withdrawn action
        whose reason is back is planned again.
        """
        with self._database.write() as db:
            return save_plan(
                db,
                connection_id,
                plan,
                mode=mode,
                now=now,
                run_id=run_id,
                why_gone=why_gone,
                undecided=undecided,
                renewed=renewed,
            )

    def change(
        self,
        key: str,
        to_state: ActionState,
        *,
        who: str,
        why: str,
        now: datetime,
        from_state: ActionState | None = None,
        attempt: int | None = None,
        receipt: Receipt | None = None,
        not_before: datetime | None = None,
        refusal: Refusal | None = None,
    ) -> ActionRow:
        """Change an action's state and write its event, in one transaction.

        Args:
            key: the whole key.
            to_state: the new state.
            who: a person's name, or the part of arsync that did it.
            why: one sentence.
            now: the moment.
            from_state: when given, the change happens only from this state.
            attempt: when given, only while the attempt of this number is the latest: a run that has
                lost its lock must not settle another run's attempt.
            receipt: the platform's proof of the write, when there is one.
            not_before: for `approved`: do not try, or try again, before this moment.
            refusal: for `refused`: what ends the refusal by itself.

        Raises:
            UserMistake: the change is not allowed from the action's state.
        """
        values = outcome_columns(receipt, not_before, refusal)
        with self._database.write() as db:
            row = locked_row(db, key)
            old = ActionState(row.state)
            if to_state not in ALLOWED_CHANGES[old] or from_state not in {None, old}:
                raise not_allowed(key, old, to_state)
            if attempt not in {None, row.attempts}:
                raise tried_again(key)
            move(db, key, StateChange(old, to_state, who, why, now), **values)
            return action_row(locked_row(db, key))

    def mark_notified(self, keys: Collection[str], *, now: datetime) -> None:
        """Note that the owner was notified of these, in their present states."""
        with self._database.write() as db:
            mine = one_of(db, actions.c.key, list(keys))
            db.execute(update(actions).where(mine).values(told_at=now))
