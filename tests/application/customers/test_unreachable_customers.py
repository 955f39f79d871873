"""Customers who owe and cannot be written to are listed, and counted in one line."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.builders.books import Books

from arsync.application.connections import connecting
from arsync.application.customers.unreachable_customers import in_one_line, unreachable_customers
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Role
from arsync.application.runs import pulling
from arsync.core.ledger.records import Phone
from arsync.store.models import UnreachableCustomer

OWNER = Actor("Olga", Role.OWNER)
LINES = ("12 Mill Lane", "Leeds")


@pytest.fixture
def organisation(container: Container, books: Books) -> OrganisationContext:
    """Of five customers, the first three owe; the second and third lack something."""
    changes: tuple[dict[str, Any], ...] = (
        {"address": LINES},
        {"address": LINES, "email": "", "phones": (Phone("020 7946 0018"),)},
        {},
        {"email": ""},
        {"email": "", "status": "archived"},
    )
    for number, fields in enumerate(changes, 1):
        contact = books.add_contact(number)
        books.contacts[contact.id] = contact._replace(**fields)
        books.add_invoice(contact, number)
    books.pay(books.invoices["i4"])
    (connected,) = connecting.connections(OWNER, container)
    pulling.pull_ledger(OWNER, connected)
    return connected


def test_who_owes_and_cannot_be_reached_is_listed(organisation: OrganisationContext) -> None:
    assert unreachable_customers(OWNER, organisation) == [
        UnreachableCustomer("c2", "Customer 2", True, False, (Phone("020 7946 0018"),)),
        UnreachableCustomer("c3", "Customer 3", False, True, ()),
    ]


def test_an_address_on_each_invoice_suffices(
    organisation: OrganisationContext, books: Books
) -> None:
    books.invoices["i2"] = books.invoices["i2"]._replace(email="site@x.example")
    pulling.pull_ledger(OWNER, organisation)
    assert [row.contact_id for row in unreachable_customers(OWNER, organisation)] == ["c3"]
    books.add_invoice(books.contacts["c2"], 6)
    pulling.pull_ledger(OWNER, organisation)
    assert [row.contact_id for row in unreachable_customers(OWNER, organisation)] == ["c2", "c3"]
    for invoice_id in ("i2", "i6"):
        owed = books.invoices[invoice_id]
        books.invoices[invoice_id] = owed._replace(amount_due=Decimal(0), status="paid")
    pulling.pull_ledger(OWNER, organisation)
    assert [row.contact_id for row in unreachable_customers(OWNER, organisation)] == ["c3"]


def test_many_are_counted_and_a_few_are_named() -> None:
    def lacking(number: int, *, email: bool, address: bool) -> UnreachableCustomer:
        return UnreachableCustomer(f"c{number}", f"Customer {number}", email, address, ())

    assert in_one_line([]) == ""
    rows = [lacking(number, email=number == 1, address=True) for number in range(1, 6)]
    assert in_one_line(rows) == (
        "of the customers who owe, 1 has no email address (Customer 1) and 5 have no postal address"
        " (Customer 1, Customer 2, Customer 3, ...)."
    )
