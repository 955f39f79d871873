"""Notices: the letters that bear a running number of their ledger."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from arsync.core.actions.model import Action, is_our_letter
from arsync.core.actions.payloads import ActionKind

NUMBERED_TEXTS = frozenset(
    {"final notice", "formal notice", "hand over announced", "registration warning"}
)
"""Texts that a court, an agency or a credit register may ask for; every letter bears one too."""


class NoticeNumber(NamedTuple):
    """The running number of a notice."""

    number: int
    given_on: date
    """The organisation's day on which it was given; it stays when a try is repeated."""


def bears_number(action: Action) -> bool:
    """Return whether a letter has a running number: one in the platform's own words has none."""
    if not is_our_letter(action):
        return False
    # A rulebook may write `hand-over announced`: the same text.
    plain = " ".join(text_of(action).replace("_", " ").replace("-", " ").lower().split())
    return action.kind is ActionKind.LETTER or plain in NUMBERED_TEXTS


def text_of(action: Action) -> str:
    """Return the name of a letter's text."""
    return action.payload.title or action.step


def as_written(notice: NoticeNumber, form: str) -> str:
    """Return a notice's number as letters say it: `N-17`.

    Args:
        notice: the running number; `{year}` is the year in which it was given.
        form: `N-{number}`, `{year}/{number}`; without a place for it the number stands behind.
    """
    if "{number}" not in form:
        form = f"{form} {{number}}".lstrip()
    return form.replace("{year}", str(notice.given_on.year)).replace("{number}", str(notice.number))
