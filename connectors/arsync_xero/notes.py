"""What was noted in Xero about a customer: History records, read when a person asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from arsync.connector_sdk import NOTE_CALLS_MAX, NotesAnswer, PlatformNote
from arsync.connector_sdk.reading import platform_note
from arsync_xero.api import Api
from arsync_xero.dates import moment_of
from arsync_xero.documents import HISTORY, HistoryRow

NOTE = "note"
SENT = "sent"


def notes(api: Api, contact_id: str, invoice_ids: Sequence[str]) -> NotesAnswer:
    """Read the notes of a contact and of its invoices: one call for each."""
    affordable = invoice_ids[: NOTE_CALLS_MAX - 1]
    answers = [*_of(api, f"Contacts/{contact_id}", "")]
    for invoice_id in affordable:
        answers += _of(api, f"Invoices/{invoice_id}", invoice_id)
    return NotesAnswer(answers, invoice_ids[len(affordable) :])


def _of(api: Api, record: str, invoice_id: str) -> Iterator[PlatformNote]:
    rows = api.read_one(HISTORY, f"{record}/History")
    for row in rows.documents if rows else ():
        if _tells(row):
            at = moment_of(row.date_utc)
            yield platform_note(row.details or row.changes or "", at, row.user or "", invoice_id)


def _tells(row: HistoryRow) -> bool:
    """Return whether an entry is a note or tells of a message; the others tell of documents.

    Those are in the copy already: created, edited, approved, paid.
    """
    changes = (row.changes or "").casefold()
    return changes == NOTE or SENT in changes.split()
