"""The facts of one invoice, one row each."""

from __future__ import annotations

from datetime import date

from arsync.core.ledger.account_view import ContactView, days_overdue, summed
from arsync.core.ledger.agreements.promises import OPEN
from arsync.core.ledger.late_payment_law import LatePayment, compensation, interest
from arsync.core.ledger.records import DocumentStatus, Invoice, Payment, PaymentStatus
from arsync.core.rulebook.facts import movement
from arsync.core.rulebook.facts.contact_facts import NO_RATE, PROMISES
from arsync.core.rulebook.facts.dispute_facts import INVOICE_DISPUTES
from arsync.core.rulebook.facts.field import (
    ANY_NUMBER,
    FROM_0,
    FactKind,
    Field,
    OwnActions,
    Value,
)
from arsync.core.rulebook.facts.movement import GROWS, STILL, CountsDown, CountsUp, OnDays
from arsync.core.rulebook.facts.placement_facts import INVOICE_PLACEMENTS
from arsync.core.rulebook.facts.watching_facts import INVOICE_WATCHING

NET_INVOICE = "the invoice, unapplied cash and disputes"
NO_TABLE = "the rulebook's table has no entry for it, or is in another currency"


def invoice_last_reminder(view: ContactView, invoice: Invoice) -> Value:
    """Return the days since the last message about the invoice."""
    steps = view.account_view.sent.get(invoice.id, ())
    days = [(view.account_view.today - step.on).days for step in steps if step.moment]
    return min(days, default=None)


def invoice_highest_step(view: ContactView, invoice: Invoice) -> Value:
    """Return the day of the highest step taken for the invoice."""
    return max(
        (sent_step.day for sent_step in view.account_view.sent.get(invoice.id, ())), default=None
    )


def promise_of(view: ContactView, invoice: Invoice) -> Value:
    """Return the state of the promise that counts for the invoice."""
    judged = view.account_view.promises.get(invoice.id)
    return judged.state if judged else "none"


def promised_day(view: ContactView, invoice: Invoice) -> date | None:
    """Return the day for which the invoice is promised, while the money is to come."""
    judged = view.account_view.promises.get(invoice.id)
    return judged.promise.promised_on if judged is not None and judged.state == OPEN else None


def days_until_promised_day(view: ContactView, invoice: Invoice) -> Value:
    """Return the days until the day for which the invoice is promised."""
    day = promised_day(view, invoice)
    return None if day is None else (day - view.account_view.today).days


def asked_due(view: ContactView, invoice: Invoice) -> Value:
    """Return what is asked for on the invoice; what is owed on it while all is disputed."""
    account_view = view.account_view
    if invoice.id in account_view.in_dispute:
        invoice = account_view.less_disputed_part(invoice)
    return account_view.due_here(invoice)


def document_due(view: ContactView, invoice: Invoice) -> Value:
    """Return what is due on the invoice itself, in the rulebook's currency."""
    return view.account_view.due_here(view.account_view.document_of(invoice))


def first_seen(view: ContactView, invoice: Invoice) -> date | None:
    """Return the day on which the invoice was first seen; None: not known."""
    return view.account_view.account.first_seen.get(invoice.id)


def days_since_seen(view: ContactView, invoice: Invoice) -> Value:
    """Return the days since the invoice was first seen."""
    seen_on, today = first_seen(view, invoice), view.account_view.today
    # Asked about a day before, nothing was known of it.
    return None if seen_on is None or seen_on > today else (today - seen_on).days


def folded_text(text: str) -> Value:
    """Return a text as conditions compare it; None for an empty one."""
    return " ".join(text.split()).casefold() or None


def total_here(view: ContactView, invoice: Invoice) -> Value:
    """Return the invoice's total in the rulebook's currency."""
    return view.account_view.converter.amount(
        invoice.total, invoice.currency, invoice.rate, invoice.number or invoice.id
    )


def days_late_paid(_view: ContactView, invoice: Invoice) -> Value:
    """Return how many days after its due date the invoice was paid in full; None: it is not."""
    if invoice.paid_on is None or invoice.status != DocumentStatus.PAID:
        return None
    return max(0, (invoice.paid_on - invoice.due_on).days)


def paid_that_day(view: ContactView, invoice: Invoice) -> Value:
    """Return what the customer paid on the day on which the invoice was paid in full."""
    if invoice.paid_on is None or invoice.status != DocumentStatus.PAID:
        return None
    return summed(
        view.account_view.converter.amount(
            payment.amount, payment.currency, payment.rate, payment.reference or payment.id
        )
        for payment in payments_of(view, invoice.paid_on)
    )


