"""Credit holds: placed while there is a reason, lifted when there is none."""

from __future__ import annotations

from typing import NamedTuple

from arsync.core.actions import (
    Action,
    ActionKind,
    Because,
    CreditHoldPayload,
    HoldReasonsPayload,
    LiftCreditHoldPayload,
    Payload,
    RestoreTermsPayload,
    TermsPayload,
    action_key,
)
from arsync.core.actions.registry import KINDS, LIFTING_KINDS
from arsync.core.ledger.records import (
    Account,
    Contact,
    ContactStatus,
    HoldDecision,
    StandingHold,
)
from arsync.core.planning.assessment import Assessment, DunnedParty
from arsync.core.planning.hold_words import (
    because_of_end,
    colleagues_told,
    is_by_hand_alone,
    reasons_said,
    release_asked,
    what_ended,
)
from arsync.core.planning.plan import HeldBack
from arsync.core.planning.plan_decisions import NOTHING, Decisions, acting, held, holding_back
from arsync.core.planning.planning_context import (
    Planning,
    because,
    cited,
    left_alone_words,
    not_written_to,
    pause_words,
    what_is_uncertain,
    what_may_be_missing,
)
from arsync.core.rulebook.facts.movement import days_later
from arsync.core.rulebook.model import CreditHold
from arsync.core.rulebook.roles import NOT_ASKED, AskedApproval, any_asked

HOLD = "credit hold"
TERMS = "payment terms"
NO_TERMS = "taking payment terms off"

NOT_TO_GIVE_BACK = (
    "the payment terms are not changed: the customer has none of its own in the accounting system,"
    " which cannot take terms off again; give it terms there, and they are changed"
)

BY_HAND = "by hand"
"""In place of a rule's name: a person decided."""


def plan_hold(planning: Planning, assessment: Assessment) -> Decisions:
    """Plan the hold of one account: place, lift, change and restore terms."""
    account = assessment.account
    nothing_stands = account.hold is None and account.terms_left is None
    decided = account.undone or account.refused or account.hold_decision
    # Even without hold rules there may be a hold to lift: deleting the rules must not leave a
    # customer on hold for good.
    if not planning.assessor.rulebook.credit_holds and nothing_stands and not decided:
        return NOTHING
    root, hold = assessment.root, account.hold
    stopped = not_written_to(root)
    if stopped:
        # Nothing is written to such a contact, but a hold on it is still reported.
        concerned = assessment.reasons or hold or account.terms_left
        return holding_back(held(root, stopped)) if concerned else NOTHING
    return _restore_left(planning, assessment) + _place_or_lift(planning, assessment)


def _place_or_lift(planning: Planning, assessment: Assessment) -> Decisions:
    account, root, hold = assessment.account, assessment.root, assessment.account.hold
    alone = left_alone_words(planning, root)
    if alone is not None:
        # Only a rule that certainly holds lifts: while it is unknown, nothing changes either way.
        if hold is not None and _is_left_alone(assessment):
            return _lift(planning, assessment, alone[0])
        if hold is not None:
            return holding_back(held(root, f"the credit hold stays: {alone[0]}", because=alone[1]))
        if assessment.reasons:
            return holding_back(held(root, f"no credit hold: {alone[0]}", because=alone[1]))
        return NOTHING
    decision = decided_by_person(planning, account)
    # What a person decided comes before pauses, figures and rules.
    if decision is not None:
        return _as_decided(planning, assessment, decision)
    return _as_the_rules_say(planning, assessment)


def decided_by_person(planning: Planning, account: Account) -> HoldDecision | None:
    """Return what a person decided about the debtor's hold, if that stands on the day."""
    decision = account.hold_decision
    return decision if decision is not None and decision.stands_on(planning.today) else None


