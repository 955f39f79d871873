"""The sandbox as the platform behind a connector, for the tests of connectors and of HTTP."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from arsync.clock import SystemClock
from arsync.connector_sdk import (
    Authoriser,
    Connector,
    HttpResponse,
    Platform,
    Token,
    Transport,
    platform,
)
from arsync.core.actions import ActionKind
from arsync.core.ledger.credit_kinds import CreditKind
from arsync.http import PlatformTransport, TransportSettings
from arsync_sandbox.platform import ContactRow, InvoiceRow
from arsync_sandbox.server import Sandbox, importable_platforms

STARTS_ON = date(2026, 11, 20)


@dataclass
class GrantedTokens:
    """A token source that keeps its token in memory and renews it through the authoriser."""

    authoriser: Authoriser
    token: Token

    def current(self) -> Token:
        return self.token

    def refreshed(self, stale: Token) -> Token:
        if self.token.access_token == stale.access_token:
            self.token = self.authoriser.refresh(stale)
        return self.token


@dataclass
class Watched:
    """A transport that shows each request to a checker before it leaves."""

    inner: Transport
    check: Callable[..., None]

    def request(self, method: str, url: str, **options: Any) -> HttpResponse:
        self.check(method, url, **options)
        return self.inner.request(method, url, **options)


@dataclass
class SandboxBench:
    """`arsync.connector_sdk.contract_tests.Bench` on the sandbox, for either platform."""

    sandbox: Sandbox
    name: str
    settings: dict[str, str]
    organisation_id: str
    tokens: GrantedTokens
    check: Callable[..., None] | None = None
    invoice_numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 100_000)))

    @property
    def platform(self) -> Platform:
        return platform(self.name)

    @property
    def book(self) -> Any:
        return self.sandbox.books[self.name]

    def transport(self) -> PlatformTransport:
        return PlatformTransport(
            TransportSettings(self.platform.label, self.platform.limits, pace=False),
            self.tokens,
            SystemClock(),
        )

    def connector(self) -> Connector:
        transport: Transport = self.transport()
        if self.check is not None:
            transport = Watched(transport, self.check)
        return self.platform.open(transport, self.organisation_id, self.settings)

    def now(self) -> datetime:
        return self.sandbox.now().astimezone(UTC)

    def advance(self, step: timedelta) -> None:
        with self.sandbox.lock:
            self.sandbox.timeline.move_to(self.now() + step)

    def calls(self) -> int:
        requests = self.sandbox.journal.page()["requests"]
        return sum(
            request["platform"] == self.name and "/connect" not in request["path"]
            for request in requests
        )

    def state(self) -> dict[str, Any]:
        with self.sandbox.lock:
            return {**self.book.state(), "emails": self.sandbox.mailbox.as_json()}

    def add_contact(self, name: str, email: str) -> str:
        before = {row["id"] for row in self.state()["contacts"]}
        with self.sandbox.lock:
            row = ContactRow(id=f"c{len(before) + 1}", name=name, email=email, terms_days=30)
            self.book.load_contacts([row])
        (new,) = {row["id"] for row in self.state()["contacts"]} - before
        return str(new)

    def add_invoice(self, contact_id: str, amount: Decimal, issued_on: date, due_on: date) -> str:
        before = {row["id"] for row in self.state()["invoices"]}
        self._load([self._row(contact_id, amount, issued_on, due_on)])
        (new,) = {row["id"] for row in self.state()["invoices"]} - before
        return str(new)

    def add_invoices(self, contact_id: str, count: int) -> None:
        today = self.now().date()
        rows = [
            self._row(contact_id, Decimal(number % 900 + 1), today, today + timedelta(days=30))
            for number in range(count)
        ]
        self._load(rows)

    def _row(self, contact_id: str, amount: Decimal, issued_on: date, due_on: date) -> InvoiceRow:
        number = next(self.invoice_numbers)
        return InvoiceRow(
            id=f"i{number}",
            number=f"INV-{number:05}",
            contact_id=contact_id,
            issued_on=issued_on,
            due_on=due_on,
            currency="GBP",
            total=amount,
        )

    def _load(self, rows: list[InvoiceRow]) -> None:
        with self.sandbox.lock:
            self.book.load_invoices(rows)

    def pay(self, invoice_id: str, amount: Decimal) -> None:
        with self.sandbox.lock:
            self.book.pay(invoice_id, amount, self.now().date())

    def enter_bill(self, contact_id: str, amount: Decimal, issued_on: date, due_on: date) -> str:
        with self.sandbox.lock:
            return str(self.book.enter_bill(contact_id, amount, issued_on, due_on))

    def pay_bill(self, bill_id: str, amount: Decimal) -> None:
        with self.sandbox.lock:
            self.book.pay_bill(bill_id, amount)

    @property
    def supplier_credits(self) -> Sequence[CreditKind]:
        return tuple(CreditKind) if self.name == "xero" else (CreditKind.CREDIT_NOTE,)

    def enter_supplier_credit(self, contact_id: str, amount: Decimal, kind: CreditKind) -> str:
        with self.sandbox.lock:
            return str(self.book.enter_supplier_credit(contact_id, amount, kind))

    def use_supplier_credit(self, credit_id: str, bill_id: str, amount: Decimal) -> None:
        with self.sandbox.lock:
            self.book.use_supplier_credit(credit_id, bill_id, amount)

    def rename(self, contact_id: str, name: str) -> None:
        with self.sandbox.lock:
            self.book.rename(contact_id, name)

    def move(self, contact_id: str, street: str, city: str, postcode: str) -> None:
        with self.sandbox.lock:
            self.book.set_address(contact_id, street, city, postcode)

    def change_by_hand(self, kind: ActionKind, contact_id: str, invoice_id: str) -> None:
        quickbooks = self.name == "quickbooks"
        fees = [row for row in self.state()["invoices"] if row["total"] == "12.50"]
        with self.sandbox.lock:
            if kind in {ActionKind.TERMS, ActionKind.AGREED_CREDIT}:
                self.book.set_terms(contact_id, "14")
            elif kind is ActionKind.CREDIT_HOLD and quickbooks:
                (mine,) = [row for row in self.state()["contacts"] if row["id"] == contact_id]
                self.book.set_notes(contact_id, mine["notes"].replace("in words", "in her words"))
            elif kind in {ActionKind.PROMISE, ActionKind.PAYMENT_PLAN}:
                self.book.expect(invoice_id, self.now().date() + timedelta(days=90))
            elif kind is ActionKind.LATE_FEE and quickbooks:
                self.book.pay(fees[0]["id"], Decimal("2.50"), self.now().date())
            elif kind is ActionKind.LATE_FEE:
                self.book.approve_invoice(fees[0]["id"])
            elif kind is ActionKind.CREDIT_NOTE:
                (credit,) = self.book.ledger.credits["CreditNotes"].rows.values()
                credit.status = "AUTHORISED"

    def refuse_looks(self) -> None:
        refused = {"path": "^/api.xro/2.0/|^/v3/company/", "status": 400, "times": 1_000}
        self.sandbox.faults.add(refused)

    def lose_answer(self, *, effect: bool) -> None:
        self.sandbox.faults.add(
            {"method": "PUT|POST|DELETE", "drop": "after" if effect else "before"}
        )


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    settings = {"consent": "allow", "limits": False}
    with Sandbox(importable_platforms(), start=STARTS_ON, settings=settings) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    running_sandbox.reset()
    return running_sandbox


def connected(sandbox: Sandbox, name: str, settings: dict[str, str]) -> SandboxBench:
    """Give consent as the organisation's owner would, and connect."""
    authoriser = platform(name).authoriser(settings)
    redirect = "http://localhost:8976/callback"
    query = {"redirect_uri": redirect, "state": "s1", "verifier": "v" * 64}
    answer = requests.get(
        authoriser.authorisation_url(**query),
        headers={"X-Sandbox-Consent": "allow"},
        allow_redirects=False,
        timeout=30,
    )
    grant = authoriser.exchange(answer.headers["Location"], **query)
    tokens = GrantedTokens(authoriser, grant.token)
    return SandboxBench(sandbox, name, settings, grant.organisations[0].id, tokens)


