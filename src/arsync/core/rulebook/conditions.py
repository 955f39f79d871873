"""Conditions: a checked tree, one fast function made from it, and a slow evaluator that explains.

Answers are three-valued (Kleene): True, False, and None for unknown. Both evaluators must agree.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from arsync.core.rulebook.facts import HELD_DAYS, Field, Row, Value, in_words

Answer = bool | None
Test = Callable[[Any, Any], Answer]

COMPARISONS = {
    "more_than": (">", "more than"),
    "at_least": (">=", "at least"),
    "less_than": ("<", "less than"),
    "at_most": ("<=", "at most"),
    "exactly": ("==", "exactly"),
}
"""The words that compare numbers: in the rulebook, in Python, for people."""


class FileLine(NamedTuple):
    """The line of a rulebook on which something is asked."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Compare:
    """A number against a constant or another fact."""

    field: Field
    word: str
    operand: Decimal | int | Field
    at: FileLine | None = dataclasses.field(default=None, compare=False)
    """Where it is written; None: it was made, not read."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """A text that is one of several, or a set of texts that holds one of them."""

    field: Field
    values: frozenset[str]
    """Folded: letter case makes no difference."""
    shown: str
    """As the user wrote them, in words."""
    texts: tuple[str, ...] = dataclasses.field(default=(), compare=False)
    """As the user wrote each."""
    at: FileLine | None = dataclasses.field(default=None, compare=False)
    """Where it is written; None: it was made, not read."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A yes or no."""

    field: Field
    value: bool
    at: FileLine | None = dataclasses.field(default=None, compare=False)
    """Where it is written; None: it was made, not read."""


@dataclass(frozen=True, slots=True)
class Known:
    """Whether a fact is known. Never unknown itself."""

    field: Field
    is_known: bool
    at: FileLine | None = dataclasses.field(default=None, compare=False)
    """Where it is written; None: it was made, not read."""


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every child must hold."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One child must hold."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """The child must not hold."""

    child: Node


@dataclass(frozen=True, slots=True)
class InGroup:
    """The contact is in a group of the rulebook; `child` is the group's definition."""

    name: str
    child: Node


@dataclass(frozen=True, slots=True)
class HeldFor:
    """The child holds, and has held for so many days, as far as it was looked at.

    Unknown while the child is, and while nobody has looked yet.
    """

    child: Node
    days: int
    identity: str
    """Of the child, by what it asks: neither another place nor other days make it another."""

    @property
    def scope(self) -> str:
        """Return of whom it is remembered: `contact`, or `invoice` when it asks about one."""
        return "invoice" if any(f.of == "invoice" for f in fields_of(self.child)) else "contact"

    @property
    def words(self) -> str:
        """Return `for 7 days`."""
        return f"for {self.days} days" if self.days != 1 else "for 1 day"


Leaf = Compare | OneOf | Flag | Known
Node = Leaf | AllOf | AnyOf | Negation | InGroup | HeldFor


def held_for(child: Node, days: int) -> HeldFor:
    """Return the condition that a child has held for some days."""
    return HeldFor(child, days, identity_of(child))


def identity_of(node: Node) -> str:
    """Return what names a condition for good: the same for the same questions, 16 hex digits."""
    return hashlib.sha256(_canonical(node).encode()).hexdigest()[:16]


def _canonical(node: Node) -> str:
    match node:
        case AllOf(children) | AnyOf(children):
            # In which order they are written makes no difference.
            return f"{type(node).__name__}({','.join(sorted(map(_canonical, children)))})"
        case Negation(child):
            return f"Negation({_canonical(child)})"
        case InGroup(_, child):
            return _canonical(child)
        case HeldFor(child, days, _):
            return f"HeldFor({days},{_canonical(child)})"
        case Compare(field, word, operand):
            against = operand.name if isinstance(operand, Field) else f"{Decimal(operand):f}"
            return f"{field.of}.{field.name} {word} {against}"
        case OneOf(field, values, _):
            return f"{field.of}.{field.name} in {sorted(values)!r}"
        case Flag(field, value):
            return f"{field.of}.{field.name} is {value}"
    return f"{node.field.of}.{node.field.name} known {node.is_known}"


