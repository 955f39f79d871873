"""A running sandbox for each test, and a helper that speaks to its control plane."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

import pytest
import requests
from flask import Blueprint, Response, abort, g, request

from arsync_sandbox.oauth import BadToken, OAuth, OAuthGrant, OAuthRules
from arsync_sandbox.platform import (
    ContactRow,
    Frame,
    InvoiceRow,
    PaymentRow,
    SandboxEmail,
    SandboxOrganisation,
    SandboxSetting,
    Unpaid,
)
from arsync_sandbox.server import Sandbox, importable_platforms


class Control:
    """The control plane in a few words: `control.state()`, `control.fault(path="Invoices")`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str, **query: Any) -> Any:
        answer = requests.get(f"{self.url}/_sandbox/{path}", params=query, timeout=30)
        return self._checked(answer)

    def post(self, path: str, body: Any = None) -> Any:
        text = json.dumps({} if body is None else body, default=str)
        return self._checked(requests.post(f"{self.url}/_sandbox/{path}", data=text, timeout=60))

    @staticmethod
    def _checked(answer: requests.Response) -> Any:
        assert answer.status_code == 200, answer.text
        return answer.json()

    def state(self, platform: str = "") -> Any:
        return self.get("state", **({"platform": platform} if platform else {}))

    def journal(self, since: int = 0) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.get("journal", since=since)["requests"]
        return rows

    def clock(self, to: str = "") -> str:
        now: str = (self.post("clock", {"to": to}) if to else self.get("clock"))["now"]
        return now

    def fault(self, **wanted: Any) -> None:
        self.post("faults", wanted)

    def settings(self, **values: Any) -> None:
        self.post("settings", values)

    def load(self, **rows: Any) -> Any:
        """`control.load(contacts=[...], invoices=[...])` or `documents={...}`, `folder=...`."""
        return self.post("load", rows)

    def person(self, platform: str, do: str, **arguments: Any) -> Any:
        return self.post("people", {"platform": platform, "do": do, **arguments})["result"]


@pytest.fixture
def start_sandbox() -> Iterator[Callable[..., Sandbox]]:
    """Start sandboxes with arguments of one's own; each must end without failures of its own."""
    started: list[Sandbox] = []

    def start(**arguments: Any) -> Sandbox:
        sandbox = Sandbox(**arguments).start()
        started.append(sandbox)
        return sandbox

    yield start
    for sandbox in started:
        sandbox.stop()
    failures = [error for sandbox in started for error in sandbox.errors]
    assert not failures, "the sandbox itself failed:\n" + "\n".join(failures)


@pytest.fixture
def sandbox(start_sandbox: Callable[..., Sandbox]) -> Sandbox:
    """A running server with the ledgers of every platform that can be imported, empty."""
    return start_sandbox(platforms=importable_platforms())


@pytest.fixture
def control(sandbox: Sandbox) -> Control:
    """The control plane of `sandbox`."""
    return Control(sandbox.url)


class LittleOAuth(OAuth):
    """Rules that resemble both platforms' a little."""

    def __init__(self, frame: Frame) -> None:
        super().__init__(
            frame,
            OAuthRules(
                platform="Little",
                access_token_seconds=1800,
                refresh_token_days=60,
                refresh_grace_seconds=1800,
                offline_scope="offline",
                scopes=frozenset({"offline", "invoices"}),
            ),
        )

    def organisations(self) -> list[SandboxOrganisation]:
        return [
            SandboxOrganisation(id="o1", name="First & Co"),
            SandboxOrganisation(id="o2", name="Second"),
        ]

    def callback_parameters(self, grant: OAuthGrant) -> dict[str, str]:
        return {"organisations": " ".join(grant.organisation_ids)}


