"""Credit holds: a block of text among the notes that people keep about a customer.

QuickBooks Online has no credit limit and no hold, and customer types cannot be made through its
API. Notes are on the customer's page; making a customer inactive would hide it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from arsync.connector_sdk import Receipt, Write
from arsync.core.actions import (
    Action,
    HoldReasonsPayload,
    marker,
    payload_of,
)
from arsync.errors import HealsWhen, OutcomeUnknown, Rejected
from arsync_quickbooks.documents import CustomerDoc
from arsync_quickbooks.fenced_text import (
    CREDIT_HOLD,
    NOTES_CHARACTERS_MAX,
    NoRoom,
    block_in,
    placed,
    removed,
    says,
    stands,
)
from arsync_quickbooks.write_client import WriteClient


class Hold:
    """A credit hold: a fenced block in the customer's notes, which QuickBooks shows to people."""

    def __init__(self, write_client: WriteClient) -> None:
        self._write_client = write_client

    def prepare(self, action: Action) -> Mapping[str, str]:
        """Keep the notes as they are."""
        return {"saved.notes": self._write_client.customer(action.contact_id).notes or ""}

    def perform(self, write: Write) -> Receipt:
        """Put the block into the notes if it is not there."""
        mark = marker(write.key)

        def change(customer: CustomerDoc) -> dict[str, Any] | None:
            notes = customer.notes or ""
            if stands(notes, CREDIT_HOLD, mark):
                return None
            return {"Notes": with_block(write, notes, mark)}

        notes_after = self._update(write, change)
        if notes_after is not None and not stands(notes_after, CREDIT_HOLD, mark):
            raise OutcomeUnknown(f"QuickBooks did not take the notes of {name_of(write)} as sent.")
        return Receipt(write.action.contact_id, f"credit hold in the notes of {name_of(write)}")

    def find(self, write: Write) -> Receipt | None:
        """Look for the block."""
        if stands(self._notes(write) or "", CREDIT_HOLD, marker(write.key)):
            return Receipt(write.action.contact_id, f"credit hold in the notes of {name_of(write)}")
        return None

    def _update(
        self, write: Write, change: Callable[[CustomerDoc], dict[str, Any] | None]
    ) -> str | None:
        """Change the customer; returns the notes afterwards, or None when nothing changed."""
        customer_id = write.action.contact_id
        updated = self._write_client.update_customer(write, customer_id, change)
        return None if updated is None else str(updated.get("Notes") or "")

    def _take_out(self, write: Write, subject: str) -> None:
        """Take our block about a subject out of the notes if it is there."""

        def change(customer: CustomerDoc) -> dict[str, Any] | None:
            notes = customer.notes or ""
            without_block = removed(notes, subject)
            return None if without_block == notes else {"Notes": without_block}

        notes_after = self._update(write, change)
        if notes_after is not None and stands(notes_after, subject):
            # The notes held nothing but our block, and an empty text in a sparse update changed
            # nothing: whether it should is not documented. A full update without notes does.
            customer_id = write.action.contact_id
            self._update(
                write, lambda _: self._write_client.whole_without("Customer", customer_id, "Notes")
            )

    def _notes(self, write: Write) -> str | None:
        customer = self._write_client.look("Customer", write.action.contact_id, CustomerDoc)
        return None if customer is None else customer.notes or ""


class Reasons(Hold):
    """The reasons of a standing hold, written anew into its block, which stays the hold's."""

    def prepare(self, action: Action) -> Mapping[str, str]:
        """Return nothing: undoing the hold takes its block out, whatever it says."""
        return {}

    def perform(self, write: Write) -> Receipt:
        """Put the new words into the hold's block; where a person took it out, it stays out."""
        mark = marker(payload_of(write.action, HoldReasonsPayload).hold)

        def change(customer: CustomerDoc) -> dict[str, Any] | None:
            notes = customer.notes or ""
            if not stands(notes, CREDIT_HOLD, mark):
                return None
            reworded = with_block(write, notes, mark)
            return None if reworded == notes else {"Notes": reworded}

        self._update(write, change)
        return Receipt(write.action.contact_id, f"reasons of the hold in {name_of(write)}")

    def find(self, write: Write) -> Receipt | None:
        """Look whether the block says the new words, or is gone."""
        block = block_in(self._notes(write) or "", CREDIT_HOLD)
        if block and not says(block, write.text or write.action.note):
            return None
        return Receipt(write.action.contact_id, f"reasons of the hold in {name_of(write)}")


class Lift(Hold):
    """The end of a hold: only our block is removed."""

    def perform(self, write: Write) -> Receipt:
        """Take the block out of the notes if it is there."""
        self._take_out(write, CREDIT_HOLD)
        return Receipt(write.action.contact_id, f"credit hold lifted for {name_of(write)}")

    def find(self, write: Write) -> Receipt | None:
        """Look whether a block is left."""
        notes = self._notes(write)
        if notes is None or stands(notes, CREDIT_HOLD):
            return None
        return Receipt(write.action.contact_id, f"credit hold lifted for {name_of(write)}")


def with_block(
    write: Write, notes: str, mark: str, subject: str = CREDIT_HOLD, summary: str = ""
) -> str:
    """Return the notes with our block in its present words.

    Raises:
        Rejected: people's own notes leave no room.
    """
    # The notes belong to people: ours are shortened to fit between theirs, never theirs.
    try:
        return placed(
            notes,
            subject,
            summary=summary,
            marker=mark,
            body=write.text or write.action.note,
            characters_max=NOTES_CHARACTERS_MAX,
        )
    except NoRoom as problem:
        raise Rejected(
            f"the notes of {write.action.contact_name} in QuickBooks have no room for the"
            f" {subject}: {problem} of {NOTES_CHARACTERS_MAX:,}. Shorten them there.",
            heals_when=HealsWhen.RECORD,
        ) from None


def name_of(write: Write) -> str:
    """Return the customer's name, or its id where it has none."""
    return write.action.contact_name or write.action.contact_id
