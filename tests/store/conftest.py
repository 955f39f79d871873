"""Every test that takes `store` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    create_engine,
    insert,
    make_url,
    text,
)
from tests.conftest import new_schema

from arsync.clock import SetClock
from arsync.core.actions import Action
from arsync.core.ledger.records import Organisation
from arsync.store import Keys, Store, open_store
from arsync.store.actions.action_rows import add_asked
from arsync.store.db.tables import metadata
from arsync.store.models import ActionRow, ConnectionRow, Mode

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def asked(
    store: Store, connection_id: int, action: Action, *, who: str, why: str, now: datetime
) -> ActionRow:
    """Add an action that a person asked for, as recording a promise does."""
    with store._database.write() as db:
        return add_asked(db, connection_id, action, who=who, why=why, now=now)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def keys() -> Keys:
    return Keys(Fernet.generate_key().decode())


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that was migrated once, to be copied: a migration takes longer than most tests."""
    file = tmp_path_factory.mktemp("migrated") / "store.db"
    open_store(f"sqlite:///{file}", clock=SetClock(NOW)).close()
    return file


@pytest.fixture(scope="session")
def migrated_schema(postgresql_server: str) -> Iterator[str]:
    """The URL of a schema of this test session's own, brought up to date once."""
    with new_schema(postgresql_server) as url:
        open_store(url, clock=SetClock(NOW)).close()
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path, migrated_file: Path) -> Iterator[str]:
    """The URL of an empty store."""
    if request.param == "sqlite":
        shutil.copy(migrated_file, tmp_path / "store.db")
        yield f"sqlite:///{tmp_path / 'store.db'}"
        return
    engine: Engine = request.getfixturevalue("schema_engine")
    yield request.getfixturevalue("migrated_schema")
    with engine.begin() as db:
        # All are emptied, so nothing has to be looked for in the others; and without parameters
        # the server takes a text of many statements.
        db.exec_driver_sql("SET LOCAL session_replication_role = replica")
        db.exec_driver_sql(_EMPTIED)


_EMPTIED = "; ".join(f"DELETE FROM {table.name}" for table in metadata.sorted_tables)


@pytest.fixture(scope="session")
def schema_engine(migrated_schema: str) -> Iterator[Engine]:
    """An engine on the schema of this test session's own, beside those that tests open."""
    engine = create_engine(make_url(migrated_schema).set(drivername="postgresql+psycopg"))
    yield engine
    engine.dispose()


@pytest.fixture
def store(store_url: str, clock: SetClock, keys: Keys) -> Iterator[Store]:
    with open_store(store_url, clock=clock, keys=keys) as opened:
        yield opened


@pytest.fixture
def connection(store: Store) -> ConnectionRow:
    return store.connections.add(
        "acme",
        platform="xero",
        organisation=Organisation("org-1", "Acme Ltd", "GBP", time_zone="Pacific/Auckland"),
        mode=Mode.AUTO,
    )


def fill_every_table(connection: Connection) -> set[str]:
    """Put one row into each table of the store, as it stands there, and return their names.

    The values are of each column's type and otherwise without sense: for tests that ask whether
    rows are kept as they are.
    """
    tables = MetaData()
    tables.reflect(connection)
    names = set(tables.tables) - {"alembic_version"}
    for table in tables.sorted_tables:
        if table.name in names:
            row = {column.name: _some_value(column) for column in table.columns}
            connection.execute(insert(table).values(row))
    # What was given a number by hand is counted on from there.
    if connection.dialect.name == "postgresql":
        for table in tables.sorted_tables:
            column = table.autoincrement_column
            if column is not None and column.server_default is not None:
                sequence = f"pg_get_serial_sequence('{table.name}', '{column.name}')"
                connection.execute(text(f"SELECT setval({sequence}, 1)"))
    return names


_TEXTS = {
    "action_key": "key-1",
    "invoice_ids": "[]",
    "settings": "{}",
    "before": '{"saved": "1"}',
    "groups": '["VIP"]',
    "more_emails": "[]",
    "people": '["Ann Lee"]',
    "phones": '[["020 7946 0018", "mobile"]]',
    "address": '["1 High Street", "Anytown"]',
    "allocations": "[]",
    "mode": "observe",
    "state": "confirmed",
    "rate": "1.25",
}


def _some_value(column: Column[Any]) -> Any:
    kind = column.type
    if column.name == "removed_at":
        return None
    if isinstance(kind, Boolean):
        return True
    if isinstance(kind, Integer):
        return 1
    if isinstance(kind, DateTime):
        return NOW
    if isinstance(kind, Date):
        return NOW.date()
    if isinstance(kind, LargeBinary):
        return b"\x00\x01"
    name = column.name
    if name.endswith("_at") or name in {"at", "not_before", "lease_until"}:
        return NOW.isoformat(timespec="microseconds")
    if column.foreign_keys and name == "key":
        return "key-1"
    return _TEXTS.get(name, f"{name}-1")
