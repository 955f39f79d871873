"""How fast pages are stored, as a ratio to the raw driver inserting the same rows.

The raw driver gets the finished rows, the same tables with the same indexes, and the same
transactions of one page each: `executemany` of tuples on SQLite, COPY on PostgreSQL. arsync gets
records, and on top of inserting makes rows and hashes of them, looks for what is there already,
counts episodes, and moves the cursor.

    python -m benchmarks.store_rate [--rows 100000] [--page 1000] [--rounds 3] [--json]

PostgreSQL takes part when ARSYNC_TEST_POSTGRESQL names a database; a schema of its own is made in
it and dropped again.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import secrets
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import make_url

from arsync.clock import SetClock
from arsync.connector_sdk import Page
from arsync.core.ledger.records import Contact, Invoice, Organisation, RecordKind
from arsync.store import Store, open_store
from arsync.store.db.database import prepare_sqlite
from arsync.store.db.tables import invoices
from arsync.store.ledger.record_rows import KINDS, Values, hash_of, packed

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
CONTACTS = 10_000
COLUMNS = [column.name for column in invoices.columns]


def a_contact_id(number: int) -> str:
    """Return an id of the length that Xero's have."""
    return f"c{number:07d}-0000-4000-8000-000000000000"


def an_invoice(number: int) -> Invoice:
    """Return an invoice as Xero's look once they are normalised."""
    issued = date(2025, 1, 1) + timedelta(days=number % 600)
    total = Decimal(number % 100_000 + 1) / 100
    return Invoice(
        id=f"{number * 2_654_435_761 % 2**32:08x}-0000-4000-8000-{number:012x}",
        contact_id=a_contact_id(number % CONTACTS),
        number=f"INV-{number:06d}",
        status="open" if number % 3 == 0 else "paid",
        issued_on=issued,
        due_on=issued + timedelta(days=30),
        currency="GBP",
        rate=Decimal(1),
        total=total,
        amount_due=total if number % 3 == 0 else Decimal(0),
        reference=f"PO {number}",
        sent=True,
        paid_on=None if number % 3 == 0 else issued + timedelta(days=25),
        updated_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number),
    )


def pages_of(records: Sequence[Invoice], size: int) -> list[Page]:
    """Return the records as pages of a pull."""
    return [
        Page(RecordKind.INVOICES, records[start : start + size], cursor=str(start + size))
        for start in range(0, len(records), size)
    ]


def ready_rows(pages: list[Page]) -> list[list[Values]]:
    """Return the rows of each page, as the raw driver is given them."""
    kind = KINDS[RecordKind.INVOICES]
    return [
        [
            kind.row(1, record, (content := packed(record), hash_of(content)), "")
            for record in page.records
        ]
        for page in pages
    ]


def seconds_of(work: Callable[[], None]) -> float:
    """Return the wall time of some work.

    What was made before is put aside from garbage collection, for both sides: the records of all
    pages lie in memory here, and in a pull there is one page of them.
    """
    gc.collect()
    gc.freeze()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@contextmanager
def a_store(url: str) -> Iterator[tuple[Store, int]]:
    """Open an empty store with one connection."""
    with open_store(url, clock=SetClock(NOW)) as store:
        row = store.connections.add(
            "bench", platform="xero", organisation=Organisation("o1", "Bench", "GBP")
        )
        yield store, row.id


def arsync_stores(url: str, pages: list[Page]) -> tuple[float, float]:
    """Return the seconds of a first pull, and of the same pages once more."""
    with a_store(url) as (store, connection_id):

        def apply_all() -> None:
            for page in pages:
                store.ledger.apply(connection_id, page, NOW)

        return seconds_of(apply_all), seconds_of(apply_all)


def sqlite_driver(url: str, rows: list[list[Values]]) -> float:
    """Return the seconds the driver takes for the rows, into arsync's own empty table."""
    with a_store(url):
        pass
    connection = sqlite3.connect(make_url(url).database or "")
    prepare_sqlite(connection, None)
    statement = (
        f"INSERT INTO invoices ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
    )

    def insert_all() -> None:
        for page in rows:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(statement, page)
            connection.execute("COMMIT")

    seconds = seconds_of(insert_all)
    connection.close()
    return seconds


