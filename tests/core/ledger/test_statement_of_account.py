"""The statement of account: open items, or activity with a running balance, of one day."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders.living_books import AUCKLAND, Books
from tests.builders.records import a_credit, a_debtor, a_payment, an_invoice

from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.as_of import as_it_stood
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Account, Allocation, Dispute, Instalment, PaymentPlan
from arsync.core.ledger.statement_of_account import (
    LineKind,
    StatementLine,
    StatementOfAccount,
    activity,
    open_items,
)

FIRST = date(2026, 9, 1)
DAY = date(2026, 11, 20)
LAST_DAYS = 45


def view_of(account: Account, day: date) -> AccountView:
    stood = as_it_stood(account, day, zone=AUCKLAND)
    return AccountView(stood, day, currency="GBP", base="GBP")


def everybody(_: str) -> bool:
    return True


def open_on(account: Account, day: date) -> StatementOfAccount:
    return open_items(view_of(account, day), everybody)


def since(account: Account, first: date, day: date) -> StatementOfAccount:
    return activity(account, view_of(account, day), everybody, since=first, zone=AUCKLAND)


def plain(lines: Iterable[StatementLine]) -> list[tuple[str, str, int, int]]:
    return [
        (f"{line.dated:%d}", str(line.kind), int(line.amount), int(line.balance)) for line in lines
    ]


def test_open_items_list_debts_and_money_in_hand() -> None:
    account = a_debtor(
        an_invoice("i1", total=600, due_on=DAY - timedelta(40), reference="PO 7"),
        # QuickBooks has a field of its own for it, Xero writes it into the reference.
        an_invoice("i2", total=300, due_on=DAY + timedelta(10), purchase_order="PO 8"),
        an_invoice("i3", total=50, status="paid", amount_due=0),
        credits=(a_credit(total=150, unallocated=100),),
        payments=(a_payment(amount=80, unallocated=20, reference="BACS 1"),),
    )
    [section] = open_on(account, DAY).sections
    assert [
        (line.number, int(line.balance), line.days_overdue, line.reference)
        for line in section.lines
    ] == [("INV-1", 600, 40, "PO 7"), ("INV-2", 300, 0, "PO 8")]
    assert plain(section.credits) == [
        ("01", "credit note", -150, -100),
        ("01", "payment", -80, -20),
    ]
    assert [(line.number, line.reference) for line in section.credits] == [
        ("CN-1", ""),
        ("", "BACS 1"),
    ]
    assert section.closing_balance == 780
    # The oldest debts are covered first: 120 of the 600 that are overdue.
    assert list(map(int, section.ageing)) == [300, 0, 480, 0, 0]
    assert (int(section.not_due), int(section.overdue)) == (300, 480)


def test_more_money_in_hand_than_debts_is_below_zero() -> None:
    account = a_debtor(an_invoice(total=100), credits=(a_credit(total=130),))
    [section] = open_on(account, DAY).sections
    assert section.closing_balance == -30
    assert not section.overdue
    assert not section.not_due


def test_disputed_and_agreed_parts_are_remarked() -> None:
    plan = PaymentPlan(
        1,
        "c1",
        ("i2",),
        "GBP",
        DAY - timedelta(3),
        "Jo",
        (
            Instalment(DAY + timedelta(10), Decimal(50)),
            Instalment(DAY + timedelta(40), Decimal(50)),
        ),
    )
    account = a_debtor(
        an_invoice("i1", total=600),
        an_invoice("i2", total=100),
        disputes=(Dispute("i1", DAY - timedelta(5), "broken", amount=Decimal(60)),),
        payment_plans=(plan,),
    )
    [section] = open_on(account, DAY).sections
    parts = [(int(line.disputed), int(line.in_plan)) for line in section.lines]
    assert parts == [(60, 0), (0, 100)]


def test_each_currency_stands_by_itself() -> None:
    account = a_debtor(
        an_invoice("i1", total=100),
        an_invoice("i2", total=70, currency="EUR"),
        credits=(a_credit(total=20, currency="EUR"),),
    )
    statement = open_on(account, DAY)
    assert statement.balances == {"EUR": 50, "GBP": 100}


def test_activity_runs_from_balance_to_balance() -> None:
    paid = date(2026, 11, 3)
    money = (Allocation("i1", Decimal(60), paid),)
    account = a_debtor(
        an_invoice("i1", total=100, amount_due=40, issued_on=date(2026, 10, 1)),
        an_invoice("i2", total=70, issued_on=date(2026, 11, 5)),
        payments=(a_payment(amount=60, paid_on=paid, allocations=money),),
        credits=(a_credit(total=25, issued_on=date(2026, 11, 7)),),
    )
    [section] = since(account, date(2026, 11, 1), DAY).sections
    assert section.opening_balance == 100
    assert plain(section.lines) == [
        ("03", "payment", -60, 40),
        ("05", "invoice", 70, 110),
        ("07", "credit note", -25, 85),
    ]
    assert section.closing_balance == 85


def test_what_was_voided_shows_until_then() -> None:
    voided = datetime(2026, 11, 10, 12, tzinfo=UTC)
    account = a_debtor(
        an_invoice(
            total=90, status="voided", amount_due=0, issued_on=date(2026, 11, 5), updated_at=voided
        ),
        payments=(
            a_payment(
                amount=30,
                unallocated=0,
                paid_on=date(2026, 11, 6),
                status="voided",
                updated_at=voided,
            ),
        ),
    )
    [section] = since(account, date(2026, 11, 1), DAY).sections
    assert plain(section.lines) == [
        ("05", "invoice", 90, 90),
        ("06", "payment", -30, 60),
        ("11", "invoice voided", -90, -30),
        ("11", "payment taken back", 30, 0),
    ]


def test_a_refund_shows_on_its_day() -> None:
    """bcgov/entity#28787: refunds are missing in the statements of their month."""
    paid_back = Allocation("", Decimal(50), DAY + timedelta(5))
    account = a_debtor(
        credits=(
            a_credit(
                total=50, unallocated=0, status="paid", issued_on=DAY, allocations=(paid_back,)
            ),
        )
    )
    [section] = since(account, DAY, DAY + timedelta(7)).sections
    assert plain(section.lines) == [("20", "credit note", -50, -50), ("25", "refund", 50, 0)]
    [before] = since(account, DAY, DAY + timedelta(4)).sections
    assert before.closing_balance == -50


