"""Fixtures of the torture tests: fast folders, and the count that the summary prints."""

from __future__ import annotations

import gc
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from tests.builders.stores import new_store

from . import profile
from .accidents import Tally
from .press import running_press
from .world import WatchedWorld, a_world

TEST_SECONDS_MAX = 900
"""One test of these is hundreds of lives. In the long profile each keeps to its time by itself."""
MEMORY = Path("/dev/shm")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give these tests the time they need, and begin with them.

    They are few and long. Last, they would leave one core idle while the other ends its last one.
    """
    for test in items:
        if _is_torture(test):
            test.add_marker(pytest.mark.timeout(0 if profile.LONG else TEST_SECONDS_MAX))
    items.sort(key=lambda test: not _is_torture(test))


def _is_torture(test: pytest.Item) -> bool:
    return test.path.parent == Path(__file__).parent


@pytest.fixture(scope="package", autouse=True)
def _press(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A press for every copy of this process: see `press`."""
    with running_press(tmp_path_factory.mktemp("press")):
        yield
    # As after the collection of all tests: the copies of these have thawed what stays.
    gc.collect()
    gc.freeze()


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder in memory, where the system has one: deaths here are of processes alone."""
    path = Path(tempfile.mkdtemp(prefix="arsync-torture-", dir=MEMORY if MEMORY.is_dir() else None))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> str:
    """The URL of a PostgreSQL database; empty for SQLite."""
    if request.param == "sqlite":
        return ""
    url: str = request.getfixturevalue("postgresql_server")
    return url


@pytest.fixture
def store_url(server: str) -> Iterator[str]:
    """The URL of an empty store; empty for SQLite's file in the world's folder."""
    if not server:
        yield ""
        return
    with new_store(server) as url:
        yield url


MakeWorld = Callable[..., AbstractContextManager[WatchedWorld]]


@pytest.fixture
def make_world(folder: Path) -> MakeWorld:
    """Make worlds of one platform: `with make_world("xero") as world`."""
    numbers = iter(range(1_000_000))

    def make(name: str, **more: object) -> AbstractContextManager[WatchedWorld]:
        home = folder / f"world{next(numbers)}"
        home.mkdir()
        return a_world(home, name, **more)  # type: ignore[arg-type]

    return make


Count = Callable[[str, Tally], None]


@pytest.fixture
def count(record_property: Callable[[str, object], None]) -> Count:
    """Count what was tried, for the summary; fail when something broke."""

    def add(what: str, tally: Tally) -> None:
        people = tally.unknown + tally.reconnected
        record_property("torture", (what, tally.schedules, people, tally.left_out))
        tally.assert_whole()

    return add
