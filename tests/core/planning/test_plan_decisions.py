"""Decisions: values that planners return, and that add up in their order."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from typing import Any

import pytest

from arsync.core.actions import ActionKind
from arsync.core.ledger.records import Organisation
from arsync.core.planning.customer_locale import no_holidays
from arsync.core.planning.plan import HeldBack
from arsync.core.planning.plan_decisions import NOTHING, Decisions, EmailBudget, acting, joined
from arsync.core.planning.planner import begin_plan, plan_account
from arsync.core.planning.planning_context import Planning

Desk = Any


def held(reason: str) -> Decisions:
    return Decisions(held_back=(HeldBack("c1", "Name c1", "", "", reason),))


def planning_of(desk: Desk, text: str) -> Planning:
    now = datetime(desk.today.year, desk.today.month, desk.today.day, 10, tzinfo=UTC)
    return begin_plan(
        desk.rulebook(text),
        "acme",
        Organisation("o1", "Acme", "GBP"),
        desk.today,
        now,
        offers=frozenset({"email by the accounting system"}),
        holidays=no_holidays,
    )[0]


def test_decisions_add_up_in_their_order() -> None:
    both = held("first") + NOTHING + held("second")
    assert [held_back.why for held_back in both.held_back] == ["first", "second"]
    assert joined([NOTHING, held("first"), held("second")]) == both
    assert joined([]) is NOTHING


def test_nothing_is_decided_by_acting_on_nothing() -> None:
    assert acting() is NOTHING


def test_planning_an_account_changes_nothing_it_shares(desk: Desk) -> None:
    planning = planning_of(desk, desk.head + desk.steps + desk.daily)
    account = desk.account(desk.invoice("i1", 20), desk.invoice("i2", -60))
    first = plan_account(planning, account, EmailBudget(0))[1]
    assert first.actions
    assert plan_account(planning, account, EmailBudget(0))[1] == first
    with pytest.raises(FrozenInstanceError):
        planning.today = desk.today  # type: ignore[misc]


def test_a_budget_counts_the_platforms_emails_only(desk: Desk) -> None:
    planning = planning_of(desk, desk.head + desk.steps + desk.daily)
    decisions = plan_account(planning, desk.account(desk.invoice("i1", 20)), EmailBudget(1))[1]
    assert [action.kind for action in decisions.actions] == [ActionKind.REMINDER]
    budget = EmailBudget(1)
    assert budget.allows(1)
    assert not budget.after(decisions).allows(1)
    assert budget.after(held("no email")) == budget
    assert EmailBudget(0).after(decisions).allows(1_000_000)
