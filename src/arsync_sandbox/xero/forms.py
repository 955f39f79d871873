"""Records as Xero serves them: each kind in its list, short, summary and single form."""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from . import wire
from .documents import (
    XeroAllocation,
    XeroAttachment,
    XeroContact,
    XeroCredit,
    XeroDocument,
    XeroGroup,
    XeroInvoice,
    XeroLine,
    XeroNote,
    XeroPayment,
)
from .ledger import XeroLedger

Json = dict[str, Any]

ODD_ONE_IN = 40
"""With `xero_odd_documents`, one record in this many (by its id) has an unknown enum value."""

_THEMED = frozenset({"ACCREC", "ACCRECCREDIT"})
STANDARD_THEME = wire.mapped_guid("theme", "Standard")
"""The branding theme of a document to which no other was given."""

_CREDIT_ID = {
    "CreditNotes": "CreditNoteID",
    "Prepayments": "PrepaymentID",
    "Overpayments": "OverpaymentID",
}


def envelope(app_name: str, now_ms: int) -> Json:
    """The keys that begin every answer."""
    return {
        "Id": wire.new_guid(),
        "Status": "OK",
        "ProviderName": app_name,
        "DateTimeUTC": f"/Date({now_ms})/",
    }


def contact_stub(contact: XeroContact) -> Json:
    """A contact inside a payment or a short document."""
    return {"ContactID": contact.id, "Name": contact.name}


def contact_nested(contact: XeroContact) -> Raw:
    """A contact inside a listed document: nearly empty, but for id and name."""
    if "nested" not in contact.cache:
        empty: Json = {
            key: [] for key in ("Addresses", "Phones", "ContactGroups", "ContactPersons")
        }
        contact.cache["nested"] = wire.encode(
            {**contact_stub(contact), **empty, "HasValidationErrors": False}
        )
    return Raw(contact.cache["nested"])


def group_form(group: XeroGroup, *, members: bool = False) -> Json:
    """A contact group; its members only where they are asked for."""
    stubs = [contact_stub(contact) for contact in group.members.values()] if members else []
    return {
        "ContactGroupID": group.id,
        "Name": group.name,
        "Status": group.status,
        "Contacts": stubs,
        "HasValidationErrors": False,
    }


def contact_form(ledger: XeroLedger, contact: XeroContact, form: str) -> bytes:
    """A contact as bytes: `full` (paged or single), `unpaged` or `summary`."""
    if form not in contact.cache:
        contact.cache[form] = wire.encode(_contact(ledger, contact, form))
    head = contact.cache[form]
    if form == "summary":
        return _odd(ledger, contact, head)
    # Balances are kept apart: "overdue" changes with the day, the rest only with the contact.
    key = f"balances {ledger.today}"
    if contact.cache.get("balances", b"").split(b"|", 1)[0] != key.encode():
        contact.cache["balances"] = b"|".join((key.encode(), _balances(ledger, contact)))
    balances = contact.cache["balances"].split(b"|", 1)[1]
    return _odd(ledger, contact, head[:-1] + b"," + balances + b"}" if balances else head)


def _contact(ledger: XeroLedger, contact: XeroContact, form: str) -> Json:
    out: Json = {
        "ContactID": contact.id,
        "ContactStatus": contact.status,
        "Name": contact.name,
        "FirstName": contact.first_name,
        "LastName": contact.last_name,
        "EmailAddress": contact.email,
        "BankAccountDetails": "",
    }
    if contact.number:
        out["ContactNumber"] = contact.number
    if contact.account_number:
        out["AccountNumber"] = contact.account_number
    if contact.company_number:
        out["CompanyNumber"] = contact.company_number
    if contact.currency:
        out["DefaultCurrency"] = contact.currency
    out["Addresses"] = contact.addresses or [{"AddressType": "STREET"}, {"AddressType": "POBOX"}]
    out["Phones"] = contact.phones or [{"PhoneType": "DEFAULT", "PhoneNumber": ""}]
    out["UpdatedDateUTC"] = wire.ms_moment(contact.updated)
    out["ContactGroups"] = [group_form(group) for group in contact.groups]
    out["HasValidationErrors"] = False
    if form != "summary":
        out["IsSupplier"] = any(invoice.type == "ACCPAY" for invoice in contact.invoices)
        out["IsCustomer"] = any(invoice.type == "ACCREC" for invoice in contact.invoices)
        out["HasAttachments"] = bool(ledger.attachments.get(contact.id))
        out["ContactPersons"] = contact.persons
    if form == "full":
        out["SalesTrackingCategories"] = []
        out["PurchasesTrackingCategories"] = []
        if contact.terms:
            out["PaymentTerms"] = contact.terms
        if contact.merged_to:
            out["MergedToContactID"] = contact.merged_to
        out.update(contact.more)
    out.update(contact.odd)
    return out


