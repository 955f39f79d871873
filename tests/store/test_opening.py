"""Opening a store brings it up to date, or says in one line what is wrong."""

from __future__ import annotations

import json
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Engine,
    MetaData,
    Select,
    create_engine,
    event,
    inspect,
    literal_column,
    make_url,
    select,
    table,
    text,
)

from arsync.clock import SetClock
from arsync.connector_sdk import Page
from arsync.core.ledger.records import Contact, Organisation, RecordKind
from arsync.errors import RetryLater, UserMistake
from arsync.store import Store, open_store
from arsync.store.db import migrate
from arsync.store.db.column_types import moment_text
from arsync.store.db.database import Database
from arsync.store.db.tables import message_addresses, metadata
from arsync.store.models import ConnectionRow

from .conftest import fill_every_table

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
CLOCK = SetClock(NOW)


def a_contact(name: str = "Customer") -> Page:
    return Page(RecordKind.CONTACTS, (Contact("c1", name),), name)


def test_the_migrations_make_the_tables_that_the_code_uses(store: Store) -> None:
    with store.engine.connect() as db:
        context = MigrationContext.configure(db)
        assert compare_metadata(context, metadata) == []


def test_every_migration_is_known_to_the_code() -> None:
    config = Config()
    folder = Path(migrate.__file__).with_name("migrations")
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    revisions = [walk_revision.revision for walk_revision in script.walk_revisions()]
    assert tuple(reversed(revisions)) == migrate.REVISIONS


def test_a_current_store_is_opened_unchanged(
    store: Store, store_url: str, connection: ConnectionRow
) -> None:
    with open_store(store_url, clock=CLOCK) as again:
        assert again.connections.all() == [connection]


def test_a_newer_versions_store_is_refused_unchanged(
    store: Store, store_url: str, connection: ConnectionRow
) -> None:
    with store.engine.begin() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(
            UserMistake, match=r"newer version of arsync \(its revision is 9999.*Upgrade arsync"
        ):
            open_store(store_url, clock=CLOCK)
        assert store.connections.all() == [connection]
    finally:
        with store.engine.begin() as db:
            newest = {"revision": migrate.REVISIONS[-1]}
            db.execute(text("UPDATE alembic_version SET version_num = :revision"), newest)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new.db'}"
        return
    yield request.getfixturevalue("postgresql_schema")


def test_processes_opening_a_new_store_together_create_it_once(empty_url: str) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            open_store(empty_url, clock=CLOCK).close()
        except BaseException as error:  # noqa: BLE001 - reported by the test
            failures.append(error)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    open_store(empty_url, clock=CLOCK).close()


def test_a_migration_that_fails_leaves_nothing_behind(empty_url: str) -> None:
    driver = "sqlite" if empty_url.startswith("sqlite") else "postgresql+psycopg"
    engine = create_engine(make_url(empty_url).set(drivername=driver))
    with engine.begin() as db:
        db.execute(text("CREATE TABLE runs (id INTEGER)"))
    with pytest.raises(Exception, match="runs"):
        open_store(empty_url, clock=CLOCK)
    with engine.begin() as db:
        db.execute(text("DROP TABLE runs"))
    engine.dispose()
    open_store(empty_url, clock=CLOCK).close()


def every_row(name: str) -> Select[Any]:
    return select(literal_column("*")).select_from(table(name))


