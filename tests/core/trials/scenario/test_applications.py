"""Applications in scenario files: read, judged, and explained where they differ."""

from __future__ import annotations

from tests.builders.rulebooks import a_rulebook

from arsync.core.trials.scenario import judge_application, read_scenarios

POLICY = a_rulebook(
    "version: 1\ncurrency: GBP\nacceptance:\n"
    "  - {name: Known, when: {score: {at_least: 70}, average_days_late: {at_most: 5}},"
    " decide: accept, limit: at most 5000, terms: 30 days, review: every 6 months}\n"
    "  - {name: The rest, decide: ask}\n"
)


def case(facts: str, expect: str) -> str:
    return f"applications:\n  - name: A\n    facts: {{{facts}}}\n    expect: {{{expect}}}\n"


def failures(facts: str, expect: str) -> list[str]:
    read, problems = read_scenarios("s.yaml", case(facts, expect))
    assert read is not None, problems
    (application,) = read.applications
    return [
        f"{failure.place.line} {failure.expected}, not {failure.instead}: {failure.reasons[0]}"
        for failure in judge_application(application, POLICY).failures
    ]


def test_an_application_that_passes_fails_nothing() -> None:
    facts = "score: 82, limit_asked: 9000, average_days_late: 2"
    expect = "decide: accept, limit: 5000, terms: 30 days, review: every 6 months, rule: Known"
    assert failures(facts, expect) == []


def test_a_difference_names_line_and_rule() -> None:
    (words,) = failures("score: 82, limit_asked: 900, average_days_late: 2", "decide: refuse")
    assert words == (
        "4 decide: refuse, not decide: accept: rules/test.yaml:4: Known: accepted"
        " (score 82 (at least 70); average_days_late 2 (at most 5))"
    )


def test_what_is_not_named_is_unknown() -> None:
    assert failures("score: 82", "decide: ask, rule: The rest") == []


def test_a_fact_that_is_none_is_a_problem() -> None:
    read, problems = read_scenarios("s.yaml", case("scores: 82", "decide: ask"))
    assert read is None
    assert str(problems[0]).startswith("s.yaml:3:13: there is no fact 'scores'")
    assert "score" in problems[0].hint


def test_a_file_needs_scenarios_or_applications() -> None:
    read, problems = read_scenarios("s.yaml", "rulebook: uk-standard\n")
    assert read is None
    assert "needs 'scenarios'" in problems[0].message
