"""A dispute's owner is to answer it, is reminded, and then somebody above is told."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.core.conftest import Desk

from arsync.core.actions import ActionKind
from arsync.core.actions.effects import after
from arsync.core.ledger.records import Account, Dispute

RULES = "disputes: {answer_within: 10 business days, escalate_to: finance director}\n"
# A Friday; the tenth business day after it is a Friday again.
OPENED = Desk.today
DISPUTE = Dispute(
    "i1", OPENED, "two short", amount=Decimal(40), code="4", owner="Jo", needs="the slip", number=7
)
ANSWER = "Answer the dispute about GBP 40.00 of I1: short delivery: two short; needed: the slip"


def tasks(desk: Desk, account: Account, days: int, rules: str = RULES) -> list[tuple[str, str]]:
    plan = desk.plan(desk.head + rules, account, today=OPENED + timedelta(days))
    assert {action.kind for action in plan.actions} <= {ActionKind.TASK}
    return [(action.payload.title, action.payload.owner) for action in plan.actions]


def disputed(desk: Desk, **values: Any) -> Account:
    return desk.account(desk.invoice("i1", 5), disputes=(DISPUTE._replace(**values),))


def test_the_owner_gets_a_task_when_it_opens(desk: Desk) -> None:
    account = disputed(desk)
    assert tasks(desk, account, 0) == [(ANSWER, "Jo")]
    assert tasks(desk, account, 0, desk.daily) == []


def test_late_answers_are_reminded_then_escalated(desk: Desk) -> None:
    account, played = disputed(desk), []
    for days in range(35):
        today = OPENED + timedelta(days)
        planned = desk.plan(desk.head + RULES, account, today=today)
        assert not planned.ended_tasks
        account = after(account, planned.actions, today)
        played += [(days, action.payload.owner) for action in planned.actions]
    assert played == [(0, "Jo"), (15, "Jo"), (29, "finance director")]


def test_an_old_dispute_opens_one_task_alone(desk: Desk) -> None:
    [(text, owner)] = tasks(desk, disputed(desk), 60)
    assert text.startswith("Nobody answered the dispute about GBP 40.00 of I1, open since 2026-11")
    assert text.endswith("(Jo was reminded)")
    assert owner == "finance director"
    [(text, owner)] = tasks(desk, disputed(desk), 60, "disputes: {answer_within: 5 days}\n")
    assert (text.split(":")[0], owner) == (
        "Answer the dispute about GBP 40.00 of I1, open since 2026-11-20",
        "Jo",
    )


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (
            {"settled_on": OPENED, "outcome": "upheld"},
            "the dispute was settled on 2026-11-20: upheld",
        ),
        ({"outcome": "credited", "credit_agreed_on": OPENED}, "a credit is agreed"),
        ({"owner": "Ann"}, ""),
    ],
)
def test_a_task_ends_with_its_dispute(desk: Desk, values: dict[str, Any], why: str) -> None:
    account = disputed(desk)
    opened = after(account, desk.plan(desk.head + RULES, account).actions, OPENED)
    changed = opened._replace(disputes=(DISPUTE._replace(**values),))
    plan = desk.plan(desk.head + RULES, changed)
    assert [ended.reason for ended in plan.ended_tasks] == [why] * bool(why)


def test_an_agreed_credit_is_to_be_booked(desk: Desk) -> None:
    account = disputed(desk, outcome="credited", credit_agreed_on=OPENED)
    assert tasks(desk, account, 60) == [
        ("Book the credit note that was agreed for GBP 40.00 of I1", "Jo")
    ]


def test_who_is_left_alone_opens_no_tasks(desk: Desk) -> None:
    alone = "leave_alone: [{name: All, when: {has_email: yes}}]\n"
    assert tasks(desk, disputed(desk), 0, RULES + alone) == []
