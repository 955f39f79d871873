"""Payment plans: their schedules, and what has come of them.

A plan is judged by the money that came since it was made, by the day of the money itself and not by
the day on which somebody booked it; instalment by instalment, in their order. Money that is not
matched to an invoice yet counts for a plan before it counts for anything else.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from typing import NamedTuple

from arsync.core.ledger.agreements.grace import InTimeUntil
from arsync.core.ledger.money import ZERO, minor_digits
from arsync.core.ledger.records import (
    Account,
    DocumentStatus,
    Invoice,
    PaymentPlan,
    PaymentStatus,
    is_owed,
)
from arsync.core.ledger.unapplied_cash import (
    Cash,
    Cover,
    Covers,
    UnappliedCash,
    covered_by_cash,
)

INSTALMENTS_MAX = 120
"""How many instalments a plan may have."""

PLAN_DAYS_MAX = 1_830
"""How many days may lie between an agreement and its last instalment: five years."""


class Every(StrEnum):
    """How often an instalment is due."""

    WEEK = "week"
    FORTNIGHT = "fortnight"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_DAYS = {Every.WEEK: 7, Every.FORTNIGHT: 14}
_MONTHS = {Every.MONTH: 1, Every.QUARTER: 3, Every.YEAR: 12}


def equal_parts(total: Decimal, count: int, currency: str) -> tuple[Decimal, ...]:
    """Return a sum in equal parts of the currency's smallest unit; the last one takes the rest."""
    unit = Decimal(1).scaleb(-minor_digits(currency))
    share = (total / count).quantize(unit, ROUND_DOWN)
    return (*[share] * (count - 1), total - share * (count - 1))


def due_days(first: date, every: Every, count: int) -> tuple[date, ...]:
    """Return the days of instalments.

    A plan that begins on the last day of a month goes on with the last days of months; the 30th
    is the 28th or 29th in February, and the 30th again after it.
    """
    if every in _DAYS:
        return tuple(first + timedelta(_DAYS[every] * number) for number in range(count))
    is_last = first.day == _days_of(first.year, first.month)
    day_of_month = 31 if is_last else first.day
    months = (first.year * 12 + first.month - 1 + _MONTHS[every] * n for n in range(count))
    return tuple(_day_in(*divmod(month, 12), day_of_month) for month in months)


def _day_in(year: int, month_index: int, day_of_month: int) -> date:
    return date(year, month_index + 1, min(day_of_month, _days_of(year, month_index + 1)))


