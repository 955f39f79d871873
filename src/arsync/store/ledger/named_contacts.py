"""Contacts that documents name, and whether they are stored or at least reported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CompoundSelect, Connection, Select, select

from arsync.core.ledger.records import RecordKind
from arsync.store.db.bulk import one_of
from arsync.store.db.tables import contacts, problems
from arsync.store.ledger.record_rows import KINDS


def missing_contacts(db: Connection, connection_id: int) -> list[str]:
    """Return contacts that documents name, that are not stored, and that no problem is about."""
    missing = _named_contacts(db, connection_id).subquery()
    query = select(missing.c.contact_id).where(
        missing.c.contact_id.not_in(_known(connection_id)),
        missing.c.contact_id.not_in(_reported(connection_id)),
    )
    return sorted(db.scalars(query))


def unknown_contacts(
    db: Connection, connection_id: int, contact_ids: Sequence[str] | None = None
) -> frozenset[str]:
    """Return contacts that documents name and of which only a problem is known.

    With `contact_ids`, only those among them, found by keys alone.
    """
    stored = _known(connection_id).where(contacts.c.id == problems.c.id)
    query = _reported(connection_id).where(~stored.correlate(problems).exists())
    if contact_ids is not None:
        query = query.where(one_of(db, problems.c.id, contact_ids))
    reported = list(db.scalars(query))
    # Mostly there are none, and then the documents of a whole ledger need not be read.
    if not reported:
        return frozenset()
    return frozenset(db.scalars(_named_contacts(db, connection_id, reported)))


def _named_contacts(
    db: Connection, connection_id: int, contact_ids: Sequence[str] | None = None
) -> CompoundSelect[Any]:
    """Return the query for contacts that documents name; with ids, for those among them."""
    queries = []
    for kind in KINDS.values():
        if "contact_id" in kind.table.c:
            query = select(kind.table.c.contact_id).where(
                kind.table.c.connection_id == connection_id
            )
            if contact_ids is not None:
                query = query.where(one_of(db, kind.table.c.contact_id, contact_ids))
            queries.append(query)
    return queries[0].union(*queries[1:])


def _known(connection_id: int) -> Select[Any]:
    return select(contacts.c.id).where(contacts.c.connection_id == connection_id)


def _reported(connection_id: int) -> Select[Any]:
    return select(problems.c.id).where(
        problems.c.connection_id == connection_id, problems.c.kind == RecordKind.CONTACTS.value
    )
