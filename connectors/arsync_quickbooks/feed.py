"""Pulling without loss: full reads by pages, then the change feed.

**Full reads** page by offset in the order of ids, which edits cannot change. It is not confirmed
whether QuickBooks orders ids as numbers or as texts, and an offset is no snapshot: a document
deleted on an earlier page moves all later ones up by one. So each page begins one row early and
must show a row that was seen before; if it does not, the read steps back until it does. Documents
made or changed meanwhile come with the change feed, which is asked from the moment the read began.

**The change feed** has no cursor and is cut at 1,000 objects. Whether the cap counts per answer or
per entity is not known either: an answer that long is asked again one entity at a time, and an
entity that is still too long is read in full. A query by update time would cost less, but would
not show which documents were deleted, and neither does a feed that was cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Raw

from arsync.connector_sdk import Page
from arsync.core.ledger.records import RecordKind
from arsync.errors import Rejected, RetryLater
from arsync_quickbooks import errors
from arsync_quickbooks.api import ChangeFeedAnswer, stamp
from arsync_quickbooks.cursor import CURSOR_VERSION, Cursor, read_cursor
from arsync_quickbooks.documents import ROWS_MAX, CustomerDoc, MalformedRow, rows
from arsync_quickbooks.read_client import (
    BY_NAME,
    CUSTOMER,
    ENTITIES,
    DocumentKind,
    ReadClient,
    Row,
    count,
    split_deleted,
)
from arsync_quickbooks.records import BookSettings, ReferenceNames

ANCHORS_KEPT = 20
"""Ids of rows seen last: one of them must show up on the next page."""
STEP_BACK_ROWS = ROWS_MAX // 2
RESTARTS_MAX = 3
"""How often one entity's read may start again because too much was deleted under it."""
OVERLAP = timedelta(minutes=5)
"""How far the next watermark is before the server's time: its machines' clocks differ."""
LOOK_BACK_MAX = timedelta(days=29)
"""The change feed reaches 30 days back; a watermark older than this means a full read."""
ROWS_READ_MAX = 10_000_000
"""A list with more rows is refused: it would be read for days, or never end."""
REREAD_AFTER = timedelta(days=1)
"""How often the organisation, and the names of types and terms, are read again."""

_ALL = [entity.name for entity in ENTITIES]


_MONEY = ("CreditMemo", "Payment")


def money_since(reader: ReadClient, text: str) -> Iterator[Page]:
    """Yield the payments and credit memos that changed since a pull: one call, unless many did."""
    cursor = read_cursor(text)
    if cursor is None or cursor.todo:
        return  # no pull was completed: on such a copy no message leaves
    reader.books = BookSettings(cursor.home, cursor.multicurrency)
    reader.names = ReferenceNames(cursor.types, cursor.terms)
    answer = reader.api.changes(_MONEY, cursor.since).rows
    if not _is_full(answer.values()):
        yield from (Feed(reader).changed(BY_NAME[name], raw) for name, raw in answer.items())
        return
    # The answer may have been cut. A query does not show what was deleted, but deleted money covers
    # nothing: the next pull removes it.
    for name in _MONEY:
        start = 1
        where = f"MetaData.LastUpdatedTime >= '{stamp(cursor.since)}'"
        while (raw := reader.api.query(name, where, start=start)) is not None:
            documents = list(rows(raw, BY_NAME[name].document))
            yield reader.page(BY_NAME[name], documents, "")
            start += len(documents)
            if len(documents) < ROWS_MAX:
                break


