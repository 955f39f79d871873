"""Payment plans in planning: kept means silence, broken means what the rulebook says."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders.records import a_payment
from tests.core.conftest import Desk

from arsync.core.actions import ActionKind
from arsync.core.ledger.records import Account, Allocation, Instalment, Payment, PaymentPlan

RULES = f"""{Desk.head}credit_holds:
  - {{name: Seriously overdue, when: {{overdue_amount: {{at_least: 100}}}}}}
charges:
  - {{name: Interest, interest: 1.5% a month, bill: monthly, as: draft}}
follow_ups:
  - {{name: Old, when: {{days_overdue: {{at_least: 1}}}}, task: Call}}
{Desk.steps}{Desk.daily}"""
ACTS = f"""{Desk.head}follow_ups:
  - {{name: Broken plan, when: {{payment_plan: broken}}, task: Call about the plan}}
credit_holds:
  - {{name: Missed, when: {{instalments_missed: {{at_least: 1}}}}}}
"""


def a_customer(desk: Desk, *days: int, amount: str = "400", due: str = "1200") -> Account:
    """Return a debt of 40 days, with a plan agreed ten days ago."""
    parts = tuple(Instalment(desk.today + timedelta(day), Decimal(amount)) for day in days)
    made_on = desk.today - timedelta(10)
    plan = PaymentPlan(1, "c1", ("i1",), "GBP", made_on, "Jo", parts)
    invoice = desk.invoice("i1", 40, due)
    return desk.account(invoice, payment_plans=(plan,), taken_over_on=date(2026, 1, 1))


def test_nothing_that_a_kept_plan_covers_is_chased(desk: Desk) -> None:
    account = a_customer(desk, 5, 35, 65)

    plan = desk.plan(RULES, account)

    assert plan.actions == ()
    [reminder, charge] = plan.held_back
    assert reminder.why == "payment plan kept: GBP 400.00 due on 2026-11-25"
    assert reminder.next_date == date(2026, 12, 1)
    assert charge.why == reminder.why


def test_a_late_instalment_is_waited_for(desk: Desk) -> None:
    plan = desk.plan(RULES, a_customer(desk, -1, 30, 60))

    assert plan.actions == ()
    assert plan.held_back[0].why == (
        "payment plan late: GBP 400.00 was due on 2026-11-19, in time until 2026-11-24"
    )


def test_a_broken_plan_goes_on_with_the_cadence(desk: Desk) -> None:
    kinds = {action.kind for action in desk.plan(RULES, a_customer(desk, -9, 30)).actions}

    assert kinds >= {ActionKind.REMINDER, ActionKind.CREDIT_HOLD, ActionKind.TASK}


def test_rules_act_on_a_broken_plan(desk: Desk) -> None:
    plan = desk.plan(ACTS, a_customer(desk, -9, 30))

    assert [action.kind for action in plan.actions] == [ActionKind.CREDIT_HOLD, ActionKind.TASK]
    assert plan.actions[0].because.facts == {"instalments_missed": 1}
    assert desk.plan(ACTS, a_customer(desk, 5, 30)).actions == ()


def test_what_the_plan_leaves_out_is_chased(desk: Desk) -> None:
    account = a_customer(desk, 5, 35, due="1000")
    account = account._replace(invoices=(*account.invoices, desk.invoice("i2", 40, "70")))

    reminders = [
        action for action in desk.plan(RULES, account).actions if action.kind is ActionKind.REMINDER
    ]

    asked = {
        ref.id: (ref.amount_due, ref.document_amount_due) for a in reminders for ref in a.invoices
    }
    assert asked == {"i1": (Decimal(200), Decimal(1000)), "i2": (Decimal(70), None)}


def test_exposure_keeps_what_a_plan_covers(desk: Desk) -> None:
    rules = f"""{Desk.head}credit_limits: [{{name: All, limit: 1000}}]
credit_holds: [{{name: Over, when: {{over_limit_percent: {{more_than: 10}}}}}}]
"""

    [hold] = desk.plan(rules, a_customer(desk, 5, 35, 65)).actions

    assert hold.kind is ActionKind.CREDIT_HOLD


@pytest.mark.parametrize(
    ("fact", "held"),
    [
        ("payment_plan: kept", True),
        ("days_until_instalment: {at_most: 5}", True),
        ("days_until_instalment: {at_most: 4}", False),
        ("next_instalment_on: known", True),
        ("instalment_amount: {at_least: 400}", True),
        ("instalments_missed: {at_most: 0}", True),
        ("payment_plan: [broken, completed]", False),
    ],
)
def test_conditions_ask_about_plans(desk: Desk, fact: str, *, held: bool) -> None:
    rules = f"{Desk.head}credit_holds: [{{name: X, when: {{{fact}}}}}]\n"

    assert bool(desk.plan(rules, a_customer(desk, 5, 35, 65)).actions) is held


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=4), st.integers(1, 3))
def test_a_plan_kept_means_silence(delays: list[int], every: int) -> None:
    """Whoever pays each instalment within its grace never hears of what it covers."""
    desk, count = Desk(), len(delays)
    account = a_customer(desk, *(14 * n for n in range(count)), amount="100", due=f"{count}00")
    due = [part.due_on for part in account.payment_plans[0].instalments]
    # They are due on Fridays: the first business day after one is three days later.
    paid = [
        day + timedelta(delay + 2 if delay else 0) for day, delay in zip(due, delays, strict=True)
    ]
    for offset in range(0, 14 * count + 6, every):
        today = desk.today + timedelta(offset)
        came = [day for day in paid if day <= today]
        payments = tuple(map(an_instalment, came))
        invoice = account.invoices[0]._replace(amount_due=Decimal(100 * (count - len(came))))
        if invoice.amount_due:
            now = account._replace(invoices=(invoice,), payments=payments)
            kinds = {action.kind for action in desk.plan(RULES, now, today=today).actions}
            # That the next one comes is noted in the books, which the customer does not see.
            assert kinds <= {ActionKind.PAYMENT_PLAN}, today


def an_instalment(on: date) -> Payment:
    matched = (Allocation("i1", Decimal(100), on),)
    return a_payment(f"p{on}", paid_on=on, rate=1, amount=100, unallocated=0, allocations=matched)
