"""Sessions of the database: dead ones are noticed before use, and single statements stand alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import func, insert, select, text
from tests.store.conftest import NOW

from arsync.store.db.database import Database
from arsync.store.db.tables import grants


@pytest.fixture
def database(store_url: str) -> Iterator[Database]:
    database = Database(store_url)
    yield database
    database.engine.dispose()


@pytest.fixture
def server(postgresql_server: str) -> Iterator[Database]:
    database = Database(postgresql_server)
    yield database
    database.engine.dispose()


def session(database: Database) -> int:
    with database.read(alone=True) as db:
        return int(db.scalar(text("SELECT pg_backend_pid()")) or 0)


def test_a_session_that_the_server_ended_is_replaced(
    server: Database, postgresql_server: str
) -> None:
    first = session(server)
    assert session(server) == first
    administrator = Database(postgresql_server)
    with administrator.write() as db:
        assert db.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": first})
    administrator.engine.dispose()
    assert session(server) != first


def test_a_statement_alone_is_kept_at_once(database: Database) -> None:
    count = select(func.count()).select_from(grants)
    with database.write(alone=True) as db:
        token = {"platform": "xero", "secret": "-", "expires_at": NOW, "saved_at": NOW}
        db.execute(insert(grants).values(token))
        if not database.is_sqlite:  # there it is a write transaction like any other
            with database.read(alone=True) as another:
                assert another.scalar(count) == 1
    with database.read(alone=True) as db:
        assert db.scalar(count) == 1
