"""A QuickBooks company in the sandbox, and a client that speaks to it without any SDK."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from arsync_sandbox.oauth import WEB_CLIENT
from arsync_sandbox.platform import SandboxOrganisation
from arsync_sandbox.quickbooks import QuickBooksBook
from arsync_sandbox.server import Sandbox

BASIC = (WEB_CLIENT.id, WEB_CLIENT.secret)
REDIRECT = "http://localhost:8765/callback"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


class SandboxCompany:
    """A signed-in app: `company.post("invoice", {...})`, `company.query("select * from Term")`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.headers["Accept"] = "application/json"
        self.realm = ""
        self.tokens: dict[str, Any] = {}

    @property
    def book(self) -> QuickBooksBook:
        book = self.sandbox.books["quickbooks"]
        assert isinstance(book, QuickBooksBook)
        return book

    @property
    def base(self) -> str:
        return f"{self.sandbox.url}/v3/company/{self.realm}"

    def consent(self, **extra: str) -> dict[str, str]:
        """Ask for consent and return what the redirect brings."""
        query = {
            "client_id": WEB_CLIENT.id,
            "response_type": "code",
            "scope": "com.intuit.quickbooks.accounting",
            "redirect_uri": REDIRECT,
            "state": "s-1",
            "sandbox_consent": "allow",
            **extra,
        }
        url = f"{self.sandbox.url}/connect/oauth2"
        answer = requests.get(url, params=query, allow_redirects=False, timeout=10)
        return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))

    def token(self, headers: dict[str, str] | None = None, **form: str) -> requests.Response:
        url = f"{self.sandbox.url}/oauth2/v1/tokens/bearer"
        return requests.post(url, data=form, auth=BASIC, headers=headers, timeout=10)

    def sign_in(self, **extra: str) -> SandboxCompany:
        back = self.consent(**extra)
        answer = self.token(
            grant_type="authorization_code", code=back["code"], redirect_uri=REDIRECT
        )
        self.realm, self.tokens = back["realmId"], answer.json()
        self.session.headers["Authorization"] = f"Bearer {self.tokens['access_token']}"
        return self

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.session.get(f"{self.base}/{path}", params=query, timeout=30)

    def send_bytes(
        self, path: str, body: bytes, content_type: str, **query: Any
    ) -> requests.Response:
        headers = {"Content-Type": content_type}
        return self.session.post(
            f"{self.base}/{path}", data=body, params=query, headers=headers, timeout=30
        )

    def ask(self, path: str, body: Any, **query: Any) -> requests.Response:
        text = json.dumps(body, default=float).encode()
        return self.send_bytes(path, text, "application/json", **query)

    def post(self, path: str, body: Any, **query: Any) -> Any:
        """Write and return the document."""
        answer = self.ask(path, body, **query)
        assert answer.status_code == 200, answer.text
        return next(value for key, value in loads(answer).items() if key != "time")

    def refused(self, path: str, body: Any, **query: Any) -> str:
        """Write in vain and return the code of the refusal."""
        answer = self.ask(path, body, **query)
        assert answer.status_code == 400, answer.text
        return fault_code(answer)

    def send(self, kind: str, id_: str, **query: Any) -> requests.Response:
        return self.send_bytes(f"{kind}/{id_}/send", b"", "application/octet-stream", **query)

    def one(self, kind: str, id_: str) -> Any:
        answer = self.get(f"{kind}/{id_}")
        assert answer.status_code == 200, answer.text
        return next(value for key, value in loads(answer).items() if key != "time")

    def query(self, select: str) -> Any:
        answer = self.get("query", query=select)
        assert answer.status_code == 200, answer.text
        return loads(answer)["QueryResponse"]

    def ids(self, select: str) -> list[str]:
        documents = self.query(select)
        return [row["Id"] for rows in documents.values() if isinstance(rows, list) for row in rows]

    def refused_query(self, select: str) -> tuple[str, str]:
        answer = self.get("query", query=select)
        assert answer.status_code == 400, answer.text
        error = answer.json()["Fault"]["Error"][0]
        return error["code"], error["Detail"]

    def cdc(self, entities: str, since: str) -> list[dict[str, Any]]:
        answer = self.get("cdc", entities=entities, changedSince=since)
        assert answer.status_code == 200, answer.text
        changes: list[dict[str, Any]] = loads(answer)["CDCResponse"][0]["QueryResponse"]
        return changes

    def settings(self, **values: Any) -> None:
        self.sandbox.change_settings(values)

    def prefer(self, section: str, **values: Any) -> None:
        self.book.load_documents({"Preferences": [{section: values}]})

    def customer(self, name: str = "Acme", **more: Any) -> Any:
        return self.post("customer", {"DisplayName": name, **more})

    def invoice(self, customer: str, amount: str = "100.00", **more: Any) -> Any:
        return self.post("invoice", self.invoice_body(customer, amount, **more))

    @staticmethod
    def invoice_body(customer: str, amount: str = "100.00", **more: Any) -> dict[str, Any]:
        line = {
            "Amount": Decimal(amount),
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
        }
        return {"CustomerRef": {"value": customer}, "Line": [line], **more}

    def credit(self, customer: str, amount: str) -> Any:
        return self.post("creditmemo", self.invoice_body(customer, amount))

    def payment(self, customer: str, total: str, *shares: tuple[str, str, str]) -> Any:
        """Pay; a share is kind, id and amount."""
        lines = [
            {"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": id_, "TxnType": kind}]}
            for kind, id_, amount in shares
        ]
        body = {"CustomerRef": {"value": customer}, "TotalAmt": Decimal(total), "Line": lines}
        return self.post("payment", body)

    def change(self, kind: str, doc: Any, **fields: Any) -> Any:
        """Update a few properties and leave the others."""
        head = {"Id": doc["Id"], "SyncToken": doc["SyncToken"], "sparse": True}
        return self.post(kind, {**head, **fields})

    def later(self, **by: float) -> None:
        """Let time pass, and sign in again: access tokens live for an hour."""
        self.pass_time(**by)
        self.sign_in()

    def pass_time(self, **by: float) -> None:
        self.sandbox.clock.set(self.sandbox.now() + timedelta(**by))


def loads(answer: requests.Response) -> Any:
    """An answer's JSON with Decimal for what has a point."""
    return json.loads(answer.text, parse_float=Decimal)


def fault_code(answer: requests.Response) -> str:
    """The code of a refusal."""
    code: str = answer.json()["Fault"]["Error"][0]["code"]
    return code


@pytest.fixture
def start_company(start_sandbox: Callable[..., Sandbox]) -> Callable[..., SandboxCompany]:
    """Start companies with settings of one's own; limits are off unless asked for."""

    def start(**settings: Any) -> SandboxCompany:
        sandbox = start_sandbox(
            platforms=("quickbooks",),
            start=NOON,
            organisations=[
                SandboxOrganisation(
                    name="Craig's Landscaping",
                    currency="USD",
                    country="US",
                    time_zone="America/Los_Angeles",
                )
            ],
            settings={"limits": False, **settings},
        )
        return SandboxCompany(sandbox).sign_in()

    return start


@pytest.fixture
def company(start_company: Callable[..., SandboxCompany]) -> SandboxCompany:
    """An empty company of the first of June 2026, signed in."""
    return start_company()


@pytest.fixture
def contracts() -> Path:
    """Intuit's schemas, beside the project."""
    folder = Path(__file__).parents[4] / "shared" / "contracts" / "intuit"
    if not folder.is_dir():
        pytest.skip("Intuit's schemas are not beside this project (shared/contracts/intuit)")
    return folder
