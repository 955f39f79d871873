"""From Xero's documents to arsync's records. Pure: a document and the base currency, nothing else.

An odd document becomes a `DocumentProblem` that names it: never a default, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Context, Decimal
from functools import lru_cache
from typing import TypeVar

from msgspec.structs import replace

from arsync.connector_sdk.reading import (
    UnusableField,
    document_problem,
    in_range,
    is_money,
    money,
    one_of,
    optional_id,
    people,
    phone,
    phones,
    record_id,
    required,
    with_worth,
)
from arsync.core.ledger.business_days import clamped
from arsync.core.ledger.countries import alpha_2
from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.payables import (
    BILL_PROBLEM,
    SUPPLIER_CREDIT_PROBLEM,
    Payable,
    Supplier,
)
from arsync.core.ledger.postal_addresses import PostalAddress, address_lines
from arsync.core.ledger.records import (
    Allocation,
    Contact,
    ContactStatus,
    Credit,
    DocumentProblem,
    DocumentStatus,
    Invoice,
    OpenBalance,
    Organisation,
    OwnBalance,
    Payment,
    PaymentStatus,
    Phone,
    RecordKind,
)
from arsync.core.ledger.sanitising import cleaned, one_line
from arsync_xero.currencies import CURRENCIES
from arsync_xero.dates import day_of, moment_of
from arsync_xero.documents import (
    Address,
    AllocationDocument,
    ContactDocument,
    ContactRef,
    CreditDocument,
    InvoiceDocument,
    OrganisationDocument,
    PaymentDocument,
    PhoneDocument,
    Term,
    Terms,
)
from arsync_xero.timezones import iana_name

RATE_DIGITS = 12
"""Significant digits kept of a rate that was turned round; Xero's own has six decimals."""

_STATUS = {
    "DRAFT": DocumentStatus.DRAFT,
    "SUBMITTED": DocumentStatus.DRAFT,
    "AUTHORISED": DocumentStatus.OPEN,
    "PAID": DocumentStatus.PAID,
    "VOIDED": DocumentStatus.VOIDED,
    "DELETED": DocumentStatus.DELETED,
}
_NEVER_ISSUED = frozenset({"DRAFT", "SUBMITTED", "DELETED"})
"""An approved document can be voided only, so a deleted one was a draft to the end."""
# A paid one, too: it is open again when its payment is removed, and then needs its due date.
_OWED = frozenset({DocumentStatus.OPEN, DocumentStatus.PAID})
_CONTACT_STATUS = {
    "ACTIVE": ContactStatus.ACTIVE,
    "ARCHIVED": ContactStatus.ARCHIVED,
    "GDPRREQUEST": ContactStatus.DELETED,
}
_GENERATED_NUMBER = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
_PHONE_KINDS = {"DEFAULT": "", "DDI": "direct", "OFFICE": "office", "MOBILE": "mobile"}
_PAYMENT_STATUS = {"AUTHORISED": PaymentStatus.ACTIVE, "DELETED": PaymentStatus.DELETED}
# Xero documents two names for the type of a prepayment and of an overpayment.
_CREDIT_KINDS = {
    "ACCRECCREDIT": CreditKind.CREDIT_NOTE,
    "RECEIVE-PREPAYMENT": CreditKind.PREPAYMENT,
    "ARPREPAYMENT": CreditKind.PREPAYMENT,
    "RECEIVE-OVERPAYMENT": CreditKind.OVERPAYMENT,
    "AROVERPAYMENT": CreditKind.OVERPAYMENT,
}
_SUPPLIER_CREDIT_KINDS = {
    "ACCPAYCREDIT": CreditKind.CREDIT_NOTE,
    "SPEND-PREPAYMENT": CreditKind.PREPAYMENT,
    "APPREPAYMENT": CreditKind.PREPAYMENT,
    "SPEND-OVERPAYMENT": CreditKind.OVERPAYMENT,
    "APOVERPAYMENT": CreditKind.OVERPAYMENT,
}
_PURCHASES = frozenset({"ACCPAY", *_SUPPLIER_CREDIT_KINDS})
_INVOICE_PAYMENT = "ACCRECPAYMENT"
_OTHER_PAYMENTS = frozenset(
    {
        "ACCPAYPAYMENT",
        "ARCREDITPAYMENT",
        "APCREDITPAYMENT",
        "AROVERPAYMENTPAYMENT",
        "ARPREPAYMENTPAYMENT",
        "APPREPAYMENTPAYMENT",
        "APOVERPAYMENTPAYMENT",
    }
)
"""Bills, and refunds of credits: the credit itself lists them."""
_TERM_WORDS = {
    "DAYSAFTERBILLDATE": "{day} days after the invoice date",
    "DAYSAFTERBILLMONTH": "{day} days after the end of the invoice month",
    "OFCURRENTMONTH": "day {day} of the current month",
    "OFFOLLOWINGMONTH": "day {day} of the following month",
}
_RATE_CONTEXT = Context(prec=RATE_DIGITS)
_ONE = Decimal(1)

