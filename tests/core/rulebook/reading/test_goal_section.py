"""The section `goals`: what it says, and what leads to the right words."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.core.analytics.measure_definitions import DEFINITIONS
from arsync.core.rulebook import read_rulebook
from arsync.core.rulebook.model import GOALS, Goals

HEAD = "version: 1\ncurrency: GBP\n"


def problem_of(line: str) -> str:
    """Return the problems of a line, with their hints, in one text."""
    _, problems = read_rulebook([("r.yaml", HEAD + line)], texts=())
    return "\n".join(map(str, problems))


def test_each_goal_has_its_place() -> None:
    goals = a_rulebook(f"{HEAD}goals: {{dso: 40, cei: 85.5}}\n").goals
    assert [(goal.measure, goal.value, goal.at_least) for goal in goals.goals] == [
        ("dso", Decimal(40), False),
        ("cei", Decimal("85.5"), True),
    ]
    assert (goals.goals[0].place.line, goals.goals[0].place.column) == (3, 14)
    assert (goals.task, goals.assign_to) == ("", "owner")
    assert a_rulebook(HEAD).goals == Goals()


def test_a_missed_goal_may_open_a_task() -> None:
    goals = a_rulebook(
        f"{HEAD}goals:\n  dso: 40\n  task: Say why\n  assign_to: finance director\n"
    ).goals
    assert (goals.task, goals.assign_to) == ("Say why", "finance director")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "goals: {dso: 40 days}",
            "r.yaml:3:14: 'dso' is '40 days', which is no goal.\n    hint: write 40: days",
        ),
        ("goals: {overdue_percent: 15%}", "hint: write 15: percent are meant"),
        ("goals: {dso: <40}", "hint: write 40"),
        ("goals: {dso: low}", "hint: a number of days"),
        ("goals: {cei: 120}", "at most 100 percent"),
        ("goals: {dso: 0}", "above 0"),
        ("goals: {dso: 9999}", "at most 3,660 days"),
        ("goals: {debtor_days: 40}", "hint: write dso: 40"),
        ("goals: {dos: 40}", "did you mean 'dso'"),
        ("goals: [dso]", "as in goals: {dso: 40"),
        ("targets: {dso: 40}", "write goals: {dso: 40"),
        ("dso: 40", "write goals: {dso: 40"),
    ],
)
def test_a_wrong_goal_leads_on(line: str, said: str) -> None:
    assert said in problem_of(line)


def test_every_goal_is_a_measure_that_is_reported() -> None:
    assert GOALS.keys() <= DEFINITIONS.keys()