def _as_decided(planning: Planning, assessment: Assessment, decision: HoldDecision) -> Decisions:
    """Hold or release as a person decided, until that ends."""
    root, hold = assessment.root, assessment.account.hold
    next_date = None if decision.until is None else days_later(decision.until, 1)
    if not decision.is_hold:
        if hold is not None:
            return _lift(planning, assessment, decision.words)
        if assessment.reasons:
            reason = f"no credit hold: {decision.words}"
            return holding_back(held(root, reason, next_date=next_date))
        over = decision.until is None and not open_reasons(planning, assessment)
        contacts = tuple(contact.id for contact in assessment.account.contacts)
        return Decisions(ended_releases=contacts) if over else NOTHING
    if hold is not None and hold.contact_id == root.view.contact.id:
        if assessment.reasons:
            return _place(planning, assessment)
        stays = held(root, f"the credit hold stays: {decision.words}", next_date=next_date)
        return holding_back(stays) + _update(planning, assessment, hold)
    return _hold_by_hand(planning, assessment, decision)


def _hold_by_hand(planning: Planning, assessment: Assessment, decision: HoldDecision) -> Decisions:
    episode = assessment.account.last_hold_episode + 1
    names = (decision.words, *(rule.name for rule in assessment.reasons))
    reasons_text = reasons_said(planning, assessment, assessment.reasons)
    action = _action(
        planning,
        assessment,
        CreditHoldPayload(
            reasons=names, children=_children(assessment), tell=colleagues_told(assessment.reasons)
        ),
        Because("", 0, BY_HAND),
        episode=episode,
        note=f"Credit hold placed: {'; '.join(filter(None, (decision.words, reasons_text)))}.",
    )
    placed = _unless_done(planning, assessment, action, HOLD)
    return placed + _change_terms(planning, assessment, episode)


def _as_the_rules_say(planning: Planning, assessment: Assessment) -> Decisions:
    account, root, hold = assessment.account, assessment.root, assessment.account.hold
    if assessment.reasons and (pause := pause_words(root)) is not None:
        # A pause places nothing, and keeps nothing: a hold without a reason is lifted meanwhile.
        if hold is not None:
            return NOTHING
        return holding_back(
            held(
                root,
                f"no credit hold: {pause.reason}",
                next_date=pause.next_date,
                because=pause.because,
            )
        )
    if assessment.reasons:
        uncertain = what_is_uncertain(planning, account)
        if not uncertain:
            return _place(planning, assessment)
        # Figures in doubt place no hold. A hold in place stays: its reason was certain then.
        return NOTHING if hold is not None else holding_back(_not_placed(root, uncertain))
    return _end_or_keep(planning, assessment)


def _not_placed(root: DunnedParty, uncertain: str) -> HeldBack:
    return held(root, f"no credit hold: {uncertain}")


def _end_or_keep(planning: Planning, assessment: Assessment) -> Decisions:
    """Decide where no reason certainly stands: ending is an act, and needs a certain no."""
    account = assessment.account
    if account.hold is not None:
        still_open = open_reasons(planning, assessment)
        # What no rule ever asked for, no rule's doubt keeps: it ends on the day it was given.
        if still_open and not is_by_hand_alone(account.hold):
            return _kept(assessment, "the credit hold stays", still_open)
        return _lift(planning, assessment)
    if assessment.undecided:
        return _report_undecided(planning, assessment)
    # What was undone or refused for this reason ends with it: a new reason is judged afresh.
    ended = tuple(sorted({*account.undone, *account.refused}))
    if not ended or open_reasons(planning, assessment):
        return NOTHING
    return Decisions(ended_refusals=ended)


class OpenReason(NamedTuple):
    """A reason to hold that is neither certain nor certainly gone."""

    words: str
    """What is unknown, and why."""
    because: Because | None
    """The rule; None when it is about the figures of all rules."""


def open_reasons(
    planning: Planning, assessment: Assessment, *, with_terms: bool = False
) -> list[OpenReason]:
    """Return every hold rule that may still ask for a hold, with what is unknown about it.

    Args:
        planning: of the day.
        assessment: of the account.
        with_terms: True to look at rules only that change the terms.
    """
    assessor, root = planning.assessor, assessment.root
    rules = [rule for rule in assessor.rulebook.credit_holds if rule.terms or not with_terms]
    if not rules:
        # Deleting the rules ends their holds for certain, whatever the figures are.
        return []
    if uncertain := what_may_be_missing(planning, assessment.account):
        return [OpenReason(uncertain, None)]
    return [
        OpenReason(
            f"{rule.name!r} is not certainly over: {assessment.doubt_about(assessor, rule)}",
            because(rule.place, rule.name, assessor.evidence(rule.when, root)),
        )
        for rule in (*assessment.undecided, *assessment.undecided_by_limit)
        if rule in rules
    ]


