"""What the law gives for late payment: by dated tables alone, from the day after the due date."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders.records import a_credit, a_debtor, a_payment, an_invoice
from tests.builders.rulebooks import a_rulebook

from arsync.core.ledger.late_debt import (
    FROM_THE_BEGINNING,
    LateDebt,
    LatePart,
    Reduction,
    late_debt,
    reductions_of,
)
from arsync.core.ledger.late_payment_law import (
    DAYS_LATE_MAX,
    EACH_HALF_YEAR,
    WHEN_LATE,
    FixedSum,
    LatePayment,
    Reference,
    compensation,
    half_year,
    interest,
)
from arsync.core.ledger.records import Allocation, Invoice, Organisation
from arsync.core.planning.assessment import Assessor
from arsync.core.rulebook import Rulebook, read_rulebook
from arsync.core.rulebook.facts import INVOICE_BY_NAME, INVOICE_FIELDS, invoice_row

RATES = (
    Reference(date(2024, 1, 1), Decimal("5.25"), "s"),
    Reference(date(2024, 7, 1), Decimal("5.25"), "s"),
    Reference(date(2025, 1, 1), Decimal("4.75"), "s"),
)
SUMS = tuple(FixedSum(Decimal(a), Decimal(b)) for a, b in ((0, 40), (1000, 70), (10000, 100)))
UK = LatePayment("Act", "GBP", Decimal(8), WHEN_LATE, RATES, SUMS)
EU = UK._replace(law="Directive", currency="EUR", counts=EACH_HALF_YEAR)


def unpaid(amount: str, due_on: date) -> LateDebt:
    return LateDebt(due_on, (LatePart(Decimal(amount), None),))


def of(law: LatePayment, due: str, as_of: str, amount: str = "1000") -> Decimal | None:
    return interest(law, unpaid(amount, date.fromisoformat(due)), date.fromisoformat(as_of))


def test_interest_is_simple_from_the_day_after_due() -> None:
    assert of(UK, "2024-03-01", "2024-03-01") == 0
    assert of(UK, "2024-03-01", "2024-02-01") == 0
    assert of(UK, "2024-03-01", "2024-03-02") == Decimal("0.36")  # 1000 * 13.25% / 365
    assert of(UK, "2024-03-01", "2024-03-31") == Decimal("10.89")  # 30 days


def test_the_united_kingdom_fixes_the_rate_at_lateness() -> None:
    assert of(UK, "2024-12-01", "2025-11-30") == Decimal("132.14")  # 364 days at 13.25
    assert of(UK, "2024-12-31", "2025-01-10") == Decimal("3.49")  # 10 days at 12.75
    assert of(UK, "2024-06-30", "2024-07-10") == of(UK, "2024-06-29", "2024-07-09")


def test_the_union_applies_each_half_years_own_rate() -> None:
    ten_and_ten = Decimal(1000) * (Decimal("13.25") * 10 + Decimal("12.75") * 10) / 100 / 365
    assert of(EU, "2024-12-21", "2025-01-10") == round(ten_and_ten, 2)
    assert of(EU, "2024-12-21", "2025-07-01") is None


def test_a_half_year_missing_from_the_table_is_unknown() -> None:
    assert of(UK, "2023-12-30", "2024-03-01") is None
    assert of(UK, "2023-12-31", "2024-03-01") is not None
    assert of(UK, "2025-06-30", "2025-07-02") is None
    assert of(EU, "2023-12-30", "2024-03-01") is None


def test_a_due_date_of_another_age_is_unknown() -> None:
    day = date(2024, 2, 1)
    rates = (Reference(half_year(day), Decimal(1), "s"),)
    law = UK._replace(rates=rates)
    debt = unpaid("1", day)
    assert interest(law, debt, day + timedelta(days=DAYS_LATE_MAX)) is not None
    assert interest(law, debt, day + timedelta(days=DAYS_LATE_MAX + 1)) is None


@pytest.mark.parametrize(
    ("amount", "expected"),
    [("0.01", 40), ("999.99", 40), ("1000", 70), ("9999.99", 70), ("10000", 100), ("1e6", 100)],
)
def test_compensation_goes_by_the_size_of_the_debt(amount: str, expected: int) -> None:
    due = date(2024, 3, 1)
    debt = unpaid(amount, due)
    assert compensation(UK, debt, due + timedelta(days=1)) == expected
    assert compensation(UK, debt, due) == 0
    none = UK._replace(compensation=())
    assert compensation(none, debt, due + timedelta(days=1)) is None


@given(
    st.decimals(min_value=0, max_value=10**7, places=2),
    st.dates(date(2024, 1, 1), date(2025, 6, 1)),
    st.integers(0, 300),
)
def test_interest_only_grows_and_never_outgrows_its_rate(
    amount: Decimal, due: date, days: int
) -> None:
    today = due + timedelta(days=days)
    owed_today, later = (
        interest(UK, unpaid(str(amount), due), day) for day in (today, today + timedelta(days=1))
    )
    assert owed_today is not None
    assert later is not None
    assert 0 <= owed_today <= later <= amount * Decimal("0.1325") + Decimal("0.01")


DUE = date(2024, 6, 30)
LATER = date(2024, 9, 1)


def ran(invoice: Invoice, *reductions: Reduction) -> LateDebt:
    return late_debt(invoice, reductions)


def ten_thousand(due: str, **fields: Any) -> Invoice:
    return an_invoice(total=10_000, amount_due=due, due_on=DUE, **fields)


def test_each_part_bears_interest_until_it_is_paid() -> None:
    debt = ran(ten_thousand("1000"), Reduction(date(2024, 8, 30), Decimal(9000)))
    assert debt.is_complete
    # 9,000 for 61 days and 1,000 for 63, at 13.25 %.
    assert interest(UK, debt, LATER) == Decimal("222.16")
    assert interest(UK, debt, date(2024, 8, 30)) == Decimal("221.44")  # 10,000 for 61 days
    assert compensation(UK, debt, LATER) == 100


def test_what_was_paid_in_time_was_never_late() -> None:
    debt = ran(ten_thousand("1000"), Reduction(DUE, Decimal(9000)))
    assert interest(UK, debt, LATER) == interest(UK, unpaid("1000", DUE), LATER)
    assert compensation(UK, debt, LATER) == 70


def test_interest_stands_after_payment() -> None:
    paid = ten_thousand("0", status="paid", paid_on=date(2024, 8, 30))
    debt = ran(paid, Reduction(date(2024, 8, 30), Decimal(10_000)))
    assert interest(UK, debt, LATER) == interest(UK, debt, date(2030, 1, 1)) == Decimal("221.44")
    assert compensation(UK, debt, LATER) == 100


def test_an_unknown_history_never_gives_too_much() -> None:
    debt = ran(ten_thousand("1000"), Reduction(date(2024, 8, 30), Decimal(2000)))
    assert not debt.is_complete
    assert debt.at_first == 3000
    # Money that was moved is known twice: no more is late than the invoice was.
    twice = ran(ten_thousand("1000"), *[Reduction(date(2024, 8, 30), Decimal(9000))] * 2)
    assert not twice.is_complete
    assert twice.at_first == 10_000
    assert ran(ten_thousand("0", status="voided")).at_first == 0


def test_a_credit_note_was_never_owed_but_money_was() -> None:
    on = date(2024, 8, 30)
    match = (Allocation("i1", Decimal(4000), on),)
    account = a_debtor(
        ten_thousand("0"),
        payments=(
            a_payment(
                "p1",
                amount=2000,
                paid_on=on,
                allocations=(match[0]._replace(amount=Decimal(2000)),),
            ),
            # QuickBooks applies a credit memo by a payment of nothing.
            a_payment(
                "p2", amount=0, paid_on=on, allocations=(match[0]._replace(amount=Decimal(1000)),)
            ),
            a_payment("p3", amount=9, paid_on=on, status="deleted", allocations=match),
        ),
        credits=(
            a_credit("cr1", allocations=match),
            a_credit("cr2", kind="prepayment", issued_on=date(2024, 7, 10), allocations=match),
            a_credit("cr3", status="voided", allocations=match),
        ),
    )
    assert sorted(reductions_of(account)["i1"]) == [
        Reduction(FROM_THE_BEGINNING, Decimal(1000)),
        Reduction(FROM_THE_BEGINNING, Decimal(4000)),
        Reduction(date(2024, 7, 10), Decimal(4000)),
        Reduction(on, Decimal(2000)),
    ]


AMOUNTS = st.decimals(min_value=0, max_value=5000, places=2)


@given(
    st.lists(st.tuples(st.dates(date(2024, 5, 1), date(2024, 12, 1)), AMOUNTS), max_size=5),
    AMOUNTS,
    AMOUNTS,
)
def test_a_debt_is_never_more_than_was_owed(
    taken: list[tuple[date, Decimal]], total: Decimal, due: Decimal
) -> None:
    reductions = [Reduction(*reduction) for reduction in taken]
    debt = late_debt(an_invoice(total=total, amount_due=min(total, due), due_on=DUE), reductions)
    assert 0 <= debt.at_first <= total
    still = sum(part.amount for part in debt.parts if part.until is None)
    assert still <= min(total, due)
    for part in debt.parts:
        assert part.amount > 0
        assert part.until is None or part.until > DUE


TABLE = """\
version: 1
currency: GBP
statutory:
  law: Act
  currency: GBP
  points_above_reference: 8
  rate_counts: when it became late
  rates: [{from: 2026-07-01, rate: 3.75, source: s}]
  compensation: [{debts_from: 0, amount: 40}, {debts_from: "1,000", amount: 70}]
