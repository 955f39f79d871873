"""The rulebook reader: every problem at once, each with its place and a hint; never a traceback."""

from __future__ import annotations

import re
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders.rulebooks import a_rulebook

from arsync.core.rulebook import (
    Problem,
    TakeOver,
    TakeOverKind,
    needs,
    read_rulebook,
    rulebook_hash,
)
from arsync.core.rulebook.reading import yaml_nodes as limits
from arsync.core.rulebook.reading.reader import FILES_MAX

HEAD = "version: 1\ncurrency: GBP\n"
SHARED = Path(__file__).parents[4].parent / "shared"


def problems_of(text: str, **values: Any) -> list[str]:
    rulebook, problems = read_rulebook([("r.yaml", text)], **values)
    assert (rulebook is None) is bool(problems)
    return [str(problem) for problem in problems]


def only_problem(text: str, **values: Any) -> str:
    (problem,) = problems_of(text, **values)
    return problem


def hold(when: str) -> str:
    return f"{HEAD}credit_holds:\n  - name: H\n    when: {{{when}}}\n"


def test_the_design_example_is_read_whole() -> None:
    design = SHARED / "design.md"
    if not design.is_file():
        pytest.skip("the design is not beside the project")
    example = re.search(
        r"```yaml\n(# yaml-language-server.*?)```", design.read_text("utf-8"), re.DOTALL
    )
    assert example is not None
    rulebook = a_rulebook(example[1], "rules/standard.yaml")
    assert (rulebook.name, rulebook.currency) == ("Standard credit control", "GBP")
    ridgeway, agency = rulebook.customers
    assert (ridgeway.credit_limit, ridgeway.review_on) == (Decimal(25000), date(2027, 1, 31))
    assert agency.tags == {"legal"}
    assert [credit_limit.amount for credit_limit in rulebook.credit_limits] == [
        None,
        Decimal(2500),
        Decimal(10000),
    ]
    assert [step.day for step in rulebook.reminders[1].steps] == [-3, 1, 14, 30, 45]
    assert rulebook.reminders[1].steps[3].approval.required
    assert (rulebook.sending.earliest, rulebook.sending.latest) == (time(9), time(16, 30))
    assert (rulebook.safety.credit_holds, rulebook.safety.emails) == (20, 300)
    assert rulebook.take_over == TakeOver(TakeOverKind.FIRST_STEP)
    assert rulebook.unapplied_cash == "net"
    assert rulebook.texts() == {"upcoming", "first reminder", "second reminder", "final notice"}
    assert [name for name, _, _ in needs(rulebook)] == [
        "credit hold",
        "payment terms",
        "email by the accounting system",
        "contact groups",
    ]