def _balances(ledger: XeroLedger, contact: XeroContact) -> bytes:
    """The key with its value; nothing where neither side owes, as recordings show."""
    out: Json = {}
    for name, kind in (("AccountsReceivable", "ACCREC"), ("AccountsPayable", "ACCPAY")):
        total, overdue = ledger.outstanding(contact, kind)
        out[name] = {"Outstanding": wire.cents(total), "Overdue": wire.cents(overdue)}
    if not any(side["Outstanding"] for side in out.values()):
        return b""
    return wire.encode({"Balances": out})[1:-1]


def line_form(line: XeroLine, places: int) -> Json:
    """A line of a document."""
    out: Json = {
        "LineItemID": line.id,
        "Description": line.description,
        "UnitAmount": wire.units(line.unit_amount, places),
        "TaxType": line.tax_type,
        "TaxAmount": line.tax_amount,
        "LineAmount": line.line_amount,
        "AccountCode": line.account_code,
        "Tracking": [],
        "Quantity": wire.units(line.quantity, 4),
    }
    if line.more:
        out.update(line.more)
    return out


def _opening(ledger: XeroLedger, document: XeroDocument, contact: Any) -> Json:
    """The fields that every document shares."""
    out: Json = {"Type": document.type, "Contact": contact}
    if document.issued_on:
        out["DateString"] = wire.iso_day(document.issued_on)
        out["Date"] = wire.ms_date(document.issued_on)
    if document.due_on:
        out["DueDateString"] = wire.iso_day(document.due_on)
        out["DueDate"] = wire.ms_date(document.due_on)
    out["Status"] = document.status
    out["LineAmountTypes"] = document.line_amount_types
    out["SubTotal"] = document.sub_total
    out["TotalTax"] = document.total_tax
    out["Total"] = document.total
    out["UpdatedDateUTC"] = wire.ms_moment(document.updated)
    out["UpdatedDateUTCString"] = wire.iso_moment(document.updated)
    out["CurrencyCode"] = document.currency
    # Most recorded documents in the base currency have none; what decides it is not known.
    if document.currency != ledger.base_currency:
        out["CurrencyRate"] = wire.rate(document.rate)
    if document.fully_paid_on:
        out["FullyPaidOnDate"] = wire.ms_date(document.fully_paid_on)
    if document.theme or document.type in _THEMED:
        out["BrandingThemeID"] = document.theme or STANDARD_THEME
    return out


def invoice_fields(
    ledger: XeroLedger, invoice: XeroInvoice, contact: Any, *, form: str, places: int = 2
) -> Json:
    """An invoice: `list` (paged), `short` (unpaged), `summary`, `single`, or `written`."""
    out: Json = {"InvoiceID": invoice.id, "InvoiceNumber": invoice.number}
    # Bills have no Reference; a client that requires one would fail at the real service.
    if invoice.type == "ACCREC":
        out["Reference"] = invoice.reference
    if form != "summary":
        out["Payments"] = [
            _payment_summary(payment)
            for payment in invoice.payments
            if payment.status == "AUTHORISED"
        ]
        out.update(_applied(invoice))
        out["HasAttachments"] = bool(ledger.attachments.get(invoice.id))
    out["AmountDue"] = invoice.due
    out["AmountPaid"] = invoice.paid
    out["AmountCredited"] = invoice.credited
    # Recorded: no list and no GET by id says `false`, only the answer to a write does.
    if invoice.sent or (form == "written" and invoice.sent is not None):
        out["SentToContact"] = invoice.sent
    out["HasErrors"] = False
    out["IsDiscounted"] = False
    if form != "summary":
        out["InvoiceAddresses"], out["InvoicePaymentServices"] = [], []
    out.update(_opening(ledger, invoice, contact))
    if invoice.expected_on:
        out["ExpectedPaymentDate"] = wire.ms_date(invoice.expected_on)
    if invoice.planned_on:
        out["PlannedPaymentDate"] = wire.ms_date(invoice.planned_on)
    if invoice.url:
        out["Url"] = invoice.url
    if invoice.repeating_id:
        out["RepeatingInvoiceID"] = invoice.repeating_id
    if form not in {"short", "summary"}:
        out["LineItems"] = [line_form(line, places) for line in invoice.lines]
    if form in {"single", "written"}:
        out["Attachments"] = [
            attachment_form(ledger, "Invoices", invoice.id, file)
            for file in ledger.attachments.get(invoice.id, {}).values()
        ]
    out.update(invoice.odd)
    return out


