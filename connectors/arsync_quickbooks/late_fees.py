"""Late fees: an invoice of its own, billed with the service item that the configuration names.

A further line on the overdue invoice would alter a document that the customer has.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from arsync.connector_sdk import Receipt, Write
from arsync.core.actions import Action, LateFeePayload, marker, payload_of
from arsync.errors import HealsWhen, OutcomeUnknown, Rejected
from arsync_quickbooks import errors
from arsync_quickbooks.api import quoted
from arsync_quickbooks.documents import InvoiceDoc, ItemDoc
from arsync_quickbooks.fenced_text import PRIVATE_NOTE_CHARACTERS_MAX, with_marker
from arsync_quickbooks.read_client import CompanyDetails
from arsync_quickbooks.write_client import WriteClient, currency_of, request_id, since_first_attempt

DUE_DAYS = 30
"""QuickBooks' own default for a customer without terms. Always sent: which day QuickBooks fills in
for an invoice without a due date differs between its documents and its answers."""
NUMBER_KEY_CHARACTERS = 12
"""Of the action's key, in the number of a fee where the company numbers invoices by hand."""


class LateFee:
    """Bills a late fee."""

    def __init__(self, write_client: WriteClient, item: str) -> None:
        self._write_client = write_client
        self._item = item.strip()

    def prepare(self, action: Action) -> Mapping[str, str]:
        """Return nothing: a fee changes nothing that would have to be restored."""
        return {}

    def perform(self, write: Write) -> Receipt:
        """Make the invoice where there is none with our marker."""
        # Looked for even on a first attempt: a fee that is billed twice is the customer's money.
        receipt = self.find(write)
        if receipt:
            return receipt
        body = self._body(write)
        try:
            fee = self._write_client.client.put("Invoice", body, request_id(write, "late fee"))
        except errors.QuickBooksRejected as refused:
            # The number contains our key: when it is taken, the invoice exists already.
            if errors.DUPLICATE_NUMBER not in refused.codes:
                raise
            raise OutcomeUnknown(
                f"QuickBooks has an invoice {body['DocNumber']} already: look at it."
            ) from None
        self._write_client.changes_made += 1
        return _receipt(str(fee.get("Id") or ""), str(fee.get("DocNumber") or ""))

    def find(self, write: Write) -> Receipt | None:
        """Look through the customer's invoices for our marker."""
        since, pages = since_first_attempt(write)
        where = f"CustomerRef = {quoted(write.action.contact_id)}"
        where += f" AND {since}" if since else ""
        for row in self._write_client.newest("Invoice", InvoiceDoc, where, pages_max=pages):
            if marker(write.key) in (row.private_note or ""):
                return _receipt(row.id or "", row.doc_number or "")
        return None

    def _body(self, write: Write) -> dict[str, Any]:
        from arsync_quickbooks import sdk

        payload = payload_of(write.action, LateFeePayload)
        company = self._write_client.reader.company()
        issued_on = _today(company)
        fee = sdk.late_fee(
            write.action.contact_id,
            self._billing_item(company),
            amount=_billable(payload.amount),
            description=payload.description or "Late payment fee",
            issued_on=issued_on.isoformat(),
            due_on=(issued_on + timedelta(days=DUE_DAYS)).isoformat(),
            private_note=with_marker(
                write.text or write.action.note, marker(write.key), PRIVATE_NOTE_CHARACTERS_MAX
            ),
        )
        body: dict[str, Any] = sdk.content(fee)
        body.update(self._currency(write, company))
        forms = company.preferences.sales_forms_prefs
        if forms and forms.custom_txn_numbers:
            # Such a company numbers its forms by hand: without a number there would be none.
            body["DocNumber"] = f"FEE-{write.key[:NUMBER_KEY_CHARACTERS]}"
        return body

    def _billing_item(self, company: CompanyDetails) -> dict[str, str]:
        if not self._item:
            raise _wrong("late fees need [quickbooks] late_fee_item: the name of a service item.")
        item_doc: object = None
        if self._item.isdigit():
            item_doc = self._write_client.look("Item", self._item, ItemDoc)
        if item_doc is None:
            named = self._write_client.reader.rows_of(
                "Item", ItemDoc, f"Name = {quoted(self._item)}"
            )
            item_doc = named[0] if named else None
        if not isinstance(item_doc, ItemDoc) or not item_doc.id:
            raise _wrong(f"QuickBooks has no active item {self._item!r} for late fees.")
        if item_doc.active is False or (item_doc.type or "Service") != "Service":
            raise _wrong(f"the item {self._item!r} in QuickBooks is not an active service.")
        return {"id": item_doc.id, "tax_code": _tax_code(item_doc, company)}

    def _currency(self, write: Write, company: CompanyDetails) -> dict[str, Any]:
        """Return the fee's currency and rate: those of the invoice that it is for."""
        currency = payload_of(write.action, LateFeePayload).currency or company.books.home_currency
        if not write.action.invoices:
            if currency != company.books.home_currency:
                raise Rejected(f"there is no invoice to take the rate for {currency} from.")
            return {}
        invoice = self._write_client.invoice(write.action.invoices[0].id)
        own = (invoice.currency_ref and invoice.currency_ref.value) or company.books.home_currency
        if currency != own:
            raise Rejected(
                f"the fee is in {currency}, but QuickBooks bills this customer in {own}."
            )
        return currency_of(invoice, self._write_client)


def _wrong(message: str) -> Rejected:
    return Rejected(message, heals_when=HealsWhen.SETTING)


def _tax_code(item: ItemDoc, company: CompanyDetails) -> str:
    own = item.sales_tax_code_ref.value if item.sales_tax_code_ref else None
    # "NON" is a code of American companies; elsewhere the item or the company's settings decide.
    return own or ("NON" if company.organisation.country == "US" else "")


def _today(company: CompanyDetails) -> date:
    """Return the company's day by the server's clock; a connector has no clock of its own."""
    zone = ZoneInfo(company.organisation.time_zone) if company.organisation.time_zone else UTC
    return company.at.astimezone(zone).date()


def _billable(amount: Decimal) -> Decimal:
    if not amount.is_finite() or amount <= 0:
        raise Rejected(f"a late fee of {amount} cannot be billed.")
    return amount


def _receipt(invoice_id: str, number: str) -> Receipt:
    return Receipt(invoice_id, f"late fee invoice {number or invoice_id}")
