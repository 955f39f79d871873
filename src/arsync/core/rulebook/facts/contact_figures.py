"""Figures of a contact: how those of its facts are computed that need more than a look."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from arsync.core.ledger.account_view import HISTORY_DAYS, ContactView, summed
from arsync.core.ledger.agreements.credit_applications import ApplicationState
from arsync.core.ledger.agreements.promises import OPEN
from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import DocumentStatus, PaymentStatus, SentStep
from arsync.core.rulebook.facts.field import Value
from arsync.core.rulebook.facts.names import folded_names

OVER_ZERO_LIMIT_PERCENT = Decimal(999_999)
"""How far over a limit of nothing any exposure counts as."""


def average(numbers: Sequence[int]) -> int | None:
    """Return the mean in whole days, half up; None of nothing."""
    if not numbers:
        return None
    # Half up, as people round: Python's own `round` makes 2 of 2.5.
    return int((Decimal(sum(numbers)) / len(numbers)).to_integral_value(rounding="ROUND_HALF_UP"))


def percent(share: Decimal, whole: Decimal) -> Decimal:
    """Return a part of the whole in percent, to two decimals."""
    return (share * 100 / whole).quantize(Decimal("0.01"))


def overdue_percent(view: ContactView) -> Value:
    """Return how much of the balance is overdue."""
    if view.balance is None or view.overdue_amount is None or view.balance == 0:
        return None
    return percent(view.overdue_amount, view.balance)


def headroom(view: ContactView) -> Value:
    """Return the credit limit less the exposure."""
    if view.limit.amount is None or view.account_view.exposure is None:
        return None
    return view.limit.amount - view.account_view.exposure


def over_limit_percent(view: ContactView) -> Value:
    """Return how far the exposure is over the credit limit."""
    if view.limit.is_unlimited:
        # `no limit` is a decision, not a gap: no exposure exceeds it, while an unknown limit stays
        # unknown.
        return ZERO
    room = headroom(view)
    if room is None or view.limit.amount is None:
        return None
    if room >= 0:
        return ZERO
    # Nothing has no percentage, but a limit of 0 must hold like any other.
    return percent(-room, view.limit.amount) if view.limit.amount else OVER_ZERO_LIMIT_PERCENT


def paid_on_time_percent(view: ContactView) -> Value:
    """Return how many invoices were paid by their due date."""
    if not view.paid:
        return None
    return percent(Decimal(sum(1 for _, late in view.paid if late == 0)), Decimal(len(view.paid)))


def days_since_last_payment(view: ContactView) -> Value:
    """Return the days since the last payment."""
    today = view.account_view.today
    days = [
        (today - payment.paid_on).days
        for payment in view.account_view.account.payments
        if payment.status == PaymentStatus.ACTIVE
        and payment.paid_on <= today
        and view.counts(payment.contact_id)
    ]
    return min(days, default=None)


def sales(view: ContactView) -> Value:
    """Return what was invoiced in the last 365 days, less credit notes."""
    account_view = view.account_view
    money = [
        account_view.converter.amount(
            invoice.total, invoice.currency, invoice.rate, invoice.number or invoice.id
        )
        for invoice in account_view.account.invoices
        if invoice.status in {DocumentStatus.OPEN, DocumentStatus.PAID}
        and 0 <= (account_view.today - invoice.issued_on).days < HISTORY_DAYS
        and view.counts(invoice.contact_id)
    ]
    less = [
        account_view.converter.amount(
            -credit.total, credit.currency, credit.rate, credit.number or credit.id
        )
        for credit in account_view.account.credits
        # Prepayments and overpayments are money, and lower no sales.
        if credit.kind == CreditKind.CREDIT_NOTE
        and credit.status in {DocumentStatus.OPEN, DocumentStatus.PAID}
        and 0 <= (account_view.today - credit.issued_on).days < HISTORY_DAYS
        and view.counts(credit.contact_id)
    ]
    return summed(money + less)


def customer_since(view: ContactView) -> date | None:
    """Return the day on which the contact was created or first invoiced."""
    days = [
        invoice.issued_on
        for invoice in view.account_view.account.invoices
        if view.counts(invoice.contact_id)
    ]
    if view.contact.created_on is not None:
        days.append(view.contact.created_on)
    # Xero does not say when a contact was created; its first invoice does.
    return min(days, default=None)


def customer_for_days(view: ContactView) -> Value:
    """Return the days since the contact was created or first invoiced."""
    since = customer_since(view)
    return None if since is None else max(0, (view.account_view.today - since).days)


def oldest_days_overdue(view: ContactView) -> Value:
    """Return the days since the oldest unpaid due date."""
    return (view.account_view.today - view.overdue[0].due_on).days if view.overdue else 0


_NO_STATE: frozenset[str] = frozenset({"none"})


def promise_states(view: ContactView) -> Value:
    """Return the states of the contact's promises; those that are over are none."""
    promises = view.account_view.promises
    if not promises:
        return _NO_STATE
    states = {
        judged.state
        for invoice_id, judged in promises.items()
        if invoice_id in view.own_invoice_ids
    }
    return frozenset(states) or _NO_STATE


