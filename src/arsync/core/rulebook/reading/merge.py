"""Overlays: one layer of a rulebook put onto another, changing only what it names.

Parts that a layer does not name stay as they are below; an element of the same name is changed key
by key, steps by when they come. Nodes are never changed in place: an alias may refer to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from arsync.core.rulebook.model import NotRules, folded
from arsync.core.rulebook.reading.earlier_names import with_earlier_names
from arsync.core.rulebook.reading.step_names import step_name, whole, with_steps
from arsync.core.rulebook.reading.value_types import REMOVE_WORDS, Source, entries
from arsync.core.rulebook.reading.yaml_nodes import (
    Problems,
    did_you_mean,
    kind_of,
    place_of,
    values_of,
)

LISTS = (
    "customers",
    "leave_alone",
    "credit_limits",
    "credit_holds",
    "reminders",
    "follow_ups",
    "charges",
    "discounts",
    "placements",
    "write_offs",
    "terms",
    "acceptance",
    "alerts",
    "supplier_alerts",
    "statements",
    "after_issue",
)
"""The sections that are lists of named elements."""

SETTINGS = (
    "safety",
    "promises",
    "payment_plans",
    "disputes",
    "thank_you",
    "announcements",
    "credit_references",
    "goals",
    "provision",
    "payables",
)
"""The blocks of single values."""

BLOCKS = ("sending", "roles", *SETTINGS, "statutory")
"""The sections that are blocks of keys."""

GROWING = ("not_rules",)
"""The sections of which every layer keeps its own part."""

ROWS = {"rates": "from", "compensation": "debts_from"}
"""Lists inside a block, and the key that identifies their rows."""


class File(NamedTuple):
    """One file, or part of one, on its way to a rulebook."""

    name: str
    node: MappingNode


def each_text(bodies: Iterable[Node]) -> Iterator[Node]:
    """Yield each text of lists, of which one alone needs no list."""
    for body in bodies:
        yield from body.value if isinstance(body, SequenceNode) else [body]


def not_rules_of(files: Sequence[File]) -> tuple[NotRules, ...]:
    """Return what `not_rules:` names, whether the rest of the rulebook is sound or not."""
    bodies = [values_of(file.node).get("not_rules") for file in files]
    return tuple(
        NotRules(str(node.value).strip(), place_of(node))
        for node in each_text(body for body in bodies if body is not None)
        if isinstance(node, ScalarNode)
    )


def identity(section: str, element: Node) -> str:
    """Return an element's name, folded for comparison; empty when it has none."""
    node = _name_node(section, element)
    return folded(str(node.value)) if isinstance(node, ScalarNode) else ""


def _name_node(section: str, element: Node) -> Node | None:
    """Return what names an element: of letters after issue, without a name, their text."""
    values = values_of(element)
    name = values.get("contact" if section == "customers" else "name")
    return values.get("email") if name is None and section == "after_issue" else name


def _with(node: MappingNode, value: list[tuple[Node, Node]]) -> MappingNode:
    return MappingNode(node.tag, value, node.start_mark, node.end_mark, node.flow_style)


def _listed(node: SequenceNode, value: list[Node]) -> SequenceNode:
    return SequenceNode(node.tag, value, node.start_mark, node.end_mark, node.flow_style)


def removed_whole(element: Node) -> bool:
    """Return whether an element says `remove: true`."""
    node = values_of(element).get("remove")
    return isinstance(node, ScalarNode) and node.value in REMOVE_WORDS


def _removed_keys(element: Node) -> dict[str, Node]:
    node = values_of(element).get("remove")
    if not isinstance(node, SequenceNode):
        return {}
    return {str(key.value).strip(): key for key in node.value if isinstance(key, ScalarNode)}


def overlaid(base: Sequence[File], layer: Sequence[File], problems: Problems) -> list[File]:
    """Return the base with what the layer changes, then what the layer adds.

    What is not of the right form is left in the layer: the reader says what is wrong with it.
    """
    own = [File(file.name, _without(file.node, {"extends"})) for file in layer]
    for file in layer:
        entries(file.node, Source(file.name, problems), "the rulebook")  # reports a duplicate key
    if not base or not own:
        return [*base, *own]
    return _Overlay(base, own, problems).files()


def _without(node: MappingNode, names: set[str]) -> MappingNode:
    return _with(
        node, [pair for pair in node.value if str(getattr(pair[0], "value", "")) not in names]
    )


_NOTHING = ScalarNode("", "")


