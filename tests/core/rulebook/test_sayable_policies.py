"""The policies of everyday credit control: each can be said, and does what it says.

A policy is its number, its words, and a story that is played to its end.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.core.rulebook import Rulebook, rulebook_warnings
from arsync.core.trials.scenario import judge, play, read_scenarios

HEAD = "version: 1\ncurrency: GBP\nsending: {days: every day}\n"


class Policy(NamedTuple):
    """What a business wants, as a rulebook, and what then happens."""

    words: str
    rules: str
    story: str


PLAIN = """reminders:
  - name: Everyone
    steps:
      - {day: 7, email: first reminder}
      - {day: 21, email: second reminder}
      - {day: 35, email: final notice, via: smtp}
"""
_ONE_LETTER = """
    customer: {name: Acme, groups: North}
    invoices: [{number: INV-1, due: 2026-06-01, amount: 900}]
    until: day 10
    expect: {day 7: email first reminder in English for INV-1}
"""
POLICIES = {
    1: Policy(
        "chase only above 500, once a week",
        """reminders:
  - name: Weekly
    skip_invoices_when: {amount_due: {at_most: 500}}
    steps:
      - {day: 7, email: first reminder, every: 7 days, at_most: 4}
      - {after: 7 days, task: Decide what comes next}
""",
        """
    invoices:
      - {number: INV-1, due: 2026-06-01, amount: 500.01}
      - {number: INV-2, due: 2026-06-01, amount: 500}
    until: day 120
    expect:
      day 7: email first reminder for INV-1
      day 14: email first reminder for INV-1
      day 21: email first reminder for INV-1
      day 28: email first reminder for INV-1
      day 35: task Decide what comes next for INV-1
    never: email first reminder for INV-2
""",
    ),
    3: Policy(
        "final notice copied to the sales rep",
        """roles:
  account manager: {by_contact_group: {North: jo@example.com}}
reminders:
  - name: Everyone
    steps:
      - {day: 7, email: first reminder}
      - {day: 30, email: final notice, via: smtp, copy_to: account manager}
""",
        """
    customer: {name: Acme, groups: North}
    invoices: [{number: INV-1, due: 2026-06-01, amount: 900}]
    until: day 60
    expect:
      day 7: email first reminder for INV-1
      day 30: email final notice in English for INV-1
""",
    ),
    10: Policy(
        "cc two addresses",
        "sending: {days: every day, via: smtp, cc: [a@example.com, b@example.com]}\n" + PLAIN,
        _ONE_LETTER,
    ),
    11: Policy(
        "a sender per office",
        """sending:
  days: every day
  via: smtp
  sender:
    - {when: {contact_group: North}, name: North office, address: north@example.com}
    - {name: Head office, address: head@example.com}
"""
        + PLAIN,
        _ONE_LETTER,
    ),
    12: Policy(
        "the invoice's PDF attached",
        "sending: {days: every day, via: smtp, attach: invoice}\n" + PLAIN,
        _ONE_LETTER,
    ),
    4: Policy(
        "statement on the 1st",
        """statements:
  - {name: Monthly, on: 1, when: {balance: {more_than: 0}}}
""",
        """
    invoices:
      - {number: INV-1, issued: 2026-06-10, due: 2026-07-10, amount: 800}
    events: {2026-08-20: payment for INV-1}
    until: 2026-10-10
    expect:
      2026-07-01: account letter statement of account
      2026-08-01: account letter statement of account
""",
    ),
    15: Policy(
        "thank who pays large sums in time",
        """thank_you: {when: {days_late: {at_most: 0}, amount_paid: {at_least: 1000}}}
""",
        """
    invoices:
      - {number: INV-1, due: 2026-06-01, amount: 1000}
      - {number: INV-2, due: 2026-06-20, amount: 900}
    events:
      2026-06-01: payment for INV-1
      2026-06-15: payment for INV-2
    until: 2026-07-10
    expect:
      2026-06-01: account letter thank you for INV-1
""",
    ),
    27: Policy(
        "chase by statement, not by invoice",
        """statements:
  - {name: Overdue, on: friday, when: {overdue_amount: {more_than: 0}}, attach: pdf}
