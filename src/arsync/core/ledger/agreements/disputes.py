"""Disputes: which one counts for an invoice, how much of it, and what became of it.

What is disputed is not asked for while the dispute is open; the rest of the invoice is. A dispute
whose credit was agreed ends by itself when the books show that credit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from arsync.core.ledger.agreements.dispute_reasons import UNSPECIFIED, reason_word
from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.late_debt import FROM_THE_BEGINNING, by_payment
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import (
    Account,
    Dispute,
    DisputeOutcome,
    DocumentStatus,
    Invoice,
    PaymentStatus,
)

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


def dispute_state(dispute: Dispute | None, today: date, *, in_part: bool = False) -> str:
    """Return `none`, `open` (all of it), `part` (a part of it) or `settled`."""
    if dispute is None:
        return "none"
    if not is_standing(dispute, today):
        return "settled"
    return "part" if in_part else "open"


def dispute_reason(dispute: Dispute) -> str:
    """Return why it is disputed, for people: the code's word and what was said."""
    word = reason_word(dispute.code) if dispute.code not in {"", UNSPECIFIED} else ""
    return ": ".join(filter(None, (word, dispute.reason)))


def awaits_credit(dispute: Dispute) -> bool:
    """Return whether a credit was agreed that the books are still to show."""
    return dispute.settled_on is None and dispute.outcome == DisputeOutcome.CREDITED


def as_settled_by_books(dispute: Dispute, account: Account, today: date) -> Dispute:
    """Return an open dispute as settled, if its credit was agreed and the books show it."""
    if not awaits_credit(dispute):
        return dispute
    invoice = next(
        (invoice for invoice in account.invoices if invoice.id == dispute.invoice_id), None
    )
    if invoice is None or credited_since(dispute, account, invoice) < to_credit(dispute, invoice):
        return dispute
    return dispute._replace(settled_on=today)


def still_disputed(dispute: Dispute, account: Account, document: Invoice) -> Decimal:
    """Return how much of what is due on an invoice is disputed.

    What was credited of it meanwhile is not, once a credit was agreed: until then nobody can tell
    what a credit note was for.
    """
    if dispute.amount is None and not awaits_credit(dispute):
        return document.amount_due
    disputed = to_credit(dispute, document)
    if awaits_credit(dispute):
        disputed -= credited_since(dispute, account, document)
    return max(ZERO, min(disputed, document.amount_due))


def to_credit(dispute: Dispute, invoice: Invoice) -> Decimal:
    """Return how much a credit has to be that gives the customer all it disputes."""
    if dispute.amount is not None:
        return dispute.amount
    return invoice.amount_due if dispute.due_then is None else dispute.due_then


def credited_since(dispute: Dispute, account: Account, invoice: Invoice) -> Decimal:
    """Return what the books show as credited on an invoice since its dispute was opened.

    That is a void, a total that became less, credit notes that were matched to it, and open credit
    notes of the same customer and currency that are younger than the dispute.
    """
    if invoice.status in _GONE:
        return to_credit(dispute, invoice)
    in_hand = sum(
        (
            credit.unallocated
            for credit in account.credits
            if credit.kind == CreditKind.CREDIT_NOTE
            and credit.status == DocumentStatus.OPEN
            and credit.contact_id == invoice.contact_id
            and credit.currency == invoice.currency
            and credit.issued_on >= dispute.opened_on
        ),
        ZERO,
    )
    if in_hand:
        # One credit note settles one dispute.
        in_hand = max(ZERO, in_hand - sum(_claimed_by_others(dispute, account, invoice), ZERO))
    return _credited_on(dispute, account, invoice) + in_hand


def _credited_on(dispute: Dispute, account: Account, invoice: Invoice) -> Decimal:
    """Return what was credited on the invoice itself."""
    amount = sum(_credits_matched(dispute, account), ZERO)
    if dispute.total_then is not None:
        amount += max(ZERO, dispute.total_then - invoice.total)
    # A total that became less, and a credit note that was matched before, may be the same thing.
    if dispute.due_then is not None:
        amount = min(amount, max(ZERO, dispute.due_then - invoice.amount_due))
    return amount


def _claimed_by_others(dispute: Dispute, account: Account, invoice: Invoice) -> Iterator[Decimal]:
    """Yield what credited disputes of the same customer have of the credit notes in hand.

    Those that wait go in the order of their recording; one that was settled has what it was settled
    by, until that is matched to its invoice.
    """
    invoices = {
        other_invoice.id: other_invoice
        for other_invoice in account.invoices
        if other_invoice.contact_id == invoice.contact_id
        and other_invoice.currency == invoice.currency
    }
    for other_dispute in account.disputes:
        its_invoice = invoices.get(other_dispute.invoice_id)
        if its_invoice is None or other_dispute.outcome != DisputeOutcome.CREDITED:
            continue
        if other_dispute.settled_on is None:
            comes_first = other_dispute.number < dispute.number
        else:
            comes_first = other_dispute.settled_on >= dispute.opened_on
        if comes_first and other_dispute != dispute and its_invoice.status not in _GONE:
            needed = to_credit(other_dispute, its_invoice)
            yield max(ZERO, needed - _credited_on(other_dispute, account, its_invoice))


_GONE = frozenset({DocumentStatus.VOIDED, DocumentStatus.DELETED})


def _credits_matched(dispute: Dispute, account: Account) -> Iterator[Decimal]:
    for credit in account.credits:
        if credit.kind == CreditKind.CREDIT_NOTE and credit.status not in _GONE:
            for allocation in credit.allocations:
                since = allocation.allocated_on >= dispute.opened_on
                if allocation.invoice_id == dispute.invoice_id and since:
                    yield allocation.amount
    # QuickBooks matches a credit memo by a payment of zero.
    for payment in account.payments:
        if payment.status == PaymentStatus.ACTIVE and payment.paid_on >= dispute.opened_on:
            for invoice_id, reduction in by_payment(payment):
                if invoice_id == dispute.invoice_id and reduction.on == FROM_THE_BEGINNING:
                    yield reduction.amount
