"""Who approved an action: a person, or a rule."""

from __future__ import annotations

from collections.abc import Sequence

from arsync.core.actions import ActionState
from arsync.outbox.types import WHO
from arsync.store.actions.plan_saving import PLANNER
from arsync.store.models import EventRow

MACHINES = frozenset({WHO, PLANNER})
"""Who approves without being a person."""

_NOT_APPROVED = frozenset({ActionState.PLANNED, ActionState.AWAITING_APPROVAL})


def approved_by_person(events: Sequence[EventRow]) -> bool:
    """Return whether a person approved an action, since it was last planned or began to wait."""
    for event in reversed(events):
        if event.to_state in _NOT_APPROVED:
            return False
        if event.to_state is ActionState.APPROVED and event.actor not in MACHINES:
            return True
    return False
