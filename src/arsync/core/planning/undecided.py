"""What is not certainly over: why an action that is planned no longer may have its reason still.

Only yes acts, and ending is an act too. An action that waits is withdrawn when its reason is
certainly gone; while a figure that its reason rests on is unknown, it goes on waiting.
"""

from __future__ import annotations

from collections.abc import Mapping

from arsync.core.actions import Action, ActionKind
from arsync.core.actions.registry import HOLD_KINDS, KINDS_AGAINST_CUSTOMERS, LIFTING_KINDS
from arsync.core.ledger.records import Account, Invoice
from arsync.core.planning.assessment import Assessment, DunnedParty
from arsync.core.planning.cadence_trials import stands_beside
from arsync.core.planning.hold_planner import decided_by_person, open_reasons
from arsync.core.planning.planning_context import (
    Planning,
    left_alone_words,
    not_written_to,
    what_is_uncertain,
    what_may_be_missing,
)
from arsync.core.rulebook.model import (
    AfterIssue,
    AlertRule,
    Cadence,
    Charge,
    Discount,
    FollowUp,
    PlacementRule,
    StatementRule,
    WriteOff,
)

_InvoiceRule = (
    FollowUp | Charge | Discount | PlacementRule | WriteOff | AlertRule | StatementRule | AfterIssue
)

_OF_HOLDS = HOLD_KINDS | LIFTING_KINDS | {ActionKind.HOLD_REASONS}


def undecided_about(planning: Planning, account: Account, action: Action) -> str:
    """Return what is unknown about the reason of an action that the plan lacks, in words.

    Args:
        planning: of the day.
        account: the action's.
        action: what waits. Its invoices are there and still owed: else its end is certain.

    Returns:
        The words; empty when the reason is certainly gone.
    """
    assessment = planning.assessor.assess(account)
    party = _party(assessment, action.contact_id)
    if not_written_to(party):
        return ""
    if party.left_alone is not None:
        # A rule that certainly leaves the customer alone ends it; one that may, does not.
        alone = left_alone_words(planning, party)
        return "" if party.left_alone.answer or alone is None else alone[0]
    if action.kind in _OF_HOLDS and decided_by_person(planning, account) is not None:
        return ""  # whatever the rules may say
    if action.kind in _OF_HOLDS:
        return "; ".join(reason.words for reason in open_reasons(planning, assessment))
    if action.kind is ActionKind.REMINDER_LEVEL:
        return what_may_be_missing(planning, account)
    if action.kind in KINDS_AGAINST_CUSTOMERS and (
        uncertain := what_is_uncertain(planning, assessment.account)
    ):
        return uncertain
    if action.kind is ActionKind.ACCOUNT_LETTER and (
        missing := what_may_be_missing(planning, account)
    ):
        return missing
    name = action.payload.cadence_name or action.because.rule
    steps = {ref.id: (ref.day, ref.slot) for ref in action.invoices}
    return unknown_of_rule(planning, assessment, party, name, steps)


def _party(assessment: Assessment, contact_id: str) -> DunnedParty:
    for party in assessment.parties:
        if party.view.contact.id == contact_id:
            return party
    return assessment.root


def unknown_of_rule(
    planning: Planning,
    assessment: Assessment,
    party: DunnedParty,
    name: str,
    steps: Mapping[str, tuple[int, str]],
) -> str:
    """Return what is unknown in a rule, or in a cadence, about some invoices; empty: nothing.

    Args:
        planning: of the day.
        assessment: of the account.
        party: the contact.
        name: of the rule or the cadence.
        steps: by invoice id, day and slot of the step; of a rule without steps they count nothing.
    """
    rulebook = planning.assessor.rulebook
    invoices = [invoice for invoice in assessment.account_view.owed if invoice.id in steps]
    for cadence in rulebook.reminders:
        if cadence.name == name:
            return _unknown_of_cadence(planning, party, cadence, invoices, steps)
    rules: list[_InvoiceRule] = [
        *rulebook.follow_ups,
        *rulebook.charges,
        *rulebook.discounts,
        *rulebook.placements,
        *rulebook.write_offs,
        *rulebook.alerts,
        *rulebook.statements,
        *rulebook.after_issue,
    ]
    for rule in rules:
        if rule.name == name:
            return _unknown_of_rule_of_invoices(planning, party, rule, invoices)
    return ""


def _unknown_of_cadence(
    planning: Planning,
    party: DunnedParty,
    cadence: Cadence,
    invoices: list[Invoice],
    steps: Mapping[str, tuple[int, str]],
) -> str:
    """Return what is unknown of a cadence, and of the step of each invoice."""
    assessor = planning.assessor
    # One that is tried has the customers of the cadence beside which it stands.
    when = stands_beside(assessor.rulebook, cadence).when
    if when.test(party.row, None) is None:
        return assessor.unknowns(when, party)
    if when.test(party.row, None) is False:
        return ""
    for invoice in invoices:
        conditions = [
            step.when for step in cadence.steps if (step.day, step.slot) == steps[invoice.id]
        ]
        for condition in (cadence.skip_invoices_when, *conditions):
            if condition is None:
                continue
            if condition.test(party.row, assessor.invoice_row(party, invoice)) is None:
                return assessor.unknowns(condition, party, invoice)
    return ""


def _unknown_of_rule_of_invoices(
    planning: Planning,
    party: DunnedParty,
    rule: _InvoiceRule,
    invoices: list[Invoice],
) -> str:
    assessor = planning.assessor
    if all(field.of == "contact" for field in rule.when.fields):
        unknown = rule.when.test(party.row, None) is None
        return assessor.unknowns(rule.when, party) if unknown else ""
    for invoice in invoices:
        if rule.when.test(party.row, assessor.invoice_row(party, invoice)) is None:
            return assessor.unknowns(rule.when, party, invoice)
    return ""