def raw_rows(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table as the database has it, but the revision."""
    # Their columns are not looked up: to do so takes longer than to migrate.
    with engine.connect() as connection:
        return {
            name: [dict(row) for row in connection.execute(every_row(name)).mappings()]
            for name in inspect(connection).get_table_names()
            if name != "alembic_version"
        }


MOVED = {("grants", "told_at"), ("promises", "invoice_id"), ("promises", "amount_due")}
"""Columns whose values a migration moved to another table, or that nobody asks for any more."""


READ_AGAIN = {"open_bills": "0051", "bill_cursors": "0051"}
"""Copies of the platform's own that a step dropped: the next run reads them again."""


FROM_REVISIONS = [
    *(("sqlite", revision) for revision in migrate.REVISIONS),
    *(
        ("postgresql", revision)
        for revision in (*migrate.REVISIONS[:-3:4], *migrate.REVISIONS[-3:])
    ),
]
"""Where a store begins. PostgreSQL goes every fourth way: each step is taken from several."""


@pytest.mark.parametrize(("empty_url", "revision"), FROM_REVISIONS, indirect=["empty_url"])
def test_stores_of_every_earlier_version_keep_all_rows(empty_url: str, revision: str) -> None:
    database = Database(empty_url)
    with database.write() as db:
        migrate.upgrade(db, revision)
    with database.write() as db:
        fill_every_table(db)
    before = raw_rows(database.engine)
    open_store(empty_url, clock=CLOCK).close()
    after = raw_rows(database.engine)
    assert set(after) == set(metadata.tables)
    for name, rows in before.items():
        if revision < READ_AGAIN.get(name, ""):
            continue
        columns = [column for column in rows[0] if (name, column) not in MOVED]
        kept = [{column: row[column] for column in columns} for row in after[name]]
        assert kept == [{column: row[column] for column in columns} for row in rows], name
    with database.read() as db:  # and each value reads as what its column holds now
        for table in metadata.sorted_tables:
            assert len(db.execute(select(table)).all()) == len(after[table.name])
    database.engine.dispose()


def test_promises_of_one_invoice_are_carried_over(empty_url: str) -> None:
    """They did not say what took their place, which withdrawing that brings back."""
    database = Database(empty_url)
    with database.write() as db:
        migrate.upgrade(db, "0024")
        fill_every_table(db)
        tables = MetaData()
        tables.reflect(db)
        promises = tables.tables["promises"]
        # Of all three rows, one stood: the second took the place of the first.
        filled = dict(db.execute(select(promises)).mappings().one())
        rows = [(8, "i1", True, None), (9, "i1", False, None), (10, "i2", False, False)]
        for number, invoice_id, replaced, kept in rows:
            of_row = {"id": number, "invoice_id": invoice_id, "replaced": replaced, "kept": kept}
            db.execute(promises.insert().values(filled | of_row))
    database.engine.dispose()
    with open_store(empty_url, clock=CLOCK) as store:
        of = store.promises.recorded(1)[1:]
        assert [(row.invoice_ids, row.replaced, row.kept) for row in of] == [
            (("i1",), True, None),
            (("i1",), False, None),
            (("i2",), False, False),
        ]
        assert store.promises.withdraw(1, 9)
        assert [row.replaced for row in store.promises.recorded(1)[1:]] == [False, True, False]


def test_addresses_of_earlier_messages_are_carried_over(empty_url: str) -> None:
    database = Database(empty_url)
    with database.write() as db:
        migrate.upgrade(db, "0047")
        fill_every_table(db)
        tables = MetaData()
        tables.reflect(db)
        actions = tables.tables["actions"]
        filled = dict(db.execute(select(actions)).mappings().one())
        mail = {"via": "smtp", "payload": {"to": "Ann@x.example, ann@X.example"}}
        sms, by_post = {"via": "sms", "payload": {"to": "07911 123456"}}, {"via": "post"}
        for key, kind, state, action, before in (
            ("mail", "reminder", "confirmed", mail, None),
            ("text", "reminder", "sent", sms, {"sms.to": "+447911123456"}),
            ("post", "letter", "sent", by_post, {}),
            ("not sent", "reminder", "approved", mail, None),
            ("task", "task", "sent", {}, None),
        ):
            of_row = {"key": key, "kind": kind, "state": state, "action": json.dumps(action)}
            texts = None if before is None else json.dumps(before)
            db.execute(actions.insert().values(filled | of_row | {"before": texts}))
    database.engine.dispose()
    open_store(empty_url, clock=CLOCK).close()
    with database.read() as db:
        columns = message_addresses.c
        query = select(columns.key, columns.address).order_by(columns.key)
        assert [tuple(row) for row in db.execute(query)] == [
            ("mail", "ann@x.example"),
            ("text", "+447911123456"),
        ]
    database.engine.dispose()


_DIES_IN_THE_MIDDLE = """
import os, signal, sys
from sqlalchemy import event
from arsync.store.db.database import Database
from arsync.store.db.migrate import REVISIONS, migrate, upgrade

database = Database(sys.argv[1])
made = 0

def die(*args):
    global made
    made += args[2].lstrip().upper().startswith("CREATE TABLE")
    if made == 5:
        os.kill(os.getpid(), signal.SIGKILL)

event.listen(database.engine, "after_cursor_execute", die)
migrate(database)
"""


def test_a_killed_migration_leaves_the_store_unchanged(empty_url: str) -> None:
    command = [sys.executable, "-c", _DIES_IN_THE_MIDDLE, empty_url]
    killed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    database = Database(empty_url)
    assert raw_rows(database.engine) == {}
    database.engine.dispose()
    with open_store(empty_url, clock=CLOCK) as store:
        assert store.connections.all() == []


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path / 'new.db'}", clock=CLOCK).close()
    assert stat.S_IMODE((tmp_path / "new.db").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("not a url", "is not a database URL"),
        ("nosuch://host/db", "not in nosuch"),
        ("mysql://user:secret@host/db", "not in mysql"),
        ("sqlite://", "the store needs a file"),
        ("sqlite:///:memory:", "the store needs a file"),
        ("sqlite:////nowhere/at/all/arsync.db", "there is no such folder"),
        ("postgresql://user:secret@127.0.0.1:1/arsync", "cannot be reached.*Is the server running"),
        ("postgresql+psycopg2://user:secret@127.0.0.1:1/arsync", "cannot be reached"),
    ],
)
def test_an_impossible_store_is_reported_without_its_password(url: str, message: str) -> None:
    with pytest.raises(UserMistake, match=message) as caught:
        open_store(url, clock=CLOCK)
    assert "secret" not in str(caught.value)


