"""People's edits in Xero itself, and the payments of a bank feed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from . import wire
from .auth import XeroAuth
from .documents import XeroAllocation, XeroContact, XeroCredit, XeroInvoice, XeroLine, XeroPayment
from .ledger import XeroLedger
from .load import BANK_ACCOUNT, SALES_ACCOUNT, place_fields
from .postings import (
    add_credit,
    add_invoice,
    allocate,
    credit_event,
    post_payment,
    rate_for,
    unpost_payment,
)
from .webhooks import XeroWebhooks

SUPPLIER_CREDITS = {
    "credit note": ("CreditNotes", "ACCPAYCREDIT"),
    "prepayment": ("Prepayments", "SPEND-PREPAYMENT"),
    "overpayment": ("Overpayments", "SPEND-OVERPAYMENT"),
}
"""In which list each kind of a supplier's credit stands, and its type there."""


class XeroPeople:
    """Edits without the API: each raises ValueError where Xero's screens would refuse."""

    ledger: XeroLedger
    auth: XeroAuth
    webhooks: XeroWebhooks

    def _invoice(self, name: str) -> XeroInvoice:
        invoice = self.ledger.invoices.rows.get(self.ledger.resolve("invoice", name))
        if invoice is None:
            raise ValueError(f"no invoice {name}")
        return invoice

    def _contact(self, name: str) -> XeroContact:
        contact = self.ledger.contacts.rows.get(self.ledger.resolve("contact", name))
        if contact is None:
            raise ValueError(f"no contact {name}")
        return contact

    def pay(self, invoice_id: str, amount: Decimal, on: date) -> str:
        """Record a customer's payment; what is too much becomes an overpayment."""
        invoice = self._invoice(invoice_id)
        if invoice.status != "AUTHORISED" or amount <= 0:
            raise ValueError(f"invoice {invoice.number} is {invoice.status}: nothing to pay")
        amount = wire.cents(amount)
        surplus = amount - invoice.due
        payment = XeroPayment(
            wire.new_guid(),
            invoice,
            min(amount, invoice.due),
            on,
            self.ledger.stamp(),
            rate=invoice.rate,
            account_code=BANK_ACCOUNT,
            reconciled=True,
        )
        post_payment(self.ledger, payment)
        if surplus > 0:
            of = ("Overpayments", "RECEIVE-OVERPAYMENT")
            self._credit_of(*of, invoice.contact, surplus, invoice.currency, on)
        self.webhooks.flush()
        return payment.id

    def void(self, invoice_id: str) -> None:
        """Void an approved invoice that has nothing applied to it."""
        invoice = self._invoice(invoice_id)
        if invoice.status != "AUTHORISED" or invoice.part_paid:
            raise ValueError(f"invoice {invoice.number} cannot be voided")
        self._end(invoice, "VOIDED")

    def delete_invoice(self, invoice_id: str) -> None:
        """Delete an invoice that was not approved yet."""
        invoice = self._invoice(invoice_id)
        if invoice.status not in {"DRAFT", "SUBMITTED"}:
            raise ValueError(f"invoice {invoice.number} is {invoice.status}: void it instead")
        self._end(invoice, "DELETED")

    def _end(self, invoice: XeroInvoice, status: str) -> None:
        invoice.status, invoice.due = status, wire.ZERO
        self.ledger.changed(invoice)
        self.ledger.event("INVOICE", "UPDATE", invoice)
        self.webhooks.flush()

    def credit(self, contact_id: str, amount: Decimal, invoice_id: str = "") -> str:
        """Issue a credit note, applied to the invoice where one is named."""
        contact = self._contact(contact_id)
        invoice = self._invoice(invoice_id) if invoice_id else None
        amount = wire.cents(amount)
        if invoice and not 0 < amount <= invoice.due:
            raise ValueError(f"invoice {invoice.number} owes {invoice.due}, not {amount}")
        currency = invoice.currency if invoice else contact.currency
        note = self._credit_of("CreditNotes", "ACCRECCREDIT", contact, amount, currency)
        if invoice:
            applied = XeroAllocation(wire.new_guid(), amount, self.ledger.today, note, invoice)
            allocate(self.ledger, applied)
        self.webhooks.flush()
        return note.id

    def prepay(self, contact_id: str, amount: Decimal) -> str:
        """Receive money that belongs to no invoice yet."""
        contact = self._contact(contact_id)
        amount, currency = wire.cents(amount), contact.currency
        credit = self._credit_of("Prepayments", "RECEIVE-PREPAYMENT", contact, amount, currency)
        self.webhooks.flush()
        return credit.id

    def _credit_of(
        self,
        kind: str,
        type_: str,
        contact: XeroContact,
        amount: Decimal,
        currency: str,
        on: date | None = None,
    ) -> XeroCredit:
        """Enter a credit of a customer, or of a supplier, as its type says; None: of today."""
        ledger = self.ledger
        currency = currency or ledger.base_currency
        number = f"CN-{len(ledger.credits[kind].rows) + 1:04d}" if kind == "CreditNotes" else ""
        credit = XeroCredit(
            id=wire.new_guid(),
            kind=kind,
            type=type_,
            status="AUTHORISED",
            contact=contact,
            updated=ledger.stamp(),
            number=number,
            issued_on=on or ledger.today,
            currency=currency,
            rate=rate_for(ledger, currency),
            sub_total=amount,
            total=amount,
            remaining=amount,
            lines=[_line(amount)],
        )
        add_credit(ledger, credit)
        credit_event(ledger, credit, "CREATE")
        return credit

    def delete_payment(self, payment_id: str) -> None:
        """Take a payment back; the invoice is owed again."""
        id_ = self.ledger.resolve("payment", payment_id)
        payment = self.ledger.payments.rows.get(id_)
        if payment is None or payment.status == "DELETED":
            raise ValueError(f"no payment {payment_id}")
        unpost_payment(self.ledger, payment)
        self.webhooks.flush()

    def rename(self, contact_id: str, name: str) -> None:
        """Give a contact another name."""
        contact = self._contact(contact_id)
        contact.name = name
        self._contact_changed(contact)
        self.ledger.renamed(contact)

    def set_email(self, contact_id: str, email: str) -> None:
        """Change where a contact's mail goes."""
        contact = self._contact(contact_id)
        contact.email = email
        self._contact_changed(contact)

    def set_address(self, contact_id: str, street: str, city: str, postcode: str) -> None:
        """Change a contact's postal address within its country."""
        contact = self._contact(contact_id)
        others = [row for row in contact.addresses if row["AddressType"] != "POBOX"]
        postal = next((row for row in contact.addresses if row not in others), {})
        place = place_fields(city, "", postcode, postal.get("Country", ""))
        contact.addresses = [*others, {"AddressType": "POBOX", "AddressLine1": street, **place}]
        self._contact_changed(contact)

    def archive(self, contact_id: str) -> None:
        """Archive a contact: lists no longer show it."""
        contact = self._contact(contact_id)
        contact.status = "ARCHIVED"
        self._contact_changed(contact)

    def merge(self, contact_id: str, into_id: str) -> None:
        """Merge a contact into another, which takes over its documents."""
        contact, into = self._contact(contact_id), self._contact(into_id)
        if contact is into or contact.merged_to:
            raise ValueError(f"contact {contact_id} cannot be merged into {into_id}")
        # Every document moves, and counts as changed: a pull sees the new owner.
        for document in (*contact.invoices, *contact.credits):
            document.contact = into
            self.ledger.changed(document)
            for payment in document.payments:
                self.ledger.changed(payment, bump=False)
        into.invoices += contact.invoices
        into.credits += contact.credits
        contact.invoices, contact.credits = [], []
        # Xero has no status for it: a merged contact is archived and names its successor.
        contact.status, contact.merged_to = "ARCHIVED", into.id
        for group in contact.groups:
            group.members.pop(contact.id, None)
        contact.groups.clear()
        self._contact_changed(contact)
        self._contact_changed(into)

    def _contact_changed(self, contact: XeroContact) -> None:
        self.ledger.changed(contact)
        self.ledger.event("CONTACT", "UPDATE", contact)
        self.webhooks.flush()

    def set_due_date(self, invoice_id: str, on: date) -> None:
        """Move a due date; on a part-paid invoice, UpdatedDateUTC does not move with it."""
        invoice = self._invoice(invoice_id)
        invoice.due_on = on
        self._edited(invoice, bump=not invoice.part_paid)

    def _edited(self, invoice: XeroInvoice, *, bump: bool = True) -> None:
        self.ledger.changed(invoice, bump=bump)
        self.ledger.event("INVOICE", "UPDATE", invoice)
        self.webhooks.flush()

    def move_invoice(self, invoice_id: str, contact_id: str) -> None:
        """Put an invoice under another contact; Xero refuses once money is applied to it."""
        invoice, contact = self._invoice(invoice_id), self._contact(contact_id)
        if invoice.part_paid:
            raise ValueError(f"invoice {invoice.number} has a payment or credit note allocated")
        for party in (invoice.contact, contact):
            party.cache.clear()  # both balances are other ones now
        invoice.contact.invoices.remove(invoice)
        contact.invoices.append(invoice)
        invoice.contact = contact
        self.ledger.changed(invoice)
        self.ledger.event("INVOICE", "UPDATE", invoice)
        self.webhooks.flush()

    def set_terms(self, contact_id: str, days: str) -> None:
        """Make a contact's invoices due this many days after their date."""
        contact = self._contact(contact_id)
        sales = {"Day": int(days), "Type": "DAYSAFTERBILLDATE"}
        contact.terms = {**contact.terms, "Sales": sales}
        self._contact_changed(contact)

    def expect(self, invoice_id: str, on: date) -> None:
        """Set the day on which an invoice's money is expected."""
        invoice = self._invoice(invoice_id)
        invoice.expected_on = on
        self._edited(invoice)

    def approve_invoice(self, invoice_id: str) -> None:
        """Approve a draft."""
        invoice = self._invoice(invoice_id)
        if invoice.status != "DRAFT":
            raise ValueError(f"invoice {invoice_id} is no draft")
        invoice.status = "AUTHORISED"
        self._edited(invoice)

    def set_notes(self, contact_id: str, text: str) -> None:
        """Write a note on a contact, under the name of a person."""
        self.ledger.note(self._contact(contact_id).id, text, user="Sandbox Owner")

    def create_invoice(self, contact_id: str, amount: Decimal, on: date, due_on: date) -> str:
        """Issue and approve an invoice."""
        return self._approved("ACCREC", contact_id, amount, (on, due_on))

    def enter_bill(self, contact_id: str, amount: Decimal, on: date, due_on: date) -> str:
        """Enter and approve a bill of a supplier: any contact can be one."""
        return self._approved("ACCPAY", contact_id, amount, (on, due_on))

    def pay_bill(self, bill_id: str, amount: Decimal) -> str:
        """Record a payment to a supplier."""
        return self.pay(bill_id, amount, self.ledger.today)

    def enter_supplier_credit(
        self, contact_id: str, amount: Decimal, kind: str = "credit note"
    ) -> str:
        """Enter what a supplier owes back: a credit note, or money that was paid too early."""
        if kind not in SUPPLIER_CREDITS:
            raise ValueError(f"a supplier's credit is one of {', '.join(SUPPLIER_CREDITS)}")
        contact, amount = self._contact(contact_id), wire.cents(amount)
        credit = self._credit_of(*SUPPLIER_CREDITS[kind], contact, amount, contact.currency)
        self.webhooks.flush()
        return credit.id

    def use_supplier_credit(self, credit_id: str, bill_id: str, amount: Decimal) -> None:
        """Apply an amount of a supplier's credit to a bill."""
        tables = self.ledger.credits.values()
        credit = next((table.rows[credit_id] for table in tables if credit_id in table.rows), None)
        bill, amount = self._invoice(bill_id), wire.cents(amount)
        if credit is None or not 0 < amount <= min(credit.remaining, bill.due):
            raise ValueError(f"{amount} of {credit_id} cannot be applied to bill {bill.number}")
        applied = XeroAllocation(wire.new_guid(), amount, self.ledger.today, credit, bill)
        allocate(self.ledger, applied)
        self.webhooks.flush()

    def _approved(
        self, kind: str, contact_id: str, amount: Decimal, days: tuple[date, date]
    ) -> str:
        contact, ledger = self._contact(contact_id), self.ledger
        amount = wire.cents(amount)
        currency = contact.currency or ledger.base_currency
        invoice = XeroInvoice(
            id=wire.new_guid(),
            type=kind,
            status="AUTHORISED",
            contact=contact,
            updated=ledger.stamp(),
            # A bill has the supplier's own number.
            number=ledger.take_number() if kind == "ACCREC" else f"S-{len(contact.invoices) + 1}",
            issued_on=days[0],
            due_on=days[1],
            currency=currency,
            rate=rate_for(ledger, currency),
            sub_total=amount,
            total=amount,
            due=amount,
            lines=[_line(amount)],
            sent=True,
        )
        add_invoice(ledger, invoice)
        ledger.event("INVOICE", "CREATE", invoice)
        self.webhooks.flush()
        return invoice.id

    def disconnect(self) -> None:
        """Remove every app from the organisation."""
        self.auth.disconnect(self.ledger.organisation.id)


def _line(amount: Decimal) -> XeroLine:
    return XeroLine(
        wire.new_guid(),
        "Goods and services",
        unit_amount=amount,
        line_amount=amount,
        account_code=SALES_ACCOUNT,
        tax_type="NONE",
    )
