"""A recorded conversation with QuickBooks is understood the same way every time.

The recording comes from the sandbox, with tokens left out. To record it anew after a change of what
is asked: `ARSYNC_RECORD=1 pytest tests/contract/test_quickbooks_cassette.py`.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import pytest
import vcr
from tests.builders.actions import an_action, an_invoice_ref

from arsync.clock import SetClock
from arsync.connector_sdk import Connector, Token, Write, platform
from arsync.core.actions import ActionKind, Because
from arsync.core.ledger.records import Contact, Invoice, RecordKind
from arsync.http import PlatformTransport, TransportSettings

CASSETTE = Path(__file__).parent / "cassettes" / "quickbooks.yaml"
RECORDS = bool(os.environ.get("ARSYNC_RECORD"))
REALM = "9341453000000001"
API = "https://quickbooks.api.intuit.com"
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
SECRET_HEADERS = ["Authorization", "Cookie", "User-Agent"]


class OneToken(NamedTuple):
    token: Token

    def current(self) -> Token:
        return self.token

    def refreshed(self, stale: Token) -> Token:
        raise AssertionError(f"nothing to renew: {stale}")


def without_port(request: Any) -> Any:
    """Tell the sandbox's address as QuickBooks' own."""
    address = urlsplit(request.uri)
    request.uri = urlunsplit((*urlsplit(API)[:2], *address[2:]))
    return request


def player() -> Any:
    return vcr.VCR(
        record_mode="all" if RECORDS else "none",
        match_on=["method", "uri", "body"],
        filter_headers=SECRET_HEADERS,
        before_record_request=without_port,
        decode_compressed_response=True,
    )


@pytest.fixture
def connector(request: pytest.FixtureRequest) -> Connector:
    if RECORDS:
        bench = request.getfixturevalue("quickbooks")
        fill(bench)
        CASSETTE.unlink(missing_ok=True)
        live: Connector = bench.connector()
        return live
    token = Token("left out", "left out", NOW + timedelta(days=1))
    offers = platform("quickbooks")
    transport = PlatformTransport(
        TransportSettings(offers.label, offers.limits, pace=False), OneToken(token), SetClock(NOW)
    )
    return offers.open(transport, REALM, {"api_url": API})


def fill(bench: Any) -> None:
    contact = {
        "Id": "801",
        "DisplayName": "Acme Ltd",
        "Notes": "ask Ann",
        "BillAddr": {"Id": "2", "Line1": "7 Mill Lane", "City": "Leeds", "PostalCode": "LS1 4AP"},
    }
    line = {
        "Id": "1",
        "Amount": Decimal("337.50"),
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
    }
    invoice = {
        "Id": "901",
        "DocNumber": "1042",
        "TxnDate": "2026-10-01",
        "DueDate": "2026-10-31",
        "CustomerRef": {"value": "801"},
        "TotalAmt": Decimal("337.50"),
        "Balance": Decimal("337.50"),
        "BillEmail": {"Address": "ap@acme.example"},
        "EmailStatus": "NotSet",
        "PrintStatus": "NeedToPrint",
        "CustomField": [
            {
                "DefinitionId": "1",
                "Name": "P.O. Number",
                "Type": "StringType",
                "StringValue": "PO 77",
            }
        ],
        "Line": [line],
    }
    assert bench.organisation_id == REALM
    bench.book.load_documents({"Customer": [contact], "Invoice": [invoice]})


def write(connector: Connector, kind: ActionKind) -> Write:
    action = an_action(
        kind,
        connection="c",
        contact_id="801",
        contact_name="Acme Ltd",
        because=Because("standard.yaml", 57, "Standard cadence"),
        invoices=(an_invoice_ref("901", number="1042", amount_due=Decimal("337.50")),),
        subject="901 day 14",
    )
    before = connector.prepare(action)
    return Write(action, action.key, before=before, text="20 days overdue.")


def test_a_recorded_day_is_understood_as_it_was(connector: Connector) -> None:
    with player().use_cassette(str(CASSETTE)):
        pages = list(connector.pull(None))
        receipts = []
        for kind in (ActionKind.REMINDER, ActionKind.CREDIT_HOLD, ActionKind.LIFT_CREDIT_HOLD):
            hold_write = write(connector, kind)
            receipts.append(connector.perform(hold_write).detail)
            assert connector.find(hold_write) is not None
        changes = list(connector.pull(pages[-1].cursor))
        paper = connector.invoice_pdf("901")
    (invoice,) = [row for page in pages for row in page.records if isinstance(row, Invoice)]
    assert (invoice.number, invoice.amount_due) == ("1042", Decimal("337.50"))
    assert invoice.purchase_order == "PO 77"
    (contact,) = [row for page in pages for row in page.records if isinstance(row, Contact)]
    assert contact.address == ("7 Mill Lane", "Leeds", "LS1 4AP")
    assert paper.startswith(b"%PDF-")
    assert receipts == [
        "1042 emailed to ap@acme.example",
        "credit hold in the notes of Acme Ltd",
        "credit hold lifted for Acme Ltd",
    ]
    (sent,) = [row for page in changes for row in page.records if page.kind == RecordKind.INVOICES]
    assert isinstance(sent, Invoice)
    assert sent.sent
    assert changes[-1].complete


def test_the_recording_holds_no_secret() -> None:
    text = CASSETTE.read_text(encoding="utf-8")
    for word in ("Bearer", "authorization", "refresh_token", "127.0.0.1", "localhost"):
        assert word.lower() not in text.lower()
