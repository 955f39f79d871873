"""`alerts`: what stands there, and what leads to it."""

from __future__ import annotations

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.core.rulebook import read_rulebook, rulebook_warnings
from arsync.core.rulebook.model import TellBy
from arsync.core.rulebook.reading.extends import Extended

HEAD = "version: 1\ncurrency: GBP\n"
RULE = "name: A, when: {limit_used_percent: {at_least: 90}}"


def problem_of(line: str) -> str:
    """Return the problems of a line, with their hints, in one text."""
    _, problems = read_rulebook([("r.yaml", HEAD + line)])
    return "\n".join(map(str, problems))


def test_an_alert_says_what_and_whom() -> None:
    rulebook = a_rulebook(
        f"{HEAD}alerts:\n"
        "  - {name: Slower, when: {days_to_pay_change: {more_than: 10}}, unless: {tag: vip},"
        " tell: [owner, jo@example.com, Owner], by: [task, mail]}\n"
        "  - {name: No order number, when: {reference_missing: yes}, tell: sales}\n"
    )
    slower, missing = rulebook.alerts
    assert (slower.name, slower.tell, slower.place.line) == (
        "Slower",
        ("owner", "jo@example.com"),
        4,
    )
    assert {field.name for field in slower.when.fields} == {"days_to_pay_change", "tag"}
    assert slower.by == frozenset({TellBy.MAIL})
    assert missing.by == frozenset()
    assert (slower.is_about_invoices, missing.is_about_invoices) == (False, True)
    assert rulebook_warnings(rulebook) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("alert: {}", "alerts: [{name: At 90 %"),
        ("warn: {}", "alerts: [{name: At 90 %"),
        ("monitoring: {}", "alerts: [{name: At 90 %"),
        ("notify: {}", "people of the business by: alerts: [{"),
        ("alerts: {}", "or alerts: [{name: At 90 %"),
        (f"alerts: [{{{RULE}}}]", "needs 'tell'"),
        (f"alerts: [{{{RULE}, tell: owner, by: sms}}]", "it can be task, mail, webhook"),
        (f"alerts: [{{{RULE}, tell: owner, via: smtp}}]", "write by: mail"),
        ("alerts: [{name: A, tell: owner}]", "needs 'when'"),
        (f"alerts: [{{{RULE}, notify: owner}}]", "write tell: owner"),
        (f"alerts: [{{{RULE}, assign_to: owner}}]", "write tell: owner"),
        (f"alerts: [{{{RULE}, tell: []}}]", "names 0; it can be 1 to 10"),
        (f"alerts: [{{{RULE}, tell: customer}}]", "an alert goes to people of the business"),
        (f"alerts: [{{{RULE}, tell: 'a@example.com, b@example.com'}}]", "several stand in a list"),
        (f"alerts: [{{{RULE}, tell: owner, threshold: 90}}]", "limit_used_percent: {at_least: 90}"),
        (f"alerts: [{{{RULE}, tell: o}}, {{{RULE}, tell: o}}]", "alerts has 'A' twice"),
        (
            "credit_limits: [{name: All, limit: 1000, alert_at: [80%]}]",
            "stands in a section of its own: alerts: [{name: At 90 %",
        ),
        (
            "credit_limits: [{name: A, limit: 9, when: {limit_used_percent: {at_least: 9}}}]",
            "limit_used_percent",
        ),
    ],
)
def test_a_guess_leads_to_the_right_words(line: str, said: str) -> None:
    assert said in problem_of(line)


def test_one_that_can_never_stand_is_warned_of() -> None:
    rulebook = a_rulebook(
        f"{HEAD}alerts:\n  - name: A\n    when: {{limit_used_percent: {{less_than: 0}}}}\n"
        "    tell: owner\n"
    )
    (warning,) = rulebook_warnings(rulebook)
    assert "'A' can never match" in warning.message


def test_a_layer_changes_whom_an_alert_tells() -> None:
    base = f"{HEAD}alerts: [{{{RULE}, tell: owner}}]\n"
    own = "extends: base.yaml\nalerts: [{name: A, tell: sales}]\n"
    base_layer = Extended("base.yaml", base)
    rulebook, problems = read_rulebook([("own.yaml", own)], find=lambda *_: base_layer)
    assert not problems
    assert rulebook is not None
    assert rulebook.alerts[0].tell == ("sales",)
