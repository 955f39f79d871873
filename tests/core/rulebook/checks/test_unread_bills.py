"""What rests on bills that nobody reads is warned of, with its line and what to write."""

from __future__ import annotations

from tests.builders.rulebooks import a_rulebook

from arsync.core.rulebook.checks.unread_bills import unread_bills

RULES = """\
version: 1
currency: GBP
customers:
  - {contact: Acme, suppliers: [Acme Print]}
alerts:
  - {name: We owe them, when: {payable_to_them: {more_than: 0}}, tell: owner}
"""


def test_rules_and_entries_about_unread_bills_are_named() -> None:
    of_rule, of_entry = unread_bills(a_rulebook(RULES))
    assert (of_rule.line, of_entry.line) == (6, 4)
    assert of_rule.message == "payable_to_them is unknown: no bills are read."
    assert of_rule.hint == of_entry.hint == "write payables: {read: open bills}"
    assert unread_bills(a_rulebook(RULES + "payables: {read: open bills}\n")) == []
