"""The operations of the API, a module for each kind of thing."""

from __future__ import annotations

from arsync.web.api.operations import Operation, Operations
from arsync.web.api.resources.actions import operations as actions
from arsync.web.api.resources.audit import operations as audit
from arsync.web.api.resources.connections import operations as connections
from arsync.web.api.resources.contact_log import operations as contact_log
from arsync.web.api.resources.credit import operations as credit
from arsync.web.api.resources.customers import operations as customers
from arsync.web.api.resources.disputes import operations as disputes
from arsync.web.api.resources.holds import operations as holds
from arsync.web.api.resources.invoices import operations as invoices
from arsync.web.api.resources.left_alone import operations as left_alone
from arsync.web.api.resources.measures import operations as measures
from arsync.web.api.resources.payment_plans import operations as payment_plans
from arsync.web.api.resources.people import operations as people
from arsync.web.api.resources.placements import operations as placements
from arsync.web.api.resources.promises import operations as promises
from arsync.web.api.resources.reports import operations as reports
from arsync.web.api.resources.rulebook import operations as rulebook
from arsync.web.api.resources.rules_draft import operations as rules_draft
from arsync.web.api.resources.statements import operations as statements
from arsync.web.api.resources.tasks import operations as tasks
from arsync.web.api.resources.tries import operations as tries
from arsync.web.api.resources.undo import operations as undo

ALL: tuple[Operations, ...] = (
    connections,
    customers,
    invoices,
    actions,
    tasks,
    promises,
    payment_plans,
    disputes,
    holds,
    left_alone,
    placements,
    credit,
    contact_log,
    statements,
    undo,
    measures,
    rulebook,
    rules_draft,
    tries,
    reports,
    people,
    audit,
)


def every_operation() -> list[Operation]:
    """Return all operations of the API."""
    return [operation for operations in ALL for operation in operations.all]
