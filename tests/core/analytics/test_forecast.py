"""The forecast against a second computation with fractions, and what holds whatever the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders.records import a_contact, a_credit, a_payment, an_invoice

from arsync.core.analytics.forecast import (
    CashForecast,
    Forecasting,
    LedgerForecast,
    forecast,
)
from arsync.core.analytics.forecast_past import HISTORY_DAYS, PAID_MIN
from arsync.core.analytics.payment_curve import AGES_MAX
from arsync.core.ledger.records import (
    Account,
    Allocation,
    Dispute,
    DocumentStatus,
    Instalment,
    Invoice,
    Payment,
    PaymentPlan,
    Promise,
)

DAY = date(2026, 11, 30)
WEEKS = range(13)


class Bill(NamedTuple):
    """An invoice: days before DAY on which it was issued, due and paid; None: it is open."""

    contact: str
    issued: int
    due: int
    paid: int | None
    amount: int


def accounts_of(
    bills: Iterable[Bill | None], groups: dict[str, str] | None = None
) -> list[Account]:
    """Return the debtors of these bills; None takes the number of one that is not there."""
    invoices: dict[str, list[Invoice]] = {}
    payments: dict[str, list[Payment]] = {}
    for number, bill in enumerate(bills):
        if bill is None:
            continue
        paid_on = None if bill.paid is None else DAY - timedelta(bill.paid)
        invoices.setdefault(bill.contact, []).append(
            an_invoice(
                f"{bill.contact}-{number}",
                bill.contact,
                issued_on=DAY - timedelta(bill.issued),
                due_on=DAY - timedelta(bill.due),
                total=bill.amount,
                amount_due=0 if paid_on else bill.amount,
                status=DocumentStatus.PAID if paid_on else DocumentStatus.OPEN,
                paid_on=paid_on,
                rate=Decimal(1),
            )
        )
        if paid_on:
            money = Decimal(bill.amount)
            payments.setdefault(bill.contact, []).append(
                a_payment(
                    f"p-{number}",
                    bill.contact,
                    paid_on=paid_on,
                    amount=money,
                    unallocated=Decimal(0),
                    allocations=(Allocation(f"{bill.contact}-{number}", money, paid_on),),
                )
            )
    return [
        Account(
            (a_contact(key, groups=((groups or {}).get(key, ""),) if groups else ()),),
            tuple(documents),
            tuple(payments.get(key, ())),
        )
        for key, documents in invoices.items()
    ]


def of(accounts: Iterable[Account], day: date = DAY) -> LedgerForecast:
    return forecast(accounts, day, zone=UTC, base_currency="GBP")


def pounds(accounts: Iterable[Account], day: date = DAY) -> CashForecast:
    row = of(accounts, day).of("GBP")
    assert row is not None
    return row


# -- the oracle: days one by one, in fractions --------------------------------------------------


def usual_by_hand(bills: Sequence[Bill], groups: dict[str, str], contact: str) -> int:
    def mean(chosen: Sequence[Bill], prior: Fraction, weight: int) -> Fraction:
        late = sum(bill.due - bill.paid for bill in chosen if bill.paid is not None)
        return (late + prior * weight) / (len(chosen) + weight)

    paid = [bill for bill in bills if bill.paid is not None]
    ledger = mean(paid, Fraction(0), 0)
    segment = mean([bill for bill in paid if groups[bill.contact] == groups[contact]], ledger, 4)
    own = mean([bill for bill in paid if bill.contact == contact], segment, 4)
    return round(own)


def hazards_by_hand(bills: Sequence[Bill], shift: dict[str, int]) -> dict[int, Fraction]:
    """Return the hazard of each age, counted day by day."""
    open_on: dict[int, int] = {}
    paid_on: dict[int, int] = {}
    for bill in bills:
        usual = bill.due - shift[bill.contact]
        last = 0 if bill.paid is None else bill.paid
        for before in range(bill.issued, last - 1, -1):
            open_on[usual - before] = open_on.get(usual - before, 0) + 1
        if bill.paid is not None:
            paid_on[usual - bill.paid] = paid_on.get(usual - bill.paid, 0) + 1
    ages = range(min(open_on), max(open_on) + 1)
    enough = [age for age in ages if open_on.get(age, 0) >= 10]
    early = [age for age in ages if age < enough[0]]
    late = [age for age in ages if age > enough[-1]]

    def together(chosen: Sequence[int]) -> Fraction:
        opened = sum(open_on.get(age, 0) for age in chosen)
        paid = sum(paid_on.get(age, 0) for age in chosen)
        return Fraction(paid, opened + (paid == opened)) if opened else Fraction(0)

    hazards = {age: together([age]) for age in range(enough[0], enough[-1] + 1)}
    hazards |= dict.fromkeys(early, together(early))
    tail = together(late)
    return hazards | dict.fromkeys(range(enough[-1] + 1, enough[-1] + 3000), tail)


def weeks_by_hand(bills: Sequence[Bill], groups: dict[str, str]) -> list[Fraction]:
    shift = {
        contact: usual_by_hand(bills, groups, contact)
        for contact in {bill.contact for bill in bills}
    }
    hazards = hazards_by_hand(bills, shift)
    weeks = [Fraction(0)] * 13
    for bill in bills:
        if bill.paid is None:
            left = Fraction(bill.amount)
            for day in range(1, 92):
                age = day + bill.due - shift[bill.contact]
                paid = left * hazards.get(age, Fraction(0))
                weeks[(day - 1) // 7] += paid
                left -= paid
    return weeks


BILLS = [
    Bill(
        f"c{number % 7}",
        issued := 380 - 4 * number,
        due := issued - 14 - 16 * (number % 2),
        paid if (paid := due - (number * 13 % 37) + 9 - 3 * (number % 7)) >= 0 else None,
        100 + number * 7,
    )
    for number in range(95)
]
GROUPS = {f"c{number}": "Trade" if number < 3 else "Public" for number in range(7)}


def test_weeks_are_those_by_hand() -> None:
    assert sum(bill.paid is None for bill in BILLS) > 5
    row = pounds(accounts_of(BILLS, GROUPS))
    for week, by_hand in zip(row.weeks, weeks_by_hand(BILLS, GROUPS), strict=True):
        assert abs(Fraction(week.expected) - by_hand) < Fraction(1, 1_000), week.first
    assert row.four_weeks.expected == sum(week.expected for week in row.weeks[:4])
    assert row.weeks[0].first == DAY + timedelta(1)
    assert row.weeks[-1].last == DAY + timedelta(91)


def test_the_context_of_decimals_changes_nothing() -> None:
    usual = of(accounts_of(BILLS))
    with localcontext() as context:
        context.prec = 9
        assert of(accounts_of(BILLS)) == usual


def test_few_paid_invoices_go_by_due_dates() -> None:
    paid = [Bill("c1", 100, 70, 60, 10)] * (PAID_MIN - 1)
    rest = [Bill("c1", 20, -10, None, 300), Bill("c1", 60, 30, None, 50)]
    few = of(accounts_of([*paid, *rest, Bill("c1", 1, -200, None, 7)]))
    assert not few.by_habit
    assert few.paid_invoices == PAID_MIN - 1
    (row,) = few.currencies
    assert [week.expected for week in row.weeks[:3]] == [50, 300, 0]
    assert (row.later, row.never) == (Decimal(7), Decimal(0))
    assert {week.band for week in row.weeks} == {None}
    assert of(accounts_of([*paid, *rest, paid[0]])).by_habit


@pytest.mark.parametrize("days", [AGES_MAX + 31, 63_000])
def test_a_mistyped_due_date_moves_nothing_else(days: int) -> None:
    usual = pounds(accounts_of(BILLS))
    odd = pounds([*accounts_of(BILLS), *accounts_of([Bill("odd", 20, -days, None, 100)])])
    for week, other in zip(usual.weeks, odd.weeks, strict=True):
        assert other.expected == week.expected
    assert odd.never - usual.never == 100


def test_old_habits_are_forgotten() -> None:
    old = HISTORY_DAYS
    paid = [Bill("c1", old + 60, old + 30, old, 10)] * PAID_MIN
    recent = [bill._replace(paid=old - 1) for bill in paid]
    assert not of(accounts_of([*paid, Bill("c1", 9, 0, None, 10)])).by_habit
    assert of(accounts_of([*recent, Bill("c1", 9, 0, None, 10)])).by_habit


# -- what was said, disputed, and is in hand ----------------------------------------------------

STEADY = [Bill("c1", 60 + n, 30 + n, 29 + n, 10) for n in range(60)]
"""Everybody pays a day late."""


def one_open(amount: int = 1_000, due: int = -40, **fields: Any) -> list[Account]:
    steady, (account,) = accounts_of(STEADY), accounts_of([Bill("c9", 20, due, None, amount)])
    return [*steady, account._replace(**fields)]


def test_a_promise_comes_half_as_said() -> None:
    promise = Promise(("c9-0",), DAY + timedelta(10), None, DAY)
    row = pounds(one_open(promises=(promise,)))
    # Nobody gave a word before: one half of it is believed.
    assert row.weeks[1].expected == 500
    without = pounds(one_open())
    assert without.weeks[1].expected < 1
    assert row.weeks[5].expected + row.weeks[6].expected > 400


@pytest.mark.parametrize(
    ("paid", "kept"),
    [(55, 3), (1, 0)],
    ids=["in time", "after the day"],
)
def test_a_word_is_worth_what_earlier_ones_were(paid: int, kept: int) -> None:
    promised, before = DAY - timedelta(50), DAY - timedelta(60)
    bills = [Bill("c9", 90, 70, paid, 10)] * 3
    (account,) = accounts_of([*bills, Bill("c9", 20, -40, None, 1_000)])
    earlier = [Promise((f"c9-{n}",), promised, None, before) for n in range(3)]
    latest = Promise(("c9-3",), DAY + timedelta(10), None, DAY)
    account = account._replace(promises=(*earlier, latest))
    ledger = Fraction(kept + 2, 3 + 4)
    share = (kept + 4 * ledger) / (3 + 4)
    week = pounds([*accounts_of(STEADY), account]).weeks[1]
    assert abs(Fraction(week.expected) - 1_000 * share) < Fraction(1, 1_000)


def test_instalments_come_on_their_days() -> None:
    parts = tuple(Instalment(DAY + timedelta(days), Decimal(500)) for days in (3, 31))
    plan = PaymentPlan(1, "c9", ("c9-0",), "GBP", DAY, "Jo", parts)
    row = pounds(one_open(payment_plans=(plan,)))
    assert row.weeks[0].expected == 250
    assert row.weeks[4].expected == 250


def test_disputed_parts_are_not_counted_on() -> None:
    dispute = Dispute("c9-0", DAY - timedelta(3), "wrong price", amount=Decimal(400))
    row = pounds(one_open(disputes=(dispute,)))
    assert (row.owed, row.disputed) == (Decimal(1_000), Decimal(400))
    assert row.all_weeks.expected + row.later + row.never == 600
    settled = dispute._replace(settled_on=DAY - timedelta(1), outcome="upheld")
    assert pounds(one_open(disputes=(settled,))).disputed == 0


def test_money_in_hand_is_taken_off() -> None:
    credit = a_credit("cr", "c9", issued_on=DAY - timedelta(2), total=300)
    row = pounds(one_open(credits=(credit,)))
    assert row.owed == 700


def test_what_is_credited_is_never_paid() -> None:
    accounts = accounts_of([Bill("c1", 90 + n, 60 + n, None, 10) for n in range(60)])
    credited = accounts[0]._replace(
        invoices=tuple(
            invoice._replace(
                status=DocumentStatus.VOIDED,
                amount_due=Decimal(0),
                updated_at=datetime(2026, 11, 1, tzinfo=UTC) - timedelta(int(invoice.id[3:])),
            )
            for invoice in accounts[0].invoices
        )
    )
    row = pounds([*accounts_of(STEADY), credited, *one_open(due=32)[-1:]])
    assert row.never > 500


# -- whatever the ledger ------------------------------------------------------------------------

RANDOM_BILLS = st.lists(
    st.builds(
        lambda contact, issued, terms, days, amount: Bill(
            f"c{contact}",
            issued,
            issued - terms,
            issued - days if days is not None and days <= issued else None,
            amount,
        ),
        st.integers(0, 5),
        st.integers(0, 500),
        st.sampled_from([0, 14, 30, 60]),
        st.one_of(st.none(), st.integers(0, 150)),
        st.integers(1, 5_000),
    ),
    max_size=40,
).map(lambda more: [*BILLS, *more])
"""Bills beside those that are enough for habits."""


@settings(max_examples=8, deadline=None)
@given(bills=RANDOM_BILLS)
def test_the_parts_add_up_and_bands_are_ordered(bills: list[Bill]) -> None:
    made = of(accounts_of(bills))
    assert made.by_habit
    for row in made.currencies:
        weeks = sum((week.expected for week in row.weeks), Decimal(0))
        assert weeks + row.later + row.never + row.disputed == row.owed
        assert row.owed == sum(bill.amount for bill in bills if bill.paid is None)
        assert min(row.later, row.never, *(week.expected for week in row.weeks)) >= 0
        for week in (*row.weeks, row.four_weeks, row.all_weeks):
            if week.band is not None:
                assert 0 <= week.band.p10 <= week.band.p50 <= week.band.p90 <= row.owed
                assert week.band.held <= week.band.checked


@settings(max_examples=5, deadline=None)
@given(bills=RANDOM_BILLS, back=st.integers(1, 60))
def test_a_past_day_is_the_same_after_later_events(bills: list[Bill], back: int) -> None:
    # Each document keeps its number: the last of 28 digits may depend on the order of a sum.
    then = [
        bill._replace(paid=bill.paid if bill.paid is not None and bill.paid >= back else None)
        if bill.issued >= back
        else None
        for bill in bills
    ]
    day = DAY - timedelta(back)
    later = {row.currency: row for row in of(accounts_of(bills), day).currencies}
    earlier = {row.currency: row for row in of(accounts_of(then), day).currencies}
    assert later == earlier


@settings(max_examples=4, deadline=None)
@given(bills=RANDOM_BILLS)
def test_documents_add_up_to_the_weeks(bills: list[Bill]) -> None:
    forecasting = Forecasting(DAY, zone=UTC, base_currency="GBP")
    for account in accounts_of(bills):
        forecasting.add(account)
    for row in forecasting.forecast().currencies:
        documents = list(forecasting.documents(row.currency))
        assert sum(document.amount for document in documents) == row.owed
        for number in WEEKS:
            behind = sum(document.by_week[number] for document in documents)
            assert abs(behind - row.weeks[number].expected) < Decimal("0.001")
