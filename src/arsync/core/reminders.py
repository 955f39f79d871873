"""Reminders: what is due for one contact, what stops it, and what leaves together."""

from __future__ import annotations

import zlib
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from arsync.core.actions import ActionKind, Via
from arsync.core.assess import Assessment, Party
from arsync.core.books import days_overdue
from arsync.core.money import ZERO, plain, shown
from arsync.core.planning import Planning, because, left_alone_words, not_written_to
from arsync.core.records import Account, Invoice
from arsync.core.rulebook.model import Cadence, Step, StepKind, TakeOverKind
from arsync.core.step_actions import DueStep, acts_as, fee_of, step_action
from arsync.core.stepping import next_step

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
    if party.seat.overdue:
        _report_cadences(planning, party, cadence, undecided)
    if cadence is None:
        return
    due = due_steps(planning, assessment, party, cadence)
    if due:
        _plan_quiet_steps(planning, assessment, party, cadence, due)
        _plan_moment(planning, assessment, party, cadence, due)


def _report_cadences(
    planning: Planning, party: Party, cadence: Cadence | None, undecided: list[Cadence]
) -> None:
    for one in undecided:
        planning.hold_back(
            party,
            f"not in cadence {one.name!r}: {planning.assessor.unknowns(one.when, party)}",
            because=because(one.place, one.name, planning.assessor.evidence(one.when, party)),
        )
    if cadence is None and not undecided:
        planning.hold_back(party, "no cadence matches")


def due_steps(
    planning: Planning, assessment: Assessment, party: Party, cadence: Cadence
) -> list[DueStep]:
    """Return the steps due today, the oldest due date first; what stops the others is held back."""
    found: list[DueStep] = []
    account, books, today = assessment.account, assessment.books, planning.today
    covered = covered_by_credit(assessment) if books.in_hand() else {}
    waiting = {(one.invoice_id, one.episode): one for one in account.waiting}
    for invoice in party.seat.owed:
        stopped = agreed_stop(assessment, invoice, today)
        if stopped and invoice.due_on < today:
            planning.hold_back(party, stopped[0], invoice=invoice, next_date=stopped[1])
            continue
        episode = account.episodes.get(invoice.id, 1)
        taken = books.sent.get(invoice.id, ())
        due = next_step(cadence, due_on=invoice.due_on, today=today, taken=taken)
        if due is None or due.on > today:
            continue
        if stopped:
            planning.hold_back(party, stopped[0], invoice=invoice, next_date=stopped[1])
        elif invoice.id in covered:
            planning.hold_back(party, covered[invoice.id], invoice=invoice)
        elif (invoice.id, episode) in waiting:
            one = waiting[invoice.id, episode]
            planning.hold_back(party, f"{one.step!r} is decided and waits", invoice=invoice)
        else:
            ready = _ready(planning, assessment, party, cadence, invoice)
            if ready is not None:
                found.append(ready)
    return found


def agreed_stop(
    assessment: Assessment, invoice: Invoice, today: date
) -> tuple[str, date | None] | None:
    """Return what was agreed that stops reminders, and when it ends: a dispute, a promise."""
    books = assessment.books
    if books.disputes and books.dispute_state(invoice.id) == "open":
        dispute = books.disputes[invoice.id]
        return f"dispute open since {dispute.opened_on} ({dispute.reason})", dispute.settled_on
    if books.promises:
        promise, state = books.promises.get(invoice.id, (None, "none"))
        if promise is not None and state == "open":
            until = promise.promised_on
            return f"promise_to_pay open until {until}", until + timedelta(1)
    return None


def covered_by_credit(assessment: Assessment) -> dict[str, str]:
    """Return the invoices that unallocated money covers, oldest first, each with the reason.

    Money in hand first counts for what can be chased: a disputed or promised invoice uses none up.
    """
    books = assessment.books
    pools: dict[str, Decimal] = {}
    for _, _, amount, currency, _ in books.in_hand():
        pools[currency] = pools.get(currency, ZERO) + amount
    totals = dict(pools)
    found: dict[str, str] = {}
    for invoice in books.owed:
        pool = pools.get(invoice.currency, ZERO)
        if pool <= 0 or agreed_stop(assessment, invoice, books.today):
            continue
        if pool >= invoice.amount_due:
            total = shown(totals[invoice.currency], invoice.currency)
            found[invoice.id] = f"covered by unallocated credit of {total}"
        pools[invoice.currency] = max(ZERO, pool - invoice.amount_due)
    if books.exposure is not None and books.exposure <= 0:
        # Other currencies count too, once everything together is covered.
        for invoice in books.owed:
            found.setdefault(invoice.id, "covered by unallocated credit in other currencies")
    return found


