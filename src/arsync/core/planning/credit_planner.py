"""Agreed credit: a decision brought into the books, and its review when the day has come.

The decision itself was a person's, or the rulebook's with a person's approval: here it is noted
once, with the payment terms that were agreed. While a credit hold has changed the terms, they wait:
lifting the hold would put back older ones.
"""

from __future__ import annotations

from arsync.core.actions import Action, AgreedCreditPayload, Because, TaskPayload
from arsync.core.ledger.agreements.credit_applications import AgreedCredit, CreditOutcome
from arsync.core.ledger.money import plain, shown
from arsync.core.ledger.records import Account, TaskRecord
from arsync.core.planning.assessment import Assessment, DunnedParty
from arsync.core.planning.plan_decisions import NOTHING, Decisions, acting, held, holding_back
from arsync.core.planning.planning_context import Planning, cited, not_written_to

CREDIT_REVIEW = "credit review"
"""The rule of these tasks: decisions set their days, not a rule of the rulebook."""

DECIDED_BY_HAND = "credit decided by a person"
REVIEWER = "credit control"
"""Who reviews where the rulebook names nobody."""


def plan_credit(planning: Planning, assessment: Assessment, party: DunnedParty) -> Decisions:
    """Plan what a decision about one contact's credit asks for."""
    if not assessment.account.credit or not_written_to(party):
        return NOTHING
    standing = assessment.account.credit_of(party.view.contact.id)
    agreed = standing.agreed if standing is not None else None
    if agreed is None:
        return NOTHING
    decisions = _noting(planning, assessment, party, agreed)
    if agreed.review_on is not None and agreed.review_on <= planning.today:
        task = _review(planning, party, agreed)
        if not planning.is_done(task.key, assessment.account.done_keys):
            decisions += acting(task)
    return decisions


def _noting(
    planning: Planning, assessment: Assessment, party: DunnedParty, agreed: AgreedCredit
) -> Decisions:
    contact, account = party.view.contact, assessment.account
    reason = _because(agreed)
    action = Action(
        payload=AgreedCreditPayload(agreed.terms, decision=agreed.number),
        connection=planning.connection,
        contact_id=contact.id,
        contact_name=contact.name,
        because=reason,
        subject=f"decision {agreed.number}",
        note=f"Credit: {agreed_in_words(agreed)}. Decided on {agreed.decided_on} by"
        f" {agreed.decided_by} ({cited(reason)}).",
    )
    if planning.is_done(action.key, account.done_keys):
        return NOTHING
    if agreed.terms and terms_changed(account):
        words = f"{agreed.terms} as agreed waits: a credit hold has changed the payment terms"
        return holding_back(held(party, words, because=reason))
    return acting(action)


def terms_changed(account: Account) -> bool:
    """Return whether a credit hold has changed the payment terms, and they are not back yet."""
    hold = account.hold
    return account.terms_left is not None or (hold is not None and hold.terms_changed)


def _review(planning: Planning, party: DunnedParty, agreed: AgreedCredit) -> Action:
    contact, rules = party.view.contact, planning.assessor.rulebook.acceptance
    task = f"Review the credit of {contact.name}"
    by = next((rule.by for rule in rules if rule.name == agreed.rule and rule.by), REVIEWER)
    place = _because(agreed)
    return Action(
        payload=TaskPayload(task, by),
        connection=planning.connection,
        contact_id=contact.id,
        contact_name=contact.name,
        because=Because(place.file, place.line, CREDIT_REVIEW, place.facts),
        subject=f"{CREDIT_REVIEW} {agreed.number} {agreed.review_on}",
        note=f"Task opened: {task}: {agreed_in_words(agreed)}, agreed on {agreed.decided_on},"
        f" to be reviewed on {agreed.review_on}.",
    )


def review_task_gone(planning: Planning, assessment: Assessment, task: TaskRecord) -> str:
    """Return why the reason of a review's task is gone; empty while it stands."""
    standing = assessment.account.credit_of(task.contact_id)
    agreed = standing.agreed if standing is not None else None
    if agreed is None or agreed.review_on is None:
        return "no review of its credit is agreed any more"
    if agreed.review_on > planning.today:
        return (
            f"its credit was decided on {agreed.decided_on}, to be reviewed on {agreed.review_on}"
        )
    return ""


def _because(agreed: AgreedCredit) -> Because:
    facts = {"decided_on": agreed.decided_on.isoformat(), "decided_by": agreed.decided_by}
    if agreed.limit is not None:
        facts |= {"limit": plain(agreed.limit), "currency": agreed.currency}
    return Because(agreed.file, agreed.line, agreed.rule or DECIDED_BY_HAND, facts)


def agreed_in_words(agreed: AgreedCredit) -> str:
    """Return what was agreed: `accepted, limit GBP 5,000.00 until 2027-01-31, terms 30 days`."""
    if agreed.outcome is CreditOutcome.CASH:
        return CreditOutcome.CASH.value
    if agreed.outcome is CreditOutcome.REFUSE:
        return "refused"
    words = ["accepted"]
    if agreed.limit is not None:
        until = f" until {agreed.until}" if agreed.until else ""
        words.append(f"limit {shown(agreed.limit, agreed.currency)}{until}")
    if agreed.terms:
        words.append(f"terms {agreed.terms}")
    return ", ".join(words)
