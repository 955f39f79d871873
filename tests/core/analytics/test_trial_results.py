"""Two cadences side by side: intervals where there is enough, and no number where there is not."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from decimal import Decimal

from tests.core.analytics.test_step_outcomes import case

from arsync.core.analytics.proportions import newcombe
from arsync.core.analytics.step_outcomes import CASES_MIN
from arsync.core.analytics.trial_results import TrialArm, TrialResult, TrialResults
from arsync.core.ledger.records import Account

DAY = date(2026, 11, 30)
SINCE = date(2026, 7, 1)


def results(accounts: list[Account], arms: list[TrialArm], day: date = DAY) -> list[TrialResult]:
    collected = TrialResults(arms, day, zone=UTC, beside={"Softer": "Standard"})
    for account in accounts:
        collected.add(account)
    return collected.results()


def arm(number: int, *, is_tried: bool, since: date = SINCE) -> TrialArm:
    return TrialArm("Softer", f"c{number}", is_tried, since)


def test_halves_are_compared_with_an_interval() -> None:
    tried = [case(n, paid=5 if n % 2 else 60) for n in range(40)]
    own = [case(100 + n, paid=5 if n % 4 == 0 else 60) for n in range(40)]
    arms = [arm(n, is_tried=True) for n in range(40)]
    arms += [arm(100 + n, is_tried=False) for n in range(40)]
    (result,) = results([*tried, *own], arms)
    week = result.within[0]
    assert (result.trial, result.of, result.since) == ("Softer", "Standard", SINCE)
    assert "Newcombe" in result.method
    assert week.tried is not None
    assert week.own is not None
    assert [week.tried.percent, week.own.percent, week.difference] == [50, 25, 25]
    expected = newcombe(20, 40, 10, 40)
    assert [week.low, week.high] == [expected.low, expected.high]


def test_too_few_customers_give_no_number() -> None:
    accounts = [case(n, paid=5) for n in range(100)]
    arms = [arm(n, is_tried=n < CASES_MIN - 1) for n in range(100)]
    (result,) = results(accounts, arms)
    week = result.within[0]
    assert (week.own, week.tried, week.difference, week.low) == (None, None, None, None)
    assert week.why_unknown.startswith(f"{CASES_MIN - 1} customers on one side")


def test_one_invoice_of_each_customer_counts() -> None:
    first, second = case(1, paid=5), case(1, paid=60, due=date(2026, 9, 1))
    both = first._replace(
        invoices=(*first.invoices, *(each._replace(id="i2") for each in second.invoices))
    )
    (result,) = results([both], [arm(1, is_tried=True)])
    assert result.within[0].customers_tried == 1


def test_what_fell_due_before_the_trial_is_not_counted() -> None:
    (result,) = results([case(1, paid=5)], [arm(1, is_tried=True, since=date(2026, 8, 2))])
    assert result.within[0].customers_tried == 0


def test_what_happened_later_changes_no_past_result() -> None:
    arms = [arm(n, is_tried=n % 2 == 0) for n in range(100)]
    day = date(2026, 8, 20)
    later = [case(n, paid=5 if n % 3 else 60) for n in range(100)]
    then = [case(n, paid=5 if n % 3 else None) for n in range(100)]
    assert results(later, arms, day) == results(then, arms, day)
    assert results(later, arms, SINCE - timedelta(days=1)) == []


def test_shares_are_exact() -> None:
    arms = [arm(n, is_tried=n % 2 == 0) for n in range(66)]
    (result,) = results([case(n, paid=5 if n < 22 else 60) for n in range(66)], arms)
    assert result.within[0].own is not None
    assert result.within[0].own.percent == Decimal("33.333333")