def test_a_refund_without_a_day_is_another_change() -> None:
    # QuickBooks tells no refund: a credit is used up, and names nothing that it was used for.
    account = a_debtor(credits=(a_credit(total=50, unallocated=0, status="paid", issued_on=DAY),))
    [section] = since(account, DAY, DAY).sections
    assert plain(section.lines) == [
        ("20", "credit note", -50, -50),
        ("20", "other change", 50, 0),
    ]
    assert section.closing_balance == 0


def test_documents_of_others_are_not_listed() -> None:
    account = a_debtor(an_invoice("i1", "c1", total=100), an_invoice("i2", "c2", total=40))
    statement = open_items(view_of(account, DAY), lambda contact_id: contact_id == "c2")
    assert statement.balances == {"GBP": 40}
    assert not open_items(view_of(account, DAY), lambda _: False).sections


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), first=st.integers(0, LAST_DAYS), more=st.integers(0, LAST_DAYS))
def test_both_kinds_end_with_the_same_balance(seed: int, first: int, more: int) -> None:
    books = Books(random.Random(seed))
    begin = FIRST + timedelta(first)
    until = begin + timedelta(more)
    for ahead in range(first + more + 1):
        books.live(FIRST + timedelta(ahead))
    on_the_day = since(books.account, begin, until)
    items = open_on(books.account, until)
    for section in on_the_day.sections:
        assert section.closing_balance == items.balances.get(section.currency, ZERO)
        moved = sum((line.amount for line in section.lines), ZERO)
        assert section.opening_balance + moved == section.closing_balance
        before = open_on(books.account, begin - timedelta(1))
        assert section.opening_balance == before.balances.get(section.currency, ZERO)
        # In books in which each document says what became of it nothing is unexplained.
        assert all(line.kind is not LineKind.OTHER for line in section.lines)
    assert set(items.balances) <= {section.currency for section in on_the_day.sections}
    # What happens later changes nothing of a statement of that day's balance.
    for ahead in range(first + more + 1, first + more + 20):
        books.live(FIRST + timedelta(ahead))
    assert open_on(books.account, until).balances == items.balances
