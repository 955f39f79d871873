"""Layers: a rulebook that extends another, on the way down to one that extends nothing.

Layers are put together as YAML nodes, before anything is read: every value keeps the file and line
where it was written, and the reader sees one rulebook.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from yaml.nodes import Node, ScalarNode

from arsync.core.rulebook.reading.currency_changes import CurrencyChange, currency_change
from arsync.core.rulebook.reading.merge import File, overlaid
from arsync.core.rulebook.reading.yaml_nodes import Problems, composed, place_of, values_of

LAYERS_MAX = 8
"""How many rulebooks may extend one another: more are too hard to follow."""

_TURN = "let one of them extend a shipped rulebook, or nothing"


class Extended(NamedTuple):
    """The text of a rulebook that another extends."""

    file: str
    """As problems and evidence show it; the same rulebook has the same name everywhere."""
    text: str


Finder = Callable[[str, str], Extended]
"""Finds a rulebook by the text after `extends:` and the file that has this line.

It raises `LookupError`, whose text says what is wrong, where there is none.
"""


class Stack(NamedTuple):
    """All layers as one, and the texts that were read beside the files given."""

    files: list[File]
    extended: list[Extended]
    whole: bool = True
    """False when something that is extended is missing: then nothing is known of the rest."""
    currencies: tuple[CurrencyChange, ...] = ()
    """Where a layer has another currency than the layers below it."""


def found_nowhere(name: str, asking: str) -> Extended:
    """Find nothing: for rulebooks that extend nothing."""
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
    return Stack(files, climb.extended, climb.whole, tuple(climb.currencies))


class _Climb:
    def __init__(self, problems: Problems, find: Finder) -> None:
        self.problems = problems
        self.find = find
        self.extended: list[Extended] = []
        self.whole = True
        self.currencies: list[CurrencyChange] = []

    def up(self, layer: list[File], below: Sequence[File], above: tuple[str, ...]) -> list[File]:
        """Return the layer put onto what it extends, all the way down."""
        extensions = self.asked(layer)
        bases = {base.file for _, _, base in extensions}
        # A file of this layer may be the base of another file of the layer.
        inside = {file.name for file in layer} & bases
        outermost = [extension for extension in extensions if extension[0].name not in inside]
        if extensions and not outermost:
            self.missing(extensions[0][1], f"{extensions[0][0].name} extends itself.", _TURN)
            return self.onto(below, layer)
        for _, node, base in outermost[1:]:
            if base.file != outermost[0][2].file:
                first = place_of(outermost[0][1])
                self.say(
                    node,
                    f"'extends' has another value in {first.file}:{first.line}.",
                    "one rulebook extends one other",
                )
        if outermost:
            file, node, base = outermost[0]
            below = self.base(file.name, node, base, (*above, file.name))
        own = [file for file in layer if file.name not in inside]
        return self.onto(below, own)

    def onto(self, below: Sequence[File], own: Sequence[File]) -> list[File]:
        """Return a layer put onto what is below it, and remember a change of currency."""
        change = currency_change(below, own)
        if change is not None:
            self.currencies.append(change)
        return overlaid(below, own, self.problems)

    def asked(self, layer: Sequence[File]) -> list[tuple[File, Node, Extended]]:
        """Return what the layer's files extend, with the node that says so."""
        extensions: list[tuple[File, Node, Extended]] = []
        for file in layer:
            node = values_of(file.node).get("extends")
            if not isinstance(node, ScalarNode) or not node.value.strip():
                continue
            try:
                extensions.append((file, node, self.find(node.value.strip(), file.name)))
            except LookupError as error:
                # The finder puts the problem on the first line and the hint on the second.
                message, _, hint = str(error.args[0]).partition("\n")
                self.missing(node, message, hint)
        return extensions

    def base(self, asking: str, node: Node, base: Extended, above: tuple[str, ...]) -> list[File]:
        """Return the layers below: none, with a problem, when `extends:` runs in a circle."""
        if base.file in above:
            way = " which extends ".join((*above[above.index(base.file) :], base.file))
            self.missing(node, f"{way}: that never ends.", _TURN)
            return []
        if len(above) >= LAYERS_MAX:
            self.missing(node, f"more than {LAYERS_MAX} rulebooks extend one another here.")
            return []
        # Its text is part of the rulebook's hash: a change in it changes plans.
        if base not in self.extended:
            self.extended.append(base)
        root = composed(base.file, base.text, self.problems)
        return [] if root is None else self.up([File(base.file, root)], (), above)

    def missing(self, node: Node, message: str, hint: str = "") -> None:
        """Report that the extended rulebook is not available."""
        self.whole = False
        self.say(node, message, hint)

    def say(self, node: Node, message: str, hint: str = "") -> None:
        """Add a problem."""
        self.problems.add(place_of(node), message, hint)
