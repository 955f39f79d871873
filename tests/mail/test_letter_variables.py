"""Every value that a text can show is described, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from arsync.mail import language, languages, sample_context
from arsync.mail.letter_variables import VARIABLE_GROUPS, VARIABLES


def names_in(value: Any, name: str, of: str = "") -> Iterator[tuple[str, str]]:
    """Yield every value as a text writes it, with the list that it is a member's of."""
    yield name, of
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield from names_in(member, f"{name}.{key}", of)
    elif isinstance(value, tuple) and value and hasattr(value[0], "_asdict"):
        for key, member in value[0]._asdict().items():
            yield from names_in(member, f"*.{key}", name)


def described() -> set[tuple[str, str]]:
    """Return what is described, with the names of lists' members left open."""
    return {
        (f"*.{row.name.partition('.')[2]}" if row.of else row.name, row.of.rpartition(".")[2])
        for row in VARIABLES
    }


def given() -> set[tuple[str, str]]:
    """Return what letters are given; money in hand has the values of a statement's lines."""
    sample = sample_context(language("en"))
    del sample["words"]
    names = {pair for key, value in sample.items() for pair in names_in(value, key)}
    mappings = ("customer", "organisation", "about")
    return {
        (name, of.rpartition(".")[2])
        for name, of in names
        if name not in mappings and of != "*.credits"
    } | {("words", "")}


def test_every_value_has_a_description_and_no_other() -> None:
    assert described() == given()


def test_descriptions_are_short_and_said_once() -> None:
    assert len(VARIABLES) == len({(row.name, row.of) for row in VARIABLES})
    assert all(row.meaning and len(row.meaning) < 100 for row in VARIABLES)
    assert sum(len(group) for group in VARIABLE_GROUPS.values()) == len(VARIABLES)


def test_samples_have_the_same_values_in_each_language() -> None:
    english = set(names_in(sample_context(language("en")), ""))
    for code in languages():
        assert set(names_in(sample_context(language(code)), "")) == english


def test_the_sample_shows_everything_once() -> None:
    sample = sample_context(language("en"))
    only_in_few_letters = {"more_invoices", "instalment_totals", "personal_line"}
    empty = {name for name, value in sample.items() if not value}
    assert empty == only_in_few_letters


def test_a_texts_sample_bears_what_it_may() -> None:
    spoken = language("en")
    assert sample_context(spoken, "formal notice")["notice_number"] == "N-12"
    thanks = sample_context(spoken, "thank you")
    assert (thanks["notice_number"], thanks["enclosed"]) == ("", "")


def test_the_sample_of_terms_is_in_the_letters_language() -> None:
    sentences = {code: sample_context(language(code))["terms"] for code in languages()}
    assert len(set(sentences.values())) == len(languages())
