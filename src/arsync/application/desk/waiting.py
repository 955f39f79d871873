"""What waits or leaves next about some customers, as it is stored."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.core.actions import ActionKind, ActionState
from arsync.core.actions.message_words import noun_for
from arsync.core.actions.registry import KINDS, WORD_KINDS
from arsync.store.models import ActionRow


class Waiting(NamedTuple):
    """One action that has not left, or a task that is not done."""

    row: ActionRow
    words: str
    """What it is: `second reminder by email`, `Call the customer`."""
    since: date
    on: date | None
    """The day on which it leaves or comes back, where that is known."""

    @property
    def is_task(self) -> bool:
        """Return whether it is an open task."""
        action = self.row.action
        return action.kind is ActionKind.TASK and self.row.state in _OPENED

    @property
    def needs_approval(self) -> bool:
        """Return whether a person has to approve it."""
        return self.row.state is ActionState.AWAITING_APPROVAL

    @property
    def sums(self) -> dict[str, Decimal]:
        """Return by currency what its invoices came to when it was planned."""
        sums: dict[str, Decimal] = {}
        for ref in self.row.action.invoices:
            sums[ref.currency] = sums.get(ref.currency, Decimal(0)) + ref.amount_due
        return sums


_OPENED = frozenset({ActionState.SENT, ActionState.CONFIRMED, ActionState.UNKNOWN})


def waiting_about(
    organisation: OrganisationContext, contact_ids: list[str]
) -> dict[str, list[Waiting]]:
    """Return by customer what waits, leaves next or is to be done: one query for all of them."""
    by_contact: dict[str, list[Waiting]] = {}
    for row in organisation.store.actions.not_ended(organisation.id, contact_ids):
        if row.action.kind in WORD_KINDS:
            continue  # a note of what a person said asks nothing of anybody
        by_contact.setdefault(row.action.contact_id, []).append(_waiting(organisation, row))
    for waits in by_contact.values():
        waits.sort(key=_by_urgency)
    return by_contact


def _waiting(organisation: OrganisationContext, row: ActionRow) -> Waiting:
    action = row.action
    words = noun_for(action, KINDS[action.kind].done[0])
    if action.kind is ActionKind.TASK:
        words = action.payload.title
    elif action.step:
        # The text's own name says more than its kind: `second reminder`.
        words = action.step
    zone = organisation.zone
    day = row.next_on or row.due_on
    moment = row.not_before or action.not_before
    if day is None and moment is not None:
        day = moment.astimezone(zone).date()
    return Waiting(row, words, row.created_at.astimezone(zone).date(), day)


def _by_urgency(waiting: Waiting) -> tuple[bool, bool, date, str]:
    return (
        not waiting.is_task,
        not waiting.needs_approval,
        waiting.on or waiting.since,
        waiting.row.key,
    )
