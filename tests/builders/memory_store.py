"""A store in memory: as much as the outbox needs, by the same rules, in microseconds.

`tests/outbox/store_contract.py` holds it to what the real store promises. It knows no families of
contacts, and its accounts show documents alone, not what arsync did for the customer before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from arsync.connector_sdk import Page, Receipt
from arsync.core.actions import (
    ALLOWED_CHANGES,
    STARTED_STATES,
    Action,
    ActionKind,
    ActionState,
)
from arsync.core.actions.notices import NoticeNumber
from arsync.core.ledger.mail_addresses import folded_address
from arsync.core.ledger.records import (
    Account,
    DocumentStatus,
    Invoice,
    RecordKind,
    UndeliverableAddress,
)
from arsync.errors import HealsWhen, LockLost, Overtaken, UserMistake
from arsync.outbox.daily_count import kinds_by
from arsync.store.actions.action_queries import NOT_BEFORE_MAX
from arsync.store.actions.action_rows import BY_PERSON_POSITION, StateChange
from arsync.store.actions.claims import LEASE_SECONDS_MAX
from arsync.store.actions.letters import letter_of
from arsync.store.actions.personal_lines import PersonalLine
from arsync.store.models import ActionRow, ConnectionState, EventRow, Mode, Refusal, SentLetter


@dataclass
class ActionTable:
    """Rows and their events. Rows are frozen: a change puts another in their place."""

    rows: dict[str, ActionRow] = field(default_factory=dict)
    histories: dict[str, list[EventRow]] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)

    def add(self, row: ActionRow, position: int) -> None:
        """Add a row whose first event is its birth."""
        self.rows[row.key], self.positions[row.key] = row, position
        self.histories[row.key] = [
            EventRow(row.key, row.created_at, "plan", None, row.state, row.reason)
        ]

    def set(self, key: str, **values: Any) -> ActionRow:
        """Replace columns of a row, and return it."""
        self.rows[key] = self.rows[key]._replace(**values)
        return self.rows[key]

    def move(self, key: str, change: StateChange, **values: Any) -> ActionRow:
        """Change the state along the table of changes, with an event."""
        assert change.to_state in ALLOWED_CHANGES[change.from_state], f"{change} is not allowed"
        from_state, to_state, actor, reason, at = change
        self.histories[key].append(EventRow(key, at, actor, from_state, to_state, reason))
        changed = {"state": to_state, "reason": reason, "changed_at": at}
        reset = {"lease_until": None, "heals_when": HealsWhen.NEVER, "heals_mark": ""}
        return self.set(key, **reset | values, **changed)

    def in_order(self, connection_id: int, states: Collection[ActionState]) -> list[ActionRow]:
        """Return the rows in these states, in the order they will be done."""
        mine = [row for row in self.rows.values() if row.connection_id == connection_id]
        rows = [row for row in mine if row.state in states]
        return sorted(rows, key=lambda row: (self.positions[row.key], row.created_at, row.key))


class MemoryActions:
    """Reads the table."""

    def __init__(self, table: ActionTable) -> None:
        self._table = table

    def list(self, connection_id: int, *, states: Collection[ActionState]) -> Sequence[ActionRow]:
        return self._table.in_order(connection_id, states)

    def get(self, key: str, /) -> ActionRow:
        if key not in self._table.rows:
            raise UserMistake(f"no action's key begins with {key!r}.")
        return self._table.rows[key]

    def events(self, key: str) -> Sequence[EventRow]:
        return tuple(self._table.histories.get(key, ()))

    def with_events(self, keys: Iterable[str]) -> Iterator[tuple[ActionRow, Sequence[EventRow]]]:
        rows = self._table.rows
        yield from ((rows[key], self.events(key)) for key in keys if key in rows)

    def refused(self, connection_id: int, /) -> Sequence[ActionRow]:
        states = {ActionState.APPROVED, ActionState.REJECTED}
        return [row for row in self._table.in_order(connection_id, states) if row.heals_when]

    def sent_count(
        self, connection_id: int, kinds: Collection[ActionKind], on: date, via: str
    ) -> int:
        return sum(
            row.action.kind in kinds and (row.action.via, row.sent_on) == (via, on)
            for row in self._table.in_order(connection_id, STARTED_STATES)
        )

    def saved(
        self, connection_id: int, contact_id: str, kind: ActionKind, episode: int
    ) -> Mapping[str, str]:
        for row in self._table.in_order(connection_id, STARTED_STATES):
            action = row.action
            if (action.contact_id, action.kind, action.episode) == (contact_id, kind, episode):
                return row.before
        return {}

    def last_note(self, connection_id: int, contact_id: str, kind: ActionKind, episode: int) -> str:
        notes = [
            row.action.note
            for row in self._table.in_order(connection_id, STARTED_STATES)
            if (row.action.contact_id, row.action.kind, row.action.episode)
            == (contact_id, kind, episode)
        ]
        return notes[-1] if notes else ""


class MemoryClaims:
    """Takes actions from the table, and keeps what came of them."""

    def __init__(self, table: ActionTable, connections: MemoryConnections) -> None:
        self._table = table
        self._connections = connections

    def claim_next(
        self,
        connection_id: int,
        *,
        now: datetime,
        lease_seconds: int,
        kinds: Collection[ActionKind],
        closed_ways: Collection[str],
        keys: Collection[str] | None,
        today: date,
        mode: Mode,
    ) -> ActionRow | None:
        self.end_leases(connection_id, now=now, all_of_them=False)
        if self._connections.mode(connection_id) is not mode:
            return None
        for row in self._table.in_order(connection_id, {ActionState.APPROVED}):
            kind, via = row.action.kind, row.action.via
            if (
                (row.not_before is None or not now < row.not_before <= now + NOT_BEFORE_MAX)
                and kind in kinds
                and not (via in closed_ways and kind in kinds_by(via))
                and (keys is None or row.key in keys)
            ):
                change = StateChange(row.state, ActionState.SENDING, "arsync", "its turn", now)
                return self._table.move(
                    row.key,
                    change,
                    attempts=row.attempts + 1,
                    first_sent_at=row.first_sent_at or now,
                    sent_on=today,
                    lease_until=now + timedelta(seconds=lease_seconds),
                )
        return None

    def end_leases(self, connection_id: int, *, now: datetime, all_of_them: bool) -> int:
        late = [
            row
            for row in self._table.in_order(connection_id, {ActionState.SENDING})
            if all_of_them
            or (
                row.lease_until is not None
                and not now <= row.lease_until <= now + timedelta(seconds=LEASE_SECONDS_MAX)
            )
        ]
        reason = "no outcome within the lease: it must be looked up"
        for row in late:
            change = StateChange(row.state, ActionState.UNKNOWN, "arsync", reason, now)
            self._table.move(row.key, change)
        return len(late)

    def advance(
        self,
        row: ActionRow,
        change: StateChange,
        *,
        receipt: Receipt | None,
        not_before: datetime | None,
        refusal: Refusal | None = None,
    ) -> None:
        stands = self._table.rows[row.key]
        if stands.state is not row.state:
            raise UserMistake(
                f"action {row.key[:8]} is {stands.state} and cannot become {change.to_state}."
            )
        if stands.attempts != row.attempts:
            raise UserMistake(f"action {row.key[:8]} was tried again meanwhile.")
        values = {"receipt": receipt, "not_before": not_before}
        given: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
        if refusal is not None:
            given |= {"heals_when": refusal.heals_when, "heals_mark": refusal.mark}
        self._table.move(row.key, change, **given)

    def begin_attempt(
        self,
        row: ActionRow,
        mode: Mode,
        before: Mapping[str, str],
        *,
        renews: bool = False,
        reaches: Collection[str] = (),
    ) -> None:
        stands = self._table.rows[row.key]
        if (stands.state, stands.attempts) != (row.state, row.attempts):
            raise LockLost(f"another run has taken up action {row.key[:12]}: this run ends.")
        if (new := self._connections.mode(row.connection_id)) is not mode:
            raise Overtaken(f"the mode was changed from {mode} to {new} during the run")
        if renews or not stands.before:
            self._table.set(row.key, before=dict(before))

    def revise(self, key: str, action: Action) -> None:
        assert action.key == key, "the same intent in newer words"
        self._table.set(key, action=action)

    def record_lookup(self, key: str, *, who: str, why: str, now: datetime) -> None:
        history, state = self._table.histories[key], self._table.rows[key].state
        if history[-1].reason != why:
            history.append(EventRow(key, now, who, state, state, why))

    def raise_generation(self, key: str) -> int:
        return self._table.set(key, generation=self._table.rows[key].generation + 1).generation


class MemoryLedger:
    """The documents of one connection."""

    def __init__(self) -> None:
        self._by_kind: dict[RecordKind, dict[str, Any]] = {kind: {} for kind in RecordKind}
        self._cursor: str | None = None

    def accounts(self, connection_id: int, contact_ids: Sequence[str]) -> Iterator[Account]:
        contacts = self._by_kind[RecordKind.CONTACTS]
        for contact_id in sorted(set(contact_ids) & set(contacts)):
            yield Account(
                contacts=(contacts[contact_id],),
                invoices=tuple(self._invoices(contact_id)),
                payments=self._of(RecordKind.PAYMENTS, contact_id),
                credits=self._of(RecordKind.CREDITS, contact_id),
            )

    def records(
        self, connection_id: int, kind: RecordKind, ids: Sequence[str], /
    ) -> Mapping[str, Any]:
        stored = self._by_kind[kind]
        return {record_id: stored[record_id] for record_id in ids if record_id in stored}

    def open_invoices(self, connection_id: int, contact_id: str) -> Sequence[str]:
        invoices = self._invoices(contact_id)
        return [invoice.id for invoice in invoices if invoice.status == DocumentStatus.OPEN]

    def cursor(self, connection_id: int) -> str | None:
        return self._cursor

    def apply(self, connection_id: int, page: Page, now: datetime, *, moves_cursor: bool) -> None:
        stored = self._by_kind[page.kind]
        stored.update({record.id: record for record in page.records})
        for record_id in set(page.gone) & set(stored):
            stored[record_id] = stored[record_id]._replace(status=DocumentStatus.DELETED)
        if moves_cursor:
            self._cursor = page.cursor

    def _of(self, kind: RecordKind, contact_id: str) -> tuple[Any, ...]:
        records = self._by_kind[kind].values()
        return tuple(record for record in records if record.contact_id == contact_id)

    def _invoices(self, contact_id: str) -> list[Invoice]:
        invoices = self._of(RecordKind.INVOICES, contact_id)
        return sorted(invoices, key=lambda invoice: (invoice.due_on, invoice.id))


class MemoryLetters:
    """The letters that left, and the numbers of notices."""

    def __init__(self, table: ActionTable) -> None:
        self._table = table
        self._given: dict[int, dict[str, NoticeNumber]] = {}

    def number(self, connection_id: int, key: str) -> NoticeNumber:
        row = self._table.rows[key]
        if row.connection_id != connection_id:
            raise UserMistake(f"there is no action {key}: it gets no number.")
        given = self._given.setdefault(connection_id, {})
        given_on = row.sent_on or row.created_at.date()
        return given.setdefault(key, NoticeNumber(len(given) + 1, given_on))

    def earlier(self, connection_id: int, contact_id: str) -> Sequence[SentLetter]:
        rows = [
            row
            for row in self._table.in_order(
                connection_id, {ActionState.SENT, ActionState.CONFIRMED}
            )
            if row.action.contact_id == contact_id and row.sent_on is not None
        ]
        letters = (
            letter_of(row.action, row.sent_on, row.receipt.reference if row.receipt else None)
            for row in sorted(rows, key=lambda row: (row.sent_on, row.first_sent_at))
            if row.sent_on is not None
        )
        return [letter for letter in letters if letter is not None]


class MemoryPersonalLines:
    """Nobody puts a line above a letter of these tests."""

    def of(self, keys: Sequence[str]) -> dict[str, PersonalLine]:
        del keys
        return {}


class MemoryTasks:
    """Opens tasks as if a person had asked for them."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def open_once(self, connection_id: int, task: Action, *, who: str, now: datetime) -> bool:
        if task.key in self._store.table.rows:
            return False
        self._store.approve(connection_id, task, now=now, asked_by=who)
        return True


