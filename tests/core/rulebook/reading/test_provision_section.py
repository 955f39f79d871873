"""The section `provision`: what it says, and what leads to the right words."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.core.rulebook import read_rulebook
from arsync.core.rulebook.model import ProvisionRules

HEAD = "version: 1\ncurrency: GBP\n"
WHY = "name: Slump, because: two builders closed"


def problem_of(line: str) -> str:
    """Return the problems of a line, with their hints, in one text."""
    _, problems = read_rulebook([("r.yaml", HEAD + line)], texts=())
    return "\n".join(map(str, problems))


@pytest.mark.parametrize(
    ("written", "percent"),
    [("+10%", "10"), ("-5", "-5"), ("12.5 %", "12.5"), ("-100%", "-100")],
)
def test_an_outlook_has_name_and_reason(written: str, percent: str) -> None:
    rules = a_rulebook(f"{HEAD}provision: {{outlook: {written}, {WHY}}}\n").provision
    assert rules[:3] == (Decimal(percent), "Slump", "two builders closed")
    assert rules.place.line == 3
    assert a_rulebook(HEAD).provision == ProvisionRules()


def test_interest_needs_no_outlook() -> None:
    rules = a_rulebook(f"{HEAD}provision: {{interest: 7.5%}}\n").provision
    assert rules == ProvisionRules(interest_percent=Decimal("7.5"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("provision: {outlook: 10}", "'outlook' needs its 'because': an auditor will ask for it."),
        ("provision: {outlook: 10, because: x}", "hint: write name: Construction slump"),
        (f"provision: {{outlook: worse, {WHY}}}", "write +10% to raise all loss rates"),
        (f"provision: {{outlook: -101, {WHY}}}", "it can be -100% to 1,000%"),
        (f"provision: {{outlook: 1001, {WHY}}}", "it can be -100% to 1,000%"),
        ("provision: {interest: 101}", "a percentage a year, 0% to 100%"),
        ("provision: {interest: dear}", "which is no rate of a year"),
        ("provision: {reason: x}", "hint: write because:"),
        ("outlook: 10", "write provision: {outlook: +10%"),
    ],
)
def test_a_wrong_provision_leads_on(line: str, said: str) -> None:
    assert said in problem_of(line)
