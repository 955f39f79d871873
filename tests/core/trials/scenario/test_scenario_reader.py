"""Scenario files: read as they are meant, or every problem at once, with its line and a hint."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from importlib.resources import files

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders.schemas import schema_class, validator

from arsync.core.rulebook import Problem
from arsync.core.trials.scenario import Scenario, read_scenarios
from arsync.core.trials.scenario.phrases import EVENTS, EXPECTATIONS
from arsync.core.trials.scenario.scenario_keys import scenario_schema
from arsync.core.trials.scenario.scenario_model import EventKind, What
from arsync.core.trials.scenario.scenario_reader import DAYS_MAX, INVOICES_MAX, SCENARIOS_MAX

HEAD = """scenarios:
  - name: One
    invoices:
      - {number: INV-1, due: 2026-03-04, amount: 1200}
"""


def read(text: str) -> Scenario:
    scenario_file, problems = read_scenarios("s.yaml", text)
    assert problems == []
    assert scenario_file is not None
    return scenario_file.scenarios[0]


def problems_of(text: str) -> list[Problem]:
    scenario_file, problems = read_scenarios("s.yaml", text)
    assert scenario_file is None
    assert problems
    return problems


def test_a_story_is_read_with_all_it_may_say() -> None:
    story = read("""rulebook: ../mine.yaml
scenarios:
  - name: Everything
    customers:
      - {name: Big Ltd, groups: [Key accounts], country: GB, since: 2020-01-01, tags: [Legal]}
      - {name: Small Ltd, email: none, parent: big ltd, bill_to_parent: yes, credit_limit: 5000}
    invoices:
      - {number: INV-1, due: 2026-03-04, amount: 1200.50, customer: Small Ltd}
      - {number: INV-2, issued: day -9, due: day 20, amount: 10, currency: EUR, rate: 0.85}
    events:
      day 2: payment 1,000.00 for INV-1
      2026-03-10:
        - promise 100 for inv-1 by day 20
        - dispute INV-2 because it broke, and was late
    expect:
      day 1: email first reminder for INV-1 and INV-2
      day 3: {facts: {balance: 210.50, on_hold: no, headroom: {at_least: 5}}}
      day 5: nothing
    never: [email final notice, hold placed on big ltd]
    taken_over: day -10
    until: day 30
    approvals: by hand
    unlisted: allowed
