"""The shapes of `approval:` and of a role: who approves, from which amount, and where they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from yaml.nodes import MappingNode, Node, ScalarNode

from arsync.core.rulebook.model import folded
from arsync.core.rulebook.reading.value_types import (
    AmountShape,
    Key,
    Removal,
    Schema,
    Source,
    Text,
    Words,
    block_schema,
    entries,
    read_block,
)
from arsync.core.rulebook.reading.yaml_nodes import kind_of
from arsync.core.rulebook.roles import APPROVAL, NO_APPROVAL, Approval, RoleAddress

ROLES_MAX = 100
"""How many roles a rulebook may have."""

GROUPS_OF_ROLE_MAX = 1_000
"""How many contact groups may have a person of their own in one role."""

APPROVAL_BLOCK = (
    Key("over", AmountShape(), "only above this amount: what is asked for, billed or owed in all"),
    Key("by", Text(), "the role that approves, as under roles"),
)
_WORDS: Mapping[str, Approval] = {"required": APPROVAL, "none": NO_APPROVAL}
_ABOVE = r"(?:over|above|more than|from|>=?)?\s*([0-9][0-9,.]*)"
_YES = frozenset({"yes", "true", "on", "always", "needed", "ask", "manual", "by hand", "person"})
_NO = frozenset({"no", "false", "off", "never", "automatic"})


class ApprovalShape:
    """`required`, `none`, or `{over: 5000, by: finance director}`."""

    def read(self, node: Node, source: Source, label: str) -> Approval | None:
        """Return who approves, and from which amount."""
        if isinstance(node, MappingNode):
            block = read_block(node, APPROVAL_BLOCK, source, label)
            if not block.nodes:
                hint = "write approval: required, or approval: {over: 5000}"
                source.problem(node, f"{label} is an empty block.", hint)
                return None
            return Approval(required=True, over=block.get("over"), by=block.get("by", ""))
        text = str(node.value).strip() if isinstance(node, ScalarNode) else ""
        if text in _WORDS:
            return _WORDS[text]
        shown = repr(text) if text else kind_of(node)
        message = f"{label} is {shown}; it can be required, none, or a block of over and by."
        source.problem(node, message, _meant(text))
        return None

    def schema(self) -> Schema:
        """Return the schema."""
        return {
            "anyOf": [{"enum": list(_WORDS)}, {**block_schema(APPROVAL_BLOCK), "minProperties": 1}]
        }


RELEASE_BLOCK = (Key("by", Text(), "the role that lets it go, as under roles"),)
_RELEASE_WORDS: Mapping[str, Approval] = {"automatic": NO_APPROVAL, "approval": APPROVAL}


class ReleaseShape:
    """`automatic`, `approval`, or `{by: finance director}`."""

    def read(self, node: Node, source: Source, label: str) -> Approval | None:
        """Return who lets a hold go."""
        if isinstance(node, MappingNode):
            block = read_block(node, RELEASE_BLOCK, source, label)
            if not block.nodes:
                source.problem(node, f"{label} is an empty block.", "write release: approval")
                return None
            return Approval(required=True, by=block.get("by", ""))
        text = Words(tuple(_RELEASE_WORDS)).read(node, source, label)
        return None if text is None else _RELEASE_WORDS[text]

    def schema(self) -> Schema:
        """Return the schema."""
        block = {**block_schema(RELEASE_BLOCK), "minProperties": 1}
        return {"anyOf": [{"enum": list(_RELEASE_WORDS)}, block]}


def _meant(text: str) -> str:
    """Return the hint for what people write: a yes, an amount, the name of a role."""
    word = text.casefold()
    if word in _NO:
        return "write approval: none"
    amount = re.fullmatch(_ABOVE, word)
    if amount and re.search(r"\d", amount[1]):
        # Inside braces a comma separates keys.
        return f"write approval: {{over: {amount[1].replace(',', '')}}}"
    if word and word not in _YES and re.fullmatch(r"[a-z][a-z &-]*", word):
        return (
            f"write approval: {{by: {text}}}, and the address under 'roles:'; or approval: required"
        )
    return "write approval: required"


BY_GROUP = "by_contact_group"


class NamedRole(NamedTuple):
    """A role, and where its name stands."""

    role: RoleAddress
    node: Node


class RolesShape:
    """`roles:`: each with an address, or with one for each contact group."""

    _ADDRESS = Text(r"[^@\s,]+@[^@\s,]+\.[^@\s,.]+", "an email address", "fd@example.com")

    def read(self, node: Node, source: Source, label: str) -> tuple[NamedRole, ...] | None:
        """Return the roles."""
        pairs = entries(node, source, label)
        if len(pairs) > ROLES_MAX:
            source.problem(node, f"{label} has {len(pairs)} roles; at most {ROLES_MAX}.")
            return None
        roles: list[NamedRole] = []
        for name, key_node, value in pairs:
            if name == "remove":
                Removal().read(value, source, "'remove'")
            elif Text().read(key_node, source, "a role's name") is not None:
                role = self._role(name, value, source)
                if role is not None:
                    roles.append(NamedRole(role, key_node))
        return tuple(roles)

    def _role(self, name: str, node: Node, source: Source) -> RoleAddress | None:
        label = f"the role {name!r}"
        if not isinstance(node, MappingNode):
            address = self._ADDRESS.read(node, source, label)
            return None if address is None else RoleAddress(name, address)
        groups: Node | None = None
        for key, key_node, value in entries(node, source, label):
            if key == BY_GROUP:
                groups = value
            else:
                hint = f"write {BY_GROUP}: {{North: jo@example.com}}, or the address alone"
                source.problem(key_node, f"unknown key {key!r} in {label}.", hint)
        if groups is None and not node.value:
            source.problem(node, f"{label} is an empty block.", "write the address")
        return None if groups is None else self._by_group(name, groups, source)

    def _by_group(self, name: str, node: Node, source: Source) -> RoleAddress | None:
        pairs = entries(node, source, f"'{BY_GROUP}'")
        if len(pairs) > GROUPS_OF_ROLE_MAX:
            most = GROUPS_OF_ROLE_MAX
            source.problem(node, f"the role {name!r} has {len(pairs)} groups; at most {most:,}.")
            return None
        by_group = [
            (folded(group), self._ADDRESS.read(value, source, f"the address for {group!r}") or "")
            for group, _, value in pairs
        ]
        return RoleAddress(name, by_group=tuple(by_group))

    def schema(self) -> Schema:
        """Return the schema."""
        address = self._ADDRESS.schema()
        groups = {"type": "object", "additionalProperties": address}
        by_group = {
            "type": "object",
            "additionalProperties": False,
            "required": [BY_GROUP],
            "properties": {BY_GROUP: groups},
        }
        return {"type": "object", "additionalProperties": {"anyOf": [address, by_group]}}
