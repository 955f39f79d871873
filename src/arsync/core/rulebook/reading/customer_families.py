"""Families as `customers` names them: what can be wrong with a `parent` in the file alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from arsync.core.rulebook.model import Customer, Problem, folded


def odd_families(customers: Iterable[Customer]) -> list[Problem]:
    """Return a problem for each parent that cannot be one: itself, in a circle, or a child."""
    by_name = {folded(customer.contact): customer for customer in customers}
    problems: list[Problem] = []
    for customer in by_name.values():
        if not customer.parent:
            continue
        parent = by_name.get(folded(customer.parent))
        if folded(customer.parent) == folded(customer.contact):
            message = f"{customer.contact!r} cannot be its own parent."
            problems.append(Problem(*customer.parent_place, message, "remove 'parent'"))
        elif parent is not None and parent.parent:
            problems.append(_not_the_top(customer, parent, by_name))
    return problems


def _not_the_top(customer: Customer, parent: Customer, by_name: Mapping[str, Customer]) -> Problem:
    place = f"{parent.parent_place.file}:{parent.parent_place.line}"
    path, above = [customer.contact], parent
    # It ends: a circle comes back to a name that is on the path, and a line of parents ends.
    while above.parent and folded(above.contact) not in map(folded, path):
        path.append(above.contact)
        above = by_name.get(folded(above.parent), Customer(above.parent, above.place))
    if folded(above.contact) in map(folded, path):
        names = ", ".join(map(repr, path))
        message = f"the parents of {names} go in a circle."
        hint = f"remove one 'parent'; the other is in {place}"
    else:
        message = f"{parent.contact!r} has a parent itself ({place}): families have two levels."
        hint = f"name the topmost parent, {above.contact!r}"
    return Problem(*customer.parent_place, message, hint)
