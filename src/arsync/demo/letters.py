"""Letters in the demo: what its owner sends in words of its own, and whether it came to be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from arsync.core.actions import MARKER_LENGTH, Action, ActionKind, ActionState, Via
from arsync.core.actions.posting import POSTED, letter_to_post
from arsync.core.actions.registry import MESSAGE_KINDS
from arsync.mail.message import KEY_HEADER
from arsync.store.models import ActionRow

RULES_FILE = "letters.yaml"
RULES = """\
# Beside the standard rulebook: letters in words of one's own, by mail and by post.
reminders:
  - name: The trade by letter
    when: {contact_group: [Trade, Wholesale]}
    steps:
      - {day: 1, email: first reminder, via: smtp, attach: [invoice]}
      - {day: 10, letter: final notice, via: post}
      - {day: 20, letter: formal notice, via: smtp}

statements:
  - {name: Monthly, when: {balance: {more_than: 0}}, on: 1st business day, attach: pdf}

thank_you:
  when: {days_late: {at_most: 0}, amount_paid: {at_least: 500}}

after_issue:
  - {days: 3, email: satisfaction check, when: {total: {at_least: 2000}}}

announcements:
  credit_holds: placed and lifted
"""

POST_FOLDER = "post"
SETTINGS = {
    ("letters", "address"): "1 Mill Lane; Leeds LS1 4AP",
    ("letters", "phone"): "+44 113 496 0018",
    ("letters", "signed_by"): "Accounts receivable",
    ("letters", "account_name"): "Sandbox Trading Ltd",
    ("letters", "bank"): "Example Bank",
    ("letters", "sort_code"): "12-34-56",
    ("letters", "account_number"): "12345678",
    ("letters", "post_folder"): POST_FOLDER,
}
"""What the demo's letters say of their sender."""

_DONE = frozenset({ActionState.SENT, ActionState.CONFIRMED})


def outcome_of_posting(task: Action) -> str:
    """Return what came of posting a letter; empty for every other task."""
    return POSTED if letter_to_post(task) else ""


def named(action: Action) -> str:
    """Return what the demo counts a letter as; empty for what is no letter of its own."""
    if action.kind is ActionKind.ACCOUNT_LETTER:
        return f"letters: {action.payload.title}"
    if action.kind is ActionKind.LETTER:
        way = "by post" if action.via == Via.POST else "by mail"
        return f"letters: {action.payload.title} {way}"
    return ""


def different_letters(
    rows: Iterable[ActionRow], mails: Iterable[Mapping[str, Any]], folder: Path
) -> Iterator[str]:
    """Yield each letter that left and did not come, that came twice, or that nobody sent.

    Args:
        rows: of one connection.
        mails: the messages that the mail server took, of all connections.
        folder: the connection's own in the post folder.
    """
    messages = [row for row in rows if row.action.kind in MESSAGE_KINDS and row.state in _DONE]
    came = Counter(mail["headers"].get(KEY_HEADER, "") for mail in mails)
    for row in messages:
        if row.action.via == Via.SMTP and came[row.key] != 1:
            yield f"{row.key[:12]} {row.action.step}: {came[row.key]} mails came of it"
    printed = Counter(
        file.stem.rsplit(" ", 1)[-1]
        for file in folder.glob("????-??-??/*.pdf")
        if len(file.stem.rsplit(" ", 1)[-1]) == MARKER_LENGTH
    )
    to_print = {row.key[:MARKER_LENGTH] for row in messages if row.action.via == Via.POST}
    for key in sorted(to_print | set(printed)):
        if (key in to_print, printed[key]) != (True, 1):
            yield f"{key}: printed {printed[key]} times, {'' if key in to_print else 'not '}sent"
