"""Storing one page: records, organisation, problems and cursor, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, and_, bindparam, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from arsync.connector_sdk import Page
from arsync.core.ledger.records import DocumentProblem, Organisation, RecordKind
from arsync.store.db.bulk import insert_new, one_of, stored_hashes, upsert
from arsync.store.db.payable_tables import bill_cursors, payables, suppliers
from arsync.store.db.tables import (
    connections,
    cursors,
    differences,
    invoices,
    moved_invoices,
    open_balances,
    own_balances,
    problems,
    sweeps,
)
from arsync.store.ledger.own_balances import save_balances
from arsync.store.ledger.record_rows import (
    KINDS,
    RecordTable,
    Values,
    hash_of,
    organisation_values,
    packed,
)
from arsync.store.ledger.sweeps import note_sweep
from arsync.store.models import PageResult


def store_page(
    db: Connection,
    connection_id: int,
    page: Page,
    now: datetime,
    *,
    moves_cursor: bool,
    seen_on: date | None = None,
) -> PageResult:
    """Store a page and what belongs to it; see `LedgerStore.apply`."""
    if page.kind == RecordKind.ORGANISATION:
        result = _store_organisation(db, connection_id, page, now)
    else:
        result = _store_records(db, connection_id, page, now, seen_on)
    save_balances(db, connection_id, page.balances, now)
    if page.sweep:
        note_sweep(db, connection_id, page)
    if moves_cursor:
        _move_cursor(db, connection_id, page, now)
    return result


def clear_copy(db: Connection, connection_id: int) -> None:
    """Delete the copy of one connection's documents."""
    # `moved_invoices` stays: it says where arsync's own actions about an invoice are recorded.
    for table in (
        *(kind.table for kind in KINDS.values()),
        cursors,
        sweeps,
        open_balances,
        problems,
        differences,
        own_balances,
        payables,
        suppliers,
        bill_cursors,
    ):
        db.execute(delete(table).where(table.c.connection_id == connection_id))


def start_over(db: Connection, connection_id: int) -> None:
    """Make the next pull read and write everything again.

    The rows stay until then: if that pull is interrupted, the copy is still complete. What people
    recorded, what arsync did, and how often an invoice came to be owed are not touched.
    """
    for kind in KINDS.values():
        table = kind.table
        db.execute(update(table).where(table.c.connection_id == connection_id).values(row_hash=0))
    for table in (cursors, sweeps, open_balances, bill_cursors):
        db.execute(delete(table).where(table.c.connection_id == connection_id))


def _store_organisation(
    db: Connection, connection_id: int, page: Page, now: datetime
) -> PageResult:
    updated = 0
    for record in page.records:
        assert isinstance(record, Organisation)
        values = _as_told(organisation_values(record))
        differs = or_(*(connections.c[name].is_distinct_from(values[name]) for name in values))
        updated += db.execute(
            update(connections).where(connections.c.id == connection_id, differs).values(values)
        ).rowcount
    understood = [record.id for record in page.records]
    _save_problems(db, connection_id, (page.kind, understood), page.problems, now)
    return PageResult(updated=updated, problems=page.problems)


