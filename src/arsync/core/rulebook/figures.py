"""Figures: how the facts that need more than a look are computed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Self

from arsync.core.ledger.account_view import HISTORY_DAYS, Seat, is_owed, promise_state, summed
from arsync.core.ledger.late_payment_law import LatePayment, compensation, interest
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import CreditKind, DocumentStatus, Invoice, PaymentStatus, SentStep

Value = Any
"""Decimal, int, bool, text, a frozenset of texts, or None for unknown."""

OVER_ZERO_LIMIT_PERCENT = Decimal(999_999)
"""How far over a limit of nothing any exposure counts as."""


def average(numbers: Sequence[int]) -> int | None:
    """Return the mean in whole days, half up; None of nothing."""
    if not numbers:
        return None
    return int((Decimal(sum(numbers)) / len(numbers)).to_integral_value(rounding="ROUND_HALF_UP"))


def percent(part: Decimal, whole: Decimal) -> Decimal:
    """Return a part of the whole in percent, to two decimals."""
    return (part * 100 / whole).quantize(Decimal("0.01"))


def overdue_percent(seat: Seat) -> Value:
    """Return how much of the balance is overdue."""
    if seat.balance is None or seat.overdue_amount is None or seat.balance == 0:
        return None
    return percent(seat.overdue_amount, seat.balance)


def headroom(seat: Seat) -> Value:
    """Return the credit limit less the exposure."""
    if seat.credit_limit is None or seat.books.exposure is None:
        return None
    return seat.credit_limit - seat.books.exposure


def over_limit_percent(seat: Seat) -> Value:
    """Return how far the exposure is over the credit limit."""
    if seat.limit_is_none:
        return ZERO
    room = headroom(seat)
    if room is None or seat.credit_limit is None:
        return None
    if room >= 0:
        return ZERO
    return percent(-room, seat.credit_limit) if seat.credit_limit else OVER_ZERO_LIMIT_PERCENT


def paid_on_time_percent(seat: Seat) -> Value:
    """Return how many invoices were paid by their due date."""
    if not seat.paid:
        return None
    return percent(Decimal(sum(1 for _, late in seat.paid if late == 0)), Decimal(len(seat.paid)))


def days_since_last_payment(seat: Seat) -> Value:
    """Return the days since the last payment."""
    today = seat.books.today
    days = [
        (today - payment.paid_on).days
        for payment in seat.books.account.payments
        if payment.status == PaymentStatus.ACTIVE
        and payment.paid_on <= today
        and seat.counts(payment.contact_id)
    ]
    return min(days, default=None)


def sales(seat: Seat) -> Value:
    """Return what was invoiced in the last 365 days, less credit notes."""
    books = seat.books
    money = [
        books.converter.amount(
            invoice.total, invoice.currency, invoice.rate, invoice.number or invoice.id
        )
        for invoice in books.account.invoices
        if invoice.status in {DocumentStatus.OPEN, DocumentStatus.PAID}
        and 0 <= (books.today - invoice.issued_on).days < HISTORY_DAYS
        and seat.counts(invoice.contact_id)
    ]
    less = [
        books.converter.amount(
            -credit.total, credit.currency, credit.rate, credit.number or credit.id
        )
        for credit in books.account.credits
        if credit.kind == CreditKind.CREDIT_NOTE
        and credit.status in {DocumentStatus.OPEN, DocumentStatus.PAID}
        and 0 <= (books.today - credit.issued_on).days < HISTORY_DAYS
        and seat.counts(credit.contact_id)
    ]
    return summed(money + less)


def customer_for_days(seat: Seat) -> Value:
    """Return the days since the contact was created or first invoiced."""
    days = [
        invoice.issued_on
        for invoice in seat.books.account.invoices
        if seat.counts(invoice.contact_id)
    ]
    if seat.contact.created_on is not None:
        days.append(seat.contact.created_on)
    # Xero does not say when a contact was created; its first invoice does.
    return max(0, (seat.books.today - min(days)).days) if days else None


def oldest_days_overdue(seat: Seat) -> Value:
    """Return the days since the oldest unpaid due date."""
    return (seat.books.today - seat.overdue[0].due_on).days if seat.overdue else 0


def promise_states(seat: Seat) -> Value:
    """Return the states of the contact's promises."""
    states = {
        state
        for invoice_id, (_, state) in seat.books.promises.items()
        if invoice_id in seat.own_invoice_ids
    }
    return frozenset(states or {"none"})


