"""Records and their rows: which table, what goes into it, and the hash that tells rows apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Table, and_, case, literal_column

from arsync.connector import Record
from arsync.core.records import (
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
from arsync.store.column_types import allocations_json, moment_text, texts_json, to_units
from arsync.store.tables import contacts, credits_, invoices, payments

_encode = msgspec.msgpack.Encoder().encode

Values = tuple[Any, ...]
"""What a driver writes as it is: texts, whole numbers, None."""


def record_hash(record: Record) -> int:
    """Return a 64-bit hash of everything the record says.

    A row is compared only with the older row of the same document, so 64 bits are ample.
    """
    return int.from_bytes(blake2b(_encode(record), digest_size=8).digest(), "big", signed=True)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment_text(moment)


def _flag(flag: bool | None) -> int | None:
    return None if flag is None else int(flag)


def _contact(one: Contact) -> Values:
    return (
        one.id, one.name, str(one.status), one.email, texts_json(one.more_emails), one.first_name,
        one.currency, one.country, texts_json(one.groups), one.parent_id, int(one.bill_to_parent),
        one.merged_into, _day(one.created_on), one.terms, one.note, one.version,
        _moment(one.updated_at),
    )  # fmt: skip


def _invoice(one: Invoice) -> Values:
    return (
        one.id, one.contact_id, one.number, str(one.status), one.issued_on.isoformat(),
        one.due_on.isoformat(), one.currency, None if one.rate is None else str(one.rate),
        to_units(one.total), to_units(one.amount_due), one.reference, _flag(one.sent),
        _day(one.paid_on), _day(one.expected_on), one.email, one.link, one.note, one.version,
        _moment(one.updated_at),
    )  # fmt: skip


def _payment(one: Payment) -> Values:
    return (
        one.id, one.contact_id, str(one.status), one.paid_on.isoformat(), one.currency,
        None if one.rate is None else str(one.rate), to_units(one.amount),
        to_units(one.unallocated), allocations_json(one.allocations), one.reference, one.version,
        _moment(one.updated_at),
    )  # fmt: skip


def _credit(one: Credit) -> Values:
    return (
        one.id, one.contact_id, str(one.kind), one.number, str(one.status),
        one.issued_on.isoformat(), one.currency, None if one.rate is None else str(one.rate),
        to_units(one.total), to_units(one.unallocated), allocations_json(one.allocations),
        one.version, _moment(one.updated_at),
    )  # fmt: skip


def _owed(row: Any) -> ColumnElement[bool]:
    # Literals: the statement is run with the rows' values alone.
    return and_(row.status == literal_column("'open'"), row.amount_due > literal_column("0"))


def _next_episode(old: Any, new: Any) -> ColumnElement[int]:
    """One more when the invoice is owed and was not: a reversed payment opens a new episode."""
    return case(
        (and_(_owed(new), ~_owed(old)), old.episode + literal_column("1")), else_=old.episode
    )


def _first_episode(row: Values) -> tuple[int]:
    return (int(row[3] == DocumentStatus.OPEN.value and row[9] > 0),)


def _nothing_more(_row: Values) -> tuple[()]:
    return ()


class Kind(NamedTuple):
    """How one kind of record is stored."""

    kind: RecordKind
    table: Table
    record: type[Contact | Invoice | Payment | Credit]
    values: Callable[[Any], Values]
    """The record's fields in the table's order; raises ValueError when one does not fit."""
    gone_status: str
    more: Callable[[Values], Values] = _nothing_more
    """Values of columns that only this table has, for a new row."""
    on_update: Mapping[str, Callable[[Any, Any], ColumnElement[Any]]] = {}
    """Columns that follow from the old and the new row."""

    @property
    def record_columns(self) -> list[Any]:
        """The columns that make the record, in its order."""
        return [self.table.c[name] for name in self.record._fields]

    def row(self, connection_id: int, record: Record, row_hash: int, sweep: str) -> Values:
        """Return the record's row.

        Raises:
            ValueError: a value cannot be kept; the message says which.
        """
        values = self.values(record)
        if "\0" in "".join(value for value in values if value.__class__ is str):
            raise ValueError("it holds a NUL character, which no database text can")
        return (connection_id, *values, row_hash, sweep, *self.more(values))


KINDS: Mapping[RecordKind, Kind] = {
    RecordKind.CONTACTS: Kind(
        RecordKind.CONTACTS, contacts, Contact, _contact, ContactStatus.DELETED.value
    ),
    RecordKind.INVOICES: Kind(
        RecordKind.INVOICES,
        invoices,
        Invoice,
        _invoice,
        DocumentStatus.DELETED.value,
        _first_episode,
        {"episode": _next_episode},
    ),
    RecordKind.PAYMENTS: Kind(
        RecordKind.PAYMENTS, payments, Payment, _payment, PaymentStatus.DELETED.value
    ),
    RecordKind.CREDITS: Kind(
        RecordKind.CREDITS, credits_, Credit, _credit, DocumentStatus.DELETED.value
    ),
}
"""Every kind but the organisation, whose one record lives in its connection's row."""


def to_records(kind: Kind, rows: Iterable[Any]) -> list[Any]:
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
    }
