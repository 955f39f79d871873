"""Statements of account, of any day, and the other letters about it that a person sends."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from arsync.application.customers.name_search import CustomerId
from arsync.application.desk.record_pages import one_customer
from arsync.application.letters.asking import send_statement
from arsync.application.letters.sending import LetterToSend, send_letter
from arsync.application.letters.statements import (
    CustomerStatement,
    SentBy,
    StatementView,
    statement,
    statement_view,
)
from arsync.application.permissions import Permission
from arsync.application.persons_words import RecordedView, recorded_view
from arsync.core.actions import Via
from arsync.web.api.operations import Operations, RecordId
from arsync.web.caller import Caller

operations = Operations("statements")


class StatementQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Of which days."""

    as_of: Annotated[date | None, Meta(description="Left out: today.")] = None
    since: Annotated[
        date | None, Meta(description="The first day of an activity; left out: open items.")
    ] = None


class SendingBody(Struct, frozen=True, forbid_unknown_fields=True):
    """How a statement leaves."""

    by_post: bool = False
    """Otherwise by email."""


@operations.read("/connections/{connection}/customers/{customer}/statement", amounts=True)
def get_statement(caller: Caller, customer: RecordId, query: StatementQuery) -> StatementView:
    """Get the statement of a customer: what is open on a day, or what happened since one."""
    return statement_view(_statement(caller, customer, query))


@operations.act(
    "/connections/{connection}/customers/{customer}/statement/send",
    Permission.PREPARE,
    audited="sent a statement",
    amounts=True,
)
def ask_for_statement(caller: Caller, customer: RecordId, body: SendingBody) -> RecordedView:
    """Have today's statement sent by the next run, once on a day, or wait for approval."""
    shown = _statement(caller, customer, StatementQuery())
    sent = send_statement(caller.actor, shown, SentBy(via=Via.POST if body.by_post else Via.SMTP))
    caller.log_words = sent.message
    return recorded_view(sent)


class LetterBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A letter about the account."""

    letter: Annotated[str, Meta(description="The name of its text: `thank you`.")]
    invoice: Annotated[
        str, Meta(description="The number of the invoice that it is about; left out: none.")
    ] = ""
    by_post: bool = False
    """Otherwise as the rulebook sends it, or by email."""
    line: Annotated[str, Meta(description="A line of one's own above its text.")] = ""
    plan: Annotated[
        int | None,
        Meta(description="The number of the payment plan that it is about; left out: the one."),
    ] = None


@operations.act(
    "/connections/{connection}/customers/{customer}/letters",
    Permission.PREPARE,
    audited="sent a letter",
    amounts=True,
)
def ask_for_letter(caller: Caller, customer: RecordId, body: LetterBody) -> RecordedView:
    """Have a letter about the account sent by the next run, if it is true and did not leave yet."""
    contact = one_customer(caller.actor, caller.organisation, customer)
    caller.about = contact.name
    via = Via.POST if body.by_post else ""
    letter = LetterToSend(
        body.letter,
        CustomerId(contact.id),
        body.invoice,
        via=via,
        line=body.line,
        plan_id=body.plan,
    )
    sent = send_letter(caller.actor, caller.container, letter, caller.organisation.name)
    caller.log_words = sent.message
    return recorded_view(sent)


def _statement(caller: Caller, customer: RecordId, query: StatementQuery) -> CustomerStatement:
    contact = one_customer(caller.actor, caller.organisation, customer)
    caller.about = contact.name
    return statement(
        caller.actor,
        caller.container,
        CustomerId(contact.id),
        connection=caller.organisation.name,
        as_of=query.as_of,
        since=query.since,
    )
