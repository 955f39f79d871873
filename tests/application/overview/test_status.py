"""The status tells what is owed net, whatever the ledger, and what the books say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from itertools import count

from hypothesis import HealthCheck, given, settings
from tests.builders.books import NOW, ORGANISATION, TODAY, Books
from tests.builders.drawn_ledgers import ledgers

from arsync.application.agreements.promises import listed_promises
from arsync.application.connections import connecting
from arsync.application.organisation.container import Container
from arsync.application.overview.status import status
from arsync.application.permissions import Actor, Role
from arsync.application.runs import pulling
from arsync.connector_sdk import Page
from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.records import Account, Invoice, RecordKind
from arsync.store.agreements.promises import MadePromise

OWNER = Actor("Olga", Role.OWNER)
NUMBERS = count(1)


def stored(container: Container, account: Account) -> str:
    """Store a ledger under a connection of its own; return the connection's name."""
    name = f"ledger{next(NUMBERS)}"
    row = container.store.connections.add(
        name,
        platform="books",
        organisation=ORGANISATION._replace(id=name, base_currency="GBP"),
    )
    for kind, records in (
        (RecordKind.CONTACTS, account.contacts),
        (RecordKind.INVOICES, account.invoices),
        (RecordKind.CREDITS, account.credits),
        (RecordKind.PAYMENTS, account.payments),
    ):
        container.store.ledger.apply(row.id, Page(kind, records, "next"), NOW)
    return name


def sums(invoices: Iterable[Invoice]) -> Counter[str]:
    totals: Counter[str] = Counter()
    for invoice in invoices:
        totals[invoice.currency] += invoice.amount_due  # type: ignore[assignment]
    return totals


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ledgers(disputed=False))
def test_the_status_agrees_with_the_core(container: Container, account: Account) -> None:
    name = stored(container, account)
    (organisation,) = connecting.connections(OWNER, container, name)
    told = status(OWNER, organisation)
    view = AccountView(account, TODAY, currency="GBP", base="GBP")
    owed = sums(view.owed)
    assert dict(told.totals) == sums(view.documents)
    assert dict(told.net_totals) == {code: owed.get(code, Decimal(0)) for code in told.totals}


def test_only_promises_about_open_debts_are_counted(container: Container, books: Books) -> None:
    contact = books.add_contact(1)
    invoices = [books.add_invoice(contact, number, overdue=40) for number in (1, 2, 3, 4)]
    books.pay(invoices[2])
    books.invoices["i4"] = invoices[3]._replace(expected_on=TODAY + timedelta(5))
    (organisation,) = connecting.connections(OWNER, container)
    for invoice_id, days in (("i1", -30), ("i2", 3), ("i3", -3)):
        promise = MadePromise([invoice_id], TODAY + timedelta(days), TODAY - timedelta(40))
        container.store.promises.record(organisation.id, promise, who="Olga")
    pulling.pull_ledger(OWNER, organisation)
    told = status(OWNER, connecting.connections(OWNER, container)[0])
    assert (told.open_promises, told.broken_promises) == (2, 1)
    listed = listed_promises(OWNER, container)
    assert [(view.state, view.by_platform) for view in listed] == [
        ("broken", False),
        ("open", False),
        ("open", True),
    ]
