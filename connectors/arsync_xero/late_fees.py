"""Late fees: a draft invoice of its own, which a person approves in Xero.

A further line on the overdue invoice would alter a document that the customer has.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from xero_python.accounting import Contact, CurrencyCode, Invoice, Invoices, LineItem

from arsync.core.ledger.money import shown
from arsync.errors import OutcomeUnknown, Rejected
from arsync_xero.documents import INVOICES, STATUSES
from arsync_xero.read_client import organisations_day
from arsync_xero.write_client import WriteClient, WriteStep

FEE_AMOUNT_MAX = Decimal(10) ** 10
"""A larger late fee is a mistake, and would not pass through the SDK's floats unharmed."""
REFERENCE_LENGTH_MAX = 255


def marked_reference(words: str, mark: str) -> str:
    """Return the reference by which a draft is found again: some words and the write's marker."""
    # It is looked for in a filter, between double quotes.
    words = words.replace('"', "").replace("\\", "")
    return f"{words[: REFERENCE_LENGTH_MAX - len(mark) - 1]} {mark}"


class LateFee(WriteStep):
    """A draft invoice for a person to look at, found again by its reference."""

    always_look = True

    def __init__(
        self,
        write_client: WriteClient,
        contact_id: str,
        *,
        amount: Decimal,
        currency: str,
        description: str,
        about: str,
        account: str,
    ) -> None:
        super().__init__(write_client)
        self._contact_id = contact_id
        self._amount = amount
        self._currency = currency
        self._description = description
        self._account = account
        self._reference = marked_reference(f"Late fee {about}", write_client.mark)

    @property
    def detail(self) -> str:
        return f"draft invoice for a late fee of {shown(self._amount, self._currency)}"

    def found(self) -> str:
        """Return the draft's id; also of one that a person has approved, voided or deleted."""
        # Reference is one of the fields that Xero filters quickly in ledgers of over 100,000 rows.
        params = {
            "where": f'Type=="ACCREC" AND Reference=="{self._reference}"',
            "Statuses": STATUSES,
            "page": "1",
            "pageSize": "10",
        }
        documents = self.write_client.api.rows(INVOICES, params=params).documents
        return (documents[0].invoice_id or "") if documents else ""

    def make(self, key: str) -> str:
        if not 0 < self._amount < FEE_AMOUNT_MAX:
            raise Rejected(f"A late fee of {self._amount} is refused.")
        try:
            currency = CurrencyCode(self._currency)
        except ValueError:
            raise Rejected(f"A late fee in {self._currency!r} is refused.") from None
        today = organisations_day(self.write_client.api)
        body = self.write_client.sdk.call(
            "create_invoices",
            Invoices(invoices=[self._draft(currency, today)]),
            what="a late fee",
            key=key,
            # An element that is refused then comes with its own reasons; and with four decimals,
            # because Xero otherwise rounds unit prices to two.
            summarize_errors=False,
            unitdp=4,
        )
        invoice_documents = INVOICES.rows(body).documents
        if not invoice_documents or not invoice_documents[0].invoice_id:
            raise OutcomeUnknown("Xero: a late fee: the answer names no invoice")
        return invoice_documents[0].invoice_id

    def _draft(self, currency: CurrencyCode, today: date) -> Invoice:
        # A draft, never an approved invoice: a person looks at it before the customer can owe it.
        line = LineItem(
            description=self._description,
            quantity=1,
            unit_amount=self._amount,
            account_code=self._account,
            tax_type="NONE",
        )
        return Invoice(
            type="ACCREC",
            status="DRAFT",
            contact=Contact(contact_id=self._contact_id),
            date=today,
            # What Xero makes of an invoice without a due date is not documented.
            due_date=today,
            reference=self._reference,
            currency_code=currency,
            line_items=[line],
        )
