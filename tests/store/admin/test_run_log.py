"""Runs of one connection never overlap, and a dead one is in nobody's way."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from arsync.clock import SetClock
from arsync.core.ledger.records import Organisation
from arsync.errors import LockLost, RetryLater, StoreGone, UserMistake
from arsync.store import Store, open_store
from arsync.store.admin import run_log
from arsync.store.models import ConnectionRow


def test_a_run_is_remembered(store: Store, connection: ConnectionRow, clock: SetClock) -> None:
    assert store.runs.last(connection.id) is None
    first = store.runs.start(connection.id, "pull")
    second = store.runs.start(connection.id, "sync")
    running = store.runs.last(connection.id)
    assert running is not None
    assert (running.kind, running.outcome, running.finished_at) == ("sync", "running", None)
    assert running.pid == os.getpid()
    store.runs.finish(first, outcome="part failed", counts={"sent": 3}, message="one refused")
    done = store.runs.last(connection.id, besides="sync")
    assert done is not None
    assert (done.outcome, done.counts, done.message) == ("part failed", {"sent": 3}, "one refused")
    assert done.started_at == done.finished_at == clock.now()
    assert [run_row.id for run_row in store.runs.latest(connection.id)] == [second, first]
    assert [run_row.id for run_row in store.runs.latest(connection.id, rows_max=1)] == [second]


def test_a_second_run_leaves_and_names_the_first(
    store: Store, store_url: str, connection: ConnectionRow, clock: SetClock
) -> None:
    with open_store(store_url, clock=clock) as second, store.runs.lock(connection.id):
        store.runs.start(connection.id, "sync")
        with (
            pytest.raises(RetryLater, match=rf"acme is going on since 2026-.*{os.getpid()}"),
            second.runs.lock(connection.id),
        ):
            pass
    with store.runs.lock(connection.id):
        pass


def test_a_run_that_lost_its_lock_writes_nothing_more(
    store: Store, store_url: str, connection: ConnectionRow, clock: SetClock
) -> None:
    if store_url.startswith("sqlite"):
        with store.runs.lock(connection.id):  # a file's lock goes with the process alone
            store.runs.ensure_lock_held(connection.id)
        return
    name = {"application_name": f"arsync-{secrets.token_hex(6)}"}
    own_url = make_url(store_url).update_query_dict(name).render_as_string(hide_password=False)
    with open_store(own_url, clock=clock) as first:
        first.runs.ensure_lock_held(connection.id)  # no run of its own: nothing to insist on
        with first.runs.lock(connection.id):
            first.runs.ensure_lock_held(connection.id)
            with store.engine.begin() as admin:
                admin.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE application_name = :application_name"
                    ),
                    name,
                )
            with pytest.raises(LockLost, match="this run ends"):
                first.runs.ensure_lock_held(connection.id)
        with first.runs.lock(connection.id):
            first.runs.ensure_lock_held(connection.id)


def test_threads_of_one_process_exclude_each_other_too(
    store: Store, connection: ConnectionRow
) -> None:
    with (
        store.runs.lock(connection.id),
        pytest.raises(RetryLater),
        store.runs.lock(connection.id),
    ):
        pass


def test_a_second_run_can_wait(store: Store, connection: ConnectionRow) -> None:
    order: list[str] = []
    held = threading.Event()

    def first() -> None:
        with store.runs.lock(connection.id):
            held.set()
            time.sleep(0.1)
            order.append("first")

    worker = threading.Thread(target=first)
    worker.start()
    held.wait()
    with store.runs.lock(connection.id, wait_seconds=10):
        order.append("second")
    worker.join()
    assert order == ["first", "second"]


def test_other_connections_are_not_kept_waiting(store: Store, connection: ConnectionRow) -> None:
    connection_row = store.connections.add(
        "other", platform="xero", organisation=Organisation("org-2", "Other", "GBP")
    )
    with store.runs.lock(connection.id), store.runs.lock(connection_row.id):
        pass


def locked_file(store: Store) -> Path:
    """Return the file of the one lock that is held."""
    (file,) = store._database.file.parent.glob("*-lock-run-*")
    return file


@pytest.fixture
def sqlite_store(tmp_path: Path, clock: SetClock) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'store.db'}", clock=clock) as opened:
        opened.connections.add(
            "acme", platform="xero", organisation=Organisation("org-1", "Acme", "GBP")
        )
        yield opened


def test_a_link_to_a_store_is_no_second_store(
    sqlite_store: Store, clock: SetClock, tmp_path: Path
) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "books.db").symlink_to("../store.db")
    with (
        open_store(f"sqlite:///{tmp_path / 'b' / 'books.db'}", clock=clock) as linked,
        sqlite_store.runs.lock(1),
        pytest.raises(RetryLater, match="another run of acme"),
        linked.runs.lock(1),
    ):
        pass


@pytest.mark.parametrize("replaced", [False, True])
def test_a_removed_lock_file_ends_its_run(sqlite_store: Store, replaced: bool) -> None:
    with sqlite_store.runs.lock(1):
        sqlite_store.runs.ensure_lock_held(1)
        lock = locked_file(sqlite_store)
        lock.unlink()
        if replaced:
            lock.touch()
        with pytest.raises(LockLost, match="its lock file was removed"):
            sqlite_store.runs.ensure_lock_held(1)
    with sqlite_store.runs.lock(1):
        sqlite_store.runs.ensure_lock_held(1)


@pytest.mark.parametrize("replaced", [False, True])
def test_a_store_that_is_gone_ends_its_run(
    sqlite_store: Store, tmp_path: Path, replaced: bool
) -> None:
    with sqlite_store.runs.lock(1):
        (tmp_path / "store.db").rename(tmp_path / "kept.db")
        if replaced:
            (tmp_path / "store.db").touch()
        with pytest.raises(StoreGone, match="deleted or replaced while arsync was running"):
            sqlite_store.runs.ensure_lock_held(1)
        with pytest.raises(StoreGone):
            sqlite_store.runs.start(1, "sync")
        with pytest.raises(StoreGone):
            sqlite_store.connections.all()


def test_a_store_with_two_names_is_refused(
    sqlite_store: Store, clock: SetClock, tmp_path: Path
) -> None:
    sqlite_store.close()
    (tmp_path / "again.db").hardlink_to(tmp_path / "store.db")
    with pytest.raises(UserMistake, match="a second name"):
        open_store(f"sqlite:///{tmp_path / 'again.db'}", clock=clock)


_HOLDER = """
import sys
from arsync.clock import SystemClock
from arsync.store import open_store

