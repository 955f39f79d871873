"""The connector to one company at QuickBooks Online: it reads, writes and looks up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

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
from arsync_quickbooks import feed, notes, settings
from arsync_quickbooks.api import Api
from arsync_quickbooks.bills import BillFeed
from arsync_quickbooks.documents import InvoiceDoc
from arsync_quickbooks.errors import readable
from arsync_quickbooks.read_client import ReadClient
from arsync_quickbooks.write_client import WriteClient
from arsync_quickbooks.writes import Writer


class QuickBooksConnector:
    """Implements `arsync.connector_sdk.Connector` for one company."""

    def __init__(
        self, transport: Transport, organisation_id: str, section: Mapping[str, str]
    ) -> None:
        """Make a connector; no call is made.

        Args:
            transport: authorised for the company.
            organisation_id: the company's realm id.
            section: the config section `quickbooks`.
        """
        self.capabilities = settings.capabilities(section)
        api = Api(transport, settings.api_url(section), organisation_id)
        self._api = api
        self._reader = ReadClient(api, is_demo=settings.is_sandbox(section))
        self._writer = Writer(api, self._reader, late_fee_item=section.get("late_fee_item", ""))

    def organisation(self) -> Organisation:
        """Read the organisation."""
        with readable():
            return self._reader.company(afresh=True).organisation

    def pull(self, cursor: str | None) -> Iterator[Page]:
        """Yield pages: everything when `cursor` is None, else what came since, or the rest."""
        with readable():
            yield from feed.Feed(self._reader).pages(cursor)

    def read(self, kind: RecordKind, ids: Sequence[str]) -> Page:
        """Read these records afresh."""
        with readable():
            return self._reader.read(kind, ids)

    def money_since(self, cursor: str) -> Iterator[Page]:
        """Yield the payments and credit memos that came since a pull."""
        return feed.money_since(self._reader, cursor)

    def balances(self, contact_ids: Sequence[str]) -> BalancesAnswer:
        """Read afresh what QuickBooks itself says these customers owe."""
        return self._reader.balances(contact_ids)

    def bills(self, cursor: str | None) -> Iterator[BillsPage]:
        """Yield the bills on which something is owed: all, or what changed since a cursor."""
        with readable():
            yield from BillFeed(self._reader).pages(cursor)

    def own_reminders(self) -> None:
        """Return None: QuickBooks does not report whether its own reminders are on."""

    def notes(self, contact_id: str, invoice_ids: Sequence[str]) -> NotesAnswer:
        """Read the note attachments of a customer and of its invoices."""
        with readable():
            return notes.notes(WriteClient(self._api, self._reader), contact_id, invoice_ids)

    def invoice_link(self, invoice_id: str) -> str:
        """Return the customer's online view of an invoice.

        QuickBooks makes one only where online payment is switched on and the invoice has an email.
        """
        with readable():
            invoice = self._api.read_one("Invoice", invoice_id, InvoiceDoc, include="invoiceLink")
        return (isinstance(invoice, InvoiceDoc) and invoice.invoice_link) or ""

    def invoice_pdf(self, invoice_id: str) -> bytes:
        """Return QuickBooks' own PDF of an invoice."""
        with readable():
            return self._api.pdf("Invoice", invoice_id)

    def prepare(self, action: Action) -> Mapping[str, str]:
        """Read what the write will change or be recognised by."""
        with readable():
            return self._writer.prepare(action)

    def perform(self, write: Write) -> Receipt:
        """Write; parts that stand already are not repeated."""
        # Not `readable`: an answer to a write that cannot be read is an unknown outcome, which the
        # writer itself says, and never a reason to write again.
        return self._writer.perform(write)

    def find(self, write: Write) -> Receipt | None:
        """Look whether the whole write is done."""
        with readable():
            return self._writer.find(write)

    def undoing(self, write: Write) -> Undoing:
        """Read the present state of what a write changed, to see whether it can be undone."""
        with readable():
            return self._writer.undoing(write)
