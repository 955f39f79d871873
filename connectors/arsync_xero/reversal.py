"""Undoing at Xero: what a write changed, compared with its present state, and restored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from arsync.connector_sdk import SAVED_TERMS, ReversalStatus, Undoing, Write
from arsync.core.actions import (
    Action,
    ActionKind,
    CreditNotePayload,
    LateFeePayload,
    Payload,
    PaymentPlanPayload,
    PromisePayload,
    ReminderLevelPayload,
    payload_of,
)
from arsync.core.ledger.money import shown
from arsync.core.ledger.payment_terms import CASH
from arsync.errors import Rejected
from arsync_xero.credit_holds import GROUP_NAME, Members
from arsync_xero.credit_notes import DiscountCredit
from arsync_xero.documents import CREDIT_NOTES, INVOICES, CreditDocument, InvoiceDocument
from arsync_xero.late_fees import LateFee
from arsync_xero.payment_terms import PaymentTerms, term_fields, xeros_terms
from arsync_xero.promises import ExpectedDate, expected_days, take_off
from arsync_xero.reminder_levels import LevelGroup
from arsync_xero.write_client import WriteClient, WriteStep, read_contact

SAVED_MEMBERS = "saved.members"
"""Which of the contacts were in the group before a hold, as a JSON list."""
SAVED_EXPECTED = "saved.expected"
"""The expected payment date of each invoice before a promise, as a JSON object; empty for none."""

_AGREED_AGAIN = "a plan that was ended is agreed again with `arsync agree`"
_NOT_KEPT = "what stood there before was not kept"
_GONE = frozenset({"DELETED", "VOIDED"})


class UndoStep(WriteStep):
    """Restores what another write changed."""

    always_look = True

    def found(self) -> str:
        return "undone" if self.state().status is ReversalStatus.AS_BEFORE else ""

    def state(self) -> Undoing:
        """Read its present state, beside the earlier one and the one that arsync wrote."""
        raise NotImplementedError

    def make(self, key: str) -> str:
        # Compared at the last moment once more: a person may have changed it since it was asked.
        state = self.state()
        if state.refusal:
            raise Rejected(state.refusal)
        if state.status is ReversalStatus.OURS:
            self.put_back(key)
        return "undone"

    def put_back(self, key: str) -> None:
        """Write what was there before."""
        raise NotImplementedError


class HoldUndone(UndoStep):
    """A credit hold: the contacts that were not in its group before leave it."""

    def __init__(self, write_client: WriteClient, write: Write, contact_ids: list[str]) -> None:
        super().__init__(write_client)
        before = _saved(write, SAVED_MEMBERS)
        # Saved since undoing exists; earlier versions saved only the contact's own groups.
        own = (
            [write.action.contact_id] if GROUP_NAME in (_saved(write, "saved.groups") or []) else []
        )
        were = set(before if before is not None else own)
        self._kept = before is not None or _saved(write, "saved.groups") is not None
        self._added = [id_ for id_ in contact_ids if id_ not in were]
        self._members = Members(write_client, self._added, inside=False)

    @property
    def detail(self) -> str:
        return f'taken out of "{GROUP_NAME}" again'

    def state(self) -> Undoing:
        inside, outside = f'in the contact group "{GROUP_NAME}"', f'not in "{GROUP_NAME}"'
        if not self._kept:
            return Undoing(ReversalStatus.FIXED, "not known", inside, "", _NOT_KEPT)
        if not self._added:
            return Undoing(ReversalStatus.AS_BEFORE, inside, inside, inside)
        # Each contact is in or out, so one that a person took out is as before already.
        out = bool(self._members.found())
        now = outside if out else inside
        return Undoing(
            ReversalStatus.AS_BEFORE if out else ReversalStatus.OURS, outside, inside, now
        )

    def put_back(self, key: str) -> None:
        self._members.make(key)


class LevelUndone(UndoStep):
    """A reminder level: the contact goes back into the group that it was in before, or none."""

    def __init__(self, write_client: WriteClient, action: Action) -> None:
        super().__init__(write_client)
        payload = payload_of(action, ReminderLevelPayload)
        self._was, self._wrote = payload.shown, payload.level
        self._groups = LevelGroup(write_client, action.contact_id, payload.shown)

    @property
    def detail(self) -> str:
        return self._groups.detail

    def state(self) -> Undoing:
        present = self._groups.present()
        was, wrote = _level_words({self._was}), _level_words({self._wrote})
        status = ReversalStatus.CHANGED
        if present == {self._was} - {0}:
            status = ReversalStatus.AS_BEFORE
        elif present == {self._wrote} - {0}:
            status = ReversalStatus.OURS
        return Undoing(status, was, wrote, _level_words(present))

    def put_back(self, key: str) -> None:
        self._groups.make(key)


def _level_words(levels: set[int]) -> str:
    names = " and ".join(str(level) for level in sorted(levels - {0}))
    return f"reminder level {names}" if names else "no reminder level"


class TermsUndone(UndoStep):
    """Payment terms for sales, from cash on delivery back to what they were."""

    def __init__(
        self, write_client: WriteClient, contact_id: str, saved: str, wrote: dict[str, Any]
    ) -> None:
        super().__init__(write_client)
        self._contact_id = contact_id
        self._saved = _read(saved)
        self._wrote = wrote

    @property
    def detail(self) -> str:
        return "payment terms as they were before"

    def state(self) -> Undoing:
        contact = read_contact(self.write_client.api, self._contact_id)
        now = term_fields(contact.payment_terms.sales if contact.payment_terms else None)
        wrote = _term_words(self._wrote)
        if not isinstance(self._saved, dict):
            return Undoing(ReversalStatus.FIXED, "not known", wrote, _term_words(now), _NOT_KEPT)
        saved = self._saved.get("Sales")
        was = _term_words(saved)
        restored, obstacle = saved, ""
        if saved is None and now is not None:
            # Xero cannot be told "none": the organisation's own terms take its place.
            try:
                restored = self._terms(None).own()
            except Rejected as error:
                obstacle = str(error)
        status = ReversalStatus.CHANGED
        if now in (saved, restored):
            status, obstacle = ReversalStatus.AS_BEFORE, ""
        elif now == self._wrote:
            status = ReversalStatus.FIXED if obstacle else ReversalStatus.OURS
        return Undoing(status, was, wrote, _term_words(now), obstacle)

    def put_back(self, key: str) -> None:
        assert isinstance(self._saved, dict), "its state says that it is known"
        self._terms(self._saved.get("Sales")).make(key)

    def _terms(self, sales: dict[str, Any] | None) -> PaymentTerms:
        return PaymentTerms(self.write_client, self._contact_id, sales)


class PromiseUndone(UndoStep):
    """The expected payment date of one invoice."""

    optional = True
    """Whether Xero can remove a date is not known: where it cannot, the promise is undone all the
    same, and the receipt says what is left."""

    def __init__(self, write_client: WriteClient, write: Write, invoice_id: str) -> None:
        super().__init__(write_client)
        self._invoice_id = invoice_id
        by_invoice = _saved(write, SAVED_EXPECTED)
        self._saved = by_invoice.get(invoice_id) if isinstance(by_invoice, dict) else None
        self._wrote = expected_by(write.action.payload)

    @property
    def detail(self) -> str:
        return f"expected on {self._saved}" if self._saved else "expected date taken off"

    def state(self) -> Undoing:
        if self._wrote is None:
            ended = "the plan had ended"
            return Undoing(ReversalStatus.FIXED, "in force", ended, ended, _AGREED_AGAIN)
        days = expected_days(self.write_client.api, self._invoice_id)
        day = days[0].isoformat() if days else ""
        was, wrote, now = (
            _day_words(self._saved or ""),
            _day_words(self._wrote.isoformat()),
            _day_words(day),
        )
        if self._saved is None:
            return Undoing(ReversalStatus.FIXED, "not known", wrote, now, _NOT_KEPT)
        status = ReversalStatus.CHANGED
        if day == self._saved:
            status = ReversalStatus.AS_BEFORE
        elif day == self._wrote.isoformat():
            status = ReversalStatus.OURS
        return Undoing(status, was, wrote, now)

    def put_back(self, key: str) -> None:
        if self._saved:
            ExpectedDate(self.write_client, self._invoice_id, date.fromisoformat(self._saved)).make(
                key
            )
            return
        take_off(self.write_client, self._invoice_id, key)


class FeeUndone(UndoStep):
    """A late fee's draft invoice, deleted only while it is still the draft that arsync made."""

    def __init__(self, write_client: WriteClient, fee: LateFee, write: Write) -> None:
        super().__init__(write_client)
        self._fee = fee
        self._payload = payload_of(write.action, LateFeePayload)

    @property
    def detail(self) -> str:
        return "draft invoice of the late fee deleted"

    def state(self) -> Undoing:
        amount, currency = self._payload.amount, self._payload.currency
        wrote = f"a draft invoice over {shown(amount, currency)}"
        fee = self._document()
        if fee is None or fee.status in _GONE:
            return Undoing(ReversalStatus.AS_BEFORE, "no invoice", wrote, "no invoice")
        total = fee.total if fee.total is not None else Decimal(0)
        now = f"invoice {fee.invoice_number or ''} over {shown(total, currency)}, {fee.status}"
        # Approved, it may have been sent; with another amount, a person has worked on it.
        if fee.status == "DRAFT" and total == amount:
            return Undoing(ReversalStatus.OURS, "no invoice", wrote, now)
        return Undoing(ReversalStatus.CHANGED, "no invoice", wrote, now)

    def put_back(self, key: str) -> None:
        fee = self._document()
        assert fee is not None, "its state says that it stands"
        body = {"Invoices": [{"InvoiceID": fee.invoice_id, "Status": "DELETED"}]}
        what = "deleting the draft of a late fee"
        self.write_client.sdk.call("update_invoice", fee.invoice_id, body, what=what, key=key)

    def _document(self) -> InvoiceDocument | None:
        invoice_id = self._fee.found()
        path = f"Invoices/{invoice_id}"
        rows = self.write_client.api.read_one(INVOICES, path) if invoice_id else None
        return rows.documents[0] if rows and rows.documents else None


