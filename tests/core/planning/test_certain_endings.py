"""Ending is an act: nothing ends but on a certain no."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders.records import a_contact, an_invoice
from tests.builders.rulebooks import a_rulebook

from arsync.core.actions import ActionKind
from arsync.core.ledger.records import Account, Difference, Organisation, StandingHold
from arsync.core.planning.assessment import Assessor
from arsync.core.planning.customer_locale import no_holidays
from arsync.core.planning.plan import Plan
from arsync.core.planning.planner import begin_plan, make_plan
from arsync.core.planning.undecided import undecided_about
from arsync.core.rulebook import Rulebook
from arsync.core.rulebook.conditions import trace
from arsync.core.rulebook.facts import CONTACT_FIELDS, contact_row

Desk = Any
K = ActionKind
TODAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
OFFERS = frozenset(
    {
        "credit hold",
        "payment terms",
        "taking payment terms off",
        "email by the accounting system",
    }
)
ENDS = {K.LIFT_CREDIT_HOLD, K.RESTORE_TERMS}
HOLD = StandingHold("c1", date(2026, 10, 1), 1, terms_changed=True)
ORGANISATION = Organisation("o1", "Acme", "GBP", time_zone="Europe/London")
BAD_PAYER = (
    "credit_holds:\n  - name: Bad payer\n"
    "    when: {average_days_late: {at_least: 30}, overdue_invoices: {at_least: 1}}\n"
)
OVERDUE = "credit_holds:\n  - name: Much\n    when: {overdue_amount: {at_least: 500}}\n"


def kinds(plan: Plan) -> set[ActionKind]:
    return {action.kind for action in plan.actions}


def whys(plan: Plan) -> list[str]:
    return [held.why for held in plan.held_back]


def test_a_year_without_a_payment_lifts_no_hold(desk: Desk) -> None:
    plan = desk.plan(desk.head + BAD_PAYER, desk.account(desk.invoice("i1", 363), hold=HOLD))
    assert not plan.actions
    assert whys(plan) == [
        (
            "the credit hold stays: 'Bad payer' is not certainly over: average_days_late is unknown"
            " (nothing was paid in the last 365 days)"
        )
    ]
    assert plan.held_back[0].because is not None
    assert plan.held_back[0].because.line == 4


def test_an_invoice_without_a_rate_lifts_no_hold(desk: Desk) -> None:
    foreign = desk.invoice("i2", 5, "20", currency="USD", rate=None)
    account = desk.account(desk.invoice("i1", 79, "6000"), foreign, hold=HOLD)
    plan = desk.plan(desk.head + OVERDUE, account)
    assert not plan.actions
    assert "overdue_amount is unknown (no exchange rate was recorded for I2 (USD))" in whys(plan)[0]


def test_a_rulebook_in_a_wrong_currency_lifts_nothing(desk: Desk) -> None:
    accounts = [
        desk.account(
            desk.invoice(f"i{number}", 79, "6000", contact=f"c{number}"),
            contacts=(desk.contact(f"c{number}"),),
            hold=HOLD._replace(contact_id=f"c{number}"),
        )
        for number in range(3)
    ]
    plan = desk.plan("version: 1\ncurrency: USD\n" + OVERDUE, *accounts)
    assert not plan.actions
    assert len(plan.held_back) == 3


@pytest.mark.parametrize(
    "doubt",
    [
        {"unreadable": ("INV-9",)},
        {"doubts": ("the amount owed is uncertain: a payment (P1) cannot be read: odd",)},
        {"differences": (Difference("c1", "C1", Decimal(900), Decimal(0), "GBP", Decimal(1)),)},
    ],
    ids=["an invoice", "a payment", "the balance"],
)
def test_figures_in_doubt_lift_no_hold(desk: Desk, doubt: dict[str, Any]) -> None:
    plan = desk.plan(desk.head + OVERDUE, desk.account(hold=HOLD, **doubt))
    assert not plan.actions
    assert whys(plan)[0].startswith("the credit hold stays: the amount owed is uncertain: ")


def test_unknown_gives_no_left_terms_back(desk: Desk) -> None:
    text = desk.head + BAD_PAYER + "    terms: cash on delivery\n"
    plan = desk.plan(text, desk.account(desk.invoice("i1", 363), terms_left=HOLD))
    assert not plan.actions
    assert whys(plan)[0].startswith("the terms of the credit hold stay: 'Bad payer'")


def test_unknown_ends_no_refusal(desk: Desk) -> None:
    refused = frozenset({"k1"})
    unsure = desk.account(desk.invoice("i1", 363), refused=refused, done_keys=refused)
    sure = desk.account(refused=refused, done_keys=refused)
    assert desk.plan(desk.head + BAD_PAYER, unsure).ended_refusals == ()
    assert desk.plan(desk.head + OVERDUE, sure).ended_refusals == ("k1",)
    doubted = sure._replace(unreadable=("INV-9",))
    assert desk.plan(desk.head + OVERDUE, doubted).ended_refusals == ()


def test_a_limit_that_may_apply_keeps_the_hold(desk: Desk) -> None:
    text = desk.head + (
        "credit_limits:\n"
        "  - {name: Slow payers, when: {average_days_late: {at_least: 30}}, limit: 1000}\n"
        "  - {name: Everyone else, limit: 10000}\n"
        "credit_holds:\n  - {name: Over, when: {over_limit_percent: {more_than: 0}}}\n"
    )
    owing = desk.invoice("i1", 363, "5000")
    plan = desk.plan(text, desk.account(owing, hold=HOLD))
    assert not plan.actions
    assert "the limit of 'Slow payers' may apply: average_days_late is unknown" in whys(plan)[0]
    # Whether a hold is placed goes by the first rule that certainly matches.
    assert not desk.plan(text, desk.account(owing)).held_back
    assert kinds(desk.plan(text, desk.account(desk.invoice("i1", 363, "500"), hold=HOLD))) == ENDS


def test_the_terms_left_to_an_excluded_customer_go_back(desk: Desk) -> None:
    text = (
        desk.head
        + OVERDUE
        + "    terms: cash on delivery\nleave_alone:\n  - {name: Alone, when: {contact: C1}}\n"
    )
    plan = desk.plan(text, desk.account(desk.invoice("i1", 60, "6000"), terms_left=HOLD))
    assert kinds(plan) == {K.RESTORE_TERMS}


# Actions that wait


def undecided(text: str, account: Account, planned_from: Account) -> list[str]:
    """Return what is unknown about each action of an earlier plan."""
    rulebook = a_rulebook(text)
    planning, _ = begin_plan(
        rulebook,
        "acme",
        ORGANISATION,
        TODAY,
        NOON,
        offers=OFFERS,
        holidays=no_holidays,
    )
    earlier = planned(rulebook, planned_from)
    return [undecided_about(planning, account, action) for action in earlier.actions]


def test_an_action_waits_while_its_reason_is_unknown(desk: Desk) -> None:
    text = desk.head + (
        "reminders:\n  - name: Standard\n    when: {overdue_amount: {at_least: 50}}\n"
        "    steps: [{day: 1, email: first reminder}]\n"
        "follow_ups:\n  - name: Big\n    when: {balance: {at_least: 50}}\n    task: Call\n"
    )
    owing = desk.invoice("i1", 5)
    sure = desk.account(owing)
    unsure = desk.account(owing, desk.invoice("i2", 5, currency="USD", rate=None))
    assert [bool(words) for words in undecided(text, unsure, sure)] == [True, True]
    assert undecided(text, desk.account(desk.invoice("i1", 5, "10")), sure) == ["", ""]


def test_a_hold_that_waits_goes_on_waiting(desk: Desk) -> None:
    unsure = desk.account(desk.invoice("i2", 5, currency="USD", rate=None))
    (words,) = undecided(desk.head + OVERDUE, unsure, desk.account(desk.invoice("i1", 5, "600")))
    assert words.startswith("'Much' is not certainly over: overdue_amount is unknown")
    alone = desk.head + OVERDUE + "leave_alone:\n  - {name: Alone, when: {contact_group: Own}}\n"
    own = unsure._replace(contacts=(desk.contact(groups=("Own",)),))
    assert undecided(alone, own, desk.account(desk.invoice("i1", 5, "600"))) == [""]


# Properties

LIMITS = [
    "{name: Slow, when: {average_days_late: {at_least: 10}}, limit: 200}",
    "{name: New, when: {customer_for_days: {less_than: 30}}, limit: 50}",
    "{name: Abroad, when: {country: DE}, limit: no limit}",
    "{name: All, limit: 400}",
]
RULES = [
    "{name: Over, when: {over_limit_percent: {more_than: 10}}, terms: cash on delivery}",
    "{name: Old, when: {oldest_days_overdue: {at_least: 40}}}",
    "{name: Much, when: {overdue_amount: {at_least: 300}}, unless: {country: DE}}",
    "{name: Late, when: {average_days_late: {at_least: 5}}, terms: cash on delivery}",
    "{name: Few, when: {not: {paid_on_time_percent: {at_least: 50}}}}",
]


def planned(rulebook: Rulebook, *accounts: Account) -> Plan:
    return make_plan(
        accounts,
        rulebook,
        connection="acme",
        organisation=ORGANISATION,
        today=TODAY,
        now=NOON,
        offers=OFFERS,
        holidays=no_holidays,
    )


def random_rulebook(dice: random.Random) -> Rulebook:
    limits = dice.sample(LIMITS, dice.randint(0, 4))
    rules = dice.sample(RULES, dice.randint(1, 4))
    lines = ["version: 1", "currency: GBP", "credit_limits:", *(f"  - {line}" for line in limits)]
    lines = lines if limits else lines[:2]
    return a_rulebook("\n".join([*lines, "credit_holds:", *(f"  - {line}" for line in rules)]))


def random_account(dice: random.Random) -> Account:
    invoices = []
    for number in range(dice.randint(0, 4)):
        due_on = TODAY - timedelta(dice.randint(-20, 90))
        is_paid = dice.random() < 0.4
        currency, rate = dice.choice([("GBP", 1), ("GBP", 1), ("EUR", "0.85"), ("USD", None)])
        invoices.append(
            an_invoice(
                f"i{number}",
                "c1",
                number=f"I{number}",
                status="paid" if is_paid else "open",
                issued_on=due_on - timedelta(30),
                due_on=due_on,
                currency=currency,
                rate=rate,
                total=dice.choice(["50", "250", "600"]),
                amount_due="0" if is_paid else dice.choice(["20", "250", "600"]),
                paid_on=min(TODAY, due_on + timedelta(dice.randint(0, 30))) if is_paid else None,
            )
        )
    contact = a_contact("c1", name="One", country=dice.choice(["", "GB", "DE"]))
    refused = frozenset({"k"}) if dice.random() < 0.3 else frozenset[str]()
    standing: dict[str, Any] = dice.choice([{"hold": HOLD}, {"terms_left": HOLD}, {}])
    return Account((contact,), tuple(invoices), refused=refused, done_keys=refused, **standing)


def poorer(dice: random.Random, account: Account) -> Account:
    """Return the account with less known of it."""
    way = dice.choice(["rate", "country", "doubt", "unreadable"])
    if way == "doubt":
        return account._replace(doubts=("a payment cannot be read",))
    if way == "unreadable" and account.invoices:
        gone = dice.choice(account.invoices)
        left = tuple(invoice for invoice in account.invoices if invoice is not gone)
        return account._replace(invoices=left, unreadable=(gone.number,))
    if way == "country":
        contact = account.contacts[0]._replace(country="")
        return account._replace(contacts=(contact,))
    foreign = tuple(invoice._replace(currency="USD", rate=None) for invoice in account.invoices)
    return account._replace(invoices=foreign)


def ends(plan: Plan) -> set[str]:
    return {action.key for action in plan.actions if action.kind in ENDS} | set(plan.ended_refusals)


@given(st.integers(0, 2**32))
def test_who_knows_less_ends_no_more(seed: int) -> None:
    dice = random.Random(seed)
    rulebook, account = random_rulebook(dice), random_account(dice)
    assert ends(planned(rulebook, poorer(dice, account))) <= ends(planned(rulebook, account))


@given(st.integers(0, 2**32))
def test_nothing_ends_but_on_a_certain_no(seed: int) -> None:
    dice = random.Random(seed)
    rulebook, account = random_rulebook(dice), random_account(dice)
    account = poorer(dice, account) if dice.random() < 0.5 else account
    plan = planned(rulebook, account)
    if not ends(plan):
        return
    only_terms = not plan.ended_refusals and K.LIFT_CREDIT_HOLD not in kinds(plan)
    # The terms an earlier hold left go back unless a rule with terms asks for them.
    asking = [hold for hold in rulebook.credit_holds if hold.terms or not only_terms]
    assessor = Assessor(rulebook, ORGANISATION, TODAY)
    view = assessor.assess(account).root.view
    every_fact = range(len(CONTACT_FIELDS))
    # Under every limit that may apply, and not only under the one that is given.
    for rule in rulebook.credit_limits:
        answer = trace(rule.when.tree, contact_row(view, every_fact)).answer
        if answer is not False:
            view.limit = assessor.given_by(rule, view)
            row = contact_row(view, every_fact)
            answers = {trace(hold.when.tree, row).answer for hold in asking}
            # Whoever certainly owes nothing net is not held, whatever else is unknown.
            assert answers <= {False} or not view.owed
        if answer is True:
            break
    assert not asking or not (account.doubts or account.unreadable)