class _Overlay:
    """One layer onto another."""

    def __init__(self, base: Sequence[File], layer: Sequence[File], problems: Problems) -> None:
        self.base = base
        self.layer = layer
        self.problems = problems

    def files(self) -> list[File]:
        """Return both as one list of files that the reader reads as one rulebook."""
        below, own = list(self.base), list(self.layer)
        singles = {
            name
            for file in own
            for name in values_of(file.node)
            if name not in {*LISTS, *BLOCKS, *GROWING, "groups"}
        }
        # Taken out below before anything is read: two different values would be a contradiction.
        below = [File(file.name, _without(file.node, singles)) for file in below]
        for section in ("groups", *BLOCKS):
            below, own = self.block(section, below, own)
        merged: list[tuple[Node, Node]] = []
        for section in LISTS:
            key, merged_node, below, own = self.elements(section, below, own)
            if key is not None:
                merged.append((key, merged_node))
        if merged:
            # Merged lists need some file; their elements keep the places they were written in.
            top = self.base[0]
            below = [*below, File(top.name, _with(top.node, merged))]
        return [*below, *own]

    def block(
        self, section: str, below: list[File], own: list[File]
    ) -> tuple[list[File], list[File]]:
        """Drop from below the keys that the layer names; drop from the layer what it removes."""
        below_by_name: dict[str, Node] = {}
        for file in below:
            below_by_name |= values_of(values_of(file.node).get(section, _NOTHING))
        gone: set[str] = set()
        rows: dict[str, set[str]] = {name: set() for name in ROWS}
        fresh: list[File] = []
        for file in own:
            body = values_of(file.node).get(section)
            if not isinstance(body, MappingNode):
                fresh.append(file)
                continue
            removed = {} if section == "groups" else _removed_keys(body)
            for name, node in removed.items():
                if not with_earlier_names([name]) & set(below_by_name):
                    self.must_be_below(name, below_by_name, node, section)
            kept: list[tuple[Node, Node]] = []
            for key, value in body.value:
                name = str(getattr(key, "value", "")).strip()
                if name == "remove" and removed:
                    continue
                if section == "groups" and removed_whole(value):
                    self.must_be_below(name, below_by_name, key, "groups")
                    gone.add(name)
                    continue
                if section == "statutory" and name in ROWS and isinstance(value, SequenceNode):
                    kept.append(
                        (key, self.rows(value, below_by_name.get(name, _NOTHING), name, rows))
                    )
                    continue
                gone.add(name)
                kept.append((key, value))
            gone |= set(removed)
            fresh.append(_replaced(file, section, _with(body, kept) if kept else None))
        gone = with_earlier_names(gone) if section == "sending" else gone
        trimmed = [
            _replaced(file, section, _trimmed(body, gone, rows))
            if isinstance(body := values_of(file.node).get(section), MappingNode)
            else file
            for file in below
        ]
        return trimmed, fresh

    def rows(
        self, own: SequenceNode, base: Node, name: str, rows: Mapping[str, set[str]]
    ) -> SequenceNode:
        """Return the rows that the layer keeps, and remember which it names."""
        by = ROWS[name]
        names_below = (
            [_row_name(row, by) for row in base.value] if isinstance(base, SequenceNode) else []
        )
        for row in own.value:
            rows[name].add(_row_name(row, by))
            if removed_whole(row):
                self.must_be_below(_row_name(row, by), dict.fromkeys(names_below), row, name)
        return _listed(own, [row for row in own.value if not removed_whole(row)])

    def must_be_below(self, name: str, below: Mapping[str, object], node: Node, where: str) -> bool:
        """Report a `remove` that finds nothing to remove; return whether it found something."""
        if name in below:
            return True
        self.problems.add(
            place_of(node),
            f"there is no {name!r} in {where} of what this extends, so it cannot be removed.",
            did_you_mean(name, below),
        )
        return False

    def elements(
        self, section: str, below: list[File], own: list[File]
    ) -> tuple[Node | None, SequenceNode, list[File], list[File]]:
        """Merge a list of named elements; new ones go first, or after the one named last."""
        key: Node | None = None
        whole: SequenceNode | None = None
        nodes: list[Node] = []
        for file in below:
            for key_node, value in file.node.value:
                if getattr(key_node, "value", None) == section and isinstance(value, SequenceNode):
                    key, whole = key or key_node, whole or value
                    nodes += value.value
        if key is None or whole is None:
            return None, SequenceNode("", []), below, own
        merging = _Merging(section, nodes, self)
        files: list[File] = []
        for file in own:
            value = values_of(file.node).get(section)
            if isinstance(value, SequenceNode):
                merging.put(value.value)
                files.append(_replaced(file, section, None))
            else:
                files.append(file)
        below = [File(file.name, _without(file.node, {section})) for file in below]
        return key, _listed(whole, merging.items()), below, files


