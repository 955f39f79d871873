"""Reading debtors: each with its documents, promises and history, a few thousand rows at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, func, or_, select

from arsync.core.ledger.agreements.expected_dates import with_expected_dates
from arsync.core.ledger.as_of import with_paid_days
from arsync.core.ledger.records import (
    Account,
    Contact,
    ContactStatus,
    Difference,
    Invoice,
    PaymentPlan,
    Promise,
    RecordKind,
)
from arsync.core.rulebook.customer_matching import CustomerEntry
from arsync.store.actions.done_history import ContactHistory, read_history
from arsync.store.actions.message_addresses import messages_to
from arsync.store.db.bulk import as_parameter, one_of, one_of_given
from arsync.store.db.credit_tables import credit_applications
from arsync.store.db.payable_tables import bill_cursors
from arsync.store.db.tables import (
    connections,
    contact_log,
    contacts,
    customer_entries,
    customer_pauses,
    held_conditions,
    hold_decisions,
    invoices,
    limit_history,
    message_addresses,
    moved_invoices,
    payment_plans,
    placements,
    problems,
    undeliverable_addresses,
)
from arsync.store.db.tables import differences as differing_contacts
from arsync.store.ledger.agreements import Agreements, read_agreements
from arsync.store.ledger.balance_reconciliation import differences
from arsync.store.ledger.customer_entries import (
    BoundEntries,
    entries_of,
    parents_given,
    parents_of,
    read_entries,
)
from arsync.store.ledger.families import (
    Families,
    Relatives,
    all_families,
    families_of,
    read_relatives,
    with_given_relatives,
)
from arsync.store.ledger.moved_invoices import Move, read_moved, with_moved
from arsync.store.ledger.named_contacts import unknown_contacts
from arsync.store.ledger.own_addresses import own_addresses
from arsync.store.ledger.payment_plans import planned_days
from arsync.store.ledger.rare_rows import read_rare_rows
from arsync.store.ledger.record_rows import KINDS, to_records
from arsync.store.ledger.unreadable_money import read_doubts

INVOICES_AT_ONCE = 4_000
"""Debtors are read together until they have this many invoices."""
CONTACTS_AT_ONCE = 500
"""And at most this many contacts, however few invoices they have."""


def read_accounts(
    db: Connection,
    connection_id: int,
    contact_ids: Sequence[str] | None,
    done_before: datetime | None = None,
    entries: Mapping[str, CustomerEntry] | None = None,
) -> Iterator[Account]:
    """Yield debtors in the order of their contact ids.

    A whole ledger is read with what is odd in all of it. Some contacts are read by keys alone, so
    that one customer costs the same in a ledger of any size. `entries` are for a whole ledger, in
    place of those that are stored.
    """
    if contact_ids is None:
        query = select(*_known()).where(connections.c.id == connection_id)
        facts = db.execute(query, {"of_connection": connection_id}).one_or_none()
        accounts = _AccountReading(db, connection_id, facts, done_before).all(entries)
    else:
        relatives = read_relatives(db, connection_id, contact_ids, _known())
        facts = relatives.facts
        reading = _AccountReading(db, connection_id, facts, done_before)
        accounts = reading.some(contact_ids, relatives)
    for account in accounts:
        yield account._replace(taken_over_on=None if facts is None else facts.taken_over_on)


@cache
def _known() -> tuple[Any, ...]:
    """Return columns for when the ledger was taken over, and which kinds of oddity it has at all.

    Most ledgers have none, and then no customer's are looked up.
    """
    exist = {
        f"has_{table.name}": select(table.c.connection_id)
        .where(table.c.connection_id == bindparam("of_connection"))
        .correlate(None)
        .exists()
        for table in (
            problems,
            differing_contacts,
            moved_invoices,
            customer_entries,
            hold_decisions,
            customer_pauses,
            held_conditions,
            placements,
            payment_plans,
            limit_history,
            undeliverable_addresses,
            credit_applications,
            contact_log,
            message_addresses,
            bill_cursors,
        )
    }
    to = message_addresses.c
    # Numbers begin with a plus: those of one connection stand together in the key's index.
    exist["has_telephones_reached"] = (
        select(to.connection_id)
        .where(to.connection_id == bindparam("of_connection"), to.address >= "+", to.address < ",")
        .correlate(None)
        .exists()
    )
    columns = [query.label(name) for name, query in exist.items()]
    return (connections.c.taken_over_on, connections.c.country, *columns)


class _Unreadable(NamedTuple):
    """An invoice whose newest version could not be understood."""

    number: str
    contact_id: str
    """Whom it names; empty when not even that can be read."""


class _Oddities(NamedTuple):
    """What is out of the ordinary among the contacts that are read."""

    unreadable: Mapping[str, _Unreadable]
    """Invoices whose newest version could not be understood, by id."""
    unknown: frozenset[str]
    """Contacts of which only a problem is known."""
    doubts: Mapping[str, list[str]]
    """By contact, why what it owes is not certain."""
    differences: Mapping[str, Difference]
    """By contact, where the platform's own balance and the copy do not agree."""
    moved: Mapping[str, list[Move]]
    """By contact, invoices that came from another one."""


