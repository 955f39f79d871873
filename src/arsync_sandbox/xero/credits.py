"""Credit notes written, and credits of all kinds applied to invoices."""

from __future__ import annotations

import copy
import dataclasses

from flask import Response

from . import wire
from .api import XeroApi, took_effect
from .batches import Batch, Commit
from .documents import XeroAllocation, XeroCredit
from .drafts import (
    NOT_MODIFIABLE,
    apply_common,
    check_lock,
    check_status,
    contact_of,
    read_day,
    read_number,
)
from .errors import Invalid, marked, not_found, validation
from .forms import Json, allocation_form, credit_single
from .invoices import HAS_MONEY
from .ledger import XeroLedger
from .postings import add_credit, allocate, credit_event, unallocate
from .reads import find_credit

NO_SUCH_NOTE = "An existing Credit Note with the specified CreditNoteID could not be found"


def credit_note_prepare(ledger: XeroLedger, element: Json, batch: Batch) -> Commit:
    """Check an element of /CreditNotes and return what writes it.

    Raises:
        Invalid: with Xero's message.
    """
    id_ = batch.path_id or str(element.get("CreditNoteID") or "")
    if not id_ or batch.creates_only:
        return _create(ledger, element, batch)
    credit = ledger.credits["CreditNotes"].rows.get(wire.guid(id_))
    if credit is None:
        raise Invalid(NO_SUCH_NOTE)
    return _update(ledger, credit, element, batch)


def _create(ledger: XeroLedger, element: Json, batch: Batch) -> Commit:
    kind = element.get("Type")
    if kind not in {"ACCRECCREDIT", "ACCPAYCREDIT"}:
        raise Invalid("Credit note type must be ACCRECCREDIT or ACCPAYCREDIT")
    contact, write_contact = contact_of(ledger, element)
    currency = contact.currency or ledger.base_currency
    draft = XeroCredit(
        id=wire.new_guid(),
        kind="CreditNotes",
        type=kind,
        status="DRAFT",
        contact=contact,
        updated=ledger.frame.now(),
        currency=currency,
        created_by=batch.client_id,
    )
    apply_common(ledger, draft, {"CurrencyCode": currency, **element}, batch.places)
    draft.issued_on = draft.issued_on or ledger.today
    check_status(draft, str(element.get("Status") or "DRAFT"), new=True)
    check_lock(ledger, draft.issued_on)
    draft.remaining = draft.total
    number = str(element.get("CreditNoteNumber") or "")
    if number:
        rows = ledger.credits["CreditNotes"].rows.values()
        if any(row.number == number for row in rows):
            raise Invalid("Credit note # must be unique.")
        batch.claim("credit note", number, "Credit note # must be unique.")

    def commit() -> Json:
        if write_contact:
            write_contact()
        draft.number = number or f"CN-{len(ledger.credits['CreditNotes'].rows) + 1:04d}"
        draft.updated = ledger.stamp()
        add_credit(ledger, draft)
        ledger.note(draft.id, f"{draft.number} for {draft.total}", "Created")
        credit_event(ledger, draft, "CREATE")
        return credit_single(ledger, draft, batch.places)

    return commit


def _update(ledger: XeroLedger, credit: XeroCredit, element: Json, batch: Batch) -> Commit:
    if credit.status in {"VOIDED", "DELETED", "PAID"}:
        raise Invalid(NOT_MODIFIABLE)
    if credit.allocations or credit.remaining != credit.total:
        raise Invalid(HAS_MONEY)
    draft = copy.copy(credit)
    apply_common(ledger, draft, element, batch.places)
    if element.get("Status"):
        check_status(draft, str(element["Status"]), new=False)
    check_lock(ledger, credit.issued_on, draft.issued_on)
    gone = draft.status in {"VOIDED", "DELETED"}
    draft.remaining = wire.ZERO if gone else draft.total
    batch.claim("credit note", credit.id, "The same credit note cannot be written twice")

    def commit() -> Json:
        for field in dataclasses.fields(credit):
            setattr(credit, field.name, getattr(draft, field.name))
        ledger.changed(credit)
        credit_event(ledger, credit, "UPDATE")
        return credit_single(ledger, credit, batch.places)

    return commit


class AllocationRoutes:
    """The routes that apply a credit to invoices and take it back."""

    def __init__(self, api: XeroApi, kind: str) -> None:
        self._api = api
        self._kind = kind

    def add(self, credit_id: str) -> Response:
        """PUT /{kind}/{id}/Allocations: all of them or none."""
        ledger = self._api.ledger
        credit = find_credit(ledger, self._kind, credit_id)
        elements = self._api.elements("Allocations")
        amount = credit.remaining
        allocations: list[XeroAllocation] = []
        refused: list[Json] = []
        allocated: dict[str, bool] = {}
        for element in elements:
            try:
                allocation = _allocation(ledger, credit, element)
                amount -= allocation.amount
                if amount < 0 or allocated.setdefault(allocation.invoice.id, False):
                    raise Invalid("The allocation exceeds the remaining credit")  # noqa: TRY301
                allocated[allocation.invoice.id] = True
                allocations.append(allocation)
            except Invalid as error:
                refused.append(marked(element, error))
        # All were checked first: one bad element leaves the others unapplied.
        if refused:
            raise validation(refused)
        for allocation in allocations:
            allocate(ledger, allocation)
        took_effect()
        return self._api.answer("Allocations", [allocation_form(row) for row in allocations])

    def remove(self, credit_id: str, allocation_id: str) -> Response:
        """DELETE /{kind}/{id}/Allocations/{allocation id}."""
        ledger = self._api.ledger
        credit = find_credit(ledger, self._kind, credit_id)
        for allocation in credit.allocations:
            if allocation.id == wire.guid(allocation_id):
                unallocate(ledger, allocation)
                took_effect()
                gone = {"AllocationID": allocation.id, "IsDeleted": True}
                return self._api.object_answer(gone)
        raise not_found()


def _allocation(ledger: XeroLedger, credit: XeroCredit, element: Json) -> XeroAllocation:
    inside = element.get("Invoice") or {}
    invoice = ledger.invoices.rows.get(wire.guid(inside.get("InvoiceID")))
    if invoice is None or invoice.contact is not credit.contact:
        raise Invalid("The invoice to be credited could not be found", inside="Invoice")
    amount = read_number(element, "Amount")
    if amount is None or amount <= 0:
        raise Invalid("The allocation amount must be greater than 0")
    if credit.status != "AUTHORISED" or invoice.status != "AUTHORISED":
        raise Invalid("Only authorised documents can be allocated")
    if wire.cents(amount) > invoice.due:
        raise Invalid(HAS_NO_ROOM)
    on = read_day(element, "Date") or ledger.today
    check_lock(ledger, on)
    return XeroAllocation(wire.new_guid(), wire.cents(amount), on, credit, invoice)


HAS_NO_ROOM = "The allocation amount exceeds the amount outstanding on this document"
