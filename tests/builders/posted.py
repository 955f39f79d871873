"""What the platforms post, signed by the sandbox's own hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from arsync_sandbox.quickbooks.ledger import EntityChange
from arsync_sandbox.quickbooks.webhooks import cloud_events_body, legacy_body, signature
from arsync_sandbox.xero.webhooks import sign

XERO_KEY = "webhook-key-of-the-tests"
QUICKBOOKS_TOKEN = "webhook-token-of-the-tests"


class Posted(NamedTuple):
    """A body and its headers."""

    platform: str
    body: bytes
    headers: dict[str, str]


def xero_event(
    organisation: str, at: datetime, record: str = "i-1", category: str = "INVOICE"
) -> dict[str, Any]:
    """Return one event as Xero describes it."""
    return {
        "resourceUrl": f"https://api.xero.com/api.xro/2.0/Invoices/{record}",
        "resourceId": record,
        "eventDateUtc": f"{at:%Y-%m-%dT%H:%M:%S}.902",
        "eventType": "UPDATE",
        "eventCategory": category,
        "tenantId": organisation,
        "tenantType": "ORGANISATION",
    }


def from_xero(events: Sequence[Any], *, key: str = XERO_KEY) -> Posted:
    """Return a delivery of Xero's."""
    envelope = {
        "events": events,
        "firstEventSequence": 1 if events else 0,
        "lastEventSequence": len(events),
        "entropy": "S0m3r4Nd0mt3xt",
    }
    return signed_by_xero(json.dumps(envelope).encode(), key=key)


def signed_by_xero(body: bytes, *, key: str = XERO_KEY) -> Posted:
    """Return a body with Xero's signature."""
    return Posted("xero", body, {"x-xero-signature": sign(key, body)})


def from_quickbooks(
    realm: str, at: datetime, invoices: Sequence[str] = ("1",), *, old_form: bool = False
) -> Posted:
    """Return a delivery of Intuit's about invoices, in either form."""
    changes = [EntityChange("Invoice", number, "Update") for number in invoices]
    return signed_by_intuit((legacy_body if old_form else cloud_events_body)(realm, changes, at))


def signed_by_intuit(body: bytes, *, token: str = QUICKBOOKS_TOKEN) -> Posted:
    """Return a body with Intuit's signature."""
    return Posted("quickbooks", body, {"intuit-signature": signature(body, token)})
