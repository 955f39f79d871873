"""Promises are what customers said; a plan shows what became of them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from tests.builders.records import an_invoice

from arsync.connector_sdk import Page
from arsync.core.ledger.records import DocumentStatus, RecordKind
from arsync.core.planning.plan import PromiseJudgement
from arsync.errors import UserMistake
from arsync.store import Store
from arsync.store.agreements.promises import MadePromise
from arsync.store.models import ConnectionRow

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TODAY = date(2026, 11, 22)
FRIDAY = date(2026, 11, 27)
PROMISE = MadePromise(["i1"], FRIDAY, TODAY, note="by phone")


def test_a_promise_is_of_several_invoices(store: Store, connection: ConnectionRow) -> None:
    made = PROMISE._replace(
        invoice_ids=["i2", "i1"], amount=Decimal(40), contact_id="c1", also=True
    )
    row = store.promises.record(connection.id, made, who="Ann")
    assert (row.invoice_ids, row.promised_on, row.amount) == (("i2", "i1"), FRIDAY, Decimal(40))
    assert (row.recorded_by, row.recorded_at, row.note) == ("Ann", NOW, "by phone")
    assert (row.contact_id, row.also, row.kept, row.replaced) == ("c1", True, None, False)
    for invoice_id in ("i1", "i2"):
        assert store.promises.recorded(connection.id, invoice_id) == [row]
    assert store.promises.recorded(connection.id) == [row]
    assert store.promises.recorded(connection.id, "i3") == []


def test_withdrawing_brings_the_replaced_ones_back(store: Store, connection: ConnectionRow) -> None:
    first, second = (store.promises.record(connection.id, PROMISE, who="Ann") for _ in range(2))
    both = PROMISE._replace(replaces=[first.id, second.id])
    newer = store.promises.record(connection.id, both, who="Ann")
    assert [row.replaced for row in store.promises.recorded(connection.id)] == [True, True, False]
    assert store.promises.withdraw(connection.id, newer.id)
    assert [row.replaced for row in store.promises.recorded(connection.id)] == [False, False, True]


def test_what_a_plan_judged_is_kept(store: Store, connection: ConnectionRow) -> None:
    number = store.promises.record(connection.id, PROMISE, who="Ann").id
    for kept in (False, True, None):
        store.promises.save(connection.id, [PromiseJudgement(number, kept)])
        assert [row.kept for row in store.promises.recorded(connection.id)] == [kept]
    store.promises.save(connection.id + 1, [PromiseJudgement(number, kept=True)])
    store.promises.save(connection.id, [])
    assert [row.kept for row in store.promises.recorded(connection.id)] == [None]


def test_a_promise_is_for_the_future_and_for_money(store: Store, connection: ConnectionRow) -> None:
    with pytest.raises(UserMistake, match="is past"):
        store.promises.record(connection.id, PROMISE._replace(made_on=date(2026, 11, 28)), who="A")
    with pytest.raises(UserMistake, match="above zero"):
        store.promises.record(connection.id, PROMISE._replace(amount=Decimal(-1)), who="Ann")


def test_those_who_promised_what_is_open_are_named(store: Store, connection: ConnectionRow) -> None:
    invoices = [an_invoice(f"i{number}", f"c{number}", due_on=TODAY) for number in range(1, 5)]
    invoices[1] = invoices[1]._replace(status=DocumentStatus.PAID, amount_due=Decimal(0))
    invoices[2] = invoices[2]._replace(expected_on=FRIDAY)
    store.ledger.apply(connection.id, Page(RecordKind.INVOICES, tuple(invoices), ""), NOW)
    store.promises.record(connection.id, PROMISE, who="Ann")
    store.promises.record(connection.id, PROMISE._replace(invoice_ids=["i2"]), who="Ann")
    mistaken = store.promises.record(connection.id, PROMISE._replace(invoice_ids=["i4"]), who="Ann")
    assert store.ledger.promisers(connection.id) == ["c1", "c3", "c4"]
    store.promises.withdraw(connection.id, mistaken.id)
    assert store.ledger.promisers(connection.id) == ["c1", "c3"]
