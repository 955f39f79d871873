"""Matching: which contact of the ledger each entry of `customers` is about.

An entry names a contact as people call it. Once that name fits exactly one contact, the entry is
bound to the contact's id: a rename at the platform changes nothing, and is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from arsync.core.ledger.records import Account, Contact, ContactStatus
from arsync.core.rulebook.model import Customer, Place, Problem, Rulebook, folded
from arsync.core.rulebook.nearest_name import CANDIDATES_MAX, LOOKS_MAX, nearest

_GONE = frozenset({ContactStatus.DELETED, ContactStatus.MERGED, ContactStatus.UNKNOWN})


class ContactName(NamedTuple):
    """A contact as the ledger has it now, as far as matching asks."""

    id: str
    name: str
    status: str = ContactStatus.ACTIVE
    parent_id: str = ""
    merged_into: str = ""
    groups: tuple[str, ...] = ()


class CustomerEntry(NamedTuple):
    """What an entry of `customers` is bound to."""

    contact_id: str
    parent_id: str = ""
    """The contact that the entry's `parent` is bound to; empty: the rulebook gives it none."""


class Matching(NamedTuple):
    """The entries that are certain, and what is wrong with the others."""

    entries: Mapping[str, CustomerEntry]
    """By the entry's name, folded. A parent that is named has an entry, too."""
    problems: tuple[Problem, ...] = ()


def match_customers(
    rulebook: Rulebook, bound: Mapping[str, CustomerEntry], contacts: Iterable[ContactName]
) -> Matching:
    """Bind each entry of `customers`, and each parent they name, to a contact.

    Args:
        rulebook: whose entries.
        bound: what earlier runs bound, by the entry's folded name. It stays, whatever the contact
            is called now; a merge carries it on.
        contacts: every contact of the ledger.
    """
    return _Matcher(rulebook, bound).match(contacts)


def customer_of(
    customers: Mapping[str, Customer], contact: Contact, account: Account
) -> Customer | None:
    """Return the entry that is about a contact: by its id, as it is bound, or by its name.

    Args:
        customers: the rulebook's, by folded name: `Rulebook.by_contact`.
        contact: one of the account's.
        account: knows what is bound.
    """
    # The id first: anybody can change a name, and two contacts can share one.
    if (key := folded(contact.id)) in customers:
        return customers[key]
    if account.entries:
        # What was agreed with a merged contact goes on with the one that it became.
        ids = {
            contact.id,
            *(past.id for past in account.contacts if past.merged_into == contact.id),
        }
        mine = [name for name, of in account.entries.items() if of in ids and name in customers]
        if mine:
            return min((customers[name] for name in mine), key=lambda entry: entry.place)
    name = folded(contact.name)
    # A name that is bound to another contact is not this one's, even if that one gave it up.
    return None if name in account.entries else customers.get(name)


