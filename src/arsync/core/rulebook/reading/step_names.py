"""Step names: how a step of a cadence is named across layers, and where new ones come to stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from yaml.nodes import Node

from arsync.core.rulebook.reading.yaml_nodes import values_of

NAMING_KEYS = frozenset({"day", "after", "counted_from"})
"""The words of a step that name it."""


class StepName(NamedTuple):
    """When a step comes, as it is written: `day 14`, `day 5 from issue date`, `after 14 days`."""

    day: str
    """`14`, `+14` and `14.00` are one; empty where it counts from the step before."""
    after: str = ""
    counted_from: str = ""
    """Empty for what its cadence says."""

    def __str__(self) -> str:
        if self.after:
            return f"after {self.after}"
        return (
            f"day {self.day} from {self.counted_from}" if self.counted_from else f"day {self.day}"
        )

    @property
    def number(self) -> int:
        """Return its day as a number; 0 where it has none."""
        return int(self.day) if re.fullmatch(r"[+-]?[0-9]+", self.day, re.ASCII) else 0


def step_name(step: Node) -> StepName:
    """Return the name of a step."""
    words = values_of(step)
    day, after, counted_from = (
        str(getattr(words.get(key), "value", "")).strip()
        for key in ("day", "after", "counted_from")
    )
    return StepName(whole(day), after, counted_from)


def whole(text: str) -> str:
    """Return a number as it is compared, `14`, `+14` and `14.00` as one; other texts stay."""
    text = text.replace(",", "")
    number = text.removesuffix(".00")
    return str(int(number)) if re.fullmatch(r"[+-]?[0-9]{1,18}", number, re.ASCII) else text


def in_order(steps: Sequence[Node]) -> list[Node]:
    """Return the steps of a cadence in the order in which they come: by day, or as written."""
    names = [step_name(step) for step in steps]
    if any(name.after for name in names) or len({name.counted_from for name in names}) > 1:
        return list(steps)
    return sorted(steps, key=lambda step: step_name(step).number)


def with_steps(base: Sequence[Node], own: Sequence[Node]) -> list[Node]:
    """Return the steps below with those of a layer: in the place of one of the same name, or new.

    A new step with a day stands before the first with a later day of the same kind; one that counts
    from the step before it follows what the layer names before it.
    """
    merged = list(base)
    below = {step_name(step) for step in base}
    at = len(merged)
    for step in own:
        name = step_name(step)
        places = [place for place, node in enumerate(merged) if step_name(node) == name]
        if name in below and places:
            at = places[0]
            merged[at] = step
            # Of several steps of one name below, all are replaced.
            for place in reversed(places[1:]):
                del merged[place]
        else:
            if not name.after:
                at = _before_later(merged, name)
            merged.insert(at, step)
        at += 1
    return merged


def _before_later(steps: Sequence[Node], name: StepName) -> int:
    for place, node in enumerate(steps):
        other_name = step_name(node)
        is_of_kind = not other_name.after and other_name.counted_from == name.counted_from
        if is_of_kind and other_name.number > name.number:
            return place
    return len(steps)
