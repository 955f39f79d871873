"""Storing one page: records, organisation, problems and cursor, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from arsync.connector import Page
from arsync.core.records import DocumentProblem, Organisation, RecordKind
from arsync.store.bulk import one_of, upsert
from arsync.store.rows import KINDS, Kind, Values, organisation_values, record_hash
from arsync.store.sweeps import note_sweep
from arsync.store.tables import connections, cursors, open_balances, problems, sweeps
from arsync.store.values import PageResult


def store_page(
    connection: Connection, connection_id: int, page: Page, now: datetime, *, moves_cursor: bool
) -> PageResult:
    """Store a page and what belongs to it."""
    if page.kind == RecordKind.ORGANISATION:
        result = _store_organisation(connection, connection_id, page, now)
    else:
        result = _store_records(connection, connection_id, page, now)
    if page.sweep:
        note_sweep(connection, connection_id, page)
    if moves_cursor:
        _move_cursor(connection, connection_id, page, now)
    return result


def clear_copy(connection: Connection, connection_id: int) -> None:
    """Delete the copy of one connection's documents."""
    for table in (
        *(kind.table for kind in KINDS.values()),
        cursors,
        sweeps,
        open_balances,
        problems,
    ):
        connection.execute(delete(table).where(table.c.connection_id == connection_id))


def _store_organisation(
    connection: Connection, connection_id: int, page: Page, now: datetime
) -> PageResult:
    updated = 0
    for record in page.records:
        assert isinstance(record, Organisation)
        updated += connection.execute(
            update(connections)
            .where(connections.c.id == connection_id)
            .values(organisation_values(record))
        ).rowcount
    understood = [record.id for record in page.records]
    _save_problems(connection, connection_id, (page.kind, understood), page.problems, now)
    return PageResult(updated=updated, problems=page.problems)


def _store_records(
    connection: Connection, connection_id: int, page: Page, now: datetime
) -> PageResult:
    kind = KINDS[page.kind]
    # The last of two copies of one document on a page is the newer one.
    records: dict[str, Any] = {record.id: record for record in page.records}
    stored = _stored_hashes(connection, kind, connection_id, list(records))
    sweep = "" if page.open_balances else page.sweep
    rows: list[Values] = []
    found: list[DocumentProblem] = list(page.problems)
    unchanged: list[str] = []
    for record_id, record in records.items():
        row_hash = record_hash(record)
        if stored.get(record_id) == row_hash:
            unchanged.append(record_id)
            continue
        try:
            rows.append(kind.row(connection_id, record, row_hash, sweep))
        except ValueError as error:
            number = getattr(record, "number", "")
            found.append(DocumentProblem(kind.kind.value, record_id, number, str(error)))
    upsert(connection, kind, rows)
    if sweep and unchanged:
        _mark_seen(connection, kind, connection_id, unchanged, sweep)
    gone = mark_gone(connection, connection_id, kind, page.gone)
    _save_problems(connection, connection_id, (kind.kind, [*records, *page.gone]), found, now)
    if sweep and found:
        _mark_seen(connection, kind, connection_id, [one.id for one in found], sweep)
    updated = sum(row[1] in stored for row in rows)
    return PageResult(
        inserted=len(rows) - updated,
        updated=updated,
        unchanged=len(unchanged),
        gone=gone,
        problems=tuple(found),
    )


def _stored_hashes(
    connection: Connection, kind: Kind, connection_id: int, ids: Sequence[str]
) -> dict[str, int]:
    if not ids:
        return {}
    table = kind.table
    query = select(table.c.id, table.c.row_hash).where(
        table.c.connection_id == connection_id, one_of(connection, table.c.id, ids)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _mark_seen(
    connection: Connection, kind: Kind, connection_id: int, ids: Sequence[str], sweep: str
) -> None:
    table = kind.table
    connection.execute(
        update(table)
        .where(table.c.connection_id == connection_id, one_of(connection, table.c.id, ids))
        .values(sweep=sweep)
    )


def mark_gone(connection: Connection, connection_id: int, kind: Kind, ids: Sequence[str]) -> int:
    """Mark rows as deleted by the platform, and return how many were not yet."""
    if not ids:
        return 0
    table = kind.table
    return connection.execute(
        update(table)
        .where(
            table.c.connection_id == connection_id,
            one_of(connection, table.c.id, ids),
            table.c.status != kind.gone_status,
        )
        .values(status=kind.gone_status, row_hash=0)
    ).rowcount


def _save_problems(
    connection: Connection,
    connection_id: int,
    understood: tuple[RecordKind, Sequence[str]],
    found: Sequence[DocumentProblem],
    now: datetime,
) -> None:
    """Replace the problems of the documents on a page by those found now."""
    kind, ids = understood
    standing = and_(problems.c.connection_id == connection_id, problems.c.kind == kind.value)
    if ids and connection.scalar(select(func.count()).where(standing)):
        connection.execute(delete(problems).where(standing, one_of(connection, problems.c.id, ids)))
    for one in found:
        # A message can quote the very character that no database text can hold.
        message = one.message.replace("\0", "")
        values = {"number": one.number, "message": message, "seen_at": now}
        make = sqlite if connection.dialect.name == "sqlite" else postgresql
        connection.execute(
            make.insert(problems)
            .values(connection_id=connection_id, kind=kind.value, id=one.id, **values)
            .on_conflict_do_update(index_elements=list(problems.primary_key.columns), set_=values)
        )


def _move_cursor(connection: Connection, connection_id: int, page: Page, now: datetime) -> None:
    values = {"cursor": page.cursor, "saved_at": now}
    if page.complete:
        values["completed_at"] = now
    make = sqlite if connection.dialect.name == "sqlite" else postgresql
    connection.execute(
        make.insert(cursors)
        .values(connection_id=connection_id, **values)
        .on_conflict_do_update(index_elements=[cursors.c.connection_id], set_=values)
    )
