"""Invoices written: new ones, edits, and what an invoice with money on it refuses."""

from __future__ import annotations

import calendar
import copy
import dataclasses
from collections.abc import Callable
from datetime import date, timedelta

from . import wire
from .batches import Batch, Commit
from .documents import APPROVED, XeroContact, XeroInvoice
from .drafts import (
    NOT_MODIFIABLE,
    NUMBER_CHARS_MAX,
    apply_common,
    check_lock,
    check_status,
    contact_of,
    read_day,
)
from .errors import Invalid
from .forms import Json, invoice_single
from .ledger import XeroLedger
from .postings import add_invoice

HAS_MONEY = "This document cannot be edited as it has a payment or credit note allocated to it."
NUMBER_TAKEN = "Invoice # must be unique."

_IGNORED = frozenset(
    {"InvoiceID", "Type", "HasAttachments", "HasErrors", "HasValidationErrors", "ValidationErrors"}
    | {"Warnings", "StatusAttributeString", "InvoiceNumber"}
)
_BILLS_EDITABLE = frozenset({"Reference", "DueDate", "PlannedPaymentDate"})
_QUIET = frozenset({"DueDate", "SentToContact"})
"""Edits that do not move UpdatedDateUTC of a part-paid invoice."""


def invoice_prepare(ledger: XeroLedger, element: Json, batch: Batch) -> Commit:
    """Check an element of /Invoices and return what writes it.

    Raises:
        Invalid: with Xero's message.
    """
    invoice = _find(ledger, element, batch)
    if invoice is None:
        return _create(ledger, element, batch)
    batch.claim("invoice", invoice.id, "The same invoice cannot be written twice in one request")
    return _update(ledger, invoice, element, batch)


def _find(ledger: XeroLedger, element: Json, batch: Batch) -> XeroInvoice | None:
    id_ = batch.path_id or str(element.get("InvoiceID") or "")
    if id_ and not batch.creates_only:
        invoice = ledger.invoices.rows.get(wire.guid(id_))
        if invoice is None:
            raise Invalid("The document with the supplied id was not found for this endpoint.")
        return invoice
    number = element.get("InvoiceNumber")
    # POST with a known number updates that invoice. Numbers of bills are the suppliers' own, and
    # need not be unique.
    if number and element.get("Type") != "ACCPAY":
        same = ledger.numbers.get(str(number))
        if same and batch.creates_only:
            # The number of a deleted invoice stays used, and is refused in other words.
            raise Invalid(NOT_MODIFIABLE if same.status == "DELETED" else NUMBER_TAKEN)
        return same
    return None


def _create(ledger: XeroLedger, element: Json, batch: Batch) -> Commit:
    kind = element.get("Type")
    if kind not in {"ACCREC", "ACCPAY"}:
        raise Invalid("Invoice type must be ACCREC or ACCPAY")
    contact, write_contact = contact_of(ledger, element)
    currency = contact.currency or ledger.base_currency
    draft = XeroInvoice(
        id=wire.new_guid(),
        type=kind,
        status="DRAFT",
        contact=contact,
        updated=ledger.frame.now(),
        currency=currency,
        created_by=batch.client_id,
        sent=False if kind == "ACCREC" else None,
    )
    apply_common(ledger, draft, {"CurrencyCode": currency, **element}, batch.places)
    draft.issued_on = draft.issued_on or ledger.today
    _apply_own(ledger, draft, element)
    check_status(draft, str(element.get("Status") or "DRAFT"), new=True)
    _apply_sent(draft, element)
    check_lock(ledger, draft.issued_on)
    if draft.due_on is None and ledger.setting("terms_set_due_date"):
        draft.due_on = due_by_terms(contact, draft.issued_on)
    if draft.due_on is None and draft.status == "AUTHORISED":
        draft.due_on = draft.issued_on
    draft.due = draft.total
    if number := str(element.get("InvoiceNumber") or ""):
        if len(number) > NUMBER_CHARS_MAX:
            raise Invalid(f"Invoice # must be no longer than {NUMBER_CHARS_MAX} characters")
        batch.claim("number", number, NUMBER_TAKEN)
    draft.number = number

    def commit() -> Json:
        if write_contact:
            write_contact()
        draft.number = number or (ledger.take_number() if kind == "ACCREC" else "")
        draft.updated = ledger.stamp()
        add_invoice(ledger, draft)
        ledger.note(draft.id, f"INV {draft.number} for {draft.total}", "Created")
        ledger.event("INVOICE", "CREATE", draft)
        return invoice_single(ledger, draft, batch.places, form="written")

    return commit


