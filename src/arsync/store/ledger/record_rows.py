"""Records and their rows: which table, what goes into it, and the hash that tells rows apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha1
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Table, and_, case, literal_column

from arsync.connector_sdk import Record
from arsync.core.ledger.records import (
    Contact,
    ContactStatus,
    Credit,
    DocumentStatus,
    Invoice,
    Organisation,
    Payment,
    PaymentStatus,
    RecordKind,
)
from arsync.store.db.column_types import (
    allocations_json,
    moment_text,
    phones_json,
    texts_json,
    to_units,
)
from arsync.store.db.tables import contacts, credits_, invoices, payments

_encode = msgspec.msgpack.Encoder().encode
_json = msgspec.json.Encoder().encode
_NUL_IN_JSON = b"\\u0000"

Values = tuple[Any, ...]
"""What a driver writes as it is: texts, whole numbers, None."""


_FIELDS_HEAD = 3
"""The most bytes that a packed record has before its first field."""

_MOMENT_HEAD = b"\xd7\xff"
"""MessagePack's sign of a moment with a fraction of a second; no text in UTF-8 holds 0xff."""
_MOMENT_BYTES = 10
"""Of such a moment, its head included. In each record it is the last field."""

Content = tuple[bytes, int]
"""A packed record and its hash."""


def packed(record: Record) -> bytes:
    """Return everything the record says as bytes: the same for the same content."""
    return _encode(record)


def hash_of(content: bytes) -> int:
    """Return a 64-bit hash of a packed record.

    A row is compared only with the older row of the same document, so 64 bits are ample.
    """
    # Python's own `hash` of bytes differs from process to process.
    digest = sha1(content, usedforsecurity=False).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


# A ledger has few different days and many rows.
_iso = lru_cache(maxsize=8_192)(date.isoformat)


def _day(day: date | None) -> str | None:
    return None if day is None else _iso(day)


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment_text(moment)


def _contact(connection_id: int, contact: Contact, row_hash: int, sweep: str) -> Values:
    return (
        connection_id,
        contact.id,
        contact.name,
        str(contact.status),
        contact.email,
        texts_json(contact.more_emails),
        contact.first_name,
        texts_json(contact.people),
        phones_json(contact.phones),
        texts_json(contact.address),
        contact.customer_number,
        contact.currency,
        contact.country,
        texts_json(contact.groups),
        contact.parent_id,
        int(contact.bill_to_parent),
        contact.merged_into,
        _day(contact.created_on),
        contact.terms,
        contact.note,
        contact.version,
        _moment(contact.updated_at),
        row_hash,
        sweep,
    )


def _invoice(connection_id: int, invoice: Invoice, row_hash: int, sweep: str) -> Values:
    rate, sent, paid_on, expected_on = (
        invoice.rate,
        invoice.sent,
        invoice.paid_on,
        invoice.expected_on,
    )
    status, amount_due, disputed_on = (
        str(invoice.status),
        to_units(invoice.amount_due),
        invoice.disputed_on,
    )
    return (
        connection_id,
        invoice.id,
        invoice.contact_id,
        invoice.number,
        status,
        _iso(invoice.issued_on),
        _iso(invoice.due_on),
        invoice.currency,
        None if rate is None else str(rate),
        to_units(invoice.total),
        amount_due,
        invoice.reference,
        invoice.purchase_order,
        None if sent is None else int(sent),
        None if paid_on is None else _iso(paid_on),
        None if expected_on is None else _iso(expected_on),
        invoice.email,
        invoice.link,
        invoice.note,
        None if disputed_on is None else _iso(disputed_on),
        invoice.version,
        _moment(invoice.updated_at),
        row_hash,
        sweep,
        # Episode 1 of being owed; 0 while it was never owed, such as a draft.
        1 if status == _OPEN and amount_due > 0 else 0,
        # The day on which it was first seen is noted once it is known to be new.
        None,
    )


def _payment(connection_id: int, payment: Payment, row_hash: int, sweep: str) -> Values:
    return (
        connection_id,
        payment.id,
        payment.contact_id,
        str(payment.status),
        _iso(payment.paid_on),
        payment.currency,
        None if payment.rate is None else str(payment.rate),
        to_units(payment.amount),
        to_units(payment.unallocated),
        allocations_json(payment.allocations),
        payment.reference,
        None if payment.reconciled is None else int(payment.reconciled),
        payment.version,
        _moment(payment.updated_at),
        row_hash,
        sweep,
    )


def _credit(connection_id: int, credit: Credit, row_hash: int, sweep: str) -> Values:
    return (
        connection_id,
        credit.id,
        credit.contact_id,
        str(credit.kind),
        credit.number,
        str(credit.status),
        _iso(credit.issued_on),
        credit.currency,
        None if credit.rate is None else str(credit.rate),
        to_units(credit.total),
        to_units(credit.unallocated),
        allocations_json(credit.allocations),
        credit.version,
        _moment(credit.updated_at),
        row_hash,
        sweep,
    )


_OPEN = DocumentStatus.OPEN.value


def _owed(row: Any) -> ColumnElement[bool]:
    # Literals: the statement is run with the rows' values alone.
    return and_(row.status == literal_column("'open'"), row.amount_due > literal_column("0"))


def _next_episode(old: Any, new: Any) -> ColumnElement[int]:
    """One more when the invoice is owed and was not: a reversed payment opens a new episode."""
    return case(
        (and_(_owed(new), ~_owed(old)), old.episode + literal_column("1")), else_=old.episode
    )


