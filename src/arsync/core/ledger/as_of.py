"""History: an account as it was at the end of a day, from the days of its documents and money.

Every end-of-day question goes through here, today's as well: what is dated later counts from its
own day on. Changes that the platforms do not date cannot be rewound: a contact's own data, a due
date before it was moved, the approval of a draft, an allocation that was taken back. A void is
dated by the document's last change, on the organisation's calendar.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal

from arsync.core.ledger.agreements.credit_applications import as_decided_on
from arsync.core.ledger.agreements.placements import as_known_on
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
_LIVE = frozenset({DocumentStatus.OPEN, DocumentStatus.PAID})
_UNDONE = frozenset({PaymentStatus.VOIDED, PaymentStatus.DELETED})


def as_it_stood(account: Account, day: date, *, zone: tzinfo, knows_done: bool = False) -> Account:
    """Return the account as it was at the end of a day: today's, or a past one's.

    Amounts due grow by what was allocated later, and shrink by what was taken back later; unapplied
    cash does the opposite. Money that was booked before its invoice is unapplied until the invoice
    is issued.

    Args:
        account: as its documents are now.
        day: the day.
        zone: the organisation's; a void counts from its day there.
        knows_done: its keys of actions and its open tasks are of that day already; otherwise they
            are left out, because they describe today.
    """
    return _rewound(_matched_once_issued(account), day, zone, knows_done=knows_done)


def _rewound(account: Account, day: date, zone: tzinfo, *, knows_done: bool) -> Account:
    """Return `as_it_stood` of an account whose money is matched to issued invoices alone."""
    later = _allocated_after(account, day, zone)
    applied = _credit_applied_after(account, day)
    hold = account.hold if account.hold and account.hold.since <= day else None
    return account._replace(
        invoices=tuple(
            _invoice(invoice, later.get(invoice.id, ZERO), day, zone)
            for invoice in account.invoices
            if invoice.issued_on <= day and not _never_owed(account, invoice)
        ),
        payments=tuple(
            _payment(payment, day, zone) for payment in account.payments if payment.paid_on <= day
        ),
        credits=tuple(
            _credit(credit, day, zone, applied)
            for credit in account.credits
            if credit.issued_on <= day
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
        payment_plans=tuple(
            plan
            if plan.cancelled_on is None or plan.cancelled_on <= day
            else plan._replace(cancelled_on=None)
            for plan in account.payment_plans
            if plan.made_on <= day
        ),
        sent=tuple(sent_step for sent_step in account.sent if sent_step.on <= day),
        hold=hold,
        tasks=account.tasks if knows_done else (),
        done_keys=account.done_keys if knows_done else frozenset(),
        charges=account.charges if knows_done else (),
        shown_levels=account.shown_levels if knows_done else {},
        placements=as_known_on(account.placements, day),
        letters=tuple(letter for letter in account.letters if letter.on <= day),
        credit=as_decided_on(account.credit, day) if account.credit else account.credit,
        terms_signed={
            contact_id: signed_on
            for contact_id, signed_on in account.terms_signed.items()
            if signed_on <= day
        }
        if account.terms_signed
        else account.terms_signed,
        limit_change=account.limit_change
        if account.limit_change is not None and account.limit_change.since <= day
        else None,
    )


def documents_as_they_stood(
    account: Account, day: date, *, zone: tzinfo
) -> tuple[list[Invoice], list[Credit]]:
    """Return the invoices and credits of `as_it_stood` alone: what measures ask for."""
    # A deposit changes nothing of invoices that are issued; most accounts have no credit.
    if account.credits:
        account = _matched_once_issued(account)
    later = _allocated_after(account, day, zone)
    applied = _credit_applied_after(account, day) if account.credits else {}
    invoices = [
        _invoice(invoice, later.get(invoice.id, ZERO), day, zone)
        for invoice in account.invoices
        if invoice.issued_on <= day and not _never_owed(account, invoice)
    ]
    credits_ = [
        _credit(credit, day, zone, applied) for credit in account.credits if credit.issued_on <= day
    ]
    return invoices, credits_


def as_issued(account: Account, day: date) -> Account:
    """Return the account without invoices that are dated later: they are not owed yet.

    This is what may be acted on. Money counts as the platform counts it, whatever its date:
    nobody is chased for what is booked as paid.
    """
    if all(invoice.issued_on <= day for invoice in account.invoices):
        return account
    issued = (invoice for invoice in account.invoices if invoice.issued_on <= day)
    return account._replace(invoices=tuple(issued))


class Past:
    """One account on past days, rewound once for each stretch in which nothing happened to it."""

    def __init__(self, account: Account, today: date, zone: tzinfo) -> None:
        """Find the days on which something happened."""
        self.today = today
        # Once, not for each stretch: see `as_it_stood`.
        self._account = _matched_once_issued(account)
        self._zone = zone
        self._events = sorted(set(event_days(account, zone)))
        self._stood: dict[int, Account] = {}

    @property
    def days(self) -> Sequence[date]:
        """Return the days on which something happened, the earliest first."""
        return self._events

    def on(self, day: date) -> Account:
        """Return the account as it was at the end of a day."""
        stretch = bisect_right(self._events, day)
        if stretch not in self._stood:
            self._stood[stretch] = _rewound(self._account, day, self._zone, knows_done=False)
        return self._stood[stretch]


def event_days(account: Account, zone: tzinfo) -> Iterator[date]:
    """Yield the days on which the account changes; between two of them it stays the same."""
    for invoice in account.invoices:
        yield invoice.issued_on
        if invoice.paid_on is not None:
            yield invoice.paid_on
        if invoice.disputed_on is not None:
            yield invoice.disputed_on
        # Neither platform dates a void: the last change is the nearest day there is.
        if invoice.updated_at is not None and invoice.status in _GONE:
            yield day_of(invoice.updated_at, zone)
    for payment in account.payments:
        yield payment.paid_on
        if payment.updated_at is not None and payment.status in _UNDONE:
            yield day_of(payment.updated_at, zone)
        yield from (allocation.allocated_on for allocation in payment.allocations)
    for credit in account.credits:
        yield credit.issued_on
        if credit.updated_at is not None and credit.status in _GONE:
            yield day_of(credit.updated_at, zone)
        yield from (allocation.allocated_on for allocation in credit.allocations)
    yield from account.first_seen.values()
    for promise in account.promises:
        yield promise.made_on
        yield promise.promised_on
    for plan in account.payment_plans:
        yield plan.made_on
        if plan.cancelled_on is not None:
            yield plan.cancelled_on
    for dispute in account.disputes:
        yield dispute.opened_on
        if dispute.credit_agreed_on is not None:
            yield dispute.credit_agreed_on
        if dispute.settled_on is not None:
            yield dispute.settled_on
    for placement in account.placements:
        yield placement.placed_on
        if placement.ended_on is not None:
            yield placement.ended_on
    for standing in account.credit.values():
        if standing.agreed is not None:
            yield standing.agreed.decided_on
    yield from account.terms_signed.values()


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


def day_of(moment: datetime, zone: tzinfo) -> date:
    """Return the organisation's day of a moment."""
    return moment.astimezone(zone).date()


