"""Undoing: the action that puts back what another one changed."""

from __future__ import annotations

from datetime import date

from arsync.core.actions import Action, ActionKind, Because, PaymentPlanPayload, UndoPayload
from arsync.core.actions.registry import KINDS, UNDOABLE


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
    reason_words = f": {reason}" if reason else "."
    number = action.subject.rpartition(" ")[2]
    is_promise = action.kind is ActionKind.PROMISE
    return Action(
        payload=UndoPayload(
            undoes=action.key,
            generation=generation,
            undone_kind=action.kind,
            who=who,
            # What the promise is called in arsync's own records: it is taken back there too.
            promise_id=int(number) if is_promise and number.isdecimal() else None,
            # Of a later note about it the plan itself stays.
            plan_id=_agreed_plan(action),
        ),
        connection=action.connection,
        contact_id=action.contact_id,
        contact_name=action.contact_name,
        # No rule asks for it: a person does.
        because=Because("", 0, "undo"),
        invoices=action.invoices,
        subject=f"{action.key} life {generation}",
        episode=action.episode,
        note=f"Undone by {who}, {KINDS[action.kind].thing}{day}{reason_words}",
    )


def _agreed_plan(action: Action) -> int | None:
    """Return the number of the payment plan that an action is the agreement of."""
    payload = action.payload
    if not isinstance(payload, PaymentPlanPayload):
        return None
    return payload.plan_id if action.subject == f"plan {payload.plan_id}" else None
