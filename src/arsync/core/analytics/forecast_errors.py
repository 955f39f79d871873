"""How wrong a forecast was on the past weeks of its own ledger, and the bands that follow from it.

An error is what came less what was expected, in units of the spread that the forecast itself gave
(the root of the sum of amount^2 * p * (1 - p)). A band is the forecast moved by the errors of its
past, in the spread of today: a tenth of them lay below its lower end, a tenth above its upper one.
Sums of several weeks that begin a week apart overlap, and tell little more than those that do not:
so many errors only are counted, and the fewer they are, the further the ends stand from the middle.
Whether that holds is counted too, with bands made of nothing but what was known before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct

from arsync.core.analytics.exactness import to_six_places
from arsync.core.analytics.projection import (
    FOUR_WEEKS,
    WEEK_DAYS,
    Projection,
    WeekSpan,
)
from arsync.core.ledger.money import ZERO

BAND_ERRORS_MIN = 10
"""With fewer past errors there is no band."""

COMPARED_MIN = 8
"""With fewer past forecasts no error is told."""

COMPARED_WEEKS = 6
"""The weekly error is that of the first so many weeks of each past forecast."""

STUDENT_P90 = tuple(
    map(
        Decimal,
        "3.078 1.886 1.638 1.533 1.476 1.440 1.415 1.397 1.383 1.372 1.363 1.356 1.350 1.345 1.341"
        " 1.337 1.333 1.330 1.328 1.325 1.323 1.321 1.319 1.318 1.316 1.315 1.314 1.313 1.311"
        " 1.310".split(),
    )
)
"""The ninth decile of Student's t with 1 to 30 degrees of freedom ("Student", 1908)."""

NORMAL_P90 = Decimal("1.2816")
"""That of the normal distribution, which is Student's with all degrees of freedom."""

P10, P50, P90 = Decimal("0.1"), Decimal("0.5"), Decimal("0.9")


class Band(Struct, frozen=True):
    """Where a sum lies in four of five cases, and how often that held. Amounts have six places."""

    p10: Decimal
    p50: Decimal
    p90: Decimal
    held: int
    """So many past sums lay in the band that would have been given."""
    checked: int
    """Of so many."""


class ForecastErrors(Struct, frozen=True):
    """The errors of past forecasts: the sum of |expected - paid| over the sum of what was paid.

    None: not known, because too few past weeks can be compared or nothing was paid in them.
    """

    origins: int
    """So many past forecasts were compared, a week apart; each saw nothing of what came later."""
    weekly: Decimal | None = None
    """Over each of the first six weeks."""
    weekly_by_due_date: Decimal | None = None
    """The same, if everybody paid on the due date, and what is overdue at once."""
    weekly_by_average: Decimal | None = None
    """The same, if everybody paid as late as on average so far."""
    four_weeks: Decimal | None = None
    """Over the sum of four weeks."""
    four_weeks_by_due_date: Decimal | None = None
    four_weeks_by_average: Decimal | None = None

    @property
    def beats_both(self) -> bool | None:
        """Return whether the weekly error is below both naive ones; None: not known."""
        return _is_below(self.weekly, self.weekly_by_due_date, self.weekly_by_average)

    @property
    def beats_both_over_four_weeks(self) -> bool | None:
        """Return the same of the sum of four weeks."""
        return _is_below(self.four_weeks, self.four_weeks_by_due_date, self.four_weeks_by_average)


def _is_below(error: Decimal | None, *others: Decimal | None) -> bool | None:
    if error is None:
        return None
    return all(naive is not None and error < naive for naive in others)


class PastForecast(NamedTuple):
    """What was expected in one currency on a past day, and what came of those invoices."""

    day: date
    projection: Projection
    paid: dict[WeekSpan, Decimal]
    """Only of spans that are over."""


