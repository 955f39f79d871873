"""History: an account as it stood on a past day, from the days of its payments and allocations.

What the platforms do not date cannot be rewound and is left as it is: who a contact was, where a
due date stood before it was moved, and when a draft was approved. A void is dated by the
document's last change.
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
    """Return the account as it stood at the end of a past day.

    Amounts due grow by what was allocated later; money in hand grows by the same.

    Args:
        account: as its documents are now.
        day: the past day.
        knows_done: its keys of actions and its open tasks are of that day already; otherwise they
            are left out, for they say what is done now, not what was done then.
    """
    later = _allocated_after(account, day)
    hold = account.hold if account.hold and account.hold.since <= day else None
    return account._replace(
        invoices=tuple(
            _invoice(one, later.get(one.id, ZERO), day)
            for one in account.invoices
            if one.issued_on <= day
        ),
        payments=tuple(_payment(one, day) for one in account.payments if one.paid_on <= day),
        credits=tuple(_credit(one, day) for one in account.credits if one.issued_on <= day),
        promises=tuple(one._replace(kept=None) for one in account.promises if one.made_on <= day),
        disputes=tuple(_dispute(one, day) for one in account.disputes if one.opened_on <= day),
        sent=tuple(one for one in account.sent if one.on <= day),
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
        """Return the account as it stood at the end of a day."""
        stretch = bisect_right(self._events, day)
        if stretch not in self._stood:
            self._stood[stretch] = as_it_stood(self._account, day)
        return self._stood[stretch]

    def owed(self, day: date) -> dict[str, Invoice]:
        """Return what was owed at the end of a day, by id."""
        return {one.id: one for one in self.on(day).invoices if is_owed(one)}


def event_days(account: Account) -> Iterator[date]:
    """Yield the days since which the account stands otherwise: between two it stands the same."""
    for invoice in account.invoices:
        yield invoice.issued_on
        if invoice.paid_on is not None:
            yield invoice.paid_on
        if invoice.disputed_on is not None:
            yield invoice.disputed_on
        if invoice.updated_at is not None and invoice.status in _GONE:
            yield invoice.updated_at.date()
    for payment in account.payments:
        yield payment.paid_on
        if payment.updated_at is not None and payment.status in _UNDONE:
            yield payment.updated_at.date()
        yield from (part.allocated_on for part in payment.allocations)
    for credit in account.credits:
        yield credit.issued_on
        if credit.updated_at is not None and credit.status in _GONE:
            yield credit.updated_at.date()
        yield from (part.allocated_on for part in credit.allocations)
    for promise in account.promises:
        yield promise.made_on
        yield promise.promised_on
    for dispute in account.disputes:
        yield dispute.opened_on
        if dispute.settled_on is not None:
            yield dispute.settled_on


def with_paid_days(account: Account) -> Account:
    """Return the account with the day on which each paid invoice was paid, where only that lacks.

    QuickBooks does not tell it: it is the day on which the last money was matched to the invoice.
    """
    lacking = {
        one.id
        for one in account.invoices
        if one.paid_on is None and one.status == DocumentStatus.PAID
    }
    if not lacking:
        return account
    last: dict[str, date] = {}
    for part in _allocations(account):
        if part.invoice_id in lacking:
            last[part.invoice_id] = max(part.allocated_on, last.get(part.invoice_id, date.min))
    return account._replace(
        invoices=tuple(
            one._replace(paid_on=last.get(one.id)) if one.id in lacking else one
            for one in account.invoices
        )
    )


def _stood(status: str, changed: date | None, day: date, gone: frozenset[str]) -> bool:
    """Return whether a document that is gone now was still there on the day."""
    return status in gone and changed is not None and changed > day


def _allocated_after(account: Account, day: date) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for part in _allocations(account):
        if part.allocated_on > day:
            found[part.invoice_id] = found.get(part.invoice_id, ZERO) + part.amount
    return found


def _allocations(account: Account) -> Iterator[Allocation]:
    for payment in account.payments:
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
        return invoice._replace(status=DocumentStatus.OPEN, amount_due=invoice.total, paid_on=None)
    if invoice.status not in {DocumentStatus.OPEN, DocumentStatus.PAID}:
        return invoice
    due = min(invoice.total, invoice.amount_due + later)
    stands = invoice.status == DocumentStatus.OPEN and invoice.paid_on is None
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
    later = [one.amount for one in payment.allocations if one.allocated_on > day]
    if not later and status == payment.status and payment.unallocated <= payment.amount:
        return payment
    return payment._replace(
        status=status,
        unallocated=_unallocated(payment.amount, payment.unallocated, later),
        allocations=tuple(one for one in payment.allocations if one.allocated_on <= day),
    )


def _credit(credit: Credit, day: date) -> Credit:
    changed = credit.updated_at.date() if credit.updated_at else None
    later = [one.amount for one in credit.allocations if one.allocated_on > day]
    status = credit.status
    if _stood(status, changed, day, _GONE) or (status == DocumentStatus.PAID and later):
        status = DocumentStatus.OPEN
    return credit._replace(
        status=status,
        unallocated=_unallocated(credit.total, credit.unallocated, later),
        allocations=tuple(one for one in credit.allocations if one.allocated_on <= day),
    )


def _dispute(dispute: Dispute, day: date) -> Dispute:
    if dispute.settled_on is not None and dispute.settled_on > day:
        return dispute._replace(settled_on=None)
    return dispute
