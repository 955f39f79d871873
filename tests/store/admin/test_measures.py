"""What monitoring counts: right over all connections, cheap, and never longer than its limit."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

import pytest
from procrastinate.schema import SchemaManager
from sqlalchemy import insert, text
from tests.builders.many_ledgers import fill, statements

from arsync.connector_sdk import RateLimits
from arsync.connector_sdk.rate_window import AcquireRequest
from arsync.core.actions import ActionState
from arsync.errors import RetryLater
from arsync.store import Store
from arsync.store.admin.measures import Measures
from arsync.store.db.tables import webhook_counts
from arsync.store.models import QueueCounts, RunCount, WebhookDeliveries

from ..conftest import NOW  # noqa: TID252 - tests are no installed package

SECONDS = 20.0
QUEUE = "arsync_queue"


def test_counts_are_of_all_connections(store: Store) -> None:
    fill(store, range(20), NOW)
    measured = store.measures.read(SECONDS, QUEUE)
    assert len(measured.ledgers) == 20
    assert set(measured.runs) == {
        RunCount("1h", "done", 18),
        RunCount("24h", "done", 18),
        RunCount("1h", "failed", 2),
        RunCount("24h", "failed", 2),
    }, "runs that only planned, and those of long ago, are left out"
    assert measured.actions == {
        ActionState.AWAITING_APPROVAL: 6,
        ActionState.APPROVED: 2,
        ActionState.SENDING: 0,
        ActionState.SENT: 2,
        ActionState.UNKNOWN: 2,
    }
    assert (measured.over_safety, measured.open_tasks) == (2, 2)
    assert measured.messages["accounting system"] == 4
    assert sum(measured.messages.values()) == 4


def test_a_removed_connection_is_counted_no_more(store: Store) -> None:
    fill(store, range(10), NOW)
    for row in store.connections.all():
        store.connections.remove(row.name)
    measured = store.measures.read(SECONDS, QUEUE)
    assert (measured.ledgers, measured.over_safety, measured.open_tasks) == ((), 0, 0)
    assert set(measured.actions.values()) == {0}


def test_deliveries_add_up_over_the_days(store: Store) -> None:
    rows = [("xero", 0, "taken", 3), ("xero", 1, "taken", 4), ("xero", 0, "bad signature", 1)]
    with store._database.write() as db:
        for platform, days, outcome, deliveries in rows:
            day = NOW.date() - timedelta(days=days)
            values = {"day": day, "outcome": outcome, "deliveries": deliveries, "last_at": NOW}
            db.execute(insert(webhook_counts).values(platform=platform, **values))
    assert store.measures.read(SECONDS, QUEUE).webhooks == (
        WebhookDeliveries("xero", "bad signature", 1),
        WebhookDeliveries("xero", "taken", 7),
    )


def test_calls_are_known_by_app(store: Store) -> None:
    limits = RateLimits(60, 5, calls_per_day=100, app_calls_per_minute=1000, reads_per_month=9)
    for organisation, day_left in (("o|1", 80), ("o2", 70)):
        limiter = store.paces.of("xero|app", organisation, limits)
        limiter.acquire(AcquireRequest("me", calls=1, day_left=day_left, reads=2))
    calls = store.measures.read(SECONDS, QUEUE).calls
    assert set(calls) == {"xero|app"}
    assert calls["xero|app"].fewest_left_of_day == 69
    assert (calls["xero|app"].last_minute, calls["xero|app"].reads) == (2, 4)


def test_thirty_cost_a_scrape_as_much_as_three(store: Store) -> None:
    counts = []
    for numbers in (range(3), range(3, 30)):
        fill(store, numbers, NOW)
        with statements(store) as sent:
            store.measures.read(SECONDS, QUEUE)
        counts.append(len(sent))
    assert counts[0] == counts[1]


def test_a_statement_that_takes_too_long_is_ended(store: Store) -> None:
    endless = {
        "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        " SELECT count(*) FROM n",
        "postgresql": "SELECT pg_sleep(60)",
    }[store.engine.dialect.name]
    with pytest.raises(RetryLater), store._database.read(seconds_max=0.05) as db:
        db.execute(text(endless))
    assert isinstance(store.measures, Measures)
    with store._database.read() as db:
        assert db.scalar(text("SELECT 1")) == 1, "the limit is not left behind"
    assert store.is_current(SECONDS)


def test_workers_are_counted_where_there_is_a_queue(store: Store) -> None:
    assert store.measures.read(SECONDS, QUEUE).queue is None
    if store.engine.dialect.name == "sqlite":
        return
    schema = f"queue_{secrets.token_hex(6)}"
    with store.engine.begin() as db:
        db.exec_driver_sql(f"CREATE SCHEMA {schema}")
        db.exec_driver_sql(f"SET LOCAL search_path TO {schema}")
        # Past SQLAlchemy, which would take its percent signs for parameters.
        driver: Any = db.connection.driver_connection
        driver.execute(SchemaManager.get_schema())
        db.exec_driver_sql(
            "INSERT INTO procrastinate_workers (last_heartbeat)"
            " VALUES (now()), (now()), (now() - interval '31 seconds')"
        )
        for status in ("todo", "todo", "todo", "doing", "succeeded"):
            columns = "queue_name, task_name, priority, args, status"
            values = f"'q', 'sync', 0, '{{}}', '{status}'"
            db.exec_driver_sql(f"INSERT INTO procrastinate_jobs ({columns}) VALUES ({values})")
    try:
        assert store.measures.read(SECONDS, schema).queue == QueueCounts(2, 1, 3, 1)
    finally:
        with store.engine.begin() as db:
            db.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
