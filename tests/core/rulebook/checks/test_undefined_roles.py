"""A role that a rule asks for and that nobody has is named, with its line."""

from __future__ import annotations

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.core.rulebook.checks.undefined_roles import undefined_roles

HEAD = "version: 1\ncurrency: GBP\nroles: {finance director: fd@example.com}\n"


@pytest.mark.parametrize(
    "rule",
    [
        "reminders: [{name: A, steps: [{day: 7, email: a, approval: {by: ROLE}}]}]",
        "credit_holds: [{name: A, when: {on_hold: no}, approval: {by: ROLE}}]",
        "credit_holds: [{name: A, when: {on_hold: no}, release: {by: ROLE}}]",
        "charges: [{name: A, interest: 8% a year, approval: {by: ROLE}}]",
        "placements: [{name: A, when: {on_hold: no}, to: B, approval: {by: ROLE}}]",
        "discounts: [{name: A, percent: 2%, within: 10 days, approval: {by: ROLE}}]",
    ],
)
def test_a_role_that_nobody_has_is_named(rule: str) -> None:
    assert undefined_roles(a_rulebook(HEAD + rule.replace("ROLE", "Finance Director"))) == []
    (warning,) = undefined_roles(a_rulebook(HEAD + rule.replace("ROLE", "owner")))
    assert (warning.line, warning.severity) == (4, "warning")
    assert "no role 'owner'" in warning.message
    (slip,) = undefined_roles(a_rulebook(HEAD + rule.replace("ROLE", "finance directer")))
    assert slip.hint == "did you mean 'finance director'?"


def test_an_alert_is_mailed_to_nobody_without_an_address() -> None:
    rule = "alerts: [{name: A, when: {on_hold: no}, tell: [ROLE, jo@example.com], by: mail}]"
    (warning,) = undefined_roles(a_rulebook(HEAD + rule.replace("ROLE", "finance directer")))
    assert warning.message == "there is no role 'finance directer': nobody is mailed the alert 'A'."
    assert warning.hint == "did you mean 'finance director'?"
    # The owner has an address in the settings; and a task needs none.
    assert undefined_roles(a_rulebook(HEAD + rule.replace("ROLE", "owner"))) == []
    by_task = rule.replace(", by: mail", "").replace("ROLE", "Jo")
    assert undefined_roles(a_rulebook(HEAD + by_task)) == []


def test_a_hold_is_mailed_to_nobody_without_an_address() -> None:
    rule = "credit_holds: [{name: A, when: {overdue_amount: {more_than: 1}}, tell: [ROLE]}]"
    (warning,) = undefined_roles(a_rulebook(HEAD + rule.replace("ROLE", "sales")))
    assert warning.message == "there is no role 'sales': nobody is mailed of the credit hold 'A'."
    assert warning.hint == "write roles: {sales: name@example.com}"
    (slip,) = undefined_roles(a_rulebook(HEAD + rule.replace("ROLE", "custmer")))
    assert slip.hint == "did you mean 'customer'?"
    for fine in ("customer", "owner", "finance director", "jo@example.com"):
        assert undefined_roles(a_rulebook(HEAD + rule.replace("ROLE", fine))) == []
