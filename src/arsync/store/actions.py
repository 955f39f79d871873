"""Actions: the queue of what is to be done, with one event per change of state."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from types import MappingProxyType
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, and_, func, not_, or_, select, update

from arsync.connector import Receipt
from arsync.core.actions import (
    ALLOWED_CHANGES,
    STARTED_STATES,
    Action,
    ActionKind,
    ActionState,
    Via,
)
from arsync.errors import UserMistake
from arsync.store.action_rows import (
    RECORDED,
    action_row,
    add_asked,
    add_events,
    content,
    events_of,
    insert_action,
    locked_row,
    new_life,
    rows_of,
    waiting_keys,
)
from arsync.store.bulk import one_of
from arsync.store.database import Database
from arsync.store.payload import VIA_SMTP
from arsync.store.planning import save_plan
from arsync.store.tables import action_events, actions, connections
from arsync.store.values import ActionRow, EventRow, Later, PlanLike, PlanSaved

LEASE_SECONDS_MAX = 3_600
"""An attempt that lasts longer than an hour is not going on any more."""
ROWS_AT_ONCE = 500
"""So many actions are read together when all of them are gone through."""
KEY_PREFIX_CHARACTERS_MIN = 4
"""Fewer characters of a key are a slip of the finger, not a choice."""

_LATE = "no outcome within the lease: it must be looked up"
_ARSYNC = "arsync"


class Actions:
    """The outbox's table. States change only along `ALLOWED_CHANGES`, one event row per change."""

    def __init__(self, database: Database) -> None:
        """Work on this database."""
        self._database = database

    def save_plan(
        self,
        connection_id: int,
        plan: PlanLike,
        *,
        mode: str,
        now: datetime,
        run_id: int | None = None,
        why_gone: Mapping[str, str] = MappingProxyType({}),
        renewed: Collection[str] = (),
    ) -> PlanSaved:
        """Save a plan, in one transaction.

        New keys are planned, and go on at once as the mode says: `observe` leaves them planned,
        `approve` asks a person, `auto` approves what does not need approval. Over a safety limit
        everything waits for a person. Keys that are there already are kept; while they still wait,
        they take over the newer plan's text, and so do approved ones whose keys are in `renewed`:
        no person has seen those. What waits, or is approved, and is in the plan no longer, is
        withdrawn: the reason is gone, and `why_gone` tells by key what took it away. A withdrawn or
        expired action whose reason is back is planned again.
        """
        with self._database.write() as connection:
            return save_plan(
                connection, connection_id, plan, mode=mode, now=now, run_id=run_id,
                why_gone=why_gone, renewed=renewed,
            )  # fmt: skip

    def add(
        self,
        connection_id: int,
        action: Action,
        *,
        who: str,
        why: str,
        now: datetime,
        state: ActionState = ActionState.APPROVED,
    ) -> ActionRow:
        """Add what a person asked for (a promise, a dispute, a note); a key is added only once.

        Args:
            connection_id: whose.
            action: what to do.
            who: the person.
            why: one sentence.
            now: the moment.
            state: where it starts: `approved`, or `planned` and `awaiting approval` by the mode.
        """
        with self._database.write() as connection:
            return add_asked(
                connection, connection_id, action, who=who, why=why, now=now, state=state
            )

    def ask_undo(
        self,
        connection_id: int,
        undoings: Sequence[Action],
        *,
        who: str,
        why: str,
        now: datetime,
    ) -> Sequence[ActionRow]:
        """Add what a person wants undone, all or nothing, with an event at each undone action.

        An undoing that came to nothing before gets another life.
        """
        with self._database.write() as connection:
            for action in undoings:
                _ask_undo(connection, connection_id, action, who=who, why=why, now=now)
            return [action_row(locked_row(connection, one.key)) for one in undoings]

    def list(
        self,
        connection_id: int | None = None,
        *,
        states: Collection[ActionState] | None = None,
        kinds: Collection[ActionKind] | None = None,
        contact_id: str | None = None,
        rows_max: int = 10_000,
    ) -> Sequence[ActionRow]:
        """Return actions, in the order they will be done."""
        ours = actions.c
        query = select(actions).order_by(ours.position, ours.created_at, ours.key).limit(rows_max)
        if connection_id is not None:
            query = query.where(ours.connection_id == connection_id)
        if states is not None:
            query = query.where(ours.state.in_([state.value for state in states]))
        if kinds is not None:
            query = query.where(ours.kind.in_([kind.value for kind in kinds]))
        if contact_id is not None:
            query = query.where(ours.contact_id == contact_id)
        with self._database.read() as connection:
            return [action_row(row) for row in connection.execute(query)]

    def done_between(
        self, connection_id: int, since: datetime, until: datetime | None
    ) -> Sequence[ActionRow]:
        """Return the actions that were carried out between two moments, in their order.

        One connection's runs never overlap, so that a run's two ends tell what it did.
        """
        happened = action_events.c
        done = [ActionState.SENT.value, ActionState.UNKNOWN.value]
        keys = select(happened.key).where(
            happened.from_state == ActionState.SENDING.value,
            happened.to_state.in_(done),
            happened.at >= since,
        )
        if until is not None:
            keys = keys.where(happened.at <= until)
        ours = actions.c
        query = (
            select(actions)
            .where(ours.connection_id == connection_id, ours.key.in_(keys))
            .order_by(ours.position, ours.created_at, ours.key)
        )
        with self._database.read() as connection:
            return [action_row(row) for row in connection.execute(query)]

    def waiting_keys(self, connection_id: int, states: Collection[ActionState]) -> Sequence[str]:
        """Return the keys of what was planned and stands in one of the states, in its order."""
        with self._database.read() as connection:
            return waiting_keys(connection, connection_id, states)

    def rows(self, keys: Iterable[str]) -> Iterator[ActionRow]:
        """Yield actions in the order of their keys here, some hundred at a time."""
        for row, _ in self._some(keys, with_events=False):
            yield row

    def with_events(self, keys: Iterable[str]) -> Iterator[tuple[ActionRow, Sequence[EventRow]]]:
        """Yield actions with their events, in the order of their keys here."""
        return self._some(keys, with_events=True)

    def _some(
        self, keys: Iterable[str], *, with_events: bool
    ) -> Iterator[tuple[ActionRow, Sequence[EventRow]]]:
        left = iter(keys)
        while some := list(islice(left, ROWS_AT_ONCE)):
            with self._database.read() as connection:
                rows = rows_of(connection, some)
                events = events_of(connection, some) if with_events else {}
            for key in some:
                if key in rows:
                    yield rows[key], events.get(key, ())

    def counts(self, connection_id: int | None = None) -> dict[ActionState, int]:
        """Return how many actions stand where."""
        query = select(actions.c.state, func.count()).group_by(actions.c.state)
        if connection_id is not None:
            query = query.where(actions.c.connection_id == connection_id)
        with self._database.read() as connection:
            return {ActionState(row[0]): row[1] for row in connection.execute(query)}

    def later(self, connection_id: int, now: datetime) -> Later | None:
        """Return how many approved actions may not leave yet, and when the first may, if any."""
        ours = actions.c
        query = select(func.count(), func.min(ours.not_before, type_=ours.not_before.type)).where(
            ours.connection_id == connection_id,
            ours.state == ActionState.APPROVED.value,
            ours.not_before > now,
        )
        with self._database.read() as connection:
            count, first = connection.execute(query).one()
        return Later(count, first) if count else None

    def get(self, key_or_prefix: str) -> ActionRow:
        """Return one action by its key, or by enough of its beginning.

        Raises:
            UserMistake: none has it, or several have.
        """
        wanted = key_or_prefix.strip().lower().removeprefix("[arsync:").removesuffix("]")
        if not re.fullmatch(rf"[0-9a-f]{{{KEY_PREFIX_CHARACTERS_MIN},32}}", wanted):
            raise UserMistake(
                f"{key_or_prefix!r} is not a key: give at least {KEY_PREFIX_CHARACTERS_MIN} of its "
                "characters, 0-9 and a-f. `arsync actions` lists them."
            )
        query = select(actions).where(actions.c.key.startswith(wanted)).limit(2)
        with self._database.read() as connection:
            found = connection.execute(query).all()
        if len(found) == 1:
            return action_row(found[0])
        several = "several actions' keys begin" if found else "no action's key begins"
        raise UserMistake(f"{several} with {wanted!r}. `arsync actions` lists them.")

    def events(self, key: str) -> Sequence[EventRow]:
        """Return the action's history, oldest first."""
        with self._database.read() as connection:
            return events_of(connection, [key]).get(key, [])

    def change(
        self,
        key: str,
        to_state: ActionState,
        *,
        who: str,
        why: str,
        now: datetime,
        from_state: ActionState | None = None,
        receipt: Receipt | None = None,
        not_before: datetime | None = None,
    ) -> ActionRow:
        """Change an action's state and write its event, in one transaction.

        Args:
            key: the whole key.
            to_state: where it goes.
            who: a person's name, or the part of arsync that did it.
            why: one sentence.
            now: the moment.
            from_state: when given, the change happens only from this state.
            receipt: what stands at the platform, when it is known.
            not_before: for a return to `approved`: do not try again before this moment.

        Raises:
            UserMistake: the change is not allowed from where the action stands.
        """
        values: dict[str, object] = {}
        if receipt is not None:
            values |= {
                "receipt_reference": receipt.reference,
                "receipt_detail": receipt.detail,
            }
        if not_before is not None:
            values["not_before"] = not_before
        with self._database.write() as connection:
            old = ActionState(locked_row(connection, key).state)
            if to_state not in ALLOWED_CHANGES[old] or from_state not in {None, old}:
                raise UserMistake(f"action {key[:8]} is {old} and cannot become {to_state}.")
            _move(connection, key, old, to_state, who=who, why=why, now=now, **values)
            return action_row(locked_row(connection, key))

    def claim_next(
        self,
        connection_id: int,
        *,
        now: datetime,
        lease_seconds: int,
        kinds: Collection[ActionKind] | None = None,
        reminders_by: Collection[Via] = frozenset(Via),
        keys: Collection[str] | None = None,
        today: date | None = None,
    ) -> ActionRow | None:
        """Take the next approved action whose time has come: `approved -> sending`, with a lease.

        Two processes never get the same one. Leases that ran out become `unknown` first.

        Args:
            connection_id: whose.
            now: the moment.
            lease_seconds: after this long without an outcome it counts as unknown.
            kinds: only these; None for all.
            reminders_by: reminders that leave in another way are passed over.
            keys: only these; None for all.
            today: the organisation's day, when it is not simply `now` in its time zone.
        """
        assert 0 < lease_seconds <= LEASE_SECONDS_MAX, "a lease has an end"
        ours = actions.c
        query = (
            select(ours.key)
            .where(
                ours.connection_id == connection_id,
                ours.state == ActionState.APPROVED.value,
                or_(ours.not_before.is_(None), ours.not_before <= now),
            )
            .order_by(ours.position, ours.created_at, ours.key)
            .limit(1)
            # PostgreSQL passes over what others are just taking; SQLite has one writer at a time.
            .with_for_update(skip_locked=True)
        )
        if kinds is not None:
            query = query.where(ours.kind.in_([kind.value for kind in kinds]))
        for via in set(Via) - set(reminders_by):
            query = query.where(not_(and_(ours.kind == ActionKind.REMINDER.value, _leaves_by(via))))
        if keys is not None:
            query = query.where(ours.key.in_(keys))
        with self._database.write() as connection:
            _end_leases(connection, connection_id, now=now, all_of_them=False)
            key = connection.scalar(query)
            if key is None:
                return None
            _move(
                connection,
                key,
                ActionState.APPROVED,
                ActionState.SENDING,
                who=_ARSYNC,
                why="its turn",
                now=now,
                attempts=ours.attempts + 1,
                first_sent_at=func.coalesce(ours.first_sent_at, now),
                sent_on=today or _today(connection, connection_id, now),
                lease_until=now + timedelta(seconds=lease_seconds),
            )
            return action_row(locked_row(connection, key))

    def end_leases(self, connection_id: int, *, now: datetime, all_of_them: bool = False) -> int:
        """Turn `sending` whose lease ran out into `unknown`, and return how many.

        `all_of_them` is for a process that holds the run lock: whoever claimed them is dead.
        """
        with self._database.write() as connection:
            return _end_leases(connection, connection_id, now=now, all_of_them=all_of_them)

    def save_before(self, key: str, before: Mapping[str, str]) -> None:
        """Keep what `prepare` found; only the first call counts: undoing needs the origin."""
        with self._database.write() as connection:
            connection.execute(
                update(actions)
                .where(actions.c.key == key, actions.c.before.is_(None))
                .values(before=dict(before))
            )

    def revise(self, key: str, action: Action) -> None:
        """Keep what is really going to be said and listed, in place of what was planned."""
        assert action.key == key, "the same intent in newer words"
        values = content(action)
        del values["not_before"]
        with self._database.write() as connection:
            connection.execute(update(actions).where(actions.c.key == key).values(values))

    def looked(self, key: str, *, who: str, why: str, now: datetime) -> None:
        """Keep what a look-up said that settled nothing: an event that changes no state.

        The same words twice are kept once: an unknown outcome is looked up with every run.
        """
        with self._database.write() as connection:
            state = ActionState(locked_row(connection, key).state)
            ours = action_events.c
            query = select(ours.why).where(ours.key == key).order_by(ours.id.desc()).limit(1)
            if connection.scalar(query) != why:
                add_events(connection, [(key, now, who, state, state, why)])

    def untold(self, connection_id: int) -> Sequence[ActionRow]:
        """Return what is sent or unknown, and whose owner was not told so yet."""
        ours = actions.c
        query = (
            select(actions)
            .where(
                ours.connection_id == connection_id,
                ours.state.in_([ActionState.SENT.value, ActionState.UNKNOWN.value]),
                ours.told_at.is_(None),
            )
            .order_by(ours.position, ours.created_at, ours.key)
        )
        with self._database.read() as connection:
            return [action_row(row) for row in connection.execute(query)]

    def tell(self, keys: Collection[str], *, now: datetime) -> None:
        """Note that the owner was told of these, as they stand now."""
        with self._database.write() as connection:
            mine = one_of(connection, actions.c.key, list(keys))
            connection.execute(update(actions).where(mine).values(told_at=now))

    def settle(self, key: str, *, sent: bool, who: str, why: str, now: datetime) -> ActionRow:
        """Settle an unknown outcome by a person's word, in one transaction.

        What was not sent gets a new generation, and so a new idempotency key: the platform may
        remember the old one together with an answer that nobody saw.

        Raises:
            UserMistake: its outcome is not unknown (any more).
        """
        with self._database.write() as connection:
            row = locked_row(connection, key)
            if row.state != ActionState.UNKNOWN.value:
                raise UserMistake(f"the outcome of {key[:12]} is known: it is {row.state}.")
            values: dict[str, object] = {}
            if not sent:
                values = {
                    "generation": row.generation + 1,
                    "receipt_reference": None,
                    "receipt_detail": "",
                    "not_before": None,
                }
            elif row.receipt_reference is None:
                values = {"receipt_reference": key, "receipt_detail": f"settled by {who}"}
            to_state = ActionState.SENT if sent else ActionState.APPROVED
            _move(connection, key, ActionState.UNKNOWN, to_state, who=who, why=why, now=now,
                  **values)  # fmt: skip
            return action_row(locked_row(connection, key))

    def take_back(self, key: str, *, who: str, why: str, now: datetime) -> ActionRow:
        """Take a refusal back, in one transaction.

        What a plan asked for is withdrawn: the next plan gives it another life, or does not, by its
        reason. What a person asked for nobody plans again, so it is approved, and tried anew with a
        new idempotency key: the platform may remember the old one together with its refusal.

        Raises:
            UserMistake: it is not refused (any more).
        """
        with self._database.write() as connection:
            row = locked_row(connection, key)
            if row.state != ActionState.REJECTED.value:
                raise UserMistake(f"{key[:12]} is not refused: it is {row.state}.")
            to_state, values = ActionState.WITHDRAWN, dict[str, object]()
            if row.by_person:
                to_state = ActionState.APPROVED
                values = {
                    "generation": row.generation + (1 if row.attempts else 0),
                    "attempts": 0,
                    "not_before": None,
                }
            _move(connection, key, ActionState.REJECTED, to_state, who=who, why=why, now=now,
                  **values)  # fmt: skip
            return action_row(locked_row(connection, key))

    def raise_generation(self, key: str) -> int:
        """Raise and return the generation: `find` showed that nothing stands."""
        with self._database.write() as connection:
            generation: int = locked_row(connection, key).generation + 1
            connection.execute(
                update(actions).where(actions.c.key == key).values(generation=generation)
            )
            return generation

    def saved(
        self, connection_id: int, contact_id: str, kind: ActionKind, episode: int
    ) -> Mapping[str, str]:
        """Return what was there before a hold or a change of terms, for undoing it."""
        ours = actions.c
        query = select(ours.before).where(
            ours.connection_id == connection_id,
            ours.contact_id == contact_id,
            ours.kind == kind.value,
            ours.episode == episode,
            ours.state.in_([state.value for state in STARTED_STATES]),
        )
        with self._database.read() as connection:
            return connection.scalar(query) or {}

    def complete_task(
        self,
        key: str,
        *,
        who: str,
        outcome: str,
        now: datetime,
        noted_by: Callable[[ActionRow], Action | None] = lambda _: None,
    ) -> ActionRow:
        """Record that a person did the task, and add the note that says so, in one transaction.

        Raises:
            UserMistake: it is not a task, not open yet, or done already.
        """
        with self._database.write() as connection:
            row = action_row(locked_row(connection, key))
            if row.action.kind != ActionKind.TASK:
                raise UserMistake(f"action {key[:8]} is a {row.action.kind}, not a task.")
            if row.done_at is not None:
                raise UserMistake(f"task {key[:8]} was done on {row.done_at:%Y-%m-%d}.")
            if not _is_open(row):
                raise UserMistake(f"task {key[:8]} is not open: it is {row.state}.")
            connection.execute(
                update(actions)
                .where(actions.c.key == key)
                .values(done_at=now, outcome=outcome, changed_at=now)
            )
            why = f"done: {outcome}" if outcome else "done"
            add_events(connection, [(key, now, who, row.state, row.state, why)])
            done = action_row(locked_row(connection, key))
            if (note := noted_by(done)) is not None:
                add_asked(connection, row.connection_id, note, who=who, why=RECORDED, now=now)
            return done

    def open_tasks(self, connection_id: int | None = None) -> Sequence[ActionRow]:
        """Return the tasks that were opened and are not done."""
        found = self.list(connection_id, states=_OPENED, kinds={ActionKind.TASK})
        return [row for row in found if row.done_at is None and _is_open(row)]

    def sent_count(
        self, connection_id: int, kind: ActionKind, on: date, via: Via | None = None
    ) -> int:
        """Return how many of a kind were started on the organisation's day; None: in any way."""
        ours = actions.c
        query = select(func.count()).where(
            ours.connection_id == connection_id,
            ours.kind == kind.value,
            ours.sent_on == on,
            ours.state.in_([state.value for state in STARTED_STATES]),
        )
        if via is not None:
            query = query.where(_leaves_by(via))
        with self._database.read() as connection:
            return connection.scalar(query) or 0


