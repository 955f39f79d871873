"""Pulling without loss: pages by id, a watermark from the start, and sweeps for silent changes.

Xero's change feed is incomplete: it does not report all edits to due dates, group members or
balances. So a pull that finds the last sweep older than `SWEEP_AFTER` also reads all contacts and
a summary of all open invoices.

How one list is read, and what becomes of one that is too long: see `listings`. A document whose
date is changed meanwhile comes with the next pull.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
from msgspec.structs import replace

from arsync.connector_sdk import Page, Record
from arsync.core.ledger.records import (
    OpenBalance,
    Organisation,
    RecordKind,
)
from arsync_xero.cursor import CURSOR_VERSION, WITHOUT_ADDRESSES, Cursor
from arsync_xero.documents import (
    CONTACTS,
    CREDIT_NOTES,
    INVOICES,
    ORGANISATION,
    OVERPAYMENTS,
    PAYMENTS,
    PREPAYMENTS,
    STATUSES,
    Rows,
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
from arsync_xero.read_client import (
    ReadClient,
    balances_of,
    context_of,
    converted,
    one_organisation,
)
from arsync_xero.records import (
    to_contact,
    to_credit,
    to_invoice,
    to_open_balance,
    to_payment,
)

SWEEP_AFTER = timedelta(hours=20)
"""A little less than a day, so that a nightly schedule is never late by a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _PullListing(Listing):
    """One list to read in a pull."""

    kind: RecordKind
    convert: Callable[[Any, str], Any]
    swept: str = "full"
    """When it is read whole: `full` pulls only, `daily` sweeps too; `only daily` in no other."""
    ends_kind: bool = True
    """False when another list of the same kind follows."""

    def is_read_whole(self, cursor: Cursor) -> bool:
        """Say whether the running pull reads all of it, not only what changed."""
        swept_today = cursor.sweeping and self.swept == "daily"
        return cursor.full or swept_today or self.swept == "only daily"


# By id: in Xero's own order, by update, a document that is edited while the pages are read moves to
# the end, and the one behind it moves up over the border of two pages and is never seen.
_LISTINGS = (
    _PullListing(
        "contacts",
        CONTACTS,
        # Without it, archived and merged contacts, which may still owe, are left out.
        {"includeArchived": "true", "order": "ContactID ASC"},
        kind=RecordKind.CONTACTS,
        convert=to_contact,
        swept="daily",
        dated=False,
    ),
    _PullListing(
        "invoices",
        INVOICES,
        {"where": 'Type=="ACCREC"', "Statuses": STATUSES, "order": "InvoiceID ASC"},
        kind=RecordKind.INVOICES,
        convert=to_invoice,
    ),
    _PullListing(
        "credit notes",
        CREDIT_NOTES,
        {"where": EVERY_STATUS, "order": "CreditNoteID ASC"},
        kind=RecordKind.CREDITS,
        convert=to_credit,
        ends_kind=False,
    ),
    _PullListing(
        "prepayments",
        PREPAYMENTS,
        {"order": "PrepaymentID ASC"},
        kind=RecordKind.CREDITS,
        convert=to_credit,
        ends_kind=False,
    ),
    _PullListing(
        "overpayments",
        OVERPAYMENTS,
        {"order": "OverpaymentID ASC"},
        kind=RecordKind.CREDITS,
        convert=to_credit,
    ),
    _PullListing(
        "payments",
        PAYMENTS,
        {"order": "PaymentID ASC"},
        kind=RecordKind.PAYMENTS,
        convert=to_payment,
    ),
    _PullListing(
        "open balances",
        INVOICES,
        {
            "where": 'Type=="ACCREC"',
            "Statuses": "AUTHORISED",
            # One call for a thousand open invoices, without their lines and payments.
            "summaryOnly": "true",
            "order": "InvoiceID ASC",
        },
        kind=RecordKind.INVOICES,
        convert=lambda document, _: to_open_balance(document),
        swept="only daily",
    ),
)


# Made as the module is loaded: msgspec ends the process if two threads at once are the first to
# decode a type.
_CURSORS = msgspec.json.Decoder(Cursor)


def read_cursor(text: str | None) -> Cursor:
    """Read the opaque form; one that cannot be read means a full pull."""
    try:
        cursor = _CURSORS.decode(text or "")
    except msgspec.DecodeError:
        return Cursor()
    if cursor.version == WITHOUT_ADDRESSES:
        # Without a last sweep the next pull sweeps, which reads all contacts. One that was under
        # way begins anew.
        cursor = Cursor(since=cursor.since, base=cursor.base)
    stages = {"", *(listing.name for listing in _listings_of(cursor))}
    return cursor if cursor.version == CURSOR_VERSION and cursor.stage in stages else Cursor()


