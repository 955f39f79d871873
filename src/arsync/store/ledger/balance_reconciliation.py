"""Receivables: what the copy adds up to by contact, and where the platform's own figure differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select

from arsync.core.ledger.records import (
    ContactStatus,
    Difference,
    DocumentStatus,
    OwnBalance,
    PaymentStatus,
    RecordKind,
)
from arsync.store.db.bulk import one_of
from arsync.store.db.column_types import from_units
from arsync.store.db.tables import contacts, credits_, invoices, payments, problems
from arsync.store.db.tables import differences as table

ALIKE = Decimal("0.005")
"""Less than half a cent is no difference."""

_ALL_BY_HAND_MAX = 2_000
"""More contacts than this are summed with the whole ledger: naming each takes longer."""

_ZERO = Decimal(0)


class Sums(NamedTuple):
    """What one contact owes in one currency, by the copy."""

    owed: Decimal
    in_hand: Decimal
    rate: Decimal | None


def differences(connection: Connection, connection_id: int) -> list[Difference]:
    """Return the contacts that differed when they were last compared, the largest first."""
    query = (
        select(
            table.c.contact_id,
            contacts.c.name,
            table.c.theirs,
            table.c.ours,
            table.c.currency,
            table.c.rate,
        )
        .join(
            contacts,
            (contacts.c.connection_id == table.c.connection_id)
            & (contacts.c.id == table.c.contact_id),
        )
        .where(
            table.c.connection_id == connection_id,
            # Who is gone owes nothing any more, and no platform is asked for it.
            contacts.c.status.not_in([ContactStatus.MERGED.value, ContactStatus.DELETED.value]),
        )
    )
    found = [Difference(*row) for row in connection.execute(query)]
    return sorted(found, key=lambda one: (-abs(one.theirs - one.ours), one.contact_name))


def save_differences(
    connection: Connection,
    connection_id: int,
    compared: Sequence[str],
    found: Sequence[Difference],
    now: datetime,
) -> None:
    """Replace what is known of the contacts that were compared."""
    connection.execute(
        delete(table).where(
            table.c.connection_id == connection_id, one_of(connection, table.c.contact_id, compared)
        )
    )
    rows = [
        {
            "connection_id": connection_id,
            "contact_id": difference.contact_id,
            "theirs": difference.theirs,
            "ours": difference.ours,
            "currency": difference.currency,
            "rate": difference.rate,
            "seen_at": now,
        }
        for difference in found
    ]
    if rows:
        connection.execute(insert(table), rows)


def compare(
    connection: Connection, connection_id: int, balances: Mapping[str, OwnBalance], base: str
) -> list[Difference]:
    """Return the contacts whose own balance at the platform is not what the copy adds up to.

    Left out are contacts whose figures cannot be compared: those with money open in several
    currencies (the platforms do not say which their figure is in), and those of whom a document
    could not be read, which is reported by itself. Where it is not known whether the platform
    takes off unallocated money, or in which currency it counts, either answer agrees.
    """
    ids = sorted(balances)
    sums = _sums(connection, connection_id, ids)
    unread = _with_problems(connection, connection_id)
    names = _names(connection, connection_id, ids)
    found: list[Difference] = []
    for contact_id in ids:
        mine = sums.get(contact_id, {})
        if contact_id not in names or contact_id in unread or len(mine) > 1:
            continue
        currency, one = next(iter(mine.items()), (names[contact_id][1] or base, _NOTHING))
        balance = balances[contact_id]
        candidates = _candidates(one, balance, foreign=currency != base)
        nearest = min(candidates, key=lambda amount: abs(amount - balance.amount))
        if abs(nearest - balance.amount) < ALIKE:
            continue
        if currency != base and balance.in_base is not False:
            # Whether it is in the contact's currency is not known, nor at which rates it is not.
            continue
        found.append(
            Difference(
                contact_id,
                names[contact_id][0],
                balance.amount,
                nearest,
                currency,
                Decimal(1) if currency == base else one.rate,
            )
        )
    return found


_NOTHING = Sums(_ZERO, _ZERO, None)


def _candidates(one: Sums, balance: OwnBalance, *, foreign: bool) -> list[Decimal]:
    """Return what the platform's figure may be, as far as its meaning is not known."""
    net = one.owed - one.in_hand
    candidates = [net] if balance.less_credits else [one.owed]
    if balance.less_credits is None:
        candidates.append(net)
    if foreign and balance.in_base is not False and one.rate is not None:
        candidates += [amount * one.rate for amount in candidates]
    return candidates


def _sums(
    connection: Connection, connection_id: int, ids: Sequence[str]
) -> dict[str, dict[str, Sums]]:
    """Return what each contact owes and has in hand, by currency."""
    found: dict[str, dict[str, Sums]] = {}
    for documents, amount, open_ in (
        (invoices, "amount_due", DocumentStatus.OPEN),
        (credits_, "unallocated", DocumentStatus.OPEN),
        (payments, "unallocated", PaymentStatus.ACTIVE),
    ):
        ours = documents.c
        query = (
            select(
                ours.contact_id,
                ours.currency,
                func.sum(ours[amount]).label("sum"),
                func.max(ours.rate),
            )
            .where(
                ours.connection_id == connection_id, ours.status == open_.value, ours[amount] != 0
            )
            .group_by(ours.contact_id, ours.currency)
        )
        if len(ids) <= _ALL_BY_HAND_MAX:
            query = query.where(one_of(connection, ours.contact_id, ids))
        for contact_id, currency, units, rate in connection.execute(query):
            by_currency = found.setdefault(contact_id, {})
            before = by_currency.get(currency, _NOTHING)
            total = _amount(units)
            if documents is invoices:
                after = before._replace(owed=before.owed + total)
            else:
                after = before._replace(in_hand=before.in_hand + total)
            by_currency[currency] = after._replace(rate=rate or before.rate)
    return found


def _amount(total: Any) -> Decimal:
    return total if isinstance(total, Decimal) else from_units(int(total))


def _names(
    connection: Connection, connection_id: int, ids: Sequence[str]
) -> dict[str, tuple[str, str]]:
    """Return the name and currency of each contact; merged ones owe nothing of their own."""
    ours = contacts.c
    query = select(ours.id, ours.name, ours.currency).where(
        ours.connection_id == connection_id, ours.merged_into == ""
    )
    if len(ids) <= _ALL_BY_HAND_MAX:
        query = query.where(one_of(connection, ours.id, ids))
    return {row.id: (row.name, row.currency) for row in connection.execute(query)}


def _with_problems(connection: Connection, connection_id: int) -> frozenset[str]:
    """Return contacts of whom a document could not be read."""
    query = select(problems.c.contact_id, problems.c.invoice_ids).where(
        problems.c.connection_id == connection_id, problems.c.kind != RecordKind.CONTACTS.value
    )
    rows = list(connection.execute(query))
    named = sorted({invoice_id for row in rows for invoice_id in row.invoice_ids})
    found = {row.contact_id for row in rows} - {""}
    if named:
        owners = select(invoices.c.contact_id).where(
            invoices.c.connection_id == connection_id, one_of(connection, invoices.c.id, named)
        )
        found |= set(connection.scalars(owners))
    return frozenset(found)
