"""What money does to documents: amounts, statuses and the day of full payment follow from it."""

from __future__ import annotations

import zlib
from datetime import date
from decimal import Decimal

from . import wire
from .documents import XeroAllocation, XeroCredit, XeroDocument, XeroInvoice, XeroPayment
from .ledger import XeroLedger

_PER_POUND = {
    "AED": "4.66",
    "AUD": "1.93",
    "BHD": "0.479",
    "BRL": "7.31",
    "CAD": "1.74",
    "CHF": "1.12",
    "CNY": "9.18",
    "CZK": "29.3",
    "DKK": "8.73",
    "EUR": "1.17",
    "GBP": "1",
    "HKD": "9.92",
    "HUF": "463",
    "IDR": "20650",
    "ILS": "4.71",
    "INR": "106.4",
    "ISK": "176.5",
    "JPY": "190.2",
    "KRW": "1752",
    "KWD": "0.391",
    "MXN": "23.6",
    "MYR": "5.64",
    "NOK": "13.7",
    "NZD": "2.12",
    "PHP": "73.8",
    "PLN": "5.03",
    "SAR": "4.76",
    "SEK": "13.4",
    "SGD": "1.71",
    "THB": "43.2",
    "TRY": "43.5",
    "TWD": "41.1",
    "USD": "1.27",
    "VND": "32300",
    "ZAR": "23.1",
}
"""Units for one pound on any day: day rates that move would make a ledger hard to reckon."""

_CATEGORIES = {
    "CreditNotes": "CREDITNOTE",
    "Prepayments": "PREPAYMENT",
    "Overpayments": "OVERPAYMENT",
}


def rate_for(ledger: XeroLedger, currency: str) -> Decimal:
    """Foreign units for one unit of the base currency, or the reverse by the switch.

    A document whose client sends no CurrencyRate gets Xero's own day rate. A foreign currency never
    gets 1 here: a client that takes foreign money for its own would look right.
    """
    base = ledger.base_currency
    if currency in {"", base}:
        return wire.ONE
    per_base = _per_pound(currency) / _per_pound(base)
    return wire.rate(per_base if ledger.setting("rate_per_base") else 1 / per_base)


def _per_pound(currency: str) -> Decimal:
    if currency in _PER_POUND:
        return Decimal(_PER_POUND[currency])
    # Any other code gets a rate of its own, the same in each run and far from those of the table.
    return 50 + Decimal(zlib.crc32(currency.encode()) % 10**6) / 1000


def add_invoice(ledger: XeroLedger, invoice: XeroInvoice) -> None:
    """Put an invoice into the ledger and with its contact."""
    ledger.invoices.add(invoice)
    if invoice.type == "ACCREC" and invoice.number:
        ledger.numbers.setdefault(invoice.number, invoice)
    invoice.contact.invoices.append(invoice)
    invoice.contact.cache.clear()
    ledger.contacts.touch()
    ledger.currencies[invoice.currency] = None


def add_credit(ledger: XeroLedger, credit: XeroCredit) -> None:
    """Put a credit note, prepayment or overpayment into the ledger."""
    ledger.credits[credit.kind].add(credit)
    credit.contact.credits.append(credit)
    ledger.currencies[credit.currency] = None


def settle(ledger: XeroLedger, invoice: XeroInvoice, *, bump: bool = True) -> None:
    """Let amount due, status and FullyPaidOnDate follow from what is paid and credited."""
    # Once money moves, the ledger's own sums take the place of those that were loaded.
    for key in ("AmountDue", "AmountPaid", "AmountCredited", "FullyPaidOnDate", "Status"):
        invoice.odd.pop(key, None)
    invoice.due = invoice.total - invoice.paid - invoice.credited
    if invoice.status in {"AUTHORISED", "PAID"}:
        was_paid = invoice.status == "PAID"
        invoice.status = "PAID" if invoice.due <= 0 else "AUTHORISED"
        if invoice.status == "AUTHORISED":
            invoice.fully_paid_on = None
        elif not was_paid or invoice.fully_paid_on is None:
            invoice.fully_paid_on = _last_day(invoice) or ledger.today
    else:
        invoice.due = wire.ZERO if invoice.status in {"VOIDED", "DELETED"} else invoice.due
    ledger.changed(invoice, bump=bump)