class Feed:
    """The pages of one pull."""

    def __init__(self, reader: ReadClient) -> None:
        """Prepare a pull; no call is made."""
        self.reader = reader
        self.restarts = 0

    def pages(self, text: str | None) -> Iterator[Page]:
        """Yield everything, or what came since a cursor: see `Connector.pull`."""
        cursor = read_cursor(text)
        if cursor is None:
            yield from self.everything()
            return
        self.reader.books = BookSettings(cursor.home, cursor.multicurrency)
        self.reader.names = ReferenceNames(cursor.types, cursor.terms)
        if cursor.todo:
            yield from self.in_full(cursor)
        elif (feed := self.feed(cursor.since)) is not None:
            yield from self.changes(cursor, feed)
        else:
            yield from self.everything()

    def everything(self) -> Iterator[Page]:
        """Read everything: the organisation, then each entity.

        What changes meanwhile comes with the next pull.
        """
        company = self.reader.company(afresh=True)
        names = self.reader.read_names()
        cursor = Cursor(
            since=company.at - OVERLAP,
            read_at=company.at,
            home=company.books.home_currency,
            multicurrency=company.books.multicurrency,
            organisation_at=company.at,
            names_at=company.at,
            version=CURSOR_VERSION,
            types=dict(names.customer_types),
            terms=dict(names.terms),
            todo=list(_ALL),
            sweep=_sweep_name("full", company.at),
        )
        yield Page(RecordKind.ORGANISATION, [company.organisation], cursor.text())
        yield from self.in_full(cursor)

    def in_full(self, cursor: Cursor) -> Iterator[Page]:
        """Read the entities of `cursor.todo` in full."""
        sweep = cursor.sweep
        while cursor.todo:
            entity = BY_NAME[cursor.todo[0]]
            documents, ends = self.next_rows(entity, cursor)
            if ends:
                cursor.todo = cursor.todo[1:]
                cursor.position, cursor.anchors = 1, []
                self.restarts = 0
            if not cursor.todo:
                cursor.sweep = ""
            page = self.reader.page(entity, documents, cursor.text())
            yield page._replace(sweep=sweep, sweep_ends=ends, complete=not cursor.todo)

    def next_rows(self, entity: DocumentKind, cursor: Cursor) -> tuple[list[Row], bool]:
        """Return the rows after those already seen, and whether they are the last."""
        # One row early, to overlap with a row seen before; then half a page early, in case many
        # documents were deleted.
        near = max(1, cursor.position - 1)
        for start in dict.fromkeys((near, max(1, cursor.position - STEP_BACK_ROWS))):
            page = self.rows_from(entity, start)
            last_seen = _last_seen(page, cursor.anchors)
            if not cursor.anchors or last_seen is not None:
                ids = [row.id for row in page if row.id]
                cursor.anchors = ids[-ANCHORS_KEPT:] or cursor.anchors
                cursor.position = start + len(page)
                unseen = page if last_seen is None else page[last_seen + 1 :]
                ends = len(page) < ROWS_MAX
                if not ends:
                    _refuse_endless(entity, cursor.position, unseen)
                return unseen, ends
        self.restarts += 1
        if self.restarts > RESTARTS_MAX:
            raise RetryLater(
                f"QuickBooks deletes {entity.name} documents faster than they can be read."
            )
        cursor.position, cursor.anchors = 1, []
        return self.next_rows(entity, cursor)

    def rows_from(self, entity: DocumentKind, start: int) -> list[Row]:
        """Read one page of a query."""
        raw = self.reader.api.query(entity.name, entity.where, start=start)
        return [] if raw is None else list(rows(raw, entity.document))

    def changes(self, cursor: Cursor, feed: ChangeFeedAnswer) -> Iterator[Page]:
        """Yield what the change feed showed since `cursor.since`."""
        before, at = cursor.text(), feed.at
        changed, crowded = feed.rows, set[str]()
        if _is_full(changed.values()):
            changed, crowded = self.thinned(cursor)
        pages = self.refreshed(cursor, at, changed, crowded)
        pages += [self.changed(BY_NAME[name], raw) for name, raw in changed.items()]
        # Never earlier than before: a server whose clock is behind must not bring changes back.
        cursor.since = max(cursor.since, at - OVERLAP)
        if crowded:
            cursor.todo = [name for name in _ALL if name in crowded]
            cursor.sweep = _sweep_name("crowded", at)
            cursor.read_at = at
            yield from (page._replace(cursor=before) for page in pages)
            yield from self.in_full(cursor)
        else:
            last = pages.pop() if pages else Page(RecordKind.INVOICES, (), "")
            yield from (page._replace(cursor=before) for page in pages)
            yield last._replace(cursor=cursor.text(), complete=True)

    def thinned(self, cursor: Cursor) -> tuple[Mapping[str, Raw], set[str]]:
        """Ask again after an answer that may have been cut; name the entities it cannot help."""
        if cursor.since < cursor.read_at:
            # The overlap with the last full read alone may have filled it, after a ledger was
            # imported. Those rows were read then.
            cursor.since = cursor.read_at
            feed = self.reader.api.changes(_ALL, cursor.since)
            if not _is_full(feed.rows.values()):
                return feed.rows, set()
        return self.one_by_one(cursor.since)

    def feed(self, since: datetime) -> ChangeFeedAnswer | None:
        """Ask the change feed; None when the watermark lies before its reach."""
        try:
            feed = self.reader.api.changes(_ALL, since)
        except errors.QuickBooksRejected:
            # How QuickBooks refuses a watermark that is too old is not known: its own time tells
            # whether that was the reason.
            if self.reader.company(afresh=True).at - since > LOOK_BACK_MAX:
                return None
            raise
        return None if feed.at - since > LOOK_BACK_MAX else feed

    def one_by_one(self, since: datetime) -> tuple[dict[str, Raw], set[str]]:
        """Ask the change feed one entity at a time; name those that fill it even so."""
        changed: dict[str, Raw] = {}
        crowded = set()
        for name in _ALL:
            answer = self.reader.api.changes([name], since).rows
            if _is_full(answer.values()):
                crowded.add(name)
            else:
                changed.update(answer)
        return changed, crowded

    def refreshed(
        self, cursor: Cursor, now: datetime, changed: Mapping[str, Raw], crowded: set[str]
    ) -> list[Page]:
        """Read the organisation or the names again, when it is time.

        Never both in one pull, so that a pull with nothing changed takes three calls at most; the
        older goes first. An entity whose records would now read differently is added to `crowded`.
        """
        oldest = min(cursor.organisation_at, cursor.names_at)
        if now - oldest >= REREAD_AFTER and cursor.organisation_at == oldest:
            company = self.reader.company(afresh=True)
            books = BookSettings(cursor.home, cursor.multicurrency)
            # Another home currency, or several now: the stored rates no longer mean the same.
            if company.books != books:
                crowded |= set(_ALL)
            cursor.home, cursor.multicurrency = company.books
            cursor.organisation_at = now
            return [Page(RecordKind.ORGANISATION, [company.organisation], "")]
        if now - oldest >= REREAD_AFTER or _has_unknown_names(changed.get(CUSTOMER.name), cursor):
            names = self.reader.read_names()
            before = {**cursor.types, **_prefixed(cursor.terms)}
            fresh = {**names.customer_types, **_prefixed(names.terms)}
            if any(fresh.get(name_id) != name for name_id, name in before.items()):
                crowded.add(CUSTOMER.name)
            cursor.types, cursor.terms = dict(names.customer_types), dict(names.terms)
            cursor.names_at = now
        return []

    def changed(self, entity: DocumentKind, raw: Raw) -> Page:
        """Turn one entity's changes into a page."""
        live, deleted = split_deleted(raw, entity)
        page = self.reader.page(entity, live, "")
        if deleted:
            # The feed was seen to call changed documents deleted, so each is read once by its id.
            reread = self.reader.read(entity.kind, deleted)
            page = page._replace(
                records=[*page.records, *reread.records],
                problems=page.problems + reread.problems,
                gone=reread.gone,
            )
        return page


