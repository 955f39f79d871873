"""The parts of a write that change a record: its terms, its date, its attachments, a new draft."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

from xero_python.accounting import Contact, CurrencyCode, Invoice, Invoices, LineItem

from arsync.core.ledger.money import shown
from arsync.errors import OutcomeUnknown, Rejected
from arsync_xero.api import Api
from arsync_xero.dates import day_of
from arsync_xero.documents import (
    ATTACHMENTS,
    CONTACTS,
    INVOICES,
    ORGANISATION,
    ContactDocument,
    Term,
)
from arsync_xero.feed import STATUSES, one_organisation
from arsync_xero.records import is_cash_on_delivery
from arsync_xero.write_steps import Part, Tools

CASH_ON_DELIVERY = {"Day": 0, "Type": "DAYSAFTERBILLDATE"}
FEE_AMOUNT_MAX = Decimal(10) ** 10
"""A larger late fee is a mistake, and would not pass through the SDK's floats unharmed."""
ATTACHMENT_BYTES_MAX = 10 * 1024 * 1024
REFERENCE_LENGTH_MAX = 255

_BAD_IN_FILE_NAMES = re.compile(r'[<>:"/\\|?*+\[\]\x00-\x1f]')


class PaymentTerms(Part):
    """Payment terms for sales: to cash on delivery, or back to what they were."""

    def __init__(
        self, tools: Tools, contact_id: str, sales: dict[str, Any] | None, *, restores: bool
    ) -> None:
        """Take the terms to set.

        Args:
            tools: what every part works with.
            contact_id: the contact.
            sales: Xero's terms for sales; None for none.
            restores: True to leave the terms alone that a person has set meanwhile.
        """
        super().__init__(tools)
        self._contact_id = contact_id
        self._sales = sales
        self._restores = restores

    @property
    def detail(self) -> str:
        return "payment terms restored" if self._restores else "payment terms: cash on delivery"

    def found(self) -> str:
        contact = read_contact(self.tools.api, self._contact_id)
        sales = contact.payment_terms.sales if contact.payment_terms else None
        left_alone = self._restores and not is_cash_on_delivery(sales)
        return self._contact_id if left_alone or term_fields(sales) == self._sales else ""

    def make(self, key: str) -> str:
        contact = read_contact(self.tools.api, self._contact_id)
        terms = contact.payment_terms
        if self._restores and not is_cash_on_delivery(terms.sales if terms else None):
            return self._contact_id
        # Plain JSON: the SDK's enum would refuse terms of a type it does not know. Bills go along,
        # because leaving them out may clear them.
        bills = term_fields(terms.bills if terms else None)
        wanted = {"Sales": self._sales or self.own()}
        body = {
            "Contacts": [
                {
                    "ContactID": self._contact_id,
                    "PaymentTerms": {**wanted, "Bills": bills} if bills else wanted,
                }
            ]
        }
        self.tools.sdk.call("update_contact", self._contact_id, body, what="payment terms", key=key)
        return self._contact_id

    def own(self) -> dict[str, Any]:
        """Return the terms that hold for a contact without any: Xero cannot be told "none".

        Raises:
            Rejected: the organisation has none either.
        """
        rows = self.tools.api.rows(ORGANISATION)
        own = rows.documents[0].payment_terms if rows.documents else None
        sales = term_fields(own.sales if own else None)
        if sales is None:
            raise Rejected(
                "The contact had no payment terms before, and Xero cannot take them off through its"
                " API: take them off in Xero."
            )
        return sales


class ExpectedDate(Part):
    """The day on which money is expected, shown by Xero on the invoice."""

    optional = True

    def __init__(self, tools: Tools, invoice_id: str, day: date) -> None:
        super().__init__(tools)
        self._invoice_id = invoice_id
        self._day = day

    @property
    def detail(self) -> str:
        return f"expected on {self._day.isoformat()}"

    def found(self) -> str:
        days = expected_days(self.tools.api, self._invoice_id)
        return self._invoice_id if self._day in days else ""

    def make(self, key: str) -> str:
        invoice = Invoice(invoice_id=self._invoice_id, expected_payment_date=self._day)
        self.tools.sdk.call(
            "update_invoice",
            self._invoice_id,
            Invoices(invoices=[invoice]),
            what="the expected payment date",
            key=key,
        )
        return self._invoice_id


