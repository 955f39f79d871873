"""Reading bills and vendor credits: the open ones once a day, the change feed in between.

A payment to a vendor that is more than its bills is not read: QuickBooks' payments of bills have no
field for what is left of them, and no query finds those that have something left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec
from msgspec import Struct

from arsync.connector_sdk import WHOLE_AFTER, BillsPage
from arsync.connector_sdk.reading import UnusableField, day, document_problem, money, record_id
from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.payables import (
    BILL_PROBLEM,
    SUPPLIER_CREDIT_PROBLEM,
    Payable,
    Supplier,
)
from arsync.core.ledger.records import DocumentProblem
from arsync.core.ledger.sanitising import one_line
from arsync_quickbooks import errors
from arsync_quickbooks.api import quoted
from arsync_quickbooks.by_creation import ByCreation, Place
from arsync_quickbooks.documents import (
    ROWS_MAX,
    BillDoc,
    MalformedRow,
    VendorCreditDoc,
    VendorDoc,
    rows,
)
from arsync_quickbooks.feed import OVERLAP
from arsync_quickbooks.read_client import DELETED, IDS_PER_QUERY_MAX, ReadClient, count
from arsync_quickbooks.records import (
    BookSettings,
    addresses_of,
    currency_of,
    rate_of,
    value_of,
)

CURSOR_VERSION = 2
_OPEN = "Balance > '0'"

PayableRow = BillDoc | VendorCreditDoc | MalformedRow


class _PayableKind(NamedTuple):
    """One of QuickBooks' kinds of payable."""

    name: str
    document: type[BillDoc | VendorCreditDoc]
    problem_kind: str
    credit: CreditKind | None = None


_ENTITIES = (
    _PayableKind("Bill", BillDoc, BILL_PROBLEM),
    _PayableKind("VendorCredit", VendorCreditDoc, SUPPLIER_CREDIT_PROBLEM, CreditKind.CREDIT_NOTE),
)
_NAMES = [entity.name for entity in _ENTITIES]


class BillCursor(Struct, omit_defaults=True):
    """How far bills and vendor credits are read."""

    since: datetime
    """The change feed is asked from here."""
    read_whole_at: datetime
    """When all open ones were last asked for."""
    version: int = 0
    entity: str = ""
    """All open ones are being read, of this kind at present; empty: only changes are next."""
    is_unfiltered: bool = False
    """The platform does not filter this kind by its balance."""
    place: Place = msgspec.field(default_factory=Place)

    def text(self) -> str:
        """Return the cursor as it is stored."""
        return msgspec.json.encode(self).decode()


# Made as the module is loaded: msgspec ends the process if two threads at once are the first to
# decode a type.
_CURSORS = msgspec.json.Decoder(BillCursor)


class BillFeed:
    """The pages of one reading of payables."""

    def __init__(self, reader: ReadClient) -> None:
        """Prepare a reading; no call is made."""
        self._reader = reader
        self._vendors: dict[str, VendorDoc] = {}

    def pages(self, text: str | None) -> Iterator[BillsPage]:
        """Yield the pages from a cursor on."""
        cursor = _read(text)
        if cursor is not None and not cursor.entity:
            page = self._changed(cursor)
            if page is not None:
                yield page
                return
            cursor = None
        yield from self._whole(cursor or self._begun())

    def _begun(self) -> BillCursor:
        # Of the run's beginning, where that was asked for already: earlier, so nothing is missed.
        at = self._reader.company().at
        return BillCursor(at - OVERLAP, at, version=CURSOR_VERSION, entity=_NAMES[0])

    def _changed(self, cursor: BillCursor) -> BillsPage | None:
        """Return what changed, all kinds in one call; None where all are to be read again."""
        changes = self._reader.api.changes(_NAMES, cursor.since)
        # A full answer may have been cut, and nobody knows where.
        if (
            changes.at - cursor.read_whole_at >= WHOLE_AFTER
            or sum(map(count, changes.rows.values())) >= ROWS_MAX
        ):
            return None
        # Never earlier than before: a server whose clock is behind must not bring changes back.
        cursor.since = max(cursor.since, changes.at - OVERLAP)
        live: list[tuple[_PayableKind, list[PayableRow]]] = []
        gone: list[str] = []
        for entity in _ENTITIES:
            raw = changes.rows.get(entity.name)
            changed = [] if raw is None else list(rows(raw, entity.document))
            entity_live, entity_gone = self._alive(entity, changed)
            live.append((entity, entity_live))
            gone += entity_gone
        page = self._page(live, cursor)
        return page._replace(settled=[*page.settled, *gone], complete=True)

    def _whole(self, cursor: BillCursor) -> Iterator[BillsPage]:
        whole = f"bills {cursor.read_whole_at.isoformat(timespec='milliseconds')}"
        for entity in _ENTITIES[_NAMES.index(cursor.entity) :]:
            cursor.entity = entity.name
            while cursor.entity == entity.name:
                entity_rows = self._next_rows(entity, cursor)
                page = self._page([(entity, entity_rows)], cursor)
                yield page._replace(whole=whole, complete=not cursor.entity)

    def _next_rows(self, entity: _PayableKind, cursor: BillCursor) -> list[PayableRow]:
        """Return further rows of a kind, and move the cursor on."""
        while True:
            where = "" if cursor.is_unfiltered else _OPEN
            listed = ByCreation(self._reader.api, entity.name, entity.document, where, cursor.place)
            try:
                entity_rows, ends = listed.next_rows()
            except errors.QuickBooksRejected as refused:
                # Of vendor credits it is not certain that they can be asked for by their balance.
                if cursor.is_unfiltered or not refused.codes & errors.CANNOT_ASK:
                    raise
                cursor.is_unfiltered, cursor.place = True, Place()
                continue
            if ends:
                index = _NAMES.index(entity.name) + 1
                cursor.entity = _NAMES[index] if index < len(_NAMES) else ""
                cursor.is_unfiltered, cursor.place = False, Place()
            return [row for row in entity_rows if isinstance(row, PayableRow)]

    def _alive(
        self, entity: _PayableKind, changed: Iterable[PayableRow]
    ) -> tuple[list[PayableRow], list[str]]:
        """Separate changed rows from those that are gone.

        The feed was seen to call changed documents deleted, so each of these is read by its id.
        """
        live: list[PayableRow] = []
        gone: list[str] = []
        for row in changed:
            if isinstance(row, MalformedRow) or row.status != DELETED:
                live.append(row)
                continue
            fresh = self._reader.api.read_one(entity.name, row.id or "", entity.document)
            if fresh is None:
                gone.append(row.id or "")
            else:
                live.append(fresh)
        return live, gone

    def _page(
        self, found: Sequence[tuple[_PayableKind, Sequence[PayableRow]]], cursor: BillCursor
    ) -> BillsPage:
        books = self._reader.books or self._reader.company().books
        self._name_vendors(row for _, entity_rows in found for row in entity_rows)
        outcomes = [
            to_payable(row, entity, books, self._vendors)
            for entity, entity_rows in found
            for row in entity_rows
        ]
        return BillsPage(
            payables=[outcome for outcome in outcomes if isinstance(outcome, Payable)],
            cursor=cursor.text(),
            settled=[outcome for outcome in outcomes if isinstance(outcome, str)],
            problems=tuple(outcome for outcome in outcomes if isinstance(outcome, DocumentProblem)),
        )

    def _name_vendors(self, found: Iterable[PayableRow]) -> None:
        """Read the vendors of what is open, which names them by id alone."""
        vendor_ids = {
            value_of(row.vendor_ref)
            for row in found
            if not isinstance(row, MalformedRow) and row.balance != 0
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
    row: BillDoc | MalformedRow, books: BookSettings, vendors: Mapping[str, VendorDoc]
) -> Payable | str | DocumentProblem:
    """Return a bill, or the id of one on which nothing is owed; see `to_payable`."""
    return to_payable(row, _ENTITIES[0], books, vendors)