class LittleBook:
    """The smallest ledger that a frame can serve, to test the frame alone."""

    name = "little"
    settings: ClassVar[tuple[SandboxSetting, ...]] = (
        SandboxSetting("little_answer", "yes", "What the little book says."),
    )

    def __init__(self, frame: Frame, organisation: SandboxOrganisation) -> None:
        self.frame = frame
        self.organisation = organisation
        self.oauth = LittleOAuth(frame)
        self.contacts: dict[str, ContactRow] = {}
        self.invoices: dict[str, InvoiceRow] = {}
        self.due: dict[str, Decimal] = {}
        self.paid: list[PaymentRow] = []
        self.posted: list[str] = []
        self.changed: list[str] = []
        self.days: list[date] = []
        self.at_once_max = 0

    def beside(self, organisation: SandboxOrganisation) -> LittleBook:
        return LittleBook(self.frame, organisation)

    def asked_for(self, environ: Mapping[str, Any]) -> str:
        return str(environ.get("HTTP_X_LITTLE", ""))

    def blueprint(self) -> Blueprint:
        blueprint = Blueprint("little", __name__, url_prefix="/little")
        blueprint.add_url_rule("/rows", "rows", self.rows, methods=["GET", "POST"])
        blueprint.add_url_rule("/fail", "fail", self.fail)
        blueprint.add_url_rule("/mine", "mine", self.mine)
        blueprint.add_url_rule("/auth", "auth", self.oauth.authorise, methods=["GET", "POST"])
        blueprint.add_url_rule("/token", "token", self.oauth.token, methods=["POST"])
        blueprint.add_url_rule("/revoke", "revoke", self.oauth.revoke, methods=["POST"])
        return blueprint

    def rows(self) -> Response:
        self.at_once_max = max(self.at_once_max, len(self.frame.in_flight()))
        if request.method == "POST":
            self.posted.append(request.get_data(as_text=True))
            g.took_effect = True
            self.frame.notify("xero_webhook_url", request.get_data(), {"X-Little": "1"})
        body = json.dumps({"rows": ["0123456789"] * int(request.args.get("n", "1"))})
        return Response(body, content_type="application/json")

    def fail(self) -> Response:
        raise RuntimeError("the little book is broken")

    def mine(self) -> Response:
        try:
            grant = self.oauth.check(request.headers.get("Authorization"))
        except BadToken as bad:
            abort(401, bad.reason)
        return Response(" ".join(grant.scopes))

    def load_contacts(self, rows: Iterable[ContactRow]) -> None:
        self.contacts.update((row.id, row) for row in rows)

    def load_invoices(self, rows: Iterable[InvoiceRow]) -> None:
        for row in rows:
            self.invoices[row.id] = row
            if row.status == "open":
                self.due[row.id] = row.total

    def load_payments(self, rows: Iterable[PaymentRow]) -> None:
        for row in rows:
            self.due[row.invoice_id] -= row.amount
            self.paid.append(row)

    def load_documents(self, documents: dict[str, list[dict[str, Any]]]) -> None:
        self.posted.append(json.dumps(documents, default=str))

    def unpaid(self) -> list[Unpaid]:
        rows = []
        for id_, amount in self.due.items():
            row = self.invoices[id_]
            due_on = row.due_on or row.issued_on
            shown = (id_, row.contact_id, row.number, row.issued_on, due_on, row.currency)
            if amount > 0:
                rows.append(Unpaid(*shown, row.total, amount, 0))
        return rows

    def pay(self, invoice_id: str, amount: Decimal, on: date) -> str:
        if amount > self.due[invoice_id]:
            raise ValueError("too much")
        self.load_payments([PaymentRow(f"p{len(self.paid)}", invoice_id, on, amount)])
        return self.paid[-1].id

    def void(self, invoice_id: str) -> None:
        del self.due[invoice_id]

    def rename(self, contact_id: str, name: str) -> None:
        self.contacts[contact_id] = self.contacts[contact_id]._replace(name=name)

    def setting_changed(self, name: str) -> None:
        self.changed.append(name)

    def day_begins(self, on: date) -> None:
        self.days.append(on)

    def email(self, at: datetime) -> SandboxEmail:
        return SandboxEmail(at, "little", ["a@b.example"], "Hello", text="INV-1")

    def state(self) -> dict[str, Any]:
        return {
            "contacts": [row._asdict() for row in self.contacts.values()],
            "invoices": [
                {"id": id_, "amount_due": str(self.due.get(id_, 0))} for id_ in self.invoices
            ],
            "payments": [row._asdict() for row in self.paid],
        }


@pytest.fixture
def start_little(start_sandbox: Callable[..., Sandbox]) -> Callable[..., Sandbox]:
    """Start a frame around a `LittleBook`, with arguments of one's own."""

    def start(**arguments: Any) -> Sandbox:
        return start_sandbox(
            platforms=("little",), book_classes={"little": LittleBook}, **arguments
        )

    return start


@pytest.fixture
def little(start_little: Callable[..., Sandbox]) -> Sandbox:
    """A running frame around one `LittleBook`, at noon of 1 June 2026."""
    return start_little(start=datetime(2026, 6, 1, 12))  # noqa: DTZ001 - UTC is meant


@pytest.fixture
def plane(little: Sandbox) -> Control:
    """The control plane of `little`."""
    return Control(little.url)
