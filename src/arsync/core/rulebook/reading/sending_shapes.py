"""The shapes of `sending:` that are more than a word: days off of one's own, a place."""

from __future__ import annotations

import re
from datetime import date

from yaml.nodes import Node, ScalarNode, SequenceNode

from arsync.core.ledger.business_days import DaysOff
from arsync.core.rulebook.reading.value_types import (
    DayShape,
    Schema,
    Source,
    Text,
    items,
    scalar,
)
from arsync.core.rulebook.reading.yaml_nodes import odd_tag

CLOSED_MAX = 200
"""How many times of one's own a rulebook may name: some twenty years of them."""

CLOSED_DAYS_MAX = 180
"""How many days one of them may last: a season. Longer is a slip in the year."""


class ClosedShape:
    """`2027-04-06`, `2026-12-24 to 2027-01-04`, or a list of them."""

    PATTERN = r"([0-9]{4}-[0-9]{2}-[0-9]{2})( to ([0-9]{4}-[0-9]{2}-[0-9]{2}))?"
    EXAMPLE = "[2026-12-24 to 2027-01-04, 2027-04-06]"

    def read(self, node: Node, source: Source, label: str) -> tuple[DaysOff, ...] | None:
        """Return the days off, the earliest first."""
        single = not isinstance(node, SequenceNode) or odd_tag(node)
        each = [node] if single else items(node, source, label)
        if len(each) > CLOSED_MAX:
            source.problem(node, f"{label} has {len(each)} items; at most {CLOSED_MAX}.")
            return None
        if not each:
            source.problem(node, f"{label} is an empty list.", f"as in closed: {self.EXAMPLE}")
        read = [self._one(element, source, label) for element in each]
        return tuple(sorted(off for off in read if off is not None))

    def _one(self, node: Node, source: Source, label: str) -> DaysOff | None:
        text = scalar(node, source, label, "days", self.EXAMPLE)
        if text is None:
            return None
        match = re.fullmatch(self.PATTERN, text.strip(), re.ASCII)
        if match is None:
            hint = f"from and to as year, month, day, as in closed: {self.EXAMPLE}"
            source.problem(node, f"{label} is {text!r}, which is neither a day nor days.", hint)
            return None
        first = DayShape().parse(match[1], node, source, label)
        last = DayShape().parse(match[3], node, source, label) if match[3] else first
        return None if first is None or last is None else _checked(first, last, node, source, label)

    def schema(self) -> Schema:
        """Return the schema."""
        one_schema = {"type": "string", "pattern": f"^{self.PATTERN}$"}
        many = {"type": "array", "minItems": 1, "maxItems": CLOSED_MAX, "items": one_schema}
        return {"anyOf": [one_schema, many]}


def _checked(first: date, last: date, node: Node, source: Source, label: str) -> DaysOff | None:
    off = DaysOff(first, last)
    if last < first:
        hint = f"write {last} to {first}"
        source.problem(node, f"{label} is '{first} to {last}': it ends before it starts.", hint)
        return None
    days = (last - first).days + 1
    if days > CLOSED_DAYS_MAX:
        message = f"{label} is {off.text!r}: {days} days; it can be at most {CLOSED_DAYS_MAX}."
        source.problem(node, message, "is the year right?")
        return None
    return off


class HolidayPlace(Text):
    """A place whose public holidays count: `GB-ENG`, `DE`."""

    _A_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*"

    def read(self, node: Node, source: Source, label: str) -> str | None:
        """Return the place."""
        each = node.value if isinstance(node, SequenceNode) else [node]
        days = [
            str(element.value)
            for element in each
            if isinstance(element, ScalarNode) and re.fullmatch(self._A_DAY, str(element.value))
        ]
        if not days:
            return super().read(node, source, label)
        hint = f"days off of your own stand under 'sending:', as in closed: [{', '.join(days)}]"
        source.problem(node, f"{label} must be a place such as GB-ENG, not days.", hint)
        return None
