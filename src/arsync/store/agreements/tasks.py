"""What people do about tasks: outcomes, whose they are, when they come back; and their end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Connection, func, select, update

from arsync.core.actions import Action, ActionKind, ActionState
from arsync.core.ledger.records import CLOSED_BY_ITSELF
from arsync.errors import UserMistake
from arsync.store.actions.action_queries import is_open
from arsync.store.actions.action_rows import (
    RECORDED,
    action_row,
    add_asked,
    add_events,
    insert_action,
    locked_row,
    rows_of,
)
from arsync.store.db.database import Database
from arsync.store.db.tables import action_events, actions
from arsync.store.models import ActionRow

NoteOf: TypeAlias = Callable[[ActionRow, int], Action | None]
"""Makes the note about a task as it is now; the number distinguishes it from the task's others."""

OPENED = "opened by hand"
OPENED_HERE = "opened by hand; kept here alone, with no note in the accounting system"

TOLD_HERE = "told; kept here alone, with no note in the accounting system"

CLOSER = "plan"
"""The actor of what ends without a person."""


class TaskOutcome(NamedTuple):
    """What came of a task, or of a try at it."""

    words: str
    on: date
    """The organisation's day."""
    code: str = ""
    """Of `core.collections.call_outcomes`; empty: words alone."""
    ends: bool = True
    """False: it was a try, and the task stays open."""
    next_on: date | None = None
    """The day on which a task that stays open comes back."""


class TaskArrangement(NamedTuple):
    """What a person settles about an open task; None leaves a thing as it is."""

    owner: str | None = None
    due_on: date | None = None
    next_on: date | None = None


class Tasks:
    """Keeps what becomes of tasks, in the outbox's table."""

    def __init__(self, database: Database) -> None:
        """Work on this database."""
        self._database = database

    def open(
        self,
        connection_id: int,
        task: Action,
        *,
        due_on: date | None,
        who: str,
        now: datetime,
        kept_here_on: date | None = None,
    ) -> ActionRow:
        """Open a task of a person's, with the note that the next run writes; no run ends it.

        Args:
            connection_id: of this connection.
            task: what is to be done.
            due_on: by when.
            who: the person who opens it.
            now: the moment.
            kept_here_on: the organisation's day, where no note is written: it is open at once.

        Raises:
            UserMistake: it was opened already.
        """
        here = kept_here_on is not None
        state = ActionState.CONFIRMED if here else ActionState.APPROVED
        with self._database.write() as db:
            if task.key in rows_of(db, [task.key]):
                raise UserMistake(
                    f"this task was opened today already: arsync task {task.key[:12]}"
                    "\n    hint: another task needs other words"
                )
            insert_action(db, connection_id, task, state=state, now=now, by_person=True)
            values: dict[str, Any] = {} if due_on is None else {"due_on": due_on}
            if here:
                values |= {"sent_on": kept_here_on, "first_sent_at": now}
            if values:
                db.execute(update(actions).where(actions.c.key == task.key).values(**values))
            reason = OPENED_HERE if here else OPENED
            add_events(db, [(task.key, now, who, None, state, reason)])
            return action_row(locked_row(db, task.key))

    def open_alert(self, connection_id: int, task: Action, *, on: date, now: datetime) -> bool:
        """Open the task of an alert that is kept here alone; return whether it was not there.

        Args:
            connection_id: of this connection.
            task: what is told.
            on: the organisation's day.
            now: the moment.
        """
        with self._database.write() as db:
            if task.key in rows_of(db, [task.key]):
                return False
            state = ActionState.CONFIRMED
            insert_action(db, connection_id, task, state=state, now=now, by_person=False)
            days = {"sent_on": on, "first_sent_at": now}
            db.execute(update(actions).where(actions.c.key == task.key).values(**days))
            add_events(db, [(task.key, now, CLOSER, None, state, TOLD_HERE)])
            return True

    def open_once(
        self,
        connection_id: int,
        task: Action,
        *,
        who: str,
        now: datetime,
        state: ActionState = ActionState.APPROVED,
    ) -> bool:
        """Open a task that no run ends, and return whether it was not there before.

        Args:
            connection_id: of this connection.
            task: what is to be done.
            who: who opens it.
            now: the moment.
            state: what it begins as; one that awaits approval is opened once somebody approves it.
        """
        with self._database.write() as db:
            if task.key in rows_of(db, [task.key]):
                return False
            insert_action(db, connection_id, task, state=state, now=now, by_person=True)
            add_events(db, [(task.key, now, who, None, state, OPENED)])
            return True

    def complete(
        self,
        key: str,
        outcome: TaskOutcome,
        *,
        who: str,
        now: datetime,
        noted_by: NoteOf = lambda *_: None,
        corrects: bool = False,
    ) -> ActionRow:
        """Record what came of a task and add the note that says so, in one transaction.

        Args:
            key: the whole key.
            outcome: what came of it.
            who: the person's name.
            now: the moment.
            noted_by: makes the note.
            corrects: it takes the place of an outcome that a person recorded before, which stays in
                the history.

        Raises:
            UserMistake: it is not a task, not open yet, or done already; or there is nothing to
                correct.
        """
        with self._database.write() as db:
            row = _task_row(db, key)
            _refuse_unless_fitting(row, corrects=corrects)
            values: dict[str, Any] = {
                "outcome": outcome.words,
                "outcome_code": outcome.code,
                "done_at": now if outcome.ends else None,
                "done_on": outcome.on if outcome.ends else None,
                "next_on": None if outcome.ends else outcome.next_on,
                "tries": _tries(row, outcome, corrects=corrects),
                "changed_at": now,
            }
            db.execute(update(actions).where(actions.c.key == key).values(values))
            kind = "corrected" if corrects else "done" if outcome.ends else "tried"
            reason = f"{kind}: {outcome.words}" if outcome.words else kind
            add_events(db, [(key, now, who, row.state, row.state, reason)])
            return _noted(db, row, noted_by, who=who, now=now)

    def refuse_unless_fitting(self, key: str, *, corrects: bool) -> None:
        """Return if an outcome could be recorded now.

        Raises:
            UserMistake: as `complete` would.
        """
        with self._database.read() as db:
            row = rows_of(db, [key]).get(key)
        if row is not None:
            _refuse_unless_task(row)
            _refuse_unless_fitting(row, corrects=corrects)

    def arrange(
        self, key: str, arrangement: TaskArrangement, *, who: str, now: datetime
    ) -> ActionRow:
        """Settle whose an open task is, by when it is due, and when it comes back.

        Raises:
            UserMistake: it is not a task, or not an open one.
        """
        values = {name: value for name, value in arrangement._asdict().items() if value is not None}
        with self._database.write() as db:
            row = _task_row(db, key)
            _refuse_unless_fitting(row, corrects=False)
            db.execute(update(actions).where(actions.c.key == key).values(values))
            words = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in values.items())
            add_events(db, [(key, now, who, row.state, row.state, f"arranged: {words}")])
            return action_row(locked_row(db, key))

    def close(
        self,
        reasons: Mapping[str, str],
        *,
        on: date,
        now: datetime,
        noted_by: NoteOf,
        note_state: ActionState = ActionState.APPROVED,
    ) -> Sequence[ActionRow]:
        """End tasks whose reason is gone, each with its note, in one transaction.

        Args:
            reasons: by key, why the reason is gone.
            on: the organisation's day.
            now: the moment.
            noted_by: makes the note.
            note_state: what the note begins as.

        Returns:
            Those that were open; one that a person ended meanwhile stays as it was ended.
        """
        closed: list[ActionRow] = []
        with self._database.write() as db:
            for key, reason in reasons.items():
                row = _task_row(db, key)
                if row.done_at is not None or not is_open(row):
                    continue
                words = f"closed: {reason}"
                values = {
                    "outcome": words,
                    "outcome_code": CLOSED_BY_ITSELF,
                    "done_at": now,
                    "done_on": on,
                    "next_on": None,
                    "changed_at": now,
                }
                db.execute(update(actions).where(actions.c.key == key).values(values))
                add_events(db, [(key, now, CLOSER, row.state, row.state, words)])
                closed.append(
                    _noted(db, row, noted_by, who=CLOSER, now=now, why=words, state=note_state)
                )
        return closed


