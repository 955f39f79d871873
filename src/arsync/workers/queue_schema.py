"""The queue's tables: a schema of their own beside the store's, kept up to date by arsync.

procrastinate ships SQL scripts and leaves their record to whoever uses it. Here each applied script
stands in a table of the same schema, arsync's own scripts among them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Connection, text

from arsync.errors import UserMistake
from arsync.store import Store

ROUTINE_PRIORITY = 0
WANTED_PRIORITY = 10
"""What somebody waits for goes before the routine."""

OWN_SCRIPTS = {
    # One row. Whoever holds it asks what is due, and nobody else; a transaction ends with its
    # process, so there is nothing to give back.
    "arsync_01_ticks.sql": """
        CREATE TABLE arsync_ticks (
            id integer PRIMARY KEY CHECK (id = 1),
            store_schema text NOT NULL,
            wishes_at timestamptz NOT NULL DEFAULT '-infinity',
            routine_at timestamptz NOT NULL DEFAULT '-infinity',
            rescued_at timestamptz NOT NULL DEFAULT '-infinity',
            queued_since_analysis integer NOT NULL DEFAULT 0
        );
        INSERT INTO arsync_ticks (id, store_schema) VALUES (1, current_setting('arsync.store'));
    """,
    "arsync_02_workers.sql": """
        CREATE TABLE arsync_workers (
            worker_id bigint PRIMARY KEY REFERENCES procrastinate_workers(id) ON DELETE CASCADE,
            host text NOT NULL,
            pid integer NOT NULL,
            threads integer NOT NULL,
            version text NOT NULL,
            started_at timestamptz NOT NULL DEFAULT now()
        );
    """,
    # A turn queues hundreds of jobs and tells of them once: told of each, every worker would wake
    # up for each. What became of a job stands in the schedule and among the runs: no second record
    # is kept of it. The triggers stay, so that procrastinate's next scripts find them. The index
    # answers whether another job of the same ledger is at work.
    "arsync_03_quiet.sql": """
        ALTER TABLE procrastinate_jobs
            DISABLE TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1;
        ALTER TABLE procrastinate_jobs
            DISABLE TRIGGER procrastinate_trigger_status_events_insert_v1;
        ALTER TABLE procrastinate_jobs
            DISABLE TRIGGER procrastinate_trigger_status_events_update_v1;
        TRUNCATE procrastinate_events;
        CREATE INDEX arsync_jobs_lock ON procrastinate_jobs (lock)
            WHERE status IN ('todo', 'doing');
    """,
}
"""By name: what arsync adds to procrastinate's tables."""


def installed_scripts() -> dict[str, str]:
    """Return every script of the installed procrastinate, oldest first, then arsync's own."""
    # The desk and `arsync queue` look at tables, also where the engine is not installed.
    from procrastinate.schema import SchemaManager

    folder = Path(SchemaManager.get_migrations_path())
    files = sorted(folder.glob("*.sql"), key=lambda file: file.name)
    return {file.name: file.read_text(encoding="utf-8") for file in files} | OWN_SCRIPTS


class QueueTables:
    """The tables of the queue: transactions in their schema."""

    def __init__(self, store: Store, schema: str) -> None:
        """Take the store beside which they stand; see `open_queue`."""
        self.schema = schema
        self._database = store.database

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a write transaction on the queue's tables."""
        with self._database.write() as db:
            db.exec_driver_sql(f'SET LOCAL search_path TO "{self.schema}"')
            yield db

    @cached_property
    def home(self) -> str:
        """Return the schema of the store's own tables."""
        with self._database.read() as db:
            return str(db.scalar(text("SELECT current_schema()")))

    def exist(self) -> bool:
        """Return whether a worker has ever made them."""
        with self.write() as db:
            return _applied(db) is not None


def queue_tables(store: Store, schema: str) -> QueueTables:
    """Return the queue's tables without making them.

    Raises:
        UserMistake: the store is in SQLite, which has no queue.
    """
    if store.database.is_sqlite:
        raise UserMistake(
            f"{store.url}: workers need the store in PostgreSQL. On SQLite one process syncs all "
            "ledgers: `arsync run`."
        )
    return QueueTables(store, schema)