@dataclass
class _Matcher:
    """One rulebook against one ledger."""

    rulebook: Rulebook
    bound: Mapping[str, CustomerEntry]
    by_name: dict[str, list[ContactName]] = field(default_factory=lambda: defaultdict(list))
    """By folded name or id: the contacts of that name that are still there."""
    live_names: dict[str, str] = field(default_factory=dict)
    """By folded name: names to guess from, as far as guesses go."""
    looks: int = 0
    by_id: dict[str, ContactName] = field(default_factory=dict)
    """Contacts that are bound, or were merged."""

    def match(self, contacts: Iterable[ContactName]) -> Matching:
        customers = self.rulebook.customers
        self.look(contacts, _names(customers))
        entries = {
            name: CustomerEntry(contact_id)
            for name in _names(customers)
            if (contact_id := self.contact_of(name))
        }
        problems: list[Problem] = []
        by_contact: dict[str, Customer] = {}
        for customer in customers:
            name = folded(customer.contact)
            problems += self.about(customer.place, customer.contact, entries.get(name))
            if name in entries:
                first = by_contact.setdefault(entries[name].contact_id, customer)
                if first is not customer:
                    problems.append(_twice(customer, first))
        return Matching(entries | self.children(entries, problems), tuple(problems))

    def children(
        self, entries: Mapping[str, CustomerEntry], problems: list[Problem]
    ) -> dict[str, CustomerEntry]:
        """Return the entries that get a parent; those that do not add to the problems."""
        children: dict[str, CustomerEntry] = {}
        names_told = {folded(customer.contact) for customer in self.rulebook.customers}
        for customer in self.rulebook.customers:
            name, above = folded(customer.contact), folded(customer.parent)
            if not customer.parent or name not in entries:
                continue
            wrong = self.wrong_parent(customer, entries)
            if wrong is not None:
                problems.append(wrong)
            else:
                children[name] = entries[name]._replace(parent_id=entries[above].contact_id)
            if above in entries and above not in names_told:
                names_told.add(above)
                problems += self.about(customer.parent_place, customer.parent, entries[above])
        return children

    def look(self, contacts: Iterable[ContactName], names: frozenset[str]) -> None:
        """Remember the contacts that an entry may be about; a ledger has many others."""
        ids = {entry.contact_id for entry in self.bound.values()}
        for contact in contacts:
            if contact.status not in _GONE and len(self.live_names) <= CANDIDATES_MAX:
                self.live_names[folded(contact.name)] = contact.name
            if contact.id in ids or contact.merged_into:
                self.by_id[contact.id] = contact
            for name in {folded(contact.name), folded(contact.id)} & names:
                self.by_id[contact.id] = contact
                if contact.status not in _GONE:
                    self.by_name[name].append(contact)

    def contact_of(self, name: str) -> str:
        """Return the id of the one contact that an entry is about; empty when that is open."""
        entry = self.bound.get(name)
        if entry is not None:
            return self.after_merges(entry.contact_id)
        candidates = self.candidates(name)
        return candidates[0].id if len(candidates) == 1 else ""

    def candidates(self, name: str) -> list[ContactName]:
        """Return the contacts of a name: the one with it as its id, else the active ones."""
        bearers = self.by_name.get(name, [])
        # The id first: anybody can change a name, and two contacts can share one.
        by_id = [contact for contact in bearers if folded(contact.id) == name]
        active = [contact for contact in bearers if contact.status == ContactStatus.ACTIVE]
        return by_id or active or bearers

    def after_merges(self, contact_id: str) -> str:
        """Return what a contact became; itself when it was never merged."""
        path = {contact_id}
        while (contact := self.by_id.get(contact_id)) and contact.merged_into:
            contact_id = contact.merged_into
            # People can make a circle in two merges.
            if contact_id in path:
                break
            path.add(contact_id)
        return contact_id

    def about(self, place: Place, called: str, entry: CustomerEntry | None) -> Iterator[Problem]:
        """Yield what is odd about whom one name is bound to."""
        name = folded(called)
        namesakes = self.candidates(name)
        if entry is None:
            yield _unmatched(place, called, len(namesakes), near=self.near(called))
            return
        contact = self.by_id.get(entry.contact_id)
        if contact is None:
            return  # it was merged just now, into a contact that is looked at with the next run
        if contact.status in _GONE:
            message = f"{called!r} is the contact {contact.id}, which is {contact.status}."
            yield _warning(place, message, "remove the entry, or write another id")
        elif name not in {folded(contact.name), folded(contact.id)}:
            message = f"{called!r} is called {contact.name!r} now."
            yield _warning(place, message, "change the name here")
        for namesake in namesakes:
            if namesake.id != contact.id and name in self.bound:
                message = (
                    f"another contact ({namesake.id}) is called {called!r} now: the entry stays"
                    f" with {contact.name!r} ({contact.id})."
                )
                yield _warning(place, message, "write the id of the one that is meant")

    def near(self, called: str) -> str:
        """Return the contact that a name is most likely a slip for."""
        self.looks += 1
        return nearest(folded(called), self.live_names) if self.looks <= LOOKS_MAX else ""

    def wrong_parent(
        self, customer: Customer, entries: Mapping[str, CustomerEntry]
    ) -> Problem | None:
        """Return why a customer does not get the parent it names; None when it does."""
        name, above = folded(customer.contact), folded(customer.parent)
        if above not in entries:
            return _unmatched(
                customer.parent_place,
                customer.parent,
                len(self.candidates(above)),
                "parent",
                near=self.near(customer.parent),
            )
        child = self.by_id.get(entries[name].contact_id)
        parent = self.by_id.get(entries[above].contact_id)
        message = hint = ""
        if entries[name].contact_id == entries[above].contact_id:
            message = f"{customer.contact!r} and its parent are the same contact."
        elif child and child.parent_id:
            message = f"{customer.contact!r} has a parent in the accounting system: it counts."
            hint = "remove 'parent' here"
        elif parent and parent.parent_id:
            message = (
                f"{customer.parent!r} has a parent itself in the accounting system: families have"
                " two levels."
            )
            hint = "name the topmost parent"
        return _warning(customer.parent_place, message, hint) if message else None


def _names(customers: Iterable[Customer]) -> frozenset[str]:
    names = {folded(customer.contact) for customer in customers}
    return frozenset(names | {folded(customer.parent) for customer in customers if customer.parent})


def _warning(place: Place, message: str, hint: str = "") -> Problem:
    return Problem(*place, message, hint, "warning")


def _unmatched(
    place: Place, name: str, count: int, what: str = "contact", near: str = ""
) -> Problem:
    if count > 1:
        return _warning(place, f"{count} contacts are called {name!r}.", "write the id instead")
    hint = f"write the {what}'s name as in the accounting system, or its id"
    if near:
        hint = f"did you mean {near!r}?"
    return _warning(place, f"no contact is called {name!r}.", hint)


def _twice(customer: Customer, first: Customer) -> Problem:
    message = f"{customer.contact!r} and {first.contact!r} are the same contact."
    place = f"{first.place.file}:{first.place.line}"
    return _warning(customer.place, message, f"{place} counts; put the agreements into one entry")
