"""Nothing is asked for, billed or held beyond what is owed net of unapplied cash."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders.drawn_ledgers import ledgers, pooled
from tests.builders.records import DUE_ON
from tests.core.conftest import Desk

from arsync.core.actions import ActionKind, LateFeePayload
from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.records import Account, Promise, StandingHold
from arsync.core.ledger.unapplied_cash import payers
from arsync.core.planning.plan import Plan

HOLDS = (
    "credit_holds:\n"
    "  - {name: Old, when: {oldest_days_overdue: {at_least: 30}}}\n"
    "  - {name: Much, when: {overdue_amount: {at_least: 500}}}\n"
    "  - {name: Broken, when: {promise_to_pay: broken}}\n"
)
FEE = "reminders: [{name: Fee, steps: [{day: 1, late_fee: 10%}]}]\n"
SMALL = (
    "reminders:\n  - name: Standard\n    skip_invoices_when: {amount_due: {less_than: 20}}\n"
    "    steps: [{day: 1, email: first reminder}]\n"
)


def kinds(plan: Plan) -> list[ActionKind]:
    return [action.kind for action in plan.actions]


def test_who_owes_nothing_net_is_neither_reminded_nor_held(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 80, "700"), credits=(desk.credit("700"),))
    plan = desk.plan(desk.head + HOLDS + desk.steps, account)
    assert plan.actions == ()
    assert [held.why for held in plan.held_back] == [
        "covered by unapplied cash of GBP 700.00 (credit note CN-1)"
    ]


def test_nothing_owed_net_places_no_hold_for_promises(desk: Desk) -> None:
    promise = Promise(("i1",), desk.today - timedelta(7), None, desk.today - timedelta(9))
    account = desk.account(desk.invoice("i1", 5), promises=(promise,))
    assert ActionKind.CREDIT_HOLD in kinds(desk.plan(desk.head + HOLDS, account))
    covered = account._replace(credits=(desk.credit("100"),))
    assert not desk.plan(desk.head + HOLDS, covered).actions


def test_a_hold_is_lifted_once_money_covers_the_debt(desk: Desk) -> None:
    hold = StandingHold("c1", desk.today - timedelta(8), 1)
    account = desk.account(desk.invoice("i1", 80), hold=hold, last_hold_episode=1)
    assert not desk.plan(desk.head + HOLDS, account).actions
    covered = account._replace(payments=(desk.payment("100", unallocated="100"),))
    assert kinds(desk.plan(desk.head + HOLDS, covered)) == [ActionKind.LIFT_CREDIT_HOLD]


def test_a_reminder_asks_for_what_is_left(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 20, "3000"), credits=(desk.credit("2500"),))
    [action] = desk.plan(desk.head + desk.steps, account).actions
    [ref] = action.invoices
    assert [ref.amount_due, ref.document_amount_due] == [500, 3000]
    assert "GBP 500.00 due after GBP 2,500.00 of unapplied cash" in action.note
    assert action.because.facts["amount_due"] == "500.00"
    assert action.because.facts["document_amount_due"] == "3000.00"


def test_a_small_balance_is_a_small_net_amount(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 20, "3000"), credits=(desk.credit("2990"),))
    plan = desk.plan(desk.head + SMALL, account)
    assert plan.actions == ()
    assert plan.held_back[0].why == "skipped: amount_due GBP 10.00 (less than 20)"


@pytest.mark.parametrize(
    ("cash", "word", "fee"),
    [
        ("900", "10%", "10.00"),
        ("900", "40", "40.00"),
        ("970", "40", "30.00"),
        ("0.01", "100%", "999.99"),
    ],
)
def test_a_late_fee_counts_on_the_net_amount(desk: Desk, cash: str, word: str, fee: str) -> None:
    account = desk.account(desk.invoice("i1", 20, "1000"), credits=(desk.credit(cash),))
    [action] = desk.plan(desk.head + FEE.replace("10%", word), account).actions
    assert isinstance(action.payload, LateFeePayload)
    assert str(action.payload.amount) == fee


@pytest.mark.parametrize(
    ("word", "asked"), [("net", "400"), ("only in full", "1000"), ("ignore", "1000")]
)
def test_the_rulebook_says_how_cash_counts(desk: Desk, word: str, asked: str) -> None:
    account = desk.account(
        desk.invoice("i1", 20, "1000"), desk.invoice("i2", 25, "50"), credits=(desk.credit("650"),)
    )
    plan = desk.plan(desk.head + f"unapplied_cash: {word}\n" + desk.steps, account)
    refs = {ref.id: str(ref.amount_due) for action in plan.actions for ref in action.invoices}
    assert refs == {"i1": asked} | ({"i2": "50"} if word == "ignore" else {})


def test_a_siblings_credit_silences_no_debt(desk: Desk) -> None:
    family = (desk.contact(), *(desk.contact(n, parent_id="c1") for n in ("north", "south")))
    account = desk.account(
        desk.invoice("i1", 20, "500", "south"),
        contacts=family,
        credits=(desk.credit("600", "north"),),
    )
    [action] = desk.plan(desk.head + desk.steps, account).actions
    assert action.contact_id == "south"
    assert action.invoices[0].amount_due == 500


def test_a_follow_up_can_ask_to_match_the_money(desk: Desk) -> None:
    rule = (
        "follow_ups: [{name: Match, task: Match the money,"
        " when: {unapplied_cash: {more_than: 0}, gross_balance: {more_than: 0}}}]\n"
    )
    account = desk.account(desk.invoice("i1", 20), credits=(desk.credit("100"),))
    [action] = desk.plan(desk.head + rule, account).actions
    assert action.subject == "i1"
    assert not desk.plan(desk.head + rule, account._replace(credits=())).actions


# Whatever the ledger and the rulebook

_NAMES = ("amount_due", "document_amount_due", "total")
_STEPS = ("email: first reminder", "letter: final notice", "task: Call", "late_fee: 7%")


@st.composite
def rulebooks(draw: st.DrawFn) -> str:
    """Draw a rulebook that holds, reminds and bills by some of its figures."""
    figure = st.sampled_from(
        ("overdue_amount", "gross_overdue_amount", "balance", "gross_balance", "exposure")
    )
    least = st.integers(0, 400)
    steps = draw(st.lists(st.sampled_from((*_STEPS, "late_fee: 40")), min_size=1, max_size=3))
    skipped = f"{{{draw(st.sampled_from(_NAMES))}: {{less_than: {draw(least)}}}}}"
    lines = [
        f"unapplied_cash: {draw(st.sampled_from(('net', 'only in full')))}",
        f"sending: {{via: {draw(st.sampled_from(('smtp', 'accounting system')))}}}",
        "credit_holds:",
        f"  - {{name: A, when: {{{draw(figure)}: {{at_least: {draw(least)}}}}}}}",
        "  - {name: B, when: {has_email: yes}}",
        "reminders:",
        "  - name: Standard",
        f"    skip_invoices_when: {skipped}",
        "    steps:",
        *(f"      - {{day: {1 + position}, {step}}}" for position, step in enumerate(steps)),
        f"follow_ups: [{{name: F, when: {{{draw(figure)}: {{more_than: 0}}}}, task: Look}}]",
    ]
    return "\n".join(lines) + "\n"


@given(ledgers(), rulebooks(), st.integers(0, 90))
def test_nothing_exceeds_what_is_owed_net(account: Account, rules: str, days: int) -> None:
    desk = Desk()
    today = DUE_ON + timedelta(days)
    plan = desk.plan(desk.head + rules, account, today=today)
    gross = pooled(account, ((i.contact_id, i.currency, i.amount_due) for i in account.invoices))
    # What each payer owes net, counted another way than invoice by invoice.
    cash = AccountView(account, today, currency="GBP", base="GBP").cash
    held = pooled(account, ((part.contact_id, part.currency, part.amount) for part in cash))
    whole = "only in full" in rules
    pays = payers(account.contacts)
    asked: dict[Any, Decimal] = defaultdict(Decimal)
    for action in plan.actions:
        payer = pays.get(action.contact_id, action.contact_id)
        if action.kind is ActionKind.CREDIT_HOLD:
            assert any(due > held[pool] for pool, due in gross.items())
        if isinstance(action.payload, LateFeePayload):
            assert 0 < action.payload.amount <= action.invoices[0].amount_due
        for ref in action.invoices:
            assert ref.amount_due > 0
            if action.kind in {ActionKind.REMINDER, ActionKind.LETTER}:
                asked[payer, ref.currency] += ref.amount_due
    for pool, amount in asked.items():
        assert gross[pool] > held[pool]
        assert amount <= gross[pool] - (Decimal(0) if whole else held[pool])
