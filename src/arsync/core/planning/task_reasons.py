"""Reasons of tasks: whether the rule that opened a task would open it still.

Only what is certain ends a task. While a figure that its reason rests on is unknown, and for a task
that a person opened, it stays open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from arsync.core.actions import Action, ActionKind
from arsync.core.ledger.records import (
    Account,
    ContactStatus,
    DocumentStatus,
    Invoice,
    SentStep,
    TaskRecord,
)
from arsync.core.planning.assessment import Assessment, DunnedParty
from arsync.core.planning.credit_planner import CREDIT_REVIEW, review_task_gone
from arsync.core.planning.dispute_planner import DISPUTES, dispute_task_gone
from arsync.core.planning.due_steps import agreed_stop, covered_words, is_for
from arsync.core.planning.placement_planner import asks_about_placements
from arsync.core.planning.plan import EndedTask
from arsync.core.planning.plan_decisions import NOTHING, Decisions, EmailBudget
from arsync.core.planning.planning_context import (
    Planning,
    left_alone_words,
    not_written_to,
    what_may_be_missing,
)
from arsync.core.planning.reminder_planner import plan_reminders
from arsync.core.planning.undecided import unknown_of_rule
from arsync.core.planning.undeliverable_planner import UNDELIVERABLE, undeliverable_task_gone
from arsync.core.rulebook.model import AlertRule, Cadence, FollowUp, WriteOff

_OpensTasks = FollowUp | WriteOff | AlertRule

STANDS = ""
"""The answer about a task whose reason is not certainly gone."""

_NOT_OWED = {
    DocumentStatus.VOIDED: "was voided",
    DocumentStatus.DELETED: "was deleted",
    DocumentStatus.DRAFT: "is a draft again",
}


def end_tasks(planning: Planning, account: Account, assessment: Assessment) -> Decisions:
    """Return which of a debtor's open tasks end, because their reason is certainly gone."""
    names = {contact.id: contact.name for contact in account.contacts}
    reasons = (
        (task, reason_gone(planning, account, assessment, task))
        for task in account.tasks
        if task.done_on is None
    )
    ended = tuple(
        EndedTask(task.key, task.contact_id, names.get(task.contact_id, ""), task.text, reason)
        for task, reason in reasons
        if reason
    )
    return Decisions(ended_tasks=ended) if ended else NOTHING


def reason_gone(
    planning: Planning, account: Account, assessment: Assessment, task: TaskRecord
) -> str:
    """Return why the reason of an open task is certainly gone, in words.

    Args:
        planning: of the day.
        account: the debtor, on fresh data.
        assessment: of the debtor on the day.
        task: one of its open tasks.

    Returns:
        The words, to follow `closed: `; `STANDS` when it stands, or nobody knows.
    """
    if task.by_person:
        return STANDS
    settled = _settled(account, task)
    if settled:
        return settled
    party = next(
        (party for party in assessment.parties if party.view.contact.id == task.contact_id), None
    )
    if party is None:
        return _answered_elsewhere(account, task)
    if party.view.contact.status == ContactStatus.UNKNOWN:
        return STANDS
    if task.rule == UNDELIVERABLE:
        return undeliverable_task_gone(planning, assessment, party, task)
    stopped = not_written_to(party)
    if stopped:
        return stopped
    if task.rule == CREDIT_REVIEW:
        return review_task_gone(planning, assessment, task)
    # An end may rest on figures that are not complete: then only what the books show is certain.
    if what_may_be_missing(planning, account):
        return STANDS
    alone = left_alone_words(planning, party)
    if alone is not None:
        return alone[0] if party.left_alone and party.left_alone.answer else STANDS
    if task.rule == DISPUTES:
        return dispute_task_gone(planning, assessment, party, task)
    if task.steps:
        return _step_gone(planning, account, task)
    return _follow_up_gone(planning, assessment, party, task)


