"""Promises to pay: the day on which Xero expects the money of an invoice."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from xero_python.accounting import Invoice, Invoices

from arsync.errors import Rejected
from arsync_xero.api import Api
from arsync_xero.dates import day_of
from arsync_xero.documents import INVOICES
from arsync_xero.write_client import WriteClient, WriteStep


class ExpectedDate(WriteStep):
    """The day on which money is expected, shown by Xero on the invoice."""

    # Xero refuses most edits of a part-paid invoice. The note that follows gives the day anyway.
    optional = True

    def __init__(self, write_client: WriteClient, invoice_id: str, day: date) -> None:
        super().__init__(write_client)
        self._invoice_id = invoice_id
        self._day = day

    @property
    def detail(self) -> str:
        return f"expected on {self._day.isoformat()}"

    def found(self) -> str:
        days = expected_days(self.write_client.api, self._invoice_id)
        return self._invoice_id if self._day in days else ""

    def make(self, key: str) -> str:
        # The date alone: an update that named more would write it over what people changed since.
        invoice = Invoice(invoice_id=self._invoice_id, expected_payment_date=self._day)
        self.write_client.sdk.call(
            "update_invoice",
            self._invoice_id,
            Invoices(invoices=[invoice]),
            what="the expected payment date",
            key=key,
        )
        return self._invoice_id


class ExpectedDateOff(WriteStep):
    """The end of a payment plan: a day that it expected money on is taken off the invoice."""

    always_look = True
    # As when the day was written; and whether Xero can remove one is not known.
    optional = True

    def __init__(self, write_client: WriteClient, invoice_id: str, days: Collection[date]) -> None:
        super().__init__(write_client)
        self._invoice_id = invoice_id
        self._days = frozenset(days)

    @property
    def detail(self) -> str:
        return "no payment expected by the plan"

    def found(self) -> str:
        # A day that is none of the plan's is somebody else's, and stays.
        shown = expected_days(self.write_client.api, self._invoice_id)
        return "" if self._days.intersection(shown) else self._invoice_id

    def make(self, key: str) -> str:
        take_off(self.write_client, self._invoice_id, key)
        return self._invoice_id


def take_off(write_client: WriteClient, invoice_id: str, key: str) -> None:
    """Take the expected payment date off an invoice.

    Raises:
        Rejected: it still shows.
    """
    # Plain JSON: the SDK leaves an empty date out.
    body = {"Invoices": [{"InvoiceID": invoice_id, "ExpectedPaymentDate": ""}]}
    what = "taking the expected payment date off"
    write_client.sdk.call("update_invoice", invoice_id, body, what=what, key=key)
    if expected_days(write_client.api, invoice_id):
        raise Rejected("The expected date still shows; take it off in Xero.")


def expected_days(api: Api, invoice_id: str) -> list[date]:
    """Return the day on which an invoice's money is expected, if there is one."""
    rows = api.read_one(INVOICES, f"Invoices/{invoice_id}")
    days = [
        day_of(None, invoice_document.expected_payment_date)
        for invoice_document in (rows.documents if rows else [])
    ]
    return [day for day in days if day is not None]
