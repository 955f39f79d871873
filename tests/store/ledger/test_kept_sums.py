"""Sums of whole ledgers: added up once between two runs, and right during and after each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from tests.builders.records import a_contact, an_invoice

from arsync.connector_sdk import Page
from arsync.core.ledger.records import Organisation, RecordKind
from arsync.store import Store
from arsync.store.ledger.kept_sums import KeptSums
from arsync.store.models import ConnectionRow

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture
def connection(store: Store) -> ConnectionRow:
    row = store.connections.add("acme", platform="xero", organisation=Organisation("o", "A", "GBP"))
    store.ledger.apply(row.id, Page(RecordKind.CONTACTS, (a_contact(),), "c"), NOW)
    return row


def owes(store: Store, connection: ConnectionRow, amount: int) -> None:
    """Put an invoice of this amount into the copy of the ledger."""
    invoice = an_invoice(total=amount, issued_on=TODAY - timedelta(days=40), due_on=TODAY)
    page = Page(RecordKind.INVOICES, (invoice,), "c", complete=True)
    store.ledger.apply(connection.id, page, NOW)


def told(store: Store, connection: ConnectionRow) -> tuple[Decimal, Decimal]:
    """Return what the page of the connection says is owed, and what that of all says."""
    (standing,) = store.standings.read(TODAY)
    sums = store.sums.owed(connection.id, TODAY)
    return sums.owed["GBP"], standing.owed[0].amount_due


def test_before_any_run_sums_are_added_up_anew(store: Store, connection: ConnectionRow) -> None:
    for amount in (100, 70):
        owes(store, connection, amount)
        assert told(store, connection) == (Decimal(amount), Decimal(amount))


def test_each_run_has_its_own_sums(store: Store, connection: ConnectionRow) -> None:
    for amount in (100, 70):
        number = store.runs.start(connection.id, "sync")
        owes(store, connection, amount + 1)
        assert told(store, connection) == (Decimal(amount + 1), Decimal(amount + 1)), (
            "while it goes on"
        )
        owes(store, connection, amount)
        store.runs.finish(number, outcome="done")
        assert told(store, connection) == (Decimal(amount), Decimal(amount))


def test_between_two_runs_nothing_is_added_up(store: Store, connection: ConnectionRow) -> None:
    owes(store, connection, 100)
    store.runs.finish(store.runs.start(connection.id, "pull"), outcome="done")
    assert told(store, connection) == (Decimal(100), Decimal(100))
    # What no run has written shows whether anybody looks.
    owes(store, connection, 70)
    assert told(store, connection) == (Decimal(100), Decimal(100))


def test_a_new_day_has_sums_of_its_own(store: Store, connection: ConnectionRow) -> None:
    owes(store, connection, 100)
    store.runs.finish(store.runs.start(connection.id, "pull"), outcome="done")
    assert store.sums.owed(connection.id, TODAY).overdue == {}
    tomorrow = store.sums.owed(connection.id, TODAY + timedelta(days=1))
    assert tomorrow.overdue == {"GBP": Decimal(100)}


def test_a_ledger_that_owes_nothing_is_kept_too(store: Store, connection: ConnectionRow) -> None:
    store.runs.finish(store.runs.start(connection.id, "pull"), outcome="done")
    assert store.sums.owed(connection.id, TODAY).customers == 0
    (standing,) = store.standings.read(TODAY)
    assert standing.owed == ()


def test_only_what_changed_is_added_up() -> None:
    kept: KeptSums[int] = KeptSums()
    asked: list[list[int]] = []

    def add_up(numbers: object) -> dict[int, int]:
        asked.append(sorted(numbers))  # type: ignore[call-overload]
        return dict.fromkeys(asked[-1], len(asked))

    assert kept.get({1: "a", 2: "a", 3: None}, add_up) == {1: 1, 2: 1, 3: 1}
    assert kept.get({1: "a", 2: "b", 3: None}, add_up) == {1: 1, 2: 2, 3: 2}
    assert asked == [[1, 2, 3], [2, 3]]
    assert kept.get({1: "a", 2: "b"}, add_up) == {1: 1, 2: 2}
    assert len(asked) == 2
