"""The outbox over a store and books in memory: its state machine, in milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from tests.builders.actions import an_action, refs_to
from tests.builders.books import NOW, ORGANISATION, TODAY, Books, BooksConnector
from tests.builders.memory_store import MemoryStore

from arsync.channels import Message, MessageTrace
from arsync.clock import SetClock
from arsync.connector_sdk import Page, Receipt
from arsync.core.actions import Action, ActionKind, ActionState, Via
from arsync.core.ledger.records import Account, RecordKind
from arsync.core.planning.plan import Plan, SafetyVerdict
from arsync.errors import OutcomeUnknown
from arsync.outbox import LIMITS, ApplyResult, LetterExtras, Limits, Outbox, OutboxContext
from arsync.store.actions.action_rows import StateChange
from arsync.store.models import ActionRow, ConnectionRow, ConnectionState, EventRow, Mode

CONNECTION = ConnectionRow(
    id=1,
    name="acme",
    platform="books",
    organisation_id=ORGANISATION.id,
    organisation=ORGANISATION,
    mode=Mode.AUTO,
    created_at=NOW,
    taken_over_on=None,
    state=ConnectionState.CONNECTED,
    grant_id=None,
    settings={},
)

PREPARED = {"saved.groups": "none", "arsync.prepared_at": NOW.isoformat()}
"""What is kept before a first attempt."""


class MemoryPost:
    """A post office without letters: its messages are keys, and land in the books."""

    def __init__(self, books: Books, per_day: Mapping[str, int], text: str, trace: str) -> None:
        self._books = books
        self._per_day = per_day
        self._text = text
        self._trace = trace

    def message(
        self, action: Action, account: Account, today: date, extras: LetterExtras
    ) -> Message:
        self._books.called("compose", lambda: None)
        return a_message(action)._replace(text=self._text)

    def pdf(self, action: Action, account: Account, today: date, extras: LetterExtras) -> bytes:
        self._books.called("pdf", lambda: None)
        return A_PDF

    def messages_per_day(self) -> Mapping[str, int]:
        return self._per_day

    def prepare(self, via: str, message: Message) -> Mapping[str, str]:
        return {"trace": self._trace}

    def deliver(self, via: str, message: Message) -> Receipt:
        key = message.key
        self._books.called("mail", lambda: self._books.mails.append((key, message)))
        return Receipt(f"m-{key[:8]}", "250 queued")

    def look_up(self, via: str, trace: MessageTrace) -> Receipt | None:
        if via == Via.SMTP:
            raise OutcomeUnknown("a mail server cannot be asked whether it accepted a message")
        left = self._books.called(
            "look up", lambda: trace.key in [key for key, _ in self._books.mails]
        )
        return Receipt(trace.key, "250 queued") if left else None


A_PDF = b"%PDF-"


def a_message(action: Action) -> Message:
    """Return a message as a post office makes it."""
    is_letter = action.kind is ActionKind.LETTER
    return Message(
        key=action.key,
        connection=action.connection,
        title=action.step,
        customer=action.contact_name,
        to=("someone@example.com",),
        subject=action.step,
        text="text",
        html="<p>text</p>",
        day=TODAY,
        made_at=NOW,
        pdf=A_PDF if is_letter else b"",
    )


@dataclass
class MemoryWorld:
    """One connection's outbox, and everything around it."""

    books: Books = field(default_factory=Books)
    store: MemoryStore = field(default_factory=MemoryStore)
    clock: SetClock = field(default_factory=lambda: SetClock(NOW))
    limits: Limits = LIMITS
    connection: ConnectionRow = CONNECTION
    has_post: bool = True
    per_day: dict[str, int] = field(default_factory=lambda: {"smtp": 2_000, "post": 0})
    """By way, how many messages leave on a day; 0: as many as come."""
    letter_text: str = "text"
    """What every letter says."""
    trace: str = "as it went"
    """What is kept of a message, to look for it."""
    plan: dict[str, Action] = field(default_factory=dict)
    """By key, what a plan of today asks for."""
    unknown: str = ""
    """What is unknown about the reasons of actions that the plan lacks; empty: they are gone."""
    changed: str = ""
    """What the run was planned by and has changed, in words."""
    outbox: Outbox = field(init=False)

    def add(
        self,
        kind: ActionKind = ActionKind.REMINDER,
        *,
        number: int = 1,
        via: str = Via.PLATFORM,
        asked_by: str = "",
        **fields: Any,
    ) -> Action:
        """Approve an action about a customer of its own with one invoice; it is in the plan."""
        contact = self.books.add_contact(number)
        invoice = self.books.add_invoice(contact, number)
        for record_kind, record in (
            (RecordKind.CONTACTS, contact),
            (RecordKind.INVOICES, invoice),
        ):
            page = Page(record_kind, (record,), "1")
            self.store.ledger.apply(self.connection.id, page, NOW, moves_cursor=True)
        of_customer: dict[str, Any] = {
            "contact_id": contact.id,
            "contact_name": contact.name,
            "invoices": refs_to(invoice),
        }
        action = an_action(kind, via=via, **of_customer | fields)
        self.store.approve(self.connection.id, action, now=self.clock.now(), asked_by=asked_by)
        self.plan[action.key] = action
        return action

    def bring(
        self,
        action: Action,
        *states: ActionState,
        before: Mapping[str, str] = PREPARED,
        receipt: Receipt | None = None,
        who: str = "arsync",
        reason: str = "as it was",
    ) -> ActionRow:
        """Let an earlier run bring an action into the last of these states."""
        for state in states:
            row = self.row(action)
            if state is ActionState.SENDING:
                self.claim(action)
                if before:
                    self.store.claims.begin_attempt(self.row(action), Mode.AUTO, before)
                continue
            change = StateChange(row.state, state, who, reason, self.clock.now())
            self.store.claims.advance(row, change, receipt=receipt, not_before=None)
        return self.row(action)

    def claim(self, action: Action) -> None:
        """Let an earlier run claim an action."""
        claimed = self.store.claims.claim_next(
            self.connection.id,
            now=self.clock.now(),
            lease_seconds=self.limits.lease_seconds,
            kinds=set(ActionKind),
            closed_ways=(),
            keys={action.key},
            today=self.today,
            mode=Mode.AUTO,
        )
        assert claimed is not None, "it can be claimed"

    def run(self, *, stop: Callable[[], bool] | None = None, **options: Any) -> ApplyResult:
        """Run the outbox once."""
        self.store.connections.modes.setdefault(self.connection.id, self.connection.mode)
        context = OutboxContext(
            self.store,
            self.connection,
            BooksConnector(self.books, ORGANISATION.id),
            self.clock,
            today=lambda: self.today,
            replan=self._replan,
            undecided=lambda _account, _action: self.unknown,
            post=MemoryPost(self.books, self.per_day, self.letter_text, self.trace)
            if self.has_post
            else None,
            limits=self.limits,
            changed=lambda: self.changed,
        )
        self.outbox = Outbox(context, **options)
        return self.outbox.run() if stop is None else self.outbox.run(stop=stop)

    @property
    def today(self) -> date:
        """Return the organisation's day."""
        return self.clock.now().date()

    def row(self, action: Action) -> ActionRow:
        return self.store.actions.get(action.key)

    def state(self, action: Action) -> ActionState:
        return self.row(action).state

    def events(self, action: Action) -> list[EventRow]:
        """Return what happened to it since it was approved."""
        return list(self.store.actions.events(action.key))[2:]

    def path(self, action: Action) -> str:
        """Return the states it went through since it was approved: `sending > sent`."""
        events = self.events(action)
        return " > ".join(event.to_state for event in events if event.from_state != event.to_state)

    def pause(self, action: Action) -> float | None:
        """Return for how many seconds from now it is not tried; None when nothing says so."""
        not_before = self.row(action).not_before
        return None if not_before is None else (not_before - self.clock.now()).total_seconds()

    def advance(self, **step: float) -> None:
        self.clock.advance(timedelta(**step))

    def _replan(self, account: Account) -> Plan:
        self.books.called("replan", lambda: None)
        contact_ids = {contact.id for contact in account.contacts}
        actions = [action for action in self.plan.values() if action.contact_id in contact_ids]
        return Plan("acme", TODAY, (), "abc", actions, (), SafetyVerdict(exceeded=False))
