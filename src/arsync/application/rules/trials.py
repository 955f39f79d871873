"""Trying a rulebook on a connection's ledger before it touches anyone. Changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict

from arsync.application.organisation.account_reading import accounts_on
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.rules.rulebook_versions import is_hash, kept_rules, text_diff
from arsync.core.ledger.ledger_due import due_in_the_past
from arsync.core.ledger.records import Account
from arsync.core.planning.plan_views import RulebookView, rulebook_view
from arsync.core.rulebook import Rulebook
from arsync.core.rulebook.ledger_questions import asks_of_ledger
from arsync.core.trials.activity_counts import ActivityView, activity_view
from arsync.core.trials.backtest import (
    CANNOT_SHOW,
    Backtests,
    BacktestView,
    Only,
    backtest,
    backtest_view,
)
from arsync.core.trials.rulebook_diff import CustomerDifference, customer_differences
from arsync.core.trials.simulation import (
    Debtors,
    Simulation,
    ledger_due_ahead,
    simulate,
    usual_lateness,
)
from arsync.errors import UserMistake
from arsync.rules_source.folder import Rules
from arsync.rules_source.git import at_revision, rules_named
from arsync.rules_source.unread import UnreadFile
from arsync.store.models import ConnectionRow

_LOG = logging.getLogger(__name__)


Watch = Callable[[Iterator[Account]], Iterator[Account]]
"""Hands customers on, one by one; whoever asked sees how far it is, and may end it."""


class TextChange(Struct, frozen=True):
    """A letter that both rulebooks send and that does not say the same."""

    name: str
    old: str
    """The file it stands in; empty when it is a shipped one."""
    new: str


class RulesDiff(NamedTuple):
    """Whom two rulebooks treat differently in one connection."""

    connection: str
    as_of: date
    old: Rulebook
    new: Rulebook
    differences: Iterator[CustomerDifference]
    """Streamed: can be read once, while the application is open."""
    texts: tuple[TextChange, ...] = ()
    """Letters that read otherwise, whoever gets them."""
    text_diff: tuple[str, ...] = ()
    """How their texts differ, line by line; told where one of them is named by its hash."""


class TakenOver(Struct, frozen=True):
    """From which day on old debts start, where a rulebook is tried."""

    on: date
    assumed: bool
    """Whether it is the first day that is tried: the connection only observed on it."""


def _taken_over(connection: ConnectionRow, first: date) -> TakenOver:
    since = connection.taken_over_on
    return TakenOver(first, True) if since is None or since > first else TakenOver(since, False)


class RulesSimulation(NamedTuple):
    """One connection's simulation."""

    connection: str
    organisation: str
    simulation: Simulation
    taken_over: TakenOver


class RulesBacktest(NamedTuple):
    """One connection's backtest."""

    connection: str
    first: date
    last: date
    backtests: Backtests
    taken_over: TakenOver


class RulesDiffView(Struct, frozen=True):
    """The JSON view of one connection's differences."""

    connection: str
    as_of: date
    old: RulebookView
    new: RulebookView
    texts: tuple[TextChange, ...]
    text_diff: tuple[str, ...]
    customers: tuple[CustomerDifference, ...]


class RulesSimulationView(ActivityView, frozen=True, rename={"first": "from", "last": "to"}):
    """The JSON view of one connection's simulation."""

    connection: str
    taken_over: TakenOver
    first: date
    last: date
    debtors: Debtors
    accounts: int
    payments: int
    usual_days_late: int | None


class RulesBacktestView(Struct, frozen=True, rename={"first": "from", "last": "to"}):
    """The JSON view of one connection's backtest."""

    connection: str
    first: date
    last: date
    taken_over: TakenOver
    accounts: int
    cannot_show: str
    results: tuple[BacktestView, ...]
    customers_touched_by: Only | UnsetType
    """Left out where one rulebook was tried."""


def rules_diff_view(rules_diff: RulesDiff) -> RulesDiffView:
    """Return the JSON view of one connection's differences, which are read to their end."""
    return RulesDiffView(
        rules_diff.connection,
        rules_diff.as_of,
        rulebook_view(rules_diff.old),
        rulebook_view(rules_diff.new),
        rules_diff.texts,
        rules_diff.text_diff,
        tuple(rules_diff.differences),
    )