def _refuse_endless(entity: DocumentKind, position: int, unseen: Sequence[Row]) -> None:
    """Refuse a full page, which others are to follow, when they would never end."""
    if not unseen:
        # Even the page that begins farthest back leaves half of its rows to be new.
        raise Rejected(
            f"QuickBooks gives the same {entity.name} rows again and again; the rest cannot be"
            " read."
        )
    if position > ROWS_READ_MAX:
        raise Rejected(f"QuickBooks lists more than {ROWS_READ_MAX:,} {entity.name} rows.")


def _is_full(answers: Iterable[Raw]) -> bool:
    return sum(count(raw) for raw in answers) >= ROWS_MAX


def _has_unknown_names(raw: Raw | None, cursor: Cursor) -> bool:
    customers = () if raw is None else rows(raw, CustomerDoc)
    for customer in customers:
        if isinstance(customer, MalformedRow):
            continue
        references = (
            (customer.customer_type_ref, cursor.types),
            (customer.sales_term_ref, cursor.terms),
        )
        if any(ref and ref.value and ref.value not in names for ref, names in references):
            return True
    return False


def _prefixed(terms: Mapping[str, str]) -> dict[str, str]:
    return {f"term {term_id}": name for term_id, name in terms.items()}


def _last_seen(page: Sequence[Row], anchors: Sequence[str]) -> int | None:
    """Return the place of the last row of the page that is among the anchors."""
    anchored = set(anchors)
    places = [place for place, row in enumerate(page) if row.id in anchored]
    return places[-1] if places else None


def _sweep_name(reason: str, at: datetime) -> str:
    return f"{reason} {at.isoformat(timespec='milliseconds')}"
