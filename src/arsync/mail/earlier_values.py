"""What a letter can say of those before it: nothing that is not so."""

from __future__ import annotations

from typing import Any, NamedTuple

from arsync.core.actions import Action
from arsync.core.ledger.records import Account
from arsync.mail.language import Language
from arsync.mail.letter_facts import EarlierLetter, LetterFacts
from arsync.mail.text_names import ACCOUNT_TEXT_NAMES, PLAN_TEXT_NAMES

_NO_REMINDERS = frozenset({"upcoming", *PLAN_TEXT_NAMES})
"""Letters about an invoice that do not ask for an overdue payment."""


class LetterBefore(NamedTuple):
    """A letter before this one, ready for people."""

    name: str
    """Of its text: `first reminder`."""
    day: str
    via: str


def earlier_values(
    facts: LetterFacts, action: Action, account: Account, spoken: Language
) -> dict[str, Any]:
    """Return the letters that the customer got about these invoices, and the day of the last."""
    about_these = letters_about(facts.earlier_letters, action, account)
    return {
        "earlier_letters": tuple(
            LetterBefore(letter.name, spoken.day(letter.day), letter.via) for letter in about_these
        ),
        "earlier_reminders": sum(letter.name not in _NO_REMINDERS for letter in about_these),
        "last_letter_on": spoken.day(about_these[-1].day) if about_these else "",
    }


def letters_about(
    letters: tuple[EarlierLetter, ...], action: Action, account: Account
) -> tuple[EarlierLetter, ...]:
    """Return those letters that were a step of the invoices of an action, the oldest first.

    A customer may have had letters about debts that it paid long ago, and statements: whoever
    reads "we wrote to you about this invoice" remembers whether that is so.
    """
    invoices = {(ref.id, ref.episode) for ref in action.invoices}
    days = {step.on for step in account.sent if (step.invoice_id, step.episode) in invoices}
    return tuple(
        letter
        for letter in sorted(letters, key=lambda letter: letter.day)
        if letter.day in days and letter.name not in ACCOUNT_TEXT_NAMES
    )
