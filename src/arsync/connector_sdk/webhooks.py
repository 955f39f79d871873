"""Webhooks: what a platform posts when something has changed, as its connector reads it.

An event says which organisation has changed, and no more is needed: the next pull reads what.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from arsync.errors import ArsyncError

T = TypeVar("T")

WEBHOOK_EVENTS_MAX = 10_000
"""A delivery of more events is not read. Platforms post some hundred at a time."""


class WebhookEvent(NamedTuple):
    """One change of a record that pulls read."""

    organisation_id: str
    identity: str
    """The same text each time the platform posts this event, and no other event's."""
    at: datetime
    """When it happened, by the platform's clock; `read_each` takes one without a zone for UTC."""


class WebhookDelivery(NamedTuple):
    """What one post holds."""

    events: Sequence[WebhookEvent]
    of_no_concern: int = 0
    """Events about what no pull reads: suppliers, bills, the app's subscription."""
    unreadable: int = 0
    """Events that are not as the platform describes them."""


class UnreadableWebhook(ArsyncError):
    """The body of a post is not what the platform describes, although it is signed."""


class WebhookReader(Protocol):
    """What a connector knows of its platform's webhooks."""

    secret_setting: str
    """The key, in the platform's section of the config, of the secret that signs them."""
    repeats_seconds: float
    """For how long the platform posts an event again that was not accepted."""

    def verify(self, body: bytes, headers: Mapping[str, str], secret: str) -> bool:
        """Return whether the platform has signed these very bytes.

        Args:
            body: as it came.
            headers: their names are lower-case.
            secret: never empty.
        """
        ...

    def read(self, body: bytes) -> WebhookDelivery:
        """Read a signed body.

        Raises:
            UnreadableWebhook: it is not what the platform describes, or holds more than
                `WEBHOOK_EVENTS_MAX` events.
        """
        ...


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Return whether a signature is the base64 of a body's HMAC-SHA256 with a secret."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    # As bytes: of texts, only ASCII can be compared in constant time.
    return hmac.compare_digest(base64.b64encode(digest), signature.encode(errors="replace"))


def read_each(
    rows: Callable[[], Iterable[T]], read: Callable[[T], WebhookEvent | None]
) -> WebhookDelivery:
    """Read a body event by event: one of a new kind does not hide the others.

    Args:
        rows: takes the body apart with msgspec, and leaves the events as they are written.
        read: reads one event; None: it is of no concern.

    Raises:
        UnreadableWebhook: the body cannot be taken apart, or holds too many events.
    """
    broken = (msgspec.MsgspecError, ValueError, RecursionError)
    try:
        written = list(rows())
    except broken as error:
        raise UnreadableWebhook(str(error)) from None
    if len(written) > WEBHOOK_EVENTS_MAX:
        raise UnreadableWebhook(f"{len(written):,} events in one delivery")
    events, of_no_concern, unreadable = [], 0, 0
    for row in written:
        try:
            event = read(row)
        except broken:
            unreadable += 1
            continue
        if event is None:
            of_no_concern += 1
        else:
            at = event.at if event.at.tzinfo else event.at.replace(tzinfo=UTC)
            events.append(event._replace(at=at))
    return WebhookDelivery(events, of_no_concern, unreadable)