def rules_simulation_view(trial: RulesSimulation) -> RulesSimulationView:
    """Return the JSON view of one connection's simulation."""
    played = trial.simulation
    activity = activity_view(played.tally, played.rulebook, played.first, played.last)
    return RulesSimulationView(
        connection=trial.connection,
        taken_over=trial.taken_over,
        first=played.first,
        last=played.last,
        debtors=played.debtors,
        accounts=played.accounts,
        payments=played.payments,
        usual_days_late=played.usual_days_late,
        **asdict(activity),
    )


def rules_backtest_view(trial: RulesBacktest) -> RulesBacktestView:
    """Return the JSON view of one connection's backtest."""
    return RulesBacktestView(
        trial.connection,
        trial.first,
        trial.last,
        trial.taken_over,
        trial.backtests.accounts,
        CANNOT_SHOW,
        tuple(map(backtest_view, trial.backtests.results)),
        trial.backtests.only or UNSET,
    )


def _rules_of(
    actor: Actor, organisation: OrganisationContext, spec: str | Rules
) -> tuple[Rulebook, Rules]:
    """Return the rulebook that a text names; without one, the connection's own."""
    if isinstance(spec, Rules):
        return _readable(spec)
    if not spec:
        _tell_unread(organisation.unread_files)
        return organisation.rulebook, organisation.rules
    if _is_version(spec):
        return _readable(kept_rules(actor, organisation.container, spec))
    return _readable(rules_named(organisation.config, spec, organisation.name))


def _is_version(spec: str) -> bool:
    """Return whether a text names a rulebook by its hash: a file of that name is meant first."""
    return is_hash(spec) and not Path(spec).exists()


def _readable(rules: Rules) -> tuple[Rulebook, Rules]:
    assert rules.rulebook is not None, "what is named is a rulebook, or refused"
    _tell_unread(rules.unread)
    return rules.rulebook, rules


def _tell_unread(unread: Iterable[UnreadFile]) -> None:
    # A trial sends nothing, and a past revision cannot be mended: a word is enough.
    for file in unread:
        _LOG.warning("%s", file)


class Comparison(NamedTuple):
    """Which two rulebooks are compared."""

    old: str
    """A file, a folder, `REVISION:PATH` or the hash of a rulebook that was gone by; empty with a
    revision: the rules folder in it."""
    new: str = ""
    """The same; empty: the connection's rulebook as it stands."""
    revision: str = ""
    """A git revision, instead of `old`."""


def diff_rulebooks(
    actor: Actor,
    organisation: OrganisationContext,
    comparison: Comparison,
    as_of: date | None = None,
) -> RulesDiff:
    """Return whose treatment would change.

    Args:
        actor: who asks.
        organisation: on whose ledger.
        comparison: of which rulebooks.
        as_of: another day than today; for a past one the ledger is rewound to it.

    Raises:
        UserMistake: one of the two is not there, or is no rulebook.
    """
    permit(actor, Permission.READ)
    day = as_of or organisation.today
    before, old_rules = _old_rules(actor, organisation, comparison)
    after, new_rules = _rules_of(actor, organisation, comparison.new)
    trial = organisation.trial_on((day,), before, after)
    accounts = accounts_on(organisation, day)
    changes = customer_differences(accounts, trial.day(before, day), trial.day(after, day))
    texts = tuple(
        TextChange(name, old_rules.letters.shown_as(name), new_rules.letters.shown_as(name))
        # Only letters that both send: any other is a difference of some customer already.
        for name in sorted(before.texts() & after.texts())
        if old_rules.letters.wording(name) != new_rules.letters.wording(name)
    )
    lines: tuple[str, ...] = ()
    if _is_version(comparison.old) or _is_version(comparison.new):
        assert old_rules.text is not None, "a rulebook without mistakes has a text"
        assert new_rules.text is not None, "a rulebook without mistakes has a text"
        lines = tuple(text_diff(old_rules.text, new_rules.text))
    return RulesDiff(organisation.name, day, before, after, changes, texts, lines)


