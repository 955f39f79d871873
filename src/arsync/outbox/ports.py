"""What the outbox needs of a store: this much, and nothing more.

`arsync.store.Store` has it all. So has the store in memory that the outbox's unit tests use; one
contract suite holds both to the same promises (`tests/outbox/store_contract.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

from arsync.connector_sdk import Page, Receipt
from arsync.core.actions import Action, ActionKind, ActionState
from arsync.core.actions.notices import NoticeNumber
from arsync.core.ledger.records import Account, RecordKind, UndeliverableAddress
from arsync.store.actions.action_rows import StateChange
from arsync.store.actions.personal_lines import PersonalLine
from arsync.store.models import ActionRow, ConnectionState, EventRow, Mode, Refusal, SentLetter


class ActionReading(Protocol):
    """Actions, and what happened to them."""

    def list(self, connection_id: int, *, states: Collection[ActionState]) -> Sequence[ActionRow]:
        """Return actions in these states, in the order they will be done."""
        ...

    def get(self, key: str, /) -> ActionRow:
        """Return one action.

        Raises:
            UserMistake: there is none.
        """
        ...

    def events(self, key: str) -> Sequence[EventRow]:
        """Return the action's history, oldest first."""
        ...

    def with_events(self, keys: Iterable[str]) -> Iterator[tuple[ActionRow, Sequence[EventRow]]]:
        """Yield actions with their histories, in the order of their keys here."""
        ...

    def refused(self, connection_id: int, /) -> Sequence[ActionRow]:
        """Return actions that wait after a refusal, or were refused with one, that can heal."""
        ...

    def sent_count(
        self, connection_id: int, kinds: Collection[ActionKind], on: date, via: str
    ) -> int:
        """Return how many of some kinds were started on the organisation's day in this way."""
        ...

    def saved(
        self, connection_id: int, contact_id: str, kind: ActionKind, episode: int
    ) -> Mapping[str, str]:
        """Return what `prepare` had found before an action that was started."""
        ...

    def last_note(self, connection_id: int, contact_id: str, kind: ActionKind, episode: int) -> str:
        """Return the note of the latest action of a kind that was started; empty without one."""
        ...


class Claiming(Protocol):
    """Actions taken for this process, and what came of them. Each call is one transaction."""

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
        """Take the next approved action whose time has come: `approved -> sending`, with a lease.

        Leases that ran out become `unknown`. Messages that leave in one of the `closed_ways` are
        passed over. `keys` is None for all. A connection that is not in this
        mode, or was set to another while messages leave, has none to take.
        """
        ...

    def end_leases(self, connection_id: int, *, now: datetime, all_of_them: bool) -> int:
        """Turn `sending` whose lease ran out, or all of it, into `unknown`; return how many."""
        ...

    def advance(
        self,
        row: ActionRow,
        change: StateChange,
        *,
        receipt: Receipt | None,
        not_before: datetime | None,
        refusal: Refusal | None = None,
    ) -> None:
        """Change the state along `ALLOWED_CHANGES` and write one event.

        Raises:
            UserMistake: the action no longer stands as the row shows it, or was tried again.
        """
        ...

    def begin_attempt(
        self,
        row: ActionRow,
        mode: Mode,
        before: Mapping[str, str],
        *,
        renews: bool = False,
        reaches: Collection[str] = (),
    ) -> None:
        """Keep what `prepare` found, right before a write; only the first call counts.

        Of a message it `renews` what an earlier attempt kept: it may go to another number now, and
        the addresses that it `reaches` are kept.

        Raises:
            LockLost: another process has taken the action up. Overtaken: the mode was changed.
        """
        ...

    def revise(self, key: str, action: Action) -> None:
        """Keep the same intent in newer words."""
        ...

    def record_lookup(self, key: str, *, who: str, why: str, now: datetime) -> None:
        """Keep what a look-up said that settled nothing; the same words twice are kept once."""
        ...

    def raise_generation(self, key: str) -> int:
        """Raise and return the generation."""
        ...


class LedgerCopy(Protocol):
    """The copy of the platform's documents."""

    def accounts(self, connection_id: int, contact_ids: Sequence[str]) -> Iterator[Account]:
        """Yield the debtors to whom these contacts belong."""
        ...

    def records(
        self, connection_id: int, kind: RecordKind, ids: Sequence[str], /
    ) -> Mapping[str, Any]:
        """Return stored records of one kind by their ids."""
        ...

    def open_invoices(self, connection_id: int, contact_id: str) -> Sequence[str]:
        """Return the ids of a debtor's open invoices, those due first before the others."""
        ...

    def cursor(self, connection_id: int) -> str | None:
        """Return where the next pull starts, None for the beginning."""
        ...

    def apply(self, connection_id: int, page: Page, now: datetime, *, moves_cursor: bool) -> object:
        """Store a page."""
        ...


class LetterHistory(Protocol):
    """What customers have of ours, and the running numbers of notices."""

    def number(self, connection_id: int, key: str) -> NoticeNumber:
        """Return a notice's number, which is given with the first call for its key."""
        ...

    def earlier(self, connection_id: int, contact_id: str) -> Sequence[SentLetter]:
        """Return the letters that left for a customer by ways of ours, the oldest first."""
        ...


class PersonalLineReading(Protocol):
    """What persons put above the texts of letters."""

    def of(self, keys: Sequence[str]) -> Mapping[str, PersonalLine]:
        """Return the lines of those of these actions that have one, by their keys."""
        ...


class TaskOpening(Protocol):
    """The tasks that follow from what was delivered."""

    def open_once(self, connection_id: int, task: Action, *, who: str, now: datetime) -> bool:
        """Open a task that no run ends, and return whether it was not there before."""
        ...


class UndeliverableMail(Protocol):
    """Addresses that take no mail."""

    def record(
        self,
        connection_id: int,
        undeliverable: UndeliverableAddress,
        *,
        action_key: str,
        now: datetime,
    ) -> bool:
        """Keep that an address took no mail; False when that is known already."""
        ...


class RunLock(Protocol):
    """The lock that keeps a connection's runs apart."""

    def ensure_lock_held(self, connection_id: int) -> None:
        """Do nothing while this process holds the lock.

        Raises:
            LockLost: another run may have begun.
        """
        ...


class ConnectionStates(Protocol):
    """Whether each connection's authorisation stands."""

    def set_state(self, connection_id: int, state: ConnectionState) -> None:
        """Remember whether it stands."""
        ...


class OutboxStore(Protocol):
    """The store as the outbox sees it."""

    @property
    def actions(self) -> ActionReading:
        """Return the actions."""
        ...

    @property
    def claims(self) -> Claiming:
        """Return what takes actions and keeps what came of them."""
        ...

    @property
    def letters(self) -> LetterHistory:
        """Return the letters that left, and their numbers."""
        ...

    @property
    def personal_lines(self) -> PersonalLineReading:
        """Return what persons put above letters."""
        ...

    @property
    def undeliverable(self) -> UndeliverableMail:
        """Return the addresses that take no mail."""
        ...

    @property
    def ledger(self) -> LedgerCopy:
        """Return the copy."""
        ...

    @property
    def tasks(self) -> TaskOpening:
        """Return the tasks."""
        ...

    @property
    def runs(self) -> RunLock:
        """Return the run lock."""
        ...

    @property
    def connections(self) -> ConnectionStates:
        """Return the connections."""
        ...
