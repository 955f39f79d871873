"""YAML as text with positions: composed, never constructed, and within limits.

Composing keeps every scalar as it was written, so that `NO`, `9:30`, `0.10` and `0123` stay what
the user typed. The limits are checked on the stream of events, before anything is built: a file
that is too deep, too large, or a bomb of aliases ends in a Problem.
"""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Iterable, Iterator
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from arsync.core.rulebook.model import Place, Problem
from arsync.core.rulebook.reading.hints import from_sign

RULEBOOK_BYTES_MAX = 2_000_000
"""The largest file that is read."""

DEPTH_MAX = 16
"""How deep lists and mappings may nest; the deepest rule needs 9."""

NODES_MAX = 200_000
"""How many keys, values and lists a file may hold, counting each use of an alias in full."""

PROBLEMS_MAX = 200
"""How many problems of one rulebook are shown; the rest waits until these are mended."""

QUESTIONS_MAX = 20_000
"""How many questions the conditions of one rulebook ask, a group's counted at each use."""

MESSAGE_CHARACTERS_MAX = 400
"""How long a message or a hint is: what it quotes of the file may be longer."""

# libyaml where it is there: many times faster. Either one only composes; no object is ever made.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STANDARD_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in "str int float bool null timestamp map seq merge value".split()
)


class TooManyProblems(Exception):
    """There are as many problems as are shown: reading on would only cost time."""


class Problems:
    """The problems of one rulebook, gathered as the reader goes."""

    def __init__(self) -> None:
        """Start with none."""
        self.found: list[Problem] = []
        self.questions = 0
        """How many questions were read so far: see `QUESTIONS_MAX`."""

    def add(self, place: Place, message: str, hint: str = "", *, severity: str = "error") -> None:
        """Add a problem, once.

        Raises:
            TooManyProblems: there are too many already.
        """
        if len(self.found) >= PROBLEMS_MAX:
            raise TooManyProblems
        problem = Problem(*place, _cut(message), _cut(hint), severity)
        # An aliased value is read at each use, but its mistake is one mistake.
        if problem not in self.found:
            self.found.append(problem)

    @property
    def fatal(self) -> bool:
        """Return whether one of them is an error."""
        return any(problem.severity == "error" for problem in self.found)


def _cut(text: str) -> str:
    half = MESSAGE_CHARACTERS_MAX // 2
    return text if len(text) <= MESSAGE_CHARACTERS_MAX else f"{text[:half]} ... {text[-half:]}"


def place_of(node: Node) -> Place:
    """Return where a node was written."""
    mark = node.start_mark
    assert mark is not None, "every node of a rulebook is read from a file"
    return Place(mark.name, mark.line + 1, mark.column + 1)


class _Named(io.StringIO):
    """A text with its file's name, which PyYAML copies into the place of every node."""

    def __init__(self, text: str, name: str) -> None:
        super().__init__(text)
        self.name = name


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """Return a hint: the nearest known word, or all of them when they are few."""
    words = list(candidates)
    folded = {candidate.casefold(): candidate for candidate in words}
    meant = word.strip().casefold().replace("-", "_")
    for spelling in (meant, meant.replace(" ", "_"), meant.replace("_", " ")):
        close = difflib.get_close_matches(spelling, list(folded), n=1)
        if close:
            return f"did you mean {folded[close[0]]!r}?"
    return f"known: {', '.join(sorted(words))}" if 0 < len(words) <= 16 else ""


def kind_of(node: Node) -> str:
    """Return what a node is, in words."""
    if isinstance(node, MappingNode):
        return "a block of keys"
    return "a list" if isinstance(node, SequenceNode) else "a single value"


