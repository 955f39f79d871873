"""How contacts stand with their applications for credit, as accounts are read with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, or_, select

from arsync.core.ledger.agreements.credit_applications import (
    STATE_AFTER,
    AgreedCredit,
    ApplicationState,
    CreditDatum,
    CreditOutcome,
    CreditStanding,
    DatumKind,
)
from arsync.store.agreements.credit_applications import agreed_of
from arsync.store.db.bulk import one_of
from arsync.store.db.credit_tables import credit_applications, credit_data, credit_decisions


def read_credit_standings(
    db: Connection, connection_id: int, contact_ids: Sequence[str], before: datetime | None
) -> dict[str, CreditStanding]:
    """Return the standing of each contact that ever applied; `before`: as it was known then."""
    columns, decided = credit_applications.c, credit_decisions.c
    query = select(columns.id, columns.contact_id).where(
        columns.connection_id == connection_id, one_of(db, columns.contact_id, contact_ids)
    )
    if before is not None:
        query = query.where(columns.recorded_at < before)
    applications = db.execute(query.order_by(columns.id)).all()
    if not applications:
        return {}
    stands = decided.ended_at.is_(None)
    standing = select(credit_decisions, columns.contact_id).join(
        credit_applications, columns.id == decided.application_id
    )
    standing = standing.where(
        decided.connection_id == connection_id,
        decided.application_id.in_([row.id for row in applications]),
        stands if before is None else or_(stands, decided.ended_at >= before),
    )
    if before is not None:
        standing = standing.where(decided.decided_at < before)
    decisions = {
        row.application_id: agreed_of(row) for row in db.execute(standing.order_by(decided.id))
    }
    latest = {row.contact_id: row.id for row in applications}
    agreed: dict[str, AgreedCredit] = {}
    for decision in sorted(decisions.values(), key=lambda decision: decision.number):
        # A refusal refuses what was asked for: what was agreed before stays.
        if decision.outcome is not CreditOutcome.REFUSE:
            agreed[decision.contact_id] = decision
    numbers = {row.id: row.contact_id for row in applications}
    readings = data_said(db, numbers, before)
    return {
        contact_id: CreditStanding(
            contact_id,
            STATE_AFTER[decisions[number].outcome]
            if number in decisions
            else ApplicationState.OPEN,
            agreed.get(contact_id),
            tuple(readings.get(contact_id, ())),
        )
        for contact_id, number in latest.items()
    }


def data_said(
    db: Connection, numbers: Mapping[int, str], before: datetime | None
) -> dict[str, list[CreditDatum]]:
    """Return what sources said of scores and insolvency, by contact, as it was known then."""
    columns = credit_data.c
    query = select(
        columns.application_id, columns.kind, columns.value, columns.source, columns.as_of
    ).where(
        columns.application_id.in_(list(numbers)),
        columns.kind.in_([DatumKind.SCORE.value, DatumKind.INSOLVENCY.value]),
    )
    if before is not None:
        query = query.where(columns.recorded_at < before)
    by_contact: dict[str, list[CreditDatum]] = defaultdict(list)
    for row in db.execute(query.order_by(columns.id)):
        datum = CreditDatum(DatumKind(row.kind), row.value, row.source, row.as_of)
        by_contact[numbers[row.application_id]].append(datum)
    return by_contact