def test_a_problem_is_printed_with_its_place_and_hint() -> None:
    assert only_problem(hold("oldest_day_overdue: {at_least: 60}")) == (
        "r.yaml:5:12: unknown key 'oldest_day_overdue' in a condition.\n"
        "    hint: did you mean 'oldest_days_overdue'?"
    )
    warning = Problem("r.yaml", 1, 2, "odd.", severity="warning")
    assert str(warning) == "r.yaml:1:2: warning: odd."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nme: x", "unknown section 'nme' in the rulebook.\n    hint: did you mean 'name'?"),
        ("name:", "r.yaml:3:1: 'name' is empty"),
        ("name: [a]", "'name' must be a text, not a list"),
        ('name: "a\\nb"', "must be one line of 1 to 300 characters"),
        ("name: !secret x", "carries the tag '!secret'"),
        ("name: a\nname: b", "r.yaml:4:1: 'name' appears twice in the rulebook; first in line 3."),
        ("<<: {a: b}", "'<<' is not used here"),
        ("[a]: b", "must be a word, not a list"),
        ("safety: x", "'safety' must be a block of keys, not a single value"),
        ("safety: {emails: 1_000}", "'emails' is '1_000'; it must be a whole number"),
        ("safety: {emails: 0123}", "hint: no leading zero"),
        ("safety: {emails: -1}", "must be from 0 to 1,000,000"),
        ("safety: {email: 1}", "write emails: 300"),
        ("safety: {data_not_older_than: 26}", "'26', which is not a length of time"),
        ("safety: {data_not_older_than: 1.5 days}", "hint: a whole number and hours or days"),
        ("safety: {data_not_older_than: 0 hours}", "which is not a length of time"),
        ("safety: {payments_not_older_than: 400 days}", "it can be at most 366 days"),
        ("safety: {platform_reminders: send}", "it can be hold back, ignore"),
        ("sending: {between: 9:30}", "'between' is '9:30', which is not a time of day"),
        ("sending: {between: 16:00-09:00}", "it ends before it starts"),
        (
            "sending: {between: [a]}",
            "must be hours of the day, not a list.\n    hint: as in between: 09:00-16:30",
        ),
        ("sending: {days: weekdays}", "it can be business days, every day"),
        ("sending: {days: []}", "nothing could ever be sent"),
        ("sending: {days: [funday]}", "a day of the week is 'funday'"),
        ("sending: {via: fax}", "'via' is 'fax'; it can be accounting system, post, sms, smtp."),
        (
            "sending: {via: {a: b}}",
            "must be accounting system or post or sms or smtp, not a block of keys",
        ),
        ("sending: {holidays: England}", "hint: as in GB-ENG"),
        ("take_over: never", "it can be first step, by age, from step NAME"),
        ("take_over: spread over 999 days", "hint: at most 250 days"),
        ("take_over: [a]", "must be how old debts start"),
        ("customers: x", "'customers' must be a list"),
        ("customers: [{contact: a, credit_limit: £5}]", "leave the currency out"),
        ("customers: [{contact: a, credit_limit: 10.000}]", "the comma separates thousands"),
        ("customers: [{contact: a, credit_limit: 0123}]", "no leading zero"),
        ("customers: [{contact: a, credit_limit: -5}]", "amounts are not negative"),
        ("customers: [{contact: a, credit_limit: 0.1}]", "is '0.1', which is not an amount"),
        ("customers: [{contact: a, credit_limit: 1e5}]", "write 10000, 10,000 or 10,000.50"),
        ("customers: [{contact: a, credit_limit: 999999999999999}]", "amounts stay below"),
        ("customers: [{contact: a, credit_limit: [1]}]", "must be an amount, not a list"),
        ("customers: [{contact: a, credit_limit: 25, 000}]", "comma before '000' ends the number"),
        ("customers: [{contact: a, review_on: 31.1.2027}]", "as in 2027-01-31"),
        ("customers: [{contact: a, review_on: 2027-02-31}]", "there is no such day"),
        ("customers: [{contact: a, review_on: {}}]", "must be a day"),
        ("customers: [{credit_limit: 5}]", "a customer needs 'contact'"),
        ("customers: [{contact: A}, {contact: ' a'}]", "appears twice; first in r.yaml:3"),
        ("credit_limits: [{name: a}]", "a rule of credit_limits needs 'limit'"),
        ("credit_limits: [{name: a, limit: agreed}]", "neither an amount, agreed_limit"),
        ("credit_limits: [{name: a, limit: [1]}]", "must be an amount or a fact"),
        ("credit_limits: [{name: a, limit: 12x}]", "not an amount"),
        ("leave_alone: [{name: a}]", "a rule of leave_alone needs 'when'"),
        ("leave_alone: [{name: a, when: {tag: x}}, {name: A, when: {tag: x}}]", "has 'A' twice"),
        ("groups: {A: {group: B}}", "a group cannot contain other groups"),
        ("groups: {A: {headroom: {less_than: 5}}}", "depends on the credit limit"),
        ('groups: {"": {tag: a}}', "a group's name"),
        (f"reminders: [{{name: a, steps: [{'{}, ' * 51}]}}]", "has 51 items; at most 50"),
        ("credit_limits: [{name: a, limit: }]", "'limit' is empty; it must be"),
        ("reminders: [{name: a, steps: []}]", "the cadence 'a' has no steps"),
        ("reminders: [{name: a, steps: [{day: 1}]}]", "a step does one thing of: email, task"),
        ("reminders: [{name: a, steps: [{day: 1, email: x, task: y}]}]", "give each its own day"),
        ("reminders: [{name: a, steps: [{email: x}]}]", "a step needs 'day'"),
        ("reminders: [{name: a, steps: [{day: 1, email: x}, {day: 1, task: y}]}]", "two steps on"),
        ("reminders: [{name: a, steps: [{day: 1, email: x, assign_to: z}]}]", "belongs to a task"),
        ("reminders: [{name: a, steps: [{day: 9999, email: x}]}]", "from -365 to 1,825"),
        ("reminders: [{name: a, steps: [{day: 1, late_fee: 0}]}]", "a fee of nothing is no fee"),
        ("unapplied_cash: gross", "it can be net, only in full, ignore"),
        ("unapplied_cash: only_in_full", "did you mean 'only in full'?"),
        ("reminders: [{name: a, steps: [{day: 1, late_fee: 101%}]}]", "at most 100%"),
        ("reminders: [{name: a, steps: [{day: 1, late_fee: x%}]}]", "which is not a percentage"),
        ("reminders: [{name: a, steps: [{day: 1, late_fee: [1]}]}]", "an amount or a percentage"),
    ],
)
def test_each_trap_is_named_with_what_to_do(text: str, said: str) -> None:
    problems = problems_of(HEAD + text)
    assert any(said in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("", "'when' is empty; it must hold at least one condition"),
        ("balance: 50", "'balance' is a number and needs a comparison"),
        ("balance: [5]", "'balance' is a number and needs a comparison"),
        ("balance: {}", "needs a comparison such as at_least"),
        ("balance: {atleast: 5}", "did you mean 'at_least'?"),
        ("balance: {at_least: 1, 000}", "the comma before '000' ends the number"),
        (
            "balance: {at_least: oldest_days_overdue}",
            "neither a number nor a fact of the same kind",
        ),
        ("overdue_percent: {at_least: xx}", "neither a number nor a fact"),
        ("overdue_percent: {at_least: 5%%}", "which is not a percentage"),
        ("overdue_percent: {at_least: [5]}", "must be a percentage, not a list"),
        ("open_invoices: {at_least: 1.5}", "it must be a whole number"),
        ("open_invoices: {at_least: [1]}", "must be a whole number, not a list"),
        ("days_overdue: {at_least: 5}", "did you mean 'oldest_days_overdue'?"),
        ("net_amount_due: {at_least: 5}", "did you mean 'balance' or 'overdue_amount'?"),
        ("document_amount_due: {at_least: 5}", "did you mean 'gross_balance'"),
        ("partly_paid: yes", "it can be used in skip_invoices_when and follow_ups"),
        ("has_email: maybe", "it can be yes or no"),
        ("has_email: [yes]", "must be yes or no, not a list"),
        ("promise_to_pay: opened", "it can be none, open, kept, broken"),
        ("country: UK", "did you mean 'GB'?"),
        ("country: Germany", "it must be two letters"),
        ("currency: euro", "it must be three letters"),
        ("tag: []", "is an empty list"),
        ("tag: {a: b}", "must be a text or a list"),
        ("group: Nobody", "there is no group 'Nobody'"),
        ("any: []", "'any' is empty"),
        ("any: x", "'any' must be a list"),
        ("any: [{balance: 5}]", "needs a comparison"),
        ("not: {balance: 5}", "needs a comparison"),
        ("unless: {tag: a}", "'unless' belongs beside 'when'"),
        ("not: {not: {not: {tag: a}}}", "conditions nest deeper than 2"),
        ("not: {not: {any: {tag: a}}}", "conditions nest deeper than 2"),
        ("not: {not: {any: [{tag: a}]}}", "conditions nest deeper than 2"),
        ("any: {tag: a, balance: 5}", "needs a comparison"),
        ("group: Broken", "'balance' is a number"),
        ("zzzzz: 5", "hint: see `arsync rules fields`"),
    ],
)
def test_each_trap_of_a_condition_is_named(when: str, said: str) -> None:
    groups = "groups: {Broken: {balance: 5}}\n" if "Broken" in when else ""
    problems = problems_of(hold(when) + groups)
    assert any(said in problem for problem in problems), problems


