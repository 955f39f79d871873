"""How fast a ledger is paid: DSO and its relatives, days to pay, days late; as of any day.

A measure looks at a window of N days that ends on the day D. It goes by the documents as they
stood at the end of D: what was paid, credited or voided later counts as it was then, so that a
day's figure is the same whenever it is asked for. Currencies are never added.

The symbols of the docstrings: S, the sales of the window: invoices issued in it, less credit notes
issued in it, both with tax, as they are owed. AR, what was due on the invoices that were open at
the end of D; unapplied cash is not taken off. Cur, the part of AR that was not past its due date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal

from msgspec import Struct

from arsync.core.analytics.measure_sums import (
    CountedDocument,
    CountedPromise,
    MeasureSums,
    MeasuringWindow,
    counted_in,
)
from arsync.core.ledger.agreements.grace import USUAL_GRACE, InTimeUntil
from arsync.core.ledger.as_of import with_paid_days
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Account, Contact

PLACES = Decimal("0.000001")
"""Figures are given to six places."""

_ONE, _HUNDRED = Decimal(1), Decimal(100)

MONTHS_SHOWN = 13
"""A year and the month it began with: the same season twice."""

GroupOf = Callable[[Contact | None], Iterable[str]]
"""Names the groups that a customer's documents belong to."""


class Figures(Struct, frozen=True, kw_only=True):
    """The measures of one group in one currency.

    Amounts are in `currency`; they, days and percentages have six places. None: not known, because
    nothing was sold or settled in the window.
    """

    group: str
    """A customer, a segment; empty: the whole ledger."""
    group_id: str
    currency: str
    in_base: bool
    """Whether other currencies were converted into this one, the organisation's."""
    as_of: date
    window_days: int
    sales: Decimal
    receivable: Decimal
    current: Decimal
    overdue: Decimal
    invoices_open: int
    invoices_settled: int
    dso: Decimal | None
    dso_countback_monthly: Decimal | None
    dso_countback_daily: Decimal | None
    bpdso: Decimal | None
    add: Decimal | None
    cei: Decimal | None
    days_to_pay: Decimal | None
    days_to_pay_weighted: Decimal | None
    days_late: Decimal | None
    dbt: Decimal | None
    dbt_with_early: Decimal | None
    overdue_percent: Decimal | None
    disputed: Decimal
    """Of `receivable`, on the day."""
    disputed_percent: Decimal | None
    promised: Decimal
    """Of `receivable`, for a day that is not past."""
    promised_percent: Decimal | None
    promises_decided: int
    """Of which it became known in the window whether they were kept."""
    promises_kept_percent: Decimal | None
    """Of them, by number."""
    promises_kept_amount_percent: Decimal | None
    """Of them, by amount."""
    unrated: tuple[str, ...] = ()
    """Documents that are missing in a sum in base currency: no rate was recorded."""


def month_ends(window: MeasuringWindow, count: int = MONTHS_SHOWN) -> list[MeasuringWindow]:
    """Return the window, and those that end with each of the months before, the earliest first."""
    windows, day = [window], window.day
    while len(windows) < count:
        day = day.replace(day=1) - timedelta(days=1)
        windows.append(MeasuringWindow(day, window.days))
    return windows[::-1]


def measures(
    accounts: Iterable[Account],
    window: MeasuringWindow,
    *,
    zone: tzinfo,
    base_currency: str,
    group_of: GroupOf = lambda _: ("",),
    in_time_until: InTimeUntil = USUAL_GRACE.last_day,
) -> list[Figures]:
    """Return the figures of each group and currency, and in the base currency where there are more.

    Args:
        accounts: with all their documents, as they are now.
        window: the days.
        zone: the organisation's; a void counts from its day there.
        base_currency: the organisation's.
        group_of: by default all customers are one group, without a name.
        in_time_until: the last day on which money that was promised for a day comes in time.

    Returns:
        By group, then currency; figures in the base currency last.
    """
    measuring = Measuring(
        [window],
        zone=zone,
        base_currency=base_currency,
        group_of=group_of,
        in_time_until=in_time_until,
    )
    for account in accounts:
        measuring.add(account)
    return measuring.figures()


