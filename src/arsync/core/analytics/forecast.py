"""Cash by week: what the invoices that are issued are expected to bring, with bands and errors.

Each open invoice goes by the ledger's curve of payment, moved by its customer's habit and given the
age that it has reached (`payment_curve`); what was promised or agreed comes as it was said, as
often as the customer keeps its word; disputed parts are not counted on; unapplied cash is taken
off. The same is done for each of the last weeks with what was known then, and what came is compared
with it: the bands are made of those errors, and the method is shown beside two naive ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta, tzinfo
from decimal import Decimal, localcontext
from itertools import pairwise

from msgspec import Struct

from arsync.core.analytics.exactness import PRECISION, to_six_places
from arsync.core.analytics.forecast_errors import Band, ForecastErrors, PastForecast, Trials
from arsync.core.analytics.forecast_past import LedgerPast
from arsync.core.analytics.invoice_history import invoice_histories
from arsync.core.analytics.open_parts import OpenPart, open_parts, words_kept
from arsync.core.analytics.projection import (
    SPANS,
    WEEK_DAYS,
    WEEKS,
    Knowledge,
    Projection,
)
from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.agreements.grace import USUAL_GRACE, InTimeUntil
from arsync.core.ledger.as_of import Past, as_it_stood, with_paid_days
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Account


class ExpectedWeek(Struct, frozen=True):
    """What is expected in one week, or in several; amounts have six places."""

    first: date
    last: date
    expected: Decimal
    by_due_date: Decimal
    """What would come if everybody paid on the due date, and what is overdue at once."""
    band: Band | None
    """None: too few past weeks can be compared."""


class CashForecast(Struct, frozen=True, kw_only=True):
    """The forecast in one currency. The weeks, `later`, `never` and `disputed` add up to `owed`."""

    currency: str
    owed: Decimal
    """Open on the day, less unapplied cash."""
    disputed: Decimal
    """Of it, not counted on."""
    weeks: tuple[ExpectedWeek, ...]
    four_weeks: ExpectedWeek
    all_weeks: ExpectedWeek
    later: Decimal
    """After the last week and within a year."""
    never: Decimal
    """Not within a year: never, or credited, or voided."""
    errors: ForecastErrors


class LedgerForecast(Struct, frozen=True):
    """The forecast of a ledger as of a day."""

    as_of: date
    by_habit: bool
    """False: too few invoices were ever paid, and due dates stand instead."""
    paid_invoices: int
    """From so many the habits are known."""
    word_rate: Decimal
    """As often a word is kept by a customer who never gave one before; four places."""
    currencies: tuple[CashForecast, ...]

    def of(self, currency: str) -> CashForecast | None:
        """Return the forecast in a currency; None: nothing is owed in it."""
        return next((row for row in self.currencies if row.currency == currency), None)


class ForecastDocument(Struct, frozen=True):
    """One part of an open invoice, and when it is expected; amounts have six places."""

    number: str
    invoice_id: str
    contact_id: str
    currency: str
    due_on: date
    amount: Decimal
    way: str
    said_on: date | None
    usual_days_late: int
    by_week: tuple[Decimal, ...]
    later: Decimal
    never: Decimal


class Forecasting:
    """A ledger's forecast, while its accounts are read one by one."""

    def __init__(
        self,
        day: date,
        *,
        zone: tzinfo,
        base_currency: str,
        in_time_until: InTimeUntil = USUAL_GRACE.last_day,
        instalments_in_time: InTimeUntil = USUAL_GRACE.last_day,
    ) -> None:
        """Begin with no account.

        Args:
            day: the day as of which it is made; later events are not seen.
            zone: the organisation's; a void counts from its day there.
            base_currency: the organisation's.
            in_time_until: the last day on which money that was promised for a day comes in time.
            instalments_in_time: the last day on which an instalment comes in time.
        """
        self._in_time_until = in_time_until
        self._instalments_in_time = instalments_in_time
        self.past_forecasts: Mapping[str, Sequence[PastForecast]] = {}
        """After `forecast`: by currency, what was expected on past days and what came of it."""
        self._day = day
        self._zone = zone
        self._base_currency = base_currency
        self._past = LedgerPast(day)
        self._parts: list[OpenPart] = []
        self._known: Knowledge | None = None

    def add(self, account: Account) -> None:
        """Add an account, with all its documents, as it is now."""
        stood = as_it_stood(with_paid_days(account), self._day, zone=self._zone)
        view = self._view(stood, self._day)
        self._parts += open_parts(view)
        histories = list(invoice_histories(view, zone=self._zone))
        self._past.add(stood.contacts, histories, is_agreed=view.has_agreements)
        if view.has_agreements:
            # What was said and disputed on each past day is not in the documents alone.
            past = Past(stood, self._day, self._zone)
            for day in self._past.days:
                then = view if day == self._day else self._view(past.on(day), day)
                self._past.add_agreed(day, stood.contacts, open_parts(then), words_kept(then))

    def _view(self, account: Account, day: date) -> AccountView:
        return AccountView(
            account,
            day,
            currency=self._base_currency,
            base=self._base_currency,
            promises_in_time=self._in_time_until,
            instalments_in_time=self._instalments_in_time,
        )

    def forecast(self) -> LedgerForecast:
        """Return the forecast, by currency."""
        with localcontext(PRECISION):
            self.past_forecasts, knowledge = self._past.replayed()
            self._known = knowledge
            projections = knowledge.projected(self._parts)
            rows = [
                self._of_currency(currency, projections[currency])
                for currency in sorted(projections)
            ]
            return LedgerForecast(
                self._day,
                knowledge.curve is not None,
                knowledge.habits.count,
                knowledge.words.ledger.quantize(Decimal("0.0001")),
                tuple(rows),
            )

    def _of_currency(self, currency: str, projection: Projection) -> CashForecast:
        trials = Trials(self.past_forecasts.get(currency, ()))
        owed, disputed = to_six_places(projection.open), to_six_places(projection.disputed)
        weekly = (projection.expected[span] for span in SPANS[:WEEKS])
        *by_week, later = _in_places(weekly, projection.in_a_year, owed - disputed)
        has_bands = self._known is not None and self._known.curve is not None
        rows = [
            ExpectedWeek(
                self._day + timedelta((span.first - 1) * WEEK_DAYS + 1),
                self._day + timedelta(span.last * WEEK_DAYS),
                sum(by_week[span.first - 1 : span.last], ZERO),
                to_six_places(projection.by_due_date[span]),
                trials.band(span, projection) if has_bands else None,
            )
            for span in SPANS
        ]
        weeks, (four, all_weeks) = tuple(rows[:WEEKS]), rows[WEEKS:]
        return CashForecast(
            currency=currency,
            owed=owed,
            disputed=disputed,
            weeks=weeks,
            four_weeks=four,
            all_weeks=all_weeks,
            later=later,
            never=owed - disputed - all_weeks.expected - later,
            errors=trials.errors(),
        )

    def documents(self, currency: str) -> Iterator[ForecastDocument]:
        """Yield the open parts behind the forecast of a currency, after `forecast`.

        What they are expected to bring in a week adds up to the week, but for the last place.
        """
        knowledge = self._known
        assert knowledge is not None, "the forecast is made first"
        for open_part in self._parts:
            if open_part.currency == currency:
                with localcontext(PRECISION):
                    document = _document(open_part, knowledge)
                yield document