reminders:
  - name: A person in the end
    steps: [{day: 40, call: Go through the statement}]
""",
        """
    invoices:
      - {number: INV-1, due: 2026-06-01, amount: 800}
    events: {2026-06-25: payment for INV-1}
    until: 2026-08-01
    expect:
      2026-06-05: account letter statement of account
      2026-06-12: account letter statement of account
      2026-06-19: account letter statement of account
    never: email
""",
    ),
    13: Policy(
        "no letter until the call was made",
        """reminders:
  - name: Everyone
    steps:
      - {day: 7, email: first reminder}
      - {day: 14, call: Ask for a day, script: first call, then: wait until done}
      - {after: 7 days, letter: final notice}
""",
        """
    invoices:
      - {number: INV-1, due: 2026-06-01, amount: 800}
    until: day 200
    expect:
      day 7: email first reminder for INV-1
      day 14: call Ask for a day for INV-1
    never: letter final notice
""",
    ),
    20: Policy(
        "remind two days before a promise falls due",
        """reminders:
  - {name: Everyone, steps: [{day: 7, email: first reminder}]}
follow_ups:
  - name: A promise falls due
    when: {days_until_promise: {at_most: 2}, promise_to_pay: open}
    task: Remind them of what they promised
""",
        """
    invoices:
      - {number: INV-1, due: 2026-06-01, amount: 800}
    events:
      day 9:
        - promise for INV-1 by day 20
      day 20: payment for INV-1
    until: day 60
    expect:
      day 7: email first reminder for INV-1
      day 18: task Remind them of what they promised for INV-1
""",
    ),
    7: Policy(
        "VIPs get a call before any letter",
        """reminders:
  - name: VIPs
    when: {contact_group: VIP}
    steps:
      - {day: 3, call: Ask what is wrong, assign_to: sales, then: wait until done}
      - {day: 7, email: first reminder}
  - {name: Everyone, steps: [{day: 1, email: first reminder}]}
""",
        """
    customer: {name: A Ltd, groups: [VIP]}
    invoices:
      - {number: INV-1, due: 2026-06-03, amount: 500}
    events:
      day 20: call done
    until: day 40
    expect:
      day 3: task Ask what is wrong for INV-1
      day 24: email first reminder for INV-1
""",
    ),
    30: Policy(
        "weekly list of calls to each collector",
        """roles:
  collector: {by_contact_group: {North: jo@example.com, South: sam@example.com}}
reminders:
  - name: Everyone
    steps:
      - {day: 7, call: Ask for a day, assign_to: collector}
      - {day: 14, call: Ask again, assign_to: collector}
""",
        """
    customer: {name: A Ltd, groups: [North]}
    invoices:
      - {number: INV-1, due: 2026-06-03, amount: 500}
      - {number: INV-2, due: 2026-06-03, amount: 700}
    events:
      day 10: payment for INV-2
    until: day 40
    expect:
      day 7: task Ask for a day for INV-1 and INV-2
      day 14: task Ask again for INV-1
""",
    ),
    5: Policy(
        "nothing from 20 December to 5 January",
        PLAIN + "sending: {days: every day, closed: [2026-12-20 to 2027-01-05]}\n",
        """
    invoices:
      - {number: INV-1, due: 2026-12-12, amount: 100}
      - {number: INV-2, due: 2026-12-15, amount: 100}
    until: 2027-01-25
    expect:
      2026-12-19: email first reminder for INV-1
      2027-01-06:
        - email second reminder for INV-1
        - email first reminder for INV-2
      2027-01-20:
        - email final notice for INV-1
        - email second reminder for INV-2
""",
    ),
    14: Policy(
        "a director approves above 5,000",
        """roles: {director: fd@example.com}
reminders:
  - name: Everyone
    steps: [{day: 30, email: final notice, via: smtp, approval: {over: 5000, by: director}}]