def _kept(assessment: Assessment, what: str, reasons: list[OpenReason]) -> Decisions:
    return holding_back(
        *(
            held(assessment.root, f"{what}: {reason.words}", because=reason.because)
            for reason in reasons
        )
    )


def _is_left_alone(assessment: Assessment) -> bool:
    left_alone = assessment.root.left_alone
    return left_alone is not None and left_alone.answer is True


def _place(planning: Planning, assessment: Assessment) -> Decisions:
    account, root = assessment.account, assessment.root
    # A hold of a contact that has a parent now is lifted; the parent gets its own.
    hold = account.hold
    if hold is not None and hold.contact_id != root.view.contact.id:
        hold = None
    # Each hold is an episode with keys of its own, so that a new one does not count as done.
    episode = hold.episode if hold else account.last_hold_episode + 1
    if hold is not None:
        decisions = _update(planning, assessment, hold) + _refusals_over(planning, account, hold)
        if hold.terms_changed:
            return decisions
        return decisions + _change_terms(planning, assessment, episode)
    first = assessment.reasons[0]
    action = _action(
        planning,
        assessment,
        CreditHoldPayload(
            reasons=tuple(rule.name for rule in assessment.reasons),
            children=_children(assessment),
            tell=colleagues_told(assessment.reasons),
        ),
        _because_of(planning, assessment, first),
        episode=episode,
        # One reason that needs no approval is enough to place the hold.
        asked=any_asked((rule.approval for rule in assessment.reasons), root.view.balance),
        note=f"Credit hold placed: {reasons_said(planning, assessment, assessment.reasons)}.",
    )
    decisions = _unless_done(planning, assessment, action, HOLD)
    return decisions + _change_terms(planning, assessment, episode)


def _refusals_over(planning: Planning, account: Account, hold: StandingHold) -> Decisions:
    """End the refusals of lifting the hold: a reason stands again, its end is a new question."""
    if not account.refused:
        return NOTHING
    keys = {_key(planning, kind, hold) for kind in LIFTING_KINDS}
    ended = tuple(sorted(keys & account.refused))
    return Decisions(ended_refusals=ended) if ended else NOTHING


def _key(planning: Planning, kind: ActionKind, hold: StandingHold) -> str:
    return action_key(kind, planning.connection, hold.contact_id, "", "", hold.episode)


def _update(planning: Planning, assessment: Assessment, hold: StandingHold) -> Decisions:
    """Write the reasons anew when other rules ask for the hold than the books show.

    Figures move every day: a note a day would bury what people write. Which rules ask for the hold
    is what they need to know, so only a change of that is written, with the figures of its day.
    """
    # A reason that nobody can decide at present has not ended.
    standing = [
        rule
        for rule in planning.assessor.rulebook.credit_holds
        if rule in assessment.reasons
        or (rule in assessment.undecided and rule.name in hold.reasons)
    ]
    decision = decided_by_person(planning, assessment.account)
    by_hand = (decision.words,) if decision is not None and decision.is_hold else ()
    names = (*by_hand, *(rule.name for rule in standing))
    if not hold.reasons or set(names) == set(hold.reasons):
        return NOTHING
    action = _action(
        planning,
        assessment,
        HoldReasonsPayload(
            reasons=names,
            shown=hold.reasons,
            hold=_key(planning, ActionKind.CREDIT_HOLD, hold),
            children=tuple(
                id_ for id_ in _noted_on(assessment, hold) if id_ in _children(assessment)
            ),
            tell=colleagues_told(standing, already=hold.mailed),
        ),
        _because_of(planning, assessment, standing[0]) if standing else Because("", 0, BY_HAND),
        episode=hold.episode,
        # Numbered: a reason that comes, goes and comes again is written each time.
        subject=f"{hold.updates + 1}: {'; '.join(names)}",
        note="Credit hold, reasons now: "
        + "; ".join(filter(None, (*by_hand, reasons_said(planning, assessment, standing))))
        + ".",
    )
    return _unless_done(planning, assessment, action, HOLD)


