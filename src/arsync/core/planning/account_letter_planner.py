"""Letters about the account: statements, thanks, questions and announcements.

They ask for nothing, and obey the rules of every message: one at a time, the days between messages,
the hours, holidays and pauses. Unknown never acts: none leaves while figures are uncertain.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from arsync.core.planning.account_letters import (
    LetterDue,
    asked_by_person,
    key_of,
    letter_action,
    no_way,
)
from arsync.core.planning.announcement_planner import (
    hand_over_letter,
    holds_announced,
    limit_announced,
)
from arsync.core.planning.assessment import Assessment, DunnedParty
from arsync.core.planning.courtesy_planner import after_issue_due, thanks_due
from arsync.core.planning.letter_stops import (
    LetterStop,
    another_leaves,
    what_leaves_first,
    what_stops_letters,
)
from arsync.core.planning.placement_planner import agency_to_announce
from arsync.core.planning.plan import HeldBack
from arsync.core.planning.plan_decisions import NOTHING, Decisions, acting, held, holding_back
from arsync.core.planning.planning_context import (
    Planning,
    because,
    what_may_be_missing,
)
from arsync.core.planning.statement_planner import statements_due


def plan_account_letters(
    planning: Planning, assessment: Assessment, party: DunnedParty, others: Decisions
) -> Decisions:
    """Plan one contact's letters about its account, after all else of the day.

    Args:
        planning: of the day.
        assessment: of the account.
        party: the contact.
        others: what was decided about the account before.
    """
    if not planning.writes_account_letters:
        return NOTHING
    due = [
        letter
        for letter in letters_due(planning, assessment, party)
        if not _has_left(planning, assessment, party, letter)
    ]
    if not due:
        return NOTHING
    stop = what_stops_account_letters(planning, assessment, party)
    if stop is not None:
        return holding_back(*(_held(party, letter, *stop) for letter in due))
    kept = [(letter, letter.stop or no_way(planning, party, letter)) for letter in due]
    decisions = holding_back(
        *(_held(party, letter, reason, letter.until) for letter, reason in kept if reason)
    )
    free = [letter for letter, reason in kept if not reason]
    if not free:
        return decisions
    wait = what_leaves_first(planning, assessment, party, others)
    if wait is not None:
        return decisions + holding_back(*(_held(party, letter, *wait) for letter in free))
    # One message at a time: what was decided about the customer comes first.
    first, *later = free
    waiting = (_held(party, letter, *another_leaves(planning)) for letter in later)
    decisions += acting(letter_action(planning, party, first)) + holding_back(*waiting)
    problem = planning.places.leaving(party.view.contact, party.customer).problem
    return decisions + Decisions(problems=(problem,)) if problem else decisions


def letters_due(
    planning: Planning, assessment: Assessment, party: DunnedParty
) -> Iterator[LetterDue]:
    """Yield the letters that are due today, whether they left before or not."""
    yield from holds_announced(planning, assessment, party)
    yield from limit_announced(planning, assessment, party)
    agency = agency_to_announce(planning, assessment, party)
    if agency:
        yield hand_over_letter(planning, assessment, party, agency)
    yield from statements_due(planning, assessment, party)
    yield from after_issue_due(planning, assessment, party)
    yield from thanks_due(planning, assessment, party)


def what_stops_account_letters(
    planning: Planning, assessment: Assessment, party: DunnedParty
) -> LetterStop | None:
    """Return what keeps every letter to the contact, whoever asks for it; None: nothing."""
    account, view = assessment.account, party.view
    stop = what_stops_letters(planning, party, what_may_be_missing(planning, account))
    if stop is not None or not account.placements:
        return stop
    placements = (view.account_view.placed(debt.id) for debt in view.documents)
    placed = next(filter(None, placements), None)
    # Who collects for us writes to the customer, and nobody else.
    return None if placed is None else LetterStop(f"placed with {placed.agency}")


def _has_left(
    planning: Planning, assessment: Assessment, party: DunnedParty, letter: LetterDue
) -> bool:
    """Return whether a letter left by its rule, or was asked for while no rule sent it."""
    keys = (key_of(planning, party, each) for each in (letter, asked_by_person(letter)))
    return any(planning.is_done(key, assessment.account.done_keys) for key in keys)


def _held(party: DunnedParty, letter: LetterDue, reason: str, next_date: date | None) -> HeldBack:
    cause = because(letter.place, letter.rule, letter.facts)
    return held(party, f"{letter.text}: {reason}", next_date=next_date, because=cause)