def postgresql_driver(url: str, rows: list[list[Values]]) -> float:
    """Return the seconds of COPY, row by row through the driver, into arsync's own empty table."""
    import psycopg

    with a_store(url):
        pass
    plain: Any = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    statement = f"COPY invoices ({', '.join(COLUMNS)}) FROM STDIN"
    with psycopg.connect(plain) as db:

        def insert_all() -> None:
            for page in rows:
                with db.cursor() as cursor, cursor.copy(statement) as copy:
                    for row in page:
                        copy.write_row(row)
                db.commit()

        return seconds_of(insert_all)


@contextmanager
def fresh_sqlite() -> Iterator[str]:
    """Yield the URL of a file that does not exist yet."""
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{Path(folder) / 'bench.db'}"


@contextmanager
def fresh_postgresql(url: str) -> Iterator[str]:
    """Yield the URL of a new schema, dropped afterwards."""
    import psycopg

    parsed = make_url(url)
    plain = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
    schema = f"arsync_bench_{secrets.token_hex(4)}"
    with psycopg.connect(plain, autocommit=True) as db:
        db.execute(f"CREATE SCHEMA {schema}")
        try:
            inside = parsed.update_query_dict({"options": f"-csearch_path={schema}"})
            yield inside.render_as_string(hide_password=False)
        finally:
            db.execute(f"DROP SCHEMA {schema} CASCADE")


class Rate(NamedTuple):
    """Rows a second of both sides, the best of some rounds in which they took turns."""

    database: str
    driver: float
    arsync: float
    unchanged: float

    @property
    def ratio(self) -> float:
        """How much of the driver's own rate arsync reaches."""
        return self.arsync / self.driver


def compare(
    name: str,
    fresh: Callable[[], Any],
    driver: Callable[[str, list[list[Values]]], float],
    pages: list[Page],
    rounds: int,
) -> Rate:
    """Let both sides store the same rows in turns."""
    rows = ready_rows(pages)
    count = sum(len(page) for page in rows)
    raws, firsts, agains = [], [], []
    for _ in range(rounds):
        with fresh() as url:
            raws.append(driver(url, rows))
        with fresh() as url:
            first, again = arsync_stores(url, pages)
        firsts.append(first)
        agains.append(again)
    return Rate(name, count / min(raws), count / min(firsts), count / min(agains))


def read_back(url: str, pages: list[Page]) -> float:
    """Return how many invoices a second are read, as part of their debtors."""
    with a_store(url) as (store, connection_id):
        people = [Contact(a_contact_id(number), f"Customer {number}") for number in range(CONTACTS)]
        store.ledger.apply(connection_id, Page(RecordKind.CONTACTS, people, "c"), NOW)
        for page in pages:
            store.ledger.apply(connection_id, page, NOW)
        count = 0

        def read_all() -> None:
            nonlocal count
            for account in store.ledger.accounts(connection_id):
                count += len(account.invoices)

        seconds = seconds_of(read_all)
        return count / seconds


def show(rate: Rate, read: float) -> None:
    """Print one database's figures for people."""
    print(
        f"{rate.database:<11} driver {rate.driver:>9,.0f} rows/s   "
        f"arsync {rate.arsync:>9,.0f} rows/s   ratio {rate.ratio:.2f}   "
        f"unchanged again {rate.unchanged:>9,.0f} rows/s"
    )
    print(f"            reading debtors with their invoices {read:>9,.0f} rows/s")


def main() -> None:
    """Compare both databases."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--page", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print JSON, one line a database")
    options = parser.parse_args()
    pages = pages_of([an_invoice(number) for number in range(options.rows)], options.page)
    server = os.environ.get("ARSYNC_TEST_POSTGRESQL", "")
    sides: list[tuple[str, Callable[[], Any], Any]] = [("SQLite", fresh_sqlite, sqlite_driver)]
    if server:
        sides.append(("PostgreSQL", lambda: fresh_postgresql(server), postgresql_driver))
    for name, fresh, driver in sides:
        rate = compare(name, fresh, driver, pages, options.rounds)
        with fresh() as url:
            read = read_back(url, pages)
        if options.json:
            print(json.dumps({**rate._asdict(), "read": read}))
        else:
            show(rate, read)
    if not server and not options.json:
        print("PostgreSQL  left out: ARSYNC_TEST_POSTGRESQL is not set")


if __name__ == "__main__":
    main()
