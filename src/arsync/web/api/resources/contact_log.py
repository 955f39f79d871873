"""The log of a customer: what people did and heard."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from arsync.application.customers.contact_log import LogEntry, Logged, log, take_back_entry
from arsync.application.desk.record_pages import one_customer
from arsync.application.permissions import Permission
from arsync.core.ledger.records import LogKind
from arsync.web.api.operations import Operations, Reason, RecordId
from arsync.web.caller import Caller

operations = Operations("contact log")


class EntryBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What happened."""

    text: Reason
    kind: LogKind = LogKind.NOTE
    happened_on: Annotated[date | None, Meta(description="Left out: today.")] = None
    invoice: Annotated[RecordId | None, Meta(description="The invoice it is about.")] = None


class TakenBackBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Why an entry is taken back."""

    reason: Reason


EntryNumber = Annotated[int, Meta(ge=1, le=2_147_483_647, description="An entry's number.")]


@operations.act(
    "/connections/{connection}/customers/{customer}/log", Permission.LOG, audited="logged"
)
def add_log_entry(caller: Caller, customer: RecordId, body: EntryBody) -> Logged:
    """Log what happened; the next run notes it in the accounting system."""
    contact = one_customer(caller.actor, caller.organisation, customer)
    caller.about, caller.log_words = contact.name, body.text
    return log(
        caller.actor,
        caller.container,
        contact.id,
        LogEntry(body.text, body.kind, body.happened_on, body.invoice or ""),
        connection=caller.organisation.name,
    )


@operations.act(
    "/connections/{connection}/customers/{customer}/log/{number}/take-back",
    Permission.LOG,
    audited="took a log entry back",
)
def take_back_log_entry(
    caller: Caller, customer: RecordId, number: EntryNumber, body: TakenBackBody
) -> Logged:
    """Take an entry back. A note that has left stays, and a second one says so."""
    contact = one_customer(caller.actor, caller.organisation, customer)
    caller.about, caller.log_words = contact.name, body.reason
    return take_back_entry(
        caller.actor,
        caller.container,
        contact.id,
        number,
        reason=body.reason,
        connection=caller.organisation.name,
    )
