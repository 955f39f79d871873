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
      - {day: 61, letter: registration warning, via: post}
      - {day: 70, task: Call}
payment_plans:
  announce: 3 days before
statements:
  - {name: Monthly, on: 1st business day}
thank_you: {email: thank you}
after_issue:
  - {name: Terms, days: 0, email: terms of trade, once_per: customer}
announcements:
  credit_holds: placed and lifted
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
        ("registration warning", "day 61"),
        ("instalment due", "3 days before an instalment"),
        ("instalment missed", "1 day after a missed instalment"),
        ("statement of account", "on: 1st business day"),
        ("thank you", "when it paid"),
        ("terms of trade", "0 days after the issue of a first invoice"),
        ("credit hold placed", "when a hold is placed"),
        ("credit hold lifted", "when a hold is lifted"),
    ]
    others = {"formal notice": "", "registration warning": "post"}
    assert all(use.via == others.get(use.text, "smtp") for use in uses.values())
    assert [use.text for use in uses.values() if use.is_letter] == [
        "formal notice",
        "registration warning",
    ]
    assert {use.text for use in uses.values()} == rulebook.texts()
