"""Every document that the connector sends is one by Intuit's own schemas.

The schemas describe XML; QuickBooks' JSON maps to them one to one. They stand in the folder
`shared` beside the project.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.builders.actions import an_action, an_invoice_ref

from arsync.connector_sdk import Write
from arsync.core.actions import ActionKind, Via
from arsync.core.actions.registry import UNDOABLE
from arsync.core.actions.reversal import undo_action
from arsync_quickbooks.write_client import REQUEST_ID_LENGTH_MAX

FOLDER = Path(__file__).parents[4] / "shared" / "contracts" / "intuit"
X = "{http://www.w3.org/2001/XMLSchema}"
NUMBERS = {"decimal", "int", "long", "positiveInteger"}
FREE = {None, "IntuitAnyType", "anyType"}


class Sent(NamedTuple):
    path: str
    params: Mapping[str, str]
    entity: str
    body: Any


class Schemas:
    """Intuit's types, by name."""

    def __init__(self, folder: Path) -> None:
        self.types: dict[str, ET.Element] = {}
        self.enums: dict[str, set[str | None]] = {}
        self.elements: dict[str, str | None] = {}
        for file in folder.glob("*.xsd"):
            for node in ET.parse(file).getroot():
                name = node.get("name", "")
                if node.tag == f"{X}complexType":
                    self.types[name] = node
                elif node.tag == f"{X}simpleType":
                    self.enums[name] = {
                        enumeration.get("value") for enumeration in node.iter(f"{X}enumeration")
                    }
                elif node.tag == f"{X}element":
                    self.elements[name] = node.get("type")
        self.fields = cache(self._fields)

    def _fields(self, name: str) -> dict[str, tuple[str | None, bool]]:
        fields_by_name: dict[str, tuple[str | None, bool]] = {}
        for extension in self.types[name].iter(f"{X}extension"):
            base = local(extension.get("base"))
            if base in self.types:
                fields_by_name.update(self.fields(base or ""))
        for node in self.types[name].iter(f"{X}element"):
            key = node.get("name") or local(node.get("ref")) or ""
            kind = local(node.get("type")) or local(self.elements.get(key))
            fields_by_name[key] = (kind, node.get("maxOccurs") == "unbounded")
        for node in self.types[name].iter(f"{X}attribute"):
            if node.get("name"):
                fields_by_name[node.get("name", "")] = (local(node.get("type")), False)
        return fields_by_name

    def problems(self, value: Any, kind: str | None, path: str) -> list[str]:
        if kind in FREE:
            return []
        assert kind is not None
        if kind not in self.types:
            return self._of_scalar(value, kind, path)
        if not isinstance(value, dict):
            return [f"{path}: object expected"]
        problems, fields = [], self.fields(kind)
        for key, value_of_key in value.items():
            if key == "value" and key not in fields:
                continue
            if key not in fields:
                problems.append(f"{path}.{key}: unknown key")
            elif isinstance(value_of_key, list) != fields[key][1]:
                problems.append(f"{path}.{key}: array or scalar")
            else:
                for element in value_of_key if isinstance(value_of_key, list) else [value_of_key]:
                    problems += self.problems(element, fields[key][0], f"{path}.{key}")
        return problems

    def _of_scalar(self, value: Any, kind: str, path: str) -> list[str]:
        if self.enums.get(kind):
            return [] if value in self.enums[kind] else [f"{path}: {value!r} is not a {kind}"]
        if kind == "boolean":
            fits = isinstance(value, bool)
        elif kind in NUMBERS:
            fits = isinstance(value, int | Decimal) and not isinstance(value, bool)
        else:
            fits = isinstance(value, str)
        return [] if fits else [f"{path}: {value!r} is no {kind}"]


def local(name: str | None) -> str | None:
    return name.split(":")[-1] if name else None


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    if not FOLDER.is_dir():
        pytest.skip(f"Intuit's schemas are not beside the project ({FOLDER.name})")
    return Schemas(FOLDER)


@pytest.fixture
def sent(quickbooks: Any) -> list[Sent]:
    """What the connector sends from now on."""
    sents: list[Sent] = []

    def check(method: str, url: str, **options: Any) -> None:
        path = url.rpartition(f"/company/{quickbooks.organisation_id}/")[2]
        if method != "POST" or path == "query":
            return
        body, entity = options["body"], {"upload": "attachable"}.get(path, path)
        if path == "upload":
            body = body.split(b"\r\n\r\n")[1].split(b"\r\n--")[0]
        whole = json.loads(body, parse_float=Decimal) if body else {}
        sents.append(Sent(path, options["params"], entity.capitalize(), whole))

    quickbooks.check = check
    return sents


