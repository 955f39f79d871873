"""Shapes of values: each reads a node, or says what is wrong; each knows its JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from arsync.core.ledger.business_days import OUT_OF_RANGE, is_in_range
from arsync.core.ledger.money import AMOUNT_MAX
from arsync.core.ledger.payment_terms import CASH, DAYS_MAX, TermsKind, read_terms
from arsync.core.rulebook.facts import CONTACT_BY_NAME
from arsync.core.rulebook.model import Place
from arsync.core.rulebook.reading.hints import example_of, guessed, said_for_value
from arsync.core.rulebook.reading.yaml_nodes import (
    Problems,
    did_you_mean,
    is_empty,
    kind_of,
    odd_tag,
    place_of,
)

TEXT_CHARACTERS_MAX = 300
"""Names and tasks are one line: longer texts belong into templates."""

Schema = dict[str, Any]

SHIPPED_WAYS = ("accounting system", "smtp", "post", "sms")
"""The ways of `Via`, which stands beside the rulebook and not below it."""


@dataclass
class Source:
    """What is being read: where problems go, and what the whole rulebook knows."""

    file: str
    """What is read; each node knows the file that it was written in."""
    problems: Problems
    groups: dict[str, Any] = field(default_factory=dict)
    """The rulebook's groups: None while they are being read."""
    texts: Collection[str] | None = None
    """The reminder texts that exist; None: not checked."""
    ways: Collection[str] = SHIPPED_WAYS
    """What `via` can say: the ways that arsync brings along, and installed channels."""

    def place(self, node: Node) -> Place:
        """Return the place of a node."""
        return place_of(node)

    def problem(self, node: Node, message: str, hint: str = "") -> None:
        """Add a problem at the node."""
        self.problems.add(self.place(node), message, hint)


class Shape(Protocol):
    """What a value must look like."""

    def read(self, node: Node, source: Source, label: str) -> Any:
        """Return the value; None, after adding a problem, when it is wrong."""
        ...

    def schema(self) -> Schema:
        """Return the JSON Schema of the value."""
        ...


def scalar(node: Node, source: Source, label: str, expected: str, example: str = "") -> str | None:
    """Return a single value's text as it was written; None with a problem otherwise.

    Args:
        node: the value.
        source: where the problem goes.
        label: what the value is of: `'limit'` for that of a key.
        expected: what it must be, in words.
        example: a value that can stand there.
    """
    if not isinstance(node, ScalarNode):
        source.problem(
            node, f"{label} must be {expected}, not {kind_of(node)}.", as_in(label, example)
        )
        return None
    if odd_tag(node):
        # `!!int` and the like would turn the text into another value than the user sees.
        source.problem(node, f"{label} carries the tag {node.tag!r}.", "write the value alone")
        return None
    if is_empty(node):
        hint = as_in(label, example)
        source.problem(node, f"{label} is empty; it must be {expected}.", hint)
        return None
    return str(node.value)


def as_in(label: str, example: str) -> str:
    """Return a hint that shows a value, with its key where the label is one."""
    if not example:
        return ""
    key = re.fullmatch(r"'([a-z_]+)'", label)
    return f"as in {key[1]}: {example}" if key else f"as in {example}"