class CreditUndone(UndoStep):
    """A discount's draft credit note, deleted only while it is still the draft of arsync's."""

    def __init__(self, write_client: WriteClient, credit: DiscountCredit, write: Write) -> None:
        super().__init__(write_client)
        self._credit = credit
        self._payload = payload_of(write.action, CreditNotePayload)

    @property
    def detail(self) -> str:
        return "draft credit note of the discount deleted"

    def state(self) -> Undoing:
        amount, currency = self._payload.amount, self._payload.currency
        wrote = f"a draft credit note over {shown(amount, currency)}"
        credit = self._document()
        if credit is None or credit.status in _GONE:
            return Undoing(ReversalStatus.AS_BEFORE, _NO_CREDIT, wrote, _NO_CREDIT)
        total = credit.total if credit.total is not None else Decimal(0)
        number = credit.credit_note_number or ""
        now = f"credit note {number} over {shown(total, currency)}, {credit.status}"
        # Approved, it counts for the customer; with another amount, a person has worked on it.
        is_untouched = credit.status == "DRAFT" and total == amount
        status = ReversalStatus.OURS if is_untouched else ReversalStatus.CHANGED
        return Undoing(status, _NO_CREDIT, wrote, now)

    def put_back(self, key: str) -> None:
        credit = self._document()
        assert credit is not None, "its state says that it stands"
        body = {"CreditNotes": [{"CreditNoteID": credit.credit_note_id, "Status": "DELETED"}]}
        what = "deleting the draft credit note of a discount"
        self.write_client.sdk.call(
            "update_credit_note", credit.credit_note_id, body, what=what, key=key
        )

    def _document(self) -> CreditDocument | None:
        credit_id = self._credit.found()
        path = f"CreditNotes/{credit_id}"
        rows = self.write_client.api.read_one(CREDIT_NOTES, path) if credit_id else None
        return rows.documents[0] if rows and rows.documents else None


