"""The reminder level: how far a contact's reminders have come, shown on its record.

What dunning procedures call the dunning level. It rests on messages that were sent about what is
still owed net, so it follows them: a plan shows what the runs before it have sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from arsync.core.actions import Action, ActionKind, Because, ReminderLevelPayload
from arsync.core.actions.registry import KINDS
from arsync.core.ledger.records import Contact, ContactStatus, SentStep, ShownLevel
from arsync.core.planning.assessment import Assessment, DunnedParty
from arsync.core.planning.cadence_steps import level_of
from arsync.core.planning.plan_decisions import NOTHING, Decisions, acting, held, holding_back
from arsync.core.planning.planning_context import (
    Planning,
    because,
    cited,
    not_written_to,
    what_may_be_missing,
)
from arsync.core.rulebook.model import Cadence, Step, StepKind

# The text of `Capability`, which lives above the core.
REMINDER_LEVEL = "reminder level"

_MESSAGES = frozenset({StepKind.EMAIL, StepKind.LETTER})


class Level(NamedTuple):
    """One reminder that was sent, and which of its cadence's it is."""

    number: int
    """From 1; 0: none was sent about what is owed."""
    sent_step: SentStep | None = None
    step: Step | None = None


_NONE = Level(0)


def plan_level(planning: Planning, assessment: Assessment, party: DunnedParty) -> Decisions:
    """Plan what one contact's record shows of its reminders, where that changes."""
    shown = assessment.account.shown_levels.get(party.view.contact.id, ShownLevel(0, 0))
    is_shown = planning.assessor.rulebook.sending.shows_reminder_level
    # Where the word was taken out, what it put on the records goes too.
    if (not is_shown and not shown.level) or not_written_to(party):
        return NOTHING
    level = _level(planning, assessment, party) if is_shown else _NONE
    if level is None or level.number == shown.level:
        return NOTHING
    uncertain = what_may_be_missing(planning, assessment.account) if is_shown else ""
    lacking = planning.lacks(REMINDER_LEVEL)
    if uncertain or lacking:
        stays = f"the reminder level stays {shown.level or 'unset'}: {uncertain or lacking}"
        return holding_back(held(party, stays))
    action = _action(planning, party.view.contact, level, shown)
    if planning.is_done(action.key, assessment.account.done_keys):
        reason = KINDS[ActionKind.REMINDER_LEVEL].refused_words
        return holding_back(held(party, reason, because=action.because))
    return acting(action)


def plan_levels_no_more(planning: Planning, assessment: Assessment) -> Decisions:
    """Plan to take the level off children whose parent is reminded for them by now."""
    account = assessment.account
    reminded = {party.view.contact.id for party in assessment.parties}
    others = [
        contact
        for contact in account.contacts
        if contact.id not in reminded
        and contact.status == ContactStatus.ACTIVE
        and contact.id in account.shown_levels
        and account.shown_levels[contact.id].level
    ]
    if not others or planning.lacks(REMINDER_LEVEL) or what_may_be_missing(planning, account):
        return NOTHING
    actions = (
        _action(planning, contact, _NONE, account.shown_levels[contact.id]) for contact in others
    )
    return acting(
        *(action for action in actions if not planning.is_done(action.key, account.done_keys))
    )


def _level(planning: Planning, assessment: Assessment, party: DunnedParty) -> Level | None:
    """Return the highest reminder sent about what is owed net; None when nobody can tell."""
    if party.left_alone is not None:
        # Whoever is certainly left alone has no level; while that is unknown, nothing changes.
        return _NONE if party.left_alone.answer else None
    messages = list(_messages(assessment, party))
    levels = [
        _numbered(cadence, sent_step)
        for sent_step in messages
        if (cadence := _cadence_of(planning, party, sent_step)) is not None
    ]
    if len(levels) < len(messages):
        return None
    return max(levels, key=lambda level: (level.number, _day_of(level)), default=_NONE)


def _day_of(level: Level) -> str:
    return level.sent_step.on.isoformat() if level.sent_step else ""


def _messages(assessment: Assessment, party: DunnedParty) -> Iterator[SentStep]:
    sent = assessment.account_view.sent
    for invoice in party.view.owed:
        # A task or a fee reached nobody, so it belongs to no moment.
        yield from (sent_step for sent_step in sent.get(invoice.id, ()) if sent_step.moment)


def _cadence_of(planning: Planning, party: DunnedParty, sent_step: SentStep) -> Cadence | None:
    """Return the cadence of a step; the contact's present one where that is no longer there."""
    for cadence in planning.assessor.rulebook.reminders:
        if cadence.name == sent_step.cadence:
            return cadence
    return planning.assessor.cadence(party)[0]


def _numbered(cadence: Cadence, sent_step: SentStep) -> Level:
    """Return which of the cadence's messages a step is, as the cadence stands now."""
    passed = [step for step in level_of(cadence, sent_step) if step.kind in _MESSAGES]
    return Level(max(1, len(passed)), sent_step, passed[-1] if passed else None)


def _action(planning: Planning, contact: Contact, level: Level, shown: ShownLevel) -> Action:
    reason = _reason(planning, level)
    note = f"No reminder level any more, it was {shown.level} ({cited(reason)})."
    if level.sent_step is not None:
        name, on = level.sent_step.step, level.sent_step.on
        note = f"Reminder level {level.number}: {name}, sent on {on} ({cited(reason)})."
    return Action(
        payload=ReminderLevelPayload(
            level.number, shown.level, level.sent_step.step if level.sent_step else ""
        ),
        connection=planning.connection,
        contact_id=contact.id,
        contact_name=contact.name,
        because=reason,
        subject=f"level {level.number}",
        # Numbered: a level that comes, goes and comes again is written each time.
        episode=shown.changes + 1,
        note=note,
    )


def _reason(planning: Planning, level: Level) -> Because:
    if level.sent_step is None:
        return because(planning.assessor.rulebook.sending.place, "sending")
    if level.step is None:
        return Because("", 0, level.sent_step.cadence)
    return because(level.step.place, level.sent_step.cadence)
