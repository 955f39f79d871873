"""Placements: debts handed to an agency or a lawyer."""

from __future__ import annotations

from decimal import Decimal
from operator import attrgetter
from typing import Annotated

from msgspec import Meta, Struct

from arsync.application.agreements.placements import (
    PlacementView,
    end_placement,
    place,
    placements,
    record_cost,
)
from arsync.application.customers.name_search import CustomerId
from arsync.application.desk.record_pages import one_customer
from arsync.application.permissions import Permission
from arsync.application.persons_words import Recorded, RecordedView, recorded_view
from arsync.web.api.operations import (
    Amount,
    Line,
    Operations,
    Paged,
    PageQuery,
    RecordId,
    page_of,
    rows_after,
)
from arsync.web.api.resources.subjects import INVOICES_MAX
from arsync.web.caller import Caller

operations = Operations("placements")

BASE = "/connections/{connection}/customers/{customer}/placement"


class PlacementsQuery(PageQuery, frozen=True, forbid_unknown_fields=True):
    """Which placements."""

    customer: Annotated[RecordId | None, Meta(description="Left out: of all.")] = None


class PlacementBody(Struct, frozen=True, forbid_unknown_fields=True):
    """With whom debts are placed, and which."""

    agency: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
    invoices: Annotated[
        tuple[RecordId, ...],
        Meta(max_length=INVOICES_MAX, description="Left out: every overdue one that can be."),
    ] = ()


class EndBody(Struct, frozen=True, forbid_unknown_fields=True):
    """How a placement ends."""

    returned: Annotated[
        bool, Meta(description="The agency gave the debts back; otherwise they are recalled.")
    ] = False
    reason: Line = ""
    cost: Annotated[Amount | None, Meta(description="What it has cost.")] = None


class CostBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What a placement has cost so far, in the organisation's currency."""

    cost: Amount


@operations.read("/connections/{connection}/placements")
def list_placements(caller: Caller, query: PlacementsQuery) -> Paged[PlacementView]:
    """List placements with what they brought and cost, the latest first."""
    whom = _named(caller, query.customer) if query.customer is not None else ""
    name = caller.organisation.name
    views = placements(caller.actor, caller.container, whom, connection=name)
    rows = rows_after(views, query, attrgetter("key"))
    return page_of(rows, query, lambda view: view, attrgetter("key"))


@operations.act(BASE, Permission.PLACE, audited="placed debts")
def record_placement(caller: Caller, customer: RecordId, body: PlacementBody) -> RecordedView:
    """Record that debts of a customer are placed: nothing else chases them until that ends."""
    placed = place(
        caller.actor,
        caller.container,
        _named(caller, customer),
        agency=body.agency,
        invoices=body.invoices,
        connection=caller.organisation.name,
    )
    return _view(caller, placed)


@operations.act(f"{BASE}/end", Permission.PLACE, audited="took placed debts back")
def take_placement_back(caller: Caller, customer: RecordId, body: EndBody) -> RecordedView:
    """Record that placed debts were recalled or returned: they are chased again."""
    ended = end_placement(
        caller.actor,
        caller.container,
        _named(caller, customer),
        returned=body.returned,
        reason=body.reason,
        cost=Decimal(body.cost) if body.cost is not None else None,
        connection=caller.organisation.name,
    )
    return _view(caller, ended)


@operations.act(f"{BASE}/cost", Permission.PLACE, audited="recorded the cost of a placement")
def record_placement_cost(caller: Caller, customer: RecordId, body: CostBody) -> RecordedView:
    """Record what a customer's latest placement has cost so far."""
    costs = record_cost(
        caller.actor,
        caller.container,
        _named(caller, customer),
        Decimal(body.cost),
        connection=caller.organisation.name,
    )
    return _view(caller, costs)


def _named(caller: Caller, customer: RecordId) -> CustomerId:
    contact = one_customer(caller.actor, caller.organisation, customer)
    caller.about = contact.name
    return CustomerId(contact.id)


def _view(caller: Caller, recorded: Recorded) -> RecordedView:
    caller.log_words = recorded.message
    return recorded_view(recorded)
