"""Everything emitted and accepted fits Intuit's own schemas."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import requests

from arsync_sandbox.quickbooks.entities import ENTITIES, WITHOUT_CDC
from arsync_sandbox.quickbooks.schema import schema

from .conftest import loads

XS = "{http://www.w3.org/2001/XMLSchema}"
NUMBERS = {"decimal", "int", "long", "positiveInteger"}
FREE = {None, "IntuitAnyType", "anyType"}
WRAPPED = {"ReferenceType", "MemoRef"}

KINDS = {
    "string": "str",
    "anyURI": "str",
    "id": "id",
    "decimal": "num",
    "int": "int",
    "long": "int",
    "positiveInteger": "int",
    "boolean": "bool",
    "date": "date",
    "dateTime": "time",
    "ModificationMetaData": "MetaData",
}
"""The schemas' names of kinds -> those of properties.txt."""


def local(name: str | None) -> str | None:
    return name.split(":")[-1] if name else None


@dataclass
class Contract:
    """Intuit's XML schemas, read as JSON by the published mapping rules."""

    types: dict[str, ET.Element] = field(default_factory=dict)
    enums: dict[str, set[str]] = field(default_factory=dict)
    elements: dict[str, str | None] = field(default_factory=dict)
    known: dict[str, dict[str, tuple[str | None, bool]]] = field(default_factory=dict)

    def fields(self, name: str) -> dict[str, tuple[str | None, bool]]:
        """Key -> kind and whether it is a list, the base types' keys included."""
        if name in self.known:
            return self.known[name]
        fields: dict[str, tuple[str | None, bool]] = {}
        for extension in self.types[name].iter(f"{XS}extension"):
            base = local(extension.get("base"))
            if base in self.types:
                fields |= self.fields(str(base))
        for element in self.types[name].iter(f"{XS}element"):
            key = str(element.get("name") or local(element.get("ref")))
            kind = local(element.get("type")) or local(self.elements.get(key))
            fields[key] = (kind, element.get("maxOccurs") == "unbounded")
        for attribute in self.types[name].iter(f"{XS}attribute"):
            if attribute.get("name"):
                fields[str(attribute.get("name"))] = (local(attribute.get("type")), False)
        self.known[name] = fields
        return fields

    def problems(self, value: Any, kind: str | None, path: str) -> list[str]:
        """Everything about a value that the schemas do not allow."""
        if kind in FREE:
            return []
        assert kind is not None, "None is free"
        if kind not in self.types:
            return self.scalar_problems(value, kind, path)
        if not isinstance(value, dict):
            return [f"{path}: {value!r} is no object"]
        problems: list[str] = []
        fields = self.fields(kind)
        for key, each in value.items():
            here = f"{path}.{key}"
            if key not in fields:
                if not (key == "value" and kind in WRAPPED):
                    problems.append(f"{here}: unknown key")
            elif isinstance(each, list) != fields[key][1]:
                problems.append(f"{here}: list and single value mixed up")
            else:
                for element in each if isinstance(each, list) else [each]:
                    problems += self.problems(element, fields[key][0], here)
        return problems

    def scalar_problems(self, value: Any, kind: str, path: str) -> list[str]:
        if self.enums.get(kind):
            return [] if value in self.enums[kind] else [f"{path}: {value!r} is no {kind}"]
        if kind == "boolean":
            good = isinstance(value, bool)
        elif kind in NUMBERS:
            good = isinstance(value, int | Decimal) and not isinstance(value, bool)
        else:
            good = isinstance(value, str)
        return [] if good else [f"{path}: {value!r} is no {kind}"]

    def answer_problems(self, body: dict[str, Any]) -> list[str]:
        """Problems of a whole answer; documents stand under their kind's name."""
        problems: list[str] = []
        for key, value in body.items():
            if key in ENTITIES:
                problems += self.problems(value, key, key)
            elif key == "QueryResponse":
                problems += self.list_problems(value)
            elif key == "CDCResponse":
                for change in value if isinstance(value, list) else [value]:
                    for each in change["QueryResponse"]:
                        problems += self.list_problems(each)
            elif key == "BatchItemResponse":
                for answer in value:
                    problems += self.answer_problems(
                        {k: v for k, v in answer.items() if k != "bId"}
                    )
            elif key == "Fault":
                problems += self.problems(value, "Fault", "Fault")
            elif key == "AttachableResponse":
                for answer in value:
                    problems += self.problems(answer, key, key)
            elif key != "time":
                problems.append(f"{key}: unknown key of an answer")
        return problems

    def list_problems(self, value: dict[str, Any]) -> list[str]:
        problems: list[str] = []
        for key, each in value.items():
            if key in ENTITIES:
                for doc in each:
                    problems += self.problems(doc, key, key)
            else:
                problems += self.problems({key: each}, "QueryResponse", "QueryResponse")
        return problems


