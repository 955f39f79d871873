"""Measures against a second computation by hand, and what holds between them."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders.records import a_contact, a_credit, an_invoice

from arsync.core.analytics.measure_sums import MeasuringWindow
from arsync.core.analytics.measured_documents import documents_behind
from arsync.core.analytics.measures import (
    PLACES,
    Figures,
    countback_daily,
    countback_monthly,
    measures,
)
from arsync.core.ledger.records import Account, Allocation, DocumentStatus, Payment, PaymentStatus

DAY = date(2026, 11, 30)


def an_account(*paid: tuple[int, int, int | None, str], contact: str = "c1") -> Account:
    """Return an account of invoices: issued, due and paid so many days before DAY, and amounts."""
    invoices, payments = [], []
    for number, (issued, due, settled, amount) in enumerate(paid):
        name = f"{contact}-{number}"
        paid_on = None if settled is None else DAY - timedelta(days=settled)
        invoices.append(
            an_invoice(
                name,
                contact,
                issued_on=DAY - timedelta(days=issued),
                due_on=DAY - timedelta(days=due),
                total=amount,
                amount_due="0" if settled is not None else amount,
                status=DocumentStatus.OPEN if settled is None else DocumentStatus.PAID,
                paid_on=paid_on,
                rate=Decimal(1),
            )
        )
        if paid_on is not None:
            allocation = Allocation(name, Decimal(amount), paid_on)
            payments.append(
                Payment(
                    f"p-{name}",
                    contact,
                    PaymentStatus.ACTIVE,
                    paid_on,
                    "GBP",
                    Decimal(1),
                    Decimal(amount),
                    Decimal(0),
                    (allocation,),
                )
            )
    return Account((a_contact(contact),), tuple(invoices), tuple(payments))


def of(*accounts: Account, days: int = 90, day: date = DAY) -> Figures:
    (figures,) = measures(accounts, MeasuringWindow(day, days), zone=UTC, base_currency="GBP")
    return figures


def test_each_formula_is_the_one_by_hand() -> None:
    figures = of(
        an_account(
            (80, 50, None, "300"),  # open, past due
            (20, -10, None, "200"),  # open, not due
            (60, 30, 10, "500"),  # paid, 20 days late
            (120, 90, 40, "100"),  # issued before the window, paid in it, 50 days late
            (30, 0, 5, "50"),  # paid, 5 days early
        )
    )
    sales, receivable, current, opening = map(Decimal, (1050, 500, 200, 100))
    assert (figures.sales, figures.receivable, figures.current) == (sales, receivable, current)
    assert figures.dso == (receivable / sales * 90).quantize(PLACES)
    assert figures.bpdso == (current / sales * 90).quantize(PLACES)
    assert figures.cei == (
        (opening + sales - receivable) / (opening + sales - current) * 100
    ).quantize(PLACES)
    assert figures.days_to_pay == (Decimal(50 + 80 + 25) / 3).quantize(PLACES)
    assert figures.days_late == (Decimal(20 + 50 - 5) / 3).quantize(PLACES)
    weight = Decimal(650)
    assert figures.dbt == ((500 * 20 + 100 * 50) / weight).quantize(PLACES)
    assert figures.dbt_with_early == ((500 * 20 + 100 * 50 - 50 * 5) / weight).quantize(PLACES)
    assert figures.overdue_percent == 60


def test_credit_notes_are_taken_off_sales() -> None:
    account = an_account((20, -10, None, "200"))._replace(
        credits=(a_credit("cr1", issued_on=DAY - timedelta(days=3), rate=Decimal(1), total="50"),)
    )
    assert of(account).sales == 150


def test_nothing_sold_gives_no_number() -> None:
    figures = of(an_account((200, 170, None, "100")))
    assert (figures.dso, figures.bpdso, figures.add) == (None, None, None)
    assert figures.days_to_pay is None
    assert figures.overdue_percent == 100


def test_credits_alone_are_no_sales_to_count_back() -> None:
    credit = a_credit("cr1", issued_on=DAY - timedelta(days=3), rate=Decimal(1), total="50")
    figures = of(an_account()._replace(credits=(credit,)))
    assert figures.sales == -50
    assert (figures.dso, figures.dso_countback_monthly, figures.dso_countback_daily) == (None,) * 3
    assert figures.cei is None


def test_countback_takes_months_off_from_the_latest() -> None:
    sold = {date(2026, 11, 3): Decimal(100), date(2026, 10, 9): Decimal(300)}
    # All of November (30 days), then half of October's 300 (15.5 of 31 days).
    assert countback_monthly(Decimal(250), sold, DAY) == Decimal("45.5")
    assert countback_monthly(Decimal(0), sold, DAY) == 0
    assert countback_monthly(Decimal(401), sold, DAY) is None
    # 27 days back to 3 November are without sales but for its last.
    assert countback_daily(Decimal(50), sold, DAY) == Decimal("27.5")


SOLD = st.dictionaries(
    st.dates(date(2025, 1, 1), DAY), st.decimals(1, 10_000, places=2), min_size=1, max_size=40
)


@given(sold=SOLD, share=st.decimals(0, 1, places=3))
def test_countback_agrees_with_a_walk_by_days(sold: dict[date, Decimal], share: Decimal) -> None:
    receivable = sum(sold.values(), Decimal(0)) * share
    left, days, day = receivable, Decimal(0), DAY
    while left > 0:
        month = {
            d: amount for d, amount in sold.items() if (d.year, d.month) == (day.year, day.month)
        }
        length = (
            day.day
            if (day.year, day.month) == (DAY.year, DAY.month)
            else monthrange(day.year, day.month)[1]
        )
        sales = sum(month.values(), Decimal(0))
        days += length if sales < left else left * length / sales
        left -= min(sales, left)
        day = day.replace(day=1) - timedelta(days=1)
    assert countback_monthly(receivable, sold, DAY) == days.quantize(PLACES)


INVOICES = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.integers(-60, 300),
        st.one_of(st.none(), st.integers(0, 399)),
        st.decimals(1, 5_000, places=2).map(str),
    ).map(lambda row: (row[0], row[1], None if row[2] is None else min(row[2], row[0]), row[3])),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60)
@given(rows=INVOICES, back=st.integers(0, 120))
def test_a_day_is_the_same_after_later_events(
    rows: list[tuple[int, int, int | None, str]], back: int
) -> None:
    day = DAY - timedelta(days=back)
    known_then = [
        (issued, due, settled if settled is not None and settled >= back else None, amount)
        for issued, due, settled, amount in rows
        if issued >= back
    ]
    later = measures([an_account(*rows)], MeasuringWindow(day), zone=UTC, base_currency="GBP")
    then = measures([an_account(*known_then)], MeasuringWindow(day), zone=UTC, base_currency="GBP")
    assert later == then


@settings(max_examples=60)
@given(rows=INVOICES)
def test_the_parts_add_up(rows: list[tuple[int, int, int | None, str]]) -> None:
    account = an_account(*rows)
    figures = of(account)
    if figures.dso is not None and figures.bpdso is not None and figures.add is not None:
        assert figures.bpdso + figures.add == figures.dso
    assert figures.current + figures.overdue == figures.receivable
    behind: dict[str, Decimal] = {}
    for _, _, in_base, name, document in documents_behind(
        [account], MeasuringWindow(DAY), zone=UTC, base_currency="GBP"
    ):
        behind[name] = behind.get(name, Decimal(0)) + document.amount * (not in_base)
    for name in ("sales", "receivable", "current", "overdue"):
        assert behind.get(name, Decimal(0)) == getattr(figures, name)


def test_documents_of_all_currencies_are_converted() -> None:
    pounds = an_account((20, -10, None, "200"))
    dollars = an_invoice("u1", currency="USD", rate=Decimal("0.8"), issued_on=DAY, due_on=DAY)
    krones = an_invoice("n1", currency="NOK", rate=None, issued_on=DAY, due_on=DAY)
    account = pounds._replace(invoices=(*pounds.invoices, dollars, krones))
    behind = documents_behind([account], MeasuringWindow(DAY), zone=UTC, base_currency="GBP")
    sold = [
        (each.currency, each.in_base, int(each.document.amount))
        for each in behind
        if each.figure == "sales"
    ]
    assert sorted(sold) == [
        ("GBP", False, 200),
        ("GBP", True, 80),
        ("GBP", True, 200),
        ("NOK", False, 100),
        ("USD", False, 100),
    ]


def test_currencies_are_never_added() -> None:
    pounds = an_account((20, -10, None, "200"))
    dollars = an_invoice("u1", currency="USD", rate=Decimal("0.8"), issued_on=DAY, due_on=DAY)
    krones = an_invoice("n1", currency="NOK", rate=None, issued_on=DAY, due_on=DAY)
    account = pounds._replace(invoices=(*pounds.invoices, dollars, krones))
    found = measures([account], MeasuringWindow(DAY), zone=UTC, base_currency="GBP")
    assert [(figures.currency, figures.in_base, int(figures.sales)) for figures in found] == [
        ("GBP", False, 200),
        ("NOK", False, 100),
        ("USD", False, 100),
        ("GBP", True, 280),
    ]
    assert found[-1].unrated == ("INV-n1 (NOK)",)


@pytest.mark.parametrize("days", [1, 30, 365])
def test_the_window_has_so_many_days(days: int) -> None:
    inside, outside = an_account((days - 1, 0, None, "10")), an_account((days, 0, None, "7"))
    assert of(inside, outside, days=days).sales == 10
