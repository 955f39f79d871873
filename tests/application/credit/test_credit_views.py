"""An application's explanation as JSON: every rule and condition, with the line that asks it."""

from __future__ import annotations

import json

from tests.builders.books import RULES, TODAY

from arsync.application.credit.credit_applications import record_data
from arsync.application.credit.credit_decisions import explained
from arsync.application.credit.credit_views import application_why_view
from arsync.application.organisation.container import Container
from arsync.cli.json_output import json_text

from .test_credit_decisions import OWNER, applied, ledger

__all__ = ["ledger"]

POLICY = """
groups:
  Sound:
    score:
      at_least: 70
acceptance:
  - {name: Insolvent, when: {insolvency: yes}, decide: refuse}
  - name: Known
    when:
      group: Sound
      limit_asked: {at_most: 5000}
    decide: accept
    limit: limit_asked
  - {name: The rest, decide: ask}
"""


def lines_of(text: str, words: str) -> int:
    return next(number for number, line in enumerate(text.split("\n"), 1) if words in line)


def test_each_condition_is_told_with_its_line(ledger: Container) -> None:
    text = RULES + POLICY.replace("score:", "oldest_days_overdue:").replace("at_least", "at_most")
    (ledger.config.rules_folder / "standard.yaml").write_text(text)
    number = applied(ledger)
    record_data(OWNER, ledger, number, [("insolvency", "no")], source="register")
    view = json.loads(json_text(application_why_view(explained(OWNER, ledger, number))))
    insolvent, known, rest = view["rules"]
    told = f"register said no on {TODAY}"
    assert insolvent["conditions"][0]["sources"] == told
    assert (insolvent["answer"], insolvent["decides"], insolvent["is_read"]) == (False, False, True)
    assert (known["answer"], known["decides"]) == (True, True)
    assert known["line"] == lines_of(text, "name: Known")
    assert known["conditions"] == [
        {
            "fact": "oldest_days_overdue",
            "value": 0,
            "expectation": "at most 70",
            "answer": True,
            "sources": "",
            "file": "rules/standard.yaml",
            "line": lines_of(text, "oldest_days_overdue:"),
        },
        {
            "fact": "limit_asked",
            "value": "3000.00",
            "expectation": "at most 5,000",
            "answer": True,
            "sources": "",
            "file": "rules/standard.yaml",
            "line": lines_of(text, "limit_asked: {at_most"),
        },
    ]
    assert (rest["is_read"], rest["answer"], rest["conditions"]) == (False, None, [])
    assert view["proposed"]["decide"] == "accept"


def test_what_is_unknown_is_null_and_decides_nothing(ledger: Container) -> None:
    number = applied(ledger)
    view = json.loads(json_text(application_why_view(explained(OWNER, ledger, number))))
    insolvent = view["rules"][0]
    assert (insolvent["answer"], insolvent["conditions"][0]["value"]) == (None, None)
    assert [rule["rule"] for rule in view["rules"] if rule["decides"]] == ["The rest"]
