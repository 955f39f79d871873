"""The section `goals`: where the measures of the ledger are to be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from yaml.nodes import Node

from arsync.core.rulebook.model import GOALS, Goal, Goals, Place
from arsync.core.rulebook.reading.value_types import Key, Removal, Schema, Source, Text, scalar

GOAL_DAYS_MAX = 3_660
GOAL_PERCENT_MAX = 100


@dataclass(frozen=True)
class GoalShape:
    """`40`, or `40.5`: days, or percent."""

    in_percent: bool

    PATTERN = r"(0|[1-9][0-9]{0,3})(\.[0-9])?"

    @property
    def most(self) -> int:
        """Return the largest goal."""
        return GOAL_PERCENT_MAX if self.in_percent else GOAL_DAYS_MAX

    def read(self, node: Node, source: Source, label: str) -> Decimal | None:
        """Return the goal."""
        unit = "percent" if self.in_percent else "days"
        text = scalar(node, source, label, f"a number of {unit}", "40")
        if text is None:
            return None
        match = re.fullmatch(self.PATTERN, text)
        if match is None:
            # `15%`, `40 days` and `< 40` say the same in more words: one way of writing it is read.
            number = re.search(r"[0-9]+(\.[0-9])?", text)
            hint = f"write {number[0]}: {unit} are meant" if number else f"a number of {unit}"
            source.problem(node, f"{label} is {text!r}, which is no goal.", hint)
            return None
        goal = Decimal(text)
        if not 0 < goal <= self.most:
            source.problem(
                node, f"{label} is {text}; a goal is above 0 and at most {self.most:,} {unit}."
            )
            return None
        return goal

    def schema(self) -> Schema:
        """Return the schema."""
        return {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": self.most},
                {"type": "string", "pattern": f"^{self.PATTERN}$"},
            ]
        }


GOAL_KEYS = (
    *(
        Key(
            name,
            GoalShape(kind.in_percent),
            f"{kind.meaning}: at {'least' if kind.at_least else 'most'} so many"
            f" {'percent' if kind.in_percent else 'days'}",
        )
        for name, kind in GOALS.items()
    ),
    Key("task", Text(), "also open this task when a goal is missed, once a month and goal"),
    Key("assign_to", Text(), "whose the task is (owner)"),
    Key("remove", Removal(), "true: remove it from the extended rulebook; or a list of keys"),
)


def goals_of(values: Mapping[str, tuple[Any, Place]]) -> Goals:
    """Return the section from its values by key, each with its place."""
    settled = {name: value for name, (value, _) in values.items()}
    return Goals(
        tuple(
            Goal(name, values[name][0], kind.at_least, values[name][1])
            for name, kind in GOALS.items()
            if settled.get(name) is not None
        ),
        task=settled.get("task") or "",
        assign_to=settled.get("assign_to") or Goals().assign_to,
    )