T = TypeVar("T")


def to_organisation(
    document: OrganisationDocument, *, own_reminders: bool | None = None
) -> Organisation | DocumentProblem:
    """Return the organisation; a lock date that cannot be read is unknown.

    Args:
        document: Xero's own.
        own_reminders: whether Xero's own invoice reminders are on, where that is known.
    """

    def make() -> Organisation:
        name = one_line(required(document.name, "Name"))
        legal_name = one_line(document.legal_name or "")
        country = one_line((document.country_code or "").upper())
        numbers = _phones(document.phones)
        return Organisation(
            id=record_id(document.organisation_id, "OrganisationID"),
            name=name,
            base_currency=_currency(document.base_currency, "BaseCurrency"),
            country=country,
            time_zone=iana_name(document.timezone or ""),
            short_code=one_line(document.short_code or ""),
            is_demo=bool(document.is_demo_company),
            locked_until=_locked_until(document),
            own_reminders=own_reminders,
            legal_name=legal_name,
            address=_address(_postal_first(document.addresses), country, legal_name or name),
            # An organisation has no email address of its own in Xero.
            phone=numbers[0].number if numbers else "",
            tax_number=one_line(document.tax_number or ""),
            registration_number=one_line(document.registration_number or ""),
        )

    return _record(make, RecordKind.ORGANISATION, document.organisation_id, document.name)


def to_contact(document: ContactDocument, home: str = "") -> Contact | DocumentProblem:
    """Return a contact.

    Args:
        document: Xero's own.
        home: the organisation's country: an address that names none is in it.
    """

    def make() -> Contact:
        name, addresses = (
            one_line(required(document.name, "Name")),
            _postal_first(document.addresses),
        )
        country = _country(addresses)
        merged_into = optional_id(document.merged_to_contact_id or "", "MergedToContactID")
        status = one_of(document.contact_status, _CONTACT_STATUS, "ContactStatus")
        return Contact(
            id=record_id(document.contact_id, "ContactID"),
            name=name,
            status=ContactStatus.MERGED if merged_into else status,
            email=one_line(document.email_address or ""),
            # Xero's own emails go to these persons as well as to the contact.
            more_emails=tuple(
                one_line(person.email_address)
                for person in document.contact_persons or ()
                if person.include_in_emails and person.email_address
            ),
            first_name=one_line(document.first_name or ""),
            people=people(
                [
                    (document.first_name, document.last_name),
                    *(
                        (person.first_name, person.last_name)
                        for person in document.contact_persons or ()
                    ),
                ]
            ),
            phones=_phones(document.phones),
            address=_address(addresses, country or home, name),
            customer_number=_customer_number(document),
            currency=one_line(document.default_currency or ""),
            country=country,
            groups=tuple(
                sorted(
                    one_line(group.name) for group in document.contact_groups or () if group.name
                )
            ),
            merged_into=merged_into,
            terms=terms_in_words(document.payment_terms),
            updated_at=moment_of(document.updated_date_utc),
        )

    return _record(make, RecordKind.CONTACTS, document.contact_id, document.name)


def _phones(listed: Sequence[PhoneDocument] | None) -> tuple[Phone, ...]:
    """Return the telephone numbers, the main one first; fax numbers are left out."""
    return phones(
        phone(
            kind,
            number.phone_area_code,
            number.phone_number,
            country_code=number.phone_country_code,
        )
        for phone_type, kind in _PHONE_KINDS.items()
        for number in listed or ()
        # Xero serves all kinds with empty texts; the parts of a number that is none are none.
        if number.phone_type == phone_type and number.phone_number
    )


