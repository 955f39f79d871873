"""Tie-out: our total of receivables against the platform's own, by currency, and what explains it.

The platform's total is the sum of its own balances of its customers, which come with the pull: no
further calls. It holds documents dated later, and, where the platform takes it off, unapplied cash;
so the ageing's total is brought to the platform's meaning before the two are compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct

from arsync.core.ledger.missing_documents import missing_in_words
from arsync.core.ledger.money import ZERO, shown
from arsync.core.ledger.records import DocumentProblem

ALIKE = Decimal("0.005")
"""Less than half a cent is no difference."""

CUSTOMERS_NAMED_MAX = 20
"""So many customers are named in words; the rest is counted, and in JSON and CSV."""


class ContactBalance(NamedTuple):
    """What one contact owes in one currency, here and at the platform."""

    contact_id: str
    name: str
    currency: str
    owed: Decimal
    """The sum of amounts due, whatever their dates."""
    later: Decimal
    """Of that, on invoices dated later than the day."""
    in_hand: Decimal
    """Unapplied cash."""
    here: Decimal | None = None
    """What the platform's figure should be by our documents; None: it cannot be compared."""
    at_platform: Decimal | None = None
    """The platform's own figure."""
    why_not: str = ""
    """Why it cannot be compared."""
    seen_at: datetime | None = None


class ExplainedDifference(Struct, frozen=True):
    """A customer of whom our figure and the platform's differ, or cannot be compared."""

    contact_id: str
    contact: str
    here: Decimal | None
    at_platform: Decimal | None
    """None: not known, or not in this currency for certain."""
    difference: Decimal | None
    """The platform's figure less here."""
    reason: str


class CurrencyTieOut(Struct, frozen=True, kw_only=True):
    """The tie-out of one currency."""

    currency: str
    ageing: Decimal
    """The ageing's total: amounts due of the day."""
    dated_later: Decimal
    """Amounts due on invoices of later days, which the platform counts already."""
    cash_taken_off: Decimal
    """Unapplied cash that the platform has subtracted."""
    not_compared: Decimal
    """Amounts due of customers whose figures cannot be compared."""
    our_total: Decimal
    """`ageing + dated_later - cash_taken_off - not_compared`: our total as the platform counts."""
    platform_total: Decimal
    """The platform's total, of the customers that can be compared."""
    difference: Decimal
    """`platform_total - our_total`; 0 when they tie."""
    ties: bool
    """Whether everything is compared, and nothing differs."""
    explained: tuple[ExplainedDifference, ...]
    """The customers of whom figures differ or cannot be compared, the largest first."""


class TieOut(Struct, frozen=True, kw_only=True):
    """The tie-out of one ledger."""

    as_of: date
    platform: str
    """As people call it: `Xero`."""
    balances_from: datetime | None
    """The oldest moment at which one of the platform's figures was read; None: there is none."""
    pulled_at: datetime | None
    """When a pull was last completed: what came later is in neither total."""
    currencies: tuple[CurrencyTieOut, ...]


def tie_out(
    balances: Iterable[ContactBalance],
    missing: Sequence[DocumentProblem],
    *,
    as_of: date,
    platform: str,
    pulled_at: datetime | None,
) -> TieOut:
    """Return the tie-out of a ledger.

    Args:
        balances: every contact that owes or has anything, here or there.
        missing: documents that could not be read.
        as_of: the organisation's day.
        platform: the platform as people call it.
        pulled_at: when a pull was last completed.
    """
    by_currency: dict[str, list[ContactBalance]] = {}
    for balance in balances:
        by_currency.setdefault(balance.currency, []).append(balance)
    unread: dict[str, list[DocumentProblem]] = {}
    for problem in missing:
        unread.setdefault(problem.contact_id, []).append(problem)
    moments = [
        balance.seen_at
        for group in by_currency.values()
        for balance in group
        if balance.seen_at is not None
    ]
    return TieOut(
        as_of=as_of,
        platform=platform,
        balances_from=min(moments, default=None),
        pulled_at=pulled_at,
        currencies=tuple(
            _of_currency(currency, by_currency[currency], unread)
            for currency in sorted(by_currency)
        ),
    )


