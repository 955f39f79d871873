"""Rulebooks that extend others: only what is named changes, and every part keeps its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders.records import a_contact, a_debtor, an_invoice

from arsync.core.ledger.records import Organisation
from arsync.core.planning.customer_locale import no_holidays
from arsync.core.planning.planner import Plan, make_plan
from arsync.core.rulebook import Place, Problem, Rulebook, needs, read_rulebook
from arsync.core.rulebook.effective import effective_text, rulebook_differences
from arsync.core.rulebook.reading.extends import LAYERS_MAX, Extended
from arsync.core.rulebook.reading.reader import Reading, read_layers

BASE = """\
version: 1
name: Base
currency: GBP
groups:
  Key account: {contact_group: Key accounts}
  Small: {balance: {less_than: 100}}
customers:
  - contact: Acme
    credit_limit: 25,000
    tags: [legal]
leave_alone:
  - name: Legal
    when: {tag: legal}
credit_limits:
  - name: New
    when: {customer_for_days: {less_than: 180}}
    limit: 2,500
  - name: Everyone else
    limit: 10,000
credit_holds:
  - name: Overdue
    when: {oldest_days_overdue: {at_least: 60}}
    unless: {group: Key account}
    terms: cash on delivery
    approval: required
reminders:
  - name: Cadence
    skip_invoices_when: {amount_due: {less_than: 10}}
    steps:
      - {day: 1, email: first reminder}
      - {day: 14, email: second reminder}
      - {day: 30, email: final notice, approval: required}
follow_ups:
  - name: Broken promise
    when: {promise_to_pay: broken}
    task: Call
sending:
  days: business days
  holidays: GB-ENG
  days_between_emails: 5
