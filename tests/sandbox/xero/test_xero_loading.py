"""Ledgers loaded from rows and from Xero's own JSON, and what people see of them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from arsync_sandbox.platform import ContactRow, InvoiceRow, PaymentRow

ACME = "11111111-1111-4111-8111-111111111111"
BETA = "22222222-2222-4222-8222-222222222222"
OPEN = "aaaaaaaa-0000-4000-8000-000000000001"
LATE = "aaaaaaaa-0000-4000-8000-000000000002"
PAID = "aaaaaaaa-0000-4000-8000-000000000003"
SEEDS = Path(__file__).parents[3].parent / "shared" / "data" / "dbt_xero_seeds"


def test_ids_that_are_no_guids_are_mapped_and_remembered(xero: Any) -> None:
    xero.book.load_contacts([ContactRow("c7", "Gamma", terms_days=45)])
    day = date(2026, 1, 5)
    xero.book.load_invoices([InvoiceRow("i7", "G-1", "c7", day, day, "GBP", Decimal(10))])
    xero.book.load_payments([PaymentRow("p7", "i7", day, Decimal(4))])
    row = next(row for row in xero.book.unpaid() if row.number == "G-1")
    assert (row.amount_due, len(row.invoice_id)) == (Decimal("6.00"), 36)
    xero.book.pay("i7", Decimal(6), day)
    invoice = xero.invoice(row.invoice_id)
    assert (invoice["Status"], invoice["FullyPaidOnDate"]) == ("PAID", "/Date(1767571200000+0000)/")
    assert invoice["Contact"]["ContactNumber"] == "c7"
    assert invoice["Contact"]["PaymentTerms"]["Sales"]["Day"] == 31


def test_rows_tell_addresses_and_order_numbers(xero: Any) -> None:
    row = ContactRow("c7", "Gamma", country="GB", account_number="A-17", street="12 Mill Lane")
    xero.book.load_contacts([row._replace(city="Leeds", postcode="LS1 4AP")])
    day = date(2026, 1, 5)
    order = InvoiceRow("i7", "G-1", "c7", day, day, "GBP", Decimal(10), purchase_order="PO 77")
    xero.book.load_invoices([order])
    unpaid = next(row for row in xero.book.unpaid() if row.number == "G-1")
    invoice = xero.invoice(unpaid.invoice_id)
    assert invoice["Reference"] == "PO 77"
    contact = invoice["Contact"]
    assert contact["AccountNumber"] == "A-17"
    street, postal = contact["Addresses"]
    assert (street["AddressType"], street["City"]) == ("STREET", "")
    assert postal == {
        "AddressType": "POBOX",
        "AddressLine1": "12 Mill Lane",
        "City": "Leeds",
        "Region": "",
        "PostalCode": "LS1 4AP",
        "Country": "GB",
    }
    xero.book.set_address(contact["ContactID"], "1 Church Row", "Norwich", "NR2 1NH")
    moved = xero.invoice(unpaid.invoice_id)["Contact"]["Addresses"][1]
    assert (moved["AddressLine1"], moved["City"], moved["Country"]) == (
        "1 Church Row",
        "Norwich",
        "GB",
    )


def test_a_row_that_is_paid_waits_for_its_payments(xero: Any) -> None:
    assert xero.invoice(PAID)["AmountPaid"] == Decimal("80.00")
    xero.book.load_payments([PaymentRow("p1", PAID, date(2026, 2, 20), Decimal(80))])
    invoice = xero.invoice(PAID)
    assert (invoice["AmountPaid"], invoice["AmountDue"]) == (Decimal("80.00"), 0)
    assert invoice["FullyPaidOnDate"] == "/Date(1771545600000+0000)/"


def test_rows_without_what_they_need_are_refused(xero: Any) -> None:
    day = date(2026, 1, 5)
    with pytest.raises(ValueError, match="no contact nobody"):
        xero.book.load_invoices([InvoiceRow("i", "1", "nobody", day, day, "", Decimal(1))])
    with pytest.raises(ValueError, match="no invoice nothing"):
        xero.book.load_payments([PaymentRow("p", "nothing", day, Decimal(1))])
    with pytest.raises(ValueError, match="is there already"):
        xero.book.load_contacts([ContactRow(ACME, "Again")])


def test_documents_are_taken_as_they_are(xero: Any) -> None:
    invoice = {
        "Type": "ACCREC",
        "InvoiceID": "bbbbbbbb-0000-4000-8000-000000000001",
        "InvoiceNumber": "D-1",
        "Contact": {"ContactID": "cccccccc-0000-4000-8000-000000000001", "Name": "Delta"},
        "Date": "/Date(1539993600000+0000)/",
        "DueDate": "2018-12-30",
        "Status": "AUTHORISED",
        "SubTotal": 40,
        "TotalTax": 6,
        "Total": 46,
        "AmountPaid": "10.00",
        "AmountDue": "35.99",
        "AmountCredited": 0,
        "CurrencyCode": "NZD",
        "CurrencyRate": 2.112345,
        "ExpectedPaymentDate": "2019-01-15",
        "UpdatedDateUTC": "2018-11-02 16:36:32.690 UTC",
        "Mystery": {"kept": True},
        "LineItems": [{"Description": "Old", "LineAmount": 40, "AccountCode": "200"}],
    }
    xero.book.load_documents({"Invoices": [invoice]})
    served = xero.invoice(invoice["InvoiceID"])
    assert served["AmountDue"] == Decimal("35.99")
    assert served["UpdatedDateUTC"] == "/Date(1541176592690+0000)/"
    assert served["UpdatedDateUTCString"] == "2018-11-02T16:36:32Z"
    assert served["CurrencyRate"] == Decimal("2.112345")
    assert served["ExpectedPaymentDate"] == "/Date(1547510400000+0000)/"
    assert served["Mystery"] == {"kept": True}
    assert served["Contact"]["Name"] == "Delta"
    payment = {"PaymentID": "p-1", "Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": 10}
    xero.book.load_documents({"Payments": [{**payment, "Date": "2018-11-01"}]})
    assert xero.invoice(invoice["InvoiceID"])["AmountPaid"] == Decimal("10.00")


def test_odd_documents_are_served_odd(xero: Any) -> None:
    odd = {
        "InvoiceID": "bbbbbbbb-0000-4000-8000-000000000002",
        "Contact": {"ContactID": ACME},
        "Status": "UNDERREVIEW",
        "Total": None,
        "AmountDue": None,
        "CurrencyCode": "",
        "CurrencyRate": None,
        "Date": "2026-01-01",
    }
    xero.book.load_documents({"Invoices": [odd]})
    path = f"/Invoices/{odd['InvoiceID']}"
    served = xero.call("GET", path, check=False).json()["Invoices"][0]
    for key in ("Status", "Total", "AmountDue", "CurrencyCode", "CurrencyRate"):
        assert served[key] == odd[key]
    assert "DueDate" not in served


def test_credits_load_with_their_allocations(xero: Any) -> None:
    note = {
        "CreditNoteID": "dddddddd-0000-4000-8000-000000000001",
        "CreditNoteNumber": "CN-9",
        "Contact": {"ContactID": ACME},
        "Status": "AUTHORISED",
        "Date": "2026-02-10",
        "Total": 100,
        "RemainingCredit": 40,
        "Allocations": [{"Amount": 60, "Date": "2026-02-11", "Invoice": {"InvoiceID": LATE}}],
    }
    over = {"Contact": {"ContactID": ACME}, "Total": 5, "OverpaymentID": "o-1"}
    xero.book.load_documents({"CreditNotes": [note], "Overpayments": [over]})
    assert xero.invoice(LATE)["AmountCredited"] == Decimal("60.00")
    listed = xero.get("/CreditNotes", page=1)["CreditNotes"][0]
    assert listed["RemainingCredit"] == Decimal("40.00")
    assert len(listed["Allocations"]) == 1
    assert xero.get("/Overpayments", page=1)["Overpayments"][0]["RemainingCredit"] == 5


def test_other_documents_load_and_unknown_kinds_are_refused(xero: Any) -> None:
    repeating = {"RepeatingInvoiceID": ACME, "Type": "ACCREC", "Status": "AUTHORISED"}
    xero.book.load_documents(
        {
            "Organisations": [{"Timezone": "NEWZEALANDSTANDARDTIME"}],
            "ContactGroups": [{"Name": "VIP", "Contacts": [{"ContactID": ACME}]}],
            "RepeatingInvoices": [repeating],
        }
    )
    assert xero.get("/Organisation")["Organisations"][0]["Timezone"] == "NEWZEALANDSTANDARDTIME"
    assert xero.contact(ACME)["ContactGroups"][0]["Name"] == "VIP"
    assert xero.get(f"/RepeatingInvoices/{ACME}")["RepeatingInvoices"] == [repeating]
    with pytest.raises(ValueError, match="Xero has no Quotes here"):
        xero.book.load_documents({"Quotes": []})


def test_a_real_ledger_keeps_its_sums(start_xero: Callable[..., Any]) -> None:
    if not SEEDS.is_dir():
        pytest.skip(f"the real ledger is not at {SEEDS}")
    with (SEEDS / "xero_invoice_data.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = {
        "invoice_id": "InvoiceID",
        "invoice_number": "InvoiceNumber",
        "type": "Type",
        "status": "Status",
        "date": "Date",
        "due_date": "DueDate",
        "total": "Total",
        "amount_due": "AmountDue",
        "amount_paid": "AmountPaid",
        "amount_credited": "AmountCredited",
        "currency_code": "CurrencyCode",
        "currency_rate": "CurrencyRate",
        "updated_date_utc": "UpdatedDateUTC",
    }
    documents = [
        {key: row[name] for name, key in names.items() if row[name]}
        | {"Contact": {"ContactID": row["contact_id"]}}
        for row in rows
    ]
    xero = start_xero(contacts=False)
    xero.book.load_documents({"Invoices": documents})
    served = []
    for page in (1, 2, 3, 4, 5, 6, 7):
        query = {"page": page, "Statuses": "DRAFT,AUTHORISED,PAID,VOIDED,DELETED"}
        served += xero.get("/Invoices", check=False, **query)["Invoices"]
    assert len(served) == len(rows)
    expected = sum(Decimal(row["amount_due"]) for row in rows)
    assert sum(row["AmountDue"] for row in served) == expected
    assert {row["CurrencyCode"] for row in served} == {row["currency_code"] for row in rows}


def test_the_state_shows_the_ledger(xero: Any) -> None:
    xero.put(f"/Invoices/{OPEN}/History", {"HistoryRecords": [{"Details": "n"}]})
    payment = xero.pay(LATE, "50")["PaymentID"]
    credit = xero.book.credit(ACME, Decimal(10))
    state = xero.book.state()
    invoices = {row["number"]: row for row in state["invoices"]}
    assert invoices["S-2"]["amount_due"] == "200.00"
    assert invoices["S-1"]["status"] == "AUTHORISED"
    contact = next(row for row in state["contacts"] if row["id"] == BETA)
    assert contact["groups"] == ["Key"]
    assert state["groups"][0]["members"] == [BETA]
    assert {"record": "invoice", "id": OPEN, "text": "n"}.items() <= state["history"][0].items()
    assert [row["id"] for row in state["payments"]] == [payment]
    assert state["credits"][0] | {"id": credit} == {
        "id": credit,
        "contact_id": ACME,
        "kind": "credit note",
        "status": "AUTHORISED",
        "remaining": "10.00",
    }


def test_a_deep_page_of_a_large_ledger_is_whole(start_xero: Callable[..., Any]) -> None:
    xero = start_xero(contacts=False)
    day = date(2026, 1, 5)
    xero.book.load_contacts(ContactRow(f"c{i}", f"Contact {i}") for i in range(100))
    xero.book.load_invoices(
        InvoiceRow(f"i{i}", f"N-{i}", f"c{i % 100}", day, day, "GBP", Decimal(100))
        for i in range(5_500)
    )
    query = {"pageSize": 1000, "where": 'Type=="ACCREC"', "order": "InvoiceID"}
    numbers = set()
    for page in range(1, 7):
        answer = xero.call("GET", "/Invoices", check=False, page=page, **query)
        numbers |= {row["InvoiceNumber"] for row in answer.json()["Invoices"]}
    assert len(numbers) == 5_500
