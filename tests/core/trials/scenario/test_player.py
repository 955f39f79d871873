"""Scenarios played: what happens in the ledger, what the rulebook does, and what differs."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.core.trials.scenario import Failure, Played, judge, play, read_scenarios

EASTER = date(2026, 4, 3)
RULES = """version: 1
currency: GBP
credit_limits:
  - {name: Everyone, limit: 10000}
credit_holds:
  - name: Seriously overdue
    when: {oldest_days_overdue: {at_least: 40}}
    unless: {promise_to_pay: open}
    approval: required
reminders:
  - name: Standard
    skip_invoices_when: {amount_due: {less_than: 10}}
    steps:
      - {day: 1, email: first reminder}
      - {day: 10, email: second reminder, approval: required}
      - {day: 20, task: Call the customer}
follow_ups:
  - {name: Broken promise, when: {promise_to_pay: broken}, task: Ask about the promise}
sending: {days: business days, days_between_emails: 3}
"""
STORY = """scenarios:
  - name: One
    customer: {name: Ashby Ltd}
    invoices:
      - {number: INV-1, due: 2026-03-04, amount: 1200}
"""
FIRST = "day 1: email first reminder for INV-1"


def played(story: str, rules: str = RULES) -> Played:
    rulebook = a_rulebook(rules, "rules/r.yaml")
    scenario_file, wrong = read_scenarios("s.yaml", story)
    assert scenario_file is not None, "\n".join(map(str, wrong))
    return play(scenario_file.scenarios[0], rulebook, holidays=lambda _: lambda day: day == EASTER)


def failures(lines: str, rules: str = RULES, story: str = STORY) -> list[Failure]:
    return list(judge(played(story + lines, rules)).failures)


def told(lines: str, rules: str = RULES, story: str = STORY) -> list[str]:
    outcome = played(story + lines, rules)
    return [
        f"{(happening.on - outcome.scenario.anchor).days}: {happening}"
        for happening in outcome.happened
    ]


CHASED = [
    "1: email first reminder for INV-1",
    "12: email second reminder for INV-1",
    "22: task Call the customer for INV-1",
    "40: hold placed",
]


def test_a_rulebook_is_played_to_the_end() -> None:
    assert told("    until: day 60\n") == CHASED


@pytest.mark.parametrize(
    ("events", "happens"),
    [
        ("day 2: payment for INV-1", CHASED[:1]),
        ("day 2: payment 1200 for INV-1", CHASED[:1]),
        ("day 2: payment 1195 for INV-1", [CHASED[0], CHASED[3]]),
        ("day 2: payment 2000 for INV-1", CHASED[:1]),
        ("day 2: payment 1200 from Ashby Ltd", CHASED[:1]),
        ("day 2: credit for INV-1", CHASED[:1]),
        ("day 2: credit 1200", CHASED[:1]),
        ("day 2: credit 1200 to Ashby Ltd", CHASED[:1]),
        ("day 2: void INV-1", CHASED[:1]),
        ("day 2: sent INV-1", CHASED),
        ("day 2: dispute INV-1 because it broke", CHASED[:1]),
        (
            "day 0: new due date for INV-1 day 30",
            [
                "33: email first reminder for INV-1",
                "42: email second reminder for INV-1",
                "52: task Call the customer for INV-1",
            ],
        ),
        (
            "day 2: promise for INV-1 by day 47",
            [
                CHASED[0],
                "51: email second reminder for INV-1",
                "51: hold placed",
                "51: task Ask about the promise for INV-1",
            ],
        ),
    ],
)
def test_each_event_changes_the_ledger(events: str, happens: list[str]) -> None:
    happened = told(f"    events: {{{events}}}\n    until: day 52\n")
    assert sorted(happened) == sorted(happens)


def test_a_settled_dispute_lets_the_reminders_go_on() -> None:
    events = "    events: {day 2: dispute INV-1, day 23: settled INV-1}\n    until: day 23\n"
    assert told(events) == [CHASED[0], "23: email second reminder for INV-1"]


def test_a_new_promise_replaces_the_open_one() -> None:
    events = "    events: {day 2: promise for INV-1 by day 5, day 4: promise for INV-1 by day 30}\n"
    assert told(events + "    until: day 29\n") == [CHASED[0]]


def test_two_promises_stand_beside_each_other() -> None:
    events = """    events:
      day 2: promise 500 for INV-1 by day 5
      day 3: also promise 700 for INV-1 by day 30
      day 4: payment 500 for INV-1
    until: day 29