def invoice_form(ledger: XeroLedger, invoice: XeroInvoice, form: str, places: int = 2) -> bytes:
    """An invoice of a list as bytes, remembered until it changes."""
    # Encoded once: a pull of 100,000 invoices would otherwise measure the sandbox.
    if places == 2 and form in invoice.cache:
        return _odd(ledger, invoice, invoice.cache[form])
    contact = contact_stub(invoice.contact) if form == "short" else contact_nested(invoice.contact)
    body = wire.encode(invoice_fields(ledger, invoice, contact, form=form, places=places))
    if places == 2:
        invoice.cache[form] = body
    return _odd(ledger, invoice, body)


def invoice_single(
    ledger: XeroLedger, invoice: XeroInvoice, places: int = 2, *, form: str = "single"
) -> Json:
    """One invoice with its whole contact: `single` for GET by id, `written` after a write."""
    contact = Raw(contact_form(ledger, invoice.contact, "full"))
    return invoice_fields(ledger, invoice, contact, form=form, places=places)


def _applied(invoice: XeroInvoice) -> Json:
    out: Json = {"CreditNotes": [], "Prepayments": [], "Overpayments": []}
    for allocation in invoice.allocations:
        credit = allocation.credit
        entry: Json = {
            _CREDIT_ID[credit.kind]: credit.id,
            "ID": credit.id,
            "HasErrors": False,
            "AppliedAmount": allocation.amount,
            "DateString": wire.iso_day(allocation.on),
            "Date": wire.ms_date(allocation.on),
            "LineItems": [],
            "Total": credit.total,
        }
        if credit.kind == "CreditNotes":
            entry["CreditNoteNumber"] = credit.number
        out[credit.kind].append(entry)
    return out


def _payment_summary(payment: XeroPayment) -> Json:
    out: Json = {"PaymentID": payment.id}
    if payment.paid_on:
        out["Date"] = wire.ms_date(payment.paid_on)
    return {
        **out,
        "Amount": payment.amount,
        "Reference": payment.reference,
        "CurrencyRate": wire.rate(payment.rate),
        "HasAccount": bool(payment.account_code),
        "HasValidationErrors": False,
    }


def credit_fields(ledger: XeroLedger, credit: XeroCredit, contact: Any, places: int = 2) -> Json:
    """A credit note, prepayment or overpayment."""
    out: Json = {_CREDIT_ID[credit.kind]: credit.id}
    if credit.kind == "CreditNotes":
        out["CreditNoteNumber"] = credit.number
        out["HasErrors"] = False
        if credit.sent:
            out["SentToContact"] = True
    out["Reference"] = credit.reference
    out["RemainingCredit"] = credit.remaining
    out["Allocations"] = [allocation_form(allocation) for allocation in credit.allocations]
    out["Payments"] = [
        _payment_summary(payment) for payment in credit.payments if payment.status == "AUTHORISED"
    ]
    out["HasAttachments"] = bool(ledger.attachments.get(credit.id))
    out.update(_opening(ledger, credit, contact))
    out["LineItems"] = [line_form(line, places) for line in credit.lines]
    out.update(credit.odd)
    return out


def credit_form(ledger: XeroLedger, credit: XeroCredit, form: str, places: int = 2) -> bytes:
    """A credit of a list as bytes; unpaged lists drop LineItems and shorten the contact."""
    if places == 2 and form in credit.cache:
        return _odd(ledger, credit, credit.cache[form])
    contact = contact_stub(credit.contact) if form == "short" else contact_nested(credit.contact)
    fields = credit_fields(ledger, credit, contact, places)
    # Without `page`, Xero drops the lines; a client that forgets it must notice here.
    if form == "short":
        fields.pop("LineItems")
    body = wire.encode(fields)
    if places == 2:
        credit.cache[form] = body
    return _odd(ledger, credit, body)


def credit_single(ledger: XeroLedger, credit: XeroCredit, places: int = 2) -> Json:
    """One credit with its whole contact."""
    contact = Raw(contact_form(ledger, credit.contact, "full"))
    return credit_fields(ledger, credit, contact, places)


