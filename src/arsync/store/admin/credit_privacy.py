"""Applications for credit as personal data: everything held of an applicant, and forgetting it.

Outcomes, limits and days of decisions stay: they say why a customer could buy on credit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, delete, or_, select, update

from arsync.core.actions.registry import OUTSIDE_BOOKS
from arsync.core.credit.reference_letters import payload_of_reference
from arsync.core.rulebook.model import folded
from arsync.store.actions.serialisation import decode_action
from arsync.store.db.credit_tables import (
    credit_applications,
    credit_approvals,
    credit_data,
    credit_decisions,
    credit_references,
)
from arsync.store.db.tables import actions
from arsync.store.ledger.record_rows import FORGOTTEN

_COLUMNS = credit_applications.c


def numbers_of(db: Connection, connection_id: int, contact_id: str, name: str) -> list[int]:
    """Return the applications of a customer; also those of a prospect of its name."""
    prospect = (_COLUMNS.contact_id == "") & (_COLUMNS.folded_name == folded(name))
    whose = or_(_COLUMNS.contact_id == contact_id, prospect) if contact_id else prospect
    query = select(_COLUMNS.id).where(_COLUMNS.connection_id == connection_id, whose)
    return list(db.scalars(query.order_by(_COLUMNS.id)))


def exported_applications(db: Connection, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Return applications with all that belongs to them, for JSON."""
    applications = _rows(db, credit_applications, "id", numbers)
    for application in applications:
        mine = [application["id"]]
        application |= {
            "references": _rows(db, credit_references, "application_id", mine),
            "data": _rows(db, credit_data, "application_id", mine),
            "decisions": _rows(db, credit_decisions, "application_id", mine),
        }
    return applications


def _rows(
    db: Connection, table: Table, column: str, numbers: Sequence[int]
) -> list[dict[str, Any]]:
    query = select(table).where(table.c[column].in_(numbers)).order_by(table.c.id)
    left_out = {"connection_id", "application_id", "folded_name"}
    return [
        {name: value for name, value in row.items() if name not in left_out}
        for row in db.execute(query).mappings()
    ]


def letters_of(db: Connection, numbers: Sequence[int]) -> list[str]:
    """Return the keys of letters about applicants: of prospects no contact leads to them."""
    query = select(actions.c.key, actions.c.action).where(
        actions.c.kind.in_([kind.value for kind in OUTSIDE_BOOKS])
    )
    return [
        row.key
        for row in db.execute(query)
        if payload_of_reference(decode_action(row.action)).application in numbers
    ]


def forget_applications(db: Connection, numbers: Sequence[int]) -> None:
    """Take out who applied, who spoke for them, and what sources said of them."""
    if not numbers:
        return
    db.execute(
        update(credit_applications)
        .where(_COLUMNS.id.in_(numbers))
        .values(
            name=FORGOTTEN,
            folded_name=folded(FORGOTTEN),
            registration_number="",
            vat_number="",
            people="[]",
            signed_file="",
        )
    )
    for table in (credit_references, credit_data, credit_approvals):
        db.execute(delete(table).where(table.c.application_id.in_(numbers)))
    db.execute(
        update(credit_decisions)
        .where(credit_decisions.c.application_id.in_(numbers))
        .values(facts="{}", reason="", ended_why="")
    )
