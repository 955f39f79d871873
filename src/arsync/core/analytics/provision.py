"""The provision for expected losses, and what late payment costs; as of any day.

The provision matrix of IFRS 9 (B5.5.35): what is owed net in each bucket of age and segment, times
the historical loss rate of that bucket (`loss_rates`), times what is known of the future, as a
named percentage that a person gives. Where the ledger's history is too short, nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta, tzinfo
from decimal import Decimal, localcontext
from typing import NamedTuple

from msgspec import Struct

from arsync.core.analytics.exactness import PRECISION, to_six_places
from arsync.core.analytics.invoice_history import InvoiceHistory, invoice_histories
from arsync.core.analytics.loss_rates import LossCounts, LossRates, segment_rates
from arsync.core.analytics.measure_sums import WINDOW_DAYS
from arsync.core.analytics.open_parts import OpenPart, open_parts
from arsync.core.analytics.segments import NO_SEGMENT, segment_of
from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.age_buckets import BUCKETS, bucket_of
from arsync.core.ledger.as_of import as_it_stood, with_paid_days
from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Account, DocumentStatus

AT_RISK_DAYS = 60
"""Sales to customers with a debt more than so many days past due are at risk."""

_HUNDRED = Decimal(100)
_YEAR_DAYS = 365


class Outlook(NamedTuple):
    """What a person says of the future: historical rates are raised or lowered by it."""

    percent: Decimal = ZERO
    """-100 to 1,000; added to 100."""
    reason: str = ""
    """Empty: nothing is said, and the rates stay as they were."""
    name: str = ""
    """What it is called; empty where it is said for one report alone."""

    def adjusted(self, rate: Decimal | None) -> Decimal | None:
        """Return a loss rate as it is expected to be; at most all is lost."""
        if rate is None:
            return None
        return min(Decimal(1), rate * (_HUNDRED + self.percent) / _HUNDRED)


UNCHANGED = Outlook()
"""Nothing is said of the future."""


class ProvisionRow(Struct, frozen=True):
    """One segment in one currency, by bucket. Amounts and rates have six places."""

    segment: str
    """Empty: all of the currency."""
    currency: str
    owed: tuple[Decimal, ...]
    """Less unapplied cash, in the order of `BUCKETS`."""
    rates: tuple[Decimal | None, ...]
    """With the outlook; None: not known, or, of all segments together, several."""
    losses: tuple[Decimal | None, ...]
    """0 where nothing is owed, whatever the rate."""
    rates_of: str
    """`segment`, `ledger`; empty: of several, or none is known."""

    @property
    def provision(self) -> Decimal | None:
        """Return the sum of its losses; None: one of them is not known."""
        return _sum_if_known(self.losses)


class LatePaymentCost(Struct, frozen=True):
    """What late payment did in a window of days, in one currency. Amounts have six places."""

    currency: str
    sales: Decimal
    """Invoices issued in the window less credit notes, as `report measures` counts them."""
    sales_at_risk: Decimal
    """Of them, to customers who owed something more than 60 days past due at the end of it."""
    sales_at_risk_percent: Decimal | None
    """None: nothing was sold."""
    late_amount_days: Decimal
    """Each amount that was past due, times the days of the window on which it was."""
    interest_cost: Decimal | None
    """That at the rate of a year; None: no rate was given."""


class Provision(Struct, frozen=True, kw_only=True):
    """The provision of a ledger as of a day."""

    as_of: date
    window_days: int
    """Of sales and interest; the history of losses is longer."""
    outlook_percent: Decimal
    outlook_reason: str
    outlook_name: str
    interest_percent: Decimal | None
    rows: tuple[ProvisionRow, ...]
    """By segment and currency."""
    totals: tuple[ProvisionRow, ...]
    """By currency."""
    ledger_rates: LossRates
    segment_rates: tuple[LossRates, ...]
    """The own ones of each segment, known or not."""
    late: tuple[LatePaymentCost, ...]
    unrated: tuple[str, ...]
    """Documents that no loss rate counts: no rate to the base currency was recorded."""


class _LateSums:
    """What is added up in one currency."""

    def __init__(self) -> None:
        self.sales: dict[str, Decimal] = {}
        """By customer."""
        self.late = ZERO


class Provisioning:
    """A ledger's provision, while its accounts are read one by one."""

    def __init__(
        self,
        day: date,
        *,
        zone: tzinfo,
        base_currency: str,
        window_days: int = WINDOW_DAYS,
    ) -> None:
        """Begin with no account.

        Args:
            day: the day as of which it is made; later events are not seen.
            zone: the organisation's; a void counts from its day there.
            base_currency: the organisation's.
            window_days: over how many days sales and late amounts are looked at.
        """
        self._day = day
        self._zone = zone
        self._base_currency = base_currency
        self._window_days = window_days
        self._ledger = LossCounts(day)
        self._segments: dict[str, LossCounts] = {}
        self._segment_of: dict[str, str] = {}
        self._late: dict[str, _LateSums] = {}
        self._unrated: set[str] = set()
        self.parts: list[OpenPart] = []
        """What is owed net."""

    def add(self, account: Account) -> None:
        """Add an account, with all its documents, as it is now."""
        stood = as_it_stood(with_paid_days(account), self._day, zone=self._zone)
        base = self._base_currency
        view = AccountView(stood, self._day, currency=base, base=base)
        for contact in stood.contacts:
            self._segment_of[contact.id] = segment_of(contact)
        self.parts += open_parts(view)
        for history in invoice_histories(view, zone=self._zone):
            self._count(history)
        self._sell(stood)

    def segment(self, contact_id: str) -> str:
        """Return the segment of a customer."""
        return self._segment_of.get(contact_id, NO_SEGMENT)

    def _count(self, history: InvoiceHistory) -> None:
        unit = Decimal(1) if history.currency == self._base_currency else history.rate
        if unit is None:
            self._unrated.add(f"{history.number} ({history.currency})")
        else:
            self._ledger.add(history, unit)
            segment = self.segment(history.contact_id)
            self._segments.setdefault(segment, LossCounts(self._day)).add(history, unit)
        late = late_amount_days(history, self._day, self._window_days)
        self._late.setdefault(history.currency, _LateSums()).late += late

    def _sell(self, stood: Account) -> None:
        """Add what was sold in the window, as `measures` counts it."""
        first = self._day - timedelta(self._window_days)
        sold = [
            (invoice.currency, invoice.contact_id, invoice.total)
            for invoice in stood.invoices
            if invoice.issued_on > first and invoice.status in _SOLD
        ]
        sold += [
            (credit.currency, credit.contact_id, -credit.total)
            for credit in stood.credits
            if credit.issued_on > first
            and credit.kind == CreditKind.CREDIT_NOTE
            and credit.status in _SOLD
        ]
        for currency, contact_id, amount in sold:
            sales = self._late.setdefault(currency, _LateSums()).sales
            sales[contact_id] = sales.get(contact_id, ZERO) + amount

    def provision(
        self, outlook: Outlook = UNCHANGED, interest_percent: Decimal | None = None
    ) -> Provision:
        """Return the provision.

        Args:
            outlook: what is said of the future.
            interest_percent: what borrowed money costs in a year; None: nobody said.
        """
        with localcontext(PRECISION):
            of_ledger = self._ledger.rates("")
            own = tuple(self._segments[name].rates(name) for name in sorted(self._segments))
            rows = self._rows(segment_rates(own, of_ledger), of_ledger, outlook)
            return Provision(
                as_of=self._day,
                window_days=self._window_days,
                outlook_percent=outlook.percent,
                outlook_reason=outlook.reason,
                outlook_name=outlook.name,
                interest_percent=interest_percent,
                rows=rows,
                totals=_totals(rows),
                ledger_rates=of_ledger,
                segment_rates=own,
                late=self._late_costs(interest_percent),
                unrated=tuple(sorted(self._unrated)),
            )

    def _rows(
        self, chosen: Mapping[str, LossRates], of_ledger: LossRates, outlook: Outlook
    ) -> tuple[ProvisionRow, ...]:
        owed: dict[tuple[str, str], list[Decimal]] = {}
        for open_part in self.parts:
            key = self.segment(open_part.contact_id), open_part.currency
            buckets = owed.setdefault(key, [ZERO] * len(BUCKETS))
            buckets[bucket_of(open_part.due_on, self._day)] += open_part.amount
        rows: list[ProvisionRow] = []
        for (segment, currency), buckets in sorted(owed.items()):
            loss_rates = chosen.get(segment, of_ledger)
            rates = [outlook.adjusted(rate) for rate in loss_rates.rates]
            of_segment = "segment" if loss_rates.segment else "ledger"
            rows.append(
                ProvisionRow(
                    segment,
                    currency,
                    tuple(map(to_six_places, buckets)),
                    tuple(None if rate is None else to_six_places(rate) for rate in rates),
                    tuple(_loss(amount, rate) for amount, rate in zip(buckets, rates, strict=True)),
                    of_segment if any(rate is not None for rate in rates) else "",
                )
            )
        return tuple(rows)

    def _late_costs(self, interest_percent: Decimal | None) -> tuple[LatePaymentCost, ...]:
        at_risk = {
            open_part.contact_id
            for open_part in self.parts
            if (self._day - open_part.due_on).days > AT_RISK_DAYS
        }
        costs: list[LatePaymentCost] = []
        for currency, sums in sorted(self._late.items()):
            sales = sum(sums.sales.values(), ZERO)
            risky = sum((sums.sales.get(contact_id, ZERO) for contact_id in at_risk), ZERO)
            percent = to_six_places(risky * _HUNDRED / sales) if sales > 0 else None
            cost = (
                None
                if interest_percent is None
                else to_six_places(sums.late * interest_percent / _HUNDRED / _YEAR_DAYS)
            )
            costs.append(
                LatePaymentCost(
                    currency,
                    to_six_places(sales),
                    to_six_places(risky),
                    percent,
                    to_six_places(sums.late),
                    cost,
                )
            )
        return tuple(costs)