class Trials:
    """The past forecasts of one currency."""

    def __init__(self, past: Sequence[PastForecast]) -> None:
        """Take them, the earliest first."""
        self._past = past

    def band(self, span: WeekSpan, projection: Projection) -> Band | None:
        """Return the band of a sum of today; None: too few past errors are known."""
        quantiles = self._quantiles(span, self._past)
        if quantiles is None:
            return None
        held = checked = 0
        for number, past in enumerate(self._past):
            if span not in past.paid:
                continue
            over = [
                earlier
                for earlier in self._past[:number]
                if earlier.day + timedelta(span.last * WEEK_DAYS) <= past.day
            ]
            then = self._quantiles(span, over)
            if then is not None:
                low, _, high = _around(past.projection, span, then)
                checked += 1
                held += low <= past.paid[span] <= high
        low, middle, high = (to_six_places(end) for end in _around(projection, span, quantiles))
        return Band(low, middle, high, held, checked)

    def _quantiles(
        self, span: WeekSpan, past: Sequence[PastForecast]
    ) -> tuple[Decimal, Decimal, Decimal] | None:
        errors = sorted(
            (forecast.paid[span] - forecast.projection.expected[span]) / spread
            for forecast in past
            if span in forecast.paid and (spread := spread_of(forecast.projection, span))
        )
        if len(errors) < BAND_ERRORS_MIN:
            return None
        middle, wider = quantile(errors, P50), _widening(len(errors), span)
        low, high = ((quantile(errors, share) - middle) * wider for share in (P10, P90))
        return middle + low, middle, middle + high

    def errors(self) -> ForecastErrors:
        """Return how wrong the past forecasts were."""
        weeks = [WeekSpan(week, week) for week in range(1, COMPARED_WEEKS + 1)]
        over = [past for past in self._past if weeks[-1] in past.paid]
        if len(over) < COMPARED_MIN:
            return ForecastErrors(len(over))
        return ForecastErrors(len(over), *_wrong_by(over, weeks), *_wrong_by(over, [FOUR_WEEKS]))


def _widening(error_count: int, span: WeekSpan) -> Decimal:
    """Return by how much a band of few errors is wider than one of very many.

    A new value lies in mean +- t * s * sqrt(1 + 1/n) of n known ones; of sums of k weeks, a week
    apart, every k-th is one that does not overlap.
    """
    independent = max(2, error_count // (span.last - span.first + 1))
    student = STUDENT_P90[min(independent - 1, len(STUDENT_P90)) - 1]
    return student * (1 + Decimal(1) / independent).sqrt() / NORMAL_P90


def spread_of(projection: Projection, span: WeekSpan) -> Decimal:
    """Return how far a sum strays by the forecast's own probabilities; 0: it is certain."""
    return projection.variance[span].sqrt()


def quantile(ordered: Sequence[Decimal], share: Decimal) -> Decimal:
    """Return a quantile of ordered values: the one at place share * (n + 1), between neighbours.

    This is the sixth of the definitions in Hyndman and Fan, "Sample quantiles in statistical
    packages" (1996): a tenth of new values is expected below the first decile of n known ones.
    """
    place = min(max(share * (len(ordered) + 1), Decimal(1)), Decimal(len(ordered)))
    below = int(place)
    low, high = ordered[below - 1], ordered[min(below, len(ordered) - 1)]
    return low + (high - low) * (place - below)


def _around(
    projection: Projection, span: WeekSpan, quantiles: tuple[Decimal, Decimal, Decimal]
) -> tuple[Decimal, Decimal, Decimal]:
    """Return the ends and the middle of a band: not below 0, and not above what is open."""
    spread, expected = spread_of(projection, span), projection.expected[span]
    low, middle, high = (
        min(max(expected + error * spread, ZERO), projection.open) for error in quantiles
    )
    return low, middle, high


def _wrong_by(
    past: Sequence[PastForecast], spans: Sequence[WeekSpan]
) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Return the error of the forecast, of due dates and of averages, over some sums."""
    wrong = [ZERO, ZERO, ZERO]
    paid = ZERO
    for forecast in past:
        projection = forecast.projection
        for span in spans:
            came = forecast.paid[span]
            paid += came
            for place, expected in enumerate(
                (projection.expected, projection.by_due_date, projection.by_average)
            ):
                wrong[place] += abs(expected[span] - came)
    if not paid:
        return None, None, None
    return wrong[0] / paid, wrong[1] / paid, wrong[2] / paid