def broken_promises(view: ContactView) -> Value:
    """Return how many promises were broken within the rulebook's window, paid since or not."""
    account_view = view.account_view
    first = account_view.today - timedelta(account_view.broken_counts_for)
    return sum(
        1
        for judged in account_view.judged_promises
        if judged.broken_on is not None
        and judged.broken_on > first
        and not view.own_invoice_ids.isdisjoint(judged.promise.invoice_ids)
    )


def next_promised_day(view: ContactView) -> date | None:
    """Return the earliest day for which something is promised and not here yet."""
    days = (
        judged.promise.promised_on
        for invoice_id, judged in view.account_view.promises.items()
        if judged.state == OPEN and invoice_id in view.own_invoice_ids
    )
    return min(days, default=None)


def days_until_promise(view: ContactView) -> Value:
    """Return the days until the next promised day; below zero while grace runs."""
    day = next_promised_day(view)
    return None if day is None else (day - view.account_view.today).days


def contact_steps(view: ContactView) -> list[SentStep]:
    """Return every step taken for the contact's invoices."""
    if not view.account_view.account.sent:
        return []
    return [
        sent_step
        for sent_step in view.account_view.account.sent
        if sent_step.invoice_id in view.own_invoice_ids
    ]


def contact_last_reminder(view: ContactView) -> Value:
    """Return the days since the last message about any invoice."""
    days = [
        (view.account_view.today - contact_step.on).days
        for contact_step in contact_steps(view)
        # A task has no moment: it is not a message.
        if contact_step.moment
    ]
    return min(days, default=None)


def oldest_open_task(view: ContactView) -> date | None:
    """Return the day on which the oldest open task was opened; None without one."""
    # A task that passes another one on would keep itself alive.
    days = [
        task.opened_on
        for task in view.account_view.account.tasks
        if task.done_on is None and not task.escalates and view.counts(task.contact_id)
    ]
    return min(days, default=None)


def task_open_days(view: ContactView) -> Value:
    """Return for how many days the oldest open task has been open."""
    since = oldest_open_task(view)
    return 0 if since is None else max(0, (view.account_view.today - since).days)


def contact_highest_step(view: ContactView) -> Value:
    """Return the day of the highest step taken for an open invoice."""
    days = [
        step.day for invoice in view.owed for step in view.account_view.sent.get(invoice.id, ())
    ]
    return max(days, default=None)


def days_on_hold(view: ContactView) -> Value:
    """Return the days since the hold was placed."""
    hold = view.account_view.account.hold
    return (view.account_view.today - hold.since).days if hold else 0


def days_until_review(view: ContactView) -> Value:
    """Return the days until the review of the limit, below 0 after it."""
    day = view.agreed.review_on
    return (day - view.account_view.today).days if day else None


def credit_application(view: ContactView) -> Value:
    """Return what the contact's latest application for credit came to."""
    standing = view.account_view.account.credit_of(view.contact.id)
    return ApplicationState.NONE if standing is None else standing.state


def signed_terms(view: ContactView) -> Value:
    """Return whether the contact signed the terms of trade; unknown where nobody ever asked."""
    account, contact_id = view.account_view.account, view.contact.id
    if account.terms_signed and any(
        contact.id in account.terms_signed
        for contact in account.contacts
        if contact_id in {contact.id, contact.merged_into}
    ):
        return True
    # Who applied for credit was asked for a signature.
    return None if account.credit_of(contact_id) is None else False


def contact_names(view: ContactView) -> Value:
    """Return the contact's name and id, folded."""
    return folded_names((view.contact.name, view.contact.id))
