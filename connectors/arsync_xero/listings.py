"""Reading one of Xero's lists page by page: in the order of ids, which no edit changes.

Xero lists at most 100,000 documents at once. A list that is longer is read by the documents'
dates, in parts that are halved until they fit. A part that shrank while it was read is read again,
and so is a list of open documents that some of them left meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from msgspec.structs import replace

from arsync.errors import Rejected, RetryLater
from arsync_xero.api import PAGE_SIZE, Api
from arsync_xero.cursor import Cursor, fewer_days, later_days
from arsync_xero.documents import STATUSES, Endpoint, Rows
from arsync_xero.errors import TooManyRows

OVERLAP = timedelta(minutes=2)
"""The next reading begins this long before the start of the last: clocks are not exact, and whether
If-Modified-Since includes its own second is not documented."""
PAGES_MAX = 10_000
"""A list that claims more pages is refused: it would be read for days, or never end."""
RESTARTS_MAX = 5
"""How often a list is read from its first page again because documents left it meanwhile."""

EVERY_STATUS = " OR ".join(f'Status=="{status}"' for status in STATUSES.split(","))
"""All statuses by name: whether an unfiltered list holds deleted documents is not known, and a
document that leaves the list while its pages are read would move its neighbours."""

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Listing:
    """One list to read."""

    name: str
    endpoint: Endpoint[Any]
    params: Mapping[str, str]
    changed_params: Mapping[str, str] | None = None
    """What is asked where only changes are; None: the same."""
    dated: bool = True
    """Whether a list that is too long can be read by the documents' dates."""
    is_open: Callable[[Any], bool] | None = None
    """Of a list of open documents, which leave it as they are settled: whether one is in it. None:
    nothing leaves the list."""


class Position(NamedTuple):
    """Which page of a list is read next, and how."""

    cursor: Cursor
    whole: bool
    """Everything is asked for, not only what changed."""


def pages_of(
    api: Api,
    listing: Listing,
    position: Position,
    following_of: Callable[[Cursor, Rows[Any]], Cursor],
    page_of: Callable[[Rows[Any], Position, Cursor], P],
) -> Iterator[tuple[P, Cursor]]:
    """Yield the pages of one list, each with the cursor that follows it.

    Args:
        api: the organisation.
        listing: the list.
        position: where it is read from; the cursor's stage is the list's name.
        following_of: returns where the reading goes on after a page.
        page_of: makes a page of rows, of where they stood, and of what follows.
    """
    previous_ends: list[Any] = []
    leaving = _Leaving(api, listing)
    restarts = 0
    ended = False
    while not ended:
        position, rows = _next_rows(api, listing, position)
        cursor = position.cursor
        if cursor.page == 1:
            # Other days begin, or the same ones once more: what came before is not followed.
            previous_ends = []
        has_more = cursor.page < rows.page_count
        if _has_shrunk(listing, position, rows) or (not has_more and leaving.moved(position)):
            # What moved up into an earlier page was not seen.
            restarts += 1
            if restarts > RESTARTS_MAX:
                raise RetryLater(f"Xero's list of {listing.name} changed each time it was read.")
            leaving.begin_again()
            position = position._replace(cursor=replace(cursor, page=1, document_count=0))
            continue
        if has_more:
            _refuse_endless(listing, rows, previous_ends)
            previous_ends = _ends(rows)
        else:
            restarts = 0
        following = following_of(cursor, rows)
        ended = following.stage != listing.name
        page = page_of(rows, position, following)
        del rows  # a page's documents are not kept while it is stored
        yield page, following
        position = position._replace(cursor=following)


def next_in_list(cursor: Cursor, rows: Rows[Any]) -> Cursor | None:
    """Return where a list goes on after a page; None at its end."""
    if cursor.page < rows.page_count:
        return replace(cursor, page=cursor.page + 1, document_count=rows.item_count)
    return later_days(cursor) if cursor.dated_before else None


def at_start_of(listing: Listing, cursor: Cursor) -> Cursor:
    """Return the cursor at the first page of a list."""
    return replace(
        cursor, stage=listing.name, page=1, document_count=0, dated_from="", dated_before=""
    )