def _ready(
    planning: Planning, assessment: Assessment, party: Party, cadence: Cadence, invoice: Invoice
) -> DueStep | None:
    """Return the step if the rulebook lets it go today; otherwise hold it back."""
    account, today = assessment.account, planning.today
    skip = cadence.skip_invoices_when
    if skip is not None:
        answer = skip.test(party.row, planning.assessor.invoice_row(party, invoice))
        if answer is not False:
            evidence = planning.assessor.evidence(skip, party, invoice)
            reason = because(cadence.place, cadence.name, evidence)
            why = (
                "skipped: " + planning.assessor.words(skip, party, invoice)
                if answer
                else "perhaps to be skipped: " + planning.assessor.unknowns(skip, party, invoice)
            )
            planning.hold_back(party, why, invoice=invoice, because=reason)
            return None
    taken = assessment.books.sent.get(invoice.id, ())
    start = None if taken else _taken_over(planning, account, party, invoice)
    if start is not None and start > today:
        days = planning.assessor.rulebook.take_over.days
        why = f"take_over: old debts start spread over {days} business days"
        planning.hold_back(party, why, invoice=invoice, next_date=start)
        return None
    refused: set[int] = set()
    while True:
        due = next_step(cadence, due_on=invoice.due_on, today=today, taken=taken, refused=refused)
        if due is None or due.on > today:
            why = "the step was refused" + ("" if due else ", and it was the last")
            planning.hold_back(party, why, invoice=invoice, next_date=due.on if due else None)
            return None
        ready = _due_step(planning, party, cadence, invoice, step=due.step)
        by_hand = start is not None and _is_by_hand(planning)
        probe = step_action(planning, party, [ready])
        if not planning.is_done(probe, account.done_keys):
            return ready._replace(by_hand=by_hand)
        refused.add(due.step.day)


def _is_by_hand(planning: Planning) -> bool:
    return planning.assessor.rulebook.take_over.kind is TakeOverKind.BY_HAND


def _taken_over(
    planning: Planning, account: Account, party: Party, invoice: Invoice
) -> date | None:
    """Return the day an old debt starts; None for a debt that is not old."""
    taken_over_on = account.taken_over_on or planning.today
    if invoice.due_on >= taken_over_on:
        return None
    take_over = planning.assessor.rulebook.take_over
    if take_over.kind is not TakeOverKind.SPREAD:
        return taken_over_on
    share = zlib.crc32(party.seat.contact.id.encode()) % take_over.days
    return planning.calendar.after(taken_over_on, share)


def _due_step(
    planning: Planning, party: Party, cadence: Cadence, invoice: Invoice, *, step: Step
) -> DueStep:
    facts: dict[str, Any] = {
        "days_overdue": days_overdue(invoice, planning.today),
        "amount_due": plain(invoice.amount_due),
        "currency": invoice.currency,
        **planning.assessor.evidence(cadence.when, party),
    }
    if not facts["days_overdue"]:
        facts["days_until_due"] = (invoice.due_on - planning.today).days
    no_address = step.kind is StepKind.EMAIL and not (invoice.email or party.seat.email())
    return DueStep(
        invoice,
        step,
        party.seat.books.account.episodes.get(invoice.id, 1),
        because(step.place, cadence.name, facts),
        no_address=no_address,
    )


def _plan_quiet_steps(
    planning: Planning,
    assessment: Assessment,
    party: Party,
    cadence: Cadence,
    due: list[DueStep],
) -> None:
    """Plan tasks and late fees: nothing of them reaches the customer, so they need no moment."""
    tasks: dict[tuple[int, bool], list[DueStep]] = {}
    for one in due:
        kind = acts_as(planning, one)
        if kind is ActionKind.TASK:
            tasks.setdefault((one.step.day, one.no_address), []).append(one)
        elif kind is ActionKind.LATE_FEE:
            _plan_late_fee(planning, party, cadence, one)
        elif kind is None:
            planning.hold_back(party, "no email address", invoice=one.invoice, because=one.reason)
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
    messages = [
        one for one in due if acts_as(planning, one) in {ActionKind.REMINDER, ActionKind.LETTER}
    ]
    if not messages:
        return
    sending = planning.assessor.rulebook.sending
    last = last_moment(assessment, party, planning.moment)
    free_on = last + timedelta(sending.days_between_emails) if last else planning.today
    if last is not None and planning.today < free_on:
        for one in messages:
            planning.hold_back(
                party,
                f"last message on {last}; {sending.days_between_emails} days between messages",
                invoice=one.invoice,
                next_date=free_on,
                because=one.reason,
            )
        return
    emails = [one for one in messages if one.step.kind is StepKind.EMAIL]
    letters = [one for one in messages if one.step.kind is StepKind.LETTER]
    for one in letters:
        lacking = planning.lacks(ATTACHMENT)
        if lacking:
            planning.hold_back(party, lacking, invoice=one.invoice, because=one.reason)
        else:
            planning.actions.append(step_action(planning, party, [one]))
    if not emails:
        return
    if sending.via == Via.SMTP:
        planning.actions.append(step_action(planning, party, emails))
    else:
        _plan_platform_emails(planning, party, cadence, emails)


def last_moment(assessment: Assessment, party: Party, ignore: str = "") -> date | None:
    """Return the day of the contact's last message, over all channels."""
    if not assessment.account.sent:
        return None
    ids = party.seat.own_invoice_ids
    return max(
        (
            one.on
            for one in assessment.account.sent
            if one.moment and one.moment != ignore and one.invoice_id in ids
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
    for one in later:
        planning.hold_back(party, why, invoice=one.invoice, next_date=next_date, because=one.reason)
    planning.platform_emails += len(now)
    for one in now:
        planning.actions.append(step_action(planning, party, [one], others_waiting=len(later)))
