"""Xero's webhooks: signed events after a change, and the intent-to-receive probes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Any

from . import wire
from .documents import Credit
from .ledger import Ledger
from .limits import API_PATH

URL_SETTING = "xero_webhook_url"

PROBES = (True, False, True, False)
"""Intent to receive: which of the probes are signed rightly."""

_PATHS = {
    "CONTACT": "Contacts",
    "INVOICE": "Invoices",
    "CREDITNOTE": "CreditNotes",
    "PREPAYMENT": "Prepayments",
    "OVERPAYMENT": "Overpayments",
}


def sign(key: str, body: bytes) -> str:
    """The `x-xero-signature` of a body."""
    return base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()


class Webhooks:
    """Sends what the ledger has noted."""

    def __init__(self, ledger: Ledger, tenant_id: str) -> None:
        self._ledger = ledger
        self._tenant_id = tenant_id
        self._sequence = 0

    def flush(self) -> None:
        """Send the events that a request has caused, in one delivery."""
        events, self._ledger.events = self._ledger.events, []
        if not events or not self._ledger.setting("webhook_url"):
            return
        bodies: dict[tuple[str, str], dict[str, Any]] = {}
        moment = self._ledger.frame.now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        for category, kind, record_id, record in events:
            url = f"https://api.xero.com{API_PATH}/{_PATHS[category]}/{record_id}"
            body: dict[str, Any] = {
                "resourceUrl": url,
                "resourceId": record_id,
                "eventDateUtc": moment,
                "eventType": kind,
                "eventCategory": category,
                "tenantId": self._tenant_id,
                "tenantType": "ORGANISATION",
            }
            if isinstance(record, Credit) and category == "CREDITNOTE":
                body["data"] = {"Type": record.type, "Status": record.status}
            bodies.setdefault((category, record_id), body)
        first = self._sequence + 1
        self._sequence += len(bodies)
        self._send(list(bodies.values()), first, self._sequence)

    def probe(self) -> None:
        """Ask the receiver to prove that it checks signatures: some of these are mis-signed."""
        if self._ledger.setting("webhook_url"):
            for rightly in PROBES:
                self._send([], 0, 0, rightly=rightly)

    def _send(
        self, events: Sequence[dict[str, Any]], first: int, last: int, *, rightly: bool = True
    ) -> None:
        body = wire.encode(
            {
                "events": events,
                "firstEventSequence": first,
                "lastEventSequence": last,
                "entropy": secrets.token_hex(10).upper(),
            }
        )
        signature = sign(str(self._ledger.setting("webhook_key")), body)
        if not rightly:
            signature = ("A" if signature[0] != "A" else "B") + signature[1:]
        headers = {"Content-Type": "application/json", "x-xero-signature": signature}
        self._ledger.frame.notify(URL_SETTING, body, headers)
