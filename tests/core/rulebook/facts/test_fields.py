"""One fact, one row: each row says everything, and nobody else keeps a table of facts."""

from __future__ import annotations

import ast
import inspect
from typing import get_args

import pytest

from arsync.core.rulebook.checks import satisfiability
from arsync.core.rulebook.facts import FIELDS, NUMBERS, FactKind, Field
from arsync.core.rulebook.facts.field import Bounds
from arsync.core.rulebook.facts.movement import CountsDown, CountsUp, GrowsByInterest, Movement
from arsync.core.trials import answer_validity, day_skipping

NAMES = {field.name for field in FIELDS if "_" in field.name}
"""Without those that are words of the language too: `total`, `contact`."""

COUNTERS = CountsUp | CountsDown


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: f"{field.of} {field.name}")
def test_a_row_is_complete(field: Field) -> None:
    assert field.name
    assert field.of in {"contact", "invoice", "application", "supplier"}
    assert isinstance(field.kind, FactKind)
    assert field.description
    assert field.source
    assert callable(field.compute)
    assert isinstance(field.moves, get_args(Movement))
    assert isinstance(field.bounds, Bounds) is (field.kind in NUMBERS), "numbers have bounds"


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: f"{field.of} {field.name}")
def test_what_counts_or_grows_is_a_number(field: Field) -> None:
    if isinstance(field.moves, COUNTERS):
        assert field.kind is FactKind.DAYS
    if isinstance(field.moves, GrowsByInterest):
        assert field.kind is FactKind.AMOUNT


@pytest.mark.parametrize("module", [satisfiability, answer_validity, day_skipping])
def test_nobody_else_names_facts(module: object) -> None:
    source = ast.parse(inspect.getsource(module))  # type: ignore[arg-type]
    texts = {
        node.value
        for node in ast.walk(source)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not {word for text in texts for word in text.split()} & NAMES
