"""Announcements: what customers are told of credit holds, and before their debts are placed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from arsync.core.actions import LetterOccasion
from arsync.core.ledger.records import Account, LetterSent, LimitChange, StandingHold
from arsync.core.planning.account_letters import LetterDue, is_in_time, key_of
from arsync.core.planning.assessment import Assessment, DunnedParty
from arsync.core.planning.planning_context import Planning
from arsync.core.rulebook.model import (
    HAND_OVER,
    HOLD_LIFTED,
    HOLD_PLACED,
    LIMIT_CHANGED,
    NOWHERE,
    Place,
)

ANNOUNCEMENTS = "announcements"
"""What plans and notes name as the rule of these letters."""

HAND_OVER_COUNTS_DAYS = 60
"""For so many days an announced hand-over counts; then it is announced again."""


def holds_announced(
    planning: Planning, assessment: Assessment, party: DunnedParty
) -> Iterator[LetterDue]:
    """Yield what a contact is to be told of its credit hold."""
    rulebook, account = planning.assessor.rulebook, assessment.account
    announced = rulebook.announcements
    telling = [rule for rule in rulebook.credit_holds if rule.tells_customer]
    if not (announced.holds_placed or telling) or party.view.contact.id != held_id(assessment):
        return
    answer = announced.when.test(party.row, None)
    hold = account.hold
    if hold is not None:
        asked_by = [rule for rule in telling if rule.name in hold.reasons]
        if not asked_by and not (announced.holds_placed and answer is not False):
            return
        if not is_in_time(hold.since, planning.today):
            return
        before = _last_about_holds(account, party.view.contact.id)
        if before is not None and before.letter == HOLD_PLACED:
            # Placed again before the customer heard that it was lifted: it knows that it is held.
            key = key_of(planning, party, hold_letter(planning, party, hold, NOWHERE))
            if before.key != key and is_in_time(before.on, planning.today):
                return
        place = asked_by[0].place if asked_by else announced.places.get("credit_holds", NOWHERE)
        yield hold_letter(planning, party, hold, place)
        return
    # Only who was told of a hold is told that it is over; a shorter one may have come after it.
    before = _last_about_holds(account, party.view.contact.id)
    thinks_held = before is not None and before.letter == HOLD_PLACED
    if thinks_held and (telling or announced.holds_lifted):
        place = announced.places.get("credit_holds", telling[0].place if telling else NOWHERE)
        yield lift_letter(planning, account, place)


def _last_about_holds(account: Account, contact_id: str) -> LetterSent | None:
    """Return the last letter that told a contact that it is on hold, or no longer."""
    about_holds = [
        letter
        for letter in account.letters
        if letter.letter in {HOLD_PLACED, HOLD_LIFTED} and letter.contact_id == contact_id
    ]
    # Of one day the later one stands behind.
    return max(reversed(about_holds), key=lambda letter: letter.on, default=None)


def hold_letter(
    planning: Planning, party: DunnedParty, hold: StandingHold, place: Place
) -> LetterDue:
    """Return the letter that tells a contact of the hold that stands."""
    letter = _told(planning, place, HOLD_PLACED, f"hold placed {hold.episode}", hold.since)
    return letter._replace(invoices=tuple(party.view.overdue))


def lift_letter(planning: Planning, account: Account, place: Place) -> LetterDue:
    """Return the letter that tells a contact that its last hold is over."""
    return _told(planning, place, HOLD_LIFTED, f"hold lifted {account.last_hold_episode}")


def held_id(assessment: Assessment) -> str:
    """Return the contact that is on hold, or would be: the one that answers for the account."""
    hold = assessment.account.hold
    return hold.contact_id if hold is not None else assessment.root.view.contact.id


def _told(
    planning: Planning, place: Place, text: str, subject: str, since: date | None = None
) -> LetterDue:
    announced = planning.assessor.rulebook.announcements
    return LetterDue(
        text,
        ANNOUNCEMENTS,
        place,
        subject,
        {} if since is None else {"held_since": since.isoformat()},
        announced.via,
        announced.attach,
        announced.approval,
        occasion=LetterOccasion(held_since=since) if since is not None else None,
    )


def limit_announced(
    planning: Planning, assessment: Assessment, party: DunnedParty
) -> Iterator[LetterDue]:
    """Yield that the contact's credit limit changed."""
    rulebook, change = planning.assessor.rulebook, assessment.account.limit_change
    announced = rulebook.announcements
    if not announced.limits or change is None or party.view.contact.id != change.contact_id:
        return
    began = assessment.account.taken_over_on or planning.today
    if (
        not limit_stands(party, change)
        or change.since < began
        or not is_in_time(change.since, planning.today)
    ):
        return
    if announced.when.test(party.row, None) is False:
        return
    place = announced.places.get("credit_limits", announced.place)
    yield limit_letter(planning, change, place)


def limit_stands(party: DunnedParty, change: LimitChange) -> bool:
    """Return whether a limit is still what a change made it; a later one is told by itself."""
    return party.view.limit.amount == change.after


def limit_letter(planning: Planning, change: LimitChange, place: Place) -> LetterDue:
    """Return the letter that tells a contact of a change of its credit limit."""
    letter = _told(planning, place, LIMIT_CHANGED, f"limit of {change.since}")
    occasion = LetterOccasion(
        limit_before=change.before,
        limit_after=change.after,
        currency=planning.assessor.rulebook.currency,
    )
    facts = {"limit_before": str(change.before), "limit_after": str(change.after)}
    return letter._replace(occasion=occasion, facts=facts, amount=change.after)


def hand_over_announced(account: Account, contact_id: str, today: date) -> LetterSent | None:
    """Return the letter that announced to a contact that its debts will be placed, if any."""
    letters = _hand_overs(account, contact_id)
    latest = letters[-1] if letters else None
    if latest is None or latest.on < today - timedelta(HAND_OVER_COUNTS_DAYS):
        return None
    return latest


def _hand_overs(account: Account, contact_id: str) -> list[LetterSent]:
    return [
        letter
        for letter in account.letters
        if letter.letter == HAND_OVER and letter.contact_id == contact_id
    ]


def hand_over_letter(
    planning: Planning, assessment: Assessment, party: DunnedParty, agency: str
) -> LetterDue:
    """Return the letter that tells a contact that its debts will be placed with an agency."""
    announced = planning.assessor.rulebook.announcements
    before = len(_hand_overs(assessment.account, party.view.contact.id))
    return LetterDue(
        HAND_OVER,
        ANNOUNCEMENTS,
        announced.places.get("placements", announced.place),
        f"hand over {before + 1}",
        {"agency": agency},
        announced.via,
        announced.attach,
        announced.approval,
        party.view.overdue_amount,
        tuple(party.view.overdue),
        occasion=LetterOccasion(agency=agency, answer_days=announced.placement_days),
    )