Family = list[str]


class _Documents(NamedTuple):
    """The documents of a chunk, by contact."""

    invoices: Mapping[str, Sequence[Invoice]]
    payments: Mapping[str, Sequence[Any]]
    credits: Mapping[str, Sequence[Any]]
    agreements: Agreements
    owners: Mapping[str, str]
    """By invoice, the contact who owes it."""
    episodes: Mapping[str, int]
    """By invoice, its stretch of being owed."""
    first_seen: Mapping[str, date]
    """By invoice, the day on which it was first seen, where that is known."""


class _AccountReading:
    """One connection's rows, in one transaction."""

    def __init__(
        self, db: Connection, connection_id: int, facts: Any, done_before: datetime | None
    ) -> None:
        self._db = db
        self._facts = facts
        self._connection_id = connection_id
        self._done_before = done_before
        self._given: Mapping[str, str] = {}
        """By contact, the parent that the rulebook gives it."""

    @property
    def _has_entries(self) -> bool:
        return self._facts is not None and bool(self._facts.has_customer_entries)

    # -- a whole ledger: what is odd in it is few, and read at once ---------------------------

    def all(self, entries: Mapping[str, CustomerEntry] | None) -> Iterator[Account]:
        """Yield every debtor."""
        db, connection_id = self._db, self._connection_id
        if entries is None:
            entries = read_entries(db, connection_id) if self._has_entries else {}
        self._given = parents_of(entries)
        families = all_families(db, connection_id, self._given)
        oddities = _Oddities(
            unreadable=self._unreadable(),
            unknown=unknown_contacts(db, connection_id),
            doubts=read_doubts(db, connection_id),
            differences=_by_id(differences(db, connection_id)),
            moved=read_moved(db, connection_id),
        )
        ids = select(contacts.c.id).where(contacts.c.connection_id == connection_id)
        roots = [
            contact_id
            for contact_id in db.scalars(ids.order_by(contacts.c.id))
            if families.root(contact_id) == contact_id
        ]
        # What they owe is owed, and must not be missing in a report because the name is not known.
        if oddities.unknown:
            roots = sorted([*roots, *oddities.unknown])
        bound = BoundEntries(entries)
        for chunk in self._chunks(families, roots, self._sizes()):
            yield from self._read(chunk, bound, oddities=oddities)

    # -- some customers: by keys alone --------------------------------------------------------

    def some(self, contact_ids: Sequence[str], read: Relatives) -> Iterator[Account]:
        """Yield the debtors to whom these contacts belong, given all their relatives."""
        db, connection_id = self._db, self._connection_id
        entries: Mapping[str, CustomerEntry] = {}
        if self._has_entries:
            self._given = parents_given(db, connection_id)
            read = with_given_relatives(db, connection_id, read, self._given)
            entries = entries_of(db, connection_id, read.people.values())
        relatives = read.people
        families = families_of(relatives.values(), self._given)
        roots = sorted({families.root(contact_id) for contact_id in contact_ids})
        # One customer is one chunk, however large: its size need not be known.
        sizes = self._sizes([*relatives, *contact_ids]) if len(roots) > 1 else {}
        for chunk in self._chunks(families, roots, sizes):
            yield from self._read(chunk, BoundEntries(entries), relatives=relatives)

    def _oddities(
        self, contact_ids: Sequence[str], invoice_ids: Sequence[str], people: Collection[str]
    ) -> _Oddities:
        db, connection_id, facts = self._db, self._connection_id, self._facts
        oddities = _Oddities({}, frozenset(), {}, {}, {})
        if facts is None:
            return oddities
        if facts.has_problems:
            not_stored = [contact_id for contact_id in contact_ids if contact_id not in people]
            oddities = oddities._replace(
                unreadable=self._unreadable(invoice_ids, contact_ids),
                unknown=unknown_contacts(db, connection_id, not_stored),
                doubts=read_doubts(db, connection_id, contact_ids),
            )
        if facts.has_differences:
            differing = differences(db, connection_id, contact_ids)
            oddities = oddities._replace(differences=_by_id(differing))
        if facts.has_moved_invoices:
            oddities = oddities._replace(moved=read_moved(db, connection_id, invoice_ids))
        return oddities

    # -- what both read -----------------------------------------------------------------------

    def _chunks(
        self, families: Families, roots: Sequence[str], sizes: Mapping[str, int]
    ) -> Iterator[list[Family]]:
        chunk: list[Family] = []
        members = rows = 0
        for root in roots:
            # A family is one account, and never split between two chunks.
            family = families.members(root)
            chunk.append(family)
            members += len(family)
            rows += sum(sizes.get(contact_id, 0) for contact_id in family)
            if rows >= INVOICES_AT_ONCE or members >= CONTACTS_AT_ONCE:
                yield chunk
                chunk, members, rows = [], 0, 0
        if chunk:
            yield chunk

    def _sizes(self, contact_ids: Sequence[str] | None = None) -> dict[str, int]:
        """Return how many invoices each contact has."""
        columns = invoices.c
        query = (
            select(columns.contact_id, func.count())
            .where(
                columns.connection_id == self._connection_id,
                *(
                    ()
                    if contact_ids is None
                    else (one_of(self._db, columns.contact_id, contact_ids),)
                ),
            )
            .group_by(columns.contact_id)
        )
        return {row[0]: row[1] for row in self._db.execute(query)}

    def _unreadable(
        self, invoice_ids: Sequence[str] = (), contact_ids: Sequence[str] | None = None
    ) -> dict[str, _Unreadable]:
        """Return invoices whose newest version could not be understood, by id.

        With `contact_ids`, those of these contacts, and those among `invoice_ids`.
        """
        columns = problems.c
        query = select(columns.id, columns.number, columns.contact_id).where(
            columns.connection_id == self._connection_id,
            columns.kind == RecordKind.INVOICES.value,
        )
        if contact_ids is not None:
            # One that could never be read is in no copy: only the problem says whose it is.
            query = query.where(
                or_(
                    one_of(self._db, columns.id, invoice_ids),
                    one_of(self._db, columns.contact_id, contact_ids),
                )
            )
        return {
            row.id: _Unreadable(row.number or row.id, row.contact_id)
            for row in self._db.execute(query)
        }

    def _read(
        self,
        chunk: Sequence[Family],
        bound: BoundEntries,
        *,
        relatives: Mapping[str, Contact] | None = None,
        oddities: _Oddities | None = None,
    ) -> Iterator[Account]:
        """Yield the debtors of a chunk; what it holds is gone before the next one is read."""
        db, connection_id = self._db, self._connection_id
        ids = [contact_id for family in chunk for contact_id in family]
        if relatives is None:
            people = read_records(db, connection_id, RecordKind.CONTACTS, ids)
        else:
            people = {
                contact_id: relatives[contact_id] for contact_id in ids if contact_id in relatives
            }
        documents = self._documents(ids)
        oddities = oddities or self._oddities(ids, list(documents.owners), people)
        for contact_id in oddities.unknown.intersection(ids):
            people[contact_id] = Contact(contact_id, contact_id, status=ContactStatus.UNKNOWN)
        past = read_history(db, connection_id, ids, self._done_before)
        heard = self._heard(people, documents)
        histories = with_moved(
            db, connection_id, past, ids, oddities.moved, done_before=self._done_before
        )
        rare = read_rare_rows(
            db, connection_id, self._facts, ids, list(documents.owners), self._done_before
        )
        for family in chunk:
            members = tuple(
                self._with_parent(people[contact_id])
                for contact_id in family
                if contact_id in people
            )
            if members:
                account = _account(members, documents, histories, oddities, rare.plans)
                yield rare.about(account)._replace(
                    entries=bound.about(members),
                    heard_at={
                        contact.id: heard[contact.id] for contact in members if contact.id in heard
                    },
                )

    def _with_parent(self, contact: Contact) -> Contact:
        """Return the contact with the rulebook's parent, if the platform knows none."""
        if contact.parent_id or contact.id not in self._given:
            return contact
        return contact._replace(parent_id=self._given[contact.id])

    def _heard(
        self, people: Mapping[str, Contact], documents: _Documents
    ) -> dict[str, tuple[date, ...]]:
        """Return by contact the days of others' messages to an address of its own."""
        facts = self._facts
        if facts is None or not facts.has_message_addresses:
            return {}
        home = facts.country if facts.has_telephones_reached else None
        own = {
            contact_id: own_addresses(contact, documents.invoices.get(contact_id, ()), home)
            for contact_id, contact in people.items()
        }
        addressed = sorted(set().union(*own.values()))
        reached = messages_to(self._db, self._connection_id, addressed, self._done_before)
        merged_into = {each.id: each.merged_into for each in people.values() if each.merged_into}
        heard = {}
        for contact_id, addresses in own.items():
            days = {
                message.key: message.on
                for address in addresses
                for message in reached.get(address, ())
                # What it got as another contact, before a merge, is in its own history.
                if contact_id not in {message.contact_id, merged_into.get(message.contact_id)}
            }
            if days:
                heard[contact_id] = tuple(sorted(days.values()))
        return heard

    def _documents(self, contact_ids: Sequence[str]) -> _Documents:
        # Oldest first, as unapplied cash covers them; by id within a day, so that the same
        # ledger gives the same plan in both databases.
        by_contact: dict[str, list[Invoice]] = defaultdict(list)
        owners: dict[str, str] = {}
        episodes: dict[str, int] = {}
        first_seen: dict[str, date] = {}
        for row in self._of_contacts(RecordKind.INVOICES, contact_ids, "due_on"):
            invoice = Invoice._make(row[:-2])
            by_contact[invoice.contact_id].append(invoice)
            owners[invoice.id] = invoice.contact_id
            episodes[invoice.id] = row[-2]
            if row[-1] is not None:
                first_seen[invoice.id] = row[-1]
        return _Documents(
            by_contact,
            self._by_contact(RecordKind.PAYMENTS, contact_ids, "paid_on"),
            self._by_contact(RecordKind.CREDITS, contact_ids, "issued_on"),
            read_agreements(self._db, self._connection_id, owners),
            owners,
            episodes,
            first_seen,
        )

    def _by_contact(
        self, kind_of: RecordKind, contact_ids: Sequence[str], by_day: str
    ) -> dict[str, list[Any]]:
        records: dict[str, list[Any]] = defaultdict(list)
        rows = self._of_contacts(kind_of, contact_ids, by_day)
        for record in to_records(KINDS[kind_of], rows):
            records[record.contact_id].append(record)
        return records

    def _of_contacts(self, kind: RecordKind, contact_ids: Sequence[str], by_day: str) -> Any:
        """Return the rows of one kind of document, by day."""
        db = self._db
        query = _documents_of(kind, by_day, is_sqlite=db.dialect.name == "sqlite")
        ids = as_parameter(db, contact_ids)
        return db.execute(query, {"of_connection": self._connection_id, "of_contacts": ids})


