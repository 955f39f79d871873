"""QuickBooks Online documents to arsync's records: pure functions that never guess.

Each returns the record, or a `DocumentProblem` that names the document and says what is odd about
it. What QuickBooks does not say of a document stays empty or None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import wraps
from typing import Any, NamedTuple, TypeVar

from arsync.connector_sdk.reading import (
    NO_CURRENCIES,
    UnusableField,
    day,
    document_problem,
    is_money,
    iso_day,
    money,
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
from arsync.core.ledger.postal_addresses import PostalAddress, address_lines
from arsync.core.ledger.records import (
    Allocation,
    Contact,
    ContactStatus,
    Credit,
    DocumentProblem,
    DocumentStatus,
    Invoice,
    Organisation,
    OwnBalance,
    Payment,
    PaymentStatus,
    RecordKind,
)
from arsync.core.ledger.sanitising import cleaned, one_line
from arsync_quickbooks.documents import (
    Address,
    CompanyInfoDoc,
    CreditMemoDoc,
    CustomerDoc,
    EmailAddress,
    Header,
    InvoiceDoc,
    MalformedRow,
    PaymentDoc,
    PreferencesDoc,
    Ref,
    TermDoc,
    Transaction,
)
from arsync_quickbooks.fenced_text import promised_on

DELETED_SUFFIX = " (deleted)"
"""QuickBooks adds it to the names of customers that were made inactive."""

VOID_WORD = "Voided"
"""QuickBooks puts it before a voided document's private note; there is no status for it."""

RATE_MAX = Decimal(10) ** 9
"""A larger exchange rate is refused as odd."""

_LETTERS_ONLY = re.compile(r"[\W_]+")
_PURCHASE_ORDER_NAMES = frozenset(
    {
        "po",
        "pono",
        "ponumber",
        "purchaseorder",
        "purchaseorderno",
        "purchaseordernumber",
        "customerpo",
        "customerponumber",
        "ordernumber",
        "yourorder",
        "yourordernumber",
    }
)
"""What people call the custom field of an order number, as letters alone. New companies have a
field `P.O. Number`."""

_CURRENCY = re.compile(r"[A-Z]{3}")

D = TypeVar("D", bound=Header)
R = TypeVar("R")


class BookSettings(NamedTuple):
    """How the company keeps its books: decides how a document's currency and rate are read."""

    home_currency: str
    multicurrency: bool


class ReferenceNames(NamedTuple):
    """What a customer is read by: what types and terms are called, by id, and where home is."""

    customer_types: Mapping[str, str] = {}
    terms: Mapping[str, str] = {}
    home: str = ""
    """The company's country: an address that names none is in it."""


NO_NAMES = ReferenceNames()


def _named(
    kind: RecordKind,
) -> Callable[[Callable[[D, Any], R]], Callable[[D | MalformedRow, Any], R | DocumentProblem]]:
    def decorate(
        convert: Callable[[D, Any], R],
    ) -> Callable[[D | MalformedRow, Any], R | DocumentProblem]:
        @wraps(convert)
        def converted(document: D | MalformedRow, context: Any) -> R | DocumentProblem:
            if isinstance(document, MalformedRow):
                return document_problem(
                    kind, document.id, document.number, document.message, document.whose
                )
            try:
                return convert(document, context)
            except UnusableField as odd:
                number = getattr(document, "doc_number", None) or ""
                problem = document_problem(kind, document.id, number, str(odd), _whose(document))
                return with_worth(problem, *_worth(document))

        return converted

    return decorate


def _worth(document: Header) -> tuple[Decimal | None, str | None]:
    """Return what is due on a document, or left of it, and its currency, as they were sent."""
    if not isinstance(document, Transaction):
        return None, None
    amount = None
    if isinstance(document, InvoiceDoc):
        amount = document.balance
    elif isinstance(document, CreditMemoDoc):
        remaining = document.remaining_credit
        amount = document.balance if remaining is None else remaining
    return amount, value_of(document.currency_ref)