class _Gone:
    """Which statuses mean that a document is gone, and since when."""

    def __init__(self, statuses: frozenset[str]) -> None:
        self._statuses = statuses

    def after(self, document: Invoice | Payment | Credit, day: date, zone: tzinfo) -> bool:
        """Return whether it is gone now, and was still there at the end of the day."""
        return (
            document.status in self._statuses
            and document.updated_at is not None
            and day_of(document.updated_at, zone) > day
        )


_DOCUMENT = _Gone(_GONE)
_MONEY = _Gone(_UNDONE)


def _matched_once_issued(account: Account) -> Account:
    """Return the account with nothing allocated to an invoice before the invoice's own day.

    A deposit is booked before its invoice and matched to it later, under the deposit's day. Until
    the invoice was issued, the books showed the deposit as money in hand.
    """
    money: list[Payment | Credit] = [*account.payments, *account.credits]
    if not any(document.allocations for document in money):
        return account
    issued = {invoice.id: invoice.issued_on for invoice in account.invoices}
    early = {
        allocation.invoice_id
        for document in money
        for allocation in document.allocations
        if allocation.allocated_on < issued.get(allocation.invoice_id, date.min)
    }
    if not early:
        return account

    def moved(allocations: tuple[Allocation, ...]) -> tuple[Allocation, ...]:
        return tuple(
            allocation._replace(
                allocated_on=max(allocation.allocated_on, issued[allocation.invoice_id])
            )
            if allocation.invoice_id in early
            else allocation
            for allocation in allocations
        )

    return account._replace(
        payments=tuple(
            payment._replace(allocations=moved(payment.allocations)) for payment in account.payments
        ),
        credits=tuple(
            credit._replace(allocations=moved(credit.allocations)) for credit in account.credits
        ),
    )