# Statements that each customer needs are made once: making one takes longer than running it.
@cache
def _documents_of(kind_of: RecordKind, by_day: str, *, is_sqlite: bool) -> Select[Any]:
    kind = KINDS[kind_of]
    columns = kind.table.c
    also = (columns.episode, columns.seen_on) if kind_of is RecordKind.INVOICES else ()
    return (
        select(*kind.record_columns, *also)
        .where(
            columns.connection_id == bindparam("of_connection"),
            one_of_given(columns.contact_id, "of_contacts", is_sqlite=is_sqlite),
        )
        .order_by(columns[by_day], columns.id)
    )


def _by_id(differing: Sequence[Difference]) -> dict[str, Difference]:
    return {difference.contact_id: difference for difference in differing}


def _account(
    members: tuple[Contact, ...],
    documents: _Documents,
    histories: Mapping[str, ContactHistory],
    oddities: _Oddities,
    plans: Mapping[str, Sequence[PaymentPlan]],
) -> Account:
    def all_of(by_contact: Mapping[str, Sequence[Any]]) -> tuple[Any, ...]:
        return tuple(record for contact in members for record in by_contact.get(contact.id, ()))

    # No customer is chased on an old copy.
    stored = all_of(documents.invoices)
    owed = tuple(invoice for invoice in stored if invoice.id not in oddities.unreadable)
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
        promises=_promises_of(all_of(documents.agreements.promises), stored),
        disputes=all_of(documents.agreements.disputes),
        payment_plans=all_of(plans),
        # What was done for an invoice that moved within the family is known twice.
        sent=tuple(dict.fromkeys(step for history in past for step in history.sent)),
        hold=next((history.hold for history in holding if history.hold is not None), None),
        episodes={invoice.id: documents.episodes[invoice.id] for invoice in owed},
        first_seen={
            invoice.id: documents.first_seen[invoice.id]
            for invoice in (owed if documents.first_seen else ())
            if invoice.id in documents.first_seen
        },
        last_hold_episode=max((history.last_hold_episode for history in past), default=0),
        terms_left=next(
            (history.terms_left for history in holding if history.terms_left is not None), None
        ),
        tasks=tuple(task for history in past for task in history.tasks),
        done_keys=frozenset().union(*(history.done_keys for history in past)),
        fees=frozenset().union(*(history.fees for history in past)),
        charges=tuple(dict.fromkeys(line for history in past for line in history.charges)),
        undone={key: undone_by for history in past for key, undone_by in history.undone.items()},
        refused=frozenset().union(*(history.refused for history in past)),
        shown_levels={
            contact.id: shown
            for contact in members
            if contact.id in histories and (shown := histories[contact.id].shown_level)
        },
        placements=tuple(
            # A debt that moved within the family is known twice.
            {
                placement.key: placement for history in past for placement in history.placements
            }.values()
        ),
        letters=tuple(letter for history in past for letter in history.letters),
        doubts=all_of(oddities.doubts),
        unreadable=_unreadable_of(members, stored, oddities),
        differences=tuple(
            oddities.differences[contact.id]
            for contact in members
            if contact.id in oddities.differences
        ),
    )
    own_days = documents.agreements.promised_days
    for invoice_id, days in planned_days(account.payment_plans).items():
        own_days[invoice_id] |= days
    return with_expected_dates(with_paid_days(account), own_days)


