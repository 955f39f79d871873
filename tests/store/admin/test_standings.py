"""All connections at once: the right figures for each, by a fixed number of statements."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from tests.builders.many_ledgers import WAYS, fill, statements
from tests.builders.records import an_invoice

from arsync.clock import SetClock
from arsync.connector_sdk import Page
from arsync.core.actions import ActionState
from arsync.core.ledger.records import RecordKind
from arsync.store import Store
from arsync.store.models import LedgerStanding, OwedInvoices

from ..conftest import NOW  # noqa: TID252 - tests are no installed package

TODAY = NOW.date()


def standings(store: Store) -> dict[str, LedgerStanding]:
    found = store.standings.read(TODAY)
    return {standing.connection.name.partition("-")[0]: standing for standing in found}


def test_each_connection_stands_with_its_own_figures(store: Store) -> None:
    fill(store, range(len(WAYS)), NOW)
    by_way = standings(store)
    assert set(by_way) == set(WAYS)
    assert by_way["failing"].last_run is not None
    assert by_way["failing"].last_run.message == "the platform refused Ridge & Co"
    well = by_way["well"]
    assert well.last_run is not None
    assert (well.last_run.kind, well.last_run.outcome) == ("sync", "done")
    assert well.actions == {ActionState.SENT: 1, ActionState.APPROVED: 1}, "what ended is not read"
    assert by_way["unknown"].actions == {ActionState.UNKNOWN: 1}
    safety = by_way["safety"]
    assert (safety.over_safety, safety.actions) == (2, {ActionState.AWAITING_APPROVAL: 2})
    assert (by_way["waiting"].over_safety, by_way["waiting"].open_tasks) == (0, 1)
    assert by_way["away"].outage is not None
    assert by_way["away"].outage.reason == "it did not answer"
    assert by_way["unreadable"].unreadable == 1
    assert [way for way, row in by_way.items() if row.connection.paused] == ["paused"]
    assert well.owed == (OwedInvoices("GBP", None, Decimal(100)),)


def test_money_dated_later_is_told_by_its_day(store: Store, clock: SetClock) -> None:
    fill(store, range(1), NOW)
    (row,) = store.connections.all()
    tomorrow = TODAY + timedelta(days=1)
    later = an_invoice("i2", total=7, issued_on=tomorrow)
    paid = an_invoice("i3", total=9, amount_due=0)
    store.ledger.apply(row.id, Page(RecordKind.INVOICES, (later, paid), "c"), NOW)
    (standing,) = store.standings.read(TODAY)
    assert set(standing.owed) == {
        OwedInvoices("GBP", None, Decimal(100)),
        OwedInvoices("GBP", tomorrow, Decimal(7)),
    }


def test_thirty_cost_as_many_statements_as_three(store: Store) -> None:
    counts = []
    for numbers in (range(3), range(3, 30)):
        fill(store, numbers, NOW)
        with statements(store) as sent:
            assert len(store.standings.read(TODAY)) == numbers.stop
        counts.append(len(sent))
    assert counts[0] == counts[1]


def test_sqlite_reads_no_history_for_it(store: Store) -> None:
    if store.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL chooses by the sizes of its tables")
    fill(store, range(10), NOW)
    with statements(store) as sent:
        store.standings.read(TODAY)
    with store.engine.connect() as db:
        steps = [
            str(row[-1])
            for statement, parameters in sent
            if "SELECT" in statement
            for row in db.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    scanned = {step for step in steps if step.startswith("SCAN")}
    assert len(steps) > len(scanned) > 0
    assert [step for step in scanned if re.search("actions|runs", step)] == []
    assert {step for step in steps if " invoices " in step} == {
        "SEARCH invoices USING COVERING INDEX ix_invoices_open (connection_id=?)"
    }
