"""Ledgers from outside, the state that the frame shows, and what people do in QuickBooks."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from arsync_sandbox.platform import ContactRow, InvoiceRow, PaymentRow

MAY = date(2026, 5, 1)


@pytest.fixture
def loaded(company: Any) -> Any:
    """Two customers, three invoices, one payment, from rows."""
    company.book.load_contacts(
        [
            ContactRow("10", "Acme", "ap@acme.example", "USD", "US", "Key accounts", 45, MAY),
            ContactRow("c-2", "Müller", "", "EUR", "DE", "", None, None),
        ]
    )
    company.book.load_invoices(
        [
            InvoiceRow("501", "INV-1", "10", MAY, date(2026, 5, 31), "USD", Decimal("100.00")),
            InvoiceRow("i-2", "INV-2", "c-2", MAY, None, "EUR", Decimal("50.50")),
            InvoiceRow("503", "INV-3", "10", MAY, MAY, "USD", Decimal("9.00"), "voided"),
            InvoiceRow("504", "INV-4", "10", MAY, MAY, "USD", Decimal("9.00"), "draft"),
            InvoiceRow("505", "INV-5", "10", MAY, MAY, "USD", Decimal("9.00"), "deleted"),
            InvoiceRow("506", "INV-6", "10", MAY, MAY, "USD", Decimal("9.00"), "paid"),
        ]
    )
    company.book.load_payments([PaymentRow("501", "501", date(2026, 5, 20), Decimal("40.00"))])
    return company


def test_ids_are_kept_where_they_are_free_numbers(loaded: Any) -> None:
    assert loaded.one("customer", "10")["DisplayName"] == "Acme"
    assert loaded.one("invoice", "501")["DocNumber"] == "INV-1"
    (payment,) = loaded.query("select * from Payment")["Payment"]
    assert payment["Id"] != "501"
    euro = loaded.query("select * from Invoice where DocNumber = 'INV-2'")["Invoice"][0]
    assert euro["Id"].isdecimal()
    assert euro["CustomerRef"]["name"] == "Müller"


def test_rows_become_documents_with_groups_terms_and_currencies(loaded: Any) -> None:
    acme = loaded.one("customer", "10")
    assert acme["CustomerTypeRef"]["name"] == "Key accounts"
    assert acme["SalesTermRef"]["name"] == "Net 45"
    assert (acme["Balance"], acme["PreferredDeliveryMethod"]) == (60, "Email")
    assert loaded.book.company.multicurrency
    euro = loaded.query("select * from Invoice where DocNumber = 'INV-2'")["Invoice"][0]
    assert euro["CurrencyRef"]["value"] == "EUR"
    assert (str(euro["ExchangeRate"]), str(euro["HomeTotalAmt"])) == ("1.09", "55.05")
    assert euro["DueDate"] == "2026-05-31"


def test_rows_tell_addresses_and_order_numbers(company: Any) -> None:
    acme = ContactRow("10", "Acme", country="US", street="12 Oak Avenue", city="Albany")
    company.book.load_contacts([acme._replace(region="NY", postcode="12207")])
    row = InvoiceRow("501", "INV-1", "10", MAY, MAY, "USD", Decimal(9), purchase_order="PO 77")
    company.book.load_invoices([row])
    assert company.one("customer", "10")["BillAddr"] == {
        "Line1": "12 Oak Avenue",
        "City": "Albany",
        "Country": "US",
        "CountrySubDivisionCode": "NY",
        "PostalCode": "12207",
    }
    (field,) = company.one("invoice", "501")["CustomField"]
    assert (field["Name"], field["StringValue"]) == ("P.O. Number", "PO 77")
    company.book.set_address("10", "1 Main Street", "Austin", "78701")
    moved = company.one("customer", "10")
    assert moved["BillAddr"]["Line1"] == "1 Main Street"
    assert (moved["BillAddr"]["Country"], moved["SyncToken"]) == ("US", "1")


def test_each_status_becomes_what_quickbooks_has_for_it(loaded: Any) -> None:
    state = loaded.book.state()
    rows = {row["number"]: (row["status"], row["amount_due"]) for row in state["invoices"]}
    assert rows == {
        "INV-1": ("open", "60.00"),
        "INV-2": ("open", "50.50"),
        "INV-3": ("voided", "0.00"),
        "INV-6": ("paid", "0.00"),
    }
    assert loaded.get("invoice/505").json()["Fault"]["Error"][0]["code"] == "610"


def test_history_has_its_own_days_and_later_rows_now(loaded: Any) -> None:
    invoice = loaded.one("invoice", "501")
    assert invoice["MetaData"]["CreateTime"].startswith("2026-05-01T")
    assert invoice["MetaData"]["LastUpdatedTime"].startswith("2026-05-20T")
    loaded.book.load_payments([PaymentRow("p9", "501", date(2026, 5, 25), Decimal("1.00"))])
    after = loaded.one("invoice", "501")
    assert after["MetaData"]["LastUpdatedTime"].startswith("2026-06-01T")
    assert after["SyncToken"] == "2"


def test_a_later_payment_explains_a_paid_row(loaded: Any) -> None:
    loaded.book.load_payments([PaymentRow("p6", "506", MAY, Decimal("9.00"))])
    assert loaded.one("invoice", "506")["Balance"] == 0
    (payment,) = [row for row in loaded.book.state()["payments"] if row["invoice_id"] == "506"]
    loaded.book.delete_payment(payment["id"])
    assert loaded.one("invoice", "506")["Balance"] == 9


def test_what_exceeds_the_invoice_stays_unapplied(loaded: Any) -> None:
    loaded.book.load_payments([PaymentRow("p7", "501", MAY, Decimal("75.00"))])
    assert loaded.one("invoice", "501")["Balance"] == 0
    credit_rows = loaded.book.state()["credits"]
    assert [(row["kind"], row["remaining"]) for row in credit_rows] == [
        ("unapplied payment", "15.00")
    ]


def test_a_contact_loaded_again_is_changed(loaded: Any) -> None:
    loaded.book.load_contacts([ContactRow("c-2", "Müller GmbH", "ap@mueller.example", "EUR")])
    names = [row["name"] for row in loaded.book.state()["contacts"]]
    assert names == ["Acme", "Müller GmbH"]


def test_two_contacts_of_one_name_can_be_told_apart(company: Any) -> None:
    company.book.load_contacts([ContactRow("1", "Smith"), ContactRow("2", "smith")])
    names = [row["name"] for row in company.book.state()["contacts"]]
    assert names == ["Smith", "smith (2)"]


def test_rows_that_name_nobody_are_refused(company: Any) -> None:
    with pytest.raises(LookupError):
        company.book.load_invoices([InvoiceRow("1", "A", "99", MAY, MAY, "USD", Decimal(1))])
    with pytest.raises(LookupError):
        company.book.load_payments([PaymentRow("1", "99", MAY, Decimal(1))])
    with pytest.raises(ValueError, match="keeps no Bananas"):
        company.book.load_documents({"Bananas": []})


def test_the_state_has_the_shape_that_both_platforms_share(loaded: Any) -> None:
    state = loaded.book.state()
    assert set(state) == {
        "contacts",
        "invoices",
        "payments",
        "credits",
        "history",
        "groups",
        "terms",
        "attachments",
    }
    assert state["contacts"][0] == {
        "id": "10",
        "name": "Acme",
        "email": "ap@acme.example",
        "currency": "USD",
        "groups": ["Key accounts"],
        "terms": "Net 45",
        "notes": "",
        "status": "active",
        "parent_id": "",
    }
    assert set(state["invoices"][0]) == {
        "id",
        "number",
        "contact_id",
        "status",
        "issued_on",
        "due_on",
        "currency",
        "total",
        "amount_due",
        "sent",
        "expected_on",
        "notes",
    }
    assert state["groups"] == [{"id": "1", "name": "Key accounts", "members": ["10"]}]
    (payment,) = state["payments"]
    assert (payment["invoice_id"], payment["amount"], payment["status"]) == ("501", "40.00", "paid")


def test_debtors_see_and_pay_what_they_owe(loaded: Any) -> None:
    owed = {row.number: row.amount_due for row in loaded.book.unpaid()}
    assert owed == {"INV-1": Decimal("60.00"), "INV-2": Decimal("50.50")}
    id_ = next(row.invoice_id for row in loaded.book.unpaid() if row.number == "INV-2")
    paid = loaded.book.pay(id_, Decimal("50.50"), date(2026, 6, 1))
    payment = loaded.one("payment", paid)
    assert payment["CurrencyRef"]["value"] == "EUR"
    assert payment["ExchangeRate"] == loaded.one("invoice", id_)["ExchangeRate"]
    with pytest.raises(ValueError, match="only 60"):
        loaded.book.pay("501", Decimal("60.01"), date(2026, 6, 1))


def test_people_edit_the_ledger_in_quickbooks_itself(loaded: Any) -> None:
    book = loaded.book
    invoice = book.create_invoice("10", Decimal(30), MAY, date(2026, 5, 15))
    book.set_due_date(invoice, date(2026, 7, 1))
    book.set_notes("10", "Ask for Ann")
    book.set_email("10", "ann@acme.example")
    book.rename("10", "Acme Inc")
    credit = book.credit("10", Decimal(10), invoice)
    prepaid = book.prepay("10", Decimal(5))
    invoice_found = loaded.one("invoice", invoice)
    assert (invoice_found["DueDate"], invoice_found["Balance"]) == ("2026-07-01", 20)
    assert invoice_found["CustomerRef"]["name"] == "Acme Inc"
    customer = loaded.one("customer", "10")
    assert (customer["Notes"], customer["Balance"]) == ("Ask for Ann", 75)
    kinds = {row["id"]: row["remaining"] for row in book.state()["credits"]}
    assert kinds == {credit: "0.00", prepaid: "5.00"}
    book.void(invoice)
    book.delete_invoice("501")
    book.archive("c-2")
    statuses = {row["name"]: row["status"] for row in book.state()["contacts"]}
    assert statuses == {"Acme Inc": "active", "Müller (deleted)": "archived"}
    with pytest.raises(LookupError):
        book.set_due_date("999", MAY)


def test_people_have_the_days_rate_filled_in(loaded: Any) -> None:
    book, (foreign,) = (
        loaded.book,
        loaded.query("select * from Customer where Id = '11'")["Customer"],
    )
    assert foreign["CurrencyRef"]["value"] != book.company.home_currency
    ids = (
        ("invoice", book.create_invoice("11", Decimal(30), MAY, MAY)),
        ("creditmemo", book.credit("11", Decimal(10))),
        ("payment", book.prepay("11", Decimal(5))),
    )
    rates = {loaded.one(entity, id_)["ExchangeRate"] for entity, id_ in ids}
    assert len(rates) == 1
    assert rates != {1}


def test_a_merged_customers_documents_belong_to_its_successor(company: Any) -> None:
    first, second = company.customer("One"), company.customer("Two")
    invoice = company.invoice(first["Id"], "10.00")
    company.book.merge(first["Id"], second["Id"])
    assert company.one("invoice", invoice["Id"])["CustomerRef"]["value"] == second["Id"]
    assert company.one("customer", second["Id"])["Balance"] == 10
    (group,) = company.cdc("Customer", "2026-06-01T11:00:00Z")
    gone = [row["Id"] for row in group["Customer"] if row.get("status") == "Deleted"]
    assert gone == [first["Id"]]


def test_balances_add_up_after_anything_people_do(loaded: Any) -> None:
    book = loaded.book
    first = book.create_invoice("10", Decimal("70.70"), MAY, MAY)
    book.credit("10", Decimal("20.20"), first)
    book.credit("10", Decimal("3.30"))
    payment = book.pay(first, Decimal("30.30"), MAY)
    book.prepay("10", Decimal("7.70"))
    book.void(first)
    book.delete_payment(payment)
    docs = loaded.query("select * from Invoice where CustomerRef = '10'")["Invoice"]
    open_invoices = sum(row["Balance"] for row in docs)
    memos = sum(row["Balance"] for row in loaded.query("select * from CreditMemo")["CreditMemo"])
    money = sum(row["UnappliedAmt"] for row in loaded.query("select * from Payment")["Payment"])
    assert loaded.one("customer", "10")["Balance"] == open_invoices - memos - money
