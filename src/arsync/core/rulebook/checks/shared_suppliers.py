"""Suppliers that two customers claim: one party cannot be both."""

from __future__ import annotations

from arsync.core.rulebook.model import Customer, Problem, Rulebook, folded


def shared_suppliers(rulebook: Rulebook) -> list[Problem]:
    """Return a warning for each supplier that stands under more than one customer."""
    claimed_by: dict[str, Customer] = {}
    problems: list[Problem] = []
    for customer in rulebook.customers:
        for supplier in customer.suppliers:
            first = claimed_by.setdefault(folded(supplier), customer)
            if first is not customer:
                problems.append(
                    Problem(
                        *customer.place,
                        f"the supplier {supplier!r} stands under {first.contact!r} and"
                        f" {customer.contact!r}: its bills count for the latter.",
                        "keep it under the customer that is the same party",
                        "warning",
                    )
                )
    return problems
