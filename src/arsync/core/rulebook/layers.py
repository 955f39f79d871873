"""Layers: a rulebook that extends another, and changes only what it names.

Layers are put together as YAML nodes, before anything is read: every value keeps the file and line
where it was written, and the reader sees one rulebook. What a layer does not name stays as it is
below; an element of the same name is changed key by key, steps by their day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from arsync.core.rulebook.model import folded
from arsync.core.rulebook.values import Source, entries
from arsync.core.rulebook.yaml_text import Problems, composed, did_you_mean, kind_of, place_of

LAYERS_MAX = 8
"""How many rulebooks may stand on one another: what is deeper nobody can follow."""

LISTS = ("customers", "leave_alone", "credit_limits", "credit_holds", "reminders", "follow_ups")
"""The sections that are lists of named elements."""

BLOCKS = ("sending", "safety", "statutory")
"""The sections that are blocks of keys."""

ROWS = {"rates": "from", "compensation": "debts_from"}
"""Lists inside a block, and the key that tells their rows apart."""

_YES = frozenset({"true", "True", "TRUE", "yes", "Yes", "YES"})


class Extended(NamedTuple):
    """The text of a rulebook that another extends."""

    file: str
    """As problems and evidence show it; the same rulebook has the same name everywhere."""
    text: str


Finder = Callable[[str, str], Extended]
"""Finds a rulebook: what stands after `extends:`, and the file that says so.

It raises `LookupError`, whose text says what is wrong, where there is none.
"""


class File(NamedTuple):
    """One file, or part of one, on its way to a rulebook."""

    name: str
    node: MappingNode


class Stack(NamedTuple):
    """All layers as one, and the texts that were read beside the files given."""

    files: list[File]
    extended: list[Extended]
    whole: bool = True
    """False when something that is extended is missing: then nothing is known of the rest."""


def found_nowhere(name: str, asking: str) -> Extended:
    """Find nothing: for rulebooks that stand alone."""
    raise LookupError(f"there is no rulebook {name!r} to extend.")


def stacked(
    layer: Sequence[File], problems: Problems, find: Finder, below: Sequence[File] = ()
) -> Stack:
    """Put a layer onto what it extends.

    Args:
        layer: its files.
        problems: where problems go.
        find: finds what `extends:` names.
        below: what the layer stands on when none of its files says `extends:`.
    """
    climb = _Climb(problems, find)
    files = climb.up(list(layer), tuple(below), ())
    return Stack(files, climb.extended, climb.whole)


class _Climb:
    def __init__(self, problems: Problems, find: Finder) -> None:
        self.problems = problems
        self.find = find
        self.extended: list[Extended] = []
        self.whole = True

    def up(self, layer: list[File], below: Sequence[File], above: tuple[str, ...]) -> list[File]:
        """Return the layer put onto what it extends, all the way down."""
        asked = self.asked(layer)
        bases = {base.file for _, _, base in asked}
        inside = {file.name for file in layer} & bases
        outermost = [one for one in asked if one[0].name not in inside]
        if asked and not outermost:
            self.missing(asked[0][1], f"{asked[0][0].name} extends itself.", _TURN)
            return overlaid(below, layer, self.problems)
        for _, node, base in outermost[1:]:
            if base.file != outermost[0][2].file:
                first = place_of(outermost[0][1])
                self.say(
                    node,
                    f"'extends' says something else in {first.file}:{first.line}.",
                    "one rulebook extends one other",
                )
        if outermost:
            file, node, base = outermost[0]
            below = self.base(file.name, node, base, (*above, file.name))
        own = [file for file in layer if file.name not in inside]
        return overlaid(below, own, self.problems)

    def asked(self, layer: Sequence[File]) -> list[tuple[File, Node, Extended]]:
        """Return what the layer's files extend, with the node that says so."""
        found: list[tuple[File, Node, Extended]] = []
        for file in layer:
            node = values_of(file.node).get("extends")
            if not isinstance(node, ScalarNode) or not node.value.strip():
                continue
            try:
                found.append((file, node, self.find(node.value.strip(), file.name)))
            except LookupError as error:
                message, _, hint = str(error.args[0]).partition("\n")
                self.missing(node, message, hint)
        return found

    def base(self, asking: str, node: Node, base: Extended, above: tuple[str, ...]) -> list[File]:
        """Return what stands below: nothing, with a problem, when the way down never ends."""
        if base.file in above:
            way = " which extends ".join((*above[above.index(base.file) :], base.file))
            self.missing(node, f"{way}: that never ends.", _TURN)
            return []
        if len(above) >= LAYERS_MAX:
            self.missing(node, f"more than {LAYERS_MAX} rulebooks extend one another here.")
            return []
        if base not in self.extended:
            self.extended.append(base)
        root = composed(base.file, base.text, self.problems)
        return [] if root is None else self.up([File(base.file, root)], (), above)

    def missing(self, node: Node, message: str, hint: str = "") -> None:
        """Say why what is extended cannot be had."""
        self.whole = False
        self.say(node, message, hint)

    def say(self, node: Node, message: str, hint: str = "") -> None:
        """Remember a problem."""
        self.problems.add(place_of(node), message, hint)


