"""The demo's agency: on one day the longest overdue debts of each ledger go to it, with papers."""

from __future__ import annotations

from pathlib import Path

from arsync.application.agreements import placements
from arsync.application.agreements.placement_pack import write_pack
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor
from arsync.errors import UserMistake

PLACED_ON_DAY = 45
RECALLED_ON_DAY = 55
AGENCY = "Example Collections"
TRIED_MAX = 20
"""So many customers are tried: most of a ledger is not overdue, or has agreed on something."""


def place_the_oldest(
    actor: Actor, container: Container, organisation: OrganisationContext, folder: Path
) -> str:
    """Place the debts of the customer who is overdue longest, and return its name; empty: none."""
    oldest = sorted(
        (min(invoice.due_on for invoice in account.invoices), account.contacts[0])
        for account in organisation.store.ledger.accounts(organisation.id)
        if account.invoices
    )
    for _, contact in oldest[:TRIED_MAX]:
        try:
            placements.place(
                actor, container, contact.id, agency=AGENCY, connection=organisation.name
            )
        except UserMistake:
            continue  # nothing of it is overdue, or it is disputed or promised
        papers = folder / f"papers for the agency, {organisation.name}"
        write_pack(actor, container, contact.id, papers, connection=organisation.name)
        return contact.name
    return ""


def recall_all(actor: Actor, container: Container, organisation: OrganisationContext) -> int:
    """Take back what is still with the agency, and return from how many customers."""
    standing = {
        view.customer
        for view in placements.placements(actor, container, connection=organisation.name)
        if view.state == "placed"
    }
    for customer in standing:
        placements.end_placement(
            actor, container, customer, reason="end of the demo", connection=organisation.name
        )
    return len(standing)
