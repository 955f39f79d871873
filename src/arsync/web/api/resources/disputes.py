"""Disputes about invoices."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct

from arsync.application.agreements.disputes import (
    DisputeView,
    DisputeWords,
    open_dispute,
    open_disputes,
    settle_dispute,
)
from arsync.application.desk.record_pages import one_invoice
from arsync.application.permissions import Permission
from arsync.application.persons_words import RecordedView, recorded_view
from arsync.core.ledger.records import DisputeOutcome
from arsync.web.api.operations import (
    Amount,
    Line,
    Operations,
    Paged,
    PageQuery,
    RecordId,
    day_key,
    page_by_key,
)
from arsync.web.caller import Caller

operations = Operations("disputes")


class DisputeBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What a customer disputes."""

    invoice: RecordId
    reason: Line = ""
    reason_code: Annotated[
        str, Meta(max_length=100, description="A code of UN/EDIFACT 4465, or its word.")
    ] = ""
    amount: Annotated[Amount | None, Meta(description="Left out: all that is due.")] = None
    owner: Annotated[str, Meta(max_length=100, description="Who answers it.")] = ""
    needs: Line = ""


class SettlementBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What came of a dispute."""

    invoice: RecordId
    outcome: Annotated[
        DisputeOutcome | None, Meta(description="Left out: nobody says; all of it is owed again.")
    ] = None
    note: Line = ""


class SettledView(Struct, frozen=True):
    """What came of settling a dispute."""

    recorded: RecordedView
    is_settled: bool
    """False: it stays open until the books show its credit."""


@operations.read("/connections/{connection}/disputes")
def list_disputes(caller: Caller, query: PageQuery) -> Paged[DisputeView]:
    """List the open disputes about what is owed, the oldest first."""
    views = open_disputes(caller.actor, caller.container, caller.organisation.name)
    return page_by_key(views, query, lambda view: view, _key)


@operations.act("/connections/{connection}/disputes", Permission.AGREE, audited="opened a dispute")
def record_dispute(caller: Caller, body: DisputeBody) -> RecordedView:
    """Record a dispute: what is disputed is not asked for while it is open."""
    document = one_invoice(caller.actor, caller.organisation, body.invoice)
    words = DisputeWords(
        body.reason,
        body.reason_code,
        Decimal(body.amount) if body.amount is not None else None,
        owner=body.owner,
        needs=body.needs,
    )
    name = caller.organisation.name
    recorded = open_dispute(caller.actor, caller.container, document.id, words, connection=name)
    caller.about, caller.log_words = document.number, recorded.message
    return recorded_view(recorded)


@operations.act(
    "/connections/{connection}/disputes/settle", Permission.AGREE, audited="settled a dispute"
)
def end_dispute(caller: Caller, body: SettlementBody) -> SettledView:
    """Record what came of a dispute."""
    document = one_invoice(caller.actor, caller.organisation, body.invoice)
    settled = settle_dispute(
        caller.actor,
        caller.container,
        document.id,
        outcome=body.outcome,
        note=body.note,
        connection=caller.organisation.name,
    )
    caller.about, caller.log_words = document.number, settled.recorded.message
    return SettledView(recorded_view(settled.recorded), settled.is_settled)


def _key(view: DisputeView) -> str:
    return day_key(date.fromisoformat(view.opened_on), view.contact, view.invoice)
