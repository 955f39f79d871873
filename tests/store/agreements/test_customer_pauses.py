"""Customers that a person leaves alone: one pause at a time, read with the account."""

from __future__ import annotations

from datetime import UTC, date, datetime

from arsync.connector_sdk import Page
from arsync.core.ledger.records import Contact, CustomerPause, RecordKind
from arsync.store import Store
from arsync.store.models import ConnectionRow

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TODAY, LATER = date(2026, 11, 22), date(2026, 12, 24)


def pauses_of(store: Store, connection: ConnectionRow) -> list[tuple[date, str]]:
    (account,) = store.ledger.accounts(connection.id, ["c1"])
    return [(pause.until, pause.reason) for pause in account.pauses]


def test_a_newer_pause_takes_the_older_ones_place(store: Store, connection: ConnectionRow) -> None:
    people = Page(RecordKind.CONTACTS, (Contact("c1", "Acme"),), "next")
    store.ledger.apply(connection.id, people, NOW)
    assert pauses_of(store, connection) == []
    for until, reason in ((TODAY, "first"), (LATER, "second")):
        store.pauses.begin(connection.id, CustomerPause("c1", until, "Jo", reason, TODAY))
    assert pauses_of(store, connection) == [(LATER, "second")]
    exported = store.privacy.export(connection.id, "c1")["left_alone"]
    assert [row["reason"] for row in exported] == ["first", "second"]
    assert store.pauses.end(connection.id, "c1", "Ann")
    assert not store.pauses.end(connection.id, "c1", "Ann")
    assert pauses_of(store, connection) == []


def test_a_pause_counts_from_its_day_on() -> None:
    pause = CustomerPause("c1", LATER, "Jo", "holidays", TODAY)
    assert pause.stands_on(TODAY)
    assert pause.stands_on(LATER)
    assert not pause.stands_on(date(2026, 11, 21))
    assert not pause.stands_on(date(2026, 12, 25))
