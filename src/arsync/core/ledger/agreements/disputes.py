"""Disputes: which one counts for an invoice, and whether it is open or settled."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from arsync.core.ledger.records import Dispute, Invoice

SHOWN_BY_PLATFORM = "the accounting system shows it as disputed"
"""The reason of a dispute that was not recorded in arsync."""


def is_standing(dispute: Dispute, today: date) -> bool:
    """Return whether the dispute is open on the day."""
    return dispute.settled_on is None or dispute.settled_on > today


def counting_disputes(
    recorded: Iterable[Dispute], documents: Iterable[Invoice]
) -> dict[str, Dispute]:
    """Return the dispute that counts for each invoice: an open one, else the newest.

    Args:
        recorded: the disputes that people recorded in arsync.
        documents: the open invoices, as the accounting system has them.
    """
    shown = {
        invoice.id: Dispute(invoice.id, invoice.disputed_on, SHOWN_BY_PLATFORM)
        for invoice in documents
        if invoice.disputed_on is not None
    }
    counting = dict(shown)
    for dispute in sorted(
        recorded,
        # Open ones come last and win: one open dispute is enough to stop chasing.
        key=lambda invoice: (invoice.settled_on is None, invoice.opened_on),
    ):
        # What a person settled here is open still while the platform shows it as disputed.
        if dispute.settled_on is None or dispute.invoice_id not in shown:
            counting[dispute.invoice_id] = dispute
    return counting


def dispute_state(dispute: Dispute | None, today: date) -> str:
    """Return `none`, `open` or `settled`."""
    if dispute is None:
        return "none"
    return "open" if is_standing(dispute, today) else "settled"
