"""Placements: what a rule's action made, and what people said of it, are one record each."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.builders.actions import an_action, an_invoice_ref
from tests.builders.records import a_contact, an_invoice
from tests.store.conftest import asked

from arsync.clock import SetClock
from arsync.connector_sdk import Page
from arsync.core.actions import Action, ActionKind
from arsync.core.ledger.records import Account, PlacedDebt, Placement, RecordKind
from arsync.errors import UserMistake
from arsync.store import Store
from arsync.store.agreements.placements import PlacementEnd
from arsync.store.models import ConnectionRow

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TODAY = date(2026, 11, 22)
DEBT = PlacedDebt("i1", Decimal(100), "GBP")
BY_HAND = Placement("k1", "Example Collections", TODAY, (DEBT,))
RECALL = PlacementEnd("recalled", TODAY, "they paid Ann")


@pytest.fixture(autouse=True)
def ledger(store: Store, connection: ConnectionRow) -> None:
    for kind, record in (
        (RecordKind.CONTACTS, a_contact("c1")),
        (RecordKind.INVOICES, an_invoice("i1", "c1", amount_due=100, status="open")),
    ):
        store.ledger.apply(connection.id, Page(kind, (record,), "x"), NOW)


def account(store: Store, connection: ConnectionRow, before: datetime | None = None) -> Account:
    (only,) = store.ledger.accounts(connection.id, done_before=before)
    (one,) = store.ledger.accounts(connection.id, ["c1"])
    assert before is not None or one.placements == only.placements
    return only


def an_approved_one(store: Store, connection: ConnectionRow) -> Action:
    """Return a placement that a rule proposed, and that is under way."""
    action = an_action(ActionKind.PLACEMENT, invoices=(an_invoice_ref("i1"),), subject="i1")
    asked(store, connection.id, action, who="test", why="test", now=NOW)
    claimed = store.claims.claim_next(connection.id, now=NOW, lease_seconds=60)
    assert claimed is not None
    return action


def test_a_placement_stands_from_its_record(store: Store, connection: ConnectionRow) -> None:
    store.placements.place(connection.id, "c1", BY_HAND, who="Ann")
    assert account(store, connection).placements == (BY_HAND,)


def test_a_rules_placement_stands_once_it_is_under_way(
    store: Store, connection: ConnectionRow
) -> None:
    action = an_approved_one(store, connection)
    assert account(store, connection).placements == (
        Placement(action.key, "Example Collections", TODAY, (DEBT,)),
    )
    assert store.placements.rows(connection.id) == []


def test_what_a_person_says_of_it_counts(store: Store, connection: ConnectionRow) -> None:
    an_approved_one(store, connection)
    (placement,) = account(store, connection).placements
    row = store.placements.end(connection.id, "c1", placement, RECALL, who="Ben")
    assert (row.ended_as, row.ended_why, row.ended_by) == ("recalled", "they paid Ann", "Ben")
    row = store.placements.cost(connection.id, "c1", placement, (Decimal(45), "GBP"), who="Ben")
    assert (row.cost, row.currency, row.debts) == (Decimal(45), "GBP", (DEBT,))
    (ended,) = account(store, connection).placements
    assert (ended.ended_on, ended.ended_as) == (TODAY, "recalled")


def test_the_past_knows_no_later_end(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    store.placements.place(connection.id, "c1", BY_HAND, who="Ann")
    clock.moment += timedelta(days=5)
    store.placements.end(connection.id, "c1", BY_HAND, RECALL, who="Ben")
    assert account(store, connection, before=NOW).placements == ()
    assert account(store, connection, before=NOW + timedelta(1)).placements == (BY_HAND,)


def test_a_note_comes_with_its_record(store: Store, connection: ConnectionRow) -> None:
    note = an_action(ActionKind.PLACEMENT, invoices=(an_invoice_ref("i1"),))
    placement = BY_HAND._replace(key=note.key)
    store.placements.place(connection.id, "c1", placement, who="Ann", note=note)
    assert store.actions.get(note.key).by_person


def test_what_was_said_is_exported_and_forgotten(store: Store, connection: ConnectionRow) -> None:
    store.placements.end(connection.id, "c1", BY_HAND, RECALL, who="Ben")
    exported: Any = store.privacy.export(connection.id, "c1")["placements"]
    assert (exported[0]["agency"], exported[0]["ended_why"]) == (
        "Example Collections",
        "they paid Ann",
    )
    with pytest.raises(UserMistake, match="still owes"):
        store.privacy.forget(connection.id, "c1")
    paid = an_invoice("i1", "c1", amount_due=0, status="paid", version="2")
    store.ledger.apply(connection.id, Page(RecordKind.INVOICES, (paid,), "x"), NOW)
    store.privacy.forget(connection.id, "c1")
    assert store.placements.rows(connection.id)[0].ended_why == ""
