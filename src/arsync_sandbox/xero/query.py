"""Lists: which records a GET means, in which order, and which page of them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from werkzeug.datastructures import MultiDict

from . import wire
from .documents import XeroContact, XeroCredit, XeroInvoice, XeroPayment
from .errors import XeroRefused, bad_query, high_volume
from .ledger import R, RecordTable, XeroLedger
from .where import Field, compile_where, read_order

PAGE_SIZE_DEFAULT = 100
PAGE_SIZE_MAX = 1000
"""Rows on a page; a larger `pageSize` is clamped to it."""

QUERY_CHARS_MAX = 2048
"""The longest query string; some 52 ids reach it."""

Parameters = MultiDict[str, str]
T = TypeVar("T")

_ID = operator.attrgetter("id")
_UPDATED = operator.attrgetter("updated")
_NEVER_NULL = {"updateddateutc", "invoiceid", "contactid", "paymentid", "status", "type"}


def _of_contact(get: Callable[[XeroContact], Any]) -> Field:
    return lambda record: get(record.contact)


_DOCUMENT: dict[str, Field] = {
    "Type": lambda r: r.type,
    "Status": lambda r: r.status,
    "Date": lambda r: r.issued_on,
    "DueDate": lambda r: r.due_on,
    "Reference": lambda r: r.reference,
    "CurrencyCode": lambda r: r.currency,
    "Total": lambda r: r.total,
    "SubTotal": lambda r: r.sub_total,
    "TotalTax": lambda r: r.total_tax,
    "UpdatedDateUTC": _UPDATED,
    "FullyPaidOnDate": lambda r: r.fully_paid_on,
    "SentToContact": lambda r: bool(r.sent),
    "Contact.ContactID": _of_contact(lambda c: c.id),
    "Contact.Name": _of_contact(lambda c: c.name),
    "Contact.ContactNumber": _of_contact(lambda c: c.number),
}
INVOICE_FIELDS: dict[str, Field] = {
    **_DOCUMENT,
    "InvoiceID": _ID,
    "InvoiceNumber": lambda r: r.number,
    "AmountDue": lambda r: r.due,
    "AmountPaid": lambda r: r.paid,
    "AmountCredited": lambda r: r.credited,
    "ExpectedPaymentDate": lambda r: r.expected_on,
    "PlannedPaymentDate": lambda r: r.planned_on,
}
CONTACT_FIELDS: dict[str, Field] = {
    "ContactID": _ID,
    "ContactNumber": lambda r: r.number,
    "AccountNumber": lambda r: r.account_number,
    "ContactStatus": lambda r: r.status,
    "Name": lambda r: r.name,
    "FirstName": lambda r: r.first_name,
    "LastName": lambda r: r.last_name,
    "EmailAddress": lambda r: r.email,
    "UpdatedDateUTC": _UPDATED,
    "IsCustomer": lambda r: any(invoice.type == "ACCREC" for invoice in r.invoices),
    "IsSupplier": lambda r: any(invoice.type == "ACCPAY" for invoice in r.invoices),
}
PAYMENT_FIELDS: dict[str, Field] = {
    "PaymentID": _ID,
    "Date": lambda r: r.paid_on,
    "Amount": lambda r: r.amount,
    "Reference": lambda r: r.reference,
    "Status": lambda r: r.status,
    "PaymentType": lambda r: r.type,
    "IsReconciled": lambda r: r.reconciled,
    "UpdatedDateUTC": _UPDATED,
    "Invoice.InvoiceID": lambda r: r.target.id,
    "Invoice.InvoiceNumber": lambda r: r.target.number,
}
CREDIT_FIELDS: dict[str, dict[str, Field]] = {
    kind: {
        **_DOCUMENT,
        "RemainingCredit": lambda r: r.remaining,
        id_name: lambda r: r.id,
        "CreditNoteNumber": lambda r: r.number,
    }
    for kind, id_name in (
        ("CreditNotes", "CreditNoteID"),
        ("Prepayments", "PrepaymentID"),
        ("Overpayments", "OverpaymentID"),
    )
}

# Filters and orders that Xero runs over more rows than `xero_high_volume_rows`.
_INVOICE_RANGES = {"date", "duedate", "amountdue"}
_OPTIMISED = {
    "Invoices": (
        {"status", "contact.contactid", "contact.name", "contact.contactnumber", "reference"}
        | {"invoicenumber", "invoiceid", "type", "amountpaid", *_INVOICE_RANGES},
        {"invoiceid", "updateddateutc", "date"},
    ),
    "Contacts": (
        {"name", "emailaddress", "accountnumber"},
        {"contactid", "updateddateutc", "name"},
    ),
}


@dataclass
class Listing(Generic[R]):
    """A page of a list."""

    rows: list[R]
    form: str
    pagination: dict[str, int] | None
    places: int


class Query:
    """What the query string and If-Modified-Since ask for."""

    def __init__(
        self, ledger: XeroLedger, args: Parameters, since: str, *, client_id: str, length: int
    ) -> None:
        if length > QUERY_CHARS_MAX:
            raise XeroRefused(414, "Request-URI Too Long")
        self.ledger = ledger
        self.args = args
        self.since = since
        self.client_id = client_id
        self.summary = wire.truth(args.get("summaryOnly"))
        # summaryOnly forces paging.
        self.paged = "page" in args or self.summary
        self.page = max(1, self._whole("page", 1))
        # Out of range is clamped, not refused: a client that asks for 5,000 gets 1,000.
        self.size = min(max(1, self._whole("pageSize", PAGE_SIZE_DEFAULT)), PAGE_SIZE_MAX)
        self.places = 4 if args.get("unitdp") == "4" else 2

    def _whole(self, name: str, default: int) -> int:
        text = self.args.get(name) or str(default)
        try:
            return int(text)
        except ValueError as error:
            raise bad_query(f"The value '{text}' is not valid for {name}") from error

    def values(self, name: str) -> list[str]:
        """A comma list, empty when it is absent."""
        return [value.strip() for value in self.args.get(name, "").split(",") if value.strip()]

    def select(
        self,
        table: RecordTable[R],
        kind: str,
        fields: Mapping[str, Field],
        narrow: Callable[[list[R], bool], list[R]],
    ) -> Listing[R]:
        """The asked page; `narrow` applies the endpoint's own filters."""
        # Everything that decides the list but the page: the pages of one sweep share one list.
        key = (
            tuple(
                (name, value)
                for name, value in sorted(self.args.items(multi=True))
                if name not in {"page", "pageSize", "unitdp", "summaryOnly"}
            ),
            self.since,
            self.client_id,
            bool(self.ledger.setting("modified_since_inclusive")),
            bool(self.ledger.setting("lists_deleted")),
        )
        rows = table.listed(key, lambda: self._build(table, kind, fields, narrow))
        if len(rows) > self.ledger.setting("high_volume_rows"):
            raise high_volume()
        form = "summary" if self.summary else "list" if self.paged else "short"
        shown, pagination = self.page_of(rows)
        return Listing(shown, form, pagination, self.places)

    def page_of(self, rows: list[T]) -> tuple[list[T], dict[str, int] | None]:
        """The asked page of rows, and its place among all; everything when none is asked for."""
        if not self.paged:
            return rows, None
        start = (self.page - 1) * self.size
        pagination = {
            "page": self.page,
            "pageSize": self.size,
            "pageCount": -(-len(rows) // self.size),
            "itemCount": len(rows),
        }
        return rows[start : start + self.size], pagination

    def _build(
        self,
        table: RecordTable[R],
        kind: str,
        fields: Mapping[str, Field],
        narrow: Callable[[list[R], bool], list[R]],
    ) -> list[R]:
        where = compile_where(self.args["where"], fields) if self.args.get("where") else None
        order = read_order(self.args.get("order", ""), fields)
        if len(table.rows) > self.ledger.setting("high_volume_rows") and kind in _OPTIMISED:
            filters, orders = _OPTIMISED[kind]
            used = where.fields if where else frozenset()
            ranged = where.ranged if where else frozenset()
            if used - filters or ranged - _INVOICE_RANGES or {k[2] for k in order} - orders:
                raise high_volume()
        rows = narrow(list(table.rows.values()), bool(where and _names_status(where.fields)))
        if self.since:
            rows = self._modified(rows)
        if where:
            rows = [row for row in rows if where.test(row)]
        # By id first, as the tie-breaker of the stable sorts that follow.
        rows.sort(key=_ID)
        for field, descending, name in reversed(order or [(_UPDATED, False, "updateddateutc")]):
            never_null = name in _NEVER_NULL
            rows.sort(key=field if never_null else _sortable(field), reverse=descending)
        return rows

    def _modified(self, rows: list[R]) -> list[R]:
        try:
            since = wire.read_moment(self.since)
        except (ValueError, TypeError) as error:
            raise bad_query(f"If-Modified-Since cannot be read: {self.since!r}") from error
        # The header has seconds. Whether it means >= or > is not documented: a switch.
        since = since.replace(microsecond=0)
        if self.ledger.setting("modified_since_inclusive"):
            return [row for row in rows if row.updated >= since]
        return [row for row in rows if row.updated.replace(microsecond=0) > since]


def narrow_invoices(query: Query) -> Callable[[list[XeroInvoice], bool], list[XeroInvoice]]:
    """The filters that only invoices have."""
    ids = {wire.guid(value) for value in query.values("IDs")}
    numbers = set(query.values("InvoiceNumbers"))
    contacts = {wire.guid(value) for value in query.values("ContactIDs")}
    statuses = {value.upper() for value in query.values("Statuses")}
    term = query.args.get("searchTerm", "").lower()
    mine = wire.truth(query.args.get("createdByMyApp"))

    def narrow(rows: list[XeroInvoice], names_status: bool) -> list[XeroInvoice]:
        if ids:
            table = query.ledger.invoices.rows
            rows = [table[id_] for id_ in ids if id_ in table]
        if numbers:
            rows = [row for row in rows if row.number in numbers]
        if contacts:
            rows = [row for row in rows if row.contact.id in contacts]
        if statuses:
            rows = [row for row in rows if row.status in statuses]
        elif not (names_status or ids or query.ledger.setting("lists_deleted")):
            rows = [row for row in rows if row.status != "DELETED"]
        if mine:
            rows = [row for row in rows if row.created_by == query.client_id]
        if term:
            rows = [r for r in rows if term in r.number.lower() or term in r.reference.lower()]
        return rows

    return narrow


def narrow_contacts(query: Query) -> Callable[[list[XeroContact], bool], list[XeroContact]]:
    """The filters that only contacts have."""
    ids = {wire.guid(value) for value in query.values("IDs")}
    archived = wire.truth(query.args.get("includeArchived"))
    term = query.args.get("searchTerm", "").lower()

    def narrow(rows: list[XeroContact], _names_status: bool) -> list[XeroContact]:
        if ids:
            table = query.ledger.contacts.rows
            rows = [table[id_] for id_ in ids if id_ in table]
        # Merged contacts are archived ones: a client must ask for them to notice a merge.
        if not archived:
            rows = [row for row in rows if row.status == "ACTIVE"]
        if term:
            rows = [row for row in rows if any(term in text.lower() for text in _searched(row))]
        return rows

    return narrow


def narrow_credits(query: Query) -> Callable[[list[XeroCredit], bool], list[XeroCredit]]:
    """DELETED and the number and reference lists, for credit notes and over/prepayments."""
    numbers = set(query.values("InvoiceNumbers"))
    references = set(query.values("References"))

    def narrow(rows: list[XeroCredit], names_status: bool) -> list[XeroCredit]:
        if not (names_status or query.ledger.setting("lists_deleted")):
            rows = [row for row in rows if row.status != "DELETED"]
        if numbers:
            rows = [row for row in rows if row.number in numbers]
        if references:
            rows = [row for row in rows if row.reference in references]
        return rows

    return narrow


def narrow_payments(rows: list[XeroPayment], _names_status: bool) -> list[XeroPayment]:
    """Payments have no filters of their own; deleted ones are listed."""
    return rows


def _searched(contact: XeroContact) -> tuple[str, ...]:
    return (contact.name, contact.first_name, contact.last_name, contact.number, contact.email)


def _names_status(fields: frozenset[str]) -> bool:
    return "status" in fields


def _sortable(field: Field) -> Callable[[Any], Any]:
    def key(record: Any) -> tuple[bool, Any]:
        value = field(record)
        return (value is not None, value if value is not None else 0)

    return key
