"""Payment plans: what a customer pays by instalments."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct

from arsync.application.agreements.payment_plans import (
    ListedPlan,
    PaymentPlanView,
    Schedule,
    agree,
    cancel,
    payment_plan_view,
    payment_plans,
    preview,
)
from arsync.application.permissions import Permission
from arsync.application.persons_words import RecordedView, recorded_view
from arsync.core.ledger.agreements.payment_plans import Every
from arsync.core.ledger.agreements.plan_terms import Terms
from arsync.core.ledger.records import Instalment
from arsync.errors import UserMistake
from arsync.web.api.operations import (
    Amount,
    Line,
    Operations,
    Paged,
    PageQuery,
    number_key,
    page_by_key,
)
from arsync.web.api.resources.subjects import SubjectBody, named
from arsync.web.caller import Caller

operations = Operations("payment plans")

INSTALMENTS_MAX = 120


class InstalmentBody(Struct, frozen=True, forbid_unknown_fields=True):
    """One instalment."""

    due_on: date
    amount: Amount


class EqualPartsBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A number of equal instalments."""

    number: Annotated[int, Meta(ge=1, le=INSTALMENTS_MAX)]
    first_on: date
    every: Every = Every.MONTH


class TermsBody(SubjectBody, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What is agreed: either instalments one by one, or equal ones."""

    instalments: Annotated[tuple[InstalmentBody, ...], Meta(max_length=INSTALMENTS_MAX)] = ()
    equal: EqualPartsBody | None = None
    note: Line = ""


class AgreedInstalmentView(Struct, frozen=True):
    """An instalment as it would be recorded."""

    due_on: date
    amount: Decimal


class OwedPartView(Struct, frozen=True):
    """What of an invoice is owed, and covered by a plan or not."""

    id: str
    number: str
    amount: Decimal


class ScheduleListedView(Struct, frozen=True):
    """A plan as it would be recorded."""

    connection: str
    customer: str
    currency: str
    total: Decimal
    instalments: tuple[AgreedInstalmentView, ...]
    covered: tuple[OwedPartView, ...]
    uncovered: tuple[OwedPartView, ...]
    """What is owed and named, and chased as ever."""


class PlanRecordedView(Struct, frozen=True):
    """A plan that was recorded."""

    recorded: RecordedView
    schedule: ScheduleListedView


@operations.read("/connections/{connection}/payment-plans")
def list_payment_plans(caller: Caller, query: PageQuery) -> Paged[PaymentPlanView]:
    """List the payment plans that stand, the oldest first."""
    plans = payment_plans(caller.actor, caller.container, caller.organisation.name)
    return page_by_key(plans, query, payment_plan_view, _key)


@operations.act("/connections/{connection}/payment-plans/preview", Permission.AGREE)
def preview_payment_plan(caller: Caller, body: TermsBody) -> ScheduleListedView:
    """Get the plan that would be recorded; nothing is."""
    name = caller.organisation.name
    return _schedule_view(
        preview(caller.actor, caller.container, named(caller, body), _terms(body), connection=name)
    )


@operations.act(
    "/connections/{connection}/payment-plans", Permission.AGREE, audited="recorded a payment plan"
)
def record_payment_plan(caller: Caller, body: TermsBody) -> PlanRecordedView:
    """Record a payment plan; the next run notes it in the accounting system."""
    schedule, recorded = agree(
        caller.actor,
        caller.container,
        named(caller, body),
        _terms(body),
        note=body.note,
        connection=caller.organisation.name,
    )
    caller.log_words = recorded.message
    return PlanRecordedView(recorded_view(recorded), _schedule_view(schedule))


@operations.act(
    "/connections/{connection}/payment-plans/end", Permission.AGREE, audited="ended a payment plan"
)
def end_payment_plan(caller: Caller, body: SubjectBody) -> RecordedView:
    """End the plan of a customer, or of an invoice: what it covers is chased again."""
    name = caller.organisation.name
    recorded = cancel(caller.actor, caller.container, named(caller, body), connection=name)
    caller.log_words = recorded.message
    return recorded_view(recorded)


def _key(plan: ListedPlan) -> str:
    return number_key(plan.judged.plan.id)


def _terms(body: TermsBody) -> Terms:
    if bool(body.instalments) == (body.equal is not None):
        raise UserMistake("give either `instalments`, or `equal` ones.")
    if body.equal is not None:
        equal = body.equal
        return Terms(equal_parts=equal.number, every=equal.every, first=equal.first_on)
    return Terms(
        listed=tuple(
            Instalment(instalment.due_on, Decimal(instalment.amount))
            for instalment in body.instalments
        )
    )


def _schedule_view(schedule: Schedule) -> ScheduleListedView:
    agreed = schedule.agreement
    return ScheduleListedView(
        schedule.organisation.name,
        schedule.customer,
        agreed.plan.currency,
        agreed.plan.total,
        tuple(
            AgreedInstalmentView(instalment.due_on, instalment.amount)
            for instalment in agreed.plan.instalments
        ),
        tuple(
            OwedPartView(invoice.id, invoice.number, invoice.amount_due)
            for invoice in agreed.covered
        ),
        tuple(
            OwedPartView(uncovered.invoice.id, uncovered.invoice.number, uncovered.amount)
            for uncovered in agreed.uncovered
        ),
    )
