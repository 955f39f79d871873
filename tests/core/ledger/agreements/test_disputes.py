"""Disputes: how much of an invoice they take out, and what the books show of their credit."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.core.conftest import Desk

from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.agreements.disputes import credited_since
from arsync.core.ledger.records import Account, Allocation, Dispute, DisputeOutcome

PART = Dispute(
    "i1",
    Desk.today - timedelta(5),
    "short",
    amount=Decimal(200),
    due_then=Decimal(1000),
    total_then=Decimal(1000),
)
AGREED = PART._replace(outcome=DisputeOutcome.CREDITED, credit_agreed_on=Desk.today)


def seen(account: Account) -> AccountView:
    return AccountView(account, Desk.today, currency="GBP", base="GBP")


def asked(account: Account) -> dict[str, str]:
    return {invoice.id: str(invoice.amount_due) for invoice in seen(account).asked_for}


@pytest.mark.parametrize(
    ("amount", "due", "state", "left"),
    [
        ("200", "1000", "part", {"i1": "800"}),
        (None, "1000", "open", {}),
        # The customer paid what it does not dispute.
        ("200", "200", "open", {}),
        ("200", "150", "open", {}),
    ],
)
def test_what_is_disputed_is_not_asked_for(
    desk: Desk, amount: str | None, due: str, state: str, left: dict[str, str]
) -> None:
    dispute = PART._replace(amount=None if amount is None else Decimal(amount))
    invoice = desk.invoice("i1", 20, due, total="1000")
    account = desk.account(invoice, disputes=(dispute,))
    assert seen(account).dispute_state("i1") == state
    assert asked(account) == left
    settled = dispute._replace(settled_on=desk.today)
    assert asked(desk.account(invoice, disputes=(settled,))) == {"i1": due}


def test_cash_covers_what_is_disputed_last(desk: Desk) -> None:
    invoices = desk.invoice("i1", 20, "1000"), desk.invoice("i2", 10, "300")
    account = desk.account(*invoices, disputes=(PART,), credits=(desk.credit("1150"),))
    view = seen(account)
    # 800 of the first and all of the second are chased; the oldest money goes there.
    covered = {id_: sum(part.amount for part in parts) for id_, parts in view.cash_covers.items()}
    assert covered == {"i1": Decimal(850), "i2": Decimal(300)}
    assert view.in_dispute == {"i1": Decimal(150)}
    assert asked(account) == {}


def test_the_exposure_keeps_what_is_disputed(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 20, "1000"), disputes=(PART,))
    assert seen(account).exposure == 1000
    assert seen(account).owed_in_all == 1000


NOTE: dict[str, Any] = {"issued_on": Desk.today}


@pytest.mark.parametrize(
    ("invoice", "values", "shown"),
    [
        ({}, {}, "0"),
        ({"total": "800", "amount_due": "800"}, {}, "200"),
        ({"status": "voided", "amount_due": "0"}, {}, "200"),
        # A credit note in hand, of this customer and younger than the dispute.
        ({}, {"credits": (NOTE | {"total": "150"},)}, "150"),
        ({}, {"credits": (NOTE | {"total": "150", "issued_on": Desk.today - timedelta(9)},)}, "0"),
        ({}, {"credits": (NOTE | {"total": "150", "kind": "prepayment"},)}, "0"),
        ({}, {"credits": (NOTE | {"total": "150", "currency": "EUR"},)}, "0"),
    ],
)
def test_a_credit_is_looked_for_in_the_books(
    desk: Desk, invoice: Any, values: Any, shown: str
) -> None:
    notes = tuple(
        desk.credit(**{"amount": note["total"], **note}) for note in values.get("credits", ())
    )
    billed = desk.invoice("i1", 20, **{"amount": "1000", **invoice})
    account = desk.account(billed, credits=notes)
    assert credited_since(PART, account, billed) == Decimal(shown)


def matched(desk: Desk, days_ago: int) -> Account:
    """A credit note of 200 that was matched to the invoice, so that 800 are left."""
    on = desk.today - timedelta(days_ago)
    note = desk.credit(
        "200", unallocated="0", status="paid", allocations=(Allocation("i1", Decimal(200), on),)
    )
    return desk.account(desk.invoice("i1", 20, "800", total="1000"), credits=(note,))


def test_only_a_credit_matched_since_then_counts(desk: Desk) -> None:
    for days_ago, credited in ((1, 200), (6, 0)):
        account = matched(desk, days_ago)
        assert credited_since(PART, account, account.invoices[0]) == credited


def test_a_credit_memo_applied_by_quickbooks_counts(desk: Desk) -> None:
    applied = desk.payment("0", 1, allocations=(Allocation("i1", Decimal(200), desk.today),))
    account = desk.account(desk.invoice("i1", 20, "800", total="1000"), payments=(applied,))
    assert credited_since(PART, account, account.invoices[0]) == 200
    paid = desk.payment("200", 1, allocations=(Allocation("i1", Decimal(200), desk.today),))
    account = account._replace(payments=(paid,))
    assert credited_since(PART, account, account.invoices[0]) == 0


def test_a_dispute_ends_when_its_agreed_credit_shows(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 20, "1000"), disputes=(AGREED,))
    assert asked(account) == {"i1": "800"}
    credited = matched(desk, 1)
    assert asked(credited._replace(disputes=(AGREED,))) == {"i1": "800"}
    assert seen(credited._replace(disputes=(AGREED,))).dispute_state("i1") == "settled"
    # Nobody agreed to it yet: what the credit note was for, nobody can tell.
    assert asked(credited._replace(disputes=(PART,))) == {"i1": "600"}


def test_one_credit_note_settles_one_dispute(desk: Desk) -> None:
    first = AGREED._replace(number=1)
    second = AGREED._replace(invoice_id="i2", number=2)
    invoices = desk.invoice("i1", 20, "1000"), desk.invoice("i2", 10, "1000")

    def states(amount: str, *disputes: Dispute) -> list[str]:
        account = desk.account(*invoices, disputes=disputes, credits=(desk.credit(amount),))
        return [seen(account).dispute_state(id_) for id_ in ("i1", "i2")]

    assert states("200", first, second) == ["settled", "part"]
    assert states("399.99", first, second) == ["settled", "part"]
    assert states("400", first, second) == ["settled", "settled"]
    # It is still the credit of the one that it settled, until it is matched.
    assert states("200", first._replace(settled_on=desk.today), second) == ["settled", "part"]
    before = PART.opened_on - timedelta(1)
    long_ago = first._replace(settled_on=before, opened_on=before)
    assert states("200", long_ago, second) == ["settled", "settled"]


def test_half_of_an_agreed_credit_leaves_the_other_half(desk: Desk) -> None:
    account = desk.account(
        desk.invoice("i1", 20, "1000"),
        credits=(desk.credit("150"),),
        disputes=(AGREED._replace(amount=None),),
    )
    # 150 of the 1,000 are credited, and that money covers them.
    assert asked(account) == {}
    assert seen(account).disputed_amounts == {"i1": Decimal(850)}
