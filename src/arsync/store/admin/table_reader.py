"""The rows of one connection in any table of decisions, for exports, some thousand at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Select, Table, select, tuple_

from arsync.store.db.database import Database
from arsync.store.db.tables import metadata

ROWS_AT_ONCE = 1_000


class TableReader:
    """Reads tables as they stand."""

    def __init__(self, database: Database) -> None:
        """Work on this database."""
        self._database = database

    def rows(
        self, table_name: str, connection_id: int, column_names: Sequence[str]
    ) -> Iterator[tuple[Any, ...]]:
        """Yield some columns of a connection's rows, in the order of the table's own key.

        Each portion is read by itself: as long as a reader is open, SQLite cannot shorten its
        journal, and the caller may take minutes.
        """
        table = metadata.tables[table_name]
        keys = list(table.primary_key.columns)
        columns = [table.c[name] for name in column_names]
        query = _of_connection(select(*columns, *_labelled(keys)), table, connection_id)
        query = query.order_by(*keys).limit(ROWS_AT_ONCE)
        after: tuple[Any, ...] | None = None
        while True:
            portion = query if after is None else query.where(tuple_(*keys) > after)
            with self._database.read() as db:
                rows = db.execute(portion).all()
            for row in rows:
                yield tuple(row[: len(columns)])
            if len(rows) < ROWS_AT_ONCE:
                return
            after = tuple(rows[-1][len(columns) :])


def _labelled(keys: list[Column[Any]]) -> list[Any]:
    return [key.label(f"key_{number}") for number, key in enumerate(keys)]


def _of_connection(query: Select[Any], table: Table, connection_id: int) -> Select[Any]:
    """Return a query of one connection's rows; of what belongs to an action, by the action."""
    if "connection_id" in table.c:
        return query.where(table.c.connection_id == connection_id)
    owners = (key.column.table for key in table.foreign_keys)
    owner = next(owner for owner in owners if "connection_id" in owner.c)
    return query.join_from(table, owner).where(owner.c.connection_id == connection_id)
