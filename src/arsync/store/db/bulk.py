"""Writing rows by the thousand: what each database does fastest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    CompoundSelect,
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
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType

from arsync.core.ledger.records import RecordKind
from arsync.store.db.tables import problems
from arsync.store.ledger.record_rows import KINDS, RecordTable, Values


class _OneOf(FunctionElement[Any]):
    """`column IN texts` in SQLite, of the column and the texts as JSON."""

    inherit_cache = True
    # To SQLAlchemy no truth value: of one it would ask `= 1`, and SQLite would use no index.
    type = NullType()


@compiles(_OneOf)
def _in_json(one_of_texts: _OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, texts = (compiler.process(clause, **options) for clause in one_of_texts.clauses)
    # Of what SQLAlchemy wrote itself: the texts are a parameter.
    return f"{column} IN (SELECT value FROM json_each({texts}))"  # noqa: S608


def one_of(db: Connection, column: Any, texts: Sequence[str]) -> ColumnElement[bool]:
    """Return `column IN texts` with a single parameter, so that any number of texts fits.

    One parameter each would exceed SQLite's 32,766 or PostgreSQL's 65,535, and would make a new
    statement to be prepared for each number of texts.
    """
    if db.dialect.name == "sqlite":
        # Made of SQLAlchemy's own pieces, it takes longer to make than to run.
        return _OneOf(column, bindparam(None, as_parameter(db, texts), Text, unique=True))
    return column == func.any(bindparam(None, list(texts), type_=ARRAY(Text)))  # type: ignore[no-any-return]


def one_of_given(column: Any, name: str, *, is_sqlite: bool) -> ColumnElement[bool]:
    """Return the same for texts that are given later: see `as_parameter`."""
    if is_sqlite:
        return _OneOf(column, bindparam(name, type_=Text))
    return column == func.any(bindparam(name, type_=ARRAY(Text)))  # type: ignore[no-any-return]


def as_parameter(db: Connection, texts: Sequence[str]) -> Any:
    """Return texts as the parameter that `one_of_given` names."""
    if db.dialect.name == "sqlite":
        return msgspec.json.encode(list(texts)).decode()
    return list(texts)


def one_of_few(
    column: Any, query: Select[Any] | CompoundSelect[Any], *, is_sqlite: bool
) -> ColumnElement[bool]:
    """Return `column IN (query)` for a query of few rows, each looked up by its key.

    PostgreSQL cannot guess how many rows a recursive query has, expects thousands and then reads
    the whole table; of an array it expects few.
    """
    if is_sqlite:
        inside: ColumnElement[bool] = column.in_(query)
        return inside
    return column == func.any(func.array(query.scalar_subquery()))  # type: ignore[no-any-return]


class Stored(NamedTuple):
    """What is stored of some records."""

    hashes: Mapping[str, int]
    some_problem: bool | None
    """Whether any document of the kind could not be read; None when that was not seen."""


def stored_hashes(
    db: Connection, kind: RecordTable, connection_id: int, ids: Sequence[str]
) -> Stored:
    """Return the hash of each of these records that is stored."""
    if not ids:
        return Stored({}, None)
    is_sqlite = db.dialect.name == "sqlite"
    query = (_sqlite_hashes if is_sqlite else _postgresql_hashes)(kind.kind)
    parameters = {"of_connection": connection_id, "ids": as_parameter(db, ids)}
    rows = db.execute(query, parameters).all()
    return Stored({row[0]: row[1] for row in rows}, bool(rows[0][2]) if rows else None)


def _some_problem(kind_of: RecordKind) -> ColumnElement[bool]:
    """Return whether there is a problem of the kind, found once for a whole query."""
    return (
        select(problems.c.id)
        .where(
            problems.c.connection_id == bindparam("of_connection"),
            problems.c.kind == kind_of.value,
        )
        .correlate(None)
        .exists()
    )


# Statements that every page needs are made once: making one takes longer than running it.
@cache
def _sqlite_hashes(kind_of: RecordKind) -> Select[Any]:
    columns = KINDS[kind_of].table.c
    return select(columns.id, columns.row_hash, _some_problem(kind_of)).where(
        columns.connection_id == bindparam("of_connection"),
        one_of_given(columns.id, "ids", is_sqlite=True),
    )


@cache
def _postgresql_hashes(kind_of: RecordKind) -> Select[Any]:
    """One look at the primary key for each id.

    Left to itself, PostgreSQL reads the whole table for each page of a first pull, because it has
    no statistics of a growing table yet.
    """
    columns = KINDS[kind_of].table.c
    keys = bindparam("ids", type_=ARRAY(Text))
    asked_for = func.unnest(keys).table_valued("id", name="wanted").render_derived()
    stored_row = (
        select(columns.row_hash)
        .where(columns.connection_id == bindparam("of_connection"), columns.id == asked_for.c.id)
        .limit(1)
        .lateral("one")
    )
    selected = (asked_for.c.id, stored_row.c.row_hash, _some_problem(kind_of))
    return select(*selected).select_from(asked_for).join(stored_row, true())


def insert_new(db: Connection, kind: RecordTable, rows: Iterable[Values]) -> bool:
    """Insert rows that are thought to be new; return False, and insert none, if one is not.

    Ids are distinct within one call.
    """
    # A savepoint: in PostgreSQL a failed statement ends all of the transaction otherwise.
    attempt = db.begin_nested()
    try:
        if db.dialect.name == "sqlite":
            if several := list(rows):
                db.exec_driver_sql(_sqlite_insert(kind.kind), several)
        else:
            _copy(db, kind, kind.table.name, rows)
    except Exception as error:
        # Any: COPY's errors are the driver's own, and the savepoint has to be undone in each case.
        attempt.rollback()
        if isinstance(error, IntegrityError) or getattr(error, "sqlstate", "") == _NOT_UNIQUE:
            return False
        raise
    attempt.commit()
    return True


_NOT_UNIQUE = "23505"
"""PostgreSQL's code for it; the errors of COPY are the driver's own."""


def upsert(db: Connection, kind: RecordTable, rows: Sequence[Values]) -> None:
    """Insert rows, or update those whose hash differs. Ids are distinct within one call."""
    if not rows:
        return
    if db.dialect.name == "sqlite":
        db.exec_driver_sql(_sqlite_upsert(kind.kind), list(rows))
        return
    # COPY is the fastest way in, but can only insert: rows are staged, then merged.
    stage = _stage_name(kind.table)
    db.execute(
        text(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {stage} (LIKE {kind.table.name}) "
            "ON COMMIT DELETE ROWS"
        )
    )
    _copy(db, kind, stage, rows)
    db.execute(_postgresql_merge(kind.kind))
    # A transaction may merge more than once; ON COMMIT empties the stage too late for that.
    db.execute(text(f"TRUNCATE {stage}"))


def _copy(db: Connection, kind: RecordTable, table: str, rows: Iterable[Values]) -> None:
    driver: Any = db.connection.driver_connection
    named = ", ".join(f'"{column.name}"' for column in kind.table.columns)
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({named}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _changes(kind: RecordTable, new: Any) -> dict[str, Any]:
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
