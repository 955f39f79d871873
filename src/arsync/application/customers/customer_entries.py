"""Entries of the rulebook's `customers`: to which contacts of one ledger they are bound."""

from __future__ import annotations

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.core.rulebook.customer_matching import CustomerEntry, Matching, match_customers
from arsync.core.rulebook.model import Rulebook

NOTHING_BOUND = Matching({})


def matching(organisation: OrganisationContext) -> Matching:
    """Return whom each entry is about now, with what earlier runs bound. Changes nothing.

    Without a sound rulebook it is nobody.
    """
    rulebook = organisation.rules.rulebook
    bound = organisation.store.customers.entries(organisation.id)
    return NOTHING_BOUND if rulebook is None else _matched(organisation, rulebook, bound)


def bind_customers(organisation: OrganisationContext) -> Matching:
    """Bind the entries to contacts for good, as part of a run, and return them.

    Raises:
        UserMistake: with every problem of the rulebook.
    """
    store, rulebook = organisation.store, organisation.rulebook
    bound = store.customers.entries(organisation.id)
    now_bound = _matched(organisation, rulebook, bound)
    if now_bound.entries != bound:
        store.customers.save(organisation.id, now_bound.entries, matched_on=organisation.today)
    return now_bound


def _matched(
    organisation: OrganisationContext, rulebook: Rulebook, bound: dict[str, CustomerEntry]
) -> Matching:
    if not rulebook.customers:
        return NOTHING_BOUND
    return match_customers(rulebook, bound, organisation.store.customers.contacts(organisation.id))
