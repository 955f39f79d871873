"""Concentration: shares by hand, and what holds between them."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from tests.builders.records import a_contact, a_credit, an_invoice

from arsync.core.analytics.concentration import (
    LARGEST_MAX,
    Concentration,
    concentrations,
)
from arsync.core.ledger.records import Account

DAY = date(2026, 11, 30)


def an_account(contact: str, *amounts: int, currency: str = "GBP", rate: str = "1") -> Account:
    invoices = tuple(
        an_invoice(
            f"{contact}-{number}", contact, total=amount, currency=currency, rate=Decimal(rate)
        )
        for number, amount in enumerate(amounts)
    )
    return Account((a_contact(contact, f"Customer {contact}"),), invoices)


def of(*accounts: Account) -> tuple[Concentration, ...]:
    return concentrations(accounts, DAY, zone=UTC, base_currency="GBP")


def test_shares_are_those_by_hand() -> None:
    (row,) = of(an_account("a", 300, 300), an_account("b", 300), an_account("c", 100))
    assert [debtor.contact for debtor in row.largest] == ["Customer a", "Customer b", "Customer c"]
    assert [debtor.percent for debtor in row.largest] == [60, 30, 10]
    # 0.36 + 0.09 + 0.01
    assert row.herfindahl == Decimal("0.46")
    assert row.equal_customers == Decimal("2.173913")
    assert (row.customers, row.largest_percent) == (3, Decimal(100))


def test_only_the_largest_are_named() -> None:
    accounts = [an_account(f"c{number:02}", 100 + number) for number in range(LARGEST_MAX + 1)]
    (row,) = of(*accounts)
    assert len(row.largest) == LARGEST_MAX
    assert "Customer c00" not in {debtor.contact for debtor in row.largest}
    assert row.largest_percent < 100


def test_currencies_are_added_in_the_base_one_alone() -> None:
    pounds, dollars = an_account("a", 100), an_account("b", 100, currency="USD", rate="0.5")
    krones = Account(
        (a_contact("n"),), (an_invoice("n1", "n", currency="NOK", rate=None, total=5),)
    )
    rows = of(pounds, dollars, krones)
    assert [(row.currency, row.in_base, int(row.owed)) for row in rows] == [
        ("GBP", False, 100),
        ("NOK", False, 5),
        ("USD", False, 100),
        ("GBP", True, 150),
    ]
    assert rows[-1].unrated == ("INV-n1 (NOK)",)


def test_money_in_hand_and_later_invoices_do_not_count() -> None:
    account = an_account("a", 100)
    later = an_invoice("l", "a", issued_on=DAY + timedelta(1), due_on=DAY + timedelta(31))
    account = account._replace(
        invoices=(*account.invoices, later),
        credits=(a_credit("cr", "a", total=40, rate=Decimal(1)),),
    )
    (row,) = of(account)
    assert row.owed == 60


def test_nothing_owed_has_no_rows() -> None:
    assert of(Account((a_contact(),))) == ()


@given(amounts=st.lists(st.integers(1, 10_000), min_size=1, max_size=30))
def test_the_index_lies_between_equal_and_one(amounts: list[int]) -> None:
    (row,) = of(*(an_account(f"c{number}", amount) for number, amount in enumerate(amounts)))
    assert Decimal(1) / len(amounts) - Decimal("0.000001") <= row.herfindahl <= 1
    assert sum(debtor.owed for debtor in row.largest) <= row.owed
    assert row.owed == sum(amounts)
