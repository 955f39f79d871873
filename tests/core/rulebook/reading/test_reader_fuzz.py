"""No text ends in a traceback, a hang or a flood: in problems with a line, or in a rulebook.

`HYPOTHESIS_PROFILE=thorough` tries fifty times as much.
"""

from __future__ import annotations

import os
import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arsync.core.rulebook import Problem, Rulebook, read_rulebook, rulebook_warnings
from arsync.core.rulebook.reading import yaml_nodes as limits

MORE = 50 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 1
SLOW = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
HEAD = "version: 1\ncurrency: GBP\n"
SECONDS_MAX = 12.0
"""How long the worst file may keep the processor; on its own it takes about a second."""

PEAK_BYTES_MAX = 600_000_000
"""How much memory the worst file may take while it is read."""

SHIPPED = [
    file.read_text("utf-8")
    for file in sorted((Path(__file__).parents[4] / "rules" / "arsync_rulebooks").glob("*.yaml"))[
        :6
    ]
]
ODD = [
    "\t",
    "\ufeff",
    "\u0085",
    "\u2028",
    "\x00",
    "\x1b",
    "&a ",
    "*a",
    "<<: *a",
    "!!int ",
    "!secret ",
    "? ",
    "- ",
    ": ",
    "#",
    "|",
    ">",
    "'",
    '"',
    "{",
    "}",
    "[",
    "]",
    ",",
    "%YAML 1.1",
    "---",
    "...",
    "~",
    "null",
    "NO",
    "yes",
    "9:30",
    "0123",
    "0x1F",
    "1e400",
    "-5",
    "0.10",
    "10,000",
    "10.000,00",
    "999999999999999999999",
    "nan",
    ".inf",
    "2027-02-31",
    "2027-01-31",
    "£5",
    "１２",
    "𝟙",
    "\ud7ff",
    "any:",
    "not:",
    "unless:",
    "group: Key account",
    "balance: {at_least: 5}",
    "version: 2",
    "@",
    "`",
    "=",
    "spread over 99999 days",
    "\\N",
    '"\\U0010FFFF"',
    "!!binary aGk=",
    "!!python/object:os.x",
]


def check(text: str) -> tuple[Rulebook | None, list[Problem]]:
    """Read it; whatever it is, the outcome keeps what the reader promises."""
    rulebook, problems = read_rulebook([("r.yaml", text)])
    assert (rulebook is None) is any(problem.severity == "error" for problem in problems)
    assert len(problems) <= limits.PROBLEMS_MAX
    lines = text.count("\n") + text.count("\r") + text.count("\x85") + text.count("\u2028")
    for problem in problems:
        assert 1 <= problem.line <= lines + text.count("\u2029") + 2
        assert problem.column >= 1
        assert problem.message
        assert len(problem.message) <= limits.MESSAGE_CHARACTERS_MAX + 10
    if rulebook is not None:
        rulebook_warnings(rulebook)
    return rulebook, problems


def a_change(draw: Any, text: str) -> str:
    """Return the text with one thing changed, as a slip of the hand or a bad editor does."""
    lines = text.split("\n")
    at = draw(st.integers(0, len(lines) - 1))
    kind = draw(st.integers(0, 9))
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(at, lines[draw(st.integers(0, len(lines) - 1))])
    elif kind == 2:
        lines[at] = " " * draw(st.integers(0, 5)) + lines[at].lstrip()
    elif kind == 3:
        lines[at] = lines[at].replace("  ", "\t", 1)
    elif kind == 4:
        key, colon, value = lines[at].partition(": ")
        lines[at] = key + colon + draw(st.sampled_from(ODD)) + value
    elif kind == 5:
        key, colon, _ = lines[at].partition(":")
        lines[at] = f"{key}{colon} {draw(st.sampled_from(ODD))}"
    elif kind == 6:
        column = draw(st.integers(0, len(lines[at])))
        lines[at] = lines[at][:column] + draw(st.sampled_from(ODD)) + lines[at][column:]
    elif kind == 7:
        source = draw(st.integers(0, len(lines) - 1))
        lines[at], lines[source] = lines[source], lines[at]
    elif kind == 8:
        column = draw(st.integers(0, len(lines[at])))
        lines[at] = lines[at][:column] + lines[at][column + 1 :]
    else:
        lines = lines[: at + 1]
    return "\n".join(lines)


@st.composite
def mutated(draw: Any) -> str:
    text: str = draw(st.sampled_from(SHIPPED))
    for _ in range(draw(st.integers(1, 6))):
        text = a_change(draw, text)
    return text


@settings(SLOW, max_examples=150 * MORE)
@given(mutated())
def test_a_mistyped_shipped_rulebook_gives_problems_or_a_rulebook(text: str) -> None:
    check(text)


@settings(SLOW, max_examples=100 * MORE)
@given(st.lists(st.sampled_from(ODD) | st.text(max_size=6), max_size=40).map("".join))
def test_odd_characters_end_in_problems_or_a_rulebook(text: str) -> None:
    check(text)
    check(HEAD + "name: " + text)
    check(HEAD + "credit_holds:\n  - name: H\n    when:\n      " + text)


@settings(SLOW, max_examples=60 * MORE)
@given(st.binary(max_size=200))
def test_textual_bytes_give_problems_or_a_rulebook(data: bytes) -> None:
    check(data.decode("utf-8", "replace"))
    check(data.decode("utf-16", "surrogatepass") if len(data) % 2 == 0 else data.decode("latin-1"))


