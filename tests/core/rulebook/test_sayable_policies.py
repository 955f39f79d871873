"""The policies of everyday credit control: each can be said, and does what it says.

A policy is its number, its words, and a story that is played to its end.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.core.rulebook import rulebook_warnings
from arsync.core.trials.scenario import judge, play, read_scenarios

HEAD = "version: 1\ncurrency: GBP\nsending: {days: every day}\n"


class Policy(NamedTuple):
    """What a business wants, as a rulebook, and what then happens."""

    words: str
    rules: str
    story: str


POLICIES = {
    24: Policy(
        "to the agency at 90 days and 500, never disputed",
        """reminders:
  - {name: Everyone, steps: [{day: 7, email: first reminder}]}
placements:
  - name: To the agency
    when: {days_overdue: {at_least: 90}, net_amount_due: {at_least: 500}}
    unless: {dispute: [open, part]}
    to: Example Collections
""",
        """
    invoices:
      - {number: INV-1, due: 2026-06-03, amount: 500}
      - {number: INV-2, due: 2026-06-03, amount: 499.99}
      - {number: INV-3, due: 2026-06-03, amount: 800}
    approvals: by hand
    events:
      day 50: dispute INV-3 because of a wrong price
      day 92: approve placed with Example Collections
    until: day 130
    expect:
      day 7: email first reminder for INV-1, INV-2 and INV-3
      day 90: placed with Example Collections for INV-1 waits for approval
      day 92: placed with Example Collections for INV-1
      day 93: {facts: {placed: placed}}
    never:
      - placed with Example Collections for INV-2
      - placed with Example Collections for INV-3
""",
    ),
}


@pytest.mark.parametrize("number", POLICIES)
def test_a_policy_is_said_without_a_warning(number: int) -> None:
    assert rulebook_warnings(a_rulebook(HEAD + POLICIES[number].rules)) == []


@pytest.mark.parametrize("number", POLICIES)
def test_a_policy_does_what_it_says(number: int) -> None:
    policy = POLICIES[number]
    story = f"scenarios:\n  - name: {policy.words}{policy.story}"
    read, problems = read_scenarios("story.yaml", story)
    assert read is not None, problems
    rulebook = a_rulebook(HEAD + policy.rules)
    outcome = judge(play(read.scenarios[0], rulebook, holidays=lambda _: None))
    assert outcome.failures == ()
