"""What each document and promise of a ledger adds to the measures of a window of days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import date, timedelta, tzinfo
from decimal import Decimal
from operator import attrgetter
from typing import NamedTuple

from arsync.core.analytics.agreed_debts import (
    NOTHING_AGREED,
    AgreedDebts,
    PromiseResult,
    agreed_debts,
)
from arsync.core.ledger.agreements.grace import InTimeUntil
from arsync.core.ledger.as_of import as_it_stood, documents_as_they_stood
from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Account, DocumentStatus, is_owed

WINDOW_DAYS = 90
"""How many days a measure looks at, where nobody says."""

WINDOW_DAYS_MAX = 3_660

_SOLD = frozenset({DocumentStatus.OPEN, DocumentStatus.PAID})


class MeasuringWindow(NamedTuple):
    """N days that end on a day."""

    day: date
    days: int = WINDOW_DAYS

    @property
    def before(self) -> date:
        """Return the day before the first one."""
        return self.day - timedelta(days=self.days)

    def __contains__(self, day: object) -> bool:
        """Return whether a day is one of them."""
        return isinstance(day, date) and self.before < day <= self.day


@dataclass
class MeasureSums:
    """What is added up of one group in one currency, before anything is divided."""

    sold: dict[date, Decimal] = field(default_factory=dict)
    """By day of issue, all days up to D: invoices less credit notes."""
    receivable: Decimal = ZERO
    current: Decimal = ZERO
    opening: Decimal = ZERO
    """AR at the end of the day before the window."""
    open_count: int = 0
    settled_count: int = 0
    settled_amount: Decimal = ZERO
    days_to_pay: int = 0
    days_late: int = 0
    weighted_to_pay: Decimal = ZERO
    weighted_late: Decimal = ZERO
    weighted_late_or_early: Decimal = ZERO
    disputed: Decimal = ZERO
    promised: Decimal = ZERO
    decided_count: int = 0
    decided_amount: Decimal = ZERO
    kept_count: int = 0
    kept_amount: Decimal = ZERO
    unrated: set[str] = field(default_factory=set)

    def plus(self, others: MeasureSums) -> MeasureSums:
        """Return both together."""
        sold = dict(self.sold)
        for day, amount in others.sold.items():
            sold[day] = sold.get(day, ZERO) + amount
        added = {
            each.name: getattr(self, each.name) + getattr(others, each.name)
            for each in fields(self)
            if each.name not in {"sold", "unrated"}
        }
        return MeasureSums(sold=sold, unrated=self.unrated | others.unrated, **added)


class CountedDocument(NamedTuple):
    """A document, and what it adds."""

    id: str
    contact_id: str
    currency: str
    rate: Decimal | None
    number: str
    issued_on: date
    sold: Decimal
    """Of its day of issue; a credit note's is negative."""
    due_on: date | None = None
    open: Decimal = ZERO
    """Of it, at the end of D."""
    opening: Decimal = ZERO
    settled_on: date | None = None
    """Where that day is in the window."""
    disputed: Decimal = ZERO
    promised: Decimal = ZERO

    def add_to(self, sums: MeasureSums, rate: Decimal, window: MeasuringWindow) -> None:
        """Add it, times a rate."""
        if self.sold:
            amount = self.sold * rate
            sums.sold[self.issued_on] = sums.sold.get(self.issued_on, ZERO) + amount
        if self.open:
            sums.receivable += self.open * rate
            sums.open_count += 1
            # Due on D is not past due on D.
            if self.due_on is None or self.due_on >= window.day:
                sums.current += self.open * rate
            sums.disputed += self.disputed * rate
            sums.promised += self.promised * rate
        sums.opening += self.opening * rate
        if self.settled_on is not None and self.due_on is not None:
            amount = self.sold * rate
            to_pay = (self.settled_on - self.issued_on).days
            late = (self.settled_on - self.due_on).days
            sums.settled_count += 1
            sums.settled_amount += amount
            sums.days_to_pay += to_pay
            sums.days_late += late
            sums.weighted_to_pay += amount * to_pay
            sums.weighted_late += amount * max(0, late)
            sums.weighted_late_or_early += amount * late


class CountedPromise(NamedTuple):
    """A promise of which it became known in the window whether it was kept."""

    contact_id: str
    currency: str
    rate: Decimal | None
    number: str
    result: PromiseResult

    def add_to(self, sums: MeasureSums, rate: Decimal, window: MeasuringWindow) -> None:
        """Add it, times a rate."""
        assert self.result.decided_on in window, "only those are counted"
        amount = self.result.amount * rate
        sums.decided_count += 1
        sums.decided_amount += amount
        if self.result.is_kept:
            sums.kept_count += 1
            sums.kept_amount += amount


def counted_in(
    account: Account, window: MeasuringWindow, zone: tzinfo, in_time_until: InTimeUntil
) -> Iterator[CountedDocument | CountedPromise]:
    """Yield what each document and promise of an account adds to the figures of a window."""
    agreed = NOTHING_AGREED
    # Most customers never promised or disputed anything.
    if account.promises or account.disputes or any(map(_disputed_on, account.invoices)):
        stood = as_it_stood(account, window.day, zone=zone)
        agreed = agreed_debts(account, stood, window.day, zone=zone, in_time_until=in_time_until)
    yield from _documents(account, agreed, window, zone)
    for result in agreed.results:
        if result.decided_on in window:
            invoice = result.invoice
            number = invoice.number or invoice.id
            yield CountedPromise(invoice.contact_id, invoice.currency, invoice.rate, number, result)


_disputed_on = attrgetter("disputed_on")


def _documents(
    account: Account, agreed: AgreedDebts, window: MeasuringWindow, zone: tzinfo
) -> Iterator[CountedDocument]:
    """Yield what each document of an account adds to the figures of a window."""
    before, _ = documents_as_they_stood(account, window.before, zone=zone)
    opening = {invoice.id: invoice.amount_due for invoice in before if is_owed(invoice)}
    invoices, credits_ = documents_as_they_stood(account, window.day, zone=zone)
    for invoice in invoices:
        if invoice.status not in _SOLD:
            # Voided by then: it was owed at the beginning of the window at most.
            if invoice.id in opening:
                yield CountedDocument(
                    invoice.id,
                    invoice.contact_id,
                    invoice.currency,
                    invoice.rate,
                    invoice.number or invoice.id,
                    invoice.issued_on,
                    ZERO,
                    opening=opening[invoice.id],
                )
            continue
        settled_on = invoice.paid_on if invoice.status == DocumentStatus.PAID else None
        yield CountedDocument(
            invoice.id,
            invoice.contact_id,
            invoice.currency,
            invoice.rate,
            invoice.number or invoice.id,
            invoice.issued_on,
            invoice.total,
            invoice.due_on,
            invoice.amount_due if is_owed(invoice) else ZERO,
            opening.get(invoice.id, ZERO),
            settled_on if settled_on in window else None,
            agreed.disputed.get(invoice.id, ZERO),
            agreed.promised.get(invoice.id, ZERO),
        )
    for credit in credits_:
        if credit.kind == CreditKind.CREDIT_NOTE and credit.status in _SOLD:
            yield CountedDocument(
                credit.id,
                credit.contact_id,
                credit.currency,
                credit.rate,
                credit.number or credit.id,
                credit.issued_on,
                -credit.total,
            )
