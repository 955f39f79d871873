"""The ledger of a scenario: what its events do to a customer's account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.agreements.dispute_reasons import reason_said
from arsync.core.ledger.agreements.disputes import credited_since, to_credit
from arsync.core.ledger.agreements.plan_terms import TermsRefused, agreement
from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import (
    Account,
    Allocation,
    Credit,
    Dispute,
    DisputeOutcome,
    DocumentStatus,
    Invoice,
    Payment,
    PaymentStatus,
    PlacedDebt,
    Placement,
    Promise,
    is_owed,
)
from arsync.core.trials.scenario.scenario_model import Event, EventKind


class NotPossible(Exception):
    """The event cannot happen on its day; the message says why."""


def apply_event(account: Account, event: Event) -> Account:
    """Return the account after something happened in its ledger.

    Raises:
        NotPossible: there is nothing that it could happen to.
    """
    return _CHANGES[event.kind](account, event)


def _invoice(account: Account, number: str) -> Invoice | None:
    return next((invoice for invoice in account.invoices if invoice.number == number), None)


def _owed(account: Account, event: Event) -> Invoice:
    """Return the invoice that the event is about, which must be owed."""
    invoice = _invoice(account, event.invoice)
    if invoice is None or not is_owed(invoice):
        raise NotPossible(f"nothing is owed on {event.invoice} any more")
    return invoice


def _with(account: Account, invoice: Invoice) -> Account:
    return account._replace(
        invoices=tuple(
            invoice if document.id == invoice.id else document for document in account.invoices
        )
    )


def _lowered(account: Account, invoice: Invoice, amount: Decimal, event: Event) -> Account:
    """Return the account with less due on an invoice, which is paid when nothing is left."""
    remaining = invoice.amount_due - amount
    if remaining > 0:
        return _with(account, invoice._replace(amount_due=remaining))
    # Money may be booked later than it was paid.
    paid_on = event.day or event.on
    paid = invoice._replace(amount_due=ZERO, status=DocumentStatus.PAID, paid_on=paid_on)
    return _with(account, paid)


def _matched(
    account: Account, event: Event
) -> tuple[Account, Decimal, Decimal, tuple[Allocation, ...], str, str]:
    """Return account, amount, unmatched amount, allocations, contact id and currency."""
    if not event.invoice:
        assert event.amount is not None, "money that names no invoice has an amount"
        contact = next(
            (record for record in account.contacts if record.name == event.contact),
            account.contacts[0],
        )
        # Money that names no invoice is in the currency of the first one.
        currency = next((record.currency for record in account.invoices), "")
        return account, event.amount, event.amount, (), contact.id, currency
    invoice = _owed(account, event)
    amount = invoice.amount_due if event.amount is None else event.amount
    used = min(amount, invoice.amount_due)
    allocations = (Allocation(invoice.id, used, event.day or event.on),)
    lowered = _lowered(account, invoice, used, event)
    return lowered, amount, amount - used, allocations, invoice.contact_id, invoice.currency


def _pay(account: Account, event: Event) -> Account:
    changed, amount, unallocated_amount, allocations, contact_id, currency = _matched(
        account, event
    )
    payment = Payment(
        id=f"payment {len(account.payments) + 1}",
        contact_id=contact_id,
        status=PaymentStatus.ACTIVE,
        paid_on=event.day or event.on,
        currency=currency,
        rate=_rate(account, currency),
        amount=amount,
        unallocated=unallocated_amount,
        allocations=allocations,
    )
    return changed._replace(payments=(*account.payments, payment))


def _credit(account: Account, event: Event) -> Account:
    changed, amount, unallocated_amount, allocations, contact_id, currency = _matched(
        account, event
    )
    number = f"CN-{len(account.credits) + 1}"
    credit = Credit(
        id=number,
        contact_id=contact_id,
        kind=CreditKind.CREDIT_NOTE,
        number=number,
        status=DocumentStatus.OPEN if unallocated_amount else DocumentStatus.PAID,
        issued_on=event.on,
        currency=currency,
        rate=_rate(account, currency),
        total=amount,
        unallocated=unallocated_amount,
        allocations=allocations,
    )
    return changed._replace(credits=(*account.credits, credit))


def _rate(account: Account, currency: str) -> Decimal | None:
    return next(
        (invoice.rate for invoice in account.invoices if invoice.currency == currency), None
    )


def _reverse(account: Account, event: Event) -> Account:
    """Take back the newest payment of an invoice; being owed again opens a new episode."""
    payment = next(
        (
            candidate
            for candidate in reversed(account.payments)
            if candidate.status == PaymentStatus.ACTIVE
            and any(allocation.invoice_id == event.invoice for allocation in candidate.allocations)
        ),
        None,
    )
    invoice = _invoice(account, event.invoice)
    if payment is None or invoice is None:
        raise NotPossible(f"{event.invoice} was not paid")
    amount = sum((allocation.amount for allocation in payment.allocations), ZERO)
    again = invoice._replace(
        amount_due=invoice.amount_due + amount, status=DocumentStatus.OPEN, paid_on=None
    )
    episodes = dict(account.episodes)
    # Only an invoice that was paid in full begins a new episode.
    if not is_owed(invoice):
        episodes[invoice.id] = episodes.get(invoice.id, 1) + 1
    undone = payment._replace(status=PaymentStatus.VOIDED)
    return _with(account, again)._replace(
        payments=tuple(
            undone if candidate is payment else candidate for candidate in account.payments
        ),
        episodes=episodes,
    )


def _void(account: Account, event: Event) -> Account:
    invoice = _owed(account, event)
    return _with(account, invoice._replace(status=DocumentStatus.VOIDED, amount_due=ZERO))


def _send(account: Account, event: Event) -> Account:
    return _with(account, _owed(account, event)._replace(sent=True))


def _dispute(account: Account, event: Event) -> Account:
    invoice = _owed(account, event)
    reason = reason_said(event.text)
    if event.amount is not None and event.amount > invoice.amount_due:
        raise NotPossible(f"no more than {invoice.amount_due} can be disputed of {event.invoice}")
    dispute = Dispute(
        invoice.id,
        event.on,
        event.text or "not said",
        amount=None if event.amount == invoice.amount_due else event.amount,
        code=reason.code if reason else "",
        due_then=invoice.amount_due,
        total_then=invoice.total,
        number=len(account.disputes) + 1,
    )
    return account._replace(disputes=(*account.disputes, dispute))


def _settle(account: Account, event: Event) -> Account:
    standing = [
        dispute
        for dispute in account.disputes
        if dispute.invoice_id == event.invoice and dispute.settled_on is None
    ]
    if not standing:
        raise NotPossible(f"{event.invoice} is not in dispute")
    invoice = _invoice(account, event.invoice)
    return account._replace(
        disputes=tuple(
            _settled(account, invoice, dispute, event) if dispute in standing else dispute
            for dispute in account.disputes
        )
    )


def _settled(account: Account, invoice: Invoice | None, dispute: Dispute, event: Event) -> Dispute:
    """Return a dispute as settled; as credited, only once the books show it."""
    ended = dispute._replace(settled_on=event.on, outcome=event.text)
    if event.text != DisputeOutcome.CREDITED or invoice is None:
        return ended
    if credited_since(dispute, account, invoice) >= to_credit(dispute, invoice):
        return ended
    return dispute._replace(outcome=event.text, credit_agreed_on=event.on)


def _promise(account: Account, event: Event) -> Account:
    """Record a promise; one that is still open for its invoices is replaced by it."""
    assert event.day is not None, "a promise has a day"
    owed = sorted(filter(is_owed, account.invoices), key=lambda invoice: invoice.due_on)
    by_number = {invoice.number: invoice.id for invoice in owed}
    for number in event.numbers:
        if number not in by_number:
            raise NotPossible(f"nothing is owed on {number} any more")
    ids = tuple(
        invoice_id
        for number, invoice_id in by_number.items()
        if not event.numbers or number in event.numbers
    )
    if not ids:
        raise NotPossible("nothing is owed any more")
    recorded = Promise(ids, event.day, event.amount, event.on, also=event.also)
    promise = recorded._replace(number=len(account.promises) + 1)
    return account._replace(promises=(*account.promises, promise))


def _agree(account: Account, event: Event) -> Account:
    """Record a payment plan."""
    assert event.terms is not None, "a payment plan has terms"
    ids = {invoice.number: invoice.id for invoice in account.invoices}
    unissued = [number for number in event.terms.invoice_ids if number not in ids]
    if unissued:
        raise NotPossible(f"nothing is owed on {unissued[0]}")
    terms = event.terms._replace(
        invoice_ids=tuple(ids[number] for number in event.terms.invoice_ids)
    )
    contact = account.contacts[0]
    currency = next((record.currency for record in account.invoices), "")
    view = AccountView(account, event.on, currency=currency, base=currency)
    try:
        plan = agreement(account, contact.id, terms, view, "scenario").plan
    except TermsRefused as refusal:
        raise NotPossible(str(refusal)) from None
    numbered = plan._replace(id=len(account.payment_plans) + 1)
    return account._replace(payment_plans=(*account.payment_plans, numbered))


def _cancel_plan(account: Account, event: Event) -> Account:
    invoice = _invoice(account, event.invoice)
    standing = [
        plan
        for plan in account.payment_plans
        if invoice is not None and invoice.id in plan.invoice_ids and plan.cancelled_on is None
    ]
    if not standing:
        raise NotPossible(f"{event.invoice} has no payment plan")
    ended = standing[-1]._replace(cancelled_on=event.on)
    return account._replace(
        payment_plans=tuple(
            ended if plan.id == ended.id else plan for plan in account.payment_plans
        )
    )


def _move(account: Account, event: Event) -> Account:
    invoice = _owed(account, event)
    assert event.day is not None, "a new due date is a day"
    return _with(account, invoice._replace(due_on=event.day))


def _place(account: Account, event: Event) -> Account:
    """Place an invoice by hand, all that is owed on it."""
    invoice = _owed(account, event)
    placed = {debt.invoice_id for placement in _standing(account) for debt in placement.debts}
    if invoice.id in placed:
        raise NotPossible(f"{event.invoice} is placed already")
    debt = PlacedDebt(invoice.id, invoice.amount_due, invoice.currency)
    key = f"placement {len(account.placements) + 1}"
    placement = Placement(key, event.text, event.on, (debt,))
    return account._replace(placements=(*account.placements, placement))


def _end_placement(account: Account, event: Event) -> Account:
    """End the placement that an invoice is in, with all invoices of it."""
    invoice = _invoice(account, event.invoice)
    ended = [
        placement
        for placement in _standing(account)
        if invoice and any(debt.invoice_id == invoice.id for debt in placement.debts)
    ]
    if not ended:
        raise NotPossible(f"{event.invoice} is not placed")
    return account._replace(
        placements=tuple(
            placement._replace(ended_on=event.on, ended_as=event.kind.value)
            if placement in ended
            else placement
            for placement in account.placements
        )
    )


def _standing(account: Account) -> list[Placement]:
    return [placement for placement in account.placements if placement.ended_on is None]


_CHANGES: Mapping[EventKind, Callable[[Account, Event], Account]] = {
    EventKind.PAYMENT: _pay,
    EventKind.CREDIT: _credit,
    EventKind.REVERSED: _reverse,
    EventKind.VOID: _void,
    EventKind.SENT: _send,
    EventKind.DISPUTE: _dispute,
    EventKind.SETTLED: _settle,
    EventKind.PROMISE: _promise,
    EventKind.PAYMENT_PLAN: _agree,
    EventKind.PLAN_CANCELLED: _cancel_plan,
    EventKind.NEW_DUE_DATE: _move,
    EventKind.PLACED: _place,
    EventKind.RECALLED: _end_placement,
    EventKind.RETURNED: _end_placement,
}
