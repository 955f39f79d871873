"""Alerts: what people of the business are told about customers, once for each episode.

An episode begins on the day on which a run first sees the alert's conditions hold, and ends with
the run that sees them not hold; while they are unknown it neither begins nor ends. The day stands
in the key, so that a run that is repeated, or dies, tells nobody twice. An alert is a task: it is
approved, noted, listed and ended like any other.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from arsync.core.actions import Action, InvoiceRef, TaskPayload, reopened_subject
from arsync.core.ledger.account_view import days_overdue
from arsync.core.ledger.held_since import episode_began
from arsync.core.ledger.records import Invoice
from arsync.core.planning.assessment import Assessment, DunnedParty
from arsync.core.planning.plan_decisions import NOTHING, Decisions, acting
from arsync.core.planning.planning_context import (
    Planning,
    because,
    cited,
    left_alone_words,
    not_written_to,
)
from arsync.core.rulebook.model import AlertRule


def plan_alerts(planning: Planning, assessment: Assessment, party: DunnedParty) -> Decisions:
    """Plan what is told about one contact; of one that is left alone or paused, nothing."""
    rules = planning.assessor.rulebook.alerts
    if not rules or not_written_to(party) or party.paused_by is not None:
        return NOTHING
    if left_alone_words(planning, party):
        return NOTHING
    alerts = [alert for rule in rules for alert in _alerts(planning, assessment, party, rule)]
    done_keys = assessment.account.done_keys
    return acting(*(alert for alert in alerts if not planning.is_done(alert.key, done_keys)))


def _alerts(
    planning: Planning, assessment: Assessment, party: DunnedParty, rule: AlertRule
) -> Iterator[Action]:
    for watched in planning.assessor.watched_by(assessment, rule):
        if watched.party is party and watched.answer is True:
            began = episode_began(
                assessment.account, rule.identity, watched.subject, planning.today
            )
            alert = _action(planning, party, rule, watched.invoice, f"since {began}")
            yield _reopened(alert, assessment.account.closed_tasks)


def _reopened(alert: Action, closed: frozenset[str]) -> Action:
    """Return the alert as the next of its day, after one that closed itself on it."""
    again, times = alert, 0
    while again.key in closed:
        times += 1
        again = replace(alert, subject=reopened_subject(alert.subject, times))
    return again


def _action(
    planning: Planning, party: DunnedParty, rule: AlertRule, invoice: Invoice | None, since: str
) -> Action:
    contact = party.view.contact
    assessor = planning.assessor
    reason = because(rule.place, rule.name, assessor.evidence(rule.when, party, invoice))
    observation = assessor.spoken(rule.when, party, invoice)
    return Action(
        payload=TaskPayload(
            f"Alert: {rule.name}",
            rule.tell[0] if rule.tell else "",
            is_alert=True,
            observation=observation,
            recipients=rule.tell,
            told_by=tuple(sorted(way.value for way in rule.by)),
        ),
        connection=planning.connection,
        contact_id=contact.id,
        contact_name=contact.name,
        because=reason,
        invoices=() if invoice is None else (_ref(planning, invoice),),
        subject=since if invoice is None else f"{invoice.id} {since}",
        note=f"Alert to {', '.join(rule.tell)}: {rule.name}: {observation} ({cited(reason)}).",
    )


def _ref(planning: Planning, invoice: Invoice) -> InvoiceRef:
    return InvoiceRef(
        invoice.id,
        invoice.number,
        invoice.amount_due,
        invoice.currency,
        days_overdue=days_overdue(invoice, planning.today),
    )