def to_balance(document: ContactDocument) -> OwnBalance | None:
    """Return what a contact owes by Xero's own figure; None when there is no usable one.

    The figure is "raw, not converted to base currency". Whether unallocated credits are subtracted
    is not documented.

    Args:
        document: read by page or by id, never from a summary. In these forms Xero leaves `Balances`
            out of a contact that neither owes nor is owed anything (recorded in 2026).
    """
    if not document.contact_id:
        return None
    balances = document.balances
    amount: Decimal | None = Decimal(0)
    if balances is not None:
        receivable = balances.accounts_receivable
        amount = receivable.outstanding if receivable else None
    if amount is None or not is_money(amount):
        return None
    return OwnBalance(document.contact_id, amount, less_credits=None, in_base=False)


def to_invoice(document: InvoiceDocument, base: str) -> Invoice | DocumentProblem | None:
    """Return a sales invoice; None for a bill, and for a draft that has no date yet.

    Args:
        document: what Xero says of it, in full: by page or by id. A summary shows less of it.
        base: the organisation's currency.
    """
    # Bills come from the same endpoint; they are no problem, they are just not receivables.
    if document.type in _PURCHASES or _is_undated_draft(document):
        return None
    return _invoice(document, base, "ACCREC")


def to_bill(document: InvoiceDocument, base: str) -> Payable | str | DocumentProblem | None:
    """Return a bill, or the id of one on which nothing is owed; None for a sales invoice.

    Args:
        document: what Xero says of it: a bill has the form of an invoice.
        base: the organisation's currency.
    """
    if document.type != "ACCPAY" or _is_undated_draft(document):
        return None
    form = _invoice(document, base, "ACCPAY")
    if isinstance(form, DocumentProblem):
        return replace(form, kind=BILL_PROBLEM)
    if form.status != DocumentStatus.OPEN or form.amount_due <= 0:
        return form.id
    return Payable(
        id=form.id,
        supplier=_supplier(document.contact, form.contact_id),
        number=form.number,
        issued_on=form.issued_on,
        due_on=form.due_on,
        currency=form.currency,
        rate=form.rate,
        amount=form.amount_due,
    )


def to_supplier_credit(
    document: CreditDocument, base: str
) -> Payable | str | DocumentProblem | None:
    """Return a supplier's credit, or the id of one of which nothing is left.

    None for a customer's, and for a draft that has no date yet.

    Args:
        document: what Xero says of it.
        base: the organisation's currency.
    """
    if document.type in _CREDIT_KINDS or _is_undated_draft(document):
        return None
    form = _credit(document, base, _SUPPLIER_CREDIT_KINDS)
    if isinstance(form, DocumentProblem):
        return replace(form, kind=SUPPLIER_CREDIT_PROBLEM)
    if form.status != DocumentStatus.OPEN or form.unallocated <= 0:
        return form.id
    return Payable(
        id=form.id,
        supplier=_supplier(document.contact, form.contact_id),
        number=form.number,
        issued_on=form.issued_on,
        due_on=None,
        currency=form.currency,
        rate=form.rate,
        amount=form.unallocated,
        credit=CreditKind(form.kind),
    )


def _supplier(contact: ContactRef | None, contact_id: str) -> Supplier:
    # In Xero one contact is customer and supplier.
    name = one_line((contact and contact.name) or "")
    return Supplier(contact_id, name, contact_id=contact_id)


