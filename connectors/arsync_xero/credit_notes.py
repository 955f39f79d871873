"""Discounts: a draft credit note, which a person approves and allocates in Xero."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from xero_python.accounting import (
    Contact,
    CreditNote,
    CreditNotes,
    CurrencyCode,
    LineAmountTypes,
    LineItem,
)

from arsync.core.ledger.money import ZERO, rounded, shown
from arsync.errors import OutcomeUnknown, Rejected
from arsync_xero.documents import CREDIT_NOTES, LINES, LineDocument
from arsync_xero.late_fees import FEE_AMOUNT_MAX, marked_reference
from arsync_xero.read_client import organisations_day
from arsync_xero.write_client import WriteClient, WriteStep


class DiscountCredit(WriteStep):
    """A draft credit note over a discount, found again by its reference."""

    always_look = True

    def __init__(
        self,
        write_client: WriteClient,
        contact_id: str,
        invoice_id: str,
        *,
        amount: Decimal,
        currency: str,
        description: str,
        about: str,
    ) -> None:
        super().__init__(write_client)
        self._contact_id = contact_id
        self._invoice_id = invoice_id
        self._amount = amount
        self._currency = currency
        self._description = description
        self._reference = marked_reference(f"Discount {about}", write_client.mark)

    @property
    def detail(self) -> str:
        return f"draft credit note for a discount of {shown(self._amount, self._currency)}"

    def found(self) -> str:
        """Return the draft's id; also of one that a person has approved, voided or deleted."""
        where = f'Type=="ACCRECCREDIT" AND Reference=="{self._reference}"'
        params = {"where": where, "page": "1", "pageSize": "10"}
        documents = self.write_client.api.rows(CREDIT_NOTES, params=params).documents
        return (documents[0].credit_note_id or "") if documents else ""

    def make(self, key: str) -> str:
        if not 0 < self._amount < FEE_AMOUNT_MAX:
            raise Rejected(f"A credit note over {self._amount} is refused.")
        try:
            currency = CurrencyCode(self._currency)
        except ValueError:
            raise Rejected(f"A credit note in {self._currency!r} is refused.") from None
        body = self.write_client.sdk.call(
            "create_credit_notes",
            CreditNotes(credit_notes=[self._draft(currency)]),
            what="a credit note",
            key=key,
            # An element that is refused then comes with its own reasons; and with four decimals,
            # because Xero otherwise rounds unit prices to two.
            summarize_errors=False,
            unitdp=4,
        )
        documents = CREDIT_NOTES.rows(body).documents
        if not documents or not documents[0].credit_note_id:
            raise OutcomeUnknown("Xero: a credit note: the answer names none")
        return documents[0].credit_note_id

    def _draft(self, currency: CurrencyCode) -> CreditNote:
        api = self.write_client.api
        rows = api.read_one(LINES, f"Invoices/{self._invoice_id}")
        if rows is None or not rows.documents:
            raise Rejected(f"Xero: there is no invoice {self._invoice_id}.")
        invoice = rows.documents[0]
        kind = invoice.line_amount_types or ""
        # Of the invoice, which may be a branch's: only its own credit can be allocated to it.
        contact_id = invoice.contact.contact_id if invoice.contact else None
        # A draft, never an approved credit note: a person looks at it, and at its taxes, first.
        return CreditNote(
            type="ACCRECCREDIT",
            status="DRAFT",
            contact=Contact(contact_id=contact_id or self._contact_id),
            date=organisations_day(api),
            reference=self._reference,
            currency_code=currency,
            # The discount is a part of what the customer was to pay, its taxes included.
            line_amount_types=LineAmountTypes("NoTax" if kind == "NoTax" else "Inclusive"),
            line_items=[
                LineItem(
                    description=self._description,
                    quantity=1,
                    unit_amount=amount,
                    account_code=account_code or None,
                    tax_type=tax_type or None,
                )
                for (account_code, tax_type), amount in self._shares(invoice.line_items or [], kind)
            ],
        )

    def _shares(
        self, lines: list[LineDocument], kind: str
    ) -> Iterator[tuple[tuple[str, str], Decimal]]:
        """Yield the discount's share of each account and tax of the invoice; together all of it."""
        worth: dict[tuple[str, str], Decimal] = {}
        for line in lines:
            gross = line.line_amount or ZERO
            if kind == "Exclusive":
                gross += line.tax_amount or ZERO
            whose = line.account_code or "", line.tax_type or ""
            worth[whose] = worth.get(whose, ZERO) + gross
        worth = {whose: gross for whose, gross in worth.items() if gross > 0}
        worth = worth or {("", ""): Decimal(1)}
        remaining, all_worth = self._amount, sum(worth.values(), ZERO)
        for whose, gross in worth.items():
            # Of what is left, so that the last share takes up what rounding left.
            share = rounded(remaining * gross / all_worth, self._currency)
            remaining, all_worth = remaining - share, all_worth - gross
            if share:
                yield whose, share
