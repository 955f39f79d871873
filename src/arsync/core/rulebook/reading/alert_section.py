"""`alerts`: of what somebody is told about a customer, once for as long as it stands."""

from __future__ import annotations

from yaml.nodes import Node, SequenceNode

from arsync.core.rulebook.model import AlertRule, Place, TellBy, folded
from arsync.core.rulebook.reading.condition_reader import ConditionShape, when_of
from arsync.core.rulebook.reading.message_shapes import AddressOrRole
from arsync.core.rulebook.reading.value_types import (
    Block,
    Key,
    Removal,
    Schema,
    Source,
    Text,
    WordsList,
    items,
)
from arsync.core.rulebook.reading.yaml_nodes import odd_tag

TOLD_MAX = 10
"""How many people one alert may name."""


class TellShape:
    """`credit control`, `jo@example.com`, or a list of them."""

    def read(self, node: Node, source: Source, label: str) -> tuple[str, ...] | None:
        """Return who is told, the one who has the task first."""
        several = isinstance(node, SequenceNode) and not odd_tag(node)
        nodes = items(node, source, label) if several else [node]
        if not nodes or len(nodes) > TOLD_MAX:
            source.problem(node, f"{label} names {len(nodes)}; it can be 1 to {TOLD_MAX}.")
            return None
        names: dict[str, str] = {}
        for each in nodes:
            text = AddressOrRole().read(each, source, label)
            if text is None:
                return None
            if folded(text) == "customer":
                source.problem(
                    each,
                    f"{label} is {text!r}: an alert goes to people of the business.",
                    "what customers are told stands under 'announcements:' and in reminders",
                )
                return None
            names.setdefault(folded(text), text)
        return tuple(names.values())

    def schema(self) -> Schema:
        """Return the schema."""
        one_schema = AddressOrRole().schema()
        many = {"type": "array", "minItems": 1, "maxItems": TOLD_MAX, "items": one_schema}
        return {"anyOf": [one_schema, many]}


_CONDITION = ConditionShape("invoice")
ALERT = (
    Key("name", Text(), "a name, unique in its section", required=True),
    Key("when", _CONDITION, "what is watched: the conditions that must all hold", required=True),
    Key("unless", _CONDITION, "conditions; if they hold, nobody is told"),
    Key(
        "tell",
        TellShape(),
        "who is told: a role, a person or an address; of several the first has the task",
        required=True,
    ),
    Key(
        "by",
        WordsList(tuple(way.value for way in TellBy)),
        "besides the task: mail, at once, to those it tells; webhook, to [alerts] webhook",
    ),
    Key(
        "remove",
        Removal(),
        "true: remove it from the extended rulebook; or a list of keys to remove",
    ),
)


def read_alert(block: Block, node: Node, source: Source, name: str, place: Place) -> AlertRule:
    """Return one rule of `alerts`."""
    ways = frozenset(TellBy(way) for way in block.get("by") or ())
    return AlertRule(name, place, when_of(block), block.get("tell") or (), ways - {TellBy.TASK})
