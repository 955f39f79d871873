"""QuickBooks' webhooks: a list of CloudEvents, or one object in the form that came before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from arsync.connector_sdk.webhooks import (
    WebhookDelivery,
    WebhookEvent,
    is_signed,
    read_each,
)
from arsync_quickbooks.read_client import BY_NAME

SIGNATURE_HEADER = "intuit-signature"

REPEATS_SECONDS = 30 * 24 * 3600.0
"""Intuit tries every six hours in the end; a month is as far back as its list of changes goes."""

ENTITIES = frozenset(name.lower() for name in BY_NAME)
"""What pulls read, as the types of CloudEvents spell it."""


class _CloudEvent(msgspec.Struct):
    type: str
    id: str
    time: datetime
    intuitaccountid: str = ""


class _Entity(msgspec.Struct, rename="camel"):
    name: str
    id: str
    operation: str
    last_updated: datetime


class _Change(msgspec.Struct):
    entities: list[msgspec.Raw] = []


class _Notification(msgspec.Struct, rename="camel"):
    realm_id: str
    data_change_event: _Change = msgspec.field(default_factory=_Change)


class _OldForm(msgspec.Struct, rename="camel"):
    event_notifications: list[_Notification]


_CLOUD_EVENTS = msgspec.json.Decoder(list[msgspec.Raw])
_CLOUD_EVENT = msgspec.json.Decoder(_CloudEvent)
_OLD_FORM = msgspec.json.Decoder(_OldForm)
_ENTITY = msgspec.json.Decoder(_Entity)


class QuickBooksWebhooks:
    """Implements `arsync.connector_sdk.webhooks.WebhookReader`."""

    secret_setting = "webhook_token"  # noqa: S105 - the name of a setting
    repeats_seconds = REPEATS_SECONDS

    def verify(self, body: bytes, headers: Mapping[str, str], secret: str) -> bool:
        """Return whether Intuit has signed these bytes with the app's verifier token."""
        return is_signed(body, headers.get(SIGNATURE_HEADER, ""), secret)

    def read(self, body: bytes) -> WebhookDelivery:
        """Read the events of either form."""
        return read_each(lambda: _rows(body), _read)


def _rows(body: bytes) -> Iterator[tuple[str | None, msgspec.Raw]]:
    """Yield each event as it is written; in the form that came before, with its company."""
    if body.lstrip()[:1] == b"[":
        for row in _CLOUD_EVENTS.decode(body):
            yield None, row
    else:
        for notification in _OLD_FORM.decode(body).event_notifications:
            for row in notification.data_change_event.entities:
                yield notification.realm_id, row


def _read(realm_and_row: tuple[str | None, msgspec.Raw]) -> WebhookEvent | None:
    realm, row = realm_and_row
    return _of_cloud(row) if realm is None else _of_old_form(realm, row)


def _of_cloud(row: msgspec.Raw) -> WebhookEvent | None:
    event = _CLOUD_EVENT.decode(row)
    # `qbo.invoice.updated.v1`
    entity = event.type.split(".")[1:2]
    if not event.intuitaccountid or not ENTITIES.intersection(entity):
        return None
    return WebhookEvent(event.intuitaccountid, event.id, event.time)


def _of_old_form(realm: str, row: msgspec.Raw) -> WebhookEvent | None:
    entity = _ENTITY.decode(row)
    if entity.name.lower() not in ENTITIES:
        return None
    at = entity.last_updated
    # In whole seconds: of two changes of a record within one, the second is taken for a repetition.
    identity = f"{entity.name}|{entity.id}|{entity.operation}|{at.isoformat()}"
    return WebhookEvent(realm, identity, at)
