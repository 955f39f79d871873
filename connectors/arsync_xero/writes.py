"""What each kind of action becomes at Xero: steps, the last of them a note about it.

The note is written last. So where the whole note exists, all steps before it were done; and where
only some were, repeating the write adds what is missing and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from arsync.connector_sdk import CHANGED_TERMS, SAVED_CHILDREN, SAVED_TERMS, Receipt, Undoing, Write
from arsync.core.actions import (
    Action,
    ActionKind,
    CreditNotePayload,
    LateFeePayload,
    PaymentPlanPayload,
    ReminderLevelPayload,
    RestoreTermsPayload,
    TermsPayload,
    Via,
    marker,
    payload_of,
)
from arsync.core.ledger.payment_terms import CASH
from arsync.errors import (
    ArsyncError,
    HealsWhen,
    NeedsReconnect,
    OutcomeUnknown,
    Rejected,
    RetryLater,
)
from arsync_xero.api import Api
from arsync_xero.credit_holds import Members
from arsync_xero.credit_notes import DiscountCredit
from arsync_xero.documents import INVOICES
from arsync_xero.emails_and_letters import LetterAttachment, PlatformEmail
from arsync_xero.late_fees import LateFee
from arsync_xero.payment_terms import PaymentTerms, term_fields, xeros_terms
from arsync_xero.promises import ExpectedDate, ExpectedDateOff
from arsync_xero.reminder_levels import LevelGroup
from arsync_xero.reversal import (
    CreditUndone,
    FeeUndone,
    HoldUndone,
    LevelUndone,
    PromiseUndone,
    TermsUndone,
    UndoStep,
    expected_by,
    prepared,
    saved_of_children,
    together,
)
from arsync_xero.sdk import SdkClient
from arsync_xero.settings import NOTE_CHARACTERS_MAX
from arsync_xero.write_client import HistoryNote, WriteClient, WriteStep, read_contact

SAVED_GROUPS = "saved.groups"
SENT_BEFORE = "sent_before"
STARTED_AT = "started_at"
_OF_HOLDS_AND_TERMS = frozenset(
    {
        ActionKind.CREDIT_HOLD,
        ActionKind.HOLD_REASONS,
        ActionKind.LIFT_CREDIT_HOLD,
        ActionKind.TERMS,
        ActionKind.RESTORE_TERMS,
        ActionKind.AGREED_CREDIT,
    }
)
"""Noted on the contact and on its children; new reasons change nothing besides."""
_CHANGING_TERMS = frozenset({ActionKind.TERMS, ActionKind.AGREED_CREDIT})
_EXPECTING = frozenset({ActionKind.PROMISE, ActionKind.PAYMENT_PLAN})
"""Shown as expected payment date."""


class Writer:
    """Prepares, performs and finds writes at one organisation."""

    def __init__(self, api: Api, *, late_fee_account: str) -> None:
        """Make a writer; no call is made.

        Args:
            api: the organisation.
            late_fee_account: the account that late fees are booked to.
        """
        self._api = api
        self._sdk = SdkClient(api)
        self._late_fee_account = late_fee_account

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
        if action.kind in _EXPECTING:
            return self._for_undoing(action)
        if _changes_terms(action):
            saved = {id_: {SAVED_TERMS: self._terms_of(id_)} for id_ in _contacts(action)}
            changed = {CHANGED_TERMS: payload_of(action, TermsPayload).terms}
            own = saved.pop(action.contact_id) | changed
            return {**own, SAVED_CHILDREN: json.dumps(saved)} if saved else own
        return {}

    def _terms_of(self, contact_id: str) -> str:
        terms = read_contact(self._api, contact_id).payment_terms
        sides = {
            "Sales": term_fields(terms.sales if terms else None),
            "Bills": term_fields(terms.bills if terms else None),
        }
        return json.dumps({side: fields for side, fields in sides.items() if fields})

    def _for_undoing(self, action: Action) -> Mapping[str, str]:
        invoice_ids = [invoice.id for invoice in action.invoices]
        write_client = WriteClient(self._api, self._sdk, "")
        return prepared(write_client, action.kind, _contacts(action), invoice_ids)

    def undoing(self, write: Write) -> Undoing:
        """Read the present state of what a write changed."""
        return together([undone.state() for undone in self._undone(write)])

    def _undone(self, write: Write) -> list[UndoStep]:
        """Return what a write changed, step by step, as what it was before.

        Raises:
            Rejected: nothing of such a write is undone.
        """
        action = write.action
        write_client = WriteClient(self._api, self._sdk, marker(write.key))
        if action.kind == ActionKind.CREDIT_HOLD:
            return [HoldUndone(write_client, write, _contacts(action))]
        if action.kind == ActionKind.REMINDER_LEVEL:
            return [LevelUndone(write_client, action)]
        if _changes_terms(action):
            saved = saved_of_children(write.before.get(SAVED_CHILDREN, ""))
            wrote = xeros_terms(payload_of(action, TermsPayload).terms)
            children = [TermsUndone(write_client, id_, text, wrote) for id_, text in saved.items()]
            own = write.before.get(SAVED_TERMS, "")
            return [TermsUndone(write_client, action.contact_id, own, wrote), *children]
        if action.kind in _EXPECTING and action.invoices:
            return [PromiseUndone(write_client, write, invoice.id) for invoice in action.invoices]
        if action.kind == ActionKind.LATE_FEE:
            return [FeeUndone(write_client, self._late_fee(write_client, action), write)]
        if action.kind == ActionKind.CREDIT_NOTE:
            return [CreditUndone(write_client, _credit(write_client, action), write)]
        raise Rejected(f"a {action.kind.value} cannot be undone at Xero.")

    def perform(self, write: Write) -> Receipt:
        """Make each step stand, looking first where it may stand already."""
        # On a first attempt nothing can exist yet, so looking would only cost calls.
        looks = write.generation > 1 or STARTED_AT in write.before
        if write.undoes is not None and (refusal := self.undoing(write.undoes).refusal):
            raise Rejected(refusal)
        references: list[str] = []
        details: list[str] = []
        changed = False
        for number, step in enumerate(self._steps(write)):
            try:
                reference = step.found() if looks or step.always_look else ""
                if not reference:
                    # The step's place is part of its key: each step of one write is one request
                    # to Xero, and a repetition of it the same request.
                    reference = step.make(f"{write.key}-{write.generation}-{number}")
                    changed = True
                references.append(reference)
                details.append(step.detail)
            except Rejected as error:
                # After a step that took effect, a refusal of a later one is told in the receipt: as
                # a refusal of the whole it would let the done part be forgotten.
                if not (step.optional or references):
                    raise
                details.append(str(error))
            except (RetryLater, NeedsReconnect, OutcomeUnknown) as error:
                if not (step.best_effort and references):
                    raise _in_part(error, changed=changed) from error
                details.append(str(error))
        return Receipt(references[0], "; ".join(dict.fromkeys(details)))

    def find(self, write: Write) -> Receipt | None:
        """Look whether the whole write is done.

        Each write ends with its note, so where the last note exists, all of it was done. What was
        written again after it was undone is different: its note may be that of the first time. An
        email that has left counts without its note, or it would be forgotten.
        """
        steps = self._steps(write)
        earlier = steps[:-1] if write.may_have_come_again else []
        if (reference := steps[-1].found()) and all(step.found() for step in earlier):
            return Receipt(reference, "; ".join(dict.fromkeys(step.detail for step in steps)))
        emails = [step for step in steps if isinstance(step, PlatformEmail)]
        # Raises when Xero cannot tell whether one left.
        emailed = [email.found() for email in emails]
        return Receipt(emailed[0], emails[0].detail) if emailed and all(emailed) else None

    def _is_sent(self, invoice_id: str) -> bool:
        rows = self._api.read_one(INVOICES, f"Invoices/{invoice_id}")
        return bool(rows and rows.documents and rows.documents[0].sent_to_contact)

    def _steps(self, write: Write) -> list[WriteStep]:
        action = write.action
        write_client = WriteClient(self._api, self._sdk, marker(write.key))
        if write.undoes is not None:
            about = write._replace(action=replace(action, payload=write.undoes.action.payload))
            return [*self._undone(write.undoes), *self._notes(write_client, about)]
        if action.kind == ActionKind.REMINDER_LEVEL:
            # A group says by its name what a note would: one change is one write.
            level = payload_of(action, ReminderLevelPayload).level
            return [LevelGroup(write_client, action.contact_id, level)]
        notes = self._notes(write_client, write)
        first: list[WriteStep] = []
        if action.kind == ActionKind.REMINDER and action.via == Via.PLATFORM:
            return self._emails(write_client, write)
        if action.kind in {ActionKind.CREDIT_HOLD, ActionKind.LIFT_CREDIT_HOLD}:
            on_hold = action.kind == ActionKind.CREDIT_HOLD
            first = [Members(write_client, _contacts(action), inside=on_hold)]
        elif _changes_terms(action):
            terms = payload_of(action, TermsPayload).terms
            sales = xeros_terms(terms)
            first = [
                PaymentTerms(write_client, id_, sales, words=terms or CASH)
                for id_ in _contacts(action)
            ]
        elif action.kind == ActionKind.RESTORE_TERMS:
            changed_by_us = xeros_terms(payload_of(action, RestoreTermsPayload).changed_to)
            first = [
                PaymentTerms(write_client, id_, saved, instead_of=changed_by_us)
                for id_, saved in _saved_sales(write).items()
            ]
        elif action.kind in _EXPECTING:
            first = _expecting(write_client, action)
        elif action.kind == ActionKind.LETTER:
            first = [self._letter(write_client, write)]
        elif action.kind == ActionKind.LATE_FEE:
            first = [self._late_fee(write_client, action)]
        elif action.kind == ActionKind.CREDIT_NOTE:
            first = [_credit(write_client, action)]
        return [*first, *notes]

    def _notes(
        self, write_client: WriteClient, write: Write, *, best_effort: bool = False
    ) -> list[WriteStep]:
        action, text = write.action, self._note_text(write)
        if action.kind in _OF_HOLDS_AND_TERMS:
            return [HistoryNote(write_client, "Contacts", id_, text) for id_ in _contacts(action)]
        is_task = action.kind in {ActionKind.TASK, ActionKind.TASK_DONE}
        on_contact = action.kind is ActionKind.ACCOUNT_LETTER or not action.invoices
        if on_contact or (is_task and len(action.invoices) > 1):
            return [HistoryNote(write_client, "Contacts", action.contact_id, text)]
        return [
            HistoryNote(write_client, "Invoices", invoice.id, text, best_effort=best_effort)
            for invoice in action.invoices
        ]

    def _emails(self, write_client: WriteClient, write: Write) -> list[WriteStep]:
        before = write.before
        emails = [
            PlatformEmail(
                write_client,
                invoice.id,
                f"{write.key}-email-{number}",
                before.get(f"{SENT_BEFORE}.{invoice.id}") != "no",
                before.get(STARTED_AT, ""),
            )
            for number, invoice in enumerate(write.action.invoices)
        ]
        # With the email, what matters is done. A note that fails must not cause a second email.
        return [*emails, *self._notes(write_client, write, best_effort=True)]

    def _letter(self, write_client: WriteClient, write: Write) -> WriteStep:
        invoices = write.action.invoices
        if not invoices:
            raise Rejected("Xero: a letter is attached to an invoice, and this one names none.")
        return LetterAttachment(
            write_client, invoices[0].id, write.file_name, write.file_type, write.file
        )

    def _late_fee(self, write_client: WriteClient, action: Action) -> LateFee:
        if not self._late_fee_account:
            raise Rejected(
                "Xero: [xero] late_fee_account is not set; there are no late fees.",
                heals_when=HealsWhen.SETTING,
            )
        payload = payload_of(action, LateFeePayload)
        about = action.invoices[0].number if action.invoices else action.contact_name
        return LateFee(
            write_client,
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
        room = NOTE_CHARACTERS_MAX - len(mark) - 1
        if len(text) > room:
            text = text[: room - 1].rstrip() + "…"
        return f"{text} {mark}"


def _expecting(write_client: WriteClient, action: Action) -> list[WriteStep]:
    """Return the steps that show, on each invoice, when money is expected, or not any more."""
    day = expected_by(action.payload)
    if day is not None:
        return [ExpectedDate(write_client, invoice.id, day) for invoice in action.invoices]
    plan = payload_of(action, PaymentPlanPayload)
    days = [line.due_on for line in plan.instalments]
    return [ExpectedDateOff(write_client, invoice.id, days) for invoice in action.invoices]


def _credit(write_client: WriteClient, action: Action) -> DiscountCredit:
    if not action.invoices:
        raise Rejected("Xero: a discount is credited for an invoice, and this one names none.")
    payload = payload_of(action, CreditNotePayload)
    invoice = action.invoices[0]
    return DiscountCredit(
        write_client,
        action.contact_id,
        invoice.id,
        amount=payload.amount,
        currency=payload.currency,
        description=payload.description or f"Prompt-payment discount on {invoice.number}",
        about=invoice.number,
    )


def _in_part(error: ArsyncError, *, changed: bool) -> ArsyncError:
    """Return what a failure means after an earlier step took effect: it must be looked up."""
    if isinstance(error, OutcomeUnknown) or not changed:
        return error
    return OutcomeUnknown(f"Written in part; the rest failed: {error}")


def _changes_terms(action: Action) -> bool:
    """Return whether it sets payment terms: a hold's always, a decision's where it names some."""
    if action.kind not in _CHANGING_TERMS:
        return False
    return action.kind is ActionKind.TERMS or bool(payload_of(action, TermsPayload).terms)


def _contacts(action: Action) -> list[str]:
    return list(dict.fromkeys([action.contact_id, *action.payload.covered_contact_ids]))


def _saved_sales(write: Write) -> dict[str, dict[str, Any] | None]:
    """Return the terms for sales that `prepare` found before they were changed, by contact.

    Raises:
        Rejected: what was saved cannot be read.
    """
    payload = payload_of(write.action, RestoreTermsPayload)
    own = payload.saved or write.before.get(SAVED_TERMS, "")
    children = saved_of_children(payload.saved_of_children)
    # Only what was changed is given back, and only where something may be written still.
    covered = {id_: text for id_, text in children.items() if id_ in payload.children}
    return {id_: _sales(text) for id_, text in {write.action.contact_id: own, **covered}.items()}


def _sales(text: str) -> dict[str, Any] | None:
    try:
        saved = json.loads(text)
    except (ValueError, TypeError):
        saved = None
    if not isinstance(saved, dict):
        raise Rejected("The payment terms to restore are not known; set them in Xero.")
    sales = saved.get("Sales")
    return sales if isinstance(sales, dict) else None
