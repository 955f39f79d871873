"""Trying a rulebook on a connection's ledger before it touches anyone. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from arsync.core.difference import Difference, differences
from arsync.core.records import Account
from arsync.core.rulebook import Rulebook
from arsync.core.trial import Trial
from arsync.run import look
from arsync.run.parts import Parts
from arsync.run.revisions import at_revision, rulebook_named
from arsync.run.rules import holidays_of
from arsync.store.values import ConnectionRow


class RulesDiff(NamedTuple):
    """Whom two rulebooks treat differently in one connection."""

    connection: str
    as_of: date
    old: Rulebook
    new: Rulebook
    differences: Iterator[Difference]
    """Streamed: can be read once, while the application is open."""

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "connection": self.connection,
            "as_of": self.as_of.isoformat(),
            "old": {"files": list(self.old.files), "hash": self.old.hash},
            "new": {"files": list(self.new.files), "hash": self.new.hash},
            "customers": [one.as_json() for one in self.differences],
        }


def trial_of(parts: Parts, connection: ConnectionRow) -> Trial:
    """Return a connection, ready to try rulebooks on."""
    platform = parts.platform(connection.platform)
    zone = parts.time_zone(connection)
    return Trial(
        connection.name,
        connection.organisation._replace(time_zone=zone),
        frozenset(one.value for one in platform.capabilities.offers),
        holidays_of,
    )


def rulebook_of(parts: Parts, connection: ConnectionRow, spec: str = "") -> Rulebook:
    """Return the rulebook that a text names; without one, the connection's own."""
    if spec:
        return rulebook_named(parts.config, spec, connection.name)
    rulebook, _ = parts.rulebook(connection)
    return rulebook


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
        before = at_revision(parts.config, revision, inside, connection.name)
    else:
        before = rulebook_of(parts, connection, old)
    after = rulebook_of(parts, connection, new)
    trial = trial_of(parts, connection)
    found = differences(accounts_on(parts, connection, day), trial.day(before, day),
                        trial.day(after, day))  # fmt: skip
    return RulesDiff(connection.name, day, before, after, found)


def accounts_on(parts: Parts, connection: ConnectionRow, day: date) -> Iterator[Account]:
    """Yield every debtor, for a past day as it stood then."""
    return look.accounts(parts, connection, day)
