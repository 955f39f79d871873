"""Promises to pay: a block of text in the invoice's private note, since no field is for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arsync.connector_sdk import Receipt, Write
from arsync.core.actions import Action, PromisePayload, marker, payload_of
from arsync.errors import HealsWhen, OutcomeUnknown, Rejected
from arsync_quickbooks.documents import InvoiceDoc
from arsync_quickbooks.fenced_text import (
    PRIVATE_NOTE_CHARACTERS_MAX,
    PROMISE,
    NoRoom,
    placed,
    stands,
)
from arsync_quickbooks.records import VOID_WORD
from arsync_quickbooks.write_client import WriteClient, currency_of


class Promised:
    """A promise to pay: a fenced block in the invoice's private note, which customers never see."""

    def __init__(self, write_client: WriteClient) -> None:
        self._write_client = write_client

    def prepare(self, action: Action) -> Mapping[str, str]:
        """Keep the private note as it is."""
        return {
            "saved.private_note": self._write_client.invoice(_invoice_id(action)).private_note or ""
        }

    def perform(self, write: Write) -> Receipt:
        """Put the block into the note if it is not there."""
        action, mark = write.action, marker(write.key)
        invoice_id = _invoice_id(action)

        def change(invoice: InvoiceDoc) -> dict[str, Any] | None:
            note = invoice.private_note or ""
            if stands(note, PROMISE, mark):
                return None
            # A voided invoice is owed by no one: a promise on it would never be kept or broken.
            if note.startswith(VOID_WORD) and not invoice.total_amt:
                raise Rejected(f"invoice {_number(action)} is voided in QuickBooks.")
            try:
                changed = placed(
                    note,
                    PROMISE,
                    summary=f"on {payload_of(action, PromisePayload).promised_on.isoformat()}",
                    marker=mark,
                    body=write.text or action.note,
                    characters_max=PRIVATE_NOTE_CHARACTERS_MAX,
                )
            except NoRoom as problem:
                raise Rejected(
                    f"the private note of invoice {_number(action)} in QuickBooks has no room for"
                    f" the promise: {problem} of {PRIVATE_NOTE_CHARACTERS_MAX:,}. Shorten it"
                    " there.",
                    heals_when=HealsWhen.RECORD,
                ) from None
            return {"PrivateNote": changed, **currency_of(invoice, self._write_client)}

        def read() -> InvoiceDoc:
            return self._write_client.invoice(invoice_id)

        updated = self._write_client.update(write, "Invoice", read, change)
        note_after = str((updated or {}).get("PrivateNote") or "")
        if updated is not None and not stands(note_after, PROMISE, mark):
            raise OutcomeUnknown(f"QuickBooks did not take the promise on {_number(action)}.")
        return Receipt(invoice_id, f"promise on {_number(action)}")

    def find(self, write: Write) -> Receipt | None:
        """Look for the block."""
        invoice_id = _invoice_id(write.action)
        invoice = self._write_client.look("Invoice", invoice_id, InvoiceDoc)
        note = (invoice and invoice.private_note) or ""
        if stands(note, PROMISE, marker(write.key)):
            return Receipt(invoice_id, f"promise on {_number(write.action)}")
        return None


def _invoice_id(action: Action) -> str:
    if not action.invoices:
        raise Rejected("no invoice is named.")
    return action.invoices[0].id


def _number(action: Action) -> str:
    return action.invoices[0].number or action.invoices[0].id