def _old_rules(
    actor: Actor, organisation: OrganisationContext, comparison: Comparison
) -> tuple[Rulebook, Rules]:
    if not comparison.revision:
        return _rules_of(actor, organisation, comparison.old)
    config = organisation.config
    folder = config.rules_folder
    try:
        inside = folder.resolve().relative_to(config.folder.resolve()).as_posix()
    except ValueError:
        inside = folder.name
    return _readable(at_revision(config, comparison.revision, inside, organisation.name))


def simulation(
    actor: Actor,
    organisation: OrganisationContext,
    *,
    days: int,
    debtors: Debtors,
    rules: str | Rules = "",
    watch: Watch = iter,
) -> RulesSimulation:
    """Play a rulebook forward from today's ledger.

    A connection that only observes counts as taken over today: its old debts start as `take_over`
    says.

    Args:
        actor: who asks.
        organisation: whose ledger.
        days: how many days, today included.
        debtors: how they pay.
        rules: a file, a folder, `REVISION:PATH` or a hash, or what was read already; empty: the
            connection's rulebook.
        watch: sees each customer come by, and may raise.

    Raises:
        UserMistake: the rulebook is none.
    """
    permit(actor, Permission.READ)
    today = organisation.today
    rulebook, _ = _rules_of(actor, organisation, rules)
    ledger = organisation.store.ledger
    usual = None
    if debtors is Debtors.AS_BEFORE:
        usual = usual_lateness(watch(ledger.accounts(organisation.id)), today)
    trial = organisation.trial
    if asks_of_ledger(rulebook):
        ledger_due = ledger_due_ahead(
            watch(ledger.accounts(organisation.id)),
            trial,
            today=today,
            days=days,
            debtors=debtors,
            usual_days_late=usual,
        )
        trial = trial._replace(ledger_due=ledger_due)
    played = simulate(
        watch(ledger.accounts(organisation.id)),
        trial,
        rulebook,
        today=today,
        days=days,
        debtors=debtors,
        usual_days_late=usual,
    )
    since = _taken_over(organisation.connection, today)
    organisation_name = organisation.connection.organisation.name
    return RulesSimulation(organisation.name, organisation_name, played, since)


def backtest_rulebooks(
    actor: Actor,
    organisation: OrganisationContext,
    *,
    first: date,
    last: date,
    rules: str | Rules = "",
    against: str | Rules = "",
    watch: Watch = iter,
) -> RulesBacktest:
    """Run a rulebook, or two side by side, over the ledger as it stood on past days.

    The connection counts as taken over on the first day, unless it was before.

    Args:
        actor: who asks.
        organisation: whose ledger.
        first: the first day.
        last: the last day; today at the latest.
        rules: a file, a folder, `REVISION:PATH` or a hash, or what was read already; empty: the
            connection's rulebook.
        against: another rulebook, the same way; empty: none.
        watch: sees each customer come by, and may raise.

    Raises:
        UserMistake: the days are none, or a rulebook is none.
    """
    permit(actor, Permission.READ)
    today = organisation.today
    if not first <= last <= today:
        raise UserMistake(
            f"{first} to {last} is not in the past: today is {today} for {organisation.name}."
        )
    if (last - first).days >= BACKTEST_DAYS_MAX:
        raise UserMistake(f"a backtest covers at most {BACKTEST_DAYS_MAX:,} days.")
    specs = [rules] if against == "" else [rules, against]
    rulebooks = [_rules_of(actor, organisation, spec)[0] for spec in specs]
    ledger, trial = organisation.store.ledger, organisation.trial
    if any(map(asks_of_ledger, rulebooks)):
        # Read once more: what all owe on each day has to be known before the first one is played.
        base = organisation.connection.organisation.base_currency
        accounts = watch(ledger.accounts(organisation.id))
        ledger_due = due_in_the_past(accounts, first, last, zone=trial.zone, base=base)
        trial = trial._replace(ledger_due=ledger_due)
    backtests = backtest(
        watch(ledger.accounts(organisation.id)),
        trial,
        rulebooks,
        first=first,
        last=last,
        today=today,
    )
    since = _taken_over(organisation.connection, first)
    return RulesBacktest(organisation.name, first, last, backtests, since)


BACKTEST_DAYS_MAX = 3_660
"""A backtest looks at so many days at most."""
