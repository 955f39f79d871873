"""Promises that stand where a customer may read them: they are moved into notes.

Where the accounting system has no field for a promised day, earlier versions of arsync wrote the
promise into the invoice's memo, which statements may print. A connector reads that day as
`expected_on`; noting the promise once more moves the words.
"""

from __future__ import annotations

from arsync.core.actions import Action, Because, InvoiceRef, PromisePayload
from arsync.core.ledger.records import Invoice, is_owed
from arsync.core.planning.assessment import Assessment
from arsync.core.planning.plan_decisions import NOTHING, Decisions, acting
from arsync.core.planning.planning_context import Planning

EXPECTED_DATE = "expected payment date"
"""The capability of an accounting system that has such a field."""

MOVED_AT_ONCE_MAX = 20
"""So many promises of one customer are moved by one plan; the next one moves more."""


def plan_old_promises(planning: Planning, assessment: Assessment) -> Decisions:
    """Plan to move the promises of one account."""
    if EXPECTED_DATE in planning.offers:
        return NOTHING
    account = assessment.account
    moves = [
        _move(planning, assessment, invoice)
        for invoice in account.invoices
        if invoice.expected_on is not None and is_owed(invoice)
    ]
    if not moves:
        return NOTHING
    due = [move for move in moves if not planning.is_done(move.key, account.done_keys)]
    return acting(*due[:MOVED_AT_ONCE_MAX]) if due else NOTHING


def _move(planning: Planning, assessment: Assessment, invoice: Invoice) -> Action:
    assert invoice.expected_on is not None, "only what names a day is moved"
    names = {contact.id: contact.name for contact in assessment.account.contacts}
    day = invoice.expected_on
    return Action(
        payload=PromisePayload(day),
        connection=planning.connection,
        contact_id=invoice.contact_id,
        contact_name=names.get(invoice.contact_id, invoice.contact_id),
        because=Because("", 0, "promise to pay"),
        invoices=(InvoiceRef(invoice.id, invoice.number, invoice.amount_due, invoice.currency),),
        subject=f"{invoice.id} promise of {day} out of the memo",
        note=f"The promise to pay by {day.isoformat()} stands in notes now, and no longer in the"
        " memo, which statements may print.",
    )
