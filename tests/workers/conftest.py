"""What tests of workers stand on: a store in PostgreSQL and a queue of their own."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from tests.builders.worker_process import Workplace, a_workplace
from tests.conftest import new_schema

from arsync.clock import SystemClock
from arsync.store import Store, open_store
from arsync.store.db.tables import metadata
from arsync.workers.queue_schema import QueueTables, open_queue

QUEUE_TABLES = ("procrastinate_jobs", "procrastinate_workers")


def drop_queue(server: str, schema: str) -> None:
    engine = create_engine(make_url(server).set(drivername="postgresql+psycopg"))
    with engine.begin() as db:
        db.exec_driver_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    engine.dispose()


@pytest.fixture
def queue_schema(postgresql_server: str) -> Iterator[str]:
    """The name of a schema that does not exist, and does not at the end."""
    name = f"arsync_queue_test_{secrets.token_hex(6)}"
    yield name
    drop_queue(postgresql_server, name)


@pytest.fixture(scope="session")
def shared_url(postgresql_server: str) -> Iterator[str]:
    """The URL of a store that the tests of this process share: its tables take long to make."""
    with new_schema(postgresql_server) as url:
        open_store(url, clock=SystemClock()).close()
        yield url


@pytest.fixture(scope="session")
def shared_queue(shared_url: str, postgresql_server: str) -> Iterator[str]:
    """The schema of that store's queue."""
    name = f"arsync_queue_test_{secrets.token_hex(6)}"
    with open_store(shared_url, clock=SystemClock()) as store:
        open_queue(store, name)
    yield name
    drop_queue(postgresql_server, name)


@pytest.fixture
def store(shared_url: str, shared_queue: str) -> Iterator[Store]:
    """An empty store, beside an empty queue."""
    with open_store(shared_url, clock=SystemClock()) as opened:
        yield opened
        with opened.engine.begin() as db:
            # A session of a worker that was killed may hold a lock for a moment.
            db.execute(text("SET LOCAL lock_timeout = '20s'"))
            # All tables are emptied, so nothing has to be looked for in the others.
            db.execute(text("SET LOCAL session_replication_role = replica"))
            for table in reversed(metadata.sorted_tables):
                db.execute(text(f"DELETE FROM {table.name}"))
            db.execute(text(f"SET LOCAL search_path TO {shared_queue}"))
            for name in QUEUE_TABLES:
                db.execute(text(f"DELETE FROM {name}"))
            db.execute(
                text(
                    "UPDATE arsync_ticks SET wishes_at = '-infinity', routine_at = '-infinity',"
                    " rescued_at = '-infinity', queued_since_analysis = 0"
                )
            )


@pytest.fixture
def tables(store: Store, shared_queue: str) -> QueueTables:
    return open_queue(store, shared_queue)


@pytest.fixture
def workplace(store: Store, shared_url: str, shared_queue: str, tmp_path: Path) -> Workplace:
    """An installation on that store and queue."""
    return a_workplace(tmp_path, shared_url, shared_queue)
