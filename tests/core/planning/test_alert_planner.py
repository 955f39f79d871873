"""Alerts: told once for each episode, whatever is run twice, dies, or is unknown between."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.conftest import Desk as Planner

from arsync.core.actions import ActionKind, TaskPayload
from arsync.core.actions.effects import task_opened
from arsync.core.ledger.held_since import after_seen
from arsync.core.ledger.records import CLOSED_BY_ITSELF, Account, Organisation
from arsync.core.planning.explanation import explain
from arsync.core.planning.plan import Plan

Desk = Any

RULES = """version: 1
currency: GBP
credit_limits: [{name: All, limit: 1000}]
alerts:
  - name: At 90 %
    when: {limit_used_percent: {at_least: 90}}
    tell: [owner, credit control]
"""
OVER, UNDER = "950.00", "500.00"


def test_it_says_what_was_seen_to_whom_and_why(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", -20, OVER))
    (alert,) = desk.plan(RULES, account).actions
    assert alert.kind is ActionKind.TASK
    assert alert.payload == TaskPayload(
        "Alert: At 90 %",
        "owner",
        is_alert=True,
        observation="95% of the limit of GBP 1,000.00 used, 90% allowed",
        recipients=("owner", "credit control"),
    )
    assert alert.note == (
        "Alert to owner, credit control: At 90 %: 95% of the limit of GBP 1,000.00 used, 90% "
        "allowed (test.yaml:5, At 90 %)."
    )
    assert alert.because.facts == {"limit_used_percent": "95.00"}


def test_unknown_tells_nobody(desk: Desk) -> None:
    unrated = desk.account(desk.invoice("i1", -20, OVER, currency="EUR", rate=None))
    assert not desk.plan(RULES, unrated).actions


@pytest.mark.parametrize(
    "rule",
    [
        "leave_alone: [{name: Solicitor, when: {contact: Name c1}}]\n",
        "customers: [{contact: Name c1, pause_until: 2027-01-31}]\n",
    ],
)
def test_who_is_left_alone_is_not_told_of(desk: Desk, rule: str) -> None:
    account = desk.account(desk.invoice("i1", -20, OVER))
    assert not desk.plan(RULES + rule, account).actions


def test_one_is_told_of_a_family_with_one_limit(desk: Desk) -> None:
    contacts = (desk.contact("c1"), desk.contact("c2", parent_id="c1"))
    account = desk.account(desk.invoice("i1", -20, OVER, contact="c2"), contacts=contacts)
    (alert,) = desk.plan(RULES, account).actions
    assert alert.contact_id == "c1"


def test_each_invoice_may_be_watched(desk: Desk) -> None:
    rules = RULES.replace("limit_used_percent: {at_least: 90}", "reference_missing: yes")
    ordered = [desk.invoice(f"o{number}", 100, reference=f"PO {number}") for number in range(3)]
    account = desk.account(*ordered, desk.invoice("i1", 10), desk.invoice("i2", 5, reference="PO"))
    (alert,) = desk.plan(rules, account).actions
    assert [ref.id for ref in alert.invoices] == ["i1"]


def test_its_task_ends_with_the_episode(desk: Desk) -> None:
    world = World(desk)
    world.run(OVER)
    plan = world.run(UNDER)
    (ended,) = plan.ended_tasks
    assert ended.reason.startswith("At 90 % no longer requires it (limit_used_percent 50%")


def test_what_may_be_incomplete_ends_nothing(desk: Desk) -> None:
    world = World(desk)
    world.run(OVER)
    world.account = world.account._replace(unreadable=("INV-9",))
    assert not world.run(UNDER).ended_tasks
    world.account = world.account._replace(unreadable=())
    world.run(OVER)
    assert len(world.told) == 1


def test_an_edited_rule_goes_on_with_its_episode(desk: Desk) -> None:
    world = World(desk)
    world.run(OVER)
    world.rules = RULES.replace("at_least: 90", "at_least: 80").replace("alerts:", "alerts: #")
    world.day += timedelta(1)
    world.run(OVER)
    assert len(world.told) == 1


class World:
    """One customer, run after run: what is planned is done, unless the process dies before."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.rules = RULES
        self.day: date = desk.today
        self.account: Account = desk.account()
        self.told: list[str] = []
        """Keys, as often as somebody was told."""

    def run(self, owed: str | None, *, dies: str = "") -> Plan:
        """Plan, keep what was seen, end tasks, and tell; in this order, as a run does."""
        values = {"currency": "EUR", "rate": None} if owed is None else {}
        invoice = self.desk.invoice("i1", -20, owed or OVER, **values)
        account = self.account._replace(invoices=(invoice,))
        plan: Plan = self.desk.plan(self.rules, account, today=self.day)
        if dies == "planned":
            return plan
        self.account = after_seen(account, plan.seen, plan.watched)
        if dies == "seen":
            return plan
        ended = {task.key for task in plan.ended_tasks}
        self.account = self.account._replace(
            tasks=tuple(
                task._replace(done_on=self.day, outcome=CLOSED_BY_ITSELF)
                if task.key in ended
                else task
                for task in self.account.tasks
            )
        )
        if dies == "ended":
            return plan
        for action in plan.actions:
            self.told.append(action.key)
            self.account = self.account._replace(
                done_keys=self.account.done_keys | {action.key},
                tasks=(*self.account.tasks, task_opened(action, self.day)),
            )
        return plan

    def done_by_a_person(self) -> None:
        """Complete what is open."""
        self.account = self.account._replace(
            tasks=tuple(
                task if task.done_on else task._replace(done_on=self.day, outcome="spoke")
                for task in self.account.tasks
            )
        )