with open_store(sys.argv[1], clock=SystemClock()) as store:
    with store.runs.lock(int(sys.argv[2])):
        print("held", flush=True)
        sys.stdin.read()
"""


def test_the_lock_of_a_killed_process_is_free(
    store: Store, store_url: str, connection: ConnectionRow
) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, store_url, str(connection.id)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(RetryLater), store.runs.lock(connection.id):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with store.runs.lock(connection.id, wait_seconds=10):
            pass


def test_a_process_under_a_link_excludes_the_others(sqlite_store: Store, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "books.db").symlink_to("../store.db")
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, f"sqlite:///{tmp_path / 'b' / 'books.db'}", "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(RetryLater, match="another run of acme"), sqlite_store.runs.lock(1):
            pass
        holder.kill()


def test_old_quiet_runs_go_in_batches(
    store: Store, connection: ConnectionRow, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_log, "REMOVED_AT_ONCE_MAX", 2)
    numbers = []
    for is_quiet in (True, True, False, True, True, True):
        numbers.append(store.runs.start(connection.id, "sync"))
        store.runs.finish(numbers[-1], outcome="done", quiet=is_quiet)
        clock.advance(timedelta(hours=1))
    store.runs.start(connection.id, "plan")
    running = store.runs.start(connection.id, "sync")
    before = clock.now()
    assert store.runs.remove_quiet(before - timedelta(hours=2)) == 2
    assert store.runs.remove_quiet(before - timedelta(hours=2)) == 1
    assert store.runs.remove_quiet(before - timedelta(hours=2)) == 0
    assert store.runs.remove_quiet(before) == 1
    # Not the last that has ended: it says how far the ledger is.
    assert store.runs.remove_quiet(before) == 0
    kept = {run_row.id for run_row in store.runs.latest(connection.id)}
    assert kept == {numbers[2], numbers[5], running - 1, running}
