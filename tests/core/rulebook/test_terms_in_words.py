"""What happens when somebody pays late, in plain words, as the rulebook says it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from tests.builders.records import a_contact, a_debtor
from tests.builders.rulebooks import a_rulebook

from arsync.core.ledger.records import Organisation
from arsync.core.planning.assessment import Assessor
from arsync.core.rulebook.terms_in_words import Speech, terms_in_words
from arsync.mail.language import language, languages

HEAD = "version: 1\ncurrency: GBP\n"
WHOLE = f"""{HEAD}reminders:
  - name: Everyone
    steps:
      - {{day: -3, email: upcoming}}
      - {{day: 1, email: first reminder}}
      - {{day: 14, email: second reminder}}
      - {{day: 21, call: Ask for a day}}
      - {{day: 30, letter: final notice}}
      - {{day: 40, late_fee: 40}}
      - {{day: 45, late_fee: 2%}}
charges: [{{name: Interest, interest: 1.5% a month, after: 30 days}}]
credit_holds: [{{name: Late, when: {{oldest_days_overdue: {{at_least: 60}}}}}}]
placements:
  - {{name: Agency, when: {{days_overdue: {{more_than: 90}}}}, to: Example Collections}}
"""


HAND_OVER = "we may hand the debt over to a collection agency or a lawyer."


def told(text: str, code: str = "en", **contact: Any) -> tuple[str, ...]:
    rulebook, spoken = a_rulebook(text), language(code)
    account = a_debtor(contacts=(a_contact(**contact),))
    assessor = Assessor(rulebook, Organisation("o", "Acme", "GBP"), date(2026, 11, 20))
    party = assessor.assess(account).root
    cadences, _ = assessor.cadences(party)
    speech = Speech(code, spoken.amount, spoken.number)
    return terms_in_words(rulebook, cadences, party.row, speech)


def test_the_whole_course_is_told_in_its_order() -> None:
    assert told(WHOLE) == (
        "We write to you 3 days before an invoice is due.",
        "If a payment is late, we remind you 1, 14 and 30 days after the due date.",
        "We call you 21 days after the due date.",
        "We charge a late fee of GBP 40.00 40 days after the due date.",
        "We charge a late fee of 2% of the overdue sum 45 days after the due date.",
        "We charge interest of 1.5% a month on payments more than 30 days late.",
        "From 60 days after the due date we may supply you against payment only.",
        f"From 91 days after the due date {HAND_OVER}",
    )


def test_another_language_writes_its_own_numbers() -> None:
    german = told(WHOLE, "de")
    assert german[3] == (
        "Wir berechnen 40 Tage nach dem Fälligkeitstag eine Mahngebühr von 40,00\u00a0GBP."
    )
    assert "1,5 % im Monat" in german[5]


@pytest.mark.parametrize("code", languages())
def test_each_language_tells_as_much(code: str) -> None:
    lawful = WHOLE.replace("interest: 1.5% a month, after: 30 days", "interest: statutory")
    lawful += (
        "statutory: {law: Late Payment Act, currency: GBP, points_above_reference: 8,"
        " rate_counts: each half-year}\n"
    )
    for text in (WHOLE, lawful):
        sentences = told(text, code)
        assert len(sentences) == len(told(text))
        assert not [sentence for sentence in sentences if "{" in sentence or "}" in sentence]
        assert all(sentence.endswith(".") for sentence in sentences)
        if code != "en":
            assert not set(sentences) & set(told(text))
    assert "Late Payment Act" in told(lawful, code)[5]


def test_without_rules_nothing_is_threatened() -> None:
    assert told(HEAD) == ()


def test_rules_for_others_are_left_out() -> None:
    rules = f"""{HEAD}groups: {{Key: {{contact_group: Key accounts}}}}
credit_holds:
  - {{name: Late, when: {{oldest_days_overdue: {{at_least: 60}}}}, unless: {{group: Key}}}}
"""
    assert len(told(rules)) == 1
    assert told(rules, groups=("Key accounts",)) == ()


def test_a_rule_without_days_is_told_without_days() -> None:
    rules = f"{HEAD}credit_holds: [{{name: Much, when: {{overdue_amount: {{more_than: 5}}}}}}]\n"
    assert told(rules) == ("While payments are late, we may supply you against payment only.",)
    yearly = f"{HEAD}charges: [{{name: A, interest: 8% a year}}]\n"
    assert told(yearly) == ("We charge interest of 8% a year on late payments.",)
