"""The one customer or invoice of a name, in whichever connection it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext, organisations
from arsync.core.ledger.records import Contact, Invoice
from arsync.errors import UserMistake
from arsync.store import Ledger

T = TypeVar("T")


class ContactId(str):
    """A customer's id where a name is taken too: no invoice's number is ever meant by it."""

    __slots__ = ()


class CustomerId(str):
    """A customer's id, said of the customer alone: an invoice may well have the same number."""

    __slots__ = ()


class NotFound(UserMistake):
    """Neither a customer nor an invoice is called so in this connection."""


def contact_named(
    container: Container, text: str, connection: Chosen
) -> tuple[OrganisationContext, Contact]:
    """Return the one customer of that name, a deleted one too.

    Raises:
        UserMistake: there is none, or there are several.
    """
    look_up = partial(container.store.ledger.contact, also_gone=True)
    return _only_match(container, text, connection, look_up)


def invoice_numbered(
    container: Container, text: str, connection: Chosen
) -> tuple[OrganisationContext, Invoice]:
    """Return the one invoice of that number.

    Raises:
        UserMistake: there is none, or there are several.
    """
    if isinstance(text, ContactId):
        raise UserMistake("a customer was named, not an invoice.")
    return _only_match(container, text, connection, container.store.ledger.invoice)


def _only_match(
    container: Container,
    text: str,
    connection: Chosen,
    look_up: Callable[[int, str], T],
) -> tuple[OrganisationContext, T]:
    # All connections are searched before one is chosen: the first match may be the wrong customer.
    matches: list[tuple[OrganisationContext, T]] = []
    mistakes: list[str] = []
    for organisation in organisations(container, connection):
        try:
            matches.append((organisation, look_up(organisation.id, text)))
        except UserMistake as mistake:
            mistakes.append(str(mistake))
    if len(matches) > 1:
        names = ", ".join(organisation.name for organisation, _ in matches)
        raise UserMistake(
            f"{text} is in several connections: {names}.\n    hint: choose with --connection"
        )
    if not matches:
        raise UserMistake("\n".join(dict.fromkeys(mistakes)))
    return matches[0]


def subject_named(organisation: OrganisationContext, about: str) -> tuple[Contact, Invoice | None]:
    """Return the customer and, when an invoice is called so, that invoice.

    Raises:
        NotFound: neither a customer nor an invoice is called so, or several are.
    """
    return _subject(organisation.store.ledger, organisation.id, about)


def subject_anywhere(
    container: Container, about: str, connection: Chosen
) -> tuple[OrganisationContext, tuple[Contact, Invoice | None]]:
    """Return the one customer or invoice that is called so, in whichever connection it is.

    Raises:
        UserMistake: there is none, or there are several.
    """
    return _only_match(container, about, connection, partial(_subject, container.store.ledger))


def _subject(ledger: Ledger, connection_id: int, about: str) -> tuple[Contact, Invoice | None]:
    if isinstance(about, CustomerId):
        return ledger.contact(connection_id, str(about)), None
    if isinstance(about, ContactId):
        return ledger.contact(connection_id, str(about), also_gone=True), None
    try:
        invoice = ledger.invoice(connection_id, about)
    except UserMistake as no_invoice:
        try:
            return ledger.contact(connection_id, about), None
        except UserMistake as no_contact:
            raise NotFound(_neither(about, no_contact, no_invoice)) from None
    return ledger.contact(connection_id, invoice.contact_id), invoice


def _neither(about: str, *mistakes: UserMistake) -> str:
    """Return that nothing is called so, with the nearest names, if any, below it."""
    several = [text for text in map(str, mistakes) if not text.startswith("there is no ")]
    if several:
        return "\n".join(several)
    hints = [line for mistake in mistakes for line in str(mistake).splitlines()[1:]]
    return "\n".join([f"there is no contact and no invoice {about!r}.", *hints])
