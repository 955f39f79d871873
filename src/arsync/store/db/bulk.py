"""Writing rows by the thousand: what each database does fastest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    MetaData,
    Select,
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

from arsync.core.ledger.records import RecordKind
from arsync.store.ledger.record_rows import KINDS, Kind, Values


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
    if connection.dialect.name == "sqlite":
        given: Any = msgspec.json.encode(ids).decode()
        query = _sqlite_hashes(kind.kind)
    else:
        given = ids
        query = _postgresql_hashes(kind.kind)
    rows = connection.execute(query, {"of_connection": connection_id, "ids": given})
    return {row[0]: row[1] for row in rows}


# Statements that every page needs are made once: making one takes longer than running it.
@cache
def _sqlite_hashes(kind_of: RecordKind) -> Select[Any]:
    ours = KINDS[kind_of].table.c
    wanted = func.json_each(bindparam("ids", type_=Text)).table_valued("value")
    return select(ours.id, ours.row_hash).where(
        ours.connection_id == bindparam("of_connection"), ours.id.in_(select(wanted.c.value))
    )


@cache
def _postgresql_hashes(kind_of: RecordKind) -> Select[Any]:
    """One look at the primary key for each id.

    Left to itself, PostgreSQL reads the whole table for each page of a first pull, because it has
    no statistics of a growing table yet.
    """
    ours = KINDS[kind_of].table.c
    given = bindparam("ids", type_=ARRAY(Text))
    wanted = func.unnest(given).table_valued("id", name="wanted").render_derived()
    one = (
        select(ours.row_hash)
        .where(ours.connection_id == bindparam("of_connection"), ours.id == wanted.c.id)
        .limit(1)
        .lateral("one")
    )
    return select(wanted.c.id, one.c.row_hash).select_from(wanted).join(one, true())


def insert_new(connection: Connection, kind: Kind, rows: Iterable[Values]) -> bool:
    """Insert rows that are thought to be new; return False, and insert none, if one is not.

    Ids are distinct within one call.
    """
    attempt = connection.begin_nested()
    try:
        if connection.dialect.name == "sqlite":
            if several := list(rows):
                connection.exec_driver_sql(_sqlite_insert(kind.kind), several)
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


def _copy(connection: Connection, kind: Kind, table: str, rows: Iterable[Values]) -> None:
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
