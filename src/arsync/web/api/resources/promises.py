"""Promises to pay."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from arsync.application.agreements.promises import (
    PromiseToPay,
    PromiseView,
    listed_promises,
    promise,
)
from arsync.application.permissions import Permission
from arsync.application.persons_words import RecordedView, recorded_view
from arsync.web.api.operations import (
    Amount,
    Line,
    Operations,
    Paged,
    PageQuery,
    day_key,
    page_by_key,
)
from arsync.web.api.resources.subjects import SubjectBody, named
from arsync.web.caller import Caller

operations = Operations("promises")


class PromiseBody(SubjectBody, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What a customer said."""

    promised_on: date
    amount: Annotated[Amount | None, Meta(description="Left out: all that is due.")] = None
    note: Line = ""
    also: Annotated[
        bool, Meta(description="Beside what was promised before; otherwise it replaces that.")
    ] = False


@operations.read("/connections/{connection}/promises")
def list_promises(caller: Caller, query: PageQuery) -> Paged[PromiseView]:
    """List the open and the broken promises about what is owed, the earliest day first."""
    views = listed_promises(caller.actor, caller.container, caller.organisation.name)
    return page_by_key(views, query, lambda view: view, _key)


@operations.act(
    "/connections/{connection}/promises", Permission.AGREE, audited="recorded a promise"
)
def record_promise(caller: Caller, body: PromiseBody) -> RecordedView:
    """Record a promise to pay; the next run notes it in the accounting system."""
    amount = Decimal(body.amount) if body.amount is not None else None
    recorded = promise(
        caller.actor,
        caller.container,
        named(caller, body),
        PromiseToPay(body.promised_on, amount, body.note, body.also),
        connection=caller.organisation.name,
    )
    caller.log_words = recorded.message
    return recorded_view(recorded)


def _key(view: PromiseView) -> str:
    made_on, amount = view.made_on.isoformat(), str(view.amount)
    return day_key(view.promised_on, view.customer, *view.invoices, made_on, amount)
