"""Rows of CSV files, and documents in Xero's own JSON, become records of the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from arsync_sandbox.platform import ContactRow, InvoiceRow, PaymentRow

from . import wire
from .documents import XeroContact, XeroGroup, XeroInvoice, XeroLine, XeroPayment
from .ledger import XeroLedger
from .postings import add_invoice, post_payment, rate_for

STATUSES = {
    "draft": "DRAFT",
    "open": "AUTHORISED",
    "paid": "PAID",
    "voided": "VOIDED",
    "deleted": "DELETED",
}
BANK_ACCOUNT = "970"
SALES_ACCOUNT = "200"
TERM_DAYS_MAX = 31
"""The longest `Day` of Xero's payment terms; longer terms of rows are cut to it."""


def load_contacts(ledger: XeroLedger, rows: Iterable[ContactRow]) -> None:
    """Take contacts as active customers."""
    moment = ledger.stamp()
    groups = {group.name: group for group in ledger.groups.values()}
    for row in rows:
        id_ = ledger.alias("contact", row.id)
        _refuse_known(id_ in ledger.contacts.rows, "contact", row.id)
        contact = XeroContact(id_, row.name, moment, email=row.email, currency=row.currency)
        if wire.guid(row.id) != row.id:
            contact.number = row.id[:50]
        contact.first_name, contact.last_name = row.person_names
        contact.phones = [
            {"PhoneType": kind, "PhoneNumber": number}
            for kind, number in (("DEFAULT", row.phone), ("MOBILE", row.mobile))
            if number
        ]
        contact.account_number = row.account_number[:50]
        if row.has_address:
            contact.addresses = [
                {"AddressType": "STREET", **NO_PLACE},
                {"AddressType": "POBOX", "AddressLine1": row.street}
                | NO_PLACE
                | place_fields(row.city, row.region, row.postcode, row.country),
            ]
        if row.terms_days is not None:
            day = min(row.terms_days, TERM_DAYS_MAX)
            contact.terms = {"Sales": {"Day": day, "Type": "DAYSAFTERBILLDATE"}}
        if row.contact_group:
            group = groups.get(row.contact_group)
            if group is None:
                id_of_group = wire.mapped_guid("group", row.contact_group)
                group = groups[row.contact_group] = XeroGroup(id_of_group, row.contact_group)
                ledger.groups[group.id] = group
            group.members[contact.id] = contact
            contact.groups.append(group)
        if row.currency:
            ledger.currencies[row.currency] = None
        ledger.contacts.add(contact)
        ledger.event("CONTACT", "CREATE", contact)


def load_invoices(ledger: XeroLedger, rows: Iterable[InvoiceRow]) -> None:
    """Take sales invoices; one that is paid counts as paid until its payments are loaded."""
    moment = ledger.stamp()
    rates: dict[str, Decimal] = {}
    for row in rows:
        id_ = ledger.alias("invoice", row.id)
        _refuse_known(id_ in ledger.invoices.rows, "invoice", row.id)
        contact = ledger.contacts.rows.get(ledger.resolve("contact", row.contact_id))
        if contact is None:
            raise ValueError(f"invoice {row.id}: no contact {row.contact_id}")
        currency = row.currency or ledger.base_currency
        total = wire.cents(row.total)
        if currency not in rates:
            rates[currency] = rate_for(ledger, currency)
        status = STATUSES[row.status]
        line = XeroLine(
            wire.swapped_guid(id_),
            "Goods and services",
            unit_amount=total,
            line_amount=total,
            account_code=SALES_ACCOUNT,
            tax_type="NONE",
        )
        invoice = XeroInvoice(
            id=id_,
            type="ACCREC",
            status=status,
            contact=contact,
            updated=moment,
            number=row.number or ledger.take_number(),
            reference=row.purchase_order,
            issued_on=row.issued_on,
            due_on=row.due_on,
            lines=[line],
            currency=currency,
            rate=rates[currency],
            sub_total=total,
            total=total,
            due=total if status in {"DRAFT", "AUTHORISED"} else wire.ZERO,
            sent=status in {"AUTHORISED", "PAID"},
        )
        if status == "PAID":
            invoice.paid = invoice.unrecorded = total
            invoice.fully_paid_on = row.due_on or row.issued_on
        add_invoice(ledger, invoice)
        ledger.event("INVOICE", "CREATE", invoice)


def load_payments(ledger: XeroLedger, rows: Iterable[PaymentRow]) -> None:
    """Take payments of invoices that are loaded."""
    moment = ledger.stamp()
    for row in rows:
        id_ = ledger.alias("payment", row.id)
        _refuse_known(id_ in ledger.payments.rows, "payment", row.id)
        invoice = ledger.invoices.rows.get(ledger.resolve("invoice", row.invoice_id))
        if invoice is None:
            raise ValueError(f"payment {row.id}: no invoice {row.invoice_id}")
        payment = XeroPayment(
            id_,
            invoice,
            wire.cents(row.amount),
            row.paid_on,
            moment,
            account_code=BANK_ACCOUNT,
            rate=invoice.rate,
        )
        post_payment(ledger, payment, bump=False)
        invoice.updated = moment
    ledger.invoices.touch()


NO_PLACE = {"City": "", "Region": "", "PostalCode": "", "Country": ""}
"""An address that nobody filled in: Xero serves it with these fields."""


def place_fields(city: str, region: str, postcode: str, country: str) -> dict[str, str]:
    """Return the fields of an address below its street."""
    return {"City": city, "Region": region, "PostalCode": postcode, "Country": country}


def _refuse_known(known: bool, kind: str, name: str) -> None:
    if known:
        raise ValueError(f"{kind} {name} is there already")


Reader = Callable[[Any], Any]


def read_fields(
    document: dict[str, Any],
    into: Any,
    table: dict[str, tuple[str, Reader]],
    *,
    leave: frozenset[str],
) -> None:
    """Set attributes from a document; what cannot be read is kept to be served as it was given."""
    for key, value in document.items():
        if key in leave:
            continue
        if key not in table:
            into.odd[key] = value
            continue
        name, read = table[key]
        if value is None or (value == "" and read is not str):
            if key in _NULLS_MATTER:
                into.odd[key] = value
            continue
        try:
            setattr(into, name, read(value))
        except (ValueError, TypeError):
            into.odd[key] = value


_NULLS_MATTER = frozenset({"Total", "AmountDue", "AmountPaid", "AmountCredited", "CurrencyRate"})
