"""What arsync did for each contact before, as planning needs to know it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    bindparam,
    case,
    func,
    or_,
    select,
    true,
)

from arsync.core.actions import (
    STARTED_STATES,
    ActionKind,
    ActionState,
    UndoPayload,
    payload_of,
)
from arsync.core.actions.effects import (
    charges_billed,
    keys_of_steps,
    letters_sent,
    placement_made,
    standing_hold,
    steps_taken,
    still_taken,
    task_opened,
    with_level,
    with_reasons,
)
from arsync.core.actions.registry import HOLD_KINDS, LIFTING_KINDS, STEP_KINDS
from arsync.core.ledger.records import (
    CLOSED_BY_ITSELF,
    BilledCharge,
    LetterSent,
    Placement,
    SentStep,
    ShownLevel,
    StandingHold,
    TaskRecord,
)
from arsync.store.actions.serialisation import decode_action
from arsync.store.db.bulk import as_parameter, one_of_given
from arsync.store.db.tables import action_events, actions

DONE_STATES = STARTED_STATES | {ActionState.REJECTED}
"""Keys in these states are not planned again. What still waits is planned again under its key, and
so is kept; left out of the plan, it would be withdrawn."""

_REFUSED = ActionState.REJECTED.value
_REACHED = frozenset({ActionState.SENT, ActionState.CONFIRMED})


class ContactHistory(NamedTuple):
    """What was done for one contact."""

    sent: tuple[SentStep, ...]
    hold: StandingHold | None
    last_hold_episode: int
    terms_left: StandingHold | None
    tasks: tuple[TaskRecord, ...]
    done_keys: frozenset[str]
    fees: frozenset[str]
    """Ids of the invoices that were made as late fees."""
    charges: tuple[BilledCharge, ...]
    """What was billed, or refused, of interest and fixed sums."""
    undone: dict[str, str]
    refused: frozenset[str]
    shown_level: ShownLevel | None = None
    placements: tuple[Placement, ...] = ()
    """Those that its actions made, whatever a person said of them later."""
    letters: tuple[LetterSent, ...] = ()


def read_history(
    db: Connection,
    connection_id: int,
    contact_ids: Sequence[str],
    before: datetime | None = None,
) -> dict[str, ContactHistory]:
    """Return the history of each contact for which anything was ever done.

    Args:
        db: the database, in a transaction.
        connection_id: whose.
        contact_ids: of whom.
        before: as it was known just before this moment; None: as it is known now.
    """
    by_contact = done_rows(db, connection_id, contact_ids, before)
    return {contact_id: _history(contact_id, rows) for contact_id, rows in by_contact.items()}


def done_rows(
    db: Connection,
    connection_id: int,
    contact_ids: Sequence[str],
    before: datetime | None = None,
) -> dict[str, list[Any]]:
    """Return what was started or refused, by contact, the oldest first.

    For a moment of the past each action is in the state that its last event before it gave.
    """
    query = _done(is_past=before is not None, is_sqlite=db.dialect.name == "sqlite")
    parameters = {
        "of_connection": connection_id,
        "of_contacts": as_parameter(db, contact_ids),
        "before": before,
    }
    by_contact: dict[str, list[Any]] = defaultdict(list)
    for row in db.execute(query, parameters):
        by_contact[row.contact_id].append(row)
    return by_contact


# Made once: it is asked before each message, and making the statement takes longer than running it.
@cache
def _done(*, is_past: bool, is_sqlite: bool) -> Select[Any]:
    columns = actions.c
    whose = (
        columns.connection_id == bindparam("of_connection"),
        one_of_given(columns.contact_id, "of_contacts", is_sqlite=is_sqlite),
    )
    states = _states_before(whose) if is_past else _states_now()
    return (
        select(
            columns.contact_id,
            columns.key,
            columns.kind,
            states.state.label("state"),
            columns.episode,
            columns.sent_on,
            columns.created_at,
            states.done_at.label("done_at"),
            columns.done_on,
            columns.outcome_code,
            columns.by_person,
            columns.receipt_reference,
            columns.generation,
            columns.action,
        )
        .select_from(states.source)
        .where(
            *whose,
            or_(
                states.state.in_([state.value for state in DONE_STATES]),
                # From the moment a person asks for it: nothing is placed or lifted beside it.
                (columns.kind == ActionKind.UNDO.value)
                & (states.state == ActionState.APPROVED.value),
            ),
            states.is_dated,
        )
        .order_by(columns.first_sent_at, columns.position, columns.key)
    )


class _States(NamedTuple):
    """Where the state of each action is read."""

    source: FromClause
    state: ColumnElement[str]
    done_at: ColumnElement[Any]
    is_dated: ColumnElement[bool]
    """False for an action that has lost the day on which it was started."""


def _states_now() -> _States:
    return _States(actions, actions.c.state, actions.c.done_at, true())


def _states_before(whose: Sequence[ColumnElement[bool]]) -> _States:
    columns, happened = actions.c, action_events.c
    before = bindparam("before", type_=happened.at.type)
    # The last event by its number, not by its moment: a clock may have been set back.
    last = (
        select(func.max(happened.id).label("id"))
        .join(actions, columns.key == happened.key)
        .where(*whose, happened.at < before)
        .group_by(happened.key)
        .subquery()
    )
    source = actions.join(action_events, happened.key == columns.key).join(
        last, last.c.id == happened.id
    )
    done_at = case((columns.done_at < before, columns.done_at), else_=None)
    # What was started then, taken back, and planned again since has lost its day.
    is_dated = or_(columns.sent_on.is_not(None), happened.to_state == _REFUSED)
    return _States(source, happened.to_state, done_at, is_dated)


def _history(contact_id: str, rows: list[Any]) -> ContactHistory:
    undone = _undone(rows)
    rows = [row for row in rows if row.kind != ActionKind.UNDO]
    started_rows = [row for row in rows if row.state in STARTED_STATES]
    # A step that was undone (a late fee) was taken all the same: it does not come again.
    started = [row for row in started_rows if row.key not in undone]
    holds = _by_episode(started, ActionKind.CREDIT_HOLD, STARTED_STATES)
    restored = _by_episode(started, ActionKind.RESTORE_TERMS, _REACHED)
    hold = _standing_hold(contact_id, holds, started)
    # Terms can be changed, and restored, for a hold that was never placed.
    last_hold_episode = max((*holds, *restored), default=0)
    return ContactHistory(
        sent=still_taken(
            [step for row in started_rows for step in _steps(row)],
            [step for row in started_rows if closed_by_itself(row) for step in _steps(row)],
        ),
        hold=hold,
        last_hold_episode=last_hold_episode,
        terms_left=_terms_left(contact_id, hold, started),
        tasks=tuple(
            _task(row) for row in started if row.kind == ActionKind.TASK and _was_reached(row)
        ),
        done_keys=frozenset(row.key for row in rows).union(
            # A message that was refused was refused about each of its invoices.
            *(
                keys_of_steps(decode_action(row.action))
                for row in rows
                if row.state == ActionState.REJECTED
            )
        ),
        fees=frozenset(
            row.receipt_reference
            for row in started_rows
            if row.kind == ActionKind.LATE_FEE and row.receipt_reference
        ),
        # What a person refused, or undid, is waived: its days are not billed with the next month.
        charges=tuple(
            line
            for row in rows
            if row.kind == ActionKind.LATE_FEE
            for line in charges_billed(decode_action(row.action))
        ),
        undone={
            row.key: undone[row.key]
            for row in started_rows
            if row.key in undone and row.kind in HOLD_KINDS
        },
        refused=frozenset(
            row.key
            for row in rows
            if row.state == ActionState.REJECTED and _may_come(row, hold, last_hold_episode)
        ),
        shown_level=_shown_level(started_rows),
        placements=tuple(
            placement
            for row in started_rows
            if row.kind == ActionKind.PLACEMENT
            for placement in placement_made(decode_action(row.action), row.sent_on)
        ),
        letters=tuple(
            letter._replace(key=row.key, contact_id=contact_id)
            for row in started_rows
            if row.kind == ActionKind.ACCOUNT_LETTER
            for letter in letters_sent(decode_action(row.action), row.sent_on)
        ),
    )


def closed_by_itself(row: Any) -> bool:
    """Return whether an action is a task that ended because its reason was gone."""
    return row.done_at is not None and row.outcome_code == CLOSED_BY_ITSELF


def _task(row: Any) -> TaskRecord:
    # A task of a backup that lost its day was opened when it was planned at the earliest.
    opened = task_opened(decode_action(row.action), row.sent_on or row.created_at.date())
    return opened._replace(
        key=row.key,
        contact_id=row.contact_id,
        done_on=None if row.done_at is None else row.done_on or row.done_at.date(),
        outcome=row.outcome_code,
        by_person=row.by_person,
    )


def _shown_level(started: list[Any]) -> ShownLevel | None:
    """Return the last level that was written; one that a person undid is not written again."""
    shown: ShownLevel | None = None
    for done in started:
        if done.kind == ActionKind.REMINDER_LEVEL:
            shown = with_level(shown, decode_action(done.action))
    return shown


def _may_come(row: Any, hold: StandingHold | None, last_hold_episode: int) -> bool:
    """Return whether what was refused could still come: a hold, or lifting the one there is."""
    if row.kind in HOLD_KINDS:
        return bool(row.episode > last_hold_episode)
    return row.kind in LIFTING_KINDS and hold is not None and row.episode == hold.episode


def _undone(rows: list[Any]) -> dict[str, str]:
    """Return what a person undid, by key, with who and when."""
    generations = {row.key: row.generation for row in rows if row.kind != ActionKind.UNDO}
    undone: dict[str, str] = {}
    for row in rows:
        if row.kind == ActionKind.UNDO and row.state != ActionState.REJECTED:
            undo = payload_of(decode_action(row.action), UndoPayload)
            # It undid one life of the action; that it may have another one is a later decision.
            if generations.get(undo.undoes) == undo.generation:
                undone[undo.undoes] = f"{undo.who} on {row.created_at:%Y-%m-%d}"
    return undone


def _was_reached(row: Any) -> bool:
    """Return whether the platform took it once, though it may not show there any more."""
    return row.state in _REACHED or row.receipt_reference is not None


def _by_episode(
    started: list[Any], kind: ActionKind, states: frozenset[ActionState]
) -> dict[int, Any]:
    return {row.episode: row for row in started if row.kind == kind and row.state in states}


def _standing_hold(
    contact_id: str, holds: dict[int, Any], started: list[Any]
) -> StandingHold | None:
    """Return the latest hold, unless its lifting is known to have reached the platform."""
    if not holds:
        return None
    latest = max(holds)
    # A lifting of unknown outcome is not relied on: a hold thought to be gone is never lifted.
    if latest in _by_episode(started, ActionKind.LIFT_CREDIT_HOLD, _REACHED):
        return None
    row = holds[latest]
    hold = standing_hold(
        decode_action(row.action), row.sent_on, terms_changed=latest in _changed_terms(started)
    )
    updates = [
        row for row in started if row.kind == ActionKind.HOLD_REASONS and row.episode == latest
    ]
    for update in updates:
        hold = with_reasons(hold, decode_action(update.action))
    # Of a customer who was forgotten the contact's id alone is left.
    return hold._replace(contact_id=contact_id)


def _terms_left(
    contact_id: str, hold: StandingHold | None, started: list[Any]
) -> StandingHold | None:
    """Return the hold whose terms are still in force though it is not: they have to be restored."""
    changed = _changed_terms(started)
    episode = max(
        (changed_in for changed_in in changed if hold is None or changed_in != hold.episode),
        default=None,
    )
    if episode is None:
        return None
    row = changed[episode]
    children = decode_action(row.action).payload.covered_contact_ids
    return StandingHold(contact_id, row.sent_on, episode, terms_changed=True, children=children)


def _changed_terms(started: list[Any]) -> dict[int, Any]:
    """Return the changes of terms that were not undone, by their hold's episode."""
    restored = _by_episode(started, ActionKind.RESTORE_TERMS, _REACHED)
    changed = _by_episode(started, ActionKind.TERMS, STARTED_STATES)
    return {episode: row for episode, row in changed.items() if episode not in restored}


def _steps(row: Any) -> list[SentStep]:
    """Return the steps an action took: a reminder's, a letter's, or a task's inside a cadence."""
    if row.kind not in STEP_KINDS and row.kind != ActionKind.TASK:
        return []
    return steps_taken(decode_action(row.action), row.sent_on)
