"""The section `credit_references`: when a reference is reminded."""

from __future__ import annotations

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.core.rulebook.reading.reader import read_rulebook

HEAD = "version: 1\nname: R\ncurrency: GBP\n"


def test_days_are_read_with_their_place() -> None:
    rules = a_rulebook(f"{HEAD}credit_references: {{remind_after: 10 days}}\n").credit_references
    assert (rules.remind_days, rules.place.line) == (10, 4)
    assert a_rulebook(HEAD).credit_references.remind_days is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("credit_references: {remind_after: soon}", "write 10 days"),
        ("credit_references: {remind_after: 99 days}", "at most"),
        ("credit_references: 10 days", "credit_references: {remind_after: 10 days}"),
        ("trade_references: {after: 10 days}", "credit_references: {remind_after: 10 days}"),
    ],
)
def test_what_is_meant_is_said(text: str, words: str) -> None:
    _, problems = read_rulebook([("r.yaml", f"{HEAD}{text}\n")])
    assert any(words in str(problem) for problem in problems), problems
