"""Letters about payment plans leave once each, by the rules of every message."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from tests.builders.records import a_payment
from tests.core.conftest import Desk

from arsync.core.actions import Action, ActionKind, Via
from arsync.core.actions.effects import after
from arsync.core.ledger.records import Account, Allocation, Instalment, PaymentPlan
from arsync.core.planning.planning_context import Sends

LETTERS = f"""{Desk.head}payment_plans:
  grace: 3 business days
  announce: 3 days before
  chase: 1 day after
  confirm: yes
{Desk.steps}{Desk.daily}"""


def a_customer(desk: Desk, *days: int, is_confirmed: bool = False) -> Account:
    """Return a debt of 40 days with instalments of 400 on days from a Friday."""
    due = tuple(Instalment(desk.today + timedelta(day), Decimal(400)) for day in days)
    plan = PaymentPlan(7, "c1", ("i1",), "GBP", desk.today, "Jo", due)
    plan = plan._replace(is_confirmed=is_confirmed)
    invoice = desk.invoice("i1", 40, str(400 * len(days)))
    return desk.account(invoice, payment_plans=(plan,), taken_over_on=date(2026, 1, 1))


def played(desk: Desk, account: Account, days: int, rules: str = LETTERS) -> list[str]:
    """Return what leaves day by day: `3 instalment due`."""
    told: list[str] = []
    for offset in range(days):
        today = desk.today + timedelta(offset)
        actions = desk.plan(rules, account, today=today).actions
        told += [f"{offset} {action.step or action.kind}" for action in actions]
        account = after(account, actions, today)
    return told


def letter(desk: Desk, account: Account, offset: int = 0) -> Action:
    [action] = desk.plan(LETTERS, account, today=desk.today + timedelta(offset)).actions
    return action


def test_an_instalment_is_announced_and_chased_once(desk: Desk) -> None:
    # Monday 30 November; in time until Thursday, and then the cadence takes over.
    told = played(desk, a_customer(desk, 10), 18)

    assert told == ["7 instalment due", "12 instalment missed", "17 first reminder"]


BY_PLATFORM = f"{Desk.head}{Desk.steps}{Desk.daily}"
BY_MAIL = BY_PLATFORM.replace("sending: {", "sending: {via: smtp, ")
SILENT = f"{BY_MAIL}payment_plans: {{chase: none}}\n"


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (BY_MAIL, ["11 instalment missed", "16 first reminder"]),
        (SILENT, ["14 first reminder"]),
        (BY_PLATFORM, ["14 first reminder"]),
    ],
)
def test_letters_of_our_own_chase_each_instalment(desk: Desk, rules: str, told: list[str]) -> None:
    assert played(desk, a_customer(desk, 10), 18, rules) == told


def test_an_agreement_is_confirmed_once(desk: Desk) -> None:
    assert played(desk, a_customer(desk, 20, is_confirmed=True), 12) == ["0 payment plan agreed"]
    assert played(desk, a_customer(desk, 20), 12) == []


def test_a_paid_instalment_is_announced_no_more(desk: Desk) -> None:
    on = desk.today + timedelta(1)
    paid = a_payment(
        paid_on=on,
        rate=1,
        amount=400,
        unallocated=0,
        allocations=(Allocation("i1", Decimal(400), on),),
    )
    account = a_customer(desk, 3, 33)
    account = account._replace(
        payments=(paid,), invoices=(account.invoices[0]._replace(amount_due=Decimal(400)),)
    )

    assert played(desk, account, 10) == ["0 payment_plan"]


def test_the_letter_says_what_it_is_about(desk: Desk) -> None:
    action = letter(desk, a_customer(desk, 3, 33))

    assert (action.kind, action.via) == (ActionKind.REMINDER, Via.SMTP)
    assert action.note == (
        "Instalment due sent by email: instalment 1 of 2, GBP 400.00 due on 2026-11-23"
        " (test.yaml:5, payment plan)."
    )
    assert action.because.facts["instalment_amount"] == "400"
    [ref] = action.invoices
    assert (ref.step, ref.day, ref.slot) == ("instalment due", 1, "payment plan 7")


def test_its_letters_are_steps_of_no_cadence(desk: Desk) -> None:
    account = a_customer(desk, 3)
    told = after(account, [letter(desk, account)], desk.today)
    broken = told._replace(payment_plans=(told.payment_plans[0]._replace(cancelled_on=desk.today),))

    [action] = desk.plan(LETTERS, broken, today=desk.today + timedelta(6)).actions

    assert action.step == "first reminder"


def test_days_between_messages_keep_it(desk: Desk) -> None:
    account = a_customer(desk, 3)._replace(sent=(desk.sent("i1", 1, 2),))

    plan = desk.plan(LETTERS, account)

    assert plan.actions == ()
    [held] = [held for held in plan.held_back if held.why.startswith("instalment due")]
    assert held.why.endswith("5 days between messages")
    assert held.next_date == desk.today + timedelta(3)


def test_a_reminder_of_the_day_comes_first(desk: Desk) -> None:
    account = a_customer(desk, 3)
    account = account._replace(invoices=(*account.invoices, desk.invoice("i2", 5)))

    plan = desk.plan(LETTERS, account)

    assert [action.step for action in plan.actions] == ["first reminder"]
    assert "instalment due: another message leaves today" in [h.why for h in plan.held_back]


def test_without_its_lines_no_letter_leaves(desk: Desk) -> None:
    rules = f"{Desk.head}{Desk.steps}{Desk.daily}"

    assert played(desk, a_customer(desk, 3, is_confirmed=False), 5, rules) == []


def test_no_address_and_no_certainty_keep_it(desk: Desk) -> None:
    account = a_customer(desk, 3)
    unknown = account._replace(contacts=(desk.contact(email=""),))
    unsure = account._replace(doubts=("a payment cannot be read",))

    reasons = [desk.plan(LETTERS, each).held_back[-1].why for each in (unknown, unsure)]

    assert reasons == [
        "instalment due: no email address",
        "instalment due: a payment cannot be read",
    ]


def test_without_a_mail_server_no_letter_leaves(desk: Desk) -> None:
    plan = desk.plan(LETTERS, a_customer(desk, 3), sends=Sends(frozenset({"accounting system"})))

    assert not plan.actions
    assert plan.held_back[-1].why == "instalment due: no mail server is set up ([smtp] url)"
