"""Reading bills: the open ones by stretches of creation once a day, the change feed in between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from arsync.connector_sdk import WHOLE_AFTER, BillsPage
from arsync.connector_sdk.reading import UnusableField, day, document_problem, money, record_id
from arsync.core.ledger.payables import BILL_PROBLEM, Bill
from arsync.core.ledger.records import DocumentProblem
from arsync.core.ledger.sanitising import one_line
from arsync_quickbooks.api import quoted
from arsync_quickbooks.by_creation import ByCreation, Place
from arsync_quickbooks.documents import ROWS_MAX, BillDoc, MalformedRow, VendorDoc, rows
from arsync_quickbooks.feed import OVERLAP
from arsync_quickbooks.read_client import DELETED, IDS_PER_QUERY_MAX, ReadClient, count
from arsync_quickbooks.records import (
    BookSettings,
    addresses_of,
    currency_of,
    rate_of,
    value_of,
)

CURSOR_VERSION = 1
_BILL = "Bill"
_OPEN = "Balance > '0'"

BillRow = BillDoc | MalformedRow


class BillCursor(Struct, omit_defaults=True):
    """How far the bills are read."""

    since: datetime
    """The change feed is asked from here."""
    read_whole_at: datetime
    """When all open bills were last asked for."""
    version: int = 0
    is_whole: bool = False
    """All open bills are being read."""
    place: Place = msgspec.field(default_factory=Place)

    def text(self) -> str:
        """Return the cursor as it is stored."""
        return msgspec.json.encode(self).decode()


# Made as the module is loaded: msgspec ends the process if two threads at once are the first to
# decode a type.
_CURSORS = msgspec.json.Decoder(BillCursor)


class BillFeed:
    """The pages of one reading of bills."""

    def __init__(self, reader: ReadClient) -> None:
        """Prepare a reading; no call is made."""
        self._reader = reader
        self._vendors: dict[str, VendorDoc] = {}

    def pages(self, text: str | None) -> Iterator[BillsPage]:
        """Yield the pages from a cursor on."""
        cursor = _read(text)
        if cursor is None:
            cursor = self._begun()
        elif not cursor.is_whole:
            changes = self._reader.api.changes([_BILL], cursor.since)
            raw = changes.rows.get(_BILL)
            # A full answer may have been cut, and nobody knows where.
            if changes.at - cursor.read_whole_at < WHOLE_AFTER and (
                raw is None or count(raw) < ROWS_MAX
            ):
                # Never earlier than before: a server whose clock is behind must not bring changes
                # back.
                cursor.since = max(cursor.since, changes.at - OVERLAP)
                changed = [] if raw is None else list(rows(raw, BillDoc))
                live, gone = self._alive(changed)
                page = self._page(live, cursor)
                yield page._replace(settled=[*page.settled, *gone], complete=True)
                return
            cursor = self._begun()
        yield from self._whole(cursor)

    def _begun(self) -> BillCursor:
        # Of the run's beginning, where that was asked for already: earlier, so nothing is missed.
        at = self._reader.company().at
        return BillCursor(at - OVERLAP, at, version=CURSOR_VERSION, is_whole=True)

    def _whole(self, cursor: BillCursor) -> Iterator[BillsPage]:
        whole = f"bills {cursor.read_whole_at.isoformat(timespec='milliseconds')}"
        listed = ByCreation(self._reader.api, _BILL, BillDoc, _OPEN, cursor.place)
        while cursor.is_whole:
            bill_rows, ends = listed.next_rows()
            if ends:
                cursor.is_whole, cursor.place = False, Place()
            bills = [row for row in bill_rows if isinstance(row, BillDoc | MalformedRow)]
            yield self._page(bills, cursor)._replace(whole=whole, complete=ends)

    def _alive(self, changed: Iterable[BillRow]) -> tuple[list[BillRow], list[str]]:
        """Separate changed bills from those that are gone.

        The feed was seen to call changed documents deleted, so each of these is read by its id.
        """
        live: list[BillRow] = []
        gone: list[str] = []
        for row in changed:
            if isinstance(row, MalformedRow) or row.status != DELETED:
                live.append(row)
                continue
            fresh = self._reader.api.read_one(_BILL, row.id or "", BillDoc)
            if fresh is None:
                gone.append(row.id or "")
            else:
                live.append(fresh)
        return live, gone

    def _page(self, bills: Sequence[BillRow], cursor: BillCursor) -> BillsPage:
        books = self._reader.books or self._reader.company().books
        self._name_vendors(bills)
        outcomes = [to_bill(row, books, self._vendors) for row in bills]
        return BillsPage(
            bills=[outcome for outcome in outcomes if isinstance(outcome, Bill)],
            cursor=cursor.text(),
            settled=[outcome for outcome in outcomes if isinstance(outcome, str)],
            problems=tuple(outcome for outcome in outcomes if isinstance(outcome, DocumentProblem)),
        )

    def _name_vendors(self, bills: Iterable[BillRow]) -> None:
        """Read the vendors of bills on which something is owed, which name them by id alone."""
        vendor_ids = {
            value_of(row.vendor_ref)
            for row in bills
            if isinstance(row, BillDoc) and row.balance != 0
        }
        unknown = sorted(
            vendor_id
            for vendor_id in vendor_ids
            if vendor_id.isdecimal() and vendor_id not in self._vendors
        )
        for start in range(0, len(unknown), IDS_PER_QUERY_MAX):
            batch = ", ".join(
                quoted(vendor_id) for vendor_id in unknown[start : start + IDS_PER_QUERY_MAX]
            )
            for vendor in self._reader.rows_of(
                "Vendor", VendorDoc, f"Id IN ({batch}) AND Active IN (true, false)"
            ):
                self._vendors[vendor.id or ""] = vendor


def to_bill(
    row: BillRow, books: BookSettings, vendors: Mapping[str, VendorDoc]
) -> Bill | str | DocumentProblem:
    """Return a bill, or the id of one on which nothing is owed.

    Args:
        row: what QuickBooks says of it.
        books: how the company keeps its books.
        vendors: who the bills' vendors are, by id.
    """
    if isinstance(row, MalformedRow):
        return document_problem(BILL_PROBLEM, row.id, row.number, row.message)
    vendor_id = value_of(row.vendor_ref)
    vendor = vendors.get(vendor_id, VendorDoc())
    try:
        bill_id = record_id(row.id, "Id")
        amount = money(row.balance, "Balance")
        if amount <= 0:
            return bill_id
        issued_on, currency = day(row.txn_date, "TxnDate"), currency_of(row, books)
        emails = addresses_of(vendor.primary_email_addr)
        return Bill(
            id=bill_id,
            supplier_id=record_id(vendor_id, "VendorRef"),
            supplier_name=one_line(
                vendor.display_name or (row.vendor_ref and row.vendor_ref.name) or vendor_id
            ),
            number=one_line(row.doc_number or ""),
            issued_on=issued_on,
            # A bill without terms is due on its day.
            due_on=day(row.due_date, "DueDate") if row.due_date else issued_on,
            currency=currency,
            rate=rate_of(row, currency, books),
            amount_due=amount,
            company_name=one_line(vendor.company_name or ""),
            email=emails[0] if emails else "",
        )
    except UnusableField as error:
        return document_problem(BILL_PROBLEM, row.id, row.doc_number, str(error), (vendor_id, ()))


def _read(text: str | None) -> BillCursor | None:
    """Read the opaque form; None for one that cannot be read: then all open bills are."""
    try:
        cursor = _CURSORS.decode(text or "")
    except msgspec.DecodeError:
        return None
    return cursor if cursor.version == CURSOR_VERSION else None
