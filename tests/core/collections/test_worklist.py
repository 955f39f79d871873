"""The worklist goes by what a call is worth, and says why in one sentence."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders.records import a_contact

from arsync.core.collections.worklist import (
    COLLECTED_BY_AGE,
    Dues,
    collected,
    dues_of,
    expected_value,
    sentence,
)
from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.records import Account, Dispute

Desk = Any


def some_dues(**values: Any) -> Dues:
    fields: dict[str, Any] = {
        "contact": a_contact("c1"),
        "invoices": (),
        "overdue": Decimal(1000),
        "oldest_days": 30,
        "days_late": 0,
        "broken": 0,
        "currency": "GBP",
    }
    return Dues(**fields | values)


def seen(desk: Desk, account: Account, ids: tuple[str, ...] = (), contact: str = "c1") -> Dues:
    view = AccountView(account, desk.today, currency="GBP", base="GBP")
    dues = dues_of(view, contact, ids)
    assert dues is not None
    return dues


def test_dues_are_net_and_of_now(desk: Desk) -> None:
    account = desk.account(
        desk.invoice("i1", 40),
        desk.invoice("i2", 5, "50.00"),
        desk.invoice("i3", -5),
        credits=(desk.credit("30.00"),),
    )
    dues = seen(desk, account)
    assert (dues.overdue, dues.oldest_days, dues.days_late) == (Decimal("120.00"), 40, None)
    assert len(dues.invoices) == 3
    assert seen(desk, account, ("i2",)).overdue == Decimal("50.00")
    assert seen(desk, account, ("i3",)).overdue == 0


def test_a_disputed_part_is_not_to_be_collected(desk: Desk) -> None:
    part = Dispute("i1", desk.today, "short", amount=Decimal(40))
    account = desk.account(desk.invoice("i1", 40), desk.invoice("i2", 5), disputes=(part,))
    assert seen(desk, account).overdue == Decimal(160)
    # How much there is to be settled, the whole of it says.
    whole = account._replace(disputes=(part._replace(amount=None),))
    assert seen(desk, whole, ("i1",)).overdue == Decimal(100)


def test_a_child_that_pays_itself_counts_alone(desk: Desk) -> None:
    child = desk.contact("c2", parent_id="c1")
    account = desk.account(
        desk.invoice("i1", 40),
        desk.invoice("i2", 5, contact="c2"),
        contacts=(desk.contact(), child),
    )
    assert seen(desk, account).overdue == Decimal("100.00")
    assert seen(desk, account, contact="c2").oldest_days == 5
    paid_for = account._replace(contacts=(desk.contact(), child._replace(bill_to_parent=True)))
    assert seen(desk, paid_for).overdue == Decimal("200.00")


def test_how_a_customer_pays_moves_the_worth() -> None:
    in_time = expected_value(some_dues(oldest_days=5))
    always_late = expected_value(some_dues(oldest_days=5, days_late=20))
    assert in_time == Decimal("940.67")
    assert always_late == Decimal("188.13")
    assert expected_value(some_dues(broken=2)) == Decimal("1348.50")
    assert expected_value(some_dues(broken=9)) == expected_value(some_dues(broken=4))
    assert expected_value(some_dues(overdue=Decimal(0), oldest_days=0)) == 0
    assert expected_value(some_dues(overdue=None)) is None


@given(st.integers(0, 1500), st.integers(0, 1500))
def test_an_older_debt_is_collected_less(first: int, second: int) -> None:
    low, high = sorted((first, second))
    assert collected(low) >= collected(high) > 0


def test_the_shares_are_those_of_the_survey() -> None:
    assert [collected(day) * 100 for day, _ in COLLECTED_BY_AGE] == [
        percent for _, percent in COLLECTED_BY_AGE
    ]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "GBP 1,000.00 overdue for 30 days, usually pays in time."),
        (
            {"days_late": 12, "broken": 2},
            "GBP 1,000.00 overdue for 30 days, pays 12 days late on average, 2 broken promises.",
        ),
        ({"days_late": None}, "GBP 1,000.00 overdue for 30 days, nothing was paid within a year."),
        ({"overdue": Decimal(0)}, "Nothing is overdue."),
        ({"overdue": None}, "What is overdue is unknown: an exchange rate is missing."),
    ],
)
def test_one_sentence_says_why(values: dict[str, Any], words: str) -> None:
    assert sentence(some_dues(**values)) == words


def test_a_larger_debt_of_the_same_age_comes_first(desk: Desk) -> None:
    small, large = desk.invoice("i1", 30, "10.00"), desk.invoice("i1", 30, "20.00")
    values = [expected_value(seen(desk, desk.account(invoice))) for invoice in (small, large)]
    assert values[0] is not None
    assert values[1] is not None
    assert values[0] < values[1]
    assert small.due_on == desk.today - timedelta(30)
