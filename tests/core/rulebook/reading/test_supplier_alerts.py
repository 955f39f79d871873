"""Rules about suppliers: their own facts, and the right words for those of customers."""

from __future__ import annotations

import pytest

from arsync.core.rulebook.model import TellBy
from arsync.core.rulebook.reading.reader import read_rulebook

HEAD = "version: 1\nname: A\ncurrency: GBP\npayables: {read: open bills}\n"


def test_a_rule_about_suppliers_plans_no_customer() -> None:
    text = f"{HEAD}supplier_alerts: [{{name: S, when: {{insolvency: yes}}, tell: a, by: mail}}]"
    rulebook, problems = read_rulebook([("r.yaml", text)])
    assert rulebook is not None
    assert problems == []
    (rule,) = rulebook.supplier_alerts
    assert (rule.of_suppliers, rule.tell, set(rule.by)) == (True, ("a",), {TellBy.MAIL})
    assert list(rulebook.conditions()) == []
    assert [place.line for place, _ in rulebook.every_condition()] == [5]


def test_one_name_in_both_sections_is_two_alerts() -> None:
    text = (
        f"{HEAD}supplier_alerts: [{{name: S, when: {{insolvency: yes}}, tell: a}}]\n"
        "alerts: [{name: S, when: {insolvency: yes}, tell: a}]"
    )
    rulebook, _ = read_rulebook([("r.yaml", text)])
    assert rulebook is not None
    assert len({rule.identity for rule in rulebook.every_alert}) == 2


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("overdue_amount: {more_than: 4}", "did you mean 'overdue_bills_amount'?"),
        ("days_overdue: {more_than: 4}", "did you mean 'oldest_bill_days_overdue'?"),
        ("concentration_percent: {more_than: 4}", "did you mean 'payables_percent'?"),
        ("contact: Acme", "did you mean 'supplier'?"),
        ("group: Key", "groups are of customers"),
        ("tag: legal", "tags are of customers"),
        ("on_hold: yes", "of a supplier: supplier, contact_group"),
        ("insolvent: yes", "write insolvency: yes"),
        ("open_bils: {more_than: 4}", "did you mean 'open_bills'?"),
        ("insolvency: yes, for: 3 days", "leave out 'for:'"),
    ],
)
def test_a_wrong_guess_leads_on(asked: str, said: str) -> None:
    text = f"{HEAD}supplier_alerts: [{{name: S, when: {{{asked}}}, tell: a}}]"
    rulebook, (problem,) = read_rulebook([("r.yaml", text)])
    assert rulebook is None
    assert problem.line == 5
    assert said in problem.hint


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("alerts: [{name: S, of: suppliers, when: {insolvency: yes}, tell: a}]", "supplier_alerts"),
        ("alerts: [{name: S, when: {open_bills: {at_least: 2}}, tell: a}]", "supplier_alerts"),
        ("vendor_alerts: []", "write supplier_alerts: ["),
    ],
)
def test_elsewhere_the_section_is_named(section: str, said: str) -> None:
    _, (problem,) = read_rulebook([("r.yaml", f"{HEAD}{section}")])
    assert said in problem.hint
