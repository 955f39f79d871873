"""A worker's connections are bounded, told, and refused where the server cannot hold them."""

from __future__ import annotations

import logging
from contextlib import ExitStack

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from arsync.errors import UserMistake
from arsync.store import Store
from arsync.workers.connection_budget import (
    connections_max,
    ensure_room,
    keeps_session,
    pool_of,
    refuse_shared_sessions,
)


def test_a_worker_takes_four_a_thread_and_five() -> None:
    assert connections_max(10) == 45
    # The queue's own are two and one that listens.
    assert sum(pool_of(10)) == 45 - 3


def test_too_many_threads_for_the_server_are_refused(store: Store) -> None:
    assert ensure_room(store.engine, 2) == 13
    with store.engine.connect() as db:
        most = int(db.scalar(text("SHOW max_connections")) or 0)
    with pytest.raises(UserMistake, match=r"Use at most \d+ threads .*max_connections"):
        ensure_room(store.engine, most)


def test_a_server_that_is_nearly_full_is_told(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    with store.engine.connect() as db:
        query = """
            SELECT current_setting('max_connections')::int
                   - current_setting('superuser_reserved_connections')::int
        """
        most = int(db.scalar(text(query)) or 0)
    # As many as fit when nobody else is there, and this test is.
    threads = (most - 5) // 4
    with caplog.at_level(logging.WARNING), ExitStack() as held:
        for _ in range(5):
            held.enter_context(store.engine.connect())
        ensure_room(store.engine, threads)
    assert "runs will wait or fail" in caplog.text


def test_a_role_with_few_connections_counts(store: Store, shared_url: str) -> None:
    role = "few_connections_test"
    with store.engine.begin() as db:
        db.exec_driver_sql(f"DROP ROLE IF EXISTS {role}")
        db.exec_driver_sql(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 12")
    theirs = create_engine(store.engine.url.set(username=role))
    try:
        with pytest.raises(UserMistake, match=r"gives 12\. Use at most 1 threads"):
            ensure_room(theirs, 2)
    finally:
        theirs.dispose()
        with store.engine.begin() as db:
            db.exec_driver_sql(f"DROP ROLE {role}")


def test_a_pooler_that_shares_sessions_is_noticed(store: Store) -> None:
    refuse_shared_sessions(store.engine)
    # As behind PgBouncer: each transaction may come to another of the server's sessions.
    pooled = create_engine(store.engine.url, poolclass=NullPool)
    held = []

    def number() -> int:
        with pooled.connect() as db:
            return int(db.scalar(text("SELECT pg_backend_pid()")) or 0)

    def occupied() -> int:
        held.append(pooled.connect())
        return int(held[0].scalar(text("SELECT pg_backend_pid()")) or 0)

    assert not keeps_session(number, occupied)
    held[0].close()


def test_a_server_gives_dead_machines_up_soon(store: Store) -> None:
    with store.engine.connect() as db:
        shown = [
            db.scalar(text(f"SHOW tcp_keepalives_{name}")) for name in ("idle", "interval", "count")
        ]
    assert shown == ["10", "5", "3"]
