"""Bringing the tables up to date when a store is opened."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from arsync.errors import RetryLater, UserMistake
from arsync.store.db.database import Database

REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
    "0014",
    "0015",
    "0016",
    "0017",
    "0018",
    "0019",
    "0020",
    "0021",
    "0022",
    "0023",
    "0024",
    "0025",
    "0026",
    "0027",
    "0028",
    "0029",
    "0030",
    "0031",
    "0032",
    "0033",
    "0034",
    "0035",
    "0036",
    "0037",
    "0038",
    "0039",
    "0040",
    "0041",
    "0042",
    "0043",
    "0044",
    "0045",
    "0046",
    "0047",
    "0048",
    "0049",
    "0050",
    "0051",
    "0052",
    "0053",
)
"""Every step of `migrations/versions`, oldest first.

A store at any other step was made by a newer arsync."""

_MIGRATION_LOCK = 4_718_251_936
"""PostgreSQL: the advisory lock that makes processes migrate one after the other."""


def migrate(database: Database) -> None:
    """Bring the tables to the newest revision, in one transaction, one process at a time.

    Raises:
        UserMistake: the store cannot be reached or written, or is of a newer version.
    """
    if database.reads_only:
        with database.read() as db:
            if _revision(db, database) == REVISIONS[-1]:
                return
    try:
        with database.write() as db:
            if _revision(db, database) == REVISIONS[-1]:
                _refuse_read_only(db, database)
                return
            if not database.is_sqlite:
                db.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _MIGRATION_LOCK})
            # Read again under the lock: another process may have migrated in the meantime.
            if _revision(db, database) != REVISIONS[-1]:
                upgrade(db, REVISIONS[-1])
    except RetryLater as error:
        if database.is_sqlite:
            raise
        # At the first connection, an unreachable server is more often a wrong URL than an outage:
        # the message says what to check rather than to try later.
        cause = error.__cause__
        reason = str(cause.orig if isinstance(cause, DBAPIError) else error).splitlines()[0]
        raise UserMistake(
            f"{database.shown}: the database cannot be reached. Is the server running, and are "
            f"host, port, user and password right?\n    it says: {reason}"
        ) from error


def is_current(database: Database, seconds_max: float) -> bool:
    """Return whether the tables are as this version of arsync makes them; changes nothing.

    Args:
        database: the store's.
        seconds_max: the longest that a statement may take.

    Raises:
        UserMistake: they are of a newer version. RetryLater: the database is away or too slow.
    """
    with database.read(seconds_max=seconds_max) as db:
        return _revision(db, database) == REVISIONS[-1]


def upgrade(db: Connection, revision: str) -> None:
    """Run the migrations up to a revision on an open transaction."""
    # Imported late: most openings find nothing to do, and Alembic takes longer than they do.
    from alembic import command
    from alembic.config import Config

    config = Config()
    folder = Path(__file__).with_name("migrations")
    # The values are read by ConfigParser, to which a single % begins a reference.
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = db
    command.upgrade(config, revision)


def _revision(db: Connection, database: Database) -> str | None:
    if not inspect(db).has_table("alembic_version"):
        return None
    revision: str | None = db.scalar(text("SELECT version_num FROM alembic_version"))
    if revision is not None and revision not in REVISIONS:
        raise UserMistake(
            f"{database.shown}: this store was created by a newer version of arsync (its revision "
            f"is {revision}, "
            f"this one knows up to {REVISIONS[-1]}). Upgrade arsync: pip install -U arsync"
        )
    return revision


def _refuse_read_only(db: Connection, database: Database) -> None:
    if database.is_sqlite:
        # SQLite begins even a write transaction on a file that it may only read, without an error.
        # An update of no rows brings the error out.
        db.execute(text("UPDATE alembic_version SET version_num = '' WHERE 1 = 0"))
    elif db.scalar(text("SHOW transaction_read_only")) == "on":
        raise UserMistake(f"{database.shown}: the store can only be read: the server is a copy.")
