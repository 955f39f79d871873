"""Write-offs: debts that a person is asked to write off, with the figures to decide by.

Nothing is ever booked: the bookkeeper decides, and the accounting system shows what was decided.
"""

from __future__ import annotations

from typing import Any

from arsync.core.actions import Action, InvoiceRef, TaskPayload
from arsync.core.ledger.account_view import days_overdue
from arsync.core.ledger.agreements.placements import recovered, state_of
from arsync.core.ledger.business_days import days_in_words
from arsync.core.ledger.money import plain, shown
from arsync.core.ledger.records import Invoice
from arsync.core.planning.assessment import Assessment, DunnedParty
from arsync.core.planning.due_steps import agreed_stop
from arsync.core.planning.placement_planner import placement_words
from arsync.core.planning.plan_decisions import NOTHING, Decisions, acting, held, holding_back
from arsync.core.planning.planning_context import (
    Planning,
    because,
    cited,
    left_alone_words,
    not_written_to,
)
from arsync.core.rulebook.model import WriteOff


def plan_write_offs(planning: Planning, assessment: Assessment, party: DunnedParty) -> Decisions:
    """Open a task for each debt of one contact that a rule proposes to write off."""
    rules = planning.assessor.rulebook.write_offs
    if not rules or not_written_to(party) or party.paused_by is not None:
        return NOTHING
    if left_alone_words(planning, party):
        return NOTHING
    decisions = NOTHING
    for invoice in party.view.owed:
        row = planning.assessor.invoice_row(party, invoice)
        rule = next((rule for rule in rules if rule.when.test(party.row, row) is True), None)
        if rule is None:
            continue
        stop = agreed_stop(assessment, invoice, planning.today)
        if stop is not None:
            reason = because(rule.place, rule.name)
            words = f"not proposed to be written off: {stop[0]}"
            stopped = held(party, words, invoice=invoice, next_date=stop[1], because=reason)
            decisions += holding_back(stopped)
            continue
        action = _action(planning, assessment, party, rule, invoice)
        if not planning.is_done(action.key, assessment.account.done_keys):
            decisions += acting(action)
    return decisions


def _action(
    planning: Planning,
    assessment: Assessment,
    party: DunnedParty,
    rule: WriteOff,
    invoice: Invoice,
) -> Action:
    contact, number = party.view.contact, invoice.number or invoice.id
    task = f"Decide whether to write off {number}"
    figures = _figures(planning, assessment, invoice)
    evidence = planning.assessor.evidence(rule.when, party, invoice)
    reason = because(rule.place, rule.name, {**evidence, **figures})
    owed = shown(invoice.amount_due, invoice.currency)
    late = days_overdue(invoice, planning.today)
    summary = ", ".join([f"{owed} net", f"{days_in_words(late)} overdue", *_done(figures)])
    return Action(
        payload=TaskPayload(task, rule.propose_to),
        connection=planning.connection,
        contact_id=contact.id,
        contact_name=contact.name,
        because=reason,
        invoices=(
            InvoiceRef(
                invoice.id,
                invoice.number,
                invoice.amount_due,
                invoice.currency,
                days_overdue=late,
                document_amount_due=assessment.account_view.document_due(invoice),
            ),
        ),
        subject=f"write-off {invoice.id}",
        episode=assessment.account.episodes.get(invoice.id, 1),
        note=f"Task opened: {task}: {summary} ({cited(reason)}).",
    )


def _figures(planning: Planning, assessment: Assessment, invoice: Invoice) -> dict[str, Any]:
    """Return what was done about an invoice, for the decision."""
    account_view = assessment.account_view
    messages = [step for step in account_view.sent.get(invoice.id, ()) if step.moment]
    figures: dict[str, Any] = {
        "amount_due": plain(invoice.amount_due),
        "currency": invoice.currency,
        "days_overdue": days_overdue(invoice, planning.today),
        "messages": len(messages),
    }
    if messages:
        figures["last_message"] = max(step.on for step in messages).isoformat()
    placement = account_view.placements.get(invoice.id)
    if placement is not None:
        state = state_of(placement, [account_view.document_of(invoice)], assessment.account)
        figures["placement"] = placement_words(state, placement.agency)
        money = recovered(placement, assessment.account)
        figures["recovered"] = [shown(amount, currency) for currency, amount in money.items()]
    return figures


def _done(figures: dict[str, Any]) -> list[str]:
    """Return the figures of what was done, in words."""
    messages = figures["messages"]
    words = [f"{messages} message{'' if messages == 1 else 's'}"]
    if "last_message" in figures:
        words[0] += f", the last on {figures['last_message']}"
    if "placement" in figures:
        money = " and ".join(figures["recovered"]) or "nothing"
        words.append(f"{figures['placement']}, {money} recovered")
    return words