@_named(RecordKind.CONTACTS)
def to_contact(document: CustomerDoc, names: ReferenceNames) -> Contact:
    """Return a Customer as a contact."""
    meta = document.meta_data
    emails = addresses_of(document.primary_email_addr)
    name = document.display_name or document.fully_qualified_name or ""
    active = document.active is not False
    # The suffix is QuickBooks', not the customer's: it would show in letters and in reports.
    if not active:
        name = name.removesuffix(DELETED_SUFFIX)
    name = one_line(required(name, "DisplayName"))
    address = document.bill_addr
    country = alpha_2((address and address.country) or "")
    return Contact(
        id=record_id(document.id, "Id"),
        name=name,
        status=ContactStatus.ACTIVE if active else ContactStatus.ARCHIVED,
        email=emails[0] if emails else "",
        more_emails=emails[1:],
        first_name=one_line(document.given_name or ""),
        people=people([(document.given_name, document.family_name)]),
        phones=phones(
            phone(kind, number.free_form_number if number else None)
            for kind, number in (
                ("", document.primary_phone),
                ("mobile", document.mobile),
                ("other", document.alternate_phone),
            )
        ),
        address=_address(address, country or names.home, name),
        # Intuit's schema has it, for its desktop program alone; its description of customers has
        # no number of the customer's.
        customer_number=cleaned(document.acct_num or ""),
        currency=one_line(value_of(document.currency_ref)),
        country=country,
        groups=_groups(document.customer_type_ref, names),
        parent_id=optional_id(value_of(document.parent_ref), "ParentRef"),
        bill_to_parent=bool(document.parent_ref and document.bill_with_parent),
        created_on=_day_of((meta and meta.create_time) or ""),
        terms=one_line(_called(document.sales_term_ref, names.terms)),
        note=document.notes or "",
        version=document.sync_token or "",
        updated_at=_moment_of(document),
    )


def to_balance(document: CustomerDoc) -> OwnBalance | None:
    """Return what a customer owes by QuickBooks' own figure, without its jobs; None without one.

    Unapplied money is subtracted: the figure can be negative. Whether it is in the customer's
    currency or in the company's is not documented.
    """
    amount = document.balance
    if not document.id or amount is None or not is_money(amount):
        return None
    return OwnBalance(document.id, amount, less_credits=True, in_base=None)


@_named(RecordKind.INVOICES)
def to_invoice(document: InvoiceDoc, books: BookSettings) -> Invoice:
    """Return an Invoice. It is owed while its Balance is above zero: there is no status."""
    total = money(document.total_amt, "TotalAmt")
    due = money(document.balance, "Balance")
    if due < 0:
        raise UnusableField(f"Balance is negative: {due}")
    currency = currency_of(document, books)
    note = document.private_note or ""
    return Invoice(
        id=record_id(document.id, "Id"),
        contact_id=record_id(value_of(document.customer_ref), "CustomerRef"),
        number=one_line(document.doc_number or ""),
        status=_invoice_status(document, total, due),
        issued_on=day(document.txn_date, "TxnDate"),
        due_on=day(document.due_date, "DueDate"),
        currency=currency,
        rate=rate_of(document, currency, books),
        total=total,
        amount_due=due,
        purchase_order=_purchase_order(document),
        sent=_SENT.get(document.email_status or ""),
        expected_on=promised_on(note),
        email=", ".join(addresses_of(document.bill_email)),
        link=one_line(document.invoice_link or ""),
        note=note,
        disputed_on=_disputed_on(document),
        version=document.sync_token or "",
        updated_at=_moment_of(document),
    )


def _disputed_on(document: InvoiceDoc) -> date | None:
    """Return the day since which the customer disputes it, as the e-invoice's status tells.

    Intuit's schema writes `Disputed`, its description `DISPUTED`. When the status has no time of
    its own, the document's last change is the best that is known.
    """
    # Whether this status alone counts as a change is not documented: a disputed invoice is read
    # again with each pull, and every invoice right before a message, so that its end is not missed.
    if (document.e_invoice_status or "").casefold() != "disputed":
        return None
    changed = document.meta_data.last_updated_time if document.meta_data else None
    stamps = (document.e_cloud_status_time_stamp, changed)
    days = [_day_of(stamp or "") for stamp in stamps]
    return next(filter(None, days), None) or day(document.txn_date, "TxnDate")


_SENT = {"EmailSent": True, "NeedToSend": False}
"""`NotSet` says nothing: the invoice may have been printed and posted."""


@_named(RecordKind.PAYMENTS)
def to_payment(document: PaymentDoc, books: BookSettings) -> Payment:
    """Return a Payment with what it was matched to.

    A credit memo is applied by a Payment of zero that has one line to the memo and one to the
    invoice. Its invoice line becomes an allocation of that Payment, not of the credit: the memo
    itself lists no amounts, and when somebody undoes the application, it is this Payment that is
    deleted, and its allocation with it. So the allocations of all payments add up to what was paid
    or credited on an invoice, and `Credit.allocations` stays empty.
    """
    amount = money(document.total_amt, "TotalAmt")
    unapplied = money(document.unapplied_amt, "UnappliedAmt")
    paid_on = day(document.txn_date, "TxnDate")
    currency = currency_of(document, books)
    # A payment of zero with lines is not void: it applies a credit memo.
    voided = amount == 0 and unapplied == 0 and not document.line and _is_void(document)
    return Payment(
        id=record_id(document.id, "Id"),
        contact_id=record_id(value_of(document.customer_ref), "CustomerRef"),
        status=PaymentStatus.VOIDED if voided else PaymentStatus.ACTIVE,
        paid_on=paid_on,
        currency=currency,
        rate=rate_of(document, currency, books),
        amount=amount,
        unallocated=unapplied,
        allocations=_allocations(document, paid_on),
        reference=one_line(document.payment_ref_num or ""),
        version=document.sync_token or "",
        updated_at=_moment_of(document),
    )


