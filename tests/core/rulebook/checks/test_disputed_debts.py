"""A rule that would place or write off disputed debts alone is told that it never will."""

from __future__ import annotations

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.core.rulebook import rulebook_warnings

HEAD = "version: 1\ncurrency: GBP\n"


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("placements: [{name: A, when: {dispute: open}, to: X}]", "is never placed"),
        ("write_offs: [{name: A, when: {dispute: open}}]", "never proposed to be written off"),
    ],
)
def test_a_rule_for_disputed_debts_is_warned_of(rule: str, words: str) -> None:
    (warning,) = rulebook_warnings(a_rulebook(HEAD + rule))
    assert words in warning.message
    assert warning.line == 3


@pytest.mark.parametrize(
    "when", ["{dispute: [open, part]}", "{days_overdue: {at_least: 90}}", "{dispute: none}"]
)
def test_other_rules_are_not_warned_of(when: str) -> None:
    text = f"{HEAD}placements: [{{name: A, when: {when}, to: X}}]"
    assert rulebook_warnings(a_rulebook(text)) == []
