"""Actions and their payloads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, get_args

from msgspec import convert

from arsync.core.actions import Action, ActionKind, Because, InvoiceRef, Payload
from arsync.core.ledger.records import Invoice

PAYLOAD_TYPES = {payload.kind: payload for payload in get_args(Payload)}

_NEEDED: dict[ActionKind, dict[str, Any]] = {
    ActionKind.PROMISE: {"promised_on": date(2026, 12, 1)},
    ActionKind.PAYMENT_PLAN: {
        "plan_id": 1,
        "currency": "GBP",
        "next_on": date(2026, 12, 1),
        "instalments": [{"due_on": date(2026, 12, 1), "amount": Decimal(100)}],
    },
    ActionKind.LATE_FEE: {"amount": Decimal("12.50"), "currency": "GBP"},
    ActionKind.CREDIT_NOTE: {"amount": Decimal("12.50"), "currency": "GBP"},
    ActionKind.REMINDER_LEVEL: {"level": 1},
    ActionKind.PLACEMENT: {"agency": "Example Collections"},
    ActionKind.UNDO: {
        "undoes": "0" * 32,
        "generation": 1,
        "undone_kind": ActionKind.CREDIT_HOLD,
        "who": "Jane",
    },
}


def a_payload(kind: ActionKind, **fields: Any) -> Payload:
    """Return a payload of a kind; what it cannot do without has a default, a text is read."""
    payload: Payload = convert(
        {**_NEEDED.get(kind, {}), **fields}, PAYLOAD_TYPES[kind], strict=False
    )
    return payload


def an_action(
    kind: ActionKind = ActionKind.REMINDER,
    *,
    details: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Action:
    """Return an action for customer c1; `details` are fields of its payload."""
    defaults: dict[str, Any] = {
        "connection": "acme",
        "contact_id": "c1",
        "contact_name": "Customer",
        "because": Because("rules/standard.yaml", 57, "Standard cadence"),
    }
    if "payload" not in fields:
        fields["payload"] = a_payload(kind, **(details or {}))
    return Action(**defaults | fields)


def an_invoice_ref(record_id: str = "i1", **fields: Any) -> InvoiceRef:
    """Return an invoice over 100 as an action names it."""
    defaults: dict[str, Any] = {
        "number": f"INV-{record_id.removeprefix('i')}",
        "amount_due": Decimal(100),
        "currency": "GBP",
    }
    return InvoiceRef(id=record_id, **defaults | fields)


def refs_to(*invoices: Invoice) -> tuple[InvoiceRef, ...]:
    """Return invoices as an action names them."""
    return tuple(
        InvoiceRef(invoice.id, invoice.number, invoice.amount_due, invoice.currency)
        for invoice in invoices
    )
