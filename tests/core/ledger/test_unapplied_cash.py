"""Unapplied cash covers its owner's invoices: the oldest first, in one currency, nobody else's."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders.drawn_ledgers import ledgers, pooled
from tests.builders.records import (
    DUE_ON,
    a_contact,
    a_credit,
    a_debtor,
    a_payment,
    an_invoice,
)

from arsync.core.ledger.account_view import AccountView, Agreed, ContactView
from arsync.core.ledger.records import Account, Dispute, Promise
from arsync.core.ledger.unapplied_cash import UnappliedCash, payers

TODAY = DUE_ON + timedelta(50)


def view_of(account: Account, counts: UnappliedCash = UnappliedCash.NET) -> AccountView:
    return AccountView(account, TODAY, currency="GBP", base="GBP", unapplied_cash=counts)


def net(account: Account, counts: UnappliedCash = UnappliedCash.NET) -> dict[str, str]:
    return {invoice.id: str(invoice.amount_due) for invoice in view_of(account, counts).owed}


def late(number: int, amount: Any = 100, contact: str = "c1", **fields: Any) -> Any:
    """Make an invoice over an amount; a higher number is due later."""
    due_on = DUE_ON + timedelta(number)
    return an_invoice(f"i{number}", contact, total=amount, due_on=due_on, **fields)


def test_cash_covers_the_oldest_invoice_first() -> None:
    account = a_debtor(late(2, 50), late(1, 100), credits=(a_credit(total=120),))
    assert net(account) == {"i2": "30"}
    assert view_of(account).owed[0].total == 50


def test_payments_and_credits_are_one_pool() -> None:
    account = a_debtor(
        late(1, 100),
        credits=(a_credit(total=30), a_credit("cr2", kind="prepayment", total=30)),
        payments=(a_payment(amount=90, unallocated=30),),
    )
    assert net(account) == {"i1": "10"}
    parts = view_of(account).cash_covers["i1"]
    assert [f"{cover.cash.words}: {cover.amount}" for cover in parts] == [
        "credit note CN-1: 30",
        "prepayment CN-1: 30",
        "payment of 2026-10-01: 30",
    ]


@pytest.mark.parametrize(
    "gone",
    [
        {"credits": (a_credit(status="voided"),)},
        {"credits": (a_credit(status="draft"),)},
        {"credits": (a_credit(status="paid", unallocated=0),)},
        {"payments": (a_payment(status="deleted", unallocated=100),)},
    ],
)
def test_what_is_voided_or_used_up_covers_nothing(gone: Any) -> None:
    assert net(a_debtor(late(1), **gone)) == {"i1": "100"}


def test_a_part_counts_unless_only_a_whole_does() -> None:
    account = a_debtor(late(1), late(2, 20), late(3), credits=(a_credit(total=110),))
    assert net(account) == {"i2": "10", "i3": "100"}
    # The 10 that are left would be matched to the second: the third gets nothing of them.
    assert net(account, UnappliedCash.ONLY_IN_FULL) == {"i2": "20", "i3": "100"}
    assert net(account, UnappliedCash.IGNORE) == {"i1": "100", "i2": "20", "i3": "100"}


def test_cash_covers_first_what_can_be_chased() -> None:
    invoices = (late(1), late(2), late(3))
    account = a_debtor(
        *invoices,
        credits=(a_credit(total=120),),
        disputes=(Dispute("i1", DUE_ON, "late"),),
        promises=(Promise(("i2",), TODAY + timedelta(1), None, TODAY),),
    )
    assert net(account) == {"i1": "80", "i2": "100"}


@pytest.mark.parametrize(("dollars", "left"), [("124", {"i1": "100"}), ("125", {})])
def test_another_currency_counts_where_it_covers_all(dollars: str, left: Any) -> None:
    credit = a_credit(currency="EUR", rate="0.80", total=dollars)
    assert net(a_debtor(late(1), credits=(credit,))) == left
    assert net(a_debtor(late(1), credits=(credit,)), UnappliedCash.ONLY_IN_FULL) == left


def test_two_currencies_together_cover_a_whole() -> None:
    account = a_debtor(
        late(1), credits=(a_credit(total=40), a_credit("e", currency="EUR", rate="0.80", total=75))
    )
    assert net(account) == {}
    assert net(account, UnappliedCash.ONLY_IN_FULL) == {}


def test_cash_without_a_rate_covers_no_other_currency() -> None:
    account = a_debtor(late(1), credits=(a_credit(currency="USD", total=9000),))
    assert net(account) == {"i1": "100"}
    # Nobody asked what it is worth, so no plan complains of it.
    assert view_of(account).converter.missing == []


FAMILY = (
    a_contact("c1"),
    a_contact("job", parent_id="c1", bill_to_parent=True),
    a_contact("task", parent_id="job", bill_to_parent=True),
    a_contact("north", parent_id="c1"),
    a_contact("south", parent_id="c1"),
    a_contact("site", parent_id="south", bill_to_parent=True),
    a_contact("old", merged_into="south"),
)


def test_whoever_is_billed_with_the_parent_shares_its_money() -> None:
    assert payers(FAMILY) == {"job": "c1", "task": "c1", "site": "south", "old": "south"}


def test_a_circle_of_contacts_has_one_payer() -> None:
    circle = (a_contact("b", merged_into="a"), a_contact("a", merged_into="b"))
    assert set(payers(circle).values()) == {"a"}


@pytest.mark.parametrize(
    ("owner", "left"),
    [
        ("c1", {"i4", "i5", "i6"}),
        ("task", {"i4", "i5", "i6"}),
        ("north", {"i1", "i2", "i3", "i5", "i6"}),
        ("south", {"i1", "i2", "i3", "i4"}),
        ("old", {"i1", "i2", "i3", "i4"}),
        ("nobody", {"i1", "i2", "i3", "i4", "i5", "i6"}),
    ],
)
def test_money_covers_only_its_owners_invoices(owner: str, left: set[str]) -> None:
    invoices = (
        late(1, contact="c1"),
        late(2, contact="job"),
        late(3, contact="task"),
        late(4, contact="north"),
        late(5, contact="south"),
        late(6, contact="site"),
    )
    credit = a_credit(contact_id=owner, total=900)
    account = Account(FAMILY, invoices, credits=(credit,))
    assert set(net(account)) == left
    # The exposure is the whole family's, whoever the money belongs to.
    assert view_of(account).exposure == -300


def test_a_contact_has_its_own_figures() -> None:
    account = Account(
        FAMILY,
        (late(1, contact="north"), late(2, contact="south")),
        credits=(a_credit(contact_id="north", total=60),),
    )
    account_view = view_of(account)
    north = ContactView(account_view, FAMILY[3], agreed=Agreed(), covers=frozenset({"north"}))
    south = ContactView(account_view, FAMILY[4], agreed=Agreed(), covers=frozenset({"south"}))
    assert [north.balance, north.documents_due, north.unapplied_cash] == [40, 100, 60]
    assert [south.balance, south.documents_due, south.unapplied_cash] == [100, 100, 0]
    assert [south.overdue_amount, north.documents_overdue] == [100, 100]


# Whatever the ledger


@given(ledgers(), st.sampled_from(UnappliedCash))
def test_net_sums_are_gross_less_used_cash(account: Account, counts: UnappliedCash) -> None:
    view = view_of(account, counts)
    gross = {invoice.id: invoice for invoice in view.documents}
    owed = {invoice.id: invoice.amount_due for invoice in view.owed}
    for invoice_id, document in gross.items():
        used = sum((part.amount for part in view.cash_covers.get(invoice_id, ())), Decimal(0))
        assert owed.get(invoice_id, Decimal(0)) == document.amount_due - used >= 0
        if counts is not UnappliedCash.NET:
            assert used in {0, document.amount_due}
    assert all(amount > 0 for amount in owed.values())
    if counts is UnappliedCash.IGNORE:
        assert not view.cash_covers


@given(ledgers())
def test_each_pool_owes_what_its_money_leaves(account: Account) -> None:
    view = view_of(account)
    gross = pooled(account, ((i.contact_id, i.currency, i.amount_due) for i in view.documents))
    cash = pooled(account, ((c.contact_id, c.currency, c.amount) for c in view.cash))
    owed = pooled(account, ((i.contact_id, i.currency, i.amount_due) for i in view.owed))
    for pool, due in gross.items():
        left = max(Decimal(0), due - cash[pool])
        # With other currencies a payer owes the same, or nothing at all.
        assert owed[pool] == left or not any(owed[key] for key in gross if key[0] == pool[0])


@pytest.mark.parametrize(
    ("cash", "at_first"),
    [
        ({"credits": (a_credit(total=60),)}, 40),
        ({"payments": (a_payment(amount=60, unallocated=60, paid_on=DUE_ON),)}, 40),
        ({"payments": (a_payment(amount=60, unallocated=60, paid_on=TODAY),)}, 100),
    ],
)
def test_the_debt_ran_until_the_cash_came(cash: Any, at_first: int) -> None:
    view = view_of(a_debtor(late(1), **cash))
    [invoice] = view.owed
    debt = view.late_debt(invoice)
    assert debt.at_first == at_first
    assert debt.is_complete
