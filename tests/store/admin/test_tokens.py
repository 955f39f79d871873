"""Tokens are unreadable at rest, refreshed by one at a time, and saved before use."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from arsync.clock import SetClock
from arsync.connector_sdk import Token
from arsync.core.ledger.records import Organisation
from arsync.errors import NeedsReconnect, RetryLater, UserMistake
from arsync.store import Keys, Store, open_store
from arsync.store.models import ConnectionRow, ConnectionState

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
OLD = Token("old-access", "old-refresh", NOW, "accounting offline_access", NOW + timedelta(days=60))
NEW = Token("new-access", "new-refresh", NOW + timedelta(minutes=30))


def test_a_token_comes_back_as_it_was(store: Store) -> None:
    assert store.tokens.load(store.tokens.create("xero", OLD)) == OLD
    assert store.tokens.load(store.tokens.create("xero", NEW)) == NEW


def test_no_part_of_a_token_is_readable_in_storage(store: Store) -> None:
    store.tokens.create("xero", OLD)
    with store.engine.connect() as db:
        row = str(db.execute(text("SELECT * FROM grants")).one())
    for secret in ("old-access", "old-refresh", "offline_access"):
        assert secret not in row


def test_a_refresh_is_saved_before_it_is_used(store: Store) -> None:
    grant = store.tokens.create("xero", OLD)
    assert store.tokens.refreshed(grant, OLD, lambda _: NEW) == NEW
    assert store.tokens.load(grant) == NEW


def test_who_comes_late_finds_the_new_token(store: Store) -> None:
    grant = store.tokens.create("xero", OLD)
    store.tokens.save(grant, NEW)

    def never(_: Token) -> Token:
        raise AssertionError("a refresh token is used once")

    assert store.tokens.refreshed(grant, OLD, never) == NEW


def test_of_many_at_once_only_one_refreshes(
    store: Store, store_url: str, clock: SetClock, keys: Keys
) -> None:
    grant = store.tokens.create("xero", OLD)
    refreshes: list[str] = []
    tokens: list[Token] = []

    def refresh(token: Token) -> Token:
        refreshes.append(token.refresh_token)
        time.sleep(0.1)
        return NEW

    def work() -> None:
        with open_store(store_url, clock=clock, keys=keys) as mine:
            tokens.append(mine.tokens.refreshed(grant, OLD, refresh))

    workers = [threading.Thread(target=work) for _ in range(5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert refreshes == ["old-refresh"]
    assert tokens == [NEW] * 5


def test_a_dead_grant_marks_every_connection_it_opened(
    store: Store, connection: ConnectionRow
) -> None:
    grant = store.tokens.create("xero", OLD)
    store.connections.attach(connection.id, grant)
    store.connections.add(
        "other", platform="xero", organisation=Organisation("o2", "O", "GBP"), grant_id=grant
    )

    def refuse(_: Token) -> Token:
        raise NeedsReconnect("invalid_grant")

    with pytest.raises(NeedsReconnect):
        store.tokens.refreshed(grant, OLD, refuse)
    assert [connection_row.state for connection_row in store.connections.all()] == [
        "needs reconnect"
    ] * 2
    assert store.tokens.load(grant) == OLD


def test_a_refresh_that_did_not_get_through_changes_nothing(
    store: Store, connection: ConnectionRow
) -> None:
    grant = store.tokens.create("xero", OLD)
    store.connections.attach(connection.id, grant)

    def busy(_: Token) -> Token:
        raise RetryLater("away")

    with pytest.raises(RetryLater):
        store.tokens.refreshed(grant, OLD, busy)
    assert store.connections.get("acme").state == "connected"
    assert store.tokens.refreshed(grant, OLD, lambda _: NEW) == NEW


def test_another_key_opens_nothing_and_says_so(
    store: Store, store_url: str, clock: SetClock
) -> None:
    grant = store.tokens.create("xero", OLD)
    wrong = Keys(Fernet.generate_key().decode())
    with open_store(store_url, clock=clock, keys=wrong) as second:
        with pytest.raises(UserMistake, match="encrypted with another key"):
            second.tokens.load(grant)
        with pytest.raises(UserMistake, match="encrypted with another key"):
            second.tokens.reencrypt()


def test_a_key_is_changed_by_prepending_the_new_one(store_url: str, clock: SetClock) -> None:
    first, second = (Fernet.generate_key().decode() for _ in range(2))
    with open_store(store_url, clock=clock, keys=Keys(first)) as store:
        grant = store.tokens.create("xero", OLD)
    with open_store(store_url, clock=clock, keys=Keys(f"{second}, {first}")) as store:
        assert store.tokens.load(grant) == OLD
        assert store.tokens.reencrypt() == 1
    with open_store(store_url, clock=clock, keys=Keys(second)) as store:
        assert store.tokens.load(grant) == OLD


def test_without_a_key_tokens_are_refused(store_url: str, clock: SetClock) -> None:
    with (
        open_store(store_url, clock=clock) as store,
        pytest.raises(UserMistake, match="without one"),
    ):
        store.tokens.create("xero", OLD)


def test_a_removed_grant_asks_for_a_new_consent(store: Store) -> None:
    for lost in (4711, None):
        with pytest.raises(NeedsReconnect, match="arsync connect"):
            store.tokens.load(lost)
    with pytest.raises(NeedsReconnect, match="arsync connect"):
        store.tokens.save(4711, NEW)


def told(store: Store, grant_id: int) -> tuple[str, ...]:
    """Return of which connections the owner is notified now, and notify."""
    with store.tokens.telling(grant_id) as telling:
        telling.done = True
        return telling.names


def test_each_organisation_is_told_of_once(store: Store) -> None:
    grant = store.tokens.create("xero", OLD)
    ids = [
        store.connections.add(
            name, platform="xero", organisation=Organisation(name, name, "GBP"), grant_id=grant
        ).id
        for name in ("first", "second", "third")
    ]
    store.connections.set_state(ids[1], ConnectionState.NEEDS_RECONNECT)
    assert told(store, grant) == ("second",)
    assert told(store, grant) == ()
    store.connections.set_state(ids[2], ConnectionState.NEEDS_RECONNECT)
    assert told(store, grant) == ("third",)
    # Its calls succeed again, and later they are refused again.
    store.connections.set_state(ids[1], ConnectionState.CONNECTED)
    store.connections.set_state(ids[1], ConnectionState.NEEDS_RECONNECT)
    assert told(store, grant) == ("second",)


def test_a_dead_grant_is_told_of_with_all_organisations(store: Store) -> None:
    grant = store.tokens.create("xero", OLD)
    for name in ("first", "second"):
        organisation = Organisation(name, name, "GBP")
        store.connections.add(name, platform="xero", organisation=organisation, grant_id=grant)

    def refuse(_: Token) -> Token:
        raise NeedsReconnect("invalid_grant")

    assert told(store, grant) == ()
    with pytest.raises(NeedsReconnect):
        store.tokens.refreshed(grant, OLD, refuse)
    assert told(store, grant) == ("first", "second")
