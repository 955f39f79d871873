"""Invoices, payments and credits as events."""

from __future__ import annotations

from collections.abc import Iterator

from arsync.application.timeline.events import TimelineEvent, TimelineSubject
from arsync.core.ledger.money import shown
from arsync.core.ledger.records import DocumentStatus, PaymentStatus, RecordKind


def invoice_events(subject: TimelineSubject) -> Iterator[TimelineEvent]:
    """Yield when each invoice was issued, and when it was paid in full."""
    for invoice in subject.invoices.values():
        numbers = (invoice.number or invoice.id,)
        status = DocumentStatus(invoice.status)
        if status is DocumentStatus.DRAFT:
            continue
        ended = "" if status in {DocumentStatus.OPEN, DocumentStatus.PAID} else f", {status}"
        text = (
            f"{numbers[0]} issued, {shown(invoice.total, invoice.currency)}, due {invoice.due_on}"
        )
        yield TimelineEvent(invoice.issued_on, "invoice", text + ended, invoices=numbers)
        if invoice.paid_on is not None:
            yield TimelineEvent(
                invoice.paid_on, "invoice", f"{numbers[0]} paid in full", invoices=numbers
            )


def payment_events(subject: TimelineSubject) -> Iterator[TimelineEvent]:
    """Yield each payment, and what it paid."""
    organisation = subject.organisation
    for payment in organisation.store.ledger.of_contacts(
        organisation.id, RecordKind.PAYMENTS, subject.ids
    ):
        numbers = subject.numbers(line.invoice_id for line in payment.allocations)
        paid = f" for {', '.join(numbers)}" if numbers else ", matched to no invoice"
        ended = "" if payment.status == PaymentStatus.ACTIVE else f" ({payment.status})"
        text = f"{shown(payment.amount, payment.currency)} received{paid}{ended}"
        yield TimelineEvent(payment.paid_on, "payment", text, invoices=numbers)


def credit_events(subject: TimelineSubject) -> Iterator[TimelineEvent]:
    """Yield each credit note, prepayment and overpayment."""
    organisation = subject.organisation
    for credit in organisation.store.ledger.of_contacts(
        organisation.id, RecordKind.CREDITS, subject.ids
    ):
        if credit.status == DocumentStatus.DRAFT:
            continue
        numbers = subject.numbers(
            line.invoice_id for line in credit.allocations if not line.is_refund
        )
        used = f" for {', '.join(numbers)}" if numbers else ""
        name = f"{credit.kind} {credit.number}".strip()
        text = f"{name}, {shown(credit.total, credit.currency)}{used}"
        yield TimelineEvent(credit.issued_on, "credit", text, invoices=numbers)
        for line in credit.allocations:
            if line.is_refund:
                back = f"{shown(line.amount, credit.currency)} of {name} paid back"
                yield TimelineEvent(line.allocated_on, "credit", back)
