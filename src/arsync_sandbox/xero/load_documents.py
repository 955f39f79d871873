"""Documents in Xero's own JSON, taken as they are: amounts given win over arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from . import wire
from .documents import (
    XeroAllocation,
    XeroContact,
    XeroCredit,
    XeroDocument,
    XeroGroup,
    XeroInvoice,
    XeroLine,
    XeroPayment,
)
from .ledger import XeroLedger
from .load import Reader, read_fields
from .postings import add_credit, add_invoice, allocate, post_payment, rate_for

Json = dict[str, Any]


def _money(value: Any) -> Decimal:
    return wire.cents(wire.number(value))


def _rate(value: Any) -> Decimal:
    return wire.rate(wire.number(value))


_DOCUMENT: dict[str, tuple[str, Reader]] = {
    "Type": ("type", str),
    "Status": ("status", str),
    "Reference": ("reference", str),
    "Date": ("issued_on", wire.read_day),
    "DueDate": ("due_on", wire.read_day),
    "FullyPaidOnDate": ("fully_paid_on", wire.read_day),
    "LineAmountTypes": ("line_amount_types", str),
    "CurrencyCode": ("currency", str),
    "CurrencyRate": ("rate", _rate),
    "SubTotal": ("sub_total", _money),
    "TotalTax": ("total_tax", _money),
    "Total": ("total", _money),
    "BrandingThemeID": ("theme", wire.guid),
    "SentToContact": ("sent", wire.truth),
    "UpdatedDateUTC": ("updated", wire.read_moment),
}
_INVOICE: dict[str, tuple[str, Reader]] = {
    **_DOCUMENT,
    "InvoiceNumber": ("number", str),
    "AmountDue": ("due", _money),
    "AmountPaid": ("paid", _money),
    "AmountCredited": ("credited", _money),
    "ExpectedPaymentDate": ("expected_on", wire.read_day),
    "PlannedPaymentDate": ("planned_on", wire.read_day),
    "Url": ("url", str),
    "RepeatingInvoiceID": ("repeating_id", wire.guid),
}
_CREDIT: dict[str, tuple[str, Reader]] = {
    **_DOCUMENT,
    "CreditNoteNumber": ("number", str),
    "InvoiceNumber": ("number", str),
    "RemainingCredit": ("remaining", _money),
}
_CONTACT: dict[str, tuple[str, Reader]] = {
    "Name": ("name", str),
    "ContactStatus": ("status", str),
    "ContactNumber": ("number", str),
    "AccountNumber": ("account_number", str),
    "FirstName": ("first_name", str),
    "LastName": ("last_name", str),
    "CompanyNumber": ("company_number", str),
    "EmailAddress": ("email", str),
    "DefaultCurrency": ("currency", str),
    "MergedToContactID": ("merged_to", wire.guid),
    "ContactPersons": ("persons", list),
    "Addresses": ("addresses", list),
    "Phones": ("phones", list),
    "PaymentTerms": ("terms", dict),
    "UpdatedDateUTC": ("updated", wire.read_moment),
}
_PAYMENT: dict[str, tuple[str, Reader]] = {
    "Date": ("paid_on", wire.read_day),
    "Amount": ("amount", _money),
    "BankAmount": ("bank_amount", _money),
    "CurrencyRate": ("rate", _rate),
    "Reference": ("reference", str),
    "IsReconciled": ("reconciled", wire.truth),
    "Status": ("status", str),
    "PaymentType": ("type", str),
    "UpdatedDateUTC": ("updated", wire.read_moment),
}
_DERIVED = frozenset(
    {"DateString", "DueDateString", "UpdatedDateUTCString", "HasAttachments", "HasErrors"}
    | {"HasValidationErrors", "IsDiscounted", "Contact", "LineItems", "Payments", "Attachments"}
    | {"CreditNotes", "Prepayments", "Overpayments", "ContactGroups", "Balances", "Allocations"}
    | {"IsCustomer", "IsSupplier", "InvoiceID", "ContactID", "PaymentID", "Invoice", "Account"}
    | {"CreditNoteID", "PrepaymentID", "OverpaymentID", "CreditNote", "Prepayment", "Overpayment"}
    | {"BankAccountDetails", "SalesTrackingCategories", "PurchasesTrackingCategories"}
    | {"HasAccount", "AppliedAmount"}
)
SERVED_AS_LOADED = ("BatchPayments", "RepeatingInvoices", "Items", "BankTransactions")
_CREDIT_KEYS = {
    "CreditNotes": ("CreditNoteID", "ACCRECCREDIT"),
    "Prepayments": ("PrepaymentID", "RECEIVE-PREPAYMENT"),
    "Overpayments": ("OverpaymentID", "RECEIVE-OVERPAYMENT"),
}


def load_documents(ledger: XeroLedger, documents: dict[str, list[Json]]) -> None:
    """Take lists of documents by the key that Xero's answers have for them.

    Raises:
        ValueError: an unknown key, or a document without what makes it one.
    """
    takers: dict[str, Callable[[XeroLedger, Json], object]] = {
        "Organisations": _take_organisation,
        "Contacts": take_contact,
        "ContactGroups": _take_group,
        "Invoices": _take_invoice,
        **{kind: _credit_taker(kind) for kind in _CREDIT_KEYS},
        "Payments": _take_payment,
        **{kind: _keeper(kind) for kind in SERVED_AS_LOADED},
    }
    if unknown := set(documents) - set(takers):
        kinds = ", ".join(takers)
        raise ValueError(f"Xero has no {', '.join(sorted(unknown))} here; there are: {kinds}")
    # One moment for all: a stamp each would run ahead of the clock.
    ledger.load_moment = ledger.stamp()
    for key, take in takers.items():
        for document in documents.get(key, []):
            take(ledger, document)


def _take_organisation(ledger: XeroLedger, document: Json) -> None:
    ledger.organisation_fields.update(document)


def _keeper(kind: str) -> Callable[[XeroLedger, Json], None]:
    def keep(ledger: XeroLedger, document: Json) -> None:
        ledger.loaded[kind].append(document)

    return keep


def take_contact(ledger: XeroLedger, document: Json) -> XeroContact:
    """Take a contact; one that is there already is brought up to date."""
    id_ = ledger.alias("contact", str(document.get("ContactID") or wire.new_guid()))
    contact = ledger.contacts.rows.get(id_)
    if contact is None:
        contact = XeroContact(id_, str(document.get("Name") or ""), ledger.load_moment)
    read_fields(document, contact, _CONTACT, leave=_DERIVED)
    ledger.contacts.add(contact)
    ledger.changed(contact, bump=False)
    ledger.saw(contact.updated)
    for group in document.get("ContactGroups") or []:
        _take_group(ledger, {**group, "Contacts": [{"ContactID": id_}]})
    return contact


def _take_group(ledger: XeroLedger, document: Json) -> None:
    name = str(document.get("Name") or "")
    id_ = ledger.alias("group", str(document.get("ContactGroupID") or name))
    group = ledger.groups.setdefault(id_, XeroGroup(id_, name, document.get("Status") or "ACTIVE"))
    for member in document.get("Contacts") or []:
        contact = ledger.contacts.rows.get(ledger.resolve("contact", str(member["ContactID"])))
        if contact and contact.id not in group.members:
            group.members[contact.id] = contact
            contact.groups.append(group)
            contact.cache.clear()


def _take_invoice(ledger: XeroLedger, document: Json) -> None:
    id_ = ledger.alias("invoice", str(document.get("InvoiceID") or wire.new_guid()))
    if id_ in ledger.invoices.rows:
        raise ValueError(f"invoice {id_} is there already")
    invoice = XeroInvoice(
        id=id_,
        type="ACCREC",
        status="AUTHORISED",
        contact=_contact_of(ledger, document),
        updated=ledger.load_moment,
    )
    _read_document(ledger, document, invoice, _INVOICE)
    told_amounts = {
        key for key in ("AmountPaid", "AmountCredited") if document.get(key) is not None
    }
    invoice.unrecorded = invoice.paid
    invoice.unrecorded_credit = invoice.credited
    if document.get("AmountDue") is None and "AmountDue" not in invoice.odd:
        open_ = invoice.status not in {"VOIDED", "DELETED"}
        if invoice.status == "PAID" and not told_amounts:
            invoice.paid = invoice.unrecorded = invoice.total
        invoice.due = invoice.total - invoice.paid - invoice.credited if open_ else wire.ZERO
    if not invoice.number and invoice.type == "ACCREC" and "InvoiceNumber" not in document:
        invoice.number = ledger.take_number()
    add_invoice(ledger, invoice)
    for payment in document.get("Payments") or []:
        _take_payment(ledger, {**payment, "Invoice": {"InvoiceID": id_}})


def _credit_taker(kind: str) -> Callable[[XeroLedger, Json], None]:
    id_key, type_ = _CREDIT_KEYS[kind]

    def take(ledger: XeroLedger, document: Json) -> None:
        id_ = ledger.alias(kind, str(document.get(id_key) or wire.new_guid()))
        credit = XeroCredit(
            id=id_,
            kind=kind,
            type=type_,
            status="AUTHORISED",
            contact=_contact_of(ledger, document),
            updated=ledger.load_moment,
        )
        _read_document(ledger, document, credit, _CREDIT)
        # Allocations reduce what remains; a given RemainingCredit, which counts them, is set after.
        amount = credit.remaining if document.get("RemainingCredit") is not None else None
        credit.remaining = credit.total
        add_credit(ledger, credit)
        for row in document.get("Allocations") or []:
            _take_allocation(ledger, credit, row)
        if amount is not None:
            credit.remaining = amount
        if document.get("Status"):
            credit.status = str(document["Status"])
        ledger.changed(credit, bump=False)

    return take


def _take_allocation(ledger: XeroLedger, credit: XeroCredit, row: Json) -> None:
    name = str((row.get("Invoice") or {}).get("InvoiceID") or "")
    invoice = ledger.invoices.rows.get(ledger.resolve("invoice", name))
    if invoice is None:
        raise ValueError(f"allocation of {credit.id}: no invoice {name}")
    on = wire.read_day(row["Date"]) if row.get("Date") else credit.issued_on or ledger.today
    id_ = ledger.alias("allocation", str(row.get("AllocationID") or wire.new_guid()))
    allocation = XeroAllocation(id_, _money(row["Amount"]), on, credit, invoice)
    # The allocation explains credit that the invoice was loaded with, and is no further credit.
    amount = min(invoice.unrecorded_credit, allocation.amount)
    invoice.unrecorded_credit -= amount
    invoice.credited -= amount
    allocate(ledger, allocation, bump=False)


def _take_payment(ledger: XeroLedger, document: Json) -> None:
    target = _target_of(ledger, document)
    id_ = ledger.alias("payment", str(document.get("PaymentID") or wire.new_guid()))
    if id_ in ledger.payments.rows:
        return
    payment = XeroPayment(id_, target, wire.ZERO, None, ledger.load_moment, rate=target.rate)
    if not isinstance(target, XeroInvoice):
        payment.type = "ARCREDITPAYMENT"
    elif target.type == "ACCPAY":
        payment.type = "ACCPAYPAYMENT"
    payment.account_code = str((document.get("Account") or {}).get("Code") or "")
    read_fields(document, payment, _PAYMENT, leave=_DERIVED)
    ledger.saw(payment.updated)
    post_payment(ledger, payment, bump=False)


def _target_of(ledger: XeroLedger, document: Json) -> XeroDocument:
    inside = document.get("Invoice")
    if inside:
        invoice = ledger.invoices.rows.get(ledger.resolve("invoice", str(inside.get("InvoiceID"))))
        if invoice:
            return invoice
    for kind, (id_key, _) in _CREDIT_KEYS.items():
        inside = document.get(kind[:-1])
        if inside:
            credit = ledger.credits[kind].rows.get(ledger.resolve(kind, str(inside.get(id_key))))
            if credit:
                return credit
    raise ValueError(f"payment {document.get('PaymentID')}: its document is not loaded")


def _read_document(
    ledger: XeroLedger, document: Json, into: XeroDocument, table: dict[str, tuple[str, Reader]]
) -> None:
    # The plain form is enough: recorded documents have both, written ones often only this.
    for key in ("Date", "DueDate"):
        if not document.get(key) and document.get(f"{key}String"):
            document = {**document, key: document[f"{key}String"]}
    read_fields(document, into, table, leave=_DERIVED)
    into.currency = into.currency or ledger.base_currency
    if "CurrencyRate" not in document:
        into.rate = rate_for(ledger, into.currency)
    if "SubTotal" not in document:
        into.sub_total = into.total - into.total_tax
    if "CurrencyCode" in document and not document["CurrencyCode"]:
        into.odd["CurrencyCode"] = document["CurrencyCode"]
    into.lines = [_line(row) for row in document.get("LineItems") or []]
    ledger.saw(into.updated)


def _line(row: Json) -> XeroLine:
    line = XeroLine(wire.guid(row.get("LineItemID")) or wire.new_guid())
    line.description = str(row.get("Description") or "")
    line.account_code = str(row.get("AccountCode") or "")
    line.tax_type = str(row.get("TaxType") or "")
    for key, name in (
        ("Quantity", "quantity"),
        ("UnitAmount", "unit_amount"),
        ("LineAmount", "line_amount"),
        ("TaxAmount", "tax_amount"),
    ):
        if row.get(key) is not None:
            setattr(line, name, wire.number(row[key]))
    return line


def _contact_of(ledger: XeroLedger, document: Json) -> XeroContact:
    inside: Json = document.get("Contact") or {}
    name = str(inside.get("ContactID") or "")
    contact = ledger.contacts.rows.get(ledger.resolve("contact", name)) if name else None
    if contact is not None:
        return contact
    if not name:
        raise ValueError("a document without Contact.ContactID cannot be loaded")
    return take_contact(ledger, {"ContactID": name, "Name": inside.get("Name") or name})