_NO_CREDIT = "no credit note"


def expected_by(payload: Payload) -> date | None:
    """Return the day on which a promise or a payment plan expects money; None: on none."""
    if isinstance(payload, PromisePayload):
        return payload.promised_on
    return payload.next_on if isinstance(payload, PaymentPlanPayload) else None


def prepared(
    write_client: WriteClient, kind: ActionKind, contact_ids: list[str], invoice_ids: list[str]
) -> Mapping[str, str]:
    """Read what undoing a hold or a promise will need, before it is made."""
    if kind is ActionKind.CREDIT_HOLD:
        return {
            SAVED_MEMBERS: json.dumps(Members(write_client, contact_ids, inside=True).present())
        }
    if kind in {ActionKind.PROMISE, ActionKind.PAYMENT_PLAN}:
        days = {id_: expected_days(write_client.api, id_) for id_ in invoice_ids}
        expected = {id_: dated[0].isoformat() if dated else "" for id_, dated in days.items()}
        return {SAVED_EXPECTED: json.dumps(expected)}
    return {}


# An undoing is for the whole write: one part that cannot be restored leaves all as it is.
def together(states: list[Undoing]) -> Undoing:
    """Return several steps' states as one: the worst of them decides."""
    for status in (ReversalStatus.FIXED, ReversalStatus.CHANGED, ReversalStatus.OURS):
        for state in states:
            if state.status is status:
                return state
    return states[0]


def saved_of_children(text: str) -> dict[str, str]:
    """Return the terms that were saved of a family's children, by contact id."""
    kept = _read(text)
    if not isinstance(kept, dict):
        return {}
    return {id_: saved[SAVED_TERMS] for id_, saved in kept.items() if SAVED_TERMS in saved}


def _saved(write: Write, name: str) -> Any:
    return _read(write.before.get(name, ""))


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _term_words(term: Mapping[str, Any] | None) -> str:
    if term is None:
        return "no payment terms"
    if dict(term) == xeros_terms(CASH):
        return "cash on delivery"
    words = _TERM_TYPES.get(str(term.get("Type")), "{day} {type}")
    return words.format(day=term.get("Day"), type=term.get("Type"))


_TERM_TYPES = {
    "DAYSAFTERBILLDATE": "due {day} days after the invoice's date",
    "DAYSAFTERBILLMONTH": "due {day} days after the end of the invoice's month",
    "OFCURRENTMONTH": "due on day {day} of the current month",
    "OFFOLLOWINGMONTH": "due on day {day} of the following month",
}


def _day_words(day: str) -> str:
    return f"expected on {day}" if day else "no expected date"
