"""Pulling: from a connector's pages to the store, without loss."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from datetime import date
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from arsync.clock import Clock
from arsync.connector_sdk import Connector, Page
from arsync.core.ledger.records import DocumentProblem, RecordKind
from arsync.errors import Stopping
from arsync.store import Store
from arsync.store.models import ConnectionRow, PageResult, Sweep
from arsync.sync.reading_ahead import pages_ahead

READ_AT_ONCE = 100
"""How many documents one `Connector.read` asks for when a sweep found them different."""

MANY_ROWS = 5_000
"""After this many new rows the database's statistics of its tables are out of date."""

LONG_FROM = 5_000
"""A pull that has brought so many records fetches the next page while one is stored.

A shorter one, which is nearly every one, needs no thread, and makes its calls in an order that
repeats: the tests of crashes end it between any two of them.
"""


class Progress(NamedTuple):
    """How far a run is: reported by a pull after each page, by the outbox before each action."""

    kind: str
    pages: int
    records: int
    doing: str = "reading"

    @property
    def text(self) -> str:
        """Return it in words: `reading invoices: 2,000`."""
        return f"{self.doing} {self.kind}: {self.records:,}"


class PullResult(Struct, frozen=True):
    """The counts of a pull. All count records, except `pages`."""

    pages: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    gone: int = 0
    read_again: int = 0
    """Records that a sweep found different, or that were missing, and were read by their ids."""
    problems: tuple[DocumentProblem, ...] = ()
    """Documents of this pull that could not be understood."""
    complete: bool = False
    """True when the last page was reached."""
    differences: int = 0
    """Customers whose balance at the platform and in the copy differ after this pull."""


