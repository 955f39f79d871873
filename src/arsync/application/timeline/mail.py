"""What came back of letters, as events."""

from __future__ import annotations

from collections.abc import Iterator

from arsync.application.runs.mailbox import WHO
from arsync.application.timeline.events import TimelineEvent, TimelineSubject
from arsync.core.actions import MessagePayload


def mail_events(subject: TimelineSubject) -> Iterator[TimelineEvent]:
    """Yield what mailboxes said of the customer's letters."""
    letters = {
        row.key: row for row in subject.actions if isinstance(row.action.payload, MessagePayload)
    }
    histories = subject.organisation.store.actions.with_events(letters)
    for row, events in histories:
        numbers = tuple(ref.number or ref.id for ref in row.action.invoices)
        title = row.action.step or row.action.payload.title
        for event in events:
            if event.actor == WHO:
                text = f"{title[:1].upper()}{title[1:]}: {event.reason}"
                on = subject.day_of(event.at)
                yield TimelineEvent(on, "mail", text, event.at, WHO, row.key, numbers)