def _allocated_after(account: Account, day: date, zone: tzinfo) -> dict[str, Decimal]:
    """Return, by invoice, what was allocated later, less what was undone later."""
    allocated: dict[str, Decimal] = {}
    for allocation in _allocations(account):
        if allocation.allocated_on > day:
            allocated[allocation.invoice_id] = (
                allocated.get(allocation.invoice_id, ZERO) + allocation.amount
            )
    undone: list[Payment | Credit] = [
        *(payment for payment in account.payments if _MONEY.after(payment, day, zone)),
        *(credit for credit in account.credits if _DOCUMENT.after(credit, day, zone)),
    ]
    for money in undone:
        for allocation in money.allocations:
            if allocation.allocated_on <= day:
                allocated[allocation.invoice_id] = (
                    allocated.get(allocation.invoice_id, ZERO) - allocation.amount
                )
    return allocated


def _credit_applied_after(account: Account, day: date) -> dict[tuple[str, str], Decimal]:
    """Return, by contact and currency, what later payments took from credits without naming them.

    QuickBooks applies a credit memo by a payment of zero: what it allocates beyond its own money.
    """
    applied: dict[tuple[str, str], Decimal] = {}
    for payment in account.payments:
        if payment.status == PaymentStatus.ACTIVE:
            later = (
                allocation.amount
                for allocation in payment.allocations
                if payment.paid_on > day or allocation.allocated_on > day
            )
            beyond = sum(later, ZERO) - (payment.amount - payment.unallocated)
            if beyond > 0:
                key = payment.contact_id, payment.currency
                applied[key] = applied.get(key, ZERO) + beyond
    # A credit of a later day was used later, whole; what is left was taken from earlier ones.
    for credit in account.credits if applied else ():
        if credit.issued_on > day and credit.status in _LIVE:
            key = credit.contact_id, credit.currency
            applied[key] = applied.get(key, ZERO) - _used_unnamed(credit)
    return applied


def _used_unnamed(credit: Credit) -> Decimal:
    """Return what was used of a credit without its saying for what."""
    named = sum((allocation.amount for allocation in credit.allocations), ZERO)
    return max(ZERO, credit.total - credit.unallocated - named)


def _allocations(account: Account) -> Iterator[Allocation]:
    for payment in account.payments:
        # A voided payment paid nothing, so there is nothing to put back for it either.
        if payment.status == PaymentStatus.ACTIVE:
            yield from payment.allocations
    for credit in account.credits:
        if credit.status not in _GONE:
            yield from credit.allocations


def _never_owed(account: Account, invoice: Invoice) -> bool:
    """Return whether it was deleted as a draft; an approved one is voided, and was owed before."""
    deleted = invoice.status == DocumentStatus.DELETED
    return deleted and account.episodes.get(invoice.id, 1) == 0


