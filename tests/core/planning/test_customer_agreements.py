"""Agreements with one customer: limits that end, and a pause until a day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from arsync.core.actions import ActionKind
from arsync.core.ledger.records import StandingHold
from arsync.core.rulebook import read_rulebook

HEAD = "version: 1\ncurrency: GBP\n"
LIMITS = """customers:
  - contact: Name c1
    limits:
      - {amount: 2000, until: 2026-11-25}
      - {amount: 500}
credit_limits: [{name: Agreed, when: {agreed_limit: known}, limit: agreed_limit}]
credit_holds: [{name: Over, when: {over_limit_percent: {more_than: 0}}}]
"""
PAUSE = "customers: [{contact: Name c1, pause_until: 2026-11-25}]\n"
HOLD = "credit_holds: [{name: Late, when: {oldest_days_overdue: {at_least: 60}}}]\n"
FEE = """reminders:
  - name: Standard
    steps: [{day: 1, email: first reminder}, {day: 5, task: Call}, {day: 9, late_fee: 10}]
follow_ups: [{name: Big, when: {balance: {more_than: 1}}, task: Look}]
"""


def _kinds(plan: Any) -> list[ActionKind]:
    return [action.kind for action in plan.actions]


@pytest.mark.parametrize(
    ("day", "kinds"),
    [
        (date(2026, 11, 25), []),
        (date(2026, 11, 26), [ActionKind.CREDIT_HOLD]),
    ],
)
def test_a_temporary_limit_reverts_after_its_last_day(
    desk: Any, day: date, kinds: list[ActionKind]
) -> None:
    account = desk.account(desk.invoice("i1", -30, "1000.00"))
    assert _kinds(desk.plan(HEAD + LIMITS, account, today=day)) == kinds


def test_after_the_last_limit_nothing_is_agreed(desk: Any) -> None:
    text = HEAD + LIMITS.replace("      - {amount: 500}\n", "")
    account = desk.account(desk.invoice("i1", -30, "9000.00"))
    assert _kinds(desk.plan(text, account)) == [ActionKind.CREDIT_HOLD]
    assert _kinds(desk.plan(text, account, today=date(2026, 11, 26))) == []


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ("[{amount: 5}, {amount: 6}]", "the one above it has no end"),
        ("[{amount: 5, until: 2027-01-31}, {amount: 6, until: 2027-01-31}]", "ends on 2027-01-31"),
        ("[]", "'limits' is an empty list"),
        ("[{until: 2027-01-31}]", "amount"),
        ("[{amount: 5, until: soon}]", "not a day"),
        ("[{amount: 5}], credit_limit: 7", "both say the agreed limit"),
    ],
)
def test_a_limit_that_never_counts_is_a_problem(limits: str, words: str) -> None:
    rulebook, problems = read_rulebook(
        [("r.yaml", f"{HEAD}customers:\n  - {{contact: a, limits: {limits}}}\n")]
    )
    assert rulebook is None
    assert any(words in str(problem) for problem in problems)
    assert all((problem.line, problem.column > 1) == (4, True) for problem in problems)


def test_a_pause_sends_nothing_and_says_until_when(desk: Any) -> None:
    text = HEAD + PAUSE + HOLD + FEE + desk.daily
    account = desk.account(desk.invoice("i1", 90, "1000.00"))
    plan = desk.plan(text, account, today=date(2026, 11, 25))
    assert plan.actions == ()
    assert {(held.why, held.next_date) for held in plan.held_back} == {
        ("no credit hold: paused until 2026-11-25: nothing goes to Name c1", date(2026, 11, 26)),
        ("paused until 2026-11-25: nothing goes to Name c1", date(2026, 11, 26)),
    }
    after = desk.plan(text, account, today=date(2026, 11, 26))
    assert {ActionKind.CREDIT_HOLD, ActionKind.REMINDER, ActionKind.TASK} <= set(_kinds(after))


def test_a_pause_lifts_a_hold_without_reason(desk: Any) -> None:
    held = desk.account(desk.invoice("i1", 90), hold=StandingHold("c1", desk.today, 1))
    paid = held._replace(invoices=())
    text = HEAD + PAUSE + HOLD
    assert _kinds(desk.plan(text, held)) == []
    assert _kinds(desk.plan(text, paid)) == [ActionKind.LIFT_CREDIT_HOLD]


def test_a_parents_pause_covers_its_children(desk: Any) -> None:
    contacts = (desk.contact("c1"), desk.contact("c2", parent_id="c1"))
    account = desk.account(desk.invoice("i1", 30, contact="c2"), contacts=contacts)
    text = HEAD + PAUSE + FEE + desk.daily
    assert _kinds(desk.plan(text, account)) == []
    tomorrow = desk.plan(text, account, today=desk.today + timedelta(6))
    assert ActionKind.REMINDER in _kinds(tomorrow)
