"""A past day is forecast again with what was known on it, and compared with what came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from tests.core.analytics.test_forecast import BILLS, DAY, Bill, accounts_of, of

from arsync.core.analytics.forecast import Forecasting
from arsync.core.analytics.forecast_errors import PastForecast
from arsync.core.analytics.forecast_past import ORIGINS, LedgerPast
from arsync.core.analytics.projection import SPANS, WeekSpan
from arsync.core.ledger.records import Account, Dispute, Instalment, PaymentPlan, Promise


def agreed_accounts() -> list[Account]:
    """Return a ledger with promises, a plan and disputes, one of each kept and one not."""
    accounts = {account.contacts[0].id: account for account in accounts_of(BILLS)}
    paid = [invoice for invoice in accounts["c1"].invoices if invoice.paid_on is not None]
    latest = max(paid, key=lambda invoice: invoice.paid_on or DAY)
    assert latest.paid_on is not None
    made_on = latest.issued_on + timedelta(2)
    promises = (
        Promise((latest.id,), latest.paid_on, None, made_on),
        Promise((paid[0].id,), paid[0].issued_on, None, paid[0].issued_on),
    )
    accounts["c1"] = accounts["c1"]._replace(promises=promises)
    late = max(accounts["c2"].invoices, key=lambda invoice: invoice.issued_on)
    instalments = tuple(Instalment(DAY + timedelta(days), late.total / 2) for days in (-20, 20))
    plan = PaymentPlan(1, "c2", (late.id,), "GBP", DAY - timedelta(30), "Jo", instalments)
    accounts["c2"] = accounts["c2"]._replace(payment_plans=(plan,))
    disputed = max(accounts["c3"].invoices, key=lambda invoice: invoice.issued_on)
    dispute = Dispute(disputed.id, DAY - timedelta(25), "short", amount=Decimal(50))
    accounts["c3"] = accounts["c3"]._replace(disputes=(dispute,))
    return list(accounts.values())


@pytest.mark.parametrize(
    "accounts", [accounts_of(BILLS), agreed_accounts()], ids=["by habit", "agreed"]
)
def test_nothing_is_seen_after_the_origin(accounts: list[Account]) -> None:
    forecasting = Forecasting(DAY, zone=UTC, base_currency="GBP")
    for account in accounts:
        forecasting.add(account)
    forecasting.forecast()
    compared = 0
    for past in forecasting.past_forecasts["GBP"]:
        then = of(accounts, past.day).of("GBP")
        assert then is not None
        for span, week in zip(SPANS, then.weeks, strict=False):
            assert abs(past.projection.expected[span] - week.expected) < Decimal("0.000002")
            compared += 1
    assert compared > 100


def past_of(bills: list[Bill]) -> Sequence[PastForecast]:
    forecasting = Forecasting(DAY, zone=UTC, base_currency="GBP")
    for account in accounts_of(bills):
        forecasting.add(account)
    forecasting.forecast()
    return forecasting.past_forecasts["GBP"]


def test_what_came_is_counted_by_week() -> None:
    origin = DAY - timedelta(28)
    (past,) = [forecast for forecast in past_of(BILLS) if forecast.day == origin]
    for week in range(1, 5):
        days = range(28 - 7 * week, 28 - 7 * (week - 1))
        came = sum(bill.amount for bill in BILLS if bill.paid in days and bill.issued >= 28)
        assert past.paid[WeekSpan(week, week)] == came
    assert WeekSpan(5, 5) not in past.paid
    assert past.paid[WeekSpan(1, 4)] == sum(past.paid[WeekSpan(week, week)] for week in range(1, 5))


def test_baselines_are_those_by_hand() -> None:
    origin = DAY - timedelta(28)
    (past,) = [forecast for forecast in past_of(BILLS) if forecast.day == origin]
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
