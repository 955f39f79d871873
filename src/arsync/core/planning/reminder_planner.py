"""Reminders: what is due for one contact, what stops it, and what leaves together."""

from __future__ import annotations

from datetime import date, timedelta

from arsync.core.actions import ActionKind, Via
from arsync.core.actions.registry import MESSAGE_KINDS
from arsync.core.planning.assessment import Assessment, Party
from arsync.core.planning.due_steps import due_steps
from arsync.core.planning.planning_context import (
    Planning,
    because,
    left_alone_words,
    not_written_to,
    what_is_uncertain,
)
from arsync.core.planning.step_actions import DueStep, acts_as, fee_of, step_action
from arsync.core.rulebook.model import Cadence, StepKind

EMAIL = "email by the accounting system"
ATTACHMENT = "attachment"
LATE_FEE = "late fee"


def plan_reminders(planning: Planning, assessment: Assessment, party: Party) -> None:
    """Plan one contact's reminders: one contact moment at most, and what needs none."""
    if not party.seat.owed or not planning.assessor.rulebook.reminders:
        return
    stopped = not_written_to(party)
    if stopped:
        planning.hold_back(party, stopped)
        return
    alone = left_alone_words(planning, party)
    if alone is not None:
        planning.hold_back(party, alone[0], because=alone[1])
        return
    cadence, undecided = planning.assessor.cadence(party)
    if cadence is None:
        if party.seat.overdue:
            _report_cadences(planning, party, undecided)
        return
    due = due_steps(planning, assessment, party, cadence)
    uncertain = what_is_uncertain(planning, assessment.account)
    if uncertain:
        due = _only_tasks(planning, party, due, uncertain)
    if due:
        _plan_quiet_steps(planning, assessment, party, cadence, due)
        _plan_moment(planning, assessment, party, cadence, due)


def _only_tasks(
    planning: Planning, party: Party, due: list[DueStep], uncertain: str
) -> list[DueStep]:
    """Hold back what would reach a customer of whom it is not certain what it owes."""
    tasks = []
    for due_step in due:
        if acts_as(planning, due_step) is ActionKind.TASK:
            tasks.append(due_step)
        else:
            planning.hold_back(party, uncertain, invoice=due_step.invoice, because=due_step.reason)
    return tasks


def _report_cadences(planning: Planning, party: Party, undecided: list[Cadence]) -> None:
    """Say why an overdue contact is in no cadence."""
    for cadence in undecided:
        planning.hold_back(
            party,
            f"not in cadence {cadence.name!r}: {planning.assessor.unknowns(cadence.when, party)}",
            because=because(
                cadence.place, cadence.name, planning.assessor.evidence(cadence.when, party)
            ),
        )
    if not undecided:
        planning.hold_back(party, "no cadence matches")


def _plan_quiet_steps(
    planning: Planning,
    assessment: Assessment,
    party: Party,
    cadence: Cadence,
    due: list[DueStep],
) -> None:
    """Plan tasks and late fees: nothing of them reaches the customer, so they need no moment."""
    tasks: dict[tuple[int, bool], list[DueStep]] = {}
    for due_step in due:
        kind = acts_as(planning, due_step)
        if kind is ActionKind.TASK:
            tasks.setdefault((due_step.step.day, due_step.no_address), []).append(due_step)
        elif kind is ActionKind.LATE_FEE:
            _plan_late_fee(planning, party, cadence, due_step)
        elif kind is None:
            planning.hold_back(
                party, "no email address", invoice=due_step.invoice, because=due_step.reason
            )
    for together in tasks.values():
        planning.actions.append(step_action(planning, party, together))


def _plan_late_fee(planning: Planning, party: Party, cadence: Cadence, one: DueStep) -> None:
    lacking = planning.lacks(LATE_FEE)
    if not lacking and fee_of(planning, party, one) is None:
        lacking = f"late fee: no exchange rate was recorded for {one.invoice.number}"
    if lacking:
        planning.hold_back(party, lacking, invoice=one.invoice, because=one.reason)
        return
    planning.actions.append(step_action(planning, party, [one]))


