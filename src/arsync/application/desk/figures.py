"""What the pages of figures show: measures, ageing and months, from one reading of the ledger."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from arsync.application.desk.long_work import Lane, LongJob, LongWork
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.reports.forecast_report import ForecastTable, forecast_report
from arsync.application.reports.past_days import past_day
from arsync.application.reports.risk_reports import (
    ProvisionTable,
    provision_report,
    provision_rules,
)
from arsync.application.rules.trials import Watch
from arsync.core.analytics.ageing import Ageing, AgeingRow, ageing
from arsync.core.analytics.concentration import Concentrating, Concentration
from arsync.core.analytics.goal_states import GoalState, goal_states
from arsync.core.analytics.measure_sums import WINDOW_DAYS, MeasuringWindow
from arsync.core.analytics.measures import Figures, Measuring, month_ends
from arsync.core.analytics.provision import LatePaymentCost, Provisioning
from arsync.core.ledger.as_of import as_it_stood
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Account, RecordKind
from arsync.errors import UserMistake
from arsync.store.ledger.measure_snapshots import Snapshot
from arsync.translation import gettext

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
    known_days: tuple[date, ...] = ()
    """The ends of months whose figures are as they were known then; the rest was added up later."""

    @property
    def currencies(self) -> tuple[str, ...]:
        """Return the currencies in which something is owed or was sold, the base currency first."""
        named = {row.currency for row in self.day if not row.in_base}
        named |= {row.currency for row in self.ageing.totals}
        return (self.base_currency, *sorted(named - {self.base_currency}))

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
    """What became of the receivables in a month."""

    first: date
    last: date
    """The last day of it that is past."""
    is_over: bool
    months: tuple[Month, ...]
    """By currency."""


class RiskFigures(NamedTuple):
    """On whom what is owed hangs, and what late payment costs."""

    concentrations: tuple[Concentration, ...]
    late: tuple[LatePaymentCost, ...]
    window_days: int
    interest_percent: Decimal | None
    """Of a year, as the rulebook says; None: it does not."""

    def concentration(self, currency: str) -> Concentration | None:
        """Return on whom it hangs in a currency; None: nothing is owed in it."""
        rows = (row for row in self.concentrations if not row.in_base)
        return next((row for row in rows if row.currency == currency), None)

    def late_in(self, currency: str) -> LatePaymentCost | None:
        """Return what lateness costs in a currency; None: nothing was sold or late in it."""
        return next((row for row in self.late if row.currency == currency), None)


class MonthEnd(NamedTuple):
    """What the page of a month's end shows."""

    figures: MonthFigures
    provision: ProvisionTable


def begin_figures(
    actor: Actor, organisation: OrganisationContext, work: LongWork, as_of: date | None
) -> LongJob[LedgerFigures]:
    """Begin to add up the figures of a day, or find them: they are kept until the next reading."""
    permit(actor, Permission.READ)

    def make(job: LongJob[LedgerFigures]) -> LedgerFigures:
        watch = _counted(organisation, job)
        return ledger_figures(actor, organisation, as_of=as_of, watch=watch)

    return work.begin(Lane.FIGURES, ("day", as_of, *_as_read(organisation)), make)


def begin_month(
    actor: Actor, organisation: OrganisationContext, work: LongWork, first: date
) -> LongJob[MonthEnd]:
    """Begin to add up the figures of a month, or find them, as those of a day."""
    permit(actor, Permission.READ)

    def make(job: LongJob[MonthEnd]) -> MonthEnd:
        watch = _counted(organisation, job)
        figures = month_figures(actor, organisation, first, watch=watch)
        provision = provision_report(actor, organisation, figures.last, watch=watch)
        return MonthEnd(figures, provision)

    # The rulebook may say something else of losses to come before the ledger is read again.
    what = ("month", first, provision_rules(organisation), *_as_read(organisation))
    return work.begin(Lane.FIGURES, what, make)


def begin_risk(
    actor: Actor, organisation: OrganisationContext, work: LongWork, as_of: date | None
) -> LongJob[RiskFigures]:
    """Begin to add up on whom the debt of a day hangs and what lateness costs, or find it."""
    permit(actor, Permission.READ)

    def make(job: LongJob[RiskFigures]) -> RiskFigures:
        return risk_figures(actor, organisation, as_of, watch=_counted(organisation, job))

    what = ("risk", as_of, provision_rules(organisation), *_as_read(organisation))
    return work.begin(Lane.FIGURES, what, make)


def begin_forecast(
    actor: Actor, organisation: OrganisationContext, work: LongWork, as_of: date | None
) -> LongJob[ForecastTable]:
    """Begin to make the forecast of a day, or find it, as its figures."""
    permit(actor, Permission.READ)

    def make(job: LongJob[ForecastTable]) -> ForecastTable:
        return forecast_report(actor, organisation, as_of, watch=_counted(organisation, job))

    return work.begin(Lane.FIGURES, ("forecast", as_of, *_as_read(organisation)), make)


def _as_read(organisation: OrganisationContext) -> tuple[Hashable, ...]:
    read_at = organisation.store.ledger.pulled_at(organisation.id)
    return organisation.id, read_at, organisation.today


def _counted(organisation: OrganisationContext, job: LongJob[Any]) -> Watch:
    customers = organisation.store.ledger.counts(organisation.id)[RecordKind.CONTACTS]
    return partial(job.watched, in_all=customers)


