"""Payment terms: to cash on delivery, and back to what they were."""

from __future__ import annotations

from typing import Any

from arsync.errors import Rejected
from arsync_xero.documents import ORGANISATION, Term
from arsync_xero.records import is_cash_on_delivery
from arsync_xero.write_client import WriteClient, WriteStep, read_contact

CASH_ON_DELIVERY = {"Day": 0, "Type": "DAYSAFTERBILLDATE"}


class PaymentTerms(WriteStep):
    """Payment terms for sales: to cash on delivery, or back to what they were."""

    def __init__(
        self,
        write_client: WriteClient,
        contact_id: str,
        sales: dict[str, Any] | None,
        *,
        restores: bool,
    ) -> None:
        """Take the terms to set.

        Args:
            write_client: what every step works with.
            contact_id: the contact.
            sales: Xero's terms for sales; None for none.
            restores: True to leave the terms alone that a person has set meanwhile.
        """
        super().__init__(write_client)
        self._contact_id = contact_id
        self._sales = sales
        self._restores = restores

    @property
    def detail(self) -> str:
        return "payment terms restored" if self._restores else "payment terms: cash on delivery"

    def found(self) -> str:
        contact = read_contact(self.write_client.api, self._contact_id)
        sales = contact.payment_terms.sales if contact.payment_terms else None
        # Terms that are no longer cash on delivery were set by a person since: theirs count.
        is_left_alone = self._restores and not is_cash_on_delivery(sales)
        return self._contact_id if is_left_alone or term_fields(sales) == self._sales else ""

    def make(self, key: str) -> str:
        contact = read_contact(self.write_client.api, self._contact_id)
        terms = contact.payment_terms
        if self._restores and not is_cash_on_delivery(terms.sales if terms else None):
            return self._contact_id
        # Plain JSON: the SDK's enum would refuse terms of a type it does not know. Bills go along,
        # because leaving them out may clear them.
        bills = term_fields(terms.bills if terms else None)
        sales = {"Sales": self._sales or self.own()}
        body = {
            "Contacts": [
                {
                    "ContactID": self._contact_id,
                    "PaymentTerms": {**sales, "Bills": bills} if bills else sales,
                }
            ]
        }
        self.write_client.sdk.call(
            "update_contact", self._contact_id, body, what="payment terms", key=key
        )
        return self._contact_id

    def own(self) -> dict[str, Any]:
        """Return the terms that apply to a contact without any: Xero cannot be told "none".

        Raises:
            Rejected: the organisation has none either.
        """
        rows = self.write_client.api.rows(ORGANISATION)
        own = rows.documents[0].payment_terms if rows.documents else None
        sales = term_fields(own.sales if own else None)
        if sales is None:
            raise Rejected(
                "The contact had no payment terms before, and Xero cannot take them off through its"
                " API: take them off in Xero."
            )
        return sales


def term_fields(term: Term | None) -> dict[str, Any] | None:
    """Return a term as Xero writes it; None for none."""
    if term is None or term.type is None or term.day is None:
        return None
    return {"Day": term.day, "Type": term.type}
