"""What `sending:` takes beside words: days off of one's own."""

from __future__ import annotations

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.core.rulebook import read_rulebook

HEAD = "version: 1\ncurrency: GBP\nsending:\n  closed: "


def test_days_off_are_days_and_ranges() -> None:
    text = "[2027-04-06, 2026-12-24 to 2027-01-04]"
    closed = a_rulebook(HEAD + text).sending.closed
    assert [off.text for off in closed] == ["2026-12-24 to 2027-01-04", "2027-04-06"]
    assert [off.text for off in a_rulebook(f"{HEAD}2027-04-06").sending.closed] == ["2027-04-06"]
    assert a_rulebook("version: 1\ncurrency: GBP\n").sending.closed == ()


@pytest.mark.parametrize(
    ("text", "column", "message", "hint"),
    [
        ("[2027-01-04 to 2026-12-24]", 12, "ends before it starts", "write 2026-12-24 to 2027-01"),
        ("[2026-02-30]", 12, "there is no such day", ""),
        ("[2026-12-24, 24 December]", 24, "neither a day nor days", "closed: [2026-12-24 to"),
        ("[2026-12-24 - 2027-01-04]", 12, "neither a day nor days", "closed: [2026-12-24 to"),
        ("[2026-12-24 to 2027-12-24]", 12, "366 days; it can be at most 180", "year right"),
        ("[9999-01-01]", 12, "not a day from 1900-01-01", ""),
        ("{from: 2026-12-24}", 11, "must be days, not a block", "closed: [2026-12-24 to"),
        ("[]", 11, "is an empty list", "closed: [2026-12-24 to"),
        (f"[{', '.join(['2026-12-24'] * 201)}]", 11, "has 201 items; at most 200", ""),
    ],
)
def test_a_slip_in_days_off_is_named(text: str, column: int, message: str, hint: str) -> None:
    _, (problem,) = read_rulebook([("r.yaml", HEAD + text)])
    assert (problem.line, problem.column) == (4, column)
    assert message in problem.message
    assert hint in problem.hint