def composed(file: str, text: str, problems: Problems) -> MappingNode | None:
    """Compose one file's text; None with a problem when there is nothing to read.

    A file that holds only comments is empty: None without a problem.
    """
    top = Place(file, 1, 1)
    # Editors on Windows put a mark before the first key.
    text = text.removeprefix("\ufeff")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        problems.add(top, "the file is not proper UTF-8 text.", "save it as UTF-8")
        return None
    if size > RULEBOOK_BYTES_MAX:
        problems.add(
            top,
            f"the file is larger than {RULEBOOK_BYTES_MAX:,} bytes.",
            "split it: every *.yaml of the folder is read as one rulebook",
        )
        return None
    try:
        if not _within_limits(file, text, problems):
            return None
        node = yaml.compose(_Named(text, file), Loader=_LOADER)
    except yaml.YAMLError as error:
        problems.add(*_explained(file, text, error))
        return None
    if node is None:
        return None
    if not isinstance(node, MappingNode):
        problems.add(
            place_of(node),
            f"a rulebook is a block of keys such as 'version: 1', not {kind_of(node)}.",
        )
        return None
    if _THOUSANDS.search(text):
        for mapping in _mappings(node):
            mapping.value = _with_whole_amounts(mapping)
    if _NUMBERED.search(text):
        for place, value in _cut_by_comments(node, text.split("\n")):
            message = f"{value!r} ends before the '#': the rest of the line is a comment."
            problems.add(place, message, "put the whole text in quotes", severity="warning")
    return node


_THOUSANDS = re.compile(r"[0-9],[0-9]{3}\b")
_BEFORE_COMMA = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})*")
_BEHIND_COMMA = re.compile(r"[0-9]{3}(?:\.[0-9]+)?")


def _mappings(root: Node) -> Iterator[MappingNode]:
    """Yield every mapping once: an alias is the same node again."""
    waiting = [root]
    visited: set[int] = set()
    while waiting:
        node = waiting.pop()
        if id(node) in visited:
            continue
        visited.add(id(node))
        if isinstance(node, MappingNode):
            yield node
            waiting += [value for _, value in node.value]
        elif isinstance(node, SequenceNode):
            waiting += node.value


def _with_whole_amounts(mapping: MappingNode) -> list[tuple[Node, Node]]:
    """Return a mapping's pairs with amounts as people write them: `{amount: 25,000}`.

    Inside braces YAML ends a value at the comma, and takes `000` for a key without a value. Only
    digits right behind the comma belong to the amount.
    """
    pairs: list[tuple[Node, Node]] = []
    for key, value in mapping.value:
        if pairs and _goes_on(pairs[-1][1], key, value):
            before = pairs[-1][1]
            before.value = f"{before.value},{key.value}"
            before.end_mark = key.end_mark
        else:
            pairs.append((key, value))
    return pairs


def _goes_on(before: Node, key: Node, value: Node) -> bool:
    """Return whether a key is the rest of the amount before it."""
    return (
        all(isinstance(node, ScalarNode) and not node.style for node in (before, key, value))
        and not value.value
        and before.end_mark is not None
        and key.start_mark is not None
        and before.end_mark.index + 1 == key.start_mark.index
        and _BEFORE_COMMA.fullmatch(before.value) is not None
        and _BEHIND_COMMA.fullmatch(key.value) is not None
    )


_NUMBERED = re.compile(r"[ \t]#(?=[0-9])")
"""What begins a comment in YAML, and a number to people: `All #1`."""


def _cut_by_comments(root: Node, lines: list[str]) -> Iterator[tuple[Place, str]]:
    """Yield the texts without quotes that a comment such as `#1` ends, with their places."""
    waiting = [root]
    visited: set[int] = set()
    while waiting:
        node = waiting.pop()
        if id(node) in visited:  # an alias is the same node again
            continue
        visited.add(id(node))
        if isinstance(node, MappingNode):
            waiting += [value for _, value in node.value]
        elif isinstance(node, SequenceNode):
            waiting += node.value
        elif isinstance(node, ScalarNode) and not node.style and node.end_mark is not None:
            line_end = lines[node.end_mark.line][node.end_mark.column :]
            if _NUMBERED.match(line_end.replace("\t", " ").replace("  ", " ")):
                yield place_of(node), str(node.value)