def _invoice(document: InvoiceDocument, base: str, expected_type: str) -> Invoice | DocumentProblem:
    def make() -> Invoice:
        if document.type != expected_type:
            raise UnusableField(f"unknown Type {document.type!r}")
        status = one_of(document.status, _STATUS, "Status")
        owed = status in _OWED
        issued_on = _day(document.date_string, document.date, "Date")
        due_on = _optional_day(document.due_date_string, document.due_date, "DueDate")
        if due_on is None:
            if owed:
                raise UnusableField("DueDate is missing")
            # A draft or a void is not owed, so a missing due date does not make it unreadable.
            due_on = issued_on
        currency = _currency(document.currency_code, "CurrencyCode")
        return Invoice(
            id=record_id(document.invoice_id, "InvoiceID"),
            contact_id=_contact_id(document.contact),
            number=one_line(document.invoice_number or ""),
            status=status,
            issued_on=issued_on,
            due_on=due_on,
            currency=currency,
            rate=_rate(document.currency_rate, currency, base, needed=owed),
            total=money(document.total, "Total"),
            amount_due=money(document.amount_due, "AmountDue"),
            reference=one_line(document.reference or ""),
            # Recorded in 2026: an invoice read in full has it only where it is true.
            sent=bool(document.sent_to_contact),
            paid_on=_optional_day(None, document.fully_paid_on_date, "FullyPaidOnDate"),
            expected_on=_information_day(document.expected_payment_date, "ExpectedPaymentDate"),
            updated_at=moment_of(document.updated_date_utc),
        )

    whose = (_owner(document.contact), ())
    outcome = _record(
        make, RecordKind.INVOICES, document.invoice_id, document.invoice_number, whose
    )
    return with_worth(outcome, _worth(document.status, document.amount_due), document.currency_code)


def to_credit(document: CreditDocument, base: str) -> Credit | DocumentProblem | None:
    """Return a credit note, prepayment or overpayment of a customer.

    None for a supplier's, and for a draft that has no date yet.

    Args:
        document: what Xero says of it.
        base: the organisation's currency.
    """
    if document.type in _PURCHASES or _is_undated_draft(document):
        return None
    return _credit(document, base, _CREDIT_KINDS)


def _credit(
    document: CreditDocument, base: str, kinds: Mapping[str, CreditKind]
) -> Credit | DocumentProblem:
    id_ = document.credit_note_id or document.prepayment_id or document.overpayment_id
    number = document.credit_note_number or document.reference

    def make() -> Credit:
        status = one_of(document.status, _STATUS, "Status")
        currency = _currency(document.currency_code, "CurrencyCode")
        issued_on = _day(document.date_string, document.date, "Date")
        total, unallocated = money(document.total, "Total"), _remaining(document, status)
        allocations = tuple(
            _allocation(allocation, issued_on) for allocation in document.allocations or ()
        )
        used = total - unallocated - sum(allocation.amount for allocation in allocations)
        return Credit(
            id=record_id(id_, "id"),
            contact_id=_contact_id(document.contact),
            kind=one_of(document.type, kinds, "Type"),
            number=one_line(number or ""),
            status=status,
            issued_on=issued_on,
            currency=currency,
            rate=_rate(document.currency_rate, currency, base, needed=status in _OWED),
            total=total,
            unallocated=unallocated,
            allocations=(*allocations, *_refunds(document, issued_on, used)),
            updated_at=moment_of(document.updated_date_utc),
        )

    named = {
        allocation.invoice.invoice_id
        for allocation in document.allocations or ()
        if allocation.invoice
    }
    whose = (
        _owner(document.contact),
        tuple(sorted(invoice_id for invoice_id in named if invoice_id)),
    )
    outcome = _record(make, RecordKind.CREDITS, id_, number, whose)
    worth = _worth(document.status, document.remaining_credit)
    return with_worth(outcome, worth, document.currency_code)


def to_payment(document: PaymentDocument, base: str) -> Payment | DocumentProblem | None:
    """Return a payment of a sales invoice; None for bills and refunds.

    Args:
        document: what Xero says of it.
        base: the organisation's currency.
    """
    if document.payment_type in _OTHER_PAYMENTS:
        return None

    def make() -> Payment:
        if document.payment_type != _INVOICE_PAYMENT:
            raise UnusableField(f"unknown PaymentType {document.payment_type!r}")
        invoice = document.invoice
        if invoice is None:
            raise UnusableField("Invoice is missing")
        status = one_of(document.status, _PAYMENT_STATUS, "Status")
        paid_on = _day(document.date_string, document.date, "Date")
        currency = _currency(invoice.currency_code, "Invoice.CurrencyCode")
        amount = money(document.amount, "Amount")
        match = Allocation(record_id(invoice.invoice_id, "Invoice.InvoiceID"), amount, paid_on)
        return Payment(
            id=record_id(document.payment_id, "PaymentID"),
            contact_id=_contact_id(invoice.contact),
            status=status,
            paid_on=paid_on,
            currency=currency,
            rate=_rate(
                document.currency_rate, currency, base, needed=status == PaymentStatus.ACTIVE
            ),
            amount=amount,
            # In Xero a payment always belongs to a document: nothing of it is left over.
            unallocated=Decimal(0),
            # Of a deleted one too: until it was deleted, the invoice was owed the less.
            allocations=(match,),
            reference=one_line(document.reference or ""),
            reconciled=document.is_reconciled,
            updated_at=moment_of(document.updated_date_utc),
        )

    invoice = document.invoice
    named = (invoice.invoice_id,) if invoice and invoice.invoice_id else ()
    whose = (_owner(invoice.contact if invoice else None), named)
    return _record(make, RecordKind.PAYMENTS, document.payment_id, document.reference, whose)


