"""A part of a long list loses a document between two of its pages: nothing is passed over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from arsync.connector_sdk import HttpResponse
from arsync.core.ledger.records import RecordKind
from arsync_xero.connector import XeroConnector
from arsync_xero.cursor import Cursor

ORGANISATION = {"Organisations": [{"OrganisationID": "o", "Name": "O", "BaseCurrency": "GBP"}]}
HEADERS = {"Date": "Fri, 20 Nov 2026 09:00:00 GMT"}


class ShrinkingList:
    """Answers for an organisation with pages of two invoices; one leaves after the first page."""

    def __init__(self, numbers: list[int]) -> None:
        self.numbers = numbers
        self.pages_read: list[int] = []

    def request(
        self, method: str, url: str, *, params: Mapping[str, str] | None = None, **__: object
    ) -> HttpResponse:
        answer: dict[str, Any] = ORGANISATION
        if url.endswith("/Invoices"):
            page = int((params or {})["page"])
            answer = self._invoices(page)
            self.pages_read.append(page)
            if len(self.pages_read) == 1:
                self.numbers.remove(3)
        return HttpResponse(status=200, headers=HEADERS, body=json.dumps(answer).encode())

    def _invoices(self, page: int) -> dict[str, Any]:
        shown = self.numbers[(page - 1) * 2 : page * 2]
        counts = {
            "page": page,
            "pageSize": 2,
            "pageCount": -(-len(self.numbers) // 2),
            "itemCount": len(self.numbers),
        }
        return {"Invoices": [_invoice(number) for number in shown], "pagination": counts}


def _invoice(number: int) -> dict[str, Any]:
    return {
        "InvoiceID": f"i{number}",
        "Type": "ACCREC",
        "InvoiceNumber": f"INV-{number}",
        "Status": "AUTHORISED",
        "Contact": {"ContactID": "c1", "Name": "Acme"},
        "DateString": "2026-03-01T00:00:00",
        "DueDateString": "2026-03-31T00:00:00",
        "CurrencyCode": "GBP",
        "Total": 10,
        "AmountDue": 10,
    }


def test_days_whose_first_page_is_unchanged_are_reread() -> None:
    books = ShrinkingList([1, 2, 3, 4, 5, 6])
    cursor = Cursor(
        stage="invoices",
        dated_before="2030-01-01",
        start="2026-11-20T09:00:00",
        sweeping=True,
        base="GBP",
    )
    read: list[str] = []
    connector = XeroConnector(books, "t-1", {"api_url": "https://xero.example"})
    for page in connector.pull(cursor.text()):
        assert page.kind == RecordKind.INVOICES
        read += [record.id for record in page.records]
        if len(books.pages_read) == 5:
            break
    assert books.pages_read == [1, 2, 1, 2, 3]
    assert set(read) == {"i1", "i2", "i4", "i5", "i6"}
