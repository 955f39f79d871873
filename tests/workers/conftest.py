"""What tests of workers stand on: a store in PostgreSQL and a queue of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.builders.queue_store import a_queue_schema, empty
from tests.builders.worker_process import Workplace, a_workplace
from tests.conftest import new_schema

from arsync.clock import SystemClock
from arsync.store import Store, open_store
from arsync.workers.queue_schema import QueueTables, open_queue


@pytest.fixture
def queue_schema(postgresql_server: str) -> Iterator[str]:
    """The name of a schema that does not exist, and does not at the end."""
    with a_queue_schema(postgresql_server) as name:
        yield name


@pytest.fixture(scope="session")
def shared_url(postgresql_server: str) -> Iterator[str]:
    """The URL of a store that the tests of this process share: its tables take long to make."""
    with new_schema(postgresql_server) as url:
        open_store(url, clock=SystemClock()).close()
        yield url


@pytest.fixture(scope="session")
def shared_queue(shared_url: str, postgresql_server: str) -> Iterator[str]:
    """The schema of that store's queue."""
    with a_queue_schema(postgresql_server) as name:
        with open_store(shared_url, clock=SystemClock()) as store:
            open_queue(store, name)
        yield name


@pytest.fixture
def store(shared_url: str, shared_queue: str) -> Iterator[Store]:
    """An empty store, beside an empty queue."""
    with open_store(shared_url, clock=SystemClock()) as opened:
        yield opened
        empty(opened, QueueTables(opened, shared_queue))


@pytest.fixture
def tables(store: Store, shared_queue: str) -> QueueTables:
    return open_queue(store, shared_queue)


@pytest.fixture
def workplace(store: Store, shared_url: str, shared_queue: str, tmp_path: Path) -> Workplace:
    """An installation on that store and queue."""
    return a_workplace(tmp_path, shared_url, shared_queue)