def test_a_missing_database_is_said(postgresql_server: str) -> None:
    url = make_url(postgresql_server).set(database="no_such_database_here")
    with pytest.raises(UserMistake, match="no_such_database_here"):
        open_store(url.render_as_string(hide_password=False), clock=CLOCK)


def test_a_file_that_is_no_store_is_said(tmp_path: Path) -> None:
    file = tmp_path / "letter.db"
    file.write_text("Dear Sir or Madam, " * 500)
    with pytest.raises(UserMistake, match="not a readable SQLite file"):
        open_store(f"sqlite:///{file}", clock=CLOCK)


def test_a_folder_in_place_of_the_store_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match="the store cannot be opened"):
        open_store(f"sqlite:///{tmp_path}", clock=CLOCK)


def test_a_store_that_can_only_be_read_is_said(store: Store, store_url: str) -> None:
    if store_url.startswith("sqlite"):
        file = make_url(store_url).database
        url = f"sqlite:///file:{file}?mode=ro&uri=true"
    else:
        options = make_url(store_url).query["options"]
        read_only = {"options": f"{options} -cdefault_transaction_read_only=on"}
        url = make_url(store_url).update_query_dict(read_only).render_as_string(hide_password=False)
    with pytest.raises(UserMistake, match="can only be read"):
        open_store(url, clock=CLOCK)


def sqlite_store(tmp_path: Path, migrated_file: Path) -> str:
    (tmp_path / "small.db").write_bytes(migrated_file.read_bytes())
    return f"sqlite:///{tmp_path / 'small.db'}"


@contextmanager
def full_disk(store: Store) -> Iterator[None]:
    """Let the file grow no further, as a full disk does."""

    def no_more_pages(connection: sqlite3.Connection, *_: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages}")

    event.listen(store.engine, "checkout", no_more_pages)
    yield
    event.remove(store.engine, "checkout", no_more_pages)
    store.engine.dispose()


