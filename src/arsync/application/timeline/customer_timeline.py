"""One customer's timeline: every source, put in order, bounded."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from arsync.application.customers.name_search import contact_named
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.timeline.events import TimelineEvent, TimelineSubject
from arsync.application.timeline.platform_notes import platform_notes
from arsync.application.timeline.sources import SOURCES
from arsync.core.ledger.records import Contact
from arsync.core.planning.plan_views import NamedView

EVENTS_SHOWN_MAX = 200
"""A timeline shows so many events, the newest."""


class Timeline(Struct, frozen=True):
    """What happened with a customer, newest last."""

    connection: str
    contact: NamedView
    until: date
    events: tuple[TimelineEvent, ...]
    left_out: int
    """So many earlier events are not shown."""
    remarks: tuple[str, ...]
    """What could not be read."""


def timeline(
    actor: Actor,
    container: Container,
    customer: str,
    *,
    connection: Chosen = None,
    as_of: date | None = None,
    everything: bool = False,
) -> Timeline:
    """Return everything that happened with a customer, up to a day.

    Args:
        actor: who asks.
        container: holds the ledgers.
        customer: its name or id.
        connection: only this connection's.
        as_of: up to this day; None: today.
        everything: also what is older than the newest `EVENTS_SHOWN_MAX`.

    Raises:
        UserMistake: there is no such customer, or there are several.
    """
    permit(actor, Permission.READ)
    organisation, contact = contact_named(container, customer, connection)
    until = as_of or organisation.today
    subject = subject_about(organisation, contact, until)
    events = kept_events(subject)
    notes = platform_notes(subject, {row.key for row in subject.actions})
    if notes.events:
        events = sorted((*events, *(note for note in notes.events if note.on <= until)), key=_order)
    shown = events if everything else events[-EVENTS_SHOWN_MAX:]
    return Timeline(
        organisation.name,
        NamedView(contact.id, contact.name),
        until,
        tuple(shown),
        len(events) - len(shown),
        notes.remarks,
    )


def subject_about(
    organisation: OrganisationContext, contact: Contact, until: date
) -> TimelineSubject:
    """Return whose timeline it is, with the contacts that were merged into the customer."""
    account = next(organisation.store.ledger.accounts(organisation.id, [contact.id]), None)
    members = account.contacts if account is not None else ()
    merged = [member.id for member in members if member.merged_into == contact.id]
    return TimelineSubject(organisation, contact, (contact.id, *merged), until)


def kept_events(subject: TimelineSubject) -> list[TimelineEvent]:
    """Return what arsync's own books tell of a customer, the newest last, without a call."""
    events = [
        event for source in SOURCES for event in source.events(subject) if event.on <= subject.until
    ]
    events.sort(key=_order)
    return events


def _order(event: TimelineEvent) -> tuple[date, int, float]:
    """Put documents, which have no moment, at the beginning of their day, and ends at its end."""
    if event.at is None:
        return event.on, 2 if event.ends else 0, 0.0
    return event.on, 1, event.at.timestamp()
