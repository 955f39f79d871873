"""Pulling without loss: pages by id, a watermark from the start, and sweeps for silent changes.

Xero's change feed is incomplete: it does not report all edits to due dates, group members or
balances. So a pull that finds the last sweep older than `SWEEP_AFTER` also reads all contacts and
a summary of all open invoices.

Xero lists at most 100,000 documents at once. A list that is longer is read by the documents'
dates, in parts that are halved until they fit. A document whose date is changed meanwhile comes
with the next pull; a part that shrank while it was read is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from arsync.connector_sdk import Page, Record
from arsync.core.ledger.records import (
    OpenBalance,
    Organisation,
    RecordKind,
)
from arsync.errors import Rejected
from arsync_xero.api import PAGE_SIZE
from arsync_xero.cursor import (
    CURSOR_VERSION,
    WITHOUT_ADDRESSES,
    Cursor,
    fewer_days,
    later_days,
)
from arsync_xero.documents import (
    CONTACTS,
    CREDIT_NOTES,
    INVOICES,
    ORGANISATION,
    OVERPAYMENTS,
    PAYMENTS,
    PREPAYMENTS,
    STATUSES,
    Endpoint,
    Rows,
)
from arsync_xero.errors import TooManyRows
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

OVERLAP = timedelta(minutes=2)
"""The next pull begins this long before the start of the last: clocks are not exact, and whether
If-Modified-Since includes its own second is not documented."""
SWEEP_AFTER = timedelta(hours=20)
"""A little less than a day, so that a nightly schedule is never late by a day."""
PAGES_MAX = 10_000
"""A list that claims more pages is refused: it would be read for days, or never end."""

_EVERY_CREDIT_NOTE = " OR ".join(f'Status=="{status}"' for status in STATUSES.split(","))
"""All statuses by name: whether an unfiltered list holds deleted documents is not known, and a
document that leaves the list while its pages are read would move its neighbours."""


@dataclass(frozen=True, slots=True)
class _Listing:
    """One list to read in a pull."""

    name: str
    endpoint: Endpoint[Any]
    kind: RecordKind
    convert: Callable[[Any, str], Any]
    params: dict[str, str]
    swept: str = "full"
    """When it is read whole: `full` pulls only, `daily` sweeps too; `only daily` in no other."""
    ends_kind: bool = True
    """False when another list of the same kind follows."""
    dated: bool = True
    """Whether a list that is too long can be read by the documents' dates."""

    def is_read_whole(self, cursor: Cursor) -> bool:
        """Say whether the running pull reads all of it, not only what changed."""
        swept_today = cursor.sweeping and self.swept == "daily"
        return cursor.full or swept_today or self.swept == "only daily"


