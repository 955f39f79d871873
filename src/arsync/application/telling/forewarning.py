"""Who will be written to on the next day on which messages leave, as things stand now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.core.actions import Action, ActionState
from arsync.core.actions.registry import MESSAGE_KINDS
from arsync.store.models import Mode


class Forewarned(NamedTuple):
    """One message that leaves by itself, unless somebody stops it."""

    on: date
    """The organisation's day."""
    action: Action
    is_stored: bool
    """It is approved already: `arsync refuse KEY` stops it."""


def forewarned(organisation: OrganisationContext) -> Sequence[Forewarned]:
    """Return the messages of the next day after today on which any leave by themselves.

    What waits for a person is not among them, nor what still leaves today. It is a plan of
    tomorrow from the books of now: a payment tonight changes it.

    Raises:
        UserMistake: the rulebook cannot be read.
    """
    if organisation.mode != Mode.AUTO:
        return ()
    today = organisation.today
    accounts = organisation.store.ledger.accounts(organisation.id)
    plan = organisation.replan(accounts, today + timedelta(days=1))
    if plan.safety.exceeded:
        return ()
    states = {ActionState.APPROVED, ActionState.AWAITING_APPROVAL}
    stored = organisation.store.actions.list(organisation.id, states=states, kinds=MESSAGE_KINDS)
    waiting = {row.key for row in stored if row.state is ActionState.AWAITING_APPROVAL}
    approved = {row.key: row.not_before for row in stored if row.key not in waiting}
    coming = [
        Forewarned(_day(organisation, action), action, action.key in approved)
        for action in plan.actions
        if action.kind in MESSAGE_KINDS
        and not action.needs_approval
        and action.key not in waiting
        and not _leaves_today(organisation, action.key, approved)
    ]
    if not coming:
        return ()
    first = min(message.on for message in coming)
    return [message for message in coming if message.on == first]


def _day(organisation: OrganisationContext, action: Action) -> date:
    tomorrow = organisation.today + timedelta(days=1)
    if action.not_before is None:
        return tomorrow
    return max(tomorrow, action.not_before.astimezone(organisation.zone).date())


def _leaves_today(
    organisation: OrganisationContext, key: str, approved: dict[str, datetime | None]
) -> bool:
    if key not in approved:
        return False
    not_before, today = approved[key], organisation.today
    return not_before is None or not_before.astimezone(organisation.zone).date() <= today
