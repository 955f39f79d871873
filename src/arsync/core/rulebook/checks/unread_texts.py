"""Texts that nobody reads, copies that nobody gets: the platform's email has its own words."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from arsync.core.rulebook.model import Problem, Rulebook, Step, StepKind

PLATFORM = "accounting system"

PLAIN_TEXTS = frozenset({"upcoming", "first reminder", "second reminder", "third reminder"})
"""The texts that ask for payment and no more: an invoice that is emailed again says as much."""


def unread_texts(rulebook: Rulebook, own_texts: Collection[str] = ()) -> list[Problem]:
    """Return the steps whose words the customer never reads, and what goes along with nothing.

    Args:
        rulebook: what is looked at.
        own_texts: the names of texts that stand beside it.
    """
    problems = [
        Problem(
            *step.place,
            f"nobody reads {step.text!r}: by 'accounting system' the invoice is emailed in the"
            " accounting system's own words.",
            "write via: smtp, or letter: in place of email:",
            "warning",
        )
        for step in _steps(rulebook)
        if step.kind is StepKind.EMAIL
        and _way(rulebook, step) == PLATFORM
        and (step.text not in PLAIN_TEXTS or step.text in own_texts)
    ]
    return [*problems, *_along_with_nothing(rulebook)]


def _steps(rulebook: Rulebook) -> Iterator[Step]:
    for cadence in rulebook.reminders:
        # Its repeats say the same.
        yield from (step for step in cadence.steps if step.repeat == 1)


def _way(rulebook: Rulebook, step: Step) -> str:
    if step.via or step.kind is StepKind.EMAIL:
        return step.via or rulebook.sending.via
    return ""


def _along_with_nothing(rulebook: Rulebook) -> Iterator[Problem]:
    """Yield copies and enclosures of messages that are the accounting system's own."""
    by_platform = "the accounting system's own email goes alone, to whom it says"
    for step in _steps(rulebook):
        if step.kind is StepKind.EMAIL and _way(rulebook, step) == PLATFORM:
            has_own = {"cc": step.cc, "copy_to": step.copy_to, "attach": step.attach}
            for word in (word for word, value in has_own.items() if value):
                message = f"{word!r} has no effect: {by_platform}."
                yield Problem(*step.place, message, "write via: smtp beside it", "warning")
    sending = rulebook.sending
    has_letters = rulebook.payment_plans.texts or any(
        step.kind is StepKind.LETTER
        or (step.kind is StepKind.EMAIL and _way(rulebook, step) != PLATFORM)
        for step in _steps(rulebook)
    )
    if has_letters or not rulebook.reminders:
        return
    of_letters = {
        "cc": sending.cc,
        "copy_to": sending.copy_to,
        "sender": sending.sender,
        "attach": sending.attach,
    }
    for word in (word for word, value in of_letters.items() if value):
        message = f"{word!r} under 'sending' has no effect: {by_platform}."
        yield Problem(
            *sending.place, message, "write via: smtp under 'sending', or in a step", "warning"
        )
