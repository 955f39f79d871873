"""Finding one contact or invoice by what people call it, and a few sums."""

from __future__ import annotations

import difflib
from datetime import date
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from arsync.core.ledger.records import (
    Contact,
    ContactStatus,
    DocumentStatus,
    Invoice,
    PaymentStatus,
    RecordKind,
)
from arsync.errors import UserMistake
from arsync.store.db.tables import contacts, invoices, payments
from arsync.store.ledger.record_rows import KINDS, Kind, to_records
from arsync.store.models import Total

GUESSES_FROM_MAX = 5_000
"""How many names are compared for a guess at what was meant."""
SHOWN_MAX = 5
"""How many of several matches a message names."""


def find_invoice(connection: Connection, connection_id: int, wanted: str) -> Invoice:
    """Return one invoice by number or id."""
    found = _matches(connection, connection_id, KINDS[RecordKind.INVOICES], "number", wanted)
    if len(found) == 1:
        invoice = found[0]
        assert isinstance(invoice, Invoice)
        return invoice
    if found:
        shown = ", ".join(f"{one.id} (issued {one.issued_on})" for one in found[:SHOWN_MAX])
        raise UserMistake(
            f"{len(found)} invoices have the number {wanted!r}. Name one by its id: {shown}"
        )
    near = _near(connection, connection_id, KINDS[RecordKind.INVOICES], "number", wanted)
    raise UserMistake(f"there is no invoice {wanted!r}.{near}")


def find_contact(
    connection: Connection, connection_id: int, wanted: str, *, also_gone: bool = False
) -> Contact:
    """Return one contact by name or id; with `also_gone`, one that the platform deleted."""
    kind = KINDS[RecordKind.CONTACTS]
    found = _matches(connection, connection_id, kind, "name", wanted)
    if not found and also_gone:
        found = _matches(connection, connection_id, kind, "name", wanted, gone=True)
    if len(found) > 1:
        # Archived and merged contacts often keep the name of the one that took their place.
        active = [one for one in found if one.status == ContactStatus.ACTIVE]
        found = active if len(active) == 1 else found
    if len(found) == 1:
        contact = found[0]
        assert isinstance(contact, Contact)
        return contact
    if found:
        shown = ", ".join(f"{one.id} ({one.status})" for one in found[:SHOWN_MAX])
        raise UserMistake(
            f"{len(found)} contacts are named {wanted!r}. Name one by its id: {shown}"
        )
    near = _near(connection, connection_id, KINDS[RecordKind.CONTACTS], "name", wanted)
    raise UserMistake(f"there is no contact {wanted!r}.{near}")


def _matches(
    connection: Connection,
    connection_id: int,
    kind: Kind,
    column: str,
    wanted: str,
    *,
    gone: bool = False,
) -> list[Any]:
    ours = kind.table.c
    is_gone = ours.status == kind.gone_status
    here = and_(ours.connection_id == connection_id, is_gone if gone else ~is_gone)
    for condition in (
        ours.id == wanted,
        ours[column] == wanted,
        func.lower(ours[column]) == wanted.strip().lower(),
    ):
        query = select(*kind.record_columns).where(here, condition).order_by(ours.id)
        found = to_records(kind, connection.execute(query))
        if found:
            return found
    return []


def _near(connection: Connection, connection_id: int, kind: Kind, column: str, wanted: str) -> str:
    """Return a hint naming those whose name has the words, else the nearest, or an empty text."""
    ours = kind.table.c
    here = and_(ours.connection_id == connection_id, ours.status != kind.gone_status)
    words = wanted.lower().split()
    if words:
        has_them = and_(
            *(func.lower(ours[column]).contains(word, autoescape=True) for word in words)
        )
        query = select(ours[column]).where(here, has_them).distinct().order_by(ours[column])
        named = list(connection.scalars(query.limit(SHOWN_MAX + 1)))
        if named:
            shown = ", ".join(map(repr, named[:SHOWN_MAX]))
            more = ", or another?" if len(named) > SHOWN_MAX else "?"
            return f"\n    hint: did you mean {shown}{more}"
    ends = [wanted.strip()[:3].lower(), wanted.strip()[-3:].lower()]
    alike = or_(*(func.lower(ours[column]).contains(end, autoescape=True) for end in ends if end))
    query = select(ours[column]).where(here, alike).limit(GUESSES_FROM_MAX)
    by_lower = {name.lower(): name for name in connection.scalars(query)}
    close = difflib.get_close_matches(wanted.strip().lower(), by_lower, n=1)
    return f"\n    hint: did you mean {by_lower[close[0]]!r}?" if close else ""


def totals(connection: Connection, connection_id: int) -> list[Total]:
    """Return what each contact owes, by currency."""
    ours = invoices.c
    query = (
        select(
            ours.contact_id,
            func.coalesce(func.max(contacts.c.name), ours.contact_id),
            ours.currency,
            func.count(),
            func.sum(ours.amount_due, type_=ours.amount_due.type),
        )
        .select_from(
            invoices.outerjoin(
                contacts,
                (contacts.c.connection_id == ours.connection_id)
                & (contacts.c.id == ours.contact_id),
            )
        )
        .where(
            ours.connection_id == connection_id,
            ours.status == DocumentStatus.OPEN.value,
            ours.amount_due > 0,
        )
        .group_by(ours.contact_id, ours.currency)
        .order_by(ours.contact_id, ours.currency)
    )
    return [Total(*row) for row in connection.execute(query)]


def counts(connection: Connection, connection_id: int) -> dict[RecordKind, int]:
    """Return how many records of each kind are stored and not gone."""
    found = {}
    for kind in KINDS.values():
        query = select(func.count()).where(
            kind.table.c.connection_id == connection_id, kind.table.c.status != kind.gone_status
        )
        found[kind.kind] = connection.scalar(query) or 0
    return found


def youngest_payment(connection: Connection, connection_id: int, today: date) -> date | None:
    """Return the day of the youngest payment; of those matched to the bank where any are."""
    ours = payments.c
    query = (
        select(ours.reconciled, func.max(ours.paid_on))
        .where(
            ours.connection_id == connection_id,
            ours.status == PaymentStatus.ACTIVE.value,
            ours.amount > 0,
            ours.paid_on <= today,
        )
        .group_by(ours.reconciled)
    )
    days = {row[0]: row[1] for row in connection.execute(query)}
    return days[True] if True in days else max(days.values(), default=None)
