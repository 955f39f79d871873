"""Conditions as people say them: `81 days overdue, 60 allowed`.

Names of facts are for the rulebook. What arsync writes into the books is read by people who have
never seen it, so it says the figures that decided, in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from string import Formatter
from typing import NamedTuple

from arsync.core.rulebook.conditions import (
    COMPARISONS,
    AllOf,
    Answer,
    AnyOf,
    Compare,
    HeldFor,
    InGroup,
    Leaf,
    Negation,
    Node,
    all_of,
    days_held,
    negated,
    trace,
)
from arsync.core.rulebook.facts import FactKind, Field, Row, Value, in_words

_TOO_MUCH = frozenset({"more_than", "at_least"})


class Saying(NamedTuple):
    """What saying a condition needs."""

    contact: Row
    invoice: Row | None
    currency: str
    value_of: Callable[[str], Value]
    """A fact of the contact by its name, whether the rulebook asks for it or not."""
    field_of: Callable[[str], Field]


def spoken(tree: Node, saying: Saying) -> tuple[str, ...]:
    """Return what decided a condition, in words, each thing once; nothing while it is undecided."""
    answers = _Answers(saying)
    answer = answers.of(tree)
    return () if answer is None else tuple(dict.fromkeys(_deciding(tree, answer, answers)))


class _Answers:
    """The answers of a condition and of all its parts, each worked out once."""

    def __init__(self, saying: Saying) -> None:
        self.saying = saying
        self._by_node: dict[int, Answer] = {}

    def of(self, node: Node) -> Answer:
        """Return a part's answer."""
        # By identity: to compare two parts takes longer than to answer one.
        key = id(node)
        if key not in self._by_node:
            self._by_node[key] = self._worked_out(node)
        return self._by_node[key]

    def _worked_out(self, node: Node) -> Answer:
        match node:
            case AllOf(children):
                return all_of([self.of(child) for child in children])
            case AnyOf(children):
                return negated(all_of([negated(self.of(child)) for child in children]))
            case Negation(child):
                return negated(self.of(child))
            case InGroup(_, child):
                return self.of(child)
            case _:
                return trace(node, self.saying.contact, self.saying.invoice).answer


def _deciding(node: Node, answer: bool, answers: _Answers) -> Iterator[str]:
    """Yield the words of each question that made the node's answer what it is."""
    match node:
        case AllOf(children) | AnyOf(children):
            deciding = [child for child in children if answers.of(child) is answer]
            for field, of_one in groupby(deciding, key=_compared):
                comparisons = list(of_one)
                if field is not None and len(comparisons) > 1 and answer:
                    yield _said_between(comparisons, answers.saying)
                    continue
                for child in comparisons:
                    yield from _deciding(child, answer, answers)
        case Negation(child):
            # An exception that does not apply is no reason; one that does, ends it.
            if answer is False or _is_a_bound(child):
                yield from _deciding(child, not answer, answers)
        case HeldFor():
            yield from _lasting(node, answers)
        case InGroup(name, _):
            yield f"in the group {name}" if answer else f"not in the group {name}"
        case _:
            yield _said(node, answer, answers.saying)


def _lasting(node: HeldFor, answers: _Answers) -> Iterator[str]:
    """Yield the words of what is to have held for some time, and for how long it has."""
    saying = answers.saying
    if answers.of(node.child) is not True:
        yield from _deciding(node.child, False, answers)
        return
    days = days_held(node, saying.contact, saying.invoice)
    so_far = "" if days is None or days >= node.days else f"{days} of "
    words = ", ".join(_deciding(node.child, True, answers))
    yield f"{words}, for {so_far}{_days(node.days)}"


def _is_a_bound(node: Node) -> bool:
    """Return whether a negated condition is a bound turned round: `not: {x: {less_than: 5}}`."""
    return isinstance(node, Compare) or (
        isinstance(node, AllOf | AnyOf) and all(_is_a_bound(child) for child in node.children)
    )


def _compared(node: Node) -> Field | None:
    """Return the fact whose bound this is; None: it is no bound."""
    return node.field if isinstance(node, Compare) else None


def _said_between(bounds: Sequence[Node], saying: Saying) -> str:
    """Return several bounds of one fact in words: `95% of the limit used (at least 90%, ...)`."""
    leaves = [node for node in bounds if isinstance(node, Compare)]
    text = said(leaves[0].field, _value(leaves[0].field, saying), saying)
    limits = (f"{COMPARISONS[leaf.word][1]} {_limit(leaf, saying)}" for leaf in leaves)
    return f"{text} ({', '.join(limits)})"


def _limit(leaf: Compare, saying: Saying) -> str:
    operand = leaf.operand
    bound = _value(operand, saying) if isinstance(operand, Field) else operand
    field = operand if isinstance(operand, Field) else leaf.field
    return _bound(field, bound, saying.currency)


def _said(leaf: Leaf, answer: bool, saying: Saying) -> str:
    value = _value(leaf.field, saying)
    text = said(leaf.field, value, saying)
    if not isinstance(leaf, Compare):
        return text
    limit = _limit(leaf, saying)
    if not leaf.field.is_tolerated:
        return f"{text} ({COMPARISONS[leaf.word][1]} {limit})"
    return f"{text}, {limit} {'allowed' if leaf.word in _TOO_MUCH else 'needed'}"


def said(field: Field, value: Value, saying: Saying) -> str:
    """Return a fact with its value as people say it: `81 days overdue`, `1 open invoice`."""
    name = field.name.replace("_", " ")
    if value is None:
        return f"{name} unknown"
    first, _, second = field.phrase.partition("|")
    if isinstance(value, bool):
        return first if value else second
    phrase = second if second and value != 1 else first
    words = _days(value) if field.kind is FactKind.DAYS and "day {}" not in phrase else ""
    shown = words or in_words(field, value, saying.currency)
    others = {
        other_name: in_words(
            saying.field_of(other_name), saying.value_of(other_name), saying.currency
        )
        for _, other_name, _, _ in Formatter().parse(phrase)
        if other_name
    }
    return phrase.format(shown, **others)


def _days(value: int) -> str:
    return f"{value:,} day" if value == 1 else f"{value:,} days"


def _bound(field: Field, value: Value, currency: str) -> str:
    return f"{value:,}" if field.kind is FactKind.DAYS else in_words(field, value, currency)


def _value(field: Field, saying: Saying) -> Value:
    row = saying.contact if field.of == "contact" else saying.invoice
    assert row is not None, "a condition on invoices is said with an invoice"
    return row[field.position]
