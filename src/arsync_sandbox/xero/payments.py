"""Payments written and deleted."""

from __future__ import annotations

from decimal import Decimal

from . import wire
from .batches import Batch, Commit
from .documents import XeroCredit, XeroDocument, XeroInvoice, XeroPayment
from .drafts import check_lock, read_day, read_number
from .errors import Invalid
from .forms import Json, payment_fields
from .ledger import XeroLedger
from .organisation import takes_payments
from .postings import post_payment, unpost_payment

TOO_MUCH = "Payment amount exceeds the amount outstanding on this document"

_TYPES = {
    "ACCREC": "ACCRECPAYMENT",
    "ACCPAY": "ACCPAYPAYMENT",
    "ACCRECCREDIT": "ARCREDITPAYMENT",
    "ACCPAYCREDIT": "APCREDITPAYMENT",
    "RECEIVE-PREPAYMENT": "ARPREPAYMENTPAYMENT",
    "SPEND-PREPAYMENT": "APPREPAYMENTPAYMENT",
    "RECEIVE-OVERPAYMENT": "AROVERPAYMENTPAYMENT",
    "SPEND-OVERPAYMENT": "APOVERPAYMENTPAYMENT",
}


def payment_prepare(ledger: XeroLedger, element: Json, batch: Batch) -> Commit:
    """Check an element of /Payments and return what writes it.

    Raises:
        Invalid: with Xero's message.
    """
    if batch.path_id or element.get("PaymentID"):
        return _delete(ledger, element, batch)
    target = _target(ledger, element)
    amount = read_number(element, "Amount")
    if amount is None or amount <= 0:
        raise Invalid("The payment amount must be greater than 0")
    amount = wire.cents(amount)
    if target.status != "AUTHORISED":
        raise Invalid("Payments can only be made against Authorised documents")
    batch.claim("payment", target.id, "The same document cannot be paid twice in one request")
    if amount > _open(target):
        raise Invalid(TOO_MUCH)
    paid_on = read_day(element, "Date") or ledger.today
    check_lock(ledger, paid_on)
    account = element.get("Account") or {}
    code = takes_payments(
        str(account.get("Code") or element.get("Code") or ""), wire.guid(account.get("AccountID"))
    )
    if not code:
        raise Invalid("The account is not one that payments can be made to", inside="Account")
    rate = read_number(element, "CurrencyRate")
    payment = XeroPayment(
        wire.new_guid(),
        target,
        amount,
        paid_on,
        ledger.frame.now(),
        type=_TYPES.get(target.type, "ACCRECPAYMENT"),
        reference=str(element.get("Reference") or ""),
        reconciled=wire.truth(element.get("IsReconciled")),
        account_code=code,
        rate=target.rate if rate is None else wire.rate(rate),
        created_by=batch.client_id,
    )

    def commit() -> Json:
        payment.updated = ledger.stamp()
        post_payment(ledger, payment)
        ledger.note(target.id, f"Payment of {amount} received", "Paid")
        return payment_fields(payment, single=True)

    return commit


def _delete(ledger: XeroLedger, element: Json, batch: Batch) -> Commit:
    id_ = wire.guid(batch.path_id or element.get("PaymentID"))
    payment = ledger.payments.rows.get(id_)
    if payment is None:
        raise Invalid("The document with the supplied id was not found for this endpoint.")
    if element.get("Status") != "DELETED":
        raise Invalid("A payment cannot be changed, only deleted")
    if payment.status == "DELETED":
        raise Invalid("The payment is deleted already")
    check_lock(ledger, payment.paid_on)
    batch.claim("payment", id_, "The payment is deleted already")

    def commit() -> Json:
        unpost_payment(ledger, payment)
        ledger.note(payment.target.id, f"Payment of {payment.amount} deleted", "Payment deleted")
        return payment_fields(payment, single=True)

    return commit


def _target(ledger: XeroLedger, element: Json) -> XeroDocument:
    inside = element.get("Invoice") or {}
    number = inside.get("InvoiceNumber") or element.get("InvoiceNumber")
    document: XeroDocument | None = ledger.invoices.rows.get(wire.guid(inside.get("InvoiceID")))
    if document is None and number:
        document = ledger.numbers.get(str(number))
    for kind, key in (
        ("CreditNotes", "CreditNoteID"),
        ("Prepayments", "PrepaymentID"),
        ("Overpayments", "OverpaymentID"),
    ):
        inside = element.get(kind[:-1]) or {}
        document = document or ledger.credits[kind].rows.get(wire.guid(inside.get(key)))
    if document is None:
        raise Invalid("The document to be paid could not be found", inside="Invoice")
    return document


def _open(target: XeroDocument) -> Decimal:
    if isinstance(target, XeroInvoice):
        return target.due
    return target.remaining if isinstance(target, XeroCredit) else wire.ZERO
