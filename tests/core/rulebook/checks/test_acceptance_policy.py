"""Warnings about acceptance: what is never reached, left open, or without effect."""

from __future__ import annotations

from tests.builders.rulebooks import a_rulebook

from arsync.core.rulebook import rulebook_warnings

LIMITS = "credit_limits: [{name: Agreed, when: {agreed_limit: known}, limit: agreed_limit}]\n"
HEAD = f"version: 1\ncurrency: GBP\n{LIMITS}acceptance:\n"
REST = "  - {name: The rest, decide: ask}\n"


def warned(text: str) -> list[str]:
    return [f"{warning.line} {warning.message}" for warning in rulebook_warnings(a_rulebook(text))]


def test_a_policy_with_a_last_rule_is_sound() -> None:
    rule = "  - {name: A, when: {score: {at_least: 7}}, decide: accept, limit: 5}\n"
    assert warned(HEAD + rule + REST) == []


def test_a_rule_below_one_for_everybody_is_never_reached() -> None:
    (words,) = warned(f"{HEAD}{REST}  - {{name: B, decide: refuse}}\n")
    assert words == ("6 no application ever gets to 'B': 'The rest' (rules/test.yaml:5) takes all.")


def test_a_policy_with_an_open_end_is_warned_of() -> None:
    (words,) = warned(HEAD + "  - {name: A, when: {score: {at_least: 7}}, decide: refuse}\n")
    assert words.endswith("is left to a person.")


def test_limits_that_no_rule_goes_by_are_warned_of() -> None:
    text = (HEAD + "  - {name: A, decide: accept, limit: 5}\n").replace(LIMITS, "")
    (words,) = warned(text)
    assert "no rule of credit_limits goes by them" in words


def test_contradictions_and_unknown_roles_are_warned_of() -> None:
    never = "  - {name: A, when: {score: {at_least: 7, less_than: 7}}, decide: refuse}\n"
    assert "'A' can never match" in warned(HEAD + never + REST)[0]
    by = "  - {name: B, decide: ask, by: finance director}\n"
    assert "there is no role 'finance director'" in warned(HEAD + by)[0]
