"""Ageing, and the explanation of one account."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.builders.printed import printed

from arsync.core.analytics.ageing import ageing, ageing_view
from arsync.core.ledger.age_buckets import BUCKETS, bucket_of
from arsync.core.ledger.records import Allocation, Organisation
from arsync.core.planning.explanation import explain

Desk = Any


@pytest.mark.parametrize(
    ("overdue", "bucket"),
    [
        (-5, "current"),
        (0, "current"),
        (1, "1-30"),
        (30, "1-30"),
        (31, "31-60"),
        (60, "31-60"),
        (61, "61-90"),
        (90, "61-90"),
        (91, "90+"),
        (999, "90+"),
    ],
)
def test_each_day_has_its_bucket(desk: Desk, overdue: int, bucket: str) -> None:
    assert BUCKETS[bucket_of(desk.today - timedelta(overdue), desk.today)] == bucket


def test_ageing_totals_contacts_and_currencies_in_the_base_currency(desk: Desk) -> None:
    usd: Any = {"currency": "USD", "rate": Decimal("0.80")}
    first = desk.account(
        desk.invoice("i1", 10, "100.10"),
        desk.invoice("i2", -1, "50"),
        desk.invoice("i3", 40, "100", **usd),
        desk.invoice("i4", 5, "7", status="voided"),
        credits=(
            desk.credit("30"),
            desk.credit("3", currency="NOK", rate=None),
            desk.credit("3", status="voided"),
        ),
    )
    second = desk.account(
        desk.invoice("i5", 95, "10", contact="c0"),
        desk.invoice("i6", 95, "9", contact="c0", currency="NOK", rate=None),
        contacts=(desk.contact("c0"),),
        payments=(
            desk.payment("5", 0, "5", contact_id="c0"),
            desk.payment("5", 0, "5", contact_id="c0", status="voided"),
        ),
    )
    report = ageing([first, second], base_currency="GBP", today=desk.today)
    rows = [(row.contact_name, row.currency, [str(a) for a in row.buckets]) for row in report.rows]
    assert rows == [
        ("Name c0", "GBP", ["0", "0", "0", "0", "10"]),
        ("Name c0", "NOK", ["0", "0", "0", "0", "9"]),
        ("Name c1", "GBP", ["50", "100.10", "0", "0", "0"]),
        ("Name c1", "NOK", ["0", "0", "0", "0", "0"]),
        ("Name c1", "USD", ["0", "0", "100", "0", "0"]),
    ]
    assert [(total.currency, total.total) for total in report.totals] == [
        ("GBP", Decimal("160.10")),
        ("NOK", Decimal(9)),
        ("USD", Decimal(100)),
    ]
    base = report.base_total
    assert (base.total, base.overdue, base.unallocated, base.invoices) == (
        Decimal("240.10"),
        Decimal("190.10"),
        Decimal(35),
        4,
    )
    assert report.unrated == ("CN-1 (NOK)", "I6 (NOK)")
    json = printed(ageing_view(report))
    assert json["rows"][0]["90+"] == "10.00"
    assert json["base_total"]["total"] == "240.10"


EXPLAINED = """customers: [{contact: c1, credit_limit: 500}]
leave_alone: [{name: Legal, when: {tag: legal}}]
credit_limits:
  - {name: Agreed, when: {agreed_limit: known}, limit: agreed_limit}
  - {name: Rest, limit: 10}
credit_holds:
  - {name: Over, when: {over_limit_percent: {more_than: 10}}}
reminders:
  - {name: Big, when: {balance: {more_than: 5000}}, steps: [{day: 3, task: Call}]}
  - name: Standard
    steps:
      - {day: 1, email: first reminder}
      - {day: 14, email: second reminder, approval: required}
  - {name: Never, steps: [{day: 3, task: Call}]}
