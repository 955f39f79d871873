"""The ledger: the normalised copy of each platform's documents, and how far it was pulled.

Its queries are functions over an open transaction, in a module for each subject (`sweeps`,
`lookups`, `balance_reconciliation`, ...). Here each gets a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection

from arsync.connector_sdk import Page
from arsync.core.ledger.records import Account, RecordKind
from arsync.core.rulebook.customer_matching import CustomerEntry
from arsync.store.db.database import Database
from arsync.store.ledger import (
    account_reader,
    balance_reconciliation,
    customer_list,
    first_load,
    lookups,
    named_contacts,
    own_balances,
    page_writer,
    pull_state,
    search,
    unreadable_money,
)
from arsync.store.ledger import (
    sweeps as sweep_reading,
)
from arsync.store.ledger.measured_ledger import OlderSales, read_measured
from arsync.store.models import PageResult

P = ParamSpec("P")
T = TypeVar("T")


def _read(
    function: Callable[Concatenate[Connection, P], T],
) -> Callable[Concatenate[Ledger, P], T]:
    """Return the method that calls a function with a read transaction of its own."""

    @wraps(function)
    def method(ledger: Ledger, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with ledger.database.read() as db:
            return function(db, *args, **kwargs)

    return method


def _write(
    function: Callable[Concatenate[Connection, P], T],
) -> Callable[Concatenate[Ledger, P], T]:
    """Return the method that calls a function with a write transaction of its own."""

    @wraps(function)
    def method(ledger: Ledger, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with ledger.database.write() as db:
            return function(db, *args, **kwargs)

    return method


class Ledger:
    """Records of all connections. A page is one transaction: rows, cursor and problems together."""

    def __init__(self, database: Database) -> None:
        """Work on this database."""
        self.database = database

    # -- how far it was pulled ----------------------------------------------------------------

    cursor = _read(pull_state.cursor)
    pulled_at = _read(pull_state.pulled_at)
    start_over = _write(page_writer.start_over)
    refresh_statistics = _write(pull_state.refresh_statistics)
    drop_late_indexes = _write(first_load.drop_late_indexes)
    lacks_late_indexes = _read(first_load.lacks_late_indexes)
    sweeps = _read(sweep_reading.ended_sweeps)
    stale_open = _read(sweep_reading.stale_open)
    unseen = _read(sweep_reading.unseen)
    settle_sweep = _write(sweep_reading.settle_sweep)
    missing_contacts = _read(named_contacts.missing_contacts)
    problems = _read(pull_state.problems_of)
    forget_problems = _write(pull_state.forget_problems)

    def apply(
        self,
        connection_id: int,
        page: Page,
        now: datetime,
        *,
        moves_cursor: bool = True,
        seen_on: date | None = None,
    ) -> PageResult:
        """Store a page in one transaction; rows that are unchanged are not written.

        A record that cannot be stored (an amount too large, a NUL character) becomes a problem.

        Args:
            connection_id: whose.
            page: of a pull, or of `Connector.read`.
            now: the moment.
            moves_cursor: false for a page of `Connector.read`.
            seen_on: the organisation's day, which is noted with new invoices; None: it says
                nothing, as in a first pull.
        """
        # Rows and cursor together, so a crash resumes at the page it interrupted. Repeatable: after
        # a power cut the cursor is as old as the rows, and the pages are read again.
        with self.database.write(repeatable=True) as db:
            return page_writer.store_page(
                db, connection_id, page, now, moves_cursor=moves_cursor, seen_on=seen_on
            )

    def make_late_indexes(self) -> None:
        """Make the indexes that a first load goes without."""
        first_load.make_late_indexes(self.database)

    # -- whether it agrees with the platform --------------------------------------------------

    differences = _read(balance_reconciliation.differences)
    compare = _read(balance_reconciliation.compare)
    contact_balances = _read(balance_reconciliation.contact_balances)
    save_balances = _write(own_balances.save_balances)
    drop_balances = _write(own_balances.drop_balances)
    save_differences = _write(balance_reconciliation.save_differences)
    unplaced_money = _read(unreadable_money.unplaced_money)

    # -- what it holds ------------------------------------------------------------------------

    records = _read(account_reader.read_records)
    invoice = _read(lookups.find_invoice)
    contact = _read(lookups.find_contact)
    of_contacts = _read(lookups.of_contacts)
    open_invoices = _read(lookups.open_invoices)
    disputed = _read(lookups.disputed)
    promisers = _read(lookups.promisers)
    owners = _read(lookups.owners)
    unreachable = _read(lookups.unreachable)
    without_email = _read(lookups.without_email)
    may_be_queried = _read(lookups.may_be_queried)
    youngest_payment = _read(lookups.youngest_payment)
    totals = _read(lookups.totals)
    holders_of_cash = _read(lookups.holders_of_cash)
    counts = _read(lookups.counts)
    find_customers = _read(search.find_customers)
    find_invoices = _read(search.find_invoices)
    find_actions = _read(search.find_actions)
    listed_customers = _read(customer_list.listed_customers)
    ranked_customers = _read(customer_list.ranked_customers)

    def every(self, connection_id: int, kind: RecordKind) -> Iterator[Any]:
        """Yield every record of a kind in the order of their ids, some thousand at a time.

        Each portion is read by itself: as long as a reader is open, SQLite cannot shorten its
        journal, and the caller may take minutes.
        """
        after: str | None = None
        while records := self.records_after(connection_id, kind, after):
            yield from records
            after = records[-1].id

    records_after = _read(lookups.records_after)

    def measured(
        self, connection_id: int, since: date, base_currency: str
    ) -> Iterator[Account | OlderSales]:
        """Yield what measures of days after a day need; see `measured_ledger`."""
        with self.database.read() as db:
            yield from read_measured(db, connection_id, since, base_currency)

    def accounts(
        self,
        connection_id: int,
        contact_ids: Sequence[str] | None = None,
        *,
        done_before: datetime | None = None,
        entries: Mapping[str, CustomerEntry] | None = None,
    ) -> Iterator[Account]:
        """Yield every debtor with everything the rules need.

        All as of one moment, some thousand rows in memory at a time. With `contact_ids`, only the
        debtors to whom these contacts belong, read by keys alone. An invoice that could not be
        understood when it was last read is left out: no customer is chased on an old copy. With
        `done_before`, arsync's own actions (steps, holds, open tasks, refusals) are as they were
        known just before that moment. With `entries`, a whole ledger is read as if `customers` of
        the rulebook were bound so, and not as the last run bound them.
        """
        with self.database.read() as db:
            yield from account_reader.read_accounts(
                db, connection_id, contact_ids, done_before, entries
            )
