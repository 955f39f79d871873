"""The records of a Xero ledger. What Xero would serve is written by `forms`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from .wire import ONE, ZERO

APPROVED = ("AUTHORISED", "PAID")
UNAPPROVED = ("DRAFT", "SUBMITTED")


@dataclass(slots=True, eq=False)
class XeroContact:
    """A customer or supplier."""

    id: str
    name: str
    updated: datetime
    status: str = "ACTIVE"
    number: str = ""
    account_number: str = ""
    first_name: str = ""
    last_name: str = ""
    company_number: str = ""
    email: str = ""
    currency: str = ""
    persons: list[dict[str, Any]] = field(default_factory=list)
    addresses: list[dict[str, Any]] = field(default_factory=list)
    phones: list[dict[str, Any]] = field(default_factory=list)
    terms: dict[str, dict[str, Any]] = field(default_factory=dict)
    """`Sales` and `Bills`, each `{"Day": 20, "Type": "OFFOLLOWINGMONTH"}`."""
    more: dict[str, Any] = field(default_factory=dict)
    """Fields that the ledger keeps and gives back without a meaning of its own."""
    merged_to: str = ""
    groups: list[XeroGroup] = field(default_factory=list)
    invoices: list[XeroInvoice] = field(default_factory=list)
    credits: list[XeroCredit] = field(default_factory=list)
    odd: dict[str, Any] = field(default_factory=dict)
    """Values to serve as they were loaded, whatever the ledger would say."""
    cache: dict[str, bytes] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class XeroGroup:
    """A contact group."""

    id: str
    name: str
    status: str = "ACTIVE"
    members: dict[str, XeroContact] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class XeroLine:
    """A line of a document."""

    id: str
    description: str = ""
    quantity: Decimal = ONE
    unit_amount: Decimal = ZERO
    line_amount: Decimal = ZERO
    tax_amount: Decimal = ZERO
    account_code: str = ""
    tax_type: str = ""
    more: dict[str, Any] | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class XeroDocument:
    """What invoices, credit notes, prepayments and overpayments have in common."""

    id: str
    type: str
    status: str
    contact: XeroContact
    updated: datetime
    number: str = ""
    reference: str = ""
    issued_on: date | None = None
    due_on: date | None = None
    fully_paid_on: date | None = None
    lines: list[XeroLine] = field(default_factory=list)
    line_amount_types: str = "Exclusive"
    currency: str = ""
    rate: Decimal = ONE
    sub_total: Decimal = ZERO
    total_tax: Decimal = ZERO
    total: Decimal = ZERO
    payments: list[XeroPayment] = field(default_factory=list)
    allocations: list[XeroAllocation] = field(default_factory=list)
    theme: str = ""
    sent: bool | None = None
    created_by: str = ""
    """The client id of the app that created it, empty for a person's own work."""
    odd: dict[str, Any] = field(default_factory=dict)
    cache: dict[str, bytes] = field(default_factory=dict)


@dataclass(slots=True, eq=False, kw_only=True)
class XeroInvoice(XeroDocument):
    """A sales invoice (ACCREC) or a bill (ACCPAY)."""

    due: Decimal = ZERO
    paid: Decimal = ZERO
    credited: Decimal = ZERO
    expected_on: date | None = None
    planned_on: date | None = None
    url: str = ""
    repeating_id: str = ""
    unrecorded: Decimal = ZERO
    """Paid according to a loaded status or amount, with no payment record behind it."""
    unrecorded_credit: Decimal = ZERO
    """The same of credits without an allocation record."""

    @property
    def part_paid(self) -> bool:
        """Whether money or credit is applied, so that edits are refused."""
        return self.paid + self.credited != 0


@dataclass(slots=True, eq=False, kw_only=True)
class XeroCredit(XeroDocument):
    """A credit note, a prepayment or an overpayment."""

    kind: str
    """`CreditNotes`, `Prepayments` or `Overpayments`."""
    remaining: Decimal = ZERO

    @property
    def is_suppliers(self) -> bool:
        """Whether a supplier owes it, not the organisation."""
        return self.type.startswith(("ACCPAY", "SPEND-", "AP"))


@dataclass(slots=True, eq=False)
class XeroAllocation:
    """An amount of a credit applied to an invoice."""

    id: str
    amount: Decimal
    on: date
    credit: XeroCredit
    invoice: XeroInvoice


@dataclass(slots=True, eq=False)
class XeroPayment:
    """Money received for an invoice, or paid back for a credit."""

    id: str
    target: XeroDocument
    amount: Decimal
    paid_on: date | None
    updated: datetime
    type: str = "ACCRECPAYMENT"
    status: str = "AUTHORISED"
    bank_amount: Decimal | None = None
    rate: Decimal = ONE
    reference: str = ""
    reconciled: bool = False
    account_code: str = ""
    created_by: str = ""
    odd: dict[str, Any] = field(default_factory=dict)
    cache: dict[str, bytes] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class XeroNote:
    """A row of a record's history."""

    at: datetime
    details: str
    changes: str
    user: str


@dataclass(slots=True, eq=False)
class XeroAttachment:
    """A file on a record."""

    id: str
    name: str
    mime_type: str
    content: bytes
    include_online: bool = False


Row = XeroContact | XeroDocument | XeroPayment
