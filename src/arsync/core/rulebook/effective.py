"""Shows a rulebook as it counts: each part with the file and line it was written in.

What is printed is YAML that reads back to the same rulebook.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from yaml.nodes import MappingNode, Node, SequenceNode

from arsync.core.rulebook.model import Place
from arsync.core.rulebook.reading.earlier_names import name_now
from arsync.core.rulebook.reading.merge import (
    BLOCKS,
    GROWING,
    LISTS,
    ROWS,
    File,
    each_text,
)
from arsync.core.rulebook.reading.sections import TOP
from arsync.core.rulebook.reading.step_names import NAMING_KEYS, in_order, step_name
from arsync.core.rulebook.reading.yaml_nodes import place_of, values_of

COMMENT_COLUMN_MAX = 70
"""Where comments begin, unless a line is longer."""

_PLAIN = re.compile(r"[+-]?[A-Za-z0-9][A-Za-z0-9 _./%-]*")
_PLAIN_IN_BLOCK = re.compile(r"[+-]?[A-Za-z0-9][A-Za-z0-9 _./%:,()'-]*")
_WORDS_OF_YAML = frozenset({"null"})
"""Words that YAML takes for nothing; all others are read as they are written."""


class RulebookLine(NamedTuple):
    """One line's worth of a rulebook."""

    section: str
    element: str
    """The name of the element, as written; empty in sections that are not lists."""
    key: str
    """`unless`, `day 14`, `holidays`; empty for the element itself."""
    text: str
    """The value in YAML, on one line."""
    place: Place


class RulebookDifference(NamedTuple):
    """One difference of a rulebook from another."""

    section: str
    element: str
    what: str
    place: Place

    def __str__(self) -> str:
        name = f"{self.section} {self.element!r}" if self.element else self.section
        return f"{name}: {self.what}  ({self.place.file}:{self.place.line})"


def inline(node: Node, plain: re.Pattern[str] = _PLAIN) -> str:
    """Return a value in YAML on one line.

    Args:
        node: the value.
        plain: which single values need no quotes; commas and brackets do inside brackets.
    """
    if isinstance(node, MappingNode):
        pairs = ", ".join(f"{inline(key)}: {inline(value)}" for key, value in node.value)
        return f"{{{pairs}}}"
    if isinstance(node, SequenceNode):
        return f"[{', '.join(inline(element) for element in node.value)}]"
    text = str(node.value)
    bare = plain.fullmatch(text) and ": " not in text and not text.endswith((" ", ":"))
    if bare and text.casefold() not in _WORDS_OF_YAML:
        return text
    # JSON's quoted texts are YAML too, and cannot be mistaken for anything else.
    return json.dumps(text, ensure_ascii=False)


def effective_text(files: Sequence[File]) -> str:
    """Return the effective rulebook as YAML, with `# file:line` beside each part."""
    lines = list(_lines(files))
    width = min(COMMENT_COLUMN_MAX, max((len(text) for text, _ in lines), default=0))
    return "".join(
        f"{text.ljust(width)}  # {place.file}:{place.line}\n" if place else f"{text}\n"
        for text, place in lines
    )


def _lines(files: Sequence[File]) -> Iterator[tuple[str, Place | None]]:
    for section in (key.name for key in TOP if key.name != "extends"):
        bodies = [
            value for file in files if (value := values_of(file.node).get(section)) is not None
        ]
        if not bodies:
            continue
        if section in LISTS:
            yield f"{section}:", None
            for node in _items(bodies):
                yield from _element(section, node)
        elif section == "groups" or section in BLOCKS:
            yield f"{section}:", None
            yield from _block(bodies)
        elif section in GROWING:
            yield f"{section}:", None
            for node in each_text(bodies):
                yield f"  - {inline(node)}", place_of(node)
        else:
            # Where several files say the same, the first is shown: different ones are refused.
            yield f"{section}: {inline(bodies[0], _PLAIN_IN_BLOCK)}", place_of(bodies[0])


def _items(bodies: Sequence[Node]) -> list[Node]:
    return [element for body in bodies if isinstance(body, SequenceNode) for element in body.value]


def _pairs(bodies: Sequence[Node]) -> Iterator[tuple[Node, list[Node]]]:
    """Yield the keys of several blocks that are read as one, each with its values."""
    by_key: dict[str, tuple[Node, list[Node]]] = {}
    for body in bodies:
        for key, value in body.value if isinstance(body, MappingNode) else ():
            by_key.setdefault(str(key.value).strip(), (key, []))[1].append(value)
    yield from by_key.values()


def _block(bodies: Sequence[Node]) -> Iterator[tuple[str, Place | None]]:
    for key, values in _pairs(bodies):
        if key.value in ROWS:
            yield f"  {key.value}:", None
            for row in _items(values):
                yield f"    - {inline(row)}", place_of(row)
        else:
            yield f"  {inline(key)}: {inline(values[0], _PLAIN_IN_BLOCK)}", place_of(key)


