"""What keeps letters that are no steps of a cadence: about payment plans, about the account."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from arsync.core.actions.registry import MESSAGE_KINDS
from arsync.core.planning.assessment import Assessment, DunnedParty
from arsync.core.planning.message_room import room_for_messages
from arsync.core.planning.plan_decisions import Decisions
from arsync.core.planning.planning_context import (
    Planning,
    left_alone_words,
    not_written_to,
    pause_words,
)


class LetterStop(NamedTuple):
    """Why a letter does not leave today."""

    reason: str
    until: date | None = None
    """The first day on which it may; None: nobody knows."""


def what_stops_letters(planning: Planning, party: DunnedParty, uncertain: str) -> LetterStop | None:
    """Return what keeps every letter to a contact, whatever else leaves today; None: nothing.

    Args:
        planning: of the day.
        party: the contact.
        uncertain: why its figures cannot be relied on; empty where they can.
    """
    reason = not_written_to(party)
    if reason:
        return LetterStop(reason)
    pause = pause_words(party)
    if pause is not None:
        return LetterStop(pause.reason, pause.next_date)
    alone = left_alone_words(planning, party)
    if alone is not None:
        return LetterStop(alone[0])
    return LetterStop(uncertain) if uncertain else None


def what_leaves_first(
    planning: Planning, assessment: Assessment, party: DunnedParty, others: Decisions
) -> LetterStop | None:
    """Return what else the contact hears that keeps a letter today; None: nothing does.

    Args:
        planning: of the day.
        assessment: of the account.
        party: the contact.
        others: what was decided about the account before.
    """
    mine = party.view.contact.id
    if any(action.contact_id == mine and action.kind in MESSAGE_KINDS for action in others.actions):
        return another_leaves(planning)
    room = room_for_messages(planning, assessment, party)
    return None if room.most else LetterStop(room.reason, room.next_date)


def another_leaves(planning: Planning) -> LetterStop:
    """Return that one letter leaves at a time."""
    return LetterStop("another message leaves today", planning.today + timedelta(1))
