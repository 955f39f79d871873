"""Reading debtors: each with its documents, promises and history, a few thousand rows at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import CompoundSelect, Connection, Select, and_, func, or_, select

from arsync.core.ledger.as_of import with_paid_days
from arsync.core.ledger.records import (
    Account,
    Contact,
    ContactStatus,
    Difference,
    Dispute,
    Promise,
    RecordKind,
)
from arsync.store.actions.done_history import History, read_history
from arsync.store.db.bulk import one_of
from arsync.store.db.tables import connections, contacts, disputes, invoices, problems, promises
from arsync.store.ledger.balance_reconciliation import differences
from arsync.store.ledger.moved_invoices import Move, read_moved, with_moved
from arsync.store.ledger.record_rows import KINDS, to_records
from arsync.store.ledger.unreadable_money import read_doubts

INVOICES_AT_ONCE = 4_000
"""Debtors are read together until they have this many invoices."""
CONTACTS_AT_ONCE = 500
"""And at most this many contacts, however few invoices they have."""


def read_accounts(
    connection: Connection,
    connection_id: int,
    contact_ids: Sequence[str] | None,
    done_before: datetime | None = None,
) -> Iterator[Account]:
    """Yield debtors in the order of their contact ids."""
    families = _Families(connection, connection_id)
    wanted = families.roots(contact_ids)
    taken_over_on = connection.scalar(
        select(connections.c.taken_over_on).where(connections.c.id == connection_id)
    )
    apart = Apart(
        invoices=_doubtful_invoices(connection, connection_id),
        contacts=families.unknown,
        doubts=read_doubts(connection, connection_id),
        differences={
            difference.contact_id: difference
            for difference in differences(connection, connection_id)
        },
        moved=read_moved(connection, connection_id),
        done_before=done_before,
    )
    for chunk in _chunks(connection, connection_id, families, wanted):
        for account in _read_chunk(connection, connection_id, chunk, apart):
            yield account._replace(taken_over_on=taken_over_on)


class Apart(NamedTuple):
    """What is out of the ordinary in a whole ledger."""

    invoices: frozenset[str]
    """Invoices whose newest version could not be understood."""
    contacts: frozenset[str]
    """Contacts of which only a problem is known."""
    doubts: Mapping[str, list[str]]
    """By contact, why what it owes is not certain."""
    differences: Mapping[str, Difference]
    """By contact, where the platform's own balance and the copy do not agree."""
    moved: Mapping[str, list[Move]]
    """By contact, invoices that came from another one."""
    done_before: datetime | None
    """What arsync did counts as it was known just before this moment; None: as it is now."""


def missing_contacts(connection: Connection, connection_id: int) -> list[str]:
    """Return contacts that documents name, that are not stored, and that nobody reported."""
    missing = _named_contacts(connection_id).subquery()
    query = select(missing.c.contact_id).where(
        missing.c.contact_id.not_in(_known(connection_id)),
        missing.c.contact_id.not_in(_reported(connection_id)),
    )
    return sorted(connection.scalars(query))


def _unknown_contacts(connection: Connection, connection_id: int) -> frozenset[str]:
    """Return contacts that documents name and of which only a problem is known."""
    query = _reported(connection_id).where(problems.c.id.not_in(_known(connection_id)))
    reported = list(connection.scalars(query))
    if not reported:
        return frozenset()
    named = _named_contacts(connection_id).subquery()
    return frozenset(
        connection.scalars(
            select(named.c.contact_id).where(one_of(connection, named.c.contact_id, reported))
        )
    )


def _named_contacts(connection_id: int) -> CompoundSelect[Any]:
    named = [
        select(kind.table.c.contact_id).where(kind.table.c.connection_id == connection_id)
        for kind in KINDS.values()
        if "contact_id" in kind.table.c
    ]
    return named[0].union(*named[1:])


def _known(connection_id: int) -> Select[Any]:
    return select(contacts.c.id).where(contacts.c.connection_id == connection_id)


def _reported(connection_id: int) -> Select[Any]:
    return select(problems.c.id).where(
        problems.c.connection_id == connection_id, problems.c.kind == RecordKind.CONTACTS.value
    )