@_named(RecordKind.CREDITS)
def to_credit(document: CreditMemoDoc, books: BookSettings) -> Credit:
    """Return a CreditMemo as a credit note. Its allocations are told by payments."""
    total = money(document.total_amt, "TotalAmt")
    remaining = document.remaining_credit
    amount = money(document.balance if remaining is None else remaining, "RemainingCredit")
    currency = currency_of(document, books)
    if total == 0 and amount == 0 and _is_void(document):
        status = DocumentStatus.VOIDED
    else:
        status = DocumentStatus.OPEN if amount else DocumentStatus.PAID
    return Credit(
        id=record_id(document.id, "Id"),
        contact_id=record_id(value_of(document.customer_ref), "CustomerRef"),
        kind=CreditKind.CREDIT_NOTE,
        number=one_line(document.doc_number or ""),
        status=status,
        issued_on=day(document.txn_date, "TxnDate"),
        currency=currency,
        rate=rate_of(document, currency, books),
        total=total,
        unallocated=amount,
        version=document.sync_token or "",
        updated_at=_moment_of(document),
    )


def to_organisation(
    company: CompanyInfoDoc,
    preferences: PreferencesDoc,
    *,
    realm_id: str,
    is_demo: bool,
    known_time_zones: frozenset[str],
) -> Organisation:
    """Return the company. A time zone that is not an IANA name counts as not told."""
    accounting = preferences.accounting_info_prefs
    closed = accounting.book_close_date if accounting else None
    zone = company.default_time_zone or ""
    name, legal_name = (
        one_line(text or "")
        for text in (company.company_name or company.legal_name, company.legal_name)
    )
    country = alpha_2(company.country or "")
    # The one that is meant for customers, then the one that the government has.
    addresses = (company.customer_communication_addr, company.company_addr, company.legal_addr)
    written = (_address(address, country, legal_name or name) for address in addresses)
    emails = addresses_of(company.customer_communication_email_addr) or addresses_of(company.email)
    main = company.primary_phone
    number = phone("", main.free_form_number if main else None)
    return Organisation(
        id=realm_id,
        name=name,
        base_currency=books_of(preferences).home_currency,
        country=country,
        time_zone=zone if zone in known_time_zones else "",
        is_demo=is_demo,
        locked_until=_day_of(closed or ""),
        # QuickBooks has reminders of its own, but does not say whether they are switched on.
        own_reminders=None,
        legal_name=legal_name,
        address=next(filter(None, written), ()),
        phone=number.number if number else "",
        email=emails[0] if emails else "",
        # It has a company's employer number, which is not for customers to see, and keeps numbers
        # of tax offices and registers in no document that is described.
    )


def books_of(preferences: PreferencesDoc) -> BookSettings:
    """Return how the books are kept; the home currency is empty when it is not told."""
    currency = preferences.currency_prefs
    return BookSettings(
        home_currency=value_of(currency.home_currency if currency else None),
        multicurrency=bool(currency and currency.multi_currency_enabled),
    )


def term_in_words(term: TermDoc) -> str:
    """Say a term in words: `30 days after the bill date`."""
    if term.due_days is not None:
        return f"{term.due_days} days after the bill date"
    if term.day_of_month_due is not None:
        return f"day {term.day_of_month_due} of the month"
    return term.name or ""


def is_due_after(term: TermDoc, days: int) -> bool:
    """Say whether a term is usable and asks for payment after so many days; 0: at once."""
    return bool(term.id) and term.active is not False and term.due_days == days


def is_called(term: TermDoc, name: str) -> bool:
    """Say whether a term is usable and has this name."""
    own = " ".join((term.name or "").split()).casefold()
    return bool(term.id) and term.active is not False and own == name.casefold()


