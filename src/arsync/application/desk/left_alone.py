"""The customers that people leave alone for a while: all, or a page of them at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from arsync.application.desk.record_pages import WantedPage
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.core.ledger.records import RecordKind


class LeftAloneView(Struct, frozen=True):
    """The JSON view of a customer that a person leaves alone."""

    customer_id: str
    customer: str
    until: date
    """The last day on which nothing is done about it."""
    by: str
    reason: str
    made_on: date


READ_AT_ONCE = 200
"""So many of all of them are read together."""


def everybody_left_alone(
    actor: Actor, organisation: OrganisationContext
) -> Iterator[LeftAloneView]:
    """Yield all customers that people leave alone today, in the order of their ids."""
    permit(actor, Permission.READ)
    after: str | None = None
    while views := left_alone(actor, organisation, WantedPage(READ_AT_ONCE, after)):
        yield from views
        after = views[-1].customer_id


def left_alone(
    actor: Actor, organisation: OrganisationContext, page: WantedPage
) -> list[LeftAloneView]:
    """Return the next customers that people leave alone today, in the order of their ids."""
    permit(actor, Permission.READ)
    pauses = organisation.store.pauses.page(
        organisation.id, organisation.today, after=page.after or "", rows_max=page.rows_max
    )
    ids = [pause.contact_id for pause in pauses]
    contacts = organisation.store.ledger.records(organisation.id, RecordKind.CONTACTS, ids)
    return [
        LeftAloneView(
            pause.contact_id,
            contacts[pause.contact_id].name if pause.contact_id in contacts else pause.contact_id,
            pause.until,
            pause.by,
            pause.reason,
            pause.made_on,
        )
        for pause in pauses
    ]
