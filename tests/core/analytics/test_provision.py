"""The provision against a second computation, balance by balance, and what holds always."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders.records import a_contact, a_credit, a_payment, an_invoice

from arsync.core.analytics.loss_rates import LOST_MIN, ROLLED_MIN
from arsync.core.analytics.provision import (
    UNCHANGED,
    Outlook,
    Provision,
    Provisioning,
)
from arsync.core.ledger.age_buckets import BUCKETS
from arsync.core.ledger.records import Account, Allocation, DocumentStatus

DAY = date(2026, 11, 30)


class Debt(NamedTuple):
    """An invoice, due so many days before DAY; paid or voided so many days after its due date."""

    contact: str
    due: int
    amount: int
    paid: int | None = None
    voided: int | None = None

    def open_after(self, late: int) -> int:
        """Return what is open so many days past due, as far as it is known on DAY."""
        ends = [days for days in (self.paid, self.voided) if days is not None and days <= self.due]
        return 0 if ends and min(ends) <= late else self.amount


def account_of(contact: str, debts: Iterable[Debt], group: str = "") -> Account:
    invoices, payments = [], []
    for number, debt in enumerate(debts):
        due_on = DAY - timedelta(debt.due)
        is_paid = debt.paid is not None and debt.paid <= debt.due
        is_void = debt.voided is not None and debt.voided <= debt.due
        fields: dict[str, Any] = {
            "status": DocumentStatus.VOIDED if is_void else DocumentStatus.PAID,
            "amount_due": 0,
        }
        if is_void:
            on = due_on + timedelta(debt.voided or 0)
            fields["updated_at"] = datetime.combine(on, time(12), UTC)
        name = f"{contact}-{number}"
        invoices.append(
            an_invoice(
                name,
                contact,
                issued_on=due_on - timedelta(30),
                due_on=due_on,
                total=debt.amount,
                **(fields if is_paid or is_void else {}),
            )
        )
        if is_paid:
            on, money = due_on + timedelta(debt.paid or 0), Decimal(debt.amount)
            payments.append(
                a_payment(
                    f"p-{name}",
                    contact,
                    paid_on=on,
                    amount=money,
                    allocations=(Allocation(name, money, on),),
                )
            )
    groups = (group,) if group else ()
    return Account((a_contact(contact, groups=groups),), tuple(invoices), tuple(payments))


def of(
    *accounts: Account,
    outlook: Outlook = UNCHANGED,
    interest: Decimal | None = None,
    day: date = DAY,
) -> Provision:
    provisioning = Provisioning(day, zone=UTC, base_currency="GBP")
    for account in accounts:
        provisioning.add(account)
    return provisioning.provision(outlook, interest)


def rates_by_hand(debts: Sequence[Debt]) -> list[Fraction]:
    """Return the loss rates: what reached each bucket, what of it the next, what was lost."""
    entries = (-30, 0, 30, 60, 90)

    def known(debt: Debt, entry: int) -> bool:
        return entry <= debt.due < entry + 1_096

    rolls = []
    for entry, following in pairwise(entries):
        counted = [debt for debt in debts if known(debt, following)]
        reached = sum(debt.open_after(entry) for debt in counted)
        rolls.append(Fraction(sum(debt.open_after(following) for debt in counted), reached))
    lost = paid = 0
    for debt in debts:
        if known(debt, 90) and debt.open_after(90):
            if debt.voided is not None and debt.voided <= debt.due:
                lost += debt.amount
            elif debt.paid is not None and debt.paid <= debt.due:
                paid += debt.amount
            elif debt.due > 365:
                lost += debt.amount
    rates, product = [], Fraction(lost, lost + paid)
    rates.append(product)
    for roll in reversed(rolls):
        product *= roll
        rates.append(product)
    return rates[::-1]


DEBTS = [
    Debt(
        "c1",
        due=20 + 9 * number,
        amount=100 + 3 * number,
        paid=None if number % 9 == 0 else (number * 37) % 170,
        voided=100 + number if number % 18 == 0 else None,
    )
    for number in range(80)
]


def test_rates_are_those_by_hand() -> None:
    # Of each, enough reached the last bucket, and came to an end there.
    debts = [*DEBTS, *(Debt("c1", 400 + n, 50, paid=91 + n) for n in range(LOST_MIN))]
    report = of(account_of("c1", debts))
    for rate, by_hand in zip(report.ledger_rates.rates, rates_by_hand(debts), strict=True):
        assert rate is not None
        assert abs(Fraction(rate) - by_hand) < Fraction(1, 200_000)
    assert report.ledger_rates.rates[0] < report.ledger_rates.rates[-1]  # type: ignore[operator]


def test_each_bucket_loses_its_share() -> None:
    debts = [*DEBTS, *(Debt("c1", 400 + n, 50, paid=91 + n) for n in range(LOST_MIN))]
    report = of(account_of("c1", debts))
    (total,) = report.totals
    expected = Decimal(0)
    for bucket, (amount, rate, loss) in enumerate(
        zip(total.owed, total.rates, total.losses, strict=True)
    ):
        in_bucket = [
            debt.amount
            for debt in debts
            if debt.open_after(debt.due) and min(4, (debt.due + 29) // 30) == bucket
        ]
        assert amount == sum(in_bucket)
        assert loss == (amount * (rate or 0)).quantize(Decimal("0.000001"))
        expected += loss or 0
    assert total.provision == expected > 0


def test_an_outlook_moves_rates_and_stops_at_all() -> None:
    debts = [*DEBTS, *(Debt("c1", 400 + n, 50, paid=91 + n) for n in range(LOST_MIN))]
    account = account_of("c1", debts)
    usual = of(account).totals[0].rates[-1]
    higher = of(account, outlook=Outlook(Decimal(10), "a crisis"))
    assert usual is not None
    assert higher.totals[0].rates[-1] == (usual * Decimal("1.1")).quantize(Decimal("0.000001"))
    assert (higher.outlook_percent, higher.outlook_reason) == (Decimal(10), "a crisis")
    assert of(account, outlook=Outlook(Decimal(1_000), "the end")).totals[0].rates[-1] == 1


def test_too_little_history_is_not_known() -> None:
    rolled = [Debt("c1", 700, 10, paid=10)] * ROLLED_MIN
    report = of(account_of("c1", [*rolled, Debt("c1", 5, 100)]))
    rolls = report.ledger_rates.rolls
    assert (rolls[0].rate, rolls[1].rate) == (Decimal(1), Decimal(0))
    assert rolls[2].rate is None
    assert report.ledger_rates.rates == (None,) * len(BUCKETS)
    (total,) = report.totals
    assert total.provision is None
    assert total.rates_of == ""
    fewer = of(account_of("c1", rolled[1:]))
    assert fewer.ledger_rates.rolls[0].rate is None


@pytest.mark.parametrize(("ends", "is_known"), [(LOST_MIN, True), (LOST_MIN - 1, False)])
def test_a_loss_needs_enough_ends(ends: int, *, is_known: bool) -> None:
    lost = [Debt("c1", 500, 10) for _ in range(ends)]
    passing = [Debt("c1", 200, 10) for _ in range(ROLLED_MIN)]
    assert of(account_of("c1", [*lost, *passing])).ledger_rates.is_known is is_known


def test_nothing_owed_needs_no_rate() -> None:
    (total,) = of(account_of("c1", [Debt("c1", 5, 100)])).totals
    assert total.losses[0] == 0
    assert total.losses[1] is None


def test_a_small_segment_goes_by_the_ledger() -> None:
    debts = [*DEBTS, *(Debt("c1", 400 + n, 50, paid=91 + n) for n in range(LOST_MIN))]
    safe = [Debt("c2", 500, 10, paid=91 + n) for n in range(LOST_MIN)]
    report = of(
        account_of("c1", debts, "Trade"),
        account_of("c2", [*safe, Debt("c2", 5, 100)], "Public"),
        account_of("c3", [Debt("c3", 5, 100)], "New"),
    )
    by_segment = {row.segment: row for row in report.rows}
    assert by_segment["Trade"].rates_of == "segment"
    # Nothing was lost in Public: its own rate would be 0.
    assert {by_segment[name].rates_of for name in ("Public", "New")} == {"ledger"}
    assert by_segment["New"].rates == report.ledger_rates.rates
    assert report.totals[0].rates_of == ""
    assert report.totals[0].owed[1] == by_segment["Trade"].owed[1] + 200


def test_documents_without_a_rate_are_named() -> None:
    krones = an_invoice("n1", currency="NOK", rate=None, issued_on=DAY, due_on=DAY)
    report = of(Account((a_contact(),), (krones,)))
    assert report.unrated == ("INV-n1 (NOK)",)
    assert report.totals[0].owed[0] == 100


# -- what late payment costs --------------------------------------------------------------------


def test_interest_runs_on_late_days_of_the_window() -> None:
    debts = [
        Debt("c1", 10, 3_650),  # 10 days late, still open
        Debt("c1", 100, 365, paid=40),  # late for 30 days of the window, 11 to 40
        Debt("c1", 200, 1_000),  # all 90 days
        Debt("c1", 50, 7_000, voided=20),  # was never owed
        Debt("c1", -5, 9_000),  # not due
    ]
    (late,) = of(account_of("c1", debts), interest=Decimal(8)).late
    amount_days = 10 * 3_650 + 30 * 365 + 90 * 1_000
    assert late.late_amount_days == amount_days
    assert late.interest_cost == (Decimal(amount_days) * 8 / 36_500).quantize(Decimal("0.000001"))
    assert of(account_of("c1", debts)).late[0].interest_cost is None


def test_sales_to_late_customers_are_at_risk() -> None:
    report = of(
        account_of("c1", [Debt("c1", 61, 10), Debt("c1", -10, 300)]),
        account_of("c2", [Debt("c2", 60, 10), Debt("c2", -10, 500)])._replace(
            credits=(a_credit("cr", "c2", issued_on=DAY, total=100, unallocated=0),)
        ),
    )
    (late,) = report.late
    # c1 owes something more than 60 days past due; both sold invoices are of the window.
    assert (late.sales, late.sales_at_risk) == (Decimal(700), Decimal(300))
    assert late.sales_at_risk_percent == Decimal("42.857143")


RANDOM_DEBTS = st.lists(
    st.builds(
        lambda contact, due, amount, end, voided: Debt(
            f"c{contact}", due, amount, None if voided else end, end if voided else None
        ),
        st.integers(0, 3),
        st.integers(-20, 500),
        st.integers(1, 5_000),
        st.one_of(st.none(), st.integers(-10, 450)),
        st.booleans(),
    ),
    min_size=1,
    max_size=40,
)


def accounts_of(debts: Sequence[Debt]) -> list[Account]:
    contacts = sorted({debt.contact for debt in debts})
    return [
        account_of(contact, [debt for debt in debts if debt.contact == contact])
        for contact in contacts
    ]


@settings(max_examples=40, deadline=None)
@given(debts=RANDOM_DEBTS, back=st.integers(1, 120))
def test_a_past_day_is_the_same_after_later_events(debts: list[Debt], back: int) -> None:
    then = [
        debt._replace(
            paid=debt.paid if debt.paid is not None and debt.paid <= debt.due - back else None,
            voided=debt.voided
            if debt.voided is not None and debt.voided <= debt.due - back
            else None,
        )
        for debt in debts
        if debt.due + 30 >= back
    ]
    day = DAY - timedelta(back)
    assert of(*accounts_of(debts), day=day).totals == of(*accounts_of(then), day=day).totals


@settings(max_examples=40, deadline=None)
@given(debts=RANDOM_DEBTS)
def test_losses_are_never_more_than_what_is_owed(debts: list[Debt]) -> None:
    report = of(*accounts_of(debts), outlook=Outlook(Decimal(50), "worse"))
    owed = sum(debt.amount for debt in debts if debt.open_after(debt.due))
    assert sum(sum(row.owed) for row in report.totals) == owed
    for row in report.rows:
        for amount, loss in zip(row.owed, row.losses, strict=True):
            assert loss is None or 0 <= loss <= amount