class _Families:
    """Who belongs to whom: children to their parent, merged contacts to what they became."""

    def __init__(self, connection: Connection, connection_id: int) -> None:
        self._connection = connection
        self._connection_id = connection_id
        self.unknown = _unknown_contacts(connection, connection_id)
        ours = contacts.c
        query = select(ours.id, ours.parent_id, ours.merged_into).where(
            ours.connection_id == connection_id,
            or_(ours.parent_id != "", ours.merged_into != ""),
        )
        self._up = {row.id: row.merged_into or row.parent_id for row in connection.execute(query)}
        above = list(set(self._up.values()))
        known = set(
            connection.scalars(
                select(ours.id).where(
                    ours.connection_id == connection_id, one_of(connection, ours.id, above)
                )
            )
        )
        self._up = {below: up for below, up in self._up.items() if up in known}
        self._below: dict[str, list[str]] = defaultdict(list)
        for contact_id in sorted(self._up):
            root = self.root(contact_id)
            if root != contact_id:
                self._below[root].append(contact_id)

    def root(self, contact_id: str) -> str:
        """Return the debtor it belongs to. In a circle, that is its smallest id."""
        path = [contact_id]
        while (up := self._up.get(path[-1])) is not None:
            if up in path:
                return min(path[path.index(up) :])
            path.append(up)
        return path[-1]

    def roots(self, contact_ids: Sequence[str] | None) -> list[str]:
        """Return the debtors of these contacts, or all."""
        if contact_ids is not None:
            return sorted({self.root(contact_id) for contact_id in contact_ids})
        query = (
            select(contacts.c.id)
            .where(contacts.c.connection_id == self._connection_id)
            .order_by(contacts.c.id)
        )
        roots = [
            scalar for scalar in self._connection.scalars(query) if self.root(scalar) == scalar
        ]
        # What they owe is owed: it must not be missing in a report, nobody knows by whom or not.
        return sorted([*roots, *self.unknown]) if self.unknown else roots

    def members(self, root: str) -> list[str]:
        """Return the debtor first, then all below it."""
        return [root, *self._below.get(root, ())]


Family = list[str]


def _chunks(
    connection: Connection, connection_id: int, families: _Families, roots: Sequence[str]
) -> Iterator[list[Family]]:
    ours = invoices.c
    query = (
        select(ours.contact_id, func.count())
        .where(ours.connection_id == connection_id)
        .group_by(ours.contact_id)
    )
    sizes: dict[str, int] = {row[0]: row[1] for row in connection.execute(query)}
    chunk: list[Family] = []
    members = rows = 0
    for root in roots:
        family = families.members(root)
        chunk.append(family)
        members += len(family)
        rows += sum(sizes.get(one, 0) for one in family)
        if rows >= INVOICES_AT_ONCE or members >= CONTACTS_AT_ONCE:
            yield chunk
            chunk, members, rows = [], 0, 0
    if chunk:
        yield chunk


def _doubtful_invoices(connection: Connection, connection_id: int) -> frozenset[str]:
    """Return invoices whose newest version could not be understood."""
    query = select(problems.c.id).where(
        problems.c.connection_id == connection_id, problems.c.kind == RecordKind.INVOICES.value
    )
    return frozenset(connection.scalars(query))


class _Documents(NamedTuple):
    """The documents of a chunk, by contact."""

    invoices: dict[str, list[Any]]
    payments: dict[str, list[Any]]
    credits: dict[str, list[Any]]
    promises: dict[str, list[Promise]]
    disputes: dict[str, list[Dispute]]


def _read_chunk(
    connection: Connection,
    connection_id: int,
    chunk: list[Family],
    apart: Apart,
) -> Iterator[Account]:
    ids = [one for family in chunk for one in family]
    people = read_records(connection, connection_id, RecordKind.CONTACTS, ids)
    for one in apart.contacts.intersection(ids):
        people[one] = Contact(id=one, name=one, status=ContactStatus.UNKNOWN)
    episodes: dict[str, int] = {}
    documents = _Documents(
        _invoices(connection, connection_id, ids, apart.invoices, episodes),
        _by_contact(connection, connection_id, RecordKind.PAYMENTS, ids, "paid_on"),
        _by_contact(connection, connection_id, RecordKind.CREDITS, ids, "issued_on"),
        _promises(connection, connection_id, ids),
        _disputes(connection, connection_id, ids),
    )
    before = apart.done_before
    histories = with_moved(
        connection,
        connection_id,
        read_history(connection, connection_id, ids, before),
        ids,
        apart.moved,
        done_before=before,
    )
    for family in chunk:
        members = tuple(people[one] for one in family if one in people)
        if members:
            yield _account(members, documents, episodes, histories)._replace(
                doubts=tuple(
                    doubt for member in members for doubt in apart.doubts.get(member.id, ())
                ),
                differences=tuple(
                    apart.differences[member.id]
                    for member in members
                    if member.id in apart.differences
                ),
            )


