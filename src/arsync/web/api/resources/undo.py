"""Undoing what was done at the accounting system."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from arsync.application.desk.record_pages import action_of_key
from arsync.application.permissions import Permission
from arsync.application.result_views import ListedView, listed_view
from arsync.application.runs.undoing import (
    UndoPlan,
    UndoPlanView,
    allow_again,
    ask_for_undo,
    undo_plan,
    undo_plan_view,
)
from arsync.web.api.operations import ActionKey, Line, Operations, Reason
from arsync.web.caller import Caller

operations = Operations("undo")

UNDO_KEYS_MAX = 20
"""So many are undone at once: each is looked at in the accounting system while the caller waits."""

UndoKeys = Annotated[tuple[ActionKey, ...], Meta(min_length=1, max_length=UNDO_KEYS_MAX)]


class UndoKeysBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Which actions."""

    keys: UndoKeys


class UndoBody(UndoKeysBody, frozen=True, forbid_unknown_fields=True):
    """Which actions, and why they are undone."""

    reason: Line = ""


class AllowAgainBody(UndoKeysBody, frozen=True, forbid_unknown_fields=True):
    """Which actions, and why they may be planned again."""

    reason: Reason


class AllowedAgainView(Struct, frozen=True):
    """Actions that may be planned again."""

    actions: tuple[ListedView, ...]


@operations.act("/connections/{connection}/undo/preview", Permission.UNDO)
def preview_undo(caller: Caller, body: UndoKeysBody) -> UndoPlanView:
    """Get what undoing actions would put back, read afresh; nothing is changed."""
    return undo_plan_view(_plan(caller, body.keys))


@operations.act("/connections/{connection}/undo", Permission.UNDO, audited="asked for an undo")
def undo_actions(caller: Caller, body: UndoBody) -> UndoPlanView:
    """Have the next run put back what can be; what was changed since is left alone."""
    plan = _plan(caller, body.keys)
    ask_for_undo(caller.actor, plan, reason=body.reason)
    caller.log_words = body.reason or f"{plan.going} of {len(plan.lines)}"
    return undo_plan_view(plan)


@operations.act(
    "/connections/{connection}/undo/allow-again",
    Permission.UNDO,
    audited="let what was undone be planned again",
)
def allow_undone_again(caller: Caller, body: AllowAgainBody) -> AllowedAgainView:
    """Let holds and changes of terms that were undone be planned again."""
    keys = _known(caller, body.keys)
    caller.log_words = body.reason
    allowed = allow_again(caller.actor, caller.container, keys, reason=body.reason)
    return AllowedAgainView(tuple(map(listed_view, allowed)))


def _plan(caller: Caller, keys: Sequence[str]) -> UndoPlan:
    (plan,) = undo_plan(caller.actor, caller.container, _known(caller, keys))
    return plan


def _known(caller: Caller, keys: Sequence[str]) -> list[str]:
    """Return the keys, each once.

    Raises:
        NotFound: one is not of this connection.
    """
    rows = [action_of_key(caller.organisation, key) for key in dict.fromkeys(keys)]
    caller.about = ", ".join(dict.fromkeys(row.action.contact_name for row in rows))
    return [row.key for row in rows]
