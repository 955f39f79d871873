"""All measures against a second computation: a sheet of days and sums, with fractions.

The ledgers have payments in parts, credit notes, voids, two currencies and events after the day.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders.records import a_contact, a_credit, a_payment, an_invoice

from arsync.core.analytics.ageing import ageing
from arsync.core.analytics.measure_sums import MeasuringWindow
from arsync.core.analytics.measures import Figures, measures
from arsync.core.ledger.age_buckets import AgeBands
from arsync.core.ledger.as_of import as_it_stood
from arsync.core.ledger.records import Account, Allocation, Credit, DocumentStatus, Payment

LAST = date(2026, 11, 30)
RATES = {"GBP": Decimal(1), "USD": Decimal("0.8")}


class Line(NamedTuple):
    """One line of the sheet: an invoice and all that ever happened to it, as days before LAST."""

    currency: str
    total: int
    """In whole units, so that the parts below are exact."""
    issued: date
    due: date
    money: tuple[tuple[date, int], ...]
    credited: tuple[tuple[date, int], ...]
    voided: date | None

    def stands(self, day: date) -> bool:
        return self.issued <= day and (self.voided is None or self.voided > day)

    def due_on_it(self, day: date) -> Fraction:
        if not self.stands(day):
            return Fraction(0)
        came = sum(amount for on, amount in (*self.money, *self.credited) if on <= day)
        return Fraction(self.total - came)

    def settled(self, day: date) -> date | None:
        if not self.stands(day) or self.due_on_it(day):
            return None
        return max(on for on, _ in (*self.money, *self.credited))


@st.composite
def lines(draw: st.DrawFn) -> Line:
    issued = LAST - timedelta(draw(st.integers(0, 260)))
    total = draw(st.integers(1, 900))
    left = total
    money: list[tuple[date, int]] = []
    credited: list[tuple[date, int]] = []
    for _ in range(draw(st.integers(0, 3))):
        amount = draw(st.integers(1, left)) if draw(st.booleans()) else left
        on = min(LAST, issued + timedelta(draw(st.integers(0, 150))))
        (credited if draw(st.integers(0, 3)) == 0 else money).append((on, amount))
        left -= amount
        if not left:
            break
    # A platform voids only what nothing was matched to.
    is_void = not money and not credited and draw(st.booleans())
    voided = min(LAST, issued + timedelta(draw(st.integers(0, 100)))) if is_void else None
    return Line(
        draw(st.sampled_from(["GBP", "GBP", "USD"])),
        total,
        issued,
        issued + timedelta(draw(st.integers(-5, 70))),
        tuple(money),
        tuple(credited),
        voided,
    )


def an_account(sheet: list[Line]) -> Account:
    """Return the ledger as a platform would show it today."""
    invoices = []
    payments: list[Payment] = []
    credits_: list[Credit] = []
    for number, line in enumerate(sheet):
        due = line.due_on_it(LAST)
        gone = line.voided is not None
        status = DocumentStatus.PAID if not due else DocumentStatus.OPEN
        rated: dict[str, Any] = {"currency": line.currency, "rate": RATES[line.currency]}
        invoices.append(
            an_invoice(
                f"i{number}",
                issued_on=line.issued,
                due_on=line.due,
                total=line.total,
                amount_due=int(due),
                status=DocumentStatus.VOIDED if gone else status,
                updated_at=datetime.combine(line.voided, time(12), UTC) if line.voided else None,
                **rated,
            )
        )
        for part, (on, amount) in enumerate(line.money):
            matched = (Allocation(f"i{number}", Decimal(amount), on),)
            payments.append(
                a_payment(
                    f"p{number}-{part}", paid_on=on, amount=amount, allocations=matched, **rated
                )
            )
        for part, (on, amount) in enumerate(line.credited):
            matched = (Allocation(f"i{number}", Decimal(amount), on),)
            credits_.append(
                a_credit(
                    f"cr{number}-{part}",
                    issued_on=on,
                    total=amount,
                    unallocated=0,
                    status=DocumentStatus.PAID,
                    allocations=matched,
                    **rated,
                )
            )
    return Account((a_contact(),), tuple(invoices), tuple(payments), tuple(credits_))


def places(value: Fraction | None) -> Decimal | None:
    if value is None:
        return None
    exact = Context(prec=80).divide(Decimal(value.numerator), Decimal(value.denominator))
    return exact.quantize(Decimal("0.000001"), ROUND_HALF_EVEN)


def share(top: Fraction, bottom: Fraction) -> Decimal | None:
    return places(top / bottom) if bottom > 0 else None


def by_hand(sheet: list[Line], day: date, days: int) -> dict[str, Decimal | None]:
    """Return the figures of lines, each in one currency with a rate, as a spreadsheet would."""
    before = day - timedelta(days)
    value = {line: Fraction(RATES[line.currency]) for line in sheet}

    def sold(on: date) -> Fraction:
        issued = sum(
            (line.total * value[line] for line in sheet if line.issued == on and line.stands(day)),
            Fraction(0),
        )
        back = [amount * value[line] for line in sheet for at, amount in line.credited if at == on]
        return issued - sum(back, Fraction(0))

    owed = sum((line.due_on_it(day) * value[line] for line in sheet), Fraction(0))
    opening = sum((line.due_on_it(before) * value[line] for line in sheet), Fraction(0))
    current = sum(
        (line.due_on_it(day) * value[line] for line in sheet if line.due >= day), Fraction(0)
    )
    sales = sum((sold(day - timedelta(back)) for back in range(days)), Fraction(0))
    done = [
        (line, on) for line in sheet if (on := line.settled(day)) is not None and before < on <= day
    ]
    count = Fraction(len(done))
    weight = sum((line.total * value[line] for line, _ in done), Fraction(0))
    to_pay = [(on - line.issued).days for line, on in done]
    late = [(on - line.due).days for line, on in done]
    worth = [line.total * value[line] for line, _ in done]
    dso, bpdso = share(owed * days, sales), share(current * days, sales)
    return {
        "sales": places(sales),
        "receivable": places(owed),
        "current": places(current),
        "dso": dso,
        "dso_countback_daily": walked_back(owed, {day: sold(day) for day in _back(day)}, day),
        "bpdso": bpdso,
        "add": None if dso is None or bpdso is None else dso - bpdso,
        "cei": share((opening + sales - owed) * 100, opening + sales - current),
        "days_to_pay": share(Fraction(sum(to_pay)), count),
        "days_to_pay_weighted": share(
            sum((a * b for a, b in zip(to_pay, worth, strict=True)), Fraction(0)), weight
        ),
        "days_late": share(Fraction(sum(late)), count),
        "dbt": share(
            sum((max(0, a) * b for a, b in zip(late, worth, strict=True)), Fraction(0)), weight
        ),
        "dbt_with_early": share(
            sum((a * b for a, b in zip(late, worth, strict=True)), Fraction(0)), weight
        ),
        "overdue_percent": share((owed - current) * 100, owed),
    }


def _back(day: date) -> list[date]:
    return [day - timedelta(back) for back in range(500)]


def walked_back(owed: Fraction, sold: dict[date, Fraction], day: date) -> Decimal | None:
    if owed <= 0:
        return places(Fraction(0)) if any(amount > 0 for amount in sold.values()) else None
    left = owed
    for count, on in enumerate(_back(day)):
        if sold[on] >= left:
            return places(count + left / sold[on])
        left -= sold[on]
    return None


@settings(max_examples=80, deadline=None)
@given(
    sheet=st.lists(lines(), min_size=1, max_size=9),
    back=st.integers(0, 90),
    days=st.sampled_from([30, 90]),
)
def test_every_figure_is_that_of_the_sheet(sheet: list[Line], back: int, days: int) -> None:
    day = LAST - timedelta(back)
    window = MeasuringWindow(day, days)
    found = measures([an_account(sheet)], window, zone=UTC, base_currency="GBP")
    assert {figures.currency for figures in found} <= {"GBP", "USD"}
    for figures in found:
        own = [line for line in sheet if figures.in_base or line.currency == figures.currency]
        if not figures.in_base and figures.currency == "USD":
            own = [line._replace(currency="GBP") for line in own]
        for name, expected in by_hand(own, day, days).items():
            assert getattr(figures, name) == expected, (name, figures.currency, figures.in_base)


@settings(max_examples=60, deadline=None)
@given(
    sheet=st.lists(lines(), min_size=1, max_size=9),
    back=st.integers(0, 90),
    edges=st.sets(st.integers(1, 200), min_size=1, max_size=5),
    by_issue_date=st.booleans(),
)
def test_any_bands_add_up_to_what_is_owed(
    sheet: list[Line], back: int, edges: set[int], by_issue_date: bool
) -> None:
    day = LAST - timedelta(back)
    bands = AgeBands(tuple(sorted(edges)), by_issue_date)
    stood = as_it_stood(an_account(sheet), day, zone=UTC)
    report = ageing([stood], base_currency="GBP", today=day, bands=bands)
    figures: dict[str, Figures] = {
        row.currency: row
        for row in measures(
            [an_account(sheet)], MeasuringWindow(day), zone=UTC, base_currency="GBP"
        )
        if not row.in_base
    }
    for total in report.totals:
        assert sum(total.buckets) == figures[total.currency].receivable
        assert total.overdue == figures[total.currency].overdue
        assert len(total.buckets) == len(bands.names)


@settings(max_examples=60, deadline=None)
@given(sheet=st.lists(lines(), min_size=1, max_size=9), back=st.integers(0, 120))
def test_later_events_change_no_past_figure(sheet: list[Line], back: int) -> None:
    day = LAST - timedelta(back)
    known_then = [
        line._replace(
            money=tuple(part for part in line.money if part[0] <= day),
            credited=tuple(part for part in line.credited if part[0] <= day),
            voided=line.voided if line.voided is not None and line.voided <= day else None,
        )
        for line in sheet
        if line.issued <= day
    ]
    window = MeasuringWindow(day)
    then = measures([an_account(known_then)], window, zone=UTC, base_currency="GBP")
    assert measures([an_account(sheet)], window, zone=UTC, base_currency="GBP") == then