def _promises_of(promises: Iterable[Promise], stored: Sequence[Invoice]) -> tuple[Promise, ...]:
    """Return each promise once, about the invoices that are here: others may have moved away."""
    by_number = {promise.number: promise for promise in promises}
    here = frozenset(invoice.id for invoice in stored) if by_number else frozenset()
    return tuple(
        promise._replace(invoice_ids=tuple(filter(here.__contains__, promise.invoice_ids)))
        for promise in by_number.values()
    )


def _unreadable_of(
    members: Sequence[Contact], stored: Sequence[Invoice], oddities: _Oddities
) -> tuple[str, ...]:
    if not oddities.unreadable:
        return ()
    here = {invoice.id for invoice in stored}
    of = {contact.id for contact in members}
    return tuple(
        unread.number
        for invoice_id, unread in oddities.unreadable.items()
        if invoice_id in here or unread.contact_id in of
    )


def read_records(
    db: Connection, connection_id: int, of: RecordKind, ids: Sequence[str]
) -> dict[str, Any]:
    """Return stored records of one kind by their ids."""
    query = _records_by_id(of, is_sqlite=db.dialect.name == "sqlite")
    rows = db.execute(query, {"of_connection": connection_id, "ids": as_parameter(db, ids)})
    return {record.id: record for record in to_records(KINDS[of], rows)}


@cache
def _records_by_id(of: RecordKind, *, is_sqlite: bool) -> Select[Any]:
    kind = KINDS[of]
    return select(*kind.record_columns).where(
        kind.table.c.connection_id == bindparam("of_connection"),
        one_of_given(kind.table.c.id, "ids", is_sqlite=is_sqlite),
    )