def _last_day(invoice: XeroInvoice) -> date | None:
    days = [p.paid_on for p in invoice.payments if p.status == "AUTHORISED" and p.paid_on]
    days += [allocation.on for allocation in invoice.allocations]
    return max(days, default=None)


def post_payment(ledger: XeroLedger, payment: XeroPayment, *, bump: bool = True) -> None:
    """Record a payment of an invoice, or a refund of a credit."""
    ledger.payments.add(payment)
    target = payment.target
    target.payments.append(payment)
    if payment.status != "AUTHORISED":
        return
    if isinstance(target, XeroInvoice):
        # The payment of an invoice that was loaded as paid: it explains, and pays nothing more.
        recorded = min(payment.amount, target.unrecorded)
        target.unrecorded -= recorded
        if recorded and target.status == "PAID":
            target.fully_paid_on = payment.paid_on or target.fully_paid_on
        target.paid += payment.amount - recorded
        settle(ledger, target, bump=bump)
    elif isinstance(target, XeroCredit):
        target.remaining -= payment.amount
        settle_credit(ledger, target, bump=bump)
    payment_event(ledger, target)


def unpost_payment(ledger: XeroLedger, payment: XeroPayment) -> None:
    """Delete a payment: the invoice is owed again."""
    payment.status = "DELETED"
    ledger.changed(payment)
    target = payment.target
    if isinstance(target, XeroInvoice):
        target.paid -= payment.amount
        settle(ledger, target)
    elif isinstance(target, XeroCredit):
        target.remaining += payment.amount
        settle_credit(ledger, target)
    payment_event(ledger, target)


def payment_event(ledger: XeroLedger, target: XeroDocument) -> None:
    """There is no PAYMENT category: at best the document's own event tells of it."""
    if not ledger.setting("payment_fires_webhook"):
        return
    if isinstance(target, XeroInvoice):
        ledger.event("INVOICE", "UPDATE", target)
    elif isinstance(target, XeroCredit):
        credit_event(ledger, target, "UPDATE")


def credit_event(ledger: XeroLedger, credit: XeroCredit, kind: str) -> None:
    """Remember a webhook event of a credit."""
    ledger.event(_CATEGORIES[credit.kind], kind, credit)


def settle_credit(ledger: XeroLedger, credit: XeroCredit, *, bump: bool = True) -> None:
    """A credit with nothing left is PAID, and AUTHORISED again when something comes back."""
    credit.odd.pop("RemainingCredit", None)
    if credit.status in {"AUTHORISED", "PAID"}:
        credit.status = "AUTHORISED" if credit.remaining > 0 else "PAID"
        credit.fully_paid_on = None if credit.remaining > 0 else ledger.today
    ledger.changed(credit, bump=bump)


def allocate(ledger: XeroLedger, allocation: XeroAllocation, *, bump: bool = True) -> None:
    """Apply an amount of a credit to an invoice."""
    credit, invoice = allocation.credit, allocation.invoice
    credit.allocations.append(allocation)
    invoice.allocations.append(allocation)
    credit.remaining -= allocation.amount
    invoice.credited += allocation.amount
    settle_credit(ledger, credit, bump=bump)
    settle(ledger, invoice, bump=bump)
    payment_event(ledger, invoice)


def unallocate(ledger: XeroLedger, allocation: XeroAllocation) -> None:
    """Take an allocation back."""
    credit, invoice = allocation.credit, allocation.invoice
    credit.allocations.remove(allocation)
    invoice.allocations.remove(allocation)
    credit.remaining += allocation.amount
    invoice.credited -= allocation.amount
    settle_credit(ledger, credit)
    settle(ledger, invoice)
    payment_event(ledger, invoice)
