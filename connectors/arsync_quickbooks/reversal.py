"""Undoing at QuickBooks: what a write changed, compared with its present state, and restored."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol

from arsync.connector_sdk import SAVED_TERMS, Receipt, ReversalStatus, Undoing, Write
from arsync.core.actions import (
    Action,
    ActionKind,
    LateFeePayload,
    PaymentPlanPayload,
    TermsPayload,
    marker,
    payload_of,
)
from arsync.core.ledger.money import shown
from arsync.core.ledger.payment_terms import CASH
from arsync.errors import OutcomeUnknown, Rejected
from arsync_quickbooks import fenced_text
from arsync_quickbooks.documents import CustomerDoc, InvoiceDoc
from arsync_quickbooks.emails_and_letters import SENT
from arsync_quickbooks.families import writes_of_children
from arsync_quickbooks.late_fees import LateFee
from arsync_quickbooks.payment_terms import NO_TERMS, terms_as, terms_of
from arsync_quickbooks.promises import take_block_out
from arsync_quickbooks.records import VOID_WORD
from arsync_quickbooks.write_client import WriteClient, request_id

_WORST_FIRST = (
    ReversalStatus.FIXED,
    ReversalStatus.CHANGED,
    ReversalStatus.OURS,
    ReversalStatus.AS_BEFORE,
)

_NOT_KEPT = "what stood there before was not kept"


class Reversible(Protocol):
    """A kind of change that can be undone. `write` is always the one that is undone."""

    def state(self, write: Write) -> Undoing:
        """Read its present state, beside the earlier one and the one that arsync wrote."""
        ...

    def put_back(self, write: Write, undo: Write) -> None:
        """Write what was there before; `undo` gives the idempotency key."""
        ...


class UndoChange:
    """The change of an action that undoes another one."""

    def __init__(self, write_client: WriteClient, fee: LateFee) -> None:
        self._kinds: Mapping[ActionKind, Reversible] = {
            ActionKind.CREDIT_HOLD: HoldUndone(write_client),
            ActionKind.REMINDER_LEVEL: LevelUndone(write_client),
            ActionKind.TERMS: TermsUndone(write_client),
            ActionKind.AGREED_CREDIT: TermsUndone(write_client),
            ActionKind.PROMISE: PromiseUndone(write_client),
            ActionKind.PAYMENT_PLAN: PlanUndone(),
            ActionKind.LATE_FEE: FeeUndone(write_client, fee),
        }

    def prepare(self, action: Action) -> Mapping[str, str]:
        """Return nothing: the undone action has what was there before."""
        return {}

    def state(self, write: Write) -> Undoing:
        """Read the present state of what a write changed.

        Raises:
            Rejected: nothing of such a write is undone.
        """
        kind = self._kind(write)
        # An undoing is for the whole family: one customer that cannot be restored leaves all as is.
        states = [kind.state(of_one) for of_one in (write, *writes_of_children(write))]
        return min(states, key=lambda state: _WORST_FIRST.index(state.status))

    def perform(self, write: Write) -> Receipt:
        """Restore what is still as arsync left it, and only that."""
        undone = _undone(write)
        # Read once more: a person may have changed it since the undoing was requested.
        undoing = self.state(undone)
        if undoing.refusal:
            raise Rejected(undoing.refusal)
        if undoing.status is ReversalStatus.OURS:
            for of_one in (undone, *writes_of_children(undone)):
                if self._kind(of_one).state(of_one).status is ReversalStatus.OURS:
                    self._kind(of_one).put_back(of_one, write)
        return _receipt(undone, undoing)

    def find(self, write: Write) -> Receipt | None:
        """Look whether the undone write is still as arsync left it."""
        undone = _undone(write)
        undoing = self.state(undone)
        return None if undoing.status is ReversalStatus.OURS else _receipt(undone, undoing)

    def _kind(self, write: Write) -> Reversible:
        kind = self._kinds.get(write.action.kind)
        if kind is None:
            raise Rejected(f"a {write.action.kind.value} cannot be undone at QuickBooks.")
        return kind


class HoldUndone:
    """A credit hold: our block in the customer's notes."""

    subject = fenced_text.CREDIT_HOLD
    saved = "saved.notes"
    field = "Notes"
    characters_max = fenced_text.NOTES_CHARACTERS_MAX

    def __init__(self, write_client: WriteClient) -> None:
        self._write_client = write_client

    def text(self, write: Write) -> str | None:
        """Read the text that holds the block; None when its document is gone."""
        customer = self._write_client.look("Customer", write.action.contact_id, CustomerDoc)
        return None if customer is None else customer.notes or ""

    def state(self, write: Write) -> Undoing:
        """Compare our block as it was written with the present one."""
        words = write.text or write.action.note
        wrote = _said(words)
        before = write.before.get(self.saved)
        now = self.text(write)
        if before is None:
            return Undoing(ReversalStatus.FIXED, "not known", wrote, _said(now or ""), _NOT_KEPT)
        was = _block_words(before, self.subject)
        if now is None or not fenced_text.stands(now, self.subject):
            return Undoing(ReversalStatus.AS_BEFORE, was, wrote, "no block of arsync")
        block = fenced_text.block_in(now, self.subject)
        if block == fenced_text.block_in(before, self.subject):
            return Undoing(ReversalStatus.AS_BEFORE, was, wrote, was)
        # The marker alone does not make it ours: a person may have rewritten the words inside.
        is_ours = fenced_text.stands(now, self.subject, marker(write.key))
        status = ReversalStatus.CHANGED
        if is_ours and fenced_text.says(block, words) and not self.closed(now):
            status = ReversalStatus.OURS
        return Undoing(status, was, wrote, _block_words(now, self.subject))

    def closed(self, text: str) -> bool:
        """Say whether the document may not be written to any more."""
        return False

    def back(self, now: str, before: str) -> str:
        """Return the text with the block that was there before, or none, in place of ours."""
        try:
            return fenced_text.put_back(now, self.subject, before, self.characters_max)
        except fenced_text.NoRoom as problem:
            raise Rejected(
                f"the text in QuickBooks has no room for what stood there before: {problem}."
            ) from None

    def put_back(self, write: Write, undo: Write) -> None:
        """Take our block out, or put the earlier one back; the text of others stays."""
        customer_id, before = write.action.contact_id, write.before[self.saved]

        def change(customer: CustomerDoc) -> dict[str, Any] | None:
            now = customer.notes or ""
            back = self.back(now, before)
            return None if back == now else {"Notes": back}

        def read() -> CustomerDoc:
            return self._write_client.customer(customer_id)

        updated = self._write_client.update(undo, "Customer", read, change)
        mark = marker(write.key)
        if updated is not None and fenced_text.stands(
            str(updated.get("Notes") or ""), self.subject, mark
        ):
            # As when a hold is lifted: an empty text in a sparse update may change nothing.
            self._write_client.update(
                undo,
                "Customer",
                read,
                lambda _: self._write_client.whole_without("Customer", customer_id, "Notes"),
            )


