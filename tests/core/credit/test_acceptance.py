"""What the rulebook makes of an application: the first rule that applies, and what is unknown."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.core.credit.acceptance import ProposedDecision, months_later, propose
from arsync.core.ledger.agreements.credit_applications import (
    CreditApplication,
    CreditDatum,
    CreditOutcome,
    DatumKind,
    SignedTerms,
)

TODAY = date(2026, 11, 20)
HEAD = "version: 1\ncurrency: GBP\nroles: {finance director: fd@example.com}\n"
POLICY = (
    "acceptance:\n"
    "  - {name: Known and small, when: {score: {at_least: 70}, limit_asked: {at_most: 5000},"
    " signed_terms: yes}, decide: accept, limit: limit_asked, terms: 30 days,"
    " review: every 12 months}\n"
    "  - {name: No history, when: {score: unknown}, decide: cash on delivery}\n"
    "  - {name: The rest, decide: ask, by: finance director}\n"
)
SIGNED = SignedTerms("terms.pdf", "a" * 64, date(2026, 11, 1), "2026")


def an_application(
    score: str = "", asked: str = "4000", *, signed: bool = True, insolvency: str = ""
) -> CreditApplication:
    told = {DatumKind.SCORE: score, DatumKind.INSOLVENCY: insolvency}
    return CreditApplication(
        1,
        "Northwind Ltd",
        TODAY,
        limit_asked=Decimal(asked) if asked else None,
        currency="GBP",
        signed=SIGNED if signed else None,
        data=tuple(
            CreditDatum(kind, value, "bureau", TODAY) for kind, value in told.items() if value
        ),
    )


def proposed(policy: str, application: CreditApplication) -> ProposedDecision:
    return propose(a_rulebook(HEAD + policy), application, TODAY)


def test_the_first_rule_that_applies_gives_limit_and_terms() -> None:
    decision = proposed(POLICY, an_application("82"))
    assert decision.rule is not None
    assert (decision.outcome, decision.rule.name) == (CreditOutcome.ACCEPT, "Known and small")
    assert (decision.limit, decision.terms) == (Decimal(4000), "30 days")
    assert decision.review_on == date(2027, 11, 20)
    assert decision.facts == {"score": 82, "limit_asked": "4000.00", "signed_terms": True}


def test_a_rule_for_the_unknown_decides_about_the_unknown() -> None:
    decision = proposed(POLICY, an_application())
    assert (decision.outcome, decision.terms) == (CreditOutcome.CASH, "cash on delivery")


def test_a_role_is_asked_where_the_policy_says_so() -> None:
    decision = proposed(POLICY, an_application("20"))
    assert (decision.outcome, decision.by) == (CreditOutcome.ASK, "finance director")


def test_without_a_rule_a_person_decides() -> None:
    assert proposed("", an_application("82")).outcome is CreditOutcome.ASK
    policy = "acceptance: [{name: A, when: {score: {at_least: 90}}, decide: refuse}]"
    assert proposed(policy, an_application("82")).why_asked == "no rule of acceptance applies"


REFUSES = (
    "acceptance:\n"
    "  - {name: Insolvent, when: {insolvency: yes}, decide: refuse}\n"
    "  - {name: The rest, decide: accept, limit: 1000}\n"
)


@pytest.mark.parametrize(
    ("insolvency", "outcome"),
    [("yes", CreditOutcome.REFUSE), ("no", CreditOutcome.ACCEPT), ("", CreditOutcome.ASK)],
)
def test_unknown_never_acts_for_an_applicant(insolvency: str, outcome: CreditOutcome) -> None:
    assert proposed(REFUSES, an_application(insolvency=insolvency)).outcome is outcome


def test_unknown_never_acts_against_an_applicant() -> None:
    policy = (
        "acceptance:\n"
        "  - {name: Sound, when: {score: {at_least: 70}}, decide: accept, limit: 1000}\n"
        "  - {name: The rest, decide: refuse}\n"
    )
    assert proposed(policy, an_application("20")).outcome is CreditOutcome.REFUSE
    decision = proposed(policy, an_application())
    assert decision.outcome is CreditOutcome.ASK
    assert decision.why_asked == (
        "whether 'Sound' decides accept is unknown: score (no source told a score)"
    )


@pytest.mark.parametrize(
    ("limit", "asked", "given"),
    [
        ("limit_asked", "4000", "4000"),
        ("at most 5,000", "4000", "4000"),
        ("at most 5,000", "9000", "5000"),
        ("2,500", "9000", "2500"),
    ],
)
def test_a_limit_is_an_amount_or_what_is_asked(limit: str, asked: str, given: str) -> None:
    policy = f'acceptance: [{{name: A, decide: accept, limit: "{limit}"}}]'
    assert proposed(policy, an_application(asked=asked)).limit == Decimal(given)


def test_nobody_is_given_a_limit_never_asked_for() -> None:
    policy = "acceptance: [{name: A, decide: accept, limit: limit_asked}]"
    decision = proposed(policy, an_application(asked=""))
    assert decision.outcome is CreditOutcome.ASK
    assert "no limit was asked for" in decision.why_asked


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 12, 15), 12, date(2027, 12, 15)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
    ],
)
def test_a_review_keeps_to_the_months(day: date, months: int, later: date) -> None:
    assert months_later(day, months) == later
