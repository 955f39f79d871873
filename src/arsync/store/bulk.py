"""Writing rows by the thousand: what each database does fastest."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    MetaData,
    Table,
    Text,
    bindparam,
    func,
    select,
    text,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from arsync.core.records import RecordKind
from arsync.store.rows import KINDS, Kind, Values


def one_of(connection: Connection, column: Any, texts: Sequence[str]) -> ColumnElement[bool]:
    """Return `column IN texts` with a single parameter, so that any number of texts fits."""
    if connection.dialect.name == "sqlite":
        rows = func.json_each(msgspec.json.encode(list(texts)).decode()).table_valued("value")
        inside: ColumnElement[bool] = column.in_(select(rows.c.value))
        return inside
    return column == func.any(bindparam(None, list(texts), type_=ARRAY(Text)))  # type: ignore[no-any-return]


def stored_hashes(
    connection: Connection, kind: Kind, connection_id: int, ids: Sequence[str]
) -> dict[str, int]:
    """Return the hash of each of these records that is stored."""
    if not ids:
        return {}
    ours = kind.table.c
    if connection.dialect.name == "sqlite":
        query = select(ours.id, ours.row_hash).where(
            ours.connection_id == connection_id, one_of(connection, ours.id, ids)
        )
    else:
        # One look at the primary key for each id. Left to itself, PostgreSQL reads the whole table
        # for each page of a first pull, because it has no statistics of a growing table yet.
        given = bindparam(None, list(ids), type_=ARRAY(Text))
        wanted = func.unnest(given).table_valued("id", name="wanted").render_derived()
        one = (
            select(ours.row_hash)
            .where(ours.connection_id == connection_id, ours.id == wanted.c.id)
            .limit(1)
            .lateral("one")
        )
        query = select(wanted.c.id, one.c.row_hash).select_from(wanted).join(one, true())
    return {row[0]: row[1] for row in connection.execute(query)}


def insert_new(connection: Connection, kind: Kind, rows: Sequence[Values]) -> bool:
    """Insert rows that are thought to be new; return False, and insert none, if one is not.

    Ids are distinct within one call.
    """
    if not rows:
        return True
    attempt = connection.begin_nested()
    try:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(_sqlite_insert(kind.kind), list(rows))
        else:
            _copy(connection, kind, kind.table.name, rows)
    except Exception as error:
        attempt.rollback()
        if isinstance(error, IntegrityError) or getattr(error, "sqlstate", "") == _NOT_UNIQUE:
            return False
        raise
    attempt.commit()
    return True


_NOT_UNIQUE = "23505"
"""PostgreSQL's code; COPY's errors come from the driver as they are."""


def upsert(connection: Connection, kind: Kind, rows: Sequence[Values]) -> None:
    """Insert rows, or update those whose hash differs. Ids are distinct within one call."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_sqlite_upsert(kind.kind), list(rows))
        return
    stage = _stage_name(kind.table)
    connection.execute(
        text(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {stage} (LIKE {kind.table.name}) "
            "ON COMMIT DELETE ROWS"
        )
    )
    _copy(connection, kind, stage, rows)
    connection.execute(_postgresql_merge(kind.kind))
    connection.execute(text(f"TRUNCATE {stage}"))


def _copy(connection: Connection, kind: Kind, table: str, rows: Sequence[Values]) -> None:
    driver: Any = connection.connection.driver_connection
    named = ", ".join(f'"{column.name}"' for column in kind.table.columns)
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({named}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _changes(kind: Kind, new: Any) -> dict[str, Any]:
    old = kind.table.c
    changes = {
        column.name: new[column.name]
        for column in kind.table.columns
        if not column.primary_key and column.name not in kind.on_update
    }
    return changes | {name: follow(old, new) for name, follow in kind.on_update.items()}


@cache
def _sqlite_insert(kind_of: RecordKind) -> str:
    return str(sqlite.insert(KINDS[kind_of].table).compile(dialect=sqlite.dialect()))


@cache
def _sqlite_upsert(kind_of: RecordKind) -> str:
    kind = KINDS[kind_of]
    insert = sqlite.insert(kind.table)
    statement = insert.on_conflict_do_update(
        index_elements=list(kind.table.primary_key.columns),
        set_=_changes(kind, insert.excluded),
        where=kind.table.c.row_hash != insert.excluded.row_hash,
    )
    return str(statement.compile(dialect=sqlite.dialect()))


def _stage_name(table: Table) -> str:
    return f"arsync_stage_{table.name}"


@cache
def _postgresql_merge(kind_of: RecordKind) -> Any:
    kind = KINDS[kind_of]
    stage = kind.table.to_metadata(MetaData(), name=_stage_name(kind.table))
    columns = list(kind.table.columns)
    insert = postgresql.insert(kind.table).from_select(
        [column.name for column in columns], select(*(stage.c[column.name] for column in columns))
    )
    return insert.on_conflict_do_update(
        index_elements=list(kind.table.primary_key.columns),
        set_=_changes(kind, insert.excluded),
        where=kind.table.c.row_hash != insert.excluded.row_hash,
    )
