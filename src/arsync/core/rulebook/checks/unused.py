"""Unused: groups that no rule asks for, and conditions that hold anyway."""

from __future__ import annotations

from collections.abc import Iterator

from arsync.core.rulebook.checks.satisfiability import Alternative, TooMany, holds
from arsync.core.rulebook.conditions import AllOf, AnyOf, HeldFor, InGroup, Negation, Node, OneOf
from arsync.core.rulebook.model import Cadence, Problem, Rulebook

# These stop reminders whatever a cadence says: see `agreed_stop` in planning.
_STOPS_ANYWAY = frozenset({"dispute", "promise_to_pay"})


def unused_groups(rulebook: Rulebook) -> list[Problem]:
    """Return the groups that no rule asks for."""
    asked_for = {name for _, when in rulebook.every_condition() for name in _groups_of(when.tree)}
    return [
        Problem(*place, f"no rule uses the group {name!r}.", "use it, or remove it", "warning")
        for name, place in rulebook.group_places.items()
        if name in rulebook.groups and name not in asked_for
    ]


def skips_without_effect(rulebook: Rulebook) -> list[Problem]:
    """Return the `skip_invoices_when` that skip only what is not reminded of anyway."""
    return [
        Problem(
            *cadence.place,
            f"skip_invoices_when of {cadence.name!r} changes nothing: an open dispute or promise"
            " stops reminders anyway.",
            "remove it",
            "warning",
        )
        for cadence in rulebook.reminders
        if _changes_nothing(cadence)
    ]


def _changes_nothing(cadence: Cadence) -> bool:
    if cadence.skip_invoices_when is None:
        return False
    try:
        ways = holds(cadence.skip_invoices_when.tree)
    except TooMany:
        return False
    return bool(ways) and all(_is_stopped(way) for way in ways)


def _is_stopped(alternative: Alternative) -> bool:
    return any(
        want.yes
        and isinstance(want.leaf, OneOf)
        and want.leaf.field.of == "invoice"
        and want.leaf.field.name in _STOPS_ANYWAY
        and want.leaf.values == {"open"}
        for want in alternative
    )


def _groups_of(node: Node) -> Iterator[str]:
    match node:
        case InGroup(name, _):
            yield name
        case AllOf(children) | AnyOf(children):
            for child in children:
                yield from _groups_of(child)
        case Negation(child) | HeldFor(child):
            yield from _groups_of(child)
