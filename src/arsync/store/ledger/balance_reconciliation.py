"""Receivables: what the copy adds up to by contact, and where the platform's own figure differs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    delete,
    func,
    insert,
    select,
)

from arsync.core.analytics.tie_out import ALIKE, ContactBalance
from arsync.core.ledger.records import (
    ContactStatus,
    Difference,
    DocumentStatus,
    OwnBalance,
    PaymentStatus,
    RecordKind,
)
from arsync.store.db.bulk import as_parameter, one_of, one_of_given
from arsync.store.db.column_types import sum_in_parts, whole_sum
from arsync.store.db.tables import (
    CREDIT_IS_OPEN,
    INVOICE_IS_OPEN,
    PAYMENT_IS_OPEN,
    connections,
    contacts,
    credits_,
    invoices,
    payments,
    problems,
)
from arsync.store.db.tables import differences as table
from arsync.store.ledger.own_balances import read_balances

COMPARED_AT_ONCE = 2_000
"""The contacts of a ledger are compared in portions, which are all that stands in memory."""

_ZERO = Decimal(0)


class Sums(NamedTuple):
    """What one contact owes in one currency, by the copy."""

    owed: Decimal
    in_hand: Decimal
    rate: Decimal | None


def differences(
    db: Connection, connection_id: int, contact_ids: Sequence[str] | None = None
) -> list[Difference]:
    """Return the contacts that differed when they were last compared, the largest first.

    With `contact_ids`, only those among them.
    """
    query = _DIFFERENCES
    if contact_ids is not None:
        query = query.where(one_of(db, table.c.contact_id, contact_ids))
    differing = [Difference(*row) for row in db.execute(query, {"of_connection": connection_id})]
    return sorted(
        differing,
        key=lambda difference: (
            -abs(difference.theirs - difference.ours),
            difference.contact_name,
        ),
    )


# Made once: making the statement takes longer than running it.
_DIFFERENCES = (
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
        (contacts.c.connection_id == table.c.connection_id) & (contacts.c.id == table.c.contact_id),
    )
    .where(
        table.c.connection_id == bindparam("of_connection"),
        # A contact that is gone owes nothing any more, and is no longer compared.
        contacts.c.status.not_in([ContactStatus.MERGED.value, ContactStatus.DELETED.value]),
    )
)


def save_differences(
    db: Connection,
    connection_id: int,
    compared: Sequence[str],
    differing: Sequence[Difference],
    now: datetime,
) -> None:
    """Replace what is known of the contacts that were compared."""
    db.execute(
        delete(table).where(
            table.c.connection_id == connection_id, one_of(db, table.c.contact_id, compared)
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
        for difference in differing
    ]
    if rows:
        db.execute(insert(table), rows)


def compare(db: Connection, connection_id: int, contact_ids: Collection[str]) -> list[Difference]:
    """Return those of the contacts whose kept own balance is not what the copy adds up to.

    Contacts whose figures cannot be compared are left out: those with money open in several
    currencies (the platforms do not say which currency their figure is in), unless the platform
    says that nothing is owed, and those with a document that could not be read, which is reported
    separately. Where it is not documented whether the platform subtracts unallocated money, or
    which currency its figure is in, a match with either meaning counts as agreement.
    """
    base = _currency_of_books(db, connection_id) if contact_ids else ""
    comparable = sorted(set(contact_ids) - _with_problems(db, connection_id))
    differing: list[Difference] = []
    for start in range(0, len(comparable), COMPARED_AT_ONCE):
        portion = comparable[start : start + COMPARED_AT_ONCE]
        differing += _differing(db, connection_id, portion, base)
    return differing


def _differing(
    db: Connection, connection_id: int, ids: Sequence[str], base: str
) -> Iterator[Difference]:
    figures = read_balances(db, connection_id, ids)
    sums = _sums(db, connection_id, ids)
    names = _names(db, connection_id, ids)
    for contact_id in ids:
        if contact_id not in names or contact_id not in figures:
            continue
        name, own_currency = names[contact_id]
        mine = sums.get(contact_id) or {own_currency or base: _NOTHING}
        balance, _ = figures[contact_id]
        # Nothing is nothing in every currency; of any other figure the currency must be known.
        if len(mine) > 1 and balance.amount != 0:
            continue
        apart = [
            Difference(contact_id, name, balance.amount, nearest, currency, rate)
            for currency, nearest, rate in _apart(mine, balance, base)
        ]
        # One is stored for a contact: enough to hold its messages back.
        yield from apart[:1]


def _apart(
    mine: Mapping[str, Sums], balance: OwnBalance, base: str
) -> Iterator[tuple[str, Decimal, Decimal | None]]:
    """Yield each currency in which the copy differs: its nearest sum and its rate."""
    for currency, sums in sorted(mine.items()):
        candidates = _candidates(sums, balance, foreign=currency != base)
        nearest = min(candidates, key=lambda amount: abs(amount - balance.amount))
        if abs(nearest - balance.amount) < ALIKE:
            continue
        if currency != base and balance.in_base is not False and balance.amount != 0:
            # The figure may be in the base currency, at rates that are not known.
            continue
        yield currency, nearest, Decimal(1) if currency == base else sums.rate


def contact_balances(db: Connection, connection_id: int, today: date) -> list[ContactBalance]:
    """Return every contact that owes or has anything, here or by the platform's own figure.

    One row for each contact and currency. Where a figure cannot be compared, the row says why.
    """
    base = _currency_of_books(db, connection_id)
    sums = _sums(db, connection_id, None)
    unread_ids = select(problems.c.id).where(
        problems.c.connection_id == connection_id,
        problems.c.kind == RecordKind.INVOICES.value,
    )
    is_unread = invoices.c.id.in_(unread_ids)
    # An old copy of what could not be read again is in no report.
    outdated = _due(db, connection_id, is_unread)
    later = _due(db, connection_id, ~is_unread, invoices.c.issued_on > today)
    names = _names(db, connection_id, None)
    figures = read_balances(db, connection_id)
    rows: list[ContactBalance] = []
    for contact_id in sorted({*sums, *figures}):
        mine = sums.get(contact_id, {})
        name, own_currency = names.get(contact_id, (contact_id, ""))
        if contact_id not in names and not mine:
            # Merged or gone: it owes nothing of its own any more.
            continue
        for currency in sorted(mine) or [own_currency or base]:
            of_currency = mine.get(currency, _NOTHING)
            old_copies = outdated.get((contact_id, currency), _ZERO)
            of_currency = of_currency._replace(owed=of_currency.owed - old_copies)
            row = ContactBalance(
                contact_id,
                name,
                currency,
                owed=of_currency.owed,
                later=later.get((contact_id, currency), _ZERO),
                in_hand=of_currency.in_hand,
            )
            rows.append(
                _tied(row, of_currency, figures.get(contact_id), base, several=len(mine) > 1)
            )
    return rows


def _tied(
    row: ContactBalance,
    sums: Sums,
    figure: tuple[OwnBalance, datetime] | None,
    base: str,
    *,
    several: bool,
) -> ContactBalance:
    """Return a row with the platform's figure, or with why that cannot be compared."""
    if figure is None:
        return row._replace(why_not="the platform's own figure is not known yet")
    balance, seen_at = figure
    row = row._replace(seen_at=seen_at)
    # Nothing is nothing in every currency; of any other figure the currency must be known.
    if several and balance.amount != 0:
        return row._replace(why_not="money is open in several currencies, and the figure is one")
    foreign = row.currency != base
    candidates = _candidates(sums, balance, foreign=foreign)
    distances = [abs(amount - balance.amount) for amount in candidates]
    nearest = distances.index(min(distances))
    if distances[nearest] < ALIKE:
        # Matched in the base currency, both sides are shown in the row's own all the same.
        in_own = _candidates(sums, balance, foreign=False)
        agreed = in_own[nearest % len(in_own)]
        return row._replace(here=agreed, at_platform=agreed)
    if foreign and balance.in_base is not False and balance.amount != 0:
        return row._replace(why_not="it is not documented which currency the figure is in")
    return row._replace(here=candidates[nearest], at_platform=balance.amount)


