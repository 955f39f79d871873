"""Idempotency-Key: answers kept for six minutes, and given again word for word."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from .errors import XeroRefused

KEY_CHARS_MAX = 128
"""The longest Idempotency-Key."""

KEPT = timedelta(minutes=6)
"""How long an answer is kept, from the first call."""

METHODS = frozenset({"POST", "PUT", "PATCH"})
"""Methods that heed the header; the others ignore it."""


@dataclass
class ReplayedAnswer:
    """What was answered the first time."""

    request: str
    until: datetime
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Replays:
    """The answers that are still kept, by app and key."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], ReplayedAnswer] = {}

    def find(self, app: str, key: str, request: str, now: datetime) -> ReplayedAnswer | None:
        """The kept answer to the same request under this key, or None for a new one.

        Raises:
            Refused: 400 when the key is too long or belongs to a different request.
        """
        if len(key) > KEY_CHARS_MAX:
            raise _refused(f"Idempotency Key must be at most {KEY_CHARS_MAX} characters")
        kept = self._answers.get((app, key))
        if kept is None or kept.until <= now:
            return None
        # Also for another generation of the same write: its key must differ.
        if kept.request != request:
            raise _refused(f"Idempotency Key {key} is used with a different request")
        return kept

    def keep(self, app: str, key: str, answer: ReplayedAnswer, now: datetime) -> None:
        """Keep an answer, and forget those whose time is over."""
        while self._answers:
            oldest = next(iter(self._answers))
            if self._answers[oldest].until > now:
                break
            del self._answers[oldest]
        self._answers.pop((app, key), None)
        self._answers[app, key] = answer


def fingerprint(method: str, url: str, tenant: str, body: bytes) -> str:
    """What makes two requests the same: method, URL, tenant and body."""
    head = f"{method} {url} {tenant} ".encode()
    return hashlib.sha256(head + body).hexdigest()


def _refused(message: str) -> XeroRefused:
    return XeroRefused(
        400, {"ErrorNumber": 400, "Type": "IdempotencyException", "Message": message}
    )
