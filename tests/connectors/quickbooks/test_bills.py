"""Bills of QuickBooks: whose they are, what is owed on them, and what is odd about them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.payables import Payable
from arsync.core.ledger.records import DocumentProblem
from arsync_quickbooks.bills import to_bill, to_vendor_credit
from arsync_quickbooks.documents import (
    BillDoc,
    EmailAddress,
    MalformedRow,
    Ref,
    VendorCreditDoc,
    VendorDoc,
)
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
    assert isinstance(bill, Payable)
    assert (bill.supplier.name, bill.supplier.company_name) == ("Ridgeway (supplier)", "Ridgeway")
    assert (bill.supplier.email, bill.amount) == ("a@ridgeway.example", Decimal("12.50"))
    assert bill.supplier.contact_id == "", "customers are other records"


def test_without_terms_a_bill_is_due_on_its_day() -> None:
    bill = to_bill(a_bill(due_date=None), BOOKS, {})
    assert isinstance(bill, Payable)
    assert bill.due_on == date(2026, 11, 1)
    assert bill.supplier.name == "Ridgeway", "as the bill calls a vendor that is not at hand"


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


def a_vendor_credit(**fields: Any) -> VendorCreditDoc:
    usual: dict[str, Any] = {
        "id": "9",
        "vendor_ref": Ref("7", "Ridgeway"),
        "doc_number": "SC-1",
        "txn_date": "2026-11-01",
        "currency_ref": Ref("GBP"),
        "balance": Decimal("4.00"),
    }
    return VendorCreditDoc(**usual | fields)


def test_of_a_vendor_credit_counts_what_is_left() -> None:
    credit = to_vendor_credit(a_vendor_credit(), BOOKS, VENDORS)
    assert isinstance(credit, Payable)
    assert (credit.credit, credit.amount) == (CreditKind.CREDIT_NOTE, Decimal("4.00"))
    assert credit.due_on is None
    assert to_vendor_credit(a_vendor_credit(balance=Decimal(0)), BOOKS, VENDORS) == "9"


def test_a_vendor_credit_without_a_balance_is_unknown() -> None:
    """Its total less what it was applied to would be a guess."""
    credit = to_vendor_credit(a_vendor_credit(balance=None), BOOKS, VENDORS)
    assert isinstance(credit, Payable)
    assert credit.amount is None


def test_an_odd_vendor_credit_is_named() -> None:
    problem = to_vendor_credit(a_vendor_credit(txn_date="soon"), BOOKS, VENDORS)
    assert isinstance(problem, DocumentProblem)
    assert (problem.kind, problem.id) == ("supplier credits", "9")


def test_vendor_credits_are_read_without_a_filter_too(quickbooks: Any) -> None:
    """Then all of them are read, and those that are used up are left out."""
    bench, today = quickbooks, quickbooks.now().date()
    supplier = bench.add_contact("Ridgeway", "a@ridgeway.example")
    bill = bench.enter_bill(supplier, Decimal(100), today, today)
    used, left = (
        bench.enter_supplier_credit(supplier, Decimal(amount), CreditKind.CREDIT_NOTE)
        for amount in (10, 20)
    )
    bench.use_supplier_credit(used, bill, Decimal(10))
    bench.sandbox.change_settings({"quickbooks_unqueryable": "VendorCredit.Balance"})
    pages = list(bench.connector().bills(None))
    open_now = {payable.id: payable.amount for page in pages for payable in page.payables}
    assert open_now == {bill: Decimal(90), left: Decimal(20)}
    assert used in {settled for page in pages for settled in page.settled}
    assert pages[-1].complete