YAML_VALUES = st.recursive(
    st.sampled_from(["a", "5", "~", "''", "*x", "&x b", "!!str c", "yes", "open", "10,5", "known"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]")
        | st.dictionaries(
            st.sampled_from("any not tag group balance at_least name when steps day email".split()),
            inner,
            max_size=3,
        ).map(
            lambda found: "{" + ", ".join(f"{key}: {value}" for key, value in found.items()) + "}"
        )
    ),
    max_leaves=10,
)
SECTIONS = st.sampled_from(
    "groups customers leave_alone credit_limits credit_holds reminders follow_ups sending safety "
    "take_over unapplied_cash version currency name".split()
)


@settings(SLOW, max_examples=100 * MORE)
@given(st.dictionaries(SECTIONS, YAML_VALUES, max_size=4))
def test_any_value_anywhere_gives_problems_or_a_rulebook(values: dict[str, str]) -> None:
    check("\n".join(f"{name}: {value}" for name, value in values.items()))


def _bomb() -> str:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12)]
    return "l0: &l0 [x]\n" + "\n".join(levels)


def _words(count: int) -> str:
    chosen = random.Random(5)
    return "".join(f"  w{chosen.randrange(10**9)}x{n}: 1\n" for n in range(count))


WORST: dict[str, Callable[[], str]] = {
    "ten megabytes of text": lambda: "x" * 10_000_000,
    "ten megabytes of lines": lambda: HEAD + "# a comment\n" * 850_000,
    "as many comments as are read": lambda: HEAD + "# a comment\n" * 160_000,
    "a bomb of aliases": _bomb,
    "a bomb in a rulebook": lambda: HEAD + _bomb(),
    "brackets": lambda: "[" * 1_900_000,
    "braces": lambda: HEAD + "groups: " + "{a: " * 400_000,
    "indents": lambda: "\n".join(" " * n + "a:" for n in range(1_900)),
    "dashes": lambda: "- " * 900_000,
    "unknown sections": lambda: HEAD + _words(40_000).replace("  ", ""),
    "unknown keys": lambda: HEAD + "sending:\n" + _words(40_000),
    "unknown facts": lambda: HEAD + "groups:\n  A:\n" + _words(40_000).replace("  ", "    "),
    "a long key": lambda: HEAD + "k" * 1_900_000 + ": 1",
    "a long quoted text": lambda: HEAD + 'name: "' + "\\u2028" * 300_000 + '"',
    "a long number": lambda: HEAD + "safety: {emails: " + "9" * 1_900_000 + "}",
    "a long amount": lambda: HEAD + "credit_limits: [{name: a, limit: " + "9" * 1_900_000 + "}]",
    "a long amount with commas": (
        lambda: HEAD + "credit_limits: [{name: a, limit: '1" + ",000" * 470_000 + ".5'}]"
    ),
    "many customers": lambda: (
        HEAD + "customers:\n" + "".join(f"- contact: C{n}\n" for n in range(30_000))
    ),
    "one customer again and again": lambda: HEAD + "customers:\n" + "- contact: C\n" * 30_000,
    "many rules": lambda: (
        HEAD
        + "credit_limits:\n"
        + "".join(f"- {{name: L{n}, when: {{tag: t{n}}}, limit: 5}}\n" for n in range(1_000))
    ),
    "many alternatives": lambda: (
        HEAD + "groups: {A: {any: [" + ", ".join("{tag: a}" for _ in range(40_000)) + "]}}"
    ),
    "a group of many alternatives in many rules": lambda: (
        HEAD
        + "groups: {A: {any: ["
        + ", ".join("{tag: a}" for _ in range(900))
        + "]}}\ncredit_limits:\n"
        + "".join(f"- {{name: L{n}, when: {{group: A}}, limit: 5}}\n" for n in range(1_000))
    ),
    "one key again and again": lambda: HEAD + "sending:\n" + "  via: smtp\n" * 40_000,
    "anchors": lambda: HEAD + "".join(f"a{n}: &b{n} x\n" for n in range(60_000)),
}


@pytest.mark.parametrize("name", WORST)
def test_the_worst_files_end_in_bounded_time(name: str) -> None:
    text = WORST[name]()
    start = process_time()
    rulebook, problems = check(text)
    assert process_time() - start < SECONDS_MAX
    assert rulebook is not None or problems


@pytest.mark.parametrize("name", ["many customers", "ten megabytes of lines"])
def test_the_worst_files_end_in_bounded_memory(name: str) -> None:
    text = WORST[name]()
    tracemalloc.start()
    try:
        check(text)
        assert tracemalloc.get_traced_memory()[1] < PEAK_BYTES_MAX
    finally:
        tracemalloc.stop()


def test_a_quoted_value_is_cut_in_the_message() -> None:
    _, (problem,) = check(HEAD + "take_over: " + "x" * 100_000)
    assert len(problem.message) <= limits.MESSAGE_CHARACTERS_MAX + 10
    assert " ... " in problem.message


def test_a_rulebook_asks_only_so_many_questions() -> None:
    rulebook, problems = check(WORST["a group of many alternatives in many rules"]())
    assert rulebook is None
    assert problems[0].message == (
        f"more than {limits.QUESTIONS_MAX:,} questions in the conditions of one rulebook."
    )