RUN = st.tuples(
    st.sampled_from([OVER, OVER, UNDER, None]),
    st.sampled_from(["", "", "", "planned", "seen", "ended"]),
)
DAYS = st.lists(
    st.tuples(st.lists(RUN, min_size=1, max_size=3), st.booleans(), st.integers(1, 3)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=300, deadline=None)
@given(days=DAYS)
def test_each_episode_is_told_once(days: list[Any]) -> None:
    """Runs doubled and dead at any point, and people who do their tasks."""
    world = World(Planner())
    expected, standing, told_of, open_task, began = 0, False, False, False, None
    for runs, person_acts, gap in days:
        for owed, dies in runs:
            world.run(owed, dies=dies)
            if dies == "planned":
                continue
            if owed == UNDER:
                standing = False
                if dies != "seen" and open_task:
                    open_task, began = False, None  # it ended by itself, and may come anew
            elif owed == OVER and not standing:
                # What was told on the day, and did not end by itself, is not told again on it.
                standing, told_of = True, told_of and began == world.day
                began = world.day
            if standing and owed == OVER and not dies and not told_of:
                expected, told_of, open_task = expected + 1, True, True
        if person_acts:
            world.done_by_a_person()
            open_task = False
        world.day += timedelta(gap)
    assert len(world.told) == len(set(world.told)) == expected


def test_why_says_what_is_watched(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", -20, OVER))
    rulebook = desk.rulebook(RULES)
    organisation = Organisation("o1", "Acme", "GBP")
    lines = explain(account, rulebook, desk.plan(RULES, account), organisation=organisation)
    (line,) = [line for line in lines if line.section == "alerts"]
    assert str(line) == (
        "alerts: At 90 %: yes, limit_used_percent 95% (at least 90); since 2026-11-20, to be"
        " told: owner, credit control (rules/test.yaml:5)"
    )


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("terms_differ: yes", ["i1"]),
        ("terms_days: {more_than: 30}", ["i1"]),
        ("terms_days: {less_than: 30}", []),
    ],
)
def test_terms_that_differ_are_told(desk: Desk, when: str, told: list[str]) -> None:
    rules = RULES.replace("limit_used_percent: {at_least: 90}", when)
    usual = [desk.invoice(f"u{number}", 100 + number) for number in range(3)]
    odd = desk.invoice("i1", -20, issued_on=desk.today - timedelta(40))
    account = desk.account(*usual, odd)
    alerts = desk.plan(rules, account).actions
    assert [ref.id for alert in alerts for ref in alert.invoices] == told
