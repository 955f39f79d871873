"""What a rulebook sends, rule by rule."""

from __future__ import annotations

from tests.builders.rulebooks import a_rulebook

from arsync.core.rulebook.text_uses import text_uses


def test_each_step_names_its_text_day_and_way() -> None:
    rulebook = a_rulebook(
        """version: 1
currency: GBP
reminders:
  - name: Standard
    steps:
      - {day: 3, email: first reminder}
      - {day: 5, counted_from: issue date, email: upcoming}
      - {after: 10 days, email: final notice, every: 14 days, at_most: 3}
      - {day: 60, letter: formal notice}
      - {day: 70, task: Call}
payment_plans:
  announce: 3 days before
sending:
  via: smtp
"""
    )
    uses = {(use.text, use.comes): use for use in text_uses(rulebook)}
    assert list(uses) == [
        ("first reminder", "day 3"),
        ("upcoming", "day 5 from issue date"),
        ("final notice", "10 days after the step before"),
        ("formal notice", "day 60"),
        ("instalment due", "3 days before an instalment"),
        ("instalment missed", "1 day after a missed instalment"),
    ]
    assert {use.via for use in uses.values()} == {"smtp"}
    assert [use.text for use in uses.values() if use.is_letter] == ["formal notice"]
    assert {use.text for use in uses.values()} == rulebook.texts()
