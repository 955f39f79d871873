"""Customers who owe, and who have no address by which a letter could reach them."""

from __future__ import annotations

from collections.abc import Sequence

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.store.models import UnreachableCustomer

NAMED_MAX = 3
"""So many customers are named where only a line is left for them."""


def unreachable_customers(
    actor: Actor, organisation: OrganisationContext
) -> list[UnreachableCustomer]:
    """Return who owes and has no email address, or no postal address, by name."""
    permit(actor, Permission.READ)
    return organisation.store.ledger.unreachable(organisation.id)


def in_one_line(customers: Sequence[UnreachableCustomer]) -> str:
    """Say how many lack what, with a few names; empty when nobody lacks anything."""
    lacking = (
        ("no email address", [row.name for row in customers if row.lacks_email]),
        ("no postal address", [row.name for row in customers if row.lacks_address]),
    )
    clauses = [_counted(names, what) for what, names in lacking if names]
    if not clauses:
        return ""
    return f"of the customers who owe, {' and '.join(clauses)}."


def _counted(names: Sequence[str], what: str) -> str:
    shown = ", ".join(names[:NAMED_MAX]) + (", ..." if len(names) > NAMED_MAX else "")
    return f"{len(names):,} {'has' if len(names) == 1 else 'have'} {what} ({shown})"
