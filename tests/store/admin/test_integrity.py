"""A store that contradicts itself says where; a sound one says nothing."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text
from tests.builders.actions import an_action
from tests.builders.records import a_credit, a_payment, an_invoice
from tests.store.conftest import asked

from arsync.connector_sdk import Page, Receipt
from arsync.core.actions import ActionKind, ActionState
from arsync.core.ledger.records import (
    Allocation,
    Contact,
    RecordKind,
)
from arsync.store import Fault, Store
from arsync.store.agreements.promises import MadePromise
from arsync.store.models import ConnectionRow

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
DAY = date(2026, 11, 1)


@pytest.fixture
def sound(store: Store, connection: ConnectionRow) -> Store:
    """A store in which everything agrees: a part-paid and credited invoice, a sent note."""
    invoice = an_invoice("i1", issued_on=DAY, due_on=DAY, rate=1, total=100, amount_due=30)
    payment = a_payment(
        "p1",
        paid_on=DAY,
        rate=1,
        amount=60,
        unallocated=10,
        allocations=(Allocation("i1", Decimal(50), DAY),),
    )
    credit = a_credit(
        "k1",
        issued_on=DAY,
        rate=1,
        total=25,
        unallocated=5,
        allocations=(Allocation("i1", Decimal(20), DAY),),
    )
    for kind, record in (
        (RecordKind.CONTACTS, Contact("c1", "Customer")),
        (RecordKind.INVOICES, invoice),
        (RecordKind.PAYMENTS, payment),
        (RecordKind.CREDITS, credit),
    ):
        store.ledger.apply(connection.id, Page(kind, (record,), "1"), NOW)
    promise = MadePromise(["i1"], NOW.date(), NOW.date())
    store.promises.record(connection.id, promise, who="Ann")
    note = an_action(ActionKind.NOTE)
    asked(store, connection.id, note, who="Ann", why="asked", now=NOW)
    claimed = store.claims.claim_next(
        connection.id, now=NOW, lease_seconds=60, kinds=None, today=NOW.date()
    )
    assert claimed is not None
    store.actions.change(
        note.key, ActionState.SENT, who="arsync", why="done", now=NOW, receipt=Receipt("h1")
    )
    return store


def faults(store: Store, connection: ConnectionRow) -> list[Fault]:
    return list(store.faults(connection.id))


def test_a_sound_store_has_no_faults(sound: Store, connection: ConnectionRow) -> None:
    assert faults(sound, connection) == []


@pytest.mark.parametrize(
    ("damage", "about", "message"),
    [
        ("UPDATE actions SET state = 'approved'", "actions", "not the one of their last event"),
        ("DELETE FROM action_events", "actions", "no event tells how they came about"),
        ("DELETE FROM action_events WHERE to_state = 'sending'", "actions", "have a gap"),
        (
            "UPDATE action_events SET to_state = 'confirmed' WHERE to_state = 'sent'",
            "actions",
            "went from sending to confirmed, which cannot be",
        ),
        ("UPDATE actions SET sent_on = NULL", "actions", "no day of sending is kept"),
        ("UPDATE payments SET unallocated = 110000", "allocations", "more is matched.*p1"),
        ("UPDATE credits SET total = 200000", "allocations", "more is matched.*CN-1"),
        ("UPDATE invoices SET amount_due = 400000", "allocations", "more money is.*INV-1"),
        ("UPDATE invoices SET amount_due = -1", "documents", "amount due is not between.*i1"),
        ("UPDATE credits SET unallocated = 300000", "documents", "unallocated is not.*k1"),
        ("DELETE FROM invoices", "people", "does not have the invoices of promises: i1"),
    ],
)
def test_what_contradicts_itself_is_named(
    sound: Store, connection: ConnectionRow, damage: str, about: str, message: str
) -> None:
    with sound.engine.begin() as db:
        db.execute(text(damage))
    assert about in {fault.about for fault in faults(sound, connection)}
    assert any(re.search(message, fault.message) for fault in faults(sound, connection))


def test_a_credit_matched_without_money_is_no_contradiction(
    sound: Store, connection: ConnectionRow
) -> None:
    """As QuickBooks does it: the credit memo lists nothing, a payment of 0 names the invoice."""
    credit = a_credit("k2", number="CM-2", issued_on=DAY, rate=1, total=20, unallocated=0)
    empty = a_payment(
        "p2", paid_on=DAY, rate=1, amount=0, allocations=(Allocation("i2", Decimal(20), DAY),)
    )
    paid = an_invoice("i2", issued_on=DAY, due_on=DAY, rate=1, total=50, amount_due=30)
    for kind, record in (
        (RecordKind.INVOICES, paid),
        (RecordKind.CREDITS, credit),
        (RecordKind.PAYMENTS, empty),
    ):
        sound.ledger.apply(connection.id, Page(kind, (record,), "2"), NOW)
    assert faults(sound, connection) == []
    more = empty._replace(allocations=(Allocation("i2", Decimal(21), DAY),))
    sound.ledger.apply(connection.id, Page(RecordKind.PAYMENTS, (more,), "3"), NOW)
    assert "p2" in " ".join(fault.message for fault in faults(sound, connection))


def test_a_long_list_is_counted_not_printed(sound: Store, connection: ConnectionRow) -> None:
    many = tuple(
        an_invoice(f"j{number}", issued_on=DAY, due_on=DAY, total=1, amount_due=2)
        for number in range(12)
    )
    sound.ledger.apply(connection.id, Page(RecordKind.INVOICES, many, "2"), NOW)
    (fault,) = faults(sound, connection)
    assert fault.message.endswith("j0, j1, j10, j11, j2 and 7 more.")
