"""Promises to pay: which one counts for an invoice, and whether it is open, kept or broken."""

from __future__ import annotations

from datetime import date

from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Account, Invoice, PaymentStatus, Promise, is_owed

ENTERED_THERE = "entered in the accounting system as expected payment date"
"""The source of a promise that was not recorded in arsync."""


def promise_state(promise: Promise, invoice: Invoice | None, account: Account, today: date) -> str:
    """Return `open`, `kept` or `broken`."""
    # Judged once and for good: a broken promise stays broken, even if the money comes later.
    if promise.kept is not None:
        return "kept" if promise.kept else "broken"
    # An invoice that cannot be read, or is not here, says neither: the promise stays open.
    if invoice is None:
        return "open"
    # A voided or credited invoice counts like a paid one: in doubt the promise was kept.
    if not is_owed(invoice):
        return "kept"
    if promise.amount is not None:
        received = sum(
            (
                allocation.amount
                for payment in account.payments
                if payment.status == PaymentStatus.ACTIVE
                for allocation in payment.allocations
                if allocation.invoice_id == invoice.id
                # Earlier part payments are off the amount due already, so they keep no promise.
                and promise.made_on <= allocation.allocated_on <= today
            ),
            ZERO,
        )
        if received >= promise.amount:
            return "kept"
    # The promised day itself counts in full: the money may come in until it ends.
    return "open" if today <= promise.promised_on else "broken"


def newest_promises(account: Account, today: date) -> dict[str, tuple[Promise, str]]:
    """Return the newest promise of each invoice, and its state on the day."""
    by_id = (
        # Few accounts have promises; the others need no index of invoices.
        {document.id: document for document in account.invoices} if account.promises else {}
    )
    newest: dict[str, tuple[Promise, str]] = {}
    # In this order the newest overwrites the others: a customer's latest word counts.
    for promise in sorted(
        account.promises, key=lambda document: (document.made_on, document.promised_on)
    ):
        state = promise_state(promise, by_id.get(promise.invoice_id), account, today)
        newest[promise.invoice_id] = (promise, state)
    return newest
