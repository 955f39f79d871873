"""Discounts for prompt payment: earned by the day of the money, not chased, credited once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.builders.records import a_credit, a_debtor, a_payment, an_invoice

from arsync.core.actions import CreditNotePayload, TaskPayload, payload_of
from arsync.core.actions.effects import after
from arsync.core.ledger.records import Account, Allocation, Dispute, Invoice, Organisation
from arsync.core.planning.explanation import explain
from arsync.core.planning.plan import Plan

Desk = Any

ISSUED, DUE, OVERDUE = date(2026, 6, 1), date(2026, 7, 1), date(2026, 8, 10)
XERO = frozenset({"draft credit note", "email by the accounting system", "late fee"})
QUICKBOOKS = XERO - {"draft credit note"}
TWO = "discounts: [{name: Prompt, percent: 2%, within: 10 days, as: credit note draft}]\n"
REST = (
    "credit_holds: [{name: Late, when: {oldest_days_overdue: {at_least: 1}}}]\n"
    "reminders: [{name: Standard, steps: [{day: 1, email: first reminder}]}]\n"
    "charges: [{name: Interest, interest: 1% a month}]\n"
)


def a_thousand(due: str | int = 20, **fields: Any) -> Invoice:
    dates = {"issued_on": ISSUED, "due_on": DUE}
    return an_invoice(**{"total": 1000, "amount_due": due, "rate": 1, **dates, **fields})


def paid(amount: str | int, day: int, record_id: str = "p1", **fields: Any) -> Any:
    on = date(2026, 6, day)
    allocations = (Allocation("i1", Decimal(amount), on),)
    options = {"amount": amount, "paid_on": on, "rate": 1, "allocations": allocations}
    return a_payment(record_id, **{**options, **fields})


def planned(desk: Desk, account: Account, text: str = TWO, **values: Any) -> Plan:
    account = account._replace(taken_over_on=date(2026, 1, 1))
    options: dict[str, Any] = {"today": OVERDUE, "offers": XERO, **values}
    plan: Plan = desk.plan(desk.head + text, account, **options)
    return plan


def credited(desk: Desk, account: Account, text: str = TWO, **values: Any) -> list[str]:
    actions = planned(desk, account, text, **values).actions
    return [str(payload_of(action, CreditNotePayload).amount) for action in actions]


def test_a_discount_taken_is_credited_by_a_draft(desk: Desk) -> None:
    account = a_debtor(a_thousand(), payments=(paid(980, 11),))
    (action,) = planned(desk, account, today=date(2026, 6, 12)).actions
    assert payload_of(action, CreditNotePayload) == CreditNotePayload(
        Decimal(20), "GBP", "Prompt-payment discount of 2% on INV-1, paid on 2026-06-11"
    )
    assert action.needs_approval
    assert action.note == (
        "Credit note drafted over GBP 20.00, the prompt-payment discount (test.yaml:3, Prompt)."
    )
    automatic = TWO.replace("as:", "approval: none, as:")
    assert [action.needs_approval for action in planned(desk, account, automatic).actions] == [
        False
    ]


def test_the_rest_is_neither_chased_nor_charged_nor_held(desk: Desk) -> None:
    account = a_debtor(a_thousand(), payments=(paid(980, 11),))
    plan = planned(desk, account, TWO + REST)
    assert [action.kind for action in plan.actions] == ["credit_note"]
    assert [held.why for held in plan.held_back] == ["prompt-payment discount of GBP 20.00 taken"]
    # Without the rule it is all of that.
    kinds = {action.kind for action in planned(desk, account, REST).actions}
    assert {"reminder", "late_fee"} <= kinds


def test_once_drafted_it_is_not_drafted_again(desk: Desk) -> None:
    account = a_debtor(a_thousand(), payments=(paid(980, 11),))
    (action,) = planned(desk, account).actions
    account = after(account, [action], OVERDUE)._replace(done_keys=frozenset({action.key}))
    # Not with another name of the rule either, and not when the customer pays a part of it.
    assert credited(desk, account, TWO.replace("Prompt", "Skonto")) == []
    less = a_thousand(15)
    later = a_debtor(less, payments=(paid(980, 11), paid(5, 30, "p2")), done_keys=account.done_keys)
    plan = planned(desk, later)
    assert plan.actions == ()
    assert [held.why for held in plan.held_back] == ["prompt-payment discount of GBP 15.00 taken"]


@pytest.mark.parametrize(
    ("due", "payments", "amounts"),
    [
        (20, [paid(980, 11)], ["20.00"]),
        # On the last day, not the day after it.
        (20, [paid(980, 12)], []),
        (20, [paid(500, 5), paid(480, 11, "p2")], ["20.00"]),
        (20, [paid(500, 5), paid(480, 12, "p2")], []),
        # A part of the discount was paid after all, whenever that was.
        (7, [paid(993, 11)], ["7.00"]),
        (7, [paid(980, 11), paid(13, 28, "p2")], ["7.00"]),
        # More is open than the discount.
        ("20.01", [paid("979.99", 11)], []),
        (1000, [], []),
        # The whole was paid: nothing is open, and nothing is given back.
        (0, [paid(1000, 11)], []),
        # Not all of what was taken off is known to have come in time.
        (20, [paid(900, 11)], []),
        # The customer's money counts from its own day, not from the day of its matching.
        (20, [paid(980, 11, allocations=(Allocation("i1", Decimal(980), DUE),))], ["20.00"]),
        (20, [paid(980, 11, status="voided")], []),
    ],
)
def test_what_earns_a_discount(
    desk: Desk, due: str | int, payments: list[Any], amounts: list[str]
) -> None:
    status = "open" if due else "paid"
    account = a_debtor(a_thousand(due, status=status), payments=tuple(payments))
    assert credited(desk, account) == amounts


def test_credits_count_whenever_they_came_but_earn_nothing(desk: Desk) -> None:
    note = a_credit(
        total=100,
        unallocated=0,
        status="paid",
        issued_on=date(2026, 6, 25),
        allocations=(Allocation("i1", Decimal(100), date(2026, 6, 25)),),
    )
    assert credited(desk, a_debtor(a_thousand(), payments=(paid(880, 11),), credits=(note,))) == [
        "20.00"
    ]
    whole = note._replace(allocations=(Allocation("i1", Decimal(980), DUE),), total=Decimal(980))
    assert credited(desk, a_debtor(a_thousand(), credits=(whole,))) == []


def test_no_more_is_credited_than_is_owed_net(desk: Desk) -> None:
    cash = a_credit(kind="overpayment", total=5, rate=1, issued_on=date(2026, 6, 8))
    account = a_debtor(a_thousand(), payments=(paid(980, 11),), credits=(cash,))
    assert credited(desk, account) == ["15.00"]
    covered = account._replace(credits=(cash._replace(unallocated=Decimal(20)),))
    assert credited(desk, covered) == []
    # Money that came in time and is not matched yet earns it as well.
    unmatched = paid(980, 11, unallocated=980, allocations=())
    account = a_debtor(a_thousand(1000), payments=(unmatched,))
    assert credited(desk, account) == ["20.00"]
    assert planned(desk, account, TWO + REST).actions[0].kind == "credit_note"


def test_the_first_rule_that_was_earned_counts(desk: Desk) -> None:
    rules = (
        "discounts:\n  - {name: Very prompt, percent: 3%, within: 7 days}\n"
        "  - {name: Prompt, percent: 2%, within: 14 days}\n"
    )
    assert credited(desk, a_debtor(a_thousand(30), payments=(paid(970, 5),)), rules) == ["30.00"]
    assert credited(desk, a_debtor(a_thousand(30), payments=(paid(970, 12),)), rules) == []
    account = a_debtor(a_thousand(), payments=(paid(980, 12),))
    (action,) = planned(desk, account, rules).actions
    assert action.because.rule == "Prompt"
    excluded = rules.replace("14 days", "14 days, unless: {total: {more_than: 500}}")
    assert credited(desk, account, excluded) == []


def test_an_unknown_condition_stops_both_ways(desk: Desk) -> None:
    rules = TWO.replace("as:", "when: {net_amount_due: {at_least: 1}}, as:")
    foreign = a_thousand(currency="EUR", rate=None)
    payment = paid(980, 11, currency="EUR", rate=None)
    plan = planned(desk, a_debtor(foreign, payments=(payment,)), rules + REST)
    assert plan.actions == ()
    assert any("whether 'Prompt' gives INV-1 its discount" in held.why for held in plan.held_back)


def test_what_stops_a_reminder_stops_a_discount(desk: Desk) -> None:
    account = a_debtor(a_thousand(), payments=(paid(980, 11),))
    disputed = account._replace(disputes=(Dispute("i1", OVERDUE, "short"),))
    plan = planned(desk, disputed)
    assert plan.actions == ()
    assert plan.held_back[-1].why.startswith("dispute open")
    doubted = account._replace(doubts=("the amount owed is uncertain: a payment",))
    assert credited(desk, doubted) == []
    alone = TWO + "leave_alone: [{name: All, when: {open_invoices: {at_least: 0}}}]\n"
    assert credited(desk, account, alone) == []


def test_without_drafts_a_task_asks_the_bookkeeper(desk: Desk) -> None:
    account = a_debtor(a_thousand(), payments=(paid(980, 11),))
    (action,) = planned(desk, account, offers=QUICKBOOKS).actions
    task = payload_of(action, TaskPayload)
    assert task.task == "Give INV-1 its prompt-payment discount of GBP 20.00"
    assert task.assign_to == "bookkeeper"
    assert not action.needs_approval
    account = account._replace(done_keys=frozenset({action.key}))
    assert planned(desk, account, offers=QUICKBOOKS).actions == ()


def test_why_names_the_rule_and_the_amount(desk: Desk) -> None:
    account = a_debtor(a_thousand(), payments=(paid(980, 11),))
    rulebook = desk.rulebook(desk.head + TWO)
    lines = explain(
        account,
        rulebook,
        planned(desk, account),
        organisation=Organisation("o1", "Acme", "GBP"),
        invoice_id="i1",
    )
    texts = {line.section: line.text for line in lines}
    assert texts["discounts"] == (
        "INV-1: Prompt: yes, paid on 2026-06-11, GBP 20.00 taken as discount"
    )
    assert "paid" in texts["invoice"]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("within: 10 days", "needs 'percent'"),
        ("percent: 2%", "needs 'within'"),
        ("percent: 0%, within: 10 days", "above 0% and at most 50%"),
        ("percent: 51%, within: 10 days", "above 0% and at most 50%"),
        ("percent: 2%, within: 10", "which is no number of days"),
        (
            "percent: 2%, within: 10 days, when: {balance: {more_than: 0}, for: 7 days}",
            "how long a condition has held",
        ),
    ],
)
def test_a_wrong_discount_is_refused(desk: Desk, rule: str, message: str) -> None:
    with pytest.raises(AssertionError) as refused:
        desk.rulebook(f"{desk.head}discounts: [{{name: A, {rule}}}]\n")
    assert message in str(refused.value)
