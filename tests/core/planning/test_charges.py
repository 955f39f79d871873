"""Charges: interest and fixed sums, one bill for each customer and month, no day billed twice."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders.records import a_credit, a_debtor, a_payment, an_invoice

from arsync.core.actions import Action, LateFeePayload, payload_of
from arsync.core.actions.effects import after, after_refusal
from arsync.core.ledger.records import Account, Allocation, Dispute, Invoice
from arsync.core.planning.plan import Plan

Desk = Any

DUE = date(2026, 6, 30)
XERO = frozenset({"late fee", "draft invoices"})
QUICKBOOKS = frozenset({"late fee"})
MONTHLY = "charges: [{name: Interest, interest: 1% a month, bill: monthly, as: draft}]\n"
LAW = """statutory:
  law: Act
  currency: GBP
  points_above_reference: 8
  rate_counts: when it became late
  rates: [{from: 2026-07-01, rate: 3.75, source: s}]
  compensation: [{debts_from: 0, amount: 40}, {debts_from: 10000, amount: 100}]
charges:
  - name: Statutory
    interest: statutory
    compensation: statutory
    when: {days_overdue: {at_least: 30}}
"""


def ten_thousand(**fields: Any) -> Invoice:
    dates = {"issued_on": date(2026, 6, 1), "due_on": DUE}
    return an_invoice(**{"total": 10_000, "rate": 1, **dates, **fields})


def planned(desk: Desk, text: str, account: Account, day: date, **values: Any) -> Plan:
    account = account._replace(taken_over_on=date(2026, 1, 1))
    options: dict[str, Any] = {"today": day, "offers": XERO, **values}
    plan: Plan = desk.plan(desk.head + text, account, **options)
    return plan


def billed(desk: Desk, text: str, account: Account, day: date, **values: Any) -> Action:
    (action,) = planned(desk, text, account, day, **values).actions
    return action


def amount(action: Action) -> Decimal:
    return payload_of(action, LateFeePayload).amount


def test_a_month_is_billed_once_it_has_ended(desk: Desk) -> None:
    account = a_debtor(ten_thousand())
    assert planned(desk, MONTHLY, account, date(2026, 7, 31)).actions == ()
    july = billed(desk, MONTHLY, account, date(2026, 8, 1))
    # 12 % a year on 10,000 for the 31 days of July.
    assert amount(july) == Decimal("101.92")
    assert july.note == ("Interest billed up to 2026-07-31: GBP 101.92 (test.yaml:3, Interest).")
    description = payload_of(july, LateFeePayload).description
    assert description == (
        "Interest (1% a month) for late payment: INV-1: GBP 101.92 from 2026-07-01 to 2026-07-31"
    )
    # The same bill all through August, and nothing more once it is done.
    assert billed(desk, MONTHLY, account, date(2026, 8, 31)).key == july.key
    account = after(account, [july], date(2026, 8, 1))
    assert planned(desk, MONTHLY, account, date(2026, 8, 31)).actions == ()
    # Runs that were missed are caught up: August and September in one bill.
    autumn = billed(desk, MONTHLY, account, date(2026, 10, 5))
    assert amount(autumn) == Decimal("200.55")


def test_a_renamed_rule_bills_no_day_again(desk: Desk) -> None:
    account = a_debtor(ten_thousand())
    july = billed(desk, MONTHLY, account, date(2026, 8, 1))
    account = after(account, [july], date(2026, 8, 1))
    renamed = MONTHLY.replace("name: Interest", "name: Agreed interest")
    assert planned(desk, renamed, account, date(2026, 8, 2)).actions == ()


def test_a_refused_month_is_waived(desk: Desk) -> None:
    account = a_debtor(ten_thousand())
    july = billed(desk, MONTHLY, account, date(2026, 8, 1))
    account = after_refusal(account, [july])
    august = billed(desk, MONTHLY, account, date(2026, 9, 1))
    assert payload_of(august, LateFeePayload).lines[0].first == date(2026, 8, 1)


def test_interest_runs_on_each_part_and_after_payment(desk: Desk) -> None:
    paid_on = date(2026, 8, 30)
    part = a_payment(
        amount=9000, paid_on=paid_on, allocations=(Allocation("i1", Decimal(9000), paid_on),)
    )
    account = a_debtor(ten_thousand(amount_due=1000), payments=(part,))
    statutory = billed(desk, LAW, account, date(2026, 9, 1))
    # 9,000 for 61 days and 1,000 for 62 at 11.75 %, and 100 for a debt of 10,000.
    assert amount(statutory) == Decimal("176.73") + Decimal("19.96") + 100
    whole = part._replace(
        amount=Decimal(10_000), allocations=(Allocation("i1", Decimal(10_000), paid_on),)
    )
    paid = a_debtor(ten_thousand(amount_due=0, status="paid", paid_on=paid_on), payments=(whole,))
    # 61 days of 10,000: it met the rule's condition while it was owed.
    assert amount(billed(desk, LAW, paid, date(2026, 9, 1))) == Decimal("296.37")
    # Whoever paid before the rule's 30 days is charged nothing.
    soon = date(2026, 7, 20)
    early = a_debtor(
        ten_thousand(amount_due=0, status="paid", paid_on=soon),
        payments=(whole._replace(paid_on=soon),),
    )
    assert planned(desk, LAW, early, date(2026, 8, 1)).actions == ()


def test_the_fixed_sum_is_billed_once(desk: Desk) -> None:
    account = a_debtor(ten_thousand())
    first = billed(desk, LAW, account, date(2026, 8, 1))
    assert amount(first) == Decimal("99.79") + 100
    second = billed(desk, LAW, after(account, [first], date(2026, 8, 1)), date(2026, 9, 1))
    assert amount(second) == Decimal("99.79")


def test_days_after_the_due_date_may_be_free(desk: Desk) -> None:
    text = MONTHLY.replace("bill:", "after: 30 days, bill:")
    account = a_debtor(ten_thousand())
    # Of July the 31st alone.
    assert amount(billed(desk, text, account, date(2026, 8, 1))) == Decimal("3.29")


def test_money_in_hand_bears_no_interest(desk: Desk) -> None:
    cash = a_credit(kind="prepayment", total=10_000, rate=1, issued_on=date(2026, 6, 15))
    account = a_debtor(ten_thousand(), credits=(cash,))
    assert planned(desk, MONTHLY, account, date(2026, 8, 1)).actions == ()


def test_what_stops_a_reminder_stops_a_charge(desk: Desk) -> None:
    today = date(2026, 8, 1)
    disputed = a_debtor(ten_thousand(), disputes=(Dispute("i1", today, "short"),))
    (stopped,) = planned(desk, MONTHLY, disputed, today).held_back
    assert stopped.why.startswith("dispute open")
    doubted = a_debtor(ten_thousand(), doubts=("the amount owed is uncertain: a payment",))
    (stopped,) = planned(desk, MONTHLY, doubted, today).held_back
    assert stopped.why.startswith("the amount owed is uncertain")
    fee = a_debtor(ten_thousand(), fees=frozenset({"i1"}))
    assert planned(desk, MONTHLY, fee, today).actions == ()
    alone = MONTHLY + "leave_alone: [{name: All, when: {open_invoices: {at_least: 0}}}]\n"
    assert planned(desk, alone, a_debtor(ten_thousand()), today).actions == ()


def test_an_unknown_rate_is_not_charged(desk: Desk) -> None:
    account = a_debtor(ten_thousand(due_on=date(2026, 6, 1)))
    (stopped,) = planned(desk, LAW, account, date(2026, 8, 1)).held_back
    assert stopped.why == "not charged by 'Statutory': the law's rate of a half-year is not known"
    foreign = a_debtor(ten_thousand(currency="EUR"))
    (stopped,) = planned(desk, LAW, foreign, date(2026, 8, 1)).held_back
    assert stopped.why == "not charged by 'Statutory': no table of the law is in EUR"


def test_without_drafts_a_person_approves_first(desk: Desk) -> None:
    account = a_debtor(ten_thousand())
    there = billed(desk, MONTHLY, account, date(2026, 8, 1), offers=QUICKBOOKS)
    assert there.needs_approval
    assert there.payload.manner == "live at once: the customer owes it"
    here = billed(desk, MONTHLY, account, date(2026, 8, 1))
    assert not here.needs_approval
    assert here.payload.manner == "as a draft"


def test_debts_settled_before_the_take_over_are_not_billed(desk: Desk) -> None:
    paid_on = date(2026, 7, 10)
    paid = a_debtor(
        ten_thousand(amount_due=0, status="paid", paid_on=paid_on),
        payments=(
            a_payment(
                amount=10_000,
                paid_on=paid_on,
                allocations=(Allocation("i1", Decimal(10_000), paid_on),),
            ),
        ),
    )
    today = date(2026, 8, 1)
    assert len(planned(desk, MONTHLY, paid, today).actions) == 1
    late_start = paid._replace(taken_over_on=date(2026, 7, 20))
    assert desk.plan(desk.head + MONTHLY, late_start, today=today, offers=XERO).actions == ()


@pytest.mark.parametrize(
    ("charge", "message"),
    [
        ("interest: 1.5%", "is '1.5%', which is no rate of interest"),
        ("interest: 0% a year", "no rate of interest"),
        ("interest: 9% a month", "at most 100% a year"),
        ("after: 30 days", "has neither interest nor compensation"),
        ("interest: statutory", "needs the table 'statutory'"),
        ("interest: 8% a year, after: 400 days", "which is no number of days"),
    ],
)
def test_a_wrong_charge_is_refused(desk: Desk, charge: str, message: str) -> None:
    with pytest.raises(AssertionError) as refused:
        desk.rulebook(f"{desk.head}charges: [{{name: A, {charge}}}]\n")
    assert message in str(refused.value)


@settings(max_examples=60, deadline=None)
@given(
    paid=st.lists(st.tuples(st.integers(-20, 150), st.integers(1, 4000)), max_size=4),
    runs=st.sets(st.integers(0, 200), max_size=12),
)
def test_bills_never_hold_more_than_the_debt_bore(
    paid: list[tuple[int, int]], runs: set[int]
) -> None:
    from tests.core.conftest import Desk as TheDesk

    desk = TheDesk()
    days = [*sorted(runs), 230]
    billed_in_all, account = Decimal(0), a_debtor()
    bills: tuple[Any, ...] = ()
    for ahead in days:
        today = DUE + timedelta(ahead)
        payments, left, last = [], Decimal(10_000), DUE
        for number, (day, money) in enumerate(sorted(paid)):
            if day <= ahead and left > 0:
                part, last = min(Decimal(money), left), DUE + timedelta(day)
                allocations = (Allocation("i1", part, last),)
                payments.append(
                    a_payment(f"p{number}", amount=part, paid_on=last, allocations=allocations)
                )
                left -= part
        status, on = ("open", None) if left else ("paid", last)
        invoice = ten_thousand(amount_due=left, status=status, paid_on=on)
        account = a_debtor(invoice, payments=tuple(payments), charges=bills)
        actions = planned(desk, MONTHLY, account, today).actions
        billed_in_all += sum((amount(action) for action in actions), Decimal(0))
        bills = after(account, actions, today).charges
    lines = [line.last for line in bills]
    assert lines == sorted(set(lines)), "no month is billed twice"
    end = (DUE + timedelta(230)).replace(day=1) - timedelta(1)
    owed, bore = Decimal(10_000), Decimal(0)
    for day, money in sorted(paid):
        until = min(max(DUE + timedelta(day), DUE), end)
        bore += min(Decimal(money), owed) * (until - DUE).days
        owed -= min(Decimal(money), owed)
    bore = (bore + owed * (end - DUE).days) * 12 / 36_500
    # Each bill is rounded by itself, by half a penny at most.
    assert billed_in_all <= bore + Decimal("0.005") * len(bills)
