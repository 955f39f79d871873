"""Pulling without loss: full reads by stretches of creation, then the change feed.

**Full reads** go by the moment of creation, which edits cannot change: see `by_creation`. Documents
made or changed meanwhile come with the change feed, which is asked from the moment the read began.

**The change feed** has no cursor and is cut at 1,000 objects. Whether the cap counts per answer or
per entity is not known either: an answer that long is asked again one entity at a time, and an
entity that is still too long is read in full. A query by update time would cost less, but would
not show which documents were deleted, and neither does a feed that was cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from msgspec import Raw

from arsync.connector_sdk import Page
from arsync.core.ledger.records import RecordKind
from arsync_quickbooks import errors
from arsync_quickbooks.api import ChangeFeedAnswer, stamp
from arsync_quickbooks.by_creation import ByCreation, Place
from arsync_quickbooks.cursor import CURSOR_VERSION, Cursor, read_cursor
from arsync_quickbooks.documents import ROWS_MAX, CustomerDoc, MalformedRow, rows
from arsync_quickbooks.read_client import (
    BY_NAME,
    CUSTOMER,
    ENTITIES,
    DocumentKind,
    ReadClient,
    count,
    split_deleted,
)
from arsync_quickbooks.records import BookSettings, ReferenceNames

OVERLAP = timedelta(minutes=5)
"""How far the next watermark is before the server's time: its machines' clocks differ."""
LOOK_BACK_MAX = timedelta(days=29)
"""The change feed reaches 30 days back; a watermark older than this means a full read."""
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
    reader.names = ReferenceNames(cursor.types, cursor.terms, cursor.country)
    answer = reader.api.changes(_MONEY, cursor.since).rows
    if not _is_full(answer.values()):
        yield from (Feed(reader).changed(BY_NAME[name], raw) for name, raw in answer.items())
        return
    # The answer may have been cut. A query does not show what was deleted, but deleted money covers
    # nothing: the next pull removes it.
    where = f"MetaData.LastUpdatedTime >= '{stamp(cursor.since)}'"
    for name in _MONEY:
        entity = BY_NAME[name]
        listed, ends = ByCreation(reader.api, name, entity.document, where, Place()), False
        while not ends:
            documents, ends = listed.next_rows()
            yield reader.page(entity, documents, "")


class Feed:
    """The pages of one pull."""

    def __init__(self, reader: ReadClient) -> None:
        """Prepare a pull; no call is made."""
        self.reader = reader

    def pages(self, text: str | None) -> Iterator[Page]:
        """Yield everything, or what came since a cursor: see `Connector.pull`."""
        cursor = read_cursor(text)
        if cursor is None:
            yield from self.everything()
            return
        self.reader.books = BookSettings(cursor.home, cursor.multicurrency)
        self.reader.names = ReferenceNames(cursor.types, cursor.terms, cursor.country)
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
            country=names.home,
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
        listed: ByCreation | None = None
        while cursor.todo:
            entity = BY_NAME[cursor.todo[0]]
            if listed is None:
                listed = ByCreation(
                    self.reader.api, entity.name, entity.document, entity.where, cursor.place
                )
            documents, ends = listed.next_rows()
            if ends:
                cursor.todo, cursor.place, listed = cursor.todo[1:], Place(), None
            if not cursor.todo:
                cursor.sweep = ""
            page = self.reader.page(entity, documents, cursor.text())
            yield page._replace(sweep=sweep, sweep_ends=ends, complete=not cursor.todo)

    def changes(self, cursor: Cursor, feed: ChangeFeedAnswer) -> Iterator[Page]:
        """Yield what the change feed showed since `cursor.since`."""
        before, at = cursor.text(), feed.at
        changed, crowded = feed.rows, set[str]()
        if _is_full(changed.values()):
            changed, crowded = self.thinned(cursor)
        crowded |= set(cursor.again)
        cursor.again = []
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
            if company.organisation.country != cursor.country:
                # Addresses that name no country are of another one than was thought.
                crowded.add(CUSTOMER.name)
            cursor.country = company.organisation.country
            self.reader.names = ReferenceNames(cursor.types, cursor.terms, cursor.country)
            return [Page(RecordKind.ORGANISATION, [company.organisation], "")]
        if now - oldest >= REREAD_AFTER or _has_unknown_names(changed.get(CUSTOMER.name), cursor):
            names = self.reader.read_names(cursor.country)
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


def _sweep_name(reason: str, at: datetime) -> str:
    return f"{reason} {at.isoformat(timespec='milliseconds')}"
