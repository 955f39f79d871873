"""Records as a ledger holds them: each the least that is valid, taking what matters by name."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.records import (
    Account,
    Contact,
    Credit,
    DocumentStatus,
    Invoice,
    Payment,
    PaymentStatus,
)

ISSUED_ON = date(2026, 9, 1)
DUE_ON = date(2026, 10, 1)


def an_invoice(record_id: str = "i1", contact_id: str = "c1", **fields: Any) -> Invoice:
    """Return an open invoice over 100, of which everything is due; amounts may be texts."""
    fields = {"total": 100, **_exact(fields)}
    defaults: dict[str, Any] = {
        "id": record_id,
        "contact_id": contact_id,
        "number": f"INV-{record_id.removeprefix('i')}",
        "status": DocumentStatus.OPEN,
        "issued_on": ISSUED_ON,
        "due_on": DUE_ON,
        "currency": "GBP",
        "rate": None,
        "amount_due": fields["total"],
    }
    return Invoice(**_exact(defaults | fields))


def a_contact(record_id: str = "c1", name: str = "Customer", **fields: Any) -> Contact:
    """Return an active customer with an address."""
    return Contact(**{"id": record_id, "name": name, "email": f"{record_id}@x.test", **fields})


def a_credit(record_id: str = "cr1", contact_id: str = "c1", **fields: Any) -> Credit:
    """Return an open credit note over 100, of which nothing is allocated."""
    fields = {"total": 100, **_exact(fields)}
    defaults: dict[str, Any] = {
        "id": record_id,
        "contact_id": contact_id,
        "kind": CreditKind.CREDIT_NOTE,
        "number": "CN-1",
        "status": DocumentStatus.OPEN,
        "issued_on": ISSUED_ON,
        "currency": "GBP",
        "rate": None,
        "unallocated": fields["total"],
    }
    return Credit(**_exact(defaults | fields))


def a_payment(record_id: str = "p1", contact_id: str = "c1", **fields: Any) -> Payment:
    """Return a payment of 100, of which everything is allocated."""
    defaults: dict[str, Any] = {
        "id": record_id,
        "contact_id": contact_id,
        "status": PaymentStatus.ACTIVE,
        "paid_on": DUE_ON,
        "currency": "GBP",
        "rate": None,
        "amount": 100,
        "unallocated": 0,
    }
    return Payment(**_exact(defaults | fields))


def a_debtor(*invoices: Invoice, **fields: Any) -> Account:
    """Return a customer with these invoices."""
    return Account(**{"contacts": (a_contact(),), "invoices": invoices, **fields})


_AMOUNTS = ("total", "amount_due", "amount", "unallocated", "rate")


def _exact(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields with amounts as decimals."""
    return {
        name: Decimal(value) if name in _AMOUNTS and isinstance(value, (int, str)) else value
        for name, value in fields.items()
    }
