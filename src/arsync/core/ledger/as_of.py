"""History: an account as it was on a past day, from the days of its payments and allocations.

Changes that the platforms do not date cannot be rewound: a contact's own data, a due date before it
was moved, the approval of a draft. A void is dated by the document's last change.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from arsync.core.ledger.account_view import is_owed
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import (
    Account,
    Allocation,
    Credit,
    Dispute,
    DocumentStatus,
    Invoice,
    Payment,
    PaymentStatus,
)

_GONE = frozenset({DocumentStatus.VOIDED, DocumentStatus.DELETED})
_UNDONE = frozenset({PaymentStatus.VOIDED, PaymentStatus.DELETED})


def as_it_stood(account: Account, day: date, *, knows_done: bool = False) -> Account:
    """Return the account as it was at the end of a past day.

    Amounts due grow by what was allocated later; unapplied cash grows by the same.

    Args:
        account: as its documents are now.
        day: the past day.
        knows_done: its keys of actions and its open tasks are of that day already; otherwise they
            are left out, because they describe today.
    """
    later = _allocated_after(account, day)
    hold = account.hold if account.hold and account.hold.since <= day else None
    return account._replace(
        invoices=tuple(
            _invoice(invoice, later.get(invoice.id, ZERO), day)
            for invoice in account.invoices
            if invoice.issued_on <= day
        ),
        payments=tuple(
            _payment(payment, day) for payment in account.payments if payment.paid_on <= day
        ),
        credits=tuple(
            _credit(credit, day) for credit in account.credits if credit.issued_on <= day
        ),
        promises=tuple(
            # Later judgements were not known then: the promise is judged again for the day.
            promise._replace(kept=None)
            for promise in account.promises
            if promise.made_on <= day
        ),
        disputes=tuple(
            _dispute(dispute, day) for dispute in account.disputes if dispute.opened_on <= day
        ),
        sent=tuple(sent_step for sent_step in account.sent if sent_step.on <= day),
        hold=hold,
        open_tasks=account.open_tasks if knows_done else (),
        done_keys=account.done_keys if knows_done else frozenset(),
    )


class Past:
    """One account on past days, rewound once for each stretch in which nothing happened to it."""

    def __init__(self, account: Account, today: date) -> None:
        """Find the days on which something happened."""
        self.today = today
        self._account = account
        self._events = sorted(set(event_days(account)))
        self._stood: dict[int, Account] = {}

    def on(self, day: date) -> Account:
        """Return the account as it was at the end of a day."""
        stretch = bisect_right(self._events, day)
        if stretch not in self._stood:
            self._stood[stretch] = as_it_stood(self._account, day)
        return self._stood[stretch]

    def owed(self, day: date) -> dict[str, Invoice]:
        """Return what was owed at the end of a day, by id."""
        return {invoice.id: invoice for invoice in self.on(day).invoices if is_owed(invoice)}


def event_days(account: Account) -> Iterator[date]:
    """Yield the days on which the account changes; between two of them it stays the same."""
    for invoice in account.invoices:
        yield invoice.issued_on
        if invoice.paid_on is not None:
            yield invoice.paid_on
        if invoice.disputed_on is not None:
            yield invoice.disputed_on
        # Neither platform dates a void: the last change is the nearest day there is.
        if invoice.updated_at is not None and invoice.status in _GONE:
            yield invoice.updated_at.date()
    for payment in account.payments:
        yield payment.paid_on
        if payment.updated_at is not None and payment.status in _UNDONE:
            yield payment.updated_at.date()
        yield from (allocation.allocated_on for allocation in payment.allocations)
    for credit in account.credits:
        yield credit.issued_on
        if credit.updated_at is not None and credit.status in _GONE:
            yield credit.updated_at.date()
        yield from (allocation.allocated_on for allocation in credit.allocations)
    for promise in account.promises:
        yield promise.made_on
        yield promise.promised_on
    for dispute in account.disputes:
        yield dispute.opened_on
        if dispute.settled_on is not None:
            yield dispute.settled_on


def with_paid_days(account: Account) -> Account:
    """Return the account with the missing `paid_on` of paid invoices filled in.

    QuickBooks does not report it: it is the day on which the last money was matched to the invoice.
    """
    lacking = {
        invoice.id
        for invoice in account.invoices
        if invoice.paid_on is None and invoice.status == DocumentStatus.PAID
    }
    if not lacking:
        return account
    last: dict[str, date] = {}
    for allocation in _allocations(account):
        if allocation.invoice_id in lacking:
            last[allocation.invoice_id] = max(
                allocation.allocated_on, last.get(allocation.invoice_id, date.min)
            )
    return account._replace(
        invoices=tuple(
            invoice._replace(paid_on=last.get(invoice.id)) if invoice.id in lacking else invoice
            for invoice in account.invoices
        )
    )


def _stood(status: str, changed: date | None, day: date, gone: frozenset[str]) -> bool:
    """Return whether a document that is gone now was still there on the day."""
    return status in gone and changed is not None and changed > day


def _allocated_after(account: Account, day: date) -> dict[str, Decimal]:
    allocated: dict[str, Decimal] = {}
    for allocation in _allocations(account):
        if allocation.allocated_on > day:
            allocated[allocation.invoice_id] = (
                allocated.get(allocation.invoice_id, ZERO) + allocation.amount
            )
    return allocated


def _allocations(account: Account) -> Iterator[Allocation]:
    for payment in account.payments:
        # A voided payment paid nothing, so there is nothing to put back for it either.
        if payment.status == PaymentStatus.ACTIVE:
            yield from payment.allocations
    for credit in account.credits:
        if credit.status not in _GONE:
            yield from credit.allocations


def _invoice(invoice: Invoice, later: Decimal, day: date) -> Invoice:
    changed = invoice.updated_at.date() if invoice.updated_at else None
    if invoice.disputed_on is not None and invoice.disputed_on > day:
        invoice = invoice._replace(disputed_on=None)
    if _stood(invoice.status, changed, day, _GONE):
        # Allocations are removed before a void, so earlier payments can no longer be seen.
        return invoice._replace(status=DocumentStatus.OPEN, amount_due=invoice.total, paid_on=None)
    if invoice.status not in {DocumentStatus.OPEN, DocumentStatus.PAID}:
        return invoice
    # Capped, because money that was moved between invoices is allocated more than once.
    due = min(invoice.total, invoice.amount_due + later)
    stands = invoice.status == DocumentStatus.OPEN and invoice.paid_on is None
    # Most documents are as they were; a backtest rewinds them all, so they are not copied.
    if due <= 0 or (stands and due == invoice.amount_due):
        return invoice
    return invoice._replace(status=DocumentStatus.OPEN, amount_due=due, paid_on=None)


def _unallocated(total: Decimal, unallocated: Decimal, later: Iterable[Decimal]) -> Decimal:
    return min(total, unallocated + sum(later, ZERO))


def _payment(payment: Payment, day: date) -> Payment:
    changed = payment.updated_at.date() if payment.updated_at else None
    status = payment.status
    if _stood(status, changed, day, _UNDONE):
        status = PaymentStatus.ACTIVE
    later = [
        allocation.amount for allocation in payment.allocations if allocation.allocated_on > day
    ]
    if not later and status == payment.status and payment.unallocated <= payment.amount:
        return payment
    return payment._replace(
        status=status,
        unallocated=_unallocated(payment.amount, payment.unallocated, later),
        allocations=tuple(
            allocation for allocation in payment.allocations if allocation.allocated_on <= day
        ),
    )


def _credit(credit: Credit, day: date) -> Credit:
    changed = credit.updated_at.date() if credit.updated_at else None
    later = [
        allocation.amount for allocation in credit.allocations if allocation.allocated_on > day
    ]
    status = credit.status
    # A credit that is used up by now was still open before its later allocations.
    if _stood(status, changed, day, _GONE) or (status == DocumentStatus.PAID and later):
        status = DocumentStatus.OPEN
    return credit._replace(
        status=status,
        unallocated=_unallocated(credit.total, credit.unallocated, later),
        allocations=tuple(
            allocation for allocation in credit.allocations if allocation.allocated_on <= day
        ),
    )


def _dispute(dispute: Dispute, day: date) -> Dispute:
    if dispute.settled_on is not None and dispute.settled_on > day:
        return dispute._replace(settled_on=None)
    return dispute
