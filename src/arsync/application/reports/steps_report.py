"""What followed each step of the cadences, and what came of trials: never more than is known."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import asdict

from arsync.application.customers.customers_cadences import CustomersCadences
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.reports.measures_report import six_places
from arsync.application.reports.past_days import past_day
from arsync.core.analytics.step_outcomes import CASES_MIN, StepOutcome, StepOutcomes
from arsync.core.analytics.trial_results import TrialResult, TrialResults
from arsync.core.ledger.sanitising import no_formula

ASSOCIATION = (
    "What follows a message is not its effect: whoever is reminded was chosen for being late, and"
    " may have paid anyway. Only a trial tells what a cadence brings."
)


class StepsTable(NamedTuple):
    """What followed the steps of one connection."""

    connection: str
    as_of: date
    steps: tuple[StepOutcome, ...]
    trials: tuple[TrialResult, ...]


class StepsView(Struct, frozen=True):
    """The JSON view of what followed the steps of one connection."""

    connection: str
    as_of: date
    cases_min: int
    """With fewer cases on either side a figure is null, and `why_unknown` says why."""
    note: str
    steps: tuple[dict[str, object], ...]
    trials: tuple[dict[str, object], ...]


def steps_report(
    actor: Actor, organisation: OrganisationContext, *, as_of: date | None = None
) -> StepsTable:
    """Return what followed each step of the rulebook's cadences, and what came of trials.

    Args:
        actor: who asks.
        organisation: whose ledger.
        as_of: nothing that happened later counts; None: the organisation's today.

    Raises:
        UserMistake: the day is in the future.
    """
    permit(actor, Permission.READ)
    day = past_day(organisation, as_of)
    rulebook = organisation.rules.rulebook
    cadences = () if rulebook is None else rulebook.reminders
    outcomes = StepOutcomes(
        cadences,
        day,
        zone=organisation.zone,
        cadences_of=CustomersCadences(organisation, day),
    )
    trials = TrialResults(
        organisation.store.trial_arms.of(organisation.id),
        day,
        zone=organisation.zone,
        beside={cadence.name: cadence.trial.of for cadence in cadences if cadence.trial},
    )
    for account in organisation.store.ledger.accounts(organisation.id):
        outcomes.add(account)
        trials.add(account)
    return StepsTable(organisation.name, day, tuple(outcomes.outcomes()), tuple(trials.results()))


def steps_view(table: StepsTable) -> StepsView:
    """Return the JSON view: shares as texts with six places."""
    steps = tuple(
        {**asdict(step), "horizons": [six_places(asdict(each)) for each in step.horizons]}
        for step in table.steps
    )
    trials = tuple(
        {**asdict(trial), "within": [_within_view(asdict(each)) for each in trial.within]}
        for trial in table.trials
    )
    return StepsView(table.connection, table.as_of, CASES_MIN, ASSOCIATION, steps, trials)


def _within_view(values: dict[str, object]) -> dict[str, object]:
    return {
        name: six_places(asdict(value)) if isinstance(value, Struct) else value
        for name, value in six_places(values).items()
    }


COLUMNS = ("cadence", "step", "comes", "sent", "within", "paid", "without it", "difference")


def steps_rows(table: StepsTable) -> list[list[str]]:
    """Return the rows for people, under `COLUMNS`."""
    return [
        [
            step.cadence,
            step.step,
            step.comes,
            f"{step.sent:,}",
            f"{within.days} days",
            f"{_percent(within.paid_percent)} of {within.cases:,}",
            f"{_percent(within.paid_percent_without)} of {within.cases_without:,}",
            "not known" if within.difference is None else f"{within.difference:+.1f} points",
        ]
        for step in table.steps
        for within in step.horizons
    ]


def unknown_lines(table: StepsTable) -> list[str]:
    """Return why comparisons are not known: of each step each reason once."""
    days: dict[tuple[str, str, str], list[str]] = {}
    for step in table.steps:
        for within in step.horizons:
            if within.why_unknown:
                key = step.step, step.cadence, within.why_unknown
                days.setdefault(key, []).append(str(within.days))
    return [
        f"{step} ({cadence}), {' and '.join(filter(None, (', '.join(most), last)))} days: {reason}"
        for (step, cadence, reason), (*most, last) in days.items()
    ]


def trial_lines(table: StepsTable) -> Iterator[str]:
    """Yield what came of trials, for people."""
    for trial in table.trials:
        of = f" beside {trial.of!r}" if trial.of else ""
        yield f"trial {trial.trial!r}{of}, since {trial.since.isoformat()}:"
        for within in trial.within:
            if within.own is None or within.tried is None or within.difference is None:
                question = f"paid within {within.days} days of the due date"
                yield f"  {question}: not known; {within.why_unknown}"
                continue
            yield (
                f"  paid within {within.days} days of the due date: {within.tried.percent:.1f}% of"
                f" {within.tried.customers:,} against {within.own.percent:.1f}% of"
                f" {within.own.customers:,}; {within.difference:+.1f} points"
                f" ({within.low:+.1f} to {within.high:+.1f})"
            )
        yield f"  {trial.method}"


def steps_csv(tables: Sequence[StepsTable]) -> str:
    """Return one line for each step and number of days; empty where something is not known."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        "connection as_of cadence step comes sent days cases paid_percent cases_without"
        " paid_percent_without difference why_unknown".split()
    )
    for table in tables:
        for step in table.steps:
            for within in step.horizons:
                writer.writerow(
                    [
                        no_formula(table.connection),
                        table.as_of.isoformat(),
                        no_formula(step.cadence),
                        no_formula(step.step),
                        step.comes,
                        step.sent,
                        within.days,
                        within.cases,
                        _cell(within.paid_percent),
                        within.cases_without,
                        _cell(within.paid_percent_without),
                        _cell(within.difference),
                        within.why_unknown,
                    ]
                )
    return out.getvalue()


def _percent(share: Decimal | None) -> str:
    return "not known" if share is None else f"{share:.1f}%"


def _cell(share: Decimal | None) -> str:
    return "" if share is None else f"{share:.6f}"
