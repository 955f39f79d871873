"""Tries: the rulebook, or a draft of it, played on the ledger as it was or from today on."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace
from werkzeug.exceptions import NotFound

from arsync.application.desk.tries import (
    DAYS_MAX,
    TriedAction,
    TryResult,
    TrySettings,
    ask_for,
    result_of,
    settings_of,
    tries_of,
    try_numbered,
)
from arsync.application.desk.try_runner import start_try
from arsync.application.permissions import Permission
from arsync.core.trials.simulation import Debtors
from arsync.errors import UserMistake
from arsync.store.policy.tries import TryKind, TryRow, TryState
from arsync.web.api.operations import (
    NoBody,
    Operations,
    Paged,
    PageQuery,
    number_key,
    page_by_key,
    page_of,
    rows_after,
)
from arsync.web.caller import Caller
from arsync.web.desk.long_work_at_hand import long_work

operations = Operations("tries")

BASE = "/connections/{connection}/tries"

TryNumber = Annotated[int, Meta(ge=1, le=2_147_483_647, description="A try's number.")]


class TryBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What is played, and on which days."""

    how: Literal["backtest", "simulation"]
    """On the ledger as it was; or from today on."""
    draft: bool = False
    """The draft; otherwise the rulebook that counts."""
    first: Annotated[date | None, Meta(description="Of a backtest.")] = None
    last: Annotated[date | None, Meta(description="Of a backtest.")] = None
    days: Annotated[int, Meta(ge=1, le=DAYS_MAX, description="Of a simulation.")] = 90
    debtors: Annotated[Debtors, Meta(description="Of a simulation: how they pay.")] = (
        Debtors.AS_BEFORE
    )


class TryView(Struct, frozen=True, kw_only=True):
    """One try."""

    number: int
    kind: TryKind
    title: str
    """What the draft is for; empty: the rulebook that counts was played."""
    state: TryState
    first: date
    last: date
    debtors: str
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None
    customers_done: int
    customers: int
    problem: str
    """Why it failed."""


class TriedView(TryView, frozen=True, kw_only=True):
    """One try with what it showed."""

    result: TryResult | None
    """Null until it has ended well. Its `actions` are a list of their own."""


class CancelledView(Struct, frozen=True):
    """Whether a try was still open."""

    cancelled: bool


@operations.read(BASE)
def list_tries(caller: Caller, query: PageQuery) -> Paged[TryView]:
    """List what was tried, the latest first."""
    rows = rows_after(tries_of(caller.actor, caller.organisation), query, _key)
    return page_of(rows, query, _view, _key)


@operations.act(BASE, Permission.PREPARE, audited="began a try")
def begin_try(caller: Caller, body: TryBody) -> TryView:
    """Begin to play a rulebook; it is played beside the requests: get it until it has ended."""
    organisation, today = caller.organisation, caller.organisation.today
    draft = None
    if body.draft:
        may = caller.may(Permission.PUSH_RULES)
        draft = organisation.store.drafts.get(organisation.id) if may else None
        if draft is None:
            raise UserMistake("there is no draft of yours to try.")
    if body.how == "backtest":
        if body.first is None or body.last is None:
            raise UserMistake("a backtest has a `first` and a `last` day.")
        kind, settings = TryKind.BACKTEST, TrySettings(body.first, body.last)
    else:
        kind = TryKind.SIMULATION
        settings = TrySettings(today, today + timedelta(body.days - 1), body.debtors)
    number = ask_for(
        caller.actor,
        organisation,
        kind,
        settings,
        rules=draft.text if draft is not None else None,
        title=(draft.reason or "the draft") if draft is not None else "",
        worker=long_work().worker,
    )
    start_try(caller.container, long_work(), organisation.id, number)
    caller.about = f"try {number}"
    return _view(_row(caller, number))


@operations.read(f"{BASE}/{{number}}", amounts=True)
def get_try(caller: Caller, number: TryNumber) -> TriedView:
    """Get how far a try is, or what it showed."""
    row = _row(caller, number)
    result = result_of(caller.actor, caller.organisation, row, TryResult)
    view = _view(row)
    return TriedView(
        **{name: getattr(view, name) for name in view.__struct_fields__},
        result=replace(result, actions=()) if result is not None else None,
    )


@operations.read(f"{BASE}/{{number}}/actions")
def list_tried_actions(caller: Caller, number: TryNumber, query: PageQuery) -> Paged[TriedAction]:
    """List every letter, hold and task of a try, by day."""
    row = _row(caller, number)
    result = result_of(caller.actor, caller.organisation, row, TryResult)
    actions = list(enumerate(result.actions)) if result is not None else []
    return page_by_key(
        actions, query, lambda numbered: numbered[1], lambda numbered: number_key(numbered[0])
    )


@operations.act(f"{BASE}/{{number}}/cancel", Permission.PREPARE, audited="cancelled a try")
def cancel_try(caller: Caller, number: TryNumber, body: NoBody) -> CancelledView:
    """Cancel one that waits or runs."""
    row = _row(caller, number)
    caller.about = f"try {row.id}"
    organisation = caller.organisation
    return CancelledView(organisation.store.tries.cancel(organisation.id, row.id))


def _row(caller: Caller, number: int) -> TryRow:
    row = try_numbered(caller.actor, caller.organisation, number)
    if row is None:
        raise NotFound(f"there is no try {number}.")
    return row


def _key(row: TryRow) -> str:
    return str(row.id)


def _view(row: TryRow) -> TryView:
    settings = settings_of(row)
    return TryView(
        number=row.id,
        kind=row.kind,
        title=row.title,
        state=row.state,
        first=settings.first,
        last=settings.last,
        debtors=settings.debtors,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        ended_at=row.ended_at,
        customers_done=row.customers_done,
        customers=row.customers,
        problem=row.problem,
    )
