"""The entries of `customers` that are bound to contacts, as accounts are read with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    Text,
    bindparam,
    literal_column,
    or_,
    select,
)

from arsync.core.ledger.records import Contact
from arsync.core.rulebook.customer_matching import CustomerEntry
from arsync.core.rulebook.model import folded
from arsync.store.db.bulk import one_of
from arsync.store.db.tables import customer_entries

_COLUMNS = customer_entries.c
HAS_PARENT = _COLUMNS.parent_id != literal_column("''")
"""What the index by parent holds; see `tables`."""


class BoundEntries:
    """The entries of some contacts, or of a whole ledger, found by contact and by name."""

    def __init__(self, by_name: Mapping[str, CustomerEntry]) -> None:
        """Index them by contact."""
        self._by_name = by_name
        self._by_contact: dict[str, list[str]] = defaultdict(list)
        for name, entry in by_name.items():
            self._by_contact[entry.contact_id].append(name)

    def about(self, members: Iterable[Contact]) -> dict[str, str]:
        """Return the contact of each entry that is bound to one of these, or bears its name."""
        if not self._by_name:
            return {}
        bound_to: dict[str, str] = {}
        for contact in members:
            bound_to |= dict.fromkeys(self._by_contact.get(contact.id, ()), contact.id)
            name = folded(contact.name)
            if name in self._by_name:
                bound_to[name] = self._by_name[name].contact_id
        return bound_to


def read_entries(db: Connection, connection_id: int) -> dict[str, CustomerEntry]:
    """Return every entry of a connection by its folded name."""
    return _read(db, connection_id)


def entries_of(
    db: Connection, connection_id: int, members: Collection[Contact]
) -> dict[str, CustomerEntry]:
    """Return the entries that are bound to these contacts, or bear their names."""
    ids = [contact.id for contact in members]
    names = [folded(contact.name) for contact in members]
    about = or_(one_of(db, _COLUMNS.contact_id, ids), one_of(db, _COLUMNS.entry, names))
    return _read(db, connection_id, about)


def parents_of(entries: Mapping[str, CustomerEntry]) -> dict[str, str]:
    """Return the parent of each contact that an entry gives one."""
    return {entry.contact_id: entry.parent_id for entry in entries.values() if entry.parent_id}


def parents_given(db: Connection, connection_id: int) -> dict[str, str]:
    """Return the parent of each contact that the rulebook gives one: few in any ledger."""
    query = select(_COLUMNS.contact_id, _COLUMNS.parent_id).where(
        _COLUMNS.connection_id == connection_id, HAS_PARENT
    )
    return {row.contact_id: row.parent_id for row in db.execute(query)}


@cache
def given_family() -> tuple[Select[Any], ...]:
    """Return the queries for a contact's parent, and for its parent's and its own children.

    Their parameters are `of_connection` and `of_contact`.
    """
    columns, below = customer_entries.c, customer_entries.alias("below").c
    connection_id: BindParameter[int] = bindparam("of_connection")
    contact_id = bindparam("of_contact", type_=Text)
    parent = select(columns.parent_id).where(
        columns.connection_id == connection_id, columns.contact_id == contact_id, HAS_PARENT
    )
    children = select(below.contact_id).where(
        below.connection_id == connection_id,
        below.parent_id != literal_column("''"),
        below.parent_id.in_(parent.union(select(contact_id))),
    )
    return parent, children


def _read(
    db: Connection, connection_id: int, *about: ColumnElement[bool]
) -> dict[str, CustomerEntry]:
    query = select(_COLUMNS.entry, _COLUMNS.contact_id, _COLUMNS.parent_id).where(
        _COLUMNS.connection_id == connection_id, *about
    )
    return {row.entry: CustomerEntry(row.contact_id, row.parent_id) for row in db.execute(query)}
