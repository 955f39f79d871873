"""Worlds over books in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.builders.books import NOW, ORGANISATION, RULES, Books, BooksWorld
from tests.store.conftest import (
    clock,
    keys,
    migrated_file,
    migrated_schema,
    schema_engine,
    store,
    store_url,
)

from arsync.clock import SetClock
from arsync.config import load_config
from arsync.outbox import LIMITS, Limits
from arsync.store.models import Mode

pytest.register_assert_rewrite("tests.outbox.store_contract", "tests.outbox.worker_tables")

__all__ = [
    "clock",
    "keys",
    "migrated_file",
    "migrated_schema",
    "schema_engine",
    "store",
    "store_url",
]


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[Callable[..., BooksWorld]]:
    worlds: list[BooksWorld] = []

    def make(books: Books, *, mode: str = Mode.AUTO, limits: Limits = LIMITS) -> BooksWorld:
        folder = tmp_path / f"w{len(worlds)}"
        (folder / "rules").mkdir(parents=True)
        (folder / "config.toml").write_text(
            '[store]\nurl = "sqlite:///arsync.db"\n[tokens]\nkeyring = "off"\n'
            '[smtp]\nurl = "smtp://127.0.0.1:2525"\nsender = "Accounts <accounts@example.com>"\n'
        )
        world = BooksWorld(books, load_config(folder / "config.toml", {}), SetClock(NOW), limits)
        worlds.append(world)
        world.rules(RULES)
        world.store.connections.add(world.name, platform="books", organisation=ORGANISATION)
        if mode != Mode.OBSERVE:
            world.store.connections.set_mode(world.name, mode)
        return world

    yield make
    for world in worlds:
        world.close()


@pytest.fixture
def world(books: Books, make_world: Callable[..., BooksWorld]) -> BooksWorld:
    return make_world(books)