def _task_row(db: Connection, key: str) -> ActionRow:
    row = action_row(locked_row(db, key))
    _refuse_unless_task(row)
    return row


def _refuse_unless_task(row: ActionRow) -> None:
    if row.action.kind != ActionKind.TASK:
        raise UserMistake(f"action {row.key[:8]} is a {row.action.kind}, not a task.")


def _refuse_unless_fitting(row: ActionRow, *, corrects: bool) -> None:
    key = row.key[:8]
    if corrects:
        if not row.outcome or row.outcome_code == CLOSED_BY_ITSELF:
            raise UserMistake(
                f"task {key} has no outcome of a person's that could be corrected."
                "\n    hint: record one without --correct"
            )
        return
    if row.done_at is not None:
        raise UserMistake(
            f"task {key} was done on {row.done_on or row.done_at.date()}."
            f"\n    hint: arsync done {row.key[:12]} --outcome OUTCOME --correct"
            if row.outcome_code != CLOSED_BY_ITSELF
            else f"task {key} is {row.outcome}."
        )
    if not is_open(row):
        raise UserMistake(f"task {key} is not open: it is {row.state}.")


def _tries(row: ActionRow, outcome: TaskOutcome, *, corrects: bool) -> int:
    """Return how often nobody was reached; a try that was recorded wrongly counts once."""
    before = max(0, row.tries - 1) if corrects and row.done_at is None else row.tries
    return before if outcome.ends else before + 1


def _noted(
    db: Connection,
    row: ActionRow,
    noted_by: NoteOf,
    *,
    who: str,
    now: datetime,
    why: str = RECORDED,
    state: ActionState = ActionState.APPROVED,
) -> ActionRow:
    """Return the task as it is now, after adding the note about it."""
    changed = action_row(locked_row(db, row.key))
    events = select(func.count()).where(action_events.c.key == row.key)
    note = noted_by(changed, db.scalar(events) or 0)
    if note is not None and state is ActionState.APPROVED:
        add_asked(db, row.connection_id, note, who=who, why=why, now=now)
    elif note is not None:
        insert_action(db, row.connection_id, note, state=state, now=now, by_person=True)
        add_events(db, [(note.key, now, who, None, state, why)])
    return changed
