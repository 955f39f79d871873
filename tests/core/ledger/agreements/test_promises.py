"""A promise is judged by the days on which money was paid, and one payment counts once."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders.records import a_contact, a_credit, a_payment, an_invoice

from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.agreements.grace import Grace
from arsync.core.ledger.agreements.promises import (
    JudgedPromise,
    counting_promises,
    judged_promises,
)
from arsync.core.ledger.business_days import Calendar
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Account, Allocation, Payment, Promise

MADE = date(2026, 11, 20)
FRIDAY = date(2026, 11, 27)
LAST_DAY = date(2026, 12, 2)
"""Three business days after the promised Friday."""
LATER = date(2026, 12, 20)

PROMISE = Promise(("i1",), FRIDAY, None, MADE)


def account(*due: str, payments: tuple[Payment, ...] = (), **values: Any) -> Account:
    """Return an account with invoices of 100 on which so much is due: i1, i2 ..."""
    invoices = tuple(
        an_invoice(
            f"i{number}",
            total="100",
            amount_due=amount,
            status="open" if Decimal(amount) else values.pop(f"i{number}", "paid"),
            due_on=date(2026, 11, number),
        )
        for number, amount in enumerate(due, 1)
    )
    return Account((a_contact("c1"),), invoices, payments=payments, **values)


def paid(amount: str, on: date, *invoices: str, **values: Any) -> Payment:
    """Return a payment matched to invoices in equal parts; to none: unapplied cash."""
    share = Decimal(amount) / max(1, len(invoices))
    return a_payment(
        f"p {on} {amount} {invoices}",
        amount=amount,
        paid_on=on,
        unallocated="0" if invoices else amount,
        # Matched long after it was paid: the day of matching makes no difference.
        allocations=tuple(Allocation(invoice_id, share, LATER) for invoice_id in invoices),
        **values,
    )


def judged(books: Account, *promises: Promise, today: date = LATER) -> list[JudgedPromise]:
    return list(judged_promises(books._replace(promises=promises), today))


def states(books: Account, *promises: Promise, today: date = LATER) -> list[str]:
    return [promise.state for promise in judged(books, *promises, today=today)]


PART = PROMISE._replace(amount=Decimal(40))


@pytest.mark.parametrize(
    ("promise", "due", "payments", "today", "state"),
    [
        (PROMISE, "100", (), LAST_DAY, "open"),
        (PROMISE, "100", (), LAST_DAY + timedelta(1), "broken"),
        (PROMISE, "0", (paid("100", LAST_DAY, "i1"),), LATER, "kept"),
        (PROMISE, "0", (paid("100", LAST_DAY + timedelta(1), "i1"),), LATER, "over"),
        (PROMISE, "0.01", (paid("99.99", FRIDAY, "i1"),), LATER, "broken"),
        (PROMISE, "100", (paid("100", FRIDAY),), LATER, "kept"),
        (PROMISE, "100", (paid("100", MADE - timedelta(9)),), LATER, "kept"),
        (PROMISE, "0", (), LATER, "kept"),
        (PART, "60", (paid("40", MADE, "i1"),), LATER, "kept"),
        (PART, "60", (paid("40", MADE - timedelta(1), "i1"),), LATER, "broken"),
        (PART, "60.01", (paid("39.99", MADE, "i1"),), LATER, "broken"),
        (PART, "80", (paid("20", MADE, "i1"), paid("20", FRIDAY)), LATER, "kept"),
        (PART, "60", (paid("40", MADE, "i1", status="voided"),), LATER, "broken"),
        (PART, "60", (paid("40", LATER, "i1"),), LATER, "over"),
        (PART, "0", (), LATER, "kept"),
    ],
)
def test_a_promise_is_open_kept_broken_or_over(
    promise: Promise, due: str, payments: tuple[Payment, ...], today: date, state: str
) -> None:
    assert states(account(due, payments=payments), promise, today=today) == [state]


def test_late_booking_turns_a_broken_promise_into_kept() -> None:
    assert states(account("100"), PROMISE, today=LATER) == ["broken"]
    booked_since = account("0", payments=(paid("100", FRIDAY, "i1"),))
    assert states(booked_since, PROMISE, today=LATER) == ["kept"]


@pytest.mark.parametrize("status", ["voided", "deleted"])
def test_what_was_voided_nobody_has_to_pay(status: str) -> None:
    books = account("0", i1=status)
    assert states(books, PROMISE) == states(books, PART) == ["kept"]


def test_a_credit_note_lowers_what_was_promised() -> None:
    credited = a_credit("n1", allocations=(Allocation("i1", Decimal(70), LATER),))
    books = account("0", payments=(paid("30", FRIDAY, "i1"),), credits=(credited,))
    assert states(books, PROMISE, PART._replace(amount=Decimal(90), also=True)) == ["kept", "kept"]


def test_quickbooks_zero_payment_is_no_money() -> None:
    applied = paid("0", FRIDAY)._replace(
        unallocated=ZERO, allocations=(Allocation("i1", Decimal(40), FRIDAY),)
    )
    assert states(account("60", payments=(applied,)), PART) == ["broken"]


def test_it_carries_the_first_day_it_was_broken() -> None:
    (broken,) = judged(account("100"), PROMISE)
    assert (broken.until, broken.broken_on) == (LAST_DAY, date(2026, 12, 3))
    holiday = date(2026, 11, 30)
    banks = Calendar(frozenset(range(5)), lambda day: day == holiday)
    books = account("100", promises=(PROMISE,))
    (broken,) = judged_promises(books, LATER, lambda day: Grace().last_day(day, banks))
    assert broken.broken_on == date(2026, 12, 4)
    (broken,) = judged_promises(books, LATER, Grace(0).last_day)
    assert broken.broken_on == FRIDAY + timedelta(1)


def test_uncertain_money_breaks_no_promise() -> None:
    books = account("100", doubts=("a payment cannot be read",))
    assert states(books, PROMISE) == ["open"]


@pytest.mark.parametrize(("kept", "state"), [(None, "open"), (True, "kept"), (False, "broken")])
def test_without_its_invoice_the_last_judgement_counts(kept: bool | None, state: str) -> None:
    assert states(account(), PROMISE._replace(kept=kept)) == [state]


# Several promises


def test_one_payment_keeps_one_promise() -> None:
    first = PART._replace(promised_on=FRIDAY - timedelta(2), number=1)
    second = PART._replace(also=True, number=2)
    once = account("60", payments=(paid("40", FRIDAY - timedelta(3), "i1"),))
    assert states(once, second, first) == ["kept", "broken"]
    twice = account("20", payments=(paid("80", FRIDAY - timedelta(3), "i1"),))
    assert states(twice, second, first) == ["kept", "kept"]


def test_unapplied_cash_keeps_one_promise() -> None:
    books = account("100", "100", payments=(paid("100", FRIDAY),))
    assert states(books, PROMISE, PROMISE._replace(invoice_ids=("i2",))) == ["kept", "broken"]


def test_cash_that_keeps_a_promise_covers_what_was_promised() -> None:
    books = account("100", "100", payments=(paid("100", FRIDAY),))
    view = AccountView(
        books._replace(promises=(PROMISE._replace(invoice_ids=("i2",)),)),
        LATER,
        currency="GBP",
        base="GBP",
    )
    assert [invoice.id for invoice in view.owed] == ["i1"]


def test_a_newer_promise_replaces_an_open_one() -> None:
    newer = Promise(("i1",), FRIDAY + timedelta(9), None, FRIDAY, number=2)
    (judgement,) = judged(account("100"), PROMISE, newer)
    assert judgement.promise == newer
    both = judged(account("100"), PROMISE, newer._replace(also=True))
    assert [promise.promise.promised_on for promise in both] == [FRIDAY, newer.promised_on]


def test_a_later_day_in_the_platform_counts_before_ours() -> None:
    theirs = Promise(("i1",), FRIDAY + timedelta(7), None, MADE, by_platform=True)
    ours = PROMISE._replace(number=1)
    both = judged(account("100"), ours, theirs, today=LAST_DAY)
    assert counting_promises(both)["i1"].promise == theirs
    assert [promise.state for promise in both] == ["open", "open"]


def test_a_replaced_promise_keeps_its_other_invoices() -> None:
    of_two = PROMISE._replace(invoice_ids=("i1", "i2"))
    newer = Promise(("i1",), FRIDAY + timedelta(9), None, FRIDAY, number=2)
    first, second = judged(account("100", "100"), of_two, newer)
    assert (first.promise.invoice_ids, second.promise.invoice_ids) == (("i2",), ("i1",))


def test_later_money_belongs_to_the_renewed_promise() -> None:
    again = Promise(("i1",), date(2026, 12, 18), Decimal(40), date(2026, 12, 10), number=2)
    books = account("60", payments=(paid("40", date(2026, 12, 15), "i1"),))
    assert states(books, PROMISE, again) == ["over", "kept"]
    assert states(account("100"), PROMISE, again, today=date(2026, 12, 15)) == ["over", "open"]


def test_a_promised_amount_reaches_the_oldest_invoices() -> None:
    of_all = Promise(("i1", "i2", "i3"), FRIDAY, Decimal(120), MADE)
    (open_one,) = judged(account("100", "100", "100"), of_all, today=FRIDAY)
    assert open_one.reaches == ("i1", "i2")
    assert set(counting_promises([open_one])) == {"i1", "i2"}


def test_money_for_several_invoices_keeps_the_promise_of_all() -> None:
    of_all = Promise(("i1", "i2"), FRIDAY, None, MADE)
    assert states(account("0", "0", payments=(paid("200", FRIDAY, "i1", "i2"),)), of_all) == [
        "kept"
    ]
    (broken,) = judged(account("0", "100", payments=(paid("100", FRIDAY, "i1"),)), of_all)
    assert (broken.state, broken.reaches) == ("broken", ("i2",))


def test_a_broken_promise_counts_before_an_open_one() -> None:
    second = Promise(("i1",), LATER, Decimal(60), MADE, also=True, number=2)
    promises = judged(account("100"), PART, second, today=date(2026, 12, 10))
    assert counting_promises(promises)["i1"].promise == PART


DAYS = st.dates(MADE, LATER)
AMOUNTS = st.integers(1, 60).map(Decimal)


@st.composite
def stories(draw: st.DrawFn) -> Account:
    """Draw an invoice of 1,000, what came of it, and promises that stand beside each other."""
    payments = tuple(
        a_payment(
            f"p{number}",
            amount=(amount := draw(AMOUNTS)),
            paid_on=draw(DAYS),
            unallocated=ZERO if (is_matched := draw(st.booleans())) else amount,
            allocations=(Allocation("i1", amount, LATER),) if is_matched else (),
        )
        for number in range(draw(st.integers(0, 5)))
    )
    matched = sum((payment.amount - payment.unallocated for payment in payments), ZERO)
    promises = tuple(
        Promise(
            ("i1",),
            draw(DAYS),
            draw(AMOUNTS),
            draw(st.dates(MADE - timedelta(5), MADE)),
            also=True,
            number=number,
        )
        for number in range(1, draw(st.integers(1, 5)) + 1)
    )
    invoice = an_invoice("i1", total="1000", amount_due=Decimal(1000) - matched)
    return Account((a_contact("c1"),), (invoice,), payments=payments, promises=promises)


@given(stories())
def test_no_money_is_counted_twice(books: Account) -> None:
    came = sum((payment.amount for payment in books.payments), ZERO)
    kept = [judged for judged in judged_promises(books, LATER) if judged.state in {"kept", "over"}]
    assert sum((judged.promise.amount or ZERO for judged in kept), ZERO) <= came


@given(stories(), st.randoms())
def test_the_order_of_booking_makes_no_difference(books: Account, dice: Any) -> None:
    payments, promises = list(books.payments), list(books.promises)
    dice.shuffle(payments)
    dice.shuffle(promises)
    shuffled = books._replace(payments=tuple(payments), promises=tuple(promises))
    assert judged_promises(shuffled, LATER) == judged_promises(books, LATER)


@given(stories())
def test_matching_a_payment_later_makes_no_difference(books: Account) -> None:
    on_the_invoice = tuple(
        payment._replace(unallocated=ZERO, allocations=(Allocation("i1", payment.amount, LATER),))
        for payment in books.payments
    )
    came = sum((payment.amount for payment in books.payments), ZERO)
    (invoice,) = books.invoices
    matched = books._replace(
        payments=on_the_invoice, invoices=(invoice._replace(amount_due=Decimal(1000) - came),)
    )
    before, after = judged_promises(books, LATER), judged_promises(matched, LATER)
    assert [judged.state for judged in before] == [judged.state for judged in after]
