"""Writing rows by the thousand: what each database does fastest."""

from __future__ import annotations

import csv
import io
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
)
from sqlalchemy.dialects import postgresql, sqlite

from arsync.store.rows import KINDS, Kind, Values


def one_of(connection: Connection, column: Any, texts: Sequence[str]) -> ColumnElement[bool]:
    """Return `column IN texts` with a single parameter, so that any number of texts fits."""
    if connection.dialect.name == "sqlite":
        rows = func.json_each(msgspec.json.encode(list(texts)).decode()).table_valued("value")
        inside: ColumnElement[bool] = column.in_(select(rows.c.value))
        return inside
    return column == func.any(bindparam(None, list(texts), type_=ARRAY(Text)))  # type: ignore[no-any-return]


def upsert(connection: Connection, kind: Kind, rows: Sequence[Values]) -> None:
    """Insert rows, or update those whose hash differs. Ids are distinct within one call."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_sqlite_upsert(kind.kind), list(rows))
        return
    stage = _stage_name(kind.table)
    connection.execute(
        text(f"CREATE TEMPORARY TABLE IF NOT EXISTS {stage} (LIKE {kind.table.name}) "
             "ON COMMIT DELETE ROWS")
    )  # fmt: skip
    copy_into = f"COPY {stage} FROM STDIN (FORMAT csv, NULL '{_NONE}')"
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(copy_into) as copy:
        copy.write(_copy_text(rows))
    connection.execute(_postgresql_merge(kind.kind))
    connection.execute(text(f"TRUNCATE {stage}"))


_NONE = "\x01"
"""COPY's mark for "no value". A text that is only this control character would be read as none."""


def _copy_text(rows: Sequence[Values]) -> str:
    """Return rows as CSV. Python's writer quotes in C what COPY could misread."""
    lines = io.StringIO()
    write = csv.writer(lines, lineterminator="\n").writerows
    write([_NONE if value is None else value for value in row] for row in rows)
    return lines.getvalue()


def _changes(kind: Kind, new: Any) -> dict[str, Any]:
    old = kind.table.c
    changes = {
        column.name: new[column.name]
        for column in kind.table.columns
        if not column.primary_key and column.name not in kind.on_update
    }
    return changes | {name: follow(old, new) for name, follow in kind.on_update.items()}


@cache
def _sqlite_upsert(kind_of: Any) -> str:
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
def _postgresql_merge(kind_of: Any) -> Any:
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
