"""A Xero organisation with a few records, and a client that checks each call by the contract."""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
import yaml

from arsync_sandbox.platform import ContactRow, InvoiceRow
from arsync_sandbox.server import Sandbox
from arsync_sandbox.xero import XeroBook

CONTRACT = Path(__file__).parents[3].parent / "shared" / "contracts" / "xero-accounting-ar.yaml"
API = "/api.xro/2.0"
ACME = "11111111-1111-4111-8111-111111111111"
BETA = "22222222-2222-4222-8222-222222222222"
OPEN = "aaaaaaaa-0000-4000-8000-000000000001"
LATE = "aaaaaaaa-0000-4000-8000-000000000002"
PAID = "aaaaaaaa-0000-4000-8000-000000000003"
DRAFT = "aaaaaaaa-0000-4000-8000-000000000004"


@pytest.fixture(scope="session")
def contract_document() -> Any:
    """The published description of Xero's API, or None where it is not there."""
    if not CONTRACT.is_file():
        return None
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with CONTRACT.open(encoding="utf-8") as file:
        return yaml.load(file, loader)


@pytest.fixture(scope="session")
def contract(contract_document: Any) -> Any:
    """What validates by that description."""
    if contract_document is None:
        return None
    from openapi_core import OpenAPI

    return OpenAPI.from_dict(contract_document)


class Xero:
    """A client of one organisation; each exchange must agree with the contract."""

    def __init__(self, sandbox: Sandbox, contract: Any) -> None:
        self.sandbox = sandbox
        self.url = sandbox.url
        self.book: XeroBook = sandbox.books["xero"]  # type: ignore[assignment]
        self.session = requests.Session()
        self.session.headers["Accept"] = "application/json"
        self.contract = contract
        self.checked = 0
        self.authorise("sandbox-custom-connection", "sandbox-custom-secret")
        self.tenant = self.book.organisation.id
        self.session.headers["xero-tenant-id"] = self.tenant

    def authorise(self, client: str, secret: str, scope: str = "") -> None:
        form = {"grant_type": "client_credentials", "scope": scope}
        answer = requests.post(
            f"{self.url}/connect/token", data=form, auth=(client, secret), timeout=10
        )
        assert answer.status_code == 200, answer.text
        self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        check: bool = True,
        **params: Any,
    ) -> requests.Response:
        raw = isinstance(body, bytes)
        payload = body if raw or body is None else json.dumps(body, default=str).encode()
        kind = "application/octet-stream" if raw else "application/json"
        sent = {"Content-Type": kind, **(headers or {})} if payload is not None else headers
        answer = self.session.request(
            method, f"{self.url}{API}{path}", data=payload, headers=sent, params=params, timeout=30
        )
        if check and self.contract is not None:
            self.check(answer)
        return answer

    def check(self, answer: requests.Response) -> None:
        """Validate a request that was sent, and its answer, by the contract."""
        from openapi_core.templating.paths.exceptions import PathNotFound
        from openapi_core.templating.responses.exceptions import ResponseNotFound
        from openapi_core.testing import MockRequest, MockResponse

        sent_request = answer.request
        path, _, _ = str(sent_request.path_url).partition("?")
        request = MockRequest(
            self.url,
            str(sent_request.method).lower(),
            path,
            args=dict(parse_qsl(urlsplit(str(sent_request.url)).query)),
            headers=dict(sent_request.headers),
            data=sent_request.body if isinstance(sent_request.body, bytes) else None,
            content_type=sent_request.headers.get("Content-Type", "application/json"),
        )
        kind = answer.headers.get("Content-Type", "").partition(";")[0]
        response = MockResponse(answer.content, answer.status_code, content_type=kind)
        with warnings.catch_warnings():
            # openapi-core cannot check OAuth 2 and says so each time.
            warnings.filterwarnings("ignore", "Unsupported scheme type")
            try:
                self.contract.validate_request(request)
            except PathNotFound:
                return
            if answer.status_code in {200, 204}:
                self.contract.validate_response(request, response)
            elif answer.status_code == 400 and sent_request.method != "GET":
                # The contract declares 400 for most writes and for no read.
                with contextlib.suppress(ResponseNotFound):
                    self.contract.validate_response(request, response)
        self.checked += 1

    def get(self, path: str, **params: Any) -> Any:
        answer = self.call("GET", path, **params)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.text, parse_float=Decimal)

    def put(self, path: str, body: Any, **params: Any) -> Any:
        answer = self.call("PUT", path, body, **params)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.text, parse_float=Decimal)

    def post(self, path: str, body: Any, **params: Any) -> Any:
        answer = self.call("POST", path, body, **params)
        assert answer.status_code in {200, 204}, answer.text
        return json.loads(answer.text or "null", parse_float=Decimal)

    def refused(self, method: str, path: str, body: Any, **params: Any) -> list[str]:
        """The messages of a 400, wherever they stand."""
        answer = self.call(method, path, body, **params)
        assert answer.status_code == 400, answer.text
        messages: list[str] = []

        def collect(value: Any) -> None:
            if isinstance(value, dict):
                if isinstance(value.get("ValidationErrors"), list):
                    messages.extend(row["Message"] for row in value["ValidationErrors"])
                for inner in value.values():
                    collect(inner)
            elif isinstance(value, list):
                for inner in value:
                    collect(inner)

        collect(answer.json())
        return messages or [answer.json()["Message"]]

    def invoice(self, id_: str) -> Any:
        return self.get(f"/Invoices/{id_}")["Invoices"][0]

    def contact(self, id_: str) -> Any:
        return self.get(f"/Contacts/{id_}")["Contacts"][0]

    def pay(self, id_: str, amount: str) -> Any:
        payment = {"Invoice": {"InvoiceID": id_}, "Account": {"Code": "970"}}
        body = {"Payments": [{**payment, "Date": "2026-03-02", "Amount": float(amount)}]}
        return self.put("/Payments", body)["Payments"][0]


@pytest.fixture
def start_xero(
    start_sandbox: Callable[..., Sandbox], contract: Any
) -> Iterator[Callable[..., Xero]]:
    """Start an organisation with a few records; limits are off unless asked for."""
    clients: list[Xero] = []

    def start(*, contacts: bool = True, **settings: Any) -> Xero:
        sandbox = start_sandbox(
            platforms=["xero"], start=date(2026, 3, 2), settings={"limits": False, **settings}
        )
        book: Any = sandbox.books["xero"]
        if contacts:
            book.load_contacts(
                [
                    ContactRow(ACME, "Acme Ltd", "ap@acme.example", "GBP", terms_days=30),
                    ContactRow(BETA, "Beta BV", "pay@beta.example", "EUR", contact_group="Key"),
                ]
            )
            day = date(2026, 2, 1)
            due = date(2026, 3, 3)
            book.load_invoices(
                [
                    InvoiceRow(OPEN, "S-1", ACME, day, due, "GBP", Decimal("100.10")),
                    InvoiceRow(LATE, "S-2", ACME, day, date(2026, 2, 8), "GBP", Decimal(250)),
                    InvoiceRow(PAID, "S-3", BETA, day, due, "EUR", Decimal(80), "paid"),
                    InvoiceRow(DRAFT, "S-4", BETA, day, due, "EUR", Decimal("40.50"), "draft"),
                ]
            )
        clients.append(Xero(sandbox, contract))
        return clients[-1]

    yield start
    for client in clients:
        client.session.close()


@pytest.fixture
def xero(start_xero: Callable[..., Xero]) -> Xero:
    """One organisation at Xero on 2 March 2026."""
    return start_xero()
