"""Xero's webhooks: signed events after a change, and the intent-to-receive probes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
from collections.abc import Sequence
from typing import Any

from arsync_sandbox.webhooks import post

from . import wire
from .documents import XeroCredit
from .ledger import XeroLedger
from .limits import API_PATH

URL_SETTING = "xero_webhook_url"

EVENTS_MAX = 100
"""How many events one delivery holds."""

ANSWER_SECONDS_MAX = 5
"""How long a receiver may take."""

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


class XeroWebhooks:
    """Sends what the ledger has noted."""

    def __init__(self, ledger: XeroLedger, tenant_id: str) -> None:
        self._ledger = ledger
        self._tenant_id = tenant_id
        self._sequence = 0
        self.probes: list[tuple[bool, int]] = []
        """The last intent to receive: whether each probe was signed rightly, and the answer."""
        self.probing: threading.Thread | None = None

    @property
    def refused(self) -> bool:
        """Whether the receiver answered a probe wrongly; it then gets no events."""
        return any(status != (200 if rightly else 401) for rightly, status in self.probes)

    def flush(self) -> None:
        """Send the events that a request has caused, in one delivery."""
        events, self._ledger.events = self._ledger.events, []
        if not events or not self._ledger.setting("webhook_url") or self.refused:
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
            if isinstance(record, XeroCredit) and category == "CREDITNOTE":
                body["data"] = {"Type": record.type, "Status": record.status}
            # One event a record: several changes within a request are one to the receiver.
            bodies.setdefault((category, record_id), body)
        rows = list(bodies.values())
        for start in range(0, len(rows), EVENTS_MAX):
            batch = rows[start : start + EVENTS_MAX]
            first = self._sequence + 1
            self._sequence += len(batch)
            message, headers = self._signed(batch, first, self._sequence)
            self._ledger.frame.notify(URL_SETTING, message, headers)

    def probe(self) -> None:
        """Ask the receiver to prove that it checks signatures: some probes are mis-signed.

        In a thread of its own: the caller that sets the address may have to answer the probe.
        """
        self.probes = []
        url = self._ledger.setting("webhook_url")
        if url:
            messages = [self._signed([], 0, 0, rightly=rightly) for rightly in PROBES]
            self.probing = threading.Thread(target=self._probe, args=(url, messages), daemon=True)
            self.probing.start()

    def _probe(self, url: str, messages: list[tuple[bytes, dict[str, str]]]) -> None:
        answers = []
        for rightly, (body, headers) in zip(PROBES, messages, strict=True):
            answers.append((rightly, post(url, body, headers, ANSWER_SECONDS_MAX)))
        self.probes = answers

    def _signed(
        self, events: Sequence[dict[str, Any]], first: int, last: int, *, rightly: bool = True
    ) -> tuple[bytes, dict[str, str]]:
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
        return body, {"Content-Type": "application/json", "x-xero-signature": signature}
