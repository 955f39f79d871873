"""A ledger as measures need it: few documents of it, and sums of the rest.

Most documents of a ledger of years were settled long before the window that is measured. They add
to what was sold on their day of issue, and to nothing else: the database adds them up. The others
are read, as they are, and measured by the same code that measures whole accounts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Table, and_, case, or_, select, type_coerce
from sqlalchemy.types import NullType

from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import (
    Account,
    Credit,
    DocumentStatus,
    Invoice,
    Payment,
    PaymentStatus,
    RecordKind,
)
from arsync.store.db.bulk import one_of
from arsync.store.db.column_types import allocations_of, from_units, sum_in_parts, whole_sum
from arsync.store.db.tables import (
    credits_,
    disputes,
    invoices,
    payment_plans,
    payments,
    problems,
    promised_invoices,
)
from arsync.store.ledger.account_reader import read_accounts
from arsync.store.ledger.customer_entries import parents_of, read_entries
from arsync.store.ledger.families import Families, all_families
from arsync.store.ledger.record_rows import KINDS, to_records

_SOLD = (DocumentStatus.OPEN.value, DocumentStatus.PAID.value)
_GONE = (DocumentStatus.VOIDED.value, DocumentStatus.DELETED.value)
_UNDONE = (PaymentStatus.VOIDED.value, PaymentStatus.DELETED.value)

_INVOICE = (
    "id contact_id number status issued_on due_on currency rate total amount_due paid_on"
).split()
_PAYMENT = ("id contact_id status paid_on currency rate amount unallocated allocations").split()
"""What measures ask of a document: texts for people are not read."""

# Of a year of months, half a million documents wait for the others of their customer. Packed as the
# driver gives them, a document takes a fifth of the memory of its record, and Python does not go
# through it each time that it looks for what is no longer used.
_pack = msgspec.msgpack.Encoder().encode


class _InvoiceRow(Struct, array_like=True, frozen=True):
    """A row of `_INVOICE`, as a driver gives it."""

    id: str
    contact_id: str
    number: str
    status: str
    issued_on: date
    due_on: date
    currency: str
    rate: str | None
    total: int
    amount_due: int
    paid_on: date | None
    gone_at: datetime | None
    episode: int

    def record(self) -> Invoice:
        """Return the invoice."""
        return Invoice(
            self.id,
            self.contact_id,
            self.number,
            self.status,
            self.issued_on,
            self.due_on,
            self.currency,
            _rate(self.rate),
            from_units(self.total),
            from_units(self.amount_due),
            paid_on=self.paid_on,
            updated_at=self.gone_at,
        )


class _PaymentRow(Struct, array_like=True, frozen=True):
    """A row of `_PAYMENT`, as a driver gives it."""

    id: str
    contact_id: str
    status: str
    paid_on: date
    currency: str
    rate: str | None
    amount: int
    unallocated: int
    allocations: str
    gone_at: datetime | None

    def record(self) -> Payment:
        """Return the payment."""
        return Payment(
            self.id,
            self.contact_id,
            self.status,
            self.paid_on,
            self.currency,
            _rate(self.rate),
            from_units(self.amount),
            from_units(self.unallocated),
            allocations_of(self.allocations),
            updated_at=self.gone_at,
        )


_unpack_invoice = msgspec.msgpack.Decoder(_InvoiceRow).decode
_unpack_payment = msgspec.msgpack.Decoder(_PaymentRow).decode


@lru_cache(maxsize=8_192)
def _rate(digits: str | None) -> Decimal | None:
    return None if digits is None else Decimal(digits)


def _as_driver_gives(table: Table, names: Sequence[str]) -> list[ColumnElement[Any]]:
    return [type_coerce(table.c[name], NullType()) for name in names]


IDS_AT_ONCE = 5_000
"""So many invoices are looked for together by what was allocated to them."""

CUSTOMERS_AT_ONCE = 500


def _gone_at(table: Table, gone: Sequence[str]) -> ColumnElement[datetime | None]:
    """Return the moment of a document's last change where it is gone: of others nobody asks it."""
    return case((table.c.status.in_(gone), table.c.updated_at))


class OlderSales(NamedTuple):
    """What was sold on a day, by invoices of which nothing else is to be told."""

    currency: str
    rate: Decimal | None
    issued_on: date
    amount: Decimal


