"""What is wrong with a rulebook: by itself, for a platform, and against a ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from arsync.application.customers.customer_entries import matching
from arsync.application.organisation.account_reading import accounts_on
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext, organisations
from arsync.application.organisation.rulebook_notes import rulebook_problems, steps_without_way
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.rules.rule_files import CheckedRules, checked_rules
from arsync.core.planning.ledger_warnings import ledger_warnings
from arsync.core.rulebook import Rulebook
from arsync.core.rulebook.effective import RulebookDifference, effective_text, rulebook_differences
from arsync.errors import UserMistake
from arsync.rules_source.folder import read_paths


def check_rules(actor: Actor, container: Container, connection: Chosen = None) -> CheckedRules:
    """Check rulebooks against what each platform offers and what each ledger holds.

    Raises:
        UserMistake: there is no connection of that name, or no rulebook.
    """
    permit(actor, Permission.READ)
    contexts = _chosen(container, connection)
    every_rules = [organisation.rules for organisation in contexts] or [container.rules()]
    return checked_rules(
        every_rules,
        [problem for organisation in contexts for problem in organisation.misfits],
        [warning for organisation in contexts for warning in _ledger_warnings(organisation)],
        [unread for organisation in contexts for unread in organisation.unread_files],
    )


def _chosen(container: Container, connection: Chosen) -> list[OrganisationContext]:
    """Return the chosen organisations; rules may well be written before anything is connected."""
    some = connection or container.store.connections.all()
    return organisations(container, connection) if some else []


def _ledger_warnings(organisation: OrganisationContext) -> Iterator[str]:
    """Yield what in the rulebook this ledger contradicts."""
    rulebook = organisation.rules.rulebook
    if rulebook is None:
        return
    books = organisation.connection.organisation
    customers = matching(organisation)
    accounts = accounts_on(organisation, entries=customers.entries)
    warnings = ledger_warnings(rulebook, accounts, books, organisation.today)
    words = rulebook_problems(organisation, customers)
    ways = steps_without_way(organisation)
    for problem in sorted((*warnings, *words, *ways), key=lambda problem: problem[:4]):
        yield str(problem) if problem.hint else f"{problem} ({organisation.name})"


def effective_rules(
    actor: Actor, container: Container, paths: Sequence[Path] = (), connection: str | None = None
) -> tuple[Rulebook, str]:
    """Return a rulebook, and its text as it counts, with the place of each part.

    Args:
        actor: who asks.
        container: names the rules folder.
        paths: files or folders; none: the rules folder.
        connection: only this one's; None: what all share.

    Raises:
        UserMistake: with everything that is wrong with it, or there is no such connection.
    """
    permit(actor, Permission.READ)
    if connection:
        container.store.connections.get(connection)
    config = container.config
    rules = read_paths(config, paths) if paths else container.rules(connection or "")
    if rules.errors or rules.rulebook is None:
        raise UserMistake("\n".join(rules.problems))
    return rules.rulebook, effective_text(rules.effective)


class EffectiveRulesView(Struct, frozen=True):
    """The JSON view of a rulebook as it counts."""

    name: str
    currency: str
    files: tuple[str, ...]
    hash: str
    rulebook: str
    """Its text, with the place of each part."""


def effective_rules_view(rulebook: Rulebook, text: str) -> EffectiveRulesView:
    """Return the JSON view of a rulebook as it counts."""
    files = tuple(rulebook.files)
    return EffectiveRulesView(rulebook.name, rulebook.currency, files, rulebook.hash, text)


class RulesDrift(NamedTuple):
    """How one connection's rulebook differs from the one that all share."""

    connection: str
    """Empty where the shared one is no rulebook: then nothing is compared."""
    differences: tuple[RulebookDifference, ...] = ()
    problems: tuple[str, ...] = ()
    """What is wrong with it; then it is not compared."""


class DriftView(Struct, frozen=True):
    """The JSON view of one difference from the rulebook that all share."""

    connection: str
    section: str
    element: str
    what: str
    file: str
    line: int


def drift_views(drift: RulesDrift) -> Iterator[DriftView]:
    """Yield the JSON view of each difference."""
    for difference in drift.differences:
        place = difference.place
        yield DriftView(
            drift.connection,
            difference.section,
            difference.element,
            difference.what,
            place.file,
            place.line,
        )


def rules_drift(
    actor: Actor, container: Container, connection: Chosen = None
) -> Iterator[RulesDrift]:
    """Yield how each connection's rulebook differs from the one that all share.

    Raises:
        UserMistake: there is no connection of that name.
    """
    permit(actor, Permission.READ)
    chosen = _chosen(container, connection)
    shared = container.rules()
    if shared.errors:
        yield RulesDrift("", problems=shared.problems)
        return
    for organisation in chosen:
        own, name = organisation.rules, organisation.name
        if own.errors:
            yield RulesDrift(name, problems=own.problems)
        else:
            yield RulesDrift(name, tuple(rulebook_differences(shared.effective, own.effective)))
