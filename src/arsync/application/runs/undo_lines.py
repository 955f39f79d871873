"""What undoing would put back, action by action: read afresh, before anything is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.runs.undo_bookkeeping import CARRIED_OUT, undone_by
from arsync.connector_sdk import Capability, ReversalStatus, Undoing
from arsync.core.actions import STARTED_STATES, ActionKind, ActionState, UndoPayload, payload_of
from arsync.core.actions.registry import KINDS
from arsync.core.planning.plan_views import ActionView, action_view
from arsync.errors import Rejected
from arsync.outbox import Delivery
from arsync.store import Store
from arsync.store.models import ActionRow, ConnectionRow

_S = ActionState
_ASKED_FOR = STARTED_STATES | {_S.APPROVED}


class UndoVerdict(StrEnum):
    """What is to become of one action that a person wants undone."""

    UNDO = "undo"
    """It is put back, and noted."""
    NOTE = "already as before"
    """Somebody put it back by hand: it is only noted, and counts as undone."""
    LEFT_ALONE = "left alone"
    """Somebody changed it since."""
    CANNOT = "cannot be undone"
    UNDONE = "undone already"


class UndoLine(NamedTuple):
    """One action that a person wants undone, and what would become of it."""

    row: ActionRow
    verdict: UndoVerdict
    reason: str = ""
    """Why it is not undone; empty when it is."""
    undoing: Undoing | None = None
    """How what it wrote stands, where that was looked at."""

    @property
    def goes(self) -> bool:
        """Return whether it is to be undone."""
        return self.verdict in {UndoVerdict.UNDO, UndoVerdict.NOTE}


class UndoLineView(Struct, frozen=True):
    """The JSON view of one action that a person wants undone."""

    action: ActionView
    key: str
    verdict: UndoVerdict
    why: str
    was: str | UnsetType = UNSET
    """Left out, like the next two, where nobody looked."""
    wrote: str | UnsetType = UNSET
    now: str | UnsetType = UNSET


def undo_line_view(line: UndoLine) -> UndoLineView:
    """Return the JSON view of one line."""
    row, undoing = line.row, line.undoing
    view = UndoLineView(action_view(row.action, row.state), row.key, line.verdict, line.reason)
    if undoing is None:
        return view
    return replace(view, was=undoing.was, wrote=undoing.wrote, now=undoing.now)


def undo_lines(
    organisation: OrganisationContext,
    delivery: Delivery,
    rows: Sequence[ActionRow],
    *,
    offers: frozenset[Capability],
) -> list[UndoLine]:
    """Return what undoing these actions would do, read afresh; changes nothing.

    Args:
        organisation: whose they are.
        delivery: looks at the platform.
        rows: what is to be undone.
        offers: what the platform can do.
    """
    undone = undone_by(organisation.store, organisation.connection)
    return [_line(organisation, delivery, row, undone, offers) for row in rows]


def _line(
    organisation: OrganisationContext,
    delivery: Delivery,
    row: ActionRow,
    undone: dict[tuple[str, int], ActionRow],
    offers: frozenset[Capability],
) -> UndoLine:
    kind = row.action.kind
    if KINDS[kind].not_undoable:
        return UndoLine(row, UndoVerdict.CANNOT, KINDS[kind].not_undoable)
    undoing_row = undone.get((row.key, row.generation))
    if undoing_row is not None and undoing_row.state in _ASKED_FOR:
        return UndoLine(row, UndoVerdict.UNDONE, _undone_words(undoing_row))
    # Until it is seen at the platform, undoing could come before the write itself.
    if row.state is not _S.CONFIRMED:
        return UndoLine(row, UndoVerdict.CANNOT, _NOT_DONE[row.state])
    ended = _ended(organisation.store, organisation.connection, row)
    if ended:
        return UndoLine(row, UndoVerdict.CANNOT, ended)
    if Capability.UNDO not in offers:
        return UndoLine(row, UndoVerdict.CANNOT, "the accounting system's connector cannot undo")
    try:
        undoing = delivery.undoing(row)
    except Rejected as error:
        return UndoLine(row, UndoVerdict.LEFT_ALONE, str(error))
    if undoing.status is ReversalStatus.AS_BEFORE:
        return UndoLine(row, UndoVerdict.NOTE, undoing=undoing)
    if undoing.status is ReversalStatus.OURS:
        return UndoLine(row, UndoVerdict.UNDO, undoing=undoing)
    fixed = undoing.status is ReversalStatus.FIXED
    verdict = UndoVerdict.CANNOT if fixed else UndoVerdict.LEFT_ALONE
    return UndoLine(row, verdict, undoing.obstacle or "it has been changed since", undoing)


_NOT_DONE = {
    _S.PLANNED: "it is only planned: nothing was done",
    _S.AWAITING_APPROVAL: "it waits for approval: `arsync refuse KEY --why REASON` refuses it",
    _S.APPROVED: "it is approved and not done yet: nothing was done",
    _S.SENDING: "a run is carrying it out: its outcome is not known yet",
    _S.UNKNOWN: "its outcome is unknown: settle that first with `arsync resolve`",
    _S.SENT: "it was sent but is not confirmed yet: `arsync apply` confirms it",
    _S.WITHDRAWN: "it was withdrawn: nothing of it is there",
    _S.REJECTED: "it was refused: nothing of it is there",
}


def _undone_words(row: ActionRow) -> str:
    name, day = payload_of(row.action, UndoPayload).who, f"{row.created_at:%Y-%m-%d}"
    if row.state is _S.UNKNOWN:
        return (
            f"{name} requested it on {day}; its outcome is unknown: `arsync resolve {row.key[:12]}`"
        )
    if row.state not in CARRIED_OUT:
        return f"{name} requested it on {day}: it leaves with the next run"
    return f"it was undone by {name} on {day}"


def _ended(store: Store, connection: ConnectionRow, row: ActionRow) -> str:
    """Return that a hold or its terms were ended since; empty when they were not."""
    kind = KINDS[row.action.kind]
    if kind.ended_by is None:
        return ""
    later = store.actions.list(
        connection.id,
        kinds={kind.ended_by},
        states=STARTED_STATES,
        contact_id=row.action.contact_id,
    )
    ending = next((end for end in later if end.action.episode == row.action.episode), None)
    day = f" on {ending.sent_on.isoformat()}" if ending and ending.sent_on else ""
    return f"{kind.ended_words}{day}: there is nothing left to undo" if ending else ""


def with_companions(
    store: Store, connection: ConnectionRow, rows: Sequence[ActionRow]
) -> list[ActionRow]:
    """Add to each hold the change of payment terms that came with it: they go back together."""
    together = {row.key: row for row in rows}
    for row in rows:
        if row.action.kind is ActionKind.CREDIT_HOLD:
            terms = store.actions.list(
                connection.id,
                kinds={ActionKind.TERMS},
                states={_S.CONFIRMED},
                contact_id=row.action.contact_id,
            )
            same = [term for term in terms if term.action.episode == row.action.episode]
            undone = undone_by(store, connection) if same else {}
            for term in same:
                if (term.key, term.generation) not in undone:
                    together.setdefault(term.key, term)
    return list(together.values())
