"""Reports: ageing, forecast, provision, concentration, terms, and what follows steps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Annotated

from msgspec import Meta, Struct

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.reports.ageing_report import (
    AgeingTableView,
    ageing_report,
    ageing_table_view,
)
from arsync.application.reports.forecast_report import forecast_notes, forecast_report
from arsync.application.reports.risk_reports import (
    concentration_report,
    provision_notes,
    provision_report,
)
from arsync.application.reports.steps_report import ASSOCIATION, steps_report
from arsync.application.reports.terms_report import TermsView, terms_report, terms_view
from arsync.core.analytics.concentration import Concentration
from arsync.core.analytics.forecast import LedgerForecast
from arsync.core.analytics.measure_sums import WINDOW_DAYS, WINDOW_DAYS_MAX
from arsync.core.analytics.provision import Outlook, Provision
from arsync.core.analytics.step_outcomes import CASES_MIN, StepOutcome
from arsync.core.analytics.trial_results import TrialResult
from arsync.core.ledger.age_buckets import BUCKETS
from arsync.web.api.adding_up import added_up, refuse_before_ledgers
from arsync.web.api.operations import Operations
from arsync.web.api.resources.customers import DayQuery
from arsync.web.caller import Caller

operations = Operations("reports")

Percent = Annotated[str, Meta(pattern=r"^-?[0-9]{1,4}(\.[0-9]{1,4})?$")]


class ReportQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Of which day."""

    as_of: Annotated[
        date | None, Meta(description="As the ledger stood at its end; left out: today.")
    ] = None


class ProvisionQuery(ReportQuery, frozen=True, forbid_unknown_fields=True):
    """Of which day, and with which rates; what is left out is the rulebook's."""

    window_days: Annotated[
        int,
        Meta(ge=1, le=WINDOW_DAYS_MAX, description="So many days of sales and late payment count."),
    ] = WINDOW_DAYS
    outlook_percent: Annotated[
        Percent | None, Meta(description="Raises loss rates, or lowers them: `-10`.")
    ] = None
    because: Annotated[
        str, Meta(max_length=1_000, description="Why: `outlook_percent` needs a reason.")
    ] = ""
    interest_percent: Annotated[
        Percent | None, Meta(description="What borrowed money costs in a year.")
    ] = None


class ForecastView(Struct, frozen=True):
    """The forecast of cash, and what has to be read beside it."""

    forecast: LedgerForecast
    notes: Mapping[str, tuple[str, ...]]
    """By currency."""


class ProvisionView(Struct, frozen=True):
    """The provision, and what has to be read beside it."""

    buckets: tuple[str, ...]
    """The ages that `owed`, `rates` and `losses` go by."""
    provision: Provision
    notes: tuple[str, ...]


class ConcentrationView(Struct, frozen=True):
    """How much of what is owed hangs on few customers."""

    as_of: date
    rows: tuple[Concentration, ...]


class FollowedStepsView(Struct, frozen=True):
    """What followed the steps of the cadences, and what came of trials."""

    as_of: date
    cases_min: int
    """With fewer cases on either side a figure is null, and `why_unknown` says why."""
    note: str
    steps: tuple[StepOutcome, ...]
    trials: tuple[TrialResult, ...]


@operations.read("/connections/{connection}/reports/ageing", amounts=True)
def get_ageing(caller: Caller, query: DayQuery) -> AgeingTableView:
    """Get the ageing of receivables on a day, by customer and currency."""
    return ageing_table_view(ageing_report(caller.actor, caller.organisation, query.as_of))


@operations.read("/connections/{connection}/reports/forecast", amounts=True)
def get_forecast(caller: Caller, query: ReportQuery) -> ForecastView:
    """Get the cash expected in the 13 weeks after a day, and how wrong such forecasts were.

    While a large ledger is added up, the answer is 503: ask again.
    """
    refuse_before_ledgers(query.as_of)
    make = partial(forecast_report, caller.actor, caller.organisation, query.as_of)
    table = added_up(caller, ("forecast", query.as_of), make)
    notes = {row.currency: tuple(forecast_notes(table, row)) for row in table.forecast.currencies}
    return ForecastView(table.forecast, notes)


@operations.read("/connections/{connection}/reports/provision", amounts=True)
def get_provision(caller: Caller, query: ProvisionQuery) -> ProvisionView:
    """Get the provision for expected losses by age and segment, and what late payment costs.

    While a large ledger is added up, the answer is 503: ask again.
    """
    refuse_before_ledgers(query.as_of)
    outlook = query.outlook_percent
    interest = query.interest_percent
    organisation = caller.organisation
    make = partial(
        provision_report,
        caller.actor,
        organisation,
        query.as_of,
        outlook=None if outlook is None else Outlook(Decimal(outlook), query.because),
        interest_percent=None if interest is None else Decimal(interest),
        window_days=query.window_days,
    )
    table = added_up(caller, ("provision", query, _rules_hash(organisation)), make)
    return ProvisionView(tuple(BUCKETS), table.provision, tuple(provision_notes(table)))


@operations.read("/connections/{connection}/reports/concentration", amounts=True)
def get_concentration(caller: Caller, query: ReportQuery) -> ConcentrationView:
    """Get how much of what is owed on a day hangs on ten customers, by currency.

    While a large ledger is added up, the answer is 503: ask again.
    """
    refuse_before_ledgers(query.as_of)
    make = partial(concentration_report, caller.actor, caller.organisation, query.as_of)
    table = added_up(caller, ("concentration", query.as_of), make)
    return ConcentrationView(table.as_of, table.rows)


@operations.read("/connections/{connection}/reports/terms")
def get_terms(caller: Caller, query: ReportQuery) -> TermsView:
    """Get whose payment terms, or due dates, are not those of the rulebook on a day.

    While a large ledger is read, the answer is 503: ask again.
    """
    refuse_before_ledgers(query.as_of)
    organisation = caller.organisation
    make = partial(terms_report, caller.actor, organisation, query.as_of)
    return terms_view(added_up(caller, ("terms", query.as_of, _rules_hash(organisation)), make))


@operations.read("/connections/{connection}/reports/steps")
def get_followed_steps(caller: Caller, query: ReportQuery) -> FollowedStepsView:
    """Get what followed each step of the cadences, and what came of trials.

    While a large ledger is read, the answer is 503: ask again.
    """
    refuse_before_ledgers(query.as_of)
    organisation = caller.organisation
    make = partial(steps_report, caller.actor, organisation, as_of=query.as_of)
    table = added_up(caller, ("steps", query.as_of, _rules_hash(organisation)), make)
    return FollowedStepsView(table.as_of, CASES_MIN, ASSOCIATION, table.steps, table.trials)


def _rules_hash(organisation: OrganisationContext) -> str:
    rulebook = organisation.rules.rulebook
    return "" if rulebook is None else rulebook.hash