def read_measured(
    db: Connection, connection_id: int, since: date, base_currency: str
) -> Iterator[Account | OlderSales]:
    """Yield what measures of days after a day need: accounts first, then older sales.

    An account has the documents to which anything happened after that day, and what is open. Those
    of customers who promised or dispute anything, or agreed on a plan, have all they ever had.

    Args:
        db: the database, in a transaction.
        connection_id: whose.
        since: the last day before the earliest window.
        base_currency: the organisation's: older documents in others without a rate are named.
    """
    reading = _MeasuredReading(db, connection_id, since, base_currency)
    yield from reading.accounts()
    yield from reading.older_sales()


class _PackedDocuments:
    """Documents of accounts that are read kind by kind, until all of each account are there."""

    def __init__(self) -> None:
        self.invoices: dict[str, list[bytes]] = defaultdict(list)
        """By the account's first customer, as the others."""
        self.payments: dict[str, list[bytes]] = defaultdict(list)
        self.credits: dict[str, list[Credit]] = defaultdict(list)

    def accounts(self) -> Iterator[Account]:
        """Yield the accounts, each of which is forgotten."""
        for documents in (self.invoices, self.payments, self.credits):
            for root in list(documents):
                if root in documents:
                    yield self._account(root)

    def _account(self, root: str) -> Account:
        rows = [_unpack_invoice(row) for row in self.invoices.pop(root, ())]
        return Account(
            (),
            tuple(row.record() for row in rows),
            tuple(_unpack_payment(row).record() for row in self.payments.pop(root, ())),
            tuple(self.credits.pop(root, ())),
            episodes={row.id: row.episode for row in rows if row.status == DocumentStatus.DELETED},
        )


