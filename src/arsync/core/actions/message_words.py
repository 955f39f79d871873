"""Messages in words: what leaves, by which way, and in whose words. The one place that says so.

The accounting system's own email carries its own words: it is called an invoice that was emailed,
and the name of a text is only the name of the step. Nothing claims that the text was sent.
"""

from __future__ import annotations

from collections.abc import Mapping

from arsync.core.actions.model import Action, Via, is_our_letter
from arsync.core.actions.payloads import ActionKind, ReminderPayload
from arsync.core.actions.registry import KINDS, MESSAGE_KINDS

PLATFORM_UNNAMED = "the accounting system"
"""In place of `Xero`, where no platform is named."""

_BY_WAY: Mapping[str, str] = {
    Via.PLATFORM: "through the accounting system",
    Via.SMTP: "by email",
    Via.POST: "by post",
    Via.SMS: "by text message",
}


def by_way(via: str) -> str:
    """Return a way as sentences end with it: `by email`; an installed channel's by its name."""
    return _BY_WAY.get(via, f"by {via}")


def is_platforms_own(action: Action) -> bool:
    """Return whether the customer reads the accounting system's own email."""
    return action.kind is ActionKind.REMINDER and not is_our_letter(action)


def emailed_by(action: Action) -> str:
    """Return whose own email an action is: `Xero`."""
    payload = action.payload
    named = payload.platform if isinstance(payload, ReminderPayload) else ""
    return named or PLATFORM_UNNAMED


def what_leaves(action: Action, when: str = "") -> str:
    """Return what an action does, as a plan says it: `EMAIL INVOICE by Xero (second reminder)`.

    Args:
        action: any; of what reaches no customer it is the verb and the title.
        when: when its step comes, to stand in brackets: `day 14`.
    """
    row, title = KINDS[action.kind], action.step or action.payload.title
    if is_platforms_own(action):
        words, aside = f"EMAIL INVOICE by {emailed_by(action)}", [title, when]
    elif action.kind in MESSAGE_KINDS:
        words, aside = f"{_verb(action)} {title}{_tail(action)}", [when]
    else:
        words = " ".join(filter(None, (row.verb, title, action.payload.manner)))
        words += mailing_words(action)
        aside = [when]
    bracket = ", ".join(filter(None, aside))
    return f"{words} ({bracket})" if bracket else words


def mailing_words(action: Action) -> str:
    """Return who of the business is mailed once an action is done: `, mail to sales`, or empty."""
    colleagues = action.payload.mailed_colleagues
    return f", mail to {' and '.join(colleagues)}" if colleagues else ""


def _verb(action: Action) -> str:
    return "ATTACH LETTER" if _is_attached(action) else KINDS[action.kind].verb


def _tail(action: Action) -> str:
    """Return the way, where it had one."""
    return "" if _is_attached(action) else f" {by_way(action.via)}"


def _is_attached(action: Action) -> bool:
    # As earlier versions did with letters: nobody but the books had them.
    return action.kind is ActionKind.LETTER and action.via == Via.PLATFORM


def noun_for(action: Action, plain: str) -> str:
    """Return an action as a thing: `invoice email by Xero (second reminder)`, `task 'Call'`.

    Args:
        action: any.
        plain: what one of its kind is called: `reminder`.
    """
    title = action.step or action.payload.title
    if is_platforms_own(action):
        words = f"invoice email by {emailed_by(action)}"
        return f"{words} ({title})" if title else words
    named = f"{plain} {title!r}" if title else plain
    return f"{named}{_tail(action)}" if action.kind in MESSAGE_KINDS else named


def sent_words(kind: ActionKind, text: str, via: str, platform: str = "") -> str:
    """Return how the note of a step begins: `Second reminder sent by email`.

    Args:
        kind: what the step became.
        text: the step's.
        via: by which way it leaves.
        platform: the accounting system, as people call it.
    """
    capital = text[:1].upper() + text[1:]
    if kind is ActionKind.REMINDER and via == Via.PLATFORM:
        return f"Invoice emailed by {platform or PLATFORM_UNNAMED}"
    if kind is ActionKind.LETTER and via == Via.PLATFORM:
        return f"{capital} attached as a letter"
    if kind in MESSAGE_KINDS:
        return f"{capital} sent {by_way(via)}"
    return KINDS[kind].step_note.format(capital)


def as_step(kind: ActionKind, text: str, via: str) -> str:
    """Return which step it was, where the words before it do not name the text; else nothing."""
    is_own = kind is ActionKind.REMINDER and via == Via.PLATFORM
    return f", as step {text}" if is_own else ""