def _document(open_part: OpenPart, knowledge: Knowledge) -> ForecastDocument:
    expectation = knowledge.expectation(open_part)
    weekly = (open_part.amount * expectation.within(span) for span in SPANS[:WEEKS])
    *by_week, later = _in_places(weekly, open_part.amount * expectation.in_a_year, open_part.amount)
    return ForecastDocument(
        open_part.number,
        open_part.invoice_id,
        open_part.contact_id,
        open_part.currency,
        open_part.due_on,
        open_part.amount,
        str(open_part.way),
        open_part.said_on,
        knowledge.habits.usual_days_late(open_part.contact_id),
        tuple(by_week),
        later,
        open_part.amount - sum(by_week, later),
    )


def _in_places(weekly: Iterable[Decimal], in_a_year: Decimal, most: Decimal) -> list[Decimal]:
    """Return what is expected in each week and later in the year, to six places.

    Sums are rounded and not their parts, so that no part is below 0 and all are at most `most`.
    """
    sums = [ZERO]
    exact = ZERO
    for amount in weekly:
        exact += amount
        sums.append(min(most, to_six_places(exact)))
    sums.append(min(most, max(sums[-1], to_six_places(in_a_year))))
    return [later - earlier for earlier, later in pairwise(sums)]


def forecast(
    accounts: Iterable[Account], day: date, *, zone: tzinfo, base_currency: str
) -> LedgerForecast:
    """Return the forecast of a ledger; see `Forecasting`."""
    forecasting = Forecasting(day, zone=zone, base_currency=base_currency)
    for account in accounts:
        forecasting.add(account)
    return forecasting.forecast()