"""
    assert told(events) == [CHASED[0]]
    unpaid = events.replace("      day 4: payment 500 for INV-1\n", "")
    assert "9: task Ask about the promise for INV-1" in told(unpaid)


def test_a_payment_booked_late_keeps_the_promise() -> None:
    events = """    events:
      day 2: promise by day 5
      day 12: payment for INV-1, paid on day 5
    until: day 13
    unlisted: allowed
    expect:
      day 11: [facts: {promise_to_pay: broken, broken_promises: 1}]
      day 12: [facts: {promise_to_pay: kept, broken_promises: 0}]
"""
    assert not failures(events)
    paid_late = events.replace(", paid on day 5", "")
    assert not failures(paid_late.replace("kept, broken_promises: 0", "none, broken_promises: 1"))


def test_a_promised_part_payment_keeps_the_promise() -> None:
    events = """    events:
      day 2: promise 500 for INV-1 by day 5
      day 4: payment 500 for INV-1
    until: day 11
"""
    assert told(events) == [CHASED[0]]


def test_a_reversed_payment_restarts_at_the_first_step() -> None:
    events = "    events: {day 5: payment for INV-1, day 9: payment reversed for INV-1}\n"
    assert told(events + "    until: day 9\n") == [CHASED[0], "9: email first reminder for INV-1"]


def test_an_episode_continues_when_one_payment_is_reversed() -> None:
    events = """    events:
      day 2: payment 500 for INV-1
      day 9: payment reversed for INV-1
    until: day 12
"""
    assert told(events) == CHASED[:2]


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ("day 5: payment for INV-1, day 6: void INV-1", "nothing is owed on INV-1 any more"),
        ("day 5: payment reversed for INV-1", "INV-1 was not paid"),
        ("day 5: settled INV-1", "INV-1 is not in dispute"),
        ("day 5: task done Sing", "no such task is open on 2026-03-09"),
        ("day 5: approve hold placed", "no such action needs approval on 2026-03-09"),
    ],
)
def test_what_cannot_happen_is_a_failure_of_its_line(events: str, why: str) -> None:
    failed = failures(f"    unlisted: allowed\n    events: {{{events}}}\n")
    assert [(failure.place.line, failure.instead) for failure in failed] == [(7, why)]


def test_an_approval_is_awaited_once_before_leaving() -> None:
    lines = """    approvals: by hand
    events:
      day 12: approve email second reminder
    until: day 45
"""
    assert told(lines) == [
        CHASED[0],
        "10: email second reminder for INV-1 waits for approval",
        CHASED[1],
        CHASED[2],
        "40: hold placed waits for approval",
    ]


def test_what_is_approved_on_a_saturday_leaves_on_monday() -> None:
    lines = "    approvals: by hand\n    events: {day 10: approve email}\n    until: day 13\n"
    assert told(lines)[1:] == ["12: email second reminder for INV-1"]


def test_a_refused_step_is_skipped_for_the_next() -> None:
    lines = "    events: {day 10: reject email second reminder}\n    until: day 30\n"
    assert told(lines) == [CHASED[0], "20: task Call the customer for INV-1"]


def test_a_task_that_is_done_is_open_no_more() -> None:
    outcome = played(STORY + "    events: {day 25: task done Call the customer}\n")
    assert outcome.days[date(2026, 3, 28)].evening[0].open_tasks
    assert not outcome.days[date(2026, 3, 29)].evening[0].open_tasks
    assert outcome.impossible == []


def test_a_parent_is_held_for_its_children() -> None:
    story = """scenarios:
  - name: A family
    customers:
      - {name: Big Ltd}
      - {name: Small Ltd, parent: Big Ltd}
      - {name: Other Ltd}
    invoices:
      - {number: INV-1, due: 2026-03-04, amount: 1200, customer: Small Ltd}
      - {number: INV-2, due: day 20, amount: 1200, customer: Other Ltd}
    until: day 40
    expect:
      day 40:
        - hold placed on Big Ltd
        - {facts: {on_hold: yes, balance: 1200}}
    unlisted: allowed
    never: hold placed on Other Ltd
