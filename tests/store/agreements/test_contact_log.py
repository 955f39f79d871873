"""The log of a customer: kept, taken back once, and read by customer."""

from __future__ import annotations

from datetime import date

import pytest
from tests.builders.actions import an_action

from arsync.core.actions import Action, ActionKind, ActionState
from arsync.core.ledger.records import LogKind
from arsync.errors import UserMistake
from arsync.store import Store
from arsync.store.models import ConnectionRow, LogRow

MONDAY, FRIDAY = date(2026, 11, 16), date(2026, 11, 20)


def logged(
    store: Store, connection: ConnectionRow, contact: str, kind: LogKind, on: date, text: str = ""
) -> LogRow:
    return store.log.add(
        connection.id, contact, kind=kind, happened_on=on, text=text, who="Ann", noted_by=note_of
    )


def note_of(row: LogRow) -> Action:
    return an_action(ActionKind.NOTE, contact_id=row.contact_id, subject=f"{row.id} {row.text}")


def test_entries_of_a_customer_come_in_order(store: Store, connection: ConnectionRow) -> None:
    call = logged(store, connection, "c1", LogKind.CALL, FRIDAY, "later")
    visit = logged(store, connection, "c1", LogKind.VISIT, MONDAY, "earlier")
    logged(store, connection, "c2", LogKind.NOTE, MONDAY)
    assert store.log.of(connection.id, ["c1"]) == [visit, call]
    assert len(store.log.recorded(connection.id)) == 3


def test_an_entry_is_taken_back_once(store: Store, connection: ConnectionRow) -> None:
    row = logged(store, connection, "c1", LogKind.CALL, FRIDAY)
    key = note_of(row).key
    taken = store.log.take_back(
        connection.id, row.id, who="Ben", why="a slip", note_key=key, noted_by=note_of
    )
    assert (taken.taken_back_by, taken.taken_back_why) == ("Ben", "a slip")
    assert store.actions.get(key).state is ActionState.WITHDRAWN, "its note had not left"
    with pytest.raises(UserMistake, match="was taken back already"):
        store.log.take_back(connection.id, row.id, who="Ben", why="again", note_key=key)
    with pytest.raises(UserMistake, match="the log has no entry 77"):
        store.log.entry(connection.id, 77)


def test_the_day_of_signed_terms_is_the_last(store: Store, connection: ConnectionRow) -> None:
    for day in (MONDAY, FRIDAY):
        logged(store, connection, "c1", LogKind.TERMS_SIGNED, day)
    by_mistake = logged(store, connection, "c2", LogKind.TERMS_SIGNED, MONDAY)
    store.log.take_back(connection.id, by_mistake.id, who="Ben", why="not yet", note_key="")
    assert store.log.terms_signed_on(connection.id, ["c1", "c2"]) == FRIDAY
    assert store.log.terms_signed_on(connection.id, ["c2"]) is None
