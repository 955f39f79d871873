"""The database underneath: connections, transactions, and what its errors mean to people."""

from __future__ import annotations

import math
import os
import select
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import (
    URL,
    Connection,
    CursorResult,
    Dialect,
    Engine,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidatePoolError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from arsync.clock import Clock
from arsync.errors import ArsyncError, RetryLater, StoreGone, UserMistake
from arsync.files import OWNER_ONLY, refuse_foreign_link, refuse_link

BUSY_SECONDS_MAX = 30
"""How long a statement waits for another process's write before it gives up."""

CONNECTIONS_MAX = 250
"""Of one process: a run takes up to four, for its lock, a token's, reading and writing."""

CONNECT_SECONDS_MAX = 10
"""How long opening waits for a PostgreSQL server."""

KEEPALIVE_IDLE_SECONDS = 10
KEEPALIVE_INTERVAL_SECONDS = 5
KEEPALIVE_COUNT = 3
"""How soon the PostgreSQL server gives up a session whose machine has lost its power or network,
and with it the run lock that the session holds. By itself it would take two hours."""

UNPROVEN_SECONDS = 5.0
"""A session that was used more recently is taken for alive, unless its socket has something to
say: a question before each use would be a fifth of what a quiet run asks."""

_SQLITE_PRAGMAS = (
    # Readers and one writer side by side: `status` works while a run writes.
    "PRAGMA journal_mode=WAL",
    f"PRAGMA busy_timeout={BUSY_SECONDS_MAX * 1000}",
    "PRAGMA foreign_keys=ON",
    # FULL, although NORMAL cannot corrupt in WAL mode: NORMAL may forget the last commits in a
    # power cut, and a forgotten claim would be sent twice, a forgotten token would be lost.
    "PRAGMA synchronous=FULL",
    # The cache stays at SQLite's 2 MB for each connection. More saves no processor time: the
    # system's own cache has the file.
    "PRAGMA temp_store=MEMORY",
)


class Pool(NamedTuple):
    """How many connections of a PostgreSQL server one process may hold."""

    kept: int
    """So many stay open."""
    more: int
    """So many more are opened while they are needed."""


USUAL_POOL = Pool(kept=5, more=CONNECTIONS_MAX)


class Database:
    """An engine, and the two kinds of transaction: a read of one moment, and a write."""

    def __init__(self, url: str, connections: Pool = USUAL_POOL) -> None:
        """Make the engine; connects to nothing yet.

        Args:
            url: see `open_store`.
            connections: how many of them to a PostgreSQL server.

        Raises:
            UserMistake: the URL is not one, or names a database that arsync does not support.
        """
        self.url = _checked(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        # A path is shown as people know it, not as a URL has it.
        self.shown = (
            f"sqlite:///{self.file}"
            if self.is_sqlite
            else self.url.render_as_string(hide_password=True)
        )
        """The URL for messages, without its password."""
        self.reads_only = self.is_sqlite and _only_read(self.file)
        """True when the file system takes no writes: then everything can be looked at, at least."""
        self.engine = self._sqlite() if self.is_sqlite else self._postgresql(connections)
        self._opened: FileIdentity | None = None
        if self.is_sqlite:
            self.remember_file()

    @property
    def file(self) -> Path:
        """Return SQLite's file."""
        return Path((self.url.database or "").removeprefix("file:"))

    def remember_file(self) -> None:
        """Take the file that has the store's name now for the store."""
        self._opened = identity(self.file)

    def ensure_same_file(self) -> None:
        """Make sure that SQLite's file still has its name.

        A process that goes on in a deleted file sends what no later process knows of.

        Raises:
            StoreGone: it was deleted or replaced.
        """
        if self._opened is not None and identity(self.file) != self._opened:
            raise StoreGone(
                f"{self.file}: the store was deleted or replaced while arsync was running. "
                "Nothing more is done: start arsync again on the store that you mean to use."
            )

    def _sqlite(self) -> Engine:
        if self.reads_only:
            engine = create_engine(
                self.url, creator=partial(_open_to_read, self.file), hide_parameters=True
            )
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        engine = create_engine(
            self.url,
            connect_args={"timeout": BUSY_SECONDS_MAX},
            # Parameters are customers' data; an error's text may end up in a log or a mail.
            hide_parameters=True,
            max_overflow=CONNECTIONS_MAX,
        )
        event.listen(engine, "connect", prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _postgresql(self, connections: Pool) -> Engine:
        try:
            engine = create_engine(
                self.url,
                connect_args={"connect_timeout": CONNECT_SECONDS_MAX},
                hide_parameters=True,
                pool_size=connections.kept,
                max_overflow=connections.more,
            )
        except ModuleNotFoundError:
            raise UserMistake(
                "PostgreSQL needs its driver. Install it: pip install 'arsync[postgresql]'"
            ) from None
        event.listen(engine, "connect", _end_with_machine)
        event.listen(engine, "checkin", _note_use)
        event.listen(engine, "checkout", partial(_ensure_alive, engine.dialect))
        return engine

    @contextmanager
    def write(self, *, repeatable: bool = False, alone: bool = False) -> Iterator[Connection]:
        """Open a write transaction: all of it is kept, or nothing.

        SQLite takes its write lock at once, so that what was read inside stays true.

        Args:
            repeatable: True for work that can be done again, such as a page, whose cursor is saved
                with it. A power cut may then undo the last such commits; the next commit of any
                other kind makes them permanent.
            alone: True for a single statement, which is a transaction by itself: PostgreSQL is then
                asked once, and not also for the transaction's begin and end.

        Raises:
            UserMistake: the store cannot be written; the message says why.
            RetryLater: another process is writing, or the server is away.
        """
        self.ensure_same_file()
        if self.reads_only:
            raise UserMistake(
                f"{self.shown}: the store can only be read: its file or folder takes no writes. "
                "Give it write permission."
            )
        with self.translated(), self.engine.connect() as db:
            if alone and not self.is_sqlite:
                db.execution_options(isolation_level="AUTOCOMMIT")
                yield db
                return
            db.execution_options(arsync_writes=True, arsync_repeatable=repeatable)
            with db.begin():
                # The commit returns before it is on disk. A flush for each page would slow a pull,
                # and a page that is lost is read again, because its cursor is lost with it.
                if repeatable and not self.is_sqlite:
                    db.exec_driver_sql("SET LOCAL synchronous_commit = off")
                yield db

    @contextmanager
    def read(
        self, *, seconds_max: float | None = None, alone: bool = False
    ) -> Iterator[Connection]:
        """Open a read transaction that sees the store as of one moment.

        Args:
            seconds_max: the longest that a statement may take (SQLite: all of them together);
                None: as long as it takes.
            alone: see `write`; not with `seconds_max`.

        Raises:
            RetryLater: it takes longer, or the database is away.
        """
        self.ensure_same_file()
        with self.translated(), self.engine.connect() as db:
            if alone and not self.is_sqlite:
                db.execution_options(isolation_level="AUTOCOMMIT")
                yield db
                return
            # By default PostgreSQL gives each statement its own moment: an invoice could be read
            # before its payment and the payment after it. In SQLite each transaction is one moment.
            if not self.is_sqlite:
                db.execution_options(isolation_level="REPEATABLE READ")
            with db.begin(), _time_limit(db, seconds_max):
                yield db

    def ahead_of_server(self, clock: Clock) -> float:
        """Return by how many seconds a clock is ahead of the PostgreSQL server's, at the least."""
        with self.translated(), self.engine.connect() as db:
            db.execute(text("SELECT 1"))  # connected: the next answer comes quickly
            before = clock.now()
            moment: datetime = db.execute(text("SELECT clock_timestamp()")).scalar_one()
            after = clock.now()
        # The server read its clock somewhere between the two: only a difference beyond half of that
        # time is certain.
        way = (after - before).total_seconds() / 2
        ahead = (before - moment).total_seconds() + way
        return math.copysign(max(0.0, abs(ahead) - way), ahead)

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn the driver's errors into ours, where a person or a later try can help."""
        try:
            yield
        except DBAPIError as error:
            arsync_error = self._meaning(error)
            if arsync_error is None:
                raise
            raise arsync_error from error

    def _meaning(self, error: DBAPIError) -> ArsyncError | None:
        return (_sqlite_meaning if self.is_sqlite else _postgresql_meaning)(error, self.shown)


@contextmanager
def _time_limit(db: Connection, seconds_max: float | None) -> Iterator[None]:
    """Let the statements of a transaction end with an error when they take too long."""
    if seconds_max is None:
        yield
    elif db.dialect.name == "postgresql":
        # It ends with the transaction. As a parameter it could not be given.
        db.exec_driver_sql(f"SET LOCAL statement_timeout = {round(seconds_max * 1000)}")
        yield
    else:
        until = time.monotonic() + seconds_max
        driver: Any = db.connection.driver_connection
        # The connection goes back to the pool, where others take it.
        driver.set_progress_handler(lambda: time.monotonic() > until, _STEPS_BETWEEN_LOOKS)
        try:
            yield
        finally:
            driver.set_progress_handler(None, 0)


_STEPS_BETWEEN_LOOKS = 10_000
"""SQLite looks at the clock after so many of its steps: some milliseconds."""

FileIdentity = tuple[int, int]
"""The device and the number of a file: another file of the same name has others."""


def identity(file: Path) -> FileIdentity | None:
    """Return which file has a name now; None when none has.

    Raises:
        RetryLater: the file system does not answer.
    """
    try:
        status = file.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RetryLater(f"{file}: {error.strerror}.", after_seconds=30) from None
    return status.st_dev, status.st_ino


def _checked(url: str) -> URL:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError):
        # Not the URL itself: it may hold a password.
        raise UserMistake("[store] url is not a database URL. Write sqlite:///arsync.db.") from None
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise UserMistake(
            f"[store] url: arsync keeps its store in SQLite or PostgreSQL, not in {backend}."
        )
    if (
        parsed.drivername not in {"sqlite", "sqlite+pysqlite"}
        or parsed.query.get("mode") == "memory"
    ):
        raise UserMistake("[store] url: write sqlite:///arsync.db, without another driver or mode.")
    # In memory, each thread's connection would have a database of its own; locks need a file, too.
    if not parsed.database or ":memory:" in parsed.database:
        raise UserMistake("[store] url: the store needs a file. Write sqlite:///arsync.db.")
    if parsed.drivername not in {"sqlite", "sqlite+pysqlite"} or "memory" in parsed.query.values():
        raise UserMistake(
            "[store] url: the store is a plain SQLite file. Write sqlite:///arsync.db."
        )
    _make_private_file(parsed)
    return parsed


def _make_private_file(url: URL) -> None:
    """Create SQLite's file for the owner alone: it holds customers' data."""
    if url.database is None or url.database.startswith("file:"):
        return
    path = Path(url.database)
    if not path.parent.is_dir():
        raise UserMistake(f"{path.parent}: there is no such folder for the store. Make it first.")
    refuse_foreign_link(path)
    if path.is_file() and path.stat().st_nlink > 1:
        # Each name would have a journal and locks of its own: two runs at once, and a torn file.
        raise UserMistake(
            f"{path}: this file has a second name (a hard link), under which a second run could "
            "begin and tear the store."
            "\n    hint: remove the other name, or make a symbolic link instead"
        )
    # SQLite opens these by itself, and would follow a link that somebody put there.
    for beside in ("-wal", "-shm", "-journal"):
        refuse_link(path.with_name(path.name + beside))
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDONLY, OWNER_ONLY))
    except OSError as error:
        raise UserMistake(f"{path}: the store cannot be opened: {error.strerror}.") from None


