"""Payment plans, as people recorded them. A rebuild of the copy keeps them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from arsync.clock import Clock
from arsync.core.actions import Action
from arsync.core.ledger.records import PaymentPlan
from arsync.errors import UserMistake
from arsync.store.actions.action_rows import RECORDED, add_asked
from arsync.store.db.database import Database, inserted_id
from arsync.store.db.tables import instalments, payment_plans
from arsync.store.ledger.payment_plans import read_payment_plans
from arsync.store.models import PaymentPlanRow

_PLAN = payment_plans.c
_ROW = [_PLAN[name] for name in PaymentPlanRow._fields]

NotedBy = Callable[[PaymentPlan], Action]
"""Makes the action that notes a plan in the accounting system."""


class EndedPlan(NamedTuple):
    """A plan that ends, and the note about it."""

    plan_id: int
    ended_on: date
    person: str
    noted_by: NotedBy | None = None


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
        ends: EndedPlan | None = None,
    ) -> PaymentPlan:
        """Record a plan, and return it with its number.

        Args:
            connection_id: of this connection.
            plan: as it was agreed.
            note: anything to remember.
            noted_by: its action is added in the same transaction, so that neither exists without
                the other.
            ends: the plan of which it takes the place, in the same transaction.

        Raises:
            UserMistake: that plan was ended meanwhile.
        """
        now = self._clock.now()
        with self._database.write() as db:
            if ends is not None:
                if not _end(db, connection_id, ends, now):
                    raise UserMistake("the plan that was to end was ended meanwhile.")
                # Notes leave in the order of their moments: the new plan's day is what stays.
                now += timedelta(microseconds=1)
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
                action = noted_by(numbered)
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
        ended = EndedPlan(plan_id, cancelled_on, who, noted_by)
        with self._database.write() as db:
            return _end(db, connection_id, ended, self._clock.now())

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


def _end(db: Connection, connection_id: int, ended: EndedPlan, now: datetime) -> bool:
    """End a plan, with its note; returns whether it was in force."""
    mine = (_PLAN.connection_id == connection_id) & (_PLAN.id == ended.plan_id)
    changed = db.execute(
        update(payment_plans)
        .where(mine, _PLAN.cancelled_on.is_(None))
        .values(cancelled_on=ended.ended_on, cancelled_by=ended.person)
    )
    if changed.rowcount and ended.noted_by is not None:
        [[plan]] = read_payment_plans(db, connection_id, plan_id=ended.plan_id).values()
        add_asked(db, connection_id, ended.noted_by(plan), who=ended.person, why=RECORDED, now=now)
    return bool(changed.rowcount)