class Measuring:
    """Several windows measured in one reading of the ledger."""

    def __init__(
        self,
        windows: Sequence[MeasuringWindow],
        *,
        zone: tzinfo,
        base_currency: str,
        group_of: GroupOf = lambda _: ("",),
        in_time_until: InTimeUntil = USUAL_GRACE.last_day,
    ) -> None:
        """Begin with nothing.

        Args:
            windows: the days of each.
            zone: as for `measures`.
            base_currency: as for `measures`.
            group_of: as for `measures`.
            in_time_until: the last day on which money that was promised for a day comes in time.
        """
        self._windows = windows
        self._zone = zone
        self._base_currency = base_currency
        self._group_of = group_of
        self._in_time_until = in_time_until
        self._sums: list[dict[tuple[str, str, bool], MeasureSums]] = [{} for _ in windows]

    def add(self, account: Account) -> None:
        """Add an account, with all its documents, as it is now."""
        contacts = {contact.id: contact for contact in account.contacts}
        now = with_paid_days(account)
        for window, sums in zip(self._windows, self._sums, strict=True):
            for document in counted_in(now, window, self._zone, self._in_time_until):
                for group in self._group_of(contacts.get(document.contact_id)):
                    self._add(sums, group, document, window)

    def add_sold(
        self, currency: str, rate: Decimal | None, issued_on: date, amount: Decimal
    ) -> None:
        """Add what was sold on a day by invoices that no window asks anything else of.

        They belong to no customer: only where all customers are one group.

        Args:
            currency: of the amount.
            rate: base-currency units for one unit of it; None: the base currency's own.
            issued_on: the day, before every window.
            amount: in all.
        """
        for window, sums in zip(self._windows, self._sums, strict=True):
            assert issued_on <= window.before, "older than every window"
            for group in self._group_of(None):
                _add_sale(
                    sums.setdefault((group, currency, False), MeasureSums()), issued_on, amount
                )
                if currency != self._base_currency:
                    key = group, self._base_currency, True
                    converted = sums.setdefault(key, MeasureSums())
                    if rate is not None:
                        _add_sale(converted, issued_on, amount * rate)

    def _add(
        self,
        sums: dict[tuple[str, str, bool], MeasureSums],
        group: str,
        document: CountedDocument | CountedPromise,
        window: MeasuringWindow,
    ) -> None:
        key = group, document.currency, False
        document.add_to(sums.setdefault(key, MeasureSums()), _ONE, window)
        # What is in the base currency needs no conversion: `_of` takes it as it is.
        if document.currency == self._base_currency:
            return
        converted = sums.setdefault((group, self._base_currency, True), MeasureSums())
        if document.rate is None:
            converted.unrated.add(f"{document.number} ({document.currency})")
        else:
            document.add_to(converted, document.rate, window)

    def figures(self) -> list[Figures]:
        """Return the figures of each window in turn, as `measures` does."""
        return [
            figures
            for window, sums in zip(self._windows, self._sums, strict=True)
            for figures in self._of(window, sums)
        ]

    def _of(
        self, window: MeasuringWindow, sums: dict[tuple[str, str, bool], MeasureSums]
    ) -> Iterator[Figures]:
        ordered = sorted(
            sums.items(), key=lambda each: (each[0][0].casefold(), each[0][2], each[0][1])
        )
        for (group, currency, in_base), added in ordered:
            own = sums.get((group, currency, False)) if in_base else None
            whole = added if own is None else own.plus(added)
            yield figures_of(whole, window, group=group, currency=currency, in_base=in_base)


def _add_sale(sums: MeasureSums, issued_on: date, amount: Decimal) -> None:
    sums.sold[issued_on] = sums.sold.get(issued_on, ZERO) + amount


