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
    InGroup,
    Known,
    Leaf,
    Negation,
    Node,
    OneOf,
)
from arsync.core.rulebook.facts import Field, Kind

ALTERNATIVES_MAX = 256
"""A condition with more alternatives than this is taken to be possible."""

_BELOW_NOTHING = frozenset(
    "headroom exposure sales_last_365_days days_until_review highest_step_sent total "
    "average_days_to_pay".split()
)
"""Numbers that can be negative; all others start at 0."""

_TO_A_HUNDRED = frozenset({"overdue_percent", "paid_on_time_percent"})
_WHOLE = frozenset({Kind.DAYS, Kind.COUNT})
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
    unknown = [(Wanted(Known(field, known=False), yes=True),) for field in _may_be_unknown(node)]
    return _alternatives(node, yes=False) + unknown


def is_possible(alternatives: Iterable[Alternative], *, one_text: bool = False) -> bool:
    """Return whether one of the alternatives can be.

    Args:
        alternatives: of one condition, or of several joined by `both`.
        one_text: take facts that hold several texts (groups, tags) as if they held one.
    """
    return any(_can_be(alternative, one_text=one_text) for alternative in alternatives)


def both(*conditions: list[Alternative]) -> list[Alternative]:
    """Return the alternatives under which all of the conditions stand."""
    count = 1
    for condition in conditions:
        count *= len(condition)
    if count > ALTERNATIVES_MAX:
        raise TooMany
    return [tuple(want for wanteds in parts for want in wanteds) for parts in product(*conditions)]


def can_be_together(first: list[Alternative], second: list[Alternative]) -> bool:
    """Return whether both conditions can stand at once: `is_possible(both(...))`, but sooner.

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
        case AllOf(parts) | AnyOf(parts):
            found = [_alternatives(part, yes=yes) for part in parts]
            if isinstance(node, AllOf) is yes:
                return both(*found)
            joined = [wanteds for part in found for wanteds in part]
            if len(joined) > ALTERNATIVES_MAX:
                raise TooMany
            return joined
        case Negation(part):
            return _alternatives(part, yes=not yes)
        case InGroup(_, part):
            return _alternatives(part, yes=yes)
        case _:
            return [(Wanted(node, yes),)]


def _may_be_unknown(node: Node) -> Iterator[Field]:
    """Yield the facts whose being unknown can leave the condition unknown."""
    match node:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _may_be_unknown(part)
        case Negation(part) | InGroup(_, part):
            yield from _may_be_unknown(part)
        case Known():
            return
        case Compare(field, _, operand):
            yield field
            if isinstance(operand, Field):
                yield operand
        case _:
            yield node.field


def _can_be(wanted: Alternative, *, one_text: bool) -> bool:
    """Return whether all of it can be so at the same time."""
    by_field: dict[tuple[str, str], list[Wanted]] = {}
    orders: dict[tuple[str, str], str] = {}
    unknown: set[tuple[str, str]] = set()
    known: set[tuple[str, str]] = set()
    for one in wanted:
        field = one.leaf.field
        key = (field.of, field.name)
        if isinstance(one.leaf, Known):
            if one.leaf.known is one.yes:
                known.add(key)
            else:
                if not field.unknown:
                    return False
                unknown.add(key)
            continue
        known.add(key)
        if isinstance(one.leaf, Compare) and isinstance(one.leaf.operand, Field):
            other = one.leaf.operand
            known.add((other.of, other.name))
            if not _can_be_ordered(one, orders):
                return False
            continue
        by_field.setdefault(key, []).append(one)
    if known & unknown:
        return False
    return all(_one_fact_can_be(group, one_text=one_text) for group in by_field.values())


def _can_be_ordered(one: Wanted, orders: dict[tuple[str, str], str]) -> bool:
    """Keep which orders of two facts are left; False when none is."""
    assert isinstance(one.leaf, Compare)
    assert isinstance(one.leaf.operand, Field)
    allowed = set(_ORDERS[one.leaf.word])
    if not one.yes:
        allowed = set("<=>") - allowed
    first, second = one.leaf.field.name, one.leaf.operand.name
    if first > second:
        first, second = second, first
        allowed = {{"<": ">", ">": "<", "=": "="}[sign] for sign in allowed}
    left = set(orders.get((first, second), "<=>")) & allowed
    orders[first, second] = "".join(sorted(left))
    return bool(left)


def _one_fact_can_be(group: list[Wanted], *, one_text: bool) -> bool:
    leaf = group[0].leaf
    if isinstance(leaf, Compare):
        return _number_can_be(leaf.field, group)
    if isinstance(leaf, Flag):
        answers = {one.leaf.value is one.yes for one in group if isinstance(one.leaf, Flag)}
        return len(answers) == 1
    return _text_can_be(leaf.field, group, one_text=one_text)


def _number_can_be(field: Field, group: list[Wanted]) -> bool:
    """Return whether a number lies within all the bounds."""
    low: Decimal | None = None if field.name in _BELOW_NOTHING else Decimal(0)
    high: Decimal | None = Decimal(100) if field.name in _TO_A_HUNDRED else None
    low_open = high_open = False
    never: set[Decimal] = set()
    for one in group:
        assert isinstance(one.leaf, Compare)
        assert not isinstance(one.leaf.operand, Field)
        word, bound = one.leaf.word, Decimal(one.leaf.operand)
        if word == "exactly" and not one.yes:
            never.add(bound)
            continue
        words = ("at_least", "at_most") if word == "exactly" else (word,)
        for each in words if one.yes else (_OPPOSITE[word],):
            is_open = each in {"more_than", "less_than"}
            if is_open and field.kind in _WHOLE:
                is_open, bound = False, bound + (1 if each == "more_than" else -1)
            if each in {"more_than", "at_least"}:
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
    wanted = [set(one.leaf.values) for one in group if one.yes and isinstance(one.leaf, OneOf)]
    refused: set[str] = set()
    for one in group:
        if not one.yes and isinstance(one.leaf, OneOf):
            refused |= one.leaf.values
    if field.kind is Kind.TEXTS and not one_text:
        return all(values - refused for values in wanted)
    left = set.intersection(*wanted) if wanted else set(field.choices)
    return bool(left - refused) if wanted or field.choices else True
