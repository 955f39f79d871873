"""Payment terms: to cash on delivery, and back to what they were."""

from __future__ import annotations

from typing import Any

from arsync.core.ledger.payment_terms import MONTH_DAY_MAX, TermsKind, read_terms
from arsync.errors import Rejected
from arsync_xero.documents import ORGANISATION, Term
from arsync_xero.write_client import WriteClient, WriteStep, read_contact

_TYPES = {
    TermsKind.AFTER_INVOICE: "DAYSAFTERBILLDATE",
    TermsKind.AFTER_MONTH: "DAYSAFTERBILLMONTH",
    TermsKind.CURRENT_MONTH: "OFCURRENTMONTH",
    TermsKind.FOLLOWING_MONTH: "OFFOLLOWINGMONTH",
}


def xeros_terms(text: str) -> dict[str, Any]:
    """Return terms of a rulebook as Xero writes them; an empty text for cash on delivery.

    Raises:
        Rejected: Xero has no such terms; a rulebook is checked for that before.
    """
    terms = read_terms(text)
    if terms is None or terms.kind not in _TYPES or terms.days > MONTH_DAY_MAX:
        raise Rejected(f"Xero has no payment terms {text!r}.")
    return {"Day": terms.days, "Type": _TYPES[terms.kind]}


class PaymentTerms(WriteStep):
    """Payment terms for sales: to cash on delivery, or back to what they were."""

    def __init__(
        self,
        write_client: WriteClient,
        contact_id: str,
        sales: dict[str, Any] | None,
        *,
        instead_of: dict[str, Any] | None = None,
        words: str = "restored",
    ) -> None:
        """Take the terms to set.

        Args:
            write_client: what every step works with.
            contact_id: the contact.
            sales: Xero's terms for sales; None for none.
            instead_of: the terms that a hold set, to leave those alone that a person has set
                meanwhile; None: whatever stands there is changed.
            words: what the terms are then, for people.
        """
        super().__init__(write_client)
        self._contact_id = contact_id
        self._sales = sales
        self._instead_of = instead_of
        self._words = words

    @property
    def detail(self) -> str:
        return f"payment terms{' ' if self._words == 'restored' else ': '}{self._words}"

    def found(self) -> str:
        contact = read_contact(self.write_client.api, self._contact_id)
        sales = contact.payment_terms.sales if contact.payment_terms else None
        is_done = self._is_left_alone(sales) or term_fields(sales) == self._sales
        return self._contact_id if is_done else ""

    def _is_left_alone(self, sales: Term | None) -> bool:
        # Terms that are no longer those of the hold were set by a person since: theirs count.
        return self._instead_of is not None and term_fields(sales) != self._instead_of

    def make(self, key: str) -> str:
        contact = read_contact(self.write_client.api, self._contact_id)
        terms = contact.payment_terms
        if self._is_left_alone(terms.sales if terms else None):
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