def _as_before_void(name: str, money: str) -> Callable[[Any, Any], ColumnElement[Any]]:
    """Keep what a document was when the platform sets it to nothing by voiding it.

    QuickBooks does. A past day's totals are asked for later as well, and it counted then.
    """

    def follow(old: Any, new: Any) -> ColumnElement[Any]:
        emptied = and_(
            new.status == literal_column("'voided'"),
            new[money] == literal_column("0"),
            old[money] != literal_column("0"),
        )
        return case((emptied, old[name]), else_=new[name])

    return follow


FORGOTTEN = "forgotten"
"""Takes the place of the name of a customer whose data were forgotten."""

PERSONAL_TEXTS = ("name", "email", "first_name", "customer_number", "note")
PERSONAL_LISTS = ("more_emails", "people", "phones", "address")
"""Columns of a contact's copy that tell who it is."""


def _as_forgotten(name: str) -> Callable[[Any, Any], ColumnElement[Any]]:
    """Keep what was forgotten while the platform's document is the same.

    The hash alone does not show that: with more fields of a record, each has another one.
    """

    def follow(old: Any, new: Any) -> ColumnElement[Any]:
        same = and_(
            old.name == literal_column(f"'{FORGOTTEN}'"),
            old.version == new.version,
            old.updated_at.is_not_distinct_from(new.updated_at),
        )
        return case((same, old[name]), else_=new[name])

    return follow


def _end_of_texts(packed_record: bytes) -> int:
    """Return where the moment begins that a packed record ends with; without one, its length."""
    begins = len(packed_record) - _MOMENT_BYTES
    return begins if packed_record.startswith(_MOMENT_HEAD, begins) else len(packed_record)


class RecordTable(NamedTuple):
    """How one kind of record is stored."""

    kind: RecordKind
    table: Table
    record: type[Contact | Invoice | Payment | Credit]
    values: Callable[[int, Any, int, str], Values]
    """From the connection, a record, its hash and the sweep to the row of the table."""
    gone_status: str
    on_update: Mapping[str, Callable[[Any, Any], ColumnElement[Any]]] = {}
    """Columns that follow from the old and the new row."""

    @property
    def record_columns(self) -> list[Any]:
        """The columns that make the record, in its order."""
        return [self.table.c[name] for name in self.record._fields]

    def row(self, connection_id: int, record: Record, content: Content, sweep: str) -> Values:
        """Return the row of a record, given its packed content and the hash of that.

        Raises:
            ValueError: a value cannot be kept; the message says which.
        """
        packed_record, row_hash = content
        row = self.values(connection_id, record, row_hash, sweep)
        # Between the number of fields and the last moment, which mostly has one, a zero byte is
        # part of a text's length, or a NUL. Only then is the row searched: first as JSON, where a
        # NUL is written out.
        if (
            packed_record.find(b"\0", _FIELDS_HEAD, _end_of_texts(packed_record)) >= 0
            and _json(row).find(_NUL_IN_JSON) >= 0
            and any("\0" in value for value in row if isinstance(value, str))
        ):
            raise ValueError("it holds a NUL character, which no database text can")
        return row


KINDS: Mapping[RecordKind, RecordTable] = {
    RecordKind.CONTACTS: RecordTable(
        RecordKind.CONTACTS,
        contacts,
        Contact,
        _contact,
        ContactStatus.DELETED.value,
        {name: _as_forgotten(name) for name in (*PERSONAL_TEXTS, *PERSONAL_LISTS)},
    ),
    RecordKind.INVOICES: RecordTable(
        RecordKind.INVOICES,
        invoices,
        Invoice,
        _invoice,
        DocumentStatus.DELETED.value,
        {
            "episode": _next_episode,
            "total": _as_before_void("total", "total"),
            "seen_on": lambda old, _: old.seen_on,
        },
    ),
    RecordKind.PAYMENTS: RecordTable(
        RecordKind.PAYMENTS,
        payments,
        Payment,
        _payment,
        PaymentStatus.DELETED.value,
        {
            name: _as_before_void(name, "amount")
            for name in ("amount", "unallocated", "allocations")
        },
    ),
    RecordKind.CREDITS: RecordTable(
        RecordKind.CREDITS,
        credits_,
        Credit,
        _credit,
        DocumentStatus.DELETED.value,
        {"total": _as_before_void("total", "total")},
    ),
}
"""Every kind but the organisation, whose one record lives in its connection's row."""


def to_records(kind: RecordTable, rows: Iterable[Any]) -> list[Any]:
    """Return the records of rows that were selected as `kind.record_columns`."""
    make = kind.record._make
    return [make(row) for row in rows]


def organisation_values(organisation: Organisation) -> dict[str, Any]:
    """Return the organisation's columns of a connection's row."""
    return {
        "organisation_name": organisation.name,
        "base_currency": organisation.base_currency,
        "country": organisation.country,
        "time_zone": organisation.time_zone,
        "short_code": organisation.short_code,
        "is_demo": organisation.is_demo,
        "locked_until": organisation.locked_until,
        "own_reminders": organisation.own_reminders,
        "legal_name": organisation.legal_name,
        "address": organisation.address,
        "phone": organisation.phone,
        "email": organisation.email,
        "tax_number": organisation.tax_number,
        "registration_number": organisation.registration_number,
    }
