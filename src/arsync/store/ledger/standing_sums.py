"""What a whole ledger owes and what was paid of late, in a few sums."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection, case, func, select

from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import PaymentStatus
from arsync.store.db.column_types import sum_in_parts, whole_sum
from arsync.store.db.database import Database
from arsync.store.db.tables import INVOICE_IS_OPEN, invoices, payments
from arsync.store.ledger.kept_sums import KeptSums, ledger_states

OLD_DAYS = 90
"""What is overdue for longer is told apart."""


class LedgerSums(NamedTuple):
    """What a ledger owes, by currency, as its documents say."""

    owed: Mapping[str, Decimal]
    overdue: Mapping[str, Decimal]
    old: Mapping[str, Decimal]
    """Overdue for more than `OLD_DAYS`."""
    customers: int
    """So many owe something."""


NOTHING_OWED = LedgerSums({}, {}, {}, 0)


class PaidSums(NamedTuple):
    """What was paid since a day, by currency."""

    paid: Mapping[str, Decimal]
    payments: int


class StandingSums:
    """Sums of a ledger's tables: each is one statement, however many documents there are."""

    def __init__(self, database: Database) -> None:
        """Work on this database."""
        self._database = database
        self._kept: KeptSums[LedgerSums] = KeptSums()
        self._foreign: KeptSums[frozenset[str]] = KeptSums()

    def owed(self, connection_id: int, today: date) -> LedgerSums:
        """Return what is owed on a day, as of the last run."""
        with self._database.read() as db:
            sums = self._kept.get(
                _states_and(db, connection_id, today),
                lambda _: {connection_id: _owed(db, connection_id, today)},
            )
        return sums.get(connection_id, NOTHING_OWED)

    def foreign_debtors(self, connection_id: int, base: str) -> frozenset[str]:
        """Return the contacts that owe in another currency than the books', as of the last run."""
        with self._database.read() as db:
            debtors = self._foreign.get(
                _states_and(db, connection_id, base),
                lambda _: {connection_id: _foreign_debtors(db, connection_id, base)},
            )
        return debtors.get(connection_id, frozenset())

    def due_in_base(self, connection_id: int, today: date, base: str) -> Decimal | None:
        """Return what is due on all open invoices in the currency of the books.

        None where the platform recorded no rate for one of them.
        """
        columns = invoices.c
        query = (
            select(columns.currency, columns.rate, *sum_in_parts(columns.amount_due))
            .where(
                columns.connection_id == connection_id,
                INVOICE_IS_OPEN,
                columns.amount_due > 0,
                columns.issued_on <= today,
            )
            # As many as there are rates: what is due at one rate is added up by the database.
            .group_by(columns.currency, columns.rate)
        )
        due = ZERO
        with self._database.read() as db:
            for currency, rate, high, low in db.execute(query):
                if currency != base and not rate:
                    return None
                due += whole_sum(high, low) * (Decimal(1) if currency == base else rate)
        return due

    def paid(self, connection_id: int, since: date) -> PaidSums:
        """Return what was paid since a day."""
        columns = payments.c
        query = (
            select(columns.currency, func.count(), *sum_in_parts(columns.amount))
            .where(
                columns.connection_id == connection_id,
                columns.status == PaymentStatus.ACTIVE.value,
                columns.amount > 0,
                columns.paid_on >= since,
            )
            .group_by(columns.currency)
        )
        with self._database.read() as db:
            rows = db.execute(query).all()
        return PaidSums(
            {currency: whole_sum(high, low) for currency, _, high, low in rows},
            sum(count for _, count, _, _ in rows),
        )


def _states_and(
    db: Connection, connection_id: int, what_else: Hashable
) -> dict[int, Hashable | None]:
    return {
        number: None if state is None else (state, what_else)
        for number, state in ledger_states(db, connection_id).items()
    }


def _foreign_debtors(db: Connection, connection_id: int, base: str) -> frozenset[str]:
    columns = invoices.c
    query = (
        select(columns.contact_id)
        .where(
            columns.connection_id == connection_id,
            INVOICE_IS_OPEN,
            columns.amount_due > 0,
            columns.currency != base,
        )
        .distinct()
    )
    return frozenset(db.scalars(query))


def _owed(db: Connection, connection_id: int, today: date) -> LedgerSums:
    columns = invoices.c
    age = case(
        (columns.due_on < today - timedelta(days=OLD_DAYS), 2),
        (columns.due_on < today, 1),
        else_=0,
    )
    standing = (
        columns.connection_id == connection_id,
        INVOICE_IS_OPEN,
        columns.amount_due > 0,
        columns.issued_on <= today,
    )
    query = (
        select(columns.currency, age, *sum_in_parts(columns.amount_due))
        .where(*standing)
        .group_by(columns.currency, age)
    )
    sums: tuple[dict[str, Decimal], ...] = ({}, {}, {})
    for currency, oldest, high, low in db.execute(query):
        for by_currency in sums[: oldest + 1]:
            amount = by_currency.get(currency, ZERO) + whole_sum(high, low)
            by_currency[currency] = amount
    # PostgreSQL counts different ones in half of the time where they are made so before.
    owing = select(columns.contact_id).where(*standing).distinct().subquery()
    customers = db.scalar(select(func.count()).select_from(owing))
    return LedgerSums(sums[0], sums[1], sums[2], customers or 0)
