"""The sandbox as the platform behind a connector, for every test of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests

from arsync.clock import SystemClock
from arsync.connector import (
    Authoriser,
    Connector,
    HttpResponse,
    Platform,
    Token,
    Transport,
    platform,
)
from arsync.http import PlatformTransport
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
    """`arsync.testing.Bench` on the sandbox, for either platform."""

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
            self.platform.label, self.tokens, self.platform.limits, SystemClock(), pace=False
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
            one["platform"] == self.name and "/connect" not in one["path"] for one in requests
        )

    def state(self) -> dict[str, Any]:
        with self.sandbox.lock:
            return {**self.book.state(), "emails": self.sandbox.mailbox.as_json()}

    def add_contact(self, name: str, email: str) -> str:
        known = {row["id"] for row in self.state()["contacts"]}
        with self.sandbox.lock:
            self.book.load_contacts([ContactRow(id=f"c{len(known) + 1}", name=name, email=email)])
        (new,) = {row["id"] for row in self.state()["contacts"]} - known
        return str(new)

    def add_invoice(self, contact_id: str, amount: Decimal, issued_on: date, due_on: date) -> str:
        known = {row["id"] for row in self.state()["invoices"]}
        self._load([self._row(contact_id, amount, issued_on, due_on)])
        (new,) = {row["id"] for row in self.state()["invoices"]} - known
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

    def rename(self, contact_id: str, name: str) -> None:
        with self.sandbox.lock:
            self.book.rename(contact_id, name)

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
    asked = {"redirect_uri": redirect, "state": "s1", "verifier": "v" * 64}
    answer = requests.get(
        authoriser.authorisation_url(**asked),
        headers={"X-Sandbox-Consent": "allow"},
        allow_redirects=False,
        timeout=30,
    )
    grant = authoriser.exchange(answer.headers["Location"], **asked)
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
