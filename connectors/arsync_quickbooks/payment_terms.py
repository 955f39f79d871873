"""Payment terms: to cash on delivery, and back to what they were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arsync.connector_sdk import SAVED_TERMS, Receipt, Write
from arsync.core.actions import Action, RestoreTermsPayload, payload_of
from arsync.errors import HealsWhen, Rejected
from arsync_quickbooks import errors
from arsync_quickbooks.documents import CustomerDoc, TermDoc
from arsync_quickbooks.records import is_cash_on_delivery
from arsync_quickbooks.write_client import WriteClient, request_id

COD_NAMES = ("COD", "Cash on delivery")
"""Names for a term of our own, where the company has none of 0 days: an inactive term may have the
first name, and names are unique."""

NO_TERMS = "none"
"""Saved for a customer without terms. An empty text means that they are not known."""


class CashOnDelivery:
    """Terms to cash on delivery; they apply to future invoices only."""

    def __init__(self, write_client: WriteClient) -> None:
        self._write_client = write_client

    def prepare(self, action: Action) -> Mapping[str, str]:
        """Keep the terms as they are."""
        return {SAVED_TERMS: terms_of(self._write_client.customer(action.contact_id)) or NO_TERMS}

    def perform(self, write: Write) -> Receipt:
        """Set the terms where they are not set."""
        from arsync_quickbooks import sdk

        # The company's own term is taken first: a second one of 0 days would confuse its people.
        usable = cash_terms(self._write_client)
        term_id = usable[0] if usable else self._created(write)

        def change(customer: CustomerDoc) -> dict[str, Any] | None:
            if terms_of(customer) in {*usable, term_id}:
                return None
            return {"SalesTermRef": sdk.content(sdk.reference_to(term_id))}

        customer_id = write.action.contact_id
        self._write_client.update_customer(write, customer_id, change)
        return Receipt(customer_id, f"cash on delivery for {_name(write)}")

    def find(self, write: Write) -> Receipt | None:
        """Look at the terms."""
        current = _terms_now(self._write_client, write)
        if current and current in cash_terms(self._write_client):
            return Receipt(write.action.contact_id, f"cash on delivery for {_name(write)}")
        return None

    def _created(self, write: Write) -> str:
        from arsync_quickbooks import sdk

        for name in COD_NAMES:
            try:
                term = self._write_client.client.put(
                    "Term", sdk.content(sdk.term(name)), request_id(write, "term", name)
                )
                return str(term["Id"])
            except errors.QuickBooksRejected as refused:
                if errors.DUPLICATE_NAME not in refused.codes:
                    raise
        raise Rejected(
            "QuickBooks has no active payment term of 0 days, and the names"
            f" {' and '.join(COD_NAMES)} are taken. Make one there.",
            heals_when=HealsWhen.SETTING,
        )


class Restored:
    """Terms back to what they were, unless a person has changed them meanwhile."""

    def __init__(self, write_client: WriteClient) -> None:
        self._write_client = write_client

    def prepare(self, action: Action) -> Mapping[str, str]:
        """Keep the terms as they are."""
        return {"terms": terms_of(self._write_client.customer(action.contact_id))}

    def perform(self, write: Write) -> Receipt:
        """Set the saved terms where ours still stand."""
        from arsync_quickbooks import sdk

        saved, cash_on_delivery = _saved(write), cash_terms(self._write_client)
        customer_id = write.action.contact_id

        def change(customer: CustomerDoc) -> dict[str, Any] | None:
            current = terms_of(customer)
            if current == saved or current not in cash_on_delivery:
                return None
            if saved:
                return {"SalesTermRef": sdk.content(sdk.reference_to(saved))}
            # A sparse update cannot empty a reference.
            return self._write_client.whole_without("Customer", customer_id, "SalesTermRef")

        self._write_client.update_customer(write, customer_id, change)
        return Receipt(customer_id, f"terms restored for {_name(write)}")

    def find(self, write: Write) -> Receipt | None:
        """Look whether our terms still stand."""
        current = _terms_now(self._write_client, write)
        if current is None:
            return None
        if current == _saved(write) or current not in cash_terms(self._write_client):
            return Receipt(write.action.contact_id, f"terms restored for {_name(write)}")
        return None


def _saved(write: Write) -> str:
    """Return the id of the terms to restore, empty for none.

    Raises:
        Rejected: it is not known; terms are never guessed.
    """
    text = payload_of(write.action, RestoreTermsPayload).saved or write.before.get(SAVED_TERMS, "")
    if text != NO_TERMS and not text.isdecimal():
        raise Rejected(f"it is not known what the terms of {_name(write)} were.")
    return "" if text == NO_TERMS else text


def cash_terms(write_client: WriteClient) -> tuple[str, ...]:
    """Return the ids of the usable terms of 0 days, plain ones before those with a discount."""
    term_docs = [term for term in write_client.reader.terms() if is_cash_on_delivery(term)]
    return tuple(term.id or "" for term in sorted(term_docs, key=_has_discount))


def _has_discount(term: TermDoc) -> bool:
    return bool(term.discount_percent)


def _terms_now(write_client: WriteClient, write: Write) -> str | None:
    customer = write_client.look("Customer", write.action.contact_id, CustomerDoc)
    return None if customer is None else terms_of(customer)


def terms_of(customer: CustomerDoc) -> str:
    """Return the id of a customer's terms; empty for none."""
    return (customer.sales_term_ref and customer.sales_term_ref.value) or ""


def _name(write: Write) -> str:
    return write.action.contact_name or write.action.contact_id
