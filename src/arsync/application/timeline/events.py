"""What a timeline is made of. Each kind of thing that happens is one source: see `sources`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

from msgspec import Struct

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.core.ledger.records import Contact, Invoice, RecordKind
from arsync.store.models import ActionRow

MARK_DIGITS = 24

ACTIONS_MAX = 2_000
"""So many actions of one customer are read for its timeline."""


class TimelineEvent(Struct, frozen=True):
    """One thing that happened."""

    on: date
    """The organisation's day."""
    kind: str
    """What it is, in a word or two: `payment`, `promise`, `call`."""
    text: str
    """What happened, without the day and without who."""
    at: datetime | None = None
    """The moment, where it is known: it puts the events of a day in order."""
    by: str = ""
    """Who did it or recorded it; empty where nobody is known."""
    key: str = ""
    """The action's key, where it is one."""
    invoices: tuple[str, ...] = ()
    """The numbers of the invoices it is about."""
    ends: bool = False
    """It ends what began before; where its moment is not known, it comes last on its day."""

    @property
    def mark(self) -> str:
        """Return what tells it from every other entry of its customer, however its text changes.

        An action's is its key; what has a moment is known by it, a document by its day and words.
        """
        known_by = (self.key,) if self.key else (str(self.at or self.on), *self.invoices)
        if not self.key and self.at is None:
            known_by += (self.text,)
        return sha256("\x00".join((self.kind, *known_by)).encode()).hexdigest()[:MARK_DIGITS]


class TimelineSubject:
    """The customer whose timeline it is. What costs a query is read when first needed."""

    def __init__(
        self, organisation: OrganisationContext, contact: Contact, ids: tuple[str, ...], until: date
    ) -> None:
        """Remember whom it is about.

        Args:
            organisation: in which ledger.
            contact: the customer.
            ids: its own, and those of contacts that were merged into it.
            until: the last day that is shown.
        """
        self.organisation = organisation
        self.contact = contact
        self.ids = ids
        self.until = until

    @cached_property
    def invoices(self) -> Mapping[str, Invoice]:
        """Return every invoice of the customer, by id."""
        records = self.organisation.store.ledger.of_contacts(
            self.organisation.id, RecordKind.INVOICES, self.ids
        )
        return {record.id: record for record in records}

    @cached_property
    def actions(self) -> Sequence[ActionRow]:
        """Return the actions about the customer, as far as a timeline reads them."""
        actions = self.organisation.store.actions
        return [
            row
            for contact_id in self.ids
            for row in actions.list(
                self.organisation.id, contact_id=contact_id, rows_max=ACTIONS_MAX
            )
        ]

    def number(self, invoice_id: str) -> str:
        """Return how people call an invoice."""
        invoice = self.invoices.get(invoice_id)
        return invoice.number or invoice_id if invoice else invoice_id

    def numbers(self, invoice_ids: Iterable[str]) -> tuple[str, ...]:
        """Return how people call some invoices."""
        return tuple(map(self.number, invoice_ids))

    def day_of(self, moment: datetime) -> date:
        """Return the organisation's day of a moment."""
        return moment.astimezone(self.organisation.zone).date()


class TimelineSource(NamedTuple):
    """One kind of thing that happens to a customer."""

    name: str
    """What it tells of, in the plural, for the docs: `promises to pay`."""
    events: Callable[[TimelineSubject], Iterable[TimelineEvent]]
    """Yields the customer's events in any order, from one query or a few."""
