"""The base of every write: Xero's API and SDK, the steps of a write, and notes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from xero_python.accounting import HistoryRecord, HistoryRecords

from arsync.errors import Rejected
from arsync_xero.api import Api
from arsync_xero.documents import CONTACTS, HISTORY, ContactDocument, HistoryRow
from arsync_xero.sdk import SdkClient


class WriteClient(NamedTuple):
    """What every step of one write works with."""

    api: Api
    sdk: SdkClient
    mark: str
    """The marker of the write."""


class WriteStep(ABC):
    """One thing that a write changes at Xero."""

    always_look = False
    """Look before writing even on a first attempt."""
    optional = False
    """When it is refused, the write continues without it."""
    best_effort = False
    """When it fails after the step that matters, the write counts as done."""

    def __init__(self, write_client: WriteClient) -> None:
        """Make a step; no call is made."""
        self.write_client = write_client

    @abstractmethod
    def found(self) -> str:
        """Look whether it is done at Xero; returns Xero's id of it, or an empty text."""

    @abstractmethod
    def make(self, key: str) -> str:
        """Write it, under an idempotency key; returns Xero's id of it."""

    @property
    @abstractmethod
    def detail(self) -> str:
        """A few words for people."""


class HistoryNote(WriteStep):
    """A History record on an invoice or a contact."""

    def __init__(
        self,
        write_client: WriteClient,
        record: str,
        id_: str,
        text: str,
        *,
        best_effort: bool = False,
    ) -> None:
        super().__init__(write_client)
        self._record = record
        self._id = id_
        self._text = text
        self.best_effort = best_effort

    @property
    def detail(self) -> str:
        return "note on the invoice" if self._record == "Invoices" else "note on the contact"

    def found(self) -> str:
        # By the marker in its text: Xero forgets an idempotency key after six minutes, but keeps
        # the note for good, and lets no one edit or delete it.
        rows = history(self.write_client.api, self._record, self._id)
        return (
            self._id if any(self.write_client.mark in (row.details or "") for row in rows) else ""
        )

    def make(self, key: str) -> str:
        records = HistoryRecords(history_records=[HistoryRecord(details=self._text)])
        invoice = self._record == "Invoices"
        method = "create_invoice_history" if invoice else "create_contact_history"
        self.write_client.sdk.call(method, self._id, records, what=f"a {self.detail}", key=key)
        return self._id


def history(api: Api, record: str, id_: str) -> list[HistoryRow]:
    """Read the history of an invoice or a contact; nothing for one that is not there."""
    rows = api.read_one(HISTORY, f"{record}/{id_}/History")
    return rows.documents if rows else []


def read_contact(api: Api, contact_id: str) -> ContactDocument:
    """Read a contact.

    Raises:
        Rejected: there is no such contact.
    """
    rows = api.read_one(CONTACTS, f"Contacts/{contact_id}")
    if rows is None or not rows.documents:
        raise Rejected(f"Xero: there is no contact {contact_id}.")
    return rows.documents[0]
