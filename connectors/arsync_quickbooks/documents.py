"""QuickBooks Online documents as typed structs, decoded by msgspec straight from bytes.

Every field is optional: what a missing one means is decided in `records`, where the document can
be named. Money is `Decimal` from the first byte on.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import Raw, Struct, field

ROWS_MAX = 1000
"""Rows in one page of a query, and objects in one answer of the change feed."""


# gc=False: these structs hold no cycles, and the garbage collector need not look through a page of
# a thousand documents while it is decoded.
class Document(Struct, rename="pascal", gc=False, frozen=True):
    """What the structs share: QuickBooks writes its keys in PascalCase."""


class Ref(Struct, gc=False, frozen=True):
    """A reference to another object; its keys are lower-case."""

    value: str | None = None
    name: str | None = None


class MetaData(Document, frozen=True):
    """When the document was made and last changed, with a numeric offset."""

    create_time: str | None = None
    last_updated_time: str | None = None


class EmailAddress(Document, frozen=True):
    """One or several addresses, with commas between them."""

    address: str | None = None


class TelephoneNumber(Document, frozen=True):
    """A telephone number, as it was typed."""

    free_form_number: str | None = None


class Address(Document, frozen=True):
    """A postal address."""

    line1: str | None = None
    line2: str | None = None
    line3: str | None = None
    line4: str | None = None
    line5: str | None = None
    city: str | None = None
    country_sub_division_code: str | None = None
    postal_code: str | None = None
    country: str | None = None


class DeliveryInfo(Document, frozen=True):
    """How and when the platform last sent the document."""

    delivery_type: str | None = None
    delivery_time: str | None = None
    delivery_error_type: str | None = None


class CustomField(Document, frozen=True):
    """A field that the company's people gave a name to."""

    name: str | None = None
    string_value: str | None = None


class LinkedTxn(Document, frozen=True):
    """A link to another transaction, without an amount."""

    txn_id: str | None = None
    txn_type: str | None = None


class Header(Document, frozen=True):
    """What every row of a change feed has, deleted ones too."""

    id: str | None = None
    status: str | None = field(name="status", default=None)
    sync_token: str | None = None
    meta_data: MetaData | None = None


class CustomerDoc(Header, frozen=True):
    """A Customer."""

    display_name: str | None = None
    fully_qualified_name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    primary_phone: TelephoneNumber | None = None
    mobile: TelephoneNumber | None = None
    alternate_phone: TelephoneNumber | None = None
    active: bool | None = None
    primary_email_addr: EmailAddress | None = None
    bill_addr: Address | None = None
    acct_num: str | None = None
    notes: str | None = None
    balance: Decimal | None = None
    currency_ref: Ref | None = None
    sales_term_ref: Ref | None = None
    customer_type_ref: Ref | None = None
    parent_ref: Ref | None = None
    bill_with_parent: bool | None = None


class Transaction(Header, frozen=True):
    """What invoices, credit memos and payments share."""

    customer_ref: Ref | None = None
    txn_date: str | None = None
    currency_ref: Ref | None = None
    exchange_rate: Decimal | None = None
    total_amt: Decimal | None = None
    private_note: str | None = None


class BillDoc(Transaction, frozen=True):
    """A Bill: its vendor stands where an invoice's customer does."""

    vendor_ref: Ref | None = None
    doc_number: str | None = None
    due_date: str | None = None
    balance: Decimal | None = None


class VendorCreditDoc(Transaction, frozen=True):
    """A VendorCredit: what a vendor owes back. Its total is positive."""

    vendor_ref: Ref | None = None
    doc_number: str | None = None
    balance: Decimal | None = None


class VendorDoc(Header, frozen=True):
    """A Vendor."""

    display_name: str | None = None
    company_name: str | None = None
    primary_email_addr: EmailAddress | None = None


class InvoiceDoc(Transaction, frozen=True):
    """An Invoice."""

    doc_number: str | None = None
    due_date: str | None = None
    balance: Decimal | None = None
    email_status: str | None = None
    bill_email: EmailAddress | None = None
    po_number: str | None = field(name="PONumber", default=None)
    custom_field: list[CustomField] | None = None
    delivery_info: DeliveryInfo | None = None
    invoice_link: str | None = None
    e_invoice_status: str | None = field(name="EInvoiceStatus", default=None)
    e_cloud_status_time_stamp: str | None = field(name="ECloudStatusTimeStamp", default=None)
    invoice_status: str | None = field(name="invoiceStatus", default=None)


class CreditMemoDoc(Transaction, frozen=True):
    """A CreditMemo. Its total is positive."""

    doc_number: str | None = None
    balance: Decimal | None = None
    remaining_credit: Decimal | None = None


class PaymentLine(Document, frozen=True):
    """One line of a Payment: an amount, and the document it belongs to."""

    amount: Decimal | None = None
    linked_txn: list[LinkedTxn] | None = None


class PaymentDoc(Transaction, frozen=True):
    """A Payment."""

    unapplied_amt: Decimal | None = None
    payment_ref_num: str | None = None
    line: list[PaymentLine] | None = None