safety: {emails: 300, tasks: 200}
take_over: first step
"""


def library(**texts: str) -> Any:
    """Return what finds these rulebooks by name."""

    def find(name: str, asking: str) -> Extended:
        if name not in texts:
            raise LookupError(f"there is no rulebook {name!r}.\nknown: {', '.join(texts)}")
        return Extended(f"{name}.yaml", texts[name])

    return find


def reading(own: str, **texts: str) -> Reading:
    return read_layers([("own.yaml", own)], find=library(base=BASE, **texts))


def over(own: str, **texts: str) -> Rulebook:
    layered = reading(f"extends: base\n{own}", **texts)
    assert layered.problems == []
    assert layered.rulebook is not None
    return layered.rulebook


def problems_over(own: str, **texts: str) -> list[Problem]:
    return reading(f"extends: base\n{own}", **texts).problems


def without_places(value: Any) -> Any:
    """Return what a rulebook says, whatever file and line it is said in."""
    if isinstance(value, Rulebook):
        left_out = {"files", "hash", "group_places"}
        return {
            field.name: without_places(getattr(value, field.name))
            for field in fields(value)
            if field.name not in left_out
        }
    if isinstance(value, Place):
        return None
    if is_dataclass(value):
        return value
    if isinstance(value, Mapping):
        return {key: without_places(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return tuple(without_places(inner) for inner in value)
    return value


def test_extending_alone_changes_nothing() -> None:
    plain, _ = read_rulebook([("base.yaml", BASE)])
    assert without_places(over("")) == without_places(plain)


def test_a_named_element_changes_only_the_keys_it_names() -> None:
    (hold,) = over("credit_holds:\n  - name: overdue\n    approval: none\n").credit_holds
    (below,) = over("").credit_holds
    assert (hold.approval.required, below.approval.required) == (False, True)
    assert (hold.when, hold.terms) == (below.when, below.terms)


def test_keys_of_an_element_can_be_taken_out() -> None:
    (hold,) = over("credit_holds: [{name: Overdue, remove: [terms, unless]}]\n").credit_holds
    assert hold.terms == ""
    assert "group" not in str(hold.when.tree)


@pytest.mark.parametrize("word", ["true", "yes", "True"])
def test_a_named_element_can_be_removed(word: str) -> None:
    rulebook = over(
        f"credit_limits: [{{name: New, remove: {word}}}]\n"
        f"customers: [{{contact: ACME, remove: {word}}}]\n"
        f"groups: {{Small: {{remove: {word}}}}}\n"
        f"reminders: [{{name: Cadence, remove: {word}}}]\n"
    )
    assert [credit_limit.name for credit_limit in rulebook.credit_limits] == ["Everyone else"]
    assert rulebook.customers == ()
    assert list(rulebook.groups) == ["Key account"]
    assert rulebook.reminders == ()


def test_new_elements_come_first_for_the_first_match_counts() -> None:
    rulebook = over("credit_limits:\n  - {name: Mine, when: {tag: x}, limit: 1}\n")
    assert [credit_limit.name for credit_limit in rulebook.credit_limits] == [
        "Mine",
        "New",
        "Everyone else",
    ]


def test_new_elements_stand_behind_the_known_one_they_follow() -> None:
    rulebook = over(
        "credit_limits:\n  - {name: A, when: {tag: a}, limit: 1}\n  - name: New\n"
        "  - {name: B, when: {tag: b}, limit: 2}\n  - {name: C, when: {tag: c}, limit: 3}\n"
    )
    names = [credit_limit.name for credit_limit in rulebook.credit_limits]
    assert names == ["A", "New", "B", "C", "Everyone else"]


def test_steps_are_changed_by_their_day() -> None:
    rulebook = over(
        "reminders:\n  - name: Cadence\n    steps:\n"
        "      - {day: 14, task: Call}\n      - {day: +30, remove: true}\n"
        "      - {day: 45, email: final notice}\n"
    )
    (cadence,) = rulebook.reminders
    assert [(step.day, step.kind.value, step.text) for step in cadence.steps] == [
        (1, "email", "first reminder"),
        (14, "task", "Call"),
        (45, "email", "final notice"),
    ]
    assert cadence.skip_invoices_when is not None
    assert [step.place.file for step in cadence.steps] == ["base.yaml", "own.yaml", "own.yaml"]


def test_a_replaced_step_keeps_nothing_of_its_predecessor() -> None:
    (cadence,) = over(
        "reminders: [{name: Cadence, steps: [{day: 30, email: final notice}]}]\n"
    ).reminders
    assert cadence.steps[-1].approval.required is False


def test_single_values_and_block_keys_are_replaced_individually() -> None:
    rulebook = over(
        "name: Mine\ncurrency: EUR\nsending: {days: every day, remove: [holidays]}\n"
        "safety: {emails: 5}\ntake_over: by hand\n"
    )
    assert (rulebook.name, rulebook.currency) == ("Mine", "EUR")
    assert (rulebook.sending.days, rulebook.sending.holidays) == ("every day", "")
    assert rulebook.sending.days_between_messages == 5
    assert (rulebook.safety.emails, rulebook.safety.tasks) == (5, 200)
    assert rulebook.take_over.kind == "by hand"
    assert over("unapplied_cash: ignore\n").unapplied_cash == "ignore"


def test_a_group_redefined_below_counts_everywhere() -> None:
    (hold,) = over("groups: {Key account: {tag: key}}\n").credit_holds
    assert "tag" in str(hold.when.tree)
    assert "contact_group" not in str(hold.when.tree)


def test_chains_are_followed_and_the_nearest_word_counts() -> None:
    middle = "extends: base\nname: Middle\nsafety: {emails: 50}\n"
    layered = reading("extends: middle\nsafety: {tasks: 7}\n", middle=middle)
    assert layered.problems == []
    assert layered.rulebook is not None
    assert layered.rulebook.name == "Middle"
    assert (layered.rulebook.safety.emails, layered.rulebook.safety.tasks) == (50, 7)
    assert layered.rulebook.files == ("own.yaml", "middle.yaml", "base.yaml")


def test_a_change_below_changes_the_hash() -> None:
    own = [("own.yaml", "extends: base\n")]
    rulebook, _ = read_rulebook(own, find=library(base=BASE + "# other\n"))
    assert rulebook is not None
    assert rulebook.hash != over("").hash


def test_circular_extension_is_reported_with_its_path() -> None:
    texts = {"a": "extends: b\n", "b": "extends: c\n", "c": "extends: a\n"}
    _, problems = read_rulebook([("own.yaml", "extends: a\n")], find=library(**texts))
    (problem,) = [problem for problem in problems if "never ends" in problem.message]
    assert (problem.file, problem.line) == ("c.yaml", 1)
    assert (
        "a.yaml which extends b.yaml which extends c.yaml which extends a.yaml" in problem.message
    )
    itself = read_rulebook([("a.yaml", "extends: a\n")], find=library(**texts))[1]
    assert any("extends itself" in problem.message for problem in itself)


def test_a_chain_that_is_too_long_is_refused() -> None:
    last = LAYERS_MAX - 1
    texts = {f"r{n}": f"extends: r{n + 1}\n" for n in range(last)} | {f"r{last}": BASE}
    assert read_rulebook([("own", "extends: r1\n")], find=library(**texts))[1] == []
    (problem,) = [
        problem
        for problem in read_rulebook([("own", "extends: r0\n")], find=library(**texts))[1]
        if "more than" in problem.message
    ]
    assert str(LAYERS_MAX) in problem.message


@pytest.mark.parametrize(
    ("own", "line", "part"),
    [
        ("credit_holds: [{name: Overdu, remove: true}]", 2, "did you mean 'Overdue'?"),
        ("credit_holds:\n  - name: Overdu\n    approval: none", 3, "did you mean 'Overdue'?"),
        ("groups: {Smal: {remove: true}}", 2, "no 'Smal' in groups"),
        ("sending: {remove: [holiday]}", 2, "did you mean 'holidays'?"),
        ("credit_holds: [{name: Overdue, remove: [term]}]", 2, "did you mean 'terms'?"),
        ("reminders: [{name: Cadence, steps: [{day: 5, remove: true}]}]", 2, "no 'day 5' in steps"),
        ("credit_holds: [{name: Overdue, remove: maybe}]", 2, "neither true nor a list"),
        ("credit_holds: [{name: Overdue}, {name: overdue}]", 2, "twice; first in own.yaml:2"),
        ("credit_holds: [{name: Overdue, approval: none, approval: none}]", 2, "appears twice"),
        ("safety: {emails: 1}\nsafety: {emails: 2}", 3, "appears twice"),
        ("credit_holds: [{name: Overdue, when: {blance: 1}}]", 2, "did you mean 'balance'?"),
        ("credit_holds: {name: Overdue}", 2, "must be a list"),
        ("extend: x", 2, "did you mean 'extends'?"),
    ],
)
def test_problems_name_the_layers_own_file_and_line(own: str, line: int, part: str) -> None:
    problems = [str(problem) for problem in problems_over(own + "\n")]
    assert any(
        problem.startswith(f"own.yaml:{line}:") and part in problem for problem in problems
    ), problems


def test_a_fault_below_is_told_where_it_stands() -> None:
    broken = BASE.replace("terms: cash on delivery", "term: cash on delivery")
    _, problems = read_rulebook([("own.yaml", "extends: broken\n")], find=library(broken=broken))
    assert [(problem.file, problem.line) for problem in problems] == [("broken.yaml", 24)]


def test_nothing_can_be_removed_where_nothing_is_extended() -> None:
    _, problems = read_rulebook(
        [("r", "version: 1\ncurrency: GBP\ncredit_holds: [{name: H, remove: true}]\n")]
    )
    assert ["nothing below that could be removed" in problem.message for problem in problems] == [
        True
    ]


def test_what_is_not_there_cannot_be_extended() -> None:
    (problem,) = [
        problem for problem in reading("extends: bse\n").problems if "bse" in problem.message
    ]
    assert (problem.line, problem.hint) == (1, "known: base")
    assert "no rulebook 'x'" in str(read_rulebook([("r", "version: 1\nextends: x\n")])[1])


def test_a_connections_files_extend_shared_ones_by_default() -> None:
    shared = [("shared.yaml", BASE)]
    own = [("own/a.yaml", "name: Mine\ncredit_holds: [{name: Overdue, approval: none}]\n")]
    rulebook, problems = read_rulebook(own, shared=shared)
    assert problems == []
    assert rulebook is not None
    assert (rulebook.name, rulebook.currency) == ("Mine", "GBP")
    assert rulebook.files == ("shared.yaml", "own/a.yaml")
    clashing = "version: 1\nname: Other\ncurrency: USD\n"
    alone, problems = read_rulebook(
        [("own/a.yaml", "extends: other\n")], shared=shared, find=library(other=clashing)
    )
    assert problems == []
    assert alone is not None
    assert (alone.name, alone.credit_holds) == ("Other", ())
    assert alone.files == ("own/a.yaml", "other.yaml")


def test_two_files_of_one_layer_may_not_disagree() -> None:
    _, problems = read_rulebook(
        [("a", "name: One\n"), ("b", "name: Two\n")], shared=[("base", BASE)]
    )
    assert ["has another value in a:1" in problem.message for problem in problems] == [True]


def test_a_file_extended_by_another_is_its_base() -> None:
    files = [("base.yaml", BASE), ("own.yaml", "extends: base\nname: Mine\n")]
    rulebook, problems = read_rulebook(files, find=library(base=BASE))
    assert problems == []
    assert rulebook is not None
    assert rulebook.name == "Mine"
    assert rulebook.files == ("base.yaml", "own.yaml")


# -- identity ---------------------------------------------------------------------------------


TODAY = date(2026, 11, 18)


def keys(rulebook: Rulebook) -> set[str]:
    return {action.key for action in planned(rulebook).actions}


def planned(rulebook: Rulebook) -> Plan:
    accounts = [
        a_debtor(
            an_invoice(
                f"i{days}",
                f"c{days}",
                issued_on=TODAY - timedelta(days + 30),
                due_on=TODAY - timedelta(days),
                rate=1,
                total=900,
            ),
            contacts=(a_contact(f"c{days}"),),
            taken_over_on=TODAY - timedelta(400),
        )
        for days in (1, 20, 40, 70, 90)
    ]
    return make_plan(
        accounts,
        rulebook,
        connection="c",
        organisation=Organisation("o", "O", "GBP"),
        today=TODAY,
        now=datetime(2026, 11, 18, 12, tzinfo=UTC),
        offers=frozenset(capability for capability, _, _ in needs(rulebook)),
        holidays=no_holidays,
    )


def test_moving_lines_into_a_base_changes_no_key() -> None:
    plain, _ = read_rulebook([("base.yaml", BASE)])
    assert plain is not None
    moved, _ = read_rulebook([("base.yaml", re.sub(r"\n(?=[a-z])", "\n\n# moved\n\n", BASE))])
    assert moved is not None
    assert moved.credit_holds[0].place != plain.credit_holds[0].place
    assert keys(plain)
    assert keys(plain) == keys(moved) == keys(over("")) == keys(over("safety: {emails: 299}\n"))
    named = over("reminders: [{name: Cadence, steps: [{day: 1, email: first reminder}]}]\n")
    assert keys(named) == keys(plain)


# -- shown ------------------------------------------------------------------------------------


def test_the_effective_rulebook_names_each_parts_source_line() -> None:
    layered = reading("extends: base\ncredit_holds:\n  - name: Overdue\n    approval: none\n")
    lines = [line.split("#") for line in effective_text(layered.files).splitlines()]
    at = {line[0].strip(): line[1].strip() for line in lines if len(line) > 1}
    assert at["- name: Overdue"] == "own.yaml:3"
    assert at["approval: none"] == "own.yaml:4"
    assert at["terms: cash on delivery"] == "base.yaml:24"
    assert at["- {day: 14, email: second reminder}"] == "base.yaml:31"
    assert at["holidays: GB-ENG"] == "base.yaml:39"
    assert at["limit: 10,000"] == "base.yaml:19"
    assert at["Small: {balance: {less_than: 100}}"] == "base.yaml:6"


def test_what_differs_is_listed_with_its_place() -> None:
    shared = read_layers([("base.yaml", BASE)])
    own = reading(
        "extends: base\nname: Base\ncredit_limits:\n  - {name: Everyone else, limit: 10000}\n"
        "  - {name: Mine, limit: 1}\ncredit_holds:\n  - {name: Overdue, remove: [terms]}\n"
        "reminders:\n  - name: Cadence\n"
        "    steps: [{day: 14, task: Call}, {day: 1, remove: true}]\n"
        "follow_ups: [{name: Broken promise, remove: true}]\nsafety: {emails: 5}\n"
    )
    assert own.problems == []
    assert [str(difference) for difference in rulebook_differences(shared.files, own.files)] == [
        "credit_limits 'Mine': added  (own.yaml:5)",
        "credit_holds 'Overdue': terms removed: cash on delivery  (base.yaml:24)",
        "reminders 'Cadence': day 14 {email: second reminder} -> {task: Call}  (own.yaml:10)",
        "reminders 'Cadence': day 1 removed: {email: first reminder}  (base.yaml:30)",
        "follow_ups 'Broken promise': removed  (base.yaml:34)",
        "safety: emails 300 -> 5  (own.yaml:12)",
    ]
    assert rulebook_differences(shared.files, shared.files) == []


# -- whatever is written ------------------------------------------------------------------------

NAMES = st.sampled_from(["A", "B", "No", "null", "x: y", "10,5", "Ünïcode", 'q"uote', "C #d"])
CONDITIONS = st.sampled_from(
    ['{balance: {at_least: "1,000"}}', "{tag: [a, 'b, c']}", "{any: [{tag: x}, {on_hold: yes}]}"]
)
DAYS = st.integers(-9, 40)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def named(section: str, body: Any) -> Any:
    named = st.tuples(NAMES, body).map(lambda pair: f"{{name: {quoted(pair[0])}, {pair[1]}}}")
    return st.lists(named, max_size=4, unique_by=lambda text: text.split(",")[0].casefold()).map(
        lambda found: f"{section}: [{', '.join(found)}]\n" if found else ""
    )


STEP = st.tuples(DAYS, st.sampled_from(["email: first reminder", "task: Do, assign_to: 'me: #1'"]))
STEPS = st.lists(STEP, min_size=1, max_size=4, unique_by=lambda pair: pair[0]).map(
    lambda found: f"steps: [{', '.join(f'{{day: {day}, {what}}}' for day, what in found)}]"
)
LAYER = st.tuples(
    named("credit_limits", CONDITIONS.map(lambda when: f"when: {when}, limit: '1,500'")),
    named("credit_holds", CONDITIONS.map(lambda when: f"when: {when}, approval: required")),
    named("reminders", STEPS),
    named("follow_ups", CONDITIONS.map(lambda when: f"when: {when}, task: 'Ask: why, {{x}}'")),
    st.sampled_from(["", "safety: {emails: 7}\n", "safety: {tasks: 3}\n"]),
    st.sampled_from(["", "sending: {days: [monday], between: '9:00-12:30'}\n"]),
    st.sampled_from(["", "groups: {'No': {tag: k}, 'a: b': {tag: z}}\n", "take_over: by hand\n"]),
).map("".join)


@settings(max_examples=60, deadline=None)
@given(LAYER, LAYER, LAYER)
def test_what_is_shown_reads_back_to_the_same_rulebook(low: str, mid: str, top: str) -> None:
    head = "version: 1\ncurrency: GBP\n"
    texts = {"low": head + low, "mid": f"extends: low\n{mid}"}
    layered = read_layers([("top", f"extends: mid\n{top}")], find=library(**texts))
    assert layered.problems == []
    shown = effective_text(layered.files)
    again = read_layers([("again", shown)])
    assert again.problems == []
    assert without_places(again.rulebook) == without_places(layered.rulebook)
    assert rulebook_differences(layered.files, again.files) == []


SCRAPS = st.sampled_from(
    [
        "",
        "remove: true",
        "- {name: Overdue, remove: [terms, {}]}",
        "? [a]\n: b",
        "- - x",
        "*a",
        "&a",
        "steps: {day: 1}",
        "      - {day: +-1, remove: yes}",
        f"      - {{day: {'9' * 5000}}}",
        "groups: [x]",
        "sending: {remove: x}",
        "statutory: {rates: [x, {from: 1, remove: true}]}",
        "credit_limits:",
        "extends: [base]",
        "extends: {a: b}",
        "<<: {a: b}",
        "customers: [[], {}]",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(BASE.splitlines()[3:]) | SCRAPS, max_size=14))
def test_any_layer_gives_positioned_problems_or_a_rulebook(
    lines: list[str],
) -> None:
    layered = reading("extends: base\n" + "\n".join(lines) + "\n")
    if layered.rulebook is None:
        assert layered.problems
        assert all(problem.line > 0 and problem.file for problem in layered.problems)
    else:
        again = read_layers([("again", effective_text(layered.files))])
        assert again.problems == []
        assert without_places(again.rulebook) == without_places(layered.rulebook)


CHAIN = """version: 1
currency: GBP
reminders:
  - name: Chain
    steps:
      - {day: 3, email: first reminder}
      - {after: 7 days, call: Ask for a day}
      - {day: 30, email: second reminder}
      - {after: 14 days, email: final notice}