_TURN = "let one of them extend a shipped rulebook, or nothing"


def values_of(node: Node) -> dict[str, Node]:
    """Return a block's values by key; nothing when it is no block. The first of two counts."""
    found: dict[str, Node] = {}
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                found.setdefault(str(key.value).strip(), value)
    return found


def identity(section: str, item: Node) -> str:
    """Return what an element is called, as names are compared; empty when it has no name."""
    node = values_of(item).get("contact" if section == "customers" else "name")
    return folded(str(node.value)) if isinstance(node, ScalarNode) else ""


def _with(node: MappingNode, value: list[tuple[Node, Node]]) -> MappingNode:
    return MappingNode(node.tag, value, node.start_mark, node.end_mark, node.flow_style)


def _listed(node: SequenceNode, value: list[Node]) -> SequenceNode:
    return SequenceNode(node.tag, value, node.start_mark, node.end_mark, node.flow_style)


def removed_whole(item: Node) -> bool:
    """Return whether an element says `remove: true`."""
    node = values_of(item).get("remove")
    return isinstance(node, ScalarNode) and node.value in _YES


def _removed_keys(item: Node) -> dict[str, Node]:
    node = values_of(item).get("remove")
    if not isinstance(node, SequenceNode):
        return {}
    return {str(one.value).strip(): one for one in node.value if isinstance(one, ScalarNode)}


def overlaid(base: Sequence[File], layer: Sequence[File], problems: Problems) -> list[File]:
    """Return the base with what the layer changes, then what the layer adds.

    What is not of the right form is left in the layer: the reader says what is wrong with it.
    """
    own = [File(file.name, _without(file.node, {"extends"})) for file in layer]
    for file in layer:
        entries(
            file.node, Source(file.name, problems), "the rulebook"
        )  # says which key stands twice
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
            if name not in {*LISTS, *BLOCKS, "groups"}
        }
        below = [File(file.name, _without(file.node, singles)) for file in below]
        for section in ("groups", *BLOCKS):
            below, own = self.block(section, below, own)
        merged: list[tuple[Node, Node]] = []
        for section in LISTS:
            key, items, below, own = self.elements(section, below, own)
            if key is not None:
                merged.append((key, items))
        if merged:
            top = self.base[0]
            below = [*below, File(top.name, _with(top.node, merged))]
        return [*below, *own]

    def block(
        self, section: str, below: list[File], own: list[File]
    ) -> tuple[list[File], list[File]]:
        """Drop from below the keys that the layer names; drop from the layer what it removes."""
        known: dict[str, Node] = {}
        for file in below:
            known |= values_of(values_of(file.node).get(section, _NOTHING))
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
                self.must_be_below(name, known, node, section)
            kept: list[tuple[Node, Node]] = []
            for key, value in body.value:
                name = str(getattr(key, "value", "")).strip()
                if name == "remove" and removed:
                    continue
                if section == "groups" and removed_whole(value):
                    self.must_be_below(name, known, key, "groups")
                    gone.add(name)
                    continue
                if section == "statutory" and name in ROWS and isinstance(value, SequenceNode):
                    kept.append((key, self.rows(value, known.get(name, _NOTHING), name, rows)))
                    continue
                gone.add(name)
                kept.append((key, value))
            gone |= set(removed)
            fresh.append(_replaced(file, section, _with(body, kept) if kept else None))
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
        known = [_row_name(row, by) for row in base.value] if isinstance(base, SequenceNode) else []
        for row in own.value:
            rows[name].add(_row_name(row, by))
            if removed_whole(row):
                self.must_be_below(_row_name(row, by), dict.fromkeys(known), row, name)
        return _listed(own, [row for row in own.value if not removed_whole(row)])

    def must_be_below(self, name: str, known: Mapping[str, object], node: Node, where: str) -> bool:
        """Say when something is to be removed that is not there."""
        if name in known:
            return True
        self.problems.add(
            place_of(node),
            f"there is no {name!r} in {where} of what this extends, so it cannot be removed.",
            did_you_mean(name, known),
        )
        return False

    def elements(
        self, section: str, below: list[File], own: list[File]
    ) -> tuple[Node | None, SequenceNode, list[File], list[File]]:
        """Merge a list of named elements; new ones stand before, or after the one named last."""
        key: Node | None = None
        whole: SequenceNode | None = None
        items: list[Node] = []
        for file in below:
            for key_node, value in file.node.value:
                if getattr(key_node, "value", None) == section and isinstance(value, SequenceNode):
                    key, whole = key or key_node, whole or value
                    items += value.value
        if key is None or whole is None:
            return None, SequenceNode("", []), below, own
        merging = _Merging(section, items, self)
        rest: list[File] = []
        for file in own:
            value = values_of(file.node).get(section)
            if isinstance(value, SequenceNode):
                merging.put(value.value)
                rest.append(_replaced(file, section, None))
            else:
                rest.append(file)
        below = [File(file.name, _without(file.node, {section})) for file in below]
        return key, _listed(whole, merging.items()), below, rest


