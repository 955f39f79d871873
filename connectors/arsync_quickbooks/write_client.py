"""The base of every write: fresh documents, updates that survive a stale token, and notes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from arsync.connector_sdk import Receipt, Write
from arsync.core.actions import marker
from arsync.errors import HealsWhen, OutcomeUnknown, Rejected
from arsync_quickbooks import errors
from arsync_quickbooks.api import NEWEST_FIRST, Api, quoted, stamp
from arsync_quickbooks.by_creation import ByCreation, Place, Row, created_at
from arsync_quickbooks.documents import (
    ROWS_MAX,
    AttachableDoc,
    CustomerDoc,
    Header,
    InvoiceDoc,
    MalformedRow,
    rows,
)
from arsync_quickbooks.fenced_text import ATTACHABLE_NOTE_CHARACTERS_MAX, with_marker
from arsync_quickbooks.read_client import ReadClient
from arsync_quickbooks.records import moment

if TYPE_CHECKING:
    from arsync_quickbooks.sdk import SdkClient

REQUEST_ID_LENGTH_MAX = 50
STALE_ATTEMPTS_MAX = 2
"""A document that a person changed at the same moment is read again, once."""
SCAN_PAGES_MAX = 20
"""Pages that are searched where attachables cannot be queried by document."""
SCAN_MARGIN = timedelta(days=1)
"""How long before the first attempt such a search begins."""

_KEY_CHARACTERS = 24
D = TypeVar("D", bound=Header)


class Target(NamedTuple):
    """The document or customer that a note is attached to."""

    entity: str
    id: str
    shown: str
    """For people: `INV-7`, `Acme Ltd`."""


def request_id(write: Write, *parts: str) -> str:
    """Return the idempotency key of one step of a write: the same step, the same key."""
    # QuickBooks answers a repeated one with the first answer, even if the document was deleted
    # since: a step that is made again on purpose needs the next generation.
    step = "|".join((write.key, str(write.generation), *parts))
    digest = hashlib.sha256(step.encode()).hexdigest()
    return f"{write.key[:_KEY_CHARACTERS]}-{digest[:_KEY_CHARACTERS]}"


class WriteClient:
    """Writes to one company, piece by piece."""

    def __init__(self, api: Api, reader: ReadClient) -> None:
        self.api = api
        self.reader = reader
        self._asks_by_document = True
        self._sorts_by_creation = True
        self.changes_made = 0
        """Changes that certainly took effect, to tell a part from nothing."""

    @cached_property
    def client(self) -> SdkClient:
        """The SDK's client; the SDK is imported when something is written."""
        from arsync_quickbooks import sdk

        return sdk.make_client(self.api)

    def customer(self, customer_id: str) -> CustomerDoc:
        """Read a customer that may be written to.

        Raises:
            Rejected: it is gone or inactive.
        """
        customer = self._fresh("Customer", customer_id, CustomerDoc)
        if customer.active is False:
            raise Rejected(
                f"{customer.display_name or customer_id} is inactive in QuickBooks.",
                heals_when=HealsWhen.RECORD,
            )
        return customer

    def invoice(self, invoice_id: str) -> InvoiceDoc:
        """Read an invoice.

        Raises:
            Rejected: it is gone.
        """
        return self._fresh("Invoice", invoice_id, InvoiceDoc)

    def look(self, entity: str, object_id: str, kind: type[D]) -> D | None:
        """Read a document whatever its state; None when it is gone."""
        document = self.api.read_one(entity, object_id, kind)
        if isinstance(document, MalformedRow):
            raise Rejected(f"{entity} {object_id} cannot be read: {document.message}.")
        return document

    def _fresh(self, entity: str, object_id: str, kind: type[D]) -> D:
        document = self.look(entity, object_id, kind)
        if document is None:
            raise Rejected(f"QuickBooks has no {entity} {object_id} any more.")
        return document

    def whole_without(self, entity: str, object_id: str, key: str) -> dict[str, Any]:
        """Return a full update that empties one field.

        It repeats the document exactly as QuickBooks has just sent it, except for that field: a
        full update empties the fields that it leaves out.
        """
        raw = self.api.raw(entity, object_id)
        if raw is None:
            raise Rejected(f"QuickBooks has no {entity} {object_id} any more.")
        decoder = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
        return {name: value for name, value in decoder.decode(raw).items() if name != key} | {
            "sparse": False
        }

    def update(
        self,
        write: Write,
        entity: str,
        read: Callable[[], D],
        change: Callable[[D], dict[str, Any] | None],
    ) -> dict[str, Any] | None:
        """Change fields of one document, others untouched.

        Args:
            write: gives the idempotency key.
            entity: what kind of document.
            read: reads it afresh.
            change: makes the changed fields from the fresh document; None when they stand already.

        Returns:
            The document as it is afterwards; None when nothing had to change.

        Raises:
            Rejected: another user keeps changing it; it heals when they have done.
        """
        # Read and written within the same attempt: QuickBooks refuses a SyncToken that is not the
        # newest, so a person's change in between is read again and never overwritten.
        for _ in range(STALE_ATTEMPTS_MAX):
            document = read()
            fields = change(document)
            if fields is None:
                return None
            token = document.sync_token or "0"
            # Sparse: without that, fields that are not sent become empty.
            body = {"Id": document.id, "SyncToken": token, "sparse": True, **fields}
            try:
                # The token is part of the key: a refusal of a stale one must not be replayed.
                shape = "sparse" if body["sparse"] else "whole"
                key = request_id(write, shape, entity, str(document.id), token)
                updated = self.client.put(entity, body, key)
            except errors.QuickBooksRejected as refused:
                if errors.STALE not in refused.codes:
                    raise
            else:
                self.changes_made += 1
                return updated
        raise Rejected(
            f"Somebody is changing this {entity} at QuickBooks.", heals_when=HealsWhen.FREE
        )

    def update_customer(
        self,
        write: Write,
        customer_id: str,
        change: Callable[[CustomerDoc], dict[str, Any] | None],
    ) -> dict[str, Any] | None:
        """Change fields of a customer; see `update`."""
        return self.update(write, "Customer", lambda: self.customer(customer_id), change)

    def add_notes(self, write: Write, targets: list[Target]) -> Receipt:
        """Put the write's note on each target that does not have it."""
        from arsync_quickbooks import sdk

        mark = marker(write.key)
        text = note_text(write)
        receipt = Receipt("")
        for target in targets:
            note = self.note_on(write, target)
            if note is None:
                body = sdk.content(sdk.note(target.entity, target.id, text))
                key = request_id(write, "note", target.entity, target.id)
                attachable = self.client.put("Attachable", body, key)
                if mark not in str(attachable.get("Note")):
                    raise OutcomeUnknown("QuickBooks answered a note without its text.")
                self.changes_made += 1
                note = Receipt(str(attachable.get("Id") or ""), f"note on {target.shown}")
            receipt = receipt if receipt.reference else note
        return receipt

    def note_on(self, write: Write, target: Target, *, file: bool = False) -> Receipt | None:
        """Find the write's own note, or its file, on a document."""
        mark = marker(write.key)
        for attachable in self.attachables(write, target):
            if mark in (attachable.note or "") and bool(attachable.file_name) is file:
                shown = f"{attachable.file_name if file else 'note'} on {target.shown}"
                return Receipt(attachable.id or "", shown)
        return None

    def notes_stand(
        self, write: Write, targets: list[Target], *, file: bool = False
    ) -> Receipt | None:
        """Return a receipt when every target has the note, or the file."""
        receipts = [self.note_on(write, target, file=file) for target in targets]
        return receipts[0] if receipts and None not in receipts else None

    def attachables(self, write: Write, target: Target) -> list[AttachableDoc]:
        """Read the notes and files of a document."""
        attachable_docs: list[AttachableDoc] = []
        if self._asks_by_document:
            condition = (
                f"AttachableRef.EntityRef.Type = {quoted(target.entity)}"
                f" AND AttachableRef.EntityRef.value = {quoted(target.id)}"
            )
            try:
                attachable_docs = list(self.newest("Attachable", AttachableDoc, condition))
            except errors.QuickBooksRejected as refused:
                # Intuit's own examples ask like this, but no reference lists it as supported.
                if not refused.codes & errors.CANNOT_ASK:
                    raise
                self._asks_by_document = False
        if not self._asks_by_document:
            since, pages = since_first_attempt(write)
            attachable_docs = list(self.newest("Attachable", AttachableDoc, since, pages_max=pages))
        return [
            attachable_doc for attachable_doc in attachable_docs if hangs(attachable_doc, target)
        ]

    def newest(
        self, entity: str, kind: type[D], condition: str, *, pages_max: int = SCAN_PAGES_MAX
    ) -> Iterator[D]:
        """Yield documents, the newest first.

        Raises:
            OutcomeUnknown: there are too many to search.
        """
        for number in range(pages_max):
            start = 1 + number * ROWS_MAX
            page, is_newest = self._newest_page(entity, kind, condition, start)
            yield from (row for row in page if not isinstance(row, MalformedRow))
            if len(page) < ROWS_MAX:
                return
            if not is_newest and pages_max > 1:
                yield from self._whole_list(entity, kind, condition, pages_max)
                return
        if pages_max == SCAN_PAGES_MAX:
            raise _too_many(entity)

    def _newest_page(
        self, entity: str, kind: type[D], condition: str, start: int
    ) -> tuple[list[D | MalformedRow], bool]:
        """Return a page, and whether QuickBooks kept the order; it may refuse or ignore it."""
        order = NEWEST_FIRST if self._sorts_by_creation else ""
        try:
            raw = self.api.query(entity, condition, start=start, order=order)
        except errors.QuickBooksRejected as refused:
            if not order or not refused.codes & errors.CANNOT_ASK:
                raise
            # It may be the condition that cannot be asked: then this is refused as well.
            raw = self.api.query(entity, condition, start=start)
            self._sorts_by_creation = False
        page = [] if raw is None else list(rows(raw, kind))
        return page, self._sorts_by_creation and _is_newest_first(page)

    def _whole_list(
        self, entity: str, kind: type[D], condition: str, pages_max: int
    ) -> Iterator[D]:
        listed = ByCreation(self.api, entity, kind, condition, Place())
        for _ in range(pages_max):
            page, ends = listed.next_rows()
            yield from (row for row in page if isinstance(row, kind))
            if ends:
                return
        raise _too_many(entity)