def moment_text(moment: datetime) -> str:
    """Write a moment for a cursor and for If-Modified-Since."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def moment_read(text: str) -> datetime | None:
    """Read a moment of a cursor; None for none."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def _next_rows(api: Api, listing: Listing, position: Position) -> tuple[Position, Rows[Any]]:
    """Read the page at a position.

    A list that Xero refuses for its length is asked for in smaller parts: the position that is
    returned is the one that was read in the end.
    """
    while True:
        cursor, whole = position
        try:
            params = _params(listing, cursor, whole=whole)
            rows = api.rows(listing.endpoint, params=params, since="" if whole else cursor.since)
        except TooManyRows:
            narrower = _narrower(listing, position)
            if narrower is None:
                # Contacts have no date to divide them by. An empty sweep has the stored ones
                # read again by their ids, and those that documents name are read when the pull
                # ends; the others owe nothing.
                return position._replace(whole=True), Rows([], [], 0, None)
            position = narrower
            continue
        return position, rows


def _has_shrunk(listing: Listing, position: Position, rows: Rows[Any]) -> bool:
    """Return whether a list is shorter than a page ago: another date, or a settled document."""
    cursor = position.cursor
    may_shrink = cursor.dated or (position.whole and listing.is_open is not None)
    return may_shrink and rows.item_count < cursor.document_count


class _Leaving:
    """What leaves a list of open documents while it is read."""

    def __init__(self, api: Api, listing: Listing) -> None:
        self._api = api
        self._listing = listing
        self._begun_again: datetime | None = None
        self._seen: list[Any] = []

    def begin_again(self) -> None:
        """Note that the list is read from its first page: what has left by now moves nothing."""
        if self._listing.is_open is not None:
            self._begun_again = self._api.now()

    def moved(self, position: Position) -> bool:
        """Return whether documents left the list since it was begun: one call.

        Where as many came as left, its length does not show it. A list of one page has nothing to
        move. What was seen to have left before is not told again: the overlap shows it again.
        """
        cursor, listing = position.cursor, self._listing
        if listing.is_open is None or not position.whole or cursor.page == 1:
            return False
        start = self._begun_again or moment_read(cursor.start)
        assert start is not None, "a running reading knows when it began"
        first = replace(cursor, page=1, dated_from="", dated_before="")
        params = _params(listing, first, whole=False)
        since = moment_text(start - OVERLAP)
        changed = self._api.rows(listing.endpoint, params=params, since=since)
        left = [document for document in changed.documents if not listing.is_open(document)]
        has_moved = any(document not in self._seen for document in left)
        self._seen = left
        return has_moved or changed.page_count > 1


def _narrower(listing: Listing, position: Position) -> Position | None:
    """Return a position that asks for fewer documents; None when there is none."""
    if listing.dated:
        return position._replace(cursor=fewer_days(position.cursor))
    if position.whole and position.cursor.since:
        return Position(replace(position.cursor, page=1), whole=False)
    return None


def _ends(rows: Rows[Any]) -> list[Any]:
    """Return the first and the last document: in the order of ids no other page has the same."""
    return rows.documents[:1] + rows.documents[-1:]


def _refuse_endless(listing: Listing, rows: Rows[Any], previous_ends: list[Any]) -> None:
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


def _params(listing: Listing, cursor: Cursor, *, whole: bool) -> dict[str, str]:
    """Return the query of a page."""
    query = listing.params
    if not whole and listing.changed_params is not None:
        query = listing.changed_params
    where = [f"({query['where']})"] if "where" in query and cursor.dated else []
    for sign, text in ((">=", cursor.dated_from), ("<", cursor.dated_before)):
        if text:
            day = date.fromisoformat(text)
            where.append(f"Date{sign}DateTime({day.year},{day.month:02},{day.day:02})")
    # Always with a page: without one, Xero leaves out line items and fields of contacts.
    params = {**query, "page": str(cursor.page), "pageSize": str(PAGE_SIZE)}
    return {**params, "where": " AND ".join(where)} if where else params
