"""Finding a customer, an invoice or an action from the search field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from arsync.application.organisation.container import Container
from arsync.application.permissions import Actor, Permission, permit
from arsync.store.ledger.search import FoundCustomer, FoundInvoice
from arsync.store.models import ActionRow, ConnectionRow

FOUND_MAX = 20
"""Of each kind."""

TEXT_CHARACTERS_MAX = 100

CONNECTIONS_MAX = 2_000
"""In so many connections at once is looked."""

_KEY = re.compile(r"\[?(?:arsync:)?([0-9a-f]{4,32})\]?")


class SearchResult(NamedTuple):
    """What is called so, and in which connection."""

    customers: tuple[FoundCustomer, ...] = ()
    invoices: tuple[FoundInvoice, ...] = ()
    actions: tuple[ActionRow, ...] = ()
    clients: tuple[ConnectionRow, ...] = ()
    connections: Mapping[int, str] = {}
    """By number, the connections' names."""

    @property
    def total(self) -> int:
        """Return how many there are."""
        return sum(map(len, (self.customers, self.invoices, self.actions, self.clients)))


def search_everything(
    actors: Sequence[tuple[Actor, ConnectionRow]], container: Container, text: str
) -> SearchResult:
    """Return what is called so in somebody's connections, by how it begins.

    In a single connection a customer is also found by another part of its name.

    Args:
        actors: as whom somebody may look, for each of the connections.
        container: holds them.
        text: a name, a number, or a key, or its beginning.
    """
    for actor, _ in actors:
        permit(actor, Permission.READ)
    rows = [row for _, row in actors][:CONNECTIONS_MAX]
    line = " ".join(text.split())[:TEXT_CHARACTERS_MAX]
    if not line or not rows:
        return SearchResult()
    ids = [row.id for row in rows]
    ledger = container.store.ledger
    customers = ledger.find_customers(ids, line, FOUND_MAX, anywhere=False)
    if len(rows) == 1 and len(customers) < FOUND_MAX:
        ids_found = {customer.contact_id for customer in customers}
        others = ledger.find_customers(ids, line, FOUND_MAX, anywhere=True)
        customers += [customer for customer in others if customer.contact_id not in ids_found]
    key = _KEY.fullmatch(line.lower())
    folded_line = line.casefold()
    return SearchResult(
        tuple(sorted(customers[:FOUND_MAX], key=lambda customer: customer.name.casefold())),
        tuple(
            sorted(
                ledger.find_invoices(ids, line, FOUND_MAX),
                key=lambda invoice: (len(invoice.number), invoice.number),
            )
        ),
        tuple(ledger.find_actions(ids, key[1], FOUND_MAX)) if key else (),
        tuple(
            row
            for row in rows
            if len(rows) > 1
            and (
                folded_line in row.organisation.name.casefold()
                or row.name.casefold().startswith(folded_line)
            )
        )[:FOUND_MAX],
        {row.id: row.name for row in rows},
    )
