"""Xero's documents as typed structs, decoded by msgspec straight from bytes.

Only the fields that arsync reads are named; msgspec skips the others. Every field may be absent: a
missing one is judged in `records`, where the document can be named. Enums are plain texts here for
the same reason: the SDK's strict enums lose a whole page for one word that they do not know.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Raw, Struct

from arsync.connector_sdk.reading import document_problem
from arsync.core.ledger.records import DocumentProblem, RecordKind
from arsync.errors import RetryLater
from arsync_xero.dates import moment_of


def _wire_name(name: str) -> str:
    special = {"id": "ID", "utc": "UTC"}
    return "".join(special.get(word, word.capitalize()) for word in name.split("_"))


# gc=False: these structs hold no cycles, and the garbage collector need not look through a page of
# a thousand documents while it is decoded.
class Document(Struct, rename=_wire_name, gc=False, frozen=True):
    """What the structs share: Xero writes its keys in PascalCase, with ID and UTC in capitals."""


class Term(Document, frozen=True):
    """Payment terms of one side."""

    day: int | None = None
    type: str | None = None


class Terms(Document, frozen=True):
    """Payment terms of a contact, for sales and for bills."""

    sales: Term | None = None
    bills: Term | None = None


class OrganisationDocument(Document, frozen=True):
    """An organisation. Its APIKey is not among the fields, so it can reach no log and no store."""

    organisation_id: str | None = None
    name: str | None = None
    base_currency: str | None = None
    country_code: str | None = None
    timezone: str | None = None
    short_code: str | None = None
    is_demo_company: bool | None = None
    period_lock_date: str | None = None
    end_of_year_lock_date: str | None = None
    payment_terms: Terms | None = None
    legal_name: str | None = None
    tax_number: str | None = None
    registration_number: str | None = None
    addresses: list[Address] | None = None
    phones: list[PhoneDocument] | None = None


class ContactRef(Document, frozen=True):
    """The contact of a document."""

    contact_id: str | None = None
    name: str | None = None


class PhoneDocument(Document, frozen=True):
    """A telephone number in parts."""

    phone_type: str | None = None
    phone_number: str | None = None
    phone_area_code: str | None = None
    phone_country_code: str | None = None


class Person(Document, frozen=True):
    """A further person of a contact."""

    first_name: str | None = None
    last_name: str | None = None
    email_address: str | None = None
    include_in_emails: bool | None = None


class Address(Document, frozen=True):
    """A postal address."""

    address_type: str | None = None
    attention_to: str | None = None
    address_line1: str | None = None
    address_line2: str | None = None
    address_line3: str | None = None
    address_line4: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None


class ContactGroupDocument(Document, frozen=True):
    """A contact group, with its members where it was read by id."""

    contact_group_id: str | None = None
    name: str | None = None
    status: str | None = None
    contacts: list[ContactRef] | None = None


class Outstanding(Document, frozen=True):
    """What is open on one side."""

    outstanding: Decimal | None = None


class Balances(Document, frozen=True):
    """What a contact owes and is owed, by Xero's own sum."""

    accounts_receivable: Outstanding | None = None


class ContactDocument(Document, frozen=True):
    """A contact."""

    contact_id: str | None = None
    contact_number: str | None = None
    account_number: str | None = None
    name: str | None = None
    contact_status: str | None = None
    merged_to_contact_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email_address: str | None = None
    phones: list[PhoneDocument] | None = None
    contact_persons: list[Person] | None = None
    addresses: list[Address] | None = None
    contact_groups: list[ContactGroupDocument] | None = None
    payment_terms: Terms | None = None
    balances: Balances | None = None
    default_currency: str | None = None
    updated_date_utc: str | None = None


class SalesDocument(Document, frozen=True):
    """What invoices and credits share."""

    type: str | None = None
    status: str | None = None
    contact: ContactRef | None = None
    date: str | None = None
    date_string: str | None = None
    currency_code: str | None = None
    currency_rate: Decimal | None = None
    total: Decimal | None = None
    reference: str | None = None
    updated_date_utc: str | None = None


class InvoiceDocument(SalesDocument, frozen=True):
    """An invoice."""

    invoice_id: str | None = None
    invoice_number: str | None = None
    due_date: str | None = None
    due_date_string: str | None = None
    amount_due: Decimal | None = None
    sent_to_contact: bool | None = None
    fully_paid_on_date: str | None = None
    expected_payment_date: str | None = None


