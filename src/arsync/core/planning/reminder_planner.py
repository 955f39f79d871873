"""Reminders: what is due for one contact, what stops it, and what leaves together."""

from __future__ import annotations

from datetime import date, timedelta

from arsync.core.actions import ActionKind, Via
from arsync.core.actions.registry import MESSAGE_KINDS
from arsync.core.ledger.mail_addresses import mailboxes_in
from arsync.core.ledger.money import ZERO, shown
from arsync.core.planning.assessment import Assessment, DunnedParty
from arsync.core.planning.due_steps import due_steps
from arsync.core.planning.message_room import MessageRoom, room_for_messages
from arsync.core.planning.plan_decisions import (
    NOTHING,
    Decisions,
    EmailBudget,
    acting,
    held,
    holding_back,
    joined,
)
from arsync.core.planning.planning_context import (
    Planning,
    because,
    left_alone_words,
    not_written_to,
    pause_words,
    what_is_uncertain,
)
from arsync.core.planning.step_actions import (
    DueStep,
    acts_as,
    asks_for_too_much,
    fee_of,
    step_action,
)
from arsync.core.planning.ways import addresses_of, missing_way
from arsync.core.rulebook.model import Cadence, Place, StepKind

# The texts of `Capability`, which lives above the core: the core knows only its words.
EMAIL = "email by the accounting system"
ATTACHMENT = "attachment"
LATE_FEE = "late fee"

KindOfStep = tuple[ActionKind | None, DueStep]
"""A due step and what it becomes; None when there is no way to take it."""


def plan_reminders(
    planning: Planning, assessment: Assessment, party: DunnedParty, budget: EmailBudget
) -> Decisions:
    """Plan one contact's reminders: one contact moment at most, and what needs none."""
    if not party.view.documents or not planning.assessor.rulebook.reminders:
        return NOTHING
    stopped = not_written_to(party)
    if stopped:
        return holding_back(held(party, stopped))
    pause = pause_words(party)
    if pause is not None:
        return holding_back(
            held(party, pause.reason, next_date=pause.next_date, because=pause.because)
        )
    # Read first, and stronger than any cadence (law 3).
    alone = left_alone_words(planning, party)
    if alone is not None:
        return holding_back(held(party, alone[0], because=alone[1]))
    cadences, undecided = planning.assessor.cadences(party)
    if not cadences:
        # A customer with nothing overdue expects no reminder, so none is missing.
        return _report_cadences(planning, party, undecided) if party.view.overdue else NOTHING
    due, decisions = due_steps(planning, assessment, party, cadences)
    if not due:
        return decisions
    by_kind = [(acts_as(planning, due_step), due_step) for due_step in due]
    uncertain = what_is_uncertain(planning, assessment.account)
    if uncertain:
        # A task asks a person to look: that needs no certainty.
        tasks = [step for step in by_kind if step[0] is ActionKind.TASK]
        withheld = [due_step for kind, due_step in by_kind if kind is not ActionKind.TASK]
        decisions += _hold_back_all(party, withheld, uncertain)
        by_kind = tasks
    decisions += _plan_quiet_steps(planning, party, by_kind)
    messages = [due_step for kind, due_step in by_kind if kind in MESSAGE_KINDS]
    return decisions + _plan_moment(planning, assessment, party, messages, budget)


def _hold_back_all(
    party: DunnedParty, due: list[DueStep], reason: str, next_date: date | None = None
) -> Decisions:
    return holding_back(
        *(
            held(
                party,
                reason,
                invoice=due_step.invoice,
                next_date=next_date,
                because=due_step.reason,
            )
            for due_step in due
        )
    )


def _report_cadences(planning: Planning, party: DunnedParty, undecided: list[Cadence]) -> Decisions:
    """Report why an overdue contact is in no cadence."""
    if not undecided:
        return holding_back(held(party, "no cadence matches"))
    assessor = planning.assessor
    return holding_back(
        *(
            held(
                party,
                f"not in cadence {cadence.name!r}: {assessor.unknowns(cadence.when, party)}",
                because=because(
                    cadence.place, cadence.name, assessor.evidence(cadence.when, party)
                ),
            )
            for cadence in undecided
        )
    )


def _plan_quiet_steps(
    planning: Planning, party: DunnedParty, by_kind: list[KindOfStep]
) -> Decisions:
    """Plan tasks and late fees: nothing of them reaches the customer, so they need no moment."""
    single: list[Decisions] = []
    tasks: dict[tuple[Place, int, str, str, bool], list[DueStep]] = {}
    for kind, due_step in by_kind:
        if kind is ActionKind.TASK:
            # One task for all invoices at the same step: one call, not five.
            too_much = asks_for_too_much(due_step)
            at = due_step.step.place, due_step.step.repeat, due_step.lacks, due_step.no_way
            tasks.setdefault((*at, too_much), []).append(due_step)
            if too_much:
                single.append(_hold_back_all(party, [due_step], _too_much_words(due_step)))
        elif kind is ActionKind.LATE_FEE:
            single.append(_plan_late_fee(planning, party, due_step))
        elif kind is None:
            single.append(_hold_back_all(party, [due_step], f"no {due_step.lacks}"))
    shared = (step_action(planning, party, due_steps) for due_steps in tasks.values())
    return joined(single) + acting(*shared)


def _too_much_words(due_step: DueStep) -> str:
    disputed = shown(due_step.disputed or ZERO, due_step.invoice.currency)
    return (
        f"{disputed} is disputed: the accounting system's email would ask for all of it,"
        " so a person asks for the rest"
    )