def allocation_form(allocation: XeroAllocation) -> Json:
    """An amount of a credit applied to an invoice."""
    invoice = allocation.invoice
    return {
        "AllocationID": allocation.id,
        "Amount": allocation.amount,
        "Date": wire.ms_date(allocation.on),
        "Invoice": {"InvoiceID": invoice.id, "InvoiceNumber": invoice.number},
        "IsDeleted": False,
    }


def payment_fields(payment: XeroPayment, *, single: bool = False) -> Json:
    """A payment; the document inside has no amounts, unless it is read by id."""
    target = payment.target
    out: Json = {"PaymentID": payment.id}
    if payment.paid_on:
        out["Date"] = wire.ms_date(payment.paid_on)
    bank = payment.amount if payment.bank_amount is None else payment.bank_amount
    out.update(
        BankAmount=bank,
        Amount=payment.amount,
        Reference=payment.reference,
        CurrencyRate=wire.rate(payment.rate),
        PaymentType=payment.type,
        Status=payment.status,
        UpdatedDateUTC=wire.ms_moment(payment.updated),
        UpdatedDateUTCString=wire.iso_moment(payment.updated),
        HasAccount=bool(payment.account_code),
        IsReconciled=payment.reconciled,
    )
    if payment.account_code:
        account = wire.mapped_guid("account", payment.account_code)
        out["Account"] = {"AccountID": account, "Code": payment.account_code}
    inside: Json = {"Type": target.type}
    if isinstance(target, XeroCredit):
        inside[_CREDIT_ID[target.kind]] = target.id
        if target.kind == "CreditNotes":
            inside["CreditNoteNumber"] = target.number
        name = target.kind[:-1]
    else:
        inside["InvoiceID"], inside["InvoiceNumber"] = target.id, target.number
        inside.update({key: [] for key in ("Payments", "CreditNotes", "Prepayments")})
        inside.update(Overpayments=[], HasErrors=False, IsDiscounted=False)
        name = "Invoice"
    inside.update(Contact=contact_stub(target.contact), LineItems=[], CurrencyCode=target.currency)
    if single and isinstance(target, XeroInvoice):
        inside.update(Total=target.total, AmountDue=target.due, Status=target.status)
    out[name] = inside
    out["HasValidationErrors"] = False
    out.update(payment.odd)
    return out


def payment_form(ledger: XeroLedger, payment: XeroPayment) -> bytes:
    """A payment of a list as bytes."""
    if "list" not in payment.cache:
        payment.cache["list"] = wire.encode(payment_fields(payment))
    return _odd(ledger, payment, payment.cache["list"])


def note_form(note: XeroNote) -> Json:
    """A row of history."""
    return {
        "Changes": note.changes,
        "DateUTCString": note.at.strftime("%Y-%m-%dT%H:%M:%S"),
        "DateUTC": f"/Date({wire.milliseconds(note.at)})/",
        "User": note.user,
        "Details": note.details,
    }


def attachment_form(ledger: XeroLedger, kind: str, record_id: str, file: XeroAttachment) -> Json:
    """A file on a record."""
    return {
        "AttachmentID": file.id,
        "FileName": file.name,
        "Url": f"{ledger.frame.url}/api.xro/2.0/{kind}/{record_id}/Attachments/{file.name}",
        "MimeType": file.mime_type,
        "ContentLength": len(file.content),
        "IncludeOnline": file.include_online,
    }


def _odd(
    ledger: XeroLedger, record: XeroContact | XeroDocument | XeroPayment, body: bytes
) -> bytes:
    """With the switch on, an unknown enum value here and there; never for a fixed test subject."""
    if not ledger.setting("odd_documents"):
        return body
    # By the id, so that the same record is odd on every page and in every run.
    turn = int(record.id[:8], 16) % ODD_ONE_IN
    if turn > 1:
        return body
    if isinstance(record, XeroContact):
        return body.replace(b'"ContactStatus":"ACTIVE"', b'"ContactStatus":"PENDINGREVIEW"', 1)
    if isinstance(record, XeroPayment):
        return body.replace(b'"PaymentType":"ACCREC', b'"PaymentType":"ACCREC2', 1)
    if turn == 0:
        return body.replace(b'"Status":"AUTHORISED"', b'"Status":"UNDERREVIEW"', 1)
    return body.replace(f'"CurrencyCode":"{record.currency}"'.encode(), b'"CurrencyCode":""', 1)