def _within_limits(file: str, text: str, problems: Problems) -> bool:
    """Walk the events; an alias counts as much as the value it refers to."""
    sizes: dict[str, int] = {}
    open_nodes: list[tuple[str | None, int]] = []
    count = documents = 0
    for event in yaml.parse(text, Loader=_LOADER):
        mark = event.start_mark
        assert mark is not None, "the parser always says where an event starts"
        place = Place(file, mark.line + 1, mark.column + 1)
        anchor = getattr(event, "anchor", None)
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1:
                problems.add(
                    place,
                    "a second document starts here ('---').",
                    "one file holds one rulebook: put the rest into a file of its own",
                )
                return False
        elif isinstance(event, AliasEvent):
            # Also an alias inside its own anchor, which would never end.
            if event.anchor not in sizes:
                problems.add(
                    place,
                    f"*{event.anchor} refers to nothing that is complete above it.",
                    f"write &{event.anchor} before the value it refers to",
                )
                return False
            # In full: nine levels of ten aliases are a billion values in a file of one kilobyte.
            count += sizes[event.anchor]
        elif isinstance(event, ScalarEvent):
            count += 1
            if anchor:
                sizes[anchor] = 1
        elif isinstance(event, (MappingStartEvent, SequenceStartEvent)):
            open_nodes.append((anchor, count))
            count += 1
        elif isinstance(event, (MappingEndEvent, SequenceEndEvent)):
            closed, before = open_nodes.pop()
            if closed:
                sizes[closed] = count - before
        if len(open_nodes) > DEPTH_MAX:
            problems.add(place, f"nested deeper than {DEPTH_MAX} levels.")
            return False
        if count > NODES_MAX:
            problems.add(place, f"more than {NODES_MAX:,} values in one file.")
            return False
    return True


_SIGNED = re.compile(r":\s*([<>]=?\s*[0-9][0-9,]*)")
"""A comparison with a sign, which YAML takes for something else."""

_HINTS = (
    ("could not find expected ':'", "put a colon behind the key, as in credit_holds:"),
    ("mapping values are not allowed", "put a text that holds ': ' in quotes"),
    ("did not find expected key", "check the indentation of this line and the one above it"),
    ("block end", "check the indentation of this line and the one above it"),
    ("block collection", "check the indentation of this line and the one above it"),
    ("quoted scalar", "a quote is opened and never closed"),
    ("unexpected end", "a bracket or quote is opened and never closed"),
    ("expected ',' or '}'", "a brace is opened and never closed, or a comma is missing"),
    ("expected ',' or ']'", "a bracket is opened and never closed, or a comma is missing"),
    ("cannot start any token", "put a text that starts with this character in quotes"),
    ("special characters", "the file holds a control character: delete it"),
    ("control characters", "the file holds a control character: delete it"),
)


def _explained(file: str, text: str, error: yaml.YAMLError) -> tuple[Place, str, str]:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
    if "nesting depth" in what:
        # The parser reads ahead and may meet its own bound before an event shows ours.
        what = f"nested deeper than {DEPTH_MAX} levels"
    hint = next((hint for text_part, hint in _HINTS if text_part in what), "")
    if "could not find expected ':'" in what:
        # It is noticed in the line below; the key without a colon is where it began.
        mark = getattr(error, "context_mark", None) or mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    here = text.split("\n")[line - 1 : line]
    if signed := _SIGNED.search(here[0] if here else ""):
        hint = f"write {{{from_sign(signed[1])}}}: a comparison is a word"
    if any(
        text_line.lstrip(" ").startswith("\t") or text_line[column - 1 :].startswith("\t")
        for text_line in here
    ):
        hint = "indent with spaces: a tab cannot start anything in YAML"
    return Place(file, line, column), f"this is not YAML: {what}.", hint


def odd_tag(node: Node) -> bool:
    """Return whether the node carries a tag of its own (`!!python/...`, `!secret`)."""
    return node.tag not in _STANDARD_TAGS


def is_empty(node: Node) -> bool:
    """Return whether nothing was written (`limit:` with nothing after it)."""
    plain = isinstance(node, ScalarNode) and not node.style  # None or "", by the loader
    return plain and node.value in {"", "~", "null"}


def values_of(node: Node) -> dict[str, Node]:
    """Return a block's values by key; nothing when it is no block. The first of two counts."""
    values: dict[str, Node] = {}
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                values.setdefault(str(key.value).strip(), value)
    return values