def test_norway_is_a_country_and_textual_numbers_stay_text() -> None:
    rulebook, problems = read_rulebook([("r", hold("country: NO, tag: [0123, 9:30, yes]"))])
    assert not problems
    assert rulebook is not None
    country, tags = rulebook.credit_holds[0].when.tree.children  # type: ignore[union-attr]
    assert (country.values, tags.values) == ({"no"}, {"0123", "9:30", "yes"})  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("10000", "10000"), ("10,000", "10000"), ("10,000.50", "10000.50"), ("0.10", "0.10")],
)
def test_amounts_are_read_exactly(written: str, meant: str) -> None:
    text = f"{HEAD}credit_limits:\n  - name: a\n    limit: {written}\n"
    rulebook, problems = read_rulebook([("r", text)])
    assert not problems
    assert rulebook is not None
    assert str(rulebook.credit_limits[0].amount) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the rulebook is empty"),
        ("# only words\n", "the rulebook is empty"),
        ("- a\n", "not a list"),
        ("\tversion: 1\n", "indent with spaces"),
        ("a:\n\t- b\n", "indent with spaces"),
        ("version: 1\n---\nname: x\n", "r.yaml:2:1: a second document starts here"),
        ("a: &a [*a]\n", "*a refers to nothing that is complete above it"),
        ("a: *b\n", "*b refers to nothing"),
        ("a: b: c\n", "in quotes"),
        ('name: "x\n', "is opened and never closed"),
        ("name: [x\n", "never closed"),
        ("\x00", "control character"),
        ("\ud800", "not proper UTF-8"),
        ("[" * 100_000, "nested deeper than 16 levels"),
        ("x" * (limits.RULEBOOK_BYTES_MAX + 1), "larger than 2,000,000 bytes"),
        ("[" + "1," * (limits.NODES_MAX + 1), "more than 200,000 values"),
    ],
)
def test_what_is_no_rulebook_ends_in_a_problem(text: str, said: str) -> None:
    problems = problems_of(text)
    assert any(said in problem for problem in problems), problems


