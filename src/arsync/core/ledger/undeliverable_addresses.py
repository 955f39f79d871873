"""Addresses that take no mail count as none: what is planned goes another way, or to a person.

So does what somebody typed where an address belongs, and is none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from arsync.core.ledger.mail_addresses import (
    addresses_in,
    all_are_addresses,
    folded_address,
    is_address,
)
from arsync.core.ledger.records import Account, Contact, Invoice, UndeliverableAddress


def still_in_books(
    known: Iterable[UndeliverableAddress],
    contacts: Iterable[Contact],
    invoices: Iterable[Invoice],
) -> tuple[UndeliverableAddress, ...]:
    """Return the addresses that the books still hold: one that was changed is over by itself."""
    fields: dict[str, set[str]] = {}
    for contact in contacts:
        for field in (contact.email, *contact.more_emails):
            fields.setdefault(contact.id, set()).update(map(folded_address, addresses_in(field)))
    for invoice in invoices:
        entries = map(folded_address, addresses_in(invoice.email))
        fields.setdefault(invoice.contact_id, set()).update(entries)
    return tuple(
        undeliverable
        for undeliverable in known
        if folded_address(undeliverable.address) in fields.get(undeliverable.contact_id, ())
    )


def reachable(account: Account) -> Account:
    """Return an account as if its books held only addresses that take mail."""
    bad: dict[str, set[str]] = {}
    for undeliverable in account.undeliverable:
        address = folded_address(undeliverable.address)
        bad.setdefault(undeliverable.contact_id, set()).add(address)
    contacts = tuple(_contact(contact, bad.get(contact.id, ())) for contact in account.contacts)
    invoices = tuple(_invoice(each, bad.get(each.contact_id, ())) for each in account.invoices)
    if contacts == account.contacts and invoices == account.invoices:
        return account
    return account._replace(contacts=contacts, invoices=invoices)


def _contact(contact: Contact, bad: Collection[str]) -> Contact:
    email = _without(contact.email, bad)
    more = tuple(filter(None, (_without(field, bad) for field in contact.more_emails)))
    if email == contact.email and more == contact.more_emails:
        return contact
    return contact._replace(email=email, more_emails=more)


def _invoice(invoice: Invoice, bad: Collection[str]) -> Invoice:
    email = _without(invoice.email, bad)
    return invoice if email == invoice.email else invoice._replace(email=email)


def _without(field: str, bad: Collection[str]) -> str:
    if not field or (not bad and all_are_addresses(field)):
        return field
    entries = addresses_in(field)
    good = [entry for entry in entries if is_address(entry) and folded_address(entry) not in bad]
    return field if len(good) == len(entries) else ", ".join(good)


def of_contact(account: Account, contact_id: str) -> Sequence[UndeliverableAddress]:
    """Return a contact's addresses that take no mail."""
    return [each for each in account.undeliverable if each.contact_id == contact_id]


def cannot_be_reached(undeliverable: UndeliverableAddress) -> str:
    """Return it for people: `jo@example.com takes no mail since 2026-11-20 (550 no such user)`."""
    reason = f" ({undeliverable.reason})" if undeliverable.reason else ""
    return f"{undeliverable.address} takes no mail since {undeliverable.since}{reason}"


def phone_words(contact: Contact) -> str:
    """Return `; phone: 020 7946 0018`; empty when none is known."""
    return f"; phone: {contact.phones[0]}" if contact.phones else ""
