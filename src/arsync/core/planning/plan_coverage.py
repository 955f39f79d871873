"""Coverage: what a payment plan that stands keeps from being chased, in words."""

from __future__ import annotations

from datetime import date, timedelta

from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.agreements.payment_plans import (
    JudgedPlan,
    PaymentPlanState,
)
from arsync.core.ledger.money import shown
from arsync.core.ledger.records import Invoice


def plan_stop(
    account_view: AccountView, invoice: Invoice, *, in_part: bool = False
) -> tuple[str, date | None] | None:
    """Return that a payment plan covers all that is owed on an invoice, and when that may end.

    None where it covers a part, unless asked for as well: the rest is chased.
    """
    covered = account_view.set_aside.get(invoice.id)
    if not covered:
        return None
    if covered < account_view.owed_by_id[invoice.id].amount_due and not in_part:
        return None
    judged = account_view.plan_of[invoice.id]
    return plan_words(judged), plan_ends(judged)


def plan_ends(judged: JudgedPlan) -> date | None:
    """Return the first day on which a standing plan can be broken."""
    following = judged.following
    return following.in_time_until + timedelta(1) if following else None


def plan_in_full(judged: JudgedPlan) -> str:
    """Return a plan, its state, what is still to come, and when."""
    plan = judged.plan
    count = len(plan.instalments)
    instalments = "1 instalment" if count == 1 else f"{count} instalments"
    words = [
        f"agreed on {plan.made_on} by {plan.by}: {instalments}, {judged.state}",
        f"{shown(judged.outstanding, plan.currency)} of {shown(plan.total, plan.currency)} to come",
    ]
    if judged.missed:
        words.append(f"{judged.missed} missed")
    following = judged.following
    if following is not None:
        amount = shown(following.outstanding, plan.currency)
        words.append(f"next {amount} on {following.due_on}")
    if plan.cancelled_on is not None:
        words.append(f"cancelled on {plan.cancelled_on}")
    return "; ".join(words)


def plan_words(judged: JudgedPlan) -> str:
    """Return a plan's state: `payment plan kept: GBP 400.00 due on 2026-10-10`."""
    following = judged.following
    if following is None:
        return f"payment plan {judged.state}"
    amount = shown(following.outstanding, judged.plan.currency)
    if judged.state is PaymentPlanState.LATE:
        return (
            f"payment plan late: {amount} was due on {following.due_on}, in time until "
            f"{following.in_time_until}"
        )
    return f"payment plan kept: {amount} due on {following.due_on}"