def _plan_moment(
    planning: Planning,
    assessment: Assessment,
    party: Party,
    cadence: Cadence,
    due: list[DueStep],
) -> None:
    """Plan the contact moment: everything that reaches the customer, together or not at all."""
    messages = [due_step for due_step in due if acts_as(planning, due_step) in MESSAGE_KINDS]
    if not messages:
        return
    sending = planning.assessor.rulebook.sending
    last = last_moment(assessment, party)
    free_on = last + timedelta(sending.days_between_emails) if last else planning.today
    if last is not None and planning.today < free_on:
        for message in messages:
            planning.hold_back(
                party,
                f"last message on {last}; {sending.days_between_emails} days between messages",
                invoice=message.invoice,
                next_date=free_on,
                because=message.reason,
            )
        return
    emails = [due_step for due_step in messages if due_step.step.kind is StepKind.EMAIL]
    letters = [due_step for due_step in messages if due_step.step.kind is StepKind.LETTER]
    for letter in letters:
        lacking = planning.lacks(ATTACHMENT)
        if lacking:
            planning.hold_back(party, lacking, invoice=letter.invoice, because=letter.reason)
        else:
            planning.actions.append(step_action(planning, party, [letter]))
    if not emails:
        return
    if sending.via == Via.SMTP:
        planning.actions.append(
            step_action(planning, party, _in_one_letter(planning, party, emails))
        )
    else:
        _plan_platform_emails(planning, party, cadence, emails)


def _in_one_letter(planning: Planning, party: Party, emails: list[DueStep]) -> list[DueStep]:
    """Return what one letter can be about: it must not call overdue what is not due yet."""
    overdue = [due_step for due_step in emails if due_step.invoice.due_on < planning.today]
    if not overdue:
        return emails
    gap = planning.assessor.rulebook.sending.days_between_emails
    for email in emails:
        if email not in overdue:
            planning.hold_back(
                party,
                "not due yet: it is not named in a letter about what is overdue",
                invoice=email.invoice,
                next_date=planning.today + timedelta(gap or 1),
                because=email.reason,
            )
    return overdue


def last_moment(assessment: Assessment, party: Party) -> date | None:
    """Return the day of the contact's last message, over all channels."""
    if not assessment.account.sent:
        return None
    # What is not there any more, or cannot be read, was written about all the same.
    others = {invoice.id for invoice in assessment.account.invoices} - party.seat.own_invoice_ids
    return max(
        (
            sent_step.on
            for sent_step in assessment.account.sent
            if sent_step.moment and sent_step.invoice_id not in others
        ),
        default=None,
    )


def _plan_platform_emails(
    planning: Planning, party: Party, cadence: Cadence, emails: list[DueStep]
) -> None:
    """Plan one email per invoice, as many as one moment may hold; the others wait."""
    sending = planning.assessor.rulebook.sending
    lacking = planning.lacks(EMAIL)
    most = sending.platform_emails_per_moment
    now, later = ([], emails) if lacking else (emails[:most], emails[most:])
    why = lacking or f"waits for the next moment: at most {most} emails at once"
    next_date = None if lacking else planning.today + timedelta(sending.days_between_emails or 1)
    cap = planning.emails_per_day_max
    if cap and planning.platform_emails + len(now) > cap:
        now, later = [], emails
        why = f"the accounting system sends at most {cap:,} emails a day"
        next_date = planning.today + timedelta(1)
    for due_step in later:
        planning.hold_back(
            party, why, invoice=due_step.invoice, next_date=next_date, because=due_step.reason
        )
    planning.platform_emails += len(now)
    for due_step in now:
        planning.actions.append(step_action(planning, party, [due_step], others_waiting=len(later)))