def payments_of(view: ContactView, day: date) -> list[Payment]:
    """Return what the contact, and those whose bills it pays, paid on a day."""
    return [
        payment
        for payment in view.account_view.account.payments
        if payment.paid_on == day
        and payment.status == PaymentStatus.ACTIVE
        and payment.amount > 0
        and view.counts(payment.contact_id)
    ]


def _law_for(view: ContactView, invoice: Invoice) -> LatePayment | None:
    """Return the table that fits the invoice: all three in one currency."""
    # No amount of the law is converted: it may turn out less than the law gives, but never more.
    law, here = view.account_view.statutory, view.account_view.currency
    return law if law is not None and law.currency == invoice.currency == here else None


def statutory_interest(view: ContactView, invoice: Invoice) -> Value:
    """Return the interest that the law gives on the debt as it ran."""
    law = _law_for(view, invoice)
    if law is None:
        return None
    return interest(law, view.account_view.late_debt(invoice), view.account_view.today)


def statutory_compensation(view: ContactView, invoice: Invoice) -> Value:
    """Return the fixed sum that the law gives for the late invoice."""
    law = _law_for(view, invoice)
    if law is None:
        return None
    return compensation(law, view.account_view.late_debt(invoice), view.account_view.today)


INVOICE_FACTS: tuple[Field, ...] = (
    Field(
        "amount_due",
        "invoice",
        FactKind.AMOUNT,
        "the amount owed net: due on the invoice, less the unapplied cash that covers it, and less"
        " the part that is disputed",
        NET_INVOICE,
        asked_due,
        phrase="{} due",
        bounds=FROM_0,
        moves=STILL,
        unknown=NO_RATE,
        example="{less_than: 10}",
    ),
    Field(
        "net_amount_due",
        "invoice",
        FactKind.AMOUNT,
        "the same as amount_due",
        NET_INVOICE,
        asked_due,
        phrase="{} due",
        bounds=FROM_0,
        moves=STILL,
        unknown=NO_RATE,
        example="{at_least: 500}",
    ),
    Field(
        "document_amount_due",
        "invoice",
        FactKind.AMOUNT,
        "the amount due on the invoice, with nothing taken off",
        "the invoice",
        document_due,
        phrase="{} due, no unapplied cash taken off",
        bounds=FROM_0,
        moves=STILL,
        unknown=NO_RATE,
        example="{at_least: 500}",
    ),
    Field(
        "total",
        "invoice",
        FactKind.AMOUNT,
        "the invoice total",
        "the invoice",
        total_here,
        phrase="a total of {}",
        bounds=ANY_NUMBER,
        moves=STILL,
        unknown=NO_RATE,
        example="{at_least: 10000}",
    ),
    Field(
        "days_overdue",
        "invoice",
        FactKind.DAYS,
        "days since the due date, 0 when not yet due",
        "the invoice",
        lambda s, i: days_overdue(i, s.account_view.today),
        phrase="{} overdue",
        is_tolerated=True,
        bounds=FROM_0,
        moves=CountsUp(lambda _, i: i.due_on),
        example="{at_least: 30}",
    ),
    Field(
        "days_until_due",
        "invoice",
        FactKind.DAYS,
        "days until the due date, 0 once it is due",
        "the invoice",
        lambda s, i: max(0, (i.due_on - s.account_view.today).days),
        phrase="due in {}",
        bounds=FROM_0,
        moves=CountsDown(lambda _, i: i.due_on),
        example="{at_most: 3}",
    ),
    Field(
        "days_since_issued",
        "invoice",
        FactKind.DAYS,
        "days since it was issued",
        "the invoice",
        lambda s, i: max(0, (s.account_view.today - i.issued_on).days),
        phrase="issued {} ago",
        bounds=FROM_0,
        moves=CountsUp(lambda _, i: i.issued_on),
        example="{less_than: 7}",
    ),
    Field(
        "days_since_seen",
        "invoice",
        FactKind.DAYS,
        "days since it was first seen in the accounting system",
        "the day on which a pull brought it",
        days_since_seen,
        phrase="first seen {} ago",
        bounds=FROM_0,
        moves=CountsUp(first_seen),
        unknown="it was there when the ledger was first read",
        example="{at_least: 7}",
    ),
    Field(
        "days_late",
        "invoice",
        FactKind.DAYS,
        "how many days after its due date it was paid in full, 0 when in time",
        "the invoice and its payments",
        days_late_paid,
        phrase="paid {} late",
        is_tolerated=True,
        bounds=FROM_0,
        moves=STILL,
        unknown="it is not paid in full",
        example="{at_most: 0}",
    ),
    Field(
        "amount_paid",
        "invoice",
        FactKind.AMOUNT,
        "what the customer paid on the day on which the invoice was paid in full, in all",
        "the customer's payments",
        paid_that_day,
        phrase="{} paid that day",
        bounds=FROM_0,
        moves=STILL,
        unknown="the invoice is not paid in full, or no exchange rate was recorded",
        example="{at_least: 1000}",
    ),
    Field(
        "partly_paid",
        "invoice",
        FactKind.YES_NO,
        "whether it is partly paid or credited",
        "the invoice",
        lambda s, i: 0 < s.account_view.document_of(i).amount_due < i.total,
        phrase="partly paid|nothing paid yet",
        moves=STILL,
        example="yes",
    ),
    Field(
        "sent",
        "invoice",
        FactKind.YES_NO,
        "whether it was sent to the customer",
        "the invoice",
        lambda _, i: i.sent,
        phrase="sent to the customer|not sent to the customer",
        moves=STILL,
        unknown="the platform does not report it",
        example="no",
    ),
    Field(
        "reference",
        "invoice",
        FactKind.TEXT,
        "the reference on it, such as the customer's order number",
        "the invoice",
        lambda _, i: folded_text(i.customers_reference),
        phrase="reference {}",
        moves=STILL,
        unknown="it has none",
        example="unknown",
    ),
    Field(
        "currency",
        "invoice",
        FactKind.TEXT,
        "the invoice's currency, three letters",
        "the invoice",
        lambda _, i: i.currency.casefold(),
        phrase="currency {}",
        moves=STILL,
        example="USD",
    ),
    Field(
        "promise_to_pay",
        "invoice",
        FactKind.CHOICE,
        "its latest promise to pay, or expected payment date in Xero",
        "promises, expected payment dates in Xero, and payments",
        promise_of,
        phrase="promise to pay: {}",
        moves=STILL,
        choices=PROMISES,
        example="broken",
    ),
    Field(
        "days_until_promise",
        "invoice",
        FactKind.DAYS,
        "days until the day it is promised for; negative when it has passed, while grace runs",
        "promises, and expected payment dates in Xero",
        days_until_promised_day,
        phrase="{} until the promised day",
        bounds=ANY_NUMBER,
        moves=CountsDown(promised_day),
        unknown="it is not promised for a day to come",
        example="{at_most: 2}",
    ),
    *INVOICE_DISPUTES,
    *INVOICE_PLACEMENTS,
    *INVOICE_WATCHING,
    Field(
        "days_since_last_reminder",
        "invoice",
        FactKind.DAYS,
        "days since the last message about it",
        "what arsync sent",
        invoice_last_reminder,
        phrase="{} since the last reminder",
        bounds=FROM_0,
        moves=CountsUp(),
        changed_by=OwnActions.MESSAGES,
        unknown="nothing was sent yet",
        example="{at_least: 14}",
    ),
    Field(
        "highest_step_sent",
        "invoice",
        FactKind.DAYS,
        "the day of the highest step taken for it",
        "what arsync sent",
        invoice_highest_step,
        phrase="reminded up to day {}",
        bounds=ANY_NUMBER,
        moves=STILL,
        changed_by=OwnActions.MESSAGES,
        unknown="nothing was sent yet",
        example="{at_least: 30}",
    ),
    Field(
        "statutory_interest",
        "invoice",
        FactKind.AMOUNT,
        "statutory interest on what was late, each part until it was paid",
        "the invoice, and the rates under statutory of the rulebook",
        statutory_interest,
        phrase="statutory interest of {}",
        bounds=FROM_0,
        moves=GROWS,
        unknown=NO_TABLE,
        example="{at_least: 10}",
    ),
    Field(
        "statutory_compensation",
        "invoice",
        FactKind.AMOUNT,
        "the statutory fixed sum for a late invoice, by what was owed when it became late",
        "the invoice, and the fixed sums under statutory of the rulebook",
        statutory_compensation,
        phrase="a statutory fixed sum of {}",
        bounds=FROM_0,
        moves=OnDays(movement.own_overdue),
        unknown=NO_TABLE,
        example="{at_least: 40}",
    ),
)