def _settled(account: Account, task: TaskRecord) -> str:
    """Return that all invoices of a task are settled, with what became of each."""
    invoices = {invoice.id: invoice for invoice in account.invoices}
    words: list[str] = []
    for invoice_id in task.invoice_ids:
        invoice = invoices.get(invoice_id)
        if invoice is None:
            # One that cannot be read is not here either.
            if account.unreadable:
                return STANDS
            words.append("its invoice now belongs to another customer")
            continue
        end = _end_of(invoice)
        if not end:
            return STANDS
        words.append(f"{invoice.number or invoice.id} {end}")
    return "; ".join(dict.fromkeys(words))


def _end_of(invoice: Invoice) -> str:
    """Return how an invoice came to be owed no longer; empty while it is owed."""
    status = DocumentStatus(invoice.status)
    if status is DocumentStatus.OPEN and invoice.amount_due > 0:
        return ""
    if status in _NOT_OWED:
        return _NOT_OWED[status]
    return f"was paid on {invoice.paid_on}" if invoice.paid_on else "is paid"


def _answered_elsewhere(account: Account, task: TaskRecord) -> str:
    """Return why a contact is not dunned by itself: it is gone, or its parent pays."""
    contact = account.contact(task.contact_id)
    if contact is None or contact.status == ContactStatus.UNKNOWN:
        return STANDS
    if contact.status != ContactStatus.ACTIVE:
        return f"the contact is {contact.status}"
    return f"{account.contacts[0].name} pays its invoices now"


# -- steps of a cadence ---------------------------------------------------------------------------


def _step_gone(planning: Planning, account: Account, task: TaskRecord) -> str:
    replaced = _replaced_by(account, task)
    if replaced:
        return f"replaced by a later task: {replaced}"
    before = as_before_task(account, task)
    assessment = planning.assessor.assess(before)
    party = next(party for party in assessment.parties if party.view.contact.id == task.contact_id)
    decisions = plan_reminders(planning, assessment, party, EmailBudget(0))
    if any(_asks_again(planned, task) for planned in decisions.actions):
        return STANDS
    slots = {step.invoice_id: (step.day, step.slot) for step in task.steps}
    if unknown_of_rule(planning, assessment, party, task.rule, slots):
        return STANDS
    if _may_be_for(planning, assessment, party, task):
        return STANDS
    return _why_not(planning, assessment, party, task, decisions)


def _replaced_by(account: Account, task: TaskRecord) -> str:
    """Return the text of a later open task of the same cadence about all the same invoices."""
    later = account.tasks[account.tasks.index(task) + 1 :]
    steps = [
        step
        for another in later
        if another.done_on is None and another.rule == task.rule
        for step in another.steps
    ]
    covered = {(step.invoice_id, step.episode): step.step for step in steps}
    mine = [(step.invoice_id, step.episode) for step in task.steps]
    return covered[mine[0]] if all(step in covered for step in mine) else ""


def as_before_task(account: Account, task: TaskRecord) -> Account:
    """Return the account as if the task had not been opened, nor any step after it been taken."""
    mine = {(step.invoice_id, step.episode) for step in task.steps}
    kept: list[SentStep] = []
    reached: set[tuple[str, int]] = set()
    for step in account.sent:
        of = (step.invoice_id, step.episode)
        if of in mine and step in task.steps:
            reached.add(of)
        if of not in reached:
            kept.append(step)
    place = account.tasks.index(task)
    return account._replace(
        sent=tuple(kept),
        tasks=account.tasks[:place],
        done_keys=account.done_keys - {task.key},
    )


def _asks_again(planned: Action, task: TaskRecord) -> bool:
    """Return whether a planned action is the task, about one of its invoices at least."""
    if planned.kind is not ActionKind.TASK:
        return False
    steps = {(step.invoice_id, step.day, step.step) for step in task.steps}
    return any((ref.id, ref.day, ref.step) in steps for ref in planned.invoices)


def _owed(party: DunnedParty, task: TaskRecord) -> Iterator[Invoice]:
    ids = {step.invoice_id for step in task.steps}
    return (invoice for invoice in party.view.documents if invoice.id in ids)