class LevelUndone(HoldUndone):
    """A reminder level: our other block in the customer's notes."""

    subject = fenced_text.REMINDER_LEVEL


class PlanUndone:
    """A payment plan: notes about it, which stay in the history; the undoing notes its end."""

    def state(self, write: Write) -> Undoing:
        """Say that the plan stands until its end is noted."""
        words = write.text or write.action.note
        if payload_of(write.action, PaymentPlanPayload).next_on is None:
            again = "a plan that was ended is agreed again with `arsync agree`"
            return Undoing(ReversalStatus.FIXED, "in force", words, words, again)
        return Undoing(ReversalStatus.OURS, "no payment plan", words, words)

    def put_back(self, write: Write, undo: Write) -> None:
        """Change nothing: the note of the undoing says it."""


class PromiseUndone(HoldUndone):
    """A promise to pay: a note, which stays in the history; the undoing notes its withdrawal.

    Earlier versions wrote a block into the invoice's private note; it is taken out.
    """

    subject = fenced_text.PROMISE
    saved = "saved.private_note"
    field = "PrivateNote"
    characters_max = fenced_text.PRIVATE_NOTE_CHARACTERS_MAX

    def text(self, write: Write) -> str | None:
        """Read the private note."""
        invoice = self._write_client.look("Invoice", _invoice_id(write), InvoiceDoc)
        return None if invoice is None else invoice.private_note or ""

    def state(self, write: Write) -> Undoing:
        """Compare the block as it was written, if one stands; otherwise the promise stands."""
        if fenced_text.stands(self.text(write) or "", self.subject, marker(write.key)):
            return super().state(write)
        words = write.text or write.action.note
        return Undoing(ReversalStatus.OURS, "no promise to pay", words, words)

    def closed(self, text: str) -> bool:
        """Say whether the invoice is voided."""
        return text.startswith(VOID_WORD)

    def put_back(self, write: Write, undo: Write) -> None:
        """Take our block out. An earlier one does not come back: its words are in a note."""
        if fenced_text.stands(self.text(write) or "", self.subject, marker(write.key)):
            take_block_out(self._write_client, undo, _invoice_id(write))


