"""The statement of account of one customer of an organisation, as its rulebook counts."""

from __future__ import annotations

from datetime import date

from arsync.application.organisation_context import OrganisationContext
from arsync.core.ledger.records import Account
from arsync.core.ledger.statement_of_account import StatementKind, StatementOfAccount
from arsync.core.planning.assessment import Assessor
from arsync.core.planning.customer_locale import bank_days
from arsync.core.planning.customer_statement import customer_statement
from arsync.core.rulebook import Rulebook
from arsync.rules_source.folder import holidays_in


def statement_of(
    organisation: OrganisationContext,
    account: Account,
    contact_id: str,
    *,
    until: date,
    since: date | None = None,
) -> StatementOfAccount:
    """Return the statement of a contact and those whose bills it pays.

    It can be read whatever becomes of the rulebook.
    """
    base = organisation.connection.organisation.base_currency
    rulebook = organisation.rules.rulebook or Rulebook((), "", "", base)
    assessor = Assessor(
        rulebook,
        organisation.connection.organisation,
        until,
        bank_days(rulebook.sending, holidays_in),
    )
    return customer_statement(
        assessor,
        account,
        contact_id,
        kind=StatementKind.OPEN_ITEMS if since is None else StatementKind.ACTIVITY,
        until=until,
        zone=organisation.zone,
        since=since,
    )
