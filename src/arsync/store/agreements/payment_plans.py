"""Payment plans, as people recorded them. A rebuild of the copy keeps them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from sqlalchemy import insert, select, update

from arsync.clock import Clock
from arsync.core.actions import Action
from arsync.core.ledger.records import PaymentPlan
from arsync.store.actions.action_rows import RECORDED, add_asked
from arsync.store.db.database import Database, inserted_id
from arsync.store.db.tables import instalments, payment_plans
from arsync.store.ledger.payment_plans import read_payment_plans
from arsync.store.models import PaymentPlanRow

_PLAN = payment_plans.c
_ROW = [_PLAN[name] for name in PaymentPlanRow._fields]

NotedBy = Callable[[PaymentPlan], Action]
"""Makes the action that notes a plan in the accounting system."""


class PaymentPlans:
    """Payment plans, by customer."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def record(
        self,
        connection_id: int,
        plan: PaymentPlan,
        *,
        note: str = "",
        noted_by: NotedBy | None = None,
    ) -> PaymentPlan:
        """Record a plan, and return it with its number.

        Args:
            connection_id: of this connection.
            plan: as it was agreed.
            note: anything to remember.
            noted_by: its action is added in the same transaction, so that neither exists without
                the other.
        """
        with self._database.write() as db:
            inserted = db.execute(
                insert(payment_plans).values(
                    connection_id=connection_id,
                    contact_id=plan.contact_id,
                    invoice_ids=plan.invoice_ids,
                    currency=plan.currency,
                    made_on=plan.made_on,
                    of_balance=plan.of_balance,
                    received_before=plan.received_before,
                    is_confirmed=plan.is_confirmed,
                    recorded_by=plan.by,
                    recorded_at=self._clock.now(),
                    note=note,
                )
            )
            numbered = plan._replace(id=inserted_id(inserted))
            db.execute(
                insert(instalments),
                [
                    {"plan_id": numbered.id, "number": number, **instalment._asdict()}
                    for number, instalment in enumerate(plan.instalments, 1)
                ],
            )
            if noted_by is not None:
                action, now = noted_by(numbered), self._clock.now()
                add_asked(db, connection_id, action, who=plan.by, why=RECORDED, now=now)
            return numbered

    def cancel(
        self,
        connection_id: int,
        plan_id: int,
        *,
        cancelled_on: date,
        who: str,
        noted_by: NotedBy | None = None,
    ) -> bool:
        """End a plan; return whether it was in force."""
        mine = (_PLAN.connection_id == connection_id) & (_PLAN.id == plan_id)
        with self._database.write() as db:
            ended = db.execute(
                update(payment_plans)
                .where(mine, _PLAN.cancelled_on.is_(None))
                .values(cancelled_on=cancelled_on, cancelled_by=who)
            )
            if ended.rowcount and noted_by is not None:
                [[plan]] = read_payment_plans(db, connection_id, plan_id=plan_id).values()
                now = self._clock.now()
                add_asked(db, connection_id, noted_by(plan), who=who, why=RECORDED, now=now)
            return bool(ended.rowcount)

    def recorded(self, connection_id: int) -> list[PaymentPlan]:
        """Return all plans, the oldest first; cancelled ones too."""
        with self._database.read() as db:
            by_contact = read_payment_plans(db, connection_id)
        plans = [plan for own in by_contact.values() for plan in own]
        return sorted(plans, key=lambda plan: plan.id)

    def rows(self, connection_id: int) -> list[PaymentPlanRow]:
        """Return what was written down beside each plan, the oldest first."""
        query = select(*_ROW).where(_PLAN.connection_id == connection_id).order_by(_PLAN.id)
        with self._database.read() as db:
            return [PaymentPlanRow(*row) for row in db.execute(query)]
