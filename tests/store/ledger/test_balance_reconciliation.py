"""What the copy adds up to by contact is compared with the platform's own figure, in SQL."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from tests.builders.records import an_invoice

from arsync.connector_sdk import Page
from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.records import (
    Contact,
    Credit,
    Difference,
    DocumentProblem,
    Invoice,
    OwnBalance,
    Payment,
    RecordKind,
)
from arsync.store import Store
from arsync.store.ledger import balance_reconciliation
from arsync.store.models import ConnectionRow

NOW = datetime(2026, 11, 18, 10, tzinfo=UTC)
DAY = date(2026, 11, 1)


def invoice(number: int, contact: str, due: str, **more: object) -> Invoice:
    return an_invoice(f"i{number}", contact, issued_on=DAY, due_on=DAY, total=due, **more)


def keep(store: Store, connection: ConnectionRow, *pages: Page) -> None:
    for page in pages:
        store.ledger.apply(connection.id, page, NOW)


@pytest.fixture
def ledger(store: Store, connection: ConnectionRow) -> Store:
    """Ada owes 120.10 and has 30.10 in hand; Bob's is in euros, Eva's in both; Cem became Ada."""
    keep(
        store,
        connection,
        Page(
            RecordKind.CONTACTS,
            [
                Contact("ada", "Ada"),
                Contact("bob", "Bob", currency="EUR"),
                Contact("cem", "Cem", status="merged", merged_into="ada"),
                Contact("dov", "Dov"),
                Contact("eva", "Eva"),
            ],
            "1",
        ),
        Page(
            RecordKind.INVOICES,
            [
                invoice(1, "ada", "100"),
                invoice(2, "ada", "20.10"),
                invoice(3, "ada", "999", status="voided"),
                invoice(4, "bob", "50", currency="EUR", rate=Decimal("0.8")),
                invoice(5, "eva", "40"),
                invoice(6, "eva", "30", currency="EUR", rate=Decimal("0.8")),
            ],
            "2",
        ),
        Page(
            RecordKind.CREDITS,
            [
                Credit(
                    "k1",
                    "ada",
                    CreditKind.CREDIT_NOTE,
                    "CN-1",
                    "open",
                    DAY,
                    "GBP",
                    None,
                    Decimal(40),
                    Decimal(10),
                ),
            ],
            "3",
        ),
        Page(
            RecordKind.PAYMENTS,
            [
                Payment("p1", "ada", "active", DAY, "GBP", None, Decimal(50), Decimal("20.10")),
                Payment("p2", "ada", "voided", DAY, "GBP", None, Decimal(50), Decimal(50)),
            ],
            "4",
        ),
    )
    return store


def found(store: Store, connection: ConnectionRow, *balances: OwnBalance) -> list[Difference]:
    store.ledger.save_balances(connection.id, balances, NOW)
    return store.ledger.compare(connection.id, {balance.contact_id for balance in balances})


COMPARED: tuple[tuple[OwnBalance, str | None], ...] = (
    (OwnBalance("ada", Decimal("120.10"), less_credits=False), None),
    (OwnBalance("ada", Decimal(90), less_credits=True), None),
    (OwnBalance("ada", Decimal(90)), None),
    (OwnBalance("ada", Decimal("120.10")), None),
    (OwnBalance("ada", Decimal("120.10"), less_credits=True), "90"),
    (OwnBalance("ada", Decimal(0), less_credits=False), "120.10"),
    (OwnBalance("bob", Decimal(50), less_credits=False), None),
    (OwnBalance("bob", Decimal(40), less_credits=False, in_base=True), None),
    (OwnBalance("bob", Decimal(49), less_credits=False), "50"),
    (OwnBalance("bob", Decimal(49), less_credits=True, in_base=None), None),
    (OwnBalance("bob", Decimal(0), less_credits=True, in_base=None), "50"),
    (OwnBalance("eva", Decimal(70), less_credits=False), None),
    (OwnBalance("eva", Decimal(0), less_credits=False), "30"),
    (OwnBalance("dov", Decimal(0), less_credits=False), None),
    (OwnBalance("dov", Decimal(7), less_credits=False), "0"),
    (OwnBalance("cem", Decimal(7), less_credits=False), None),
    (OwnBalance("nobody", Decimal(7), less_credits=False), None),
)


def test_what_a_contact_owes_is_compared_to_the_cent(
    ledger: Store, connection: ConnectionRow
) -> None:
    for balance, copy in COMPARED:
        expected = [] if copy is None else [(balance.contact_id, balance.amount, Decimal(copy))]
        differences = found(ledger, connection, balance)
        assert [
            (difference.contact_id, difference.theirs, difference.ours)
            for difference in differences
        ] == expected, balance


def test_differences_are_kept_until_resolved_and_shown_largest_first(
    ledger: Store, connection: ConnectionRow
) -> None:
    balances = [
        OwnBalance("ada", Decimal(0), less_credits=False),
        OwnBalance("dov", Decimal(7), less_credits=False),
    ]
    apart = found(ledger, connection, *balances)
    ledger.ledger.save_differences(connection.id, ["ada", "bob", "dov"], apart, NOW)
    names = [difference.contact_name for difference in ledger.ledger.differences(connection.id)]
    assert names == ["Ada", "Dov"]
    ledger.ledger.save_differences(connection.id, ["ada"], [], NOW)
    assert ledger.ledger.differences(connection.id) == apart[1:]


def test_customers_with_unreadable_documents_are_not_compared(
    ledger: Store, connection: ConnectionRow
) -> None:
    problem = DocumentProblem(RecordKind.PAYMENTS, "p9", "", "odd", invoice_ids=("i1",))
    ledger.ledger.apply(connection.id, Page(RecordKind.PAYMENTS, (), "5", problems=(problem,)), NOW)
    assert found(ledger, connection, OwnBalance("ada", Decimal(0), less_credits=False)) == []


def test_summing_a_large_ledger_whole_gives_equal_figures(
    ledger: Store, connection: ConnectionRow
) -> None:
    many = [Contact(f"c{number:05}", f"Customer {number}") for number in range(2_001)]
    keep(ledger, connection, Page(RecordKind.CONTACTS, many, "6"))
    balances = [OwnBalance(contact.id, Decimal(0), less_credits=False) for contact in many]
    apart = found(ledger, connection, *balances, OwnBalance("ada", Decimal(1), less_credits=False))
    assert [(difference.contact_id, difference.ours) for difference in apart] == [
        ("ada", Decimal("120.10"))
    ]


def test_each_contact_is_tied_out_by_its_own_balance(
    ledger: Store, connection: ConnectionRow
) -> None:
    balances = (
        OwnBalance("ada", Decimal("90.10"), less_credits=True),
        OwnBalance("bob", Decimal("40.00"), less_credits=None, in_base=None),
        OwnBalance("cem", Decimal(7)),
        OwnBalance("dov", Decimal(5)),
    )
    ledger.ledger.save_balances(connection.id, balances, NOW)
    rows = ledger.ledger.contact_balances(connection.id, DAY)
    assert [
        (row.name, row.currency, row.owed, row.in_hand, row.here, row.at_platform)
        for row in rows
        if row.name != "Eva"
    ] == [
        ("Ada", "GBP", Decimal("120.10"), Decimal("30.10"), Decimal("90.00"), Decimal("90.10")),
        # 50 euros at the recorded rate are 40 pounds: the figure may mean either.
        ("Bob", "EUR", Decimal(50), Decimal(0), Decimal(50), Decimal(50)),
        ("Dov", "GBP", Decimal(0), Decimal(0), Decimal(0), Decimal(5)),
    ]
    ledger.ledger.drop_balances(connection.id, ["ada", "bob", "dov"])
    rows = ledger.ledger.contact_balances(connection.id, DAY - timedelta(1))
    assert [(row.name, row.later, row.here) for row in rows if row.name != "Eva"] == [
        ("Ada", Decimal("120.10"), None),
        ("Bob", Decimal(50), None),
    ]
    assert rows[0].why_not == "the platform's own figure is not known yet"


def test_old_copies_of_unreadable_invoices_are_left_out(
    ledger: Store, connection: ConnectionRow
) -> None:
    problem = DocumentProblem("invoices", "i1", "INV-1", "odd", "ada")
    balance = OwnBalance("ada", Decimal("90.00"), less_credits=True)
    page = Page(RecordKind.INVOICES, (), "x", (problem,), balances=(balance,))
    keep(ledger, connection, page)
    ada = ledger.ledger.contact_balances(connection.id, DAY)[0]
    assert (ada.owed, ada.here, ada.at_platform) == (
        Decimal("20.10"),
        Decimal("-10.00"),
        Decimal("90.00"),
    )


def test_money_in_several_currencies_is_not_compared(
    ledger: Store, connection: ConnectionRow
) -> None:
    keep(
        ledger,
        connection,
        Page(RecordKind.INVOICES, [invoice(9, "ada", "9", currency="USD", rate=Decimal(1))], "9"),
    )
    ledger.ledger.save_balances(connection.id, [OwnBalance("ada", Decimal(99))], NOW)
    of_ada = [
        row for row in ledger.ledger.contact_balances(connection.id, DAY) if row.name == "Ada"
    ]
    assert [(row.currency, row.here) for row in of_ada] == [("GBP", None), ("USD", None)]
    assert {row.why_not for row in of_ada} == {
        "money is open in several currencies, and the figure is one"
    }


def test_a_large_ledger_is_compared_in_portions(
    store: Store, connection: ConnectionRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(balance_reconciliation, "COMPARED_AT_ONCE", 2)
    names = [f"c{number}" for number in range(5)]
    contacts = [Contact(name, name.upper()) for name in names]
    invoices = [invoice(number, name, "10") for number, name in enumerate(names)]
    keep(
        store,
        connection,
        Page(RecordKind.CONTACTS, contacts, "1"),
        Page(RecordKind.INVOICES, invoices, "2"),
    )
    figures = [OwnBalance(name, Decimal(10)) for name in names[:4]]
    differing = found(store, connection, *figures, OwnBalance("c4", Decimal(7)))
    assert [(difference.contact_id, difference.theirs) for difference in differing] == [
        ("c4", Decimal(7))
    ]
    # One of whom no figure is kept has nothing to differ from.
    store.ledger.drop_balances(connection.id, ["c4"])
    assert store.ledger.compare(connection.id, names) == []
