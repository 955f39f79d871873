"""Undoing what was done: what it would put back, asking for it, and letting it come again."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from arsync.clock import Clock
from arsync.connector_sdk import Capability, ReversalStatus, Undoing
from arsync.core.actions import STARTED_STATES, ActionKind, ActionState, UndoPayload, payload_of
from arsync.core.actions.registry import KINDS
from arsync.core.actions.reversal import undo_action
from arsync.core.planning.planner import action_json
from arsync.errors import Rejected, UserMistake
from arsync.outbox.approvals import REASON_CHARACTERS_MAX, WHO_CHARACTERS_MAX, checked
from arsync.outbox.deliver import Delivery
from arsync.outbox.types import WHO
from arsync.store import Store
from arsync.store.models import ActionRow, ConnectionRow, Mode

_S = ActionState
_ASKED_FOR = STARTED_STATES | {_S.APPROVED}


class Verdict(StrEnum):
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
    verdict: Verdict
    why: str = ""
    """Why it is not undone; empty when it is."""
    undoing: Undoing | None = None
    """How what it wrote stands, where that was looked at."""

    @property
    def goes(self) -> bool:
        """Return whether it is to be undone."""
        return self.verdict in {Verdict.UNDO, Verdict.NOTE}

    def as_json(self) -> dict[str, Any]:
        """Return it as `undo --json` prints it."""
        undoing = self.undoing
        states = {"was": undoing.was, "wrote": undoing.wrote, "now": undoing.now} if undoing else {}
        return {
            "action": action_json(self.row.action, self.row.state.value),
            "key": self.row.key,
            "verdict": self.verdict.value,
            "why": self.why,
            **states,
        }


def undo_lines(
    store: Store,
    connection: ConnectionRow,
    delivery: Delivery,
    rows: Sequence[ActionRow],
    *,
    offers: frozenset[Capability],
) -> list[UndoLine]:
    """Return what undoing these actions would do, read afresh; changes nothing.

    Args:
        store: holds them.
        connection: whose they are.
        delivery: looks at the platform.
        rows: what is to be undone.
        offers: what the platform can do.
    """
    undone = undone_by(store, connection)
    return [_line(store, connection, delivery, row, undone, offers) for row in rows]


def _line(
    store: Store,
    connection: ConnectionRow,
    delivery: Delivery,
    row: ActionRow,
    undone: dict[tuple[str, int], ActionRow],
    offers: frozenset[Capability],
) -> UndoLine:
    kind = row.action.kind
    if KINDS[kind].not_undoable:
        return UndoLine(row, Verdict.CANNOT, KINDS[kind].not_undoable)
    mine = undone.get((row.key, row.generation))
    if mine is not None and mine.state in _ASKED_FOR:
        return UndoLine(row, Verdict.UNDONE, _undone_words(mine))
    if row.state is not _S.CONFIRMED:
        return UndoLine(row, Verdict.CANNOT, _NOT_DONE[row.state])
    ended = _ended(store, connection, row)
    if ended:
        return UndoLine(row, Verdict.CANNOT, ended)
    if Capability.UNDO not in offers:
        return UndoLine(row, Verdict.CANNOT, "the accounting system's connector cannot undo")
    try:
        undoing = delivery.undoing(row)
    except Rejected as error:
        return UndoLine(row, Verdict.LEFT_ALONE, str(error))
    if undoing.status is ReversalStatus.AS_BEFORE:
        return UndoLine(row, Verdict.NOTE, undoing=undoing)
    if undoing.status is ReversalStatus.OURS:
        return UndoLine(row, Verdict.UNDO, undoing=undoing)
    fixed = undoing.status is ReversalStatus.FIXED
    verdict = Verdict.CANNOT if fixed else Verdict.LEFT_ALONE
    return UndoLine(row, verdict, undoing.obstacle or "somebody changed it since", undoing)


_NOT_DONE = {
    _S.PLANNED: "it is only planned: nothing was done",
    _S.AWAITING_APPROVAL: "it waits for approval: `arsync reject KEY --why REASON` refuses it",
    _S.APPROVED: "it is approved and not done yet: nothing was done",
    _S.SENDING: "a run is at work on it: its outcome is not known yet",
    _S.UNKNOWN: "its outcome is unknown: settle that first with `arsync resolve`",
    _S.SENT: "it was sent and not read back yet: `arsync apply` reads it back",
    _S.WITHDRAWN: "it was withdrawn: nothing of it stands",
    _S.REJECTED: "it was refused: nothing of it stands",
}


def undone_by(store: Store, connection: ConnectionRow) -> dict[tuple[str, int], ActionRow]:
    """Return the undoings of a connection, by the undone action's key and generation."""
    rows = store.actions.list(connection.id, kinds={ActionKind.UNDO})
    payloads = [(payload_of(row.action, UndoPayload), row) for row in rows]
    return {(payload.undoes, payload.generation): row for payload, row in payloads}