def _too_many(entity: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"More than {SCAN_PAGES_MAX * ROWS_MAX:,} {entity} documents at QuickBooks would have to be"
        " looked through."
    )


def _is_newest_first(page: Sequence[Row]) -> bool:
    moments = [at for row in page if (at := created_at(row)) is not None]
    falls = all(before >= after for before, after in pairwise(moments))
    return falls and len(moments) == len(page)


def note_text(write: Write) -> str:
    """Return the note with its marker, our words shortened where they do not fit."""
    text = write.text or write.action.note
    return with_marker(text, marker(write.key), ATTACHABLE_NOTE_CHARACTERS_MAX)


def hangs(attachable: AttachableDoc, target: Target) -> bool:
    """Say whether an attachable belongs to the target."""
    references = [link.entity_ref for link in attachable.attachable_ref or ()]
    return any(
        reference is not None
        and reference.value == target.id
        and (reference.type or "").lower() == target.entity.lower()
        for reference in references
    )


def since_first_attempt(write: Write) -> tuple[str, int]:
    """Return the condition and the number of pages that must contain what the write made.

    While there is no open attempt, nothing older can be ours: one page finds what was just written.
    """
    started = write.before.get("started_at", "")
    if not started:
        return "", 1
    return f"MetaData.CreateTime >= {quoted(stamp(moment(started) - SCAN_MARGIN))}", SCAN_PAGES_MAX


def currency_of(invoice: InvoiceDoc, write_client: WriteClient) -> dict[str, Any]:
    """Return what an update of an invoice must repeat in a company with several currencies.

    There QuickBooks requires the currency with each update, and books an update that leaves the
    rate out at 1 to 1.
    """
    books = write_client.reader.books or write_client.reader.company().books
    if not books.multicurrency or invoice.currency_ref is None:
        return {}
    repeated: dict[str, Any] = {"CurrencyRef": {"value": invoice.currency_ref.value}}
    if invoice.exchange_rate is not None:
        repeated["ExchangeRate"] = invoice.exchange_rate
    return repeated