def _leaves_by(via: Via) -> ColumnElement[bool]:
    by_smtp = actions.c.action.contains(VIA_SMTP, autoescape=True)
    return by_smtp if via is Via.SMTP else not_(by_smtp)


_OPENED = frozenset({ActionState.SENT, ActionState.CONFIRMED, ActionState.UNKNOWN})


def _is_open(row: ActionRow) -> bool:
    """Return whether a task was opened; its note need not show at the platform (any more)."""
    return row.state in _OPENED and (row.state is not ActionState.UNKNOWN or bool(row.receipt))


def _move(
    connection: Connection,
    key: str,
    old: ActionState,
    new: ActionState,
    *,
    who: str,
    why: str,
    now: datetime,
    **values: object,
) -> None:
    """Change the state if it is still `old`, and write the event."""
    assert new in ALLOWED_CHANGES[old], f"{old} cannot become {new}"
    moved = connection.execute(
        update(actions)
        .where(actions.c.key == key, actions.c.state == old.value)
        .values(
            {
                "lease_until": None,
                "told_at": None,
                **values,
                "state": new.value,
                "reason": why,
                "changed_at": now,
            }
        )
    ).rowcount
    assert moved == 1, "the row was locked"
    add_events(connection, [(key, now, who, old, new, why)])


