"""The two parties of a letter, ready for people: the customer, and who writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arsync.core.actions import Action
from arsync.core.ledger.records import Contact, Organisation
from arsync.core.ledger.sanitising import cleaned
from arsync.mail.colours import DARK, readable_on_dark, readable_on_white
from arsync.mail.language import Language
from arsync.mail.letter_facts import LOGO_IN_HTML, SenderDetails, clean_lines
from arsync.mail.postal_lines import lines_abroad


def customer_values(action: Action, contact: Contact | None, home: str) -> dict[str, Any]:
    """Return what a letter can say of its customer.

    Args:
        action: the letter.
        contact: the customer, as the records have it.
        home: the sender's country.
    """
    if contact is None:
        return _customer(action.contact_name)
    is_theirs = _is_theirs(action, contact)
    return _customer(
        contact.name or action.contact_name,
        first_name=contact.first_name if is_theirs else "",
        person=contact.people[0] if contact.people and is_theirs else "",
        phone=str(contact.phones[0]) if contact.phones else "",
        email=contact.email,
        number=contact.customer_number,
        address=lines_abroad(contact.address, contact.country, home),
    )


def _customer(
    name: str,
    *,
    first_name: str = "",
    person: str = "",
    phone: str = "",
    email: str = "",
    number: str = "",
    address: tuple[str, ...] = (),
) -> dict[str, Any]:
    return {
        "name": cleaned(name),
        "first_name": cleaned(first_name),
        "person": cleaned(person),
        "phone": cleaned(phone),
        "email": cleaned(email),
        "number": cleaned(number),
        "address": clean_lines(address),
    }


def _is_theirs(action: Action, contact: Contact) -> bool:
    """Return whether a message goes to the customer's own address, and so to its person.

    An invoice can name another address: who sits there is not known.
    """
    to: str = getattr(action.payload, "to", "")
    addresses = {address.strip().casefold() for address in to.split(",") if address.strip()}
    return not addresses or contact.email.casefold() in addresses


def greeting_of(customer: Mapping[str, Any], spoken: Language) -> str:
    """Return how the letter begins: by the person's name where it is known, never by Mr or Ms."""
    if customer["person"]:
        return spoken.greeting_person.format(person=customer["person"])
    return spoken.greeting.format(name=customer["first_name"] or customer["name"])


def organisation_values(
    organisation: Organisation, sender: SenderDetails, to_country: str
) -> dict[str, Any]:
    """Return what a letter can say of its sender: the settings first, then the books.

    Args:
        organisation: the sender.
        sender: what the settings say of it.
        to_country: the customer's country; empty: not known, so the sender's own.
    """
    address = organisation.address
    if to_country:
        address = lines_abroad(address, organisation.country, to_country)
    return {
        "name": cleaned(organisation.name),
        "legal_name": cleaned(organisation.legal_name),
        "address": sender.address or clean_lines(address),
        "phone": sender.phone or cleaned(organisation.phone),
        "email": sender.email or cleaned(organisation.email),
        "tax_number": cleaned(organisation.tax_number),
        "registration_number": cleaned(organisation.registration_number),
        "signed_by": sender.signed_by,
        "colour": readable_on_white(sender.colour),
        "colour_on_dark": readable_on_dark(sender.colour, DARK),
        "logo": LOGO_IN_HTML if all(sender.logo_size) else "",
        "logo_width": sender.logo_size[0],
        "logo_height": sender.logo_size[1],
    }
