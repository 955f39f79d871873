"""The sections of letters about the account: what they say, and what leads to the right words."""

from __future__ import annotations

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.core.ledger.statement_of_account import StatementKind
from arsync.core.rulebook import read_rulebook
from arsync.core.rulebook.model import Announcements, OncePer

HEAD = "version: 1\ncurrency: GBP\n"
TEXTS = ("first reminder", "ours")


def problem_of(line: str) -> str:
    """Return the problems of a line, with their hints, in one text."""
    _, problems = read_rulebook([("r.yaml", HEAD + line)], texts=TEXTS)
    return "\n".join(map(str, problems))


def test_nothing_is_sent_that_is_not_asked_for() -> None:
    rulebook = a_rulebook(HEAD)
    assert rulebook.account_letters() == frozenset()
    assert (rulebook.statements, rulebook.thank_you, rulebook.after_issue) == ((), None, ())
    assert rulebook.announcements == Announcements()


def test_each_section_says_what_stands_there() -> None:
    rulebook = a_rulebook(
        f"""{HEAD}statements:
  - {{name: Weekly, on: friday, kind: activity, via: post, attach: [pdf, invoice]}}
thank_you: {{when: {{days_late: {{at_most: 0}}}}, email: thank you, even_if: overdue}}
after_issue:
  - {{days: 3, email: satisfaction check}}
  - {{days: 0, email: terms of trade, once_per: customer}}
announcements: {{credit_holds: placed, credit_limits: changed, placements: 7 days before}}
"""
    )
    [statement] = rulebook.statements
    assert (statement.lists, statement.via) == (StatementKind.ACTIVITY, "post")
    assert statement.attach == ("invoice", "letter")
    assert rulebook.thank_you is not None
    assert rulebook.thank_you.even_if == {"overdue"}
    assert [(rule.name, rule.once_per) for rule in rulebook.after_issue] == [
        ("satisfaction check", OncePer.INVOICE),
        ("terms of trade", OncePer.CUSTOMER),
    ]
    told = rulebook.announcements
    assert (told.holds_placed, told.holds_lifted, told.limits) == (True, False, True)
    assert told.placement_days == 7
    assert told.places["placements"].line == 9
    assert rulebook.account_letters() == {
        "statement of account",
        "thank you",
        "satisfaction check",
        "terms of trade",
        "credit hold placed",
        "credit limit changed",
        "hand over announced",
    }


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("statements: [{name: A, on: monthly}]", "on: 1st business day"),
        ("statements: [{name: A, on: month end}]", "on: last business day"),
        ("statements: [{name: A, on: fortnightly}]", "on: monday every 2 weeks"),
        ("statements: [{name: A, on: 32}]", "no day for statements"),
        ("statements: [{name: A, on: 11th business day}]", "no day for statements"),
        ("statements: [{name: A, on: monday every 14 weeks}]", "no day for statements"),
        ("statements: [{name: A, day: 1}]", "on: 1st business day"),
        ("statements: [{name: A}]", "needs 'on'"),
        ("statements: [{name: A, on: 1, via: accounting system}]", "write via: smtp"),
        ("statements: [{name: A, on: 1, kind: open}]", "it can be open items, activity"),
        ("statement: [{name: A, on: 1}]", "statements: [{name: Monthly"),
        ("thanks: {}", "thank_you: {when"),
        ("thank_you: {email: thnk you}", "did you mean 'thank you'?"),
        ("thank_you: {amount: 5}", "when: {amount_paid: {at_least: 1000}}"),
        ("satisfaction_check: {}", "after_issue: [{days: 3"),
        ("after_issue: [{day: 3, email: thank you}]", "days: 3"),
        ("after_issue: [{days: 366, email: thank you}]", "from 0 to 365"),
        ("after_issue: [{days: 3, email: thank you, via: accounting system}]", "via: smtp"),
        ("after_issue: [{days: 3, email: a}, {days: 4, email: a}]", "there is no text 'a'"),
        ("announcements: {credit_holds: yes}", "credit_holds: placed and lifted"),
        ("announcements: {placements: 91 days before}", "at most 90 days"),
        ("announcements: {hand_over: 7 days before}", "placements: 7 days before"),
        (
            "credit_holds: [{name: A, when: {on_hold: no}, notify: sales}]",
            "tell: [customer, sales]",
        ),
        ("credit_holds: [{name: A, when: {on_hold: no}, tell: []}]", "names 0; it can be 1 to 10"),
        ("notify: {}", "announcements: {credit_holds: placed and lifted"),
        (
            "thank_you: {when: {days_late: {at_most: 0}, for: 3 days}}",
            "cannot ask for how long",
        ),
        (
            "after_issue: [{days: 1, email: ours, when: {sent: yes, for: 3 days}}]",
            "cannot ask for how long",
        ),
    ],
)
def test_a_guess_leads_to_the_right_words(line: str, said: str) -> None:
    assert said in problem_of(line)


def test_own_texts_may_be_sent() -> None:
    assert problem_of("thank_you: {email: ours}") == ""
    assert problem_of("after_issue: [{days: 1, email: ours}]") == ""


def test_a_layer_changes_one_letter_and_removes_another() -> None:
    below = f"""{HEAD}after_issue:
  - {{days: 3, email: satisfaction check}}
  - {{days: 0, email: terms of trade, once_per: customer}}
thank_you: {{when: {{days_late: {{at_most: 0}}}}, via: post}}
"""
    own = """after_issue:
  - {email: satisfaction check, days: 5}
  - {email: terms of trade, remove: true}
thank_you: {remove: [via]}
"""
    rulebook, problems = read_rulebook([("own.yaml", own)], shared=[("below.yaml", below)])
    assert problems == []
    assert rulebook is not None
    assert [(rule.email, rule.days) for rule in rulebook.after_issue] == [("satisfaction check", 5)]
    assert rulebook.thank_you is not None
    assert rulebook.thank_you.via == ""
