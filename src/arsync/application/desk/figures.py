"""What the pages of figures show: measures, ageing and months, from one reading of the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from arsync.application.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.core.analytics.ageing import Ageing, AgeingRow, ageing
from arsync.core.analytics.measures import (
    WINDOW_DAYS,
    Figures,
    MeasuringWindow,
    measures,
)
from arsync.core.ledger.as_of import as_it_stood
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Account
from arsync.errors import UserMistake

MONTHS_SHOWN = 12
"""Ends of months in the chart, before the day itself."""

SETTLED_MIN = 50
"""With fewer settled invoices, averages of a ledger say little, and the page says so."""


class LedgerFigures(NamedTuple):
    """Everything that the page of measures shows of one day."""

    as_of: date
    base_currency: str
    ageing: Ageing
    day: tuple[Figures, ...]
    """Of the window that ends on the day, by currency."""
    months: tuple[Figures, ...]
    """Of the windows that end with the last months, and with the day, by day and currency."""

    @property
    def currencies(self) -> tuple[str, ...]:
        """Return the currencies in which something is owed or was sold, the base currency first."""
        named = {row.currency for row in self.day if not row.in_base}
        named |= {row.currency for row in self.ageing.totals}
        rest = sorted(named - {self.base_currency})
        return (self.base_currency, *rest)

    def of(self, currency: str) -> Figures | None:
        """Return the day's figures in a currency; None: nothing was sold or owed in it."""
        return next((row for row in self.day if row.currency == currency and not row.in_base), None)

    def trend(self, currency: str) -> tuple[Figures, ...]:
        """Return the figures of the months in a currency."""
        return tuple(row for row in self.months if row.currency == currency and not row.in_base)

    def ageing_rows(self, currency: str) -> list[AgeingRow]:
        """Return who owes in a currency, the largest sums first."""
        rows = [row for row in self.ageing.rows if row.currency == currency and row.total]
        return sorted(rows, key=lambda row: (-row.total, row.contact_name.casefold()))

    def ageing_total(self, currency: str) -> AgeingRow | None:
        """Return all that is owed in a currency."""
        return next((row for row in self.ageing.totals if row.currency == currency), None)


class Month(NamedTuple):
    """What became of the receivables in one month, in one currency."""

    currency: str
    opening: Decimal
    sold: Decimal
    """Invoices less credit notes."""
    settled: Decimal
    """What was paid, set off against earlier credits, or voided: the rest of the sum."""
    closing: Decimal
    overdue: Decimal


class MonthFigures(NamedTuple):
    """What the page of a month's end shows."""

    first: date
    last: date
    """The last day of it that is past."""
    is_over: bool
    months: tuple[Month, ...]
    """By currency."""


def ledger_figures(
    actor: Actor,
    organisation: OrganisationContext,
    *,
    as_of: date | None = None,
    window_days: int = WINDOW_DAYS,
) -> LedgerFigures:
    """Return the figures of a day.

    Args:
        actor: who asks.
        organisation: whose ledger.
        as_of: the day; None: the organisation's today.
        window_days: over how many days sales and payments are looked at.

    Raises:
        UserMistake: the day is in the future.
    """
    permit(actor, Permission.READ)
    day = _past_day(organisation, as_of)
    books = organisation.connection.organisation
    accounts = list(organisation.store.ledger.accounts(organisation.id))
    ends = _month_ends(day)
    return LedgerFigures(
        as_of=day,
        base_currency=books.base_currency,
        ageing=ageing(
            (as_it_stood(account, day, zone=organisation.zone) for account in accounts),
            base_currency=books.base_currency,
            today=day,
        ),
        day=_measured(organisation, accounts, day, window_days),
        months=tuple(
            row for end in ends for row in _measured(organisation, accounts, end, window_days)
        ),
    )


def month_figures(actor: Actor, organisation: OrganisationContext, first: date) -> MonthFigures:
    """Return what became of the receivables in a month.

    Args:
        actor: who asks.
        organisation: whose ledger.
        first: the first day of the month.

    Raises:
        UserMistake: the month has not begun.
    """
    permit(actor, Permission.READ)
    last = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    day = min(last, organisation.today)
    if first > organisation.today:
        raise UserMistake(f"{first:%B %Y} has not begun.")
    accounts = list(organisation.store.ledger.accounts(organisation.id))
    days = (day - first).days + 1
    closing = _by_currency(_measured(organisation, accounts, day, days))
    opening = _by_currency(_measured(organisation, accounts, first - timedelta(days=1), 1))
    months = []
    base = organisation.connection.organisation.base_currency
    for currency in sorted({*closing, *opening}, key=lambda code: (code != base, code)):
        end, start = closing.get(currency), opening.get(currency)
        before = start.receivable if start else ZERO
        after = end.receivable if end else ZERO
        sold = end.sales if end else ZERO
        overdue = end.overdue if end else ZERO
        months.append(Month(currency, before, sold, before + sold - after, after, overdue))
    return MonthFigures(first, day, last < organisation.today, tuple(months))


def _measured(
    organisation: OrganisationContext, accounts: Sequence[Account], day: date, days: int
) -> tuple[Figures, ...]:
    return tuple(
        measures(
            accounts,
            MeasuringWindow(day, days),
            zone=organisation.zone,
            base_currency=organisation.connection.organisation.base_currency,
        )
    )


def _by_currency(rows: Sequence[Figures]) -> dict[str, Figures]:
    return {row.currency: row for row in rows if not row.in_base}


def _month_ends(day: date) -> list[date]:
    """Return the ends of the last months, and the day, the earliest first."""
    ends, first = [day], day.replace(day=1)
    for _ in range(MONTHS_SHOWN):
        ends.append(first - timedelta(days=1))
        first = ends[-1].replace(day=1)
    return ends[::-1]


def _past_day(organisation: OrganisationContext, as_of: date | None) -> date:
    today = organisation.today
    if as_of is not None and as_of > today:
        raise UserMistake(f"{as_of.isoformat()} is in the future: it has no figures yet.")
    return as_of or today
