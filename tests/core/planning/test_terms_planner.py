"""A policy for payment terms: found, told, proposed for approval, and never changed silently."""

from __future__ import annotations

from typing import Any

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.core.actions import ActionKind, AgreedCreditPayload
from arsync.core.ledger.agreements.credit_applications import (
    AgreedCredit,
    ApplicationState,
    CreditOutcome,
    CreditStanding,
)
from arsync.core.ledger.records import StandingHold
from arsync.core.rulebook import read_rulebook

Desk = Any

POLICY = """\
terms:
  - {name: Public, when: {contact_group: Public}, terms: 30 days}
  - {name: Everyone else, terms: 14 days, propose: yes}
"""
WATCHED = """\
alerts:
  - {name: Other terms, when: {terms_against_policy: yes}, tell: owner}
  - {name: Other day, when: {due_against_policy: yes}, tell: owner}
"""
BOOKS = "30 days after the invoice date"


def account(desk: Desk, terms: str = BOOKS, groups: tuple[str, ...] = (), **more: Any) -> Any:
    """A debtor whose one invoice is due 30 days after its issue."""
    contact = desk.contact(terms=terms, groups=groups)
    return desk.account(desk.invoice("i1", -10, "100"), contacts=(contact,), **more)


def of_kind(plan: Any, kind: ActionKind) -> list[Any]:
    return [action for action in plan.actions if action.kind is kind]


def test_other_terms_are_told_and_proposed(desk: Desk) -> None:
    plan = desk.plan(desk.head + POLICY + WATCHED, account(desk))
    assert {task.because.rule for task in of_kind(plan, ActionKind.TASK)} == {
        "Other terms",
        "Other day",
    }
    (proposed,) = of_kind(plan, ActionKind.AGREED_CREDIT)
    assert proposed.payload == AgreedCreditPayload("14 days")
    assert proposed.needs_approval
    assert (proposed.because.rule, proposed.because.line) == ("Everyone else", 5)
    assert proposed.note.startswith(f"Payment terms: 14 days in place of {BOOKS} (")


def test_terms_of_the_policy_are_left_alone(desk: Desk) -> None:
    public = account(desk, groups=("Public",))
    assert desk.plan(desk.head + POLICY + WATCHED, public).actions == ()
    same = account(desk, "14 days after the invoice date")
    assert of_kind(desk.plan(desk.head + POLICY, same), ActionKind.AGREED_CREDIT) == []


def test_what_is_unknown_proposes_nothing(desk: Desk) -> None:
    for terms in ("", "Key accounts"):
        plan = desk.plan(desk.head + POLICY + WATCHED, account(desk, terms))
        assert of_kind(plan, ActionKind.AGREED_CREDIT) == []
        assert {task.because.rule for task in of_kind(plan, ActionKind.TASK)} == {"Other day"}
    unsure = POLICY.replace("contact_group: Public", "credit_limit: {at_least: 5}")
    plan = desk.plan(desk.head + unsure + WATCHED, account(desk))
    assert plan.actions == ()


def test_agreed_terms_go_before_the_policy(desk: Desk) -> None:
    agreed = AgreedCredit(
        1, "c1", CreditOutcome.ACCEPT, desk.today, "Olga", terms="30 days", rule="Known"
    )
    credit = {"c1": CreditStanding("c1", ApplicationState.ACCEPTED, agreed)}
    plan = desk.plan(desk.head + POLICY + WATCHED, account(desk, credit=credit))
    assert of_kind(plan, ActionKind.TASK) == []
    (noted,) = of_kind(plan, ActionKind.AGREED_CREDIT)
    assert noted.payload.decision == 1


def test_a_hold_that_changed_terms_comes_first(desk: Desk) -> None:
    hold = StandingHold("c1", desk.today, 1, terms_changed=True)
    plan = desk.plan(desk.head + POLICY, account(desk, hold=hold))
    assert of_kind(plan, ActionKind.AGREED_CREDIT) == []
    assert any("14 days by policy waits" in held.why for held in plan.held_back)


def test_a_proposal_that_was_decided_stays_so(desk: Desk) -> None:
    (proposed,) = desk.plan(desk.head + POLICY, account(desk)).actions
    done = account(desk, done_keys=frozenset({proposed.key}))
    assert desk.plan(desk.head + POLICY, done).actions == ()


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("{name: A}", "needs 'terms'"),
        ("{name: A, terms: 0 days}", "days are 1 to"),
        ("{name: A, terms: 5 days, when: {terms_against_policy: yes}}", "part of"),
        ("{name: A, terms: 5 days, when: {on_hold: yes, for: 3 days}}", "how long"),
    ],
)
def test_a_rule_that_cannot_be_is_named(rule: str, words: str) -> None:
    head = "version: 1\nname: R\ncurrency: GBP\n"
    _, problems = read_rulebook([("r.yaml", f"{head}terms: [{rule}]\n")])
    assert any(words in str(problem) for problem in problems), problems
    assert a_rulebook(head).terms == ()