def moment(text: str) -> datetime:
    """Read a timestamp with its offset, as UTC.

    Raises:
        ValueError: it is none, or has no offset.
    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"no offset in {text!r}")
    return at.astimezone(UTC)


def _whose(document: Header) -> tuple[str, tuple[str, ...]]:
    """Return the customer and the invoices that a document names."""
    named = (
        link.txn_id or ""
        for line in getattr(document, "line", None) or ()
        for link in line.linked_txn or ()
        if link.txn_type == "Invoice"
    )
    return value_of(getattr(document, "customer_ref", None)), tuple(named)


def value_of(reference: Ref | None) -> str:
    """Return the id that a reference names; empty for none."""
    return (reference and reference.value) or ""


def _day_of(text: str) -> date | None:
    """Return the calendar day of a timestamp as it is written, in its own offset."""
    day = iso_day(text[:10])
    return None if day is None else clamped(day)


def _moment_of(document: Header) -> datetime | None:
    text = document.meta_data.last_updated_time if document.meta_data else None
    if not text:
        return None
    try:
        return moment(text)
    except ValueError:
        raise UnusableField(f"MetaData.LastUpdatedTime is not a moment: {text!r}") from None


def currency_of(document: Transaction, books: BookSettings) -> str:
    """Return the currency of a document; the home one, where the company has no other."""
    code = value_of(document.currency_ref)
    # Companies with one currency may leave it out.
    if not code:
        if books.multicurrency or not books.home_currency:
            raise UnusableField("CurrencyRef is missing")
        return books.home_currency
    if not _CURRENCY.fullmatch(code) or code in NO_CURRENCIES:
        raise UnusableField(f"unknown currency {code!r}")
    return code


def rate_of(document: Transaction, currency: str, books: BookSettings) -> Decimal:
    """Return home units for one unit of the document's currency."""
    if currency == books.home_currency:
        return Decimal(1)
    rate = document.exchange_rate
    if rate is None:
        raise UnusableField(f"no ExchangeRate for {currency}")
    if not rate.is_finite() or not 0 < rate <= RATE_MAX:
        raise UnusableField(f"ExchangeRate is out of range: {rate}")
    # QuickBooks gives home units for one foreign unit, as the records do: nothing to turn round.
    return rate


def _is_void(document: Transaction) -> bool:
    return (document.private_note or "").startswith(VOID_WORD)


def _invoice_status(document: InvoiceDoc, total: Decimal, due: Decimal) -> DocumentStatus:
    says_void = (document.invoice_status or "").upper() == "VOIDED"
    if total == 0 and due == 0 and (says_void or _is_void(document)):
        return DocumentStatus.VOIDED
    return DocumentStatus.OPEN if due > 0 else DocumentStatus.PAID


def _allocations(document: PaymentDoc, paid_on: date) -> tuple[Allocation, ...]:
    allocations = []
    for line in document.line or ():
        links = [link for link in line.linked_txn or () if link.txn_type == "Invoice"]
        if len(links) > 1:
            raise UnusableField("one line is linked to several invoices")
        for link in links:
            amount = money(line.amount, "Line.Amount")
            allocations.append(Allocation(record_id(link.txn_id, "TxnId"), amount, paid_on))
    return tuple(allocations)


def addresses_of(email: EmailAddress | None) -> tuple[str, ...]:
    """Return the addresses of a field that may hold several."""
    written = (email and email.address) or ""
    # Most invoices have one address: splitting is left to those that have a separator.
    addresses = re.split(r"[,;]", written) if "," in written or ";" in written else (written,)
    return tuple(one_line(address.strip()) for address in addresses if address.strip())


def _address(address: Address | None, country: str, name: str) -> tuple[str, ...]:
    if address is None:
        return ()
    written = PostalAddress(
        street=(address.line1, address.line2, address.line3, address.line4, address.line5),
        city=address.city,
        region=address.country_sub_division_code,
        postcode=address.postal_code,
    )
    return address_lines(written, country, name=name)


def _purchase_order(document: InvoiceDoc) -> str:
    """Return the customer's order number: of its own field, else of one that people named so."""
    named = (
        custom.string_value
        for custom in document.custom_field or ()
        if _LETTERS_ONLY.sub("", custom.name or "").casefold() in _PURCHASE_ORDER_NAMES
    )
    texts = (cleaned(text or "") for text in (document.po_number, *named))
    return next(filter(None, texts), "")


def _called(reference: Ref | None, names: Mapping[str, str]) -> str:
    if reference is None or not reference.value:
        return ""
    return names.get(reference.value) or reference.name or ""


def _groups(reference: Ref | None, names: ReferenceNames) -> tuple[str, ...]:
    called = _called(reference, names.customer_types)
    return (one_line(called),) if called else ()
