"""Letters about a payment plan that a person asks for: true of the plan as it stands, or refused.

They have the keys of the rules' letters, so one leaves once for one instalment, whoever asks.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from arsync.core.actions import Action, ActionKind, ReminderPayload, Via, payload_of
from arsync.core.actions.message_words import sent_words
from arsync.core.ledger.agreements.payment_plans import (
    JudgedInstalment,
    JudgedPlan,
    PaymentPlanState,
)
from arsync.core.ledger.money import shown
from arsync.core.planning.assessment import Assessment, DunnedParty
from arsync.core.planning.instalment_planner import PlanLetter, owed_of, plan_letter_action
from arsync.core.planning.letter_stops import what_stops_letters
from arsync.core.planning.planning_context import Planning, what_is_uncertain
from arsync.core.planning.untrue_letters import Untrue
from arsync.core.planning.ways import missing_way
from arsync.core.rulebook.model import INSTALMENT_DUE, INSTALMENT_MISSED, PLAN_AGREED

PLAN_TEXTS = {PLAN_AGREED: "confirm", INSTALMENT_DUE: "announce", INSTALMENT_MISSED: "chase"}
"""The letters about payment plans, with the key of `payment_plans` that sends each by rule."""


def asked_plan_letter(
    planning: Planning,
    assessment: Assessment,
    party: DunnedParty,
    text: str,
    plan_id: int | None,
    who: str,
) -> Action | Untrue:
    """Return a letter about a payment plan that a person asks for.

    Args:
        planning: of today.
        assessment: of the customer's account.
        party: the contact that is written to.
        text: of `PLAN_TEXTS`.
        plan_id: which plan; None: the one that there is.
        who: asks, for the note in the books; empty: it is asked again whether it is true.
    """
    judged = _plan(assessment, party, plan_id)
    if isinstance(judged, Untrue):
        return judged
    about = judged.following
    if about is None or not owed_of(party, judged):
        return Untrue(f"nothing is to come of payment plan {judged.plan.id}")
    untrue = _why_untrue(planning, text, judged, about) or _stop(planning, assessment, party)
    if untrue is not None:
        return untrue
    letter = PlanLetter(text, judged, about, PLAN_TEXTS[text])
    action = plan_letter_action(planning, party, letter)
    payload = replace(payload_of(action, ReminderPayload), waits_for="")
    sent = sent_words(ActionKind.REMINDER, text, Via.SMTP)
    note = f"{sent}, about payment plan {judged.plan.id}, asked for by {who}."
    return replace(action, payload=payload, not_before=None, note=note)


def _plan(assessment: Assessment, party: DunnedParty, plan_id: int | None) -> JudgedPlan | Untrue:
    """Return the plan that a letter is about: the one that is named, or that stands alone."""
    contact = party.view.contact
    plans = [
        judged
        for judged in assessment.account_view.payment_plans
        if judged.plan.contact_id == contact.id
    ]
    standing = [judged for judged in plans if judged.is_standing]
    if plan_id is not None:
        named = next((judged for judged in plans if judged.plan.id == plan_id), None)
        if named is None:
            return Untrue(f"{contact.name} has no payment plan {plan_id}", _which(standing))
        if not named.is_standing:
            return Untrue(f"payment plan {plan_id} is {named.state}", _which(standing))
        return named
    if not standing:
        return Untrue(f"no payment plan stands with {contact.name}", "`arsync agree` makes one")
    if len(standing) > 1:
        words = f"{contact.name} has {len(standing)} payment plans"
        return Untrue(words, _which(standing))
    return standing[0]


def _which(standing: Sequence[JudgedPlan]) -> str:
    if not standing:
        return ""
    each = (
        f"--plan {judged.plan.id} (of {judged.plan.made_on},"
        f" {shown(judged.outstanding, judged.plan.currency)} to come)"
        for judged in standing
    )
    return "say which: " + ", or ".join(each)


def _why_untrue(
    planning: Planning, text: str, judged: JudgedPlan, about: JudgedInstalment
) -> Untrue | None:
    """Return why a letter would not be true of the instalment that comes next."""
    which = f"instalment {about.number} of payment plan {judged.plan.id}"
    is_late = judged.state is PaymentPlanState.LATE
    if text == INSTALMENT_MISSED and not is_late:
        return Untrue(f"no instalment was missed: {which} is due on {about.due_on}")
    if text == INSTALMENT_DUE and about.due_on < planning.today:
        return Untrue(f"{which} was due on {about.due_on}", f"send {INSTALMENT_MISSED!r}")
    return None


def _stop(planning: Planning, assessment: Assessment, party: DunnedParty) -> Untrue | None:
    name = party.view.contact.name
    stop = what_stops_letters(planning, party, what_is_uncertain(planning, assessment.account))
    if stop is not None:
        return Untrue(f"{name}: {stop.reason}")
    lacking = missing_way(planning, Via.SMTP) if party.view.email() else "no email address"
    return Untrue(f"{name}: {lacking}") if lacking else None