"""


def facts(rulebook: Rulebook, currency: str = "GBP", due: str = "2026-08-01") -> list[object]:
    invoice = an_invoice(
        issued_on=date(2026, 7, 1),
        due_on=date.fromisoformat(due),
        currency=currency,
        rate=1,
        total=1500,
        amount_due=1200,
    )
    assessor = Assessor(rulebook, Organisation("o", "O", "GBP"), date(2026, 8, 31))
    assessment = assessor.assess(a_debtor(invoice))
    row = invoice_row(assessment.root.view, invoice, range(len(INVOICE_FIELDS)))
    names = ("statutory_interest", "statutory_compensation")
    return [row[INVOICE_BY_NAME[name].position] for name in names]


def test_the_facts_count_what_is_known_to_be_late() -> None:
    assert facts(a_rulebook(TABLE)) == [Decimal("11.59"), Decimal(70)]  # 1200 * 11.75% * 30 / 365
    assert facts(a_rulebook(TABLE), due="2026-09-01") == [Decimal(0), Decimal(0)]


def test_without_a_table_that_fits_the_facts_are_unknown() -> None:
    assert facts(a_rulebook("version: 1\ncurrency: GBP\n")) == [None, None]
    assert facts(a_rulebook(TABLE), currency="EUR") == [None, None]
    assert facts(a_rulebook(TABLE.replace("\ncurrency: GBP", "\ncurrency: EUR"))) == [None, None]
    assert facts(a_rulebook(TABLE), due="2026-06-29") == [None, Decimal(70)]


def test_users_add_a_rate_in_their_own_file() -> None:
    more = (
        "statutory:\n  rates:\n    - {from: 2026-01-01, rate: 3.75, source: mine}\n"
        "    - {from: 2026-07-01, rate: 4.00, source: corrected}\n"
        "  compensation: [{debts_from: 1000, remove: true}]\n"
    )
    rulebook = a_rulebook(more, "statutory_rates.yaml", shared=[("b", TABLE)])
    assert rulebook.statutory is not None
    assert [(str(rate.starts), rate.percent) for rate in rulebook.statutory.rates] == [
        ("2026-01-01", Decimal("3.75")),
        ("2026-07-01", Decimal("4.00")),
    ]
    assert [fixed_sum.amount for fixed_sum in rulebook.statutory.compensation] == [40]


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("2026-07-01", "2026-07-02", "no half-year starts on 2026-07-02"),
        ("source: s}", "source: s}, {from: 2026-07-01, rate: 1, source: t}", "appears twice"),
        ("amount: 40}", "amount: 40}, {debts_from: 0, amount: 1}", "appear twice"),
        ("  law: Act\n", "", "'statutory' needs 'law'"),
        ("when it became late", "always", "it can be when it became late, each half-year"),
        (", source: s", "", "needs 'source'"),
    ],
)
def test_a_wrong_table_is_refused_with_its_line(old: str, new: str, part: str) -> None:
    rulebook, problems = read_rulebook([("r.yaml", TABLE.replace(old, new))])
    assert rulebook is None
    assert any(part in str(problem) for problem in problems), problems
