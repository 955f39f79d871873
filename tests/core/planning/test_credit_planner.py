"""Agreed credit in plans: noted once, its limit counted, reviewed on its day."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from arsync.core.actions import Action, ActionKind
from arsync.core.actions.effects import after
from arsync.core.ledger.agreements.credit_applications import (
    AgreedCredit,
    ApplicationState,
    CreditOutcome,
    CreditStanding,
)
from arsync.core.ledger.records import Account, StandingHold

Desk = Any

LIMITS = (
    "credit_limits:\n"
    "  - {name: Agreed, when: {agreed_limit: known}, limit: agreed_limit}\n"
    "  - {name: Everyone else, limit: 100}\n"
)


def agreed(desk: Desk, **values: Any) -> AgreedCredit:
    usual = {
        "outcome": CreditOutcome.ACCEPT,
        "decided_on": desk.today,
        "decided_by": "Ann",
        "limit": Decimal(5000),
        "currency": "GBP",
        "terms": "30 days",
        "rule": "Known",
        "file": "rules/standard.yaml",
        "line": 7,
    }
    return AgreedCredit(1, "c1", **(usual | values))


def account(desk: Desk, credit: AgreedCredit | None, **values: Any) -> Account:
    standing = CreditStanding("c1", ApplicationState.ACCEPTED, credit)
    made: Account = desk.account(desk.invoice("i1", -5), credit={"c1": standing}, **values)
    return made


def noted(desk: Desk, of: Account, more: str = "") -> list[Action]:
    actions = desk.plan(desk.head + LIMITS + more, of).actions
    return [action for action in actions if action.kind is ActionKind.AGREED_CREDIT]


def test_a_decision_is_noted_once(desk: Desk) -> None:
    before = account(desk, agreed(desk, until=desk.today + timedelta(90)))
    (action,) = noted(desk, before)
    assert action.payload.title == "30 days"
    assert action.note == (
        "Credit: accepted, limit GBP 5,000.00 until 2027-02-18, terms 30 days."
        " Decided on 2026-11-20 by Ann (standard.yaml:7, Known)."
    )
    assert (action.because.file, action.because.line) == ("rules/standard.yaml", 7)
    assert not noted(desk, after(before, [action], desk.today))


def test_the_next_decision_is_noted_again(desk: Desk) -> None:
    before = account(desk, agreed(desk))
    done = after(before, noted(desk, before), desk.today)
    second = agreed(desk)._replace(number=2)
    later = done._replace(credit={"c1": CreditStanding("c1", ApplicationState.ACCEPTED, second)})
    assert len(noted(desk, later)) == 1


def test_terms_wait_while_a_hold_has_changed_them(desk: Desk) -> None:
    hold = StandingHold("c1", desk.today, 1, terms_changed=True)
    held = account(desk, agreed(desk), hold=hold)
    plan = desk.plan(desk.head + LIMITS, held)
    assert not [each for each in plan.actions if each.kind is ActionKind.AGREED_CREDIT]
    assert "a credit hold has changed the payment terms" in plan.held_back[-1].why
    assert noted(desk, account(desk, agreed(desk, terms=""), hold=hold))


@pytest.mark.parametrize(
    ("values", "limit"),
    [
        ({}, "5000"),
        ({"outcome": CreditOutcome.CASH, "limit": Decimal(0)}, "0"),
        ({"until": -1}, "100"),
        ({"currency": "EUR"}, "100"),
    ],
)
def test_the_agreed_limit_is_the_customers(desk: Desk, values: dict[str, Any], limit: str) -> None:
    if "until" in values:
        values = {"until": desk.today + timedelta(values["until"])}
    plan = desk.plan(desk.head + LIMITS, account(desk, agreed(desk, **values)))
    (of_day,) = plan.limits
    assert of_day.amount == Decimal(limit)


def test_the_rulebooks_own_entry_counts_first(desk: Desk) -> None:
    entry = "customers: [{contact: Name c1, credit_limit: 700}]\n"
    (of_day,) = desk.plan(desk.head + LIMITS + entry, account(desk, agreed(desk))).limits
    assert of_day.amount == Decimal(700)


def tasks(desk: Desk, of: Account) -> list[Action]:
    actions = desk.plan(desk.head + LIMITS, of).actions
    return [action for action in actions if action.kind is ActionKind.TASK]


def test_a_review_is_a_task_on_its_day(desk: Desk) -> None:
    assert not tasks(desk, account(desk, agreed(desk, review_on=desk.today + timedelta(1))))
    due = account(desk, agreed(desk, review_on=desk.today))
    (task,) = tasks(desk, due)
    assert task.payload.title == "Review the credit of Name c1"
    assert task.payload.owner == "credit control"
    assert not tasks(desk, after(due, [task], desk.today))


def test_a_review_ends_with_a_new_decision(desk: Desk) -> None:
    due = account(desk, agreed(desk, review_on=desk.today))
    opened = after(due, tasks(desk, due), desk.today)
    assert not desk.plan(desk.head + LIMITS, opened).ended_tasks
    second = agreed(desk, review_on=desk.today + timedelta(365))._replace(number=2)
    reviewed = opened._replace(
        credit={"c1": CreditStanding("c1", ApplicationState.ACCEPTED, second)}
    )
    (ended,) = desk.plan(desk.head + LIMITS, reviewed).ended_tasks
    assert ended.reason == "its credit was decided on 2026-11-20, to be reviewed on 2027-11-20"


def test_a_refused_customer_can_be_asked_for(desk: Desk) -> None:
    standing = CreditStanding("c1", ApplicationState.REFUSED)
    refused = desk.account(desk.invoice("i1", 5), credit={"c1": standing})
    rule = "follow_ups: [{name: A, when: {credit_application: refused}, task: Look}]\n"
    assert desk.plan(desk.head + rule, refused).actions
    assert not desk.plan(desk.head + rule, desk.account(desk.invoice("i1", 5))).actions


def test_a_new_customer_without_application_is_a_task(desk: Desk) -> None:
    rule = (
        "follow_ups:\n  - {name: New, task: Ask for an application,"
        " when: {credit_application: none, customer_for_days: {less_than: 90}}}\n"
    )
    (task,) = desk.plan(desk.head + rule, desk.account(desk.invoice("i1", -5))).actions
    assert task.payload.title == "Ask for an application"
