"""Checklist: webhooks in both formats, signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from arsync_sandbox.quickbooks.ledger import EntityChange
from arsync_sandbox.quickbooks.webhooks import legacy_body, signature

VECTOR_TOKEN = "00faeec4-08d0-4996-bb37-698ae19f0149"
VECTOR_BODY = (
    b'{"eventNotifications":[{"realmId":"1269959970","dataChangeEvent":{"entities":['
    b'{"name":"Vendor","id":"40","operation":"Update","lastUpdated":"2016-10-05T03:09:04.000Z"},'
    b'{"name":"Customer","id":"43","operation":"Create","lastUpdated":"2016-10-05T03:07:04.000Z"}'
    b"]}}]}"
)
VECTOR_SIGNATURE = "6q+xGyMirJupwKTh2/WBl2NcdxzxqdIbk3sneKTxLWM="

CLOUD_EVENT = (
    b'[{"specversion":"1.0","id":"88cd52aa-33b6-4351-9aa4-47572edbd068",'
    b'"source":"intuit.dsnBgbseACLLRZNxo2dfc4evmEJdxde58xeeYcZliOU=",'
    b'"type":"qbo.invoice.updated.v1","datacontenttype":"application/json",'
    b'"time":"2025-09-10T21:31:25.179851517Z","intuitentityid":"1234",'
    b'"intuitaccountid":"310687","data":{}}]'
)


def test_the_public_vector_is_signed_as_intuit_signs_it() -> None:
    assert len(VECTOR_BODY) == 264
    assert signature(VECTOR_BODY, VECTOR_TOKEN) == VECTOR_SIGNATURE


def test_the_legacy_body_has_the_public_vectors_keys(company: Any) -> None:
    changes = [
        EntityChange("Vendor", "40", "Update"),
        EntityChange("Customer", "43", "Merge", "42"),
    ]
    mine = json.loads(legacy_body("1269959970", changes, company.sandbox.now()))
    vector = json.loads(VECTOR_BODY)
    (event,) = mine["eventNotifications"]
    assert list(event) == list(vector["eventNotifications"][0])
    first, second = event["dataChangeEvent"]["entities"]
    assert list(first) == ["name", "id", "operation", "lastUpdated"]
    assert first["lastUpdated"].endswith(".000Z")
    assert second["deletedId"] == "42"


class Receiver:
    """Takes webhooks on loopback."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.signatures: list[str] = []
        self.status = 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.signatures.append(self.headers["intuit-signature"])
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook"

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


def events(receiver: Receiver, company: Any) -> list[dict[str, Any]]:
    assert company.sandbox.webhooks.settle()
    return [event for body in receiver.bodies for event in json.loads(body)]


def test_cloud_events_are_a_list_with_the_published_keys(company: Any, receiver: Receiver) -> None:
    company.settings(quickbooks_webhook_url=receiver.url, quickbooks_webhook_token="secret")
    customer = company.customer()
    (event,) = events(receiver, company)
    (published,) = json.loads(CLOUD_EVENT)
    assert list(event) == list(published)
    assert event["type"] == "qbo.customer.created.v1"
    assert (event["intuitentityid"], event["intuitaccountid"]) == (customer["Id"], company.realm)
    assert len(event["time"]) == len(published["time"])
    body, header = receiver.bodies[0], receiver.signatures[0]
    expected = hmac.new(b"secret", body, hashlib.sha256).digest()
    assert hmac.compare_digest(base64.b64decode(header), expected)


def test_each_kind_of_change_has_its_word(company: Any, receiver: Receiver) -> None:
    customer = company.customer()
    invoice = company.invoice(customer["Id"], BillEmail={"Address": "a@b.example"})
    company.settings(quickbooks_webhook_url=receiver.url)
    company.payment(customer["Id"], "1.00", ("Invoice", invoice["Id"], "1.00"))
    company.send("invoice", invoice["Id"])
    token = company.one("invoice", invoice["Id"])["SyncToken"]
    void = company.post("invoice", {"Id": invoice["Id"], "SyncToken": token}, operation="void")
    head = {"Id": invoice["Id"], "SyncToken": void["SyncToken"]}
    company.post("invoice", head, operation="delete")
    stranger = company.customer("Other")
    company.book.merge(stranger["Id"], customer["Id"])
    received = events(receiver, company)
    types = [event["type"].removeprefix("qbo.").removesuffix(".v1") for event in received]
    assert types == [
        "payment.created",
        "invoice.updated",
        "invoice.emailed",
        "payment.updated",
        "invoice.void",
        "invoice.deleted",
        "customer.created",
        "customer.merged",
    ]
    assert received[-1]["data"] == {"deletedid": stranger["Id"]}
    assert received[-1]["intuitentityid"] == customer["Id"]


@pytest.mark.parametrize(
    ("wanted", "first"), [("legacy", "{"), ("both", "{["), ("cloudevents", "[")]
)
def test_the_format_can_be_chosen(
    company: Any, receiver: Receiver, wanted: str, first: str
) -> None:
    company.settings(quickbooks_webhook_url=receiver.url, quickbooks_webhook_format=wanted)
    company.customer()
    assert company.sandbox.webhooks.settle()
    assert "".join(body.decode()[0] for body in receiver.bodies) == first


def test_a_replay_and_a_read_tell_nothing(company: Any, receiver: Receiver) -> None:
    company.post("customer", {"DisplayName": "A"}, requestid="r")
    company.settings(quickbooks_webhook_url=receiver.url)
    company.post("customer", {"DisplayName": "A"}, requestid="r")
    company.query("select * from Customer")
    assert events(receiver, company) == []


def test_later_events_wait_behind_a_failed_one(company: Any, receiver: Receiver) -> None:
    receiver.status = 500
    company.settings(quickbooks_webhook_url=receiver.url)
    company.customer("A")
    company.customer("B")
    assert company.sandbox.webhooks.settle()
    assert len(receiver.bodies) == 1
    receiver.status = 200
    company.pass_time(seconds=11)
    company.sandbox.webhooks.poke()
    assert company.sandbox.webhooks.settle()
    ids = [event["intuitentityid"] for body in receiver.bodies for event in json.loads(body)]
    assert ids == ["1", "1", "2"]


def test_webhooks_can_be_repeated(company: Any, receiver: Receiver) -> None:
    company.settings(quickbooks_webhook_url=receiver.url, webhook_duplicates=True)
    company.customer()
    first, second = events(receiver, company)
    assert first["id"] == second["id"]
