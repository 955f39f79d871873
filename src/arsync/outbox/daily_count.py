"""How many messages left today: counted in the store once a run, and then kept by the run."""

from __future__ import annotations

from datetime import date

from arsync.core.actions import STARTED_STATES, ActionKind, Via
from arsync.core.actions.registry import LETTER_KINDS
from arsync.outbox.ports import ActionReading
from arsync.outbox.types import Effect


def kinds_by(via: str) -> frozenset[ActionKind]:
    """Return the kinds of messages that leave in a way: by the platform, only its own email."""
    return frozenset({ActionKind.REMINDER}) if via == Via.PLATFORM else LETTER_KINDS


class SentToday:
    """The day's messages of one connection, by the way they leave.

    The run holds the connection's lock, so nobody else sends meanwhile: the count only grows by
    what the run itself does. A count before each message would cost as much as the message.
    """

    def __init__(self, actions: ActionReading, connection_id: int) -> None:
        """Count nothing yet."""
        self._actions = actions
        self._connection_id = connection_id
        self._counts: dict[tuple[str, date], int] = {}

    def forget(self) -> None:
        """Let the next question count in the store again."""
        self._counts.clear()

    def count(self, via: str, today: date) -> int:
        """Return how many messages were started today in this way."""
        if (via, today) not in self._counts:
            self._counts[via, today] = self._actions.sent_count(
                self._connection_id, kinds_by(via), today, via
            )
        return self._counts[via, today]

    def note(self, effect: Effect, sent_on: date | None) -> None:
        """Take in what became of an action that the run claimed on this day."""
        action = effect.action
        is_message = action.kind in kinds_by(action.via)
        if is_message and effect.state in STARTED_STATES and sent_on is not None:
            counted = (action.via, sent_on)
            if counted in self._counts:
                self._counts[counted] += 1
