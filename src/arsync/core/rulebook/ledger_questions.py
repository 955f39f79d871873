"""Whether a rulebook asks for what all customers together are due: it is counted only then."""

from __future__ import annotations

from arsync.core.rulebook.facts.movement import MovesWithLedger
from arsync.core.rulebook.model import Rulebook


def asks_of_ledger(rulebook: Rulebook) -> bool:
    """Return whether a condition is about a customer's share of the whole ledger."""
    return any(
        isinstance(field.moves, MovesWithLedger)
        for _, when in rulebook.every_condition()
        for field in when.fields
    )
