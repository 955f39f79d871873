"""What is asked again and again reads few rows, however long the store's history is.

The database itself says how it would answer; nothing is timed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import pytest
from sqlalchemy import event, insert, text

from arsync.core.actions import ActionKind, ActionState, Via
from arsync.core.ledger.records import Organisation
from arsync.store import Store
from arsync.store.actions.action_rows import add_events, new_life
from arsync.store.db.tables import actions, promises, runs
from arsync.store.models import ConnectionRow

from .test_actions import a_reminder

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
                **new_life(action, state=STATES[number % 10], now=NOW),
                "key": f"{number:032x}",
                "connection_id": (connection, connection_row)[number % 7 == 0].id,
                "position": number,
                "generation": 1,
                "by_person": False,
                "sent_on": TODAY - timedelta(days=number % 900),
            }
        )
    with store.engine.begin() as database:
        database.execute(insert(actions), rows)
        add_events(
            database,
            [(row["key"], NOW, "arsync", None, ActionState.PLANNED, "planned") for row in rows],
        )
        database.execute(
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
        database.execute(
            insert(promises),
            [
                {
                    "connection_id": connection.id,
                    "invoice_id": f"i{number}",
                    "made_on": TODAY,
                    "promised_on": TODAY,
                    "replaced": False,
                    "recorded_by": "Ann",
                    "recorded_at": NOW,
                }
                for number in range(ROWS)
            ],
        )
        database.execute(text("ANALYZE"))
    return store, connection


class Asked(NamedTuple):
    statement: str
    parameters: Any


def asked_by(store: Store, ask: Callable[[], object]) -> list[Asked]:
    """Return the statements that a call sends to the database."""
    askeds: list[Asked] = []

    def keep(*args: Any) -> None:
        if re.match(r"\s*(SELECT|UPDATE|DELETE)\b", args[2]):
            askeds.append(Asked(args[2], args[3]))

    event.listen(store.engine, "before_cursor_execute", keep)
    ask()
    event.remove(store.engine, "before_cursor_execute", keep)
    return askeds


def plan_of(store: Store, asked: Asked) -> str:
    """Return how the database would answer a statement, in its own words."""
    how = "EXPLAIN QUERY PLAN " if store.engine.dialect.name == "sqlite" else "EXPLAIN "
    with store.engine.connect() as database:
        rows = database.exec_driver_sql(how + asked.statement, asked.parameters).all()
    return "\n".join(str(row[-1]) for row in rows)


HOT: dict[str, Callable[[Store, ConnectionRow], object]] = {
    "the next action is claimed": lambda store, row: store.actions.claim_next(
        row.id, now=NOW, lease_seconds=60, kinds=set(ActionKind), reminders_by=[Via.PLATFORM]
    ),
    "what left today is counted": lambda store, row: store.actions.sent_count(
        row.id, ActionKind.REMINDER, TODAY, Via.SMTP
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
    "an invoice's promises are read": lambda store, row: store.people.promises(row.id, "i5"),
    "an invoice's disputes are read": lambda store, row: store.people.disputes(row.id, "i5"),
}
READS_ALL = re.compile(r"\bSeq Scan\b|^SCAN (?!.* (USING (COVERING )?|TABLE )INDEX)", re.MULTILINE)
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
