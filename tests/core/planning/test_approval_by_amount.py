"""Approval by amount and by role: who is waited for, and from which sum."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.core.conftest import Desk

from arsync.core.actions import Action, ActionKind
from arsync.core.planning.plan_views import action_view

DIRECTOR = "{over: 5000, by: finance director}"
NOTICE = "reminders: [{name: A, steps: [{day: 30, email: final notice, approval: VALUE}]}]\n"
HOLD = "credit_holds: [{name: A, when: {oldest_days_overdue: {at_least: 30}}, approval: VALUE}]\n"


def planned(desk: Desk, text: str, *amounts: str, **values: Any) -> list[Action]:
    invoices = [desk.invoice(f"i{n}", 40, amount, **values) for n, amount in enumerate(amounts)]
    return list(desk.plan(desk.head + text, desk.account(*invoices)).actions)


@pytest.mark.parametrize(("amount", "asks"), [("5000.00", False), ("5000.01", True)])
def test_a_notice_above_an_amount_waits(desk: Desk, amount: str, asks: bool) -> None:
    (action,) = planned(desk, NOTICE.replace("VALUE", DIRECTOR), amount)
    assert action.needs_approval is asks
    assert action.approvers == (("finance director",) if asks else ())
    assert action.approval_words == ("approval by finance director" if asks else "")
    assert (action_view(action).approvers or ()) == action.approvers


def test_one_letter_counts_as_a_whole(desk: Desk) -> None:
    text = NOTICE.replace("VALUE", DIRECTOR) + "sending: {via: smtp}\n"
    (action,) = planned(desk, text, "3000.00", "3000.00")
    assert action.needs_approval


def test_an_amount_without_a_rate_waits(desk: Desk) -> None:
    text = NOTICE.replace("VALUE", DIRECTOR)
    (action,) = planned(desk, text, "10.00", currency="USD", rate=None)
    assert action.needs_approval
    (small,) = planned(desk, text, "10.00", currency="USD", rate=Decimal("0.80"))
    assert not small.needs_approval


def test_a_hold_waits_by_all_that_is_owed(desk: Desk) -> None:
    text = HOLD.replace("VALUE", DIRECTOR)
    assert [action.needs_approval for action in planned(desk, text, "3000.00")] == [False]
    (hold,) = planned(desk, text, "3000.00", "3000.00")
    assert hold.kind is ActionKind.CREDIT_HOLD
    assert hold.approvers == ("finance director",)


def test_a_reason_that_anybody_approves_needs_no_role(desk: Desk) -> None:
    text = (
        "credit_holds:\n"
        "  - {name: Late, when: {oldest_days_overdue: {at_least: 30}}, approval: {by: owner}}\n"
        "  - {name: Later, when: {oldest_days_overdue: {at_least: 35}}, approval: required}\n"
    )
    (hold,) = planned(desk, text, "3000.00")
    assert (hold.needs_approval, hold.approvers) == (True, ())


def test_a_late_fee_waits_by_the_fee(desk: Desk) -> None:
    fee = "reminders: [{name: A, steps: [{day: 30, late_fee: 2%, approval: {over: 100}}]}]\n"
    assert [action.needs_approval for action in planned(desk, fee, "5000.00")] == [False]
    assert [action.needs_approval for action in planned(desk, fee, "5001.00")] == [True]


def test_a_charge_waits_by_what_is_billed(desk: Desk) -> None:
    charge = "charges: [{name: I, interest: 10% a year, approval: {over: 20, by: owner}}]\n"
    small, large = (
        [action.approvers for action in planned(desk, charge, amount, rate=1)]
        for amount in ("100.00", "9000.00")
    )
    assert (small, large) == ([()], [("owner",)])