def to_open_balance(document: InvoiceDocument) -> OpenBalance | DocumentProblem:
    """Return what a summary says of an open invoice."""

    def make() -> OpenBalance:
        return OpenBalance(
            invoice_id=record_id(document.invoice_id, "InvoiceID"),
            amount_due=money(document.amount_due, "AmountDue"),
            due_on=_optional_day(document.due_date_string, document.due_date, "DueDate"),
        )

    return _record(make, RecordKind.INVOICES, document.invoice_id, document.invoice_number)


def terms_in_words(terms: Terms | None) -> str:
    """Return the payment terms for sales as people read them."""
    sales = terms.sales if terms else None
    if sales is None or sales.type is None or sales.day is None:
        return ""
    if is_cash_on_delivery(sales):
        return "cash on delivery"
    return _TERM_WORDS.get(sales.type, "{day} {type}").format(
        day=sales.day, type=one_line(sales.type)
    )


def is_cash_on_delivery(term: Term | None) -> bool:
    """Say whether a term asks for the money at once."""
    return term is not None and term.day == 0 and term.type == "DAYSAFTERBILLDATE"


@lru_cache(maxsize=4096)
def base_per_unit(rate: Decimal) -> Decimal:
    """Turn Xero's CurrencyRate into base-currency units for one unit of the document's currency.

    Xero's rate is read as units of the document's currency for one of the base currency, which is
    not documented. If it is the other way round, this is the one place to change.
    """
    return _RATE_CONTEXT.divide(_ONE, rate)


def _locked_until(document: OrganisationDocument) -> date | None:
    # Xero itself refuses what is locked, so a date that is odd must not cost the whole ledger.
    days = []
    for text in (document.period_lock_date, document.end_of_year_lock_date):
        try:
            days.append(_information_day(text, "a lock date"))
        except UnusableField:
            continue
    return max((day for day in days if day is not None), default=None)


def _is_undated_draft(document: InvoiceDocument | CreditDocument) -> bool:
    """Say whether it is a draft, or was deleted as one, before anybody gave it a date."""
    undated = not document.date_string and not document.date
    return undated and document.status in _NEVER_ISSUED


def _remaining(document: CreditDocument, status: DocumentStatus) -> Decimal:
    """Return what is left of a credit.

    Raises:
        UnusableField: it is open, and does not say. The total less its allocations would be a
            guess: a refund is in neither.
    """
    # Credit notes of 2011 have no such field. One that is not open covers no invoice any more.
    if document.remaining_credit is None and status != DocumentStatus.OPEN:
        return Decimal(0)
    return money(document.remaining_credit, "RemainingCredit")


def _rate(rate: Decimal | None, currency: str, base: str, *, needed: bool) -> Decimal | None:
    if currency == base:
        return _ONE
    # A draft or a void needs no rate: nothing is owed on it that would have to be converted.
    if rate is None or not rate.is_finite() or rate <= 0:
        if needed:
            raise UnusableField(f"no CurrencyRate for {currency}")
        return None
    return base_per_unit(rate)


def _record(
    make: Callable[[], T],
    kind: RecordKind,
    id_: str | None,
    number: str | None,
    whose: tuple[str, tuple[str, ...]] = ("", ()),
) -> T | DocumentProblem:
    """Make a record, or say what is odd; `whose` is the contact and the invoices it names."""
    # One odd document must not cost the page: it is named, and the others are taken.
    try:
        return make()
    except UnusableField as odd:
        return document_problem(kind, id_, number, str(odd), whose)


def _worth(status: str | None, amount: Decimal | None) -> Decimal | None:
    # A draft or a void is not owed, so no total lacks it.
    return amount if _STATUS.get(status or "", DocumentStatus.OPEN) in _OWED else Decimal(0)


