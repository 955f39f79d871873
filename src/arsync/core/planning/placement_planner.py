"""Placements: debts that are proposed for an agency or a lawyer.

Handing a debt over is always a person's decision, so each proposal waits for approval. Never
proposed, whatever the rule says: what is disputed, and what an open promise or a payment plan that
is kept covers.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from arsync.core.actions import (
    Action,
    ActionKind,
    InvoiceRef,
    PlacementPayload,
    action_key,
)
from arsync.core.ledger.account_view import days_overdue
from arsync.core.ledger.agreements.placements import PlacementState
from arsync.core.ledger.business_days import days_in_words
from arsync.core.ledger.money import ZERO, shown
from arsync.core.ledger.records import Account, Invoice
from arsync.core.planning.account_letters import no_way
from arsync.core.planning.announcement_planner import hand_over_announced, hand_over_letter
from arsync.core.planning.assessment import Assessment, DunnedParty
from arsync.core.planning.due_steps import agreed_stop
from arsync.core.planning.plan_decisions import NOTHING, Decisions, acting, held, holding_back
from arsync.core.planning.planning_context import (
    Planning,
    because,
    cited,
    left_alone_words,
    not_written_to,
    what_is_uncertain,
)
from arsync.core.rulebook.conditions import Condition
from arsync.core.rulebook.facts import INVOICE_BY_NAME
from arsync.core.rulebook.model import PlacementRule
from arsync.core.rulebook.roles import all_asked

PLACED = INVOICE_BY_NAME["placed"]
_ABOUT_PLACEMENTS = frozenset({PLACED, INVOICE_BY_NAME["days_placed"]})


class _Proposed(NamedTuple):
    """A debt that a rule places."""

    rule: PlacementRule
    invoice: Invoice
    """With what is placed of it for its amount due."""
    episode: int
    """1 the first time that the invoice is placed."""


def plan_placements(planning: Planning, assessment: Assessment, party: DunnedParty) -> Decisions:
    """Propose the debts of one contact, one placement for each rule and currency."""
    rules = planning.assessor.rulebook.placements
    if not rules or not_written_to(party) or party.paused_by is not None:
        return NOTHING
    if left_alone_words(planning, party):
        return NOTHING
    together, decisions = _proposals(planning, assessment, party)
    uncertain = what_is_uncertain(planning, assessment.account)
    for proposed in together:
        reason = because(proposed[0].rule.place, proposed[0].rule.name)
        wait = _announced_first(planning, assessment, party, proposed[0].rule.agency)
        if uncertain:
            decisions += holding_back(held(party, uncertain, because=reason))
        elif wait is not None:
            decisions += holding_back(held(party, wait[0], next_date=wait[1], because=reason))
        else:
            decisions += acting(_action(planning, assessment, party, proposed))
    return decisions


def _proposals(
    planning: Planning, assessment: Assessment, party: DunnedParty
) -> tuple[list[list[_Proposed]], Decisions]:
    """Return the debts that rules place, together by rule and currency, and why others are not."""
    decisions = NOTHING
    together: dict[tuple[str, str], list[_Proposed]] = {}
    # What is disputed as well: the plan says that it is left out.
    overdue = (invoice for invoice in party.view.owed if invoice.due_on < planning.today)
    for invoice in overdue:
        outcome = _proposed(planning, assessment, party, invoice)
        if isinstance(outcome, Decisions):
            decisions += outcome
        else:
            together.setdefault((outcome.rule.name, invoice.currency), []).append(outcome)
    return list(together.values()), decisions


def _announced_first(
    planning: Planning, assessment: Assessment, party: DunnedParty, agency: str
) -> tuple[str, date | None] | None:
    """Return why debts are not placed yet, and until when: the customer is told before."""
    days = planning.assessor.rulebook.announcements.placement_days
    if days is None or not _is_told(planning, party):
        return None
    letter = hand_over_announced(assessment.account, party.view.contact.id, planning.today)
    if letter is not None:
        first = letter.on + timedelta(days)
        waiting = f"not placed with {agency} yet: announced on {letter.on}"
        return None if planning.today >= first else (waiting, first)
    due = hand_over_letter(planning, assessment, party, agency)
    if no_way(planning, party, due):
        return None  # a person decides on it anyway
    return f"not placed with {agency} yet: it is announced {days_in_words(days)} before", None


def _is_told(planning: Planning, party: DunnedParty) -> bool:
    """Return whether the contact is told of decisions about it; an unknown condition tells."""
    when = planning.assessor.rulebook.announcements.when
    return when.test(party.row, None) is not False


def agency_to_announce(planning: Planning, assessment: Assessment, party: DunnedParty) -> str:
    """Return the agency with which debts are to be placed once it is announced; else nothing."""
    rulebook = planning.assessor.rulebook
    if rulebook.announcements.placement_days is None or not rulebook.placements:
        return ""
    if not _is_told(planning, party):
        return ""
    contact_id, today = party.view.contact.id, planning.today
    if hand_over_announced(assessment.account, contact_id, today) is not None:
        return ""
    return agency_proposed(planning, assessment, party)


def agency_proposed(planning: Planning, assessment: Assessment, party: DunnedParty) -> str:
    """Return the agency that a rule asks to place debts of the contact with; else nothing."""
    together, _ = _proposals(planning, assessment, party)
    return together[0][0].rule.agency if together else ""


def _proposed(
    planning: Planning, assessment: Assessment, party: DunnedParty, invoice: Invoice
) -> _Proposed | Decisions:
    """Return an invoice with the first rule that places it, or why none does."""
    if assessment.account_view.placed(invoice.id) is not None:
        return NOTHING
    row = planning.assessor.invoice_row(party, invoice)
    for rule in planning.assessor.rulebook.placements:
        answer = rule.when.test(party.row, row)
        if answer is False or not may_place(rule.when, assessment, invoice):
            continue
        reason = because(rule.place, rule.name)
        if answer is None:
            unknown = planning.assessor.unknowns(rule.when, party, invoice)
            words = f"not placed by {rule.name!r}: {unknown}"
            return holding_back(held(party, words, invoice=invoice, because=reason))
        stop = agreed_stop(assessment, invoice, planning.today)
        if stop is not None:
            words, until = f"not placed with {rule.agency}: {stop[0]}", stop[1]
            stopped = held(party, words, invoice=invoice, next_date=until, because=reason)
            return holding_back(stopped)
        # What is disputed of it, or what a payment plan covers, stays here.
        debt = assessment.account_view.as_asked_for(invoice)
        proposed = _Proposed(rule, debt, times_placed(assessment.account, invoice.id) + 1)
        # What a person refused alone, or with others, stays here.
        if planning.is_done(_key(planning, party, proposed), assessment.account.done_keys):
            return NOTHING
        return proposed
    return NOTHING


def may_place(when: Condition, assessment: Assessment, invoice: Invoice) -> bool:
    """Return whether a rule may place it: what came back goes out again only if a rule asks so."""
    return invoice.id not in assessment.account_view.placements or PLACED in when.fields


def times_placed(account: Account, invoice_id: str) -> int:
    """Return how often an invoice was placed so far."""
    return sum(
        any(debt.invoice_id == invoice_id for debt in placement.debts)
        for placement in account.placements
    )


def _key(planning: Planning, party: DunnedParty, proposed: _Proposed) -> str:
    return action_key(
        ActionKind.PLACEMENT,
        planning.connection,
        party.view.contact.id,
        proposed.rule.name,
        proposed.invoice.id,
        proposed.episode,
    )


def _action(
    planning: Planning, assessment: Assessment, party: DunnedParty, proposed: list[_Proposed]
) -> Action:
    lead, contact = proposed[0], party.view.contact
    facts = planning.assessor.evidence(lead.rule.when, party, lead.invoice)
    reason = because(lead.rule.place, lead.rule.name, facts)
    refs = tuple(
        InvoiceRef(
            debt.invoice.id,
            debt.invoice.number,
            debt.invoice.amount_due,
            debt.invoice.currency,
            debt.episode,
            days_overdue=days_overdue(debt.invoice, planning.today),
            document_amount_due=assessment.account_view.document_due(debt.invoice),
            disputed=assessment.account_view.in_dispute.get(debt.invoice.id),
        )
        for debt in proposed
    )
    return Action(
        payload=PlacementPayload(lead.rule.agency),
        connection=planning.connection,
        contact_id=contact.id,
        contact_name=contact.name,
        because=reason,
        invoices=refs,
        # The oldest debt names it: one that joins while it waits does not make it another.
        subject=lead.invoice.id,
        episode=lead.episode,
        needs_approval=True,
        approvers=all_asked([lead.rule.approval], None).roles,
        note=f"Placed with {lead.rule.agency}: {debts_in_words(refs)} ({cited(reason)}).",
    )


def debts_in_words(refs: tuple[InvoiceRef, ...]) -> str:
    """Return placed debts in words: `97 days overdue, GBP 500.00 due`."""
    sums: dict[str, Decimal] = {}
    for ref in refs:
        sums[ref.currency] = sums.get(ref.currency, ZERO) + ref.amount_due
    total = " and ".join(shown(amount, currency) for currency, amount in sums.items())
    if len(refs) == 1:
        return f"{days_in_words(refs[0].days_overdue)} overdue, {total} due"
    return f"{len(refs)} invoices, {total} due in all"


def asks_about_placements(rule_fields: frozenset[object]) -> bool:
    """Return whether a condition asks about placements: it is meant for placed debts."""
    return not _ABOUT_PLACEMENTS.isdisjoint(rule_fields)


def placement_words(state: PlacementState, agency: str) -> str:
    """Return how far a placement has come, in words: `returned by Example Collections`."""
    by = {
        PlacementState.PLACED: "placed with",
        PlacementState.RECALLED: "recalled from",
        PlacementState.RETURNED: "returned by",
        PlacementState.COLLECTED: "collected by",
    }
    return f"{by.get(state, 'closed at')} {agency}"
