"""A backup holds the whole store, is taken while runs go on, and comes back whole or not at all."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.builders.actions import an_action
from tests.store.conftest import asked, fill_every_table

from arsync.clock import SetClock
from arsync.connector_sdk import Page, Token
from arsync.core.actions import ActionState
from arsync.core.ledger.records import Contact, RecordKind
from arsync.errors import UserMistake
from arsync.store import Keys, Store, open_store
from arsync.store.admin.backup import NOT_RESTORED
from arsync.store.db.tables import metadata
from arsync.store.models import ConnectionRow

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TOKEN = Token("access-secret", "refresh-secret", NOW + timedelta(minutes=30))


def every_row(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Return everything in the store; without what a restore changes: modes and pauses."""
    with store.engine.connect() as connection:
        contents = {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in metadata.sorted_tables
        }
    for row in contents["connections"]:
        del row["mode"], row["restored_at"], row["backed_up_at"]
    # Numbers that a restore passes over have no notice.
    contents["notices"] = [row for row in contents["notices"] if row["key"] is not None]
    for table in NOT_RESTORED:
        del contents[table.name]
    return {
        name: sorted(rows, key=lambda row: str(sorted(row.items())))
        for name, rows in contents.items()
    }


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_store(
    request: pytest.FixtureRequest, tmp_path: Path, keys: Keys, clock: SetClock
) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_store")
    with open_store(url, clock=clock, keys=keys) as store:
        yield store


def test_everything_in_a_store_comes_back_from_its_backup(
    store: Store, empty_store: Store, tmp_path: Path
) -> None:
    with store.engine.begin() as db:
        tables = fill_every_table(db)
    assert tables == set(metadata.tables)
    size = store.back_up(tmp_path / "backup.db")
    assert size == (tmp_path / "backup.db").stat().st_size
    assert empty_store.restore(tmp_path / "backup.db") == ["name-1"]
    assert every_row(empty_store) == every_row(store)


def test_after_a_restore_every_connection_only_observes(
    store: Store, empty_store: Store, connection: ConnectionRow, tmp_path: Path
) -> None:
    grant = store.tokens.create("xero", TOKEN)
    store.connections.attach(connection.id, grant)
    store.connections.set_mode("acme", "auto")
    first = store.runs.start(connection.id, "sync")
    store.back_up(tmp_path / "backup.db")
    empty_store.restore(tmp_path / "backup.db")
    restored = empty_store.connections.get("acme")
    assert restored.mode == "observe"
    assert restored.taken_over_on == store.connections.get("acme").taken_over_on
    assert empty_store.tokens.load(grant) == TOKEN
    assert empty_store.runs.start(restored.id, "sync") > first
    assert empty_store.tokens.create("xero", TOKEN) > grant


def test_what_was_approved_waits_again_after_a_restore(
    store: Store, empty_store: Store, connection: ConnectionRow, clock: SetClock, tmp_path: Path
) -> None:
    waiting, under_way = an_action(subject="a"), an_action(subject="b")
    for action in (under_way, waiting):
        asked(store, connection.id, action, who="Jane", why="approved by Jane", now=NOW)
    claimed = store.claims.claim_next(connection.id, now=NOW, lease_seconds=60)
    assert claimed is not None
    store.outages.failed(connection.id, "it is away")
    store.back_up(tmp_path / "backup.db")
    clock.advance(timedelta(days=1))
    empty_store.restore(tmp_path / "backup.db")
    states = {row.key: row.state for row in empty_store.actions.list(connection.id)}
    other = ({waiting.key, under_way.key} - {claimed.key}).pop()
    assert states == {claimed.key: ActionState.UNKNOWN, other: ActionState.AWAITING_APPROVAL}
    for key in states:
        last = empty_store.actions.events(key)[-1]
        assert last.actor == "restore"
        assert last.reason.startswith("restored from a backup")
    row = empty_store.actions.get(other)
    assert (row.before, row.attempts, row.not_before) == ({}, 0, None)
    assert empty_store.outages.get(connection.id) is None
    assert empty_store.connections.get("acme").restored == (NOW + timedelta(days=1), NOW)


def test_a_backup_keeps_tokens_encrypted_and_is_private(store: Store, tmp_path: Path) -> None:
    store.tokens.create("xero", TOKEN)
    store.back_up(tmp_path / "backup.db")
    content = (tmp_path / "backup.db").read_bytes()
    assert b"secret" not in content.replace(b"secret TEXT", b"")
    assert stat.S_IMODE((tmp_path / "backup.db").stat().st_mode) == 0o600