def _owner(contact: ContactRef | None) -> str:
    return (contact and contact.contact_id) or ""


def _contact_id(contact: object) -> str:
    return record_id(getattr(contact, "contact_id", None), "Contact.ContactID")


def _currency(value: str | None, name: str) -> str:
    code = required(value, name)
    if code not in CURRENCIES:
        raise UnusableField(f"unknown {name} {code!r}")
    return code


def _day(plain: str | None, text: str | None, name: str) -> date:
    day = _optional_day(plain, text, name)
    if day is None:
        raise UnusableField(f"{name} is missing")
    return day


def _optional_day(plain: str | None, text: str | None, name: str) -> date | None:
    try:
        day = day_of(plain, text)
    except ValueError:
        raise UnusableField(f"{name} {plain or text} is no date") from None
    return None if day is None else in_range(day, name)


def _information_day(text: str | None, name: str) -> date | None:
    """Return a day on which nothing is owed: one beyond all bounds is the nearest within them."""
    try:
        day = day_of(None, text)
    except ValueError:
        raise UnusableField(f"{name} {text} is no date") from None
    return None if day is None else clamped(day)


def _allocation(document: AllocationDocument, issued_on: date) -> Allocation:
    invoice = document.invoice
    return Allocation(
        invoice_id=record_id(invoice.invoice_id if invoice else None, "Allocations.Invoice"),
        amount=money(document.amount, "Allocations.Amount"),
        # Without a day of its own it counts from the credit's: not earlier than it can have been.
        allocated_on=_optional_day(document.date_string, document.date, "Allocations.Date")
        or issued_on,
    )


def _refunds(document: CreditDocument, issued_on: date, used: Decimal) -> list[Allocation]:
    """Return what was paid back of a credit.

    Its remaining amount has it off already: a refund that cannot be understood costs the day on
    which it was paid, and nothing else. Whether Xero also lists the money that a prepayment or an
    overpayment came from is not documented: what used up nothing was not paid back.

    Args:
        document: what Xero says of the credit.
        issued_on: its day.
        used: what is neither left of it nor allocated to invoices.
    """
    refunds = list(_listed_refunds(document, issued_on))
    return refunds if sum(refund.amount for refund in refunds) <= used else []


def _listed_refunds(document: CreditDocument, issued_on: date) -> Iterator[Allocation]:
    for refund in document.payments or ():
        try:
            paid_on = _day(refund.date_string, refund.date, "Payments.Date")
            amount = money(refund.amount, "Payments.Amount")
        except UnusableField:
            continue
        if (
            _PAYMENT_STATUS.get(refund.status or "AUTHORISED") == PaymentStatus.ACTIVE
            and amount > 0
        ):
            yield Allocation("", amount, max(paid_on, issued_on))


def _customer_number(document: ContactDocument) -> str:
    """Return the account number, which people type; else a contact number that they can read.

    The contact number is set through the API alone, by programs that imported the customer: often
    the number under which the customer is known there, and sometimes a generated one.
    """
    imported = cleaned(document.contact_number or "")
    if _GENERATED_NUMBER.fullmatch(imported):
        imported = ""
    return cleaned(document.account_number or "") or imported


def _postal_first(addresses: Sequence[Address] | None) -> list[Address]:
    """Return the addresses, the postal one first: Xero puts that one on invoices."""
    return sorted(
        (address for address in addresses or () if address.address_type != "DELIVERY"),
        key=lambda address: address.address_type != "POBOX",
    )


def _address(addresses: Sequence[Address], home: str, name: str) -> tuple[str, ...]:
    """Return the lines of the first address that is one."""
    for address in addresses:
        written = PostalAddress(
            street=(
                address.address_line1,
                address.address_line2,
                address.address_line3,
                address.address_line4,
            ),
            city=address.city,
            region=address.region,
            postcode=address.postal_code,
            attention=address.attention_to,
        )
        lines = address_lines(written, alpha_2(address.country or "") or home, name=name)
        if lines:
            return lines
    return ()


def _country(addresses: Sequence[Address]) -> str:
    """Return the country of the first address that names one."""
    return next((alpha_2(address.country) for address in addresses if address.country), "")
