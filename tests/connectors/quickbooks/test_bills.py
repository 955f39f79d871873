"""Bills of QuickBooks: whose they are, what is owed on them, and what is odd about them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from arsync.core.ledger.payables import Bill
from arsync.core.ledger.records import DocumentProblem
from arsync_quickbooks.bills import to_bill
from arsync_quickbooks.documents import BillDoc, EmailAddress, MalformedRow, Ref, VendorDoc
from arsync_quickbooks.records import BookSettings

BOOKS = BookSettings("GBP", multicurrency=True)
VENDORS = {
    "7": VendorDoc(
        id="7",
        display_name="Ridgeway (supplier)",
        company_name="Ridgeway",
        primary_email_addr=EmailAddress("a@ridgeway.example, b@ridgeway.example"),
    )
}


def a_bill(**fields: Any) -> BillDoc:
    usual: dict[str, Any] = {
        "id": "3",
        "vendor_ref": Ref("7", "Ridgeway"),
        "doc_number": "S-1",
        "txn_date": "2026-11-01",
        "due_date": "2026-11-30",
        "currency_ref": Ref("GBP"),
        "balance": Decimal("12.50"),
    }
    return BillDoc(**usual | fields)


def test_a_bill_names_its_vendor_in_full() -> None:
    bill = to_bill(a_bill(), BOOKS, VENDORS)
    assert isinstance(bill, Bill)
    assert (bill.supplier_name, bill.company_name) == ("Ridgeway (supplier)", "Ridgeway")
    assert (bill.email, bill.amount_due) == ("a@ridgeway.example", Decimal("12.50"))
    assert bill.contact_id == "", "customers are other records"


def test_without_terms_a_bill_is_due_on_its_day() -> None:
    bill = to_bill(a_bill(due_date=None), BOOKS, {})
    assert isinstance(bill, Bill)
    assert bill.due_on == date(2026, 11, 1)
    assert bill.supplier_name == "Ridgeway", "as the bill calls a vendor that is not at hand"


def test_a_paid_bill_is_its_id_alone() -> None:
    assert to_bill(a_bill(balance=Decimal(0)), BOOKS, VENDORS) == "3"


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (a_bill(txn_date="soon"), "TxnDate"),
        (a_bill(currency_ref=Ref("EUR")), "no ExchangeRate for EUR"),
        (a_bill(balance=None), "Balance"),
        (a_bill(vendor_ref=None), "VendorRef"),
        (MalformedRow("3", "S-1", "it is no bill"), "it is no bill"),
    ],
)
def test_an_odd_bill_is_named(odd: BillDoc | MalformedRow, said: str) -> None:
    problem = to_bill(odd, BOOKS, VENDORS)
    assert isinstance(problem, DocumentProblem)
    assert (problem.kind, problem.id) == ("bills", "3")
    assert said in problem.message
