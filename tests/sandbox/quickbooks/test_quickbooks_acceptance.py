"""The facts of one consistent recorded company, rebuilt through the API and by loading."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest


def share(kind: str, id_: str, amount: str) -> dict[str, Any]:
    return {"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": id_, "TxnType": kind}]}


@pytest.fixture
def recorded(company: Any) -> Any:
    """The company as it was, before the payments: customers, invoices and a credit memo."""
    names = {"7": "Lee Estates", "8": "Ocean View Road", "9": "Beach Road", "1": "Cool Cars"}
    customers: list[dict[str, Any]] = [
        {"Id": id_, "DisplayName": name} for id_, name in names.items()
    ]
    for customer in customers:
        if customer["Id"] in {"8", "9"}:
            customer |= {"ParentRef": {"value": "7"}, "Job": True, "Level": 1}
            customer["FullyQualifiedName"] = f"Lee Estates:{customer['DisplayName']}"
    totals = {"12": "2369.52", "71": "205.00", "67": "459.00"}
    invoices = [
        {
            "Id": id_,
            "TotalAmt": Decimal(total),
            "CustomerRef": {"value": "1"},
            "TxnDate": "2026-05-01",
        }
        for id_, total in totals.items()
    ]
    for id_, customer_id, total in (("92", "8", "477.50"), ("93", "9", "85.00")):
        ref = {"value": customer_id}
        invoices.append(
            {"Id": id_, "TotalAmt": Decimal(total), "CustomerRef": ref, "TxnDate": "2026-05-01"}
        )
    memo = {
        "Id": "73",
        "TotalAmt": Decimal("100.00"),
        "CustomerRef": {"value": "1"},
        "TxnDate": "2026-05-01",
    }
    company.book.load_documents({"Customer": customers, "Invoice": invoices, "CreditMemo": [memo]})
    return company


def test_invoice_12_was_paid_by_two_payments(recorded: Any) -> None:
    recorded.payment("1", "694.00", ("Invoice", "12", "694.00"))
    recorded.later(hours=3)
    last = recorded.payment("1", "1675.52", ("Invoice", "12", "1675.52"))
    invoice = recorded.one("invoice", "12")
    assert (invoice["TotalAmt"], invoice["Balance"]) == (Decimal("2369.52"), 0)
    assert len(invoice["LinkedTxn"]) == 2
    assert invoice["MetaData"]["LastUpdatedTime"] == last["MetaData"]["CreateTime"]


def test_invoice_71_was_paid_by_money_and_a_credit(recorded: Any) -> None:
    recorded.payment("1", "105.00", ("Invoice", "71", "105.00"))
    applied = recorded.payment(
        "1", "0", ("Invoice", "71", "100.00"), ("CreditMemo", "73", "100.00")
    )
    assert (applied["TotalAmt"], applied["UnappliedAmt"]) == (0, 0)
    assert recorded.one("invoice", "71")["Balance"] == 0
    assert recorded.one("creditmemo", "73")["Balance"] == 0
    assert len(recorded.one("invoice", "71")["LinkedTxn"]) == 2


def test_invoice_67_keeps_its_balance(recorded: Any) -> None:
    recorded.payment("1", "220.00", ("Invoice", "67", "220.00"))
    assert str(recorded.one("invoice", "67")["Balance"]) == "239.00"


def test_customer_7_owes_only_through_its_jobs(recorded: Any) -> None:
    customers = {row["Id"]: row for row in recorded.query("select * from Customer")["Customer"]}
    assert customers["7"]["Balance"] == 0
    assert customers["7"]["BalanceWithJobs"] == Decimal("562.50")
    assert customers["8"]["Balance"] == Decimal("477.50")
    assert customers["9"]["BalanceWithJobs"] == Decimal("85.00")


def test_loaded_documents_show_the_same_facts(company: Any) -> None:
    def payment(id_: str, total: str, *lines: Any) -> dict[str, Any]:
        return {
            "Id": id_,
            "CustomerRef": {"value": "1"},
            "TotalAmt": Decimal(total),
            "TxnDate": "2026-05-02",
            "Line": list(lines),
        }

    invoice = {"CustomerRef": {"value": "1"}, "TxnDate": "2026-05-01", "DueDate": "2026-05-31"}
    company.book.load_documents(
        {
            "Customer": [{"Id": "1", "DisplayName": "Cool Cars", "Balance": Decimal("139.00")}],
            "Invoice": [
                {**invoice, "Id": "12", "TotalAmt": Decimal("2369.52")},
                {**invoice, "Id": "71", "TotalAmt": Decimal("205.00")},
                {**invoice, "Id": "67", "TotalAmt": 459.0, "Balance": 139.0},
            ],
            "CreditMemo": [{**invoice, "Id": "73", "TotalAmt": Decimal("100.00")}],
            "Payment": [
                payment("120", "1675.52", share("Invoice", "12", "1675.52")),
                payment("61", "694", share("Invoice", "12", "694")),
                payment("72", "105", share("Invoice", "71", "105")),
                payment("74", "0", share("Invoice", "71", "100"), share("CreditMemo", "73", "100")),
                payment("68", "220", share("Invoice", "67", "220")),
            ],
        }
    )
    balances = {
        row["Id"]: row["Balance"] for row in company.query("select * from Invoice")["Invoice"]
    }
    # Of invoice 67 the document says that 100 more was paid than any payment explains.
    assert balances == {"12": 0, "71": 0, "67": Decimal("139.0")}
    assert company.one("creditmemo", "73")["Balance"] == 0
    company.payment("1", "39.00", ("Invoice", "67", "39.00"))
    assert str(company.one("invoice", "67")["Balance"]) == "100.00"
    assert str(company.one("customer", "1")["Balance"]) == "100.00"
