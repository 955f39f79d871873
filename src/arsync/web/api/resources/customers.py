"""Customers: what they owe, what happened with them, and why they are treated so."""

from __future__ import annotations

from datetime import date
from operator import attrgetter

from msgspec import Struct

from arsync.application.customers.name_search import CustomerId
from arsync.application.decisions.why import why
from arsync.application.desk.record_pages import (
    CustomerDetailView,
    CustomerView,
    InvoiceDetailView,
    customers_page,
    invoices_page,
    one_customer,
)
from arsync.application.result_views import WhyView, why_view
from arsync.application.timeline.customer_timeline import Timeline, timeline
from arsync.web.api.operations import Operations, Paged, PageQuery, RecordId, page_of
from arsync.web.caller import Caller

operations = Operations("customers")


class DayQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """On which day."""

    as_of: date | None = None
    """Left out: today."""


@operations.read("/connections/{connection}/customers")
def list_customers(caller: Caller, query: PageQuery) -> Paged[CustomerView]:
    """List customers, in the order of their ids."""
    rows = customers_page(caller.actor, caller.organisation, query.wanted)
    return page_of(rows, query, lambda row: row, attrgetter("id"))


@operations.read("/connections/{connection}/customers/{customer}")
def get_customer(caller: Caller, customer: RecordId) -> CustomerDetailView:
    """Get a customer."""
    return one_customer(caller.actor, caller.organisation, customer)


@operations.read("/connections/{connection}/customers/{customer}/invoices")
def list_customers_invoices(
    caller: Caller, customer: RecordId, query: PageQuery
) -> Paged[InvoiceDetailView]:
    """List the invoices of a customer, in the order of their ids."""
    one_customer(caller.actor, caller.organisation, customer)
    rows = invoices_page(caller.actor, caller.organisation, query.wanted, contact_id=customer)
    return page_of(rows, query, lambda row: row, attrgetter("id"))


@operations.read("/connections/{connection}/customers/{customer}/timeline")
def get_timeline(caller: Caller, customer: RecordId, query: DayQuery) -> Timeline:
    """Get everything that happened with a customer, the newest 200."""
    contact = one_customer(caller.actor, caller.organisation, customer)
    return timeline(
        caller.actor,
        caller.container,
        contact.id,
        connection=caller.organisation.name,
        as_of=query.as_of,
    )


@operations.read("/connections/{connection}/customers/{customer}/why")
def explain_customer(caller: Caller, customer: RecordId, query: DayQuery) -> WhyView:
    """Explain what is done about a customer, what is not, and why."""
    contact = one_customer(caller.actor, caller.organisation, customer)
    return why_view(why(caller.actor, caller.organisation, CustomerId(contact.id), query.as_of))