def _only_read(file: Path) -> bool:
    return file.stat().st_size > 0 and not (
        os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)
    )


def _open_to_read(file: Path) -> sqlite3.Connection:
    """Open a store that cannot be written.

    Without an index of its journal beside it, which SQLite would have to make, the file can only be
    opened as one that nobody changes.
    """
    try:
        return _opened_as(file, "mode=ro")
    except sqlite3.OperationalError:
        return _opened_as(file, "immutable=1")


def _opened_as(file: Path, how: str) -> sqlite3.Connection:
    db = sqlite3.connect(
        f"{file.absolute().as_uri()}?{how}",
        uri=True,
        timeout=BUSY_SECONDS_MAX,
        # arsync says BEGIN itself; the pool gives a connection to one thread at a time.
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        db.close()
        raise
    return db


def prepare_sqlite(db: Any, _record: object) -> None:
    """Set a new SQLite connection up as the store needs it."""
    # The driver's own transactions begin late and end early; arsync says BEGIN itself.
    db.isolation_level = None
    for pragma in _SQLITE_PRAGMAS:
        _when_free(db.execute, pragma)


def _end_with_machine(db: Any, _record: object) -> None:
    """Let the server notice soon that this machine is gone; a socket of one machine ignores it."""
    db.execute(
        f"SET tcp_keepalives_idle = {KEEPALIVE_IDLE_SECONDS};"
        f"SET tcp_keepalives_interval = {KEEPALIVE_INTERVAL_SECONDS};"
        f"SET tcp_keepalives_count = {KEEPALIVE_COUNT}"
    )
    db.commit()


def _note_use(_db: Any, record: ConnectionPoolEntry) -> None:
    record.info["used_at"] = time.monotonic()


def _ensure_alive(
    dialect: Dialect, db: Any, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection
) -> None:
    """Notice a server that restarted before a run starts on a dead session.

    Raises:
        InvalidatePoolError: it is dead; the pool opens another, and takes no older one.
    """
    used_at = record.info.get("used_at", math.inf)  # never: it was opened just now
    if time.monotonic() - used_at < UNPROVEN_SECONDS and not speaks(db):
        return
    try:
        dialect.do_ping(db)
    except dialect.loaded_dbapi.Error:
        raise InvalidatePoolError from None


def speaks(db: Any) -> bool:
    """Return whether a session of PostgreSQL that nobody uses has something to say.

    Mostly that is its end: the server tells of it, or the network does.
    """
    try:
        return db.closed or bool(select.select([db], [], [], 0)[0])
    except ValueError:  # a number of 1,024 or more is none for `select`
        return True


_when_free = Retrying(
    retry=retry_if_exception(
        lambda error: getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY")
    ),
    stop=stop_after_delay(BUSY_SECONDS_MAX),
    wait=wait_random(0.005, 0.05),
    reraise=True,
)
"""Changing the journal's mode does not wait for another process, whatever the busy timeout says."""


def _begin_sqlite(db: Connection) -> None:
    options = db.get_execution_options()
    if options.get("isolation_level") == "AUTOCOMMIT":
        return
    if not options.get("arsync_writes"):
        db.exec_driver_sql("BEGIN")
        return
    # Set each time: a pooled connection may have served the other kind before.
    level = "NORMAL" if options.get("arsync_repeatable") else "FULL"
    db.exec_driver_sql(f"PRAGMA synchronous={level}")
    # A transaction that has read and then writes cannot wait for another writer: SQLite refuses it
    # at once, whatever the busy timeout. So the write lock is taken at the beginning.
    db.exec_driver_sql("BEGIN IMMEDIATE")


def _sqlite_meaning(error: DBAPIError, shown: str) -> ArsyncError | None:
    name = getattr(error.orig, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return RetryLater(f"{shown}: another process is writing to the store.", after_seconds=10)
    if name == "SQLITE_INTERRUPT":
        return RetryLater(f"{shown}: the store takes too long to answer.", after_seconds=30)
    if name == "SQLITE_FULL":
        return UserMistake(
            f"{shown}: the disk is full. Make room and run it again; the store is intact."
        )
    if name.startswith("SQLITE_READONLY"):
        return UserMistake(f"{shown}: the store can only be read. Give it write permission.")
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return UserMistake(f"{shown}: the store cannot be opened. Check its path and permissions.")
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return UserMistake(
            f"{shown}: this is not a readable SQLite file. Restore it from a backup."
        )
    if name.startswith("SQLITE_IOERR"):
        return UserMistake(
            f"{shown}: the disk is full or fails ({error.orig}). "
            "The last change was undone; make room, or look at the disk."
        )
    return None


_POSTGRESQL_MISTAKES = {
    "53100": "the server's disk is full. Make room and run it again; the store is intact.",
    "25006": "the store can only be read: the server is a read-only copy.",
    "42501": "this user may not do that. Grant it the rights to create and write tables.",
    "28P01": "the password is wrong.",
    "28000": "the server refuses this user.",
    "3D000": "there is no such database. Create it first.",
}
# Connection lost (08), conflict of two transactions (40), too many connections or too little memory
# (53), a lock not free (55P03), the server shutting down (57P), a statement cancelled (57014).
_POSTGRESQL_LATER = ("08", "40", "53", "55P03", "57P", "57014")


def _postgresql_meaning(error: DBAPIError, shown: str) -> ArsyncError | None:
    code = str(getattr(error.orig, "sqlstate", None) or "")
    if code in _POSTGRESQL_MISTAKES:
        return UserMistake(f"{shown}: {_POSTGRESQL_MISTAKES[code]}")
    if code.startswith(_POSTGRESQL_LATER) or error.connection_invalidated:
        return RetryLater(f"{shown}: the database is away or busy.", after_seconds=30)
    if not code and type(error.orig).__name__ in {"OperationalError", "ConnectionTimeout"}:
        # The driver gives no code when the server was never reached.
        return RetryLater(f"{shown}: the database cannot be reached.", after_seconds=30)
    return None


def inserted_id(result: CursorResult[Any]) -> int:
    """Return the number that the database gave to the row just inserted."""
    key = result.inserted_primary_key
    assert key is not None
    number: int = key[0]
    return number
