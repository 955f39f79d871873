"""Placements and write-offs of disputed debts: a law of arsync keeps those where they are."""

from __future__ import annotations

from collections.abc import Iterator

from arsync.core.rulebook.checks.satisfiability import (
    Alternative,
    TooMany,
    Wanted,
    both,
    holds,
    is_possible,
)
from arsync.core.rulebook.conditions import OneOf
from arsync.core.rulebook.facts import INVOICE_BY_NAME
from arsync.core.rulebook.model import PlacementRule, Problem, Rulebook, WriteOff

_WHOLLY_DISPUTED = OneOf(INVOICE_BY_NAME["dispute"], frozenset({"open"}), "open")
_NOT_WHOLLY: list[Alternative] = [(Wanted(_WHOLLY_DISPUTED, yes=False),)]


def about_disputed_debts(rulebook: Rulebook) -> list[Problem]:
    """Return the rules that ask for disputed debts alone: they never do anything."""
    return [
        Problem(
            *rule.place,
            f"{rule.name!r} asks for disputed debts, and {words}.",
            "settle the dispute first; a rule can ask for dispute: [none, settled]",
            "warning",
        )
        for rule, words in _rules(rulebook)
        if _only_disputed(rule)
    ]


def _rules(rulebook: Rulebook) -> Iterator[tuple[PlacementRule | WriteOff, str]]:
    for placement in rulebook.placements:
        yield placement, "what is disputed is never placed"
    for write_off in rulebook.write_offs:
        yield write_off, "what is disputed is never proposed to be written off"


def _only_disputed(rule: PlacementRule | WriteOff) -> bool:
    try:
        certain = holds(rule.when.tree)
        return is_possible(certain) and not is_possible(both(certain, _NOT_WHOLLY))
    except TooMany:
        return False
