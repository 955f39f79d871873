"""Which actions a person decides at once: a hold and its change of terms are one decision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from arsync.core.actions.payloads import ActionKind
from arsync.core.actions.registry import FOLLOWING_KINDS, KINDS


class DecisionPlace(NamedTuple):
    """What two actions have in common, their kinds apart, that are decided together."""

    connection: str
    """Any name of it; empty where all are of one."""
    contact_id: str
    episode: int
    kind: ActionKind


Waiting = TypeVar("Waiting")


def decided_together(
    waiting: Sequence[Waiting], place_of: Callable[[Waiting], DecisionPlace]
) -> list[tuple[Waiting, tuple[Waiting, ...]]]:
    """Return what waits as decisions, in its order, each with what is decided along.

    The store counts them by the same rule: `WaitingActions.decisions`.
    """
    places = {place_of(action): action for action in waiting}
    together: list[tuple[Waiting, tuple[Waiting, ...]]] = []
    for action in waiting:
        place = place_of(action)
        with_kind = KINDS[place.kind].decided_with
        partner = places.get(place._replace(kind=with_kind)) if with_kind else None
        if partner is None:
            together.append((action, ()))
        elif place.kind not in FOLLOWING_KINDS:
            together.append((action, (partner,)))
    return together
