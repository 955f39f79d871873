"""One action's way to the platform or through a channel: perform, look up, read back.

A message by a channel has two effects: it is handed over, and then told in the books: a note, or
our letter as a file. The first is saved before the second is tried, so a crash between them
delivers once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType
from typing import NamedTuple

from msgspec.structs import replace

from arsync.channels import Message, MessageTrace
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
    AccountLetterPayload,
    Action,
    ActionKind,
    ActionState,
    LetterPayload,
    ReminderPayload,
    RestoreTermsPayload,
    UndoPayload,
    Via,
    leaves_by_channel,
)
from arsync.core.actions.notices import bears_number
from arsync.core.actions.registry import OUTSIDE_BOOKS
from arsync.core.ledger.enclosures import Enclosure
from arsync.core.ledger.mail_addresses import addresses_in, folded_address
from arsync.core.ledger.records import Account
from arsync.core.ledger.sanitising import file_name
from arsync.errors import ArsyncError, OutcomeUnknown, UserMistake
from arsync.outbox.enclosures import with_invoice_pdfs
from arsync.outbox.ports import LetterHistory, PersonalLineReading
from arsync.outbox.recheck import Ready
from arsync.outbox.types import WHO, LetterExtras, OutboxContext, Post
from arsync.store.models import ActionRow, EventRow, SentLetter

OWN_PREFIX = "arsync."
"""Begins what is saved before the first attempt and is no connector's business."""

PREPARED_AT = "arsync.prepared_at"
"""Always part of what is saved before the first attempt: its absence means there was none."""

LETTER_DIGEST = "arsync.letter"
"""Of a letter as it left: tells whether one that is made again is the same."""

STARTED_AT = "started_at"
"""When the earliest attempt began whose outcome is not known; see `connector_sdk.Write`."""

DIGEST_HEX_DIGITS = 32

RECEIPT_CHARACTERS_MAX = 1_000

PDF_TYPE = "application/pdf"