"""


def explained(desk: Desk, account: Any, **values: Any) -> list[str]:
    text = desk.head + EXPLAINED
    plan = desk.plan(text, account)
    lines = explain(
        account,
        desk.rulebook(text),
        plan,
        organisation=Organisation("o", "O", "GBP"),
        **values,
    )
    return [str(line) for line in lines]


def test_an_explanation_follows_the_rules_and_ends_with_next(desk: Desk) -> None:
    account = desk.account(
        desk.invoice("i1", 20), desk.invoice("i2", -9), sent=(desk.sent("i1", 1, 19, "first"),)
    )
    lines = explained(desk, account)
    assert "facts: balance GBP 200.00" in lines
    assert lines[9:] == [
        "leave_alone: Legal: no, tag none (legal) (rules/test.yaml:4)",
        "credit_limits: Agreed: yes, agreed_limit GBP 500.00 (known) (rules/test.yaml:6)",
        "credit_holds: Over: no, over_limit_percent 0% (more than 10) (rules/test.yaml:9)",
        "reminders: Big: no, balance GBP 200.00 (more than 5,000) (rules/test.yaml:11)",
        "reminders: Standard: yes, everyone (rules/test.yaml:12)",
        "invoice: I1: GBP 100.00 due, 20 days overdue, open",
        "sent: I1: step first on 2026-11-01",
        "next: I1: second reminder due since 2026-11-14 (rules/test.yaml:15)",
        "invoice: I2: GBP 100.00 due, due on 2026-11-29, open",
        "next: I2: first reminder on 2026-11-30 (rules/test.yaml:14)",
        (
            "planned: Invoice emailed by the accounting system: 20 days overdue, GBP 100.00 due"
            " (test.yaml:15, Standard), as step second reminder;"
            " from 2026-11-20 09:00, once approved"
        ),
    ]


def test_an_explanation_of_one_invoice_says_what_stopped_it(desk: Desk) -> None:
    account = desk.account(
        desk.invoice("i1", 20),
        desk.invoice("i2", 3),
        credits=(desk.credit("100"),),
        sent=(desk.sent("i2", 1, 2),),
    )
    lines = explained(desk, account, invoice_id="i1")
    assert lines[-1] == "held back: I1: covered by unapplied cash of GBP 100.00 (credit note CN-1)"
    assert not any("I2" in line for line in lines)


def test_an_explanation_shows_the_cash_that_is_taken_off(desk: Desk) -> None:
    account = desk.account(
        desk.invoice("i1", 20), desk.invoice("i2", 3), credits=(desk.credit("130"),)
    )
    lines = explained(desk, account)
    assert lines[:3] == [
        "facts: balance GBP 70.00",
        "facts: gross_balance GBP 200.00",
        "facts: unapplied_cash GBP 130.00",
    ]
    covered = "covered by unapplied cash of GBP 130.00 (credit note CN-1)"
    assert f"invoice: I1: GBP 100.00 due, {covered}, 20 days overdue, open" in lines
    part = "GBP 70.00 due net: GBP 100.00 less credit note CN-1"
    assert f"invoice: I2: {part}, 3 days overdue, open" in lines
    assert "next: I2: first reminder due since 2026-11-18 (rules/test.yaml:14)" in lines


def test_paid_invoices_and_child_contacts_are_explained(desk: Desk) -> None:
    family = (desk.contact(), desk.contact("c2", bill_to_parent=True), desk.contact("c3"))
    account = desk.account(
        desk.invoice("i1", 20, "0", status="paid", contact="c2"),
        desk.invoice("i3", 20, contact="c3", amount="20"),
        contacts=family,
    )
    assert explained(desk, account, invoice_id="i1")[-1] == (
        "invoice: I1: GBP 0.00 due, 20 days overdue, paid"
    )
    assert "facts: balance GBP 20.00" in explained(desk, account, contact_id="c3")
    after = account._replace(sent=(desk.sent("i3", 14, 3),))
    assert any("no step is left" in line for line in explained(desk, after, contact_id="c3"))
    waits = after._replace(sent=(desk.sent("i3", 1, 3),))
    assert "next: I3: second reminder on 2026-11-30 (rules/test.yaml:15)" in explained(
        desk, waits, contact_id="c3"
    )


def test_an_explanation_says_when_it_goes_on(desk: Desk) -> None:
    account = desk.account(
        desk.invoice("i1", 20), desk.invoice("i2", 3), sent=(desk.sent("i2", 1, 2),)
    )
    assert explained(desk, account)[-1] == (
        "held back: I1: last message on 2026-11-18; 5 days between messages; again on 2026-11-23"
    )


def test_an_explanation_where_no_rule_matches(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 20), desk.invoice("i2", 9))
    text = desk.head + (
        "credit_limits: [{name: A, when: {tag: x}, limit: 5}]\n"
        "reminders: [{name: B, when: {tag: x}, steps: [{day: 1, email: a}]}]\n"
        "follow_ups: [{name: F, when: {days_overdue: {at_least: 15}}, task: Call}]\n"
    )
    plan = desk.plan(text, account)
    lines = explain(
        account,
        desk.rulebook(text),
        plan,
        organisation=Organisation("o", "O", "GBP"),
        invoice_id="i2",
    )
    assert [(line.section, line.answer) for line in lines[9:]] == [
        ("credit_limits", False),
        ("reminders", False),
        ("follow_ups", False),
        ("invoice", None),
        ("held back", False),
    ]


def test_an_explanation_of_one_invoice_leaves_the_others_out(desk: Desk) -> None:
    account = desk.account(
        desk.invoice("i1", 20), desk.invoice("i2", 3), credits=(desk.credit("200"),)
    )
    held = [line for line in explained(desk, account, invoice_id="i2") if "held back" in line]
    assert held == ["held back: I2: covered by unapplied cash of GBP 200.00 (credit note CN-1)"]


LAW = """statutory:
  law: Act
  currency: GBP
  points_above_reference: 8
  rate_counts: when it became late
  rates: [{from: 2026-07-01, rate: 3.75, source: s}]
  compensation: [{debts_from: 0, amount: 40}, {debts_from: 1000, amount: 70}]
"""


def test_an_explanation_shows_late_payment_of_paid_invoices(desk: Desk) -> None:
    days_ago = 10
    paid_on = desk.today - timedelta(days_ago)
    matched = (Allocation("i1", Decimal(1000), paid_on),)
    account = desk.account(
        desk.invoice("i1", 40, "0", total="1000", status="paid", paid_on=paid_on),
        desk.invoice("i2", 20, "60", total="100"),
        payments=(desk.payment("1000", days_ago, allocations=matched),),
    )
    text = desk.head + desk.steps + LAW
    lines = explain(
        account,
        desk.rulebook(text),
        desk.plan(text, account),
        organisation=Organisation("o", "O", "GBP"),
    )
    assert [line.text for line in lines if line.section == "late payment"] == [
        "I1: interest GBP 9.66 (GBP 1,000.00 for 30 days), fixed sum GBP 70.00, by Act",
        (
            "I2: interest GBP 0.39 (GBP 60.00 for 20 days), fixed sum GBP 40.00, by Act; "
            "not all of its payments are known: it may be more, and is not less"
        ),
    ]
