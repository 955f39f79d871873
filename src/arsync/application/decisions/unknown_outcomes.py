"""Unknown outcomes in plain words: what was tried, what was looked at, what to look at oneself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import asdict

from arsync.application.decisions.action_history import listed_by_name
from arsync.application.decisions.choosing import TAKE_BACK_HINT
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import (
    OrganisationContext,
    organisation_by_id,
    organisations,
)
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.persons_words import name_line, reason_line
from arsync.application.result_views import ListedView, listed_view
from arsync.application.results import Listed
from arsync.channels import MessageTrace, channel
from arsync.core.actions import Action, ActionKind, ActionState, leaves_by_channel, marker
from arsync.core.actions.registry import KINDS
from arsync.core.ledger.records import RecordKind
from arsync.errors import UserMistake
from arsync.store.models import ActionRow, EventRow

LINKS_MAX = 5
"""A letter may list many invoices: so many of their pages are named."""

_NEVER_LOOKED = "nothing yet: the next run looks it up"


class Link(Struct, frozen=True):
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


class UnsettledView(ListedView, frozen=True, kw_only=True):
    """The JSON view of an action whose outcome is unknown."""

    tried_at: datetime | None
    happened: str
    looked_at: datetime | None
    looked: str
    look_for: str
    links: tuple[Link, ...]


def unsettled_view(unsettled: Unsettled) -> UnsettledView:
    """Return the JSON view of an action whose outcome is unknown."""
    explained = unsettled._asdict()
    return UnsettledView(**asdict(listed_view(explained.pop("listed"))), **explained)


UNCONFIRMED_DAYS_MAX = 1
"""What was sent is read back by the same run; what has not shown for so long is worth a word."""


def is_late(row: ActionRow, now: datetime) -> bool:
    """Return whether something was sent, and has not shown at the platform for long."""
    late = now - row.changed_at >= timedelta(days=UNCONFIRMED_DAYS_MAX)
    return row.state is ActionState.SENT and late


def unsettled(
    actor: Actor, container: Container, connection: Chosen = None, *, key: str | None = None
) -> list[tuple[OrganisationContext, Unsettled]]:
    """Return the actions whose outcome only a person can settle, with what to look at.

    Args:
        actor: who asks.
        container: holds them.
        connection: only this connection's.
        key: only this action, by its key or enough of the beginning.

    Raises:
        UserMistake: `key` names none, or one whose outcome is known.
    """
    permit(actor, Permission.READ)
    if key is not None:
        row = _outcome_unknown(container.store.actions.get(key))
        owner = organisation_by_id(container, row.connection_id)
        return [(owner, explained(owner, row))]
    return [
        (organisation, explained(organisation, row))
        for organisation in organisations(container, connection)
        for row in container.store.actions.list(organisation.id, states={ActionState.UNKNOWN})
    ]


def resolve(actor: Actor, container: Container, key: str, *, sent: bool, note: str = "") -> Listed:
    """Settle an unknown outcome by a person's word.

    What was sent counts as done. What was not is tried again, with a new idempotency key.

    Args:
        actor: whose word it is.
        container: holds the action.
        key: the action's, or enough of its beginning.
        sent: whether it went out.
        note: how the person knows.

    Raises:
        UserMistake: the key names none, or one whose outcome is known.
    """
    permit(actor, Permission.RESOLVE)
    row = _outcome_unknown(container.store.actions.get(key))
    name, reason = name_line(actor.name), reason_line(note)
    # With the reason it reads as what it is: a person's word, not something that was seen.
    words = f"{name} says that it was {'sent' if sent else 'not sent'}"
    settled = container.store.decisions.settle(
        row.key,
        sent=sent,
        who=name,
        why=f"{words}: {reason}" if reason else words,
        now=container.clock.now(),
    )
    return listed_by_name(container, [settled])[0]


def _outcome_unknown(row: ActionRow) -> ActionRow:
    if row.state is ActionState.UNKNOWN:
        return row
    outcome = f"the outcome of {row.key[:12]} is known: it is {row.state.word}"
    hint = _INSTEAD.get(row.state, "")
    raise UserMistake(f"{outcome}.\n    hint: {hint}" if hint else f"{outcome}.")


_INSTEAD = {
    ActionState.AWAITING_APPROVAL: (
        "`arsync approve KEY` approves it, `arsync refuse KEY` refuses it"
    ),
    ActionState.APPROVED: "`arsync apply` carries it out",
    ActionState.SENDING: (
        "a run is carrying it out; if that run was interrupted, the next run looks it up"
    ),
    ActionState.SENT: "it was sent; the next run confirms it",
    ActionState.REJECTED: TAKE_BACK_HINT,
}
"""What can be done instead, where there is nothing to settle."""


def not_notified(organisation: OrganisationContext) -> list[Unsettled]:
    """Return what the owner was not notified of yet.

    An unknown outcome counts once it was looked up in vain: most are settled by the next look.
    """
    rows = organisation.store.actions.not_notified(organisation.id)
    now = organisation.clock.now()
    outcomes = [explained(organisation, row) for row in rows]
    return [
        outcome
        for outcome in outcomes
        if _was_looked_up(outcome) or is_late(outcome.listed.row, now)
    ]


def _was_looked_up(outcome: Unsettled) -> bool:
    return outcome.looked_at is not None and outcome.looked_at >= outcome.listed.row.changed_at


def explained(organisation: OrganisationContext, row: ActionRow) -> Unsettled:
    """Explain one action whose outcome is unknown."""
    events = organisation.store.actions.events(row.key)
    tried = _last(events, to_state=ActionState.SENDING)
    looked = _last(events, to_state=ActionState.UNKNOWN, from_state=ActionState.UNKNOWN)
    return Unsettled(
        listed=Listed(organisation.name, row),
        tried_at=tried.at if tried else None,
        happened=row.reason,
        looked_at=looked.at if looked else None,
        looked=looked.reason if looked else _NEVER_LOOKED,
        look_for=_look_for(organisation, row, tried.at if tried else None),
        links=tuple(links(organisation, row.action)),
    )


def links(organisation: OrganisationContext, action: Action) -> list[Link]:
    """Return the platform's pages of what an action is about."""
    connection = organisation.connection
    settings = organisation.container.config.section(connection.platform)
    about = [
        (RecordKind.INVOICES, invoice.id, invoice.number or invoice.id)
        for invoice in action.invoices
    ]
    if not about:
        about = [(RecordKind.CONTACTS, action.contact_id, action.contact_name)]
    record_page = organisation.platform.record_page
    pages = [
        Link(shown, record_page(kind, id_, connection.organisation_id, settings))
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


def _look_for(organisation: OrganisationContext, row: ActionRow, at: datetime | None) -> str:
    """Return what tells whether an action was done: each leaves its own trace."""
    action, label = row.action, organisation.label
    about = (
        ", ".join(invoice.number or invoice.id for invoice in action.invoices)
        or action.contact_name
    )
    when = f" on {at:%d %b %Y} after {at:%H:%M} {at:%Z}".rstrip() if at else ""
    mark = f"a note ending in {marker(row.key)}"
    if leaves_by_channel(action):
        place = _place_of(organisation, row)
        return f"{place}: did a message to {action.contact_name} about {about} leave{when}?"
    if action.kind is ActionKind.REMINDER:
        return f"the history of {about} in {label}: was it emailed{when}? Or is there {mark}?"
    where = f"the history of {about} in {label}"
    question = KINDS[action.kind].trace_question
    return f"{where}: is there {mark}" + (f", and {question}?" if question else "?")


def _place_of(organisation: OrganisationContext, row: ActionRow) -> str:
    """Return where a message by a channel shows."""
    trace = MessageTrace(row.key, organisation.name, row.before)
    try:
        return channel(row.action.via).where_to_look(organisation.config, trace)
    except UserMistake:
        return f"the records of the way {row.action.via!r}, which is not installed any more"
