"""Writing to Xero: which parts each kind of action is made of, and how a write is settled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from arsync.connector_sdk import SAVED_TERMS, Receipt, Undoing, Write
from arsync.core.actions import (
    Action,
    ActionKind,
    LateFeePayload,
    PromisePayload,
    RestoreTermsPayload,
    Via,
    marker,
    payload_of,
)
from arsync.errors import ArsyncError, NeedsReconnect, OutcomeUnknown, Rejected, RetryLater
from arsync_xero.api import Api
from arsync_xero.documents import INVOICES
from arsync_xero.record_changes import (
    CASH_ON_DELIVERY,
    Attachment,
    ExpectedDate,
    LateFee,
    PaymentTerms,
    read_contact,
    term_fields,
)
from arsync_xero.reversal import (
    DateUndone,
    FeeUndone,
    HoldUndone,
    TermsUndone,
    Undone,
    prepared,
    together,
)
from arsync_xero.sdk import Sdk
from arsync_xero.write_steps import Members, Note, Part, PlatformEmail, Tools

SAVED_GROUPS = "saved.groups"
SENT_BEFORE = "sent_before"
STARTED_AT = "started_at"


class Writes:
    """Prepares, performs and finds writes at one organisation."""

    def __init__(self, api: Api, *, late_fee_account: str, note_characters: int) -> None:
        """Make a writer; no call is made.

        Args:
            api: the organisation.
            late_fee_account: the account that late fees are booked to.
            note_characters: how long a note may be.
        """
        self._api = api
        self._sdk = Sdk(api)
        self._late_fee_account = late_fee_account
        self._note_characters = note_characters

    def prepare(self, action: Action) -> Mapping[str, str]:
        """Read what the write will change or be recognised by."""
        if action.kind == ActionKind.REMINDER and action.via == Via.PLATFORM:
            return {
                f"{SENT_BEFORE}.{invoice.id}": "yes" if self._is_sent(invoice.id) else "no"
                for invoice in action.invoices
            }
        if action.kind == ActionKind.CREDIT_HOLD:
            contact = read_contact(self._api, action.contact_id)
            names = [group.name for group in contact.contact_groups or () if group.name]
            return {SAVED_GROUPS: json.dumps(names), **self._for_undoing(action)}
        if action.kind == ActionKind.PROMISE:
            return self._for_undoing(action)
        if action.kind == ActionKind.TERMS:
            terms = read_contact(self._api, action.contact_id).payment_terms
            saved = {
                "Sales": term_fields(terms.sales if terms else None),
                "Bills": term_fields(terms.bills if terms else None),
            }
            return {SAVED_TERMS: json.dumps({name: one for name, one in saved.items() if one})}
        return {}

    def _for_undoing(self, action: Action) -> Mapping[str, str]:
        invoice_ids = [invoice.id for invoice in action.invoices]
        tools = Tools(self._api, self._sdk, "")
        return prepared(tools, action.kind, _contacts(action), invoice_ids)

    def undoing(self, write: Write) -> Undoing:
        """Read how what a write changed stands now."""
        return together([undone.state() for undone in self._undone(write)])

    def _undone(self, write: Write) -> list[Undone]:
        """Return what a write changed, part by part, as what it was before.

        Raises:
            Rejected: nothing of such a write is undone.
        """
        action = write.action
        tools = Tools(self._api, self._sdk, marker(write.key))
        if action.kind == ActionKind.CREDIT_HOLD:
            return [HoldUndone(tools, write, _contacts(action))]
        if action.kind == ActionKind.TERMS:
            return [TermsUndone(tools, write)]
        if action.kind == ActionKind.PROMISE and action.invoices:
            return [DateUndone(tools, write, invoice.id) for invoice in action.invoices]
        if action.kind == ActionKind.LATE_FEE:
            return [FeeUndone(tools, self._late_fee(tools, action), write)]
        raise Rejected(f"a {action.kind.value} cannot be undone at Xero.")

    def perform(self, write: Write) -> Receipt:
        """Make each part stand, looking first where it may stand already."""
        looks = write.generation > 1 or STARTED_AT in write.before
        if write.undoes is not None and (refusal := self.undoing(write.undoes).refusal):
            raise Rejected(refusal)
        references: list[str] = []
        said: list[str] = []
        changed = False
        for number, part in enumerate(self._parts(write)):
            try:
                found = part.found() if looks or part.always_look else ""
                if not found:
                    found = part.make(f"{write.key}-{write.generation}-{number}")
                    changed = True
                references.append(found)
                said.append(part.detail)
            except Rejected as error:
                if not (part.optional or references):
                    raise
                said.append(str(error))
            except (RetryLater, NeedsReconnect, OutcomeUnknown) as error:
                if not (part.best_effort and references):
                    raise _in_part(error, changed=changed) from error
                said.append(str(error))
        return Receipt(references[0], "; ".join(dict.fromkeys(said)))

    def find(self, write: Write) -> Receipt | None:
        """Look whether the whole write stands.

        Each write ends with its note, so where the last note stands all of it stands; but for what
        came again after it was undone: there the note may be that of the first time. An email that
        has left counts without its note: to say that nothing stands would let it be forgotten.
        """
        parts = self._parts(write)
        first = parts[:-1] if write.may_have_come_again else []
        if (found := parts[-1].found()) and all(part.found() for part in first):
            return Receipt(found, "; ".join(dict.fromkeys(part.detail for part in parts)))
        emails = [part for part in parts if isinstance(part, PlatformEmail)]
        # Raises when nobody can tell whether one left.
        left = [email.found() for email in emails]
        return Receipt(left[0], emails[0].detail) if left and all(left) else None

    def _is_sent(self, invoice_id: str) -> bool:
        rows = self._api.one(INVOICES, f"Invoices/{invoice_id}")
        return bool(rows and rows.documents and rows.documents[0].sent_to_contact)

    def _parts(self, write: Write) -> list[Part]:
        action = write.action
        tools = Tools(self._api, self._sdk, marker(write.key))
        if write.undoes is not None:
            about = write._replace(action=replace(action, payload=write.undoes.action.payload))
            return [*self._undone(write.undoes), *self._notes(tools, about)]
        notes = self._notes(tools, write)
        first: list[Part] = []
        if action.kind == ActionKind.REMINDER and action.via == Via.PLATFORM:
            return self._emails(tools, write)
        if action.kind in {ActionKind.CREDIT_HOLD, ActionKind.LIFT_CREDIT_HOLD}:
            wanted = action.kind == ActionKind.CREDIT_HOLD
            first = [Members(tools, _contacts(action), wanted=wanted)]
        elif action.kind == ActionKind.TERMS:
            first = [PaymentTerms(tools, action.contact_id, CASH_ON_DELIVERY, restores=False)]
        elif action.kind == ActionKind.RESTORE_TERMS:
            saved = _saved_sales(write)
            first = [PaymentTerms(tools, action.contact_id, saved, restores=True)]
        elif action.kind == ActionKind.PROMISE:
            day = payload_of(action, PromisePayload).promised_on
            first = [ExpectedDate(tools, invoice.id, day) for invoice in action.invoices]
        elif action.kind == ActionKind.LETTER:
            first = [self._letter(tools, write)]
        elif action.kind == ActionKind.LATE_FEE:
            first = [self._late_fee(tools, action)]
        return [*first, *notes]

    def _notes(self, tools: Tools, write: Write, *, best_effort: bool = False) -> list[Part]:
        action, text = write.action, self._note_text(write)
        if action.kind in {ActionKind.CREDIT_HOLD, ActionKind.LIFT_CREDIT_HOLD}:
            return [Note(tools, "Contacts", id_, text) for id_ in _contacts(action)]
        about_contact = action.kind in {ActionKind.TERMS, ActionKind.RESTORE_TERMS}
        is_task = action.kind in {ActionKind.TASK, ActionKind.TASK_DONE}
        if about_contact or not action.invoices or (is_task and len(action.invoices) > 1):
            return [Note(tools, "Contacts", action.contact_id, text)]
        return [
            Note(tools, "Invoices", invoice.id, text, best_effort=best_effort)
            for invoice in action.invoices
        ]

    def _emails(self, tools: Tools, write: Write) -> list[Part]:
        before = write.before
        emails = [
            PlatformEmail(
                tools,
                invoice.id,
                f"{write.key}-email-{number}",
                before.get(f"{SENT_BEFORE}.{invoice.id}") != "no",
                before.get(STARTED_AT, ""),
            )
            for number, invoice in enumerate(write.action.invoices)
        ]
        # What matters is out with the email. A note that fails must not bring it about again.
        return [*emails, *self._notes(tools, write, best_effort=True)]

    def _letter(self, tools: Tools, write: Write) -> Part:
        invoices = write.action.invoices
        if not invoices:
            raise Rejected("Xero: a letter is attached to an invoice, and this one names none.")
        return Attachment(tools, invoices[0].id, write.file_name, write.file_type, write.file)

    def _late_fee(self, tools: Tools, action: Action) -> LateFee:
        if not self._late_fee_account:
            raise Rejected("Xero: [xero] late_fee_account is not set; there are no late fees.")
        payload = payload_of(action, LateFeePayload)
        about = action.invoices[0].number if action.invoices else action.contact_name
        return LateFee(
            tools,
            action.contact_id,
            amount=payload.amount,
            currency=payload.currency,
            description=payload.description or f"Late fee {about}",
            about=about,
            account=self._late_fee_account,
        )

    def _note_text(self, write: Write) -> str:
        mark = marker(write.key)
        text = (write.text or write.action.note or write.action.kind.value).strip()
        room = self._note_characters - len(mark) - 1
        if len(text) > room:
            text = text[: room - 1].rstrip() + "…"
        return f"{text} {mark}"


def _in_part(error: ArsyncError, *, changed: bool) -> ArsyncError:
    """Return what a failure means after an earlier part stands: it must be looked at."""
    if isinstance(error, OutcomeUnknown) or not changed:
        return error
    return OutcomeUnknown(f"Written in part; the rest failed: {error}")


def _contacts(action: Action) -> list[str]:
    return list(dict.fromkeys([action.contact_id, *action.payload.covered_contact_ids]))


def _saved_sales(write: Write) -> dict[str, Any] | None:
    """Return the terms for sales that `prepare` found before they were changed.

    Raises:
        Rejected: what was saved cannot be read.
    """
    text = payload_of(write.action, RestoreTermsPayload).saved or write.before.get(SAVED_TERMS, "")
    try:
        saved = json.loads(text)
    except (ValueError, TypeError):
        saved = None
    if not isinstance(saved, dict):
        raise Rejected("The payment terms to restore are not known; set them in Xero.")
    sales = saved.get("Sales")
    return sales if isinstance(sales, dict) else None