@cache
def read_contract(folder: Path) -> Contract:
    contract = Contract()
    for path in folder.glob("*.xsd"):
        for child in ET.parse(path).getroot():
            name = str(child.get("name"))
            if child.tag == f"{XS}complexType":
                contract.types[name] = child
            elif child.tag == f"{XS}simpleType":
                values = {
                    str(enumeration.get("value")) for enumeration in child.iter(f"{XS}enumeration")
                }
                contract.enums[name] = values
            elif child.tag == f"{XS}element":
                contract.elements[name] = child.get("type")
    return contract


@pytest.fixture
def contract(contracts: Path) -> Contract:
    return read_contract(contracts)


def test_properties_are_those_of_the_schemas(contract: Contract) -> None:
    wrong = []
    for kind, properties in schema().kinds.items():
        described = contract.fields({"MetaData": "ModificationMetaData"}.get(kind, kind))
        if set(properties) - set(described) - {"value"} or set(described) - set(properties):
            wrong.append(f"{kind}: {set(properties) ^ set(described)}")
        for name, mine in properties.items():
            if name == "value" and kind in WRAPPED:
                continue
            type_, many = described[name]
            base = mine.removesuffix("[]")
            if mine.endswith("[]") != many or base not in {"any", KINDS.get(str(type_), type_)}:
                wrong.append(f"{kind}.{name}: {mine}, there {type_}")
    assert not wrong


def test_allowed_values_are_those_of_the_schemas(contract: Contract) -> None:
    for name, values in schema().values.items():
        assert values == contract.enums[name], name


def test_the_checker_finds_what_is_wrong(contract: Contract) -> None:
    bad = {"Id": 1, "Colour": "red", "EmailStatus": "Late", "Line": {}, "TotalAmt": "1"}
    assert len(contract.problems(bad, "Invoice", "Invoice")) == 5


