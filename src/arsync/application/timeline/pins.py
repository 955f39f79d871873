"""Keeping an entry of a customer's timeline on top, where everybody sees it first."""

from __future__ import annotations

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.persons_words import name_line
from arsync.application.timeline.customer_timeline import kept_events, subject_about
from arsync.application.timeline.events import TimelineEvent
from arsync.core.ledger.records import Contact
from arsync.errors import UserMistake


def pin_entry(
    actor: Actor, organisation: OrganisationContext, contact: Contact, mark: str
) -> TimelineEvent:
    """Keep an entry on top of a customer's timeline; one that is there stays as it is.

    Raises:
        UserMistake: the timeline has no such entry, or too many are pinned.
    """
    permit(actor, Permission.LOG)
    subject = subject_about(organisation, contact, organisation.today)
    event = next((event for event in kept_events(subject) if event.mark == mark), None)
    if event is None:
        raise UserMistake("the timeline has no such entry any more.")
    organisation.store.pins.pin(organisation.id, contact.id, mark, who=name_line(actor.name))
    return event


def take_pin_down(
    actor: Actor, organisation: OrganisationContext, contact: Contact, mark: str
) -> bool:
    """Take an entry from the top; False: it was not there."""
    permit(actor, Permission.LOG)
    return organisation.store.pins.take_down(organisation.id, contact.id, mark)