@pytest.fixture
def quickbooks(sandbox: Sandbox) -> SandboxBench:
    """A company at the sandbox's QuickBooks."""
    settings = {
        "environment": "production",
        "client_id": "sandbox-web-app",
        "client_secret": "sandbox-web-secret",
        "api_url": sandbox.url,
        "authorize_url": f"{sandbox.url}/connect/oauth2",
        "token_url": f"{sandbox.url}/oauth2/v1/tokens/bearer",
        "revoke_url": f"{sandbox.url}/v2/oauth2/tokens/revoke",
        "late_fee_item": "Late fee",
    }
    return connected(sandbox, "quickbooks", settings)


@pytest.fixture
def xero_settings(sandbox: Sandbox) -> dict[str, str]:
    """The config section of an app that talks to the sandbox's Xero."""
    return {
        "flow": "pkce",
        "client_id": "sandbox-pkce-app",
        "client_secret": "",
        "scopes": "granular",
        "api_url": sandbox.url,
        "login_url": sandbox.url,
        "identity_url": sandbox.url,
        "late_fee_account": "200",
    }


@pytest.fixture
def xero(
    sandbox: Sandbox, xero_settings: dict[str, str], xero_contract: Callable[..., None]
) -> SandboxBench:
    """An organisation at the sandbox's Xero; each request is held against the public contract."""
    bench = connected(sandbox, "xero", xero_settings)
    bench.check = xero_contract
    return bench


@pytest.fixture(scope="session")
def xero_contract() -> Callable[..., None]:
    """Check a request against Xero's OpenAPI document, where it is at hand."""
    document = Path(__file__).parents[2].parent / "shared/contracts/xero-accounting-ar.yaml"
    if not document.is_file():
        return lambda *_, **__: None
    import yaml
    from openapi_core import OpenAPI
    from openapi_core.testing import MockRequest

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with document.open(encoding="utf-8") as file:
        api = OpenAPI.from_dict(yaml.load(file, loader))

    def check(
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        **_: object,
    ) -> None:
        address = urlsplit(url)
        if address.path.endswith("/InvoiceReminders/Settings"):
            return  # The document at hand is an extract that leaves this path out.
        sent = {"Authorization": "Bearer x", **(headers or {})}
        request = MockRequest(
            f"{address.scheme}://{address.netloc}",
            method.lower(),
            address.path,
            args=dict(params or {}),
            headers=sent,
            data=body,
            content_type=sent.get("Content-Type", ""),
        )
        with warnings.catch_warnings():
            # openapi-core says of every OAuth 2 scheme that it does not check it.
            warnings.filterwarnings("ignore", "Unsupported scheme type")
            api.validate_request(request)

    return check
