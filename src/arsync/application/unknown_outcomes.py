"""Unknown outcomes in plain words: what was tried, what was looked at, what to look at oneself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from arsync.application.container import Parts
from arsync.application.results import Listed
from arsync.core.actions import Action, ActionKind, ActionState, Via, marker
from arsync.core.actions.registry import KINDS
from arsync.core.ledger.records import RecordKind
from arsync.store.models import ActionRow, ConnectionRow, EventRow

LINKS_MAX = 5
"""A letter may list many invoices: so many of their pages are named."""

_NEVER_LOOKED = "nothing yet: the next run looks it up"


class Link(NamedTuple):
    """A page of the platform, for people."""

    shown: str
    """`INV-7`, `Acme Ltd`."""
    address: str


class Unsettled(NamedTuple):
    """An action whose outcome is unknown, explained."""

    listed: Listed
    tried_at: datetime | None
    """When the last attempt began."""
    happened: str
    """What came of it."""
    looked_at: datetime | None
    """When the last look-up said something new; None when there was none."""
    looked: str
    """What the look-up said."""
    look_for: str
    """What a person should look for, and where."""
    links: tuple[Link, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as `resolve --json` prints it."""
        return {
            **self.listed.as_json(),
            "tried_at": self.tried_at.isoformat() if self.tried_at else None,
            "happened": self.happened,
            "looked_at": self.looked_at.isoformat() if self.looked_at else None,
            "looked": self.looked,
            "look_for": self.look_for,
            "links": [link._asdict() for link in self.links],
        }


UNCONFIRMED_DAYS_MAX = 1
"""What was sent is read back by the same run; what has not shown for so long is worth a word."""


def is_late(row: ActionRow, now: datetime) -> bool:
    """Return whether something was sent, and has not shown at the platform for long."""
    late = now - row.changed_at >= timedelta(days=UNCONFIRMED_DAYS_MAX)
    return row.state is ActionState.SENT and late


def untold(parts: Parts, connection: ConnectionRow) -> list[Unsettled]:
    """Return what the owner has not been told of yet.

    An unknown outcome counts once it was looked up in vain: most are settled by the next look.
    """
    rows = parts.store.actions.not_notified(connection.id)
    now = parts.clock.now()
    unsettleds = [explained(parts, connection, row) for row in rows]
    return [one for one in unsettleds if _was_looked_up(one) or is_late(one.listed.row, now)]


def _was_looked_up(one: Unsettled) -> bool:
    return one.looked_at is not None and one.looked_at >= one.listed.row.changed_at


def unsettled(parts: Parts, connection: ConnectionRow) -> list[Unsettled]:
    """Return every action of a connection whose outcome only a person can settle."""
    rows = parts.store.actions.list(connection.id, states={ActionState.UNKNOWN})
    return [explained(parts, connection, row) for row in rows]


def explained(parts: Parts, connection: ConnectionRow, row: ActionRow) -> Unsettled:
    """Explain one action whose outcome is unknown."""
    events = parts.store.actions.events(row.key)
    tried = _last(events, to_state=ActionState.SENDING)
    looked = _last(events, to_state=ActionState.UNKNOWN, from_state=ActionState.UNKNOWN)
    label = parts.platform(connection.platform).label
    return Unsettled(
        listed=Listed(connection.name, row),
        tried_at=tried.at if tried else None,
        happened=row.reason,
        looked_at=looked.at if looked else None,
        looked=looked.why if looked else _NEVER_LOOKED,
        look_for=_look_for(row, label, tried.at if tried else None),
        links=tuple(links(parts, connection, row.action)),
    )


def links(parts: Parts, connection: ConnectionRow, action: Action) -> list[Link]:
    """Return the platform's pages of what an action is about."""
    platform = parts.platform(connection.platform)
    settings = parts.config.section(connection.platform)
    about = [
        (RecordKind.INVOICES, invoice.id, invoice.number or invoice.id)
        for invoice in action.invoices
    ]
    if not about:
        about = [(RecordKind.CONTACTS, action.contact_id, action.contact_name)]
    pages = [
        Link(shown, platform.record_page(kind, id_, connection.organisation_id, settings))
        for kind, id_, shown in about[:LINKS_MAX]
    ]
    return [page for page in pages if page.address]


def _last(
    events: Sequence[EventRow], *, to_state: ActionState, from_state: ActionState | None = None
) -> EventRow | None:
    for event in reversed(events):
        if event.to_state is to_state and from_state in {None, event.from_state}:
            return event
    return None


def _look_for(row: ActionRow, label: str, at: datetime | None) -> str:
    """Return what tells whether an action was done: each leaves its own trace."""
    action = row.action
    about = (
        ", ".join(invoice.number or invoice.id for invoice in action.invoices)
        or action.contact_name
    )
    when = f" on {at:%d %b %Y} after {at:%H:%M} {at:%Z}".rstrip() if at else ""
    mark = f"a note ending in {marker(row.key)}"
    if action.kind is ActionKind.REMINDER and action.via is Via.SMTP:
        return (
            f"the log of your mail server{when}: did it take a message to {action.contact_name}"
            f" about {about}? The message carries the line X-Arsync-Key: {row.key}"
        )
    if action.kind is ActionKind.REMINDER:
        return f"the history of {about} in {label}: was it emailed{when}? Or is there {mark}?"
    where = f"the history of {about} in {label}"
    question = KINDS[action.kind].trace_question
    return f"{where}: is there {mark}" + (f", and {question}?" if question else "?")
