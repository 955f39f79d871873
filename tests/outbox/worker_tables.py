"""The words in which the tables of the outbox's state machine are written.

A path is the states after `approved`: `sending > sent > confirmed`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from itertools import product
from typing import Any, NamedTuple

import pytest
from tests.builders.memory_world import MemoryWorld

from arsync.core.actions import ActionKind, ActionState, Via
from arsync.errors import (
    LockLost,
    NeedsReconnect,
    OutcomeUnknown,
    Rejected,
    RetryLater,
    Stopping,
    Unreachable,
    UserMistake,
)
from arsync.outbox import ApplyResult
from arsync.store.models import ConnectionState

S, REMINDER, HOLD = ActionState, ActionKind.REMINDER, ActionKind.CREDIT_HOLD
HOUR = 3600.0

ERRORS: dict[str, Callable[[], Exception]] = {
    "rejected": lambda: Rejected("it said no"),
    "unknown": lambda: OutcomeUnknown("the answer was lost"),
    "busy": lambda: RetryLater("slow down", after_seconds=90),
    "away": lambda: Unreachable("it is away", after_seconds=90),
    "stopping": Stopping,
    "mistake": lambda: UserMistake("a wrong setting"),
    "reconnect": lambda: NeedsReconnect("connect again"),
    "lock": lambda: LockLost("another run has begun"),
    "bug": lambda: ZeroDivisionError("oops"),
}

WAYS: dict[str, dict[str, Any]] = {
    "email": {"kind": REMINDER},
    "mail": {"kind": REMINDER, "via": Via.SMTP},
    "hold": {"kind": HOLD},
    "letter": {"kind": ActionKind.LETTER},
    "fee": {"kind": ActionKind.LATE_FEE},
    "task": {"kind": ActionKind.TASK},
    "asked": {"kind": ActionKind.NOTE, "asked_by": "Jane"},
}
"""Actions that leave in different ways."""
AT_PLATFORM = [way for way in WAYS if way != "mail"]


class Expected(NamedTuple):
    """What becomes of an action, and of the run."""

    path: str
    problem: str = ""
    pause: float | None = None
    """Seconds until the next attempt."""
    run: str = "goes on"
    """Or why the run ends, and the next action is left as it was."""


TWICE = "sending > unknown > approved > sending > sent > confirmed"
"""Lost, looked up, and sent once more."""


def cases(ways: Iterable[str], places: Iterable[str], table: Mapping[str, Expected]) -> list[Any]:
    """Return every way at every place with every error, and what is expected."""
    return [
        pytest.param(way, place, error, table[error], id=f"{way}, {place}: {error}")
        for way, place, error in product(ways, places, table)
    ]


def check_problems(problems: list[str], expected: str) -> None:
    """Check that there is the one problem which was expected, or none."""
    assert [problem.endswith(expected) for problem in problems] == ([True] if expected else [])


def check_end(world: MemoryWorld, result: ApplyResult, ended: str) -> None:
    """Check how the run ended, and that it says so."""
    assert result.stopped is (ended == "stopped")
    assert result.needs_reconnect is (ended == "reconnect")
    states = {1: ConnectionState.NEEDS_RECONNECT} if ended == "reconnect" else {}
    assert world.store.connections.states == states
    put_off = world.clock.now() + timedelta(seconds=90) if ended in {"put off", "away"} else None
    assert result.put_off_until == put_off
    assert result.unreachable == ("it is away" if ended == "away" else "")
    assert not result.in_hand
