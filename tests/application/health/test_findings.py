"""What many connections have in common is told once, the worst first."""

from __future__ import annotations

from arsync.application.health.findings import (
    NOTE,
    OK,
    WRONG,
    Finding,
    FindingGroup,
    connection_of,
    grouped,
)


def found(name: str, message: str, verdict: str = WRONG, what: str = "") -> Finding:
    return Finding(f"{what} of {name}" if what else name, verdict, message, name)


def test_alike_findings_are_one_with_their_connections() -> None:
    findings = [found(name, f"Run: arsync pull --connection {name}") for name in ("a", "ab", "a-b")]
    assert grouped(findings) == [
        FindingGroup("", WRONG, "Run: arsync pull --connection NAME", ("a", "ab", "a-b"))
    ]
    assert grouped(findings[:1])[0].message == "Run: arsync pull --connection a"


def test_the_worst_and_the_most_frequent_stand_first() -> None:
    findings = [
        found("a", "no time zone", NOTE),
        found("b", "no time zone", NOTE),
        found("c", "the platform is away"),
        Finding("store", WRONG, "the file is damaged"),
        *(found(name, "standard.yaml:2:1: unknown section", what="rulebook") for name in "abcd"),
        found("a", "all is well", OK),
    ]
    assert [
        (group.about, group.verdict, len(group.connections)) for group in grouped(findings)
    ] == [
        ("store", WRONG, 0),
        ("rulebook", WRONG, 4),
        ("", WRONG, 1),
        ("", NOTE, 2),
    ]


def test_what_is_found_twice_in_one_is_told_once() -> None:
    twice = [found("a", "not authorised"), found("a", "not authorised")]
    assert [group.connections for group in grouped(twice)] == [("a",)]


def test_a_finding_tells_whose_it_is() -> None:
    names = {"acme", "house of acme"}
    assert connection_of("acme", names) == "acme"
    assert connection_of("house of acme", names) == "house of acme"
    assert connection_of("smtp of house of acme", names) == "house of acme"
    assert connection_of("smtp", names) == ""
