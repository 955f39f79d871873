"""What came for each invoice, and when: the raw material of forecast, provision and roll rates.

Money counts from the day it was paid, whenever somebody matched it; a credit note from the day it
was issued; a void from the day of its last change. So the balance of every earlier day is known
from one reading of the ledger, and what was not matched yet covers the oldest invoices on paper.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, tzinfo
from decimal import Decimal
from typing import NamedTuple

from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.as_of import day_of
from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.late_debt import FROM_THE_BEGINNING, by_payment
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Account, DocumentStatus, Invoice, PaymentStatus


class Settling(NamedTuple):
    """A part of an invoice that was settled."""

    on: date
    amount: Decimal
    is_cash: bool
    """Paid; otherwise credited or voided."""


class InvoiceHistory(NamedTuple):
    """One invoice, and what was settled of it by the end of a day. Money is in `currency`."""

    id: str
    number: str
    contact_id: str
    currency: str
    rate: Decimal | None
    """Base-currency units for one unit of `currency`."""
    issued_on: date
    due_on: date
    total: Decimal
    settled: tuple[Settling, ...]
    """By day; never more than the total."""
    closed_on: date | None
    """The day on which nothing was left."""

    def open_at(self, day: date) -> Decimal:
        """Return what was open at the end of a day; 0 before it was issued."""
        if day < self.issued_on or (self.closed_on is not None and self.closed_on <= day):
            return ZERO
        return self.total - sum(
            (settling.amount for settling in self.settled if settling.on <= day), ZERO
        )

    @property
    def is_paid(self) -> bool:
        """Return whether nothing is left, and at least half of it was paid and not credited."""
        cash = sum((settling.amount for settling in self.settled if settling.is_cash), ZERO)
        return self.closed_on is not None and cash * 2 >= self.total


_ISSUED = frozenset({DocumentStatus.OPEN, DocumentStatus.PAID})


def invoice_histories(view: AccountView, *, zone: tzinfo) -> Iterator[InvoiceHistory]:
    """Yield the history of each invoice of an account that was ever owed.

    Args:
        view: of the account as it stood at the end of the view's day.
        zone: the organisation's; a void counts from its day there.
    """
    matched = _matched(view.account)
    covers = view.cash_covers if view.cash else {}
    for invoice in view.account.invoices:
        if invoice.total <= 0:
            continue
        settlings = matched.get(invoice.id, [])
        remainder = _not_told(
            invoice, sum((settling.amount for settling in settlings), ZERO), settlings, zone
        )
        if remainder is not None:
            cash = [
                Settling(money.dated, amount, money.kind != CreditKind.CREDIT_NOTE)
                for money, amount in covers.get(invoice.id, ())
            ]
            yield _history(invoice, [*settlings, *cash, remainder])


def _matched(account: Account) -> Mapping[str, list[Settling]]:
    """Return, by invoice, the money and credits that were matched to it."""
    matched: dict[str, list[Settling]] = {}
    for payment in account.payments:
        if payment.status == PaymentStatus.ACTIVE:
            for invoice_id, reduction in by_payment(payment):
                # Where its own money does not suffice, a payment of QuickBooks applies a memo.
                is_cash = reduction.on != FROM_THE_BEGINNING
                settling = Settling(payment.paid_on, reduction.amount, is_cash)
                matched.setdefault(invoice_id, []).append(settling)
    for credit in account.credits:
        if credit.status in _ISSUED:
            is_cash = credit.kind != CreditKind.CREDIT_NOTE
            for allocation in credit.allocations:
                settling = Settling(credit.issued_on, allocation.amount, is_cash)
                matched.setdefault(allocation.invoice_id, []).append(settling)
    return matched


def _not_told(
    invoice: Invoice, matched: Decimal, settlings: Sequence[Settling], zone: tzinfo
) -> Settling | None:
    """Return what was settled without a document of its own; None: it was never owed."""
    remainder = max(ZERO, invoice.total - matched)
    if invoice.status == DocumentStatus.OPEN:
        # A journal took it off, or money that is not read: since when, nobody can tell.
        return Settling(invoice.issued_on, max(ZERO, remainder - invoice.amount_due), is_cash=False)
    if invoice.status == DocumentStatus.PAID:
        last = max((settling.on for settling in settlings), default=invoice.issued_on)
        # After a move from another system, books hold paid invoices without their payments.
        return Settling(invoice.paid_on or last, remainder, is_cash=True)
    if invoice.status == DocumentStatus.VOIDED and invoice.updated_at is not None:
        return Settling(day_of(invoice.updated_at, zone), remainder, is_cash=False)
    return None


def _history(invoice: Invoice, settlings: Sequence[Settling]) -> InvoiceHistory:
    remaining, closed_on = invoice.total, None
    settled: list[Settling] = []
    for settling in sorted(settlings):
        # Money that was moved between invoices is matched more than once.
        amount = min(remaining, settling.amount)
        if amount > 0:
            settled.append(settling._replace(amount=amount))
            remaining -= amount
            closed_on = settling.on if remaining == 0 else None
    return InvoiceHistory(
        invoice.id,
        invoice.number or invoice.id,
        invoice.contact_id,
        invoice.currency,
        invoice.rate,
        invoice.issued_on,
        invoice.due_on,
        invoice.total,
        tuple(settled),
        closed_on,
    )
