"""How much of what reaches an age is lost in the end: roll rates, and the losses of the oldest.

A roll rate is the share of the amounts in one bucket of age that was still open when the next one
began. What is lost is known of the last bucket alone: what was credited or voided there, and what
is open a year after its due date. So the loss rate of a bucket is the product of the roll rates
from it to the last one and that loss (the roll-rate or flow-rate method; IFRS 9 B5.5.35 asks for
historical loss rates by days past due and by segment). Earlier credits and voids are corrections.

Amounts of several currencies are weighed at the rates that the platform recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal

from msgspec import Struct

from arsync.core.analytics.exactness import to_six_places
from arsync.core.analytics.invoice_history import InvoiceHistory
from arsync.core.ledger.age_buckets import BUCKETS
from arsync.core.ledger.money import ZERO

LOSS_WINDOW_DAYS = 1_096
"""Amounts that reached a bucket within so many days before the day are counted: three years."""

LOST_AFTER_DAYS = 365
"""What is open so many days past its due date counts as lost."""

ROLLED_MIN = 20
"""With fewer invoices that reached a bucket, its roll rate is not known."""

LOST_MIN = 20
"""With fewer invoices of the last bucket whose end is known, no loss rate is known."""

_BUCKET_DAYS = 30
_LAST = len(BUCKETS) - 1


class RollRate(Struct, frozen=True):
    """What became of the amounts in one bucket; amounts are in the base currency, six places."""

    bucket: str
    becomes: str
    """The next bucket; for the last one `lost`."""
    reached: Decimal
    rolled: Decimal
    """Of it, still open when the next bucket began; of the last one, lost."""
    invoices: int
    rate: Decimal | None
    """None: not known, of too few invoices."""


class LossRates(Struct, frozen=True):
    """The rates of one segment, or of the ledger."""

    segment: str
    """Empty: the whole ledger."""
    rolls: tuple[RollRate, ...]
    """One for each bucket."""
    rates: tuple[Decimal | None, ...]
    """The share of each bucket that is lost, six places; None: not known."""

    @property
    def is_known(self) -> bool:
        """Return whether all of its rates are."""
        return None not in self.rates

    @property
    def has_losses(self) -> bool:
        """Return whether all of its rates are known, and something was lost."""
        return self.is_known and self.rolls[-1].rolled > 0


class LossCounts:
    """Amounts by bucket, while they are added up."""

    def __init__(self, day: date) -> None:
        """Begin with nothing; later than the end of the day nothing is looked at."""
        self._day = day
        self._reached = [ZERO] * len(BUCKETS)
        self._rolled = [ZERO] * len(BUCKETS)
        self._invoices = [0] * len(BUCKETS)

    def add(self, history: InvoiceHistory, unit: Decimal) -> None:
        """Add what became of an invoice, at the worth of a unit of its currency."""
        since = self._day - timedelta(LOSS_WINDOW_DAYS)
        for bucket in range(_LAST):
            next_begins = _begins(history, bucket + 1)
            if since < next_begins <= self._day:
                reached = history.open_at(_begins(history, bucket))
                self._count(bucket, reached, history.open_at(next_begins), unit)
        begins = _begins(history, _LAST)
        if since < begins <= self._day:
            lost, paid = self._end_of(history, begins)
            self._count(_LAST, lost + paid, lost, unit)

    def _count(self, bucket: int, reached: Decimal, rolled: Decimal, unit: Decimal) -> None:
        if reached > 0:
            self._reached[bucket] += reached * unit
            self._rolled[bucket] += rolled * unit
            self._invoices[bucket] += 1

    def _end_of(self, history: InvoiceHistory, begins: date) -> tuple[Decimal, Decimal]:
        """Return what was lost and what was paid of it since the last bucket began.

        What is neither yet is in none of the two.
        """
        lost = paid = ZERO
        for settling in history.settled:
            if begins < settling.on <= self._day:
                if settling.is_cash:
                    paid += settling.amount
                else:
                    lost += settling.amount
        if history.due_on + timedelta(LOST_AFTER_DAYS) < self._day:
            lost += history.open_at(self._day)
        return lost, paid

    def rates(self, segment: str) -> LossRates:
        """Return the rates."""
        rolls = tuple(
            RollRate(
                name,
                BUCKETS[bucket + 1] if bucket < _LAST else "lost",
                to_six_places(self._reached[bucket]),
                to_six_places(self._rolled[bucket]),
                self._invoices[bucket],
                self._rate(bucket),
            )
            for bucket, name in enumerate(BUCKETS)
        )
        return LossRates(segment, rolls, _chained([roll.rate for roll in rolls]))

    def _rate(self, bucket: int) -> Decimal | None:
        fewest = ROLLED_MIN if bucket < _LAST else LOST_MIN
        if self._invoices[bucket] < fewest:
            return None
        return self._rolled[bucket] / to_six_places(self._reached[bucket])


def _begins(history: InvoiceHistory, bucket: int) -> date:
    """Return the day at whose end what is open enters a bucket."""
    if bucket == 0:
        return history.issued_on
    return max(history.issued_on, history.due_on + timedelta(_BUCKET_DAYS * (bucket - 1)))


def _chained(rates: Sequence[Decimal | None]) -> tuple[Decimal | None, ...]:
    """Return, for each bucket, the product of its rate and those of all later ones."""
    chained: list[Decimal | None] = []
    product: Decimal | None = Decimal(1)
    for rate in reversed(rates):
        product = None if product is None or rate is None else product * rate
        chained.append(product)
    return tuple(None if rate is None else to_six_places(rate) for rate in reversed(chained))


def segment_rates(own: Iterable[LossRates], of_ledger: LossRates) -> dict[str, LossRates]:
    """Return the rates that count for each segment: its own if they say something, or the ledger's.

    That nothing was lost so far in a small segment does not make it safer than the others.
    """
    return {rates.segment: rates if rates.has_losses else of_ledger for rates in own}
