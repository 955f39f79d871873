"""A past day is forecast again with what was known on it, and compared with what came."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from decimal import Decimal
from itertools import pairwise

from tests.core.analytics.test_forecast import BILLS, DAY, Bill, accounts_of, of

from arsync.core.analytics.forecast_past import ORIGINS, LedgerPast
from arsync.core.analytics.invoice_history import invoice_histories
from arsync.core.analytics.projection import SPANS, WeekSpan
from arsync.core.ledger.account_view import AccountView


def past_of(bills: list[Bill]) -> LedgerPast:
    past = LedgerPast(DAY)
    for account in accounts_of(bills):
        view = AccountView(account, DAY, currency="GBP", base="GBP")
        past.add(account.contacts, invoice_histories(view, zone=UTC), is_agreed=False)
    return past


def test_nothing_is_seen_after_the_origin() -> None:
    forecasts, known = past_of(BILLS).replayed()
    assert known.day == DAY
    compared = 0
    for past in forecasts["GBP"]:
        then = of(accounts_of(BILLS), past.day).of("GBP")
        assert then is not None
        for span, week in zip(SPANS, then.weeks, strict=False):
            assert abs(past.projection.expected[span] - week.expected) < Decimal("0.000001")
            compared += 1
    assert compared > 100


def test_what_came_is_counted_by_week() -> None:
    origin = DAY - timedelta(28)
    forecasts, _ = past_of(BILLS).replayed()
    (past,) = [forecast for forecast in forecasts["GBP"] if forecast.day == origin]
    for week in range(1, 5):
        days = range(28 - 7 * week, 28 - 7 * (week - 1))
        came = sum(bill.amount for bill in BILLS if bill.paid in days and bill.issued >= 28)
        assert past.paid[WeekSpan(week, week)] == came
    assert WeekSpan(5, 5) not in past.paid
    assert past.paid[WeekSpan(1, 4)] == sum(past.paid[WeekSpan(week, week)] for week in range(1, 5))


def test_baselines_are_those_by_hand() -> None:
    origin = DAY - timedelta(28)
    forecasts, _ = past_of(BILLS).replayed()
    (past,) = [forecast for forecast in forecasts["GBP"] if forecast.day == origin]
    known = [bill for bill in BILLS if bill.issued >= 28]
    paid = [bill for bill in known if bill.paid is not None and bill.paid >= 28]
    by_due, by_average = [0] * 200, [0] * 200
    for bill in known:
        if bill not in paid:
            own = [earlier for earlier in paid if earlier.contact == bill.contact]
            late = Decimal(sum(each.due - (each.paid or 0) for each in own)) / len(own)
            due = 28 - bill.due
            by_due[-(-max(1, due) // 7)] += bill.amount
            by_average[-(-max(1, due + round(late)) // 7)] += bill.amount
    for week in range(1, 14):
        assert past.projection.by_due_date[WeekSpan(week, week)] == by_due[week]
        assert past.projection.by_average[WeekSpan(week, week)] == by_average[week]


def test_origins_are_a_week_apart() -> None:
    days = LedgerPast(date(2026, 11, 30)).days
    assert len(days) == ORIGINS + 1
    assert {(later - day).days for day, later in pairwise(days)} == {7}
