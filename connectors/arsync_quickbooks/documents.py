"""QuickBooks Online documents as typed structs, decoded by msgspec straight from bytes.

Every field is optional: what a missing one means is decided in `records`, where the document can
be named. Money is `Decimal` from the first byte on.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import Raw, Struct, field

ROWS_MAX = 1000
"""Rows in one page of a query, and objects in one answer of the change feed."""


class Document(Struct, rename="pascal", gc=False):
    """What the structs share: QuickBooks writes its keys in PascalCase."""


class Ref(Struct, gc=False):
    """A reference to another object; its keys are lower-case."""

    value: str | None = None
    name: str | None = None


class Memo(Struct, gc=False):
    """A text in an object of its own."""

    value: str | None = None


class MetaData(Document):
    """When the document was made and last changed, with a numeric offset."""

    create_time: str | None = None
    last_updated_time: str | None = None


class Email(Document):
    """One or several addresses, with commas between them."""

    address: str | None = None


class Address(Document):
    """The part of a postal address that arsync looks at."""

    country: str | None = None


class Delivery(Document):
    """How and when the platform last sent the document."""

    delivery_type: str | None = None
    delivery_time: str | None = None
    delivery_error_type: str | None = None


class LinkedTxn(Document):
    """A link to another transaction, without an amount."""

    txn_id: str | None = None
    txn_type: str | None = None


class Header(Document):
    """What every row of a change feed has, deleted ones too."""

    id: str | None = None
    status: str | None = field(name="status", default=None)
    sync_token: str | None = None
    meta_data: MetaData | None = None


class CustomerDoc(Header):
    """A Customer."""

    display_name: str | None = None
    fully_qualified_name: str | None = None
    given_name: str | None = None
    active: bool | None = None
    primary_email_addr: Email | None = None
    bill_addr: Address | None = None
    notes: str | None = None
    balance: Decimal | None = None
    currency_ref: Ref | None = None
    sales_term_ref: Ref | None = None
    customer_type_ref: Ref | None = None
    parent_ref: Ref | None = None
    bill_with_parent: bool | None = None


class Transaction(Header):
    """What invoices, credit memos and payments share."""

    customer_ref: Ref | None = None
    txn_date: str | None = None
    currency_ref: Ref | None = None
    exchange_rate: Decimal | None = None
    total_amt: Decimal | None = None
    private_note: str | None = None


class InvoiceDoc(Transaction):
    """An Invoice."""

    doc_number: str | None = None
    due_date: str | None = None
    balance: Decimal | None = None
    email_status: str | None = None
    bill_email: Email | None = None
    delivery_info: Delivery | None = None
    invoice_link: str | None = None
    e_invoice_status: str | None = field(name="EInvoiceStatus", default=None)
    e_cloud_status_time_stamp: str | None = field(name="ECloudStatusTimeStamp", default=None)
    invoice_status: str | None = field(name="invoiceStatus", default=None)


class CreditMemoDoc(Transaction):
    """A CreditMemo. Its total is positive."""

    doc_number: str | None = None
    balance: Decimal | None = None
    remaining_credit: Decimal | None = None


class PaymentLine(Document):
    """One line of a Payment: an amount, and the document it belongs to."""

    amount: Decimal | None = None
    linked_txn: list[LinkedTxn] | None = None


class PaymentDoc(Transaction):
    """A Payment."""

    unapplied_amt: Decimal | None = None
    payment_ref_num: str | None = None
    line: list[PaymentLine] | None = None


class TermDoc(Header):
    """A Term of payment."""

    name: str | None = None
    active: bool | None = None
    type: str | None = None
    due_days: int | None = None
    day_of_month_due: int | None = None
    discount_percent: Decimal | None = None


class CustomerTypeDoc(Header):
    """A CustomerType: what arsync calls a contact group."""

    name: str | None = None


class ItemDoc(Header):
    """A product or service that an invoice line can name."""

    name: str | None = None
    active: bool | None = None
    type: str | None = None
    sales_tax_code_ref: Ref | None = None


class EntityRef(Struct, gc=False):
    """A reference that also tells the kind of object."""

    value: str | None = None
    type: str | None = None


class AttachableRef(Document):
    """What an attachable hangs on."""

    entity_ref: EntityRef | None = None


class AttachableDoc(Header):
    """A note or a file hanging on other objects."""

    note: str | None = None
    file_name: str | None = None
    attachable_ref: list[AttachableRef] | None = None


class CompanyInfoDoc(Header):
    """The company itself."""

    company_name: str | None = None
    legal_name: str | None = None
    country: str | None = None
    default_time_zone: str | None = None


class CurrencyPrefs(Document):
    """Whether there are several currencies, and which one the books are kept in."""

    multi_currency_enabled: bool | None = None
    home_currency: Ref | None = None


class SalesFormsPrefs(Document):
    """How sales forms are numbered."""

    custom_txn_numbers: bool | None = None


class AccountingInfoPrefs(Document):
    """Until when the books are closed."""

    book_close_date: str | None = None


class PreferencesDoc(Header):
    """The company's preferences."""

    currency_prefs: CurrencyPrefs | None = None
    sales_forms_prefs: SalesFormsPrefs | None = None
    accounting_info_prefs: AccountingInfoPrefs | None = None


class Odd(NamedTuple):
    """A row that does not have the shape its kind should have."""

    id: str
    number: str
    message: str
    customer: str = ""
    """Whose it is, where that can be read."""
    invoices: tuple[str, ...] = ()
    """Invoices that its lines name."""


D = TypeVar("D", bound=Header)
_DECODERS: dict[tuple[type[Struct], bool], msgspec.json.Decoder[Any]] = {}
_RAW_ROWS = msgspec.json.Decoder(list[Raw])


def _decoder(kind: type[Struct], *, many: bool) -> msgspec.json.Decoder[Any]:
    known = _DECODERS.get((kind, many))
    if known is None:
        known = msgspec.json.Decoder(list[kind] if many else kind)  # type: ignore[valid-type]
        _DECODERS[kind, many] = known
    return known


def rows(raw: Raw | bytes, kind: type[D]) -> Iterator[D | Odd]:
    """Decode an array of documents; a row of the wrong shape comes out as `Odd`, the rest goes on.

    Raises:
        msgspec.DecodeError: it is not an array of JSON objects at all.
    """
    try:
        yield from _decoder(kind, many=True).decode(raw)
    except msgspec.ValidationError:
        # One odd row must not cost the page: decode the rows one by one.
        for row in _RAW_ROWS.decode(raw):
            yield one(row, kind)


def one(raw: Raw | bytes, kind: type[D]) -> D | Odd:
    """Decode one document, or say what is odd about it."""
    try:
        document: D = _decoder(kind, many=False).decode(raw)
    except RecursionError:
        return Odd("", "", "it is nested too deep")
    except msgspec.ValidationError as error:
        loose = msgspec.json.decode(raw)
        row = loose if isinstance(loose, dict) else {}
        return Odd(
            str(row.get("Id") or ""),
            str(row.get("DocNumber") or ""),
            str(error),
            _customer_in(row),
            tuple(_invoices_in(row)),
        )
    return document


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
