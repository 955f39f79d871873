"""Hints for conditions: what people write where a block, or a comparison, belongs."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection

from yaml.nodes import Node, ScalarNode, SequenceNode

from arsync.core.rulebook.facts import Field
from arsync.core.rulebook.model import folded
from arsync.core.rulebook.reading.hints import (
    EXAMPLES,
    example_of,
    from_formula,
    from_sign,
    one_of,
)

_EVERYBODY = frozenset({"all", "everyone", "everybody", "always", "any", "all customers", "true"})
_OTHERS = "or more_than, less_than, at_most"


def instead_of_block(
    node: Node, label: str, facts: Collection[str], groups: Collection[str]
) -> str:
    """Return the hint for what stands where a block of conditions belongs.

    Args:
        node: what was written.
        label: what it is of: `'when'`.
        facts: the facts that may be asked for there.
        groups: the groups that may be asked for there.
    """
    key = label.strip("'") if label.startswith("'") else ""
    hint = ""
    if isinstance(node, ScalarNode):
        hint = _of_text(str(node.value), key, facts, groups)
    elif isinstance(node, SequenceNode):
        hint = _of_list(node, label, key)
    return hint or example_of(label, "a group" if label.startswith("the group") else "")


def _of_text(text: str, key: str, facts: Collection[str], groups: Collection[str]) -> str:
    formula = from_formula(text)
    if formula is not None:
        fact, word, number = formula
        near = difflib.get_close_matches(fact, facts, n=1)
        return _inside(key, f"{near[0] if near else 'overdue_amount'}: {{{word}: {number}}}")
    named = [name for name in groups if folded(name) == folded(text)]
    if named:
        return _inside(key, f"group: {named[0]}")
    if folded(text) in _EVERYBODY:
        return "leave it out: without it, the rule is for every customer"
    return ""


def _of_list(node: SequenceNode, label: str, key: str) -> str:
    if node.value and all(isinstance(element, ScalarNode) for element in node.value):
        names = ", ".join(str(element.value) for element in node.value)
        return _inside(key, f"contact: [{names}]")
    if key == "not" or label not in EXAMPLES:
        return ""
    return f"all must hold, as in {EXAMPLES[label]}; for one or the other, {one_of(key)}"


def as_comparison(field: Field, value: Node) -> str:
    """Return the hint for a number without a comparison, or with a sign for one."""
    if isinstance(value, ScalarNode):
        text = str(value.value)
        if signed := from_sign(text):
            return f"write {field.name}: {{{signed}}}"
        # Inside braces a comma separates keys. Where points are between thousands, it is decimal.
        if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{3})+(,[0-9]+)?", text):
            text = text.replace(".", "").replace(",", ".")
        number = text.replace(",", "")
        return f"write {field.name}: {{at_least: {number}}}, {_OTHERS}"
    ends = [str(end.value) for end in value.value] if isinstance(value, SequenceNode) else []
    if len(ends) == 2:
        return f"for both ends, write {field.name}: {{at_least: {ends[0]}, at_most: {ends[1]}}}"
    return f"write {field.name}: {field.example}, {_OTHERS}"


def _inside(key: str, line: str) -> str:
    """Return the hint that writes a condition, with the key it belongs under."""
    return f"write {key}: {{{line}}}" if key else f"write {line}"
