"""Actions: what waits, what became of what was done, and deciding about it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from operator import attrgetter
from typing import Annotated

from msgspec import Meta, Struct

from arsync.application.decisions.action_history import action_history
from arsync.application.decisions.approvals import (
    REJECTED,
    STOPPABLE,
    WAITING,
    approve,
    reject,
    take_back,
)
from arsync.application.decisions.personal_lines import (
    PERSONAL_LINE_CHARACTERS_MAX,
    put_personal_line,
)
from arsync.application.desk.record_pages import ActionsWanted, action_of_key, actions_page
from arsync.application.letters.previewing import (
    LetterWanted,
    PreviewView,
    preview_letter,
    preview_view,
)
from arsync.application.permissions import Permission
from arsync.application.result_views import HistoryView, ListedView, history_view, listed_view
from arsync.application.results import Listed
from arsync.core.actions import ActionKind, ActionState
from arsync.errors import Overtaken, UserMistake
from arsync.web.api.operations import (
    ActionKey,
    Operations,
    Paged,
    PageQuery,
    Reason,
    RecordId,
    page_of,
)
from arsync.web.caller import Caller

operations = Operations("actions")

KEYS_MAX = 500
"""So many actions are decided at once."""

Keys = Annotated[tuple[ActionKey, ...], Meta(min_length=1, max_length=KEYS_MAX)]


class ActionsQuery(PageQuery, frozen=True, forbid_unknown_fields=True):
    """Which actions; what is left out chooses nothing."""

    state: tuple[ActionState, ...] = ()
    kind: tuple[ActionKind, ...] = ()
    customer: RecordId | None = None


class ApprovalBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Which actions; with a line, one letter."""

    keys: Keys
    line: Annotated[str, Meta(max_length=PERSONAL_LINE_CHARACTERS_MAX)] = ""
    """A personal line above the letter's text; empty leaves what stands there."""


class RefusalBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Which actions, and why not."""

    keys: Keys
    reason: Reason


class DecidedView(Struct, frozen=True):
    """An action about which was decided, and where it stands now."""

    key: str
    kind: ActionKind
    customer: str
    state: ActionState


class DecidedList(Struct, frozen=True):
    """What was decided, with what is decided together with it: a hold and its terms."""

    actions: tuple[DecidedView, ...]


@operations.read("/connections/{connection}/actions")
def list_actions(caller: Caller, query: ActionsQuery) -> Paged[ListedView]:
    """List actions, the newest first."""
    choice = ActionsWanted(query.state, query.kind, query.customer or "")
    rows = actions_page(caller.actor, caller.organisation, query.wanted, choice)
    name = caller.organisation.name
    return page_of(rows, query, lambda row: listed_view(Listed(name, row)), attrgetter("key"))


@operations.read("/connections/{connection}/actions/{key}")
def get_action(caller: Caller, key: ActionKey) -> HistoryView:
    """Get an action with everything that happened to it."""
    row = action_of_key(caller.organisation, key)
    _, history = action_history(caller.actor, caller.container, row.key)
    return history_view(history)


@operations.read("/connections/{connection}/actions/{key}/letter", amounts=True)
def preview_action(caller: Caller, key: ActionKey) -> PreviewView:
    """Get the letter of an action as it would leave now."""
    row = action_of_key(caller.organisation, key)
    letter = LetterWanted(row.key)
    return preview_view(
        preview_letter(caller.actor, caller.container, letter, caller.organisation.name)
    )


@operations.act("/connections/{connection}/actions/approve", Permission.APPROVE, audited="approved")
def approve_actions(caller: Caller, body: ApprovalBody) -> DecidedList:
    """Approve actions: all of them, or none; one letter can get a personal line above its text."""
    keys = _deciding(caller, body.keys, WAITING)
    if body.line:
        if len(keys) != 1:
            raise UserMistake("a personal line goes into one letter: give one key.")
        put_personal_line(caller.actor, caller.container, keys[0], body.line)
    return _decided(approve(caller.actor, caller.container, keys))


@operations.act("/connections/{connection}/actions/reject", Permission.APPROVE, audited="refused")
def reject_actions(caller: Caller, body: RefusalBody) -> DecidedList:
    """Refuse actions that wait or have not left yet: all of them, or none."""
    keys = _deciding(caller, body.keys, STOPPABLE, body.reason)
    return _decided(reject(caller.actor, caller.container, keys, reason=body.reason))


@operations.act(
    "/connections/{connection}/actions/take-back",
    Permission.APPROVE,
    audited="took refusals back",
)
def take_back_rejections(caller: Caller, body: RefusalBody) -> DecidedList:
    """Take refusals back: what still has its reason is planned again by the next run."""
    keys = _deciding(caller, body.keys, REJECTED, body.reason)
    return _decided(take_back(caller.actor, caller.container, keys, reason=body.reason))


def _deciding(
    caller: Caller, keys: Sequence[str], states: Collection[ActionState], reason: str = ""
) -> list[str]:
    """Return the keys, each once, where all of them stand so that it can be decided about them.

    Raises:
        NotFound: one is not of this connection.
        Overtaken: one stands otherwise by now.
    """
    rows = [action_of_key(caller.organisation, key) for key in dict.fromkeys(keys)]
    moved = [row for row in rows if row.state not in states]
    if moved:
        words = ", ".join(f"{row.key} is {row.state}" for row in moved)
        raise Overtaken(f"nothing was decided: {words}.\n    hint: read these actions again")
    caller.about = ", ".join(dict.fromkeys(row.action.contact_name for row in rows))
    caller.log_words = reason or f"{len(rows)} {'action' if len(rows) == 1 else 'actions'}"
    return [row.key for row in rows]


def _decided(listed: Sequence[Listed]) -> DecidedList:
    return DecidedList(
        tuple(
            DecidedView(row.key, row.action.kind, row.action.contact_name, row.state)
            for row in (each.row for each in listed)
        )
    )
