"""Reading a list whole, however it is edited meanwhile, without relying on an order.

Ids can no longer be sorted by, and by the moment of the last change a row that is edited between
two pages is missed or read twice. What no edit changes is the moment of creation. So a list is read
by stretches of that: **an answer with fewer rows than were asked for is the whole stretch**, in
whatever order it came. A full answer is cut. Where the platform orders by creation, everything
before the last row's moment is complete, and the next stretch begins at that moment. Where it
refuses the order (4000, 4001) or ignores it, the stretch is divided in the middle of what came, and
both halves are asked for. That an order was kept is not believed: the moments must rise, and a
count of the first stretch must find no further rows in it.

One second cannot be divided. Where more rows than an answer holds were made in one second, they are
paged by offset, and read again until their count agrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from msgspec import Struct

from arsync.errors import Rejected, RetryLater
from arsync_quickbooks import errors
from arsync_quickbooks.api import OLDEST_FIRST, Api, quoted, stamp
from arsync_quickbooks.documents import ROWS_MAX, Header, MalformedRow, rows
from arsync_quickbooks.records import moment

RESTARTS_MAX = 3
"""How often the rows of one second are read again because their count does not agree."""
ROWS_READ_MAX = 10_000_000
"""A list with more rows is refused: it would be read for days, or never end."""
ROWS_OF_ONE_SECOND_MAX = 100_000
"""A list with more rows made in one second is refused: their ids are kept between two answers."""
ONE_SECOND = timedelta(seconds=1)

Row = Header | MalformedRow


class Place(Struct, omit_defaults=True):
    """How far one list was read; kept between two pages."""

    since: str = ""
    """Where the present stretch begins: a moment; empty for the beginning."""
    until: list[str] = []
    """Where it ends, and the stretches after it; the last one has no end."""
    unordered: bool = False
    """The platform does not order by creation."""
    proven: bool = False
    """A count has shown that it does."""
    ids_read: list[str] = []
    """Within one second: the ids so far. More than one answer holds were made in it."""
    position: int = 0
    """Within one second: the next row, counted from 1; 0 outside of it."""
    received: int = 0
    """Rows that came, also those that were asked for once more."""


class ByCreation:
    """One list of one company, read stretch by stretch."""

    def __init__(
        self, api: Api, entity: str, document: type[Header], where: str, place: Place
    ) -> None:
        """Take where to go on; no call is made.

        Args:
            api: the company.
            entity: what is listed.
            document: what its rows are decoded as.
            where: a condition on the rows; empty for none.
            place: how far it was read; moved on with each answer.
        """
        self._api = api
        self._entity = entity
        self._document = document
        self._where = where
        self.place = place
        self._restarts = 0

    def next_rows(self) -> tuple[list[Row], bool]:
        """Return rows that were not returned before, perhaps none, and whether they are the last.

        Raises:
            RetryLater: the rows of one second come differently each time.
            Rejected: the list has no end, or rows come that were not asked for.
        """
        if self.place.position:
            return self._within_a_second()
        page = self._page()
        self._refuse_endless(page)
        if len(page) < ROWS_MAX:
            return page, self._next_stretch()
        created = [created_at(row) for row in page]
        moments = [at for at in created if at is not None]
        if len(moments) == len(page) and self._is_in_order(moments):
            whole = [row for row, at in zip(page, moments, strict=True) if at < moments[-1]]
            self.place.since = stamp(moments[-1])
            if whole:
                return whole, False
            # All of one second, the oldest there is: these are its first rows.
            self.place.until.insert(0, stamp(moments[-1] + ONE_SECOND))
            self.place.position = 1 + len(page)
            self.place.ids_read = [row.id for row in page if row.id]
            return page, False
        self._divide(moments)
        # Rows without a moment would be in neither half: they are kept as they came.
        return [row for row, at in zip(page, created, strict=True) if at is None], False

    # -- one answer ---------------------------------------------------------------------------

    def _page(self, start: int = 1) -> list[Row]:
        while True:
            order = "" if self.place.unordered else OLDEST_FIRST
            try:
                raw = self._api.query(self._entity, self._condition(), start=start, order=order)
            except errors.QuickBooksRejected as refused:
                if not order or not refused.codes & errors.CANNOT_ASK:
                    raise
                self.place.unordered = True
                continue
            return [] if raw is None else list(rows(raw, self._document))

    def _condition(self, *, until: str = "") -> str:
        until = until or self._until
        clauses = [self._where] if self._where else []
        if self.place.since:
            clauses.append(f"MetaData.CreateTime >= {quoted(self.place.since)}")
        if until:
            clauses.append(f"MetaData.CreateTime < {quoted(until)}")
        return " AND ".join(clauses)

    def _refuse_endless(self, page: Sequence[Row]) -> None:
        self.place.received += len(page)
        if self.place.received > ROWS_READ_MAX:
            raise Rejected(f"QuickBooks lists more than {ROWS_READ_MAX:,} {self._entity} rows.")
        since, until = _moment(self.place.since), _moment(self._until)
        for row in page:
            at = created_at(row)
            if at and ((since and at < since) or (until and at >= until)):
                raise Rejected(
                    f"QuickBooks gives {self._entity} rows that were not asked for; the rest cannot"
                    " be read."
                )

    # -- where the next stretch is ------------------------------------------------------------

    def _next_stretch(self) -> bool:
        """Go on after a whole stretch; return whether it was the last."""
        self.place.ids_read, self.place.position, self._restarts = [], 0, 0
        if not self.place.until:
            return True
        self.place.since, *self.place.until = self.place.until
        return False

    def _is_in_order(self, moments: Sequence[datetime]) -> bool:
        """Return whether a full answer holds the oldest rows of its stretch, oldest first."""
        if self.place.unordered:
            return False
        kept = all(before <= after for before, after in pairwise(moments))
        if kept and not self.place.proven:
            before_last = sum(at < moments[-1] for at in moments)
            count = self._api.count(self._entity, self._condition(until=stamp(moments[-1])))
            # Fewer is no contradiction: some may have been deleted since.
            kept = self.place.proven = count is not None and count <= before_last
        self.place.unordered = not kept
        return kept

    def _divide(self, moments: Sequence[datetime]) -> None:
        """Divide a stretch whose answer was full, as evenly as its rows tell."""
        if not moments:
            raise Rejected(
                f"QuickBooks does not tell when its {self._entity} rows were made; more than"
                f" {ROWS_MAX:,} cannot be read."
            )
        cut = _cut(sorted(moments), _moment(self.place.since), _moment(self._until))
        if cut is None:
            self.place.position, self.place.ids_read = 1, []
        else:
            self.place.until.insert(0, stamp(cut))

    @property
    def _until(self) -> str:
        return self.place.until[0] if self.place.until else ""

    # -- one second -----------------------------------------------------------------------------

    def _within_a_second(self) -> tuple[list[Row], bool]:
        """Return the next rows of a second in which more were made than one answer holds."""
        page = self._page(self.place.position)
        self._refuse_endless(page)
        ids_read = set(self.place.ids_read)
        fresh = [row for row in page if row.id not in ids_read]
        self.place.ids_read += [row.id for row in fresh if row.id]
        self.place.position += len(page)
        if len(self.place.ids_read) > ROWS_OF_ONE_SECOND_MAX:
            raise Rejected(
                f"QuickBooks lists more than {ROWS_OF_ONE_SECOND_MAX:,} {self._entity} rows of one"
                " second."
            )
        if len(page) == ROWS_MAX and fresh:
            return fresh, False
        count = self._api.count(self._entity, self._condition())
        if len(page) == ROWS_MAX:
            if self.place.position > (count or 0) + ROWS_MAX:
                raise Rejected(
                    f"QuickBooks gives the same {self._entity} rows again and again; the rest"
                    " cannot be read."
                )
            return fresh, False
        if count is None or count > len(self.place.ids_read):
            self._restarts += 1
            if self._restarts > RESTARTS_MAX:
                raise RetryLater(
                    f"QuickBooks gives the {self._entity} rows of one second differently each time."
                )
            self.place.position = 1
            return fresh, False
        return fresh, self._next_stretch()


def _cut(
    moments: Sequence[datetime], since: datetime | None, until: datetime | None
) -> datetime | None:
    """Return where to divide a stretch, by the moments of some of its rows; None for one second."""
    first, middle = moments[0], moments[len(moments) // 2]
    if middle > first:
        return middle
    # Half of them, or more, were made in one second: it gets a stretch of its own.
    after = first + ONE_SECOND
    if until is None or after < until:
        return after
    return first if since is None or since < first else None


def _moment(text: str) -> datetime | None:
    return moment(text) if text else None


def created_at(row: Row) -> datetime | None:
    """Return when a row was made; None when it does not tell."""
    text = row.created if isinstance(row, MalformedRow) else None
    if isinstance(row, Header) and row.meta_data is not None:
        text = row.meta_data.create_time
    try:
        return moment(text).astimezone(UTC).replace(microsecond=0) if text else None
    except ValueError:
        return None
