"""Webhooks: signatures, the intent to receive, which events there are and which are not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from arsync_sandbox.xero.webhooks import PROBES, sign

ACME = "11111111-1111-4111-8111-111111111111"
OPEN = "aaaaaaaa-0000-4000-8000-000000000001"
LATE = "aaaaaaaa-0000-4000-8000-000000000002"
KEY = "sandbox-xero-webhook-key"


class Receiver:
    """A receiver that checks signatures, or says 200 to everything."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []
        self.careless = False
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                digest = hmac.new(KEY.encode(), body, hashlib.sha256).digest()
                right = self.headers["x-xero-signature"] == base64.b64encode(digest).decode()
                receiver.bodies.append(json.loads(body))
                self.send_response(200 if right or receiver.careless else 401)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    @property
    def events(self) -> list[tuple[str, str, str]]:
        keys = ("eventCategory", "eventType", "resourceId")
        rows = [row for body in self.bodies for row in body["events"]]
        return [(row[keys[0]], row[keys[1]], row[keys[2]]) for row in rows]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, args=(0.02,))
    thread.start()
    yield receiver
    receiver.server.shutdown()
    thread.join()
    receiver.server.server_close()


@pytest.fixture
def listened(start_xero: Callable[..., Any], receiver: Receiver) -> Any:
    """An organisation whose events go to `receiver`, which has passed its probes."""
    xero = start_xero()
    subscribe(xero, receiver)
    return xero


def subscribe(xero: Any, receiver: Receiver) -> None:
    xero.sandbox.change_settings({"xero_webhook_url": receiver.url})
    xero.book.webhooks.probing.join(5)
    assert xero.sandbox.webhooks.settle(5)


def test_signatures_agree_with_the_public_test_vector() -> None:
    key = "LR+QgKlbRciIPYpi65tTKLaZ3FzLLofCNEQWrRXqWXJeDFrfexzfVI9SmnVuCWDJ4jnjHB9ECtOyxZSofRxwWw=="
    body = (
        b'{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, '
        b'"entropy": "LUWDSUDGSWNZVALZXBEV"}'
    )
    assert len(body) == 95
    assert sign(key, body) == "BjzNbYUfrzg4g8wxm+dKHaZVrKxr2m75E296fUbD1E4="


def test_an_address_is_probed_with_right_and_wrong_signatures(
    listened: Any, receiver: Receiver
) -> None:
    assert [body["events"] for body in receiver.bodies] == [[]] * len(PROBES)
    assert all(body["firstEventSequence"] == 0 for body in receiver.bodies)
    assert listened.book.webhooks.probes == [(right, 200 if right else 401) for right in PROBES]
    assert not listened.book.webhooks.refused


def test_a_receiver_that_takes_wrong_signatures_gets_no_events(
    start_xero: Callable[..., Any], receiver: Receiver
) -> None:
    receiver.careless = True
    xero = start_xero()
    subscribe(xero, receiver)
    xero.book.rename(ACME, "Acme plc")
    assert xero.sandbox.webhooks.settle(5)
    assert xero.book.webhooks.refused
    assert receiver.events == []


def test_changes_are_told_with_tenant_and_address(listened: Any, receiver: Receiver) -> None:
    listened.post(f"/Contacts/{ACME}", {"ContactID": ACME, "FirstName": "Ann"})
    assert listened.sandbox.webhooks.settle(5)
    body = receiver.bodies[-1]
    event = body["events"][0]
    assert event["resourceUrl"].endswith(f"/api.xro/2.0/Contacts/{ACME}")
    assert event["tenantId"] == listened.tenant
    assert (event["eventCategory"], event["eventType"]) == ("CONTACT", "UPDATE")
    assert "Z" not in event["eventDateUtc"]
    assert body["firstEventSequence"] == body["lastEventSequence"] == 1


@pytest.mark.parametrize("told", [True, False])
def test_a_payment_has_no_event_of_its_own(listened: Any, receiver: Receiver, told: bool) -> None:
    listened.sandbox.change_settings({"xero_payment_fires_webhook": told})
    listened.book.pay(LATE, Decimal(10), date(2026, 3, 2))
    assert listened.sandbox.webhooks.settle(5)
    assert receiver.events == ([("INVOICE", "UPDATE", LATE)] if told else [])


def test_credit_notes_carry_their_type_and_status(listened: Any, receiver: Receiver) -> None:
    listened.book.credit(ACME, Decimal(10))
    assert listened.sandbox.webhooks.settle(5)
    event = receiver.bodies[-1]["events"][0]
    assert event["eventCategory"] == "CREDITNOTE"
    assert event["data"] == {"Type": "ACCRECCREDIT", "Status": "AUTHORISED"}


def test_a_note_fires_only_by_switch_on_unvoided_invoices(
    listened: Any, receiver: Receiver
) -> None:
    note = {"HistoryRecords": [{"Details": "x"}]}
    listened.put(f"/Invoices/{LATE}/History", note)
    assert listened.sandbox.webhooks.settle(5)
    assert receiver.events == []
    listened.book.void(OPEN)
    listened.sandbox.change_settings({"xero_note_bumps_updated": True})
    for id_ in (OPEN, LATE):
        listened.put(f"/Invoices/{id_}/History", note)
    assert listened.sandbox.webhooks.settle(5)
    assert receiver.events == [("INVOICE", "UPDATE", OPEN), ("INVOICE", "UPDATE", LATE)]


def test_deliveries_come_twice_on_request(listened: Any, receiver: Receiver) -> None:
    listened.sandbox.change_settings({"webhook_duplicates": True})
    listened.book.rename(ACME, "Acme plc")
    assert listened.sandbox.webhooks.settle(5)
    assert receiver.events == [("CONTACT", "UPDATE", ACME)] * 2