def test_a_full_disk_is_reported_and_the_store_intact(tmp_path: Path, migrated_file: Path) -> None:
    with open_store(sqlite_store(tmp_path, migrated_file), clock=CLOCK) as store:
        page = a_contact("first")
        many = tuple(Contact(f"c{number}", "x" * 500) for number in range(500))
        connection = store.connections.add("acme", platform="xero", organisation=an_organisation())
        store.ledger.apply(connection.id, page, NOW)
        with full_disk(store), pytest.raises(UserMistake, match="the disk is full"):
            store.ledger.apply(connection.id, Page(RecordKind.CONTACTS, many, "second"), NOW)
        assert store.ledger.cursor(connection.id) == "first"
        assert store.ledger.counts(connection.id)[RecordKind.CONTACTS] == 1
        result = store.ledger.apply(connection.id, Page(RecordKind.CONTACTS, many, "second"), NOW)
        assert result.inserted + result.updated == 500


def test_a_long_locked_store_is_to_be_retried_later(tmp_path: Path, migrated_file: Path) -> None:
    url = sqlite_store(tmp_path, migrated_file)
    with open_store(url, clock=CLOCK) as store:
        connection = store.connections.add("acme", platform="xero", organisation=an_organisation())
        event.listen(
            store.engine,
            "checkout",
            lambda driver, *_: driver.execute("PRAGMA busy_timeout=10"),
        )
        writer = sqlite3.connect(tmp_path / "small.db", isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(RetryLater, match="another process is writing"):
            store.ledger.apply(connection.id, a_contact(), NOW)
        assert store.ledger.cursor(connection.id) is None  # reading goes on meanwhile
        writer.execute("ROLLBACK")
        writer.close()
        store.ledger.apply(connection.id, a_contact(), NOW)


def test_a_lost_server_is_to_be_tried_later(
    store: Store, store_url: str, connection: ConnectionRow
) -> None:
    if store_url.startswith("sqlite"):
        pytest.skip("SQLite has no server to lose")
    store.ledger.apply(connection.id, a_contact(), NOW)
    engine = create_engine(make_url(store_url).set(drivername="postgresql+psycopg"))
    with store.engine.connect() as server_session:
        number = server_session.scalar(text("SELECT pg_backend_pid()"))

    def lose(*_: object) -> None:
        with engine.begin() as admin:
            admin.execute(text("SELECT pg_terminate_backend(:number)"), {"number": number})

    event.listen(store.engine, "begin", lose)
    with pytest.raises(RetryLater, match="the database is away"):
        store.ledger.apply(connection.id, a_contact(), NOW)
    event.remove(store.engine, "begin", lose)
    engine.dispose()
    assert store.ledger.apply(connection.id, a_contact(), NOW).unchanged == 1


def an_organisation() -> Organisation:
    return Organisation("org-1", "Acme Ltd", "GBP")


def test_a_power_cut_may_lose_pages_but_no_claim(store_url: str, clock: SetClock) -> None:
    # A server waits for its disk unless it is told otherwise, as it is by these tests.
    usual = store_url.replace("synchronous_commit%3Doff", "synchronous_commit%3Don")
    answers = []
    with open_store(usual, clock=clock) as store:
        database = store.ledger.database
        ask = "PRAGMA synchronous" if database.is_sqlite else "SHOW synchronous_commit"
        for repeatable in (True, False):
            with database.write(repeatable=repeatable) as db:
                answers.append(db.exec_driver_sql(ask).scalar_one())
    assert answers == ([1, 2] if database.is_sqlite else ["off", "on"])


def test_moments_are_kept_as_iso_texts_of_one_width() -> None:
    for moment in (NOW, NOW.replace(year=2, microsecond=7), NOW.astimezone(ZoneInfo("Asia/Tokyo"))):
        assert moment_text(moment) == moment.astimezone(UTC).isoformat(timespec="microseconds")
