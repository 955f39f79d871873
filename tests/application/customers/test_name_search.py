"""What a name or an id means, where a customer and an invoice have the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.builders.desk import DeskDriver, a_desk
from tests.builders.driver import an_owner

from arsync.application.agreements import payment_plans
from arsync.application.agreements.promises import PromiseToPay, promise
from arsync.application.customers.name_search import CustomerId, subject_anywhere
from arsync.core.actions import PromisePayload
from arsync.core.ledger.agreements.plan_terms import Terms

OWNER = an_owner("Hannah Reid")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DeskDriver]:
    """A ledger in which an invoice of one customer has another customer's id for its number."""
    with a_desk(tmp_path) as opened:
        other = opened.books.invoices["i4"]
        opened.books.invoices["i4"] = other._replace(number="c1")
        list(opened.container.rebuild("books"))
        yield opened


def test_an_id_of_a_customer_means_no_invoice(desk: DeskDriver) -> None:
    app = desk.container
    _, (contact, invoice) = subject_anywhere(app, "c1", "books")
    assert invoice is not None
    _, (contact, invoice) = subject_anywhere(app, CustomerId("c1"), "books")
    assert (contact.name, invoice) == ("Elmhurst Tools", None)


def test_agreements_of_a_customer_are_its_own(desk: DeskDriver) -> None:
    day = desk.container.today(desk.container.connections("books")[0]) + timedelta(10)
    recorded = promise(OWNER, desk.container, [CustomerId("c1")], PromiseToPay(day))
    assert recorded.row is not None
    assert isinstance(recorded.row.action.payload, PromisePayload)
    assert recorded.row.action.contact_id == "c1"
    terms = Terms(equal_parts=2, first=date(2026, 12, 10))
    schedule = payment_plans.preview(OWNER, desk.container, [CustomerId("c1")], terms)
    assert schedule.customer == "Elmhurst Tools"
