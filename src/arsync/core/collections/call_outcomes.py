"""THE table of call outcomes: what may come of a task, and what follows from it.

The codes are those that call centres of collectors use. Free text stays allowed: it ends a task,
and nothing else follows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

from arsync.core.actions.posting import POSTED


class Follows(StrEnum):
    """What an outcome has recorded besides."""

    NOTHING = ""
    PROMISE = "promise"
    DISPUTE = "dispute"


class CallOutcome(Struct, frozen=True):
    """One code."""

    code: str
    means: str
    """For people, in the help and in the docs."""
    back_after: int = 0
    """After so many business days the task comes back; 0: it is done."""
    tries_max: int = 0
    """So often it comes back; then it is done with this outcome."""
    follows: Follows = Follows.NOTHING

    def ends(self, tries: int) -> bool:
        """Return whether the task is done with this outcome, after so many tries before it."""
        return self.back_after == 0 or tries + 1 >= self.tries_max


_ROWS = (
    CallOutcome("spoke", "somebody was spoken to, and nothing more is to be done"),
    CallOutcome(
        "promised",
        "the customer named a day: it is recorded as a promise to pay",
        follows=Follows.PROMISE,
    ),
    CallOutcome(
        "dispute",
        "the customer objects: it is recorded as a dispute",
        follows=Follows.DISPUTE,
    ),
    CallOutcome("voicemail", "a message was left", back_after=2, tries_max=3),
    CallOutcome("unreachable", "nobody answered", back_after=1, tries_max=5),
    CallOutcome(
        "wrong number", "the number is somebody else's: find another", back_after=1, tries_max=2
    ),
    CallOutcome("refused", "the customer says that it will not pay"),
    CallOutcome(POSTED, "the printed letter was posted: that is its delivery"),
    CallOutcome(
        "asks for copy", "send the invoice again, then call again", back_after=3, tries_max=2
    ),
)

CALL_OUTCOMES: Mapping[str, CallOutcome] = {row.code: row for row in _ROWS}
"""By code."""

_PROMISED = re.compile(
    r"(?:will pay|promised|promises to pay|pays)(?: on| by)? ([0-9]{4}-[0-9]{2}-[0-9]{2})"
)


class SaidOutcome(NamedTuple):
    """An outcome as a person said it."""

    outcome: CallOutcome | None
    """None: words alone."""
    words: str = ""
    """What was said besides the code."""
    promised_on: date | None = None


def said_outcome(text: str) -> SaidOutcome:
    """Read what came of a task: `voicemail`, `spoke: call the owner`, `will pay on 2026-12-10`.

    Raises:
        ValueError: it names a day that is none.
    """
    line = " ".join(text.split())
    code, _, words = line.partition(":")
    folded = re.sub(r"[ _-]+", " ", code).strip().casefold()
    if folded in CALL_OUTCOMES:
        return SaidOutcome(CALL_OUTCOMES[folded], words.strip())
    promise = _PROMISED.match(line.casefold())
    if promise:
        day = date.fromisoformat(promise[1])
        return SaidOutcome(CALL_OUTCOMES["promised"], line[promise.end() :].lstrip(" ,;:."), day)
    return SaidOutcome(None, line)