""",
        """
    approvals: by hand
    customers: [{name: Ashby Ltd}, {name: Ridgeway Ltd}]
    invoices:
      - {number: INV-1, customer: Ashby Ltd, due: 2026-06-03, amount: 5000}
      - {number: INV-2, customer: Ridgeway Ltd, due: 2026-06-03, amount: 5000.01}
    events: {day 40: approve email final notice for INV-2}
    until: day 60
    expect:
      day 30:
        - email final notice for INV-1
        - email final notice for INV-2 waits for approval
      day 40: email final notice for INV-2
""",
    ),
    17: Policy(
        "public bodies get 30 days more and no holds",
        """groups: {Public body: {contact_group: Public sector}}
credit_holds:
  - name: Two months late
    when: {oldest_days_overdue: {at_least: 60}}
    unless: {group: Public body}
reminders:
  - name: Public bodies
    when: {group: Public body}
    steps: [{day: 31, email: first reminder}, {day: 44, email: second reminder}]
  - name: Everyone
    steps: [{day: 1, email: first reminder}, {day: 14, email: second reminder}]
""",
        """
    customers: [{name: City Council, groups: Public sector}, {name: Ashby Ltd}]
    invoices:
      - {number: INV-1, customer: City Council, due: 2026-06-03, amount: 900}
      - {number: INV-2, customer: Ashby Ltd, due: 2026-06-03, amount: 900}
    until: day 120
    expect:
      day 1: email first reminder for INV-2
      day 14: email second reminder for INV-2
      day 31: email first reminder for INV-1
      day 44: email second reminder for INV-1
      day 60: hold placed on Ashby Ltd
""",
    ),
    21: Policy(
        "only tasks, never letters, for one group",
        """reminders:
  - name: Family firms are called
    when: {contact_group: Family}
    steps:
      - {day: 7, task: Ask Peter to mention it}
      - {day: 30, call: Ask for a day, assign_to: owner}
  - name: Everyone else
    steps: [{day: 7, email: first reminder}]
""",
        """
    customers: [{name: Aunt Mary, groups: Family}, {name: Ashby Ltd}]
    invoices:
      - {number: INV-1, customer: Aunt Mary, due: 2026-06-03, amount: 900}
      - {number: INV-2, customer: Ashby Ltd, due: 2026-06-03, amount: 900}
    until: day 365
    expect:
      day 7:
        - task Ask Peter to mention it for INV-1
        - email first reminder for INV-2
      day 30: call Ask for a day for INV-1
    never: email for INV-1
""",
    ),
    23: Policy(
        "at most one message a fortnight whatever happens",
        PLAIN
        + """sending:
  days: every day
  days_between_messages: 14
  platform_emails_per_moment: 1
""",
        """
    invoices:
      - {number: INV-1, due: 2026-06-03, amount: 100}
      - {number: INV-2, due: 2026-06-05, amount: 100}
      - {number: INV-3, due: 2026-06-20, amount: 100}
    events: {day 20: payment for INV-1}
    until: day 66
    expect:
      day 7: email first reminder for INV-1
      day 21: email first reminder for INV-2
      day 35: email second reminder for INV-2
      day 49: email final notice for INV-2
      day 63: email first reminder for INV-3
""",
    ),
    25: Policy(
        "alert the owner at 90 % of the limit",
        """credit_limits: [{name: Everyone, limit: 1000}]
alerts:
  - {name: At 80 %, when: {limit_used_percent: {at_least: 80, less_than: 90}}, tell: sales}
  - {name: At 90 %, when: {limit_used_percent: {at_least: 90}}, tell: owner}
""",
        """
    invoices:
      - {number: INV-1, due: 2026-06-30, amount: 850}
      - {number: INV-2, due: 2026-07-05, issued: 2026-06-05, amount: 100}
      - {number: INV-3, due: 2026-07-20, issued: 2026-06-20, amount: 100}
    events:
      2026-06-10: payment 200 for INV-1
      2026-06-25: payment for INV-2
      2026-06-28: payment for INV-3
    until: 2026-07-10
    expect:
      2026-05-31: alert At 80 %
      2026-06-05: alert At 90 %
      2026-06-20: alert At 80 %
    never: hold placed
""",
    ),
    28: Policy(
        "stop everything for one customer until a date",
        PLAIN
        + """customers: [{contact: Ridgeway University, pause_until: 2026-07-31}]
