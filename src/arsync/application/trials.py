"""Trying a rulebook on a connection's ledger before it touches anyone. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from arsync.application import queries
from arsync.application.container import Parts
from arsync.core.ledger.records import Account
from arsync.core.rulebook import Rulebook
from arsync.core.trials.backtest import CANNOT_SHOW, Backtests, backtest
from arsync.core.trials.rulebook_diff import CustomerDifference, customer_differences
from arsync.core.trials.simulation import Debtors, Simulation, simulate, usual_lateness
from arsync.core.trials.trial import Trial
from arsync.errors import UserMistake
from arsync.rules_source.folder import Rules, holidays_in
from arsync.rules_source.git import at_revision, rules_named
from arsync.store.models import ConnectionRow


class TextChange(NamedTuple):
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

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "connection": self.connection,
            "as_of": self.as_of.isoformat(),
            "old": {"files": list(self.old.files), "hash": self.old.hash},
            "new": {"files": list(self.new.files), "hash": self.new.hash},
            "texts": [text._asdict() for text in self.texts],
            "customers": [difference.as_json() for difference in self.differences],
        }


class TakenOver(NamedTuple):
    """From which day on old debts start, where a rulebook is tried."""

    on: date
    assumed: bool
    """Whether it is the first day that is tried: the connection only observed on it."""

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {"on": self.on.isoformat(), "assumed": self.assumed}


def _taken_over(connection: ConnectionRow, first: date) -> TakenOver:
    since = connection.taken_over_on
    return TakenOver(first, True) if since is None or since > first else TakenOver(since, False)


class RulesSimulation(NamedTuple):
    """One connection's simulation."""

    connection: str
    organisation: str
    simulation: Simulation
    taken_over: TakenOver

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "connection": self.connection,
            "taken_over": self.taken_over.as_json(),
            **self.simulation.as_json(),
        }


class RulesBacktest(NamedTuple):
    """One connection's backtest."""

    connection: str
    first: date
    last: date
    found: Backtests
    taken_over: TakenOver

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        only = self.found.only
        return {
            "connection": self.connection,
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "taken_over": self.taken_over.as_json(),
            "accounts": self.found.accounts,
            "cannot_show": CANNOT_SHOW,
            "results": [result.as_json() for result in self.found.results],
            **({"customers_touched_by": only._asdict()} if only else {}),
        }


def trial_of(parts: Parts, connection: ConnectionRow) -> Trial:
    """Return a connection, ready to try rulebooks on."""
    platform = parts.platform(connection.platform)
    zone = parts.time_zone(connection)
    return Trial(
        connection.name,
        connection.organisation._replace(time_zone=zone),
        frozenset(offer.value for offer in platform.capabilities.offers),
        holidays_in,
    )


def rulebook_of(parts: Parts, connection: ConnectionRow, spec: str = "") -> Rulebook:
    """Return the rulebook that a text names; without one, the connection's own."""
    return _rules_of(parts, connection, spec)[0]


def _rules_of(parts: Parts, connection: ConnectionRow, spec: str) -> tuple[Rulebook, Rules]:
    if not spec:
        return parts.rulebook(connection)
    return _both(rules_named(parts.config, spec, connection.name))


def _both(rules: Rules) -> tuple[Rulebook, Rules]:
    assert rules.rulebook is not None, "what is named is a rulebook, or refused"
    return rules.rulebook, rules


