"""An address that took no mail is kept once, until a person clears it."""

from __future__ import annotations

from datetime import date

from tests.builders.actions import an_action
from tests.store.conftest import NOW, asked

from arsync.clock import SetClock
from arsync.connector_sdk import Page
from arsync.core.actions import ActionKind
from arsync.core.ledger.records import Contact, Organisation, RecordKind, UndeliverableAddress
from arsync.store import Store
from arsync.store.agreements.undeliverable_addresses import REASON_CHARACTERS_MAX
from arsync.store.models import ConnectionRow

DAY = date(2026, 11, 20)
BAD = UndeliverableAddress("c1", "jo@x.test", DAY, "550 no such user")


def save(store: Store, connection: ConnectionRow, email: str) -> None:
    contact = Contact("c1", "Customer", email=email)
    store.ledger.apply(connection.id, Page(RecordKind.CONTACTS, (contact,), email), NOW)


def standing(store: Store, connection: ConnectionRow) -> tuple[UndeliverableAddress, ...]:
    (account,) = store.ledger.accounts(connection.id, ["c1"])
    (same,) = store.ledger.accounts(connection.id)
    assert account.undeliverable == same.undeliverable
    return account.undeliverable


def test_it_stands_while_the_books_hold_the_address(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    save(store, connection, "jo@x.test")
    assert standing(store, connection) == ()
    assert store.undeliverable.record(connection.id, BAD, action_key="k", now=clock.now())
    assert standing(store, connection)[0][:4] == BAD[:4]
    save(store, connection, "new@x.test")
    assert standing(store, connection) == ()
    save(store, connection, "JO@x.test")
    assert len(standing(store, connection)) == 1


def test_it_is_kept_once_until_it_is_cleared(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    save(store, connection, "jo@x.test")
    again = BAD._replace(address="Jo@x.test", reason="x" * 1_000)
    store.undeliverable.record(connection.id, BAD, action_key="k", now=clock.now())
    assert not store.undeliverable.record(connection.id, again, action_key="k2", now=clock.now())
    (first,) = store.undeliverable.standing(connection.id)
    store.undeliverable.clear(connection.id, first.number, who="Jo", now=clock.now())
    assert standing(store, connection) == ()
    assert store.undeliverable.record(connection.id, again, action_key="k2", now=clock.now())
    (second,) = standing(store, connection)
    assert second.number != first.number
    assert len(second.reason) == REASON_CHARACTERS_MAX
    rows = store.undeliverable.recorded(connection.id)
    assert [(row.action_key, row.cleared_by) for row in rows] == [("k", "Jo"), ("k2", "")]


def test_what_came_back_is_told_once(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    save(store, connection, "jo@x.test")
    action = an_action(ActionKind.REMINDER, contact_id="c1")
    row = asked(store, connection.id, action, who="t", why="planned", now=clock.now())
    words = "came back from jo@x.test: 550 no such user"

    def came_back(connection_id: int) -> bool:
        return store.undeliverable.came_back(
            connection_id, row.key, BAD, who="mailbox", why=words, now=clock.now()
        )

    assert came_back(connection.id)
    last = store.actions.events(row.key)[-1]
    assert (last.actor, last.reason, last.from_state) == ("mailbox", words, last.to_state)
    (first,) = store.undeliverable.standing(connection.id)
    store.undeliverable.clear(connection.id, first.number, who="Jo", now=clock.now())
    assert not came_back(connection.id), "a mailbox that is read again tells nothing twice"
    assert store.undeliverable.standing(connection.id) == []
    note = store.undeliverable.note
    assert note(connection.id, row.key, who="mailbox", why="out of office", now=clock.now())
    assert not note(connection.id, row.key, who="mailbox", why="out of office", now=clock.now())


def test_another_connections_letter_is_not_touched(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    other = store.connections.add(
        "other", platform="xero", organisation=Organisation("o2", "Other", "GBP")
    )
    action = an_action(ActionKind.REMINDER, contact_id="c1")
    row = asked(store, connection.id, action, who="t", why="planned", now=clock.now())
    before = store.actions.events(row.key)
    assert not store.undeliverable.came_back(
        other.id, row.key, BAD, who="mailbox", why="came back", now=clock.now()
    )
    assert store.actions.events(row.key) == before
    assert store.undeliverable.standing(other.id) == []


def test_addresses_are_exported_and_forgotten(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    save(store, connection, "jo@x.test")
    store.undeliverable.record(connection.id, BAD, action_key="k", now=clock.now())
    (held,) = store.privacy.export(connection.id, "Customer")["undeliverable_addresses"]
    assert (held["address"], held["reason"]) == ("jo@x.test", "550 no such user")
    store.privacy.forget(connection.id, "Customer")
    assert store.undeliverable.standing(connection.id) == []
    assert store.privacy.export(connection.id, "c1")["undeliverable_addresses"] == []
