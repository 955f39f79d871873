"""Acceptance: what the rulebook proposes for an application for credit, and what that rests on.

The first rule that applies decides. What is unknown acts neither for nor against an applicant:
where a rule above it could have decided otherwise, had more been known, a person decides, unless
the deciding rule itself says what is to be when exactly that is unknown.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from arsync.core.ledger.agreements.credit_applications import CreditApplication, CreditOutcome
from arsync.core.ledger.payment_terms import CASH
from arsync.core.rulebook.conditions import Evidence, Known, leaves, trace
from arsync.core.rulebook.facts import (
    CONTACT_FIELDS,
    HELD_DAYS,
    Field,
    Row,
    application_row,
    in_json,
)
from arsync.core.rulebook.facts.application_facts import ApplicationOnDay
from arsync.core.rulebook.model import AcceptanceRule, Rulebook

NO_CONTACT: Row = (None,) * (len(CONTACT_FIELDS) + 1)
"""The facts of a contact that is none yet: all unknown."""

assert HELD_DAYS["contact"] == len(CONTACT_FIELDS), "the last place of a row is no fact's"


class UndecidedRule(NamedTuple):
    """A rule above the deciding one that might apply, were more known."""

    rule: AcceptanceRule
    unknown: tuple[Field, ...]

    @property
    def words(self) -> str:
        """Return `whether 'Insolvent' decides refuse is unknown: insolvency (no source told)`."""
        unknowns = ", ".join(f"{field.name} ({field.unknown})" for field in self.unknown)
        return f"whether {self.rule.name!r} decides {self.rule.decide} is unknown: {unknowns}"


class ProposedDecision(NamedTuple):
    """What the rulebook makes of an application."""

    outcome: CreditOutcome
    rule: AcceptanceRule | None
    """The rule that applies; None: none does."""
    limit: Decimal | None = None
    """In the rulebook's currency."""
    terms: str = ""
    review_on: date | None = None
    by: str = ""
    """The role that approves it; empty: whoever may decide on credit."""
    evidence: tuple[Evidence, ...] = ()
    """What the rule asked, and what it found."""
    undecided: tuple[UndecidedRule, ...] = ()
    why_asked: str = ""
    """Why a person is asked although the rule decides something else; empty: it does not."""

    @property
    def facts(self) -> dict[str, Any]:
        """Return what it rests on, for JSON."""
        return {fact.field.name: in_json(fact.field, fact.value) for fact in self.evidence}


def propose(
    rulebook: Rulebook,
    application: CreditApplication,
    today: date,
    contact_row: Row = NO_CONTACT,
) -> ProposedDecision:
    """Return what the rulebook decides about an application on a day.

    Args:
        rulebook: whose `acceptance`.
        application: as it stands.
        today: the organisation's.
        contact_row: the facts of the customer that it is about; by default it is none yet.
    """
    view = ApplicationOnDay(application, today, rulebook.currency)
    return propose_from_facts(
        rulebook, application_row(view), today, contact_row, asked=application.limit_asked
    )


def propose_from_facts(
    rulebook: Rulebook,
    facts: Row,
    today: date,
    contact_row: Row = NO_CONTACT,
    *,
    asked: Decimal | None,
) -> ProposedDecision:
    """Return what the rulebook decides, from the facts of an application; see `propose`."""
    undecided: list[UndecidedRule] = []
    for rule in rulebook.acceptance:
        traced = trace(rule.when.tree, contact_row, facts)
        if traced.answer is None:
            fields = dict.fromkeys(field for fact in traced.evidence for field in fact.unknown)
            undecided.append(UndecidedRule(rule, tuple(fields)))
        elif traced.answer:
            return _decided(rule, traced.evidence, tuple(undecided), today, asked)
    return ProposedDecision(
        CreditOutcome.ASK,
        None,
        undecided=tuple(undecided),
        why_asked="no rule of acceptance applies" if rulebook.acceptance else _NO_POLICY,
    )


_NO_POLICY = "the rulebook has no acceptance: a person decides"


class RuleRead(NamedTuple):
    """A rule of `acceptance`, and what became of reading it."""

    rule: AcceptanceRule
    answer: bool | None
    """Whether it applies; None: it is unknown."""
    evidence: tuple[Evidence, ...]
    is_read: bool = True
    """False: a rule above it has decided."""


def rules_read(
    rulebook: Rulebook,
    application: CreditApplication,
    today: date,
    contact_row: Row = NO_CONTACT,
) -> tuple[RuleRead, ...]:
    """Return every rule in its order with its answer and what it rests on; see `propose`."""
    facts = application_row(ApplicationOnDay(application, today, rulebook.currency))
    read: list[RuleRead] = []
    for rule in rulebook.acceptance:
        traced = trace(rule.when.tree, contact_row, facts)
        decided = any(earlier.answer for earlier in read)
        read.append(RuleRead(rule, traced.answer, traced.evidence, not decided))
    return tuple(read)


def _decided(
    rule: AcceptanceRule,
    evidence: tuple[Evidence, ...],
    undecided: tuple[UndecidedRule, ...],
    today: date,
    asked: Decimal | None,
) -> ProposedDecision:
    limit = rule.limit.of(asked) if rule.limit is not None else None
    terms = CASH if rule.decide is CreditOutcome.CASH else rule.terms
    proposed = ProposedDecision(
        rule.decide,
        rule,
        limit,
        terms,
        months_later(today, rule.review_months) if rule.review_months else None,
        rule.by,
        evidence,
        undecided,
    )
    if rule.decide is CreditOutcome.ASK:
        return proposed
    if rule.decide is CreditOutcome.ACCEPT and limit is None:
        reason = "no limit was asked for in the rulebook's currency"
        return proposed._replace(outcome=CreditOutcome.ASK, why_asked=reason)
    open_rule = next((open_rule for open_rule in undecided if _could_differ(open_rule, rule)), None)
    if open_rule is None:
        return proposed
    return proposed._replace(outcome=CreditOutcome.ASK, why_asked=open_rule.words)


def _could_differ(undecided: UndecidedRule, rule: AcceptanceRule) -> bool:
    """Return whether a rule above could decide otherwise by what the deciding one never asked."""
    named_unknown = {
        leaf.field
        for leaf in leaves(rule.when.tree)
        if isinstance(leaf, Known) and not leaf.is_known
    }
    return not named_unknown.issuperset(undecided.unknown) and _result(undecided.rule) != _result(
        rule
    )


def _result(rule: AcceptanceRule) -> tuple[object, ...]:
    return (rule.decide, rule.limit, rule.terms, rule.by)


def months_later(day: date, months: int) -> date:
    """Return the same day of a later month, or its last where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


OUTCOME_WORDS: Mapping[CreditOutcome, str] = {
    CreditOutcome.ACCEPT: "accepted",
    CreditOutcome.CASH: "cash on delivery",
    CreditOutcome.REFUSE: "refused",
    CreditOutcome.ASK: "a person decides",
}
"""What an application came to, for people."""