def ledger_figures(
    actor: Actor,
    organisation: OrganisationContext,
    *,
    as_of: date | None = None,
    window_days: int = WINDOW_DAYS,
    watch: Watch = iter,
) -> LedgerFigures:
    """Return the figures of a day.

    Args:
        actor: who asks.
        organisation: whose ledger.
        as_of: the day; None: the organisation's today.
        window_days: over how many days sales and payments are looked at.
        watch: sees each customer come by, and may raise.

    Raises:
        UserMistake: the day is in the future.
    """
    permit(actor, Permission.READ)
    day = past_day(organisation, as_of)
    books = organisation.connection.organisation
    windows = month_ends(MeasuringWindow(day, window_days))
    # What runs kept of the ends of months is not added up again: a chart reads no documents.
    kept = _kept(organisation, windows[:-1]) if window_days == WINDOW_DAYS else []
    days_kept = {row.figures.as_of for row in kept}
    windows_to_add_up = [window for window in windows if window.day not in days_kept]
    measuring = _measuring(organisation, windows_to_add_up)

    def as_they_stood() -> Iterator[Account]:
        # In one reading: the ageing takes the accounts one by one as they are measured.
        for account in watch(organisation.store.ledger.accounts(organisation.id)):
            measuring.add(account)
            yield as_it_stood(account, day, zone=organisation.zone)

    aged = ageing(as_they_stood(), base_currency=books.base_currency, today=day)
    added_up = measuring.figures()
    months = sorted(
        [*added_up, *(row.figures for row in kept)],
        key=lambda row: (row.as_of, row.in_base, row.currency),
    )
    return LedgerFigures(
        as_of=day,
        base_currency=books.base_currency,
        ageing=aged,
        day=tuple(row for row in months if row.as_of == day),
        months=tuple(months),
        known_days=tuple(sorted({row.figures.as_of for row in kept if not row.recomputed})),
    )


def risk_figures(
    actor: Actor,
    organisation: OrganisationContext,
    as_of: date | None = None,
    *,
    watch: Watch = iter,
) -> RiskFigures:
    """Return on whom the debt of a day hangs and what lateness costs, from one reading.

    Args:
        actor: who asks.
        organisation: whose ledger.
        as_of: the day; None: the organisation's today.
        watch: sees each customer come by, and may raise.

    Raises:
        UserMistake: the day is in the future.
    """
    permit(actor, Permission.READ)
    day, zone = past_day(organisation, as_of), organisation.zone
    base_currency = organisation.connection.organisation.base_currency
    concentrating = Concentrating(day, zone=zone, base_currency=base_currency)
    provisioning = Provisioning(day, zone=zone, base_currency=base_currency)
    for account in watch(organisation.store.ledger.accounts(organisation.id)):
        concentrating.add(account)
        provisioning.add(account)
    interest_percent = provision_rules(organisation).interest_percent
    provision = provisioning.provision(interest_percent=interest_percent)
    return RiskFigures(
        concentrating.concentrations(), provision.late, provision.window_days, interest_percent
    )


def ledger_goals(
    actor: Actor, organisation: OrganisationContext, figures: LedgerFigures
) -> tuple[GoalState, ...]:
    """Return how a ledger stands to the goals of its rulebook, as that is now.

    Figures are kept until the next reading; a goal may change meanwhile.
    """
    permit(actor, Permission.READ)
    rulebook = organisation.rules.rulebook
    goals = rulebook.goals.goals if rulebook is not None else ()
    return goal_states(goals, figures.months, figures.base_currency)


def _kept(organisation: OrganisationContext, windows: Sequence[MeasuringWindow]) -> list[Snapshot]:
    days = [window.day for window in windows]
    return organisation.store.snapshots.of_days(organisation.id, days)


def month_figures(
    actor: Actor, organisation: OrganisationContext, first: date, *, watch: Watch = iter
) -> MonthFigures:
    """Return what became of the receivables in a month.

    Args:
        actor: who asks.
        organisation: whose ledger.
        first: the first day of the month.
        watch: sees each customer come by, and may raise.

    Raises:
        UserMistake: the month has not begun.
    """
    permit(actor, Permission.READ)
    last = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    day = min(last, organisation.today)
    if first > organisation.today:
        raise UserMistake(gettext("%(first)s has not begun.", first=format(first, "%B %Y")))
    before = first - timedelta(days=1)
    windows = [MeasuringWindow(day, (day - first).days + 1), MeasuringWindow(before, 1)]
    measuring = _measuring(organisation, windows)
    for account in watch(organisation.store.ledger.accounts(organisation.id)):
        measuring.add(account)
    rows = measuring.figures()
    closing = _by_currency(row for row in rows if row.as_of == day)
    opening = _by_currency(row for row in rows if row.as_of == before)
    months: list[Month] = []
    base = organisation.connection.organisation.base_currency
    for currency in sorted({*closing, *opening}, key=lambda code: (code != base, code)):
        end, start = closing.get(currency), opening.get(currency)
        owed_before = start.receivable if start else ZERO
        owed_after = end.receivable if end else ZERO
        sold = end.sales if end else ZERO
        overdue = end.overdue if end else ZERO
        settled = owed_before + sold - owed_after
        months.append(Month(currency, owed_before, sold, settled, owed_after, overdue))
    return MonthFigures(first, day, last < organisation.today, tuple(months))


def _measuring(organisation: OrganisationContext, windows: Sequence[MeasuringWindow]) -> Measuring:
    base_currency = organisation.connection.organisation.base_currency
    return Measuring(
        windows,
        zone=organisation.zone,
        base_currency=base_currency,
        in_time_until=organisation.promises_in_time,
    )


def _by_currency(rows: Iterable[Figures]) -> dict[str, Figures]:
    return {row.currency: row for row in rows if not row.in_base}
