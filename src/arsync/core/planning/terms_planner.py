"""Payment terms against the policy: a change in the books is proposed, and never made silently."""

from __future__ import annotations

from arsync.core.actions import Action, AgreedCreditPayload, Because
from arsync.core.ledger.terms_policy import same_terms
from arsync.core.planning.assessment import Assessment, DunnedParty
from arsync.core.planning.credit_planner import terms_changed
from arsync.core.planning.plan_decisions import NOTHING, Decisions, acting, held, holding_back
from arsync.core.planning.planning_context import (
    Planning,
    cited,
    left_alone_words,
    not_written_to,
)


def plan_terms(planning: Planning, assessment: Assessment, party: DunnedParty) -> Decisions:
    """Propose the terms of the policy for one contact whose terms in the books are others."""
    if not planning.assessor.rulebook.terms or not_written_to(party):
        return NOTHING
    if party.paused_by is not None or left_alone_words(planning, party):
        return NOTHING
    expected, contact = party.view.expected_terms, party.view.contact
    if expected is None or not expected.proposes:
        return NOTHING
    # What is unknown proposes nothing.
    if same_terms(contact.terms, expected.term) is not False:
        return NOTHING
    reason = Because(
        expected.file,
        expected.line,
        expected.rule,
        {"terms_in_books": contact.terms, "terms": expected.words},
    )
    action = Action(
        payload=AgreedCreditPayload(expected.words),
        connection=planning.connection,
        contact_id=contact.id,
        contact_name=contact.name,
        because=reason,
        # Once for each change: terms that somebody puts back by hand stay as they are.
        subject=f"policy {expected.words} for {contact.terms}",
        needs_approval=True,
        note=f"Payment terms: {expected.words} in place of {contact.terms} ({cited(reason)}).",
    )
    if planning.is_done(action.key, assessment.account.done_keys):
        return NOTHING
    if terms_changed(assessment.account):
        words = f"{expected.words} by policy waits: a credit hold has changed the payment terms"
        return holding_back(held(party, words, because=reason))
    return acting(action)