def entries(node: Node, source: Source, label: str, hint: str = "") -> list[tuple[str, Node, Node]]:
    """Return a mapping's (key, key node, value node); twice the same key is a problem.

    Args:
        node: the mapping.
        source: where problems go.
        label: what it is, in words.
        hint: what leads to a block, where something better than an example is known.
    """
    if not isinstance(node, MappingNode) or odd_tag(node):
        message = f"{label} must be a block of keys, not {kind_of(node)}."
        source.problem(node, message, hint or example_of(label))
        return []
    pairs: list[tuple[str, Node, Node]] = []
    first: dict[str, int] = {}
    for key_node, value in node.value:
        if not isinstance(key_node, ScalarNode):
            source.problem(key_node, f"a key of {label} must be a word, not {kind_of(key_node)}.")
            continue
        key = str(key_node.value).strip()
        # YAML reads `{at_least: 10,000}` as two keys: a limit of 10, and nothing under 000.
        if is_empty(value) and re.fullmatch(r"[0-9]{2}|[0-9]{3}([.][0-9]{2})?", key):
            message = f"the comma before {key!r} ends the number: inside braces it separates keys."
            decimals = len(key) == 2
            usual = "decimals follow a point" if decimals else "write 10000"
            more = ": write 10000.50" if decimals else ", or the line without braces"
            source.problem(key_node, message, usual + more)
            continue
        # It would hide where a value comes from; `extends` does the same and keeps the place.
        if key == "<<":
            source.problem(key_node, "'<<' is not used here.", "write the keys out")
            continue
        # YAML lets the last one win in silence, and one of the two was meant.
        if key in first:
            source.problem(
                key_node,
                f"{key!r} appears twice in {label}; first in line {first[key]}.",
                f"put both lists under one '{key}:'"
                if isinstance(value, SequenceNode) and value.value
                else "remove one of them",
            )
            continue
        first[key] = key_node.start_mark.line + 1
        pairs.append((key, key_node, value))
    return pairs


def items(node: Node, source: Source, label: str) -> list[Node]:
    """Return a list's items."""
    if not isinstance(node, SequenceNode) or odd_tag(node):
        shown = example_of(label)
        hint = "start each item with '- '" + (
            f", or {shown.removeprefix('as in ')}" if shown else ""
        )
        source.problem(node, f"{label} must be a list, not {kind_of(node)}.", hint)
        return []
    return list(node.value)


@dataclass(frozen=True)
class Text:
    """One line of text. Numbers, `NO` and the like are taken as they are written."""

    pattern: str = ""
    expected: str = "a text"
    example: str = ""

    def read(self, node: Node, source: Source, label: str) -> str | None:
        """Return the text."""
        text = scalar(node, source, label, self.expected, self.example or "Acme Ltd")
        if text is None:
            return None
        text = text.strip()
        # Names go into notes, letters and logs, where a line break would forge a line.
        if not text or len(text) > TEXT_CHARACTERS_MAX or not text.isprintable():
            source.problem(
                node, f"{label} must be one line of 1 to {TEXT_CHARACTERS_MAX} characters."
            )
            return None
        if self.pattern and not re.fullmatch(self.pattern, text):
            example = f"as in {self.example}" if self.example else ""
            source.problem(node, f"{label} is {text!r}; it must be {self.expected}.", example)
            return None
        return text

    def schema(self) -> Schema:
        """Return the schema."""
        if self.pattern:
            return {"type": "string", "pattern": f"^\\s*({self.pattern})\\s*$"}
        # Some room for blanks at the ends, which are dropped.
        return {"type": ["string", "number", "boolean"], "maxLength": TEXT_CHARACTERS_MAX + 50}


# Commas in threes, a point before two decimals, nothing else: `10.000` is ten in one country and
# ten thousand in the next, so it is refused rather than guessed.
_AMOUNT = r"(0|[1-9][0-9]*|[1-9][0-9]{0,2}(,[0-9]{3})+)(\.[0-9]{2})?"


class AmountShape:
    """An amount: `10000`, `10,000` or `10,000.50`, in the rulebook's currency."""

    def read(self, node: Node, source: Source, label: str) -> Decimal | None:
        """Return the amount."""
        text = scalar(node, source, label, "an amount", "10,000")
        return None if text is None else self.parse(text, node, source, label)

    def parse(self, text: str, node: Node, source: Source, label: str) -> Decimal | None:
        """Return the amount that the text says."""
        if not re.fullmatch(_AMOUNT, text):
            source.problem(
                node, f"{label} is {text!r}, which is not an amount.", _amount_hint(text)
            )
            return None
        amount = Decimal(text.replace(",", ""))
        if amount >= AMOUNT_MAX:
            source.problem(node, f"{label} is {text!r}; amounts stay below {AMOUNT_MAX:,}.")
            return None
        return amount

    def schema(self) -> Schema:
        """Return the schema."""
        return {
            "anyOf": [
                {"type": "number", "minimum": 0},
                {"type": "string", "pattern": f"^{_AMOUNT}$"},
            ]
        }


