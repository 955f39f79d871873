"""Errors, named after what to do next. Callers branch on the type, never on a text or a status."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_MISTAKE = 2
EXIT_WAITING = 3
"""Exit codes: done, part failed, the user's mistake, waiting for a person."""


class ArsyncError(Exception):
    """Anything arsync raises on purpose; its message is fit for the user.

    The message never holds a token, a password or a client secret.
    """


class UserMistake(ArsyncError):
    """The user can fix it: the message says where and how. Exit code 2."""


class NeedsReconnect(ArsyncError):
    """The authorisation was withdrawn or has expired: a person must run `arsync connect` again."""


class RetryLater(ArsyncError):
    """The other side is busy or away; nothing happened, and the same call is safe to repeat."""

    def __init__(self, message: str, *, after_seconds: float = 60.0) -> None:
        """Keep how long to wait.

        Args:
            message: what was refused, and by whom.
            after_seconds: the earliest moment at which a repetition makes sense.
        """
        super().__init__(message)
        self.after_seconds = after_seconds


class Unreachable(RetryLater):
    """The other side is away: it does not answer, or with errors of its own (5xx)."""


class Stopping(RetryLater):
    """This process was asked to stop, and no longer waits: the next run continues from here."""

    def __init__(self) -> None:
        """Set the message; the wait is over at once."""
        super().__init__("asked to stop", after_seconds=0.0)


class LockLost(ArsyncError):
    """This run's lock is gone, and another run may have begun: nothing may be changed from here on.

    Not a `RetryLater`: writes on their way are for the other run to settle, not to be put back.
    """


class Overtaken(ArsyncError):
    """What the run was planned by has changed: the mode, or the rulebook. It has to plan anew."""


class StoreGone(UserMistake):
    """The store's file was deleted or replaced under a running process: nothing more is done."""


class HealsWhen(StrEnum):
    """What has to change before what was refused can be done."""

    NEVER = ""
    """Nothing does: the same request would be refused again."""
    FREE = "free"
    """Somebody else is editing the record at this moment."""
    DAY = "day"
    """The platform's emails of a day are used up."""
    SUBSCRIPTION = "subscription"
    """The organisation's subscription has ended: nothing at all can be written."""
    PERMISSION = "permission"
    """The person who connected may not do this."""
    SETTING = "setting"
    """A setting here, or something in the accounting system that arsync does not copy, is wrong."""
    DATE = "date"
    """A person refused it until a day."""
    RECORD = "record"
    """The customer's record does not allow it: it has no address, or is inactive."""

    @property
    def words(self) -> str:
        """Return when it is tried again, as the end of a sentence; empty for never."""
        return _HEALED[self]


_HEALED = {
    HealsWhen.NEVER: "",
    HealsWhen.FREE: "in a while",
    HealsWhen.DAY: "tomorrow",
    HealsWhen.SUBSCRIPTION: "when the subscription is active",
    HealsWhen.PERMISSION: "when the permission is given",
    HealsWhen.SETTING: "when that is put right",
    HealsWhen.DATE: "when its day has come",
    HealsWhen.RECORD: "when the customer's record is changed",
}


class Rejected(ArsyncError):
    """The other side refused: record it, and go on with the rest.

    Certainly nothing was done. For good, unless it says what heals it.
    """

    def __init__(
        self,
        message: str,
        *,
        heals_when: HealsWhen = HealsWhen.NEVER,
        undeliverable: Mapping[str, str] | None = None,
    ) -> None:
        """Keep what has to change before it can be done.

        Args:
            message: for people.
            heals_when: what has to change.
            undeliverable: mail addresses that take no mail, each with the server's own words.
        """
        super().__init__(message)
        self.heals_when = heals_when
        self.undeliverable = undeliverable or {}


class OutcomeUnknown(ArsyncError):
    """The write may have happened: look before writing again."""
