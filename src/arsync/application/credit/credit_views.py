"""Applications for credit as JSON: on the command line and in the API alike."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from arsync.application.credit.credit_decisions import ExplainedApplication
from arsync.core.credit.acceptance import ProposedDecision, RuleRead
from arsync.core.ledger.agreements.credit_applications import (
    ApplicationState,
    CreditOutcome,
    CreditReference,
    DatumKind,
    ReferenceAnswer,
    ReferenceKind,
)
from arsync.core.rulebook.conditions import Evidence
from arsync.core.rulebook.facts import in_json
from arsync.core.rulebook.model import AcceptanceRule
from arsync.store.agreements.credit_applications import DecisionRow


class CreditBecause(Struct, frozen=True):
    """The rule that proposed something, and what it rested on."""

    file: str
    line: int
    """0: no rule did."""
    rule: str
    facts: Mapping[str, Any]


class ProposedCreditView(Struct, frozen=True):
    """What the rulebook makes of an application today."""

    decide: CreditOutcome
    limit: Decimal | None
    terms: str
    review_on: date | None
    by: str
    """Who has to decide; empty: whoever may."""
    because: CreditBecause
    why_asked: str
    undecided: tuple[str, ...]


class CreditDecisionView(Struct, frozen=True):
    """What was decided about an application."""

    number: int
    decide: CreditOutcome
    limit: Decimal | None
    currency: str
    until: date | None
    """The last day of the limit; null: for good."""
    review_on: date | None
    terms: str
    decided_on: date
    decided_by: str
    first_approved_by: str
    """Who approved it before, where one person was not enough."""
    because: CreditBecause
    reason: str
    stands: bool
    ended_by: str
    ended_why: str


class ApplicantPersonView(Struct, frozen=True):
    """Somebody of the applicant's."""

    name: str
    role: str
    email: str


class ReferenceView(Struct, frozen=True):
    """Somebody who is asked about an applicant, and the answer."""

    number: int
    kind: ReferenceKind
    name: str
    email: str
    asked_on: date | None
    answer: ReferenceAnswer | None
    """Null: nobody answered yet."""
    answered_on: date | None
    highest_credit: Decimal | None
    """The most that they let the applicant owe."""
    words: str
    known_for: str
    limit_granted: Decimal | None
    pays: str
    letter_key: str
    """Of the letter that asks it; empty: none does."""
    letter_state: str
    reminder_key: str
    reminder_state: str
    reminded_on: date | None
    letters: int


class SignedTermsView(Struct, frozen=True):
    """The terms of trade that the applicant signed."""

    file_name: str
    sha256: str
    signed_on: date
    version: str


class CreditDatumView(Struct, frozen=True):
    """One thing that a source outside said."""

    kind: DatumKind
    value: str
    source: str
    as_of: date


class ApplicationView(Struct, frozen=True):
    """An application, what the rulebook makes of it today, and what was decided."""

    connection: str
    number: int
    applicant: str
    contact_id: str
    """Empty while it is no contact of the accounting system."""
    applied_on: date
    state: ApplicationState
    limit_asked: Decimal | None
    currency: str
    terms_asked: str
    proposed: ProposedCreditView
    decisions: tuple[CreditDecisionView, ...]
    """The latest first."""
    registration_number: str
    vat_number: str
    country: str
    trading_since: date | None
    consented_on: date | None
    """The day on which it agreed that its references are asked."""
    people: tuple[ApplicantPersonView, ...]
    references: tuple[ReferenceView, ...]
    signed: SignedTermsView | None
    data: tuple[CreditDatumView, ...]
    overruled: str
    """That the rulebook's own entry counts before what was decided; empty: it does not."""


class CreditConditionView(Struct, frozen=True):
    """One question that a rule of `acceptance` asks, and what it found."""

    fact: str
    value: Any
    """Null: unknown."""
    expectation: str
    """`at least 70`."""
    answer: bool | None
    """Null: it cannot be told."""
    sources: str
    """Which sources said so; empty: it comes from the application or the books."""
    file: str
    line: int


