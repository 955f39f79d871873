"""Saving a plan: which actions are new, which are kept, and which are withdrawn."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from arsync.core.actions import ALLOWED_CHANGES, Action, ActionState
from arsync.core.planning.plan import Plan
from arsync.store.actions.action_rows import Event, add_events, content, initial_columns
from arsync.store.db.bulk import one_of
from arsync.store.db.tables import actions
from arsync.store.models import Mode, PlanSaved

_S = ActionState
WAITING_STATES = frozenset({_S.PLANNED, _S.AWAITING_APPROVAL, _S.APPROVED})
"""Nothing was sent yet: the next plan may still withdraw it."""
_RECREATED_FROM = frozenset({_S.WITHDRAWN})
ACTIONS_AT_ONCE = 1_000
"""How many actions are looked up and written together; a whole plan is one transaction."""
PLANNER = "plan"
"""The actor of the changes that saving a plan makes."""
GONE = "the reason is gone"
OVER_SAFETY = "over a safety limit"
"""How the reason of an action begins that waits because the plan was over a limit."""


def save_plan(
    db: Connection,
    connection_id: int,
    plan: Plan,
    *,
    mode: str,
    now: datetime,
    run_id: int | None,
    why_gone: Mapping[str, str],
    undecided: Collection[str],
    renewed: Collection[str],
) -> PlanSaved:
    """Save a plan inside a transaction; see `Actions.save_plan`."""
    saving = _Saving(connection_id, plan, mode=mode, now=now, run_id=run_id, renewed=renewed)
    planned: set[str] = set()
    remaining = iter(plan.actions)
    while some := list(islice(remaining, ACTIONS_AT_ONCE)):
        # A key that comes twice in a plan is one action.
        by_key = {action.key: action for action in some}
        fresh = {key: action for key, action in by_key.items() if key not in planned}
        stored = _stored(db, connection_id, list(fresh))
        for position, (key, action) in enumerate(fresh.items(), len(planned)):
            saving.take(key, action, position, stored.get(key))
        planned.update(fresh)
        saving.write(db)
    withdrawn = _waiting_without(db, connection_id, planned.union(undecided))
    for start in range(0, len(withdrawn), ACTIONS_AT_ONCE):
        for key, state in withdrawn[start : start + ACTIONS_AT_ONCE]:
            saving.withdraw(key, state, why_gone.get(key, GONE))
        saving.write(db)
    return PlanSaved(new=saving.new, kept=len(planned) - saving.new, withdrawn=len(withdrawn))


def _stored(db: Connection, connection_id: int, keys: list[str]) -> dict[str, Any]:
    """Return the stored rows that the plan names."""
    columns = actions.c
    read = (columns.key, columns.state, columns.generation, columns.attempts, columns.by_person)
    query = select(*read).where(
        columns.connection_id == connection_id, one_of(db, columns.key, keys)
    )
    return {row.key: row for row in db.execute(query.with_for_update())}


def _waiting_without(
    db: Connection, connection_id: int, planned: Collection[str]
) -> list[tuple[str, ActionState]]:
    """Return what waits and is not planned any more; never what a person asked for."""
    columns = actions.c
    query = (
        select(columns.key, columns.state)
        .where(
            columns.connection_id == connection_id,
            columns.state.in_([state.value for state in WAITING_STATES]),
            ~columns.by_person,
        )
        .with_for_update()
        .execution_options(yield_per=ACTIONS_AT_ONCE)
    )
    return [(row.key, _S(row.state)) for row in db.execute(query) if row.key not in planned]


class _Saving:
    """What one plan does to the table, gathered and written some thousand actions at a time."""

    def __init__(
        self,
        connection_id: int,
        plan: Plan,
        *,
        mode: str,
        now: datetime,
        run_id: int | None,
        renewed: Collection[str],
    ) -> None:
        self.new = 0
        self._inserts: list[dict[str, Any]] = []
        self._updates: dict[frozenset[str], list[dict[str, Any]]] = {}
        """By the columns they change."""
        self._events: list[Event] = []
        self._of_all = {"connection_id": connection_id}
        self._of_plan = {"run_id": run_id, "rulebook_hash": plan.rulebook_hash}
        self._now = now
        self._renewed = renewed
        self._mode = Mode(mode)
        self._over = plan.safety.messages if plan.safety.exceeded else None

    def take(self, key: str, action: Action, position: int, row: Any) -> None:
        """Decide about one planned action and its row, if it has one."""
        if row is None or row.state in _RECREATED_FROM:
            self._create(key, action, position, row)
        elif row.by_person:
            # A letter that a rule sends too stays as the person asked for it.
            return
        elif row.state in {_S.PLANNED, _S.AWAITING_APPROVAL}:
            state = _S(row.state)
            values = {**content(action), "position": position, "key": key}
            if state == _S.PLANNED:
                # It was planned while the connection only observed; the mode may have changed.
                state, reason = self._first_state(action)
                if state != _S.PLANNED:
                    self._events.append((key, self._now, PLANNER, _S.PLANNED, state, reason))
                    values |= {"state": state.value, "reason": reason, "changed_at": self._now}
            self._update(values | self._of_plan)
        elif row.state == _S.APPROVED and key in self._renewed:
            # Approved by the rulebook alone: a text that a person approved is never exchanged.
            values = {**content(action), "position": position, "key": key}
            if row.attempts:
                del values["not_before"]  # it may be the end of a pause between two attempts
            self._update(values | self._of_plan)

    def withdraw(self, key: str, state: ActionState, why: str) -> None:
        """Take back what waits."""
        gone = {"state": _S.WITHDRAWN.value, "reason": why, "changed_at": self._now}
        self._update({"key": key, **gone})
        self._events.append((key, self._now, PLANNER, state, _S.WITHDRAWN, why))

    def write(self, db: Connection) -> None:
        """Write what was gathered."""
        if self._inserts:
            db.execute(insert(actions), self._inserts)
        for rows in self._updates.values():
            db.execute(update(actions).where(actions.c.key == bindparam("of_key")), rows)
        add_events(db, self._events)
        self._inserts, self._updates, self._events = [], {}, []

    def _update(self, values: dict[str, Any]) -> None:
        # SQLAlchemy keeps the column's own name for the value that is set, so the key of the row
        # needs another. Rows with the same columns go to the database in one call.
        row = {name if name != "key" else "of_key": value for name, value in values.items()}
        self._updates.setdefault(frozenset(values) - {"key"}, []).append(row)

    def _create(self, key: str, action: Action, position: int, row: Any) -> None:
        self.new += 1
        because = action.because
        cause = f"{because.file}:{because.line} {because.rule}"
        state, reason = self._first_state(action)
        before = None if row is None else _S(row.state)
        self._events.append((key, self._now, PLANNER, before, _S.PLANNED, cause))
        if state != _S.PLANNED:
            assert state in ALLOWED_CHANGES[_S.PLANNED]
            self._events.append((key, self._now, PLANNER, _S.PLANNED, state, reason))
        values = {
            **initial_columns(action, state=state, now=self._now),
            "key": key,
            "position": position,
            "reason": reason or cause,
            "by_person": False,
        }
        if row is None:
            self._inserts.append(values | {"generation": 1} | self._of_all | self._of_plan)
        else:
            # The platform may remember the earlier life's idempotency key and its answer.
            tried = 1 if row.attempts else 0
            self._update(values | {"generation": row.generation + tried} | self._of_plan)

    def _first_state(self, action: Action) -> tuple[ActionState, str]:
        if self._mode == Mode.OBSERVE:
            return _S.PLANNED, ""
        if self._over is not None:
            return _S.AWAITING_APPROVAL, f"{OVER_SAFETY}: {'; '.join(self._over)}"
        if self._mode == Mode.APPROVE:
            return _S.AWAITING_APPROVAL, "the connection asks for approval of everything"
        if action.needs_approval:
            return _S.AWAITING_APPROVAL, f"the rulebook asks for {action.approval_words}"
        return _S.APPROVED, "the rulebook approves it"
