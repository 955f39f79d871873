"""The connector to one organisation at Xero: it reads, writes and looks up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from arsync.connector_sdk import (
    BalancesAnswer,
    BillsPage,
    NotesAnswer,
    Page,
    Receipt,
    Transport,
    Undoing,
    Write,
)
from arsync.core.actions import Action
from arsync.core.ledger.records import Organisation, RecordKind
from arsync_xero import notes, settings
from arsync_xero.api import Api
from arsync_xero.bills import BillFeed
from arsync_xero.feed import Feed
from arsync_xero.read_client import ReadClient

if TYPE_CHECKING:
    from arsync_xero.writes import Writer


class XeroConnector:
    """Implements `arsync.connector_sdk.Connector` for one organisation."""

    def __init__(
        self, transport: Transport, organisation_id: str, section: Mapping[str, str]
    ) -> None:
        """Make a connector; no call is made.

        Args:
            transport: authorised and paced.
            organisation_id: the tenant id.
            section: the config section `xero`.
        """
        self.capabilities = settings.capabilities(section)
        self._api = Api(transport, organisation_id, section["api_url"])
        self._reader = ReadClient(self._api)
        self._late_fee_account = section.get("late_fee_account", "")

    def organisation(self) -> Organisation:
        """Read the organisation."""
        return self._reader.organisation()

    def pull(self, cursor: str | None) -> Iterator[Page]:
        """Yield pages: everything when `cursor` is None, else what came since, or the rest."""
        return Feed(self._reader).pages(cursor)

    def read(self, kind: RecordKind, ids: Sequence[str]) -> Page:
        """Read these records afresh."""
        return self._reader.read(kind, ids)

    def money_since(self, cursor: str) -> Iterator[Page]:
        """Yield the credits that came since a pull; a payment shows in its invoice."""
        # Everybody's at once: that is fewer calls than asking by contact, and the messages of
        # half a minute share the answer.
        return Feed(self._reader).credits_since(cursor)

    def balances(self, contact_ids: Sequence[str]) -> BalancesAnswer:
        """Read afresh what Xero itself says these contacts owe."""
        return self._reader.balances(contact_ids)

    def bills(self, cursor: str | None) -> Iterator[BillsPage]:
        """Yield the bills on which something is owed: all, or what changed since a cursor."""
        return BillFeed(self._reader).pages(cursor)

    def own_reminders(self) -> bool | None:
        """Ask whether Xero's own invoice reminders are on."""
        return self._reader.own_reminders()

    def notes(self, contact_id: str, invoice_ids: Sequence[str]) -> NotesAnswer:
        """Read the notes on a contact and on its invoices."""
        return notes.notes(self._api, contact_id, invoice_ids)

    def invoice_link(self, invoice_id: str) -> str:
        """Return the customer's online view of an invoice, or an empty text."""
        return self._reader.invoice_link(invoice_id)

    def invoice_pdf(self, invoice_id: str) -> bytes:
        """Return Xero's own PDF of an invoice."""
        return self._reader.invoice_pdf(invoice_id)

    def prepare(self, action: Action) -> Mapping[str, str]:
        """Read what the write will change or be recognised by."""
        return self._writer.prepare(action)

    def perform(self, write: Write) -> Receipt:
        """Write; parts that stand already are not repeated."""
        return self._writer.perform(write)

    def find(self, write: Write) -> Receipt | None:
        """Look whether the whole write is done."""
        return self._writer.find(write)

    def undoing(self, write: Write) -> Undoing:
        """Read the present state of what a write changed, to see whether it can be undone."""
        return self._writer.undoing(write)

    @cached_property
    def _writer(self) -> Writer:
        # The SDK takes a quarter of a second to import: only what writes pays for it.
        from arsync_xero.writes import Writer

        return Writer(self._api, late_fee_account=self._late_fee_account)
