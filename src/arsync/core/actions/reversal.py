"""Undoing: which actions can be put back, and the action that does it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from arsync.core.actions import Action, ActionKind, Because

UNDOABLE = frozenset(
    {ActionKind.CREDIT_HOLD, ActionKind.TERMS, ActionKind.PROMISE, ActionKind.LATE_FEE}
)
"""What these change at the platform can be put back to what it was."""

NOT_UNDOABLE: Mapping[ActionKind, str] = {
    ActionKind.REMINDER: "a message that has left cannot be called back",
    ActionKind.LETTER: "a letter stays with its invoice: the customer may have it already",
    ActionKind.LIFT_CREDIT_HOLD: (
        "lifting a hold is not undone: where a reason stands, the next run places it again"
    ),
    ActionKind.RESTORE_TERMS: (
        "restored terms are not changed back: where a reason stands, the next run changes them"
    ),
    ActionKind.NOTE: "a note stays in the history",
    ActionKind.DISPUTE: (
        "only a note was written, which stays in the history;"
        " `arsync dispute INVOICE --settled` settles the dispute"
    ),
    ActionKind.TASK: "only a note was written; `arsync done KEY --outcome TEXT` closes the task",
    ActionKind.TASK_DONE: "only a note was written, which stays in the history",
    ActionKind.UNDO: "an undoing is not undone: `arsync undo KEY --allow-again` lets it come again",
}
"""Why the others stay, in plain words."""

THINGS: Mapping[ActionKind, str] = {
    ActionKind.CREDIT_HOLD: "the credit hold",
    ActionKind.TERMS: "the change of payment terms",
    ActionKind.PROMISE: "the promise to pay",
    ActionKind.LATE_FEE: "the late fee",
}


def undo_action(
    action: Action, *, generation: int, done_on: date | None, who: str, reason: str = ""
) -> Action:
    """Return the action that undoes another one.

    Its key is made of the undone action's key and life, so that undoing twice undoes once.

    Args:
        action: what is undone.
        generation: the life it is in; a later one has an undoing of its own.
        done_on: the organisation's day on which it was done.
        who: the person that asks for it.
        reason: why, in the person's words.
    """
    assert action.kind in UNDOABLE, "others are refused before"
    day = f" of {done_on.isoformat()}" if done_on else ""
    why = f": {reason}" if reason else "."
    is_promise = action.kind is ActionKind.PROMISE
    return Action(
        kind=ActionKind.UNDO,
        connection=action.connection,
        contact_id=action.contact_id,
        contact_name=action.contact_name,
        because=Because("", 0, "undo"),
        invoices=action.invoices,
        subject=f"{action.key} life {generation}",
        episode=action.episode,
        note=f"Undone by {who}, {THINGS[action.kind]}{day}{why}",
        details={
            "undoes": action.key,
            "generation": str(generation),
            "kind": action.kind.value,
            "who": who,
            # What the promise is called in arsync's own books: it is taken back there too.
            **({"promise": action.subject.rpartition(" ")[2]} if is_promise else {}),
        },
    )