def broken_promises(seat: Seat) -> Value:
    """Return how many promises were broken."""
    books = seat.books
    if not books.account.promises:
        return 0
    by_id = {invoice.id: invoice for invoice in books.account.invoices}
    return sum(
        1
        for promise in books.account.promises
        if promise.invoice_id in seat.own_invoice_ids
        and promise_state(promise, by_id.get(promise.invoice_id), books.account, books.today)
        == "broken"
    )


def dispute_states(seat: Seat) -> Value:
    """Return the states of the contact's disputes."""
    ids = seat.own_invoice_ids if seat.books.disputes else frozenset()
    states = {
        seat.books.dispute_state(dispute) for dispute in seat.books.disputes if dispute in ids
    }
    return frozenset(states or {"none"})


def contact_steps(seat: Seat) -> list[SentStep]:
    """Return every step taken for the contact's invoices."""
    if not seat.books.account.sent:
        return []
    return [
        sent_step
        for sent_step in seat.books.account.sent
        if sent_step.invoice_id in seat.own_invoice_ids
    ]


def contact_last_reminder(seat: Seat) -> Value:
    """Return the days since the last message about any invoice."""
    days = [
        (seat.books.today - contact_step.on).days
        for contact_step in contact_steps(seat)
        if contact_step.moment
    ]
    return min(days, default=None)


def contact_highest_step(seat: Seat) -> Value:
    """Return the day of the highest step taken for an open invoice."""
    days = [step.day for invoice in seat.owed for step in seat.books.sent.get(invoice.id, ())]
    return max(days, default=None)


def invoice_last_reminder(seat: Seat, invoice: Invoice) -> Value:
    """Return the days since the last message about the invoice."""
    steps = seat.books.sent.get(invoice.id, ())
    days = [(seat.books.today - step.on).days for step in steps if step.moment]
    return min(days, default=None)


def invoice_highest_step(seat: Seat, invoice: Invoice) -> Value:
    """Return the day of the highest step taken for the invoice."""
    return max((sent_step.day for sent_step in seat.books.sent.get(invoice.id, ())), default=None)


def days_on_hold(seat: Seat) -> Value:
    """Return the days since the hold was placed."""
    hold = seat.books.account.hold
    return (seat.books.today - hold.since).days if hold else 0


def days_until_review(seat: Seat) -> Value:
    """Return the days until the limit is to be looked at again."""
    day = seat.agreed.review_on
    return (day - seat.books.today).days if day else None


class Name(str):
    """A name that is compared folded, and shown as it was written."""

    __slots__ = ("written",)
    written: str

    def __new__(cls, text: str) -> Self:
        """Fold a text; case and runs of blanks make no difference."""
        name = super().__new__(cls, " ".join(text.split()).casefold())
        name.written = text
        return name


def folded(texts: Iterable[str]) -> frozenset[str]:
    """Return texts as they are compared; each remembers how it was written."""
    return frozenset(map(Name, texts))


def as_written(names: Iterable[str]) -> list[str]:
    """Return names as people wrote them, in order."""
    return sorted(name.written if isinstance(name, Name) else name for name in names)


def contact_names(seat: Seat) -> Value:
    """Return the contact's name and id, folded."""
    return folded((seat.contact.name, seat.contact.id))


def promise_of(seat: Seat, invoice: Invoice) -> Value:
    """Return the state of the invoice's newest promise."""
    found = seat.books.promises.get(invoice.id)
    return found[1] if found else "none"


def total_here(seat: Seat, invoice: Invoice) -> Value:
    """Return the invoice's total in the rulebook's currency."""
    return seat.books.converter.amount(
        invoice.total, invoice.currency, invoice.rate, invoice.number or invoice.id
    )


def _law_for(seat: Seat, invoice: Invoice) -> LatePayment | None:
    """Return the table that fits the invoice: all three in one currency."""
    law, here = seat.books.statutory, seat.books.currency
    return law if law is not None and law.currency == invoice.currency == here else None


def statutory_interest(seat: Seat, invoice: Invoice) -> Value:
    """Return the interest that the law gives on what is due."""
    law = _law_for(seat, invoice)
    if law is None:
        return None
    due = invoice.amount_due if is_owed(invoice) else ZERO
    return interest(law, due, invoice.due_on, seat.books.today)


def statutory_compensation(seat: Seat, invoice: Invoice) -> Value:
    """Return the fixed sum that the law gives for the late invoice."""
    law = _law_for(seat, invoice)
    if law is None:
        return None
    if not is_owed(invoice):
        return ZERO
    return compensation(law, invoice.amount_due, invoice.due_on, seat.books.today)