"""


def test_steps_after_others_keep_their_places_in_layers() -> None:
    """A step of a layer takes the place of its name below; a new day stands before later ones."""
    layered = reading(
        "extends: chain\nreminders:\n  - name: Chain\n    steps:\n"
        "      - {after: 7 days, task: Look first}\n"
        "      - {after: 2 days, task: Then decide}\n"
        "      - {day: 20, email: upcoming}\n"
        "      - {after: 14 days, remove: true}\n",
        chain=CHAIN,
    )
    assert layered.rulebook is not None, layered.problems
    assert [(step.comes, step.text) for step in layered.rulebook.reminders[0].steps] == [
        ("day 3", "first reminder"),
        ("day 10, after the step before", "Look first"),
        ("day 12, after the step before", "Then decide"),
        ("day 20", "upcoming"),
        ("day 30", "second reminder"),
    ]
    again = read_layers([("again", effective_text(layered.files))])
    assert rulebook_differences(layered.files, again.files) == []
    shared = read_layers([("chain.yaml", CHAIN)])
    differences = map(str, rulebook_differences(shared.files, layered.files))
    assert [line.partition("  (")[0] for line in differences] == [
        "reminders 'Chain': after 7 days {call: Ask for a day} -> {task: Look first}",
        "reminders 'Chain': after 2 days added: {task: Then decide}",
        "reminders 'Chain': day 20 added: {email: upcoming}",
        "reminders 'Chain': after 14 days removed: {email: final notice}",
    ]
