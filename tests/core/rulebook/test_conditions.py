"""Conditions: the fast function and the evaluator that explains say the same."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arsync.core.rulebook.conditions import (
    ALWAYS,
    COMPARISONS,
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Flag,
    InGroup,
    Known,
    Negation,
    Node,
    OneOf,
    fields_of,
    held_for,
    leaves,
    trace,
    wanted_in_words,
)
from arsync.core.rulebook.facts import (
    CONTACT_BY_NAME,
    CONTACT_FIELDS,
    FIELDS,
    INVOICE_BY_NAME,
    INVOICE_FIELDS,
    NUMBERS,
    FactKind,
    Field,
    in_json,
    in_words,
)

WORDS = ("none", "open", "kept", "a", "b")
ASKED = [field for field in CONTACT_FIELDS + INVOICE_FIELDS if field.kind is not FactKind.GROUP]
SMALL = st.integers(-2, 3)


def numbers(kind: FactKind) -> st.SearchStrategy[Any]:
    whole = kind in {FactKind.DAYS, FactKind.COUNT}
    return SMALL if whole else SMALL.map(lambda number: Decimal(number) / 2)


def values(field: Field) -> st.SearchStrategy[Any]:
    if field.kind in NUMBERS:
        values = numbers(field.kind)
    elif field.kind is FactKind.YES_NO:
        values = st.booleans()
    elif field.kind is FactKind.TEXTS:
        values = st.frozensets(st.sampled_from(WORDS), max_size=3)
    else:
        values = st.sampled_from(WORDS)
    return st.none() | values


def leaf(field: Field) -> st.SearchStrategy[Node]:
    known_question = st.booleans().map(lambda answer: Known(field, answer))
    if field.kind in NUMBERS:
        same = [question for question in ASKED if question.kind is field.kind]
        return known_question | st.builds(
            Compare,
            st.just(field),
            st.sampled_from(sorted(COMPARISONS)),
            numbers(field.kind) | st.sampled_from(same),
        )
    if field.kind is FactKind.YES_NO:
        return known_question | st.booleans().map(lambda answer: Flag(field, answer))
    texts = st.frozensets(st.sampled_from(WORDS), min_size=1, max_size=2)
    return known_question | texts.map(lambda found: OneOf(field, found, " or ".join(sorted(found))))


def grow(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(children, max_size=3).map(tuple)
    return (
        several.map(AllOf)
        | several.map(AnyOf)
        | children.map(Negation)
        | children.map(lambda part: InGroup("g", part))
        | st.builds(held_for, children, st.integers(1, 12))
    )


class Days(dict[str, int]):
    """For how many days any condition has held, if that is known."""

    def __init__(self, days: list[int | None]) -> None:
        super().__init__({"": 0})
        self._days = days

    def get(self, identity: str, default: Any = None) -> Any:
        return self._days[int(identity, 16) % len(self._days)]


HELD = st.none() | st.lists(st.none() | st.integers(0, 14), min_size=1).map(Days)


TREES = st.recursive(st.sampled_from(ASKED).flatmap(leaf), grow, max_leaves=8)
CONTACT_ROWS = st.tuples(*(values(field) for field in CONTACT_FIELDS), HELD)
INVOICE_ROWS = st.tuples(*(values(field) for field in INVOICE_FIELDS), HELD)


@settings(max_examples=300)
@given(TREES, CONTACT_ROWS, INVOICE_ROWS)
def test_both_evaluators_agree_on_every_tree_and_row(
    tree: Node, contact: tuple[Any, ...], invoice: tuple[Any, ...]
) -> None:
    traced = trace(tree, contact, invoice)
    assert Condition.of(tree).test(contact, invoice) is traced.answer
    assert len(traced.evidence) == len(list(leaves(tree)))
    assert {evidence.field for evidence in traced.evidence} <= fields_of(tree)
    questions = [(evidence.field, evidence.expectation) for evidence in traced.evidence]
    assert list(Condition.of(tree).questions) == questions


def a_flag(answer: bool | None) -> tuple[Node, tuple[Any, ...]]:
    field = CONTACT_BY_NAME["on_hold"]
    row: list[Any] = [None] * len(CONTACT_FIELDS)
    row[field.position] = answer
    return Flag(field, value=True), tuple(row)


@pytest.mark.parametrize(
    ("word", "second", "answer"),
    [
        ("all", True, None),
        ("all", False, False),
        ("all", None, None),
        ("any", True, True),
        ("any", False, None),
        ("any", None, None),
    ],
)
def test_unknown_is_neither_yes_nor_no(word: str, second: bool | None, answer: Any) -> None:
    unknown, row = a_flag(None)
    question: Node = {
        True: AllOf(()),
        False: AnyOf(()),
        None: unknown,
    }[second]
    tree: Node = (AllOf if word == "all" else AnyOf)((unknown, question))
    assert Condition.of(tree).test(row, None) is answer
    assert Condition.of(Negation(unknown)).test(row, None) is None


def test_always_holds_for_everyone() -> None:
    assert ALWAYS.test((), None) is True


def test_no_user_text_enters_the_compiled_source() -> None:
    nasty = "'); __import__('os').system('x'); ('"
    field = CONTACT_BY_NAME["tag"]
    row: list[Any] = [None] * len(CONTACT_FIELDS)
    row[field.position] = frozenset({nasty})
    condition = Condition.of(OneOf(field, frozenset({nasty}), nasty))
    assert condition.test(row, None) is True
    names = condition.test.__code__.co_names + condition.test.__code__.co_varnames
    assert set(names) <= {"c", "i", "k0", "isdisjoint"}


@pytest.mark.parametrize(
    ("leaf_", "words"),
    [
        (Compare(CONTACT_BY_NAME["balance"], "at_least", Decimal(1000)), "at least 1,000"),
        (
            Compare(CONTACT_BY_NAME["exposure"], "more_than", CONTACT_BY_NAME["insured_limit"]),
            "more than insured_limit",
        ),
        (Known(CONTACT_BY_NAME["balance"], is_known=False), "unknown"),
        (Known(CONTACT_BY_NAME["balance"], is_known=True), "known"),
        (Flag(CONTACT_BY_NAME["on_hold"], value=False), "no"),
        (Flag(CONTACT_BY_NAME["on_hold"], value=True), "yes"),
        (OneOf(CONTACT_BY_NAME["tag"], frozenset({"a"}), "A"), "A"),
    ],
)
def test_what_is_wanted_is_said_in_words(leaf_: Any, words: str) -> None:
    assert wanted_in_words(leaf_) == words


def test_negation_says_not_and_double_negation_does_not() -> None:
    flag, row = a_flag(True)
    assert trace(Negation(flag), row).evidence[0].expectation == "not yes"
    assert trace(Negation(Negation(flag)), row).evidence[0].expectation == "yes"


@pytest.mark.parametrize(
    ("name", "value", "words", "json"),
    [
        ("balance", Decimal(1940), "GBP 1,940.00", "1940.00"),
        ("balance", None, "unknown", None),
        ("over_limit_percent", Decimal("13.60"), "13.6%", "13.60"),
        ("over_limit_percent", Decimal(100), "100%", "100.00"),
        ("on_hold", True, "yes", True),
        ("on_hold", False, "no", False),
        ("tag", frozenset({"b", "a"}), "a, b", ["a", "b"]),
        ("tag", frozenset(), "none", []),
        ("country", "gb", "GB", "GB"),
        ("oldest_days_overdue", 7, "7", 7),
    ],
)
def test_values_in_words_and_in_json(name: str, value: Any, words: str, json: Any) -> None:
    field = CONTACT_BY_NAME[name]
    assert in_words(field, value, "GBP") == words
    assert in_json(field, value) == json


def test_every_fact_has_name_description_and_row_index() -> None:
    for table, fields in ((CONTACT_BY_NAME, CONTACT_FIELDS), (INVOICE_BY_NAME, INVOICE_FIELDS)):
        assert len(table) == len(fields)
        assert [field.position for field in fields] == list(range(len(fields)))
    assert all(field.description and field.source for field in FIELDS)


def test_a_span_is_named_by_what_it_asks() -> None:
    flag, _ = a_flag(True)
    other = Known(CONTACT_BY_NAME["balance"], is_known=True)
    week = held_for(AllOf((flag, other)), 7)
    assert week.identity == held_for(InGroup("g", AllOf((other, flag))), 3).identity
    assert week.identity != held_for(AnyOf((flag, other)), 7).identity
    assert (week.scope, week.words, held_for(flag, 1).words) == (
        "contact",
        "for 7 days",
        "for 1 day",
    )
    invoices = held_for(Known(INVOICE_BY_NAME["amount_due"], is_known=True), 2)
    assert invoices.scope == "invoice"
