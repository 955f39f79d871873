"""The indexes by contact and number, which a first load into an empty SQLite store goes without."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import inspect
from tests.builders.records import an_invoice
from tests.store.test_sync import Ledger

from arsync.clock import SetClock
from arsync.connector_sdk import Page
from arsync.core.ledger.records import Organisation, RecordKind
from arsync.errors import RetryLater
from arsync.store import Store
from arsync.store.models import ConnectionRow
from arsync.sync.pull import MANY_ROWS, pull

LATE = {
    ("invoices", "ix_invoices_connection_id_contact_id"),
    ("invoices", "ix_invoices_number_connection_id"),
    ("payments", "ix_payments_connection_id_contact_id"),
}


def indexed(store: Store) -> bool:
    """Return whether all of them are there; they come and go together."""
    inspector = inspect(store.engine)
    there = {
        (table, index["name"])
        for table in ("invoices", "payments")
        for index in inspector.get_indexes(table)
    }
    assert there >= LATE or not LATE & there
    return there >= LATE


class Watched(Ledger):
    """A ledger that notes, before each page, whether the store has the late indexes."""

    def __init__(self, pages: list[Page], store: Store, fails_after: int = 99) -> None:
        super().__init__(pages)
        self.store = store
        self.fails_after = fails_after
        self.indexed: list[bool] = []

    def pull(self, cursor: str | None) -> Iterator[Page]:
        for number, page in enumerate(super().pull(cursor)):
            self.indexed.append(indexed(self.store))
            if number >= self.fails_after:
                raise RetryLater("away", after_seconds=60)
            yield page


def pages() -> list[Page]:
    many = [
        Page(
            RecordKind.INVOICES, tuple(an_invoice(f"{page}-{row}") for row in range(MANY_ROWS)), ""
        )
        for page in range(2)
    ]
    return [*many, Page(RecordKind.INVOICES, (an_invoice("last"),), "")]


@pytest.fixture
def sqlite_store(store: Store) -> Store:
    if store.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL keeps its indexes")
    return store


def test_a_first_load_is_indexed_at_its_end(
    sqlite_store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    ledger = Watched(pages(), sqlite_store)
    assert pull(sqlite_store, connection, ledger, clock).inserted == 2 * MANY_ROWS + 1
    assert ledger.indexed == [True, False, False]
    assert indexed(sqlite_store)


def test_a_load_that_is_cut_short_is_indexed(
    sqlite_store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    ledger = Watched(pages(), sqlite_store, fails_after=1)
    with pytest.raises(RetryLater):
        pull(sqlite_store, connection, ledger, clock)
    assert ledger.indexed == [True, False]
    assert indexed(sqlite_store)


def test_a_killed_load_is_indexed_by_the_next(
    sqlite_store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    assert sqlite_store.ledger.drop_late_indexes(connection.id)
    assert sqlite_store.ledger.lacks_late_indexes()
    pull(sqlite_store, connection, Ledger([pages()[-1]]), clock)
    assert indexed(sqlite_store)


def test_beside_another_ledger_the_indexes_stay(
    sqlite_store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    pull(sqlite_store, connection, Ledger([pages()[-1]]), clock)
    other = sqlite_store.connections.add(
        "other", platform="xero", organisation=Organisation("o2", "Other", "GBP", "GB", "UTC")
    )
    ledger = Watched(pages(), sqlite_store)
    pull(sqlite_store, other, ledger, clock)
    assert ledger.indexed == [True, True, True]


def test_postgresql_keeps_its_indexes(store: Store, connection: ConnectionRow) -> None:
    if store.engine.dialect.name == "sqlite":
        pytest.skip("SQLite goes without them")
    assert not store.ledger.drop_late_indexes(connection.id)
    assert not store.ledger.lacks_late_indexes()
    assert indexed(store)
