"""Credit holds by hand."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from arsync.application.customers.hold_customer import hold_customer
from arsync.application.customers.hold_decisions import HoldDecided, for_programs
from arsync.application.customers.release_customer import release_customer
from arsync.application.desk.record_pages import one_customer
from arsync.application.permissions import Permission
from arsync.web.api.operations import Operations, Reason, RecordId
from arsync.web.caller import Caller

operations = Operations("holds")


class HoldBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Why a customer is held or released, and until when."""

    reason: Reason
    until: Annotated[
        date | None, Meta(description="Left out: until somebody or the rules say otherwise.")
    ] = None


@operations.act(
    "/connections/{connection}/customers/{customer}/hold", Permission.HOLD, audited="held"
)
def place_hold(caller: Caller, customer: RecordId, body: HoldBody) -> HoldDecided:
    """Hold a customer until a day, or until somebody releases it: no rule lifts that."""
    contact = one_customer(caller.actor, caller.organisation, customer)
    caller.about, caller.log_words = contact.name, body.reason
    decided = hold_customer(
        caller.actor,
        caller.container,
        contact.id,
        reason=body.reason,
        until=body.until,
        connection=caller.organisation.name,
    )
    return for_programs(decided)


@operations.act(
    "/connections/{connection}/customers/{customer}/release", Permission.HOLD, audited="released"
)
def release_hold(caller: Caller, customer: RecordId, body: HoldBody) -> HoldDecided:
    """Release a customer until a day, or until no rule asks for a hold any more."""
    contact = one_customer(caller.actor, caller.organisation, customer)
    caller.about, caller.log_words = contact.name, body.reason
    decided = release_customer(
        caller.actor,
        caller.container,
        contact.id,
        reason=body.reason,
        until=body.until,
        connection=caller.organisation.name,
    )
    return for_programs(decided)
