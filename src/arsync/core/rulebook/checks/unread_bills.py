"""Rules about what is owed to customers, in a rulebook that reads no bills."""

from __future__ import annotations

from arsync.core.rulebook.conditions import fields_of
from arsync.core.rulebook.facts.payable_facts import CONTACT_PAYABLES
from arsync.core.rulebook.model import Problem, Rulebook

_FACTS = frozenset(field.name for field in CONTACT_PAYABLES)
_HINT = "write payables: {read: open bills}"


def unread_bills(rulebook: Rulebook) -> list[Problem]:
    """Return a warning for each rule and entry that rests on bills nobody reads."""
    if rulebook.bills_asked_at is not None:
        return []
    asking = {
        place: field.name
        for place, condition in rulebook.conditions()
        for field in fields_of(condition.tree)
        if field.name in _FACTS
    }
    return (
        [
            Problem(*place, f"{name} is unknown: no bills are read.", _HINT, "warning")
            for place, name in asking.items()
        ]
        + [
            Problem(
                *customer.place,
                f"the suppliers of {customer.contact!r} say nothing: no bills are read.",
                _HINT,
                "warning",
            )
            for customer in rulebook.customers
            if customer.suppliers
        ]
        + [
            Problem(
                *rule.place,
                f"{rule.name!r} watches no supplier: no bills are read.",
                _HINT,
                "warning",
            )
            for rule in rulebook.supplier_alerts
        ]
    )