def open_queue(store: Store, schema: str, scripts: Mapping[str, str] | None = None) -> QueueTables:
    """Return the queue's tables, made and brought up to date, one process at a time.

    Args:
        store: beside which they stand, in the same database.
        schema: where they are.
        scripts: by name, in order; by default those of the installed procrastinate, and arsync's.

    Raises:
        UserMistake: the store is in SQLite, or the schema is another's, or newer than this arsync.
    """
    tables = queue_tables(store, schema)
    in_order = installed_scripts() if scripts is None else scripts
    # Each in a transaction of its own: PostgreSQL lets no transaction use a value that it has added
    # to an older list of values.
    while _apply_next(tables, in_order):
        pass
    return tables


def _apply_next(tables: QueueTables, scripts: Mapping[str, str]) -> bool:
    """Apply the first script that is missing; returns whether there was one."""
    with tables.write() as db:
        db.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _lock(tables.schema)})
        applied = _applied(db)
        if applied is None:
            applied = _make_schema(db, tables)
        _refuse_other_store(db, tables)
        unknown = sorted(applied - set(scripts))
        if unknown:
            raise UserMistake(
                f"the queue in the schema {tables.schema} was made by a newer arsync: its script "
                f"{unknown[-1]} is unknown to procrastinate {version('procrastinate')}, which is "
                "installed here. Upgrade: pip install -U 'arsync[workers]'"
            )
        missing = next((name for name in scripts if name not in applied), None)
        if missing is None:
            return False
        db.execute(text("SELECT set_config('arsync.store', :name, true)"), {"name": tables.home})
        # Without parameters the server takes a text of many statements.
        db.execution_options(no_parameters=True).exec_driver_sql(scripts[missing])
        db.execution_options(no_parameters=False)
        db.execute(text("INSERT INTO arsync_scripts (name) VALUES (:name)"), {"name": missing})
    return True


def _make_schema(db: Connection, tables: QueueTables) -> set[str]:
    """Make the schema with the table of applied scripts, which are none yet."""
    schema = tables.schema
    if schema.startswith("pg_") or schema == tables.home:
        raise UserMistake(
            f"[workers] schema: the queue needs a schema of its own, and {schema} is the "
            f"{'server' if schema.startswith('pg_') else 'store'}'s. Write arsync_queue."
        )
    if db.scalar(text("SELECT to_regclass('procrastinate_jobs')")) is not None:
        raise UserMistake(
            f"[workers] schema: {schema} holds a queue that arsync did not make. Name another "
            "schema."
        )
    exists = text("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = :schema)")
    # Asked first: also IF NOT EXISTS wants the right to make schemas.
    if not db.scalar(exists, {"schema": schema}):
        may = text("SELECT has_database_privilege(current_database(), 'CREATE')")
        if not db.scalar(may):
            user = db.scalar(text("SELECT quote_ident(current_user)"))
            raise UserMistake(
                "the database lets this user make no schema. Ask its owner for: CREATE SCHEMA "
                f"{schema} AUTHORIZATION {user}"
            )
        db.exec_driver_sql(f'CREATE SCHEMA "{schema}"')
    db.exec_driver_sql(
        "CREATE TABLE arsync_scripts"
        " (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    return set()


def _applied(db: Connection) -> set[str] | None:
    """Return the names of the applied scripts; None: there are no tables yet."""
    if db.scalar(text("SELECT to_regclass('arsync_scripts')")) is None:
        return None
    return set(db.scalars(text("SELECT name FROM arsync_scripts")))


def _refuse_other_store(db: Connection, tables: QueueTables) -> None:
    """Make sure that the numbers in the queue are those of this store's connections."""
    if db.scalar(text("SELECT to_regclass('arsync_ticks')")) is None:
        return
    owner = db.scalar(text("SELECT store_schema FROM arsync_ticks"))
    if owner != tables.home:
        raise UserMistake(
            f"the queue in the schema {tables.schema} belongs to another store of the database, in "
            f"the schema {owner}; this store is in {tables.home}. Give this one a queue of its "
            "own: [workers] schema."
        )


def _lock(schema: str) -> int:
    digest = hashlib.sha256(f"arsync|queue|{schema}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