def diff(
    parts: Parts,
    connection: ConnectionRow,
    old: str,
    new: str = "",
    *,
    revision: str = "",
    as_of: date | None = None,
) -> RulesDiff:
    """Return whose treatment would change.

    Args:
        parts: the application's.
        connection: on whose ledger.
        old: a file, a folder or `REVISION:PATH`; empty with a revision: the rules folder in it.
        new: the same; empty: the connection's rulebook as it stands.
        revision: a git revision, instead of `old`.
        as_of: another day than today; for a past one the ledger is rewound to it.

    Raises:
        UserMistake: one of the two is not there, or is no rulebook.
    """
    day = as_of or parts.today(connection)
    if revision:
        folder = parts.config.path("rules", "folder")
        try:
            inside = folder.resolve().relative_to(parts.config.folder.resolve()).as_posix()
        except ValueError:
            inside = folder.name
        before, old_rules = _both(at_revision(parts.config, revision, inside, connection.name))
    else:
        before, old_rules = _rules_of(parts, connection, old)
    after, new_rules = _rules_of(parts, connection, new)
    trial = trial_of(parts, connection)
    found = customer_differences(
        accounts_on(parts, connection, day), trial.day(before, day), trial.day(after, day)
    )
    texts = tuple(
        TextChange(name, old_rules.letters.shown_as(name), new_rules.letters.shown_as(name))
        for name in sorted(before.texts() & after.texts())
        if old_rules.letters.wording(name) != new_rules.letters.wording(name)
    )
    return RulesDiff(connection.name, day, before, after, found, texts)


def simulation(
    parts: Parts, connection: ConnectionRow, *, days: int, debtors: Debtors, rules: str = ""
) -> RulesSimulation:
    """Play a rulebook forward from today's ledger.

    A connection that only observes counts as taken over today: its old debts start as `take_over`
    says.

    Args:
        parts: the application's.
        connection: whose ledger.
        days: how many days, today included.
        debtors: how they pay.
        rules: a file, a folder or `REVISION:PATH`; empty: the connection's rulebook.

    Raises:
        UserMistake: the rulebook is none.
    """
    today = parts.today(connection)
    rulebook = rulebook_of(parts, connection, rules)
    usual = None
    if debtors is Debtors.AS_BEFORE:
        usual = usual_lateness(parts.store.ledger.accounts(connection.id), today)
    found = simulate(
        parts.store.ledger.accounts(connection.id),
        trial_of(parts, connection),
        rulebook,
        today=today,
        days=days,
        debtors=debtors,
        usual_days_late=usual,
    )
    since = _taken_over(connection, today)
    return RulesSimulation(connection.name, connection.organisation.name, found, since)


def past(
    parts: Parts,
    connection: ConnectionRow,
    *,
    first: date,
    last: date,
    rules: str = "",
    against: str = "",
) -> RulesBacktest:
    """Run a rulebook, or two side by side, over the ledger as it stood on past days.

    The connection counts as taken over on the first day, unless it was before.

    Args:
        parts: the application's.
        connection: whose ledger.
        first: the first day.
        last: the last day; today at the latest.
        rules: a file, a folder or `REVISION:PATH`; empty: the connection's rulebook.
        against: another rulebook, the same way; empty: none.

    Raises:
        UserMistake: the days are none, or a rulebook is none.
    """
    today = parts.today(connection)
    if not first <= last <= today:
        raise UserMistake(
            f"{first} to {last} is not a stretch of the past: today is {today} for "
            f"{connection.name}."
        )
    if (last - first).days >= BACKTEST_DAYS_MAX:
        raise UserMistake(f"a backtest looks at {BACKTEST_DAYS_MAX:,} days at most.")
    rulebooks = [rulebook_of(parts, connection, rules)]
    if against:
        rulebooks.append(rulebook_of(parts, connection, against))
    backtests = backtest(
        parts.store.ledger.accounts(connection.id),
        trial_of(parts, connection),
        rulebooks,
        first=first,
        last=last,
        today=today,
    )
    return RulesBacktest(connection.name, first, last, backtests, _taken_over(connection, first))


BACKTEST_DAYS_MAX = 3_660
"""A backtest looks at so many days at most."""


def accounts_on(parts: Parts, connection: ConnectionRow, day: date) -> Iterator[Account]:
    """Yield every debtor, for a past day as it stood then."""
    return queries.accounts(parts, connection, day)
