"""The ledger: the normalised copy of each platform's documents, and how far it was pulled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import delete, select, text

from arsync.connector_sdk import Page
from arsync.core.ledger.records import (
    Account,
    Contact,
    Credit,
    Difference,
    DocumentProblem,
    DocumentStatus,
    Invoice,
    OwnBalance,
    Payment,
    RecordKind,
)
from arsync.store.db.database import Database
from arsync.store.db.tables import connections, cursors, invoices, problems, sweeps
from arsync.store.ledger import account_reader as reading
from arsync.store.ledger import balance_reconciliation, lookups, page_writer, unreadable_money
from arsync.store.ledger import sweeps as sweeping
from arsync.store.ledger.record_rows import KINDS
from arsync.store.models import PageResult, Sweep, Total

_ANALYSED_ROWS_MAX = 1_000
"""SQLite: how many rows of each index are looked at; PostgreSQL samples by itself."""


class Ledger:
    """Records of all connections. A page is one transaction: rows, cursor and problems together."""

    def __init__(self, database: Database) -> None:
        """Work on this database."""
        self._database = database

    def cursor(self, connection_id: int) -> str | None:
        """Return where the next pull starts, None for the beginning."""
        with self._database.read() as connection:
            return connection.scalar(
                select(cursors.c.cursor).where(cursors.c.connection_id == connection_id)
            )

    def pulled_at(self, connection_id: int) -> datetime | None:
        """Return when a pull was last completed."""
        with self._database.read() as connection:
            return connection.scalar(
                select(cursors.c.completed_at).where(cursors.c.connection_id == connection_id)
            )

    def apply(
        self, connection_id: int, page: Page, now: datetime, *, moves_cursor: bool = True
    ) -> PageResult:
        """Store a page in one transaction; rows that are the same already are left alone.

        A record that does not fit (an amount too large, a NUL character) is kept out and becomes a
        problem. `moves_cursor=False` is for pages of `Connector.read`.
        """
        with self._database.write(repeatable=True) as connection:
            return page_writer.store_page(
                connection, connection_id, page, now, moves_cursor=moves_cursor
            )

    def sweeps(self, connection_id: int) -> list[Sweep]:
        """Return the sweeps that ended and are not settled."""
        with self._database.read() as connection:
            return sweeping.ended_sweeps(connection, connection_id)

    def stale_open(self, connection_id: int, sweep: str) -> list[str]:
        """Return invoices whose stored balance differs from what the sweep saw.

        Also those that are open in the store and absent from the sweep, and those the sweep saw
        and the store does not have.
        """
        with self._database.read() as connection:
            return sweeping.stale_open(connection, connection_id, sweep)

    def unseen(self, connection_id: int, kind: RecordKind, sweep: str) -> list[str]:
        """Return stored records, not yet gone, that no page of the full read showed."""
        with self._database.read() as connection:
            return sweeping.unseen(connection, connection_id, kind, sweep)

    def settle_sweep(self, connection_id: int, sweep: Sweep) -> None:
        """Forget a sweep: what it found has been read again."""
        which = (sweeps.c.name == sweep.name) & (sweeps.c.kind == sweep.kind)
        with self._database.write() as connection:
            sweeping.forget_sweeps(connection, connection_id, which)

    def disputed(self, connection_id: int) -> list[str]:
        """Return the open invoices that the platform showed as disputed."""
        ours = invoices.c
        query = select(ours.id).where(
            ours.connection_id == connection_id,
            ours.disputed_on.is_not(None),
            ours.status == DocumentStatus.OPEN.value,
        )
        with self._database.read() as connection:
            return sorted(connection.scalars(query))

    def mark_gone(self, connection_id: int, kind: RecordKind, ids: Sequence[str]) -> int:
        """Mark records as deleted by the platform, and return how many were not yet."""
        with self._database.write() as connection:
            return page_writer.mark_gone(connection, connection_id, KINDS[kind], ids)

    def missing_contacts(self, connection_id: int) -> list[str]:
        """Return contacts that documents name and the store does not have."""
        with self._database.read() as connection:
            return reading.missing_contacts(connection, connection_id)

    def problems(self, connection_id: int) -> list[DocumentProblem]:
        """Return the documents that could not be understood, and still cannot."""
        query = (
            select(*(problems.c[name] for name in DocumentProblem._fields))
            .where(problems.c.connection_id == connection_id)
            .order_by(problems.c.kind, problems.c.id)
        )
        with self._database.read() as connection:
            return [DocumentProblem(*row) for row in connection.execute(query)]

    def youngest_payment(self, connection_id: int, today: date) -> date | None:
        """Return the day of the youngest payment, none of the future.

        Where payments are matched to the bank's statement, only those count that are: the others
        were entered by hand, and say nothing of how far the bank is in the books.
        """
        with self._database.read() as connection:
            return lookups.youngest_payment(connection, connection_id, today)

    def differences(self, connection_id: int) -> list[Difference]:
        """Return the contacts of which the platform's own balance and the copy do not agree."""
        with self._database.read() as connection:
            return balance_reconciliation.differences(connection, connection_id)

    def compare(self, connection_id: int, balances: Mapping[str, OwnBalance]) -> list[Difference]:
        """Return the contacts whose own balance at the platform the copy does not add up to."""
        if not balances:
            return []
        with self._database.read() as connection:
            base = connection.scalar(
                select(connections.c.base_currency).where(connections.c.id == connection_id)
            )
            return balance_reconciliation.compare(connection, connection_id, balances, base or "")

    def save_differences(
        self,
        connection_id: int,
        compared: Sequence[str],
        found: Sequence[Difference],
        now: datetime,
    ) -> None:
        """Replace what is known of the contacts that were compared by what differs now."""
        with self._database.write() as connection:
            balance_reconciliation.save_differences(connection, connection_id, compared, found, now)

    def unplaced_money(self, connection_id: int) -> list[str]:
        """Return the payments and credits that cannot be read and name nobody, in words."""
        with self._database.read() as connection:
            return unreadable_money.unplaced_money(connection, connection_id)

    def accounts(
        self,
        connection_id: int,
        contact_ids: Sequence[str] | None = None,
        *,
        done_before: datetime | None = None,
    ) -> Iterator[Account]:
        """Yield every debtor with everything the rules need.

        All from one moment's view of the store, some thousand rows in memory at a time. With
        `contact_ids`, only the debtors to whom these contacts belong. An invoice that could not be
        understood when it was last read is left out: nobody is chased on an old copy. With
        `done_before`, what arsync did is told as it was known just before that moment: steps,
        holds, open tasks and refusals.
        """
        with self._database.read() as connection:
            yield from reading.read_accounts(connection, connection_id, contact_ids, done_before)

    def records(
        self, connection_id: int, kind: RecordKind, ids: Sequence[str]
    ) -> dict[str, Contact | Invoice | Payment | Credit]:
        """Return stored records by their ids; those that are not stored are left out."""
        with self._database.read() as connection:
            return reading.read_records(connection, connection_id, kind, ids)

    def invoice(self, connection_id: int, number_or_id: str) -> Invoice:
        """Return one invoice.

        Raises:
            UserMistake: none has this number (with a guess at what was meant), or several have.
        """
        with self._database.read() as connection:
            return lookups.find_invoice(connection, connection_id, number_or_id)

    def contact(self, connection_id: int, name_or_id: str, *, also_gone: bool = False) -> Contact:
        """Return one contact; capitals do not matter. With `also_gone`, a deleted one, too.

        Raises:
            UserMistake: none has this name (with a guess at what was meant), or several have.
        """
        with self._database.read() as connection:
            return lookups.find_contact(connection, connection_id, name_or_id, also_gone=also_gone)

    def totals(self, connection_id: int) -> list[Total]:
        """Return what each contact owes, by currency."""
        with self._database.read() as connection:
            return lookups.totals(connection, connection_id)

    def counts(self, connection_id: int) -> dict[RecordKind, int]:
        """Return how many records of each kind are stored and not gone."""
        with self._database.read() as connection:
            return lookups.counts(connection, connection_id)

    def refresh_statistics(self) -> None:
        """Let the database look at its tables again, after many rows came.

        Until it has, PostgreSQL reads debtors half as fast; by itself it looks a minute later.
        """
        with self._database.write() as connection:
            if connection.dialect.name == "sqlite":
                connection.execute(text(f"PRAGMA analysis_limit={_ANALYSED_ROWS_MAX}"))
            for kind in KINDS.values():
                connection.execute(text(f"ANALYZE {kind.table.name}"))

    def start_over(self, connection_id: int) -> None:
        """Let the next pull read and write everything again.

        The rows stay until then: whoever is cut off between still has a whole copy. What people
        recorded, what arsync did, and how often an invoice came to be owed are not touched.
        """
        with self._database.write() as connection:
            page_writer.start_over(connection, connection_id)

    def forget_problems(self, connection_id: int, before: datetime) -> int:
        """Forget problems of documents that a whole pull since that moment did not meet again."""
        old = (problems.c.connection_id == connection_id) & (problems.c.seen_at < before)
        with self._database.write() as connection:
            return connection.execute(delete(problems).where(old)).rowcount