def _change_terms(planning: Planning, assessment: Assessment, episode: int) -> Decisions:
    rule = next((reason for reason in assessment.reasons if reason.terms), None)
    # Terms that an earlier hold left behind are not changed twice: otherwise the terms put back in
    # the end would not be the customer's own.
    if rule is None or assessment.account.terms_left is not None:
        return NOTHING
    reason = _because_of(planning, assessment, rule)
    action = _action(
        planning,
        assessment,
        TermsPayload(rule.terms, _with_terms_to_give_back(planning, assessment)),
        reason,
        episode=episode,
        # The change of terms follows its own rule, whatever else is a reason to hold.
        asked=any_asked([rule.approval], assessment.root.view.balance),
        note=f"Payment terms changed to {rule.terms} during the credit hold ({cited(reason)}).",
    )
    if not assessment.root.view.contact.terms and NO_TERMS not in planning.offers:
        # What cannot be given back is not taken: it would outlast the hold.
        return holding_back(held(assessment.root, NOT_TO_GIVE_BACK, because=reason))
    return _unless_done(planning, assessment, action, TERMS)


def _lift(planning: Planning, assessment: Assessment, excluded: str = "") -> Decisions:
    """Lift the standing hold; the rule whose hold it was is cited, for no rule asks for lifting."""
    hold = assessment.account.hold
    assert hold is not None, "only a standing hold is lifted"
    reason = because_of_end(planning, assessment, hold)
    ended = f"{excluded} ({cited(reason)})" if excluded else what_ended(planning, assessment, hold)
    # Who is left alone, or released by a person, waits for no second word.
    release = NOT_ASKED if excluded else release_asked(planning, hold)
    lifted = _action(
        planning,
        assessment,
        LiftCreditHoldPayload(hold.since, _noted_on(assessment, hold), hold.mailed),
        reason,
        episode=hold.episode,
        asked=release,
        note=f"Credit hold lifted: {ended or cited(reason)}.",
        contact=_held_contact(assessment, hold),
    )
    decisions = _unless_done(planning, assessment, lifted, HOLD)
    if not hold.terms_changed:
        return decisions
    return decisions + _restore(planning, assessment, hold, asked=release)


def _restore_left(planning: Planning, assessment: Assessment) -> Decisions:
    """Put back the terms that a hold left behind, unless the next hold asks for the same ones."""
    # Changed terms are always put back, even when the hold itself was never placed, or was lifted
    # by a run that ended before the terms followed.
    standing_hold = assessment.account.terms_left
    if standing_hold is None:
        return NOTHING
    decision = decided_by_person(planning, assessment.account)
    is_released = decision is not None and not decision.is_hold
    if not _is_left_alone(assessment) and not is_released:
        if any(rule.terms for rule in assessment.reasons):
            return NOTHING
        # Giving terms back is ending as well: it needs a certain no.
        still_open = open_reasons(planning, assessment, with_terms=True)
        if still_open:
            return _kept(assessment, "the terms of the credit hold stay", still_open)
    return _restore(planning, assessment, standing_hold)


def _restore(
    planning: Planning,
    assessment: Assessment,
    hold: StandingHold,
    *,
    asked: AskedApproval = NOT_ASKED,
) -> Decisions:
    reason = because_of_end(planning, assessment, hold)
    restored = _action(
        planning,
        assessment,
        RestoreTermsPayload(children=_noted_on(assessment, hold)),
        reason,
        episode=hold.episode,
        asked=asked,
        note=f"Payment terms restored: the credit hold is lifted ({cited(reason)}).",
        contact=_held_contact(assessment, hold),
    )
    return _unless_done(planning, assessment, restored, TERMS)