def pull(
    store: Store,
    connection: ConnectionRow,
    connector: Connector,
    clock: Clock,
    *,
    today: date | None = None,
    progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> PullResult:
    """Bring the store's copy of one organisation up to date.

    Each page is stored with its cursor, so a pull that is cut short continues where it stopped. The
    records that a sweep found different are read again as soon as the sweep has ended, or at the
    beginning of the next pull if this one dies in between.

    Args:
        store: of all ledgers.
        connection: whose.
        connector: to its platform.
        clock: says when each page was stored.
        today: the organisation's day, on which new invoices are first seen; None: not noted. Of a
            first pull, and of one that reads everything again, it is never noted.
        progress: is told of each page.
        stop: whether to stop between two pages.

    Raises:
        RetryLater: from the connector; what was stored so far, and its cursor, stay.
        NeedsReconnect: the same. Stopping: `stop` said so, between two pages.
    """
    # First what an earlier pull left open: this pull's sweeps mark the rows under other names.
    seen_on = today if store.ledger.pulled_at(connection.id) is not None else None
    puller = _Pull(store, connection, connector, clock, progress, stop, seen_on=seen_on)
    puller.settle_sweeps()
    try:
        pages = connector.pull(store.ledger.cursor(connection.id))
        for page in pages:
            puller.take(page)
            if puller.is_long:
                break
        with closing(pages_ahead(pages)) as rest:
            for page in rest:
                puller.take(page)
    finally:
        # Also of what was read so far: the next pull may be days away, or never end either.
        puller.index_what_came()
    # After the last page: until then, a contact may still come with a page of its own.
    puller.read_missing_contacts()
    puller.read_disputed()
    # On part of the pages the copy differs for certain, and means nothing.
    if puller.result.complete:
        puller.compare_balances()
    if puller.result.inserted >= MANY_ROWS:
        store.ledger.refresh_statistics()
    return puller.result


class _Pull:
    """One pull and what it did so far."""

    def __init__(
        self,
        store: Store,
        connection: ConnectionRow,
        connector: Connector,
        clock: Clock,
        progress: Callable[[Progress], None] | None,
        stop: Callable[[], bool],
        *,
        seen_on: date | None,
    ) -> None:
        self._seen_on = seen_on
        self.result = PullResult()
        self._ledger = store.ledger
        self._id = connection.id
        self._connector = connector
        self._clock = clock
        self._progress = progress
        self._stop = stop
        self._records = 0
        self._figures: set[str] = set()
        """Contacts whose own balance this pull brought, or asked for; the store keeps it."""
        self._touched: set[str] = set()
        # A process may have died in the middle of a first load.
        self._lacks_indexes = store.ledger.lacks_late_indexes()
        self._first = store.ledger.pulled_at(connection.id) is None

    @property
    def is_long(self) -> bool:
        """Whether the next page is worth a thread of its own."""
        return self._records >= LONG_FROM

    def take(self, page: Page) -> None:
        """Store one page of the pull, and read again what its sweep found different."""
        done = self._ledger.apply(self._id, page, self._clock.now(), seen_on=self._seen_on)
        self._note_balances(page)
        self.result = replace(
            self.result, pages=self.result.pages + 1, complete=self.result.complete or page.complete
        )
        self._add(done, len(page.records), page.kind)
        if self._first and self.result.inserted >= MANY_ROWS:
            self._first = False
            self._lacks_indexes |= self._ledger.drop_late_indexes(self._id)
        if page.sweep_ends:
            self.settle_sweeps()

    def index_what_came(self) -> None:
        """Make the indexes that a first load goes without."""
        if self._lacks_indexes:
            self._lacks_indexes = False
            self._ledger.make_late_indexes()

    def settle_sweeps(self) -> None:
        """Read again what ended sweeps found different."""
        for sweep in self._ledger.sweeps(self._id):
            kind = RecordKind(sweep.kind)
            if sweep.of_balances:
                ids = self._ledger.stale_open(self._id, sweep.name)
            else:
                ids = self._ledger.unseen(self._id, kind, sweep.name)
            # Settled only after the reading: a crash in between repeats it.
            self._read_again(kind, ids, sweep)
            self._ledger.settle_sweep(self._id, sweep)

    def read_missing_contacts(self) -> None:
        """Read contacts that documents name and no page brought."""
        missing = self._ledger.missing_contacts(self._id)
        self._read_again(RecordKind.CONTACTS, missing, None)
        still_missing = self._ledger.missing_contacts(self._id) if missing else []
        if still_missing:
            # Reported once, and not read again with each pull.
            problems = tuple(
                DocumentProblem(
                    RecordKind.CONTACTS.value,
                    contact_id,
                    "",
                    "documents name this contact, and the platform does not have it: "
                    "nothing is done about them",
                )
                for contact_id in still_missing
            )
            self._store(Page(RecordKind.CONTACTS, (), "", problems))

    def read_disputed(self) -> None:
        """Read disputed invoices again, so that the end of a dispute is not missed.

        Whether that status alone counts as a change of the document is not documented. The
        beginning of a dispute is seen at the latest when the invoice is read before a message.
        """
        self._read_again(RecordKind.INVOICES, self._ledger.disputed(self._id), None)

    def compare_balances(self) -> None:
        """Compare the platform's own balance of each contact with the sum in the copy.

        The contacts are those that this pull brought, those whose documents changed, and those that
        differed before. A pull reads one list after the other, so a payment in between is in one
        and not in the other: contacts that seem to differ are read once more. What still differs is
        compared again by each pull until it agrees.
        """
        # It counts at once: a false alarm costs a wait of one run, a missed one a wrong letter.
        standing = [difference.contact_id for difference in self._ledger.differences(self._id)]
        differing = self._ledger.compare(self._id, self._figures)
        contact_ids = [*standing, *(difference.contact_id for difference in differing)]
        contact_ids += sorted(self._touched.difference(self._figures))
        contact_ids = list(dict.fromkeys(contact_ids))
        silent: set[str] = set()
        if contact_ids:
            answer = self._connector.balances(contact_ids)
            fresh = {balance.contact_id: balance for balance in answer.balances}
            # A contact that does not come any more has nothing to differ from: kept, its difference
            # would hold the whole ledger back for ever.
            silent = set(answer.asked) - fresh.keys()
            self._figures = (self._figures | fresh.keys()) - silent
            self._ledger.save_balances(self._id, fresh.values(), self._clock.now())
            # What did not come, or was not asked again, is older than the documents that changed.
            outdated = silent.union(self._touched.difference(self._figures))
            self._ledger.drop_balances(self._id, sorted(outdated))
            differing = self._ledger.compare(self._id, self._figures)
        compared = sorted(silent.union(self._figures))
        if compared:
            self._ledger.save_differences(self._id, compared, differing, self._clock.now())
        self.result = replace(self.result, differences=len(differing))

    def _read_again(self, kind: RecordKind, ids: Sequence[str], sweep: Sweep | None) -> None:
        for chunk in _chunks(ids):
            page = self._connector.read(kind, chunk)
            # Under the sweep's name, so that what was read again counts as seen.
            name = sweep.name if sweep is not None and not sweep.of_balances else ""
            self._store(page._replace(sweep=name, sweep_ends=False, open_balances=()))
            self.result = replace(self.result, read_again=self.result.read_again + len(chunk))

    def _note_balances(self, page: Page) -> None:
        self._figures.update(balance.contact_id for balance in page.balances)

    def _store(self, page: Page) -> None:
        self._note_balances(page)
        done = self._ledger.apply(
            self._id, page, self._clock.now(), moves_cursor=False, seen_on=self._seen_on
        )
        self._add(done, len(page.records), page.kind)

    def _add(self, done: PageResult, records: int, kind: RecordKind) -> None:
        so_far = self.result
        self._records += records
        self._touched |= done.touched
        self.result = replace(
            so_far,
            inserted=so_far.inserted + done.inserted,
            updated=so_far.updated + done.updated,
            unchanged=so_far.unchanged + done.unchanged,
            gone=so_far.gone + done.gone,
            problems=so_far.problems + done.problems,
        )
        if self._progress is not None:
            self._progress(Progress(kind.value, self.result.pages, self._records))
        if self._stop():
            raise Stopping


def _chunks(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    for start in range(0, len(ids), READ_AT_ONCE):
        yield ids[start : start + READ_AT_ONCE]
