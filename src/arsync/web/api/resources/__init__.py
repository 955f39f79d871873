"""The operations of the API, a module for each kind of thing."""

from __future__ import annotations

from arsync.web.api.operations import Operation, Operations
from arsync.web.api.resources.actions import operations as actions
from arsync.web.api.resources.connections import operations as connections
from arsync.web.api.resources.customers import operations as customers
from arsync.web.api.resources.invoices import operations as invoices

ALL: tuple[Operations, ...] = (connections, customers, invoices, actions)


def every_operation() -> list[Operation]:
    """Return all operations of the API."""
    return [operation for operations in ALL for operation in operations.all]