class _Merging:
    """One list of named elements while a layer changes it."""

    def __init__(self, section: str, items: Sequence[Node], overlay: _Overlay) -> None:
        self.section = section
        self.problems = overlay.problems
        self.source = Source(section, overlay.problems)
        self.must_be_below = overlay.must_be_below
        self.chains: list[list[Node]] = [[], *([item] for item in items)]
        """What the layer puts first; then each element with what the layer puts after it."""
        self.at = {identity(section, item): n for n, item in enumerate(items, 1)}
        self.shown = {identity(section, item): _name(section, item) for item in items}
        self.seen: dict[str, Node] = {}

    def put(self, own: Sequence[Node]) -> None:
        """Take the elements of one file of the layer."""
        here = 0
        for item in own:
            name = identity(self.section, item)
            if not name or not isinstance(item, MappingNode):
                self.chains[here].append(item)
            elif name in self.seen:
                first = place_of(self.seen[name])
                self.problems.add(
                    place_of(item),
                    f"{self.section} has {_name(self.section, item)!r} twice; "
                    f"first in {first.file}:{first.line}.",
                    "give each its own name",
                )
            elif name in self.at:
                self.seen[name] = item
                here = self.at[name]
                self.chains[here][0] = self.changed(self.chains[here][0], item)
            elif removed_whole(item):
                shown = _name(self.section, item)
                self.must_be_below(shown, dict.fromkeys(self.shown.values()), item, self.section)
            else:
                self.seen[name] = item
                self.chains[here].append(item)
                self.hint_at_near(name, item)

    def hint_at_near(self, name: str, item: MappingNode) -> None:
        """Say what an element may mean that neither is whole nor has a name from below."""
        need = {"leave_alone": "when", "credit_limits": "limit", "credit_holds": "when",
                "reminders": "steps", "follow_ups": "when"}.get(self.section)  # fmt: skip
        near = did_you_mean(name, self.shown.values())
        if need and need not in values_of(item) and near:
            shown = _name(self.section, item)
            self.problems.add(
                place_of(item), f"nothing in {self.section} below is called {shown!r}.", near
            )

    def items(self) -> list[Node]:
        """Return the elements, without those that were removed."""
        return [item for chain in self.chains for item in chain if not removed_whole(item)]

    def changed(self, base: Node, own: MappingNode) -> Node:
        """Return the element below with the keys that the layer's element names."""
        if removed_whole(own) or not isinstance(base, MappingNode):
            return own
        gone = _removed_keys(own)
        label = f"{_name(self.section, own)!r}"
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
        """Return the steps below with those that the layer names by their day."""
        if not isinstance(base, SequenceNode) or not isinstance(own, SequenceNode):
            return own
        known = {_row_name(step, "day"): None for step in base.value}
        named = {_row_name(step, "day") for step in own.value} - {""}
        for step in own.value:
            day = _row_name(step, "day")
            if removed_whole(step) and day not in known:
                self.must_be_below(f"day {day}", {f"day {one}": 0 for one in known}, step, "steps")
        kept = [step for step in base.value if _row_name(step, "day") not in named]
        return _listed(own, kept + [step for step in own.value if not removed_whole(step)])


def _name(section: str, item: Node) -> str:
    node = values_of(item).get("contact" if section == "customers" else "name")
    return str(getattr(node, "value", "") or kind_of(item))


def _row_name(row: Node, by: str) -> str:
    node = values_of(row).get(by)
    text = str(node.value).strip().replace(",", "") if isinstance(node, ScalarNode) else ""
    return str(int(text)) if text.lstrip("+-").isdigit() and text.isascii() else text


def _trimmed(body: MappingNode, gone: set[str], rows: Mapping[str, set[str]]) -> MappingNode | None:
    pairs: list[tuple[Node, Node]] = []
    for key, value in body.value:
        name = str(getattr(key, "value", "")).strip()
        if name in gone:
            continue
        if rows.get(name) and isinstance(value, SequenceNode):
            by = ROWS[name]
            left = [row for row in value.value if _row_name(row, by) not in rows[name]]
            if not left:
                continue
            pairs.append((key, _listed(value, left)))
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