def test_every_answer_of_a_busy_company_fits_the_schemas(
    company: Any, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems: list[str] = []
    kinds_seen: set[str] = set()

    def check(answer: requests.Response, *_: Any, **__: Any) -> None:
        if "application/json" in answer.headers.get("Content-Type", ""):
            body = loads(answer)
            kinds_seen.update(body)
            problems.extend(
                f"{answer.url}: {answer_problem}"
                for answer_problem in contract.answer_problems(body)
            )

    company.session.hooks["response"].append(check)
    keep_busy(company)
    assert not problems
    assert kinds_seen >= {
        "Invoice",
        "Customer",
        "Payment",
        "CreditMemo",
        "Deposit",
        "Attachable",
        "QueryResponse",
        "CDCResponse",
        "BatchItemResponse",
        "Fault",
        "CompanyInfo",
        "Preferences",
        "AttachableResponse",
        "Term",
    }


def keep_busy(company: Any) -> None:
    company.prefer("CurrencyPrefs", MultiCurrencyEnabled=True)
    usd = {"CurrencyRef": {"value": "USD"}}
    term = company.post("term", {"Name": "COD", "DueDays": 0})
    parent = company.customer(
        "Lee",
        Notes="n",
        SalesTermRef={"value": term["Id"]},
        PreferredDeliveryMethod="Email",
        PrimaryEmailAddr={"Address": "a@b.example"},
        BillAddr={"Line1": "1 High St"},
    )
    job = company.customer("Job", ParentRef={"value": parent["Id"]})
    invoice = company.invoice(
        job["Id"],
        "100.00",
        BillEmail={"Address": "a@b.example"},
        CustomerMemo={"value": "Thanks"},
        CustomField=[{"DefinitionId": "1", "StringValue": "x", "Type": "StringType"}],
        **usd,
    )
    credit = company.post("creditmemo", company.invoice_body(job["Id"], "30.00", **usd))
    link = [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]
    to_credit = [{"TxnId": credit["Id"], "TxnType": "CreditMemo"}]
    lines = [{"Amount": 40, "LinkedTxn": link}, {"Amount": 30, "LinkedTxn": to_credit}]
    head = {"CustomerRef": {"value": job["Id"]}, **usd}
    payment = company.post("payment", {**head, "TotalAmt": 10, "Line": lines})
    in_bank = [{"TxnId": payment["Id"], "TxnType": "Payment", "TxnLineId": "0"}]
    bank = {"DepositToAccountRef": {"value": "35"}, **usd}
    company.post("deposit", {**bank, "Line": [{"Amount": 10, "LinkedTxn": in_bank}]})
    company.send("invoice", invoice["Id"])
    ref = {"EntityRef": {"type": "Invoice", "value": invoice["Id"]}}
    company.post("attachable", {"AttachableRef": [ref], "Note": "called"})
    files = {"file_content_01": ("a.txt", b"hello", "text/plain")}
    company.session.post(f"{company.base}/upload", files=files, timeout=10)
    doomed = company.invoice(job["Id"], "5.00", **usd)
    company.post("invoice", {"Id": doomed["Id"], "SyncToken": "0"}, operation="delete")
    void = company.invoice(job["Id"], "5.00", **usd)
    company.post("invoice", {"Id": void["Id"], "SyncToken": "0"}, operation="void")
    company.refused("invoice", {"Id": "1", "BadJson": 1})
    company.book.load_documents({"CustomerType": [{"Id": "1", "Name": "Key"}]})
    for entity in ENTITIES:
        company.query(f"select * from {entity}")
    company.query("select count(*) from Invoice")
    company.cdc(",".join(set(ENTITIES) - {"Preferences", *WITHOUT_CDC}), "2026-06-01T00:00:00Z")
    company.get("preferences")
    company.get(f"companyinfo/{company.realm}")
    query = {"bId": "1", "Query": "select * from Invoice"}
    cdc = {"bId": "2", "CDCQuery": {"Entities": "Invoice", "ChangedSince": "2026-06-01"}}
    bad = {"bId": "3", "operation": "delete", "Invoice": {"Id": "99999", "SyncToken": "0"}}
    company.ask("batch", {"BatchItemRequest": [query, cdc, bad]})


def test_loaded_rows_fit_the_schemas_too(company: Any, contract: Contract) -> None:
    rows = {
        "contacts": [
            {
                "id": "c-1",
                "name": "Acme",
                "email": "a@b.example",
                "currency": "EUR",
                "country": "DE",
                "contact_group": "Key accounts",
                "terms_days": "45",
                "created_on": "2026-01-01",
            }
        ],
        "invoices": [
            {
                "id": "i-1",
                "number": "INV-1",
                "contact_id": "c-1",
                "issued_on": "2026-05-01",
                "due_on": "2026-05-15",
                "currency": "EUR",
                "total": "99.90",
                "status": "open",
            }
        ],
        "payments": [{"id": "p-1", "invoice_id": "i-1", "paid_on": "2026-05-20", "amount": "9.90"}],
    }
    requests.post(
        f"{company.sandbox.url}/_sandbox/load", data=json.dumps(rows), timeout=10
    ).raise_for_status()
    for entity in ("Customer", "Invoice", "Payment", "CustomerType", "Term"):
        answer = loads(company.get("query", query=f"select * from {entity}"))
        assert answer["QueryResponse"][entity]
        assert contract.answer_problems(answer) == []