class Attachment(Part):
    """Our letter, attached to an invoice under a name of its own."""

    def __init__(
        self, tools: Tools, invoice_id: str, file_name: str, file_type: str, content: bytes
    ) -> None:
        super().__init__(tools)
        self._invoice_id = invoice_id
        path = PurePosixPath(_BAD_IN_FILE_NAMES.sub("-", file_name) or "letter.pdf")
        # The same name would overwrite an older letter, and could not be told from it.
        self._name = (
            f"{path.stem}-{tools.mark.strip('[]').removeprefix('arsync:')[:8]}{path.suffix}"
        )
        self._type = file_type or "application/octet-stream"
        self._content = content

    @property
    def detail(self) -> str:
        return f"attached {self._name}"

    def found(self) -> str:
        rows = self.tools.api.one(ATTACHMENTS, f"Invoices/{self._invoice_id}/Attachments")
        files = {
            attachment_row.file_name: attachment_row.attachment_id or ""
            for attachment_row in (rows.documents if rows else [])
        }
        return files.get(self._name, "")

    def make(self, key: str) -> str:
        if len(self._content) > ATTACHMENT_BYTES_MAX:
            raise Rejected(f"{self._name} is larger than {ATTACHMENT_BYTES_MAX:,} bytes.")
        body = self.tools.sdk.call(
            "create_invoice_attachment_by_file_name",
            self._invoice_id,
            self._name,
            self._content,
            what="an attachment",
            key=key,
            file_type=self._type,
            include_online=True,
        )
        attachment_rows = ATTACHMENTS.rows(body).documents
        return (attachment_rows[0].attachment_id if attachment_rows else None) or self._name


class LateFee(Part):
    """A draft invoice for a person to look at, found again by its reference."""

    always_look = True

    def __init__(
        self,
        tools: Tools,
        contact_id: str,
        *,
        amount: Decimal,
        currency: str,
        description: str,
        about: str,
        account: str,
    ) -> None:
        super().__init__(tools)
        self._contact_id = contact_id
        self._amount = amount
        self._currency = currency
        self._description = description
        self._account = account
        words = f"Late fee {about}".replace('"', "").replace("\\", "")
        self._reference = f"{words[: REFERENCE_LENGTH_MAX - len(tools.mark) - 1]} {tools.mark}"

    @property
    def detail(self) -> str:
        return f"draft invoice for a late fee of {shown(self._amount, self._currency)}"

    def found(self) -> str:
        """Return the draft's id; also of one that a person has approved, voided or deleted."""
        params = {
            "where": f'Type=="ACCREC" AND Reference=="{self._reference}"',
            "Statuses": STATUSES,
            "page": "1",
            "pageSize": "10",
        }
        documents = self.tools.api.rows(INVOICES, params=params).documents
        return (documents[0].invoice_id or "") if documents else ""

    def make(self, key: str) -> str:
        if not 0 < self._amount < FEE_AMOUNT_MAX:
            raise Rejected(f"A late fee of {self._amount} is refused.")
        try:
            currency = CurrencyCode(self._currency)
        except ValueError:
            raise Rejected(f"A late fee in {self._currency!r} is refused.") from None
        organisation = one_organisation(self.tools.api.rows(ORGANISATION), None)
        zone = ZoneInfo(organisation.time_zone or "UTC")
        today = self.tools.api.now().astimezone(zone).date()
        line = LineItem(
            description=self._description,
            quantity=1,
            unit_amount=self._amount,
            account_code=self._account,
            tax_type="NONE",
        )
        draft = Invoice(
            type="ACCREC",
            status="DRAFT",
            contact=Contact(contact_id=self._contact_id),
            date=today,
            due_date=today,
            reference=self._reference,
            currency_code=currency,
            line_items=[line],
        )
        body = self.tools.sdk.call(
            "create_invoices",
            Invoices(invoices=[draft]),
            what="a late fee",
            key=key,
            summarize_errors=False,
            unitdp=4,
        )
        invoice_documents = INVOICES.rows(body).documents
        if not invoice_documents or not invoice_documents[0].invoice_id:
            raise OutcomeUnknown("Xero: a late fee: the answer names no invoice")
        return invoice_documents[0].invoice_id


def expected_days(api: Api, invoice_id: str) -> list[date]:
    """Return the day on which an invoice's money is expected, if there is one."""
    rows = api.one(INVOICES, f"Invoices/{invoice_id}")
    days = [
        day_of(None, invoice_document.expected_payment_date)
        for invoice_document in (rows.documents if rows else [])
    ]
    return [day for day in days if day is not None]


def read_contact(api: Api, contact_id: str) -> ContactDocument:
    """Read a contact.

    Raises:
        Rejected: there is no such contact.
    """
    rows = api.one(CONTACTS, f"Contacts/{contact_id}")
    if rows is None or not rows.documents:
        raise Rejected(f"Xero: there is no contact {contact_id}.")
    return rows.documents[0]


def term_fields(term: Term | None) -> dict[str, Any] | None:
    """Return a term as Xero writes it; None for none."""
    if term is None or term.type is None or term.day is None:
        return None
    return {"Day": term.day, "Type": term.type}
