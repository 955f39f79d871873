"""A customer can be reminded of its promise before the day, and asked about it afterwards."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from arsync.core.ledger.records import Account, Allocation, Organisation, Promise
from arsync.core.planning.explanation import explain

Desk = Any
TUESDAY = date(2026, 12, 1)
PROMISE = Promise(("i1",), TUESDAY, None, date(2026, 11, 20))
FOLLOW_UPS = """follow_ups:
  - name: A promise falls due
    when: {promise_to_pay: open, days_until_promise: {at_most: 2}}
    task: Is it on its way?
  - name: A promise was broken
    when: {promise_to_pay: broken}
    task: Agree a new day
"""
REMINDED = """reminders:
  - name: Standard
    steps:
      - {day: 1, email: first reminder}
      - {day: 2, email: your promise, when: {days_until_promise: {at_most: 2}}}
      - {day: 60, email: final notice}
"""


def played(desk: Desk, text: str, account: Account, days: int, **values: Any) -> list[str]:
    done = desk.play(desk.head + text + desk.daily, account, range(days), **values)
    return [f"{day} {action.step or action.payload.title}" for day, action in done]


def test_a_person_asks_before_and_after_its_day(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 20), promises=(PROMISE,))
    assert played(desk, FOLLOW_UPS, account, 30) == [
        "2026-11-29 Is it on its way?",
        "2026-12-05 Agree a new day",
    ]


def test_nobody_asks_about_money_that_has_come(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 20), promises=(PROMISE,))

    def paid(account: Account, today: date) -> Account:
        """Pay on the promised day; it is booked a week later."""
        if today < TUESDAY + timedelta(7):
            return account
        booked = desk.payment(
            "100", paid_on=TUESDAY, allocations=(Allocation("i1", Decimal(100), today),)
        )
        invoice = desk.invoice("i1", 20, "0", total="100", status="paid", paid_on=TUESDAY)
        return account._replace(invoices=(invoice,), payments=(booked,))

    happened = played(desk, FOLLOW_UPS, account, 30, changes=paid)
    assert happened == ["2026-11-29 Is it on its way?", "2026-12-05 Agree a new day"]
    kept = paid(account, TUESDAY + timedelta(7))
    broken_once = desk.head + "leave_alone: [{name: B, when: {broken_promises: {at_least: 1}}}]\n"
    assert not desk.plan(broken_once + FOLLOW_UPS, kept, today=date(2026, 12, 20)).held_back


def test_a_step_about_the_promise_goes_on(desk: Desk) -> None:
    account = desk.account(
        desk.invoice("i1", 20), promises=(PROMISE,), sent=(desk.sent("i1", 1, 9, "first reminder"),)
    )
    assert played(desk, REMINDED, account, 15) == ["2026-11-29 your promise"]
    other = PROMISE._replace(promised_on=date(2026, 12, 10))
    assert played(desk, REMINDED, account._replace(promises=(other,)), 15) == []


def test_why_says_what_became_of_each_promise(desk: Desk) -> None:
    part = PROMISE._replace(amount=Decimal(60))
    kept = Promise(("i1",), date(2026, 11, 23), Decimal(40), date(2026, 11, 20), number=1)
    came = desk.payment(
        "50", paid_on=date(2026, 11, 23), allocations=(Allocation("i1", Decimal(50), desk.today),)
    )
    account = desk.account(
        desk.invoice("i1", 20, "50", total="100"),
        promises=(kept, part._replace(also=True, number=2)),
        payments=(came,),
    )

    def said(today: date) -> list[str]:
        text = desk.head + FOLLOW_UPS
        plan = desk.plan(text, account, today=today)
        organisation = Organisation("o1", "Acme", "GBP")
        lines = explain(account, desk.rulebook(text), plan, organisation=organisation)
        return [line.text for line in lines if line.section == "promises"]

    first, second = said(date(2026, 12, 2))
    assert first == "I1: GBP 40.00 by 2026-11-23: kept"
    assert second.startswith("I1: GBP 60.00 by 2026-12-01: open, GBP 50.00 still to come")
    assert second.endswith(", money counts that is paid until 2026-12-04")
    assert said(date(2026, 12, 9))[1] == "I1: GBP 60.00 by 2026-12-01: broken on 2026-12-05"
