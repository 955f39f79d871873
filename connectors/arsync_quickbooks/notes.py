"""What was noted in QuickBooks about a customer: note attachments, read when a person asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from arsync.connector_sdk import NOTE_CALLS_MAX, NotesAnswer, PlatformNote
from arsync.connector_sdk.reading import platform_note
from arsync_quickbooks import errors
from arsync_quickbooks.api import quoted
from arsync_quickbooks.by_creation import created_at
from arsync_quickbooks.documents import ROWS_MAX, AttachableDoc
from arsync_quickbooks.write_client import Target, WriteClient, hangs

SPARE_CALLS = 2
"""A question that QuickBooks does not take, and its repetition, cost a call each."""


def notes(write_client: WriteClient, contact_id: str, invoice_ids: Sequence[str]) -> NotesAnswer:
    """Read the notes that hang on a customer and on its invoices."""
    affordable = invoice_ids[: NOTE_CALLS_MAX - SPARE_CALLS - 1]
    targets = [Target("Customer", contact_id, "")]
    targets += [Target("Invoice", invoice_id, "") for invoice_id in affordable]
    try:
        answers = [note for target in targets for note in _asked(write_client, target)]
    except errors.QuickBooksRejected as refused:
        # Intuit's own examples ask by document, but no reference lists it as supported.
        if not refused.codes & errors.CANNOT_ASK:
            raise
        return _looked_through(write_client, contact_id, invoice_ids)
    return NotesAnswer(answers, invoice_ids[len(affordable) :])


def _asked(write_client: WriteClient, target: Target) -> Iterator[PlatformNote]:
    condition = (
        f"AttachableRef.EntityRef.Type = {quoted(target.entity)}"
        f" AND AttachableRef.EntityRef.value = {quoted(target.id)}"
    )
    yield from _on(target, write_client.newest("Attachable", AttachableDoc, condition, pages_max=1))


def _on(target: Target, documents: Iterable[AttachableDoc]) -> Iterator[PlatformNote]:
    invoice_id = target.id if target.entity == "Invoice" else ""
    for document in documents:
        if document.note and hangs(document, target):
            yield platform_note(document.note, created_at(document), "", invoice_id)


def _looked_through(
    write_client: WriteClient, contact_id: str, invoice_ids: Sequence[str]
) -> NotesAnswer:
    """Look through the newest attachables of the whole company, as far as the calls suffice."""
    pages = NOTE_CALLS_MAX - SPARE_CALLS
    documents = list(write_client.newest("Attachable", AttachableDoc, "", pages_max=pages))
    targets = [Target("Customer", contact_id, "")]
    targets += [Target("Invoice", invoice_id, "") for invoice_id in invoice_ids]
    answers = [note for target in targets for note in _on(target, documents)]
    # Older notes may lie beyond: then no invoice's notes are certainly complete.
    return NotesAnswer(answers, invoice_ids if len(documents) >= pages * ROWS_MAX else ())
