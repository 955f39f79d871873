"""Promises to pay: the day on which Xero expects the money of an invoice."""

from __future__ import annotations

from datetime import date

from xero_python.accounting import Invoice, Invoices

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


def expected_days(api: Api, invoice_id: str) -> list[date]:
    """Return the day on which an invoice's money is expected, if there is one."""
    rows = api.read_one(INVOICES, f"Invoices/{invoice_id}")
    days = [
        day_of(None, invoice_document.expected_payment_date)
        for invoice_document in (rows.documents if rows else [])
    ]
    return [day for day in days if day is not None]
