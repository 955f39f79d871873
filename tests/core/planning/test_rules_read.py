"""`why` lists the rules of every section: the answer of each, and what decided it."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from typing import Any, get_args, get_type_hints

import pytest

from arsync.core.ledger.records import DocumentStatus, Organisation
from arsync.core.planning.explanation import explain
from arsync.core.planning.rules_read import INVOICES_NAMED_MAX, SECTIONS_READ
from arsync.core.rulebook.model import Rulebook

Desk = Any

RULES = """version: 1
currency: GBP
credit_limits: [{name: All, limit: 1000}]
follow_ups: [{name: Old debt, when: {days_overdue: {at_least: 60}}, task: Call}]
alerts: [{name: Big, when: {total: {at_least: 5000}}, tell: owner}]
charges: [{name: Interest, interest: 1% a month, bill: monthly, as: draft}]
discounts: [{name: Prompt, percent: 2%, within: 10 days, as: credit note draft}]
placements:
  - {name: To the agency, when: {days_overdue: {at_least: 90}}, to: Example Collections}
write_offs: [{name: Too small, when: {net_amount_due: {less_than: 20}}}]
statements: [{name: Monthly, when: {balance: {more_than: 500}}, on: 1st business day}]
after_issue: [{days: 3, email: satisfaction check, when: {total: {at_least: 500}}}]
thank_you: {when: {days_late: {at_most: 0}}, email: thank you}
announcements: {credit_holds: placed and lifted, when: {tag: told}}
"""


def lines_of(desk: Desk, rules: str, account: Any, invoice_id: str = "") -> list[str]:
    lines = explain(
        account,
        desk.rulebook(rules),
        desk.plan(rules, account),
        organisation=Organisation("o1", "Acme", "GBP"),
        invoice_id=invoice_id,
    )
    return [str(line) for line in lines if line.section in SECTIONS_READ]


def test_every_section_answers_with_place_and_cause(desk: Desk) -> None:
    paid = desk.invoice(
        "p1", -5, amount_due="0", total="700", status=DocumentStatus.PAID, paid_on=desk.today
    )
    new = desk.invoice("n1", -27, "600.00")
    account = desk.account(
        desk.invoice("i1", 95, "100.00"), paid, new, taken_over_on=desk.today - timedelta(200)
    )
    assert lines_of(desk, RULES, account)[1:] == [
        (
            "follow_ups: I1: Old debt: yes, days_overdue 95 (at least 60); other invoices: 1 no"
            " (rules/test.yaml:4)"
        ),
        (
            "alerts: I1: Big: no, total GBP 100.00 (at least 5,000); other invoices: 1 no"
            " (rules/test.yaml:5)"
        ),
        "charges: I1: Interest: yes, every invoice (rules/test.yaml:6)",
        (
            "discounts: Prompt: no, nothing was paid within 10 days that leaves 2% open"
            " (rules/test.yaml:7)"
        ),
        "placements: I1: To the agency: yes, days_overdue 95 (at least 90) (rules/test.yaml:9)",
        (
            "write_offs: I1: Too small: no, net_amount_due GBP 100.00 (less than 20);"
            " other invoices: 1 no (rules/test.yaml:10)"
        ),
        (
            "statements: Monthly: yes, balance GBP 700.00 (more than 500); on 1st business day"
            " (rules/test.yaml:11)"
        ),
        (
            "after_issue: N1: satisfaction check: yes, total GBP 600.00 (at least 500)"
            " (rules/test.yaml:12)"
        ),
        "thank_you: P1: thank you: yes, days_late 0 (at most 0) (rules/test.yaml:13)",
        "announcements: credit_holds: no, tag none (told) (rules/test.yaml:14)",
    ]


def test_sections_without_an_invoice_say_so(desk: Desk) -> None:
    told = "\n".join(lines_of(desk, RULES, desk.account()))
    assert "follow_ups: Old debt: no, nothing is owed" in told
    assert "charges: Interest: no, nothing is overdue" in told
    assert "thank_you: thank you: no, nothing was paid in full in the last 10 days" in told
    assert "after_issue: satisfaction check: no, no invoice was issued 3 to 13 days ago" in told


def test_of_one_invoice_only_its_own_answers(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 95), desk.invoice("i2", 10))
    told = [line for line in lines_of(desk, RULES, account, "i2") if line.startswith("placements")]
    assert told == [
        "placements: I2: To the agency: no, days_overdue 10 (at least 90) (rules/test.yaml:9)"
    ]


def test_rules_below_the_match_are_not_read(desk: Desk) -> None:
    rules = RULES.replace(
        "write_offs: [", "write_offs: [{name: All of it, when: {days_overdue: {at_least: 1}}}, "
    )
    told = lines_of(desk, rules, desk.account(desk.invoice("i1", 5)))
    assert [line.split(": ")[2] for line in told if "write_offs" in line] == ["All of it"]


def test_a_hold_names_all_who_are_told(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 95, "100.00"))
    for names, words in (
        ("customer", "; letter to the customer"),
        ("[sales, jo@example.com]", "; mail to sales and jo@example.com"),
        ("[customer, sales]", "; letter to the customer, mail to sales"),
    ):
        hold = f"{{name: Late, when: {{oldest_days_overdue: {{at_least: 60}}}}, tell: {names}}}"
        rules = f"{RULES}roles: {{sales: s@example.com}}\ncredit_holds: [{hold}]\n"
        (told,) = [line for line in lines_of(desk, rules, account) if "Late" in line]
        assert f"{words} (rules/test.yaml:" in told


def test_many_invoices_are_counted(desk: Desk) -> None:
    account = desk.account(*(desk.invoice(f"i{number}", 100 + number) for number in range(40)))
    told = [line for line in lines_of(desk, RULES, account) if line.startswith("follow_ups")]
    assert len(told) == INVOICES_NAMED_MAX
    assert f"other invoices: {40 - INVOICES_NAMED_MAX} yes" in told[-1]


@pytest.mark.parametrize("section", [field.name for field in fields(Rulebook)])
def test_no_section_of_rules_is_forgotten(section: str) -> None:
    """A section whose rules ask conditions of customers is explained."""
    of_others = {"acceptance", "supplier_alerts"}
    asks = "when" in getattr(_rule_of(section), "_fields", ())
    assert (section in SECTIONS_READ) == (asks and section not in of_others)


def _rule_of(section: str) -> Any:
    """Return the class of a section's rules, from what the rulebook says of it."""
    kinds = get_type_hints(Rulebook)[section]
    inner = [kind for kind in get_args(kinds) if isinstance(kind, type)]
    return inner[0] if inner else kinds