def figures_of(
    sums: MeasureSums,
    window: MeasuringWindow,
    *,
    group: str = "",
    currency: str,
    in_base: bool = False,
) -> Figures:
    """Return the figures that sums give.

    DSO = AR / S * N. BPDSO, the best possible: Cur / S * N. ADD, the average days delinquent:
    DSO - BPDSO. CEI, the collection effectiveness index: (AR(D-N) + S - AR(D)) / (AR(D-N) + S -
    Cur(D)) * 100. These are the formulas of the Credit Research Foundation ("Measurements of
    receivables performance"). DBT, days beyond terms: sum(amount * days late) / sum(amount) of the
    invoices settled in the window, early ones as 0; `dbt_with_early` counts those as negative.
    """
    sales = sum((sold for day, sold in sums.sold.items() if day in window), ZERO)
    name, _, group_id = group.partition("\x00")
    dso = _over(sums.receivable * window.days, sales)
    bpdso = _over(sums.current * window.days, sales)
    settled = Decimal(sums.settled_count)
    collected = sums.opening + sales - sums.receivable
    collectable = sums.opening + sales - sums.current
    return Figures(
        group=name,
        group_id=group_id,
        currency=currency,
        in_base=in_base,
        as_of=window.day,
        window_days=window.days,
        sales=_exact(sales),
        receivable=_exact(sums.receivable),
        current=_exact(sums.current),
        overdue=_exact(sums.receivable - sums.current),
        invoices_open=sums.open_count,
        invoices_settled=sums.settled_count,
        dso=dso,
        dso_countback_monthly=countback_monthly(sums.receivable, sums.sold, window.day),
        dso_countback_daily=countback_daily(sums.receivable, sums.sold, window.day),
        bpdso=bpdso,
        add=None if dso is None or bpdso is None else dso - bpdso,
        cei=_over(collected * _HUNDRED, collectable),
        days_to_pay=_over(Decimal(sums.days_to_pay), settled),
        days_to_pay_weighted=_over(sums.weighted_to_pay, sums.settled_amount),
        days_late=_over(Decimal(sums.days_late), settled),
        dbt=_over(sums.weighted_late, sums.settled_amount),
        dbt_with_early=_over(sums.weighted_late_or_early, sums.settled_amount),
        overdue_percent=_over((sums.receivable - sums.current) * _HUNDRED, sums.receivable),
        disputed=_exact(sums.disputed),
        disputed_percent=_over(sums.disputed * _HUNDRED, sums.receivable),
        promised=_exact(sums.promised),
        promised_percent=_over(sums.promised * _HUNDRED, sums.receivable),
        promises_decided=sums.decided_count,
        promises_kept_percent=_over(sums.kept_count * _HUNDRED, Decimal(sums.decided_count)),
        promises_kept_amount_percent=_over(sums.kept_amount * _HUNDRED, sums.decided_amount),
        unrated=tuple(sorted(sums.unrated)),
    )


def countback_monthly(
    receivable: Decimal, sold: Mapping[date, Decimal], day: date
) -> Decimal | None:
    """Return DSO counted back by calendar months: how many days of sales are still unpaid.

    From D backwards, each month's sales are taken off AR and its days are counted (of the month of
    D those up to D), the last month pro rata. Months without sales count their days.

    Returns:
        None when more is open than was ever sold, or nothing ever was.
    """
    by_month: dict[date, Decimal] = {}
    for sold_on, amount in sold.items():
        if sold_on <= day:
            first = sold_on.replace(day=1)
            by_month[first] = by_month.get(first, ZERO) + amount
    return _count_back(receivable, by_month, day.replace(day=1), day, _month_before)


def countback_daily(receivable: Decimal, sold: Mapping[date, Decimal], day: date) -> Decimal | None:
    """Return DSO counted back day by day; see `countback_monthly`."""
    return _count_back(receivable, sold, day, day, lambda before: before - timedelta(days=1))


def _count_back(
    receivable: Decimal,
    sold: Mapping[date, Decimal],
    start: date,
    end: date,
    previous: Callable[[date], date],
) -> Decimal | None:
    """Take stretches of sales off what is open, the latest first, and count their days."""
    if receivable <= 0:
        return ZERO.quantize(PLACES) if any(sales > 0 for sales in sold.values()) else None
    earliest = min(sold, default=None)
    days, unpaid = 0, receivable
    while earliest is not None and start >= earliest:
        length = (end - start).days + 1
        sales = sold.get(start, ZERO)
        if sales >= unpaid:
            return (days + unpaid * length / sales).quantize(PLACES, ROUND_HALF_EVEN)
        days, unpaid = days + length, unpaid - sales
        start, end = previous(start), start - timedelta(days=1)
    return None


def _month_before(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1)


def _exact(amount: Decimal) -> Decimal:
    return amount.quantize(PLACES, ROUND_HALF_EVEN)


def _over(amount: Decimal, by: Decimal) -> Decimal | None:
    """Return a quotient; None where nothing stands to divide by."""
    return (amount / by).quantize(PLACES, ROUND_HALF_EVEN) if by > 0 else None
