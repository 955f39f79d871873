"""Payment plans: schedules to the cent, and what came of them by the day of the money."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders.records import a_contact, a_credit, a_payment, an_invoice

from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.agreements.payment_plans import (
    Every,
    JudgedPlan,
    due_days,
    equal_parts,
)
from arsync.core.ledger.as_of import as_it_stood
from arsync.core.ledger.money import minor_digits
from arsync.core.ledger.records import (
    Account,
    Allocation,
    DocumentStatus,
    Instalment,
    Invoice,
    Payment,
    PaymentPlan,
    PaymentStatus,
    Promise,
)
from arsync.core.ledger.unapplied_cash import UnappliedCash

MADE_ON = date(2026, 9, 1)
DUE = (date(2026, 9, 10), date(2026, 10, 12), date(2026, 11, 10))
IN_TIME = date(2026, 9, 15)
"""Three business days after the first one, a Thursday."""


def a_debt(amount: str = "1200", invoice_id: str = "i1") -> Invoice:
    return an_invoice(
        invoice_id,
        "c1",
        number=invoice_id.upper(),
        issued_on=date(2026, 7, 1),
        due_on=date(2026, 8, 1),
        rate=1,
        total="1200",
        amount_due=amount,
    )


def a_plan(*amounts: str, invoices: tuple[str, ...] = ("i1",), number: int = 1) -> PaymentPlan:
    parts = tuple(map(Instalment, DUE, map(Decimal, amounts or ("400", "400", "400"))))
    return PaymentPlan(number, "c1", invoices, "GBP", MADE_ON, "Jo", parts)


def money(
    amount: str, on: date, *, booked: date | None = None, unallocated: bool = False
) -> Payment:
    matched = () if unallocated else (Allocation("i1", Decimal(amount), booked or on),)
    return a_payment(
        f"p{on}",
        "c1",
        paid_on=on,
        rate=1,
        amount=amount,
        unallocated=amount if unallocated else "0",
        allocations=matched,
    )


def an_account(due: str, *payments: Payment, plan: PaymentPlan | None = None) -> Account:
    invoice = a_debt(due)
    if not invoice.amount_due:
        invoice = invoice._replace(status=DocumentStatus.PAID)
    return Account((a_contact("c1"),), (invoice,), payments, payment_plans=(plan or a_plan(),))


def view(account: Account, today: date, counts: UnappliedCash = UnappliedCash.NET) -> AccountView:
    return AccountView(account, today, currency="GBP", base="GBP", unapplied_cash=counts)


def judged(account: Account, today: date, **values: UnappliedCash) -> JudgedPlan:
    return view(account, today, **values).payment_plans[-1]


@given(
    st.decimals("0.01", "999999", places=2),
    st.integers(1, 120),
    st.sampled_from(["GBP", "JPY", "KWD"]),
)
def test_instalments_sum_to_what_was_agreed(total: Decimal, count: int, currency: str) -> None:
    amounts = equal_parts(total, count, currency)

    assert sum(amounts) == total
    assert len(amounts) == count
    unit = Decimal(1).scaleb(-minor_digits(currency))
    assert {amount % unit for amount in amounts[:-1]} <= {Decimal(0)}
    assert all(0 <= amounts[-1] - amount < count * unit + unit for amount in amounts)


@pytest.mark.parametrize(
    ("every", "first", "days"),
    [
        (Every.WEEK, date(2026, 12, 28), ["2026-12-28", "2027-01-04", "2027-01-11"]),
        (Every.FORTNIGHT, date(2026, 12, 28), ["2026-12-28", "2027-01-11", "2027-01-25"]),
        (Every.MONTH, date(2026, 12, 30), ["2026-12-30", "2027-01-30", "2027-02-28"]),
        (Every.MONTH, date(2027, 4, 30), ["2027-04-30", "2027-05-31", "2027-06-30"]),
        (Every.QUARTER, date(2027, 11, 30), ["2027-11-30", "2028-02-29", "2028-05-31"]),
        (Every.YEAR, date(2028, 2, 29), ["2028-02-29", "2029-02-28", "2030-02-28"]),
    ],
)
def test_days_keep_the_end_of_month(every: Every, first: date, days: list[str]) -> None:
    assert [day.isoformat() for day in due_days(first, every, 3)] == days


@pytest.mark.parametrize(
    ("today", "state"),
    [
        (MADE_ON, "kept"),
        (DUE[0], "kept"),
        (DUE[0] + timedelta(1), "late"),
        (IN_TIME, "late"),
        (IN_TIME + timedelta(1), "broken"),
    ],
)
def test_a_plan_that_nobody_pays_breaks(today: date, state: str) -> None:
    assert judged(an_account("1200"), today).state == state


def test_one_payment_keeps_one_instalment() -> None:
    account = an_account("800", money("400", DUE[0]))

    after_second = judged(account, DUE[1] + timedelta(30))

    assert judged(account, DUE[1]).state == "kept"
    assert (after_second.state, after_second.missed) == ("broken", 1)
    assert after_second.outstanding == 800


@given(st.integers(0, 60), st.integers(0, 120))
def test_judged_alike_whenever_it_is_booked(paid_after: int, booked_after: int) -> None:
    paid_on = MADE_ON + timedelta(paid_after)
    at_once = an_account("800", money("400", paid_on))
    late = an_account("800", money("400", paid_on, booked=paid_on + timedelta(booked_after)))
    unmatched = an_account("1200", money("400", paid_on, unallocated=True))
    days = [MADE_ON + timedelta(days) for days in range(paid_after + booked_after, 200, 7)]

    for day in days:
        assert judged(at_once, day) == judged(late, day) == judged(unmatched, day)


def test_money_paid_in_time_mends_what_looked_broken() -> None:
    day = IN_TIME + timedelta(5)

    assert judged(an_account("1200"), day).state == "broken"
    assert judged(an_account("800", money("400", IN_TIME)), day).state == "kept"
    assert judged(an_account("800", money("400", day)), day).state == "broken"


def test_a_larger_payment_pays_ahead() -> None:
    account = an_account("400", money("800", DUE[0]))

    assert judged(account, DUE[2]).state == "kept"
    following = judged(account, DUE[0]).following
    assert following is not None
    assert (following.number, following.outstanding) == (3, Decimal(400))


def test_all_money_completes_a_plan() -> None:
    assert judged(an_account("0", money("1200", DUE[0])), DUE[2]).state == "completed"


def test_a_reversed_payment_is_due_again() -> None:
    undone = money("400", DUE[0])._replace(status=PaymentStatus.VOIDED)

    assert judged(an_account("1200", undone), IN_TIME + timedelta(1)).state == "broken"


def test_an_earlier_payment_of_that_day_is_no_instalment() -> None:
    morning = money("400", MADE_ON)
    plan = a_plan("400", "400")._replace(received_before=Decimal(400))

    assert judged(an_account("800", morning, plan=plan), MADE_ON).received == 0


def test_a_credit_shortens_the_last_instalment() -> None:
    credit = a_credit(
        "n1",
        "c1",
        issued_on=MADE_ON - timedelta(9),
        rate=1,
        total="100",
        unallocated="0",
        allocations=(Allocation("i1", Decimal(100), DUE[0]),),
        status=DocumentStatus.PAID,
    )
    account = an_account("700", money("400", DUE[0]))._replace(credits=(credit,))

    outstanding = [part.outstanding for part in judged(account, DUE[0]).instalments]

    assert outstanding == [0, 400, 300]


def test_deposits_for_later_work_keep_no_plan() -> None:
    account = an_account("1200", money("400", DUE[0], unallocated=True))
    day = IN_TIME + timedelta(1)

    assert judged(account, day, counts=UnappliedCash.IGNORE).state == "broken"
    assert judged(account, day, counts=UnappliedCash.ONLY_IN_FULL).state == "kept"


def test_an_instalment_pays_no_other_invoice() -> None:
    older = a_debt("500", "i0")._replace(due_on=date(2026, 6, 1))
    account = an_account("1200", money("400", DUE[0], unallocated=True))
    account = account._replace(invoices=(older, *account.invoices))

    assert judged(account, DUE[1]).state == "kept"
    assert view(account, DUE[1]).owed_by_id["i0"].amount_due == 500


def test_what_cannot_be_read_breaks_no_plan() -> None:
    day = IN_TIME + timedelta(1)
    account = an_account("1200")

    assert judged(account._replace(doubts=("a payment cannot be read",)), day).state == "late"
    assert judged(account._replace(unreadable=("I9",)), day).state == "late"
    assert judged(account._replace(invoices=()), day).state == "late"


def test_a_part_beyond_the_plan_is_not_set_aside() -> None:
    account = an_account("1200", plan=a_plan("400", "400"))
    paid = an_account("800", money("400", DUE[0]), plan=a_plan("400", "400"))

    assert view(account, MADE_ON).set_aside == {"i1": 800}
    assert view(paid, DUE[0]).set_aside == {"i1": 400}
    assert view(account, IN_TIME + timedelta(1)).set_aside == {}


def test_the_newest_plan_counts_for_an_invoice() -> None:
    again = a_plan("1200", number=2)._replace(
        made_on=date(2026, 9, 20), instalments=(Instalment(date(2026, 12, 1), Decimal(1200)),)
    )
    account = an_account("1200")
    account = account._replace(payment_plans=(*account.payment_plans, again))

    assert view(account, date(2026, 9, 25)).plan_of["i1"].state == "kept"
    cancelled = again._replace(cancelled_on=date(2026, 9, 26))
    account = account._replace(payment_plans=(a_plan(), cancelled))
    assert view(account, date(2026, 9, 27)).plan_of["i1"].state == "broken"


def test_a_plan_takes_the_place_of_a_promise() -> None:
    promise = Promise(("i1",), date(2026, 9, 4), None, date(2026, 8, 25))
    account = an_account("1200")._replace(promises=(promise,))
    day = date(2026, 9, 14)

    assert view(account, day).promises == {}
    assert view(account._replace(payment_plans=()), day).promises["i1"].state == "broken"
    ended = a_plan()._replace(cancelled_on=day)
    assert view(account._replace(payment_plans=(ended,)), day).promises["i1"].state == "broken"


def test_a_promise_after_the_plan_counts() -> None:
    promise = Promise(("i1",), date(2026, 9, 20), None, date(2026, 9, 5))
    account = an_account("1200")._replace(promises=(promise,))

    assert view(account, date(2026, 9, 6)).promises["i1"].state == "open"


def test_a_promise_broken_before_is_over() -> None:
    promise = Promise(("i1",), date(2026, 8, 5), None, date(2026, 8, 1))
    account = an_account("1200")._replace(promises=(promise,))

    assert view(account, date(2026, 8, 20)).promises["i1"].state == "broken"
    assert view(account, date(2026, 9, 6)).promises == {}


def test_a_past_day_knows_the_plan_of_that_day() -> None:
    ended = a_plan()._replace(cancelled_on=date(2026, 9, 20))
    account = an_account("1200", plan=ended)

    def plans(day: date) -> list[str]:
        past = as_it_stood(account, day, zone=UTC)
        return [judged.state.value for judged in view(past, day).payment_plans]

    assert plans(MADE_ON - timedelta(1)) == []
    assert plans(MADE_ON) == ["kept"]
    assert plans(date(2026, 9, 19)) == ["broken"]
    assert plans(date(2026, 9, 20)) == ["cancelled"]