def _currency_of_books(db: Connection, connection_id: int) -> str:
    query = select(connections.c.base_currency).where(connections.c.id == connection_id)
    return db.scalar(query) or ""


def _due(
    db: Connection, connection_id: int, *conditions: ColumnElement[bool]
) -> dict[tuple[str, str], Decimal]:
    """Return what is due on some open invoices, by contact and currency."""
    columns = invoices.c
    query = (
        select(columns.contact_id, columns.currency, *sum_in_parts(columns.amount_due))
        .where(columns.connection_id == connection_id, INVOICE_IS_OPEN, columns.amount_due > 0)
        .where(*conditions)
        .group_by(columns.contact_id, columns.currency)
    )
    return {
        (contact_id, currency): whole_sum(high, low)
        for contact_id, currency, high, low in db.execute(query)
    }


_NOTHING = Sums(_ZERO, _ZERO, None)


def _candidates(sums: Sums, balance: OwnBalance, *, foreign: bool) -> list[Decimal]:
    """Return what the platform's figure may be, as far as its meaning is not known."""
    net = sums.owed - sums.in_hand
    candidates = [net] if balance.less_credits else [sums.owed]
    if balance.less_credits is None:
        candidates.append(net)
    may_be_in_base = balance.in_base is not False and balance.amount != 0
    if foreign and may_be_in_base and sums.rate is not None:
        candidates += [amount * sums.rate for amount in candidates]
    return candidates


