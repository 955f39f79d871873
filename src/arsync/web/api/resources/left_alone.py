"""Customers that people leave alone for a while."""

from __future__ import annotations

from datetime import date
from operator import attrgetter

from msgspec import Struct

from arsync.application.customers.customer_pauses import leave_alone, no_longer_leave_alone
from arsync.application.customers.name_search import CustomerId
from arsync.application.desk.left_alone import LeftAloneView, left_alone
from arsync.application.desk.record_pages import one_customer
from arsync.application.permissions import Permission
from arsync.application.persons_words import RecordedView
from arsync.web.api.operations import (
    NoBody,
    Operations,
    Paged,
    PageQuery,
    Reason,
    RecordId,
    page_of,
)
from arsync.web.caller import Caller

operations = Operations("left alone")


class LeaveAloneBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Until when nothing is done about a customer, and why."""

    until: date
    reason: Reason


@operations.read("/connections/{connection}/left-alone")
def list_left_alone(caller: Caller, query: PageQuery) -> Paged[LeftAloneView]:
    """List the customers that people leave alone today, in the order of their ids."""
    rows = left_alone(caller.actor, caller.organisation, query.wanted)
    return page_of(rows, query, lambda row: row, attrgetter("customer_id"))


@operations.act(
    "/connections/{connection}/customers/{customer}/leave-alone",
    Permission.AGREE,
    audited="left a customer alone",
)
def begin_leaving_alone(caller: Caller, customer: RecordId, body: LeaveAloneBody) -> RecordedView:
    """Let nothing be done about a customer up to a day; what waits about it is withdrawn."""
    message = leave_alone(
        caller.actor,
        caller.container,
        _named(caller, customer),
        until=body.until,
        reason=body.reason,
        connection=caller.organisation.name,
    )
    return _view(caller, message)


@operations.act(
    "/connections/{connection}/customers/{customer}/leave-alone/end",
    Permission.AGREE,
    audited="left a customer alone no longer",
)
def end_leaving_alone(caller: Caller, customer: RecordId, body: NoBody) -> RecordedView:
    """Treat a customer by the rulebook again."""
    name = caller.organisation.name
    whom = _named(caller, customer)
    message = no_longer_leave_alone(caller.actor, caller.container, whom, connection=name)
    return _view(caller, message)


def _named(caller: Caller, customer: RecordId) -> CustomerId:
    contact = one_customer(caller.actor, caller.organisation, customer)
    caller.about = contact.name
    return CustomerId(contact.id)


def _view(caller: Caller, message: str) -> RecordedView:
    caller.log_words = message
    return RecordedView(message, None)
