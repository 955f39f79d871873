"""Words that nobody in the ledger has: told as written, with what is most likely meant."""

from __future__ import annotations

import pytest
from tests.builders.rulebooks import a_rulebook

from arsync.core.rulebook import ledger_words, nearest_name
from arsync.core.rulebook.customer_matching import ContactName, match_customers
from arsync.core.rulebook.ledger_words import unknown_words

RULES = """version: 1
currency: GBP
customers:
  - {contact: Millbrook Dental Ltd, tags: [Legal]}
groups:
  Key: {contact_group: Key acounts}
leave_alone:
  - name: Named
    when: {any: [{tag: [legal, leagl, vip]}, {contact: [Milbrook Dental, Ghost, c2]}]}
reminders:
  - name: North
    when: {contact_group: [NORTH, Nowhere, Key acounts]}
    steps: [{day: 1, email: first reminder}]
"""
CONTACTS = [
    ContactName("c1", "Millbrook Dental Ltd", groups=("Key accounts",)),
    ContactName("c2", "Linden Garages", groups=("North",)),
]


def told(contacts: list[ContactName]) -> list[str]:
    return [problem.in_a_line for problem in unknown_words(a_rulebook(RULES), contacts)]


def test_each_word_is_told_once_as_it_was_written() -> None:
    assert told(CONTACTS) == [
        (
            "rules/test.yaml:6: no customer is in the contact group 'Key acounts':"
            " did you mean 'Key accounts'?"
        ),
        "rules/test.yaml:8: no customer has the tag 'leagl': did you mean 'legal'?",
        "rules/test.yaml:8: no customer has the tag 'vip': tags are given under 'customers:'",
        (
            "rules/test.yaml:8: no contact is called 'Milbrook Dental':"
            " did you mean 'Millbrook Dental Ltd'?"
        ),
        "rules/test.yaml:8: no contact is called 'Ghost': write it as in the accounting system",
        (
            "rules/test.yaml:11: no customer is in the contact group 'Nowhere':"
            " write it as in the accounting system"
        ),
    ]


def test_an_empty_ledger_has_no_unknown_words() -> None:
    assert told([]) == []


def test_a_name_that_goes_on_is_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"acme ltd": "Acme Ltd", "acne ltd": "Acne Ltd", "beta gmbh": "Beta GmbH"}
    assert nearest_name.nearest("acme", known) == "Acme Ltd"
    assert nearest_name.nearest("bta gmbh", known) == "Beta GmbH"
    assert nearest_name.nearest("zzz", known) == ""
    monkeypatch.setattr(nearest_name, "CANDIDATES_MAX", 2)
    assert nearest_name.nearest("acme", known) == ""


def test_nearest_names_are_looked_for_a_few_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ledger_words, "LOOKS_MAX", 1)
    assert ["did you mean" in line for line in told(CONTACTS)] == [True, *[False] * 5]


def test_an_entry_of_customers_is_guessed_too() -> None:
    rules = a_rulebook("version: 1\ncurrency: GBP\ncustomers: [{contact: Millbrook Dental}]\n")
    (problem,) = match_customers(rules, {}, CONTACTS).problems
    assert problem.hint == "did you mean 'Millbrook Dental Ltd'?"