def _invoice(invoice: Invoice, later: Decimal, day: date, zone: tzinfo) -> Invoice:
    if invoice.disputed_on is not None and invoice.disputed_on > day:
        invoice = invoice._replace(disputed_on=None)
    if _DOCUMENT.after(invoice, day, zone):
        # Money is taken off an invoice before it is voided; what was undone later counted then.
        due = max(ZERO, invoice.total + min(ZERO, later))
        status = DocumentStatus.OPEN if due else DocumentStatus.PAID
        return invoice._replace(status=status, amount_due=due, paid_on=None)
    if invoice.status not in _LIVE:
        return invoice
    # Capped, because money that was moved between invoices is allocated more than once.
    due = min(invoice.total, invoice.amount_due + later)
    stands = invoice.status == DocumentStatus.OPEN and invoice.paid_on is None
    # Most documents are as they were; a backtest rewinds them all, so they are not copied.
    if due == invoice.amount_due and (stands or due <= 0):
        return invoice
    if due <= 0:
        return invoice._replace(status=DocumentStatus.PAID, amount_due=ZERO)
    return invoice._replace(status=DocumentStatus.OPEN, amount_due=due, paid_on=None)


def _unallocated(total: Decimal, unallocated: Decimal, later: Iterable[Decimal]) -> Decimal:
    return min(total, unallocated + sum(later, ZERO))


def _left_of(total: Decimal, allocations: Iterable[Allocation], day: date) -> Decimal:
    """Return what was not allocated at the end of the day."""
    used = (allocation.amount for allocation in allocations if allocation.allocated_on <= day)
    return max(ZERO, total - sum(used, ZERO))


def _payment(payment: Payment, day: date, zone: tzinfo) -> Payment:
    if _MONEY.after(payment, day, zone):
        return payment._replace(
            status=PaymentStatus.ACTIVE,
            unallocated=_left_of(payment.amount, payment.allocations, day),
            allocations=tuple(
                allocation for allocation in payment.allocations if allocation.allocated_on <= day
            ),
        )
    later = [
        allocation.amount for allocation in payment.allocations if allocation.allocated_on > day
    ]
    if not later and payment.unallocated <= payment.amount:
        return payment
    return payment._replace(
        unallocated=_unallocated(payment.amount, payment.unallocated, later),
        allocations=tuple(
            allocation for allocation in payment.allocations if allocation.allocated_on <= day
        ),
    )


def _credit(
    credit: Credit, day: date, zone: tzinfo, applied: dict[tuple[str, str], Decimal]
) -> Credit:
    allocations = tuple(
        allocation for allocation in credit.allocations if allocation.allocated_on <= day
    )
    if _DOCUMENT.after(credit, day, zone):
        unallocated = _left_of(credit.total, allocations, day)
    elif credit.status in _LIVE:
        later = [
            allocation.amount for allocation in credit.allocations if allocation.allocated_on > day
        ]
        unallocated = _unallocated(credit.total, credit.unallocated, later)
        unallocated += _taken(credit, applied)
    else:
        return credit
    # A credit that is used up by now was still open before its later allocations.
    status = DocumentStatus.OPEN if unallocated else credit.status
    return credit._replace(status=status, unallocated=unallocated, allocations=allocations)


def _taken(credit: Credit, applied: dict[tuple[str, str], Decimal]) -> Decimal:
    """Return what later payments took from this credit, and take it off what they took in all."""
    key = credit.contact_id, credit.currency
    amount = min(_used_unnamed(credit), applied.get(key, ZERO))
    if amount <= 0:
        return ZERO
    applied[key] -= amount
    return amount


def _dispute(dispute: Dispute, day: date) -> Dispute:
    agreed_later = dispute.credit_agreed_on is None or dispute.credit_agreed_on > day
    if dispute.settled_on is not None and dispute.settled_on > day:
        dispute = dispute._replace(settled_on=None)
        # Until a credit was agreed, nobody knew what would come of it.
        return dispute._replace(outcome="", credit_agreed_on=None) if agreed_later else dispute
    if dispute.settled_on is None and dispute.outcome and agreed_later:
        return dispute._replace(outcome="", credit_agreed_on=None)
    return dispute
