"""The past of a ledger, week by week: what was known on each day, and what came after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal

from arsync.core.analytics.forecast_errors import PastForecast
from arsync.core.analytics.invoice_history import InvoiceHistory
from arsync.core.analytics.open_parts import OpenPart, Way, WordsKept
from arsync.core.analytics.payment_curve import PayingHabits, PaymentCurve, payment_curve
from arsync.core.analytics.projection import (
    SPANS,
    WEEK_DAYS,
    Knowledge,
    WeekSpan,
    WordRates,
)
from arsync.core.analytics.segments import NO_SEGMENT, segment_of
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Contact

PAID_MIN = 50
"""With fewer paid invoices a ledger has no habits: due dates are shown instead."""

ORIGINS = 40
"""From the ends of so many past weeks the forecast is made again, and compared with what came."""

HISTORY_DAYS = 1_096
"""What was closed longer ago, three years, is not looked at: habits change."""

CURVE_INVOICES_MAX = 20_000
"""The curve is made of so many invoices, the newest ones."""


class LedgerPast:
    """What the accounts of a ledger tell about its past weeks, up to a day."""

    def __init__(self, day: date) -> None:
        """Begin with no account."""
        self.days = [day - timedelta(WEEK_DAYS * weeks) for weeks in range(ORIGINS, -1, -1)]
        """The days of the past forecasts, and the day itself, the earliest first."""
        self._since = day - timedelta(HISTORY_DAYS)
        self._histories: list[InvoiceHistory] = []
        self._agreed: set[str] = set()
        """Contacts of accounts about which something was agreed or disputed."""
        self._agreed_parts: dict[date, list[OpenPart]] = {past: [] for past in self.days}
        self._words = {past: WordRates() for past in self.days}
        self._segments: dict[str, str] = {}

    def add(
        self,
        contacts: Iterable[Contact],
        histories: Iterable[InvoiceHistory],
        *,
        is_agreed: bool,
    ) -> None:
        """Add the invoices of an account; `is_agreed`: `add_agreed` tells what was open of them."""
        for contact in contacts:
            self._segments[contact.id] = segment_of(contact)
            if is_agreed:
                self._agreed.add(contact.id)
        self._histories += (
            history
            for history in histories
            if history.closed_on is None or history.closed_on > self._since
        )

    def add_agreed(
        self,
        day: date,
        contacts: Iterable[Contact],
        parts_then: Iterable[OpenPart],
        words: WordsKept,
    ) -> None:
        """Add what was open of an account on a past day, and how it had kept its word by then."""
        self._agreed_parts[day] += parts_then
        self._words[day].add((contact.id for contact in contacts), words)

    def replayed(self) -> tuple[dict[str, list[PastForecast]], Knowledge]:
        """Return the past forecasts by currency, the earliest first, and what is known now."""
        forecasts: dict[str, list[PastForecast]] = {}
        *origins, _ = self.days
        for knowledge, open_then in self._replay():
            if knowledge.day in origins and knowledge.curve is not None:
                parts_then = self._parts(knowledge.day, open_then)
                paid = self._paid_after(knowledge.day, parts_then, open_then)
                for currency, projection in knowledge.projected(parts_then).items():
                    past = PastForecast(knowledge.day, projection, paid[currency])
                    forecasts.setdefault(currency, []).append(past)
        return forecasts, knowledge

    def _replay(self) -> Iterator[tuple[Knowledge, Sequence[InvoiceHistory]]]:
        """Yield, day by day, what was known, and what was open; the last is the day itself."""
        by_issue = sorted(self._histories, key=lambda history: (history.issued_on, history.id))
        by_closing = sorted(
            (history for history in by_issue if history.is_paid),
            key=lambda history: history.closed_on or date.max,
        )
        habits = PayingHabits(lambda contact_id: self._segments.get(contact_id, NO_SEGMENT))
        issued = closed = 0
        open_then: list[InvoiceHistory] = []
        for day in self.days:
            first_new = issued
            while issued < len(by_issue) and by_issue[issued].issued_on <= day:
                issued += 1
            while closed < len(by_closing) and (by_closing[closed].closed_on or day) <= day:
                habits.add(by_closing[closed])
                closed += 1
            open_then = [
                history
                for history in (*open_then, *by_issue[first_new:issued])
                if history.closed_on is None or history.closed_on > day
            ]
            newest = by_issue[max(0, issued - CURVE_INVOICES_MAX) : issued]
            yield Knowledge(day, habits, _curve(newest, day, habits), self._words[day]), open_then

    def _parts(self, day: date, open_then: Iterable[InvoiceHistory]) -> list[OpenPart]:
        parts_then = list(self._agreed_parts[day])
        for history in open_then:
            if history.contact_id not in self._agreed:
                amount = history.open_at(day)
                parts_then.append(
                    OpenPart(
                        history.id,
                        history.number,
                        history.contact_id,
                        history.currency,
                        history.issued_on,
                        history.due_on,
                        amount,
                    )
                )
        return parts_then

    def _paid_after(
        self, day: date, parts_then: Iterable[OpenPart], open_then: Iterable[InvoiceHistory]
    ) -> dict[str, dict[WeekSpan, Decimal]]:
        """Return, by currency, what came for parts that were counted on, in the spans now over."""
        over = [span for span in SPANS if day + timedelta(span.last * WEEK_DAYS) <= self.days[-1]]
        counted: dict[str, Decimal] = {}
        paid: dict[str, dict[WeekSpan, Decimal]] = {}
        for open_part in parts_then:
            paid.setdefault(open_part.currency, dict.fromkeys(over, ZERO))
            if open_part.way is not Way.DISPUTED:
                counted[open_part.invoice_id] = (
                    counted.get(open_part.invoice_id, ZERO) + open_part.amount
                )
        for history in open_then:
            remaining = counted.get(history.id, ZERO)
            for settled in history.settled if remaining else ():
                if settled.on > day and settled.is_cash:
                    amount = min(remaining, settled.amount)
                    remaining -= amount
                    week = ((settled.on - day).days - 1) // WEEK_DAYS + 1
                    for span in over:
                        if span.first <= week <= span.last:
                            paid[history.currency][span] += amount
        return paid


def _curve(
    newest: Sequence[InvoiceHistory], day: date, habits: PayingHabits
) -> PaymentCurve | None:
    if habits.count < PAID_MIN:
        return None
    shifts: dict[str, int] = {}
    for history in newest:
        if history.contact_id not in shifts:
            shifts[history.contact_id] = habits.usual_days_late(history.contact_id)
    return payment_curve(newest, day, shifts.__getitem__)
