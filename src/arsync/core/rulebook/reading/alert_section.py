"""`alerts`: of what somebody is told about a customer, once for as long as it stands."""

from __future__ import annotations

from yaml.nodes import Node

from arsync.core.rulebook.model import AlertRule, Place, TellBy
from arsync.core.rulebook.reading.condition_reader import ConditionShape, when_of
from arsync.core.rulebook.reading.message_shapes import TellShape
from arsync.core.rulebook.reading.value_types import (
    Block,
    Key,
    Removal,
    Source,
    Text,
    WordsList,
)

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


_OF_SUPPLIER = ConditionShape("supplier")
SUPPLIER_ALERT = tuple(
    key._replace(shape=_OF_SUPPLIER) if key.shape is _CONDITION else key for key in ALERT
)


def read_supplier_alert(
    block: Block, node: Node, source: Source, name: str, place: Place
) -> AlertRule:
    """Return one rule of `supplier_alerts`."""
    rule = read_alert(block, node, source, name, place)
    if rule.when.spans:
        message = f"{name!r} asks for how long a condition has held: of suppliers nobody looks."
        source.problem(node, message, "leave out 'for:'")
    return rule._replace(of_suppliers=True)


def read_alert(block: Block, node: Node, source: Source, name: str, place: Place) -> AlertRule:
    """Return one rule of `alerts`."""
    ways = frozenset(TellBy(way) for way in block.get("by") or ())
    return AlertRule(name, place, when_of(block), block.get("tell") or (), ways - {TellBy.TASK})
