"""Xero's webhooks: one signed object with the events of any number of organisations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from arsync.connector_sdk.webhooks import (
    WebhookDelivery,
    WebhookEvent,
    is_signed,
    read_each,
)

SIGNATURE_HEADER = "x-xero-signature"

REPEATS_SECONDS = 24 * 3600.0
"""Xero tries for a day, then switches the webhook off."""

CATEGORIES = frozenset({"CONTACT", "INVOICE", "CREDITNOTE", "PREPAYMENT", "OVERPAYMENT", "PAYMENT"})
"""What pulls read. Xero has no category for payments: they come as updates of the invoice."""


class _Event(msgspec.Struct, rename="camel"):
    event_category: str
    event_type: str
    event_date_utc: str
    resource_id: str = ""
    tenant_id: str = ""


class _PostedEvents(msgspec.Struct):
    events: list[msgspec.Raw]


_POSTED, _EVENT = msgspec.json.Decoder(_PostedEvents), msgspec.json.Decoder(_Event)


class XeroWebhooks:
    """Implements `arsync.connector_sdk.webhooks.WebhookReader`."""

    secret_setting = "webhook_key"  # noqa: S105 - the name of a setting
    repeats_seconds = REPEATS_SECONDS

    def verify(self, body: bytes, headers: Mapping[str, str], secret: str) -> bool:
        """Return whether Xero has signed these bytes with the webhook's key."""
        return is_signed(body, headers.get(SIGNATURE_HEADER, ""), secret)

    def read(self, body: bytes) -> WebhookDelivery:
        """Read the events; those of an intent to receive are none."""
        return read_each(lambda: _POSTED.decode(body).events, _read)


def _read(row: msgspec.Raw) -> WebhookEvent | None:
    event = _EVENT.decode(row)
    if event.event_category not in CATEGORIES or not event.tenant_id:
        return None
    record = f"{event.event_category}|{event.resource_id}"
    identity = f"{record}|{event.event_date_utc}|{event.event_type}"
    # Xero's moments are UTC, and do not say so.
    return WebhookEvent(event.tenant_id, identity, datetime.fromisoformat(event.event_date_utc))
