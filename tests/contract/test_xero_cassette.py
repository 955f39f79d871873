"""A recorded conversation with Xero's API, replayed without a server.

It catches a connector that asks in another way than it did: a request that is not in the recording
fails. With `ARSYNC_RECORD=1` set, the test records anew, from the sandbox.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
import vcr
from tests.builders.actions import an_action, refs_to

from arsync.clock import SystemClock
from arsync.connector_sdk import Grant, Page, Write
from arsync.core.actions import ActionKind, Because
from arsync.core.ledger.records import Contact, Invoice, Payment, RecordKind
from arsync.http import PlatformTransport, TransportSettings
from arsync_xero import PLATFORM

CASSETTE = Path(__file__).parent / "cassettes" / "xero.yaml"
RECORDING = bool(os.environ.get("ARSYNC_RECORD"))
REDIRECT = "http://localhost:8976/callback"
HIDDEN = "hidden"
SECRET_FIELDS = ("code", "code_verifier", "client_secret", "refresh_token", "token")
SECRET_ANSWERS = ("access_token", "refresh_token", "id_token", "APIKey")


def without_port(request: Any) -> Any:
    """Requests are told apart by method, path, query and body; the port is the sandbox's."""
    address = urlsplit(request.uri)
    if "/identity/" in address.path:
        return None  # The consent page is the browser's affair.
    request.uri = urlunsplit(("http", "127.0.0.1", *address[2:]))
    return request


def without_tokens(response: dict[str, Any]) -> dict[str, Any]:
    try:
        tree = json.loads(response["body"]["string"])
    except ValueError:
        return response
    rows = [tree, *(tree.get("Organisations", ()) if isinstance(tree, dict) else ())]
    for row in rows:
        for name in SECRET_ANSWERS:
            if isinstance(row, dict) and name in row:
                row[name] = HIDDEN
                response["body"]["string"] = json.dumps(tree).encode()
    return response


@pytest.fixture
def tape() -> Iterator[Any]:
    recorder = vcr.VCR(
        record_mode="all" if RECORDING else "none",
        match_on=("method", "path", "query", "body"),
        filter_headers=[("authorization", HIDDEN), "user-agent", "cookie"],
        filter_post_data_parameters=[(name, HIDDEN) for name in SECRET_FIELDS],
        before_record_request=without_port,
        before_record_response=without_tokens,
        decode_compressed_response=True,
    )
    if RECORDING:
        CASSETTE.unlink(missing_ok=True)
    with recorder.use_cassette(str(CASSETTE)) as cassette:
        yield cassette


class Tokens:
    """The token of a grant, renewed once at the start as a process of the next day would."""

    def __init__(self, grant: Grant, authoriser: Any) -> None:
        self.token = authoriser.refresh(grant.token)

    def current(self) -> Any:
        return self.token

    def refreshed(self, stale: Any) -> Any:
        raise AssertionError(f"the recorded token {stale} was refused")


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> dict[str, str]:
    if RECORDING:
        bench = request.getfixturevalue("xero")
        contact = bench.add_contact("Ridgeway University", "accounts@ridgeway.example")
        bench.move(contact, "7 Mill Lane", "Leeds", "LS1 4AP")
        day = bench.now().date()
        invoice = bench.add_invoice(contact, Decimal("1234.56"), day - timedelta(days=60), day)
        bench.pay(invoice, Decimal("34.56"))
        settings: dict[str, str] = bench.settings
        return settings
    url = "http://127.0.0.1:1"
    return {
        "flow": "pkce",
        "client_id": "sandbox-pkce-app",
        "client_secret": "",
        "scopes": "granular",
        "api_url": url,
        "login_url": url,
        "identity_url": url,
        "late_fee_account": "200",
    }


def callback(authoriser: Any) -> str:
    if not RECORDING:
        return f"{REDIRECT}?code={HIDDEN}&state=s1"
    url = authoriser.authorisation_url(redirect_uri=REDIRECT, state="s1", verifier="v" * 64)
    headers = {"X-Sandbox-Consent": "allow"}
    return requests.get(url, headers=headers, allow_redirects=False, timeout=30).headers["Location"]


def test_the_recorded_conversation_still_holds(
    settings: dict[str, str], tape: Any, request: pytest.FixtureRequest
) -> None:
    authoriser = PLATFORM.authoriser(settings)
    grant = authoriser.exchange(
        callback(authoriser), redirect_uri=REDIRECT, state="s1", verifier="v" * 64
    )
    transport = PlatformTransport(
        TransportSettings("Xero", PLATFORM.limits, pace=False),
        Tokens(grant, authoriser),
        SystemClock(),
    )
    connector = PLATFORM.open(transport, grant.organisations[0].id, settings)
    pages: list[Page] = list(connector.pull(None))
    (invoice,) = [row for page in pages for row in page.records if isinstance(row, Invoice)]
    (contact,) = [row for page in pages for row in page.records if isinstance(row, Contact)]
    (payment,) = [row for page in pages for row in page.records if isinstance(row, Payment)]
    assert (invoice.total, invoice.amount_due) == (Decimal("1234.56"), Decimal("1200.00"))
    assert contact.address == ("7 Mill Lane", "Leeds", "LS1 4AP")
    assert connector.invoice_pdf(invoice.id).startswith(b"%PDF-")
    assert payment.allocations[0] == (invoice.id, Decimal("34.56"), payment.paid_on)
    assert connector.read(RecordKind.INVOICES, [invoice.id]).records == [invoice]
    for kind in (ActionKind.REMINDER, ActionKind.CREDIT_HOLD, ActionKind.TERMS):
        action = an_action(
            kind,
            connection="recorded",
            contact_id=contact.id,
            contact_name=contact.name,
            because=Because("rules.yaml", 1, "Rule"),
            invoices=refs_to(invoice),
        )
        write = Write(action, action.key, connector.prepare(action), text="A recorded note.")
        assert connector.find(write) is None
        assert connector.perform(write).reference
        assert connector.find(write) is not None
    transport.close()
    if not RECORDING:
        assert tape.all_played, "the connector asks less than it did"


def test_the_recording_holds_no_secret() -> None:
    text = CASSETTE.read_text(encoding="utf-8")
    assert "Bearer " not in text
    assert "eyJ" not in text, "a JWT begins so"
    assert "callback?code=" not in text
    assert f"code={HIDDEN}" in text
    assert f"refresh_token={HIDDEN}" in text