class _MeasuredReading:
    """One reading of one ledger."""

    def __init__(self, db: Connection, connection_id: int, since: date, base_currency: str) -> None:
        self._db = db
        self._connection_id = connection_id
        self._since = since
        self._base_currency = base_currency
        self._since_text = since.isoformat()
        # A day earlier than any zone's midnight: what is read for nothing adds what it has to.
        self._moment = datetime.combine(since - timedelta(days=1), time(0), UTC)
        parents = parents_of(read_entries(db, connection_id))
        self._families: Families = all_families(db, connection_id, parents)
        self._read: dict[tuple[str, Decimal | None, date], Decimal] = defaultdict(lambda: ZERO)
        """What was sold up to the day by the invoices that were read themselves."""

    def accounts(self) -> Iterator[Account]:
        agreed = self._with_agreements()
        waiting = _PackedDocuments()

        def root_of(contact_id: str) -> str | None:
            root = self._families.root(contact_id)
            return None if root in agreed else root

        touched: set[str] = set()
        for contact_id, ids, row in self._payments():
            touched.update(ids)
            if (root := root_of(contact_id)) is not None:
                waiting.payments[root].append(_pack(row))
        for credit in self._credits():
            touched.update(
                allocation.invoice_id
                for allocation in credit.allocations
                if allocation.allocated_on > self._since or credit.status in _GONE
            )
            if (root := root_of(credit.contact_id)) is not None:
                waiting.credits[root].append(credit)
        # What could not be understood when it was last read counts nowhere.
        unreadable = self._unreadable()
        touched |= unreadable
        for row in self._invoices(touched):
            if row[0] in unreadable:
                self._note_row(row)
            elif (root := root_of(row[1])) is not None:
                waiting.invoices[root].append(_pack(row))
                self._note_row(row)
        touched.clear()
        yield from waiting.accounts()
        roots = sorted(agreed)
        for start in range(0, len(roots), CUSTOMERS_AT_ONCE):
            ids = roots[start : start + CUSTOMERS_AT_ONCE]
            for account in read_accounts(self._db, self._connection_id, ids):
                for invoice in account.invoices:
                    self._note(invoice)
                yield account

    def older_sales(self) -> Iterator[OlderSales]:
        columns = invoices.c
        query = (
            select(columns.currency, columns.rate, columns.issued_on, *sum_in_parts(columns.total))
            .where(
                columns.connection_id == self._connection_id,
                columns.status.in_(_SOLD),
                columns.issued_on <= self._since,
            )
            .group_by(columns.currency, columns.rate, columns.issued_on)
        )
        older: dict[tuple[str, Decimal | None, date], Decimal] = defaultdict(lambda: ZERO)
        for currency, rate, issued_on, high, low in self._db.execute(query):
            # `0.80` and `0.8` are two texts in the table, and one rate.
            older[currency, rate, issued_on] += whole_sum(high, low)
        for key, amount in older.items():
            unread_amount = amount - self._read.get(key, ZERO)
            if unread_amount:
                yield OlderSales(*key, unread_amount)

    def _note_row(self, row: tuple[Any, ...]) -> None:
        # A date or its text: drivers differ, and both are written the same.
        if row[3] in _SOLD and str(row[4]) <= self._since_text:
            self._note(_unpack_invoice(_pack(row)).record())

    def _note(self, invoice: Invoice) -> None:
        if invoice.status in _SOLD and invoice.issued_on <= self._since:
            self._read[invoice.currency, invoice.rate, invoice.issued_on] += invoice.total

    def _with_agreements(self) -> set[str]:
        """Return the debtors of whom anything is agreed, disputed or expected."""
        db, columns = self._db, invoices.c
        named = [
            select(table.c.invoice_id).where(table.c.connection_id == self._connection_id)
            for table in (promised_invoices, disputes)
        ]
        own = columns.connection_id == self._connection_id
        entered = or_(columns.expected_on.is_not(None), columns.disputed_on.is_not(None))
        contact_ids = set(db.scalars(select(columns.contact_id).distinct().where(own, entered)))
        for query in named:
            ids = list(db.scalars(query.distinct()))
            for start in range(0, len(ids), IDS_AT_ONCE):
                chosen = one_of(db, columns.id, ids[start : start + IDS_AT_ONCE])
                contact_ids |= set(db.scalars(select(columns.contact_id).where(own, chosen)))
        plans = select(payment_plans.c.contact_id).where(
            payment_plans.c.connection_id == self._connection_id
        )
        contact_ids |= set(db.scalars(plans))
        return {self._families.root(contact_id) for contact_id in contact_ids}

    def _unreadable(self) -> set[str]:
        columns = problems.c
        query = select(columns.id).where(
            columns.connection_id == self._connection_id,
            columns.kind == RecordKind.INVOICES.value,
        )
        return set(self._db.scalars(query))

    def _payments(self) -> Iterator[tuple[str, Sequence[str], tuple[Any, ...]]]:
        """Yield the payments by which anything may have been settled or undone after the day.

        Each with its contact and the invoices to which it was allocated.
        """
        columns = payments.c
        changed = or_(columns.updated_at.is_(None), columns.updated_at >= self._moment)
        came_later = columns.paid_on > self._since
        query = select(*_as_driver_gives(payments, _PAYMENT), _gone_at(payments, _UNDONE)).where(
            columns.connection_id == self._connection_id, or_(came_later, changed)
        )
        for row in self._db.execute(query):
            allocations = allocations_of(row[8])
            is_late = str(row[3]) > self._since_text or any(
                allocation.allocated_on > self._since for allocation in allocations
            )
            if is_late or row[2] in _UNDONE:
                yield row[1], [allocation.invoice_id for allocation in allocations], tuple(row)

    def _credits(self) -> Sequence[Credit]:
        """Return all credits: they are few, and may be allocated on any day."""
        kind = KINDS[RecordKind.CREDITS]
        query = select(*kind.record_columns).where(credits_.c.connection_id == self._connection_id)
        return to_records(kind, self._db.execute(query))

    def _invoices(self, touched: set[str]) -> Iterator[tuple[Any, ...]]:
        """Yield what is open, what anything happened to after the day, and what is touched."""
        columns = invoices.c
        read = select(
            *_as_driver_gives(invoices, _INVOICE), _gone_at(invoices, _GONE), columns.episode
        ).where(columns.connection_id == self._connection_id)
        for row in self._db.execute(read.where(self._is_alive())):
            touched.discard(row[0])
            yield tuple(row)
        ids = sorted(touched)
        for start in range(0, len(ids), IDS_AT_ONCE):
            chosen = one_of(self._db, columns.id, ids[start : start + IDS_AT_ONCE])
            yield from map(tuple, self._db.execute(read.where(chosen)))

    def _is_alive(self) -> ColumnElement[bool]:
        columns = invoices.c
        return or_(
            columns.status == DocumentStatus.OPEN.value,
            columns.amount_due != 0,
            columns.issued_on > self._since,
            columns.paid_on > self._since,
            and_(
                columns.status.in_(_GONE),
                or_(columns.updated_at.is_(None), columns.updated_at >= self._moment),
            ),
            # They are named, one by one, where sums lack them.
            and_(
                columns.rate.is_(None),
                columns.currency != self._base_currency,
                columns.status.in_(_SOLD),
            ),
        )