class Feed:
    """The pages of one pull."""

    def __init__(self, reader: ReadClient) -> None:
        """Prepare a pull; no call is made."""
        self._reader = reader

    def pages(self, text: str | None) -> Iterator[Page]:
        """Yield the pages from a cursor on."""
        cursor = read_cursor(text)
        if not cursor.stage:
            cursor, organisation = self._begin(cursor)
            if cursor.sweeping:
                # On other pulls the organisation is read only for the time: the answer about
                # reminders costs another call, and without it the row would seem to change.
                yield Page(RecordKind.ORGANISATION, (organisation,), cursor.text())
        listings = _listings_of(cursor)
        names = [listing.name for listing in listings]
        for listing in listings[names.index(cursor.stage) :]:
            for page, following in self._pages_of(listing, cursor):
                cursor = following
                yield page

    def credits_since(self, text: str) -> Iterator[Page]:
        """Yield the credits that changed since the pull that ended at a cursor: three calls."""
        cursor = read_cursor(text)
        if not cursor.since or cursor.stage:
            return  # no pull was completed: on such a copy no message leaves
        cursor = replace(cursor, start=cursor.since, sweeping=False)
        for listing in _LISTINGS:
            if listing.kind == RecordKind.CREDITS:
                for page, _ in self._pages_of(listing, cursor):
                    yield page._replace(cursor="", complete=False)

    def _begin(self, last: Cursor) -> tuple[Cursor, Organisation]:
        rows = self._reader.api.rows(ORGANISATION)
        now = self._reader.api.now()
        swept = moment_read(last.swept)
        sweeping = not last.since or swept is None or now - swept >= SWEEP_AFTER
        organisation = one_organisation(rows, self._reader.own_reminders() if sweeping else None)
        self._reader.remember(organisation)
        # The watermark is Xero's time at the start: what changes while pages are read comes again
        # with the next pull, which costs nothing, where the time at the end would lose it.
        cursor = Cursor(
            stage=_LISTINGS[0].name,
            since=last.since,
            start=moment_text(now),
            swept=last.swept,
            sweeping=sweeping,
            base=organisation.base_currency,
            home=organisation.country,
        )
        return cursor, organisation

    def _pages_of(self, listing: _PullListing, cursor: Cursor) -> Iterator[tuple[Page, Cursor]]:
        """Yield the pages of one list, each with the cursor that follows it."""
        if cursor.stage != listing.name:
            cursor = at_start_of(listing, cursor)
        position = Position(cursor, whole=listing.is_read_whole(cursor))
        return pages_of(
            self._reader.api,
            listing,
            position,
            partial(_following, listing),
            partial(_page, listing),
        )


def _following(listing: _PullListing, cursor: Cursor, rows: Rows[Any]) -> Cursor:
    """Return where the pull continues after a page: in its list, in the next one, or at its end."""
    here = next_in_list(cursor, rows)
    if here is not None:
        return here
    listings = _listings_of(cursor)
    index = listings.index(listing) + 1
    if index < len(listings):
        return at_start_of(listings[index], cursor)
    start = moment_read(cursor.start)
    assert start is not None, "a running pull knows when it began"
    return Cursor(
        since=moment_text(start - OVERLAP),
        swept=cursor.start if cursor.sweeping else cursor.swept,
        base=cursor.base,
        home=cursor.home,
    )


def _listings_of(cursor: Cursor) -> list[_PullListing]:
    """Return the lists that a pull reads: a full one has seen the open balances already."""
    sweeps_balances = cursor.sweeping and not cursor.full
    return [listing for listing in _LISTINGS if sweeps_balances or listing.swept != "only daily"]


def _page(listing: _PullListing, rows: Rows[Any], position: Position, following: Cursor) -> Page:
    cursor, whole = position
    context = context_of(listing.kind, cursor.base, cursor.home)
    converted_records, problems = converted(rows, listing.convert, context)
    balances: tuple[OpenBalance, ...] = ()
    records: list[Record] = converted_records
    if listing.swept == "only daily":
        balances, records = tuple(converted_records), []
    sweep = listing.name if listing.swept == "only daily" else str(listing.kind)
    list_ends = following.stage != listing.name
    return Page(
        kind=listing.kind,
        records=records,
        cursor=following.text(),
        problems=problems,
        open_balances=balances,
        sweep=f"{sweep} {cursor.start}" if whole else "",
        sweep_ends=whole and list_ends and listing.ends_kind,
        complete=not following.stage,
        balances=balances_of(rows) if listing.endpoint is CONTACTS else (),
    )
