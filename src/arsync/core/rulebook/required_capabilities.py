"""What a rulebook needs of an accounting system."""

from __future__ import annotations

from collections.abc import Iterator

from arsync.core.ledger.agreements.credit_applications import CreditOutcome
from arsync.core.ledger.payment_terms import (
    CASH,
    MONTH_DAY_MAX,
    PaymentTerm,
    TermsKind,
    terms_in_force,
)
from arsync.core.rulebook.conditions import fields_of
from arsync.core.rulebook.model import Place, Rulebook, StepKind

# The texts of `Capability`, which lives above the core.
_STEPS = {StepKind.LETTER: "attachment", StepKind.LATE_FEE: "late fee"}


def needs(rulebook: Rulebook) -> list[tuple[str, str, int]]:
    """Return each capability it needs, with the file and line that ask for it first."""
    first: dict[str, Place] = {}
    for capability, place in _asked(rulebook):
        first.setdefault(capability, place)
    return [(capability, place.file, place.line) for capability, place in first.items()]


def _of_terms(terms: PaymentTerm) -> str:
    if terms.kind is TermsKind.NAMED:
        return "payment terms by name"
    if terms.kind is not TermsKind.AFTER_INVOICE:
        return "payment terms by the month"
    return "payment terms of more than 31 days" if terms.days > MONTH_DAY_MAX else ""


def _asked(rulebook: Rulebook) -> Iterator[tuple[str, Place]]:
    for hold in rulebook.credit_holds:
        yield "credit hold", hold.place
        if hold.terms:
            yield "payment terms", hold.place
            if further := _of_terms(terms_in_force(hold.terms)):
                yield further, hold.place
    for rule in rulebook.acceptance:
        terms = CASH if rule.decide is CreditOutcome.CASH else rule.terms
        if terms:
            yield "payment terms", rule.place
            if further := _of_terms(terms_in_force(terms)):
                yield further, rule.place
    for terms_rule in rulebook.terms:
        if terms_rule.proposes:
            yield "payment terms", terms_rule.place
            if further := _of_terms(terms_in_force(terms_rule.terms)):
                yield further, terms_rule.place
    for cadence in rulebook.reminders:
        for step in cadence.steps:
            via = step.via or rulebook.sending.via
            if step.kind is StepKind.EMAIL and via == "accounting system":
                yield "email by the accounting system", step.place
            elif step.kind in _STEPS:
                yield _STEPS[step.kind], step.place
    if rulebook.bills_asked_at is not None:
        yield "bills of suppliers", rulebook.bills_asked_at
    if rulebook.sending.shows_reminder_level:
        yield "reminder level", rulebook.sending.place
    for charge in rulebook.charges:
        yield _STEPS[StepKind.LATE_FEE], charge.place
    for place, condition in rulebook.every_condition():
        if any(field.name == "contact_group" for field in fields_of(condition.tree)):
            yield "contact groups", place