class TermDoc(Header, frozen=True):
    """A Term of payment."""

    name: str | None = None
    active: bool | None = None
    type: str | None = None
    due_days: int | None = None
    day_of_month_due: int | None = None
    discount_percent: Decimal | None = None


class CustomerTypeDoc(Header, frozen=True):
    """A CustomerType: what arsync calls a contact group."""

    name: str | None = None


class ItemDoc(Header, frozen=True):
    """A product or service that an invoice line can name."""

    name: str | None = None
    active: bool | None = None
    type: str | None = None
    sales_tax_code_ref: Ref | None = None


class EntityRef(Struct, gc=False, frozen=True):
    """A reference that also tells the kind of object."""

    value: str | None = None
    type: str | None = None


class AttachableRef(Document, frozen=True):
    """What an attachable hangs on."""

    entity_ref: EntityRef | None = None


class AttachableDoc(Header, frozen=True):
    """A note or a file hanging on other objects."""

    note: str | None = None
    file_name: str | None = None
    attachable_ref: list[AttachableRef] | None = None


class CompanyInfoDoc(Header, frozen=True):
    """The company itself."""

    company_name: str | None = None
    legal_name: str | None = None
    customer_communication_addr: Address | None = None
    company_addr: Address | None = None
    legal_addr: Address | None = None
    primary_phone: TelephoneNumber | None = None
    customer_communication_email_addr: EmailAddress | None = None
    email: EmailAddress | None = None
    country: str | None = None
    default_time_zone: str | None = None


class CurrencyPrefs(Document, frozen=True):
    """Whether there are several currencies, and which one the books are kept in."""

    multi_currency_enabled: bool | None = None
    home_currency: Ref | None = None


class SalesFormsPrefs(Document, frozen=True):
    """How sales forms are numbered."""

    custom_txn_numbers: bool | None = None


class AccountingInfoPrefs(Document, frozen=True):
    """Until when the books are closed."""

    book_close_date: str | None = None


class PreferencesDoc(Header, frozen=True):
    """The company's preferences."""

    currency_prefs: CurrencyPrefs | None = None
    sales_forms_prefs: SalesFormsPrefs | None = None
    accounting_info_prefs: AccountingInfoPrefs | None = None


class MalformedRow(NamedTuple):
    """A row that does not have the shape its kind should have."""

    id: str
    number: str
    message: str
    whose: tuple[str, tuple[str, ...]] = ("", ())
    """The customer, where that can be read, and the invoices that its lines name."""
    created: str = ""
    """When it was made, where that can be read."""


D = TypeVar("D", bound=Header)
_DECODERS: dict[tuple[type[Struct], bool], msgspec.json.Decoder[Any]] = {}
_ONE_AT_A_TIME = threading.Lock()
"""msgspec ends the process if two threads are the first to decode a type at the same moment."""
_RAW_ROWS = msgspec.json.Decoder(list[Raw])


def _decoder(kind: type[Struct], *, many: bool) -> msgspec.json.Decoder[Any]:
    decoder = _DECODERS.get((kind, many))
    if decoder is None:
        with _ONE_AT_A_TIME:
            decoder = msgspec.json.Decoder(list[kind] if many else kind)  # type: ignore[valid-type]
        _DECODERS[kind, many] = decoder
    return decoder


def rows(raw: Raw | bytes, kind: type[D]) -> Iterator[D | MalformedRow]:
    """Decode an array of documents.

    A row of the wrong shape becomes a `MalformedRow`; the others are decoded all the same.

    Raises:
        msgspec.DecodeError: it is not an array of JSON objects at all.
    """
    try:
        yield from _decoder(kind, many=True).decode(raw)
    except msgspec.ValidationError:
        # One odd row must not cost the page: decode the rows one by one.
        for row in _RAW_ROWS.decode(raw):
            yield decode_row(row, kind)


def decode_row(raw: Raw | bytes, kind: type[D]) -> D | MalformedRow:
    """Decode one document, or say what is wrong with its shape."""
    try:
        document: D = _decoder(kind, many=False).decode(raw)
    except RecursionError:
        return MalformedRow("", "", "it is nested too deep")
    except msgspec.ValidationError as error:
        loose = msgspec.json.decode(raw)
        row = loose if isinstance(loose, dict) else {}
        return MalformedRow(
            str(row.get("Id") or ""),
            str(row.get("DocNumber") or ""),
            str(error),
            (_customer_in(row), tuple(_invoices_in(row))),
            _created_in(row),
        )
    return document


def _created_in(row: dict[str, Any]) -> str:
    meta = row.get("MetaData")
    value = meta.get("CreateTime") if isinstance(meta, dict) else None
    return value if isinstance(value, str) else ""


def _customer_in(row: dict[str, Any]) -> str:
    reference = row.get("CustomerRef")
    value = reference.get("value") if isinstance(reference, dict) else None
    return value if isinstance(value, str) else ""


def _invoices_in(row: dict[str, Any]) -> Iterator[str]:
    lines = row.get("Line")
    for line in lines if isinstance(lines, list) else ():
        links = line.get("LinkedTxn") if isinstance(line, dict) else None
        for link in links if isinstance(links, list) else ():
            if isinstance(link, dict) and link.get("TxnType") == "Invoice":
                yield str(link.get("TxnId") or "")
