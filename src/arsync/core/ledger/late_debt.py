"""The debt of one invoice as it ran while it was late: which part of it, and until when.

Interest runs on each part until it is paid, and a fixed sum goes by the debt's size when it became
late. Payments, credits and what they were matched to say how the debt ran:

- money counts from the day it came, the day itself still bearing interest;
- a credit note counts from the beginning: what it takes off was never owed;
- what is missing in the history (more was taken off than is known) counts from the beginning too.

So the debt is never more than what was owed. `is_complete` says whether all of it is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Account, DocumentStatus, Invoice, Payment, PaymentStatus
from arsync.core.ledger.unapplied_cash import Cover

_EVER_OWED = frozenset({DocumentStatus.OPEN, DocumentStatus.PAID})

FROM_THE_BEGINNING = date.min
"""The day of what takes off a debt that was never owed."""


class Reduction(NamedTuple):
    """What was taken off an invoice, and when."""

    on: date
    amount: Decimal


class LatePart(NamedTuple):
    """A part of a debt that was late."""

    amount: Decimal
    until: date | None
    """The day on which it was paid; None while it is owed."""


class LateDebt(NamedTuple):
    """What was owed on an invoice at the end of its due date, and how long."""

    due_on: date
    parts: tuple[LatePart, ...]
    """In the order of payment."""
    is_complete: bool = True
    """False when more was taken off than is known, so that the debt may have been larger."""

    @property
    def at_first(self) -> Decimal:
        """Return what was owed when it became late."""
        return sum((late_part.amount for late_part in self.parts), ZERO)

    def until(self, day: date) -> date:
        """Return the last day up to a day on which anything of it was owed."""
        last = max((late_part.until or day for late_part in self.parts), default=self.due_on)
        return min(last, day)


def reductions_of(account: Account) -> Mapping[str, Sequence[Reduction]]:
    """Return, by invoice id, what was taken off each invoice, as far as it is known."""
    by_invoice: dict[str, list[Reduction]] = {}
    for payment in account.payments:
        if payment.status == PaymentStatus.ACTIVE:
            for invoice_id, reduction in by_payment(payment):
                by_invoice.setdefault(invoice_id, []).append(reduction)
    for credit in account.credits:
        if credit.status not in _EVER_OWED:
            continue
        is_note = credit.kind == CreditKind.CREDIT_NOTE
        # A prepayment was here since its own day, whenever somebody matched it.
        on = FROM_THE_BEGINNING if is_note else credit.issued_on
        for allocation in credit.allocations:
            by_invoice.setdefault(allocation.invoice_id, []).append(
                Reduction(on, allocation.amount)
            )
    return by_invoice


def by_payment(payment: Payment) -> Iterable[tuple[str, Reduction]]:
    """Yield what a payment takes off each invoice, its own money apart from a credit memo's."""
    allocated = sum((allocation.amount for allocation in payment.allocations), ZERO)
    # What a payment matches beyond its own money is a credit memo of QuickBooks, applied by it.
    by_memo = max(ZERO, allocated - (payment.amount - payment.unallocated))
    for allocation in payment.allocations:
        memo = min(by_memo, max(ZERO, allocation.amount))
        by_memo -= memo
        if memo:
            yield allocation.invoice_id, Reduction(FROM_THE_BEGINNING, memo)
        if allocation.amount != memo:
            yield allocation.invoice_id, Reduction(payment.paid_on, allocation.amount - memo)


def by_cash(covers: Iterable[Cover]) -> list[Reduction]:
    """Return what unapplied cash takes off an invoice, since its own day."""
    return [
        Reduction(FROM_THE_BEGINNING if cash.kind == CreditKind.CREDIT_NOTE else cash.dated, amount)
        for cash, amount in covers
    ]


def late_debt(
    invoice: Invoice, reductions: Sequence[Reduction], cash: Sequence[Reduction] = ()
) -> LateDebt:
    """Return how the debt of an invoice ran.

    Args:
        invoice: as the accounting system has it.
        reductions: what was taken off it (see `reductions_of`).
        cash: what of it the customer's unapplied cash covers, since when.
    """
    if invoice.status not in _EVER_OWED:
        return LateDebt(invoice.due_on, ())
    allocated = sum((reduction.amount for reduction in reductions), ZERO)
    due = max(ZERO, invoice.amount_due)
    unknown = invoice.total - due - allocated
    in_order = sorted([*reductions, *cash])
    # Money that was moved between invoices may be known twice: then less is left than is due.
    still_owed = invoice.total - max(ZERO, unknown)
    late_parts: list[LatePart] = []
    for reduction in in_order:
        amount = min(still_owed, reduction.amount)
        if amount <= 0:
            continue
        still_owed -= amount
        if reduction.on > invoice.due_on:
            late_parts.append(LatePart(amount, reduction.on))
    if still_owed > 0:
        late_parts.append(LatePart(still_owed, None if due else invoice.paid_on))
    return LateDebt(invoice.due_on, tuple(late_parts), unknown == 0)
