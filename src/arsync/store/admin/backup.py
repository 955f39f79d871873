"""Backups: the whole store in one SQLite file, taken while runs go on; and the way back.

The file is a store like any other, so it can be looked into with every command, and it moves a
store from SQLite to PostgreSQL or the other way round. Tokens in it stay encrypted: the key that
opens them is not in it.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL, Connection, Table, func, insert, select, text, update

from arsync.core.actions import ActionState
from arsync.errors import UserMistake
from arsync.files import OWNER_ONLY
from arsync.store.actions.action_rows import StateChange, move
from arsync.store.admin.integrity import file_faults
from arsync.store.db.database import Database
from arsync.store.db.migrate import migrate
from arsync.store.db.people_tables import (
    form_answers,
    one_time_links,
    sign_in_tries,
    web_sessions,
)
from arsync.store.db.policy_tables import tries
from arsync.store.db.tables import (
    action_events,
    actions,
    alert_tellings,
    connections,
    metadata,
    notices,
    outages,
    runs,
)
from arsync.store.models import Mode

NOT_RESTORED = frozenset(
    {outages, web_sessions, one_time_links, sign_in_tries, form_answers, tries, alert_tellings}
)
"""Tables that say until when something is left alone, is signed in, or can be done: of a restored
store that is long over, and a link that was used or revoked since must not open again. What trying
a rulebook showed is of a ledger as it was. Of alerts that stood then nobody is told again."""

RESTORE = "restore"
"""The actor of the changes that a restore makes."""

RESTORED_APPROVED = "restored from a backup: it may have left since, so a person has to look"
RESTORED_SENDING = "restored from a backup: it was on its way, so it must be looked up"

NUMBERS_PASSED_OVER = 1_000
"""So many numbers are passed over: notices that left after the backup may bear them."""

ROWS_AT_ONCE = 2_000
"""How many rows are copied from one database to another at a time."""

PAGES_AT_ONCE = 2_000
"""SQLite: how many pages a backup copies before it lets writers in between."""


def back_up(database: Database, target: Path) -> int:
    """Write the whole store into a new SQLite file, as of one moment; returns its bytes.

    Runs can continue. The file appears under its name only when it is complete and was checked.

    Raises:
        UserMistake: the file exists, or cannot be written, or the store itself is damaged.
    """
    if target.exists():
        raise UserMistake(f"{target}: there is such a file already. Choose another name.")
    if not target.parent.is_dir():
        raise UserMistake(f"{target.parent}: there is no such folder for the backup.")
    # Under another name until it is complete: a file that has the backup's name is a backup.
    path = target.with_name(f".{target.name}.part")
    with _said(target):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNER_ONLY))
    with _said(target), _no_leftovers(path):  # ours from here on: another backup's stays
        if database.is_sqlite:
            _copy_pages(database, path)
        else:
            _copy_into_file(database, path, target)
        faults = _one_file(path)
        if faults:
            raise UserMistake(f"{database.shown}: the store is damaged: {faults[0]}")
        # On the disk before it gets its name: a power cut leaves a whole backup or none.
        with path.open("rb") as written:
            os.fsync(written.fileno())
        path.rename(target)
    return target.stat().st_size


def restore(database: Database, source: Path, *, now: datetime) -> list[str]:
    """Fill an empty store from a backup, in one transaction; returns its connections' names.

    The backup knows nothing of what was sent after it was taken, so a person has to look before
    anything leaves: every connection only observes, and what was approved waits for approval again.
    What is said of the future (pauses, moments of the next attempt) does not come back.

    Raises:
        UserMistake: the file is not a backup, is damaged, or was made by a newer arsync; or the
            store is not empty.
    """
    if not source.is_file():
        raise UserMistake(f"{source}: there is no such file.")
    # From a copy: bringing an older backup up to date must not change the file that people keep.
    with tempfile.TemporaryDirectory(prefix="arsync-") as folder:
        copy = Path(folder) / "backup.db"
        with _said(source):
            _check_backup(source)
            _online_copy(source, copy)
        backup = Database(_url(copy))
        try:
            migrate(backup)  # a backup of an older arsync is brought up to date first
            with backup.read() as backup_db, database.write() as db:
                _refuse_unless_empty(db, database)
                for table in metadata.sorted_tables:
                    if table not in NOT_RESTORED:
                        _copy_table(backup_db, db, table)
                # Before anything is added: the events below get numbers of their own.
                if not database.is_sqlite:
                    _count_on(db)
                # Messages that left after the backup are missing in it, and would be sent again.
                _only_observe(db, now)
                _take_decisions_back(db, now)
                _pass_numbers_over(db, now)
                live = select(connections.c.name).where(connections.c.removed_at.is_(None))
                return list(db.scalars(live.order_by(connections.c.name)))
        finally:
            backup.engine.dispose()


def _only_observe(db: Connection, now: datetime) -> None:
    """Let each connection observe, and remember up to when the backup knows of it."""
    moments = (
        db.scalar(select(func.max(column)))
        for column in (runs.c.started_at, runs.c.finished_at, action_events.c.at)
    )
    as_of = max((moment for moment in moments if moment is not None), default=None)
    db.execute(
        update(connections).values(
            mode=Mode.OBSERVE.value,
            restored_at=now,
            # A backup without a run or an action is at least as young as its connections.
            backed_up_at=min(as_of, now) if as_of is not None else connections.c.created_at,
        )
    )


def _take_decisions_back(db: Connection, now: datetime) -> None:
    """Let what was approved wait again, and what was on its way be looked up.

    What was approved had certainly not happened, so nothing of its attempts is kept: an action
    without a saved `before` is looked up before its first attempt.
    """
    columns = actions.c
    untried: dict[str, object] = {
        "before": None,
        "attempts": 0,
        "first_sent_at": None,
        "sent_on": None,
        "not_before": None,
    }
    for old, new, reason, values in (
        (ActionState.APPROVED, ActionState.AWAITING_APPROVAL, RESTORED_APPROVED, untried),
        (ActionState.SENDING, ActionState.UNKNOWN, RESTORED_SENDING, {}),
    ):
        keys = db.scalars(select(columns.key).where(columns.state == old.value)).all()
        change = StateChange(old, new, RESTORE, reason, now)
        for key in keys:
            move(db, key, change, **values)


def _pass_numbers_over(db: Connection, now: datetime) -> None:
    """Let each connection's notices go on at a number that none can bear yet, and say so."""
    # Where notices have no number so far, the first may have been given since, too.
    columns = notices.c
    highest = (
        select(connections.c.id, func.coalesce(func.max(columns.number), 0))
        .join_from(connections, notices, columns.connection_id == connections.c.id, isouter=True)
        .group_by(connections.c.id)
    )
    for connection_id, number in db.execute(highest).all():
        db.execute(
            insert(notices).values(
                connection_id=connection_id,
                number=number + NUMBERS_PASSED_OVER,
                given_on=now.date(),
            )
        )


