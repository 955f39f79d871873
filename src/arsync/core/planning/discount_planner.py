"""Discounts for prompt payment: what customers took is not chased, and is credited by a draft.

Who took one is found in the assessment, which leaves it out of what is owed. Here is what becomes
of it: a draft credit note, or a task where the accounting system has no drafts, once for each
invoice.
"""

from __future__ import annotations

from arsync.core.actions import Action, CreditNotePayload, InvoiceRef, TaskPayload
from arsync.core.ledger.money import plain, rounded, shown
from arsync.core.planning.assessment import Assessment, DiscountTaken, DunnedParty
from arsync.core.planning.due_steps import agreed_stop
from arsync.core.planning.plan_decisions import NOTHING, Decisions, acting, held, holding_back
from arsync.core.planning.planning_context import (
    Planning,
    approval_asked,
    because,
    cited,
    left_alone_words,
    not_written_to,
    what_is_uncertain,
)
from arsync.core.rulebook.roles import NOT_ASKED

CREDIT_NOTE = "draft credit note"
"""The text of `Capability`, which lives above the core."""

BOOKKEEPER = "bookkeeper"


def plan_discounts(planning: Planning, assessment: Assessment, party: DunnedParty) -> Decisions:
    """Plan what becomes of the discounts that one customer took."""
    if not assessment.discounts or not_written_to(party) or party.paused_by is not None:
        return NOTHING
    if left_alone_words(planning, party):
        return NOTHING
    decisions = NOTHING
    uncertain = what_is_uncertain(planning, assessment.account)
    for discount in assessment.discounts:
        if not party.view.counts(discount.invoice.contact_id):
            continue
        decisions += _not_chased(planning, party, discount)
        reason = because(discount.rule.place, discount.rule.name)
        agreed = agreed_stop(assessment, discount.invoice, planning.today)
        stop, until = (uncertain, None) if uncertain else (agreed or ("", None))
        if stop:
            withheld = held(party, stop, invoice=discount.invoice, next_date=until, because=reason)
            decisions += holding_back(withheld)
            continue
        action = _action(planning, assessment, party, discount)
        if not planning.is_done(action.key, assessment.account.done_keys):
            decisions += acting(action)
    return decisions


def _not_chased(planning: Planning, party: DunnedParty, discount: DiscountTaken) -> Decisions:
    """Say why a rest that is past its due date is not chased."""
    invoice = discount.invoice
    if invoice.due_on >= planning.today:
        return NOTHING
    amount = shown(discount.payment.amount, invoice.currency)
    reason = because(discount.rule.place, discount.rule.name)
    words = f"prompt-payment discount of {amount} taken"
    return holding_back(held(party, words, invoice=invoice, because=reason))


def _action(
    planning: Planning, assessment: Assessment, party: DunnedParty, discount: DiscountTaken
) -> Action:
    rule, invoice, payment = discount
    amount, number = shown(payment.amount, invoice.currency), invoice.number or invoice.id
    facts = {
        "total": plain(invoice.total),
        "amount_due": plain(invoice.amount_due),
        "currency": invoice.currency,
        "paid_on": payment.paid_on.isoformat(),
    }
    reason = because(rule.place, rule.name, facts)
    by_draft = not planning.lacks(CREDIT_NOTE)
    task = f"Give {number} its prompt-payment discount of {amount}"
    contact = party.view.contact
    net = rounded(payment.amount, invoice.currency)
    # A task is for a person anyway.
    waits = approval_asked(party, rule.approval, net, invoice) if by_draft else NOT_ASKED
    return Action(
        payload=CreditNotePayload(
            amount=net,
            currency=invoice.currency,
            description=(
                f"Prompt-payment discount of {rule.percent}% on {number}, paid on {payment.paid_on}"
            ),
        )
        if by_draft
        else TaskPayload(task, BOOKKEEPER),
        connection=planning.connection,
        contact_id=contact.id,
        contact_name=contact.name,
        because=reason,
        invoices=(
            InvoiceRef(
                invoice.id,
                invoice.number,
                net,
                invoice.currency,
                document_amount_due=None if net == invoice.amount_due else invoice.amount_due,
            ),
        ),
        # Once for each invoice, whatever is left of its discount later.
        subject=f"discount {invoice.id}",
        episode=assessment.account.episodes.get(invoice.id, 1),
        needs_approval=waits.needed,
        approvers=waits.roles,
        note=f"Credit note drafted over {amount}, the prompt-payment discount ({cited(reason)})."
        if by_draft
        else f"Task opened: {task} ({cited(reason)}).",
    )
