"""Which cadences of the rulebook are each customer's on a day."""

from __future__ import annotations

from datetime import date

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.core.ledger.records import Account
from arsync.core.planning.assessment import Assessor
from arsync.core.planning.customer_locale import bank_days
from arsync.rules_source.folder import holidays_in


class CustomersCadences:
    """Tells whose each cadence is, on one day; nobody's where the rulebook cannot be read."""

    def __init__(self, organisation: OrganisationContext, day: date) -> None:
        """Go by the organisation's rulebook as it is now."""
        rulebook = organisation.rules.rulebook
        self._assessor = None
        if rulebook is not None:
            banks = bank_days(rulebook.sending, holidays_in)
            books = organisation.connection.organisation
            self._assessor = Assessor(rulebook, books, day, banks)

    def __call__(self, account: Account) -> dict[str, tuple[str, ...]]:
        """Return the names of each contact's cadences.

        Args:
            account: as it stood on the day.
        """
        if self._assessor is None:
            return {}
        return {
            party.view.contact.id: tuple(
                cadence.name for cadence in self._assessor.cadences(party)[0]
            )
            for party in self._assessor.assess(account).parties
        }
