"""Promises are what customers said; the ledger shows what became of them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from tests.builders.records import an_invoice

from arsync.connector_sdk import Page
from arsync.core.ledger.records import RecordKind
from arsync.errors import UserMistake
from arsync.store import Store
from arsync.store.models import ConnectionRow, PromiseRow

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TODAY = date(2026, 11, 22)
FRIDAY = date(2026, 11, 27)
SATURDAY = date(2026, 11, 28)


def put(store: Store, connection: ConnectionRow, amount_due: str, status: str = "open") -> None:
    invoice = an_invoice(status=status, amount_due=amount_due)
    store.ledger.apply(connection.id, Page(RecordKind.INVOICES, (invoice,), "x"), NOW)


def promise(
    store: Store, connection: ConnectionRow, amount: str | None = None, on: date = FRIDAY
) -> PromiseRow:
    return store.promises.record(
        connection.id,
        "i1",
        promised_on=on,
        made_on=TODAY,
        who="Ann",
        amount=Decimal(amount) if amount else None,
        note="by phone",
    )


@pytest.mark.parametrize(
    ("amount", "due_after", "status", "today", "kept"),
    [
        (None, "100", "open", FRIDAY, None),
        (None, "100", "open", SATURDAY, False),
        (None, "0", "paid", TODAY, True),
        (None, "0.01", "open", SATURDAY, False),
        ("40", "60.01", "open", FRIDAY, None),
        ("40", "60.01", "open", SATURDAY, False),
        ("40", "60", "open", TODAY, True),
        (None, "100", "voided", SATURDAY, True),
    ],
)
def test_a_promise_is_kept_or_broken_by_what_came(
    store: Store,
    connection: ConnectionRow,
    amount: str | None,
    due_after: str,
    status: str,
    today: date,
    kept: bool | None,
) -> None:
    put(store, connection, "100")
    promise_row = promise(store, connection, amount)
    put(store, connection, due_after, status)
    changed = store.promises.review(connection.id, today)
    assert [promise.id for promise in changed] == ([] if kept is None else [promise_row.id])
    assert [promise.kept for promise in store.promises.recorded(connection.id, "i1")] == [kept]
    assert store.promises.review(connection.id, today) == []


def test_a_newer_promise_replaces_an_open_one(store: Store, connection: ConnectionRow) -> None:
    put(store, connection, "100")
    promise(store, connection)
    promise(store, connection, on=SATURDAY)
    rows = store.promises.recorded(connection.id)
    assert [(row.promised_on, row.replaced) for row in rows] == [(FRIDAY, True), (SATURDAY, False)]
    assert rows[1].recorded_by == "Ann"
    assert rows[1].recorded_at == NOW
    changed = store.promises.review(connection.id, date(2026, 12, 1))
    assert [promise_row.promised_on for promise_row in changed] == [SATURDAY]


def test_a_promise_is_for_the_future_and_for_money(store: Store, connection: ConnectionRow) -> None:
    with pytest.raises(UserMistake, match="is past"):
        promise(store, connection, on=date(2026, 11, 21))
    with pytest.raises(UserMistake, match="above zero"):
        promise(store, connection, "-1")
