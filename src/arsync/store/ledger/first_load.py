"""The first load of a ledger into an empty SQLite store: some indexes are made after it.

Contacts, numbers and days of issue come in any order, so an index by contact costs a third of the
writing when it is kept up row by row, and one by number a sixth. They are left out only while
nothing else is in the store: no other ledger then waits for them.
PostgreSQL takes rows in by COPY and keeps its indexes.
"""

from __future__ import annotations

from sqlalchemy import Connection, Index, exists, inspect, select
from sqlalchemy.schema import CreateIndex, DropIndex

from arsync.store.db.database import Database
from arsync.store.db.tables import invoices, payments

_LOADED = (invoices, payments)
_LATE = (["connection_id", "contact_id"], ["number", "connection_id"])
"""The columns of the indexes that are made late."""
_MEASURED = "ix_invoices_measured"
"""It holds most of an invoice once more, in the order of the days of issue."""


def drop_late_indexes(db: Connection, connection_id: int) -> bool:
    """Drop them if no other ledger has documents here; returns whether they were dropped."""
    if db.dialect.name != "sqlite":
        return False
    for table in _LOADED:
        other_ledgers = table.c.connection_id < connection_id, table.c.connection_id > connection_id
        if any(db.scalar(select(exists().where(others))) for others in other_ledgers):
            return False
    for index in _late_indexes():
        db.execute(DropIndex(index, if_exists=True))
    return True


def lacks_late_indexes(db: Connection) -> bool:
    """Return whether a first load was interrupted before it made them."""
    if db.dialect.name != "sqlite":
        return False
    there = {
        name
        for table in _LOADED
        for index in inspect(db).get_indexes(table.name)
        if (name := index["name"]) is not None
    }
    return any(index.name not in there for index in _late_indexes())


def make_late_indexes(database: Database) -> None:
    """Make those that are missing, each in a transaction of its own."""
    with database.translated(), database.engine.connect() as db:
        # Changed outside of a transaction, as SQLite asks. In memory, where arsync keeps what is
        # temporary, sorting a million rows would take a hundred megabytes.
        db.execution_options(isolation_level="AUTOCOMMIT")
        db.exec_driver_sql("PRAGMA temp_store=FILE")
        try:
            for index in _late_indexes():
                db.execute(CreateIndex(index, if_not_exists=True))
        finally:
            db.exec_driver_sql("PRAGMA temp_store=MEMORY")


def _late_indexes() -> list[Index]:
    return [
        index
        for table in _LOADED
        for index in table.indexes
        if index.name == _MEASURED or [column.name for column in index.columns] in _LATE
    ]