def test_a_backup_is_of_one_moment_while_others_write(
    store: Store, connection: ConnectionRow, tmp_path: Path
) -> None:
    """Each page writes two contacts in one transaction: a backup has both or neither."""
    stop = threading.Event()
    started = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            pair = (Contact(f"a{number}", "x" * 400), Contact(f"b{number}", "x" * 400))
            store.ledger.apply(connection.id, Page(RecordKind.CONTACTS, pair, str(number)), NOW)
            started.set()

    writer = threading.Thread(target=write)
    writer.start()
    started.wait(10)
    try:
        for number in range(3):
            store.back_up(tmp_path / f"backup-{number}.db")
    finally:
        stop.set()
        writer.join()
    for number in range(3):
        with closing(sqlite3.connect(tmp_path / f"backup-{number}.db")) as backup:
            ids = {record_id for (record_id,) in backup.execute("SELECT id FROM contacts")}
            (cursor,) = backup.execute("SELECT cursor FROM cursors").fetchone()
        assert {record_id[1:] for record_id in ids if record_id[0] == "a"} == {
            record_id[1:] for record_id in ids if record_id[0] == "b"
        }
        assert len(ids) == 2 * int(cursor)


def test_a_backup_never_replaces_a_file(store: Store, tmp_path: Path) -> None:
    (tmp_path / "backup.db").write_text("mine")
    with pytest.raises(UserMistake, match="there is such a file already"):
        store.back_up(tmp_path / "backup.db")
    assert (tmp_path / "backup.db").read_text() == "mine"
    with pytest.raises(UserMistake, match="there is no such folder"):
        store.back_up(tmp_path / "nowhere" / "backup.db")


def test_an_interrupted_backup_is_named_and_never_used(store: Store, tmp_path: Path) -> None:
    (tmp_path / ".backup.db.part").write_text("half")
    with pytest.raises(UserMistake, match=r"\.backup\.db\.part: another backup.*Delete it"):
        store.back_up(tmp_path / "backup.db")
    assert not (tmp_path / "backup.db").exists()


_SMALL_DISK = """
import resource, signal, sys
from pathlib import Path
from arsync.clock import SystemClock
from arsync.errors import UserMistake
from arsync.store import open_store

store = open_store(sys.argv[1], clock=SystemClock())
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
try:
    store.back_up(Path(sys.argv[2]))
except UserMistake as mistake:
    print(mistake)
"""


def test_a_full_disk_leaves_no_half_a_backup(
    store: Store, store_url: str, connection: ConnectionRow, tmp_path: Path
) -> None:
    target = tmp_path / "backups" / "backup.db"
    target.parent.mkdir()
    command = [sys.executable, "-c", _SMALL_DISK, store_url, str(target)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert str(target) in done.stdout
    assert list(target.parent.iterdir()) == []
    assert store.connections.all() == [connection]


def test_a_backup_is_only_put_into_an_empty_store(
    store: Store, connection: ConnectionRow, tmp_path: Path
) -> None:
    store.back_up(tmp_path / "backup.db")
    with pytest.raises(UserMistake, match="only put into an empty store"):
        store.restore(tmp_path / "backup.db")
    assert store.connections.all() == [connection]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no such file"),
        (b"Dear Sir or Madam, " * 500, "no backup of a store"),
        (b"", "no backup of a store"),
    ],
)
def test_what_is_no_backup_is_refused(
    empty_store: Store, tmp_path: Path, content: bytes | None, message: str
) -> None:
    file = tmp_path / "other.db"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UserMistake, match=message):
        empty_store.restore(file)
    assert empty_store.connections.all() == []


def test_a_damaged_backup_is_refused_without_leftovers(
    store: Store, empty_store: Store, connection: ConnectionRow, tmp_path: Path
) -> None:
    many = tuple(Contact(f"c{number}", f"Customer {number} " * 20) for number in range(500))
    store.ledger.apply(connection.id, Page(RecordKind.CONTACTS, many, "1"), NOW)
    file = tmp_path / "backup.db"
    store.back_up(file)
    damaged = bytearray(file.read_bytes())
    middle = len(damaged) // 2
    damaged[middle : middle + 20_000] = bytes(20_000)
    file.write_bytes(damaged)
    with pytest.raises(UserMistake, match=r"damaged|malformed"):
        empty_store.restore(file)
    assert empty_store.connections.all() == []


def test_a_backup_of_a_newer_arsync_is_refused(
    store: Store, empty_store: Store, connection: ConnectionRow, tmp_path: Path
) -> None:
    store.back_up(tmp_path / "backup.db")
    with closing(sqlite3.connect(tmp_path / "backup.db")) as backup, backup:
        backup.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(UserMistake, match="newer version of arsync"):
        empty_store.restore(tmp_path / "backup.db")
    assert empty_store.connections.all() == []