def to_vendor_credit(
    row: VendorCreditDoc | MalformedRow, books: BookSettings, vendors: Mapping[str, VendorDoc]
) -> Payable | str | DocumentProblem:
    """Return a vendor's credit, or the id of one of which nothing is left; see `to_payable`."""
    return to_payable(row, _ENTITIES[1], books, vendors)


def to_payable(
    row: PayableRow, entity: _PayableKind, books: BookSettings, vendors: Mapping[str, VendorDoc]
) -> Payable | str | DocumentProblem:
    """Return a bill or a credit, or the id of one that is settled.

    Args:
        row: what QuickBooks says of it.
        entity: of which kind.
        books: how the company keeps its books.
        vendors: who the vendors are, by id.
    """
    if isinstance(row, MalformedRow):
        return document_problem(entity.problem_kind, row.id, row.number, row.message)
    vendor_id = value_of(row.vendor_ref)
    try:
        payable_id = record_id(row.id, "Id")
        amount: Decimal | None = None
        # Whether every company is told what is left of a vendor credit is not documented. Without
        # it nobody knows: its total less what it was applied to would be a guess.
        if row.balance is not None or entity.credit is None:
            amount = money(row.balance, "Balance")
            if amount <= 0:
                return payable_id
        issued_on, currency = day(row.txn_date, "TxnDate"), currency_of(row, books)
        return Payable(
            id=payable_id,
            supplier=_supplier(row, record_id(vendor_id, "VendorRef"), vendors),
            number=one_line(row.doc_number or ""),
            issued_on=issued_on,
            due_on=_due_on(row, issued_on),
            currency=currency,
            rate=rate_of(row, currency, books),
            amount=amount,
            credit=entity.credit,
        )
    except UnusableField as error:
        number = row.doc_number
        return document_problem(entity.problem_kind, row.id, number, str(error), (vendor_id, ()))


def _due_on(row: BillDoc | VendorCreditDoc, issued_on: date) -> date | None:
    if isinstance(row, VendorCreditDoc):
        return None
    # A bill without terms is due on its day.
    return day(row.due_date, "DueDate") if row.due_date else issued_on


def _supplier(
    row: BillDoc | VendorCreditDoc, vendor_id: str, vendors: Mapping[str, VendorDoc]
) -> Supplier:
    vendor = vendors.get(vendor_id, VendorDoc())
    emails = addresses_of(vendor.primary_email_addr)
    return Supplier(
        id=vendor_id,
        name=one_line(vendor.display_name or (row.vendor_ref and row.vendor_ref.name) or vendor_id),
        company_name=one_line(vendor.company_name or ""),
        email=emails[0] if emails else "",
    )


def _read(text: str | None) -> BillCursor | None:
    """Read the opaque form; None for one that cannot be read: then all open bills are."""
    try:
        cursor = _CURSORS.decode(text or "")
    except msgspec.DecodeError:
        return None
    return cursor if cursor.version == CURSOR_VERSION else None
