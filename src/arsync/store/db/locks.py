"""Named locks that end with their process, kill -9 included: no lease to wait for or to renew.

PostgreSQL has them (advisory locks of a session); beside SQLite's file they are locks of the
operating system on small files, which stay behind empty. Removing one while a run holds it ends
that run before its next write.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, TextClause, text
from sqlalchemy.exc import DBAPIError

from arsync.errors import RetryLater, UserMistake
from arsync.files import OWNER_ONLY, refuse_link
from arsync.store.db.database import Database, FileIdentity, identity

POLL_SECONDS = 0.05
"""How often a waiter looks whether the lock is free."""

StillHeld = Callable[[], bool]

Busy = str | Callable[[], str]


class Locks:
    """Locks by name, over all processes that use the same store."""

    def __init__(self, database: Database) -> None:
        """Take the database whose processes exclude each other."""
        self._database = database
        self._schema: str | None = None

    @contextmanager
    def held(self, name: str, *, wait_seconds: float, busy: Busy) -> Iterator[StillHeld]:
        """Hold a lock inside `with`; also two threads of one process exclude each other.

        It yields a function that says whether the lock is still held: a server that restarts, or a
        network that is cut, takes a PostgreSQL lock away from a process that is still running.

        Args:
            name: of the lock; letters, digits and `-`.
            wait_seconds: how long to wait for it.
            busy: the message when the lock does not become free, or what makes it.

        Raises:
            RetryLater: the lock did not become free in time.
        """
        holder = self._file_lock if self._database.is_sqlite else self._advisory_lock
        with holder(name, wait_seconds, busy) as still_held:
            yield still_held

    @contextmanager
    def _advisory_lock(self, name: str, wait_seconds: float, busy: Busy) -> Iterator[StillHeld]:
        with self._database.translated(), self._database.engine.connect() as db:
            # Outside a transaction: a run of an hour must not keep the server from cleaning up.
            db.execution_options(isolation_level="AUTOCOMMIT")
            # Advisory locks count for a whole database, which can hold a store in each schema.
            if self._schema is None:
                self._schema = str(db.scalar(_SCHEMA))
            number = {"number": _number(f"{self._schema}|{name}")}
            _until(lambda: bool(db.scalar(_TAKE, number)), wait_seconds, busy)
            try:
                yield lambda: _answers(db)
            finally:
                # A session that goes back to the pool has its locks still: a lock of a session
                # outlives its transactions. One that the server has ended has none.
                _answers(db, _GIVE_BACK, number)

    @contextmanager
    def _file_lock(self, name: str, wait_seconds: float, busy: Busy) -> Iterator[StillHeld]:
        path = self._lock_file(name)
        with _opened(path) as descriptor:
            _until(lambda: _try_file_lock(descriptor, path), wait_seconds, busy)
            if identity(path) != _identity_of(descriptor):
                raise RetryLater(f"{path}: somebody removed it just now.", after_seconds=30)
            # Closing the file gives the lock back; nothing else does. But who removes the file, or
            # puts another one there, lets a second run lock that one.
            yield lambda: self._is_locked(descriptor, name)

    def _lock_file(self, name: str) -> Path:
        # By the file itself: a link to the store in another folder is no second store.
        file = self._database.file.resolve()
        return file.with_name(f"{file.name}-lock-{name}")

    def _is_locked(self, descriptor: int, name: str) -> bool:
        self._database.ensure_same_file()
        return identity(self._lock_file(name)) == _identity_of(descriptor)


def _until(taken: Callable[[], bool], wait_seconds: float, busy: Busy) -> None:
    # Waiting is real time, whatever the store's clock says. It is polling, because neither kind of
    # lock can be waited for with a time limit.
    ends = time.monotonic() + wait_seconds
    while not taken():
        if time.monotonic() >= ends:
            raise RetryLater(busy if isinstance(busy, str) else busy(), after_seconds=30)
        time.sleep(POLL_SECONDS)


_SCHEMA = text("SELECT current_schema()")
_TAKE = text("SELECT pg_try_advisory_lock(:number)")
_GIVE_BACK = text("SELECT pg_advisory_unlock(:number)")
_ANYTHING = text("SELECT true")


def _answers(
    db: Connection, query: TextClause = _ANYTHING, number: Mapping[str, int] | None = None
) -> bool:
    """Say whether the session that holds the lock is alive: the lock ends with it."""
    try:
        return not (db.invalidated or db.closed) and bool(db.scalar(query, number))
    except DBAPIError:
        return False


def _number(name: str) -> int:
    # Advisory locks are numbers of 64 bits. Two names with one number would only wait for another.
    digest = hashlib.sha256(f"arsync|{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _identity_of(descriptor: int) -> FileIdentity:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    refuse_link(path)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, OWNER_ONLY)
    except OSError as error:
        raise UserMistake(
            f"{path}: cannot be created to lock the store: {error.strerror}."
        ) from None
    try:
        yield descriptor
    finally:
        # The file stays: a process that waits for it would otherwise lock a deleted file, while the
        # next one locks a new file of the same name.
        os.close(descriptor)


def _try_file_lock(descriptor: int, path: Path) -> bool:
    # Of filelock only what differs between systems, and imported only where a file is locked: that
    # takes longer than all other work here. Its FileLock is not used: it closes the lock in a
    # forked copy of the process, which then continues as if it held one.
    from filelock import lock_descriptor

    try:
        return lock_descriptor(descriptor, blocking=False)
    except OSError as error:
        raise UserMistake(f"{path}: this file system has no locks: {error.strerror}.") from None
