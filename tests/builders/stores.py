"""Empty stores: migrated once in each process, and copied from then on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from tests.conftest import new_schema

from arsync.clock import SystemClock
from arsync.store import open_store

STORE = "arsync.db"
"""SQLite's file, as `[store] url` names it when nobody sets it."""


def put_store(folder: Path) -> Path:
    """Put an empty store into a folder that has none: to migrate one takes a fifth of a second.

    That the first opening migrates is shown by `tests/store/test_opening.py`.
    """
    file = folder / STORE
    if not file.exists():
        file.touch(mode=0o600)
        file.write_bytes(_empty())
    return file


_ENGINES: dict[str, Engine] = {}
"""The first engine of each dialect in this process."""


def share_statements(engine: Engine) -> None:
    """Let an engine use what earlier ones of this process compiled.

    Each compiles its statements anew, which is half of what a short test does. They hold nothing
    of the store.
    """
    first = _ENGINES.setdefault(engine.dialect.name, engine)
    engine.dialect = first.dialect
    engine._compiled_cache = first._compiled_cache


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / STORE
        open_store(f"sqlite:///{file}", clock=SystemClock()).close()
        return file.read_bytes()


@contextmanager
def new_store(server: str) -> Iterator[str]:
    """Make an empty store in PostgreSQL and drop it at the end; yields its URL.

    Its tables are made by what a migration sent to the server: to send that again takes a fifth of
    the time in which Alembic makes it. That the first opening migrates is shown by
    `tests/store/test_opening.py`.
    """
    statements = _sent_by_migrating(server)
    with new_schema(server) as url:
        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
        with engine.begin() as db:
            for statement, parameters in statements:
                db.exec_driver_sql(statement, parameters)
        engine.dispose()
        yield url


@cache
def _sent_by_migrating(server: str) -> list[tuple[str, Any]]:
    """Return what changes an empty schema into a store, each statement with its parameters."""
    sent: list[tuple[str, Any]] = []

    def note(_db: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.split(None, 1)[0].upper() not in {"SELECT", "SHOW", "SET"}:
            sent.append((statement, parameters))

    with new_schema(server) as url:
        event.listen(Engine, "before_cursor_execute", note)
        try:
            open_store(url, clock=SystemClock()).close()
        finally:
            event.remove(Engine, "before_cursor_execute", note)
    return sent
