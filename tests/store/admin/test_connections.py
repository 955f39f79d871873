"""A connection keeps its history, and its name once it has acted."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from tests.builders.actions import an_action
from tests.store.conftest import asked

from arsync.clock import SetClock
from arsync.connector_sdk import Page, Token
from arsync.core.actions import ActionKind
from arsync.core.ledger.records import Contact, Organisation, RecordKind
from arsync.errors import NeedsReconnect, UserMistake
from arsync.store import Store
from arsync.store.admin.connections import PAUSE_WHY_CHARACTERS_MAX
from arsync.store.models import (
    ConnectionChange,
    ConnectionRow,
    ConnectionState,
    Mode,
    Paused,
)

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
OTHER = Organisation("org-2", "Other Ltd", "EUR")


def act(store: Store, connection: ConnectionRow) -> str:
    action = an_action(ActionKind.NOTE, connection=connection.name)
    return asked(store, connection.id, action, who="Ann", why="test", now=NOW).key


@pytest.fixture
def connection(store: Store) -> ConnectionRow:
    organisation = Organisation("org-1", "Acme Ltd", "GBP", time_zone="Pacific/Auckland")
    return store.connections.add("acme", platform="xero", organisation=organisation)


def test_a_new_connection_observes(store: Store, connection: ConnectionRow) -> None:
    assert connection.mode == "observe"
    assert connection.taken_over_on is None
    assert connection.state == "connected"
    assert store.connections.get("acme") == connection
    assert store.connections.all() == [connection]
    assert store.connections.by_organisation("xero", "org-1") == connection
    assert store.connections.by_organisation("quickbooks", "org-1") is None


def test_taking_over_is_dated_once_by_the_organisations_day(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    clock.moment = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)  # the 23rd in Auckland
    assert store.connections.set_mode("acme", "approve").taken_over_on == date(2026, 11, 23)
    clock.moment = datetime(2026, 12, 24, 20, 0, tzinfo=UTC)
    store.connections.set_mode("acme", "observe")
    assert store.connections.set_mode("acme", "auto").taken_over_on == date(2026, 11, 23)


def test_an_unknown_mode_is_refused(store: Store, connection: ConnectionRow) -> None:
    with pytest.raises(UserMistake, match="It can be observe, approve, auto"):
        store.connections.set_mode("acme", "yolo")


def test_a_wrong_name_gets_a_hint(store: Store) -> None:
    with pytest.raises(UserMistake, match="there is none yet"):
        store.connections.get("acme")
    store.connections.add("acme", platform="xero", organisation=OTHER)
    with pytest.raises(UserMistake, match="did you mean 'acme'"):
        store.connections.get("amce")
    with pytest.raises(UserMistake, match="there are: acme"):
        store.connections.get("zzz")


def test_names_and_organisations_are_not_taken_twice(
    store: Store, connection: ConnectionRow
) -> None:
    with pytest.raises(UserMistake, match="belongs to the connection of Acme Ltd"):
        store.connections.add("acme", platform="xero", organisation=OTHER)
    with pytest.raises(UserMistake, match="is connected already, as 'acme'"):
        store.connections.add("acme2", platform="xero", organisation=connection.organisation)
    for name in ("", " ", "a|b", "x" * 61, "two\nlines"):
        with pytest.raises(UserMistake, match="cannot name a connection"):
            store.connections.add(name, platform="xero", organisation=OTHER)


def test_a_restored_connection_has_history_and_an_empty_copy(
    store: Store, connection: ConnectionRow
) -> None:
    page = Page(RecordKind.CONTACTS, (Contact("c1", "Customer"),), "cursor")
    store.ledger.apply(connection.id, page, NOW)
    key = act(store, connection)
    store.connections.remove("acme")
    assert store.connections.all() == []
    assert store.connections.by_organisation("xero", "org-1") is None
    assert store.ledger.cursor(connection.id) is None
    assert store.actions.get(key).connection_id == connection.id
    with pytest.raises(UserMistake, match="belongs to the removed connection of Acme Ltd"):
        store.connections.add("acme", platform="xero", organisation=OTHER)
    back = store.connections.add("new", platform="xero", organisation=connection.organisation)
    assert (back.id, back.name) == (connection.id, "acme")
    assert store.connections.all() == [back]


def test_coming_back_is_not_taking_over_again(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    first = store.connections.set_mode("acme", "auto").taken_over_on
    store.connections.remove("acme")
    clock.moment = datetime(2027, 3, 1, tzinfo=UTC)
    back = store.connections.add(
        "acme", platform="xero", organisation=connection.organisation, mode="auto"
    )
    assert back.taken_over_on == first == date(2026, 11, 22)


def test_only_a_connection_that_never_acted_is_renamed(
    store: Store, connection: ConnectionRow
) -> None:
    assert store.connections.rename("acme", "acme-uk").id == connection.id
    act(store, connection)
    with pytest.raises(UserMistake, match="keeps its name"):
        store.connections.rename("acme-uk", "acme")


def a_token(name: str = "a") -> Token:
    return Token(f"access-{name}", f"refresh-{name}", NOW)


def test_a_new_authorisation_reconnects_and_replaces_the_old(
    store: Store, connection: ConnectionRow
) -> None:
    first = store.tokens.create("xero", a_token("one"))
    store.connections.attach(connection.id, first)
    store.connections.set_state(connection.id, ConnectionState.NEEDS_RECONNECT)
    assert store.connections.get("acme").state == "needs reconnect"
    second = store.tokens.create("xero", a_token("two"))
    store.connections.attach(connection.id, second)
    row = store.connections.get("acme")
    assert (row.state, row.grant_id) == ("connected", second)
    with pytest.raises(NeedsReconnect):
        store.tokens.load(first)


def test_a_shared_consent_stays_until_nobody_needs_it(
    store: Store, connection: ConnectionRow
) -> None:
    grant = store.tokens.create("xero", a_token())
    store.connections.attach(connection.id, grant)
    store.connections.add("other", platform="xero", organisation=OTHER, grant_id=grant)
    store.connections.remove("acme")
    assert store.tokens.load(grant) == a_token()
    store.connections.remove("other")
    with pytest.raises(NeedsReconnect):
        store.tokens.load(grant)


def test_rereading_an_organisation_changes_only_differences(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    same = Page(RecordKind.ORGANISATION, (connection.organisation,), "")
    assert store.ledger.apply(connection.id, same, clock.now()).updated == 0
    named = connection.organisation._replace(name="Acme Holdings")
    page = Page(RecordKind.ORGANISATION, (named,), "")
    assert store.ledger.apply(connection.id, page, clock.now()).updated == 1
    assert store.connections.by_id(connection.id).organisation == named


def test_several_connections_change_together_or_not(
    store: Store, connection: ConnectionRow
) -> None:
    other = store.connections.add("other", platform="xero", organisation=OTHER)
    change = ConnectionChange(Mode.APPROVE, paused=True, reason="new bank")
    with pytest.raises(UserMistake, match="disconnected meanwhile"):
        store.connections.change([connection.id, other.id, 999], change, who="Ann")
    assert [(row.mode, row.paused) for row in store.connections.all()] == [("observe", None)] * 2
    changed = store.connections.change([connection.id, other.id], change, who="Ann")
    assert [pair.before.mode for pair in changed] == ["observe"] * 2
    paused = Paused(NOW, "Ann", "new bank")
    assert [(pair.after.mode, pair.after.paused) for pair in changed] == [("approve", paused)] * 2
    assert store.connections.get("acme").taken_over_on == date(2026, 11, 22)


def test_a_pause_that_stands_keeps_its_reason(store: Store, connection: ConnectionRow) -> None:
    store.connections.pause([connection.id], who="Ann", why="new bank")
    store.connections.pause([connection.id], who="Bob", why="x" * 300)
    assert store.connections.get("acme").paused == Paused(NOW, "Ann", "new bank")
    store.connections.resume([connection.id])
    assert store.connections.get("acme").paused is None
    store.connections.pause([connection.id], who="Bob", why="x" * 300)
    paused = store.connections.get("acme").paused
    assert paused is not None
    assert len(paused.reason) == PAUSE_WHY_CHARACTERS_MAX


def test_a_connection_of_each_zone_stands_for_all(store: Store, connection: ConnectionRow) -> None:
    connections = store.connections
    assert connections.one_of_each_zone(2) == [connection]
    same = Organisation("org-3", "Same Ltd", "GBP", time_zone="Pacific/Auckland")
    connections.add("same", platform="xero", organisation=same)
    assert connections.one_of_each_zone(2) == [connection]
    connections.add("other", platform="xero", organisation=OTHER)
    assert {row.name for row in connections.one_of_each_zone(2)} == {"acme", "other"}
    assert len(connections.one_of_each_zone(1)) == 1
