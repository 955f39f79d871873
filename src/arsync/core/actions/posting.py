"""Letters by post: a person posts what arsync printed, and says so.

The letter is delivered when its task ends with the outcome `posted`; until then it is printed.
"""

from __future__ import annotations

from msgspec.structs import replace

from arsync.core.actions.model import Action, Because, Via
from arsync.core.actions.payloads import TaskPayload

POSTED = "posted"
"""The outcome of such a task that is the delivery."""

POSTING = "letter by post"
"""What such a task is because of, in place of a rule."""


def is_posted_by_hand(action: Action) -> bool:
    """Return whether a person still has to post what arsync delivers."""
    return action.via == Via.POST


def task_to_post(letter: Action, file: str) -> Action:
    """Return the task to post a letter; the same letter, the same task.

    Args:
        letter: what was put into the post folder.
        file: its name there; empty where nobody knows it any more.
    """
    title = letter.payload.title or letter.step
    named = f": {file}" if file else ""
    return Action(
        payload=TaskPayload(f"Post the letter {title!r}{named}"),
        connection=letter.connection,
        contact_id=letter.contact_id,
        contact_name=letter.contact_name,
        because=Because(letter.because.file, letter.because.line, POSTING),
        # Not steps of a cadence: the letter itself is.
        invoices=tuple(replace(ref, step="") for ref in letter.invoices),
        subject=letter.key,
        note=f"Printed, not posted: {title} in the post folder{named}.",
    )


def letter_to_post(task: Action) -> str:
    """Return the key of the letter that a task is about; empty where it is no such task."""
    return task.subject if task.because.rule == POSTING else ""
