"""The terms of a hold: any that the accounting system has, checked before the night."""

from __future__ import annotations

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.core.rulebook import needs, read_rulebook

TEXT = """version: 1
name: T
currency: GBP
credit_holds:
  - name: Old
    when: {{oldest_days_overdue: {{at_least: 60}}}}
    terms: {}
"""


@pytest.mark.parametrize(
    ("terms", "further"),
    [
        ("cash on delivery", []),
        ("14 days", []),
        ("45 days", ["payment terms of more than 31 days"]),
        ("day 20 of the following month", ["payment terms by the month"]),
        ("Net 15", ["payment terms by name"]),
    ],
)
def test_terms_need_what_the_platform_may_lack(terms: str, further: list[str]) -> None:
    rulebook = a_rulebook(TEXT.format(terms))
    assert rulebook.credit_holds[0].terms == terms
    names = [name for name, _, _ in needs(rulebook)]
    assert names == ["credit hold", "payment terms", *further]


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ("cash on delivry", "did you mean 'cash on delivery'?"),
        ("0 days", "days are 1 to 999, of a month 1 to 31"),
        ("day 32 of the current month", "of a month 1 to 31"),
    ],
)
def test_wrong_terms_lead_to_right_ones(terms: str, message: str) -> None:
    _, (problem,) = read_rulebook([("r.yaml", TEXT.format(terms))])
    assert message in str(problem)