"""
    assert failures("", story=story) == []


def test_agreements_in_a_story_count_before_the_rulebook() -> None:
    rules = RULES + (
        "customers: [{contact: Ashby Ltd, credit_limit: 5}]\n"
        "leave_alone: [{name: Ours, when: {tag: family}}]\n"
    )
    story = STORY.replace("{name: Ashby Ltd}", "{name: ashby ltd, tags: Family}")
    assert told("    until: day 60\n", rules, story) == []


def test_amounts_of_another_currency_count_at_their_rate() -> None:
    story = STORY.replace("amount: 1200", "amount: 1200, currency: EUR, rate: 0.5")
    facts = "    unlisted: allowed\n    expect: {day 0: {facts: {balance: 600}}}\n"
    assert failures(facts, story=story) == []


def test_letters_and_late_fees_happen_too() -> None:
    rules = RULES.replace("{day: 20, task: Call the customer}", "{day: 20, late_fee: 5%}").replace(
        "{day: 1, email", "{day: 1, letter"
    )
    assert told("    until: day 25\n", rules) == [
        "1: letter first reminder for INV-1",
        "12: email second reminder for INV-1",
        "22: late fee 60.00 for INV-1",
    ]


def test_one_smtp_letter_matches_an_email_per_invoice() -> None:
    rules = RULES.replace("sending: {", "sending: {via: smtp, ")
    story = STORY + "      - {number: INV-2, due: 2026-03-04, amount: 5000}\n"
    lines = "    expect: {day 1: email first reminder for INV-1 and INV-2}\n    until: day 2\n"
    assert failures(lines, rules, story) == []


def test_what_comes_later_is_one_failure_with_both_reasons() -> None:
    expect = f"""    expect:
      {FIRST}
      day 10: email second reminder for INV-1
    until: day 12
