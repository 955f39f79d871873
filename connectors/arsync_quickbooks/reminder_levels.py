"""Reminder levels: a block of their own among the notes about a customer, beside that of a hold."""

from __future__ import annotations

from typing import Any

from arsync.connector_sdk import Receipt, Write
from arsync.core.actions import ReminderLevelPayload, marker, payload_of
from arsync.errors import OutcomeUnknown
from arsync_quickbooks.credit_holds import Hold, name_of, with_block
from arsync_quickbooks.documents import CustomerDoc
from arsync_quickbooks.fenced_text import REMINDER_LEVEL, stands


class Level(Hold):
    """The reminder level: a block of its own beside that of a hold; without a level, none."""

    def perform(self, write: Write) -> Receipt:
        """Put the level's block in place of an earlier one, or take it out."""
        level, mark = payload_of(write.action, ReminderLevelPayload).level, marker(write.key)
        if not level:
            self._take_out(write, REMINDER_LEVEL)
            return self._receipt(write)

        def change(customer: CustomerDoc) -> dict[str, Any] | None:
            notes = customer.notes or ""
            if stands(notes, REMINDER_LEVEL, mark):
                return None
            return {"Notes": with_block(write, notes, mark, REMINDER_LEVEL, str(level))}

        notes_after = self._update(write, change)
        if notes_after is not None and not stands(notes_after, REMINDER_LEVEL, mark):
            raise OutcomeUnknown(f"QuickBooks did not take the notes of {name_of(write)} as sent.")
        return self._receipt(write)

    def find(self, write: Write) -> Receipt | None:
        """Look for the block, or that none is left."""
        level, notes = payload_of(write.action, ReminderLevelPayload).level, self._notes(write)
        if notes is None:
            return None
        if level:
            is_done = stands(notes, REMINDER_LEVEL, marker(write.key))
        else:
            is_done = not stands(notes, REMINDER_LEVEL)
        return self._receipt(write) if is_done else None

    def _receipt(self, write: Write) -> Receipt:
        level = payload_of(write.action, ReminderLevelPayload).level or "taken off"
        return Receipt(
            write.action.contact_id, f"reminder level {level} in the notes of {name_of(write)}"
        )
