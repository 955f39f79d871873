"""History: rows read and notes written, one record at a time."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response

from .api import XeroApi, took_effect
from .documents import XeroContact, XeroCredit, XeroDocument, XeroInvoice, XeroPayment
from .drafts import check_lock
from .errors import Invalid, invalid, marked, validation
from .forms import Json, note_form
from .postings import credit_event
from .reads import find_contact, find_credit, find_invoice, find_payment

READ_ONLY = frozenset({"Payments", "Prepayments", "Overpayments"})
"""Records whose history an app can read but not write."""

NOT_HERE = "The document with the supplied id was not found for this endpoint."


class HistoryRoutes:
    """The routes of one kind of record's history."""

    def __init__(self, api: XeroApi, kind: str) -> None:
        self._api = api
        self._kind = kind

    def _record(self, name: str) -> XeroContact | XeroDocument | XeroPayment:
        finders: dict[str, Callable[[], XeroContact | XeroDocument | XeroPayment]] = {
            "Invoices": lambda: find_invoice(self._api.ledger, name),
            "Contacts": lambda: find_contact(self._api.ledger, name),
            "Payments": lambda: find_payment(self._api.ledger, name),
        }
        find = finders.get(self._kind)
        return find() if find else find_credit(self._api.ledger, self._kind, name)

    def read(self, name: str) -> Response:
        """GET .../History, newest first."""
        notes = self._api.ledger.history.get(self._record(name).id, [])
        return self._api.answer("HistoryRecords", [note_form(note) for note in reversed(notes)])

    def write(self, name: str) -> Response:
        """PUT (or POST) .../History: all notes of the call or none."""
        ledger = self._api.ledger
        record = self._record(name)
        # Xero's specification lists these routes, and its example answers that they do not work.
        if self._kind in READ_ONLY and not ledger.setting("history_on_payments"):
            raise invalid(NOT_HERE)
        elements = self._api.elements("HistoryRecords")
        refused = [marked(row, error) for row in elements if (error := self._problem(record, row))]
        if refused:
            raise validation(refused)
        rows: list[Json] = []
        for element in elements:
            note = ledger.note(record.id, str(element["Details"]))
            form = note_form(note)
            rows.append(
                {key: form[key] for key in ("DateUTCString", "DateUTC", "Details")}
                | {"ValidationErrors": []}
            )
        took_effect()
        if ledger.setting("note_bumps_updated"):
            self._tell(record)
        return self._api.answer("HistoryRecords", rows)

    def _problem(
        self, record: XeroContact | XeroDocument | XeroPayment, element: Json
    ) -> Invalid | None:
        ledger = self._api.ledger
        details = element.get("Details")
        if not isinstance(details, str) or not details.strip():
            return Invalid("Details must be given")
        most: int = ledger.setting("note_chars_max")
        if len(details) > most:
            return Invalid(f"Details must be no longer than {most} characters")
        if isinstance(record, XeroDocument) and not ledger.setting("note_on_locked"):
            try:
                check_lock(ledger, record.issued_on)
            except Invalid as error:
                return error
        return None

    def _tell(self, record: XeroContact | XeroDocument | XeroPayment) -> None:
        ledger = self._api.ledger
        ledger.changed(record)
        if isinstance(record, XeroContact):
            ledger.event("CONTACT", "UPDATE", record)
        elif isinstance(record, XeroInvoice):
            if record.status != "VOIDED":
                ledger.event("INVOICE", "UPDATE", record)
        elif isinstance(record, XeroCredit):
            credit_event(ledger, record, "UPDATE")
