"""Ledgers that hypothesis draws: families with invoices, credits and payments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from tests.builders.records import DUE_ON, a_contact, a_credit, a_payment, an_invoice

from arsync.core.ledger.records import Account, Contact, Dispute
from arsync.core.ledger.unapplied_cash import payers

RATES = {"GBP": Decimal(1), "EUR": Decimal("0.80")}


def amounts(most: int) -> st.SearchStrategy[Decimal]:
    return st.integers(1, most).map(lambda cents: Decimal(cents) / 100)


@st.composite
def ledgers(draw: st.DrawFn, *, disputed: bool = True) -> Account:
    """Draw a family with invoices, credits and payments in some currencies."""
    ids = [f"c{number}" for number in range(draw(st.integers(1, 4)))]
    contacts: list[Contact] = [a_contact(ids[0])]
    for position, contact_id in enumerate(ids[1:]):
        parent = draw(st.sampled_from(ids[: position + 1]))
        contacts.append(a_contact(contact_id, parent_id=parent, bill_to_parent=draw(st.booleans())))
    whose, currencies = st.sampled_from(ids), st.sampled_from(["GBP", "GBP", "EUR"])

    def money(draw: st.DrawFn) -> dict[str, Any]:
        currency = draw(currencies)
        return {"contact_id": draw(whose), "currency": currency, "rate": RATES[currency]}

    invoices = [
        an_invoice(
            f"i{number}",
            total=draw(amounts(50_000)),
            due_on=DUE_ON + timedelta(draw(st.integers(-30, 60))),
            **money(draw),
        )
        for number in range(draw(st.integers(1, 5)))
    ]
    notes = [
        a_credit(f"k{number}", total=draw(amounts(50_000)), **money(draw))
        for number in range(draw(st.integers(0, 3)))
    ]
    payments = [
        a_payment(f"p{number}", amount=500, unallocated=draw(amounts(50_000)), **money(draw))
        for number in range(draw(st.integers(0, 2)))
    ]
    disputes = [
        Dispute(invoice.id, DUE_ON, "late", amount=draw(st.none() | amounts(50_000)))
        for invoice in invoices
        if disputed and draw(st.integers(0, 4)) == 0
    ]
    return Account(
        tuple(contacts),
        tuple(invoices),
        payments=tuple(payments),
        credits=tuple(notes),
        disputes=tuple(disputes),
    )


def pooled(account: Account, parts: Iterable[tuple[str, str, Decimal]]) -> dict[Any, Decimal]:
    """Return sums by who pays and in which currency."""
    pays = payers(account.contacts)
    sums: dict[Any, Decimal] = defaultdict(Decimal)
    for contact_id, currency, amount in parts:
        sums[pays.get(contact_id, contact_id), currency] += amount
    return sums
