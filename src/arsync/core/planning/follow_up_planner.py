"""Follow-ups: tasks that are opened when something happens, once each time it happens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from arsync.core.actions import Action, InvoiceRef, TaskPayload, reopened_subject
from arsync.core.ledger.account_view import days_overdue
from arsync.core.ledger.agreements.promises import JudgedPromise
from arsync.core.ledger.records import Invoice, TaskRecord
from arsync.core.planning.assessment import Assessment, DunnedParty
from arsync.core.planning.placement_planner import asks_about_placements
from arsync.core.planning.plan_coverage import plan_stop
from arsync.core.planning.plan_decisions import NOTHING, Decisions, acting
from arsync.core.planning.planning_context import (
    Planning,
    because,
    cited,
    left_alone_words,
    not_written_to,
)
from arsync.core.rulebook.facts import CONTACT_BY_NAME
from arsync.core.rulebook.facts.plan_facts import PLAN_FACT_NAMES
from arsync.core.rulebook.model import FollowUp

PROMISE_FACTS = frozenset({"promise_to_pay", "days_until_promise"})
"""Who asks for one of these is told of a promise: invoices promised for a day share one task."""


def plan_follow_ups(planning: Planning, assessment: Assessment, party: DunnedParty) -> Decisions:
    """Plan the tasks of one contact."""
    rules = planning.assessor.rulebook.follow_ups
    if not rules or not_written_to(party) or party.paused_by is not None:
        return NOTHING
    if left_alone_words(planning, party):
        return NOTHING
    tasks: list[Action] = []
    for rule in rules:
        if any(field.of == "invoice" for field in rule.when.fields):
            tasks += _about_invoices(planning, assessment, party, rule)
        else:
            tasks += _about_the_contact(planning, assessment, party, rule)
    done_keys, closed = assessment.account.done_keys, assessment.account.closed_tasks
    tasks = [_reopened(task, closed) for task in tasks]
    return acting(*(task for task in tasks if not planning.is_done(task.key, done_keys)))


def _reopened(task: Action, closed: frozenset[str]) -> Action:
    """Return the task as the next of its kind, after those that closed themselves."""
    again, times = task, 0
    while closed and again.key in closed:
        times += 1
        again = replace(task, subject=reopened_subject(task.subject, times))
    return again


def _may_be_about(assessment: Assessment, party: DunnedParty, rule: FollowUp) -> list[Invoice]:
    """Return what is owed that a rule may chase."""
    account_view = assessment.account_view
    if not account_view.has_agreements:
        return party.view.owed
    # A rule that asks about plans is for what they cover, and one that asks about placements for
    # what is placed; every other one would chase it.
    about_plans = any(field.name in PLAN_FACT_NAMES for field in rule.when.fields)
    about_placed = asks_about_placements(rule.when.fields)
    return [
        invoice
        for invoice in party.view.owed
        if (about_plans or not plan_stop(account_view, invoice))
        and (about_placed or account_view.placed(invoice.id) is None)
    ]


def _promises_named(assessment: Assessment, rule: FollowUp) -> Mapping[str, JudgedPromise]:
    """Return the promises by invoice, if a rule asks about them."""
    promises = assessment.account_view.promises
    if promises and any(field.name in PROMISE_FACTS for field in rule.when.fields):
        return promises
    return {}


def _about_invoices(
    planning: Planning, assessment: Assessment, party: DunnedParty, rule: FollowUp
) -> Iterator[Action]:
    """Yield a task per invoice; invoices promised for the same day share one."""
    together: dict[str, list[Invoice]] = {}
    promises = _promises_named(assessment, rule)
    for invoice in _may_be_about(assessment, party, rule):
        if rule.when.test(party.row, planning.assessor.invoice_row(party, invoice)) is not True:
            continue
        judged = promises.get(invoice.id)
        # One promised payment may cover several invoices: one call is enough for all of them.
        subject = f"promised {judged.promise.promised_on}" if judged else invoice.id
        together.setdefault(subject, []).append(invoice)
    for subject, invoices in together.items():
        # The promised day distinguishes this task from the next, so no episode is needed.
        first = invoices[0].id
        episode = 1 if first in promises else assessment.account.episodes.get(first, 1)
        yield _action(planning, party, rule, invoices, subject=subject, episode=episode)


def _about_the_contact(
    planning: Planning, assessment: Assessment, party: DunnedParty, rule: FollowUp
) -> list[Action]:
    """Return one task for as long as the oldest open invoice stays the same, or until its review.

    None while the last one is still being worked on.
    """
    if rule.when.test(party.row, None) is not True or _chases_placed_debts(assessment, party, rule):
        return []
    names = {field.name for field in rule.when.fields}
    review_on = party.view.agreed.review_on
    # Each review has its own day and its own task, whatever is owed meanwhile.
    if "days_until_review" in names and review_on:
        return [_action(planning, party, rule, [], subject=f"review {review_on}", episode=1)]
    account = assessment.account
    # When the oldest invoice is paid the subject changes. While somebody still works on the task
    # that was opened for it, a second one would only be noise.
    if any(_is_open_of(task, rule, party.view.contact.id) for task in account.tasks):
        return []
    # Of the documents: a task about money that covers all of them is about the oldest too.
    subject = party.view.documents[0].id if party.view.documents else ""
    episode = account.episodes.get(subject, 1)
    return [_action(planning, party, rule, [], subject=subject, episode=episode)]


def _is_open_of(task: TaskRecord, rule: FollowUp, contact_id: str) -> bool:
    return task.done_on is None and (task.rule, task.contact_id) == (rule.name, contact_id)


_OVERDUE_FACTS = frozenset(
    CONTACT_BY_NAME[name]
    for name in (
        "overdue_amount",
        "gross_overdue_amount",
        "overdue_invoices",
        "oldest_days_overdue",
        "promise_to_pay",
        "broken_promises",
        "days_since_last_reminder",
        "highest_step_sent",
    )
)
"""A task that rests on one of these is about debts that are chased."""


def _chases_placed_debts(assessment: Assessment, party: DunnedParty, rule: FollowUp) -> bool:
    """Return whether a rule asks for overdue debts, all of which are placed."""
    account_view = assessment.account_view
    if not account_view.placements or _OVERDUE_FACTS.isdisjoint(rule.when.fields):
        return False
    if asks_about_placements(rule.when.fields) or not party.view.overdue:
        return False
    return all(account_view.placed(invoice.id) for invoice in party.view.overdue)


def _action(
    planning: Planning,
    party: DunnedParty,
    rule: FollowUp,
    invoices: list[Invoice],
    *,
    subject: str,
    episode: int,
) -> Action:
    contact = party.view.contact
    first = invoices[0] if invoices else None
    in_scope = first or not any(field.of == "invoice" for field in rule.when.fields)
    facts = planning.assessor.evidence(rule.when, party, first) if in_scope else {}
    reason = because(rule.place, rule.name, facts)
    return Action(
        payload=TaskPayload(rule.task, rule.assign_to),
        connection=planning.connection,
        contact_id=contact.id,
        contact_name=contact.name,
        because=reason,
        invoices=tuple(_ref(planning, party, invoice) for invoice in invoices),
        subject=subject,
        episode=episode,
        note=f"Task opened: {rule.task} ({cited(reason)}).",
    )


def _ref(planning: Planning, party: DunnedParty, invoice: Invoice) -> InvoiceRef:
    account_view = party.view.account_view
    undisputed = account_view.less_disputed_part(invoice) if account_view.in_dispute else invoice
    return InvoiceRef(
        undisputed.id,
        undisputed.number,
        undisputed.amount_due,
        undisputed.currency,
        days_overdue=days_overdue(undisputed, planning.today),
        document_amount_due=account_view.document_due(undisputed),
        disputed=account_view.in_dispute.get(undisputed.id),
    )