_NOTHING = frozenset({"none", "no", "null", "unlimited", "no limit", "infinite", "off"})


def _amount_hint(text: str) -> str:
    usual = "write 10000, 10,000 or 10,000.50"
    if text.casefold() in _NOTHING:
        return f"leave the line out where there is none; otherwise {usual}"
    if re.search(r"[£$€¥]|[A-Za-z]{3}", text):
        return f"leave the currency out, the rulebook says it once: {usual}"
    if re.fullmatch(r"0[0-9]+", text):
        return f"no leading zero: {usual}"
    if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{3})+(,[0-9]+)?", text):
        return f"the comma separates thousands, the point decimals: {usual}"
    if text.startswith("-"):
        return f"amounts are not negative; turn the question round: {usual}"
    return usual


@dataclass(frozen=True)
class WholeNumber:
    """A whole number within bounds."""

    least: int
    most: int
    expected: str = "a whole number"

    def read(self, node: Node, source: Source, label: str) -> int | None:
        """Return the number."""
        example = str(max(self.least, min(7, self.most)))
        text = scalar(node, source, label, self.expected, example)
        if text is None:
            return None
        # No leading zero: `010` is 8 to YAML, and 10 to the person who wrote it.
        if not re.fullmatch(r"[+-]?(0|[1-9][0-9]{0,8})", text):
            hint = as_in(label, example)
            if re.fullmatch(r"0[0-9]+", text):
                hint = "no leading zero"
            source.problem(node, f"{label} is {text!r}; it must be {self.expected}.", hint)
            return None
        number = int(text)
        if not self.least <= number <= self.most:
            source.problem(
                node, f"{label} is {number}; it must be from {self.least} to {self.most:,}."
            )
            return None
        return number

    def schema(self) -> Schema:
        """Return the schema."""
        return {
            "anyOf": [
                {"type": "integer", "minimum": self.least, "maximum": self.most},
                {"type": "string", "pattern": r"^[+-]?(0|[1-9][0-9]{0,8})$"},
            ]
        }


_PERCENT = r"(0|[1-9][0-9]{0,5})(\.[0-9]{1,2})?\s*%?"


class Percent:
    """A percentage: `10`, `12.5` or `12.5%`."""

    def read(self, node: Node, source: Source, label: str) -> Decimal | None:
        """Return the percentage."""
        text = scalar(node, source, label, "a percentage", "12.5%")
        if text is None:
            return None
        if not re.fullmatch(_PERCENT, text):
            source.problem(
                node, f"{label} is {text!r}, which is not a percentage.", "write 10, 12.5 or 12.5%"
            )
            return None
        return Decimal(text.removesuffix("%").strip())

    def schema(self) -> Schema:
        """Return the schema."""
        return {
            "anyOf": [
                {"type": "number", "minimum": 0},
                {"type": "string", "pattern": f"^{_PERCENT}$"},
            ]
        }


