"""Tasks of disputes: their owner is to answer them, is reminded, and then somebody above is told.

Each task stands as long as its dispute does. Of several that are due at once only the last is
opened: a dispute that was found late is one task, not three.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from msgspec.structs import replace

from arsync.core.actions import Action, InvoiceRef, TaskPayload, reopened_subject
from arsync.core.ledger.account_view import AccountView, days_overdue
from arsync.core.ledger.agreements.disputes import awaits_credit, dispute_reason, is_standing
from arsync.core.ledger.money import ZERO, plain, shown
from arsync.core.ledger.records import Dispute, Invoice, TaskRecord
from arsync.core.planning.assessment import Assessment, Assessor, DunnedParty
from arsync.core.planning.plan_decisions import NOTHING, Decisions, acting
from arsync.core.planning.planning_context import (
    Planning,
    because,
    cited,
    left_alone_words,
    not_written_to,
)
from arsync.core.rulebook.model import DisputeRules

DISPUTES = "disputes"
"""The rule of these tasks: the rulebook's section has no other name."""


class Stage(StrEnum):
    """What a dispute asks of a person."""

    ANSWER = "answer"
    REMIND = "remind"
    ESCALATE = "escalate"
    BOOK_CREDIT = "book credit"


class _OpenDispute(NamedTuple):
    """One open dispute with what it is about."""

    dispute: Dispute
    invoice: Invoice
    """As the accounting system has it."""
    view: AccountView

    @property
    def what(self) -> str:
        """Return what is disputed: `INV-1`, `GBP 200.00 of INV-1`."""
        number = self.invoice.number or self.invoice.id
        if self.view.dispute_state(self.invoice.id) != "part":
            return number
        amount = self.view.disputed_amounts.get(self.invoice.id, ZERO)
        return f"{shown(amount, self.invoice.currency)} of {number}"


def plan_disputes(planning: Planning, assessment: Assessment, party: DunnedParty) -> Decisions:
    """Plan the tasks of one contact's open disputes."""
    rules = planning.assessor.rulebook.disputes
    if rules is None or not assessment.account_view.disputes:
        return NOTHING
    if not_written_to(party) or party.paused_by is not None or left_alone_words(planning, party):
        return NOTHING
    done_keys = assessment.account.done_keys
    tasks = [
        _action(planning, assessment, party, rules, disputed, stages[-1])
        for disputed, stages in _open(planning, assessment, party, rules)
    ]
    return acting(*(task for task in tasks if not planning.is_done(task.key, done_keys)))


def dispute_task_gone(
    planning: Planning, assessment: Assessment, party: DunnedParty, task: TaskRecord
) -> str:
    """Return why the reason of a dispute's task is gone; empty while it stands."""
    rules = planning.assessor.rulebook.disputes
    if rules is None:
        return "the rulebook asks for no answers to disputes any more"
    for disputed, stages in _open(planning, assessment, party, rules):
        for stage in stages:
            standing = _action(planning, assessment, party, rules, disputed, stage)
            if standing.key == task.key:
                return ""
    ends = {_ended(assessment.account_view.disputes.get(id_)) for id_ in task.invoice_ids}
    return "; ".join(sorted(ends)) or "the dispute is over"


def deadlines(rules: DisputeRules, dispute: Dispute, assessor: Assessor) -> tuple[date, date]:
    """Return the days from which a dispute's owner is reminded, and from which it is escalated."""
    last = rules.answer_within.last_day(dispute.opened_on, assessor.calendar)
    # The owner who was reminded has as much time again.
    second = rules.answer_within.last_day(last, assessor.calendar)
    return last + timedelta(1), second + timedelta(1)


def _ended(dispute: Dispute | None) -> str:
    if dispute is None:
        return "the dispute is over"
    if awaits_credit(dispute):
        return "a credit is agreed"
    if dispute.settled_on is None:
        return "the dispute was changed"
    outcome = f": {dispute.outcome}" if dispute.outcome else ""
    return f"the dispute was settled on {dispute.settled_on}{outcome}"


def _open(
    planning: Planning, assessment: Assessment, party: DunnedParty, rules: DisputeRules
) -> Iterator[tuple[_OpenDispute, list[Stage]]]:
    """Yield the contact's open disputes, each with what it asks of a person so far."""
    view = assessment.account_view
    for invoice in party.view.documents:
        dispute = view.disputes.get(invoice.id)
        if dispute is not None and is_standing(dispute, planning.today):
            yield _OpenDispute(dispute, invoice, view), _stages(planning, rules, dispute)


def _stages(planning: Planning, rules: DisputeRules, dispute: Dispute) -> list[Stage]:
    if awaits_credit(dispute):
        return [Stage.BOOK_CREDIT]
    remind_on, escalate_on = deadlines(rules, dispute, planning.assessor)
    stages = [Stage.ANSWER]
    if planning.today >= remind_on:
        stages.append(Stage.REMIND)
    if planning.today >= escalate_on and rules.escalate_to:
        stages.append(Stage.ESCALATE)
    return stages


def _action(
    planning: Planning,
    assessment: Assessment,
    party: DunnedParty,
    rules: DisputeRules,
    disputed: _OpenDispute,
    stage: Stage,
) -> Action:
    """Return the task of one stage: the next of its kind, after those that closed themselves."""
    dispute, invoice, view = disputed
    contact = party.view.contact
    facts = {
        "days_in_dispute": (planning.today - dispute.opened_on).days,
        "disputed_amount": plain(view.disputed_amounts.get(invoice.id, ZERO)),
        "currency": invoice.currency,
        "dispute_reason": dispute_reason(dispute),
    }
    reason = because(rules.place, DISPUTES, facts)
    text = _text(disputed, stage)
    owner = rules.escalate_to if stage is Stage.ESCALATE else dispute.owner
    undisputed = view.less_disputed_part(invoice)
    subject = f"{invoice.id} dispute {dispute.number or dispute.opened_on} {stage}"
    task = Action(
        payload=TaskPayload(text, owner),
        connection=planning.connection,
        contact_id=contact.id,
        contact_name=contact.name,
        because=reason,
        invoices=(
            InvoiceRef(
                invoice.id,
                invoice.number,
                undisputed.amount_due,
                invoice.currency,
                days_overdue=days_overdue(invoice, planning.today),
                document_amount_due=view.document_due(undisputed),
                disputed=view.in_dispute.get(invoice.id),
            ),
        ),
        subject=subject,
        note=f"Task opened: {text} ({cited(reason)}).",
    )
    closed, times = assessment.account.closed_tasks, 0
    while closed and task.key in closed:
        times += 1
        task = replace(task, subject=reopened_subject(subject, times))
    return task


def _text(disputed: _OpenDispute, stage: Stage) -> str:
    dispute = disputed.dispute
    if stage is Stage.BOOK_CREDIT:
        return f"Book the credit note that was agreed for {disputed.what}"
    reason, needs = dispute_reason(dispute), f"; needed: {dispute.needs}" if dispute.needs else ""
    if stage is Stage.ANSWER:
        return f"Answer the dispute about {disputed.what}: {reason}{needs}"
    about = f"{disputed.what}, open since {dispute.opened_on}: {reason}{needs}"
    if stage is Stage.REMIND:
        return f"Answer the dispute about {about}"
    owner = f" ({dispute.owner} was reminded)" if dispute.owner else ""
    return f"Nobody answered the dispute about {about}{owner}"