class LineDocument(Document, frozen=True):
    """A line of an invoice."""

    account_code: str | None = None
    tax_type: str | None = None
    line_amount: Decimal | None = None
    tax_amount: Decimal | None = None


class LinesDocument(Document, frozen=True):
    """The lines of an invoice: read apart, because most readings have no use for them."""

    contact: ContactRef | None = None
    line_amount_types: str | None = None
    line_items: list[LineDocument] | None = None


class InvoiceReference(Document, frozen=True):
    """The invoice that a payment or an allocation belongs to."""

    invoice_id: str | None = None
    currency_code: str | None = None
    contact: ContactRef | None = None


class AllocationDocument(Document, frozen=True):
    """Credit matched to an invoice."""

    amount: Decimal | None = None
    date: str | None = None
    date_string: str | None = None
    invoice: InvoiceReference | None = None


class RefundDocument(Document, frozen=True):
    """What was paid back of a credit, as the credit lists it."""

    status: str | None = None
    date: str | None = None
    date_string: str | None = None
    amount: Decimal | None = None


class CreditDocument(SalesDocument, frozen=True):
    """A credit note, prepayment or overpayment: whichever id it has tells which."""

    credit_note_id: str | None = None
    credit_note_number: str | None = None
    prepayment_id: str | None = None
    overpayment_id: str | None = None
    remaining_credit: Decimal | None = None
    allocations: list[AllocationDocument] | None = None
    payments: list[RefundDocument] | None = None


class PaymentDocument(Document, frozen=True):
    """A payment."""

    payment_id: str | None = None
    payment_type: str | None = None
    status: str | None = None
    date: str | None = None
    date_string: str | None = None
    amount: Decimal | None = None
    currency_rate: Decimal | None = None
    reference: str | None = None
    is_reconciled: bool | None = None
    invoice: InvoiceReference | None = None
    updated_date_utc: str | None = None


class HistoryRow(Document, frozen=True):
    """An entry of a record's history."""

    changes: str | None = None
    details: str | None = None
    date_utc: str | None = None
    user: str | None = None


class AttachmentRow(Document, frozen=True):
    """A file attached to a record."""

    attachment_id: str | None = None
    file_name: str | None = None


class OnlineInvoiceRow(Document, frozen=True):
    """The customer's view of an invoice."""

    online_invoice_url: str | None = None


class ReminderSetting(Document, frozen=True):
    """Whether Xero's own invoice reminders are on."""

    enabled: bool | None = None


class Pagination(Struct, rename="camel", gc=False, frozen=True):
    """Which page it is, of how many."""

    page: int = 1
    page_count: int = 1
    item_count: int = 0


D = TypeVar("D", bound=Document)


class _Envelope(Struct, gc=False, frozen=True):
    date_time: str | None = msgspec.field(default=None, name="DateTimeUTC")
    pagination: Pagination | None = None


@dataclass(frozen=True, slots=True)
class Rows(Generic[D]):
    """The documents of an answer, and its envelope's counts and time."""

    documents: list[D]
    problems: list[DocumentProblem]
    page_count: int
    server_time: datetime | None
    item_count: int = 0
    """Of all pages together."""


