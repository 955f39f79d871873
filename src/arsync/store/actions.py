"""Actions: the queue of what is to be done, with one event per change of state."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from arsync.connector import Receipt
from arsync.core.actions import Action, ActionKind, ActionState
from arsync.store.values import ActionRow, EventRow, PlanLike, PlanSaved


class Actions:
    """The outbox's table. States change only along `ALLOWED_CHANGES`, one event row per change."""

    def save_plan(
        self,
        connection_id: int,
        plan: PlanLike,
        *,
        mode: str,
        now: datetime,
        run_id: int | None = None,
    ) -> PlanSaved:
        """Save a plan, in one transaction.

        New keys are planned, and go on at once as the mode says: `observe` leaves them planned,
        `approve` asks a person, `auto` approves what does not need approval. Over a safety limit
        everything waits for a person. Keys that are there already are kept; while they still wait,
        they take over the newer plan's text. What waits, or is approved, and is in the plan no
        longer, is withdrawn: the reason is gone. A withdrawn or expired action whose reason is back
        is planned again.
        """
        raise NotImplementedError

    def add(
        self,
        connection_id: int,
        action: Action,
        *,
        who: str,
        why: str,
        now: datetime,
        state: ActionState = ActionState.APPROVED,
    ) -> ActionRow:
        """Add what a person asked for (a promise, a dispute, a note); the same key is added once."""
        raise NotImplementedError

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
        raise NotImplementedError

    def counts(self, connection_id: int | None = None) -> dict[ActionState, int]:
        """Return how many actions stand where."""
        raise NotImplementedError

    def get(self, key_or_prefix: str) -> ActionRow:
        """Return one action by its key, or by enough of its beginning.

        Raises:
            UserMistake: none has it, or several have.
        """
        raise NotImplementedError

    def events(self, key: str) -> list[EventRow]:
        """Return the action's history, oldest first."""
        raise NotImplementedError

    def change(
        self,
        key: str,
        to_state: ActionState,
        *,
        who: str,
        why: str,
        now: datetime,
        from_state: ActionState | None = None,
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
            receipt: what stands at the platform, when it is known.
            not_before: for a return to `approved`: do not try again before this moment.

        Raises:
            UserMistake: the change is not allowed from where the action stands.
        """
        raise NotImplementedError

    def claim_next(
        self,
        connection_id: int,
        *,
        now: datetime,
        lease_seconds: int,
        kinds: Collection[ActionKind] | None = None,
        today: date | None = None,
    ) -> ActionRow | None:
        """Take the next approved action whose time has come: `approved -> sending`, with a lease.

        Two processes never get the same one. Leases that ran out become `unknown` first.

        Args:
            connection_id: whose.
            now: the moment.
            lease_seconds: after this long without an outcome it counts as unknown; 1 to 3600.
            kinds: only these; None for all.
            today: the organisation's day, when it is not simply `now` in its time zone.
        """
        raise NotImplementedError

    def end_leases(self, connection_id: int, *, now: datetime, all_of_them: bool = False) -> int:
        """Turn `sending` whose lease ran out into `unknown`, and return how many.

        `all_of_them` is for a process that holds the run lock: whoever claimed them is dead.
        """
        raise NotImplementedError

    def save_before(self, key: str, before: Mapping[str, str]) -> None:
        """Keep what `prepare` found; only the first call counts, so that undoing finds the origin."""
        raise NotImplementedError

    def raise_generation(self, key: str) -> int:
        """Raise and return the generation: `find` showed that nothing stands."""
        raise NotImplementedError

    def saved(
        self, connection_id: int, contact_id: str, kind: ActionKind, episode: int
    ) -> Mapping[str, str]:
        """Return what was there before a hold or a change of terms, for undoing it."""
        raise NotImplementedError

    def complete_task(self, key: str, *, who: str, outcome: str, now: datetime) -> ActionRow:
        """Record that a person did the task.

        Raises:
            UserMistake: it is not a task, not open yet, or done already.
        """
        raise NotImplementedError

    def open_tasks(self, connection_id: int | None = None) -> Sequence[ActionRow]:
        """Return the tasks that were opened and are not done."""
        raise NotImplementedError

    def sent_count(self, connection_id: int, kind: ActionKind, on: date) -> int:
        """Return how many of a kind were started on the organisation's day."""
        raise NotImplementedError
