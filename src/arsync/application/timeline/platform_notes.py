"""What the accounting system itself holds of notes: read when a person asks, at no other time."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from arsync.application.timeline.events import TimelineEvent, TimelineSubject
from arsync.connector_sdk import Capability, PlatformNote
from arsync.errors import ArsyncError


class NotesRead(NamedTuple):
    """The notes, and a word on what is not among them."""

    events: tuple[TimelineEvent, ...] = ()
    remarks: tuple[str, ...] = ()


def platform_notes(subject: TimelineSubject, own_keys: Collection[str]) -> NotesRead:
    """Read a customer's notes at the platform, without those that arsync itself wrote.

    Args:
        subject: whose.
        own_keys: of the actions that the timeline tells of, by themselves or by their occasion.
    """
    organisation = subject.organisation
    label = organisation.label
    if Capability.NOTES_READ.value not in organisation.offers:
        return NotesRead(remarks=(f"{label} does not let its notes be read.",))
    newest = sorted(
        subject.invoices.values(), key=lambda invoice: (invoice.issued_on, invoice.id), reverse=True
    )
    try:
        with organisation.open_connector() as connector:
            answer = connector.notes(subject.contact.id, [invoice.id for invoice in newest])
    except ArsyncError as error:
        return NotesRead(remarks=(f"the notes in {label} could not be read: {error}",))
    remarks: tuple[str, ...] = ()
    if answer.unread:
        count = len(answer.unread)
        whose = "1 older invoice" if count == 1 else f"{count:,} older invoices"
        remarks = (f"the notes in {label} on {whose} were not read.",)
    events = [
        _event(subject, note)
        for note in answer.notes
        if not note.key or not any(key.startswith(note.key) for key in own_keys)
    ]
    return NotesRead(tuple(events), remarks)


def _event(subject: TimelineSubject, note: PlatformNote) -> TimelineEvent:
    numbers = subject.numbers([note.invoice_id] if note.invoice_id else [])
    about = f"{numbers[0]}: " if numbers else ""
    # A note without a moment is put before everything, which says that its day is not known.
    on = subject.day_of(note.at) if note.at else subject.contact.created_on or subject.until
    kind = f"note in {subject.organisation.label}"
    return TimelineEvent(on, kind, f"{about}{note.text}", note.at, note.by, invoices=numbers)