class TermsUndone:
    """Payment terms, from cash on delivery back to what they were."""

    def __init__(self, write_client: WriteClient) -> None:
        self._write_client = write_client

    def state(self, write: Write) -> Undoing:
        """Compare the customer's terms."""
        customer = self._write_client.customer(write.action.contact_id)
        now, saved = terms_of(customer), write.before.get(SAVED_TERMS, "")
        words = payload_of(write.action, TermsPayload).terms
        wrote, shown_now = words or CASH, self._words(now)
        if saved != NO_TERMS and not saved.isdecimal():
            return Undoing(ReversalStatus.FIXED, "not known", wrote, shown_now, _NOT_KEPT)
        was = "" if saved == NO_TERMS else saved
        status = ReversalStatus.CHANGED
        if now == was:
            status = ReversalStatus.AS_BEFORE
        elif now in terms_as(self._write_client, words):
            status = ReversalStatus.OURS
        return Undoing(status, self._words(was), wrote, shown_now)

    def put_back(self, write: Write, undo: Write) -> None:
        """Set the terms that were kept."""
        from arsync_quickbooks import sdk

        customer_id, saved = write.action.contact_id, write.before[SAVED_TERMS]
        was = "" if saved == NO_TERMS else saved

        def change(customer: CustomerDoc) -> dict[str, Any] | None:
            if terms_of(customer) == was:
                return None
            if was:
                return {"SalesTermRef": sdk.content(sdk.reference_to(was))}
            # A sparse update cannot empty a reference.
            return self._write_client.whole_without("Customer", customer_id, "SalesTermRef")

        self._write_client.update_customer(undo, customer_id, change)

    def _words(self, term_id: str) -> str:
        if not term_id:
            return "no payment terms"
        names = {term.id: term.name for term in self._write_client.reader.terms()}
        return f"payment terms {names.get(term_id) or term_id}"


class FeeUndone:
    """A late fee's invoice: voided unless it was paid, sent or changed in its amount."""

    def __init__(self, write_client: WriteClient, fee: LateFee) -> None:
        self._write_client = write_client
        self._fee = fee

    def state(self, write: Write) -> Undoing:
        """Compare the invoice."""
        payload = payload_of(write.action, LateFeePayload)
        currency, amount = payload.currency, payload.amount
        wrote = f"an invoice over {shown(amount, currency)}"
        invoice = self._invoice(write)
        if invoice is None or _voided(invoice):
            return Undoing(
                ReversalStatus.AS_BEFORE, "no invoice", wrote, "no invoice, or a voided one"
            )
        total = invoice.total_amt or Decimal(0)
        number = invoice.doc_number or invoice.id
        now = f"invoice {number} over {shown(total, currency)}"
        changed = ""
        if (invoice.balance or Decimal(0)) != total:
            changed = "something is paid or applied to it"
        elif invoice.email_status == SENT:
            changed = "it was emailed to the customer"
        elif total < amount:
            changed = "its amount was changed"
        status = ReversalStatus.CHANGED if changed else ReversalStatus.OURS
        return Undoing(status, "no invoice", wrote, now, changed)

    def put_back(self, write: Write, undo: Write) -> None:
        """Void it: its number and its history stay, its amount is zero."""
        invoice = self._invoice(write)
        if invoice is None or not invoice.id:
            raise OutcomeUnknown("the invoice of the late fee went away while it was undone.")
        # Voided rather than deleted: its number and its history stay.
        token = invoice.sync_token or "0"
        key = request_id(undo, "void", invoice.id, token)
        self._write_client.client.void(invoice.id, token, key)
        self._write_client.changes_made += 1

    def _invoice(self, write: Write) -> InvoiceDoc | None:
        receipt = self._fee.find(write)
        return (
            None
            if receipt is None
            else self._write_client.look("Invoice", receipt.reference, InvoiceDoc)
        )


def _voided(invoice: InvoiceDoc) -> bool:
    zero = not invoice.total_amt and not invoice.balance
    return zero and (invoice.private_note or "").startswith(VOID_WORD)


def _undone(write: Write) -> Write:
    assert write.undoes is not None, "an undoing names what it undoes"
    return write.undoes


def _receipt(undone: Write, undoing: Undoing) -> Receipt:
    return Receipt(undone.action.contact_id, f"undone: {undoing.was} again")


def _invoice_id(write: Write) -> str:
    if not write.action.invoices:
        raise Rejected("no invoice is named.")
    return write.action.invoices[0].id


def _block_words(text: str, subject: str) -> str:
    block = fenced_text.block_in(text, subject)
    return _said(fenced_text.words_of(block)) if block else "no block of arsync"


def _said(words: str) -> str:
    return f"the block {' '.join(words.split())!r}"
