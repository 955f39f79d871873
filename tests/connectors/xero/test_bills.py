"""Reading bills while people pay them: nothing is passed over, and nothing is read for ever."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from arsync.errors import ArsyncError, Rejected, RetryLater
from arsync_xero.bills import RESTARTS_MAX, BillFeed
from arsync_xero.documents import ContactRef, InvoiceDocument, Rows

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def a_bill(number: int) -> InvoiceDocument:
    return InvoiceDocument(
        invoice_id=f"b{number}",
        type="ACCPAY",
        status="AUTHORISED",
        contact=ContactRef("c1", "Ridgeway"),
        date_string="2026-11-01T00:00:00",
        due_date_string="2026-11-30T00:00:00",
        currency_code="GBP",
        total=Decimal(5),
        amount_due=Decimal(5),
    )


def a_page(*numbers: int, pages: int = 1, in_all: int | None = None) -> Rows[Any]:
    bills = [a_bill(number) for number in numbers]
    return Rows(bills, [], pages, NOON, len(bills) if in_all is None else in_all)


class FakeReader:
    """An organisation whose list of bills gives these pages, one after the other."""

    def __init__(self, *pages: Rows[Any]) -> None:
        self.pages = list(pages)
        self.asked: list[str] = []
        self.api = self

    def base_currency(self) -> str:
        return "GBP"

    def now(self) -> datetime:
        return NOON

    def rows(self, _: object, *, params: Mapping[str, str], since: str) -> Rows[Any]:
        self.asked.append(params["page"])
        return self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]


def read(reader: FakeReader) -> list[str]:
    feed: Any = BillFeed(reader)  # type: ignore[arg-type]  # a reader of nothing else
    return [bill.id for page in feed.pages(None) for bill in page.bills]


def test_a_list_that_shrank_is_read_again() -> None:
    reader = FakeReader(a_page(1, 2, pages=2, in_all=3), a_page(in_all=2), a_page(2, 3, in_all=2))
    assert read(reader) == ["b1", "b2", "b2", "b3"]
    assert reader.asked == ["1", "2", "1"], "b3 moved up to the first page"


@pytest.mark.parametrize(
    ("pages", "error"),
    [
        ((a_page(1, pages=20_000),), Rejected),
        ((a_page(pages=2, in_all=1_001),), Rejected),
        (
            tuple(
                page
                for count in range(RESTARTS_MAX + 1, 0, -1)
                for page in (a_page(1, pages=2, in_all=2 * count), a_page(in_all=2 * count - 1))
            ),
            RetryLater,
        ),
    ],
)
def test_an_endless_list_is_refused(pages: tuple[Rows[Any], ...], error: type[ArsyncError]) -> None:
    with pytest.raises(error):
        read(FakeReader(*pages))