class Endpoint(Generic[D]):
    """A list of Xero: its path and key, and how its answers are decoded."""

    def __init__(
        self,
        path: str,
        document: type[D],
        *,
        key: str = "",
        id_name: str = "",
        kind: RecordKind | None = None,
    ) -> None:
        """Describe a list.

        Args:
            path: the last part of its path.
            document: the struct of one row.
            key: the key of the rows, when it is not the path.
            id_name: the key of a row's id.
            kind: what its documents become.
        """
        key = key or path
        self.path = path
        self.id_name = id_name
        self.kind = kind
        self._page = msgspec.json.Decoder(_envelope(key, list[document] | None))  # type: ignore[valid-type]
        self._raw_page = msgspec.json.Decoder(_envelope(key, list[Raw] | None))
        self._row = msgspec.json.Decoder(document)

    def rows(self, body: bytes) -> Rows[D]:
        """Decode an answer: all rows at once, or one by one when one of them is odd.

        Raises:
            RetryLater: the body is not JSON, or is nested too deep.
        """
        problems: list[DocumentProblem] = []
        try:
            try:
                page = self._page.decode(body)
                documents: list[D] = page.rows or []
            except msgspec.ValidationError:
                # One odd row must not cost the page: it becomes a problem that names it.
                page = self._raw_page.decode(body)
                documents = self._one_by_one(page.rows or [], problems)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise RetryLater(
                f"Xero's answer for {self.path} is not JSON that can be read."
            ) from None
        pagination = page.pagination
        return Rows(
            documents=documents,
            problems=problems,
            # A list that is not paged has no pagination at all.
            page_count=pagination.page_count if pagination else 1,
            item_count=pagination.item_count if pagination else 0,
            server_time=moment_of(page.date_time),
        )

    def _one_by_one(self, raws: list[Raw], problems: list[DocumentProblem]) -> list[D]:
        documents = []
        for raw in raws:
            try:
                documents.append(self._row.decode(raw))
            except msgspec.ValidationError as error:
                problems.append(self._problem(raw, str(error)))
        return documents

    def _problem(self, raw: Raw, message: str) -> DocumentProblem:
        tree: Any = msgspec.json.decode(raw)
        fields = tree if isinstance(tree, dict) else {}
        number = fields.get("InvoiceNumber") or fields.get("CreditNoteNumber") or fields.get("Name")
        names_invoices = self.kind != RecordKind.INVOICES
        return document_problem(
            self.kind or self.path,
            str(fields.get(self.id_name) or ""),
            str(number or ""),
            message,
            (_contact_in(fields), tuple(_invoices_in(fields)) if names_invoices else ()),
        )


def _contact_in(fields: dict[str, Any]) -> str:
    """Return the contact that a document names, itself or through its invoice."""
    for holder in (fields, fields.get("Invoice")):
        contact = holder.get("Contact") if isinstance(holder, dict) else None
        if isinstance(contact, dict) and isinstance(contact.get("ContactID"), str):
            return str(contact["ContactID"])
    return ""


def _invoices_in(fields: dict[str, Any]) -> Iterator[str]:
    """Yield the invoices that a payment or a credit names."""
    allocations = fields.get("Allocations")
    for holder in (fields, *(allocations if isinstance(allocations, list) else ())):
        invoice = holder.get("Invoice") if isinstance(holder, dict) else None
        if isinstance(invoice, dict) and isinstance(invoice.get("InvoiceID"), str):
            yield invoice["InvoiceID"]


def _envelope(key: str, rows: Any) -> Any:
    fields = [("rows", rows, msgspec.field(default=None, name=key))]
    return msgspec.defstruct(f"{key}Page", fields, bases=(_Envelope,), gc=False, frozen=True)


ORGANISATION = Endpoint(
    "Organisation",
    OrganisationDocument,
    key="Organisations",
    id_name="OrganisationID",
    kind=RecordKind.ORGANISATION,
)
CONTACTS = Endpoint("Contacts", ContactDocument, id_name="ContactID", kind=RecordKind.CONTACTS)
INVOICES = Endpoint("Invoices", InvoiceDocument, id_name="InvoiceID", kind=RecordKind.INVOICES)
LINES = Endpoint("Invoices", LinesDocument, id_name="InvoiceID")
CREDIT_NOTES = Endpoint(
    "CreditNotes", CreditDocument, id_name="CreditNoteID", kind=RecordKind.CREDITS
)
PREPAYMENTS = Endpoint(
    "Prepayments", CreditDocument, id_name="PrepaymentID", kind=RecordKind.CREDITS
)
OVERPAYMENTS = Endpoint(
    "Overpayments", CreditDocument, id_name="OverpaymentID", kind=RecordKind.CREDITS
)
PAYMENTS = Endpoint("Payments", PaymentDocument, id_name="PaymentID", kind=RecordKind.PAYMENTS)
GROUPS = Endpoint("ContactGroups", ContactGroupDocument, id_name="ContactGroupID")
HISTORY = Endpoint("History", HistoryRow, key="HistoryRecords")
ATTACHMENTS = Endpoint("Attachments", AttachmentRow, id_name="AttachmentID")
ONLINE_INVOICES = Endpoint("OnlineInvoice", OnlineInvoiceRow, key="OnlineInvoices")
REMINDERS = Endpoint("InvoiceReminders/Settings", ReminderSetting, key="InvoiceReminders")

STATUSES = "DRAFT,SUBMITTED,AUTHORISED,PAID,VOIDED,DELETED"
"""All statuses of invoices and credit notes, named in a query: whether a list without them holds
deleted documents is not documented, and a deleted one has to be seen as deleted."""
