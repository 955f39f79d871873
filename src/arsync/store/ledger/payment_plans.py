"""Payment plans, as accounts are read with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import Connection, select

from arsync.core.ledger.records import Instalment, PaymentPlan
from arsync.store.db.bulk import one_of
from arsync.store.db.tables import instalments, payment_plans

_PLAN = payment_plans.c
_COLUMNS = (
    _PLAN.id,
    _PLAN.contact_id,
    _PLAN.invoice_ids,
    _PLAN.currency,
    _PLAN.made_on,
    _PLAN.recorded_by,
    _PLAN.of_balance,
    _PLAN.received_before,
    _PLAN.cancelled_on,
    _PLAN.is_confirmed,
    instalments.c.due_on,
    instalments.c.amount,
)


def read_payment_plans(
    db: Connection,
    connection_id: int,
    contact_ids: Sequence[str] | None = None,
    *,
    plan_id: int | None = None,
) -> dict[str, list[PaymentPlan]]:
    """Return plans by contact, the oldest first; cancelled ones too.

    Args:
        db: the database, in a transaction.
        connection_id: of this connection.
        contact_ids: of these contacts; None: of all.
        plan_id: this plan alone; None: all.
    """
    query = (
        select(*_COLUMNS)
        .join(instalments, instalments.c.plan_id == _PLAN.id)
        .where(_PLAN.connection_id == connection_id)
        .order_by(_PLAN.id, instalments.c.number)
    )
    if contact_ids is not None:
        query = query.where(one_of(db, _PLAN.contact_id, contact_ids))
    if plan_id is not None:
        query = query.where(_PLAN.id == plan_id)
    plans: dict[int, PaymentPlan] = {}
    by_plan: dict[int, list[Instalment]] = defaultdict(list)
    for row in db.execute(query):
        by_plan[row.id].append(Instalment(row.due_on, row.amount))
        if row.id not in plans:
            plans[row.id] = PaymentPlan(
                id=row.id,
                contact_id=row.contact_id,
                invoice_ids=row.invoice_ids,
                currency=row.currency,
                made_on=row.made_on,
                by=row.recorded_by,
                instalments=(),
                of_balance=row.of_balance,
                received_before=row.received_before,
                cancelled_on=row.cancelled_on,
                is_confirmed=row.is_confirmed,
            )
    by_contact: dict[str, list[PaymentPlan]] = defaultdict(list)
    for plan in plans.values():
        whole = plan._replace(instalments=tuple(by_plan[plan.id]))
        by_contact[plan.contact_id].append(whole)
    return by_contact


def planned_days(plans: Iterable[PaymentPlan]) -> dict[str, set[date]]:
    """Return, by invoice, the days of all instalments: arsync shows them as expected dates."""
    days: dict[str, set[date]] = defaultdict(set)
    for plan in plans:
        for invoice_id in plan.invoice_ids:
            days[invoice_id].update(instalment.due_on for instalment in plan.instalments)
    return days
