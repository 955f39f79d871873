"""What Xero's documents become: pure functions, one odd case each."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.records import (
    Allocation,
    Contact,
    ContactStatus,
    Credit,
    DocumentProblem,
    DocumentStatus,
    Invoice,
    Organisation,
    Payment,
    PaymentStatus,
    Phone,
)
from arsync.errors import RetryLater
from arsync_xero.currencies import CURRENCIES
from arsync_xero.dates import day_of, moment_of
from arsync_xero.documents import (
    CONTACTS,
    CREDIT_NOTES,
    INVOICES,
    ORGANISATION,
    PAYMENTS,
    PREPAYMENTS,
    Endpoint,
)
from arsync_xero.read_client import converted
from arsync_xero.records import (
    base_per_unit,
    to_balance,
    to_contact,
    to_credit,
    to_invoice,
    to_organisation,
    to_payment,
)
from arsync_xero.timezones import iana_name

INVOICE: dict[str, Any] = {
    "Type": "ACCREC",
    "InvoiceID": "046d8a6d-1ae1-4b4d-9340-5601bdf41b87",
    "InvoiceNumber": "INV-0002",
    "Reference": "PO 77",
    "Payments": [{"PaymentID": "99ea7f6b", "Amount": 46.00, "CurrencyRate": 1.000000}],
    "AmountDue": 0.10,
    "SentToContact": True,
    "CurrencyRate": 1.000000,
    "Contact": {"ContactID": "a3675fc4-f8dd-4f03-ba5b-f1870566bcd7", "Name": "Barney Ltd"},
    "DateString": "2018-10-20T00:00:00",
    "Date": "/Date(1539993600000+0000)/",
    "DueDateString": "2018-12-30T00:00:00",
    "DueDate": "/Date(1546128000000+0000)/",
    "Status": "AUTHORISED",
    "Total": 46.10,
    "UpdatedDateUTC": "/Date(1541176592690+0000)/",
    "CurrencyCode": "NZD",
    "ExpectedPaymentDate": "/Date(1543449600000+0000)/",
}
CREDIT: dict[str, Any] = {
    "Type": "ACCRECCREDIT",
    "CreditNoteID": "cn1",
    "CreditNoteNumber": "CN-1",
    "Contact": {"ContactID": "c1"},
    "Status": "AUTHORISED",
    "DateString": "2026-01-05T00:00:00",
    "CurrencyCode": "NZD",
    "CurrencyRate": 1.0,
    "Total": 50.00,
    "RemainingCredit": 20.00,
    "Allocations": [
        {"Amount": 30.00, "Date": "/Date(1767657600000+0000)/", "Invoice": {"InvoiceID": "i1"}}
    ],
}
PAYMENT: dict[str, Any] = {
    "PaymentID": "99ea7f6b-c513-4066-bc27-b7c65dcd76c2",
    "Date": "/Date(1543449600000+0000)/",
    "BankAmount": 23.00,
    "Amount": 46.00,
    "CurrencyRate": 2.0,
    "PaymentType": "ACCRECPAYMENT",
    "Status": "AUTHORISED",
    "Invoice": {
        "InvoiceID": "046d8a6d",
        "CurrencyCode": "USD",
        "Contact": {"ContactID": "a3675fc4"},
    },
}
CONTACT: dict[str, Any] = {
    "ContactID": "430fa14a",
    "ContactStatus": "ACTIVE",
    "Name": "Liam Ltd",
    "FirstName": "Liam",
    "LastName": "Gee",
    "EmailAddress": "ap@example.com",
    "Phones": [
        {"PhoneType": "FAX", "PhoneNumber": "1"},
        {"PhoneType": "MOBILE", "PhoneNumber": "7700 900123", "PhoneCountryCode": "44"},
        {"PhoneType": "DDI", "PhoneNumber": "", "PhoneAreaCode": "212"},
        {"PhoneType": "DEFAULT", "PhoneNumber": "222-2222", "PhoneAreaCode": "212"},
    ],
    "Addresses": [
        {"AddressType": "STREET", "Country": "France"},
        {"AddressType": "POBOX", "Country": "USA"},
    ],
    "ContactGroups": [{"Name": "Key accounts"}, {"Name": "Credit hold"}],
    "DefaultCurrency": "NZD",
    "PaymentTerms": {"Sales": {"Day": 20, "Type": "OFFOLLOWINGMONTH"}},
    "ContactPersons": [
        {
            "FirstName": "Deb",
            "LastName": "Gee",
            "EmailAddress": "deb@example.com",
            "IncludeInEmails": True,
        },
        {"EmailAddress": "no@example.com", "IncludeInEmails": False},
    ],
}
ORGANISATION_DOCUMENT: dict[str, Any] = {
    "OrganisationID": "b2c885a9",
    "APIKey": "secret",
    "Name": "Maple Florist",
    "BaseCurrency": "NZD",
    "CountryCode": "NZ",
    "Timezone": "NEWZEALANDSTANDARDTIME",
    "ShortCode": "!23eYt",
    "IsDemoCompany": False,
    "PeriodLockDate": "/Date(1519776000000+0000)/",
    "EndOfYearLockDate": "/Date(1485820800000+0000)/",
}


def page(endpoint: Endpoint[Any], *rows: Any, key: str = "") -> bytes:
    return json.dumps({key or endpoint.path: rows}).encode()


def one(endpoint: Endpoint[Any], convert: Callable[..., Any], row: dict[str, Any]) -> Any:
    """Return what a single row becomes: a record, a problem, or None."""
    rows = endpoint.rows(page(endpoint, row))
    records, problems = converted(rows, convert, "NZD")
    return (records or list(problems) or [None])[0]


def invoice(**changes: Any) -> Any:
    return one(INVOICES, to_invoice, INVOICE | changes)


def test_an_invoice() -> None:
    assert invoice() == Invoice(
        id="046d8a6d-1ae1-4b4d-9340-5601bdf41b87",
        contact_id="a3675fc4-f8dd-4f03-ba5b-f1870566bcd7",
        number="INV-0002",
        status=DocumentStatus.OPEN,
        issued_on=date(2018, 10, 20),
        due_on=date(2018, 12, 30),
        currency="NZD",
        rate=Decimal(1),
        total=Decimal("46.10"),
        amount_due=Decimal("0.10"),
        reference="PO 77",
        sent=True,
        expected_on=date(2018, 11, 29),
        updated_at=datetime(2018, 11, 2, 16, 36, 32, 690_000, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Status": "OVERDUE"}, "unknown Status 'OVERDUE'"),
        ({"Status": None}, "Status is missing"),
        ({"Type": "ACCREC2"}, "unknown Type 'ACCREC2'"),
        ({"DueDate": None, "DueDateString": None}, "DueDate is missing"),
        ({"DateString": "soon"}, "Date soon is no date"),
        ({"AmountDue": None}, "AmountDue is missing"),
        ({"Total": 10**14}, "Total is out of range: 100000000000000"),
        ({"Total": 0.12345}, "Total has more than 4 decimals: 0.12345"),
        ({"Total": "NaN"}, "Total is out of range: NaN"),
        ({"CurrencyCode": ""}, "CurrencyCode is missing"),
        ({"CurrencyCode": "QQQ"}, "unknown CurrencyCode 'QQQ'"),
        ({"CurrencyCode": "USD", "CurrencyRate": None}, "no CurrencyRate for USD"),
        ({"CurrencyCode": "USD", "CurrencyRate": 0}, "no CurrencyRate for USD"),
        ({"Contact": {}}, "Contact.ContactID is missing"),
        ({"InvoiceID": ""}, "InvoiceID is missing"),
    ],
)
def test_an_odd_invoice_becomes_a_problem_that_names_it(
    changes: dict[str, Any], message: str
) -> None:
    problem = invoice(**changes)
    assert isinstance(problem, DocumentProblem)
    assert problem.message == message
    assert (problem.kind, problem.number) == ("invoices", "INV-0002")


def test_an_odd_invoice_says_what_totals_lack() -> None:
    undated: dict[str, Any] = {"DateString": "soon"}
    problem = invoice(**undated)
    assert isinstance(problem, DocumentProblem)
    assert (problem.amount, problem.currency) == (Decimal("0.10"), "NZD")
    draft = invoice(Status="DRAFT", **undated)
    assert isinstance(draft, DocumentProblem)
    assert draft.amount == 0


@pytest.mark.parametrize(
    "odd",
    [
        {"Total": "a lot"},
        {"SentToContact": "yes"},
        {"Contact": "Barney Ltd"},
        {"DueDate": 1546128000000},
    ],
)
def test_a_value_of_wrong_type_costs_one_document_only(odd: dict[str, Any]) -> None:
    rows = INVOICES.rows(page(INVOICES, INVOICE, INVOICE | {"InvoiceID": "odd"} | odd, INVOICE))
    records, problems = converted(rows, to_invoice, "NZD")
    assert len(records) == 2
    assert [(problem.kind, problem.id, problem.number) for problem in problems] == [
        ("invoices", "odd", "INV-0002")
    ]
    assert next(iter(odd)) in problems[0].message


def test_a_row_that_is_no_object_is_a_problem() -> None:
    rows = INVOICES.rows(page(INVOICES, INVOICE, 7))
    assert len(rows.documents) == 1
    assert rows.problems[0].id == ""


def test_an_answer_that_is_not_json_is_requested_again() -> None:
    for body in (b"", b"<html>", page(INVOICES, INVOICE)[:-20], b"\xff\xfe"):
        with pytest.raises(RetryLater, match="not JSON"):
            INVOICES.rows(body)


@pytest.mark.parametrize(
    ("status", "stands"),
    [
        ("DRAFT", DocumentStatus.DRAFT),
        ("SUBMITTED", DocumentStatus.DRAFT),
        ("VOIDED", DocumentStatus.VOIDED),
        ("DELETED", DocumentStatus.DELETED),
    ],
)
def test_a_missing_day_or_rate_loses_no_document(status: str, stands: DocumentStatus) -> None:
    record = invoice(
        Status=status, DueDateString=None, DueDate=None, CurrencyCode="USD", CurrencyRate=None
    )
    assert isinstance(record, Invoice)
    assert (record.status, record.due_on, record.rate) == (stands, record.issued_on, None)


@pytest.mark.parametrize("day", ["9999-12-31T00:00:00", "0001-01-01T00:00:00"])
def test_a_day_nobody_can_mean_is_no_due_date(day: str) -> None:
    problem = invoice(DueDateString=day)
    assert isinstance(problem, DocumentProblem)
    assert problem.message == f"DueDate is out of range: {day[:10]}"


def test_an_expected_day_beyond_all_bounds_loses_no_invoice() -> None:
    record = invoice(ExpectedPaymentDate="9999-12-31")
    assert isinstance(record, Invoice)
    assert record.expected_on == date(2199, 12, 31)


@pytest.mark.parametrize(("said", "sent"), [(True, True), (False, False), (None, False)])
def test_an_invoice_that_does_not_say_sent_was_not(said: bool | None, sent: bool) -> None:
    assert invoice(SentToContact=said).sent is sent


@pytest.mark.parametrize("status", ["DRAFT", "SUBMITTED", "DELETED"])
def test_a_draft_without_a_date_is_not_ours_yet(status: str) -> None:
    changes = {"Status": status, "Date": None, "DateString": None}
    assert invoice(**changes, DueDate=None, DueDateString=None) is None
    assert one(CREDIT_NOTES, to_credit, CREDIT | changes) is None


@pytest.mark.parametrize("status", ["AUTHORISED", "PAID", "VOIDED"])
def test_an_issued_invoice_without_a_date_is_named(status: str) -> None:
    problem = invoice(Status=status, Date=None, DateString=None)
    assert isinstance(problem, DocumentProblem)
    assert problem.message == "Date is missing"


def test_a_bill_is_none_of_ours() -> None:
    assert invoice(Type="ACCPAY") is None


def test_a_paid_invoice_tells_when() -> None:
    paid = invoice(Status="PAID", AmountDue=0, FullyPaidOnDate="/Date(1543449600000+0000)/")
    assert paid.paid_on == date(2018, 11, 29)


def test_rates_are_converted_to_base_units_per_foreign_unit() -> None:
    record = invoice(CurrencyCode="USD", CurrencyRate=0.640000)
    assert record.rate == Decimal("1.5625")
    assert base_per_unit(Decimal("1.370000")) == Decimal("0.729927007299")


def test_money_is_exact() -> None:
    body = page(INVOICES, INVOICE).replace(b"46.1", b"12345678901.2345").replace(b"0.1,", b"0.30,")
    records, _ = converted(INVOICES.rows(body), to_invoice, "NZD")
    assert records[0].total == Decimal("12345678901.2345")
    assert records[0].amount_due == Decimal("0.30")


def test_dates_are_calendar_days_whatever_the_offset() -> None:
    assert day_of("2018-10-20T00:00:00", "/Date(0)/") == date(2018, 10, 20)
    assert day_of(None, "/Date(1539993600000)/") == date(2018, 10, 20)
    assert day_of(None, "/Date(1539946800000+1300)/") == date(2018, 10, 20)
    assert day_of(None, "/Date(1540011600000-0500)/") == date(2018, 10, 20)
    assert day_of(None, "/Date(-86400000+0000)/") == date(1969, 12, 31)
    assert day_of(None, None) is None
    with pytest.raises(ValueError, match="Date"):
        day_of(None, "/Date(99999999999999999999+0000)/")


def test_moments_are_utc_whatever_the_offset() -> None:
    assert moment_of("/Date(1541176592690+1300)/") == moment_of("/Date(1541176592690+0000)/")
    assert moment_of("2018-11-02T16:36:32Z") == datetime(2018, 11, 2, 16, 36, 32, tzinfo=UTC)
    assert moment_of("2018-11-02T16:36:32") == datetime(2018, 11, 2, 16, 36, 32, tzinfo=UTC)
    assert moment_of("") is None
    assert moment_of("yesterday") is None


def test_a_contact() -> None:
    assert one(CONTACTS, to_contact, CONTACT) == Contact(
        id="430fa14a",
        name="Liam Ltd",
        status=ContactStatus.ACTIVE,
        email="ap@example.com",
        more_emails=("deb@example.com",),
        first_name="Liam",
        people=("Liam Gee", "Deb Gee"),
        phones=(Phone("212 222-2222"), Phone("+44 7700 900123", "mobile")),
        currency="NZD",
        country="US",
        groups=("Credit hold", "Key accounts"),
        terms="day 20 of the following month",
    )


POSTAL = {
    "AddressType": "POBOX",
    "AttentionTo": "Accounts payable",
    "AddressLine1": "Barney Ltd\nUnit 7",
    "AddressLine2": "12 Mill Lane",
    "City": "Köln",
    "Region": "NRW",
    "PostalCode": "50667",
    "Country": "Germany",
}
STREET = {
    "AddressType": "STREET",
    "AddressLine1": "1 High St",
    "City": "Leeds",
    "PostalCode": "LS1",
}


@pytest.mark.parametrize(
    ("addresses", "home", "lines"),
    [
        ([STREET, POSTAL], "GB", ("Accounts payable", "Barney Ltd", "Unit 7", "12 Mill Lane")),
        ([STREET], "GB", ("1 High St", "Leeds", "LS1")),
        # Of one country with the organisation: the order is that one's.
        ([STREET], "FR", ("1 High St", "LS1 Leeds")),
        (
            [{"AddressType": "POBOX", "Country": "Germany"}, STREET],
            "GB",
            ("1 High St", "LS1 Leeds"),
        ),
        ([{"AddressType": "POBOX", "AttentionTo": "Ann Lee"}], "GB", ()),
        ([{"AddressType": "DELIVERY", "City": "Leeds"}], "GB", ()),
        ([{"AddressType": "STREET", "City": "\x1b[2J\u202eLeeds"}], "GB", ("[2J Leeds",)),
        (None, "GB", ()),
    ],
)
def test_the_postal_address_comes_before_the_street(
    addresses: list[dict[str, str]] | None, home: str, lines: tuple[str, ...]
) -> None:
    rows = CONTACTS.rows(page(CONTACTS, CONTACT | {"Addresses": addresses}))
    contact = to_contact(rows.documents[0], home)
    assert isinstance(contact, Contact)
    assert contact.address[: len(lines)] == lines
    if POSTAL in (addresses or ()):
        assert contact.address[len(lines) :] == ("50667 Köln",)


@pytest.mark.parametrize(
    ("account", "number", "kept"),
    [
        ("A-17", "C-100", "A-17"),
        ("", "C-100", "C-100"),
        (None, "430fa14a-f945-44d3-9f97-5df5e28441b8", ""),
        (None, "430FA14AF94544D39F975DF5E28441B8", ""),
        (None, None, ""),
    ],
)
def test_a_customer_number_is_one_for_people(
    account: str | None, number: str | None, kept: str
) -> None:
    row = CONTACT | {"AccountNumber": account, "ContactNumber": number}
    assert one(CONTACTS, to_contact, row).customer_number == kept


def test_the_organisation_says_where_it_is() -> None:
    document = ORGANISATION_DOCUMENT | {
        "LegalName": "Maple Florist Limited",
        "TaxNumber": "101-2-303",
        "RegistrationNumber": "1234567",
        "Phones": [
            {"PhoneType": "OFFICE", "PhoneNumber": "800 1234"},
            {"PhoneType": "DEFAULT", "PhoneNumber": "555 0100", "PhoneCountryCode": "64"},
        ],
        "Addresses": [
            {"AddressType": "DELIVERY", "AddressLine1": "Gate 3", "City": "Auckland"},
            {
                "AddressType": "POBOX",
                "AddressLine1": "Maple Florist Limited",
                "AddressLine2": "PO Box 1",
                "City": "Auckland",
                "PostalCode": "1010",
            },
        ],
    }
    rows = ORGANISATION.rows(page(ORGANISATION, document, key="Organisations"))
    organisation = to_organisation(rows.documents[0])
    assert isinstance(organisation, Organisation)
    assert organisation[9:] == (
        "Maple Florist Limited",
        ("PO Box 1", "Auckland 1010"),
        "+64 555 0100",
        "",
        "101-2-303",
        "1234567",
    )


def test_a_merged_contact_says_into_which() -> None:
    merged = CONTACT | {"ContactStatus": "ARCHIVED", "MergedToContactID": "other"}
    record = one(CONTACTS, to_contact, merged)
    assert (record.status, record.merged_into) == (ContactStatus.MERGED, "other")


def test_an_odd_contact_is_named() -> None:
    problem = one(CONTACTS, to_contact, CONTACT | {"ContactStatus": "SLEEPY"})
    assert problem == DocumentProblem(
        "contacts", "430fa14a", "Liam Ltd", "unknown ContactStatus 'SLEEPY'"
    )


@pytest.mark.parametrize(
    ("terms", "in_words"),
    [
        ({"Day": 0, "Type": "DAYSAFTERBILLDATE"}, "cash on delivery"),
        ({"Day": 30, "Type": "DAYSAFTERBILLDATE"}, "30 days after the invoice date"),
        ({"Day": 5, "Type": "DAYSAFTERBILLMONTH"}, "5 days after the end of the invoice month"),
        ({"Day": 31, "Type": "OFCURRENTMONTH"}, "day 31 of the current month"),
        ({"Day": 7, "Type": "NEWTYPE"}, "7 NEWTYPE"),
        (None, ""),
    ],
)
def test_terms_read_as_people_say_them(terms: dict[str, Any] | None, in_words: str) -> None:
    row = CONTACT | {"PaymentTerms": {"Sales": terms}}
    assert one(CONTACTS, lambda document, _: to_contact(document), row).terms == in_words


def test_a_credit_note_with_its_allocations() -> None:
    credit = one(CREDIT_NOTES, to_credit, CREDIT)
    assert isinstance(credit, Credit)
    assert (credit.kind, credit.unallocated) == (CreditKind.CREDIT_NOTE, Decimal(20))
    assert credit.allocations == (Allocation("i1", Decimal(30), date(2026, 1, 6)),)


def test_a_refund_is_used_of_its_credit() -> None:
    """The payments of a credit are what was paid back of it, each on its day."""
    paid_back = [
        {"PaymentID": "r1", "Date": "/Date(1768176000000+0000)/", "Amount": 15.00},
        {"PaymentID": "r2", "Date": "/Date(1768176000000+0000)/", "Amount": 5, "Status": "DELETED"},
        {"PaymentID": "r3", "Amount": 5.00},
    ]
    credit = one(CREDIT_NOTES, to_credit, CREDIT | {"RemainingCredit": 5, "Payments": paid_back})
    _, refund = credit.allocations
    assert refund == Allocation("", Decimal(15), date(2026, 1, 12))
    assert refund.is_refund


def test_what_used_up_nothing_is_no_refund() -> None:
    """The money itself may stand among the payments of an overpayment that is whole."""
    payments = [{"PaymentID": "r1", "Date": "/Date(1768176000000+0000)/", "Amount": 50.00}]
    whole = {"Allocations": [], "RemainingCredit": 50, "Payments": payments}
    credit = one(CREDIT_NOTES, to_credit, CREDIT | whole)
    assert credit.allocations == ()


@pytest.mark.parametrize("type_", ["RECEIVE-PREPAYMENT", "ARPREPAYMENT"])
def test_a_prepayment_is_money_in_hand(type_: str) -> None:
    row = CREDIT | {"Type": type_, "CreditNoteID": None, "PrepaymentID": "pp1"}
    record = one(PREPAYMENTS, to_credit, row)
    assert (record.id, record.kind) == ("pp1", CreditKind.PREPAYMENT)


@pytest.mark.parametrize("type_", ["ACCPAYCREDIT", "SPEND-PREPAYMENT", "SPEND-OVERPAYMENT"])
def test_a_suppliers_credit_is_none_of_ours(type_: str) -> None:
    assert one(CREDIT_NOTES, to_credit, CREDIT | {"Type": type_}) is None


@pytest.mark.parametrize("status", ["PAID", "VOIDED", "DRAFT"])
def test_an_old_credit_that_is_not_open_covers_nothing(status: str) -> None:
    credit = one(CREDIT_NOTES, to_credit, CREDIT | {"Status": status, "RemainingCredit": None})
    assert credit.unallocated == 0


def test_an_old_open_credit_is_named_not_guessed() -> None:
    problem = one(CREDIT_NOTES, to_credit, CREDIT | {"RemainingCredit": None})
    assert isinstance(problem, DocumentProblem)
    assert (problem.message, problem.contact_id) == ("RemainingCredit is missing", "c1")


def test_an_odd_credit_is_named() -> None:
    problem = one(CREDIT_NOTES, to_credit, CREDIT | {"Type": "GIFT"})
    message = "unknown Type 'GIFT'"
    whose = ("c1", ("i1",))
    left = (Decimal(20), "NZD")
    assert problem == DocumentProblem("credits", "cn1", "CN-1", message, *whose, *left)


def test_a_payment_is_in_the_invoices_currency() -> None:
    payment = one(PAYMENTS, to_payment, PAYMENT)
    assert isinstance(payment, Payment)
    assert (payment.amount, payment.currency, payment.rate) == (Decimal(46), "USD", Decimal("0.5"))
    assert payment.allocations == (Allocation("046d8a6d", Decimal(46), date(2018, 11, 29)),)
    assert payment.unallocated == 0


def test_a_deleted_payment_pays_nothing() -> None:
    record = one(PAYMENTS, to_payment, PAYMENT | {"Status": "DELETED"})
    assert record.status == PaymentStatus.DELETED
    # What it was matched with is kept: the ageing of a day before the deletion counts it.
    assert [allocation.amount for allocation in record.allocations] == [record.amount]


@pytest.mark.parametrize("type_", ["ACCPAYPAYMENT", "ARCREDITPAYMENT", "AROVERPAYMENTPAYMENT"])
def test_bills_and_refunds_are_no_payments_of_customers(type_: str) -> None:
    assert one(PAYMENTS, to_payment, PAYMENT | {"PaymentType": type_}) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"PaymentType": "BARTER"}, "unknown PaymentType 'BARTER'"),
        ({"Invoice": None}, "Invoice is missing"),
        ({"Date": None}, "Date is missing"),
        ({"Status": "PENDING"}, "unknown Status 'PENDING'"),
    ],
)
def test_an_odd_payment_is_named(changes: dict[str, Any], message: str) -> None:
    problem = one(PAYMENTS, to_payment, PAYMENT | changes)
    assert (problem.id, problem.message) == (PAYMENT["PaymentID"], message)


def test_the_organisation() -> None:
    rows = ORGANISATION.rows(page(ORGANISATION, ORGANISATION_DOCUMENT, key="Organisations"))
    assert to_organisation(rows.documents[0], own_reminders=True) == Organisation(
        id="b2c885a9",
        name="Maple Florist",
        base_currency="NZD",
        country="NZ",
        time_zone="Pacific/Auckland",
        short_code="!23eYt",
        locked_until=date(2018, 2, 28),
        own_reminders=True,
    )


@pytest.mark.parametrize(
    "odd", ["sit aliqua", "/Date(x)/", "/Date(99999999999999999)/", "2026-13-40"]
)
def test_an_odd_lock_date_is_unknown(odd: str) -> None:
    document = ORGANISATION_DOCUMENT | {"PeriodLockDate": odd}
    (row,) = ORGANISATION.rows(page(ORGANISATION, document, key="Organisations")).documents
    organisation = to_organisation(row)
    assert isinstance(organisation, Organisation)
    assert organisation.locked_until == date(2017, 1, 31)


BALANCE = {"AccountsReceivable": {"Outstanding": 250.00}}


@pytest.mark.parametrize(
    ("balances", "owed"),
    [
        (BALANCE, "250"),
        (None, "0"),
        ({"AccountsReceivable": {"Outstanding": 0}, "AccountsPayable": {"Outstanding": 5}}, "0"),
        ({"AccountsReceivable": {}}, None),
        ({}, None),
        ({"AccountsReceivable": {"Outstanding": "NaN"}}, None),
    ],
)
def test_a_contact_without_balances_owes_nothing(
    balances: dict[str, Any] | None, owed: str | None
) -> None:
    document = CONTACT | ({} if balances is None else {"Balances": balances})
    (row,) = CONTACTS.rows(page(CONTACTS, document)).documents
    balance = to_balance(row)
    assert (balance and balance.amount) == (None if owed is None else Decimal(owed))


def test_the_organisations_api_key_is_not_even_read() -> None:
    rows = ORGANISATION.rows(page(ORGANISATION, ORGANISATION_DOCUMENT, key="Organisations"))
    assert "secret" not in repr(rows)


def test_every_currency_that_xero_names_is_known() -> None:
    from xero_python.accounting import CurrencyCode

    assert {currency.value for currency in CurrencyCode} - CURRENCIES == set()
    assert {"QQQ", "XTS", "XXX"} & CURRENCIES == set()


def test_every_time_zone_that_xero_names_exists() -> None:
    from xero_python.accounting import TimeZone

    for zone in TimeZone:
        assert iana_name(zone.value), zone
        ZoneInfo(iana_name(zone.value))


@pytest.mark.parametrize(
    ("windows", "iana"),
    [
        ("New Zealand Standard Time", "Pacific/Auckland"),
        ("GMTSTANDARDTIME", "Europe/London"),
        ("UTC+13", "Etc/GMT-13"),
        ("UTC-11", "Etc/GMT+11"),
        ("UTC", "Etc/UTC"),
        ("UTC11", "Etc/GMT+11"),
        ("INDIASTANDARDTIME", "Asia/Kolkata"),
        ("USEASTERNSTANDARDTIME", "America/Indiana/Indianapolis"),
        ("MIDATLANTICSTANDARDTIME", "Etc/GMT+2"),
        ("MOONSTANDARDTIME", ""),
        ("", ""),
    ],
)
def test_time_zones_get_their_iana_name(windows: str, iana: str) -> None:
    assert iana_name(windows) == iana
