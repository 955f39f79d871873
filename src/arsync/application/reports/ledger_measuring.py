"""Measuring a whole ledger: few documents are read, and the rest is added up by the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.core.analytics.measure_sums import MeasuringWindow
from arsync.core.analytics.measures import Figures, Measuring
from arsync.core.ledger.records import Account


def measured(
    organisation: OrganisationContext,
    windows: Sequence[MeasuringWindow],
    *,
    see: Callable[[Account], None] = lambda _: None,
) -> list[Figures]:
    """Return the figures of a whole ledger, by window and currency, as `Measuring` gives them.

    Args:
        organisation: whose ledger.
        windows: at least one.
        see: is shown each account: with what is open and what was settled of late, not with all.
    """
    base_currency = organisation.connection.organisation.base_currency
    measuring = Measuring(
        windows,
        zone=organisation.zone,
        base_currency=base_currency,
        in_time_until=organisation.promises_in_time,
    )
    since = min(window.before for window in windows)
    ledger = organisation.store.ledger
    for account_or_sales in ledger.measured(organisation.id, since, base_currency):
        if isinstance(account_or_sales, Account):
            measuring.add(account_or_sales)
            see(account_or_sales)
        else:
            measuring.add_sold(*account_or_sales)
    return measuring.figures()