def _update(ledger: XeroLedger, invoice: XeroInvoice, element: Json, batch: Batch) -> Commit:
    if invoice.status in {"VOIDED", "DELETED"}:
        raise Invalid(NOT_MODIFIABLE)
    keys = frozenset(element) - _IGNORED
    contact: XeroContact = invoice.contact
    write_contact: Callable[[], object] | None = None
    if invoice.part_paid and not keys <= _editable(ledger, invoice):
        raise Invalid(HAS_MONEY)
    if "Contact" in keys:
        contact, write_contact = contact_of(ledger, element)
    # A copy: an element that is refused in the end has changed nothing.
    draft = copy.copy(invoice)
    draft.odd = {key: value for key, value in invoice.odd.items() if key not in element}
    draft.contact = contact
    apply_common(ledger, draft, element, batch.places)
    _apply_own(ledger, draft, element)
    if element.get("Status"):
        check_status(draft, str(element["Status"]), new=False)
    _apply_sent(draft, element)
    check_lock(ledger, invoice.issued_on, draft.issued_on)
    _renumber(ledger, invoice, draft, element, batch)
    draft.due = draft.total - draft.paid - draft.credited
    if draft.status in {"VOIDED", "DELETED"}:
        draft.due = wire.ZERO
    bump = not (invoice.part_paid and keys <= _QUIET)

    def commit() -> Json:
        if write_contact:
            write_contact()
        _replace(ledger, invoice, draft)
        ledger.changed(invoice, bump=bump)
        ledger.note(invoice.id, ", ".join(sorted(keys)), "Edited")
        ledger.event("INVOICE", "UPDATE", invoice)
        return invoice_single(ledger, invoice, batch.places, form="written")

    return commit


def _editable(ledger: XeroLedger, invoice: XeroInvoice) -> frozenset[str]:
    # The editable fields of a part-paid bill are documented; those of an invoice are a switch.
    if invoice.type == "ACCPAY":
        return _BILLS_EDITABLE
    return frozenset(filter(None, ledger.setting("part_paid_edits").replace(" ", "").split(",")))


def _apply_own(ledger: XeroLedger, draft: XeroInvoice, element: Json) -> None:
    if element.get("ExpectedPaymentDate") == "" and ledger.setting("clears_expected_date"):
        draft.expected_on = None
    if (day := read_day(element, "ExpectedPaymentDate")) is not None:
        if draft.type != "ACCREC":
            raise Invalid("ExpectedPaymentDate is for sales invoices only")
        draft.expected_on = day
    if (day := read_day(element, "PlannedPaymentDate")) is not None:
        draft.planned_on = day
    if element.get("Url"):
        url = str(element["Url"])
        if not url.startswith(("http://", "https://")) or "xero" in url.lower():
            raise Invalid("The Url is not valid: an absolute address that does not contain xero")
        draft.url = url


def _apply_sent(draft: XeroInvoice, element: Json) -> None:
    if element.get("SentToContact") is None:
        return
    sent = wire.truth(element["SentToContact"])
    if sent and draft.status not in APPROVED:
        raise Invalid("SentToContact can be set only on approved invoices")
    draft.sent = sent


def _renumber(
    ledger: XeroLedger, invoice: XeroInvoice, draft: XeroInvoice, element: Json, batch: Batch
) -> None:
    number = element.get("InvoiceNumber")
    if not number or number == invoice.number:
        return
    if invoice.part_paid:
        raise Invalid(HAS_MONEY)
    if invoice.type == "ACCREC" and str(number) in ledger.numbers:
        raise Invalid(NUMBER_TAKEN)
    batch.claim("number", str(number), NUMBER_TAKEN)
    draft.number = str(number)


def _replace(ledger: XeroLedger, invoice: XeroInvoice, draft: XeroInvoice) -> None:
    if draft.contact is not invoice.contact:
        invoice.contact.invoices.remove(invoice)
        ledger.changed(invoice.contact, bump=False)
        draft.contact.invoices.append(invoice)
        ledger.changed(draft.contact, bump=False)
    for field in dataclasses.fields(invoice):
        setattr(invoice, field.name, getattr(draft, field.name))
    if invoice.type == "ACCREC" and invoice.number:
        ledger.numbers.setdefault(invoice.number, invoice)


def due_by_terms(contact: XeroContact, issued_on: date) -> date | None:
    """The due date that a contact's sales terms make of an invoice date."""
    terms = contact.terms.get("Sales")
    if not terms:
        return None
    day = int(terms["Day"])
    if terms["Type"] == "DAYSAFTERBILLDATE":
        return issued_on + timedelta(days=day)
    if terms["Type"] == "DAYSAFTERBILLMONTH":
        return _month_end(issued_on) + timedelta(days=day)
    start = issued_on if terms["Type"] == "OFCURRENTMONTH" else _month_end(issued_on) + _ONE_DAY
    return start.replace(day=max(1, min(day, _month_end(start).day)))


_ONE_DAY = timedelta(days=1)


def _month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])
