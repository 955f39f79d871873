"""Reading bills: the open ones by id once a day, what changed by its moment in between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from arsync.connector_sdk import WHOLE_AFTER, BillsPage
from arsync.core.ledger.payables import Bill
from arsync.core.ledger.records import DocumentProblem
from arsync.errors import Rejected, RetryLater
from arsync_xero.api import PAGE_SIZE
from arsync_xero.documents import INVOICES, STATUSES, InvoiceDocument, Rows
from arsync_xero.feed import OVERLAP, PAGES_MAX
from arsync_xero.read_client import ReadClient
from arsync_xero.records import to_bill

CURSOR_VERSION = 1
RESTARTS_MAX = 5
"""How often a list is read from its first page again because bills left it meanwhile."""


class BillCursor(msgspec.Struct, frozen=True):
    """How far the bills are read. Between two readings `page` is 0."""

    version: int = CURSOR_VERSION
    since: str = ""
    """What changed after this moment is read; empty: everything that is open."""
    start: str = ""
    """Xero's moment when the running reading began."""
    read_whole_at: str = ""
    """When all open bills were last asked for."""
    page: int = 0
    bill_count: int = 0
    """How many bills the list had by its last page."""
    restarts: int = 0

    def text(self) -> str:
        """Return the opaque form."""
        return msgspec.json.encode(self).decode()


# Made as the module is loaded: msgspec ends the process if two threads at once are the first to
# decode a type.
_CURSORS = msgspec.json.Decoder(BillCursor)


class BillFeed:
    """The pages of one reading of bills."""

    def __init__(self, reader: ReadClient) -> None:
        """Prepare a reading; no call is made."""
        self._reader = reader

    def pages(self, text: str | None) -> Iterator[BillsPage]:
        """Yield the pages from a cursor on."""
        base = self._reader.base_currency()
        cursor = _read(text)
        if not cursor.page:
            cursor = _begun(cursor, self._reader.api.now())
        while cursor.page:
            rows = self._rows(cursor)
            if rows.item_count < cursor.bill_count:
                # Bills were paid meanwhile and left the list: what moved up was not seen.
                cursor = _from_the_start(cursor)
                continue
            whole = "" if cursor.since else f"bills {cursor.start}"
            cursor = _after(cursor, rows)
            yield _page(rows, base, cursor, whole)

    def _rows(self, cursor: BillCursor) -> Rows[InvoiceDocument]:
        params = {
            "where": 'Type=="ACCPAY"',
            # Of what changed also what was paid or voided: it is owed no more.
            "Statuses": STATUSES if cursor.since else "AUTHORISED",
            "order": "InvoiceID ASC",
            "page": str(cursor.page),
            "pageSize": str(PAGE_SIZE),
        }
        return self._reader.api.rows(INVOICES, params=params, since=cursor.since)


def _read(text: str | None) -> BillCursor:
    try:
        cursor = _CURSORS.decode(text or "")
    except msgspec.DecodeError:
        return BillCursor()
    return cursor if cursor.version == CURSOR_VERSION else BillCursor()


def _begun(cursor: BillCursor, now: datetime) -> BillCursor:
    last = cursor.read_whole_at
    if not last or now - datetime.fromisoformat(last).replace(tzinfo=UTC) >= WHOLE_AFTER:
        cursor = BillCursor(read_whole_at=_text(now))
    return replace(cursor, start=_text(now), page=1)


def _from_the_start(cursor: BillCursor) -> BillCursor:
    if cursor.restarts >= RESTARTS_MAX:
        raise RetryLater("Xero's list of bills became shorter each time while it was read.")
    return replace(cursor, page=1, bill_count=0, restarts=cursor.restarts + 1)


def _after(cursor: BillCursor, rows: Rows[InvoiceDocument]) -> BillCursor:
    if rows.page_count > PAGES_MAX:
        raise Rejected(f"Xero claims more than {PAGES_MAX:,} pages of bills; none is read.")
    if cursor.page < rows.page_count:
        if not rows.documents and not rows.problems:
            raise Rejected("Xero gave an empty page of bills and says that more follow.")
        return replace(cursor, page=cursor.page + 1, bill_count=rows.item_count)
    start = datetime.fromisoformat(cursor.start).replace(tzinfo=UTC)
    return BillCursor(since=_text(start - OVERLAP), read_whole_at=cursor.read_whole_at)


def _page(rows: Rows[InvoiceDocument], base: str, following: BillCursor, whole: str) -> BillsPage:
    outcomes: list[Any] = [to_bill(document, base) for document in rows.documents]
    return BillsPage(
        bills=[outcome for outcome in outcomes if isinstance(outcome, Bill)],
        cursor=following.text(),
        settled=[outcome for outcome in outcomes if isinstance(outcome, str)],
        problems=(
            *rows.problems,
            *(outcome for outcome in outcomes if isinstance(outcome, DocumentProblem)),
        ),
        whole=whole,
        complete=not following.page,
        suppliers_are_contacts=True,
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
