"""A customer of the demo that is a supplier too: two bills, and a credit note of its own."""

from __future__ import annotations

from datetime import date, timedelta

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.core.ledger.records import Contact, is_owed
from arsync.demo.world import World

RULES_FILE = "suppliers.yaml"
RULES = """\
# What you owe to customers that are suppliers too: shown beside what they owe, never taken off it.
payables: {read: open bills}
"""
BILLS = (("480.00", 14), ("125.50", 30))
"""What the supplier asks, and after how many days."""
CREDITED = "60.00"
"""What it owes back."""


def who_supplies(organisation: OrganisationContext) -> Contact | None:
    """Return the customer that is a supplier too: the first by name of those who owe."""
    debtors = [
        account.contacts[0]
        for account in organisation.store.ledger.accounts(organisation.id)
        if any(is_owed(invoice) for invoice in account.invoices)
    ]
    return min(debtors, key=lambda contact: contact.name, default=None)


def be_billed(world: World, organisation: OrganisationContext, today: date) -> str:
    """Have bills of the supplier entered at the platform, and return its name; empty: nobody's."""
    supplier = who_supplies(organisation)
    if supplier is None:
        return ""
    for amount, days in BILLS:
        entry = {"platform": organisation.name, "do": "enter_bill", "contact_id": supplier.id}
        terms = {"on": today.isoformat(), "due_on": (today + timedelta(days)).isoformat()}
        world.post("/_sandbox/people", {**entry, **terms, "amount": amount})
    credit = {"platform": organisation.name, "do": "enter_supplier_credit"}
    world.post("/_sandbox/people", {**credit, "contact_id": supplier.id, "amount": CREDITED})
    return supplier.name