def _of_currency(
    currency: str, balances: Sequence[ContactBalance], unread: dict[str, list[DocumentProblem]]
) -> CurrencyTieOut:
    compared = [balance for balance in balances if balance.here is not None]
    total = sum((balance.owed for balance in balances), ZERO)
    later = sum((balance.later for balance in balances), ZERO)
    counted = sum((balance.owed for balance in compared), ZERO)
    our_total = sum((balance.here or ZERO for balance in compared), ZERO)
    platform_total = sum((balance.at_platform or ZERO for balance in compared), ZERO)
    explained = [
        explanation
        for balance in balances
        if (explanation := _explained(balance, unread.get(balance.contact_id, ())))
    ]
    explained.sort(key=lambda row: (-abs(row.difference or ZERO), row.contact))
    return CurrencyTieOut(
        currency=currency,
        ageing=total - later,
        dated_later=later,
        cash_taken_off=counted - our_total,
        not_compared=total - counted,
        our_total=our_total,
        platform_total=platform_total,
        difference=platform_total - our_total,
        ties=not explained,
        explained=tuple(explained),
    )


def _explained(
    balance: ContactBalance, unread: Sequence[DocumentProblem]
) -> ExplainedDifference | None:
    difference = None
    if balance.here is not None and balance.at_platform is not None:
        difference = balance.at_platform - balance.here
        if abs(difference) < ALIKE:
            return None
    reason = balance.why_not
    if difference is not None:
        # An unreadable document is in the platform's figure, and not in here.
        reason = missing_in_words(unread) or "a document may be missing here, or be there alone"
    return ExplainedDifference(
        contact_id=balance.contact_id,
        contact=balance.name,
        here=balance.here,
        at_platform=balance.at_platform,
        difference=difference,
        reason=reason,
    )


def tie_out_in_words(report: TieOut) -> list[str]:
    """Return the tie-out for people: a line for each currency, and what explains it."""
    if report.balances_from is None:
        return [f"{report.platform}'s own balances are not known yet: the total is not tied out"]
    lines: list[str] = []
    for row in report.currencies:
        lines.append(_line(report.platform, row))
        lines += [
            f"  {explained.contact}: {_words(report.platform, row.currency, explained)}"
            for explained in row.explained[:CUSTOMERS_NAMED_MAX]
        ]
        more = len(row.explained) - CUSTOMERS_NAMED_MAX
        if more > 0:
            lines.append(f"  and {more:,} more customers: `arsync report tie-out --json`")
    return lines


def _line(platform: str, row: CurrencyTieOut) -> str:
    goal = shown(row.our_total, row.currency)
    there = shown(row.platform_total, row.currency)
    steps = [
        f"{sign} {shown(amount, row.currency)} {what}"
        for sign, amount, what in (
            ("+", row.dated_later, "dated later"),
            ("-", row.cash_taken_off, "unapplied cash"),
            ("-", row.not_compared, "not compared"),
        )
        if amount
    ]
    reached = f" {' '.join(steps)} = {goal}" if steps else ""
    total = f"{shown(row.ageing, row.currency)}{reached}; {platform} has {there}"
    if row.ties:
        return f"tie-out {row.currency}: {total}: they tie"
    if abs(row.difference) < ALIKE:
        return f"tie-out {row.currency}: {total}: they tie as far as they are compared"
    return f"tie-out {row.currency}: {total}: {shown(row.difference, row.currency)} apart"


def _words(platform: str, currency: str, row: ExplainedDifference) -> str:
    if row.here is None or row.at_platform is None:
        return f"not compared: {row.reason}"
    there, here = shown(row.at_platform, currency), shown(row.here, currency)
    return f"{platform} has {there}, the copy {here}: {row.reason}"