class _Merging:
    """One list of named elements while a layer changes it."""

    def __init__(self, section: str, elements: Sequence[Node], overlay: _Overlay) -> None:
        self.section = section
        self.problems = overlay.problems
        self.source = Source(section, overlay.problems)
        self.must_be_below = overlay.must_be_below
        self.chains: list[list[Node]] = [[], *([node] for node in elements)]
        """The layer's first new elements; then each element below, with new ones after it."""
        self.at = {identity(section, node): n for n, node in enumerate(elements, 1)}
        self.shown = {identity(section, node): _name(section, node) for node in elements}
        self.seen: dict[str, Node] = {}

    def put(self, own: Sequence[Node]) -> None:
        """Take the elements of one file of the layer."""
        # The first match counts, so new rules go before those below (chain 0). Once the layer names
        # one of those, its further new rules go after that one.
        here = 0
        for node in own:
            name = identity(self.section, node)
            if not name or not isinstance(node, MappingNode):
                self.chains[here].append(node)
            elif name in self.seen:
                first = place_of(self.seen[name])
                self.problems.add(
                    place_of(node),
                    f"{self.section} has {_name(self.section, node)!r} twice; "
                    f"first in {first.file}:{first.line}.",
                    "give each its own name",
                )
            elif name in self.at:
                self.seen[name] = node
                here = self.at[name]
                self.chains[here][0] = self.changed(self.chains[here][0], node)
            elif removed_whole(node):
                shown = _name(self.section, node)
                self.must_be_below(shown, dict.fromkeys(self.shown.values()), node, self.section)
            else:
                self.seen[name] = node
                self.chains[here].append(node)
                self.hint_at_near(name, node)

    def hint_at_near(self, name: str, element: MappingNode) -> None:
        """Suggest the name below that an incomplete element of an unknown name may mean."""
        need = {
            "leave_alone": "when",
            "credit_limits": "limit",
            "credit_holds": "when",
            "reminders": "steps",
            "follow_ups": "when",
            "alerts": "tell",
            "supplier_alerts": "tell",
        }.get(self.section)
        near = did_you_mean(name, self.shown.values())
        if need and need not in values_of(element) and near:
            shown = _name(self.section, element)
            self.problems.add(
                place_of(element), f"nothing in {self.section} below is called {shown!r}.", near
            )

    def items(self) -> list[Node]:
        """Return the elements, without those that were removed."""
        return [node for chain in self.chains for node in chain if not removed_whole(node)]

    def changed(self, base: Node, own: MappingNode) -> Node:
        """Return the element below with the keys that the layer's element names."""
        if removed_whole(own) or not isinstance(base, MappingNode):
            return own
        gone = _removed_keys(own)
        label = f"{_name(self.section, own)!r}"
        # A rule is changed key by key; keys that the layer does not name stay.
        named = {name: (key, value) for name, key, value in entries(own, self.source, label)}
        old = values_of(base)
        for name, node in gone.items():
            self.must_be_below(name, old, node, f"the {_name(self.section, own)!r}")
        if gone:
            named.pop("remove")
        pairs: list[tuple[Node, Node]] = []
        for key, value in base.value:
            name = str(getattr(key, "value", "")).strip()
            if name in named:
                new_key, new = named.pop(name)
                pairs.append((new_key, self.steps(value, new) if name == "steps" else new))
            elif name not in gone:
                pairs.append((key, value))
        pairs += [pair for name, pair in named.items() if name not in gone]
        return MappingNode(base.tag, pairs, own.start_mark, own.end_mark, base.flow_style)

    def steps(self, base: Node, own: Node) -> Node:
        """Return the steps below with those that the layer names by when they come."""
        if not isinstance(base, SequenceNode) or not isinstance(own, SequenceNode):
            return own
        names_below = {str(step_name(step)): None for step in base.value}
        for step in own.value:
            name = str(step_name(step))
            if removed_whole(step) and name not in names_below:
                self.must_be_below(name, names_below, step, "steps")
        # A step is replaced whole: merging two would make a step that is in neither file.
        merged = with_steps(base.value, own.value)
        return _listed(own, [step for step in merged if not removed_whole(step)])


def _name(section: str, element: Node) -> str:
    node = _name_node(section, element)
    return str(getattr(node, "value", "") or kind_of(element))


def _row_name(row: Node, by: str) -> str:
    """Return the value that identifies a row: `14`, `+14` and `14.00` are one."""
    node = values_of(row).get(by)
    return whole(str(node.value).strip()) if isinstance(node, ScalarNode) else ""


def _trimmed(body: MappingNode, gone: set[str], rows: Mapping[str, set[str]]) -> MappingNode | None:
    pairs: list[tuple[Node, Node]] = []
    for key, value in body.value:
        name = str(getattr(key, "value", "")).strip()
        if name in gone:
            continue
        if rows.get(name) and isinstance(value, SequenceNode):
            by = ROWS[name]
            remaining = [row for row in value.value if _row_name(row, by) not in rows[name]]
            if not remaining:
                continue
            pairs.append((key, _listed(value, remaining)))
        else:
            pairs.append((key, value))
    return _with(body, pairs) if pairs else None


def _replaced(file: File, section: str, body: Node | None) -> File:
    """Return the file with another body of a section, or without the section."""
    pairs: list[tuple[Node, Node]] = []
    for key, value in file.node.value:
        if str(getattr(key, "value", "")).strip() != section:
            pairs.append((key, value))
        elif body is not None:
            pairs.append((key, body))
    return File(file.name, _with(file.node, pairs))
