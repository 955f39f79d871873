"""A task lives as long as its reason: it ends by itself, and opens anew when the reason is back."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders.records import a_contact, an_invoice
from tests.core.conftest import Desk as DeskOfDay

from arsync.core.actions import ActionKind
from arsync.core.actions.effects import after, after_task_done, after_tasks_closed
from arsync.core.ledger.records import Account, Dispute, PlacedDebt, Placement, Promise
from arsync.core.planning.task_reasons import as_before_task

Desk = Any
TODAY = date(2026, 11, 20)
CALLS = """reminders:
  - name: Calls
    skip_invoices_when: {amount_due: {less_than: 10}}
    steps:
      - {day: 7, task: Call the customer}
      - {day: 30, task: Call the manager}
"""
VISIT = """follow_ups:
  - name: Big
    when: {balance: {more_than: 50}}
    task: Visit
  - name: Broken
    when: {promise_to_pay: broken}
    task: Call about it
"""


def opened(desk: Desk, text: str, account: Account, today: date = TODAY) -> Account:
    """Return the account after its tasks of the day were opened."""
    plan = desk.plan(desk.head + text, account, today=today)
    return after(account, [a for a in plan.actions if a.kind is ActionKind.TASK], today)


def ends(desk: Desk, text: str, account: Account, today: date = TODAY) -> dict[str, str]:
    """Return why each open task ends, by its rule."""
    rules = {task.key: task.rule for task in account.tasks}
    plan = desk.plan(desk.head + text, account, today=today)
    return {rules[task.key]: task.reason for task in plan.ended_tasks}


def with_invoice(account: Account, **values: Any) -> Account:
    """Return the account with another first invoice."""
    first, *others = account.invoices
    return account._replace(invoices=(first._replace(**values), *others))


def test_a_step_ends_when_its_invoice_is_paid(desk: Desk) -> None:
    account = opened(desk, CALLS, desk.account(desk.invoice("i1", 8)))
    assert ends(desk, CALLS, account, TODAY + timedelta(5)) == {}
    paid = with_invoice(account, status="paid", amount_due=Decimal(0), paid_on=TODAY)
    assert ends(desk, CALLS, paid) == {"Calls": "I1 was paid on 2026-11-20"}


def test_a_step_ends_with_all_that_would_stop_it(desk: Desk) -> None:
    account = opened(desk, CALLS, desk.account(desk.invoice("i1", 8)))
    small = with_invoice(account, amount_due=Decimal(5))
    assert ends(desk, CALLS, small) == {"Calls": "skipped: amount_due GBP 5.00 (less than 10)"}
    covered = account._replace(credits=(desk.credit("100"),))
    assert "covered by unapplied cash" in ends(desk, CALLS, covered)["Calls"]
    promised = account._replace(promises=(Promise(("i1",), TODAY + timedelta(3), None, TODAY),))
    assert "promise_to_pay open" in ends(desk, CALLS, promised)["Calls"]
    disputed = account._replace(disputes=(Dispute("i1", TODAY, "broken"),))
    assert "dispute open" in ends(desk, CALLS, disputed)["Calls"]
    archived = account._replace(contacts=(a_contact("c1", status="archived"),))
    assert ends(desk, CALLS, archived) == {"Calls": "the contact is archived"}
    later = with_invoice(account, due_on=TODAY + timedelta(20))
    assert "due on 2026-12-10" in ends(desk, CALLS, later)["Calls"]
    other = CALLS.replace("name: Calls", "name: Others").replace("Call the customer", "Ring")
    renamed = CALLS.replace("name: Calls", "name: Others")
    assert ends(desk, renamed, account) == {}
    assert ends(desk, other, account) == {"Calls": "the customer is in Others now"}


def test_unknown_keeps_a_task_open(desk: Desk) -> None:
    account = opened(desk, CALLS + VISIT, desk.account(desk.invoice("i1", 8)))
    assert {task.rule for task in account.tasks} == {"Calls", "Big"}
    small = with_invoice(account, amount_due=Decimal(5))
    assert set(ends(desk, CALLS + VISIT, small)) == {"Calls", "Big"}
    for doubtful in (
        small._replace(doubts=("a payment cannot be read",)),
        small._replace(unreadable=("I9",)),
        small._replace(contacts=(a_contact("c1", status="unknown"),)),
    ):
        assert ends(desk, CALLS + VISIT, doubtful) == {}
    by_person = small._replace(tasks=tuple(t._replace(by_person=True) for t in small.tasks))
    assert ends(desk, CALLS + VISIT, by_person) == {}


def test_a_follow_up_ends_with_its_condition(desk: Desk) -> None:
    account = opened(desk, VISIT, desk.account(desk.invoice("i1", 8)))
    paid_down = with_invoice(account, amount_due=Decimal(20))
    assert ends(desk, VISIT, paid_down) == {
        "Big": "Big no longer requires it (balance GBP 20.00 (more than 50))"
    }


def test_the_later_call_takes_the_place_of_the_earlier(desk: Desk) -> None:
    account = opened(desk, CALLS, desk.account(desk.invoice("i1", 8)))
    later = TODAY + timedelta(25)
    both = opened(desk, CALLS, account, later)
    assert [task.steps[0].step for task in both.tasks] == ["Call the customer", "Call the manager"]
    assert ends(desk, CALLS, both, later) == {"Calls": "replaced by a later task: Call the manager"}
    closed = [task.key for task in desk.plan(desk.head + CALLS, both, today=later).ended_tasks]
    assert closed == [both.tasks[0].key]


def test_a_reason_that_comes_back_opens_another_task(desk: Desk) -> None:
    account = opened(desk, CALLS, desk.account(desk.invoice("i1", 8)))
    (first,) = account.open_tasks
    disputed = account._replace(disputes=(Dispute("i1", TODAY, "broken"),))
    closed = after_tasks_closed(disputed, [first], TODAY)
    assert opened(desk, CALLS, closed).open_tasks == ()
    settled = closed._replace(disputes=(Dispute("i1", TODAY, "broken", settled_on=TODAY),))
    again = opened(desk, CALLS, settled)
    (second,) = again.open_tasks
    assert second != first
    assert opened(desk, CALLS, again).open_tasks == (second,)


AMOUNTS = st.integers(0, 120).map(Decimal)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_no_task_lives_without_a_reason(data: st.DataObject) -> None:
    desk = DeskOfDay()
    account = desk.account(
        *(
            an_invoice(
                f"i{number}",
                due_on=TODAY - timedelta(data.draw(st.integers(0, 40))),
                issued_on=TODAY - timedelta(60),
                total=120,
                amount_due=data.draw(AMOUNTS),
            )
            for number in range(data.draw(st.integers(1, 3)))
        )
    )
    text = CALLS + VISIT
    for day in (TODAY, TODAY + timedelta(12), TODAY + timedelta(31)):
        account = opened(desk, text, account, day)
        account = account._replace(
            invoices=tuple(
                invoice._replace(amount_due=min(invoice.amount_due, data.draw(AMOUNTS)))
                for invoice in account.invoices
            ),
            disputes=tuple(
                Dispute(invoice.id, day, "x")
                for invoice in account.invoices
                if data.draw(st.integers(0, 3)) == 0
            ),
        )
        plan = desk.plan(desk.head + text, account, today=day)
        account = after_tasks_closed(account, [task.key for task in plan.ended_tasks], day)
        for task in account.tasks:
            if task.done_on is None:
                # Had it never been opened, the same plan would open it today.
                before = as_before_task(account, task)
                anew = opened(desk, text, before, day).tasks[len(before.tasks) :]
                assert task.rule in {another.rule for another in anew}


PLACED = "follow_ups: [{name: Old, when: {days_overdue: {at_least: 5}}, task: Call}]\n"
WRITE_OFF = "write_offs: [{name: Too small, when: {net_amount_due: {less_than: 200}}}]\n"


def placed(desk: Desk, account: Account) -> Account:
    debts = (PlacedDebt("i1", Decimal(100), "GBP"),)
    placement = Placement("k1", "Example Collections", desk.today, debts)
    return account._replace(placements=(placement,))


def test_tasks_about_a_placed_debt_end(desk: Desk) -> None:
    account = opened(desk, PLACED + WRITE_OFF, desk.account(desk.invoice("i1", 8)))
    assert ends(desk, PLACED + WRITE_OFF, placed(desk, account)) == {
        "Old": "I1 is placed with Example Collections",
        "Too small": "I1 is placed with Example Collections",
    }


def test_a_task_meant_for_placed_debts_stays(desk: Desk) -> None:
    asks = "follow_ups: [{name: Ask, when: {placed: placed}, task: Ask the agency}]\n"
    account = opened(desk, asks, placed(desk, desk.account(desk.invoice("i1", 8))))
    assert len(account.tasks) == 1
    assert ends(desk, asks, account) == {}


def test_a_write_off_ends_when_books_show_it(desk: Desk) -> None:
    account = opened(desk, WRITE_OFF, desk.account(desk.invoice("i1", 8)))
    assert ends(desk, WRITE_OFF, account) == {}
    gone = with_invoice(account, status="paid", amount_due=Decimal(0), paid_on=TODAY)
    assert ends(desk, WRITE_OFF, gone) == {"Too small": "I1 was paid on 2026-11-20"}


ESCALATED = (
    CALLS
    + """follow_ups:
  - name: Left undone
    when: {task_open_days: {more_than: 5}}
    task: Ask why nobody called
    assign_to: manager
