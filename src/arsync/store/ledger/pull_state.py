"""How far a ledger was pulled, and which of its documents could not be read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select, text

from arsync.core.ledger.records import DocumentProblem
from arsync.store.db.tables import cursors, problems
from arsync.store.ledger.record_rows import KINDS

_ANALYSED_ROWS_MAX = 1_000
"""SQLite: how many rows of each index are examined; PostgreSQL samples by itself."""


# Statements that every run needs are made once: making one takes longer than running it.
_HERE = cursors.c.connection_id == bindparam("of_connection")
_CURSOR = select(cursors.c.cursor).where(_HERE)
_COMPLETED_AT = select(cursors.c.completed_at).where(_HERE)


def cursor(db: Connection, connection_id: int) -> str | None:
    """Return where the next pull starts, None for the beginning."""
    return db.scalar(_CURSOR, {"of_connection": connection_id})


def pulled_at(db: Connection, connection_id: int) -> datetime | None:
    """Return when a pull was last completed."""
    return db.scalar(_COMPLETED_AT, {"of_connection": connection_id})


def problems_of(db: Connection, connection_id: int) -> list[DocumentProblem]:
    """Return the documents that could not be understood, and still cannot."""
    query = (
        select(*(problems.c[name] for name in DocumentProblem.__struct_fields__))
        .where(problems.c.connection_id == connection_id)
        .order_by(problems.c.kind, problems.c.id)
    )
    return [DocumentProblem(**row._asdict()) for row in db.execute(query)]


def forget_problems(db: Connection, connection_id: int, before: datetime) -> int:
    """Forget problems of documents that a whole pull since that moment did not meet again."""
    # Such a document is gone at the platform, so no later page will ever show it readable.
    old = (problems.c.connection_id == connection_id) & (problems.c.seen_at < before)
    return db.execute(delete(problems).where(old)).rowcount


def refresh_statistics(db: Connection) -> None:
    """Let the database count its tables again, after many rows came.

    Until then, PostgreSQL reads debtors half as fast; by itself it counts a minute later.
    """
    if db.dialect.name == "sqlite":
        db.execute(text(f"PRAGMA analysis_limit={_ANALYSED_ROWS_MAX}"))
    for kind in KINDS.values():
        db.execute(text(f"ANALYZE {kind.table.name}"))
