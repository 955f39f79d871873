"""Saving a plan: which actions are new, which stay, which go."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, or_, select, update

from arsync.core.actions import ALLOWED_CHANGES, Action, ActionState
from arsync.store.action_rows import Event, add_events, content, new_life
from arsync.store.bulk import one_of
from arsync.store.tables import actions
from arsync.store.values import Mode, PlanLike, PlanSaved

_S = ActionState
WAITING_STATES = frozenset({_S.PLANNED, _S.AWAITING_APPROVAL, _S.APPROVED})
"""Nothing was sent yet: the next plan may still withdraw it."""
_REBORN_FROM = frozenset({_S.WITHDRAWN, _S.EXPIRED})
PLANNER = "plan"
"""Who changes states when a plan is saved."""
GONE = "the reason is gone"


def save_plan(
    connection: Connection,
    connection_id: int,
    plan: PlanLike,
    *,
    mode: str,
    now: datetime,
    run_id: int | None,
    why_gone: Mapping[str, str],
    renewed: Collection[str],
) -> PlanSaved:
    """Save a plan inside a transaction; see `Actions.save_plan`."""
    planned = {action.key: action for action in plan.actions}
    stored = _stored(connection, connection_id, list(planned))
    saving = _Saving(plan, mode, now, renewed)
    for position, (key, action) in enumerate(planned.items()):
        saving.take(key, action, position, stored.get(key))
    withdrawn = [
        row
        for key, row in stored.items()
        if key not in planned and row.state in WAITING_STATES and not row.by_person
    ]
    common = {"run_id": run_id, "rulebook_hash": plan.rulebook_hash}
    if saving.births:
        rows = [row | common | {"connection_id": connection_id} for row in saving.births]
        connection.execute(insert(actions), rows)
    for row in saving.updates:
        key = row.pop("key")
        connection.execute(update(actions).where(actions.c.key == key).values(row | common))
    if withdrawn:
        statement = update(actions).where(actions.c.key == bindparam("this"))
        values = {"state": _S.WITHDRAWN.value, "reason": bindparam("why"), "changed_at": now}
        reasons = {row.key: why_gone.get(row.key, GONE) for row in withdrawn}
        connection.execute(
            statement.values(values), [{"this": key, "why": why} for key, why in reasons.items()]
        )
        saving.events += [
            (row.key, now, PLANNER, _S(row.state), _S.WITHDRAWN, reasons[row.key])
            for row in withdrawn
        ]
    add_events(connection, saving.events)
    return PlanSaved(new=saving.new, kept=len(planned) - saving.new, withdrawn=len(withdrawn))


def _stored(connection: Connection, connection_id: int, keys: list[str]) -> dict[str, Any]:
    """Return the stored rows that the plan names, and all that still wait."""
    ours = actions.c
    query = select(ours.key, ours.state, ours.by_person, ours.generation, ours.attempts).where(
        ours.connection_id == connection_id,
        or_(
            ours.state.in_([state.value for state in WAITING_STATES]),
            one_of(connection, ours.key, keys),
        ),
    )
    return {row.key: row for row in connection.execute(query.with_for_update())}


class _Saving:
    """What one plan does to the table, gathered before anything is written."""

    def __init__(self, plan: PlanLike, mode: str, now: datetime, renewed: Collection[str]) -> None:
        self.births: list[dict[str, Any]] = []
        self.updates: list[dict[str, Any]] = []
        self.events: list[Event] = []
        self.new = 0
        self._now = now
        self._renewed = renewed
        self._mode = Mode(mode)
        self._over = plan.safety.messages if plan.safety.exceeded else None

    def take(self, key: str, action: Action, position: int, row: Any) -> None:
        """Decide about one planned action and its row, if it has one."""
        if row is None or row.state in _REBORN_FROM:
            self._born(key, action, position, row)
        elif row.state in {_S.PLANNED, _S.AWAITING_APPROVAL}:
            state = _S(row.state)
            values = {**content(action), "position": position, "key": key}
            if state == _S.PLANNED:
                state, why = self._first_state(action)
                if state != _S.PLANNED:
                    self.events.append((key, self._now, PLANNER, _S.PLANNED, state, why))
                    values |= {"state": state.value, "reason": why, "changed_at": self._now}
            self.updates.append(values)
        elif row.state == _S.APPROVED and key in self._renewed:
            values = {**content(action), "position": position, "key": key}
            del values["not_before"]  # it may be the end of a pause between two attempts
            self.updates.append(values)

    def _born(self, key: str, action: Action, position: int, row: Any) -> None:
        self.new += 1
        because = action.because
        why = f"{because.file}:{because.line} {because.rule}"
        state, reason = self._first_state(action)
        before = None if row is None else _S(row.state)
        self.events.append((key, self._now, PLANNER, before, _S.PLANNED, why))
        if state != _S.PLANNED:
            assert state in ALLOWED_CHANGES[_S.PLANNED]
            self.events.append((key, self._now, PLANNER, _S.PLANNED, state, reason))
        values = {
            **new_life(action, state=state, now=self._now),
            "key": key,
            "position": position,
            "reason": reason or why,
            "by_person": False,
        }
        if row is None:
            self.births.append(values | {"generation": 1})
        else:
            # The platform may remember the earlier life's idempotency key and its answer.
            tried = 1 if row.attempts else 0
            self.updates.append(values | {"generation": row.generation + tried})

    def _first_state(self, action: Action) -> tuple[ActionState, str]:
        if self._mode == Mode.OBSERVE:
            return _S.PLANNED, ""
        if self._over is not None:
            return _S.AWAITING_APPROVAL, f"over a safety limit: {'; '.join(self._over)}"
        if self._mode == Mode.APPROVE:
            return _S.AWAITING_APPROVAL, "the connection asks for approval of everything"
        if action.needs_approval:
            return _S.AWAITING_APPROVAL, "the rulebook asks for approval"
        return _S.APPROVED, "the rulebook approves it"
