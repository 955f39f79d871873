"""The one customer or invoice of a name, in whichever connection it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from arsync.application.container import Container
from arsync.application.organisation_context import Chosen, OrganisationContext, organisations
from arsync.core.ledger.records import Contact, Invoice
from arsync.errors import UserMistake

T = TypeVar("T")


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
