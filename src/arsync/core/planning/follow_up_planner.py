"""Follow-ups: tasks that are opened when something happens, once each time it happens."""

from __future__ import annotations

from arsync.core.actions import Action, InvoiceRef, TaskPayload
from arsync.core.ledger.account_view import days_overdue
from arsync.core.ledger.records import Invoice
from arsync.core.planning.assessment import Assessment, Party
from arsync.core.planning.planning_context import (
    Planning,
    because,
    cited,
    left_alone_words,
    not_written_to,
)
from arsync.core.rulebook.model import FollowUp


def plan_follow_ups(planning: Planning, assessment: Assessment, party: Party) -> None:
    """Plan the tasks of one contact."""
    rules = planning.assessor.rulebook.follow_ups
    if not rules or not_written_to(party) or left_alone_words(planning, party):
        return
    for rule in rules:
        fields = rule.when.fields
        if any(field.of == "invoice" for field in fields):
            promised = any(field.name == "promise_to_pay" for field in fields)
            _about_invoices(planning, assessment, party, rule, by_promise=promised)
        else:
            _about_the_contact(planning, assessment, party, rule)


def _about_invoices(
    planning: Planning, assessment: Assessment, party: Party, rule: FollowUp, *, by_promise: bool
) -> None:
    """Open a task per invoice; invoices promised for the same day share one."""
    together: dict[str, list[Invoice]] = {}
    for invoice in party.seat.owed:
        if rule.when.test(party.row, planning.assessor.invoice_row(party, invoice)) is not True:
            continue
        promise = assessment.books.promises.get(invoice.id) if by_promise else None
        subject = f"promised {promise[0].promised_on}" if promise else invoice.id
        together.setdefault(subject, []).append(invoice)
    for subject, invoices in together.items():
        episode = 1
        if not by_promise or not subject.startswith("promised "):
            episode = assessment.account.episodes.get(invoices[0].id, 1)
        _open(planning, assessment, party, rule, invoices, subject=subject, episode=episode)


def _about_the_contact(
    planning: Planning, assessment: Assessment, party: Party, rule: FollowUp
) -> None:
    """Open one task for as long as the oldest open invoice stays the same, or until its review."""
    if rule.when.test(party.row, None) is not True:
        return
    asked = {field.name for field in rule.when.fields}
    review_on = party.seat.agreed.review_on
    if "days_until_review" in asked and review_on:
        _open(planning, assessment, party, rule, [], subject=f"review {review_on}")
        return
    account = assessment.account
    if account.open_tasks:
        candidates = [
            invoice for invoice in account.invoices if party.seat.counts(invoice.contact_id)
        ]
        keys = {
            _action(
                planning,
                party,
                rule,
                [],
                subject=candidate.id,
                episode=account.episodes.get(candidate.id, 1),
            ).key
            for candidate in candidates
        }
        if not keys.isdisjoint(account.open_tasks):
            return  # the last one is still being worked on
    oldest = party.seat.owed[0] if party.seat.owed else None
    subject = oldest.id if oldest else ""
    episode = account.episodes.get(subject, 1)
    _open(planning, assessment, party, rule, [], subject=subject, episode=episode)


def _open(
    planning: Planning,
    assessment: Assessment,
    party: Party,
    rule: FollowUp,
    invoices: list[Invoice],
    *,
    subject: str,
    episode: int = 1,
) -> None:
    action = _action(planning, party, rule, invoices, subject=subject, episode=episode)
    if not planning.is_done(action.key, assessment.account.done_keys):
        planning.actions.append(action)


def _action(
    planning: Planning,
    party: Party,
    rule: FollowUp,
    invoices: list[Invoice],
    *,
    subject: str,
    episode: int,
) -> Action:
    contact = party.seat.contact
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
        invoices=tuple(
            InvoiceRef(
                invoice.id,
                invoice.number,
                invoice.amount_due,
                invoice.currency,
                days_overdue=days_overdue(invoice, planning.today),
            )
            for invoice in invoices
        ),
        subject=subject,
        episode=episode,
        note=f"Task opened: {rule.task} ({cited(reason)}).",
    )
