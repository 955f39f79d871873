"""The cookbook's policies that last: each is played day by day, from its first day to its last."""

from __future__ import annotations

import pytest
from tests.builders.rulebooks import a_rulebook
from tests.docs.test_cookbook import HEAD, POLICIES

from arsync.core.trials.scenario import judge, play, read_scenarios
from arsync.rules_source.folder import holidays_in

STORIES: dict[str, str] = {
    "A pause in December": """
  - name: A reminder of Christmas Day leaves when the office opens
    invoices: [{number: INV-1, due: 2026-12-18, amount: 400}]
    until: 2027-01-31
    expect:
      2027-01-05: email first reminder for INV-1
      2027-01-19: email second reminder for INV-1
  - name: The last reminder before the pause leaves on its day
    invoices: [{number: INV-1, due: 2026-12-16, amount: 400}]
    events: {2026-12-30: payment for INV-1}
    until: 2027-01-31
    expect: {2026-12-23: email first reminder for INV-1}
  - name: One day off
    invoices: [{number: INV-1, due: 2027-03-30, amount: 400}]
    until: 2027-04-12
    expect: {2027-04-07: email first reminder for INV-1}
""",
}


@pytest.mark.parametrize("policy", STORIES)
def test_a_policy_is_played_to_its_end(policy: str) -> None:
    rulebook = a_rulebook(HEAD + POLICIES[policy], "cookbook.yaml")
    stories, problems = read_scenarios("stories.yaml", f"scenarios:{STORIES[policy]}")
    assert stories is not None, problems
    for story in stories.scenarios:
        verdict = judge(play(story, rulebook, holidays=holidays_in))
        assert not verdict.failures, (story.name, *map(str, verdict.failures))