"""
)


def test_what_stays_undone_is_passed_on_once(desk: Desk) -> None:
    account = opened(desk, ESCALATED, desk.account(desk.invoice("i1", 8)))
    (call,) = account.open_tasks
    assert opened(desk, ESCALATED, account, TODAY + timedelta(5)) is account
    late = TODAY + timedelta(6)
    passed_on = opened(desk, ESCALATED, account, late)
    (_, escalation) = passed_on.tasks
    assert (escalation.rule, escalation.escalates) == ("Left undone", True)
    later = late + timedelta(10)
    assert opened(desk, ESCALATED, passed_on, later) is passed_on
    assert ends(desk, ESCALATED, passed_on, later) == {}
    called = after_task_done(passed_on, [call], later)
    words = ends(desk, ESCALATED, called, later)["Left undone"]
    assert words.startswith("Left undone no longer requires it (task_open_days 0")


def test_what_can_be_sent_again_needs_nobody(desk: Desk) -> None:
    text = desk.steps + "sending: {days: every day, without_email: task}\n"
    nobody = desk.contact(email="")
    account = opened(desk, text, desk.account(desk.invoice("i1", 2), contacts=(nobody,)))
    assert len(account.open_tasks) == 1
    reachable = account._replace(contacts=(desk.contact(email="a@example.com"),))
    words = "the first reminder can be sent by itself now"
    assert ends(desk, text, reachable) == {"Standard": words}
