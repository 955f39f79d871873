"""Writes into texts that people keep: credit holds in a customer's notes, promises on invoices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from arsync.connector_sdk import Receipt, Write
from arsync.core.actions import Action, PromisePayload, marker, payload_of
from arsync.errors import OutcomeUnknown, Rejected
from arsync_quickbooks.documents import CustomerDoc, InvoiceDoc
from arsync_quickbooks.fenced_text import (
    CREDIT_HOLD,
    NOTES_CHARACTERS_MAX,
    PRIVATE_NOTE_CHARACTERS_MAX,
    PROMISE,
    NoRoom,
    placed,
    removed,
    stands,
)
from arsync_quickbooks.records import VOID_WORD
from arsync_quickbooks.write_client import Desk


class Hold:
    """A credit hold: a fenced block in the customer's notes, which QuickBooks shows to people."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def prepare(self, action: Action) -> Mapping[str, str]:
        """Keep the notes as they are."""
        return {"saved.notes": self._desk.customer(action.contact_id).notes or ""}

    def perform(self, write: Write) -> Receipt:
        """Put the block where it does not stand."""
        mark = marker(write.key)

        def change(customer: CustomerDoc) -> dict[str, Any] | None:
            notes = customer.notes or ""
            if stands(notes, CREDIT_HOLD, mark):
                return None
            words = write.text or write.action.note
            try:
                changed = placed(
                    notes,
                    CREDIT_HOLD,
                    told="",
                    marker=mark,
                    body=words,
                    characters_max=NOTES_CHARACTERS_MAX,
                )
            except NoRoom as problem:
                raise Rejected(
                    f"the notes of {write.action.contact_name} in QuickBooks have no room for the"
                    f" credit hold: {problem} of {NOTES_CHARACTERS_MAX:,}. Shorten them there."
                ) from None
            return {"Notes": changed}

        made = self._update(write, change)
        if made is not None and not stands(made, CREDIT_HOLD, mark):
            raise OutcomeUnknown(f"QuickBooks did not take the notes of {_name(write)} as sent.")
        return Receipt(write.action.contact_id, f"credit hold in the notes of {_name(write)}")

    def find(self, write: Write) -> Receipt | None:
        """Look for the block."""
        if stands(self._notes(write) or "", CREDIT_HOLD, marker(write.key)):
            return Receipt(write.action.contact_id, f"credit hold in the notes of {_name(write)}")
        return None

    def _update(
        self, write: Write, change: Callable[[CustomerDoc], dict[str, Any] | None]
    ) -> str | None:
        """Change the customer; returns the notes as they then stand, None when nothing changed."""
        customer_id = write.action.contact_id
        made = self._desk.update(
            write, "Customer", lambda: self._desk.customer(customer_id), change
        )
        return None if made is None else str(made.get("Notes") or "")

    def _notes(self, write: Write) -> str | None:
        customer = self._desk.look("Customer", write.action.contact_id, CustomerDoc)
        return None if customer is None else customer.notes or ""


class Lift(Hold):
    """A hold's end: only our block goes."""

    def perform(self, write: Write) -> Receipt:
        """Take the block out where it stands."""

        def change(customer: CustomerDoc) -> dict[str, Any] | None:
            notes = customer.notes or ""
            theirs = removed(notes, CREDIT_HOLD)
            return None if theirs == notes else {"Notes": theirs}

        left = self._update(write, change)
        if left is not None and stands(left, CREDIT_HOLD):
            # Nothing but our block stood there, and an empty text in a sparse update changed
            # nothing: whether it should is not documented. A full update without notes does.
            customer_id = write.action.contact_id
            self._update(
                write, lambda _: self._desk.whole_without("Customer", customer_id, "Notes")
            )
        return Receipt(write.action.contact_id, f"credit hold lifted for {_name(write)}")

    def find(self, write: Write) -> Receipt | None:
        """Look whether a block is left."""
        notes = self._notes(write)
        if notes is None or stands(notes, CREDIT_HOLD):
            return None
        return Receipt(write.action.contact_id, f"credit hold lifted for {_name(write)}")


class Promised:
    """A promise to pay: a fenced block in the invoice's private note, which customers never see."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def prepare(self, action: Action) -> Mapping[str, str]:
        """Keep the private note as it is."""
        return {"saved.private_note": self._desk.invoice(_invoice_id(action)).private_note or ""}

    def perform(self, write: Write) -> Receipt:
        """Put the block where it does not stand."""
        action, mark = write.action, marker(write.key)
        invoice_id = _invoice_id(action)

        def change(invoice: InvoiceDoc) -> dict[str, Any] | None:
            note = invoice.private_note or ""
            if stands(note, PROMISE, mark):
                return None
            if note.startswith(VOID_WORD) and not invoice.total_amt:
                raise Rejected(f"invoice {_number(action)} is voided in QuickBooks.")
            try:
                changed = placed(
                    note,
                    PROMISE,
                    told=f"on {payload_of(action, PromisePayload).promised_on.isoformat()}",
                    marker=mark,
                    body=write.text or action.note,
                    characters_max=PRIVATE_NOTE_CHARACTERS_MAX,
                )
            except NoRoom as problem:
                raise Rejected(
                    f"the private note of invoice {_number(action)} in QuickBooks has no room for"
                    f" the promise: {problem} of {PRIVATE_NOTE_CHARACTERS_MAX:,}. Shorten it there."
                ) from None
            return {"PrivateNote": changed, **currency_of(invoice, self._desk)}

        made = self._desk.update(write, "Invoice", lambda: self._desk.invoice(invoice_id), change)
        if made is not None and not stands(str(made.get("PrivateNote") or ""), PROMISE, mark):
            raise OutcomeUnknown(f"QuickBooks did not take the promise on {_number(action)}.")
        return Receipt(invoice_id, f"promise on {_number(action)}")

    def find(self, write: Write) -> Receipt | None:
        """Look for the block."""
        invoice_id = _invoice_id(write.action)
        invoice = self._desk.look("Invoice", invoice_id, InvoiceDoc)
        note = (invoice and invoice.private_note) or ""
        if stands(note, PROMISE, marker(write.key)):
            return Receipt(invoice_id, f"promise on {_number(write.action)}")
        return None


def currency_of(invoice: InvoiceDoc, desk: Desk) -> dict[str, Any]:
    """Return what an update of an invoice must repeat in a company with several currencies.

    There QuickBooks asks for the currency with each update, and an update that leaves the rate out
    is booked at 1 to 1.
    """
    books = desk.reader.books or desk.reader.company().books
    if not books.multicurrency or invoice.currency_ref is None:
        return {}
    repeated: dict[str, Any] = {"CurrencyRef": {"value": invoice.currency_ref.value}}
    if invoice.exchange_rate is not None:
        repeated["ExchangeRate"] = invoice.exchange_rate
    return repeated


def _invoice_id(action: Action) -> str:
    if not action.invoices:
        raise Rejected("no invoice is named.")
    return action.invoices[0].id


def _number(action: Action) -> str:
    return action.invoices[0].number or action.invoices[0].id


def _name(write: Write) -> str:
    return write.action.contact_name or write.action.contact_id
