"""Finding one contact or invoice by what people call it, and a few sums."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    union,
)

from arsync.core.ledger.likely_queries import EARLIER_MIN
from arsync.core.ledger.records import (
    Contact,
    ContactStatus,
    DocumentStatus,
    Invoice,
    PaymentStatus,
    RecordKind,
)
from arsync.errors import UserMistake
from arsync.store.db.bulk import as_parameter, one_of, one_of_few
from arsync.store.db.column_types import sum_in_parts, whole_sum
from arsync.store.db.tables import (
    CREDIT_IS_OPEN,
    INVOICE_IS_OPEN,
    PAYMENT_IS_OPEN,
    contacts,
    credits_,
    invoices,
    payments,
    problems,
    promised_invoices,
    promises,
)
from arsync.store.ledger.customer_entries import given_family
from arsync.store.ledger.families import relatives
from arsync.store.ledger.record_rows import KINDS, RecordTable, to_records
from arsync.store.models import Total, UnmailedCustomers, UnreachableCustomer

GUESSES_FROM_MAX = 5_000
"""How many names are compared for a guess at what was meant."""
RECORDS_AT_ONCE = 5_000
"""How many records are read together when all are gone through."""
SOUGHT_CHARACTERS_MAX = 1_000
"""A longer name, number or id is a mistake: no platform has one."""

SHOWN_MAX = 5
"""How many of several matches a message names."""


def find_invoice(db: Connection, connection_id: int, number_or_id: str) -> Invoice:
    """Return one invoice by number or id.

    Raises:
        UserMistake: none has this number (with a guess at what was meant), or several have.
    """
    matches = _matches(db, connection_id, KINDS[RecordKind.INVOICES], "number", number_or_id)
    if len(matches) == 1:
        invoice = matches[0]
        assert isinstance(invoice, Invoice)
        return invoice
    if matches:
        raise UserMistake(
            f"{len(matches)} invoices have the number {number_or_id!r}."
            f" Name one by its id: {_with_customers(db, connection_id, matches[:SHOWN_MAX])}"
        )
    near = _near(db, connection_id, KINDS[RecordKind.INVOICES], "number", number_or_id)
    raise UserMistake(f"there is no invoice {number_or_id!r}.{near}")


def _with_customers(db: Connection, connection_id: int, found: Sequence[Any]) -> str:
    """Return invoices in words by which they are told apart: `i1 (Acme Ltd, issued 2026-10-01)`."""
    ids = [invoice.contact_id for invoice in found]
    query = select(contacts.c.id, contacts.c.name).where(
        contacts.c.connection_id == connection_id, contacts.c.id.in_(ids)
    )
    names = dict(db.execute(query).all())
    return ", ".join(
        f"{invoice.id} ({names.get(invoice.contact_id, invoice.contact_id)},"
        f" issued {invoice.issued_on})"
        for invoice in found
    )


def of_contacts(
    db: Connection, connection_id: int, kind: RecordKind, contact_ids: Sequence[str]
) -> list[Any]:
    """Return every record of a kind that belongs to some contacts, by id."""
    table = KINDS[kind]
    columns = table.table.c
    query = (
        select(*table.record_columns)
        .where(
            columns.connection_id == connection_id,
            one_of(db, columns.contact_id, list(contact_ids)),
        )
        .order_by(columns.id)
    )
    return to_records(table, db.execute(query))


class NoContact(UserMistake):
    """No contact has this name or id; its text guesses at what was meant."""


def find_contact(
    db: Connection, connection_id: int, name_or_id: str, *, also_gone: bool = False
) -> Contact:
    """Return one contact by name or id; with `also_gone`, one that the platform deleted.

    Capitals do not matter.

    Raises:
        UserMistake: none has this name (with a guess at what was meant), or several have.
    """
    kind = KINDS[RecordKind.CONTACTS]
    matches = _matches(db, connection_id, kind, "name", name_or_id)
    if not matches and also_gone:
        matches = _matches(db, connection_id, kind, "name", name_or_id, gone=True)
    if len(matches) > 1:
        # Archived and merged contacts often keep the name of the one that took their place.
        active = [match for match in matches if match.status == ContactStatus.ACTIVE]
        matches = active if len(active) == 1 else matches
    if len(matches) == 1:
        contact = matches[0]
        assert isinstance(contact, Contact)
        return contact
    if matches:
        shown = ", ".join(f"{match.id} ({match.status})" for match in matches[:SHOWN_MAX])
        raise UserMistake(
            f"{len(matches)} contacts are named {name_or_id!r}. Name one by its id: {shown}"
        )
    near = _near(db, connection_id, KINDS[RecordKind.CONTACTS], "name", name_or_id)
    raise NoContact(f"there is no contact {name_or_id!r}.{near}")


def _matches(
    db: Connection,
    connection_id: int,
    kind: RecordTable,
    column: str,
    name: str,
    *,
    gone: bool = False,
) -> list[Any]:
    if len(name) > SOUGHT_CHARACTERS_MAX:
        # SQLite compares no pattern of any length, and no hint could show it.
        raise UserMistake(
            f"nothing has a name or number of {len(name):,} characters; "
            f"at most {SOUGHT_CHARACTERS_MAX:,} are looked for."
        )
    columns = kind.table.c
    is_gone = columns.status == kind.gone_status
    here = and_(columns.connection_id == connection_id, is_gone if gone else ~is_gone)
    # The first condition that finds anything counts: an exact name is not made ambiguous by another
    # one that differs only in capitals.
    for condition in (
        columns.id == name,
        columns[column] == name,
        func.lower(columns[column]) == name.strip().lower(),
    ):
        query = select(*kind.record_columns).where(here, condition).order_by(columns.id)
        matches = to_records(kind, db.execute(query))
        if matches:
            return matches
    return []


def _near(db: Connection, connection_id: int, kind: RecordTable, column: str, name: str) -> str:
    """Return a hint naming those whose name has the words, else the nearest, or an empty text."""
    columns = kind.table.c
    here = and_(columns.connection_id == connection_id, columns.status != kind.gone_status)
    words = name.lower().split()
    if words:
        has_them = and_(
            *(func.lower(columns[column]).contains(word, autoescape=True) for word in words)
        )
        query = select(columns[column]).where(here, has_them).distinct().order_by(columns[column])
        named = list(db.scalars(query.limit(SHOWN_MAX + 1)))
        if named:
            shown = ", ".join(map(repr, named[:SHOWN_MAX]))
            more = ", or another?" if len(named) > SHOWN_MAX else "?"
            return f"\n    hint: did you mean {shown}{more}"
    # difflib is slow: only names that share three letters at either end are compared with it.
    ends = [name.strip()[:3].lower(), name.strip()[-3:].lower()]
    alike = or_(
        *(func.lower(columns[column]).contains(end, autoescape=True) for end in ends if end)
    )
    query = select(columns[column]).where(here, alike).limit(GUESSES_FROM_MAX)
    by_lower = {name.lower(): name for name in db.scalars(query)}
    close = difflib.get_close_matches(name.strip().lower(), by_lower, n=1)
    return f"\n    hint: did you mean {by_lower[close[0]]!r}?" if close else ""


def totals(db: Connection, connection_id: int, today: date | None = None) -> list[Total]:
    """Return what each contact owes, by currency.

    With a day, at its end: an invoice that is dated later is owed from its own day on.
    """
    columns = invoices.c
    query = (
        select(
            columns.contact_id,
            func.coalesce(func.max(contacts.c.name), columns.contact_id),
            columns.currency,
            func.count(),
            *sum_in_parts(columns.amount_due),
        )
        .select_from(
            # Outer: what a contact owes that is not stored yet is owed all the same.
            invoices.outerjoin(
                contacts,
                (contacts.c.connection_id == columns.connection_id)
                & (contacts.c.id == columns.contact_id),
            )
        )
        .where(
            columns.connection_id == connection_id,
            INVOICE_IS_OPEN,
            columns.amount_due > 0,
            *(() if today is None else (columns.issued_on <= today,)),
        )
        .group_by(columns.contact_id, columns.currency)
        .order_by(columns.contact_id, columns.currency)
    )
    return [
        Total(contact_id, name, currency, count, whole_sum(high, low))
        for contact_id, name, currency, count, high, low in db.execute(query)
    ]


def holders_of_cash(db: Connection, connection_id: int) -> list[str]:
    """Return the contacts that have unapplied cash."""
    holders = (
        select(table.c.contact_id).where(
            table.c.connection_id == connection_id,
            is_open,
            table.c.unallocated > 0,
            table.c.status == status.value,
        )
        for table, is_open, status in (
            (credits_, CREDIT_IS_OPEN, DocumentStatus.OPEN),
            (payments, PAYMENT_IS_OPEN, PaymentStatus.ACTIVE),
        )
    )
    return sorted(db.scalars(union(*holders)))


def open_invoices(db: Connection, connection_id: int, contact_id: str) -> list[str]:
    """Return the open invoices of a contact and its family that can be read, oldest first."""
    parameters = {
        "of_connection": connection_id,
        "of_contacts": as_parameter(db, [contact_id]),
        "of_contact": contact_id,
    }
    return list(db.scalars(_open_of_family(is_sqlite=db.dialect.name == "sqlite"), parameters))


@cache
def _open_of_family(*, is_sqlite: bool) -> Select[Any]:
    columns = invoices.c
    connection_id: BindParameter[int] = bindparam("of_connection")
    itself = select(bindparam("of_contact", type_=Text))
    family = relatives(is_sqlite=is_sqlite).union(itself, *given_family())
    unreadable = select(problems.c.id).where(
        problems.c.connection_id == connection_id,
        problems.c.kind == RecordKind.INVOICES.value,
        problems.c.id == columns.id,
    )
    return (
        select(columns.id)
        .where(
            columns.connection_id == connection_id,
            INVOICE_IS_OPEN,
            one_of_few(columns.contact_id, family, is_sqlite=is_sqlite),
            ~unreadable.correlate(invoices).exists(),
        )
        .order_by(columns.due_on, columns.id)
    )


def records_after(
    db: Connection,
    connection_id: int,
    kind: RecordKind,
    after: str | None,
    *,
    contact_id: str = "",
    rows_max: int = RECORDS_AT_ONCE,
) -> list[Any]:
    """Return the next records of a kind in the order of their ids, from after an id."""
    table = KINDS[kind]
    columns = table.table.c
    query = select(*table.record_columns).where(columns.connection_id == connection_id)
    if after is not None:
        query = query.where(columns.id > after)
    if contact_id:
        query = query.where(columns.contact_id == contact_id)
    return to_records(table, db.execute(query.order_by(columns.id).limit(rows_max)))


def counts(db: Connection, connection_id: int) -> dict[RecordKind, int]:
    """Return how many records of each kind are stored and not gone."""
    stored = {}
    for kind in KINDS.values():
        query = select(func.count()).where(
            kind.table.c.connection_id == connection_id, kind.table.c.status != kind.gone_status
        )
        stored[kind.kind] = db.scalar(query) or 0
    return stored


def disputed(db: Connection, connection_id: int) -> list[str]:
    """Return the open invoices that the platform showed as disputed."""
    columns = invoices.c
    query = select(columns.id).where(
        columns.connection_id == connection_id,
        columns.disputed_on.is_not(None),
        columns.status == DocumentStatus.OPEN.value,
    )
    return sorted(db.scalars(query))


def promisers(db: Connection, connection_id: int) -> list[str]:
    """Return who owes an open invoice of which a payment was promised, here or in the platform."""
    columns, about = invoices.c, promised_invoices.c
    promised = (
        select(about.invoice_id)
        .join(promises, promises.c.id == about.promise_id)
        .where(about.connection_id == connection_id, ~promises.c.replaced)
    )
    query = (
        select(columns.contact_id)
        .distinct()
        .where(
            columns.connection_id == connection_id,
            columns.status == DocumentStatus.OPEN.value,
            columns.expected_on.is_not(None) | columns.id.in_(promised),
        )
    )
    return sorted(db.scalars(query))


def unreachable(db: Connection, connection_id: int) -> list[UnreachableCustomer]:
    """Return the active customers who owe and lack an email address or a postal one, by name."""
    owed = _owed_by_contact(connection_id)
    lacks_email = _lacks_email(connection_id)
    lacks_address = contacts.c.address == ()
    columns = (contacts.c.id, contacts.c.name, lacks_email, lacks_address, contacts.c.phones)
    query = (
        select(*columns)
        .where(
            contacts.c.connection_id == connection_id,
            contacts.c.status == ContactStatus.ACTIVE.value,
            or_(lacks_email, lacks_address),
            owed.exists(),
        )
        .order_by(contacts.c.name, contacts.c.id)
    )
    return [UnreachableCustomer._make(row) for row in db.execute(query)]


def without_email(db: Connection, connection_id: int, named_max: int) -> UnmailedCustomers:
    """Return how many active customers owe and lack an email address, the first of them named."""
    columns = contacts.c
    query = (
        select(columns.id, columns.name, func.count().over())
        .where(
            columns.connection_id == connection_id,
            columns.status == ContactStatus.ACTIVE.value,
            _lacks_email(connection_id),
        )
        .order_by(columns.name, columns.id)
        .limit(named_max)
    )
    rows = db.execute(query).all()
    named = tuple((id_, name) for id_, name, _ in rows)
    return UnmailedCustomers(rows[0][2] if rows else 0, named)


def _owed_by_contact(connection_id: int) -> Select[Any]:
    return select(invoices.c.id).where(
        invoices.c.connection_id == connection_id,
        invoices.c.contact_id == contacts.c.id,
        INVOICE_IS_OPEN,
        invoices.c.amount_due > 0,
    )


def _lacks_email(connection_id: int) -> ColumnElement[bool]:
    # An invoice can name an address of its own. What somebody typed instead of one is none.
    unnamed = _owed_by_contact(connection_id).where(~invoices.c.email.contains("@"))
    return and_(~contacts.c.email.contains("@"), unnamed.exists())


def may_be_queried(db: Connection, connection_id: int, today: date, contacts_max: int) -> list[str]:
    """Return customers with an open invoice that was not sent, or alone has no reference.

    Which of their invoices will be queried, `core.ledger.likely_queries` says. Reads all invoices.
    """
    columns = invoices.c
    has_none = and_(columns.reference == "", columns.purchase_order == "")
    is_open = and_(INVOICE_IS_OPEN, columns.amount_due > 0, columns.issued_on <= today)
    unsent = func.sum(case((and_(is_open, columns.sent.is_(False)), 1), else_=0))
    lacking = func.sum(case((and_(is_open, has_none), 1), else_=0))
    having = func.sum(case((has_none, 0), else_=1))
    query = (
        select(columns.contact_id)
        .where(
            columns.connection_id == connection_id,
            columns.status.in_([DocumentStatus.OPEN.value, DocumentStatus.PAID.value]),
        )
        .group_by(columns.contact_id)
        .having(or_(unsent > 0, and_(lacking > 0, having >= EARLIER_MIN)))
        .order_by(columns.contact_id)
        .limit(contacts_max)
    )
    return list(db.scalars(query))


def owners(db: Connection, connection_id: int, invoice_ids: Sequence[str]) -> dict[str, str]:
    """Return, by invoice id, the contacts who owe these invoices, as far as the copy has them."""
    columns = invoices.c
    query = select(columns.id, columns.contact_id).where(
        columns.connection_id == connection_id, one_of(db, columns.id, invoice_ids)
    )
    return {row.id: row.contact_id for row in db.execute(query)}


def youngest_payment(db: Connection, connection_id: int, today: date) -> date | None:
    """Return the day of the latest payment up to today.

    Where payments are matched to the bank's statement, only matched ones count: the others were
    entered by hand, and do not show how far the bank's statements are in the books.
    """
    columns = payments.c
    query = (
        select(columns.reconciled, func.max(columns.paid_on))
        .where(
            columns.connection_id == connection_id,
            columns.status == PaymentStatus.ACTIVE.value,
            columns.amount > 0,
            columns.paid_on <= today,
        )
        .group_by(columns.reconciled)
    )
    days = {row[0]: row[1] for row in db.execute(query)}
    return days[True] if True in days else max(days.values(), default=None)
