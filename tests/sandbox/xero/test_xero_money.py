"""Payments, credit notes and money in hand: amounts, statuses and back again."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from arsync_sandbox.platform import ContactRow, InvoiceRow

ACME = "11111111-1111-4111-8111-111111111111"
BETA = "22222222-2222-4222-8222-222222222222"
OPEN = "aaaaaaaa-0000-4000-8000-000000000001"
LATE = "aaaaaaaa-0000-4000-8000-000000000002"
DRAFT = "aaaaaaaa-0000-4000-8000-000000000004"


def amounts(invoice: Any) -> tuple[Any, ...]:
    keys = ("Status", "AmountDue", "AmountPaid", "AmountCredited")
    return tuple(invoice[key] for key in keys)


def d(text: str) -> Decimal:
    return Decimal(text)


def foreign_invoice(xero: Any, currency: str, **more: Any) -> Any:
    xero.book.load_contacts([ContactRow(f"buyer in {currency}", currency, currency=currency)])
    line = {"Description": "Work", "Quantity": 1, "UnitAmount": 900, "AccountCode": "200"}
    invoice = {
        "Type": "ACCREC",
        "Contact": {"Name": currency},
        "Date": "2026-03-01",
        "LineItems": [{**line, "TaxType": "NONE"}],
        **more,
    }
    return xero.put("/Invoices", {"Invoices": [invoice]})["Invoices"][0]


def credit_note(xero: Any, amount: float, contact: str = ACME) -> Any:
    line = {"Description": "Credit", "Quantity": 1, "UnitAmount": amount, "AccountCode": "200"}
    note = {
        "Type": "ACCRECCREDIT",
        "Status": "AUTHORISED",
        "Contact": {"ContactID": contact},
        "Date": "2026-03-01",
        "LineItems": [{**line, "TaxType": "NONE"}],
    }
    return xero.put("/CreditNotes", {"CreditNotes": [note]})["CreditNotes"][0]


def allocate(xero: Any, kind: str, id_: str, invoice: str, amount: float) -> Any:
    row = {"Invoice": {"InvoiceID": invoice}, "Amount": amount, "Date": "2026-03-02"}
    return xero.put(f"/{kind}/{id_}/Allocations", {"Allocations": [row]})["Allocations"][0]


def test_payments_and_their_removal_update_amounts_status_and_day(xero: Any) -> None:
    xero.pay(LATE, "50")
    assert amounts(xero.invoice(LATE)) == ("AUTHORISED", d("200.00"), d("50.00"), 0)
    last = xero.pay(LATE, "200")
    paid = xero.invoice(LATE)
    assert amounts(paid) == ("PAID", 0, d("250.00"), 0)
    assert paid["FullyPaidOnDate"] == "/Date(1772409600000+0000)/"
    assert len(paid["Payments"]) == 2
    path = f"/Payments/{last['PaymentID']}"
    gone = xero.post(path, {"Status": "DELETED"})["Payments"][0]
    assert gone["Status"] == "DELETED"
    owed = xero.invoice(LATE)
    assert amounts(owed) == ("AUTHORISED", d("200.00"), d("50.00"), 0)
    assert "FullyPaidOnDate" not in owed
    assert len(owed["Payments"]) == 1
    assert "deleted already" in xero.refused("POST", path, {"Status": "DELETED"})[0]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"Amount": 250.01}, "Payment amount exceeds the amount outstanding on this document"),
        ({"Amount": 0}, "greater than 0"),
        ({"Account": {"Code": "200"}}, "account"),
        ({"Invoice": {"InvoiceID": DRAFT}}, "Authorised"),
        ({"Invoice": {"InvoiceID": ACME}}, "could not be found"),
    ],
)
def test_payments_that_are_refused(xero: Any, fields: dict[str, Any], message: str) -> None:
    good = {"Invoice": {"InvoiceID": LATE}, "Account": {"Code": "970"}, "Date": "2026-03-02"}
    body = {"Payments": [{**good, "Amount": 1, **fields}]}
    assert message in xero.refused("PUT", "/Payments", body)[0]


def test_paying_the_same_remainder_twice_together_is_refused(xero: Any) -> None:
    row = {"Invoice": {"InvoiceID": LATE}, "Account": {"Code": "970"}, "Amount": 200}
    assert xero.refused("PUT", "/Payments", {"Payments": [row, row]})
    assert amounts(xero.invoice(LATE))[1] == d("250.00")


def test_a_credit_note_is_allocated_and_taken_back(xero: Any) -> None:
    note = credit_note(xero, 300)
    assert (note["Status"], note["RemainingCredit"]) == ("AUTHORISED", d("300.00"))
    id_ = note["CreditNoteID"]
    allocation = allocate(xero, "CreditNotes", id_, LATE, 250)
    assert amounts(xero.invoice(LATE)) == ("PAID", 0, 0, d("250.00"))
    assert xero.invoice(LATE)["CreditNotes"][0]["AppliedAmount"] == d("250.00")
    allocate(xero, "CreditNotes", id_, OPEN, 50)
    listed = xero.get("/CreditNotes", page=1)["CreditNotes"][0]
    assert (listed["Status"], listed["RemainingCredit"]) == ("PAID", 0)
    assert len(listed["Allocations"]) == 2
    path = f"/CreditNotes/{id_}/Allocations/{allocation['AllocationID']}"
    assert xero.call("DELETE", path).status_code == 200
    assert amounts(xero.invoice(LATE)) == ("AUTHORISED", d("250.00"), 0, 0)
    assert xero.get(f"/CreditNotes/{id_}")["CreditNotes"][0]["Status"] == "AUTHORISED"


def test_allocations_that_are_refused(xero: Any) -> None:
    id_ = credit_note(xero, 30)["CreditNoteID"]
    path = f"/CreditNotes/{id_}/Allocations"
    for invoice, amount in ((LATE, 31), (DRAFT, 1), (ACME, 1), (OPEN, 0)):
        row = {"Invoice": {"InvoiceID": invoice}, "Amount": amount, "Date": "2026-03-02"}
        assert xero.refused("PUT", path, {"Allocations": [row]})
    missing = xero.call("PUT", f"/CreditNotes/{ACME}/Allocations", {"Allocations": []}, check=False)
    assert missing.status_code == 404


def test_an_unknown_credit_note_cannot_be_updated(xero: Any) -> None:
    body = {"CreditNotes": [{"CreditNoteID": ACME, "Reference": "x"}]}
    message = "An existing Credit Note with the specified CreditNoteID could not be found"
    assert xero.refused("POST", "/CreditNotes", body) == [message]


def test_a_credit_note_is_voided_only_while_unallocated(xero: Any) -> None:
    id_ = credit_note(xero, 30)["CreditNoteID"]
    allocation = allocate(xero, "CreditNotes", id_, LATE, 10)
    path = f"/CreditNotes/{id_}"
    void = {"CreditNotes": [{"CreditNoteID": id_, "Status": "VOIDED"}]}
    assert "cannot be edited" in xero.refused("POST", path, void)[0]
    xero.call("DELETE", f"{path}/Allocations/{allocation['AllocationID']}")
    gone = xero.post(path, void)["CreditNotes"][0]
    assert (gone["Status"], gone["RemainingCredit"]) == ("VOIDED", 0)


def test_a_refund_uses_up_a_credit_note(xero: Any) -> None:
    id_ = credit_note(xero, 30)["CreditNoteID"]
    row = {"CreditNote": {"CreditNoteID": id_}, "Account": {"Code": "970"}, "Amount": 30}
    payment = xero.put("/Payments", {"Payments": [row]})["Payments"][0]
    assert payment["PaymentType"] == "ARCREDITPAYMENT"
    assert xero.get(f"/CreditNotes/{id_}")["CreditNotes"][0]["Status"] == "PAID"


def test_paying_too_much_leaves_an_overpayment(xero: Any) -> None:
    xero.book.pay(LATE, Decimal(300), date(2026, 3, 2))
    assert amounts(xero.invoice(LATE))[0] == "PAID"
    over = xero.get("/Overpayments", page=1)["Overpayments"][0]
    assert (over["Type"], over["RemainingCredit"]) == ("RECEIVE-OVERPAYMENT", d("50.00"))
    allocate(xero, "Overpayments", over["OverpaymentID"], OPEN, 50)
    assert amounts(xero.invoice(OPEN)) == ("AUTHORISED", d("50.10"), 0, d("50.00"))
    assert xero.invoice(OPEN)["Overpayments"][0]["AppliedAmount"] == d("50.00")


def test_a_prepayment_waits_for_an_invoice(xero: Any) -> None:
    id_ = xero.book.prepay(ACME, Decimal(40))
    prepayment = xero.get(f"/Prepayments/{id_}")["Prepayments"][0]
    assert (prepayment["Type"], prepayment["RemainingCredit"]) == ("RECEIVE-PREPAYMENT", d("40.00"))
    allocate(xero, "Prepayments", id_, OPEN, 40)
    assert xero.get("/Prepayments", page=1)["Prepayments"][0]["Status"] == "PAID"
    assert amounts(xero.invoice(OPEN))[3] == d("40.00")


def test_people_credit_bounce_and_void(xero: Any) -> None:
    xero.book.credit(ACME, Decimal(50), LATE)
    assert amounts(xero.invoice(LATE))[3] == d("50.00")
    payment = xero.book.pay(OPEN, Decimal("100.10"), date(2026, 3, 1))
    xero.book.delete_payment(payment)
    assert amounts(xero.invoice(OPEN))[0] == "AUTHORISED"
    xero.book.void(OPEN)
    assert amounts(xero.invoice(OPEN))[0] == "VOIDED"
    with pytest.raises(ValueError, match="cannot be voided"):
        xero.book.void(LATE)
    with pytest.raises(ValueError, match="nothing to pay"):
        xero.book.pay(OPEN, Decimal(1), date(2026, 3, 1))


def test_debtors_see_what_is_open(xero: Any) -> None:
    rows = {row.number: row for row in xero.book.unpaid()}
    assert set(rows) == {"S-1", "S-2"}
    assert rows["S-1"].amount_due == d("100.10")
    assert rows["S-1"].emails_received == 0


@pytest.mark.parametrize("currency", ["JPY", "EUR", "KWD", "XPF", "UGX"])
def test_a_foreign_currency_gets_a_day_rate(xero: Any, currency: str) -> None:
    day = date(2026, 1, 5)
    xero.book.load_contacts([ContactRow("f", "Foreign", currency=currency)])
    xero.book.load_invoices([InvoiceRow("f1", "F-1", "f", day, day, currency, Decimal(900))])
    rate = foreign_invoice(xero, currency)["CurrencyRate"]
    assert rate not in (0, 1)
    assert Decimal(xero.book.state()["currency_rates"][currency]) == rate
    loaded = next(row for row in xero.book.unpaid() if row.number == "F-1")
    assert xero.invoice(loaded.invoice_id)["CurrencyRate"] == rate


def test_a_rate_that_the_client_sends_is_kept(xero: Any) -> None:
    day = date(2026, 1, 5)
    xero.book.load_contacts([ContactRow("f", "Foreign", currency="JPY")])
    xero.book.load_invoices([InvoiceRow("f1", "F-1", "f", day, day, "JPY", Decimal(900))])
    assert foreign_invoice(xero, "JPY", CurrencyRate=1)["CurrencyRate"] == 1
    assert "CurrencyRate" not in foreign_invoice(xero, "GBP"), "the organisation's own currency"
