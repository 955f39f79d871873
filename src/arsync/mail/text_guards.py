"""Where a text shows what the law gives although no law may apply: it would be false, or missing.

`statutory` is empty unless all of it is known. A text that shows it asks first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from jinja2 import nodes

LAW = "statutory"
"""The value that is empty where no law applies."""

_IN_TAGS = re.compile(r"\{[{%].*?[%}]\}", re.DOTALL)
_NAMED = re.compile(rf"(?<![.\w'\"]){LAW}\b")


class Unguarded(NamedTuple):
    """A value that is shown without asking whether there is any."""

    line: int
    column: int
    message: str
    hint: str


def unguarded_law(tree: nodes.Template, source: str) -> list[Unguarded]:
    """Return where a text shows what the law gives without asking whether any applies."""
    columns = _columns(source)
    uses_on: Counter[int] = Counter()
    unguarded: list[Unguarded] = []
    for node, is_guarded, written in _uses(tree, guarded=False):
        places = columns.get(node.lineno, [])
        column = places[uses_on[node.lineno]] if uses_on[node.lineno] < len(places) else 1
        uses_on[node.lineno] += 1
        if not is_guarded:
            unguarded.append(
                Unguarded(
                    node.lineno,
                    column,
                    f"{written} is empty where no law on late payment applies, or not all is known:"
                    " there this text is not sent, or says what is not so.",
                    f"write {{% if {LAW} %}} ... {{{{ {written} }}}} ... {{% endif %}}",
                )
            )
    return unguarded


def _columns(source: str) -> dict[int, list[int]]:
    """Return, by line, the columns at which tags name the value."""
    columns: dict[int, list[int]] = {}
    for tag in _IN_TAGS.finditer(source):
        for named in _NAMED.finditer(tag[0]):
            before = source[: tag.start() + named.start()]
            column = len(before) - before.rfind("\n")
            columns.setdefault(before.count("\n") + 1, []).append(column)
    return columns


_Use = tuple[nodes.Name, bool, str]
"""Where the value is named, whether its text asked before, and as it is written."""


def _uses(node: nodes.Node, *, guarded: bool, written: str = LAW) -> Iterator[_Use]:
    """Yield every use, in the order of the text."""
    if isinstance(node, nodes.Name):
        if node.name == LAW:
            yield node, guarded, written
    elif isinstance(node, nodes.Getattr):
        yield from _uses(node.node, guarded=guarded, written=f"{written}.{node.attr}")
    elif isinstance(node, nodes.Block):
        # A layout shows each block, whatever stands around it in the text.
        for child in node.iter_child_nodes():
            yield from _uses(child, guarded=False)
    elif isinstance(node, nodes.If):
        yield from _of_branches(node, guarded)
    elif isinstance(node, nodes.CondExpr):
        yield from _uses(node.expr1, guarded=guarded or _asks(node.test))
        yield from _of_test(node.test, guarded)
        if node.expr2 is not None:
            yield from _uses(node.expr2, guarded=guarded or _denies(node.test))
    elif isinstance(node, nodes.And | nodes.Or):
        yield from _of_test(node, guarded)
    else:
        for child in node.iter_child_nodes():
            yield from _uses(child, guarded=guarded)


def _of_branches(node: nodes.If, guarded: bool) -> Iterator[_Use]:
    yield from _of_test(node.test, guarded)
    for child in node.body:
        yield from _uses(child, guarded=guarded or _asks(node.test))
    otherwise = guarded or _denies(node.test)
    for child in (*node.elif_, *node.else_):
        yield from _uses(child, guarded=otherwise)


def _of_test(test: nodes.Node, guarded: bool) -> Iterator[_Use]:
    """Yield the uses of a test: to ask for the value itself is no use of what is in it."""
    if isinstance(test, nodes.Name):
        yield from _uses(test, guarded=True)
    elif isinstance(test, nodes.Not | nodes.Test):
        yield from _of_test(test.node, guarded)
    elif isinstance(test, nodes.And):
        yield from _of_test(test.left, guarded)
        yield from _of_test(test.right, guarded or _asks(test.left))
    elif isinstance(test, nodes.Or):
        yield from _of_test(test.left, guarded)
        yield from _of_test(test.right, guarded or _denies(test.left))
    else:
        yield from _uses(test, guarded=guarded)


def _asks(test: nodes.Node) -> bool:
    """Return whether a test can only hold where there is a law."""
    if isinstance(test, nodes.And):
        return _asks(test.left) or _asks(test.right)
    if isinstance(test, nodes.Or):
        return _asks(test.left) and _asks(test.right)
    if isinstance(test, nodes.Not):
        return _denies(test.node)
    return isinstance(test, nodes.Name) and test.name == LAW


def _denies(test: nodes.Node) -> bool:
    """Return whether there is a law wherever a test does not hold."""
    if isinstance(test, nodes.Or):
        return _denies(test.left) or _denies(test.right)
    return isinstance(test, nodes.Not) and _asks(test.node)