EVERYTHING: tuple[tuple[ActionKind, Via, dict[str, str]], ...] = (
    (ActionKind.NOTE, Via.PLATFORM, {}),
    (ActionKind.REMINDER, Via.PLATFORM, {}),
    (ActionKind.REMINDER, Via.SMTP, {}),
    (ActionKind.ACCOUNT_LETTER, Via.SMTP, {"letter": "thank you"}),
    (ActionKind.PROMISE, Via.PLATFORM, {"promised_on": "2026-12-01"}),
    (
        ActionKind.PAYMENT_PLAN,
        Via.PLATFORM,
        {"plan_id": "1", "currency": "USD", "next_on": "2026-12-01"},
    ),
    (ActionKind.CREDIT_HOLD, Via.PLATFORM, {}),
    (ActionKind.HOLD_REASONS, Via.PLATFORM, {}),
    (ActionKind.REMINDER_LEVEL, Via.PLATFORM, {"level": "1"}),
    (ActionKind.LIFT_CREDIT_HOLD, Via.PLATFORM, {}),
    (ActionKind.AGREED_CREDIT, Via.PLATFORM, {"terms": "14 days"}),
    (ActionKind.TERMS, Via.PLATFORM, {}),
    (ActionKind.RESTORE_TERMS, Via.PLATFORM, {"saved": "none"}),
    (ActionKind.LETTER, Via.PLATFORM, {}),
    (ActionKind.LATE_FEE, Via.PLATFORM, {"amount": "12.50", "currency": "EUR"}),
    (ActionKind.TASK, Via.PLATFORM, {"task": "Call"}),
    (ActionKind.TASK_DONE, Via.PLATFORM, {"task": "Call", "outcome": "will pay"}),
    (ActionKind.DISPUTE, Via.PLATFORM, {"reason": "damaged"}),
    (ActionKind.PLACEMENT, Via.PLATFORM, {"agency": "Example Collections"}),
)


def test_every_document_sent_is_one_by_intuits_schemas(
    quickbooks: Any, schemas: Schemas, sent: list[Sent]
) -> None:
    # QuickBooks has no draft credit notes: a discount is a task there. References are no customers.
    elsewhere = {ActionKind.UNDO, ActionKind.CREDIT_NOTE, ActionKind.REFERENCE_LETTER}
    sent_here = set(ActionKind) - elsewhere
    assert {kind for kind, _, _ in EVERYTHING} == sent_here
    prepare_ledger(quickbooks)
    connector = quickbooks.connector()
    for kind, via, details in EVERYTHING:
        write = make_write(kind, via, details)
        connector.perform(write._replace(before=connector.prepare(write.action)))
    for kind, via, details in EVERYTHING:
        if kind in UNDOABLE:
            again = make_write(kind, via, details, subject=f"{kind} again")
            again = again._replace(before=connector.prepare(again.action))
            connector.perform(again)
            undo = undo_action(again.action, generation=1, done_on=None, who="Jane")
            connector.perform(Write(undo, undo.key, text=undo.note, undoes=again))
    assert {request.entity for request in sent} >= {
        "Attachable",
        "Customer",
        "Invoice",
        "Term",
    }
    for request in sent:
        if not request.path.endswith("/send"):
            assert schemas.problems(request.body, request.entity, request.entity) == []


def test_each_write_step_has_its_own_valid_key(quickbooks: Any, sent: list[Sent]) -> None:
    prepare_ledger(quickbooks)
    for kind, via, details in EVERYTHING:
        quickbooks.connector().perform(make_write(kind, via, details))
    keys = [request.params["requestid"] for request in sent]
    assert len(keys) == len(set(keys)) > len(EVERYTHING)
    assert max(map(len, keys)) <= REQUEST_ID_LENGTH_MAX
    assert {request.params["minorversion"] for request in sent} == {"75"}


def test_updates_are_sparse_except_for_emptying_a_field(quickbooks: Any, sent: list[Sent]) -> None:
    prepare_ledger(quickbooks)
    for kind, via, details in EVERYTHING:
        quickbooks.connector().perform(make_write(kind, via, details))
    updates = [
        request.body
        for request in sent
        if request.entity in {"Customer", "Invoice"} and "Id" in request[3]
    ]
    sparse = [body for body in updates if body["sparse"]]
    assert len(updates) - len(sparse) == 1
    allowed = {"Notes", "PrivateNote", "SalesTermRef", "CurrencyRef", "ExchangeRate"}
    for body in sparse:
        assert body.keys() - {"Id", "SyncToken", "sparse"} <= allowed


def prepare_ledger(bench: Any) -> None:
    """A customer in a foreign currency, with an invoice, in a company without 0-day terms."""
    contact = {
        "Id": "801",
        "DisplayName": "Acme Ltd",
        "CurrencyRef": {"value": "EUR"},
        "PrimaryEmailAddr": {"Address": "ap@acme.example"},
    }
    line = {
        "Id": "1",
        "Amount": 100,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
    }
    invoice = {
        "Id": "901",
        "DocNumber": "INV-901",
        "TxnDate": "2026-10-01",
        "DueDate": "2026-10-31",
        "CustomerRef": {"value": "801"},
        "CurrencyRef": {"value": "EUR"},
        "ExchangeRate": Decimal("0.84"),
        "TotalAmt": 100,
        "Balance": 100,
        "EmailStatus": "NotSet",
        "PrintStatus": "NeedToPrint",
        "Line": [line],
    }
    ledger = bench.book.ledger
    with bench.sandbox.lock:
        for row in bench.state()["terms"]:
            if row["due_days"] == 0:
                ledger.change("Term", {**ledger.get("Term", row["id"]), "Active": False})
    bench.book.load_documents({"Customer": [contact], "Invoice": [invoice]})


def make_write(
    kind: ActionKind, via: Via, details: Mapping[str, str], *, subject: str = ""
) -> Write:
    action = an_action(
        kind,
        details=details,
        contact_id="801",
        contact_name="Acme Ltd",
        invoices=(an_invoice_ref("901", currency="EUR"),),
        subject=subject or f"{kind} {via}",
        via=via,
    )
    return Write(
        action,
        action.key,
        text="A note.",
        file_name="letter.pdf",
        file_type="application/pdf",
        file=b"%PDF-1.4\n%%EOF\n",
    )