credit_holds: [{name: Late, when: {oldest_days_overdue: {at_least: 30}}}]
""",
        """
    customers: [{name: Ridgeway University}, {name: Ashby Ltd}]
    invoices:
      - {number: INV-1, customer: Ridgeway University, due: 2026-06-03, amount: 900}
      - {number: INV-2, customer: Ashby Ltd, due: 2026-06-25, amount: 900}
    until: 2026-08-01
    expect:
      2026-07-02: email first reminder for INV-2
      2026-07-16: email second reminder for INV-2
      2026-07-25: hold placed on Ashby Ltd
      2026-07-30: email final notice for INV-2
      2026-08-01:
        - email first reminder for INV-1
        - hold placed on Ridgeway University
""",
    ),
    29: Policy(
        "the old debts of a new client start at the step where their age stands",
        PLAIN + "take_over: by age\n",
        """
    taken_over: day 60
    customers: [{name: Ashby Ltd}, {name: Ridgeway Ltd}, {name: Linden Ltd}]
    invoices:
      - {number: INV-1, customer: Ashby Ltd, due: 2026-06-03, amount: 100}
      - {number: INV-2, customer: Ridgeway Ltd, due: 2026-07-10, amount: 100}
      - {number: INV-3, customer: Linden Ltd, due: 2026-08-10, amount: 100}
    until: day 80
    expect:
      day 60:
        - email final notice for INV-1
        - email second reminder for INV-2
      day 74: email final notice for INV-2
      day 75: email first reminder for INV-3
""",
    ),
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
    16: Policy(
        "three instalments agreed, silence while kept",
        f"""payment_plans:
  grace: 3 business days
  announce: 3 days before
  chase: 1 day after
{PLAIN}""",
        """
    invoices:
      - {number: INV-1, due: 2026-06-03, amount: 1200}
    events:
      day 9: payment plan for INV-1, 3 instalments every month from 2026-06-19
      2026-06-19: payment 400
      2026-07-22: payment 400 for INV-1
    until: 2026-09-01
    expect:
      day 7: email first reminder for INV-1
      2026-06-16: email instalment due for INV-1
      2026-07-16: email instalment due for INV-1
      2026-07-21: email instalment missed for INV-1
      2026-07-23: {facts: {payment_plan: kept, instalments_missed: {at_most: 0}}}
      2026-08-16: email instalment due for INV-1
      2026-08-21: email instalment missed for INV-1
      2026-08-25: {facts: {payment_plan: broken}}
      2026-08-26: email second reminder for INV-1
""",
    ),
}


def said(number: int) -> Rulebook:
    rules = POLICIES[number].rules
    head = HEAD if "sending:" not in rules else HEAD.partition("sending:")[0]
    return a_rulebook(head + rules)


@pytest.mark.parametrize("number", POLICIES)
def test_a_policy_is_said_without_a_warning(number: int) -> None:
    assert rulebook_warnings(said(number)) == []


@pytest.mark.parametrize("number", POLICIES)
def test_a_policy_does_what_it_says(number: int) -> None:
    policy = POLICIES[number]
    story = f"scenarios:\n  - name: {policy.words}{policy.story}"
    read, problems = read_scenarios("story.yaml", story)
    assert read is not None, problems
    outcome = judge(play(read.scenarios[0], said(number), holidays=lambda _: None))
    assert outcome.failures == ()


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (3, {"copy_to": "jo@example.com", "cc": ""}),
        (10, {"cc": "a@example.com, b@example.com", "copy_to": ""}),
        (11, {"sender": "North office <north@example.com>"}),
        (12, {"attach": ("invoice",)}),
    ],
)
def test_its_letter_bears_what_it_says(number: int, says: dict[str, object]) -> None:
    story = f"scenarios:\n  - name: {POLICIES[number].words}{POLICIES[number].story}"
    read, problems = read_scenarios("story.yaml", story)
    assert read is not None, problems
    played = play(read.scenarios[0], said(number), holidays=lambda _: None)
    payload = played.happened[-1].action.payload
    assert {name: getattr(payload, name) for name in says} == says
