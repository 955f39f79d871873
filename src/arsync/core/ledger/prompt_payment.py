"""Prompt payment: a customer paid an invoice within so many days, less a discount.

What a customer left open is its discount when it paid all of the rest in time: the money's own day
counts, not the day on which it was matched. A credit note counts whenever it came, because what it
takes off was never owed. What is taken off and not known to have come in time earns nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from arsync.core.ledger.late_debt import FROM_THE_BEGINNING, Reduction
from arsync.core.ledger.money import ZERO, rounded
from arsync.core.ledger.records import Account, DocumentStatus, Invoice


class PromptPayment(NamedTuple):
    """A discount that a customer earned, and took. Amounts are in the invoice's currency."""

    amount: Decimal
    """What is owed net on the invoice still: the discount, or a part of it."""
    paid_on: date
    """The day of the last payment that earned it."""


def prompt_payment(
    invoice: Invoice,
    reductions: Iterable[Reduction],
    *,
    net_due: Decimal,
    percent: Decimal,
    within_days: int,
) -> PromptPayment | None:
    """Return the discount that a customer took on an invoice; None: it took, or earned, none.

    Args:
        invoice: open, as the accounting system has it.
        reductions: what was taken off it, and what unapplied cash covers, each with its day.
        net_due: what is owed on it net.
        percent: the discount, of the invoice's total.
        within_days: the last day to pay on, counted from the issue date.
    """
    discount = rounded(invoice.total * percent / 100, invoice.currency)
    if not 0 < net_due <= discount:
        return None
    last = invoice.issued_on + timedelta(within_days)
    in_time = [reduction for reduction in reductions if reduction.on <= last]
    paid = [reduction.on for reduction in in_time if reduction.on != FROM_THE_BEGINNING]
    settled = sum((reduction.amount for reduction in in_time), ZERO)
    if not paid or settled < invoice.total - discount:
        return None
    return PromptPayment(net_due, max(paid))


def less_discounts(account: Account, discounts: Mapping[str, PromptPayment]) -> Account:
    """Return the account without what customers left open as their discounts, by invoice id.

    An invoice on which nothing else is open counts as paid on the day that earned the discount.
    """
    invoices = (
        _less(invoice, discounts[invoice.id]) if invoice.id in discounts else invoice
        for invoice in account.invoices
    )
    return account._replace(invoices=tuple(invoices))


def _less(invoice: Invoice, discount: PromptPayment) -> Invoice:
    due = invoice.amount_due - discount.amount
    if due > 0:
        # Unapplied cash covers the rest.
        return invoice._replace(amount_due=due)
    return invoice._replace(status=DocumentStatus.PAID, amount_due=ZERO, paid_on=discount.paid_on)