def _as_told(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values to write: a person's answer about reminders stays if the platform has none.

    QuickBooks does not say whether its own reminders are on.
    """
    if values["own_reminders"] is None:
        del values["own_reminders"]
    return values


SAMPLED = 16
"""How many ids of a page are looked up first: usually, all of a page are stored or none is."""


def _store_records(
    db: Connection, connection_id: int, page: Page, now: datetime, seen_on: date | None
) -> PageResult:
    kind = KINDS[page.kind]
    # The last of two copies of one document on a page is the newer one.
    records: dict[str, Any] = {record.id: record for record in page.records}
    ids = list(records)
    # A sweep of balances shows open invoices alone: what it does not show need not be gone.
    sweep = "" if page.open_balances else page.sweep
    batch = None
    sample = ids[:: len(ids) // SAMPLED + 1]
    sampled = stored_hashes(db, kind, connection_id, sample)
    stored = sampled.hashes
    if not stored:
        # The rows are made while the database takes in the first of them.
        batch = _Batch(kind, connection_id, sweep, {})
        if not insert_new(db, kind, batch.rows_of(records)):
            batch = None
    if batch is None:
        if not stored or len(sample) < len(ids):
            stored = stored_hashes(db, kind, connection_id, ids).hashes
        batch = _Batch(kind, connection_id, sweep, stored)
        rows = list(batch.rows_of(records))
        if kind.kind == RecordKind.INVOICES:
            batch.touched |= _note_moves(db, connection_id, records, batch.changed)
        upsert(db, kind, rows)
    if kind.kind == RecordKind.INVOICES and seen_on is not None and batch.new:
        _note_first_seen(db, connection_id, batch.new, seen_on)
    document_problems = [*page.problems, *batch.problems]
    if page.gone:
        batch.touched |= _owners(db, connection_id, kind, page.gone)
    gone = mark_gone(db, connection_id, kind, page.gone, now)
    # Few ledgers have problems, so most pages need not look up those of their documents.
    understood = [*ids, *page.gone] if sampled.some_problem is not False else []
    _save_problems(db, connection_id, (kind.kind, understood), document_problems, now)
    if sweep:
        # A document that cannot be read was shown all the same, and must not count as deleted.
        shown = [*batch.unchanged, *(document_problem.id for document_problem in document_problems)]
        _mark_seen(db, kind, connection_id, shown, sweep)
    return PageResult(
        inserted=len(batch.new),
        updated=batch.updated,
        unchanged=len(batch.unchanged),
        gone=gone,
        problems=tuple(document_problems),
        touched=frozenset(batch.touched),
    )


def _note_first_seen(db: Connection, connection_id: int, ids: Sequence[str], seen_on: date) -> None:
    whose = (invoices.c.connection_id == connection_id, one_of(db, invoices.c.id, ids))
    db.execute(update(invoices).where(*whose).values(seen_on=seen_on))


def _owners(db: Connection, connection_id: int, kind: RecordTable, ids: Sequence[str]) -> set[str]:
    """Return the contacts of stored documents; none when the documents are contacts themselves."""
    if "contact_id" not in kind.table.c:
        return set()
    query = select(kind.table.c.contact_id).where(
        kind.table.c.connection_id == connection_id, one_of(db, kind.table.c.id, ids)
    )
    return set(db.scalars(query))


def _note_moves(
    db: Connection, connection_id: int, records: Mapping[str, Any], changed: Sequence[str]
) -> set[str]:
    """Remember invoices that belong to another contact now; return the contacts they left.

    What was done about them is recorded under the contact they left.
    """
    if not changed:
        return set()
    query = select(invoices.c.id, invoices.c.contact_id).where(
        invoices.c.connection_id == connection_id, one_of(db, invoices.c.id, changed)
    )
    moves = [
        {"connection_id": connection_id, "invoice_id": row.id, "from_contact": row.contact_id}
        for row in db.execute(query)
        if row.contact_id != records[row.id].contact_id
    ]
    # At the moment of storing, because afterwards the copy no longer has the old contact.
    if moves:
        make = sqlite if db.dialect.name == "sqlite" else postgresql
        db.execute(make.insert(moved_invoices).on_conflict_do_nothing(), moves)
    return {move["from_contact"] for move in moves}


class _Batch:
    """The rows of one page, and the count of what has to be done with them."""

    def __init__(
        self, kind: RecordTable, connection_id: int, sweep: str, stored: Mapping[str, int]
    ) -> None:
        self._kind = kind
        self._connection_id = connection_id
        self._sweep = sweep
        self._stored = stored
        self.new: list[str] = []
        self.updated = 0
        self.unchanged: list[str] = []
        self.changed: list[str] = []
        self.touched: set[str] = set()
        """Contacts whose documents are new or changed."""
        self.problems: list[DocumentProblem] = []

    def rows_of(self, records: Mapping[str, Any]) -> Iterator[Values]:
        """Yield the rows to write; records that cannot be kept become problems."""
        stored, kind, connection_id, sweep = (
            self._stored,
            self._kind,
            self._connection_id,
            self._sweep,
        )
        of_contact = kind.kind != RecordKind.CONTACTS
        for record_id, record in records.items():
            stored_hash = stored.get(record_id)
            try:
                content = packed(record)
                row_hash = hash_of(content)
                if stored_hash == row_hash:
                    self.unchanged.append(record_id)
                    continue
                row = kind.row(connection_id, record, (content, row_hash), sweep)
            except ValueError as error:
                number = getattr(record, "number", "")
                owner = record.contact_id if of_contact else ""
                problem = DocumentProblem(kind.kind.value, record_id, number, str(error), owner)
                self.problems.append(problem)
                continue
            if of_contact:
                self.touched.add(record.contact_id)
            if stored_hash is None:
                self.new.append(record_id)
            else:
                self.updated += 1
                self.changed.append(record_id)
            yield row


def _mark_seen(
    db: Connection, kind: RecordTable, connection_id: int, ids: Sequence[str], sweep: str
) -> None:
    if not ids:
        return
    table = kind.table
    db.execute(
        update(table)
        .where(table.c.connection_id == connection_id, one_of(db, table.c.id, ids))
        .values(sweep=sweep)
    )


def mark_gone(
    db: Connection, connection_id: int, kind: RecordTable, ids: Sequence[str], now: datetime
) -> int:
    """Mark rows as deleted by the platform, and return how many were not yet.

    The moment at which they are missed is the nearest to that of the deletion: until then they
    counted, and a later question about an earlier day counts them too.
    """
    if not ids:
        return 0
    table = kind.table
    return db.execute(
        update(table)
        .where(
            table.c.connection_id == connection_id,
            one_of(db, table.c.id, ids),
            table.c.status != kind.gone_status,
        )
        .values(status=kind.gone_status, row_hash=0, updated_at=now)
    ).rowcount


# Made once, since every page needs it: making a statement takes longer than running this one.
_SOME_PROBLEM = (
    select(problems.c.id)
    .where(
        problems.c.connection_id == bindparam("of_connection"),
        problems.c.kind == bindparam("of_kind"),
    )
    .limit(1)
)


def _save_problems(
    db: Connection,
    connection_id: int,
    understood: tuple[RecordKind, Sequence[str]],
    document_problems: Sequence[DocumentProblem],
    now: datetime,
) -> None:
    """Replace the problems of the documents on a page by those found now."""
    kind, ids = understood
    standing = and_(problems.c.connection_id == connection_id, problems.c.kind == kind.value)
    keys = {"of_connection": connection_id, "of_kind": kind.value}
    if ids and db.scalar(_SOME_PROBLEM, keys) is not None:
        db.execute(delete(problems).where(standing, one_of(db, problems.c.id, ids)))
    for document_problem in document_problems:
        values = {
            "number": _kept(document_problem.number),
            "message": _kept(document_problem.message),
            "seen_at": now,
            "contact_id": _kept(document_problem.contact_id),
            "invoice_ids": tuple(_kept(id_) for id_ in document_problem.invoice_ids),
            "amount": document_problem.amount,
            "currency": _kept(document_problem.currency),
        }
        make = sqlite if db.dialect.name == "sqlite" else postgresql
        db.execute(
            make.insert(problems)
            .values(connection_id=connection_id, kind=kind.value, id=document_problem.id, **values)
            .on_conflict_do_update(index_elements=list(problems.primary_key.columns), set_=values)
        )


def _kept(text: str) -> str:
    """Return a text without what no database text can hold; a message may quote exactly that."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _move_cursor(db: Connection, connection_id: int, page: Page, now: datetime) -> None:
    values = {"connection_id": connection_id, "cursor": page.cursor, "saved_at": now}
    if page.complete:
        values["completed_at"] = now
    db.execute(_moving_cursor(db.dialect.name, is_complete=page.complete), values)


# Made once: making the statement takes longer than running it.
@cache
def _moving_cursor(dialect: str, *, is_complete: bool) -> Insert:
    make = sqlite if dialect == "sqlite" else postgresql
    statement: Any = make.insert(cursors)
    changing = ("cursor", "saved_at", *(("completed_at",) if is_complete else ()))
    moved: Insert = statement.on_conflict_do_update(
        index_elements=[cursors.c.connection_id],
        set_={name: statement.excluded[name] for name in changing},
    )
    return moved