def _held_contact(assessment: Assessment, hold: StandingHold) -> Contact:
    """Return whom the hold was placed on: the debtor, or a contact that was one before."""
    # Lifted where it was placed, even if a parent answers for the contact by now.
    contacts = assessment.account.contacts
    return next((contact for contact in contacts if contact.id == hold.contact_id), contacts[0])


def _because_of(planning: Planning, assessment: Assessment, rule: CreditHold) -> Because:
    facts = planning.assessor.evidence(rule.when, assessment.root)
    return because(rule.place, rule.name, facts)


def _action(
    planning: Planning,
    assessment: Assessment,
    payload: Payload,
    reason: Because,
    *,
    episode: int,
    note: str,
    subject: str = "",
    asked: AskedApproval = NOT_ASKED,
    contact: Contact | None = None,
) -> Action:
    contact = contact or assessment.root.view.contact
    return Action(
        payload=payload,
        connection=planning.connection,
        contact_id=contact.id,
        contact_name=contact.name,
        because=reason,
        subject=subject,
        episode=episode,
        needs_approval=asked.needed,
        approvers=asked.roles,
        note=note,
    )


def _unless_done(
    planning: Planning, assessment: Assessment, action: Action, capability: str
) -> Decisions:
    """Return the decision to act, or what stops it: the platform, or what people decided."""
    lacking = planning.lacks(capability)
    if lacking:
        return holding_back(held(assessment.root, lacking, because=action.because))
    if not planning.is_done(action.key, assessment.account.done_keys):
        return acting(action)
    undone = assessment.account.undone.get(action.key)
    if undone:
        reason = (
            f"{KINDS[action.kind].thing} was undone by {undone}: it is not repeated while a reason "
            f"remains, unless you allow it: `arsync undo {action.key[:12]} --allow-again`"
        )
    else:
        # What is done does not come here again: it was refused, or nobody knows its outcome.
        reason = KINDS[action.kind].refused_words.format(key=action.key[:12])
    return holding_back(held(assessment.root, reason, because=action.because))


def _children(assessment: Assessment) -> tuple[str, ...]:
    """Return the children that are invoiced: the hold covers them, and is shown on them."""
    if len(assessment.account.contacts) == 1:
        return ()
    invoiced = {invoice.contact_id for invoice in assessment.account.invoices}
    # A child that is left alone is covered, but not noted: nothing is ever written to it.
    alone = {
        party.view.contact.id
        for party in assessment.parties
        if party.left_alone is not None and party.view.contact.id != assessment.root.view.contact.id
    }
    return tuple(
        contact.id
        for contact in assessment.account.contacts[1:]
        if contact.status == ContactStatus.ACTIVE
        and contact.id in invoiced
        and contact.id not in alone
    )


def _with_terms_to_give_back(planning: Planning, assessment: Assessment) -> tuple[str, ...]:
    """Return the children whose terms can be changed, because they can be given back."""
    with_terms = {contact.id for contact in assessment.account.contacts if contact.terms}
    takes_off = NO_TERMS in planning.offers
    return tuple(id_ for id_ in _children(assessment) if takes_off or id_ in with_terms)


def _noted_on(assessment: Assessment, hold: StandingHold) -> tuple[str, ...]:
    """Return the children that a standing hold was noted on, and that can be written to still."""
    # A hold that is older than this parent was never noted on its other children.
    if hold.contact_id != assessment.root.view.contact.id:
        return ()
    active = {
        contact.id
        for contact in assessment.account.contacts
        if contact.status == ContactStatus.ACTIVE
    }
    return tuple(id_ for id_ in hold.children if id_ in active)


def _report_undecided(planning: Planning, assessment: Assessment) -> Decisions:
    """Report the hold rules that could not be decided, for contacts that owe something."""
    root = assessment.root
    if not root.view.owed:
        return NOTHING
    return holding_back(
        *(
            held(
                root,
                f"no credit hold for {rule.name!r}: {planning.assessor.unknowns(rule.when, root)}",
                because=because(rule.place, rule.name, planning.assessor.evidence(rule.when, root)),
            )
            for rule in assessment.undecided
        )
    )