class Question(NamedTuple):
    """One question of a condition, and what it wants: the same for every row."""

    field: Field
    expectation: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition. `test(contact_row, invoice_row)` answers True, False or None."""

    tree: Node
    test: Test = field(init=False, compare=False, repr=False)
    """The tree as one fast function, compiled when it is first asked for."""
    questions: tuple[Question, ...] = field(init=False, compare=False, repr=False)
    """Every question of the tree, in order, found when they are first asked for."""
    fields: frozenset[Field] = field(init=False, compare=False, repr=False)
    """Every fact that the tree asks for, found as well when it is first asked for."""
    spans: tuple[HeldFor, ...] = field(init=False, compare=False, repr=False)
    """Every part that is to have held for some time."""

    @classmethod
    def of(cls, tree: Node) -> Condition:
        """Return the condition of a tree."""
        return cls(tree)

    def __getattr__(self, name: str) -> Any:
        """Make what is missing: reading a rulebook to check it needs none of it."""
        if name not in _MADE:
            raise AttributeError(name)
        # Frozen for all other code: these values follow from the tree alone.
        compiled_part = _MADE[name](self.tree)
        object.__setattr__(self, name, compiled_part)
        return compiled_part


def leaves(node: Node) -> Iterator[Leaf]:
    """Yield every question of the tree, in order."""
    match node:
        case AllOf(children) | AnyOf(children):
            for child in children:
                yield from leaves(child)
        case Negation(child) | InGroup(_, child) | HeldFor(child):
            yield from leaves(child)
        case _:
            yield node


def asked_at(node: Node, at: FileLine) -> Node:
    """Return what is asked of one fact with the line on which it is; groups keep theirs."""
    match node:
        case AllOf(children):
            return AllOf(tuple(asked_at(child, at) for child in children))
        case Compare() | OneOf() | Flag() | Known():
            return dataclasses.replace(node, at=at)
    return node


def questions(node: Node) -> Iterator[Question]:
    """Yield every question of the tree, in order, as the evidence words it."""
    match node:
        case AllOf(children) | AnyOf(children):
            for child in children:
                yield from questions(child)
        case Negation(child):
            for question in questions(child):
                yield question._replace(expectation=_turned(question.expectation))
        case InGroup(_, child):
            yield from questions(child)
        case HeldFor(child):
            for question in questions(child):
                yield question._replace(expectation=f"{question.expectation} {node.words}")
        case _:
            yield Question(node.field, wanted_in_words(node))


def spans(node: Node) -> Iterator[HeldFor]:
    """Yield every condition of the tree that is to have held for some time, inner ones first."""
    match node:
        case AllOf(children) | AnyOf(children):
            for child in children:
                yield from spans(child)
        case Negation(child) | InGroup(_, child):
            yield from spans(child)
        case HeldFor(child):
            yield from spans(child)
            yield node
        case _:
            return


def fields_of(node: Node) -> set[Field]:
    """Return every fact that the tree asks for."""
    fields: set[Field] = set()
    for leaf in leaves(node):
        fields.add(leaf.field)
        if isinstance(leaf, Compare) and isinstance(leaf.operand, Field):
            fields.add(leaf.operand)
    return fields


def compiled(tree: Node) -> Test:
    """Make one Python function of the tree.

    Its source holds operators, row positions and the names of constants only: no text of the user
    gets into it. Each node yields two plain expressions, "certainly yes" and "certainly no", so
    that no three-valued arithmetic is left for run time.
    """
    # Constants are passed as default arguments: local names are the fastest, and no text of the
    # user becomes part of the source.
    constants: list[Any] = []
    yes, no = _source(tree, constants)
    arguments = "".join(f", k{number}=k{number}" for number in range(len(constants)))
    source = f"def test(c, i{arguments}):\n    return True if {yes} else False if {no} else None\n"
    scope: dict[str, Any] = {f"k{number}": value for number, value in enumerate(constants)}
    exec(compile(source, "<condition>", "exec"), scope)  # noqa: S102 - see the docstring
    test: Test = scope["test"]
    return test


def _slot(of: Field) -> str:
    return f"{'c' if of.of == 'contact' else 'i'}[{of.position}]"


def _constant(value: object, constants: list[Any]) -> str:
    constants.append(value)
    return f"k{len(constants) - 1}"


def _source(node: Node, constants: list[Any]) -> tuple[str, str]:
    match node:
        case AllOf(children):
            # Kleene's logic: yes takes every child's yes, no takes one child's no, the rest is
            # unknown.
            pairs = [_source(child, constants) for child in children]
            return _joined("and", [yes for yes, _ in pairs]), _joined("or", [no for _, no in pairs])
        case AnyOf(children):
            pairs = [_source(child, constants) for child in children]
            return _joined("or", [yes for yes, _ in pairs]), _joined("and", [no for _, no in pairs])
        case Negation(child):
            yes, no = _source(child, constants)
            return no, yes
        case InGroup(_, child):
            return _source(child, constants)
        case HeldFor(child, days, _):
            yes, no = _source(child, constants)
            held = _held_source(node, constants)
            # Not seen yet counts as no number of days: neither enough nor too few.
            return (
                f"({yes} and ({held} or 0) >= {days})",
                f"({no} or ({yes} and {held} is not None and {held} < {days}))",
            )
        case Known(asked, known):
            yes, no = f"{_slot(asked)} is not None", f"{_slot(asked)} is None"
            # Both are certain: whether something is known is never unknown itself.
            return (yes, no) if known else (no, yes)
        case Flag(asked, value):
            # `is`, because None is neither yes nor no.
            return f"{_slot(asked)} is {value}", f"{_slot(asked)} is {not value}"
        case OneOf():
            return _one_of_source(node, constants)
    return _compare_source(node, constants)


def _held_source(node: HeldFor, constants: list[Any]) -> str:
    row = "c" if node.scope == "contact" else "i"
    nothing, identity = _constant({}, constants), _constant(node.identity, constants)
    return f"({row}[{HELD_DAYS[node.scope]}] or {nothing}).get({identity})"


def _joined(word: str, sources: list[str]) -> str:
    if not sources:
        # All of nothing holds: a rule without `when` is for everyone.
        return "True" if word == "and" else "False"
    return "(" + f" {word} ".join(sources) + ")"


def _one_of_source(node: OneOf, constants: list[Any]) -> tuple[str, str]:
    slot, values = _slot(node.field), _constant(node.values, constants)
    if node.field.kind.value == "texts":
        hit = f"not {slot}.isdisjoint({values})"
        miss = f"{slot}.isdisjoint({values})"
    else:
        hit, miss = f"{slot} in {values}", f"{slot} not in {values}"
    return f"({slot} is not None and {hit})", f"({slot} is not None and {miss})"


def _compare_source(node: Compare, constants: list[Any]) -> tuple[str, str]:
    slot, sign = _slot(node.field), COMPARISONS[node.word][0]
    is_known = f"{slot} is not None"
    if isinstance(node.operand, Field):
        operand = _slot(node.operand)
        is_known = f"{is_known} and {operand} is not None"
    else:
        operand = _constant(node.operand, constants)
    return (
        f"({is_known} and {slot} {sign} {operand})",
        f"({is_known} and not {slot} {sign} {operand})",
    )


_MADE: Mapping[str, Callable[[Node], Any]] = {
    "test": compiled,
    "questions": lambda tree: tuple(questions(tree)),
    "fields": lambda tree: frozenset(fields_of(tree)),
    "spans": lambda tree: tuple(spans(tree)),
}
"""Parts of a condition that are made from its tree on first use."""


class Evidence(NamedTuple):
    """One question of a condition, with what it found."""

    field: Field
    value: Value
    expectation: str
    answer: Answer
    unknown: tuple[Field, ...] = ()
    """The facts for which there is no answer: the one that is asked, what it is compared with."""
    at: FileLine | None = None
    """Where it is asked, which is elsewhere than its rule where a group asks it."""

    def in_words(self, currency: str) -> str:
        """Return `oldest_days_overdue 74 (at least 60)`."""
        return (
            f"{self.field.name} {in_words(self.field, self.value, currency)} ({self.expectation})"
        )


class Trace(NamedTuple):
    """A condition's answer and everything it rests on."""

    answer: Answer
    evidence: tuple[Evidence, ...]