"""
    failed = failures(expect)
    assert len(failed) == 1
    assert (failed[0].place.line, failed[0].on) == (8, date(2026, 3, 14))
    assert failed[0].expected == "email second reminder for INV-1 on Sat 2026-03-14 (day 10)"
    assert failed[0].instead == "it comes later, on Mon 2026-03-16 (day 12)"
    planned, done = failed[0].reasons
    where = "rules/r.yaml:15: Standard: "
    assert planned == f"{where}planned; messages next leave on Mon 2026-03-16 (day 12)"
    assert done == (
        f"{where}Invoice emailed by the accounting system: 12 days overdue, GBP 1,200.00 due,"
        " as step second reminder"
    )


def test_what_comes_before_is_one_failure() -> None:
    failed = failures("    expect: {day 3: email first reminder for INV-1}\n")
    assert [(failure.place.line, failure.instead) for failure in failed] == [
        (6, "it comes before, on Thu 2026-03-05 (day 1)")
    ]
    assert failed[0].reasons[0].startswith("rules/r.yaml:14: Standard: Invoice emailed by ")


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (
            "    expect: {day 8: email second reminder for INV-1}\n",
            "rules/r.yaml:15: next for INV-1: second reminder on 2026-03-14",
        ),
        (
            "    events: {day 2: dispute INV-1}\n    expect: {day 12: email second reminder}\n",
            "INV-1: dispute open since 2026-03-06 (not said)",
        ),
        (
            "    approvals: by hand\n    expect: {day 12: email second reminder for INV-1}\n",
            "rules/r.yaml:15: Standard: planned; it needs approval",
        ),
        (
            "    expect: {day 30: hold placed}\n",
            "rules/r.yaml:6: Seriously overdue: no, oldest_days_overdue 30 (at least 40)",
        ),
        (
            "    expect: {day 30: hold placed on Ashby Ltd}\n",
            "rules/r.yaml:6: Seriously overdue: no, oldest_days_overdue 30 (at least 40)",
        ),
        (
            "    expect: {day 5: task Ask about the promise for INV-1}\n",
            "rules/r.yaml:18: Broken promise: promise_to_pay none (broken)",
        ),
        (
            "    expect: {day 30: email third reminder}\n",
            "rules/r.yaml:11: next for INV-1: no step is left",
        ),
        (
            "    events: {day 0: payment 1195 for INV-1}\n    expect: {day 1: email}\n",
            "rules/r.yaml:11: INV-1: skipped: amount_due",
        ),
    ],
)
def test_what_does_not_happen_says_what_stopped_it(lines: str, why: str) -> None:
    failed = failures("    unlisted: allowed\n" + lines)
    assert len(failed) == 1
    assert any(why in line for line in failed[0].reasons), failed[0].reasons


def test_one_invoice_of_several_that_lacks_is_named() -> None:
    story = STORY + "      - {number: INV-2, due: day 9, amount: 10}\n"
    lines = "    until: day 2\n    expect: {day 1: email first reminder for INV-1 and INV-2}\n"
    failed = failures(lines, story=story)
    assert len(failed) == 1
    assert "(not for INV-2)" in failed[0].expected
    assert failed[0].instead == "email first reminder for INV-1 on that day"


def test_a_forbidden_action_is_reported_once_with_its_reason() -> None:
    failed = failures("    never: email\n    until: day 3\n")
    assert len(failed) == 1
    assert failed[0].expected == "never email"
    assert failed[0].instead == "email first reminder for INV-1 on Thu 2026-03-05 (day 1)"
    assert failed[0].reasons[0].startswith("rules/r.yaml:14: ")


def test_what_is_not_listed_fails_unless_it_is_allowed() -> None:
    lines = "    until: day 3\n"
    assert [failure.expected for failure in failures(lines)] == [
        "nothing but what is listed on Thu 2026-03-05 (day 1)"
    ]
    assert failures("    unlisted: allowed\n" + lines) == []


def test_nothing_means_nothing_even_when_the_unlisted_is_allowed() -> None:
    lines = "    unlisted: allowed\n    expect: {day 0: nothing, day 1: nothing}\n"
    failed = failures(lines)
    assert [(failure.place.line, failure.expected) for failure in failed] == [
        (7, "nothing on Thu 2026-03-05 (day 1)")
    ]


def test_failed_facts_are_reported_with_their_values() -> None:
    lines = "    expect: {day 0: {facts: {balance: 1000, on_hold: no, dispute: open}}}\n"
    failed = failures(lines)
    assert len(failed) == 1
    assert "balance GBP 1,200.00" in failed[0].instead
    assert "dispute none (open)" in failed[0].instead
    assert "on_hold" not in failed[0].instead


def test_the_same_story_gives_the_same_account() -> None:
    lines = "    events: {day 2: promise for INV-1 by day 20}\n    until: day 90\n"
    assert told(lines) == told(lines)


def test_a_story_may_begin_long_after_its_invoices() -> None:
    lines = "    taken_over: day 28\n    until: day 37\n"
    outcome = played(STORY + lines)
    assert min(outcome.days) == outcome.scenario.anchor + timedelta(28)
    assert told(lines) == [
        "28: email first reminder for INV-1",
        "37: email second reminder for INV-1",
    ]


def test_charges_are_billed_in_a_story() -> None:
    rules = "version: 1\ncurrency: GBP\ncharges: [{name: Interest, interest: 12% a year}]\n"
    # Due on 4 March: 27 days of March on 1,200.00, and the 30 of April.
    assert told("    until: day 60\n", rules) == [
        "28: late fee 10.65 for INV-1",
        "58: late fee 11.84 for INV-1",
    ]
    expected = "    expect: {day 28: late fee 10.65 for INV-1}\n    unlisted: allowed\n"
    assert failures(expected + "    until: day 60\n", rules) == []


def test_a_discount_is_credited_in_a_story() -> None:
    rules = (
        "version: 1\ncurrency: GBP\n"
        "discounts: [{name: Prompt, percent: 2%, within: 10 days, approval: none}]\n"
        "reminders: [{name: Standard, steps: [{day: 1, email: first reminder}]}]\n"
        "sending: {days: every day}\n"
    )
    early = "    events: {day -22: payment 1176 for INV-1}\n    until: day 5\n"
    assert told(early, rules) == ["-22: credit note 24.00 for INV-1"]
    expected = "    expect: {day -22: credit note 24.00 for INV-1}\n"
    assert failures(expected + early, rules) == []
    late = early.replace("-22", "-10")
    assert told(late, rules) == ["1: email first reminder for INV-1"]


PLAN = "    events:\n      day 5: payment plan for INV-1, 3 instalments every month from day 20\n"


def test_a_kept_plan_keeps_the_story_quiet() -> None:
    paid = "      day 20: payment 400\n      day 51: payment 400 for INV-1\n"

    assert told(f"{PLAN}{paid}    until: day 60\n") == ["1: email first reminder for INV-1"]


def test_a_broken_plan_takes_up_the_cadence() -> None:
    assert told(f"{PLAN}    until: day 30\n") == [
        "1: email first reminder for INV-1",
        # In time until Friday, day 23: a Monday follows.
        "26: email second reminder for INV-1",
    ]


def test_a_cancelled_plan_keeps_nothing_quiet() -> None:
    cancelled = "      day 12: payment plan cancelled for INV-1\n"

    assert told(f"{PLAN}{cancelled}    until: day 14\n")[-1] == (
        "12: email second reminder for INV-1"
    )


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("payment plan for INV-1, 900 on day 20 and 900 on day 50", "GBP 1,200.00 is owed"),
        ("payment plan cancelled for INV-1", "INV-1 has no payment plan"),
    ],
)
def test_a_plan_that_cannot_be_is_told(sentence: str, why: str) -> None:
    [failure, *_] = failures(f"    events:\n      day 5: {sentence}\n    expect:\n      {FIRST}\n")

    assert why in failure.instead


PLACING = (
    "placements:\n  - {name: To the agency, when: {days_overdue: {at_least: 50}, steps_left: no},"
    " to: Example Collections}\n"
)


def test_a_placement_waits_and_is_recalled() -> None:
    lines = (
        "    approvals: by hand\n"
        "    until: day 70\n"
        "    events:\n"
        "      day 12: approve email second reminder\n"
        "      day 55: approve placed with Example Collections\n"
        "      day 60: recalled INV-1\n"
    )
    happened = [line for line in told(lines, RULES + PLACING) if "placed with" in line]
    assert happened == [
        "50: placed with Example Collections for INV-1 waits for approval",
        "55: placed with Example Collections for INV-1",
    ]


def test_who_is_placed_by_hand_is_not_chased() -> None:
    placed = "    events: {day 2: placed INV-1 with Example Collections}\n    until: day 60\n"
    assert told(placed) == [CHASED[0], CHASED[3]]
    returned = (
        "    events:\n      day 2: placed INV-1 with Example Collections\n"
        "      day 30: returned INV-1\n    until: day 35\n"
    )
    assert told(returned) == [CHASED[0], "33: email second reminder for INV-1"]