class MemoryUndeliverable:
    """Addresses that take no mail, by connection."""

    def __init__(self) -> None:
        self.standing: dict[int, list[UndeliverableAddress]] = {}

    def record(
        self,
        connection_id: int,
        undeliverable: UndeliverableAddress,
        *,
        action_key: str,
        now: datetime,
    ) -> bool:
        mine = self.standing.setdefault(connection_id, [])
        identity = undeliverable.contact_id, folded_address(undeliverable.address)
        if identity in [(each.contact_id, folded_address(each.address)) for each in mine]:
            return False
        mine.append(undeliverable)
        return True


class MemoryRuns:
    """The run lock, held until a test says that it is lost."""

    lost = False

    def ensure_lock_held(self, connection_id: int) -> None:
        if self.lost:
            raise LockLost("this run lost the lock.")


class MemoryConnections:
    """Whether each connection's authorisation stands, and its mode."""

    def __init__(self) -> None:
        self.states: dict[int, ConnectionState] = {}
        self.modes: dict[int, Mode] = {}

    def mode(self, connection_id: int) -> Mode:
        return self.modes.get(connection_id, Mode.AUTO)

    def set_state(self, connection_id: int, state: ConnectionState) -> None:
        self.states[connection_id] = state


class MemoryStore:
    """The store of the outbox's unit tests."""

    def __init__(self) -> None:
        self.table = ActionTable()
        self.actions = MemoryActions(self.table)
        self.connections = MemoryConnections()
        self.claims = MemoryClaims(self.table, self.connections)
        self.letters = MemoryLetters(self.table)
        self.personal_lines = MemoryPersonalLines()
        self.tasks = MemoryTasks(self)
        self.undeliverable = MemoryUndeliverable()
        self.ledger = MemoryLedger()
        self.runs = MemoryRuns()

    def approve(
        self, connection_id: int, *actions: Action, now: datetime, asked_by: str = ""
    ) -> None:
        """Add approved actions in this order, before the others those that a person asked for."""
        for position, action in enumerate(actions, len(self.table.rows)):
            row = _planned(connection_id, action, now=now, by_person=bool(asked_by))
            self.table.add(row, BY_PERSON_POSITION if asked_by else position)
            change = StateChange(row.state, ActionState.APPROVED, asked_by or "plan", "due", now)
            self.table.move(row.key, change)


def _planned(connection_id: int, action: Action, *, now: datetime, by_person: bool) -> ActionRow:
    return ActionRow(
        action=action,
        key=action.key,
        connection_id=connection_id,
        state=ActionState.PLANNED,
        run_id=None,
        rulebook_hash="",
        before={},
        generation=1,
        attempts=0,
        first_sent_at=None,
        sent_on=None,
        not_before=action.not_before,
        receipt=None,
        reason="",
        lease_until=None,
        by_person=by_person,
        done_at=None,
        outcome="",
        created_at=now,
        changed_at=now,
    )