def _plan_late_fee(planning: Planning, party: DunnedParty, due_step: DueStep) -> Decisions:
    lacking = planning.lacks(LATE_FEE)
    if not lacking:
        fee, number = fee_of(planning, party, due_step), due_step.invoice.number
        if fee is None:
            lacking = f"late fee: no exchange rate was recorded for {number}"
        elif not fee:
            lacking = f"late fee: what it comes to on {number} rounds to nothing"
    if lacking:
        return _hold_back_all(party, [due_step], lacking)
    return acting(step_action(planning, party, [due_step]))


def _plan_moment(
    planning: Planning,
    assessment: Assessment,
    party: DunnedParty,
    messages: list[DueStep],
    budget: EmailBudget,
) -> Decisions:
    """Plan the contact moment: everything that reaches the customer, together or not at all."""
    if not messages:
        return NOTHING
    # The gap takes precedence over the days of the steps, and later steps shift with it. It counts
    # over all channels: to the customer each of them is a reminder.
    room = room_for_messages(planning, assessment, party)
    if not room.most:
        return _hold_back_all(party, messages, room.reason, room.next_date)
    decisions = NOTHING
    for (kind, via), same_way in _by_way(messages).items():
        missing = missing_way(planning, via)
        if missing:
            decisions += _hold_back_all(party, same_way, missing)
        elif not room.most:
            decisions += _hold_back_all(party, same_way, room.reason, room.next_date)
        elif via == Via.PLATFORM:
            letters = len(decisions.actions)
            decisions += _plan_platform_emails(planning, party, same_way, budget, room, letters)
        elif kind is StepKind.LETTER and (lacking := planning.lacks(ATTACHMENT)):
            decisions += _hold_back_all(party, same_way, lacking)
        else:
            planned = _plan_own_letters(planning, party, same_way, room)
            room, decisions = room.less(len(planned.actions)), decisions + planned
    if not decisions.actions:
        return decisions
    problem = planning.places.leaving(party.view.contact, party.customer).problem
    return decisions + Decisions(problems=(problem,)) if problem else decisions


def _by_way(messages: list[DueStep]) -> dict[tuple[StepKind, str], list[DueStep]]:
    """Return what leaves by each way: letters first, and the platform's own emails last."""
    by_way: dict[tuple[StepKind, str], list[DueStep]] = {}
    ranked = sorted(
        messages,
        key=lambda message: (message.step.kind is StepKind.EMAIL, message.via == Via.PLATFORM),
    )
    for message in ranked:
        by_way.setdefault((message.step.kind, message.via), []).append(message)
    return by_way


def _plan_own_letters(
    planning: Planning, party: DunnedParty, emails: list[DueStep], room: MessageRoom
) -> Decisions:
    """Plan one letter about all of one way; it must not call overdue what is not due yet."""
    overdue = [due_step for due_step in emails if due_step.invoice.due_on < planning.today]
    if not overdue:
        return _plan_letter_to_each(planning, party, emails, room)
    gap = planning.assessor.rulebook.sending.days_between_messages
    withheld = _hold_back_all(
        party,
        [email for email in emails if email not in overdue],
        "not due yet: it is not named in a letter about what is overdue",
        planning.today + timedelta(gap or 1),
    )
    return withheld + _plan_letter_to_each(planning, party, overdue, room)


def _plan_letter_to_each(
    planning: Planning, party: DunnedParty, emails: list[DueStep], room: MessageRoom
) -> Decisions:
    """Plan a letter to each address: who is billed for one invoice is not told of another's."""
    sending = planning.assessor.rulebook.sending
    by_address: dict[frozenset[str], list[DueStep]] = {}
    for email in emails:
        address = addresses_of(party, email.invoice, sending, email.via)
        by_address.setdefault(mailboxes_in(address), []).append(email)
    letters = list(by_address.values())
    now, later = letters[: room.most], letters[room.most :]
    waiting = [email for letter in later for email in letter]
    withheld = _hold_back_all(party, waiting, room.reason, room.next_date)
    return withheld + acting(*(step_action(planning, party, letter) for letter in now))


def _plan_platform_emails(
    planning: Planning,
    party: DunnedParty,
    emails: list[DueStep],
    budget: EmailBudget,
    room: MessageRoom,
    letters: int,
) -> Decisions:
    """Plan one email per invoice, as many as one moment may hold; the others wait."""
    sending = planning.assessor.rulebook.sending
    lacking = planning.lacks(EMAIL)
    # The oldest due dates come first, so the least overdue invoices wait. Our own letters of the
    # moment count: a customer who gets one is not sent as many emails besides.
    most = min(max(0, sending.platform_emails_per_moment - letters), room.most)
    now, later = ([], emails) if lacking else (emails[:most], emails[most:])
    at_once = sending.platform_emails_per_moment
    several = f"{at_once} emails" if at_once > 1 else "one email"
    reason = lacking or f"waits for the next moment: at most {several} at once"
    next_date = None if lacking else planning.today + timedelta(sending.days_between_messages or 1)
    if not lacking and room.most < sending.platform_emails_per_moment - letters:
        reason, next_date = room.reason, room.next_date
    # All or none of a moment: half of it would start the wait between messages for the other half.
    if not budget.allows(len(now)):
        now, later = [], emails
        reason = f"the accounting system sends at most {budget.a_day:,} emails a day"
        next_date = planning.today + timedelta(1)
    actions = (
        step_action(planning, party, [due_step], others_waiting=len(later)) for due_step in now
    )
    return _hold_back_all(party, later, reason, next_date) + acting(*actions)
