"""The GET routes of lists and documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask import Blueprint, Response, request

from . import wire
from .api import XeroApi
from .documents import XeroContact, XeroCredit, XeroInvoice, XeroPayment
from .errors import not_found
from .forms import (
    contact_form,
    credit_form,
    credit_single,
    invoice_form,
    invoice_single,
    payment_fields,
    payment_form,
)
from .ledger import XeroLedger
from .limits import API_PATH
from .papers import document_pdf
from .query import (
    CONTACT_FIELDS,
    CREDIT_FIELDS,
    INVOICE_FIELDS,
    PAYMENT_FIELDS,
    narrow_contacts,
    narrow_credits,
    narrow_invoices,
    narrow_payments,
)

CREDIT_KINDS = ("CreditNotes", "Prepayments", "Overpayments")


def add_reads(blueprint: Blueprint, api: XeroApi) -> None:
    """Serve invoices, contacts, payments and credits."""

    def get(path: str, view: Callable[..., Response], name: str) -> None:
        blueprint.add_url_rule(f"{API_PATH}{path}", name, view, methods=["GET"])

    reads = Reads(api)
    get("/Invoices", reads.invoices, "invoices")
    get("/Invoices/<name>", reads.invoice, "invoice")
    get("/Invoices/<name>/pdf", reads.invoice_pdf, "invoice_pdf")
    get("/Invoices/<name>/OnlineInvoice", reads.online_invoice, "online_invoice")
    get("/Contacts", reads.contacts, "contacts")
    get("/Contacts/<path:name>", reads.contact, "contact")
    get("/Payments", reads.payments, "payments")
    get("/Payments/<payment_id>", reads.payment, "payment")
    for kind in CREDIT_KINDS:
        get(f"/{kind}", reads.credits_of(kind), kind)
        get(f"/{kind}/<credit_id>", reads.credit_of(kind), f"{kind} by id")
    get("/CreditNotes/<credit_id>/pdf", reads.credit_pdf, "credit_pdf")
    for kind in ("BatchPayments", "RepeatingInvoices", "Items"):
        get(f"/{kind}", reads.loaded(kind), kind)
    get("/BankTransactions", reads.loaded_pages("BankTransactions"), "BankTransactions")
    get("/RepeatingInvoices/<repeating_id>", reads.repeating, "repeating")


class Reads:
    """The views of reading."""

    def __init__(self, api: XeroApi) -> None:
        self._api = api
        self._ledger: XeroLedger = api.ledger

    def invoices(self) -> Response:
        """GET /Invoices."""
        query = self._api.query()
        narrow = narrow_invoices(query)
        page = query.select(self._ledger.invoices, "Invoices", INVOICE_FIELDS, narrow)
        rows = (invoice_form(self._ledger, row, page.form, page.places) for row in page.rows)
        return self._api.answer("Invoices", rows, page.pagination)

    def invoice(self, name: str) -> Response:
        """GET /Invoices/{InvoiceID or InvoiceNumber}."""
        invoice = find_invoice(self._ledger, name)
        if _wants_pdf():
            return _pdf(invoice)
        # Xero rounds unit prices to two places unless the client asks for four.
        places = 4 if request.args.get("unitdp") == "4" else 2
        return self._api.answer("Invoices", [invoice_single(self._ledger, invoice, places)])

    def invoice_pdf(self, name: str) -> Response:
        """GET /Invoices/{id}/pdf."""
        return _pdf(find_invoice(self._ledger, name))

    def online_invoice(self, name: str) -> Response:
        """GET /Invoices/{id}/OnlineInvoice; only an approved sales invoice has one."""
        invoice = find_invoice(self._ledger, name)
        if invoice.type != "ACCREC" or invoice.status not in {"AUTHORISED", "PAID"}:
            return self._api.answer("OnlineInvoices", [])
        token = wire.mapped_guid("online", invoice.id).replace("-", "")
        url = f"https://in.xero.com/{token}"
        return self._api.answer("OnlineInvoices", [{"OnlineInvoiceUrl": url}])

    def contacts(self) -> Response:
        """GET /Contacts."""
        query = self._api.query()
        narrow = narrow_contacts(query)
        page = query.select(self._ledger.contacts, "Contacts", CONTACT_FIELDS, narrow)
        form = {"list": "full", "short": "unpaged"}.get(page.form, page.form)
        rows = (contact_form(self._ledger, row, form) for row in page.rows)
        return self._api.answer("Contacts", rows, page.pagination)

    def contact(self, name: str) -> Response:
        """GET /Contacts/{ContactID or ContactNumber}."""
        contact = find_contact(self._ledger, name)
        return self._api.answer("Contacts", [contact_form(self._ledger, contact, "full")])

    def payments(self) -> Response:
        """GET /Payments."""
        query = self._api.query()
        page = query.select(self._ledger.payments, "Payments", PAYMENT_FIELDS, narrow_payments)
        rows = (payment_form(self._ledger, row) for row in page.rows)
        return self._api.answer("Payments", rows, page.pagination)

    def payment(self, payment_id: str) -> Response:
        """GET /Payments/{PaymentID}."""
        payment = find_payment(self._ledger, payment_id)
        return self._api.answer("Payments", [payment_fields(payment, single=True)])

    def credits_of(self, kind: str) -> Callable[[], Response]:
        """GET /CreditNotes, /Prepayments or /Overpayments."""

        def view() -> Response:
            query = self._api.query()
            table, fields = self._ledger.credits[kind], CREDIT_FIELDS[kind]
            page = query.select(table, kind, fields, narrow_credits(query))
            rows = (credit_form(self._ledger, row, page.form, page.places) for row in page.rows)
            return self._api.answer(kind, rows, page.pagination)

        return view

    def credit_of(self, kind: str) -> Callable[[str], Response]:
        """One of them, by id."""

        def view(credit_id: str) -> Response:
            credit = find_credit(self._ledger, kind, credit_id)
            if _wants_pdf():
                return _pdf(credit)
            places = 4 if request.args.get("unitdp") == "4" else 2
            return self._api.answer(kind, [credit_single(self._ledger, credit, places)])

        return view

    def credit_pdf(self, credit_id: str) -> Response:
        """GET /CreditNotes/{id}/pdf."""
        return _pdf(find_credit(self._ledger, "CreditNotes", credit_id))

    def loaded(self, kind: str) -> Callable[[], Response]:
        """Documents that are served as they were loaded, never paged."""

        def view() -> Response:
            rows: Iterable[Any] = self._ledger.loaded[kind]
            return self._api.answer(kind, rows)

        return view

    def loaded_pages(self, kind: str) -> Callable[[], Response]:
        """The same of a kind that is paged."""

        def view() -> Response:
            rows, page = self._api.query().page_of(self._ledger.loaded[kind])
            return self._api.answer(kind, rows, page)

        return view

    def repeating(self, repeating_id: str) -> Response:
        """GET /RepeatingInvoices/{id}."""
        for row in self._ledger.loaded["RepeatingInvoices"]:
            if row.get("RepeatingInvoiceID") == wire.guid(repeating_id):
                return self._api.answer("RepeatingInvoices", [row])
        raise not_found()


def find_invoice(ledger: XeroLedger, name: str) -> XeroInvoice:
    """The invoice with this id or, for a sales invoice, this number.

    Raises:
        Refused: 404.
    """
    invoice = ledger.invoices.rows.get(wire.guid(name)) or ledger.numbers.get(name)
    if invoice is None:
        raise not_found()
    return invoice


def find_contact(ledger: XeroLedger, name: str) -> XeroContact:
    """The contact with this id or ContactNumber.

    Raises:
        Refused: 404.
    """
    contact = ledger.contacts.rows.get(wire.guid(name))
    if contact is None:
        numbered = (row for row in ledger.contacts.rows.values() if row.number == name)
        contact = next(numbered, None)
    if contact is None:
        raise not_found()
    return contact


def find_payment(ledger: XeroLedger, payment_id: str) -> XeroPayment:
    """The payment with this id.

    Raises:
        Refused: 404.
    """
    payment = ledger.payments.rows.get(wire.guid(payment_id))
    if payment is None:
        raise not_found()
    return payment


def find_credit(ledger: XeroLedger, kind: str, credit_id: str) -> XeroCredit:
    """The credit with this id.

    Raises:
        Refused: 404.
    """
    credit = ledger.credits[kind].rows.get(wire.guid(credit_id))
    if credit is None:
        raise not_found()
    return credit


def _wants_pdf() -> bool:
    return request.headers.get("Accept", "").startswith("application/pdf")


def _pdf(document: XeroInvoice | XeroCredit) -> Response:
    return Response(document_pdf(document), mimetype="application/pdf")