# By id: in Xero's own order, by update, a document that is edited while the pages are read moves to
# the end, and the one behind it moves up over the border of two pages and is never seen.
_LISTINGS = (
    _Listing(
        "contacts",
        CONTACTS,
        RecordKind.CONTACTS,
        to_contact,
        # Without it, archived and merged contacts, which may still owe, are left out.
        {"includeArchived": "true", "order": "ContactID ASC"},
        swept="daily",
        dated=False,
    ),
    _Listing(
        "invoices",
        INVOICES,
        RecordKind.INVOICES,
        to_invoice,
        {"where": 'Type=="ACCREC"', "Statuses": STATUSES, "order": "InvoiceID ASC"},
    ),
    _Listing(
        "credit notes",
        CREDIT_NOTES,
        RecordKind.CREDITS,
        to_credit,
        {"where": _EVERY_CREDIT_NOTE, "order": "CreditNoteID ASC"},
        ends_kind=False,
    ),
    _Listing(
        "prepayments",
        PREPAYMENTS,
        RecordKind.CREDITS,
        to_credit,
        {"order": "PrepaymentID ASC"},
        ends_kind=False,
    ),
    _Listing(
        "overpayments",
        OVERPAYMENTS,
        RecordKind.CREDITS,
        to_credit,
        {"order": "OverpaymentID ASC"},
    ),
    _Listing("payments", PAYMENTS, RecordKind.PAYMENTS, to_payment, {"order": "PaymentID ASC"}),
    _Listing(
        "open balances",
        INVOICES,
        RecordKind.INVOICES,
        lambda document, _: to_open_balance(document),
        {
            "where": 'Type=="ACCREC"',
            "Statuses": "AUTHORISED",
            # One call for a thousand open invoices, without their lines and payments.
            "summaryOnly": "true",
            "order": "InvoiceID ASC",
        },
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


class _Position(NamedTuple):
    """Which page of a list is read next, and how."""

    cursor: Cursor
    whole: bool
    """Everything is asked for, not only what changed."""


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
        swept = _moment(last.swept)
        sweeping = not last.since or swept is None or now - swept >= SWEEP_AFTER
        organisation = one_organisation(rows, self._reader.own_reminders() if sweeping else None)
        self._reader.remember(organisation)
        # The watermark is Xero's time at the start: what changes while pages are read comes again
        # with the next pull, which costs nothing, where the time at the end would lose it.
        cursor = Cursor(
            stage=_LISTINGS[0].name,
            since=last.since,
            start=_text(now),
            swept=last.swept,
            sweeping=sweeping,
            base=organisation.base_currency,
            home=organisation.country,
        )
        return cursor, organisation

    def _pages_of(self, listing: _Listing, cursor: Cursor) -> Iterator[tuple[Page, Cursor]]:
        """Yield the pages of one list, each with the cursor that follows it."""
        if cursor.stage != listing.name:
            cursor = _at_start_of(listing, cursor)
        position = _Position(cursor, whole=listing.is_read_whole(cursor))
        previous_ends: list[Any] = []
        ended = False
        while not ended:
            position, rows = self._next_rows(listing, position)
            cursor = position.cursor
            if cursor.page == 1:
                # Other days begin, or the same ones once more: what came before is not followed.
                previous_ends = []
            if cursor.page < rows.page_count:
                _refuse_endless(listing, rows, previous_ends)
                previous_ends = _ends(rows)
            following = _following(listing, cursor, rows)
            ended = following.stage != listing.name
            page = _page(listing, rows, position, following)
            del rows  # a page's documents are not kept while it is stored
            yield page, following
            position = position._replace(cursor=following)

    def _next_rows(self, listing: _Listing, position: _Position) -> tuple[_Position, Rows[Any]]:
        """Read the page at a position.

        A list that Xero refuses for its length is asked for in smaller parts: the position that is
        returned is the one that was read in the end.
        """
        while True:
            cursor = position.cursor
            try:
                rows = self._reader.api.rows(
                    listing.endpoint,
                    params=_params(listing, cursor),
                    since="" if position.whole else cursor.since,
                )
            except TooManyRows:
                narrower = _narrower(listing, position)
                if narrower is None:
                    # Contacts have no date to divide them by. An empty sweep has the stored ones
                    # read again by their ids, and those that documents name are read when the pull
                    # ends; the others owe nothing.
                    return position._replace(whole=True), Rows([], [], 0, None)
                position = narrower
                continue
            if not cursor.dated or rows.item_count >= cursor.document_count:
                return position, rows
            # A document was given another date: what moved up into its place was not seen, so
            # these days are read again from their first page.
            position = position._replace(cursor=replace(cursor, page=1, document_count=0))


def _narrower(listing: _Listing, position: _Position) -> _Position | None:
    """Return a position that asks for fewer documents; None when there is none."""
    if listing.dated:
        return position._replace(cursor=fewer_days(position.cursor))
    if position.whole and position.cursor.since:
        return _Position(replace(position.cursor, page=1), whole=False)
    return None


def _following(listing: _Listing, cursor: Cursor, rows: Rows[Any]) -> Cursor:
    """Return where the pull continues after a page: in its list, in the next one, or at its end."""
    if cursor.page < rows.page_count:
        return replace(cursor, page=cursor.page + 1, document_count=rows.item_count)
    if cursor.dated_before:
        return later_days(cursor)
    listings = _listings_of(cursor)
    index = listings.index(listing) + 1
    if index < len(listings):
        return _at_start_of(listings[index], cursor)
    start = _moment(cursor.start)
    assert start is not None, "a running pull knows when it began"
    return Cursor(
        since=_text(start - OVERLAP),
        swept=cursor.start if cursor.sweeping else cursor.swept,
        base=cursor.base,
        home=cursor.home,
    )


def _at_start_of(listing: _Listing, cursor: Cursor) -> Cursor:
    return replace(
        cursor, stage=listing.name, page=1, document_count=0, dated_from="", dated_before=""
    )


def _ends(rows: Rows[Any]) -> list[Any]:
    """Return the first and the last document: in the order of ids no other page has the same."""
    return rows.documents[:1] + rows.documents[-1:]


def _refuse_endless(listing: _Listing, rows: Rows[Any], previous_ends: list[Any]) -> None:
    """Refuse a page that others are to follow, when they would never end.

    Raises:
        Rejected: it says why.
    """
    if rows.page_count > PAGES_MAX:
        raise Rejected(
            f"Xero claims more than {PAGES_MAX:,} pages of {listing.name}; none is read."
        )
    if not rows.documents and not rows.problems:
        raise Rejected(f"Xero gave an empty page of {listing.name} and says that more follow.")
    if rows.documents and _ends(rows) == previous_ends:
        raise Rejected(
            f"Xero gave the same page twice, of {listing.name}; the rest cannot be read."
        )


def _params(listing: _Listing, cursor: Cursor) -> dict[str, str]:
    """Return the query of a page."""
    where = [f"({listing.params['where']})"] if "where" in listing.params and cursor.dated else []
    for sign, text in ((">=", cursor.dated_from), ("<", cursor.dated_before)):
        if text:
            day = date.fromisoformat(text)
            where.append(f"Date{sign}DateTime({day.year},{day.month:02},{day.day:02})")
    # Always with a page: without one, Xero leaves out line items and fields of contacts.
    params = {**listing.params, "page": str(cursor.page), "pageSize": str(PAGE_SIZE)}
    return {**params, "where": " AND ".join(where)} if where else params


def _listings_of(cursor: Cursor) -> list[_Listing]:
    """Return the lists that a pull reads: a full one has seen the open balances already."""
    sweeps_balances = cursor.sweeping and not cursor.full
    return [listing for listing in _LISTINGS if sweeps_balances or listing.swept != "only daily"]


def _page(listing: _Listing, rows: Rows[Any], position: _Position, following: Cursor) -> Page:
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


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