def test_a_bomb_of_aliases_ends_in_a_problem() -> None:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 10)]
    assert "more than 200,000 values" in only_problem("l0: &l0 [x]\n" + "\n".join(levels))


def test_anchors_serve_to_say_a_thing_once() -> None:
    text = hold("tag: &t [a, &u b], contact_group: *u") + "    unless: {contact_group: *t}\n"
    assert problems_of(text) == []


def test_version_and_currency_are_needed() -> None:
    assert problems_of("name: x\n") == [
        "r.yaml:1:1: the rulebook needs 'version'.\n    hint: add the line 'version: 1'",
        "r.yaml:1:1: the rulebook needs 'currency'.\n    hint: add the line 'currency: GBP'",
    ]
    assert "this arsync reads version 1" in only_problem("version: 2\ncurrency: GBP\n")


def test_unknown_reminder_texts_list_the_known_ones() -> None:
    text = HEAD + "reminders: [{name: a, steps: [{day: 1, email: frist reminder}]}]\n"
    assert problems_of(text) == []
    assert "did you mean 'first reminder'?" in only_problem(text, texts={"first reminder"})
    assert "arsync letters copy" in only_problem(text, texts=set())


def test_there_must_be_a_file_and_not_too_many() -> None:
    assert "no rulebook file" in str(read_rulebook([])[1][0])
    many = [(f"{n}.yaml", HEAD) for n in range(FILES_MAX + 1)]
    assert "more than 200 files" in str(read_rulebook(many)[1][0])


def test_problems_stop_at_a_limit() -> None:
    text = HEAD + "".join(f"x{n}: 1\n" for n in range(limits.PROBLEMS_MAX + 50))
    assert len(problems_of(text)) == limits.PROBLEMS_MAX


# Several files are one rulebook


def test_lists_of_several_files_grow_and_groups_are_shared() -> None:
    rules = hold("group: Key")
    second = (
        "version: 1\ngroups: {Key: {tag: key}}\n"
        "customers: [{contact: a, tags: key}]\n"
        "credit_holds: [{name: H2, when: {tag: x}}]\nsafety: {emails: 5}\n"
    )
    files = [("a.yaml", rules + "safety: {tasks: 6}\n"), ("b.yaml", second)]
    rulebook, problems = read_rulebook(files)
    assert not problems
    assert rulebook is not None
    assert rulebook.files == ("a.yaml", "b.yaml")
    assert [credit_hold.name for credit_hold in rulebook.credit_holds] == ["H", "H2"]
    assert (rulebook.safety.emails, rulebook.safety.tasks) == (5, 6)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("name: A\n", "name: B\n", "'name' has another value in a.yaml:3."),
        (
            "sending: {via: smtp}\n",
            "sending: {via: accounting system}\n",
            "'via' has another value",
        ),
        ("sending: {days: every day}\n", "sending: {days: [monday]}\n", "has another value"),
        (
            "safety: {emails: 1}\n",
            "safety: {emails: 2}\n",
            "b.yaml:1:18: 'emails' has another value",
        ),
        ("groups: {A: {tag: a}}\n", "groups: {A: {tag: a}}\n", "the group 'A' is defined twice"),
        ("customers: [{contact: x}]\n", "customers: [{contact: X}]\n", "first in a.yaml:3"),
    ],
)
def test_single_values_that_differ_name_both_places(first: str, second: str, said: str) -> None:
    rulebook, problems = read_rulebook([("a.yaml", HEAD + first), ("b.yaml", second)])
    assert rulebook is None
    assert any(said in str(problem) for problem in problems), problems


def test_the_hash_ignores_line_endings() -> None:
    unix, windows = [("a", "version: 1\nname: x\n")], [("b", "\ufeffversion: 1 \r\nname: x\r\n")]
    assert rulebook_hash(unix) == rulebook_hash(windows)
    assert rulebook_hash(unix) != rulebook_hash([("a", "version: 1\nname: y\n")])


