"""The shapes of what a message needs: its way, who gets a copy, from whom it goes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from yaml.nodes import MappingNode, Node, SequenceNode

from arsync.core.rulebook.conditions import Condition
from arsync.core.rulebook.model import CUSTOMER_TOLD, folded
from arsync.core.rulebook.reading.condition_reader import ConditionShape, when_of
from arsync.core.rulebook.reading.hints import said_for_value
from arsync.core.rulebook.reading.value_types import (
    Block,
    Key,
    Schema,
    Source,
    Text,
    block_schema,
    items,
    read_block,
    scalar,
)
from arsync.core.rulebook.reading.yaml_nodes import did_you_mean, odd_tag
from arsync.core.rulebook.recipients import CopyRule, SenderRule

COPIES_MAX = 10
"""How many addresses one `cc` or `copy_to` may name."""

SENDERS_MAX = 100
"""How many senders a rulebook may choose between: one for each office."""

EMAIL = r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]+\.[^@\s,;<>\".]+"
"""An email address, as far as a form can tell one."""


class WayShape:
    """The way of a message: `accounting system`, `smtp`, `post`, `sms`, or an installed channel."""

    PATTERN = r"[a-z][a-z0-9 _-]{0,39}"

    def read(self, node: Node, source: Source, label: str) -> str | None:
        """Return the way."""
        ways = sorted(source.ways)
        text = scalar(node, source, label, " or ".join(ways), ways[0])
        if text is None or text in source.ways:
            return text
        near = did_you_mean(text, ways)
        hint = said_for_value(label, text) or (near if near.startswith("did you mean") else "")
        more = "an installed channel adds its own name"
        source.problem(node, f"{label} is {text!r}; it can be {', '.join(ways)}.", hint or more)
        return None

    def schema(self) -> Schema:
        """Return the schema."""
        return {"type": "string", "pattern": f"^{self.PATTERN}$"}


class AddressOrRole(Text):
    """An email address, or the name of a role."""

    def read(self, node: Node, source: Source, label: str) -> str | None:
        """Return the text."""
        text = Text(expected="an address or a role", example="jo@example.com").read(
            node, source, label
        )
        if text is None or "@" not in text or re.fullmatch(EMAIL, text):
            return text
        several = re.split(r"[,;]\s*", text)
        hint = "write jo@example.com"
        if len(several) > 1:
            hint = f"several stand in a list: [{', '.join(several)}]"
        source.problem(node, f"{label} is {text!r}, which is no email address.", hint)
        return None

    def schema(self) -> Schema:
        """Return the schema."""
        return {"type": "string", "minLength": 1}


TOLD_MAX = 10
"""How many people one rule may tell."""


@dataclass(frozen=True)
class TellShape:
    """`credit control`, `jo@example.com`, or a list of them."""

    customer: bool = False
    """Whether the customer may be told, too."""

    def read(self, node: Node, source: Source, label: str) -> tuple[str, ...] | None:
        """Return who is told, in the order in which they are written."""
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
            if folded(text) == CUSTOMER_TOLD and not self.customer:
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


_WHEN = Key("when", ConditionShape(), "the customers that it is for; without it: all")
_UNLESS = Key("unless", ConditionShape(), "customers that it is not for")
COPY = (
    Key("address", AddressOrRole(), "an email address, or the name of a role", required=True),
    _WHEN,
    _UNLESS,
)
SENDER = (
    Key("address", Text(EMAIL, "an email address", "berlin@example.com"), "from which address"),
    Key("name", Text(r"[^<>@\"]{1,100}", "a name", "Berlin accounts"), "the name beside it"),
    _WHEN,
    _UNLESS,
)


def _condition_of(block: Block) -> Condition | None:
    return when_of(block) if {"when", "unless"} & set(block.nodes) else None


def _each(node: Node, source: Source, label: str, most: int) -> list[Node] | None:
    """Return one value, or the values of a list; None, with a problem, where they are too many."""
    if not isinstance(node, SequenceNode) or odd_tag(node):
        return [node]
    nodes = items(node, source, label)
    if not nodes:
        source.problem(node, f"{label} is an empty list.", "remove the line")
    if len(nodes) > most:
        source.problem(node, f"{label} has {len(nodes)} items; at most {most}.")
        return None
    return nodes


def _one_or_many(one_schema: Schema, most: int) -> Schema:
    many = {"type": "array", "minItems": 1, "maxItems": most, "items": one_schema}
    return {"anyOf": [one_schema, many]}


class CopiesShape:
    """`jo@example.com`, `account manager`, `{when: ..., address: ...}`, or a list of them."""

    def read(self, node: Node, source: Source, label: str) -> tuple[CopyRule, ...] | None:
        """Return who gets a copy."""
        nodes = _each(node, source, label, COPIES_MAX)
        if nodes is None:
            return None
        rules = [self._rule(element, source, label) for element in nodes]
        return tuple(rule for rule in rules if rule is not None)

    def _rule(self, node: Node, source: Source, label: str) -> CopyRule | None:
        condition: Condition | None = None
        text: Any
        if isinstance(node, MappingNode):
            block = read_block(node, COPY, source, label)
            text, condition = block.get("address"), _condition_of(block)
        else:
            text = AddressOrRole().read(node, source, label)
        if text is None:
            return None
        is_address = "@" in text
        return CopyRule(text if is_address else "", "" if is_address else text, condition)

    def schema(self) -> Schema:
        """Return the schema."""
        return _one_or_many({"anyOf": [AddressOrRole().schema(), block_schema(COPY)]}, COPIES_MAX)


class SendersShape:
    """`Berlin accounts <berlin@example.com>`, a block of name and address, or a list of them."""

    PATTERN = rf"(?:([^<>@\"]{{1,100}}?) *<({EMAIL})>|({EMAIL}))"

    def read(self, node: Node, source: Source, label: str) -> tuple[SenderRule, ...] | None:
        """Return the senders; the first that matches a customer counts."""
        nodes = _each(node, source, label, SENDERS_MAX)
        if nodes is None:
            return None
        rules = [self._rule(element, source, label) for element in nodes]
        return tuple(rule for rule in rules if rule is not None)

    def _rule(self, node: Node, source: Source, label: str) -> SenderRule | None:
        example = "Berlin accounts <berlin@example.com>"
        if isinstance(node, MappingNode):
            block = read_block(node, SENDER, source, label)
            if "address" not in block.nodes:
                source.problem(node, f"{label} has no address.", f"as in sender: {example}")
                return None
            address = block.get("address")
            return address and SenderRule(address, block.get("name", ""), _condition_of(block))
        text = scalar(node, source, label, "a name and an address", example)
        match = None if text is None else re.fullmatch(self.PATTERN, text.strip())
        if match is not None:
            return SenderRule(match[2] or match[3], (match[1] or "").strip())
        if text is not None:
            source.problem(node, f"{label} is {text!r}, which is no address.", f"as in {example}")
        return None

    def schema(self) -> Schema:
        """Return the schema."""
        text: Schema = {"type": "string", "pattern": "@"}
        block = block_schema(SENDER) | {"required": ["address"]}
        return _one_or_many({"anyOf": [text, block]}, SENDERS_MAX)
