"""Actions: the queue of what is to be done, with one event per change of state.

Reading is in `action_reads`, claiming in `action_claims`, what people say in `action_words`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import select, update

from arsync.connector_sdk import Receipt
from arsync.core.actions import ALLOWED_CHANGES, Action, ActionState
from arsync.errors import UserMistake
from arsync.store.actions.action_rows import action_row, add_events, content, locked_row, move
from arsync.store.actions.claims import ActionClaims
from arsync.store.actions.decisions import ActionWords
from arsync.store.actions.plan_saving import save_plan
from arsync.store.actions.queries import ActionReads
from arsync.store.db.bulk import one_of
from arsync.store.db.tables import action_events, actions
from arsync.store.models import ActionRow, PlanLike, PlanSaved


class Actions(ActionReads, ActionClaims, ActionWords):
    """The outbox's table. States change only along `ALLOWED_CHANGES`, one event row per change."""

    def save_plan(
        self,
        connection_id: int,
        plan: PlanLike,
        *,
        mode: str,
        now: datetime,
        run_id: int | None = None,
        why_gone: Mapping[str, str] = MappingProxyType({}),
        renewed: Collection[str] = (),
    ) -> PlanSaved:
        """Save a plan, in one transaction.

        New keys are planned, and go on at once as the mode says: `observe` leaves them planned,
        `approve` asks a person, `auto` approves what does not need approval. Over a safety limit
        everything waits for a person. Keys that are there already are kept; while they still wait,
        they take over the newer plan's text, and so do approved ones whose keys are in `renewed`:
        no person has seen those. What waits, or is approved, and is in the plan no longer, is
        withdrawn: the reason is gone, and `why_gone` tells by key what took it away. A withdrawn or
        withdrawn action whose reason is back is planned again.
        """
        with self._database.write() as connection:
            return save_plan(
                connection,
                connection_id,
                plan,
                mode=mode,
                now=now,
                run_id=run_id,
                why_gone=why_gone,
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
    ) -> ActionRow:
        """Change an action's state and write its event, in one transaction.

        Args:
            key: the whole key.
            to_state: where it goes.
            who: a person's name, or the part of arsync that did it.
            why: one sentence.
            now: the moment.
            from_state: when given, the change happens only from this state.
            attempt: when given, only while the attempt of this number is the latest: who has lost
                its lock must not speak for another run's attempt.
            receipt: what stands at the platform, when it is known.
            not_before: for a return to `approved`: do not try again before this moment.

        Raises:
            UserMistake: the change is not allowed from where the action stands.
        """
        values: dict[str, object] = {}
        if receipt is not None:
            values |= {
                "receipt_reference": receipt.reference,
                "receipt_detail": receipt.detail,
            }
        if not_before is not None:
            values["not_before"] = not_before
        with self._database.write() as connection:
            row = locked_row(connection, key)
            old = ActionState(row.state)
            if to_state not in ALLOWED_CHANGES[old] or from_state not in {None, old}:
                raise UserMistake(f"action {key[:8]} is {old} and cannot become {to_state}.")
            if attempt not in {None, row.attempts}:
                raise UserMistake(f"action {key[:8]} was tried again meanwhile.")
            move(connection, key, old, to_state, who=who, why=why, now=now, **values)
            return action_row(locked_row(connection, key))

    def save_before(self, key: str, before: Mapping[str, str]) -> None:
        """Keep what `prepare` found; only the first call counts: undoing needs the origin."""
        with self._database.write() as connection:
            connection.execute(
                update(actions)
                .where(actions.c.key == key, actions.c.before.is_(None))
                .values(before=dict(before))
            )

    def revise(self, key: str, action: Action) -> None:
        """Keep what is really going to be said and listed, in place of what was planned."""
        assert action.key == key, "the same intent in newer words"
        values = content(action)
        del values["not_before"]
        with self._database.write() as connection:
            connection.execute(update(actions).where(actions.c.key == key).values(values))

    def looked(self, key: str, *, who: str, why: str, now: datetime) -> None:
        """Keep what a look-up said that settled nothing: an event that changes no state.

        The same words twice are kept once: an unknown outcome is looked up with every run.
        """
        with self._database.write() as connection:
            state = ActionState(locked_row(connection, key).state)
            ours = action_events.c
            query = select(ours.why).where(ours.key == key).order_by(ours.id.desc()).limit(1)
            if connection.scalar(query) != why:
                add_events(connection, [(key, now, who, state, state, why)])

    def tell(self, keys: Collection[str], *, now: datetime) -> None:
        """Note that the owner was told of these, as they stand now."""
        with self._database.write() as connection:
            mine = one_of(connection, actions.c.key, list(keys))
            connection.execute(update(actions).where(mine).values(told_at=now))

    def raise_generation(self, key: str) -> int:
        """Raise and return the generation: `find` showed that nothing stands."""
        with self._database.write() as connection:
            generation: int = locked_row(connection, key).generation + 1
            connection.execute(
                update(actions).where(actions.c.key == key).values(generation=generation)
            )
            return generation