def trace(node: Node, contact: Row, invoice: Row | None = None) -> Trace:
    """Evaluate slowly, keeping the evidence. Nothing is cut short, so that all facts show."""
    # It shares no code with the compiled function on purpose: a property test compares the two, so
    # a mistake would have to be made twice.
    match node:
        case AllOf(children):
            traces = [trace(child, contact, invoice) for child in children]
            return Trace(all_of([child_trace.answer for child_trace in traces]), _evidence(traces))
        case AnyOf(children):
            traces = [trace(child, contact, invoice) for child in children]
            turned = all_of([negated(child_trace.answer) for child_trace in traces])
            return Trace(negated(turned), _evidence(traces))
        case Negation(child):
            inner = trace(child, contact, invoice)
            turned_round = tuple(
                evidence._replace(expectation=_turned(evidence.expectation))
                for evidence in inner.evidence
            )
            return Trace(negated(inner.answer), turned_round)
        case InGroup(_, child):
            return trace(child, contact, invoice)
        case HeldFor(child):
            return _trace_span(node, trace(child, contact, invoice), contact, invoice)
        case _:
            return _trace_leaf(node, contact, invoice)


def _trace_span(node: HeldFor, inner: Trace, contact: Row, invoice: Row | None) -> Trace:
    evidence = tuple(
        question._replace(expectation=f"{question.expectation} {node.words}")
        for question in inner.evidence
    )
    if inner.answer is not True:
        return Trace(inner.answer, evidence)
    days = days_held(node, contact, invoice)
    return Trace(None if days is None else days >= node.days, evidence)


