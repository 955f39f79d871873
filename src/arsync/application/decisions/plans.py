"""What the rulebooks would do. Changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from arsync.application.customers.customer_entries import matching
from arsync.application.organisation.account_reading import accounts_on
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.organisation.rulebook_notes import rulebook_notes
from arsync.application.permissions import Actor, Permission, permit
from arsync.core.planning.planner import Plan


def plan(actor: Actor, organisation: OrganisationContext, as_of: date | None = None) -> Plan:
    """Return what the rulebook would do now, or would have done or will do on another day.

    Raises:
        UserMistake: with every problem of the rulebook.
    """
    permit(actor, Permission.READ)
    _ = organisation.rulebook  # what is wrong with it is said before the ledger is read
    customers = matching(organisation)
    # As the next run would bind them, so that nothing it does comes as a surprise.
    accounts = accounts_on(organisation, as_of, entries=customers.entries)
    notes = rulebook_notes(organisation, customers)
    plan_made = organisation.plan(accounts, organisation.circumstances(), as_of, also=notes)
    unread = map(str, organisation.unread_files)
    return replace(plan_made, problems=(*unread, *plan_made.problems))
