"""Reading debtors, now or as they stood on a past day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.core.ledger.as_of import as_it_stood
from arsync.core.ledger.records import Account
from arsync.core.rulebook.customer_matching import CustomerEntry
from arsync.core.trials.replay import taken_over


def accounts_on(
    organisation: OrganisationContext,
    as_of: date | None = None,
    contact_ids: list[str] | None = None,
    *,
    entries: Mapping[str, CustomerEntry] | None = None,
) -> Iterator[Account]:
    """Yield debtors, for a past day as it stood in its evening, with what was done by then.

    For a day to come, a connection that only observes is taken to begin its work today.

    Args:
        organisation: whose.
        as_of: another day than today.
        contact_ids: only these customers.
        entries: for all customers, what the rulebook's `customers` are bound to; None: as the last
            run bound them.
    """
    ledger = organisation.store.ledger
    today = organisation.today
    if as_of is None or as_of >= today:
        accounts = ledger.accounts(organisation.id, contact_ids, entries=entries)
        return accounts if as_of is None else (taken_over(account, today) for account in accounts)
    evening = datetime.combine(as_of + timedelta(1), time(), tzinfo=organisation.zone)
    accounts = ledger.accounts(
        organisation.id, contact_ids, done_before=evening.astimezone(UTC), entries=entries
    )
    return (
        as_it_stood(account, as_of, zone=organisation.zone, knows_done=True) for account in accounts
    )
