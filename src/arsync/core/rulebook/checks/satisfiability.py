"""Whether a condition can hold at all: what the words alone rule out, without any ledger.

A condition becomes a list of alternatives, each a list of questions that must all be answered as
wanted. An alternative is impossible when what it wants of one fact contradicts itself or what the
fact can ever be. "Possible" may be wrong (facts depend on each other), "impossible" never is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import product
from typing import NamedTuple

from arsync.core.rulebook.conditions import (
    AllOf,
    AnyOf,
    Compare,
    Flag,
    HeldFor,
    InGroup,
    Known,
    Leaf,
    Negation,
    Node,
    OneOf,
)
from arsync.core.rulebook.facts import FactKind, Field
from arsync.core.rulebook.facts.field import WHOLE_NUMBERS

ALTERNATIVES_MAX = 256
"""A condition with more alternatives than this is taken to be possible."""

_OPPOSITE = {
    "more_than": "at_most",
    "at_least": "less_than",
    "less_than": "at_least",
    "at_most": "more_than",
}
_ORDERS = {"more_than": ">", "at_least": ">=", "less_than": "<", "at_most": "<=", "exactly": "="}


class Wanted(NamedTuple):
    """One question and the answer that is wanted of it."""

    leaf: Leaf
    yes: bool


Alternative = tuple[Wanted, ...]


class TooMany(Exception):
    """The condition has more alternatives than anyone wants to look at."""


def holds(node: Node) -> list[Alternative]:
    """Return the alternatives under which the condition is certainly true."""
    return _alternatives(node, yes=True)


def fails(node: Node) -> list[Alternative]:
    """Return the alternatives under which the condition is not certainly true: false or unknown."""
    unknown = [(Wanted(Known(field, is_known=False), yes=True),) for field in _may_be_unknown(node)]
    return _alternatives(node, yes=False) + unknown


def is_possible(alternatives: Iterable[Alternative], *, one_text: bool = False) -> bool:
    """Return whether one of the alternatives can be.

    Args:
        alternatives: of one condition, or of several joined by `both`.
        one_text: take facts that hold several texts (groups, tags) as if they held one.
    """
    return any(_can_be(alternative, one_text=one_text) for alternative in alternatives)


def both(*conditions: list[Alternative]) -> list[Alternative]:
    """Return the alternatives under which all of the conditions hold."""
    # Counted before it is built: the product itself would fill the memory.
    count = 1
    for condition in conditions:
        count *= len(condition)
    if count > ALTERNATIVES_MAX:
        raise TooMany
    return [
        tuple(want for wanteds in combination for want in wanteds)
        for combination in product(*conditions)
    ]


def can_be_together(first: list[Alternative], second: list[Alternative]) -> bool:
    """Return whether both conditions can hold at once: `is_possible(both(...))`, but sooner.

    Most rules differ, and mostly the first pair of alternatives shows it; so no list is made of
    pairs that nobody looks at.
    """
    if len(first) * len(second) > ALTERNATIVES_MAX:
        raise TooMany
    return any(
        _can_be((*left_wants, *right_wants), one_text=False)
        for left_wants in first
        for right_wants in second
    )


def _alternatives(node: Node, *, yes: bool) -> list[Alternative]:
    match node:
        case AllOf(children) | AnyOf(children):
            of_children = [_alternatives(child, yes=yes) for child in children]
            # De Morgan: `all` that holds and `any` that fails need every child, the others one.
            if isinstance(node, AllOf) is yes:
                return both(*of_children)
            joined = [wanteds for child in of_children for wanteds in child]
            if len(joined) > ALTERNATIVES_MAX:
                raise TooMany
            return joined
        case Negation(child):
            return _alternatives(child, yes=not yes)
        case InGroup(_, child):
            return _alternatives(child, yes=yes)
        case HeldFor(child):
            # What has held for a time holds; that it has not can be so whatever holds today.
            return _alternatives(child, yes=True) if yes else [()]
        case _:
            return [(Wanted(node, yes),)]


def _may_be_unknown(node: Node) -> Iterator[Field]:
    """Yield the facts whose being unknown can leave the condition unknown."""
    match node:
        case AllOf(children) | AnyOf(children):
            for child in children:
                yield from _may_be_unknown(child)
        case Negation(child) | InGroup(_, child) | HeldFor(child):
            yield from _may_be_unknown(child)
        case Known():
            return
        case Compare(field, _, operand):
            yield field
            if isinstance(operand, Field):
                yield operand
        case _:
            yield node.field


def _can_be(wants: Alternative, *, one_text: bool) -> bool:
    """Return whether all of it can be so at the same time."""
    by_field: dict[tuple[str, str], list[Wanted]] = {}
    orders: dict[tuple[str, str], str] = {}
    unknown: set[tuple[str, str]] = set()
    known_facts: set[tuple[str, str]] = set()
    for want in wants:
        field = want.leaf.field
        key = (field.of, field.name)
        if isinstance(want.leaf, Known):
            if want.leaf.is_known is want.yes:
                known_facts.add(key)
            else:
                # A fact that is never unknown cannot be asked to be so.
                if not field.unknown:
                    return False
                unknown.add(key)
            continue
        # A certain answer needs a known fact, whichever answer it is.
        known_facts.add(key)
        if isinstance(want.leaf, Compare) and isinstance(want.leaf.operand, Field):
            operand = want.leaf.operand
            known_facts.add((operand.of, operand.name))
            if not _can_be_ordered(want, orders):
                return False
            continue
        by_field.setdefault(key, []).append(want)
    if known_facts & unknown:
        return False
    return all(_one_fact_can_be(group, one_text=one_text) for group in by_field.values())


def _can_be_ordered(want: Wanted, orders: dict[tuple[str, str], str]) -> bool:
    """Keep which orders of two facts are left; False when none is."""
    assert isinstance(want.leaf, Compare)
    assert isinstance(want.leaf.operand, Field)
    allowed = set(_ORDERS[want.leaf.word])
    if not want.yes:
        allowed = set("<=>") - allowed
    first, second = want.leaf.field.name, want.leaf.operand.name
    # One order for each pair of facts, so that `a > b` and `b < a` meet.
    if first > second:
        first, second = second, first
        allowed = {{"<": ">", ">": "<", "=": "="}[sign] for sign in allowed}
    remaining = set(orders.get((first, second), "<=>")) & allowed
    orders[first, second] = "".join(sorted(remaining))
    return bool(remaining)


def _one_fact_can_be(group: list[Wanted], *, one_text: bool) -> bool:
    leaf = group[0].leaf
    if isinstance(leaf, Compare):
        return _number_can_be(leaf.field, group)
    if isinstance(leaf, Flag):
        answers = {want.leaf.value is want.yes for want in group if isinstance(want.leaf, Flag)}
        return len(answers) == 1
    return _text_can_be(leaf.field, group, one_text=one_text)


def _number_can_be(field: Field, group: list[Wanted]) -> bool:
    """Return whether a number lies within all the bounds."""
    assert field.bounds is not None, "only numbers are compared"
    low, high = (None if bound is None else Decimal(bound) for bound in field.bounds)
    low_open = high_open = False
    never: set[Decimal] = set()
    for want in group:
        assert isinstance(want.leaf, Compare)
        assert not isinstance(want.leaf.operand, Field)
        word, bound = want.leaf.word, Decimal(want.leaf.operand)
        if word == "exactly" and not want.yes:
            never.add(bound)
            continue
        words = ("at_least", "at_most") if word == "exactly" else (word,)
        for each in words if want.yes else (_OPPOSITE[word],):
            is_open = each in {"more_than", "less_than"}
            # More than 10 days is at least 11: between two whole numbers there is nothing.
            if is_open and field.kind in WHOLE_NUMBERS:
                is_open, bound = False, bound + (1 if each == "more_than" else -1)
            if each in {"more_than", "at_least"}:
                # At the same number the open end is the tighter one.
                if low is None or (bound, is_open) > (low, low_open):
                    low, low_open = bound, is_open
            elif high is None or (bound, not is_open) < (high, not high_open):
                high, high_open = bound, is_open
    if low is None or high is None:
        return True
    if low == high:
        return not low_open and not high_open and low not in never
    return low < high


def _text_can_be(field: Field, group: list[Wanted], *, one_text: bool) -> bool:
    """Return whether a text, or a set of texts, is one of these and none of those."""
    if len(group) == 1 and isinstance(group[0].leaf, OneOf) and group[0].yes:
        return bool(group[0].leaf.values)
    accepted = [
        set(want.leaf.values) for want in group if want.yes and isinstance(want.leaf, OneOf)
    ]
    refused: set[str] = set()
    for want in group:
        if not want.yes and isinstance(want.leaf, OneOf):
            refused |= want.leaf.values
    # A customer can be in several groups: in one of these, and in none of those.
    if field.kind is FactKind.TEXTS and not one_text:
        return all(values - refused for values in accepted)
    remaining = set.intersection(*accepted) if accepted else set(field.choices)
    return bool(remaining - refused) if accepted or field.choices else True
