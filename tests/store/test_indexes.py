"""What is asked again and again reads few rows, however long the store's history is.

The database itself says how it would answer; nothing is timed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

import pytest
from sqlalchemy import event, insert, text

from arsync.connector_sdk import Page, Record
from arsync.core.actions import ActionKind, ActionState, Via
from arsync.core.actions.registry import MESSAGE_KINDS
from arsync.core.ledger.records import (
    Contact,
    Credit,
    Invoice,
    Organisation,
    Payment,
    RecordKind,
)
from arsync.store import Store
from arsync.store.actions.action_rows import add_events, initial_columns
from arsync.store.db.tables import actions, promised_invoices, promises, runs
from arsync.store.ledger.balance_reconciliation import COMPARED_AT_ONCE
from arsync.store.ledger.record_rows import KINDS
from arsync.store.models import ConnectionRow

from .actions.test_action_store import a_reminder

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TODAY = NOW.date()
ROWS = 3_000
STATES = [ActionState.CONFIRMED] * 8 + [ActionState.APPROVED, ActionState.WITHDRAWN]


@pytest.fixture
def full(store: Store, connection: ConnectionRow) -> tuple[Store, ConnectionRow]:
    """A store with thousands of actions, runs and promises, most of them long done."""
    connection_row = store.connections.add(
        "other", platform="xero", organisation=Organisation("o2", "Other", "GBP", "GB", "UTC")
    )
    rows = []
    for number in range(ROWS):
        action = a_reminder(f"i{number}", contact_id=f"c{number % 700}")
        rows.append(
            {
                **initial_columns(action, state=STATES[number % 10], now=NOW),
                "key": f"{number:032x}",
                "connection_id": (connection, connection_row)[number % 7 == 0].id,
                "position": number,
                "generation": 1,
                "by_person": False,
                "sent_on": TODAY - timedelta(days=number % 900),
            }
        )
    with store.engine.begin() as db:
        db.execute(insert(actions), rows)
        add_events(
            db,
            [(row["key"], NOW, "arsync", None, ActionState.PLANNED, "planned") for row in rows],
        )
        db.execute(
            insert(runs),
            [
                {
                    "connection_id": connection.id,
                    "kind": "sync",
                    "started_at": NOW,
                    "pid": 1,
                    "outcome": "done",
                    "counts": "{}",
                    "host": "here",
                }
                for _ in range(ROWS)
            ],
        )
        db.execute(
            insert(promises),
            [
                {
                    "id": number,
                    "connection_id": connection.id,
                    "made_on": TODAY,
                    "promised_on": TODAY,
                    "replaced": False,
                    "recorded_by": "Ann",
                    "recorded_at": NOW,
                }
                for number in range(1, ROWS)
            ],
        )
        db.execute(
            insert(promised_invoices),
            [
                {
                    "promise_id": number,
                    "connection_id": connection.id,
                    "invoice_id": f"i{number}",
                    "position": 0,
                }
                for number in range(1, ROWS)
            ],
        )
        db.execute(text("ANALYZE"))
    return store, connection


@pytest.fixture
def ledger(store: Store, connection: ConnectionRow) -> tuple[Store, ConnectionRow]:
    """A store of one large ledger, most of it long paid, with some families."""
    pages: dict[RecordKind, list[Record]] = {kind: [] for kind in KINDS}
    for number in range(ROWS):
        parent_id = f"c{number - 1}" if number % 50 == 1 else ""
        contact_id = f"c{number % 700}"
        open_ = Decimal(100 if number % 20 == 0 else 0)
        status = "open" if open_ else "paid"
        pages[RecordKind.CONTACTS].append(Contact(f"c{number}", "C", parent_id=parent_id))
        pages[RecordKind.INVOICES].append(
            Invoice(
                f"i{number}",
                contact_id,
                f"INV-{number}",
                status,
                TODAY,
                TODAY,
                "GBP",
                None,
                Decimal(100),
                open_,
            )
        )
        pages[RecordKind.PAYMENTS].append(
            Payment(f"p{number}", contact_id, "active", TODAY, "GBP", None, Decimal(100), open_, ())
        )
        pages[RecordKind.CREDITS].append(
            Credit(
                f"k{number}",
                contact_id,
                "credit note",
                "",
                status,
                TODAY,
                "GBP",
                None,
                Decimal(100),
                open_,
            )
        )
    for kind, records in pages.items():
        store.ledger.apply(connection.id, Page(kind, tuple(records), "x"), NOW)
    store.ledger.refresh_statistics()
    return store, connection


class Query(NamedTuple):
    statement: str
    parameters: Any


def asked_by(store: Store, ask: Callable[[], object]) -> list[Query]:
    """Return the statements that a call sends to the database."""
    queries: list[Query] = []

    def keep(*args: Any) -> None:
        if re.match(r"\s*(WITH|SELECT|UPDATE|DELETE)\b", args[2]):
            queries.append(Query(args[2], args[3]))

    event.listen(store.engine, "before_cursor_execute", keep)
    ask()
    event.remove(store.engine, "before_cursor_execute", keep)
    return queries


def plan_of(store: Store, query: Query) -> str:
    """Return how the database would answer a statement, in its own words."""
    how = "EXPLAIN QUERY PLAN " if store.engine.dialect.name == "sqlite" else "EXPLAIN "
    with store.engine.connect() as db:
        if store.engine.dialect.name == "postgresql":
            # Tables of a test are small, and statistics of the moment may prefer to read all.
            db.exec_driver_sql("SET LOCAL enable_seqscan = off")
        rows = db.exec_driver_sql(how + query.statement, query.parameters).all()
    return "\n".join(str(row[-1]) for row in rows)


HOT: dict[str, Callable[[Store, ConnectionRow], object]] = {
    "the next action is claimed": lambda store, row: store.claims.claim_next(
        row.id, now=NOW, lease_seconds=60, kinds=set(ActionKind), closed_ways=[Via.SMTP]
    ),
    "what left today is counted": lambda store, row: store.actions.sent_count(
        row.id, MESSAGE_KINDS, TODAY, Via.SMTP
    ),
    "unknown outcomes are listed": lambda store, row: store.actions.list(
        row.id, states={ActionState.UNKNOWN}
    ),
    "undoings are listed": lambda store, row: store.actions.list(row.id, kinds={ActionKind.UNDO}),
    "an action's history is read": lambda store, _: store.actions.events(f"{77:032x}"),
    "what stood before a hold is read": lambda store, row: store.actions.saved(
        row.id, "c5", ActionKind.CREDIT_HOLD, 1
    ),
    "the last run is named": lambda store, row: store.runs.last(row.id),
    "an invoice's promises are read": lambda store, row: store.promises.recorded(row.id, "i5"),
    "an invoice's disputes are read": lambda store, row: store.disputes.recorded(row.id, "i5"),
}
READS_ALL = re.compile(
    # PostgreSQL needs no index for a table of one row at most; and what a recursive query has come
    # upon so far is no table to SQLite.
    r"\bSeq Scan on (?!connections|differences|problems|moved_invoices|customer_entries"
    r"|hold_decisions|customer_pauses|held_conditions|placements|payment_plans|limit_history"
    r"|undeliverable_addresses)"
    r"|^SCAN (?!(upward|family)$|.* (USING (COVERING )?|TABLE )INDEX)",
    re.MULTILINE,
)
SORTS = re.compile(r"\bSort\b|TEMP B-TREE FOR ORDER BY")


def test_each_runs_queries_read_no_whole_table(
    full: tuple[Store, ConnectionRow],
) -> None:
    store, connection = full
    claims = []
    for what, ask in HOT.items():
        askeds = asked_by(store, partial(ask, store, connection))
        assert askeds, what
        for statement in askeds:
            plan = plan_of(store, statement)
            if re.search(r"\b(actions|action_events|runs|promises)\b", statement.statement):
                assert not READS_ALL.search(plan), f"{what}: {plan}"
            if what == "the next action is claimed" and "ORDER BY" in statement.statement:
                claims.append(plan)
    (plan,) = claims
    assert "ix_actions_connection_id_state_position_created_at_key" in plan, plan
    assert not SORTS.search(plan), plan


def test_what_is_due_is_found_by_indexes(store: Store, connection: ConnectionRow) -> None:
    def ask() -> None:
        store.schedules.due(rows_max=10, besides=[connection.id + 1])
        store.schedules.next_due_at()
        store.schedules.begin_if_due(connection.id)

    queries = asked_by(store, ask)
    assert len(queries) == 3
    for query in queries:
        tables = re.findall(r"(?:FROM|JOIN|UPDATE) (\w+)", query.statement)
        assert {*tables} <= {"schedules", "ledgers", "connections", "outages"}
        if store.engine.dialect.name == "sqlite":
            plan = plan_of(store, query)
            assert not re.search(r"^SCAN (?!ledgers)", plan, re.MULTILINE), plan


def test_one_customer_is_read_by_keys_alone(ledger: tuple[Store, ConnectionRow]) -> None:
    store, connection = ledger
    # c100 has a child, c101: both ways through a family are gone.
    queries = asked_by(store, lambda: list(store.ledger.accounts(connection.id, ["c101"])))
    for query in queries:
        if re.search(r"\b(contacts|invoices|payments|credits)\b", query.statement):
            plan = plan_of(store, query)
            assert not READS_ALL.search(plan), f"{query.statement}: {plan}"


def test_sums_of_a_ledger_read_only_what_is_open(ledger: tuple[Store, ConnectionRow]) -> None:
    store, connection = ledger
    if store.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL chooses by its own statistics")
    contact_ids = [f"c{number}" for number in range(ROWS)]

    def sums() -> None:
        store.ledger.compare(connection.id, contact_ids)
        store.ledger.totals(connection.id, TODAY)

    plans = [plan_of(store, query) for query in asked_by(store, sums) if "sum(" in query.statement]
    portions = -(-ROWS // COMPARED_AT_ONCE)
    summed = ("invoices", "credits", "payments") * portions
    for plan, table in zip(plans, (*summed, "invoices"), strict=True):
        assert f"SEARCH {table} USING COVERING INDEX ix_{table}_open" in plan, plan
