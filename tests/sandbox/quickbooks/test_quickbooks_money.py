"""Checklist: payments, credit application, deposits, void, delete, balances, currencies."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest


@pytest.fixture
def billed(company: Any) -> Any:
    """A customer with one invoice of 100.00; time has passed since."""
    company.acme = company.customer()
    company.bill = company.invoice(company.acme["Id"], "100.00")
    company.later(minutes=10)
    return company


def test_a_payment_bumps_its_invoice_and_touches_the_customer(billed: Any) -> None:
    payment = billed.payment(billed.acme["Id"], "40.00", ("Invoice", billed.bill["Id"], "40.00"))
    invoice = billed.one("invoice", billed.bill["Id"])
    assert (invoice["Balance"], invoice["SyncToken"]) == (60, "1")
    assert invoice["LinkedTxn"] == [{"TxnId": payment["Id"], "TxnType": "Payment"}]
    assert invoice["MetaData"]["LastUpdatedTime"] == payment["MetaData"]["CreateTime"]
    customer = billed.one("customer", billed.acme["Id"])
    assert (customer["Balance"], customer["SyncToken"]) == (60, "0")
    assert customer["MetaData"]["LastUpdatedTime"] == payment["MetaData"]["CreateTime"]


def test_allocations_stand_only_in_the_payments_lines(billed: Any) -> None:
    payment = billed.payment(billed.acme["Id"], "70.00", ("Invoice", billed.bill["Id"], "40.00"))
    assert (payment["TotalAmt"], payment["UnappliedAmt"]) == (70, 30)
    line = payment["Line"][0]
    assert line["LinkedTxn"] == [{"TxnId": billed.bill["Id"], "TxnType": "Invoice"}]
    extras = {each["value"]["Name"]: each["value"]["Value"] for each in line["LineEx"]["any"]}
    assert extras == {
        "txnId": billed.bill["Id"],
        "txnOpenBalance": "100.00",
        "txnReferenceNumber": billed.bill["DocNumber"],
    }
    assert billed.one("customer", billed.acme["Id"])["Balance"] == 30


def test_more_than_is_open_or_paid_cannot_be_applied(billed: Any) -> None:
    def body(total: str, applied: str) -> dict[str, Any]:
        link = [{"TxnId": billed.bill["Id"], "TxnType": "Invoice"}]
        return {
            "CustomerRef": {"value": billed.acme["Id"]},
            "TotalAmt": Decimal(total),
            "Line": [{"Amount": Decimal(applied), "LinkedTxn": link}],
        }

    assert billed.refused("payment", body("10.00", "20.00")) == "6000"
    assert billed.refused("payment", body("200.00", "150.00")) == "6000"
    stranger = billed.customer("Stranger")
    foreign = {**body("10.00", "10.00"), "CustomerRef": {"value": stranger["Id"]}}
    assert billed.refused("payment", foreign) == "6000"


def test_a_payment_can_be_moved_between_invoices(billed: Any) -> None:
    second = billed.invoice(billed.acme["Id"], "50.00")
    payment = billed.payment(billed.acme["Id"], "50.00", ("Invoice", billed.bill["Id"], "50.00"))
    line = {"Amount": 50, "LinkedTxn": [{"TxnId": second["Id"], "TxnType": "Invoice"}]}
    billed.change("payment", payment, Line=[line])
    assert billed.one("invoice", billed.bill["Id"])["Balance"] == 100
    assert billed.one("invoice", billed.bill["Id"])["LinkedTxn"] == []
    assert billed.one("invoice", second["Id"])["Balance"] == 0


def test_a_zero_payment_applies_a_credit_memo(billed: Any) -> None:
    credit = billed.credit(billed.acme["Id"], "30.00")
    assert (credit["TotalAmt"], credit["Balance"], credit["RemainingCredit"]) == (30, 30, 30)
    assert "LinkedTxn" not in credit
    assert billed.one("customer", billed.acme["Id"])["Balance"] == 70
    shares = [("Invoice", billed.bill["Id"], "30.00"), ("CreditMemo", credit["Id"], "30.00")]
    payment = billed.payment(billed.acme["Id"], "0", *shares)
    assert (payment["TotalAmt"], payment["UnappliedAmt"]) == (0, 0)
    assert billed.one("invoice", billed.bill["Id"])["Balance"] == 70
    assert billed.one("creditmemo", credit["Id"])["RemainingCredit"] == 0
    assert billed.one("customer", billed.acme["Id"])["Balance"] == 70


def test_applying_a_credit_by_hand_adds_the_platforms_note(billed: Any) -> None:
    credit = billed.book.credit(billed.acme["Id"], Decimal(25), billed.bill["Id"])
    payment = billed.query("select * from Payment")["Payment"][0]
    assert payment["PrivateNote"] == "Created by QB Online to link credits to charges."
    links = [line["LinkedTxn"][0]["TxnType"] for line in payment["Line"]]
    assert links == ["Invoice", "CreditMemo"]
    assert billed.one("creditmemo", credit)["Balance"] == 0


def test_voiding_an_invoice_zeroes_it_and_frees_its_payments(billed: Any) -> None:
    noted = billed.change("invoice", billed.bill, PrivateNote="Ann asked")
    payment = billed.payment(billed.acme["Id"], "40.00", ("Invoice", noted["Id"], "40.00"))
    invoice = billed.one("invoice", noted["Id"])
    head = {"Id": invoice["Id"], "SyncToken": invoice["SyncToken"]}
    void = billed.post("invoice", head, operation="void")
    assert int(void["SyncToken"]) == int(invoice["SyncToken"]) + 1
    assert void["PrivateNote"] == "Voided - Ann asked"
    assert (void["TotalAmt"], void["Balance"], void["LinkedTxn"]) == (0, 0, [])
    assert {line["Amount"] for line in void["Line"]} == {0}
    assert "status" not in void
    assert "invoiceStatus" not in void
    freed = billed.one("payment", payment["Id"])
    assert (freed["UnappliedAmt"], freed["Line"], freed["SyncToken"]) == (40, [], "1")
    assert billed.one("customer", billed.acme["Id"])["Balance"] == -40


@pytest.mark.parametrize("kept", [True, False])
def test_a_voided_line_keeps_its_quantity_or_not(billed: Any, kept: bool) -> None:
    billed.settings(quickbooks_void_keeps_quantity=kept)
    invoice = billed.invoice(
        billed.acme["Id"],
        Line=[
            {
                "Amount": 20,
                "DetailType": "SalesItemLineDetail",
                "SalesItemLineDetail": {"ItemRef": {"value": "1"}, "Qty": 2, "UnitPrice": 10},
            }
        ],
    )
    head = {"Id": invoice["Id"], "SyncToken": "0"}
    void = billed.post("invoice", head, operation="void")
    assert void["Line"][0]["SalesItemLineDetail"]["Qty"] == (2 if kept else 0)


def test_voiding_a_payment_empties_it_and_reopens_the_invoice(billed: Any) -> None:
    payment = billed.payment(billed.acme["Id"], "40.00", ("Invoice", billed.bill["Id"], "40.00"))
    head = {"Id": payment["Id"], "SyncToken": "0", "sparse": True}
    void = billed.post("payment", head, operation="update", include="void")
    assert (void["TotalAmt"], void["UnappliedAmt"], void["Line"]) == (0, 0, [])
    assert void["PrivateNote"] == "Voided"
    assert billed.one("invoice", billed.bill["Id"])["Balance"] == 100


def test_deleting_answers_with_a_tombstone_and_then_610(billed: Any) -> None:
    head = {"Id": billed.bill["Id"], "SyncToken": "0"}
    gone = billed.post("invoice", head, operation="delete")
    assert gone == {"domain": "QBO", "status": "Deleted", "Id": billed.bill["Id"]}
    answer = billed.get(f"invoice/{billed.bill['Id']}")
    assert answer.json()["Fault"]["Error"][0]["code"] == "610"
    assert billed.one("customer", billed.acme["Id"])["Balance"] == 0
    assert billed.ids("select * from Invoice") == []


def test_deleting_an_invoice_leaves_its_payment_unapplied(billed: Any) -> None:
    payment = billed.payment(billed.acme["Id"], "40.00", ("Invoice", billed.bill["Id"], "40.00"))
    invoice = billed.one("invoice", billed.bill["Id"])
    head = {"Id": invoice["Id"], "SyncToken": invoice["SyncToken"]}
    billed.post("invoice", head, operation="delete")
    voided = billed.one("payment", payment["Id"])
    assert (voided["UnappliedAmt"], voided["Line"]) == (40, [])


def test_deleting_a_credit_memo_undoes_its_application(billed: Any) -> None:
    credit = billed.book.credit(billed.acme["Id"], Decimal(25), billed.bill["Id"])
    memo = billed.one("creditmemo", credit)
    head = {"Id": credit, "SyncToken": memo["SyncToken"]}
    assert billed.refused("creditmemo", head, operation="void") == "500"
    billed.post("creditmemo", head, operation="delete")
    assert billed.one("invoice", billed.bill["Id"])["Balance"] == 100
    assert billed.ids("select * from Payment") == []


def deposit(company: Any, payment: Any) -> Any:
    link = {"TxnId": payment["Id"], "TxnType": "Payment", "TxnLineId": "0"}
    return company.post(
        "deposit",
        {
            "DepositToAccountRef": {"value": "35"},
            "Line": [{"Amount": payment["TotalAmt"], "LinkedTxn": [link]}],
        },
    )


def test_a_deposit_changes_its_payments_and_freezes_them(billed: Any) -> None:
    payment = billed.payment(billed.acme["Id"], "40.00", ("Invoice", billed.bill["Id"], "40.00"))
    billed.later(minutes=1)
    banked = deposit(billed, payment)
    after = billed.one("payment", payment["Id"])
    assert after["LinkedTxn"] == [{"TxnId": banked["Id"], "TxnType": "Deposit"}]
    assert after["SyncToken"] == "1"
    assert after["MetaData"]["LastUpdatedTime"] == banked["MetaData"]["CreateTime"]
    head = {"Id": payment["Id"], "SyncToken": "1", "sparse": True}
    assert billed.refused("payment", head, operation="update", include="void") == "6540"
    assert billed.refused("payment", head, operation="delete") == "6540"
    assert billed.refused("payment", {**head, "TotalAmt": 50}) == "6540"
    assert billed.change("payment", after, PrivateNote="fine")["PrivateNote"] == "fine"
    billed.post("deposit", {"Id": banked["Id"], "SyncToken": "0"}, operation="delete")
    free = billed.one("payment", payment["Id"])
    assert free["LinkedTxn"] == []
    freed = {"Id": free["Id"], "SyncToken": free["SyncToken"], "sparse": True}
    void = billed.post("payment", freed, operation="update", include="void")
    assert void["TotalAmt"] == 0


def test_jobs_roll_up_into_the_parents_balance_with_jobs(company: Any) -> None:
    parent = company.customer("Lee Estates")
    job = company.customer("Ocean View Road", ParentRef={"value": parent["Id"]})
    assert (job["Job"], job["Level"]) == (True, 1)
    assert job["FullyQualifiedName"] == "Lee Estates:Ocean View Road"
    company.invoice(job["Id"], "477.50")
    company.invoice(parent["Id"], "10.00")
    top = company.one("customer", parent["Id"])
    assert (str(top["Balance"]), str(top["BalanceWithJobs"])) == ("10.00", "487.50")
    assert top["SyncToken"] == "0"
    company.change("customer", company.one("customer", job["Id"]), ParentRef=None)
    alone = company.one("customer", parent["Id"])
    assert str(alone["BalanceWithJobs"]) == "10.00"


def test_customers_nest_five_levels_and_never_in_a_ring(company: Any) -> None:
    chain = [company.customer("L0")]
    for level in range(1, 5):
        parent = {"value": chain[-1]["Id"]}
        chain.append(company.customer(f"L{level}", ParentRef=parent))
    too_deep = {"DisplayName": "L5", "ParentRef": {"value": chain[-1]["Id"]}}
    assert company.refused("customer", too_deep) == "6000"
    head = {"Id": chain[0]["Id"], "SyncToken": "0", "sparse": True}
    assert company.refused("customer", {**head, "ParentRef": {"value": chain[2]["Id"]}}) == "6000"


def test_an_inactive_customers_name_ends_in_deleted_until_restored(billed: Any) -> None:
    acme = billed.one("customer", billed.acme["Id"])
    off = billed.change("customer", acme, Active=False)
    assert off["DisplayName"] == off["FullyQualifiedName"] == "Acme (deleted)"
    invoice = billed.one("invoice", billed.bill["Id"])
    assert invoice["CustomerRef"]["name"] == "Acme (deleted)"
    assert invoice["SyncToken"] == "0"
    assert (
        billed.refused(
            "customer", {"Id": acme["Id"], "SyncToken": off["SyncToken"]}, operation="delete"
        )
        == "500"
    )
    on = billed.change("customer", off, Active=True)
    assert on["DisplayName"] == "Acme"


def test_renaming_a_parent_renames_its_jobs(company: Any) -> None:
    parent = company.customer("Old")
    job = company.customer("Job", ParentRef={"value": parent["Id"]})
    company.change("customer", parent, DisplayName="New")
    assert company.one("customer", job["Id"])["FullyQualifiedName"] == "New:Job"


def test_foreign_currency_without_rate_is_booked_at_one(company: Any) -> None:
    company.prefer("CurrencyPrefs", MultiCurrencyEnabled=True)
    customer = company.customer("Müller", CurrencyRef={"value": "EUR"})
    euro = {"CurrencyRef": {"value": "EUR"}}
    assert company.refused("invoice", company.invoice_body(customer["Id"])) == "2020"
    trap = company.invoice(customer["Id"], "100.00", **euro)
    assert (trap["ExchangeRate"], trap["HomeTotalAmt"], trap["HomeBalance"]) == (1, 100, 100)
    right = company.invoice(customer["Id"], "100.00", ExchangeRate=1.09, **euro)
    assert str(right["HomeTotalAmt"]) == "109.00"
    payment = {
        "CustomerRef": {"value": customer["Id"]},
        "TotalAmt": 50,
        "ExchangeRate": 1.09,
        **euro,
        "Line": [{"Amount": 50, "LinkedTxn": [{"TxnId": right["Id"], "TxnType": "Invoice"}]}],
    }
    company.post("payment", payment)
    paid = company.one("invoice", right["Id"])
    assert (str(paid["Balance"]), str(paid["HomeBalance"])) == ("50.00", "54.50")
    wrong = {**company.invoice_body(customer["Id"]), "CurrencyRef": {"value": "USD"}}
    assert company.refused("invoice", wrong) == "6000"
    moved = company.one("customer", customer["Id"])
    head = {"Id": moved["Id"], "SyncToken": moved["SyncToken"], "sparse": True}
    assert company.refused("customer", {**head, "CurrencyRef": {"value": "USD"}}) == "6000"


def test_sparse_multicurrency_updates_may_need_the_currency(company: Any) -> None:
    company.prefer("CurrencyPrefs", MultiCurrencyEnabled=True)
    invoice = company.invoice(company.customer()["Id"], CurrencyRef={"value": "USD"})
    assert company.change("invoice", invoice, PrivateNote="a")["PrivateNote"] == "a"
    company.settings(quickbooks_currency_on_sparse=True)
    head = {"Id": invoice["Id"], "SyncToken": "1", "sparse": True, "PrivateNote": "b"}
    assert company.refused("invoice", head) == "2020"
    assert company.post("invoice", {**head, "CurrencyRef": {"value": "USD"}})["PrivateNote"] == "b"


def test_home_amounts_appear_only_in_multicurrency_companies(billed: Any) -> None:
    assert billed.bill["CurrencyRef"] == {"value": "USD", "name": "United States Dollar"}
    assert "ExchangeRate" not in billed.bill
    assert "HomeTotalAmt" not in billed.bill


def test_closed_books_stay_closed(billed: Any) -> None:
    billed.prefer("AccountingInfoPrefs", BookCloseDate="2026-06-01")
    assert billed.refused("invoice", billed.invoice_body(billed.acme["Id"])) == "6210"
    head = {"Id": billed.bill["Id"], "SyncToken": "0"}
    assert billed.refused("invoice", head, operation="void") == "6210"
    after = billed.invoice(billed.acme["Id"], TxnDate="2026-06-02")
    assert after["Balance"] == 100