def _url(file: Path) -> str:
    return URL.create("sqlite", database=str(file)).render_as_string()


@contextmanager
def _no_leftovers(part: Path) -> Iterator[None]:
    """Leave no unfinished file behind, however it ends."""
    try:
        yield
    except BaseException:
        for name in (part, Path(f"{part}-wal"), Path(f"{part}-shm"), Path(f"{part}-journal")):
            with suppress(OSError):
                name.unlink(missing_ok=True)
        raise


@contextmanager
def _said(file: Path) -> Iterator[None]:
    """Turn the disk's refusals about this file into messages."""
    try:
        yield
    except FileExistsError as error:
        raise UserMistake(
            f"{error.filename}: another backup is being written, or one was cut off. "
            "Delete it if none is running."
        ) from None
    except OSError as error:
        raise UserMistake(f"{file}: {error.strerror or error}.") from None
    except sqlite3.Error as error:
        raise UserMistake(f"{file}: {error}.") from None


def _copy_pages(database: Database, part: Path) -> None:
    """Copy with SQLite's own online backup: consistent, while others read and write."""
    with database.translated(), database.engine.connect() as db:
        driver = db.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        with closing(sqlite3.connect(part)) as copy:
            driver.backup(copy, pages=PAGES_AT_ONCE)


def _online_copy(source: Path, copy: Path) -> None:
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as opened,
        closing(sqlite3.connect(copy)) as copied,
    ):
        opened.backup(copied)


def _copy_into_file(database: Database, part: Path, target: Path) -> None:
    """Copy a PostgreSQL store, as of one moment, into a new SQLite store."""
    copy = Database(_url(part))
    copy.shown = str(target)
    try:
        migrate(copy)
        with database.read() as db, copy.write() as copy_db:
            for table in metadata.sorted_tables:
                _copy_table(db, copy_db, table)
    finally:
        copy.engine.dispose()


def _copy_table(source: Connection, target: Connection, table: Table) -> None:
    rows = source.execution_options(yield_per=ROWS_AT_ONCE).execute(select(table)).mappings()
    for some in rows.partitions(ROWS_AT_ONCE):
        target.execute(insert(table), [dict(row) for row in some])


def _count_on(db: Connection) -> None:
    """Let PostgreSQL number new rows after the highest that was copied."""
    # Its sequences do not notice rows that come with their own numbers, and would repeat them.
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is None:
            continue
        name = db.scalar(
            text("SELECT pg_get_serial_sequence(:table, :column)"),
            {"table": table.name, "column": column.name},
        )
        highest = db.scalar(select(func.max(column)))
        if name and highest is not None:
            values = {"name": name, "highest": highest}
            db.execute(text("SELECT setval(:name, :highest)"), values)


def _one_file(file: Path) -> list[str]:
    """Make the copy one file without a journal beside it, and return what is wrong with it."""
    with closing(sqlite3.connect(file)) as copy:
        # In WAL mode, the last changes would be in a second file, which people forget to copy.
        copy.execute("PRAGMA journal_mode=DELETE")
        return file_faults(copy)


def _check_backup(source: Path) -> None:
    with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as opened:
        try:
            faults = file_faults(opened)
            tables = {name for (name,) in opened.execute("SELECT name FROM sqlite_master")}
        except sqlite3.DatabaseError as error:
            raise UserMistake(f"{source}: this is no backup of a store: {error}.") from None
    if faults:
        raise UserMistake(f"{source}: the backup is damaged: {faults[0]}. Take an older one.")
    if not {"alembic_version", "connections", "actions"} <= tables:
        raise UserMistake(f"{source}: this is no backup of a store.")


def _refuse_unless_empty(db: Connection, database: Database) -> None:
    if db.scalar(select(func.count()).select_from(connections)):
        raise UserMistake(
            f"{database.shown}: this store is in use. A backup is only put into an empty store."
            '\n    hint: name a new one, such as [store] url = "sqlite:///arsync-restored.db"'
        )