""")
    big, small = story.contacts
    assert (big.groups, big.created_on, big.parent_id) == (("Key accounts",), date(2020, 1, 1), "")
    assert (small.email, small.parent_id, small.bill_to_parent) == ("", big.id, True)
    assert [
        (customer.contact, customer.tags, customer.credit_limit) for customer in story.agreed
    ] == [
        ("Big Ltd", frozenset({"legal"}), None),
        ("Small Ltd", frozenset(), Decimal(5000)),
    ]
    first, second = story.invoices
    assert (first.contact_id, first.issued_on, first.total) == (
        small.id,
        date(2026, 2, 2),
        Decimal("1200.50"),
    )
    assert (second.contact_id, second.issued_on, second.due_on, second.rate) == (
        big.id,
        date(2026, 2, 23),
        date(2026, 3, 24),
        Decimal("0.85"),
    )
    payment, promise, dispute = story.events
    assert (payment.on, payment.amount, payment.invoice) == (
        date(2026, 3, 6),
        Decimal(1000),
        "INV-1",
    )
    assert (promise.kind, promise.day, promise.amount) == (
        EventKind.PROMISE,
        date(2026, 3, 24),
        Decimal(100),
    )
    assert (dispute.invoice, dispute.text) == ("INV-2", "it broke, and was late")
    email, facts, nothing = story.expected
    assert email.phrase is not None
    assert (email.phrase.what, email.phrase.text) == (What.EMAIL, "first reminder")
    assert email.phrase.invoices == ("INV-1", "INV-2")
    assert facts.facts is not None
    assert nothing.is_nothing
    assert [never.phrase.contact for never in story.never] == ["", "Big Ltd"]
    assert (story.begins, story.until) == (date(2026, 2, 22), date(2026, 4, 3))
    assert not story.approved_same_day
    assert story.unlisted_allowed


def test_a_bare_scenario_means_an_active_invoiced_customer() -> None:
    story = read(HEAD + "    expect: {day 9: hold placed}\n")
    assert story.contacts[0].email
    assert (story.begins, story.until) == (date(2026, 2, 2), date(2026, 3, 13))
    assert story.taken_over_on == story.begins


@pytest.mark.parametrize("event", EVENTS)
def test_each_event_that_a_hint_shows_can_be_written(event: str) -> None:
    second = "      - {number: INV-2, due: 2026-03-04, amount: 1200}\n"
    story = read(HEAD + second + f"    events:\n      day 5: {event}\n")
    assert story.events[0].sentence == event


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ("promise for INV-1 by day 4", "the promise is for 2026-03-08, which is past"),
        ("payment for INV-1, paid on day 6", "the payment is of 2026-03-10, which is after"),
        ("promise for INV-1 and INV-9 by day 40", "there is no invoice 'INV-9'"),
    ],
)
def test_an_impossible_day_or_invoice_is_said(event: str, message: str) -> None:
    (problem,) = problems_of(HEAD + f"    events:\n      day 5: {event}\n")
    assert message in problem.message


@pytest.mark.parametrize("phrase", EXPECTATIONS)
@pytest.mark.parametrize("more", ["", " waits for approval"])
def test_each_expectation_that_a_hint_shows_can_be_written(phrase: str, more: str) -> None:
    if phrase == "nothing":
        more = ""
    story = read(HEAD + f"    expect:\n      day 5: {phrase}{more}\n")
    assert story.expected[0].sentence == phrase + more


def test_a_task_or_terms_may_contain_separator_words() -> None:
    task = read(HEAD + "    expect: {day 5: task Call for payment}\n").expected[0].phrase
    terms = (
        read(HEAD + "    expect: {day 5: terms changed to cash on delivery}\n").expected[0].phrase
    )
    assert task is not None
    assert terms is not None
    assert (task.text, task.invoices) == ("Call for payment", ())
    assert (terms.text, terms.contact) == ("cash on delivery", "")


@pytest.mark.parametrize(
    ("lines", "line", "message", "hint"),
    [
        (
            "    expect: {day 5: emial first reminder}",
            5,
            "nothing that a rulebook can do",
            "did you mean 'email first reminder for INV-1'?",
        ),
        ("    expect: {day 5: make tea}", 5, "nothing that a rulebook can do", "one of: email"),
        (
            "    expect: {day 5: email first reminder for INV-2}",
            5,
            "no invoice 'INV-2'",
            "did you mean 'INV-1'?",
        ),
        ("    expect: {day 5: hold placed on Acme}", 5, "no customer 'Acme'", "known: Customer"),
        ("    expect: {day 5: hold placed for ever}", 5, "says more", "hold placed on NAME"),
        ("    expect: {day five: nothing}", 5, "not a day", "write day 14"),
        ("    expect: {2026-02-30: nothing}", 5, "no such day", ""),
        ("    expect: {day -60: nothing}", 5, "before the first day", ""),
        ("    until: day 3\n    expect: {day 5: nothing}", 6, "is after 2026-03-07", ""),
        ("    until: day 3\n    events: {day 5: void INV-1}", 6, "is after 2026-03-07", ""),
        ("    expect: {day 5: {facts: {balanse: 5}}}", 5, "unknown key 'balanse'", "'balance'"),
        ("    expect: {day 5: {facts: 7}}", 5, "'facts' must be a block", ""),
        ("    expect: {day 5: [[nothing]]}", 5, "must be a text", ""),
        ("    events: {day 5: paymnt for INV-1}", 5, "not an event", "payment for INV-1"),
        ("    events: {day 5: sunshine}", 5, "not an event", "one of: payment"),
        ("    events: {day 5: payment 1.000 for INV-1}", 5, "not an amount", "write 10000"),
        ("    events: {day -40: void INV-1}", 5, "is issued on 2026-02-02, after this", ""),
        ("    events: {day 5: promise for INV-1 by day 4}", 5, "which is past", ""),
        ("    events: {day 5: promise for INV-1 by 2026-02-30}", 5, "no such day", ""),
        ("    customer: {name: A}\n    customers: [{name: B}]", 5, "not both", "every customer"),
        ("    customers: [{name: A}, {name: a}]", 5, "appears twice", ""),
        ("    customers: [{name: A, parent: B}]", 5, "no customer 'B'", "comes before"),
        ("    customer: {name: A, country: gb}", 5, "two capital letters", "GB"),
        ("    approvals: maybe", 5, "it can be same day, by hand", ""),
        ("    aproved: never", 5, "unknown key 'aproved'", "approvals"),
        ("    never: email for INV-9", 5, "no invoice 'INV-9'", "INV-1"),
    ],
)
def test_each_mistake_has_its_line_and_a_hint(
    lines: str, line: int, message: str, hint: str
) -> None:
    problems = [
        problem for problem in problems_of(HEAD + lines + "\n") if message in problem.message
    ]
    assert problems, [str(problem) for problem in problems_of(HEAD + lines + "\n")]
    assert (problems[0].file, problems[0].line) == ("s.yaml", line)
    assert hint in problems[0].hint


_ONE = "  - {name: %s, invoices: [{number: A, due: 2026-01-01, amount: 5}]}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("# nothing yet\n", "the file is empty"),
        ("rulebook: x\n", "needs 'scenarios'"),
        ("- a\n- b\n", "a scenario file is a block of keys such as 'scenarios:', not a list"),
        ("scenarios: one\n", "must be a list"),
        ("scenarios: [{name: One}]\n", "needs 'invoices'"),
        ("scenarios: [{name: One, invoices: []}]\n", "needs an invoice"),
        ("scenarios: [{invoices: [{number: A, due: 2026-01-01, amount: 5}]}]\n", "needs 'name'"),
        ("scenarios: [{name: One, invoices: [{number: A, due: day 5, amount: 5}]}]\n", "day 0"),
        ("scenarios: [{name: One, invoices: [{due: 2026-01-01, amount: 5}]}]\n", "needs 'number'"),
        (
            "scenarios:\n" + _ONE % "One" + _ONE % "one",
            "appears twice",
        ),
        (HEAD + "      - {number: inv-1, due: day 5, amount: 5}\n", "'inv-1' appears twice"),
        (HEAD + "      - {number: X, due: day 5, amount: 5, customer: Y}\n", "no customer 'Y'"),
        (HEAD + f"    until: day {DAYS_MAX}\n", "lasts longer than 1,100 days"),
        ("a: [\n", "not YAML"),
    ],
)
def test_what_is_no_scenario_file_says_so(text: str, message: str) -> None:
    assert any(message in problem.message for problem in problems_of(text)), problems_of(text)


def test_all_problems_come_at_once() -> None:
    text = HEAD + "    expect: {day 1: make tea, day x: nothing}\n    until: tomorrow\n"
    assert [problem.line for problem in problems_of(text)] == [5, 5, 6]


def test_there_are_limits_to_scenarios_and_invoices() -> None:
    many = "scenarios:\n" + "".join(_ONE % count for count in range(SCENARIOS_MAX + 1))
    assert "more than 500 scenarios" in problems_of(many)[0].message
    line = "      - {number: X%d, due: day 1, amount: 5}\n"
    wide = HEAD + "".join(line % count for count in range(INVOICES_MAX))
    assert "more than 200 invoices" in problems_of(wide)[0].message


STORIES = files("arsync_rulebooks") / "scenarios"


@pytest.mark.parametrize("name", ["gentle", "standard", "strict"])
def test_the_schema_takes_the_shipped_stories(name: str) -> None:
    text = (STORIES / f"{name}.yaml").read_text(encoding="utf-8")
    tree = yaml.load(text, Loader=yaml.BaseLoader)
    schema_class().check_schema(scenario_schema())
    validator(scenario_schema()).validate(tree)


@pytest.mark.parametrize(
    "lines",
    ["    aproved: never", "    until: tomorrow", "    expect: [nothing]", "    unlisted: maybe"],
)
def test_the_schema_refuses_what_the_reader_refuses(lines: str) -> None:
    assert problems_of(HEAD + lines + "\n")
    tree = yaml.load(HEAD + lines + "\n", Loader=yaml.BaseLoader)
    assert not validator(scenario_schema()).is_valid(tree)


SHIPPED = (STORIES / "standard.yaml").read_text(encoding="utf-8")
PIECES = ("", " ", "\n", ":", "- ", "{", "]", "*a", "&a ", "day 5", "INV-9", "\t", "\ufeff", "~")


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2_500), st.integers(0, 30), st.sampled_from(PIECES))
def test_no_damage_to_a_file_crashes_the_reader(at: int, length: int, piece: str) -> None:
    text = SHIPPED[:at] + piece + SHIPPED[at + length : 2_600]
    scenario_file, problems = read_scenarios("s.yaml", text)
    assert (scenario_file is None) == bool(problems)
    assert all(problem.line >= 1 for problem in problems)
