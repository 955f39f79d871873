"""The code keeps the shape in which a newcomer finds a way."""

from __future__ import annotations

import pytest
from benchmarks import shape

VAGUE_NAMES_MAX = 45
FILES_OF_ONE_KIND_MAX = 13
"""A kind of action is known to its payload's and its row's files, its planner and the writers."""


@pytest.fixture(scope="module")
def product() -> list[shape.Source]:
    return shape.sources(*shape.PRODUCT)


@pytest.fixture(scope="module")
def tests() -> list[shape.Source]:
    return shape.sources("tests")


def test_no_files_import_each_other_in_a_circle(product: list[shape.Source]) -> None:
    assert shape.circles(product) == []


def test_local_names_say_what_they_hold(product: list[shape.Source]) -> None:
    assert sum(len(shape.vague_names(source.tree)) for source in product) < VAGUE_NAMES_MAX


def test_a_class_name_means_one_thing(product: list[shape.Source]) -> None:
    assert list(shape.classes_twice(product)) == []


def test_the_formatter_decides_the_form_everywhere(
    product: list[shape.Source], tests: list[shape.Source]
) -> None:
    everything = [*product, *tests, *shape.sources("src/arsync_sandbox", "benchmarks", "docs")]
    assert shape.format_skips(everything) == 0


def test_test_names_have_few_words(tests: list[shape.Source]) -> None:
    names = shape.names_of_tests(tests)
    assert [name for name in names if shape.words_of(name) > shape.TEST_NAME_WORDS_MAX] == []


def test_a_kind_of_action_is_known_in_few_files(product: list[shape.Source]) -> None:
    known_in = shape.files_that_know("LATE_FEE", product)
    assert len(known_in) <= FILES_OF_ONE_KIND_MAX, known_in