def days_held(node: HeldFor, contact: Row, invoice: Row | None) -> int | None:
    """Return for how many days a condition has held, if it holds; None: nobody looked yet."""
    row = contact if node.scope == "contact" else invoice
    assert row is not None, "a condition on invoices is asked with an invoice"
    known_days: Mapping[str, int] | None = row[HELD_DAYS[node.scope]]
    return None if known_days is None else known_days.get(node.identity)


def _turned(expectation: str) -> str:
    return (
        expectation.removeprefix("not ") if expectation.startswith("not ") else f"not {expectation}"
    )


def _evidence(traces: list[Trace]) -> tuple[Evidence, ...]:
    return tuple(evidence for child_trace in traces for evidence in child_trace.evidence)


def all_of(answers: list[Answer]) -> Answer:
    """Return whether all hold; None while nobody knows."""
    if any(answer is False for answer in answers):
        return False
    return None if any(answer is None for answer in answers) else True


def negated(answer: Answer) -> Answer:
    """Return the opposite; what is unknown stays unknown."""
    return None if answer is None else not answer


def _value(of: Field, contact: Row, invoice: Row | None) -> Value:
    if of.of == "contact":
        return contact[of.position]
    assert invoice is not None, "a condition on invoices is asked with an invoice"
    return invoice[of.position]


def _trace_leaf(leaf: Leaf, contact: Row, invoice: Row | None) -> Trace:
    value = _value(leaf.field, contact, invoice)
    unknown = [leaf.field] if value is None else []
    match leaf:
        case Known(_, known):
            answer: Answer = (value is not None) is known
        case _ if value is None:
            answer = None
        case Flag(_, expected):
            answer = value is expected
        case OneOf(asked, values):
            one_of = value if asked.kind.value == "texts" else frozenset({value})
            answer = bool(one_of & values)
        case _:
            operand = leaf.operand
            compared_with = (
                _value(operand, contact, invoice) if isinstance(operand, Field) else operand
            )
            if compared_with is None and isinstance(operand, Field):
                unknown = [operand]
            answer = None if compared_with is None else _compared(value, leaf.word, compared_with)
    missing = tuple(unknown) if answer is None else ()
    evidence = Evidence(leaf.field, value, wanted_in_words(leaf), answer, missing, leaf.at)
    return Trace(answer, (evidence,))


def _compared(value: Value, word: str, compared_with: Value) -> bool:
    """Compare by counting rather than by the operators that the fast function uses."""
    order = (value > compared_with) - (value < compared_with)
    return bool(
        {
            "more_than": order == 1,
            "at_least": order >= 0,
            "less_than": order == -1,
            "at_most": order <= 0,
            "exactly": order == 0,
        }[word]
    )


def wanted_in_words(leaf: Leaf) -> str:
    """Return what a question wants: `at least 60`, `open`, `known`."""
    match leaf:
        case Known(_, known):
            return "known" if known else "unknown"
        case Flag(_, value):
            return "yes" if value else "no"
        case OneOf(_, _, shown):
            return shown
    bound = leaf.operand.name if isinstance(leaf.operand, Field) else f"{leaf.operand:,}"
    return f"{COMPARISONS[leaf.word][1]} {bound}"


ALWAYS = Condition.of(AllOf(()))
"""Holds for everyone."""
