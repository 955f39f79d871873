"""Pins, on both databases."""

from __future__ import annotations

from tests.store.conftest import NOW

from arsync.store import Store
from arsync.store.agreements.pinned_entries import Pin
from arsync.store.models import ConnectionRow


def test_an_entry_is_pinned_once_and_taken_down(store: Store, connection: ConnectionRow) -> None:
    pins = store.pins
    assert pins.pin(connection.id, "c1", "m1", who="Ann")
    assert not pins.pin(connection.id, "c1", "m1", who="Ben")
    assert pins.of(connection.id, "c1") == {"m1": Pin("Ann", NOW)}
    assert pins.of(connection.id, "c2") == {}
    assert pins.take_down(connection.id, "c1", "m1")
    assert not pins.take_down(connection.id, "c1", "m1")