def _element(section: str, element: Node) -> Iterator[tuple[str, Place | None]]:
    first = True
    for key, value in element.value:
        head = "  - " if first else "    "
        first = False
        if key.value == "steps" and isinstance(value, SequenceNode):
            yield f"{head}steps:", None
            for step in in_order(value.value):
                yield f"      - {inline(step)}", place_of(step)
        else:
            yield f"{head}{inline(key)}: {inline(value, _PLAIN_IN_BLOCK)}", place_of(key)


def parts(files: Sequence[File]) -> list[RulebookLine]:
    """Return every part of the effective rulebook, in the order of its sections."""
    lines: list[RulebookLine] = []
    for section in (key.name for key in TOP if key.name not in {"extends", "version"}):
        bodies = [
            value for file in files if (value := values_of(file.node).get(section)) is not None
        ]
        if section in LISTS:
            for node in _items(bodies):
                lines += _parts_of(section, node)
        elif section == "groups" or section in BLOCKS:
            for key, values in _pairs(bodies):
                if key.value in ROWS:
                    for row in _items(values):
                        named = values_of(row).get(ROWS[key.value])
                        name = f"{key.value} {getattr(named, 'value', '')}"
                        lines.append(RulebookLine(section, "", name, inline(row), place_of(row)))
                else:
                    text = inline(values[0], _PLAIN_IN_BLOCK)
                    name = name_now(str(key.value))
                    lines.append(RulebookLine(section, "", name, text, place_of(key)))
        elif section in GROWING:
            for node in each_text(bodies):
                text = inline(node)
                lines.append(RulebookLine(section, "", text, text, place_of(node)))
        elif bodies:
            lines.append(
                RulebookLine(
                    section, "", "", inline(bodies[0], _PLAIN_IN_BLOCK), place_of(bodies[0])
                )
            )
    return lines


def _parts_of(section: str, element: Node) -> Iterator[RulebookLine]:
    by = "contact" if section == "customers" else "name"
    name = str(getattr(values_of(element).get(by), "value", ""))
    yield RulebookLine(section, name, "", "", place_of(element))
    for key, value in element.value:
        if key.value == "steps" and isinstance(value, SequenceNode):
            counts: Counter[str] = Counter()
            for step in in_order(value.value):
                pairs = [pair for pair in step.value if pair[0].value not in NAMING_KEYS]
                text = inline(MappingNode(step.tag, pairs))
                when = str(step_name(step))
                counts[when] += 1
                again = f" ({counts[when]})" if counts[when] > 1 else ""
                yield RulebookLine(section, name, f"{when}{again}", text, place_of(step))
        elif key.value != by:
            yield RulebookLine(
                section, name, str(key.value), inline(value, _PLAIN_IN_BLOCK), place_of(key)
            )


def rulebook_differences(shared: Sequence[File], own: Sequence[File]) -> list[RulebookDifference]:
    """Return how a rulebook differs from the one it shares with others.

    A removed part is named with its line in the shared rulebook, all else with its own line.
    """
    before, after = _by_key(shared), _by_key(own)
    differences: list[RulebookDifference] = []
    whole = {(section, name) for section, name, key in before if name and not key}
    stays = {(section, name) for section, name, key in after if name and not key}
    for at, line in after.items():
        section, name, key = at
        if name and (section, name) not in whole:
            # A whole new rule is one difference, not one for each of its keys.
            if not key:
                differences.append(
                    RulebookDifference(line.section, line.element, "added", line.place)
                )
        elif at not in before:
            what = f"{key or 'value'} added: {line.text}"
            differences.append(RulebookDifference(line.section, line.element, what, line.place))
        elif _plain_numbers(before[at].text) != _plain_numbers(line.text):
            what = f"{f'{key} ' if key else ''}{before[at].text} -> {line.text}"
            differences.append(RulebookDifference(line.section, line.element, what, line.place))
    for at, line in before.items():
        section, name, key = at
        if name and (section, name) not in stays:
            if not key:
                differences.append(
                    RulebookDifference(line.section, line.element, "removed", line.place)
                )
        elif at not in after:
            what = f"{key} removed: {line.text}"
            differences.append(RulebookDifference(line.section, line.element, what, line.place))
    order = {key.name: position for position, key in enumerate(TOP)}
    return sorted(
        differences,
        key=lambda difference: (order[difference.section], difference.element.casefold()),
    )


def _by_key(files: Sequence[File]) -> Mapping[tuple[str, str, str], RulebookLine]:
    return {
        (line.section, " ".join(line.element.split()).casefold(), line.key): line
        for line in parts(files)
    }


def _plain_numbers(text: str) -> str:
    # `10,000` and `10000` are one amount, however it is written.
    return re.sub(
        r'"?\b([0-9]{1,3}(?:,[0-9]{3})+)\b"?', lambda number: number[1].replace(",", ""), text
    )
