"""The facts about payment plans, of a contact and of one invoice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from arsync.core.ledger.account_view import ContactView
from arsync.core.ledger.agreements.payment_plans import (
    NO_PAYMENT_PLAN,
    JudgedInstalment,
    JudgedPlan,
    PaymentPlanState,
)
from arsync.core.ledger.records import Invoice
from arsync.core.rulebook.facts.field import ANY_NUMBER, FROM_0, FactKind, Field, Value
from arsync.core.rulebook.facts.movement import STILL, CountsDown

PAYMENT_PLAN_CHOICES = (
    NO_PAYMENT_PLAN,
    *(state.value for state in PaymentPlanState if state is not PaymentPlanState.CANCELLED),
)
_SOURCE = "payment plans, and what came since they were made"
_NO_PLAN = "no payment plan stands"


def _plans(view: ContactView, invoice: Invoice | None) -> list[JudgedPlan]:
    """Return the plans that count, each once: the contact's, or the invoice's own."""
    if not view.account_view.account.payment_plans:
        return []
    of_invoice = view.account_view.plan_of
    if invoice is not None:
        return [of_invoice[invoice.id]] if invoice.id in of_invoice else []
    by_number = {
        judged.plan.id: judged
        for invoice_id, judged in of_invoice.items()
        if invoice_id in view.own_invoice_ids
    }
    return list(by_number.values())


def _following(
    view: ContactView, invoice: Invoice | None
) -> tuple[JudgedPlan, JudgedInstalment] | None:
    """Return the instalment that is to come next, and its plan."""
    coming = [
        (judged, judged.following)
        for judged in _plans(view, invoice)
        if judged.following is not None
    ]
    return min(coming, key=lambda pair: (pair[1].due_on, pair[0].plan.id), default=None)


def _states(judged: Iterable[JudgedPlan]) -> frozenset[str]:
    return frozenset(plan.state.value for plan in judged) or frozenset({NO_PAYMENT_PLAN})


def contact_plan_states(view: ContactView) -> Value:
    """Return the states of the contact's plans."""
    return _states(_plans(view, None))


def invoice_plan_state(view: ContactView, invoice: Invoice) -> Value:
    """Return the state of the invoice's plan."""
    return next(iter(_states(_plans(view, invoice))))


def missed(view: ContactView, invoice: Invoice | None = None) -> Value:
    """Return how many instalments did not come in time."""
    return sum(judged.missed for judged in _plans(view, invoice))


def next_day(view: ContactView, invoice: Invoice | None = None) -> date | None:
    """Return the day of the next instalment."""
    coming = _following(view, invoice)
    return coming[1].due_on if coming else None


def next_day_written(view: ContactView, invoice: Invoice | None = None) -> Value:
    """Return the day of the next instalment as it is written."""
    day = next_day(view, invoice)
    return day.isoformat() if day else None


def days_until(view: ContactView, invoice: Invoice | None = None) -> Value:
    """Return the days until the next instalment, below 0 while it is late."""
    day = next_day(view, invoice)
    return (day - view.account_view.today).days if day else None


def next_amount(view: ContactView, invoice: Invoice | None = None) -> Value:
    """Return what is to come next, in the rulebook's currency."""
    coming = _following(view, invoice)
    if coming is None:
        return None
    judged, instalment = coming
    converter = view.account_view.converter
    rate = next(
        (document.rate for document in view.documents if document.id in judged.plan.invoice_ids),
        None,
    )
    named = f"payment plan {judged.plan.id}"
    return converter.amount(instalment.outstanding, judged.plan.currency, rate, named)


def _rows(of: str, whose: str) -> tuple[Field, ...]:
    """Return the facts that contacts and invoices share."""
    return (
        Field(
            "instalments_missed",
            of,
            FactKind.COUNT,
            f"how many instalments of {whose} payment plan did not come in time",
            _SOURCE,
            missed,
            phrase="{} missed instalment|{} missed instalments",
            is_tolerated=True,
            bounds=FROM_0,
            # The days on which a plan can change are events of the account.
            moves=STILL,
            example="{at_least: 1}",
        ),
        Field(
            "days_until_instalment",
            of,
            FactKind.DAYS,
            f"days until the next instalment of {whose} payment plan; negative while it is late",
            _SOURCE,
            days_until,
            phrase="{} until the next instalment",
            bounds=ANY_NUMBER,
            moves=CountsDown(next_day),
            unknown=_NO_PLAN,
            example="{at_most: 3}",
        ),
        Field(
            "next_instalment_on",
            of,
            FactKind.TEXT,
            f"the day of the next instalment of {whose} payment plan",
            _SOURCE,
            next_day_written,
            phrase="the next instalment on {}",
            moves=STILL,
            unknown=_NO_PLAN,
            example="known",
        ),
        Field(
            "instalment_amount",
            of,
            FactKind.AMOUNT,
            f"what is to come next by {whose} payment plan",
            _SOURCE,
            next_amount,
            phrase="an instalment of {}",
            bounds=FROM_0,
            moves=STILL,
            unknown=f"{_NO_PLAN}, or no exchange rate was recorded",
            example="{at_least: 1000}",
        ),
    )


CONTACT_PLAN_FACTS: tuple[Field, ...] = (
    Field(
        "payment_plan",
        "contact",
        FactKind.TEXTS,
        "whether any of its invoices has a payment plan in this state",
        _SOURCE,
        contact_plan_states,
        phrase="payment plan: {}",
        moves=STILL,
        choices=PAYMENT_PLAN_CHOICES,
        example="broken",
    ),
    *_rows("contact", "a"),
)

INVOICE_PLAN_FACTS: tuple[Field, ...] = (
    Field(
        "payment_plan",
        "invoice",
        FactKind.CHOICE,
        "the state of its payment plan; late: within the grace",
        _SOURCE,
        invoice_plan_state,
        phrase="payment plan: {}",
        moves=STILL,
        choices=PAYMENT_PLAN_CHOICES,
        example="broken",
    ),
    *_rows("invoice", "its"),
)

PLAN_FACT_NAMES = frozenset(field.name for field in CONTACT_PLAN_FACTS)
