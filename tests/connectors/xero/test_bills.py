"""Reading bills while people pay them: nothing is passed over, and nothing is read for ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.payables import Payable
from arsync.core.ledger.records import DocumentProblem
from arsync.errors import ArsyncError, Rejected, RetryLater
from arsync_xero.bills import BillFeed
from arsync_xero.documents import (
    INVOICES,
    ContactRef,
    CreditDocument,
    InvoiceDocument,
    Rows,
)
from arsync_xero.listings import RESTARTS_MAX
from arsync_xero.records import to_supplier_credit

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def a_bill(number: int, status: str = "AUTHORISED") -> InvoiceDocument:
    return InvoiceDocument(
        invoice_id=f"b{number}",
        type="ACCPAY",
        status=status,
        contact=ContactRef("c1", "Ridgeway"),
        date_string="2026-11-01T00:00:00",
        due_date_string="2026-11-30T00:00:00",
        currency_code="GBP",
        total=Decimal(5),
        amount_due=Decimal(5) if status == "AUTHORISED" else Decimal(0),
    )


def a_page(*numbers: int, pages: int = 1, in_all: int | None = None) -> Rows[Any]:
    bills = [a_bill(number) for number in numbers]
    return Rows(bills, [], pages, NOON, len(bills) if in_all is None else in_all)


NOTHING: Rows[Any] = Rows([], [], 0, NOON)


class FakeReader:
    """An organisation whose list of open bills gives these pages, one after the other."""

    def __init__(self, *pages: Rows[Any], changed: Sequence[Rows[Any]] = ()) -> None:
        self.pages = list(pages)
        self.changed = list(changed)
        """What changed since the reading began, each time it is asked."""
        self.asked: list[str] = []
        self.api = self

    def base_currency(self) -> str:
        return "GBP"

    def now(self) -> datetime:
        return NOON

    def rows(self, endpoint: object, *, params: Mapping[str, str], since: str) -> Rows[Any]:
        if endpoint is not INVOICES:
            return NOTHING
        if since:
            self.asked.append("changed")
            return self.changed.pop(0) if self.changed else NOTHING
        self.asked.append(params["page"])
        return self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]


def read(reader: FakeReader) -> list[str]:
    feed: Any = BillFeed(reader)  # type: ignore[arg-type]  # a reader of nothing else
    return [bill.id for page in feed.pages(None) for bill in page.payables]


def test_a_list_that_shrank_is_read_again() -> None:
    reader = FakeReader(a_page(1, 2, pages=2, in_all=3), a_page(in_all=2), a_page(2, 3, in_all=2))
    assert read(reader) == ["b1", "b2", "b2", "b3"]
    assert reader.asked == ["1", "2", "1"], "b3 moved up to the first page"


def test_as_many_new_bills_as_paid_hide_none() -> None:
    """The list is as long as before, and still b3 moved up to a page that was read already."""
    paid = Rows([a_bill(1, "PAID"), a_bill(4)], [], 1, NOON, 2)
    reader = FakeReader(
        a_page(1, 2, pages=2, in_all=3),
        a_page(4, pages=2, in_all=3),
        a_page(2, 3, pages=2, in_all=3),
        a_page(4, pages=2, in_all=3),
        changed=[paid],
    )
    assert set(read(reader)) == {"b1", "b2", "b3", "b4"}
    assert reader.asked == ["1", "2", "changed", "1", "2", "changed"]


def test_what_left_before_is_waited_for_once() -> None:
    """Xero names a bill that was paid meanwhile each time it is asked since the beginning."""
    paid = Rows([a_bill(1, "PAID"), a_bill(4)], [], 1, NOON, 2)
    reader = FakeReader(
        a_page(1, 2, pages=2, in_all=3),
        a_page(4, pages=2, in_all=3),
        a_page(2, 3, pages=2, in_all=3),
        a_page(4, pages=2, in_all=3),
        changed=[paid] * (RESTARTS_MAX + 1),
    )
    assert set(read(reader)) == {"b1", "b2", "b3", "b4"}
    assert reader.asked == ["1", "2", "changed", "1", "2", "changed"]


def test_one_page_needs_no_second_look() -> None:
    reader = FakeReader(a_page(1, 2))
    assert read(reader) == ["b1", "b2"]
    assert reader.asked == ["1"]


CHANGING = tuple(
    page
    for count in range(RESTARTS_MAX + 1, 0, -1)
    for page in (a_page(1, pages=2, in_all=2 * count), a_page(in_all=2 * count - 1))
)


@pytest.mark.parametrize(
    ("pages", "error"),
    [
        ((a_page(1, pages=20_000),), Rejected),
        ((a_page(pages=2, in_all=1_001),), Rejected),
        ((a_page(1, 2, pages=3, in_all=5),), Rejected),
        (CHANGING, RetryLater),
    ],
    ids=["too many pages", "an empty page", "the same page twice", "shorter each time"],
)
def test_an_endless_list_is_refused(pages: tuple[Rows[Any], ...], error: type[ArsyncError]) -> None:
    with pytest.raises(error):
        read(FakeReader(*pages))


def a_credit(type_: str, **fields: Any) -> CreditDocument:
    usual: dict[str, Any] = {
        "credit_note_id": "n1",
        "credit_note_number": "SC-1",
        "type": type_,
        "status": "AUTHORISED",
        "contact": ContactRef("c1", "Ridgeway"),
        "date_string": "2026-11-01T00:00:00",
        "currency_code": "GBP",
        "total": Decimal(9),
        "remaining_credit": Decimal(4),
    }
    return CreditDocument(**usual | fields)


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        ("ACCPAYCREDIT", CreditKind.CREDIT_NOTE),
        ("SPEND-PREPAYMENT", CreditKind.PREPAYMENT),
        ("APPREPAYMENT", CreditKind.PREPAYMENT),
        ("SPEND-OVERPAYMENT", CreditKind.OVERPAYMENT),
        ("APOVERPAYMENT", CreditKind.OVERPAYMENT),
    ],
)
def test_each_type_of_supplier_credit_is_read(type_: str, kind: CreditKind) -> None:
    credit = to_supplier_credit(a_credit(type_), "GBP")
    assert isinstance(credit, Payable)
    assert (credit.credit, credit.amount, credit.due_on) == (kind, Decimal(4), None)
    assert credit.supplier.contact_id == "c1"


def test_what_is_used_or_the_customers_is_no_credit() -> None:
    used = a_credit("ACCPAYCREDIT", status="PAID", remaining_credit=Decimal(0))
    assert to_supplier_credit(used, "GBP") == "n1"
    assert to_supplier_credit(a_credit("ACCRECCREDIT"), "GBP") is None
    assert to_supplier_credit(a_credit("RECEIVE-PREPAYMENT"), "GBP") is None


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (a_credit("ACCPAYCREDIT", remaining_credit=None), "RemainingCredit"),
        (a_credit("NEW-KIND"), "Type"),
    ],
)
def test_an_odd_supplier_credit_is_named(odd: CreditDocument, said: str) -> None:
    problem = to_supplier_credit(odd, "GBP")
    assert isinstance(problem, DocumentProblem)
    assert (problem.kind, problem.id) == ("supplier credits", "n1")
    assert said in problem.message
