"""What a letter about a payment plan can show: its schedule, and the instalment it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from arsync.core.actions import Action, ReminderPayload
from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.agreements.payment_plans import JudgedInstalment, JudgedPlan
from arsync.core.ledger.as_of import as_issued
from arsync.core.ledger.records import Account, Organisation
from arsync.core.ledger.sanitising import cleaned
from arsync.mail.invoice_values import named
from arsync.mail.language import Language


class LetterInstalment(NamedTuple):
    """An instalment as a letter shows it; every value is ready for people."""

    number: int
    due_date: str
    amount: str
    """What is still to come of it; as it was agreed once it has come."""
    is_received: bool
    in_time_until: str
    """The last day on which it comes in time; empty where that is not said."""


NO_PLAN: Mapping[str, Any] = {"plan": {}, "instalment": {}, "schedule": ()}
"""The values of a letter about anything else."""


def plan_values(
    action: Action, account: Account, organisation: Organisation, today: date, spoken: Language
) -> Mapping[str, Any]:
    """Return the values of a letter about a payment plan; empty ones for every other letter."""
    payload = action.payload
    notice = payload.about_plan if isinstance(payload, ReminderPayload) else None
    if notice is None:
        return NO_PLAN
    base = organisation.base_currency
    view = AccountView(as_issued(account, today), today, currency=base, base=base)
    judged = next((plan for plan in view.payment_plans if plan.plan.id == notice.plan_id), None)
    if judged is None:
        return NO_PLAN
    numbers = {invoice.id: invoice.number for invoice in account.invoices}
    schedule = tuple(_line(judged, instalment, spoken) for instalment in judged.instalments)
    about = schedule[notice.instalment - 1]._replace(in_time_until=spoken.day(notice.in_time_until))
    return _values(
        schedule,
        about,
        made_on=spoken.day(judged.plan.made_on),
        total=spoken.amount(judged.plan.total, judged.plan.currency),
        numbers=[cleaned(numbers.get(id_) or id_) for id_ in judged.plan.invoice_ids],
    )


def _line(judged: JudgedPlan, instalment: JudgedInstalment, spoken: Language) -> LetterInstalment:
    amount = instalment.outstanding or instalment.amount
    return LetterInstalment(
        instalment.number,
        spoken.day(instalment.due_on),
        spoken.amount(amount, judged.plan.currency),
        not instalment.outstanding,
        "",
    )


def _values(
    schedule: Sequence[LetterInstalment],
    about: LetterInstalment,
    *,
    made_on: str,
    total: str,
    numbers: Sequence[str],
) -> Mapping[str, Any]:
    return {
        "plan": {"made_on": made_on, "total": total, "invoices": named(numbers)},
        "instalment": about._asdict(),
        "schedule": tuple(schedule),
    }
