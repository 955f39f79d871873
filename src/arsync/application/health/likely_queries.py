"""Open invoices that customers will query before they pay, as the doctor finds them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from arsync.application.health.findings import NOTE, OK, Finding
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.core.ledger.likely_queries import likely_queries

CUSTOMERS_MAX = 500
"""So many customers are looked through: enough to see that something is wrong."""

NAMED_MAX = 5


def query_findings(organisation: OrganisationContext) -> Iterator[Finding]:
    """Yield which open invoices were not sent, lack a reference, or have other terms than usual."""
    about, today = f"invoices of {organisation.name}", organisation.today
    ledger = organisation.store.ledger
    contact_ids = ledger.may_be_queried(organisation.id, today, CUSTOMERS_MAX)
    named = list(_named(organisation, contact_ids))
    if not named:
        yield Finding(about, OK, "none that is open looks as if it would be queried.")
        return
    more = len(named) - NAMED_MAX
    beyond = f"; and {more:,} more" if more > 0 else ""
    count = "1 open invoice" if len(named) == 1 else f"{len(named):,} open invoices"
    most = " or more" if len(contact_ids) == CUSTOMERS_MAX else ""
    yield Finding(
        about,
        NOTE,
        f"{count}{most} will be queried: {'; '.join(islice(named, NAMED_MAX))}{beyond}. Mend them"
        " before they are chased; `alerts:` with reference_missing, terms_differ and sent tell of"
        " each.",
    )


def _named(organisation: OrganisationContext, contact_ids: Sequence[str]) -> Iterator[str]:
    for account in organisation.store.ledger.accounts(organisation.id, contact_ids):
        names = {contact.id: contact.name for contact in account.contacts}
        for invoice in account.invoices:
            reasons = list(likely_queries(invoice, account.invoices, organisation.today))
            if reasons:
                name = names.get(invoice.contact_id, invoice.contact_id)
                yield f"{invoice.number or invoice.id} ({name}): {' and '.join(reasons)}"