def _may_be_for(
    planning: Planning, assessment: Assessment, party: DunnedParty, task: TaskRecord
) -> bool:
    """Return whether it is unknown if the step is for one of its invoices."""
    cadence, _ = planning.assessor.cadence(party)
    if cadence is None:
        return False
    texts = {(step.day, step.step) for step in task.steps}
    return any(
        is_for(planning.assessor, step, party, invoice) is None
        for step in cadence.steps
        if (step.day, step.text) in texts
        for invoice in _owed(party, task)
    )


def _why_not(
    planning: Planning,
    assessment: Assessment,
    party: DunnedParty,
    task: TaskRecord,
    decisions: Decisions,
) -> str:
    """Return why the step is not asked for today."""
    ids = {step.invoice_id for step in task.steps}
    steps = {(step.invoice_id, step.day, step.step) for step in task.steps}
    for planned in decisions.actions:
        # A person was to do what could not be sent; now it can.
        if any((ref.id, ref.day, ref.step) in steps for ref in planned.invoices):
            return f"the {planned.step} can be sent by itself now"
    about = [held.why for held in decisions.held_back if held.invoice_id in ids]
    about += [held.why for held in decisions.held_back if not held.invoice_id]
    if about:
        return about[0]
    cadence, _ = planning.assessor.cadence(party)
    if cadence is not None and cadence.name != task.rule:
        return f"the customer is in {cadence.name} now"
    if _has_step(cadence, task.steps):
        for invoice in _owed(party, task):
            return (
                f"{invoice.number or invoice.id} is not at this step: it is due on {invoice.due_on}"
            )
    return f"{task.rule} no longer requires it"


def _has_step(cadence: Cadence | None, steps: Sequence[SentStep]) -> bool:
    days = {(step.day, step.text) for step in cadence.steps} if cadence else set()
    return any((step.day, step.step) in days for step in steps)


# -- follow-ups -----------------------------------------------------------------------------------


def _follow_up_gone(
    planning: Planning, assessment: Assessment, party: DunnedParty, task: TaskRecord
) -> str:
    rulebook = planning.assessor.rulebook
    rules: tuple[_OpensTasks, ...] = (*rulebook.follow_ups, *rulebook.write_offs)
    if task.is_alert:
        rules = rulebook.alerts
    rule = next((rule for rule in rules if rule.name == task.rule), None)
    if rule is None:
        # Other rules open tasks too; of these, only what the books show is certain.
        return STANDS
    if party.paused_by is not None:
        return f"paused until {party.paused_by.pause_until}"
    if all(field.of == "contact" for field in rule.when.fields):
        if rule.when.test(party.row, None) is not False:
            return STANDS
        return _no_longer(planning, party, rule)
    return _of_invoices(planning, assessment, party, rule, task)


def _of_invoices(
    planning: Planning,
    assessment: Assessment,
    party: DunnedParty,
    rule: _OpensTasks,
    task: TaskRecord,
) -> str:
    covered = {invoice.id for invoice in party.view.covered}
    words: list[str] = []
    for invoice in party.view.documents:
        if invoice.id not in task.invoice_ids:
            continue
        number = invoice.number or invoice.id
        if invoice.id in covered:
            words.append(f"{number} is {covered_words(assessment.account_view, invoice)}")
            continue
        placement = assessment.account_view.placed(invoice.id)
        if placement is not None and not asks_about_placements(rule.when.fields):
            words.append(f"{number} is placed with {placement.agency}")
            continue
        row = planning.assessor.invoice_row(party, invoice)
        if rule.when.test(party.row, row) is not False:
            return STANDS
        agreed = agreed_stop(assessment, invoice, planning.today)
        words.append(
            f"{number}: {agreed[0]}" if agreed else _no_longer(planning, party, rule, invoice)
        )
    return words[0] if words else f"{rule.name} no longer requires it"


def _no_longer(
    planning: Planning,
    party: DunnedParty,
    rule: _OpensTasks,
    invoice: Invoice | None = None,
) -> str:
    """Return that a rule does not match any more, with the facts that say so."""
    facts = planning.assessor.words(rule.when, party, invoice)
    return f"{rule.name} no longer requires it ({facts})"