def _ask_undo(
    connection: Connection, connection_id: int, action: Action, *, who: str, why: str, now: datetime
) -> None:
    state = ActionState.APPROVED
    ours = actions.c
    known = connection.execute(
        select(ours.state, ours.generation).where(ours.key == action.key).with_for_update()
    ).one_or_none()
    if known is None:
        insert_action(connection, connection_id, action, state=state, now=now, by_person=True)
    elif known.state == ActionState.REJECTED.value:
        life = new_life(action, state=state, now=now)
        life |= {"generation": known.generation + 1, "reason": why}
        connection.execute(update(actions).where(ours.key == action.key).values(life))
    else:
        return
    undone = locked_row(connection, action.details["undoes"])
    stands = ActionState(undone.state)
    old = None if known is None else ActionState(known.state)
    add_events(
        connection,
        [
            (action.key, now, who, old, state, why),
            (undone.key, now, who, stands, stands, f"to be undone ({action.key[:12]}): {why}"),
        ],
    )


def _end_leases(
    connection: Connection, connection_id: int, *, now: datetime, all_of_them: bool
) -> int:
    ours = actions.c
    query = select(ours.key).where(
        ours.connection_id == connection_id, ours.state == ActionState.SENDING.value
    )
    if not all_of_them:
        query = query.where(ours.lease_until < now)
    keys = connection.scalars(query.with_for_update(skip_locked=True)).all()
    for key in keys:
        _move(
            connection,
            key,
            ActionState.SENDING,
            ActionState.UNKNOWN,
            who=_ARSYNC,
            why=_LATE,
            now=now,
        )
    return len(keys)


def _today(connection: Connection, connection_id: int, now: datetime) -> date:
    zone = connection.scalar(
        select(connections.c.time_zone).where(connections.c.id == connection_id)
    )
    return now.astimezone(ZoneInfo(zone or "UTC")).date()
