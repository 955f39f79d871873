"""Reading bills and suppliers' credits: the open ones once a day, what changed in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from msgspec.structs import replace

from arsync.connector_sdk import WHOLE_AFTER, BillsPage
from arsync.core.ledger.payables import BILL_PROBLEM, SUPPLIER_CREDIT_PROBLEM, Payable
from arsync.core.ledger.records import DocumentProblem
from arsync_xero.cursor import CURSOR_VERSION, Cursor
from arsync_xero.documents import (
    CREDIT_NOTES,
    INVOICES,
    OVERPAYMENTS,
    PREPAYMENTS,
    STATUSES,
    Rows,
    SalesDocument,
)
from arsync_xero.listings import (
    EVERY_STATUS,
    OVERLAP,
    Listing,
    Position,
    at_start_of,
    moment_read,
    moment_text,
    next_in_list,
    pages_of,
)
from arsync_xero.read_client import ReadClient
from arsync_xero.records import to_bill, to_supplier_credit


@dataclass(frozen=True, slots=True, kw_only=True)
class _PayablesListing(Listing):
    """One list of payables: whole it holds the open ones, of what changed all of them."""

    convert: Callable[[Any, str], Payable | str | DocumentProblem | None]
    problem_kind: str = SUPPLIER_CREDIT_PROBLEM


def _is_open(document: SalesDocument) -> bool:
    return document.status == "AUTHORISED"


_OPEN = {"where": 'Status=="AUTHORISED"'}
# Of what changed also what was paid, used up or voided: it is owed no more. Prepayments and
# overpayments of customers stand in the same lists: that these can be narrowed by `Type` is not
# documented.
_LISTINGS = (
    _PayablesListing(
        "bills",
        INVOICES,
        {"where": 'Type=="ACCPAY"', "Statuses": "AUTHORISED", "order": "InvoiceID ASC"},
        {"where": 'Type=="ACCPAY"', "Statuses": STATUSES, "order": "InvoiceID ASC"},
        is_open=_is_open,
        convert=to_bill,
        problem_kind=BILL_PROBLEM,
    ),
    _PayablesListing(
        "supplier credit notes",
        CREDIT_NOTES,
        {
            "where": 'Type=="ACCPAYCREDIT" AND Status=="AUTHORISED"',
            "order": "CreditNoteID ASC",
        },
        {"where": f'Type=="ACCPAYCREDIT" AND ({EVERY_STATUS})', "order": "CreditNoteID ASC"},
        is_open=_is_open,
        convert=to_supplier_credit,
    ),
    _PayablesListing(
        "supplier prepayments",
        PREPAYMENTS,
        {**_OPEN, "order": "PrepaymentID ASC"},
        {"order": "PrepaymentID ASC"},
        is_open=_is_open,
        convert=to_supplier_credit,
    ),
    _PayablesListing(
        "supplier overpayments",
        OVERPAYMENTS,
        {**_OPEN, "order": "OverpaymentID ASC"},
        {"order": "OverpaymentID ASC"},
        is_open=_is_open,
        convert=to_supplier_credit,
    ),
)
_STAGES = [listing.name for listing in _LISTINGS]

# Made as the module is loaded: msgspec ends the process if two threads at once are the first to
# decode a type.
_CURSORS = msgspec.json.Decoder(Cursor)


class BillFeed:
    """The pages of one reading of payables."""

    def __init__(self, reader: ReadClient) -> None:
        """Prepare a reading; no call is made."""
        self._reader = reader

    def pages(self, text: str | None) -> Iterator[BillsPage]:
        """Yield the pages from a cursor on."""
        base = self._reader.base_currency()
        cursor = _read(text)
        if not cursor.stage:
            cursor = _begun(cursor, self._reader.api.now())
        cursor = replace(cursor, base=base)
        for listing in _LISTINGS[_STAGES.index(cursor.stage) :]:
            position = Position(cursor, whole=cursor.full)
            making = partial(_following, listing), partial(_page, listing)
            for page, following in pages_of(self._reader.api, listing, position, *making):
                cursor = following
                yield page


def _read(text: str | None) -> Cursor:
    """Read the opaque form; of one that cannot be read nothing is left: all are read."""
    try:
        cursor = _CURSORS.decode(text or "")
    except msgspec.DecodeError:
        return Cursor()
    is_known = cursor.version == CURSOR_VERSION and cursor.stage in {"", *_STAGES}
    return cursor if is_known else Cursor()


def _begun(last: Cursor, now: datetime) -> Cursor:
    read_whole_at = moment_read(last.swept)
    whole = read_whole_at is None or now - read_whole_at >= WHOLE_AFTER
    start = moment_text(now)
    return Cursor(
        stage=_STAGES[0],
        since="" if whole else last.since,
        start=start,
        swept=start if whole else last.swept,
    )


def _following(listing: _PayablesListing, cursor: Cursor, rows: Rows[Any]) -> Cursor:
    here = next_in_list(cursor, rows)
    if here is not None:
        return here
    index = _STAGES.index(listing.name) + 1
    if index < len(_LISTINGS):
        return at_start_of(_LISTINGS[index], cursor)
    start = moment_read(cursor.start)
    assert start is not None, "a running reading knows when it began"
    return Cursor(since=moment_text(start - OVERLAP), swept=cursor.swept)


def _page(
    listing: _PayablesListing, rows: Rows[Any], position: Position, following: Cursor
) -> BillsPage:
    outcomes = [listing.convert(document, position.cursor.base) for document in rows.documents]
    unreadable = [replace(problem, kind=listing.problem_kind) for problem in rows.problems]
    return BillsPage(
        payables=[outcome for outcome in outcomes if isinstance(outcome, Payable)],
        cursor=following.text(),
        settled=[outcome for outcome in outcomes if isinstance(outcome, str)],
        problems=(
            *unreadable,
            *(outcome for outcome in outcomes if isinstance(outcome, DocumentProblem)),
        ),
        whole=f"bills {position.cursor.start}" if position.whole else "",
        complete=not following.stage,
        suppliers_are_contacts=True,
    )