_SOLD = frozenset({DocumentStatus.OPEN, DocumentStatus.PAID})


def late_amount_days(history: InvoiceHistory, day: date, window_days: int) -> Decimal:
    """Return what was past due on each day of a window, added up: amount times days.

    The window ends with the day. What was credited or voided was not owed; the day of payment is
    still a late one.
    """
    first = max(history.due_on, day - timedelta(window_days))
    late = ZERO
    for settling in history.settled:
        if settling.is_cash:
            late += settling.amount * max(0, (min(settling.on, day) - first).days)
    return late + history.open_at(day) * max(0, (day - first).days)


def _loss(amount: Decimal, rate: Decimal | None) -> Decimal | None:
    if not amount:
        return to_six_places(ZERO)
    return None if rate is None else to_six_places(amount * rate)


def _totals(rows: Iterable[ProvisionRow]) -> tuple[ProvisionRow, ...]:
    """Return the sums of each currency."""
    by_currency: dict[str, list[ProvisionRow]] = {}
    for row in rows:
        by_currency.setdefault(row.currency, []).append(row)
    return tuple(_total(currency, by_currency[currency]) for currency in sorted(by_currency))


def _total(currency: str, segments: Sequence[ProvisionRow]) -> ProvisionRow:
    rates: list[Decimal | None] = []
    losses: list[Decimal | None] = []
    owed: list[Decimal] = []
    for bucket in range(len(BUCKETS)):
        owed.append(sum((row.owed[bucket] for row in segments), ZERO))
        in_segments = {row.rates[bucket] for row in segments}
        rates.append(in_segments.pop() if len(in_segments) == 1 else None)
        losses.append(_sum_if_known(row.losses[bucket] for row in segments))
    sources = {row.rates_of for row in segments}
    source = sources.pop() if len(sources) == 1 else ""
    return ProvisionRow("", currency, tuple(owed), tuple(rates), tuple(losses), source)


def _sum_if_known(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Return the sum; None where one is not known."""
    total = ZERO
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total
