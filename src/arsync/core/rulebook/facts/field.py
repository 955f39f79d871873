"""Fields: the columns of the table of facts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from msgspec import Struct

from arsync.core.rulebook.facts.movement import Movement

# Any: a row mixes kinds. The reader checks each question against the fact's kind once, so planning
# checks nothing.
Value = Any
"""Decimal, int, bool, text, a frozenset of texts, or None for unknown."""

Row = Sequence[Any]
"""The facts of one contact, or of one invoice, by their position."""


class FactKind(StrEnum):
    """The kind of a fact's value, which decides the questions it can answer."""

    AMOUNT = "amount"
    PERCENT = "percent"
    DAYS = "days"
    COUNT = "count"
    YES_NO = "yes or no"
    CHOICE = "choice"
    TEXT = "text"
    TEXTS = "texts"
    GROUP = "group"


NUMBERS = frozenset({FactKind.AMOUNT, FactKind.PERCENT, FactKind.DAYS, FactKind.COUNT})
WHOLE_NUMBERS = frozenset({FactKind.DAYS, FactKind.COUNT})


class Bounds(NamedTuple):
    """Between which numbers a fact certainly is; None: as low, or as high, as you like."""

    least: int | None = None
    most: int | None = None


ANY_NUMBER = Bounds()
FROM_0 = Bounds(0)
PERCENTAGE = Bounds(0, 100)


class OwnActions(StrEnum):
    """The actions of arsync that change a fact, from the next day on."""

    MESSAGES = "messages"
    HOLDS = "holds"


class Vocabulary(NamedTuple):
    """What else people may write for the choices of a fact."""

    said: Callable[[str], str]
    """Returns the choice that a text means; empty when it means none."""
    meant: Callable[[str], str]
    """Returns the choice that a text is most likely a slip for; empty when it is like none."""


class Field(NamedTuple):
    """One fact: all that is known of it, in one row."""

    name: str
    of: str
    """`contact`, `invoice`, `application`, or `supplier`."""
    kind: FactKind
    description: str
    source: str
    """Where it comes from."""
    compute: Callable[..., Value]
    """The function: of the contact, for an invoice's fact of the invoice too; of an application."""
    moves: Movement
    """How it changes with time alone."""
    phrase: str
    """How people say its value, `{}`: `{} overdue`. Two phrases, parted by `|`, are those of yes
    and no, or of one and several. A fact's name in braces stands for that fact's value."""
    is_tolerated: bool = False
    """Whether a bound on it says what the business puts up with: `60 allowed`, `50% needed`."""
    bounds: Bounds | None = None
    """Of a number; None: it is none."""
    changed_by: OwnActions | None = None
    unknown: str = ""
    """When it is unknown; empty: never."""
    choices: tuple[str, ...] = ()
    vocabulary: Vocabulary | None = None
    """None: a choice is written as it is."""
    example: str = ""
    needs_limit: bool = False
    """It rests on the credit limit, so it cannot help to choose one."""
    sources: Callable[[Any], str] | None = None
    """Who said it, and when: `Bureau said no on 2026-11-19`, of what `compute` is given; None: it
    comes from the books or from people here."""
    position: int = -1
    """Its index in a row of facts."""


class FieldView(
    Struct, frozen=True, rename={"kind": "is", "description": "means", "source": "from"}
):
    """The JSON view of a fact."""

    name: str
    of: str
    kind: FactKind
    choices: tuple[str, ...]
    description: str
    unknown: str
    source: str
    example: str


def field_view(field: Field) -> FieldView:
    """Return the JSON view of a fact."""
    return FieldView(
        field.name,
        field.of,
        field.kind,
        tuple(field.choices),
        field.description,
        field.unknown,
        field.source,
        field.example,
    )