class Prepared(NamedTuple):
    """A write that is ready to leave: what stood there before is saved."""

    row: ActionRow
    write: Write | None = None
    """For the platform; None for a channel."""
    outgoing: tuple[Action, Message] | None = None
    """For a channel: the action in its fresh form, and the message."""


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
        self._delivered_now: dict[str, tuple[Action, Message]] = {}
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
        if leaves_by_channel(ready.action):
            post, message = self._message(ready, row.attempts)
            trace = post.prepare(ready.action.via, message)
            trace = {**trace, LETTER_DIGEST: _digest(message)}
            # By post no address hears it, and a reference hears nothing of what it owes.
            unheard = ready.action.via == Via.POST or ready.action.kind in OUTSIDE_BOOKS
            prepared = self._begun(row, ready.action, trace, () if unheard else message.to)
            return Prepared(prepared, outgoing=(ready.action, message))
        file = self._file(ready)
        payload = ready.action.payload
        # The platform's own email; a letter that is filed in the books reaches nobody.
        reaches: Collection[str] = (
            addresses_in(payload.to)
            if isinstance(payload, ReminderPayload | AccountLetterPayload)
            else ()
        )
        prepared = self._begun(row, ready.action, reaches=reaches)
        return Prepared(prepared, self._write(prepared, ready.action)._replace(file=file))

    def perform(self, prepared: Prepared) -> Receipt:
        """Do it: the platform's write, or the channel's (whose note follows in `read_back`).

        Raises:
            Rejected, RetryLater, NeedsReconnect, OutcomeUnknown, UserMistake, LockLost: as named.
        """
        if prepared.write is not None:
            return self._connector.perform(prepared.write)
        return self._deliver(prepared)

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
        if not leaves_by_channel(row.action):
            return self._connector.find(write)
        if row.action.kind in OUTSIDE_BOOKS:
            return self._look_up_by_channel(row, since or self._started_at(row))
        # What is told in the books follows the message: where it stands, the message has left. Its
        # absence says nothing: then the channel is asked.
        receipt = self._connector.find(_as_note(write))
        return receipt or self._look_up_by_channel(row, since or self._started_at(row))

    def _look_up_by_channel(self, row: ActionRow, since: datetime | None) -> Receipt | None:
        if self._post is None:
            raise OutcomeUnknown("there is nothing to ask whether it left")
        trace = MessageTrace(row.key, self._connection.name, row.before, since)
        try:
            return self._post.look_up(row.action.via, trace)
        except UserMistake as mistake:
            # A way that is not set up any more cannot be asked.
            raise OutcomeUnknown(str(mistake)) from mistake

    def read_histories(self, rows: Sequence[ActionRow]) -> None:
        """Read what happened to actions that are read back next, all at once."""
        keys = [row.key for row in rows]
        self._histories = {row.key: events for row, events in self._store.actions.with_events(keys)}

    def read_back(self, row: ActionRow) -> Receipt | None:
        """Return what shows at the platform of an action that was sent.

        Of a message that has left only what is told in the books can still be missing: it is
        written.
        """
        delivered = self._delivered_now.pop(row.key, None)
        if row.action.kind in OUTSIDE_BOOKS:
            # That it left is all there is to see: the customer's books tell nothing of it.
            return row.receipt
        if delivered is not None:
            action, message = delivered
            return self._connector.perform(self._in_the_books(row, action, message.pdf))
        write = self._write(row)
        if row.action.kind is not ActionKind.REMINDER and not leaves_by_channel(row.action):
            return self._connector.find(write)
        receipt = self._connector.find(_as_note(write))
        if receipt is not None:
            return receipt
        # The message is not repeated: only what is told of it, under a key of its own.
        generation = self._store.claims.raise_generation(row.key)
        written = self._in_the_books(row, row.action, self._letter_again(row))
        return self._connector.perform(written._replace(generation=generation))

    def _in_the_books(self, row: ActionRow, action: Action, pdf: bytes) -> Write:
        """Return the write that tells of a delivered message: a file with a note, or a note."""
        write = self._write(row, action)
        if action.kind is ActionKind.LETTER and pdf and action.invoices:
            return write._replace(file=pdf)
        return _as_note(write)

    def _letter_again(self, row: ActionRow) -> bytes:
        """Return the file of a letter that left in an earlier run, where it is still the same.

        The books may have changed since it left: then the file would be a letter that nobody got.
        """
        if row.action.kind is not ActionKind.LETTER or self._post is None:
            return b""
        account = next(
            self._store.ledger.accounts(self._connection.id, [row.action.contact_id]), None
        )
        if account is None:
            return b""
        try:
            day = row.sent_on or self._today()
            extras = self._extras(row.action, account)
            message = self._post.message(row.action, account, day, extras)
        except ArsyncError:
            return b""
        return message.pdf if _digest(message) == row.before.get(LETTER_DIGEST) else b""

    def _message(self, ready: Ready, tries: int) -> tuple[Post, Message]:
        if self._post is None or ready.account is None:
            raise UserMistake("there is no way for letters in the configuration.")
        action, account = ready.action, ready.account
        extras = self._extras(action, account)
        if Enclosure.INVOICE in action.payload.attached:
            extras = with_invoice_pdfs(extras, action, self._connector, tries)
        return self._post, self._post.message(action, account, self._today(), extras)

    def _extras(self, action: Action, account: Account) -> LetterExtras:
        """Return what a letter needs besides the account; a notice gets its number here."""
        if action.kind in OUTSIDE_BOOKS:
            # It goes on from no letter to the customer, and bears no number of one.
            return LetterExtras(personal_line=personal_line_of(self._store.personal_lines, action))
        letters, connection = self._store.letters, self._connection.id
        return LetterExtras(
            links=self._links(action, account),
            notice_number=letters.number(connection, action.key) if bears_number(action) else None,
            earlier=earlier_letters(letters, connection, action),
            personal_line=personal_line_of(self._store.personal_lines, action),
        )

    def _deliver(self, prepared: Prepared) -> Receipt:
        assert self._post is not None, "what is prepared was made"
        assert prepared.outgoing is not None, "what is not for the platform is for a channel"
        action, message = prepared.outgoing
        # Right before it leaves: a run that lost its lock must not send beside another.
        self._store.runs.ensure_lock_held(self._connection.id)
        receipt = self._post.deliver(action.via, message)
        if message.remarks:
            detail = "; ".join((receipt.detail, *message.remarks))
            receipt = replace(receipt, detail=detail[:RECEIPT_CHARACTERS_MAX])
        self._delivered_now[prepared.row.key] = (action, message)
        return receipt

    def _begun(
        self,
        row: ActionRow,
        action: Action,
        trace: Mapping[str, str] = MappingProxyType({}),
        reaches: Collection[str] = (),
    ) -> ActionRow:
        """Return the row with what stood there before the first attempt, saved for good.

        Called right before something leaves: it makes sure that it is this run's to send.

        Raises:
            LockLost: another run may have taken it up. Overtaken: a new mode or rulebook counts.
        """
        # Saved before the first attempt: undoing needs it, and `find` tells an old email by it. Of
        # a message each attempt is looked for by itself: its address may have changed.
        renews = leaves_by_channel(action)
        before = (not renews and row.before) or {
            **({} if action.kind in OUTSIDE_BOOKS else self._connector.prepare(action)),
            **trace,
            PREPARED_AT: self._clock.now().isoformat(timespec="seconds"),
        }
        self._ensure_unchanged()
        mode = self._connection.mode
        self._store.claims.begin_attempt(
            row, mode, before, renews=renews, reaches=frozenset(map(folded_address, reaches))
        )
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
        extras = self._extras(ready.action, ready.account)
        return self._post.pdf(ready.action, ready.account, self._today(), extras)

    def _write(self, row: ActionRow, action: Action | None = None) -> Write:
        """Return the write of an action; `action` is its fresh form, where there is one."""
        action = self._with_saved_terms(action or row.action)
        text = action.note
        if leaves_by_channel(action) and row.receipt:
            text = f"{text} {row.receipt.detail}".strip()
        before = {
            name: value for name, value in row.before.items() if not name.startswith(OWN_PREFIX)
        }
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


def earlier_letters(
    letters: LetterHistory, connection_id: int, action: Action
) -> tuple[SentLetter, ...]:
    """Return what a customer had of ours before a letter, which is none of them itself."""
    earlier = letters.earlier(connection_id, action.contact_id)
    return tuple(letter for letter in earlier if letter.key != action.key)


def personal_line_of(lines: PersonalLineReading, action: Action) -> str:
    """Return what a person put above a letter's text; empty: nothing."""
    kept = lines.of([action.key]).get(action.key)
    return "" if kept is None else kept.line


def _as_note(write: Write) -> Write:
    """Return a message's write as the note about what has left.

    No connector takes it for a message that is still to go, nor asks it for a file.
    """
    action = write.action
    if action.kind is ActionKind.LETTER and leaves_by_channel(action):
        payload = ReminderPayload(cadence=action.payload.cadence_name)
        return write._replace(action=replace(action, payload=payload, via=Via.SMTP))
    if action.kind is ActionKind.REMINDER:
        return write._replace(action=replace(action, via=Via.SMTP))
    return write


def _digest(message: Message) -> str:
    text = f"{message.subject}\n{message.text}"
    return sha256(text.encode()).hexdigest()[:DIGEST_HEX_DIGITS]


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
