"""The statement of account of one customer: whose documents it lists, by the rulebook."""

from __future__ import annotations

from datetime import date, tzinfo

from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.as_of import as_it_stood
from arsync.core.ledger.records import Account
from arsync.core.ledger.statement_of_account import (
    StatementKind,
    StatementOfAccount,
    activity,
    open_items,
)
from arsync.core.ledger.unapplied_cash import billed_together
from arsync.core.planning.assessment import Assessor


def payer_of(account: Account, contact_id: str) -> str:
    """Return the contact that answers for a contact's documents: itself, or who pays its bills."""
    for payer, covers in billed_together(account.contacts).items():
        if contact_id in covers:
            return payer
    return contact_id


def customer_statement(
    assessor: Assessor,
    account: Account,
    contact_id: str,
    *,
    kind: StatementKind,
    until: date,
    zone: tzinfo,
    since: date | None = None,
) -> StatementOfAccount:
    """Return the statement of a contact and those whose bills it pays, as of the end of a day.

    Args:
        assessor: the rulebook, for how agreements are judged.
        account: as its documents are now.
        contact_id: the contact that is written to.
        kind: what it lists.
        until: the day.
        zone: the organisation's.
        since: the first day of an activity.
    """
    covers = billed_together(account.contacts).get(contact_id, frozenset({contact_id}))
    rulebook = assessor.rulebook
    # The ledger as it is: a discount that a rule gives is not in the books yet.
    view = AccountView(
        as_it_stood(account, until, zone=zone, knows_done=True),
        until,
        currency=rulebook.currency,
        base=assessor.base,
        unapplied_cash=rulebook.unapplied_cash,
        instalments_in_time=assessor.instalments_in_time,
        promises_in_time=assessor.promises_in_time,
        broken_counts_for=rulebook.promises.broken_counts_for,
    )

    def counts(of: str) -> bool:
        return of in covers

    if kind is StatementKind.ACTIVITY and since is not None:
        return activity(account, view, counts, since=since, zone=zone)
    return open_items(view, counts)
