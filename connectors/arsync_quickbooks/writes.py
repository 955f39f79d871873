"""What each kind of action becomes at QuickBooks: a change, and a note about it.

The note is written last. So where the whole note exists, the change was made before it; and where
only the change was made, repeating the write adds what is missing and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from arsync.connector_sdk import Receipt, Undoing, Write
from arsync.core.actions import Action, ActionKind, TermsPayload, Via, payload_of
from arsync.core.actions.registry import NOTED_ON_CONTACT
from arsync.errors import NeedsReconnect, OutcomeUnknown, Rejected, RetryLater
from arsync_quickbooks.api import Api
from arsync_quickbooks.credit_holds import Hold, Lift, Reasons
from arsync_quickbooks.emails_and_letters import (
    LetterAttachment,
    PlatformEmail,
    targets_on_invoices,
)
from arsync_quickbooks.families import Family
from arsync_quickbooks.late_fees import LateFee
from arsync_quickbooks.payment_terms import HoldTerms, Restored
from arsync_quickbooks.promises import Promised
from arsync_quickbooks.read_client import ReadClient
from arsync_quickbooks.reminder_levels import Level
from arsync_quickbooks.reversal import UndoChange
from arsync_quickbooks.write_client import Target, WriteClient


class ActionChange(Protocol):
    """The part of a write besides its note."""

    def prepare(self, action: Action) -> Mapping[str, str]:
        """Read what the change will alter or be recognised by."""
        ...

    def perform(self, write: Write) -> Receipt:
        """Make the change if it is not made yet."""
        ...

    def find(self, write: Write) -> Receipt | None:
        """Look whether the change is made."""
        ...


class Writer:
    """Performs and finds writes of one company."""

    def __init__(self, api: Api, reader: ReadClient, *, late_fee_item: str) -> None:
        self._write_client = write_client = WriteClient(api, reader)
        self._email = PlatformEmail(write_client)
        fee = LateFee(write_client, late_fee_item)
        self._undone = UndoChange(write_client, fee)
        self._changes: Mapping[ActionKind, ActionChange] = {
            ActionKind.CREDIT_HOLD: Family(Hold(write_client)),
            ActionKind.HOLD_REASONS: Family(Reasons(write_client)),
            ActionKind.LIFT_CREDIT_HOLD: Family(Lift(write_client), ends=True),
            ActionKind.REMINDER_LEVEL: Level(write_client),
            ActionKind.TERMS: Family(HoldTerms(write_client)),
            ActionKind.AGREED_CREDIT: Family(HoldTerms(write_client)),
            ActionKind.RESTORE_TERMS: Family(Restored(write_client), ends=True),
            ActionKind.PROMISE: Promised(write_client),
            ActionKind.LETTER: LetterAttachment(write_client),
            ActionKind.LATE_FEE: fee,
            ActionKind.UNDO: self._undone,
        }

    def prepare(self, action: Action) -> Mapping[str, str]:
        """Read what the write will change or be recognised by."""
        change = self._change(action)
        return change.prepare(action) if change else {}

    def perform(self, write: Write) -> Receipt:
        """Make the change, then write the note; parts that are done are not repeated."""
        # Always in this order: `find` looks for the note, so it must be the last part.
        write_client, change = self._write_client, self._change(write.action)
        changes_before = write_client.changes_made
        try:
            changed = change.perform(write) if change else None
            noted = write_client.add_notes(write, self._targets(write))
        except (RetryLater, Rejected, NeedsReconnect) as error:
            if write_client.changes_made == changes_before:
                raise
            # A part is done: "not done" would let an email that has left be forgotten.
            raise OutcomeUnknown(f"Done in part, then: {error}") from error
        return changed or noted

    def find(self, write: Write) -> Receipt | None:
        """Look whether all notes of a write exist: they are written last, after its change.

        A person may have removed the change since. For what was written again after it was undone
        the notes prove nothing: they may be those of the first time. An email that has left counts
        without its note, or it would be forgotten.
        """
        change = self._change(write.action)
        try:
            changed = change.find(write) if change else None
            if change and changed is None and write.may_have_come_again:
                return None
            noted = self._write_client.notes_stand(write, self._targets(write))
        except Rejected as rejected:
            # A refused look says nothing about whether the write was made.
            raise OutcomeUnknown(str(rejected)) from rejected
        if noted is None and (change is self._email or self._stands_alone(write)):
            return changed
        return noted and (changed or noted)

    def _change(self, action: Action) -> ActionChange | None:
        if action.kind is ActionKind.REMINDER:
            return self._email if action.via == Via.PLATFORM else None
        if action.kind is ActionKind.AGREED_CREDIT and not payload_of(action, TermsPayload).terms:
            return None
        return self._changes.get(action.kind)

    def undoing(self, write: Write) -> Undoing:
        """Read the present state of what a write changed."""
        return self._undone.state(write)

    def _stands_alone(self, write: Write) -> bool:
        """Return whether the change is all there is: a level's block says what a note would."""
        return write.action.kind is ActionKind.REMINDER_LEVEL

    def _targets(self, write: Write) -> list[Target]:
        """Return the targets of the note: for an undoing, those of the undone write's note."""
        if self._stands_alone(write):
            return []
        action = (write.undoes or write).action
        customer = Target("Customer", action.contact_id, action.contact_name or action.contact_id)
        if action.kind in NOTED_ON_CONTACT:
            children = dict.fromkeys(action.payload.covered_contact_ids)
            ids = [id_ for id_ in children if id_ != customer.id]
            return [customer, *(Target("Customer", id_, id_) for id_ in ids)]
        return targets_on_invoices(action) or [customer]
