"""The cookbook's policies that last: each is played day by day, from its first day to its last."""

from __future__ import annotations

import pytest
from tests.builders.rulebooks import a_rulebook
from tests.docs.test_cookbook import HEAD, POLICIES

from arsync.core.trials.scenario import judge, play, read_scenarios
from arsync.rules_source.folder import holidays_in

STORIES: dict[str, str] = {
    "A statement on the first of the month": """
  - name: Each month while anything is owed
    invoices: [{number: INV-1, due: 2026-07-15, issued: 2026-06-15, amount: 400}]
    events: {2026-08-10: payment for INV-1}
    until: 2026-10-31
    expect:
      2026-07-01: account letter statement of account
      2026-08-03: account letter statement of account
""",
    "Chase by statement, not by invoice": """
  - name: Wholesale by statement
    customers: [{name: Big Shop, tags: [wholesale]}]
    invoices: [{number: INV-1, due: 2026-06-01, amount: 400}]
    events: {2026-07-08: payment for INV-1}
    until: 2026-07-31
    expect:
      2026-05-04: account letter statement of account
      2026-05-18: account letter statement of account
      2026-06-01: account letter statement of account
      2026-06-15: account letter statement of account
      2026-06-29: account letter statement of account
      2026-07-01: call Go through the statement for INV-1
""",
    "Thank who pays large sums in time": """
  - name: Two invoices paid together
    invoices:
      - {number: INV-1, due: 2026-06-01, amount: 600}
      - {number: INV-2, due: 2026-06-10, amount: 500}
    events:
      2026-06-01: [payment for INV-1, payment for INV-2]
    until: 2026-06-30
    expect:
      2026-06-01: account letter thank you for INV-1 and INV-2
  - name: One of them was late
    invoices:
      - {number: INV-1, due: 2026-05-01, amount: 600}
      - {number: INV-2, due: 2026-06-10, amount: 500}
    events:
      2026-06-01: [payment for INV-1, payment for INV-2]
    until: 2026-06-30
    expect: {}
""",
    "Terms with the first invoice, a question after it": """
  - name: A new customer's first two invoices
    invoices:
      - {number: INV-1, issued: 2026-06-01, due: 2026-07-01, amount: 600}
      - {number: INV-2, issued: 2026-06-15, due: 2026-07-15, amount: 600}
    events:
      2026-06-30: [payment for INV-1, payment for INV-2]
    until: 2026-07-31
    expect:
      2026-06-01: account letter terms of trade for INV-1
      2026-06-08: account letter satisfaction check for INV-1
      2026-06-18: account letter satisfaction check for INV-2
""",
    "Customers are told of a hold, and before an agency": """
  - name: Told, held, told again, placed
    invoices: [{number: INV-1, due: 2026-06-01, amount: 900}]
    until: 2026-10-01
    expect:
      2026-07-31: hold placed
      2026-08-03: account letter credit hold placed
      2026-08-31: account letter hand over announced for INV-1
      2026-09-07: placed with Example Collections for INV-1
""",
    "Under query: only the rest is chased": """
  - name: A part is disputed, and credited
    invoices:
      - {number: INV-1, due: 2026-06-01, amount: 400}
      - {number: INV-2, due: 2026-06-01, amount: 300}
    events:
      2026-06-03: dispute 100 of INV-1 because short delivery
      2026-06-20: settled INV-1 as credited
      2026-06-25: credit 100 for INV-1
    until: 2026-07-31
    expect:
      2026-06-02: email first reminder for INV-1 and INV-2
      2026-06-04: {facts: {dispute: part, overdue_amount: 600, disputed_amount: 100}}
      2026-06-15: email second reminder for INV-1 and INV-2
      2026-06-22: {facts: {dispute: part, overdue_amount: 600}}
      2026-06-25: {facts: {dispute: settled, overdue_amount: 600, disputed_amount: 0}}
  - name: The whole is disputed, and upheld
    invoices: [{number: INV-1, due: 2026-06-01, amount: 400}]
    events:
      2026-05-28: dispute INV-1 because wrong price
      2026-06-20: settled INV-1 as upheld
    until: 2026-07-31
    expect:
      2026-06-10: {facts: {dispute: open, dispute_reason: wrong price, overdue_amount: 0}}
      2026-06-22: email first reminder for INV-1
      2026-07-06: email second reminder for INV-1
""",
    "Somebody answers each dispute": """
  - name: Nobody answers for a long time
    invoices: [{number: INV-1, due: 2026-06-01, amount: 400}]
    events:
      2026-06-01: dispute INV-1 because wrong price
      2026-07-20: settled INV-1 as dropped
      2026-07-21: payment for INV-1
    until: 2026-08-31
    expect:
      2026-06-01: task for INV-1
      2026-06-16: task for INV-1
      2026-06-30: task for INV-1
      2026-07-20: email first reminder for INV-1
""",
    "Old disputes": """
  - name: A month of dispute, whenever it began
    invoices: [{number: INV-1, due: 2026-06-01, amount: 400}]
    events:
      2026-07-10: dispute 50 of INV-1 because poor quality
      2026-08-20: settled INV-1 as dropped
    until: 2026-09-30
    expect:
      2026-06-02: email first reminder for INV-1
      2026-08-09: task Settle the dispute for INV-1
""",
    "The old debts of a new client": """
  - name: From where its age stands, with the gaps of the cadence
    taken_over: 2026-06-01
    invoices: [{number: INV-1, due: 2026-05-02, amount: 400}]
    until: 2026-07-31
    expect:
      2026-06-01: email second reminder for INV-1
      2026-06-25: email final notice for INV-1
""",
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