def test_a_byte_order_mark_makes_no_difference() -> None:
    assert problems_of("\ufeff" + HEAD) == []


@pytest.mark.parametrize(
    ("sending", "weekdays", "holidays_count"),
    [
        ("{days: every day}", 7, False),
        ("{days: business days}", 5, True),
        ("{days: [sunday, monday]}", 2, True),
        ("{between: 9:00-17:00}", 5, True),
    ],
)
def test_sending_days(sending: str, weekdays: int, holidays_count: bool) -> None:
    rulebook, problems = read_rulebook([("r", f"{HEAD}sending: {sending}\n")])
    assert not problems
    assert rulebook is not None
    assert len(rulebook.sending.weekdays) == weekdays
    assert rulebook.sending.on_holidays is not holidays_count


def test_a_fact_is_comparable_with_one_of_its_kind() -> None:
    rulebook, problems = read_rulebook([("r", hold("exposure: {more_than: insured_limit}"))])
    assert not problems
    assert rulebook is not None
    assert rulebook.credit_holds[0].when.tree.operand.name == "insured_limit"  # type: ignore[union-attr]


def test_needs_name_letters_and_late_fees() -> None:
    text = HEAD + (
        "sending: {via: smtp}\nreminders:\n  - name: a\n    skip_invoices_when: {sent: no}\n"
        "    steps: [{day: 1, email: x}, {day: 2, letter: x}, {day: 3, late_fee: 5}]\n"
    )
    rulebook = a_rulebook(text, "r.yaml")
    assert needs(rulebook) == [("attachment", "r.yaml", 7), ("late fee", "r.yaml", 7)]


SECTIONS = st.sampled_from(
    [
        "version: 1",
        "currency: GBP",
        "groups:",
        "  A: {tag: x}",
        "- a",
        "  - name: x",
        "?",
        ": :",
        "    when: {tag: [a, {b: c}]}",
        "&a",
        "*a",
        "!!int x",
        "'",
        '"',
        "|",
        "\t",
        "credit_holds:",
        "reminders: [{name: a, steps: [{day: 1, email: x}]}]",
        "{",
        "}",
        "<<: *a",
        "safety: {emails: x}",
        "any: [{not: {any: {}}}]",
        "\u0085",
        "\ufeff",
        "9:30",
        "0x1F",
        "~",
    ]
)


@given(st.lists(SECTIONS | st.text(max_size=20), max_size=12))
def test_no_text_whatever_ends_in_a_traceback(lines: list[str]) -> None:
    rulebook, problems = read_rulebook([("r.yaml", "\n".join(lines))])
    assert (rulebook is None) is any(problem.severity == "error" for problem in problems)
    assert all(problem.line >= 1 and problem.column >= 1 for problem in problems)


@pytest.mark.parametrize(
    ("line", "cut"),
    [
        ("name: All #1", "'All' ends before the '#'"),
        ("name: All  #1 of 2", "'All' ends before the '#'"),
        ('name: "All #1"', ""),
        ("name: All # 1 comment", ""),
        ("name: All #one", ""),
        ("name: All#1", ""),
    ],
)
def test_a_number_sign_that_cuts_a_text_is_told(line: str, cut: str) -> None:
    rulebook, problems = read_rulebook([("r.yaml", f"{HEAD}{line}\n")])
    assert rulebook is not None
    assert [problem.severity for problem in problems] == (["warning"] if cut else [])
    assert cut in "".join(problem.message for problem in problems)


@pytest.mark.parametrize(
    ("written", "limit"),
    [
        ("{contact: Acme, credit_limit: 25,000}", "25000"),
        ("{contact: Acme, credit_limit: 1,250,000.50, tags: [legal]}", "1250000.50"),
        ("{credit_limit: 25,000, contact: Acme}", "25000"),
    ],
)
def test_an_amount_inside_braces_keeps_its_thousands(written: str, limit: str) -> None:
    text = f"version: 1\nname: Little\ncurrency: GBP\ncustomers:\n  - {written}\n"
    rulebook, problems = read_rulebook([("r.yaml", text)])
    assert problems == []
    assert rulebook is not None
    assert rulebook.customers[0].credit_limit == Decimal(limit)


def test_what_is_no_amount_inside_braces_is_refused() -> None:
    text = "version: 1\nname: Little\ncurrency: GBP\ncustomers:\n  - {contact: Acme, 000}\n"
    _, problems = read_rulebook([("r.yaml", text)])
    assert "the comma before '000' ends the number" in problems[0].message
