"""One action's way to the platform or the mail server: perform, look up, read back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from msgspec.structs import replace

from arsync.connector_sdk import (
    CHANGED_TERMS,
    SAVED_CHILDREN,
    SAVED_TERMS,
    Capability,
    Receipt,
    Undoing,
    Write,
)
from arsync.core.actions import (
    Action,
    ActionKind,
    ActionState,
    LetterPayload,
    RestoreTermsPayload,
    UndoPayload,
    Via,
)
from arsync.core.ledger.records import Account
from arsync.core.ledger.sanitising import file_name
from arsync.errors import OutcomeUnknown, UserMistake
from arsync.outbox.recheck import Ready
from arsync.outbox.types import WHO, OutboxContext
from arsync.store.models import ActionRow, EventRow

PREPARED_AT = "arsync.prepared_at"
"""Always part of what is saved before the first attempt: its absence means there was none."""

STARTED_AT = "started_at"
"""When the earliest attempt began whose outcome is not known; see `connector_sdk.Write`."""

PDF_TYPE = "application/pdf"


class Prepared(NamedTuple):
    """A write that is ready to leave: what stood there before is saved."""

    row: ActionRow
    write: Write | None = None
    """For the platform; None for mail."""
    outgoing: tuple[Action, Any] | None = None
    """For mail: the action in its fresh form, and the message."""


def is_letter_by_mail(action: Action) -> bool:
    """Return whether an action leaves by SMTP, with a note about it in the platform."""
    return action.kind is ActionKind.REMINDER and action.via == Via.SMTP


class Delivery:
    """Performs actions of one connection. Decides nothing and changes no state."""

    def __init__(self, context: OutboxContext) -> None:
        """Remember the ways out."""
        self._ensure_unchanged = context.ensure_unchanged
        self._store = context.store
        self._connection = context.connection
        self._connector = context.connector
        self._clock = context.clock
        self._today = context.today
        self._post = context.post
        self._mailed_now: dict[str, Action] = {}
        self._histories: dict[str, Sequence[EventRow]] = {}

    def undoing(self, row: ActionRow) -> Undoing:
        """Return how what an action wrote stands now, for undoing it; changes nothing."""
        return self._connector.undoing(self._as_it_stands(row))

    def prepare(self, row: ActionRow, ready: Ready) -> Prepared:
        """Read what stands at the platform, save it, and make what is to leave.

        Nothing has happened yet, and every error but a wrong setting here is the platform's.

        Raises:
            Rejected, RetryLater, NeedsReconnect, UserMistake: as named.
            LockLost, Overtaken: it is not this run's to send any more.
        """
        if is_letter_by_mail(ready.action):
            outgoing = self._outgoing(ready)
            return Prepared(self._begun(row, ready.action), outgoing=(ready.action, outgoing))
        file = self._file(ready)
        prepared = self._begun(row, ready.action)
        return Prepared(prepared, self._write(prepared, ready.action)._replace(file=file))

    def perform(self, prepared: Prepared) -> Receipt:
        """Do it: the platform's write, or the mail (whose note follows in `read_back`).

        Raises:
            Rejected, RetryLater, NeedsReconnect, OutcomeUnknown, UserMistake, LockLost: as named.
        """
        if prepared.write is not None:
            return self._connector.perform(prepared.write)
        return self._mail(prepared)

    def look_up(self, row: ActionRow, since: datetime | None = None) -> Receipt | None:
        """Return what stands of an action whose outcome is unknown; None when nothing does.

        Args:
            row: the action.
            since: when it may first have been attempted; by default its history says.

        Raises:
            OutcomeUnknown: nobody can tell but a person.
        """
        write = self._write(row)
        if since is not None:
            write = write._replace(before={**write.before, STARTED_AT: since.isoformat()})
        receipt = self._connector.find(write)
        if receipt is None and is_letter_by_mail(row.action):
            # The note follows the mail: where it stands, the mail has left. Its absence says
            # nothing, for a mail server cannot be asked what it took.
            raise OutcomeUnknown("a mail server cannot be asked whether it accepted a message")
        return receipt

    def read_histories(self, rows: Sequence[ActionRow]) -> None:
        """Read what happened to actions that are read back next, all at once."""
        keys = [row.key for row in rows]
        self._histories = {row.key: events for row, events in self._store.actions.with_events(keys)}

    def read_back(self, row: ActionRow) -> Receipt | None:
        """Return what shows at the platform of an action that was sent.

        Of a message that has left only the note about it can still be missing: it is written.
        """
        mailed = self._mailed_now.pop(row.key, None)
        if mailed is not None:
            return self._connector.perform(self._write(row, mailed))
        write = self._write(row)
        if row.action.kind is not ActionKind.REMINDER:
            return self._connector.find(write)
        # As a letter by mail, so that no connector takes it for a message that is still to go.
        note = write._replace(action=replace(write.action, via=Via.SMTP))
        receipt = self._connector.find(note)
        if receipt is not None:
            return receipt
        # The message is not repeated: only its note is written, under a key of its own.
        generation = self._store.claims.raise_generation(row.key)
        return self._connector.perform(note._replace(generation=generation))

    def _outgoing(self, ready: Ready) -> Any:
        if self._post is None or ready.account is None:
            raise UserMistake("there is no mail server in the configuration.")
        links = self._links(ready.action, ready.account)
        return self._post.compose(
            ready.action, ready.account, self._connection.organisation, self._today(), links
        )

    def _mail(self, prepared: Prepared) -> Receipt:
        assert self._post is not None, "what is prepared was composed"
        assert prepared.outgoing is not None, "what is not for the platform is mail"
        action, outgoing = prepared.outgoing
        # Right before the mail leaves: a run that lost its lock must not mail beside another.
        self._store.runs.ensure_lock_held(self._connection.id)
        receipt = self._post.send(outgoing)
        # The mail is recorded as sent before its note is tried, so a crash between them mails once.
        self._mailed_now[prepared.row.key] = action
        return receipt

    def _begun(self, row: ActionRow, action: Action) -> ActionRow:
        """Return the row with what stood there before the first attempt, saved for good.

        Called right before something leaves: it makes sure that it is this run's to send.

        Raises:
            LockLost: another run may have taken it up. Overtaken: a new mode or rulebook counts.
        """
        # Saved before the first attempt: undoing needs it, and `find` tells an old email by it.
        before = row.before or {
            **self._connector.prepare(action),
            PREPARED_AT: self._clock.now().isoformat(timespec="seconds"),
        }
        self._ensure_unchanged()
        self._store.claims.begin_attempt(row, self._connection.mode, before)
        self._store.runs.ensure_lock_held(self._connection.id)
        return row._replace(before=before)

    def _links(self, action: Action, account: Account) -> dict[str, str]:
        """Return the customer's online view of each invoice whose record does not hold it."""
        if Capability.ONLINE_INVOICE not in self._connector.capabilities.offers:
            return {}
        have = {invoice.id for invoice in account.invoices if invoice.link}
        return {
            ref.id: self._connector.invoice_link(ref.id)
            for ref in action.invoices
            if ref.id not in have
        }

    def _file(self, ready: Ready) -> bytes:
        if ready.action.kind is not ActionKind.LETTER:
            return b""
        if self._post is None or ready.account is None:
            raise UserMistake("there are no letters in the configuration.")
        return self._post.pdf(
            ready.action, ready.account, self._connection.organisation, self._today()
        )

    def _write(self, row: ActionRow, action: Action | None = None) -> Write:
        """Return the write of an action; `action` is its fresh form, where there is one."""
        action = self._with_saved_terms(action or row.action)
        text = action.note
        if is_letter_by_mail(action) and row.receipt:
            text = f"{text} {row.receipt.detail}".strip()
        before = {name: value for name, value in row.before.items() if name != PREPARED_AT}
        started = self._started_at(row)
        if started:
            before[STARTED_AT] = started.isoformat()
        is_letter = action.kind is ActionKind.LETTER
        return Write(
            action=action,
            key=row.key,
            before=before,
            generation=row.generation,
            text=text,
            file_name=_file_name(action) if is_letter else "",
            file_type=PDF_TYPE if is_letter else "",
            undoes=self._undone(action),
        )

    def _undone(self, action: Action) -> Write | None:
        """Return the write that an action undoes."""
        payload = action.payload
        if not isinstance(payload, UndoPayload):
            return None
        return self._as_it_stands(self._store.actions.get(payload.undoes))

    def _as_it_stands(self, row: ActionRow) -> Write:
        """Return the write of an action in the words that stand there now."""
        action, write = row.action, self._write(row)
        if action.kind is not ActionKind.CREDIT_HOLD:
            return write
        # Its reasons may have been written anew since: those words are arsync's as well.
        note = self._store.actions.last_note(
            self._connection.id, action.contact_id, ActionKind.HOLD_REASONS, action.episode
        )
        return write._replace(text=note) if note else write

    def _with_saved_terms(self, action: Action) -> Action:
        """Return the action with the terms that stood before the hold, where it restores them."""
        payload = action.payload
        if not isinstance(payload, RestoreTermsPayload) or payload.saved:
            return action
        before = self._store.actions.saved(
            self._connection.id, action.contact_id, ActionKind.TERMS, action.episode
        )
        if SAVED_TERMS not in before:
            return action
        saved = replace(
            payload,
            saved=before[SAVED_TERMS],
            saved_of_children=before.get(SAVED_CHILDREN, ""),
            changed_to=before.get(CHANGED_TERMS, ""),
        )
        return replace(action, payload=saved)

    def _started_at(self, row: ActionRow) -> datetime | None:
        """Return when the earliest attempt began that did not certainly come to nothing."""
        if row.state is ActionState.SENDING and row.attempts <= 1:
            return None
        began: datetime | None = None
        first: datetime | None = None
        history = self._histories.pop(row.key, None) or self._store.actions.events(row.key)
        for event in history:
            if event.to_state is ActionState.SENDING:
                began = event.at
            elif event.to_state in _LEFT_OPEN:
                first = first or began
            elif event.to_state is ActionState.PLANNED or _said_not_sent(event):
                first = None
        return first


def _said_not_sent(event: EventRow) -> bool:
    """Return whether a person settled an unknown outcome: nothing happened until then."""
    settled = event.from_state is ActionState.UNKNOWN and event.to_state is ActionState.APPROVED
    return settled and event.actor != WHO


_LEFT_OPEN = frozenset({ActionState.UNKNOWN, ActionState.SENT})


def _file_name(action: Action) -> str:
    payload = action.payload
    if isinstance(payload, LetterPayload) and payload.file_name:
        planned = payload.file_name
        return file_name(planned.removesuffix(".pdf"), ".pdf")
    number = action.invoices[0].number if action.invoices else action.contact_id
    return file_name(f"{action.step or 'letter'} {number}", ".pdf")
