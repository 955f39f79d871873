"""The whole ledger in the words that both platforms share, for tests and people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from arsync_sandbox.quickbooks.attachments import is_note, linked_to
from arsync_sandbox.quickbooks.ledger import QuickBooksLedger
from arsync_sandbox.quickbooks.sales import is_voided
from arsync_sandbox.quickbooks.wire import ZERO, Doc


def ledger_state(ledger: QuickBooksLedger) -> dict[str, Any]:
    """Everything that stands in the books, money as decimal texts."""
    contacts = list(_docs(ledger, "Customer"))
    members: dict[str, list[str]] = defaultdict(list)
    for doc in contacts:
        if "CustomerTypeRef" in doc:
            members[doc["CustomerTypeRef"]["value"]].append(doc["Id"])
    groups = {doc["Id"]: doc["Name"] for doc in _docs(ledger, "CustomerType")}
    terms = {doc["Id"]: doc["Name"] for doc in _docs(ledger, "Term")}
    notes, files = _attachables(ledger)
    return {
        "contacts": [_contact(doc, groups, terms) for doc in contacts],
        "invoices": [_invoice(doc) for doc in _docs(ledger, "Invoice")],
        "payments": [row for doc in _docs(ledger, "Payment") for row in _payment(doc)],
        "credits": list(_credits(ledger)),
        "history": notes,
        "groups": [
            {"id": id_, "name": name, "members": members[id_]} for id_, name in groups.items()
        ],
        "terms": [
            {"id": doc["Id"], "name": doc["Name"], "due_days": int(doc.get("DueDays", 0))}
            for doc in _docs(ledger, "Term")
        ],
        "attachments": files,
    }


def _docs(ledger: QuickBooksLedger, entity: str) -> Iterator[Doc]:
    return (row.doc() for row in ledger.tables[entity].in_order())


def _text(amount: Any) -> str:
    return f"{Decimal(amount or 0):.2f}"


def _contact(doc: Doc, groups: dict[str, str], terms: dict[str, str]) -> Doc:
    group = groups.get(doc.get("CustomerTypeRef", {}).get("value", ""))
    return {
        "id": doc["Id"],
        "name": doc["DisplayName"],
        "email": doc.get("PrimaryEmailAddr", {}).get("Address", ""),
        "currency": doc.get("CurrencyRef", {}).get("value", ""),
        "groups": [group] if group else [],
        "terms": terms.get(doc.get("SalesTermRef", {}).get("value", ""), ""),
        "notes": doc.get("Notes", ""),
        "status": "active" if doc.get("Active", True) else "archived",
        "parent_id": doc.get("ParentRef", {}).get("value", ""),
    }


def _invoice(doc: Doc) -> Doc:
    unpaid_or_paid = "open" if doc["Balance"] else "paid"
    return {
        "id": doc["Id"],
        "number": doc.get("DocNumber", ""),
        "contact_id": doc["CustomerRef"]["value"],
        "status": "voided" if is_voided(doc) else unpaid_or_paid,
        "issued_on": doc["TxnDate"],
        "due_on": doc.get("DueDate", ""),
        "currency": doc["CurrencyRef"]["value"],
        "total": _text(doc["TotalAmt"]),
        "amount_due": _text(doc["Balance"]),
        "sent": doc.get("EmailStatus") == "EmailSent",
        "expected_on": "",
        "notes": doc.get("PrivateNote", ""),
    }


def _payment(doc: Doc) -> Iterator[Doc]:
    """One row for each invoice that money went to, as on the other platform."""
    voided = is_voided({**doc, "Balance": ZERO}) and not doc["Line"]
    for line in doc["Line"]:
        for link in line.get("LinkedTxn", ()):
            if link["TxnType"] == "Invoice" and doc["TotalAmt"]:
                yield _payment_row(doc, link["TxnId"], line["Amount"], "paid")
    if voided:
        yield _payment_row(doc, "", ZERO, "voided")


def _payment_row(doc: Doc, invoice_id: str, amount: Any, status: str) -> Doc:
    return {
        "id": doc["Id"],
        "invoice_id": invoice_id,
        "amount": _text(amount),
        "paid_on": doc["TxnDate"],
        "status": status,
    }


def _credits(ledger: QuickBooksLedger) -> Iterator[Doc]:
    for doc in _docs(ledger, "CreditMemo"):
        yield _credit(doc, "credit memo", doc.get("Balance"))
    for doc in _docs(ledger, "Payment"):
        if doc.get("UnappliedAmt"):
            yield _credit(doc, "unapplied payment", doc["UnappliedAmt"])


def _credit(doc: Doc, kind: str, remaining: Any) -> Doc:
    return {
        "id": doc["Id"],
        "contact_id": doc["CustomerRef"]["value"],
        "kind": kind,
        "status": "open" if remaining else "used",
        "remaining": _text(remaining),
    }


def _attachables(ledger: QuickBooksLedger) -> tuple[list[Doc], list[Doc]]:
    notes, files = [], []
    for doc in _docs(ledger, "Attachable"):
        for record, id_ in linked_to(doc) or [("", "")]:
            if is_note(doc):
                at = doc["MetaData"]["CreateTime"]
                notes.append({"record": record, "id": id_, "at": at, "text": doc["Note"]})
            else:
                name, size = doc.get("FileName", ""), int(doc.get("Size", 0))
                files.append({"record": record, "id": id_, "file_name": name, "size": size})
    return notes, files
