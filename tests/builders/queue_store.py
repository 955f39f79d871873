"""A store and its queue between two tests: their tables take long to make, and little to empty."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, make_url, text

from arsync.store import Store
from arsync.store.db.tables import metadata
from arsync.workers.queue_schema import QueueTables

QUEUE_TABLES = ("procrastinate_jobs", "procrastinate_workers")


@contextmanager
def a_queue_schema(server: str) -> Iterator[str]:
    """Yield the name of a schema that does not exist, and does not at the end."""
    name = f"arsync_queue_test_{secrets.token_hex(6)}"
    yield name
    engine = create_engine(make_url(server).set(drivername="postgresql+psycopg"))
    with engine.begin() as db:
        db.exec_driver_sql(f"DROP SCHEMA IF EXISTS {name} CASCADE")
    engine.dispose()


def empty(store: Store, tables: QueueTables | None) -> None:
    """Empty a store, and its queue if it has one."""
    with store.engine.begin() as db:
        if tables is not None:
            # A session of a worker that was killed may hold a lock for a moment.
            db.execute(text("SET LOCAL lock_timeout = '20s'"))
            # All tables are emptied, so nothing has to be looked for in the others.
            db.execute(text("SET LOCAL session_replication_role = replica"))
        emptied = [f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)]
        if tables is None:
            for statement in emptied:
                db.exec_driver_sql(statement)
            return
        # Without parameters the server takes a text of many statements.
        db.exec_driver_sql("; ".join(emptied))
        db.execute(text(f"SET LOCAL search_path TO {tables.schema}"))
        for name in QUEUE_TABLES:
            db.execute(text(f"DELETE FROM {name}"))
        db.execute(
            text(
                "UPDATE arsync_ticks SET wishes_at = '-infinity', routine_at = '-infinity',"
                " rescued_at = '-infinity', queued_since_analysis = 0"
            )
        )