def _sums(
    db: Connection, connection_id: int, ids: Sequence[str] | None
) -> dict[str, dict[str, Sums]]:
    """Return what each contact owes, and its unapplied cash, by currency; None: of all."""
    sums: dict[str, dict[str, Sums]] = {}
    of: dict[str, Any] = {"of_connection": connection_id}
    if ids is not None:
        of["of_contacts"] = as_parameter(db, ids)
    is_sqlite = db.dialect.name == "sqlite"
    for number, (documents, _, _) in enumerate(_OPEN_DOCUMENTS):
        query = _sums_of(number, by_contact=ids is not None, is_sqlite=is_sqlite)
        # Summed by the database, as whole numbers: a ledger's documents never come into memory.
        for contact_id, currency, high, low, rate in db.execute(query, of):
            by_currency = sums.setdefault(contact_id, {})
            before = by_currency.get(currency, _NOTHING)
            total = whole_sum(high, low)
            if documents is invoices:
                after = before._replace(owed=before.owed + total)
            else:
                after = before._replace(in_hand=before.in_hand + total)
            by_currency[currency] = after._replace(rate=rate or before.rate)
    return sums


_OPEN_DOCUMENTS = (
    (invoices, "amount_due", INVOICE_IS_OPEN),
    (credits_, "unallocated", CREDIT_IS_OPEN & (credits_.c.status == DocumentStatus.OPEN.value)),
    (payments, "unallocated", PAYMENT_IS_OPEN & (payments.c.status == PaymentStatus.ACTIVE.value)),
)
"""What counts in a balance, in the very expressions of its index."""


@cache
def _sums_of(number: int, *, by_contact: bool, is_sqlite: bool) -> Select[Any]:
    """Return the query that sums one kind of open documents."""
    documents, amount, is_open = _OPEN_DOCUMENTS[number]
    columns = documents.c
    query = (
        select(
            columns.contact_id,
            columns.currency,
            *sum_in_parts(columns[amount]),
            func.max(columns.rate),
        )
        .where(columns.connection_id == bindparam("of_connection"), is_open, columns[amount] != 0)
        .group_by(columns.contact_id, columns.currency)
    )
    if by_contact:
        query = query.where(one_of_given(columns.contact_id, "of_contacts", is_sqlite=is_sqlite))
    return query


def _names(
    db: Connection, connection_id: int, ids: Sequence[str] | None
) -> dict[str, tuple[str, str]]:
    """Return the name and currency of each contact; merged ones owe nothing of their own."""
    columns = contacts.c
    query = select(columns.id, columns.name, columns.currency).where(
        columns.connection_id == connection_id, columns.merged_into == ""
    )
    if ids is not None:
        query = query.where(one_of(db, columns.id, ids))
    return {row.id: (row.name, row.currency) for row in db.execute(query)}


def _with_problems(db: Connection, connection_id: int) -> frozenset[str]:
    """Return contacts of whom a document could not be read."""
    query = select(problems.c.contact_id, problems.c.invoice_ids).where(
        problems.c.connection_id == connection_id, problems.c.kind != RecordKind.CONTACTS.value
    )
    rows = list(db.execute(query))
    named = sorted({invoice_id for row in rows for invoice_id in row.invoice_ids})
    owners_with_problems = {row.contact_id for row in rows} - {""}
    if named:
        owners = select(invoices.c.contact_id).where(
            invoices.c.connection_id == connection_id, one_of(db, invoices.c.id, named)
        )
        owners_with_problems |= set(db.scalars(owners))
    return frozenset(owners_with_problems)
