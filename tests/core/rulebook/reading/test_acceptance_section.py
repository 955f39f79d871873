"""`acceptance:` as people write it, and what wrong guesses lead to."""

from __future__ import annotations

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.core.ledger.agreements.credit_applications import CreditOutcome
from arsync.core.rulebook import read_rulebook

HEAD = "version: 1\ncurrency: GBP\ngroups: {Key: {contact_group: Key accounts}}\nacceptance:\n"


def problem(rule: str) -> str:
    _, problems = read_rulebook([("rules/a.yaml", f"{HEAD}  - {{{rule}}}\n")])
    (only,) = problems
    assert (only.file, only.line) == ("rules/a.yaml", 5)
    return f"{only.message} {only.hint}"


def test_a_rule_is_read_with_its_place() -> None:
    rule = "name: A, when: {group: Key}, decide: accept, limit: limit_asked, by: director"
    (read,) = a_rulebook(f"{HEAD}  - {{{rule}}}\n").acceptance
    assert (read.name, read.decide, read.by) == ("A", CreditOutcome.ACCEPT, "director")
    assert (read.place.line, read.place.column) == (5, 5)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("name: A, decide: yes, limit: 5", "write decide: accept"),
        ("name: A, decide: reject", "write decide: refuse"),
        ("name: A, decide: cod", "write decide: cash on delivery"),
        ("name: A, decide: accept", "write limit: limit_asked, or the amount"),
        ("name: A, decide: accept, limit: none", "write limit: limit_asked"),
        ("name: A, decide: refuse, limit: 5", "remove 'limit'"),
        ("name: A, decide: cash on delivery, terms: 30 days", "remove 'terms'"),
        ("name: A, decide: ask, approval: {by: director}", "write by: finance director"),
        ("name: A, decide: ask, review: yearly", "write review: every 12 months"),
        ("name: A, decide: ask, review: every 99 months", "at most 60"),
        ("name: A, decide: ask, when: {credit_score: 70}", "score: {at_least: 70}"),
        ("name: A, decide: ask, when: {for: 7 days, score: known}", "leave out 'for:'"),
        ("name: A, decide: ask, when: {days_overdue: {at_least: 6}}", "a fact of an invoice"),
        ("name: A, decision: accept, limit: 5, decide: accept", "write decide: accept"),
    ],
)
def test_a_wrong_guess_leads_on(rule: str, words: str) -> None:
    assert words in problem(rule)


def test_facts_of_applications_are_asked_nowhere_else() -> None:
    text = "version: 1\ncurrency: GBP\nleave_alone: [{name: A, when: {limit_asked: known}}]\n"
    _, (only,) = read_rulebook([("a.yaml", text)])
    assert "a fact of an application for credit" in only.message
    assert only.hint == "it can be used in acceptance"
