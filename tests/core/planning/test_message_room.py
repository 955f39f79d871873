"""How much one customer hears: days between messages, and how many in some time."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from tests.core.conftest import Desk

from arsync.core.ledger.records import Account
from arsync.core.planning.planner import Plan

OFTEN = "".join(f"      - {{day: {day}, email: reminder {day}}}\n" for day in range(1, 40, 2))
WEEKLY = f"reminders:\n  - name: Weekly\n    steps:\n{OFTEN}"
CAPPED = "sending: {days: every day, days_between_messages: 2, at_most: {messages: 3, in: 30 days}"


def book(desk: Desk, more: str = "", cadence: str = WEEKLY) -> str:
    return f"{desk.head}{cadence}{CAPPED}{more}}}\n"


def whys(plan: Plan) -> list[tuple[str, date | None]]:
    return [(held.why, held.next_date) for held in plan.held_back]


@pytest.mark.parametrize("via", ["smtp", "accounting system"])
def test_no_customer_hears_more_often_than_allowed(desk: Desk, via: str) -> None:
    invoices = [desk.invoice(f"i{n}", n) for n in range(4)]
    done = desk.play(book(desk, f", via: {via}"), desk.account(*invoices), range(100))
    days = [day for day, _ in done]
    assert len(days) == 12
    for day in days:
        assert len([other for other in days if timedelta(0) <= day - other < timedelta(30)]) <= 3


def test_what_waits_says_until_when(desk: Desk) -> None:
    sent = tuple(desk.sent("i1", 1 + 2 * n, days_ago) for n, days_ago in enumerate((29, 20, 8)))
    account = desk.account(desk.invoice("i1", 30), sent=sent)
    plan = desk.plan(book(desk), account)
    assert not plan.actions
    oldest = desk.today - timedelta(29)
    assert whys(plan) == [
        (
            f"3 messages since {oldest}; at most 3 in 30 days to one customer",
            desk.today + timedelta(1),
        )
    ]
    assert desk.plan(book(desk), account, today=desk.today + timedelta(1)).actions


def test_one_letter_about_many_invoices_is_one_message(desk: Desk) -> None:
    together = [desk.sent(f"i{n}", 1, 9, moment="m", message="k") for n in range(3)]
    account = desk.account(*(desk.invoice(f"i{n}", 30) for n in range(3)), sent=tuple(together))
    assert desk.plan(book(desk, ", via: smtp"), account).actions
    # The accounting system's emails are one each, though they leave in one moment.
    apart = tuple(step._replace(message=step.invoice_id) for step in together)
    assert not desk.plan(book(desk), account._replace(sent=apart)).actions


def test_a_moment_takes_what_room_is_left(desk: Desk) -> None:
    sent = (desk.sent("i9", 1, 10), desk.sent("i9", 3, 5))
    invoices = [desk.invoice(f"i{n}", 5 - n) for n in range(3)]
    plan = desk.plan(book(desk), desk.account(*invoices, sent=sent))
    assert [action.invoices[0].id for action in plan.actions] == ["i0"]
    assert (
        whys(plan)
        == [
            (
                "the others of today come first; at most 3 in 30 days to one customer",
                desk.today + timedelta(20),
            )
        ]
        * 2
    )


def test_letters_and_emails_share_the_room(desk: Desk) -> None:
    cadence = (
        "reminders:\n  - name: Both\n    steps: [{day: 1, email: first reminder},"
        " {day: 20, letter: final notice}]\n"
    )
    late = [desk.invoice(f"i{n}", 30) for n in range(2)]
    sent = tuple(desk.sent(f"i{n}", 1, 40, "first reminder", cadence="Both") for n in range(2))
    early = [desk.invoice(f"j{n}", 2) for n in range(3)]
    plan = desk.plan(book(desk, "", cadence), desk.account(*late, *early, sent=sent))
    assert Counter(action.kind.value for action in plan.actions) == {"letter": 1, "reminder": 2}
    assert len(plan.held_back) == 1
    full = desk.plan(
        book(desk, "", cadence).replace("messages: 3", "messages: 1"),
        desk.account(*late, *early, sent=sent),
    )
    assert [action.kind.value for action in full.actions] == ["letter"]
    assert len(full.held_back) == 3


def test_departments_share_the_room_and_branches_do_not(desk: Desk) -> None:
    rules = book(desk, ", via: smtp").replace("messages: 3", "messages: 1")
    works = desk.invoice("i2", 12, email="works@x.test")
    departments = desk.account(desk.invoice("i1", 40), works)
    plan = desk.plan(rules, departments)
    assert [ref.id for action in plan.actions for ref in action.invoices] == ["i1"]
    assert whys(plan) == [
        (
            "the others of today come first; at most 1 in 30 days to one customer",
            desk.today + timedelta(30),
        )
    ]
    family = (desk.contact(), desk.contact("c2", parent_id="c1", email="works@x.test"))
    branches = desk.account(
        desk.invoice("i1", 40), desk.invoice("i2", 12, contact="c2"), contacts=family
    )
    assert len(desk.plan(rules, branches).actions) == 2


def test_tasks_take_no_room(desk: Desk) -> None:
    cadence = "reminders: [{name: Call, steps: [{day: 1, task: Call}]}]\n"
    sent = tuple(desk.sent("i9", 1, days_ago) for days_ago in (9, 6, 3))
    account: Account = desk.account(desk.invoice("i1", 5), sent=sent)
    assert len(desk.plan(book(desk, "", cadence), account).actions) == 1


def test_another_contact_with_the_address_keeps_the_gap(desk: Desk) -> None:
    yesterday, tomorrow = desk.today - timedelta(1), desk.today + timedelta(1)
    account = desk.account(desk.invoice("i1", 5), heard_at={"c1": (yesterday,)})
    plan = desk.plan(book(desk), account)
    assert not plan.actions
    assert whys(plan) == [(f"last message on {yesterday}; 2 days between messages", tomorrow)]
    other = account._replace(heard_at={"c9": (yesterday,)})
    assert desk.plan(book(desk), other).actions


def test_messages_to_the_address_count_for_the_most(desk: Desk) -> None:
    days = tuple(desk.today - timedelta(days_ago) for days_ago in (20, 10, 3))
    account = desk.account(desk.invoice("i1", 5), heard_at={"c1": days})
    (held,) = desk.plan(book(desk), account).held_back
    assert held.why == f"3 messages since {days[0]}; at most 3 in 30 days to one customer"
