"""Locks beside SQLite's file: one holder, gone with its process, harmless when they stay behind."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from arsync.errors import RetryLater, UserMistake
from arsync.store.db.database import Database
from arsync.store.db.locks import Locks, StillHeld, _try_file_lock

HOLDER = """
import sys, time
from arsync.store.db.database import Database
from arsync.store.db.locks import Locks
with Locks(Database(sys.argv[1])).held("run-1", wait_seconds=0, busy="busy"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'arsync.db'}")
    yield database
    database.engine.dispose()


def hold(locks: Locks, name: str = "run-1") -> AbstractContextManager[StillHeld]:
    return locks.held(name, wait_seconds=0, busy="another run is going on")


def is_free(locks: Locks, name: str = "run-1") -> bool:
    try:
        with hold(locks, name):
            return True
    except RetryLater:
        return False


def test_one_thread_excludes_another_and_itself(database: Database) -> None:
    locks, others = Locks(database), []
    with hold(locks):
        thread = threading.Thread(target=lambda: others.append(is_free(locks)))
        thread.start()
        thread.join()
        with pytest.raises(RetryLater, match="another run is going on"), hold(locks):
            pass
        assert is_free(locks, "run-2")
    assert others == [False]
    assert is_free(locks)


def test_a_lock_dies_with_its_process(database: Database) -> None:
    locks = Locks(database)
    command = [sys.executable, "-c", HOLDER, f"sqlite:///{database.file}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert not is_free(locks)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        assert is_free(locks)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is copied by fork")
def test_a_copy_of_a_process_keeps_the_lock_open(database: Database) -> None:
    """Else a copy that goes on with its work would believe that it holds a lock, and hold none."""
    locks = Locks(database)
    reading, writing = os.pipe()
    with hold(locks):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of threads that stay behind
            child = os.fork()
        if not child:
            os.write(writing, b"x")
            signal.pause()
        assert os.read(reading, 1) == b"x"
    assert not is_free(locks), "the copy holds it still"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert is_free(locks)
    os.close(reading)
    os.close(writing)


def test_a_lock_file_stays_behind_for_its_owner_alone(database: Database) -> None:
    assert is_free(Locks(database))
    file = database.file.with_name("arsync.db-lock-run-1")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes() == b""
    file.write_text("whatever")
    assert is_free(Locks(database))
    assert file.read_text() == "whatever"


def test_a_file_system_without_locks_is_a_mistake(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as file:
        descriptor = file.fileno()
    with pytest.raises(UserMistake, match=r"lock: this file system has no locks: Bad file"):
        _try_file_lock(descriptor, tmp_path / "lock")