def _days_of(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


class PaymentPlanState(StrEnum):
    """What has come of a plan."""

    KEPT = "kept"
    LATE = "late"
    """An instalment is past its day, and within its grace."""
    BROKEN = "broken"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


PLAN_SLOT = "payment plan"
"""How the slot of a step begins that is a letter about a plan, and so a step of no cadence."""

NO_PAYMENT_PLAN = "none"
"""What the fact `payment_plan` says without one."""

STANDING_STATES = frozenset({PaymentPlanState.KEPT, PaymentPlanState.LATE})
"""In these the customer is not chased for what its plan covers."""


class JudgedInstalment(NamedTuple):
    """One instalment on a day."""

    number: int
    """From 1."""
    due_on: date
    amount: Decimal
    """As it was agreed."""
    outstanding: Decimal
    """What is still to come of it, or 0."""
    in_time_until: date
    is_missed: bool
    """Its grace is over, and its money had not come by then."""


class JudgedPlan(NamedTuple):
    """A plan on a day."""

    plan: PaymentPlan
    state: PaymentPlanState
    received: Decimal
    """What came since it was made."""
    outstanding: Decimal
    """What is still to come: never more than is owed on its invoices."""
    instalments: tuple[JudgedInstalment, ...]

    @property
    def is_standing(self) -> bool:
        """Return whether what it covers is not chased."""
        return self.state in STANDING_STATES

    @property
    def missed(self) -> int:
        """Return how many instalments did not come in time."""
        return sum(instalment.is_missed for instalment in self.instalments)

    @property
    def following(self) -> JudgedInstalment | None:
        """Return the first instalment that is still to come, if the plan stands."""
        if not self.is_standing:
            return None
        return next(
            (instalment for instalment in self.instalments if instalment.outstanding > 0), None
        )


class PlanCash(NamedTuple):
    """How a customer's unapplied cash counts for its plans."""

    cash: Sequence[Cash]
    counts: UnappliedCash
    unit_value: Callable[[str, Decimal | None], Decimal | None]


def judged_plans(
    account: Account, today: date, in_time_until: InTimeUntil, plan_cash: PlanCash
) -> tuple[JudgedPlan, ...]:
    """Return the account's plans as they stand on a day, the oldest first.

    Args:
        account: whose.
        today: the organisation's day.
        in_time_until: the last day on which an instalment comes in time.
        plan_cash: the account's unapplied cash.
    """
    plans = sorted(
        (plan for plan in account.payment_plans if plan.made_on <= today),
        key=lambda plan: plan.id,
    )
    if not plans:
        return ()
    invoices = {invoice.id: invoice for invoice in account.invoices}
    covers = _covers_of_plans(account, plans, invoices, today, plan_cash)
    # What cannot be read may be the very money: nobody is told to have broken an agreement then.
    is_certain = not account.unreadable and not account.doubts
    return tuple(
        _judged(plan, account, invoices, covers, today, in_time_until, is_certain=is_certain)
        for plan in plans
    )


def _covers_of_plans(
    account: Account,
    plans: Sequence[PaymentPlan],
    invoices: Mapping[str, Invoice],
    today: date,
    plan_cash: PlanCash,
) -> Covers:
    if not plan_cash.cash or plan_cash.counts is UnappliedCash.IGNORE:
        return {}
    ids = planned_invoices(account, today)
    return covered_by_cash(
        account,
        [invoices[id_] for id_ in ids if id_ in invoices and is_owed(invoices[id_])],
        plan_cash.cash,
        # A part of an invoice is what an instalment is.
        UnappliedCash.NET,
        last={},
        unit_value=plan_cash.unit_value,
    )


def planned_invoices(account: Account, today: date) -> tuple[str, ...]:
    """Return the invoices that plans pay off, each once, in the order of the plans."""
    return tuple(
        dict.fromkeys(
            invoice_id
            for plan in account.payment_plans
            if plan.made_on <= today and not _is_cancelled(plan, today)
            for invoice_id in plan.invoice_ids
        )
    )


def _is_cancelled(plan: PaymentPlan, today: date) -> bool:
    return plan.cancelled_on is not None and plan.cancelled_on <= today


def _judged(
    plan: PaymentPlan,
    account: Account,
    invoices: Mapping[str, Invoice],
    covers: Covers,
    today: date,
    in_time_until: InTimeUntil,
    *,
    is_certain: bool,
) -> JudgedPlan:
    came = _less(
        plan.received_before,
        sorted(money_since(account, plan.invoice_ids, plan.made_on, covers)),
        plan.made_on,
    )
    received = sum((amount for _, amount in came), ZERO)
    here = [invoices[id_] for id_ in plan.invoice_ids if id_ in invoices]
    outstanding = max(ZERO, plan.total - received)
    if len(here) == len(plan.invoice_ids):
        # An invoice that was voided or credited is not paid off any more.
        outstanding = min(outstanding, sum((_net(invoice, covers) for invoice in here), ZERO))
    instalments = tuple(_instalments(plan, came, outstanding, today, in_time_until))
    is_broken = any(instalment.is_missed for instalment in instalments)
    if _is_cancelled(plan, today):
        state = PaymentPlanState.CANCELLED
    elif outstanding == 0:
        state = PaymentPlanState.COMPLETED
    elif is_broken and is_certain and len(here) == len(plan.invoice_ids):
        state = PaymentPlanState.BROKEN
    elif is_broken or any(
        instalment.due_on < today and instalment.outstanding > 0 for instalment in instalments
    ):
        state = PaymentPlanState.LATE
    else:
        state = PaymentPlanState.KEPT
    return JudgedPlan(plan, state, received, outstanding, instalments)


def _less(
    already: Decimal, came: Sequence[tuple[date, Decimal]], made_on: date
) -> list[tuple[date, Decimal]]:
    """Return what came, without what had come on that day before the plan was made."""
    counted: list[tuple[date, Decimal]] = []
    for day, amount in came:
        used = min(already, amount) if day == made_on else ZERO
        already -= used
        counted.append((day, amount - used))
    return counted


def _instalments(
    plan: PaymentPlan,
    came: Sequence[tuple[date, Decimal]],
    outstanding: Decimal,
    today: date,
    in_time_until: InTimeUntil,
) -> Iterator[JudgedInstalment]:
    received = sum((amount for _, amount in came), ZERO)
    # Where less is owed than was agreed, the last instalments are the ones that get smaller.
    asked_in_all = received + outstanding
    agreed = ZERO
    for number, instalment in enumerate(plan.instalments, 1):
        before, agreed = agreed, agreed + instalment.amount
        due_by_now = max(ZERO, min(agreed, asked_in_all))
        until = in_time_until(instalment.due_on)
        in_time = sum((amount for day, amount in came if day <= until), ZERO)
        outstanding_of_it = max(ZERO, due_by_now - max(received, before))
        yield JudgedInstalment(
            number,
            instalment.due_on,
            instalment.amount,
            outstanding_of_it,
            until,
            is_missed=today > until and in_time < due_by_now and due_by_now > before,
        )


def _net(invoice: Invoice, covers: Covers) -> Decimal:
    if not is_owed(invoice):
        return ZERO
    return invoice.amount_due - _sum_of(covers.get(invoice.id, ()))


def _sum_of(covers: Iterable[Cover]) -> Decimal:
    return sum((cover.amount for cover in covers), ZERO)


def money_since(
    account: Account, invoice_ids: Sequence[str], since: date, covers: Covers
) -> Iterator[tuple[date, Decimal]]:
    """Yield what came for some invoices since a day, each with its own day.

    That is the day on which it was paid or credited, whenever somebody entered or matched it.

    Args:
        account: whose.
        invoice_ids: the invoices.
        since: money of an earlier day does not count.
        covers: the unapplied cash that counts for these invoices.
    """
    ids = frozenset(invoice_ids)
    for payment in account.payments:
        if payment.status == PaymentStatus.ACTIVE and payment.paid_on >= since:
            for allocation in payment.allocations:
                if allocation.invoice_id in ids:
                    yield payment.paid_on, allocation.amount
    for credit in account.credits:
        issued = credit.status in {DocumentStatus.OPEN, DocumentStatus.PAID}
        if issued and credit.issued_on >= since:
            for allocation in credit.allocations:
                if allocation.invoice_id in ids:
                    yield credit.issued_on, allocation.amount
    for invoice_id in invoice_ids:
        for cover in covers.get(invoice_id, ()):
            if cover.cash.dated >= since:
                yield cover.cash.dated, cover.amount


def counting_plans(judged: Iterable[JudgedPlan]) -> dict[str, JudgedPlan]:
    """Return the plan that counts for each invoice: the newest that was not cancelled."""
    return {
        invoice_id: judged_plan
        for judged_plan in judged
        if judged_plan.state is not PaymentPlanState.CANCELLED
        for invoice_id in judged_plan.plan.invoice_ids
    }


def set_aside(judged: JudgedPlan, owed: Mapping[str, Invoice]) -> dict[str, Decimal]:
    """Return how much of each invoice a plan covers: that much of it is not chased.

    Args:
        judged: the plan.
        owed: by id, what is owed net.
    """
    remaining = judged.outstanding if judged.is_standing else ZERO
    covered: dict[str, Decimal] = {}
    for invoice_id in judged.plan.invoice_ids:
        invoice = owed.get(invoice_id)
        if invoice is not None and remaining > 0:
            covered[invoice_id] = min(remaining, invoice.amount_due)
            remaining -= covered[invoice_id]
    return covered


def change_days(plan: PaymentPlan, in_time_until: InTimeUntil) -> Iterator[date]:
    """Yield the days on which a plan's state can change by itself."""
    yield plan.made_on
    if plan.cancelled_on is not None:
        yield plan.cancelled_on
    for instalment in plan.instalments:
        yield instalment.due_on + timedelta(1)
        yield in_time_until(instalment.due_on) + timedelta(1)