def _undone_words(row: ActionRow) -> str:
    who, day = payload_of(row.action, UndoPayload).who, f"{row.created_at:%Y-%m-%d}"
    if row.state is _S.UNKNOWN:
        return (
            f"{who} asked for it on {day}; its outcome is unknown: `arsync resolve {row.key[:12]}`"
        )
    if row.state not in {_S.SENT, _S.CONFIRMED}:
        return f"{who} asked for it on {day}: it goes out with the next run"
    return f"it was undone by {who} on {day}"


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
    found = next((one for one in later if one.action.episode == row.action.episode), None)
    day = f" on {found.sent_on.isoformat()}" if found and found.sent_on else ""
    return f"{kind.ended_words}{day}: nothing of it is left to undo" if found else ""


def with_companions(
    store: Store, connection: ConnectionRow, rows: Sequence[ActionRow]
) -> list[ActionRow]:
    """Add to each hold the change of payment terms that came with it: they go back together."""
    found = {row.key: row for row in rows}
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
            for one in same:
                if (one.key, one.generation) not in undone:
                    found.setdefault(one.key, one)
    return list(found.values())


def ask_undo(
    store: Store,
    connection: ConnectionRow,
    lines: Sequence[UndoLine],
    *,
    who: str,
    reason: str,
    clock: Clock,
) -> list[ActionRow]:
    """Ask for the undoing of what can be undone, and return the actions that do it.

    Raises:
        UserMistake: the connection only observes.
    """
    check_writes(connection)
    who = checked(who, WHO_CHARACTERS_MAX)
    reason = checked(reason, REASON_CHARACTERS_MAX)
    undoings = [
        undo_action(
            line.row.action,
            generation=line.row.generation,
            done_on=line.row.sent_on,
            who=who,
            reason=reason,
        )
        for line in lines
        if line.goes
    ]
    why = f"{who} asks for it" + (f": {reason}" if reason else "")
    return list(
        store.decisions.ask_undo(connection.id, undoings, who=who, why=why, now=clock.now())
    )


def check_writes(connection: ConnectionRow) -> None:
    """Refuse to write while a connection only observes.

    Raises:
        UserMistake: it does.
    """
    if connection.mode == Mode.OBSERVE:
        raise UserMistake(
            f"{connection.name} only observes: nothing is written, and so nothing is undone."
            f"\n    hint: arsync connections {connection.name} --mode approve"
        )


def settle_undone(store: Store, connection: ConnectionRow) -> int:
    """Take back in arsync's own books what was undone at the platform; returns how much.

    A promise that was undone holds no reminder back any more. Done again it changes nothing, so
    that it mends what a dying process left.
    """
    taken = 0
    for row in undone_by(store, connection).values():
        promise_id = payload_of(row.action, UndoPayload).promise_id
        if promise_id is not None and row.state in {_S.SENT, _S.CONFIRMED}:
            taken += store.people.withdraw_promise(connection.id, promise_id)
    return taken


def allow_again(store: Store, row: ActionRow, *, who: str, reason: str, clock: Clock) -> ActionRow:
    """Let what was undone be planned again.

    Raises:
        UserMistake: it was not undone, or its undoing is not done yet.
    """
    connection = store.connections.by_id(row.connection_id)
    mine = undone_by(store, connection).get((row.key, row.generation))
    if KINDS[row.action.kind].ended_by is None:
        raise UserMistake(f"{row.key[:12]} is neither a credit hold nor a change of payment terms.")
    if mine is None or row.state is not _S.CONFIRMED:
        raise UserMistake(f"{row.key[:12]} was not undone: it is {row.state.value}.")
    if mine.state not in {_S.SENT, _S.CONFIRMED}:
        raise UserMistake(f"{row.key[:12]}: its undoing is not done: it is {mine.state.value}.")
    said = checked(reason, REASON_CHARACTERS_MAX)
    why = f"undone; {who} lets it be planned again" + (f": {said}" if said else "")
    return store.actions.change(
        row.key,
        _S.WITHDRAWN,
        who=checked(who, WHO_CHARACTERS_MAX),
        why=why,
        now=clock.now(),
        from_state=_S.CONFIRMED,
    )


def end_decisions(store: Store, keys: Sequence[str], *, clock: Clock) -> None:
    """Forget what was undone or refused once its reason has gone: a new reason is judged anew."""
    for key in keys:
        row = store.actions.get(key)
        if row.state is _S.REJECTED:
            why = "it was refused; its reason has gone since, so that a new one counts again"
            store.decisions.take_back(key, who=WHO, why=why, now=clock.now())
            continue
        owner = store.connections.by_id(row.connection_id)
        mine = undone_by(store, owner).get((row.key, row.generation))
        done = mine is not None and mine.state in {_S.SENT, _S.CONFIRMED}
        if done and row.state is _S.CONFIRMED:
            why = "undone; its reason has gone since, so that a new one counts again"
            store.actions.change(
                key, _S.WITHDRAWN, who=WHO, why=why, now=clock.now(), from_state=_S.CONFIRMED
            )