class CreditRuleView(Struct, frozen=True):
    """A rule of `acceptance`, and what became of reading it."""

    file: str
    line: int
    rule: str
    decide: CreditOutcome
    is_read: bool
    """False: a rule above it decides."""
    decides: bool
    """Whether this is the rule by which it is decided."""
    answer: bool | None
    """Whether it applies; null: that is unknown, or it was not read."""
    conditions: tuple[CreditConditionView, ...]
    """Empty: it asks nothing, or was not read."""


class ApplicationWhyView(ApplicationView, frozen=True, kw_only=True):
    """An application with every rule of `acceptance`, in their order."""

    rules: tuple[CreditRuleView, ...]


def application_why_view(explanation: ExplainedApplication) -> ApplicationWhyView:
    """Return the JSON view of an application with every rule that was read, and its answers."""
    return ApplicationWhyView(
        **asdict(application_view(explanation)),
        rules=tuple(_rule_view(explanation, rule_read) for rule_read in explanation.rules),
    )


def _rule_view(explanation: ExplainedApplication, rule_read: RuleRead) -> CreditRuleView:
    rule = rule_read.rule
    return CreditRuleView(
        rule.place.file,
        rule.place.line,
        rule.name,
        rule.decide,
        rule_read.is_read,
        rule is explanation.proposed.rule,
        rule_read.answer if rule_read.is_read else None,
        tuple(
            _condition_view(explanation, rule_read.rule, evidence)
            for evidence in rule_read.evidence
        )
        if rule_read.is_read
        else (),
    )


def _condition_view(
    explanation: ExplainedApplication, rule: AcceptanceRule, evidence: Evidence
) -> CreditConditionView:
    at = evidence.at or rule.place
    return CreditConditionView(
        evidence.field.name,
        in_json(evidence.field, evidence.value),
        evidence.expectation,
        evidence.answer,
        explanation.sources_of(evidence.field),
        at.file,
        at.line,
    )


def application_view(explanation: ExplainedApplication) -> ApplicationView:
    """Return the JSON view of an application and what the rulebook makes of it."""
    application = explanation.application
    return ApplicationView(
        explanation.organisation.name,
        application.number,
        application.name,
        application.contact_id,
        application.applied_on,
        ApplicationState(explanation.state),
        application.limit_asked,
        application.currency,
        application.terms_asked,
        _proposed_view(explanation.proposed),
        tuple(_decision_view(decision) for decision in explanation.decisions),
        application.registration_number,
        application.vat_number,
        application.country,
        application.trading_since,
        application.consented_on,
        tuple(ApplicantPersonView(*person) for person in application.people),
        tuple(reference_view(reference) for reference in application.references),
        SignedTermsView(*application.signed) if application.signed else None,
        tuple(CreditDatumView(*datum) for datum in application.data),
        explanation.overruled,
    )


def reference_view(reference: CreditReference) -> ReferenceView:
    """Return the JSON view of a reference."""
    return ReferenceView(*reference)


def _proposed_view(proposed: ProposedDecision) -> ProposedCreditView:
    rule = proposed.rule
    place = (rule.place.file, rule.place.line, rule.name) if rule else ("", 0, "")
    return ProposedCreditView(
        proposed.outcome,
        proposed.limit,
        proposed.terms,
        proposed.review_on,
        proposed.by,
        CreditBecause(*place, proposed.facts),
        proposed.why_asked,
        tuple(undecided.words for undecided in proposed.undecided),
    )


def _decision_view(decision: DecisionRow) -> CreditDecisionView:
    agreed = decision.agreed
    return CreditDecisionView(
        agreed.number,
        agreed.outcome,
        agreed.limit,
        agreed.currency,
        agreed.until,
        agreed.review_on,
        agreed.terms,
        agreed.decided_on,
        agreed.decided_by,
        decision.first_approved_by,
        CreditBecause(agreed.file, agreed.line, agreed.rule, decision.facts),
        decision.reason,
        decision.stands,
        decision.ended_by,
        decision.ended_why,
    )