class DayShape:
    """A calendar day: `2027-01-31`."""

    def read(self, node: Node, source: Source, label: str) -> date | None:
        """Return the day."""
        text = scalar(node, source, label, "a day", "2027-01-31")
        return None if text is None else self.parse(text, node, source, label)

    def parse(self, text: str, node: Node, source: Source, label: str) -> date | None:
        """Return the day that the text says."""
        try:
            # One form only: 03/02 is two days, depending on who reads it.
            if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
                day = date.fromisoformat(text)
                if is_in_range(day):
                    return day
                source.problem(node, f"{label} is {text!r}: {OUT_OF_RANGE}")
                return None
        except ValueError:
            source.problem(node, f"{label} is {text!r}: there is no such day.")
            return None
        hint = "year, month, day, as in 2027-01-31"
        source.problem(node, f"{label} is {text!r}, which is not a day.", hint)
        return None

    def schema(self) -> Schema:
        """Return the schema."""
        return {"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}


class Span:
    """A length of time: `26 hours`, `7 days`."""

    PATTERN = r"([1-9][0-9]{0,3}) (hours?|days?)"
    DAYS_MAX = 366

    def read(self, node: Node, source: Source, label: str) -> timedelta | None:
        """Return the length."""
        text = scalar(node, source, label, "a length of time", "26 hours")
        if text is None:
            return None
        match = re.fullmatch(self.PATTERN, text)
        if match is None:
            hint = "a whole number and hours or days, as in 26 hours"
            source.problem(node, f"{label} is {text!r}, which is not a length of time.", hint)
            return None
        length = timedelta(**{"hours" if match[2].startswith("hour") else "days": int(match[1])})
        if length > timedelta(self.DAYS_MAX):
            source.problem(node, f"{label} is {text!r}; it can be at most {self.DAYS_MAX} days.")
            return None
        return length

    def schema(self) -> Schema:
        """Return the schema."""
        return {"type": "string", "pattern": f"^{self.PATTERN}$"}


class Window(NamedTuple):
    """Hours of the day."""

    earliest: time
    latest: time


class Hours:
    """Hours of the day: `09:00-16:30`."""

    PATTERN = r"([01]?[0-9]|2[0-3]):[0-5][0-9]\s*-\s*([01]?[0-9]|2[0-3]):[0-5][0-9]"

    def read(self, node: Node, source: Source, label: str) -> Window | None:
        """Return the hours."""
        text = scalar(node, source, label, "hours of the day", "09:00-16:30")
        if text is None:
            return None
        if not re.fullmatch(self.PATTERN, text, re.ASCII):
            hint = "two times of the 24-hour clock, as in 09:00-16:30"
            source.problem(node, f"{label} is {text!r}, which is not a time of day.", hint)
            return None
        # People write `9:30`; Python reads only `09:30`.
        ends = [time.fromisoformat(end.strip().rjust(5, "0")) for end in text.split("-")]
        if ends[0] >= ends[1]:
            source.problem(node, f"{label} is {text!r}: it ends before it starts.")
            return None
        return Window(*ends)

    def schema(self) -> Schema:
        """Return the schema."""
        return {"type": "string", "pattern": f"^{self.PATTERN}$"}


@dataclass(frozen=True)
class Words:
    """One of a few fixed words."""

    choices: tuple[str, ...]
    otherwise: str = ""
    """What is advised to whoever writes another word that is near none."""

    def read(self, node: Node, source: Source, label: str) -> str | None:
        """Return the word."""
        text = scalar(node, source, label, " or ".join(self.choices), self.choices[0])
        if text is None:
            return None
        if text in self.choices:
            return text
        message = f"{label} is {text!r}; it can be {', '.join(self.choices)}."
        hint = said_for_value(label, text) or _nearest_only(text, self.choices) or self.otherwise
        source.problem(node, message, hint)
        return None

    def schema(self) -> Schema:
        """Return the schema."""
        return {"enum": list(self.choices)}


def _nearest_only(text: str, choices: tuple[str, ...]) -> str:
    begun = [choice for choice in choices if len(text) > 1 and choice.startswith(text.casefold())]
    if len(begun) == 1:
        return f"did you mean {begun[0]!r}?"
    hint = did_you_mean(text, choices)
    return hint if hint.startswith("did you mean") else ""


@dataclass(frozen=True)
class TextList:
    """Several texts, or one."""

    def read(self, node: Node, source: Source, label: str) -> tuple[str, ...] | None:
        """Return the texts."""
        if isinstance(node, SequenceNode):
            texts = [Text().read(element, source, label) for element in items(node, source, label)]
            return tuple(text for text in texts if text is not None)
        text = Text().read(node, source, label)
        return None if text is None else (text,)

    def schema(self) -> Schema:
        """Return the schema."""
        return {"anyOf": [Text().schema(), {"type": "array", "items": Text().schema()}]}


@dataclass(frozen=True)
class TermsShape:
    """Payment terms: `cash on delivery`, `14 days`, or what the accounting system calls them."""

    def read(self, node: Node, source: Source, label: str) -> str | None:
        """Return the terms as they are written."""
        text = Text().read(node, source, label)
        if text is None:
            return None
        terms = read_terms(text)
        hint = did_you_mean(text, (CASH,)) if terms and terms.kind is TermsKind.NAMED else ""
        if terms is None:
            message = f"{label} is {text!r}: days are 1 to {DAYS_MAX}, of a month 1 to 31."
            source.problem(node, message)
            return None
        if hint.startswith("did you mean"):
            source.problem(node, f"{label} is {text!r}.", hint)
            return None
        return text

    def schema(self) -> Schema:
        """Return the schema."""
        return Text().schema()


@dataclass(frozen=True)
class WordsList:
    """Several of a few fixed words, or one."""

    choices: tuple[str, ...]
    otherwise: str = ""
    """As of `Words`."""

    def read(self, node: Node, source: Source, label: str) -> frozenset[str] | None:
        """Return the words."""
        each = items(node, source, label) if isinstance(node, SequenceNode) else [node]
        word = Words(self.choices, self.otherwise)
        words = [word.read(element, source, label) for element in each]
        return None if None in words else frozenset(word for word in words if word)

    def schema(self) -> Schema:
        """Return the schema."""
        word_schema = Words(self.choices).schema()
        return {"anyOf": [word_schema, {"type": "array", "items": word_schema}]}


REMOVE_WORDS = ("true", "True", "TRUE", "yes", "Yes", "YES")
"""The values of `remove:` that remove a whole element."""


class Removal:
    """`true` removes what is named; a list of keys removes these keys.

    What can be removed is gone before a rulebook is read, so whatever is read here is wrong.
    """

    def read(self, node: Node, source: Source, label: str) -> None:
        """Report that nothing can be removed here."""
        texts = isinstance(node, SequenceNode) and node.value
        if texts or (isinstance(node, ScalarNode) and node.value in REMOVE_WORDS):
            source.problem(node, "there is nothing below that could be removed here.")
        else:
            hint = "write remove: true, or remove: [unless, terms]"
            source.problem(node, f"{label} is neither true nor a list of keys.", hint)

    def schema(self) -> Schema:
        """Return the schema."""
        keys: Schema = {"type": "array", "minItems": 1, "items": {"type": "string"}}
        return {"anyOf": [{"enum": [True, *REMOVE_WORDS]}, keys]}


class Key(NamedTuple):
    """One key of a block: its name, its shape, what it means."""

    name: str
    shape: Shape
    description: str
    required: bool = False


class Block(NamedTuple):
    """A block as read: values by key, and the nodes of the values."""

    values: dict[str, Any]
    nodes: dict[str, Node]

    def get(self, key: str, default: Any = None) -> Any:
        """Return a key's value."""
        value = self.values.get(key)
        return default if value is None else value


def read_block(node: Node, keys: tuple[Key, ...], source: Source, label: str) -> Block:
    """Read a block by its table of keys; every problem is added to the source."""
    block = Block({}, {})
    by_name = {key.name: key for key in keys}
    for name, key_node, value in entries(node, source, label):
        key = by_name.get(name)
        if key is None:
            hint = (
                guessed(label, name) or _fact_in_when(name, by_name) or did_you_mean(name, by_name)
            )
            source.problem(key_node, f"unknown key {name!r} in {label}.", hint)
            continue
        block.nodes[name] = value
        block.values[name] = key.shape.read(value, source, f"{name!r}")
    # An element that is only there to be removed needs nothing but its name.
    if isinstance(node, MappingNode) and "remove" not in block.nodes:
        for key in keys:
            if key.required and key.name not in block.nodes:
                source.problem(node, f"{label} needs {key.name!r}: {key.description}.")
    return block


def _fact_in_when(name: str, keys: Collection[str]) -> str:
    """Return the hint for a fact that stands beside `when:` instead of under it."""
    field = CONTACT_BY_NAME.get(name)
    return f"write when: {{{name}: {field.example}}}" if field and "when" in keys else ""


def block_schema(keys: tuple[Key, ...]) -> Schema:
    """Return the JSON Schema of a block.

    Where an element can be changed or removed, only its name is required: the rest may come from
    the rulebook that this one extends. The reader asks for all of it.
    """
    names = [key.name for key in keys]
    needed = names[:1] if "remove" in names else names
    required = [key.name for key in keys if key.required and key.name in needed]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            key.name: {"description": key.description, **key.shape.schema()} for key in keys
        },
        **({"required": required} if required else {}),
    }