def _account(
    members: tuple[Contact, ...],
    documents: _Documents,
    episodes: dict[str, int],
    histories: dict[str, History],
) -> Account:
    def all_of(by_contact: dict[str, list[Any]]) -> tuple[Any, ...]:
        return tuple(one for contact in members for one in by_contact.get(contact.id, ()))

    owed = all_of(documents.invoices)
    past = [histories[contact.id] for contact in members if contact.id in histories]
    # What was done to a merged contact went with it; nothing can be written to it any more.
    merged = {contact.id for contact in members if contact.status == ContactStatus.MERGED}
    holding = [
        histories[member.id]
        for member in members
        if member.id in histories and member.id not in merged
    ]
    account = Account(
        contacts=members,
        invoices=owed,
        payments=all_of(documents.payments),
        credits=all_of(documents.credits),
        promises=all_of(documents.promises),
        disputes=all_of(documents.disputes),
        # What was done for an invoice that moved within the family is known twice.
        sent=tuple(dict.fromkeys(step for history in past for step in history.sent)),
        hold=next((history.hold for history in holding if history.hold is not None), None),
        episodes={invoice.id: episodes[invoice.id] for invoice in owed},
        last_hold_episode=max((history.last_hold_episode for history in past), default=0),
        terms_left=next(
            (history.terms_left for history in holding if history.terms_left is not None), None
        ),
        open_tasks=tuple(key for history in past for key in history.open_tasks),
        done_keys=frozenset().union(*(history.done_keys for history in past)),
        fees=frozenset().union(*(history.fees for history in past)),
        undone={key: who for history in past for key, who in history.undone.items()},
        refused=frozenset().union(*(history.refused for history in past)),
    )
    return with_paid_days(account)


def read_records(
    connection: Connection, connection_id: int, of: RecordKind, ids: Sequence[str]
) -> dict[str, Any]:
    """Return stored records of one kind by their ids."""
    kind = KINDS[of]
    query = select(*kind.record_columns).where(
        kind.table.c.connection_id == connection_id, one_of(connection, kind.table.c.id, list(ids))
    )
    return {to_record.id: to_record for to_record in to_records(kind, connection.execute(query))}


def _invoices(
    connection: Connection,
    connection_id: int,
    ids: list[str],
    doubtful: frozenset[str],
    episodes: dict[str, int],
) -> dict[str, list[Any]]:
    kind = KINDS[RecordKind.INVOICES]
    ours = invoices.c
    query = (
        select(*kind.record_columns, ours.episode)
        .where(ours.connection_id == connection_id, one_of(connection, ours.contact_id, ids))
        .order_by(ours.due_on, ours.id)
    )
    found: dict[str, list[Any]] = defaultdict(list)
    make = kind.record._make
    for row in connection.execute(query):
        invoice = make(row[:-1])
        if invoice.id not in doubtful:
            found[row[1]].append(invoice)
            episodes[invoice.id] = row[-1]
    return found


def _by_contact(
    connection: Connection, connection_id: int, of: RecordKind, ids: list[str], by_day: str
) -> dict[str, list[Any]]:
    kind = KINDS[of]
    ours = kind.table.c
    query = (
        select(*kind.record_columns)
        .where(ours.connection_id == connection_id, one_of(connection, ours.contact_id, ids))
        .order_by(ours[by_day], ours.id)
    )
    found: dict[str, list[Any]] = defaultdict(list)
    for record in to_records(kind, connection.execute(query)):
        found[record.contact_id].append(record)
    return found


def _promises(
    connection: Connection, connection_id: int, ids: list[str]
) -> dict[str, list[Promise]]:
    ours = promises.c
    columns = (ours.invoice_id, ours.promised_on, ours.amount, ours.made_on, ours.kept)
    return _of_invoices(connection, connection_id, ids, columns, Promise, ~ours.replaced)


def _disputes(
    connection: Connection, connection_id: int, ids: list[str]
) -> dict[str, list[Dispute]]:
    ours = disputes.c
    columns = (ours.invoice_id, ours.opened_on, ours.reason, ours.settled_on)
    return _of_invoices(connection, connection_id, ids, columns, Dispute)


def _of_invoices(
    connection: Connection,
    connection_id: int,
    ids: list[str],
    columns: Sequence[Any],
    make: Callable[..., Any],
    *more: Any,
) -> dict[str, list[Any]]:
    table = columns[0].table
    query = (
        select(invoices.c.contact_id, *columns)
        .join(
            invoices,
            and_(
                invoices.c.connection_id == table.c.connection_id,
                invoices.c.id == table.c.invoice_id,
            ),
        )
        .where(
            table.c.connection_id == connection_id,
            one_of(connection, invoices.c.contact_id, ids),
            *more,
        )
        .order_by(table.c.id)
    )
    found: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(query):
        found[row[0]].append(make(*row[1:]))
    return found
