"""The ledger for people and tests: `GET /_sandbox/state`."""

from __future__ import annotations

from datetime import date
from typing import Any

from .documents import XeroContact, XeroCredit, XeroInvoice, XeroPayment
from .ledger import XeroLedger
from .postings import rate_for

_KINDS = {"CreditNotes": "credit note", "Prepayments": "prepayment", "Overpayments": "overpayment"}


def ledger_state(ledger: XeroLedger) -> dict[str, Any]:
    """Every record in the shape that both platforms share; money as decimal strings."""
    return {
        "contacts": [_contact(row) for row in ledger.contacts.rows.values()],
        "invoices": [_invoice(row) for row in ledger.invoices.rows.values()],
        "payments": [_payment(row) for row in ledger.payments.rows.values()],
        "credits": [_credit(row) for t in ledger.credits.values() for row in t.rows.values()],
        "history": [
            {
                "record": _record(ledger, id_),
                "id": id_,
                "at": note.at.isoformat(),
                "text": note.details,
            }
            for id_, notes in ledger.history.items()
            for note in notes
        ],
        "groups": [
            {"id": group.id, "name": group.name, "members": list(group.members)}
            for group in ledger.groups.values()
            if group.status == "ACTIVE"
        ],
        "terms": [],
        "attachments": [
            {
                "record": _record(ledger, id_),
                "id": id_,
                "file_name": file.name,
                "size": len(file.content),
            }
            for id_, files in ledger.attachments.items()
            for file in files.values()
        ],
        "currency_rates": {
            currency: str(rate_for(ledger, currency)) for currency in ledger.currencies
        },
    }


def _record(ledger: XeroLedger, id_: str) -> str:
    if id_ in ledger.invoices.rows:
        return "invoice"
    if id_ in ledger.contacts.rows:
        return "contact"
    return "payment" if id_ in ledger.payments.rows else "credit"


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _contact(contact: XeroContact) -> dict[str, Any]:
    return {
        "id": contact.id,
        "name": contact.name,
        "email": contact.email,
        "currency": contact.currency,
        "groups": [group.name for group in contact.groups if group.status == "ACTIVE"],
        "terms": contact.terms.get("Sales"),
        "notes": "",
        "status": contact.status,
        "parent_id": "",
    }


def _invoice(invoice: XeroInvoice) -> dict[str, Any]:
    return {
        "id": invoice.id,
        "number": invoice.number,
        "contact_id": invoice.contact.id,
        "type": invoice.type,
        "status": invoice.status,
        "issued_on": _day(invoice.issued_on),
        "due_on": _day(invoice.due_on),
        "currency": invoice.currency,
        "total": str(invoice.total),
        "amount_due": str(invoice.due),
        "sent": bool(invoice.sent),
        "expected_on": _day(invoice.expected_on),
        "reference": invoice.reference,
        "notes": "",
    }


def _payment(payment: XeroPayment) -> dict[str, Any]:
    return {
        "id": payment.id,
        "invoice_id": payment.target.id,
        "amount": str(payment.amount),
        "paid_on": _day(payment.paid_on),
        "status": payment.status,
    }


def _credit(credit: XeroCredit) -> dict[str, Any]:
    return {
        "id": credit.id,
        "contact_id": credit.contact.id,
        "kind": _KINDS[credit.kind],
        "status": credit.status,
        "remaining": str(credit.remaining),
    }
