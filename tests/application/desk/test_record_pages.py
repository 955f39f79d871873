"""Customers, invoices and actions a page at a time, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from tests.builders.desk import DeskDriver, a_desk
from tests.builders.driver import an_owner

from arsync.application.customers.name_search import NotFound
from arsync.application.desk.record_pages import (
    ActionsWanted,
    WantedPage,
    action_of_key,
    actions_page,
    customers_page,
    invoices_page,
    one_customer,
    one_invoice,
)
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.core.actions import ActionKind, ActionState

OWNER = an_owner("Hannah Reid")
WHOLE = WantedPage(200)


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[DeskDriver]:
    is_sqlite = request.param == "sqlite"
    store = "sqlite:///arsync.db" if is_sqlite else request.getfixturevalue("postgresql_schema")
    with a_desk(tmp_path, store=store) as opened:
        yield opened


@pytest.fixture
def books(desk: DeskDriver) -> OrganisationContext:
    (organisation,) = desk.container.contexts("books")
    return organisation


def test_a_page_begins_after_a_key(books: OrganisationContext) -> None:
    every = [row.key for row in actions_page(OWNER, books, WHOLE, ActionsWanted())]
    for place, key in enumerate(every):
        rows = actions_page(OWNER, books, WantedPage(2, key), ActionsWanted())
        assert [row.key for row in rows] == every[place + 1 : place + 3]
    customers = [view.id for view in customers_page(OWNER, books, WHOLE)]
    after = customers_page(OWNER, books, WantedPage(2, customers[2]))
    assert [view.id for view in after] == customers[3:5]
    assert [view.id for view in invoices_page(OWNER, books, WHOLE, contact_id="c1")] == [
        "i1",
        "i2",
        "i3",
    ]


def test_filters_of_actions_go_together(books: OrganisationContext) -> None:
    choice = ActionsWanted({ActionState.AWAITING_APPROVAL}, {ActionKind.CREDIT_HOLD}, "c1")
    rows = actions_page(OWNER, books, WHOLE, choice)
    assert [row.action.contact_name for row in rows] == ["Elmhurst Tools"]
    nothing = choice._replace(states={ActionState.CONFIRMED})
    assert actions_page(OWNER, books, WHOLE, nothing) == []


def test_what_is_owed_is_net_of_cash(desk: DeskDriver, books: OrganisationContext) -> None:
    desk.books.credit(desk.books.contacts["c1"], "4000.55")
    list(desk.container.pull("books"))
    (owes,) = one_customer(OWNER, books, "c1").owes
    assert (owes.owed, owes.overdue, owes.oldest_days_overdue) == (
        Decimal("2350.00"),
        Decimal("2350.00"),
        90,
    )
    oldest = one_invoice(OWNER, books, "i3")
    assert (oldest.document_amount_due, oldest.amount_due) == (Decimal("4300.55"), Decimal(300))
    assert oldest.days_overdue == 90


def test_what_is_not_there_is_not_found(books: OrganisationContext) -> None:
    for look_up in (one_customer, one_invoice):
        with pytest.raises(NotFound):
            look_up(OWNER, books, "nobody")
    with pytest.raises(NotFound):
        action_of_key(books, "0" * 32)
