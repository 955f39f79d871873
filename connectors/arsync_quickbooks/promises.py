"""Promises to pay: a note on each invoice, since QuickBooks has no field for them.

Versions of arsync before this one wrote a block into the invoice's private note. Several public
sources call that field "memo on statement": customers may read it there. So the block is moved into
a note as soon as something is promised, or noted, about the invoice again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arsync.connector_sdk import Receipt, Write
from arsync.core.actions import Action
from arsync.errors import OutcomeUnknown, Rejected
from arsync_quickbooks.documents import InvoiceDoc
from arsync_quickbooks.emails_and_letters import targets_on_invoices
from arsync_quickbooks.fenced_text import (
    ATTACHABLE_NOTE_CHARACTERS_MAX,
    PROMISE,
    block_in,
    mark_of,
    removed,
    with_marker,
    words_of,
)
from arsync_quickbooks.records import VOID_WORD
from arsync_quickbooks.write_client import Target, WriteClient, currency_of, request_id


class Promised:
    """A promise to pay. Its note is all of it: what is left to do here is to move old blocks."""

    def __init__(self, write_client: WriteClient) -> None:
        self._write_client = write_client

    def prepare(self, action: Action) -> Mapping[str, str]:
        """Return nothing: no field of people's is changed."""
        return {}

    def perform(self, write: Write) -> Receipt:
        """Move what an earlier version wrote into the invoices' private notes."""
        targets = targets_on_invoices(write.action)
        if not targets:
            raise Rejected("no invoice is named.")
        for target in targets:
            self._refuse_voided(target)
            move_block(self._write_client, write, target)
        return Receipt(targets[0].id, f"promise on {targets[0].shown}")

    def find(self, write: Write) -> Receipt | None:
        """Look for the notes."""
        return self._write_client.notes_stand(write, targets_on_invoices(write.action))

    def _refuse_voided(self, target: Target) -> None:
        invoice = self._write_client.invoice(target.id)
        # A voided invoice is owed by no one: a promise on it would never be kept or broken.
        if (invoice.private_note or "").startswith(VOID_WORD) and not invoice.total_amt:
            raise Rejected(f"invoice {target.shown} is voided in QuickBooks.")


def move_block(write_client: WriteClient, write: Write, target: Target) -> None:
    """Take our block out of an invoice's private note, and keep its words as a note.

    The text of others stays byte for byte. The note comes first: a crash between the two leaves
    the words twice rather than nowhere.
    """
    block = block_in(write_client.invoice(target.id).private_note or "", PROMISE)
    if not block:
        return
    mark = mark_of(block)
    if not any(mark in (kept.note or "") for kept in write_client.attachables(write, target)):
        from arsync_quickbooks import sdk

        text = with_marker(words_of(block), mark, ATTACHABLE_NOTE_CHARACTERS_MAX)
        body = sdk.content(sdk.note(target.entity, target.id, text))
        write_client.client.put("Attachable", body, request_id(write, "moved", target.id))
        write_client.changes_made += 1
    take_block_out(write_client, write, target.id)


def take_block_out(write_client: WriteClient, write: Write, invoice_id: str) -> None:
    """Take our block out of an invoice's private note; the text of others stays byte for byte."""

    def change(invoice: InvoiceDoc) -> dict[str, Any] | None:
        now = invoice.private_note or ""
        cleared = removed(now, PROMISE)
        if cleared == now:
            return None
        return {"PrivateNote": cleared, **currency_of(invoice, write_client)}

    def read() -> InvoiceDoc:
        return write_client.invoice(invoice_id)

    updated = write_client.update(write, "Invoice", read, change)
    if updated is None or not block_in(str(updated.get("PrivateNote") or ""), PROMISE):
        return
    # As when a hold is lifted: an empty text in a sparse update may change nothing.
    whole = write_client.update(
        write,
        "Invoice",
        read,
        lambda _: write_client.whole_without("Invoice", invoice_id, "PrivateNote"),
    )
    if whole is not None and block_in(str(whole.get("PrivateNote") or ""), PROMISE):
        raise OutcomeUnknown("QuickBooks keeps an old promise in the invoice's memo.")
