"""Families: children with their parent, merged contacts with what they became."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    literal_column,
    or_,
    select,
    union_all,
)

from arsync.core.ledger.records import Contact, RecordKind
from arsync.store.db.bulk import as_parameter, one_of, one_of_few, one_of_given
from arsync.store.db.tables import connections, contacts
from arsync.store.ledger.record_rows import KINDS

_NONE: ColumnElement[str] = literal_column("''")
"""A literal, not a parameter: SQLite uses a partial index only where it sees the condition."""


class Families:
    """Which contacts belong together. The debtor of a family is its root."""

    def __init__(self, above: Mapping[str, str]) -> None:
        """Take the contact above each contact that has one; both are stored."""
        self._above = above
        self._below: dict[str, list[str]] = defaultdict(list)
        for contact_id in sorted(above):
            root = self.root(contact_id)
            if root != contact_id:
                self._below[root].append(contact_id)

    def root(self, contact_id: str) -> str:
        """Return the debtor it belongs to. In a circle, that is its smallest id."""
        # People can make a circle in two steps, such as two merges; a run must not hang on it.
        path = [contact_id]
        while (above := self._above.get(path[-1])) is not None:
            if above in path:
                return min(path[path.index(above) :])
            path.append(above)
        return path[-1]

    def members(self, root: str) -> list[str]:
        """Return the debtor first, then all below it."""
        return [root, *self._below.get(root, ())]


def all_families(db: Connection, connection_id: int, given: Mapping[str, str]) -> Families:
    """Return the families of a whole ledger.

    Args:
        db: an open transaction.
        connection_id: whose ledger.
        given: by contact, the parent that the rulebook gives it, where the platform knows none.
    """
    columns = contacts.c
    query = select(columns.id, columns.parent_id, columns.merged_into).where(
        columns.connection_id == connection_id,
        or_(columns.parent_id != _NONE, columns.merged_into != _NONE),
    )
    # A merged contact belongs to what it became, whatever its parent was.
    above = dict(given) | {row.id: row.merged_into or row.parent_id for row in db.execute(query)}
    stored = select(columns.id).where(
        columns.connection_id == connection_id, one_of(db, columns.id, list(set(above.values())))
    )
    return Families(_among(above, db.scalars(stored)))


def families_of(contact_records: Iterable[Contact], given: Mapping[str, str]) -> Families:
    """Return the families of contacts that were read with all their relatives."""
    above = dict(given) | {
        contact.id: contact.merged_into or contact.parent_id
        for contact in contact_records
        if contact.merged_into or contact.parent_id
    }
    return Families(_among(above, (contact.id for contact in contact_records)))


def _among(above: Mapping[str, str], stored: Iterable[str]) -> dict[str, str]:
    """Return what is above each contact, without contacts that are not stored."""
    # A parent that was not read yet cannot be written to: until then the child is its own debtor.
    stored_ids = frozenset(stored)
    return {contact_id: upper for contact_id, upper in above.items() if upper in stored_ids}


class Relatives(NamedTuple):
    """Some contacts with all others of their families."""

    people: dict[str, Contact]
    """By id."""
    facts: Any
    """A row of the connection, with the columns that were asked for; None: there is none."""


def with_given_relatives(
    db: Connection, connection_id: int, read: Relatives, given: Mapping[str, str]
) -> Relatives:
    """Return the contacts with those that the rulebook makes their relatives, and theirs."""
    looked_up = set(read.people)
    # One parent links few families, and each round asks for contacts that no round asked for yet.
    while read.people:
        linked = {
            beyond
            for child, parent in given.items()
            for inner, beyond in ((child, parent), (parent, child))
            if inner in read.people and beyond not in looked_up
        }
        if not linked:
            break
        looked_up |= linked
        more = read_relatives(db, connection_id, sorted(linked), [])
        read = read._replace(people={**read.people, **more.people})
    return read


def read_relatives(
    db: Connection, connection_id: int, contact_ids: Sequence[str], also: Sequence[Any]
) -> Relatives:
    """Return these contacts and all others of their families, in one statement.

    Args:
        db: an open transaction.
        connection_id: whose.
        contact_ids: the contacts.
        also: further columns, of the connection, always the same ones: the statement is kept.
            Where they ask for the connection, it is the parameter `of_connection`.
    """
    columns = KINDS[RecordKind.CONTACTS].record_columns
    query = _with_relatives(tuple(also), is_sqlite=db.dialect.name == "sqlite")
    parameters = {"of_connection": connection_id, "of_contacts": as_parameter(db, contact_ids)}
    rows = db.execute(query, parameters).all()
    records = (Contact._make(row[: len(columns)]) for row in rows if row[0] is not None)
    return Relatives({contact.id: contact for contact in records}, rows[0] if rows else None)


# Aliases and statements are made once: making one takes longer than running it.
_UPPER, _LOWER = (contacts.alias(name) for name in ("upper", "lower"))


@cache
def _with_relatives(also: tuple[Any, ...], *, is_sqlite: bool) -> Select[Any]:
    family = relatives(is_sqlite=is_sqlite)
    related = and_(
        contacts.c.connection_id == connections.c.id,
        one_of_few(contacts.c.id, family, is_sqlite=is_sqlite),
    )
    return (
        select(*KINDS[RecordKind.CONTACTS].record_columns, *also)
        .select_from(connections.outerjoin(contacts, related))
        .where(connections.c.id == bindparam("of_connection"))
    )


@cache
def relatives(*, is_sqlite: bool) -> Select[Any]:
    """Return the query for the ids of whole families, starting from some of their members.

    Its parameters are `of_connection`, and the members as `of_contacts`.

    Up to each root and down again, one look at an index for each contact. A circle ends by itself,
    for a recursive UNION never goes through the same row twice.
    """
    columns, upper, lower = contacts.c, _UPPER.c, _LOWER.c
    connection_id: BindParameter[int] = bindparam("of_connection")
    upward = (
        select(columns.id, columns.parent_id, columns.merged_into)
        .where(
            columns.connection_id == connection_id,
            one_of_given(columns.id, "of_contacts", is_sqlite=is_sqlite),
        )
        .cte("upward", recursive=True)
    )
    upward = upward.union(
        select(upper.id, upper.parent_id, upper.merged_into).where(
            upper.connection_id == connection_id,
            or_(
                and_(upward.c.merged_into != _NONE, upper.id == upward.c.merged_into),
                and_(upward.c.merged_into == _NONE, upper.id == upward.c.parent_id),
            ),
        )
    )
    family = select(upward.c.id).cte("family", recursive=True)
    is_below = _found_below(family, connection_id) if is_sqlite else _is_below(lower, family)
    family = family.union(
        select(lower.id)
        .select_from(family.join(_LOWER, is_below))
        .where(lower.connection_id == connection_id)
    )
    return select(family.c.id)


def _is_below(lower: Any, family: CTE) -> ColumnElement[bool]:
    """Return the condition that a contact became a member of the family, or is a child of one."""
    return or_(
        and_(lower.merged_into != _NONE, lower.merged_into == family.c.id),
        and_(lower.merged_into == _NONE, lower.parent_id != _NONE, lower.parent_id == family.c.id),
    )


def _found_below(family: CTE, connection_id: BindParameter[int]) -> ColumnElement[bool]:
    """Return the same for SQLite, which uses no partial index for a part of an OR."""
    above = family.c.id
    merged, child = contacts.alias("merged").c, contacts.alias("child").c
    of_merged = select(merged.id).where(
        merged.connection_id == connection_id,
        merged.merged_into != _NONE,
        merged.merged_into == above,
    )
    of_children = select(child.id).where(
        child.connection_id == connection_id,
        child.parent_id != _NONE,
        child.parent_id == above,
        child.merged_into == _NONE,
    )
    both = union_all(of_merged.correlate(family), of_children.correlate(family))
    return _LOWER.c.id.in_(both)
