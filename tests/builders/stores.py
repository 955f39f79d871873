"""Empty stores: migrated once in each process, and copied from then on."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine

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
