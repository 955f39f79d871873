"""Payment terms: to cash on delivery, and back to what they were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arsync.connector_sdk import CHANGED_TERMS, SAVED_TERMS, Receipt, Write
from arsync.core.actions import Action, RestoreTermsPayload, TermsPayload, payload_of
from arsync.core.ledger.payment_terms import CASH, TermsKind, terms_in_force
from arsync.errors import HealsWhen, Rejected
from arsync_quickbooks import errors
from arsync_quickbooks.documents import CustomerDoc, TermDoc
from arsync_quickbooks.records import is_called, is_due_after
from arsync_quickbooks.write_client import WriteClient, request_id

COD_NAMES = ("COD", "Cash on delivery")
"""Names for a term of our own, where the company has none of 0 days: an inactive term may have the
first name, and names are unique."""

NO_TERMS = "none"
"""Saved for a customer without terms. An empty text means that they are not known."""


class HoldTerms:
    """Terms to those of the hold; they apply to future invoices only."""

    def __init__(self, write_client: WriteClient) -> None:
        self._write_client = write_client

    def prepare(self, action: Action) -> Mapping[str, str]:
        """Keep the terms as they are."""
        own = terms_of(self._write_client.customer(action.contact_id)) or NO_TERMS
        return {SAVED_TERMS: own, CHANGED_TERMS: payload_of(action, TermsPayload).terms}

    def perform(self, write: Write) -> Receipt:
        """Set the terms where they are not set."""
        from arsync_quickbooks import sdk

        # The company's own term is taken first: a second one would confuse its people.
        words = payload_of(write.action, TermsPayload).terms
        usable = terms_as(self._write_client, words)
        term_id = usable[0] if usable else self._created(write)

        def change(customer: CustomerDoc) -> dict[str, Any] | None:
            if terms_of(customer) in {*usable, term_id}:
                return None
            return {"SalesTermRef": sdk.content(sdk.reference_to(term_id))}

        customer_id = write.action.contact_id
        self._write_client.update_customer(write, customer_id, change)
        return Receipt(customer_id, f"{words or CASH} for {_name(write)}")

    def find(self, write: Write) -> Receipt | None:
        """Look at the terms."""
        current = _terms_now(self._write_client, write)
        words = payload_of(write.action, TermsPayload).terms
        if current and current in terms_as(self._write_client, words):
            return Receipt(write.action.contact_id, f"{words or CASH} for {_name(write)}")
        return None

    def _created(self, write: Write) -> str:
        from arsync_quickbooks import sdk

        terms = terms_in_force(payload_of(write.action, TermsPayload).terms)
        if terms.kind is TermsKind.NAMED:
            raise Rejected(
                f"QuickBooks has no active payment term called {terms.name!r}.",
                heals_when=HealsWhen.SETTING,
            )
        names = (f"Net {terms.days}", f"{terms.days} days") if terms.days else COD_NAMES
        for name in names:
            try:
                term = self._write_client.client.put(
                    "Term", sdk.content(sdk.term(name, terms.days)), request_id(write, "term", name)
                )
                return str(term["Id"])
            except errors.QuickBooksRejected as refused:
                if errors.DUPLICATE_NAME not in refused.codes:
                    raise
        raise Rejected(
            f"QuickBooks has no active payment term of {terms.days} days, and the names"
            f" {' and '.join(names)} are taken. Make one there.",
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

        saved, of_hold = _saved(write), self._of_hold(write)
        customer_id = write.action.contact_id

        def change(customer: CustomerDoc) -> dict[str, Any] | None:
            current = terms_of(customer)
            if current == saved or current not in of_hold:
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
        if current == _saved(write) or current not in self._of_hold(write):
            return Receipt(write.action.contact_id, f"terms restored for {_name(write)}")
        return None

    def _of_hold(self, write: Write) -> tuple[str, ...]:
        words = payload_of(write.action, RestoreTermsPayload).changed_to
        return terms_as(self._write_client, words)


def _saved(write: Write) -> str:
    """Return the id of the terms to restore, empty for none.

    Raises:
        Rejected: it is not known; terms are never guessed.
    """
    text = payload_of(write.action, RestoreTermsPayload).saved or write.before.get(SAVED_TERMS, "")
    if text != NO_TERMS and not text.isdecimal():
        raise Rejected(f"it is not known what the terms of {_name(write)} were.")
    return "" if text == NO_TERMS else text


def terms_as(write_client: WriteClient, words: str) -> tuple[str, ...]:
    """Return the ids of usable terms as a rulebook says them, plain ones before a discount's.

    An empty text stands for cash on delivery.
    """
    terms = terms_in_force(words)
    term_docs = [
        term
        for term in write_client.reader.terms()
        if (
            is_called(term, terms.name)
            if terms.kind is TermsKind.NAMED
            else is_due_after(term, terms.days)
        )
    ]
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
