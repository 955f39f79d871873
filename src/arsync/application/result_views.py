"""The JSON view of runs and of the actions that the store holds, as `--json` prints it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.results import (
    ActionHistory,
    ConnectionStatus,
    LetterShown,
    Listed,
    RunResult,
    StatusFigures,
    Why,
)
from arsync.connector_sdk import Receipt
from arsync.connector_sdk.rate_window import DayLeft
from arsync.core.actions import ActionState
from arsync.core.ledger.money import plain
from arsync.core.ledger.records import LogKind
from arsync.core.planning.plan_views import (
    ActionView,
    DifferenceView,
    EndedTaskView,
    NamedView,
    PauseView,
    PlanView,
    action_view,
    difference_view,
    ended_task_view,
    held_back_view,
    pause_view,
    plan_view,
)
from arsync.store.models import ConnectionState, EventRow, Later, LimitRow, Mode, PlanSaved
from arsync.sync.pull import PullResult

# A pull has none of these to show.
if TYPE_CHECKING:
    from arsync.core.planning.rules_read import ReasonLine
    from arsync.outbox import ApplyResult, Effect


class EffectView(ActionView, frozen=True, kw_only=True):
    """What became of one action in a run."""

    why: str


class ApplyView(Struct, frozen=True):
    """What one run of the outbox did."""

    counts: Mapping[str, int]
    """How many actions reached each state."""
    actions: tuple[EffectView, ...]
    problems: tuple[str, ...]
    waits: tuple[str, ...]
    held_up: tuple[str, ...]
    put_off_until: datetime | None
    needs_reconnect: bool
    emails_left_over: int


class RunView(Struct, frozen=True):
    """What one run of one connection did."""

    connection: str
    kind: str
    mode: str
    started_at: datetime
    pulled: PullResult | None
    plan: PlanView | None
    saved: PlanSaved | None
    applied: ApplyView | None
    ended_tasks: tuple[EndedTaskView, ...]
    awaiting: int
    later: Later | None
    waits: tuple[str, ...]
    paused: tuple[PauseView, ...]
    problems: tuple[str, ...]
    stopped: str
    run: int | None
    waits_until: datetime | None
    exit_code: int


class ListedView(ActionView, frozen=True, kw_only=True):
    """An action and where it stands."""

    connection: str
    reason: str
    heals_when: str
    """When it is tried again after a refusal; empty for never, and where it was not refused."""
    attempts: int
    created_at: datetime
    changed_at: datetime
    receipt: Receipt | None
    done_at: datetime | None
    outcome: str
    rulebook: str
    """The hash of the rulebook that planned it; empty where a person asked for it."""


class EventView(Struct, frozen=True, rename={"from_state": "from", "to_state": "to"}):
    """One change of an action's state."""

    at: datetime
    who: str
    from_state: ActionState | None
    to_state: ActionState
    why: str


class HistoryView(ListedView, frozen=True, kw_only=True):
    """An action with everything that happened to it."""

    events: tuple[EventView, ...]


class LetterListedView(ListedView, frozen=True, kw_only=True):
    """An action with the letter that is to leave."""

    letter: LetterShown | None


class ActionWhyView(HistoryView, frozen=True, kw_only=True):
    """An action with its history, and the letter that is to leave."""

    letter: LetterShown | None


class NumberedView(Struct, frozen=True):
    """The invoice that was asked about."""

    id: str
    number: str


class ReasonView(Struct, frozen=True):
    """One line of an explanation; without a place where no rule says so."""

    section: str
    text: str
    answer: bool | None
    file: str | UnsetType = UNSET
    line: int | UnsetType = UNSET


class LimitView(Struct, frozen=True):
    """A credit limit that a customer came to have."""

    since: date
    amount: str | None
    currency: str
    unlimited: bool
    until: date | None
    rule: str
    file: str
    line: int
    rulebook: str
    """The rulebook's hash."""
    recorded_by: str
    recorded_at: datetime


def limit_view(limit: LimitRow, currency: str) -> LimitView:
    """Return the JSON view of a limit."""
    return LimitView(
        limit.since,
        None if limit.amount is None else plain(limit.amount),
        currency,
        limit.is_unlimited,
        limit.until,
        limit.rule,
        limit.file,
        limit.line,
        limit.rulebook_hash,
        limit.recorded_by,
        limit.recorded_at,
    )


class LogView(Struct, frozen=True):
    """An entry of a customer's log."""

    number: int
    happened_on: date
    kind: LogKind
    text: str
    recorded_by: str


class WhyView(PlanView, frozen=True, kw_only=True):
    """What is done about a customer or an invoice, what is not, and why."""

    contact: NamedView
    invoice: NumberedView | None
    facts: Mapping[str, Any]
    explanation: tuple[ReasonView, ...]
    history: tuple[HistoryView, ...]
    log: tuple[LogView, ...]
    """What people logged, newest first."""
    terms_signed_on: date | None
    """The last day on which somebody logged that the customer signed the terms."""
    limits: tuple[LimitView, ...]
    """The credit limits as they changed, newest first."""


class StatusView(StatusFigures, frozen=True, kw_only=True):
    """Where one connection stands."""

    unknown: tuple[ListedView, ...]
    unconfirmed: tuple[ListedView, ...]
    differences: tuple[DifferenceView, ...]
    awaiting: int


class PausedView(Struct, frozen=True):
    """Since when no scheduled run touches a connection, by whom, and why."""

    at: datetime
    by: str
    why: str


class ConnectionView(Struct, frozen=True):
    """The JSON view of a connection."""

    name: str
    platform: str
    organisation: NamedView
    currency: str
    time_zone: str
    mode: Mode
    state: ConnectionState
    own_reminders: bool | None
    created_at: datetime
    taken_over_on: date | None
    own_settings: tuple[str, ...]
    """Which settings its own file says: `smtp.sender`."""
    labels: tuple[str, ...]
    paused: PausedView | None
    calls_left_today: int | None = None
    """Of the platform's day; null where it is not limited, or was not asked."""


def effect_view(effect: Effect) -> EffectView:
    """Return the JSON view of an effect."""
    action = asdict(action_view(effect.action, effect.state)) | {"key": effect.key}
    return EffectView(**action, why=effect.why)


def apply_view(applied: ApplyResult) -> ApplyView:
    """Return the JSON view of one run of the outbox."""
    return ApplyView(
        counts=applied.counts(),
        actions=tuple(map(effect_view, applied.effects)),
        problems=tuple(applied.problems),
        waits=tuple(applied.waits),
        held_up=tuple(applied.held_up),
        put_off_until=applied.put_off_until,
        needs_reconnect=applied.needs_reconnect,
        emails_left_over=applied.emails_left_over,
    )


def run_view(result: RunResult) -> RunView:
    """Return the JSON view of a run."""
    return RunView(
        connection=result.connection,
        kind=result.kind,
        mode=result.mode,
        started_at=result.started_at,
        pulled=result.pulled,
        plan=plan_view(result.plan) if result.plan else None,
        saved=result.saved,
        applied=apply_view(result.applied) if result.applied else None,
        ended_tasks=tuple(map(ended_task_view, result.ended_tasks)),
        awaiting=result.awaiting,
        later=result.later,
        waits=tuple(result.waits),
        paused=tuple(map(pause_view, result.paused)),
        problems=tuple(result.all_problems),
        stopped=result.stopped,
        run=result.run_id,
        waits_until=result.waits_until,
        exit_code=result.exit_code,
    )


def listed_view(listed: Listed) -> ListedView:
    """Return the JSON view of an action that the store holds."""
    row = listed.row
    action: dict[str, Any] = asdict(action_view(row.action, row.state)) | {"key": row.key}
    return ListedView(
        **action,
        connection=listed.connection,
        reason=row.reason,
        heals_when=row.heals_when.words,
        attempts=row.attempts,
        created_at=row.created_at,
        changed_at=row.changed_at,
        receipt=row.receipt,
        done_at=row.done_at,
        outcome=row.outcome,
        rulebook=row.rulebook_hash,
    )


def history_view(history: ActionHistory) -> HistoryView:
    """Return the JSON view of an action with its events."""
    events = tuple(map(_event_view, history.events))
    return HistoryView(**asdict(listed_view(history.listed)), events=events)


def with_letter_view(listed: Listed, letter: LetterShown | None) -> LetterListedView:
    """Return the JSON view of an action with its letter."""
    return LetterListedView(**asdict(listed_view(listed)), letter=letter)


def action_why_view(history: ActionHistory, letter: LetterShown | None) -> ActionWhyView:
    """Return the JSON view of an action with its events and its letter."""
    return ActionWhyView(**asdict(history_view(history)), letter=letter)


def _event_view(event: EventRow) -> EventView:
    return EventView(event.at, event.actor, event.from_state, event.to_state, event.reason)


def why_view(why: Why) -> WhyView:
    """Return the JSON view of an explanation."""
    plan = asdict(plan_view(why.plan)) | {"held_back": tuple(map(held_back_view, why.held_back))}
    invoice = why.invoice
    return WhyView(
        **plan,
        contact=NamedView(why.contact.id, why.contact.name),
        invoice=NumberedView(invoice.id, invoice.number) if invoice else None,
        facts=why.facts,
        explanation=tuple(map(_reason_view, why.lines)),
        history=tuple(map(history_view, why.history)),
        log=tuple(
            LogView(row.id, row.happened_on, row.kind, row.text, row.recorded_by) for row in why.log
        ),
        terms_signed_on=why.terms_signed_on,
        limits=tuple(limit_view(limit, why.currency) for limit in why.limits),
    )


def _reason_view(line: ReasonLine) -> ReasonView:
    if line.place is None:
        return ReasonView(line.section, line.text, line.answer)
    return ReasonView(line.section, line.text, line.answer, line.place.file, line.place.line)


def status_view(status: ConnectionStatus) -> StatusView:
    """Return the JSON view of a connection's status."""
    figures = {name: getattr(status, name) for name in StatusFigures.__struct_fields__}
    return StatusView(
        **figures,
        unknown=tuple(map(listed_view, status.unknown)),
        unconfirmed=tuple(map(listed_view, status.unconfirmed)),
        differences=tuple(map(difference_view, status.differences)),
        awaiting=status.awaiting,
    )


def connection_view(
    organisation: OrganisationContext, calls: DayLeft | None = None
) -> ConnectionView:
    """Return the JSON view of a connection; `calls` is what is left of its day."""
    row = organisation.connection
    books = row.organisation
    return ConnectionView(
        row.name,
        row.platform,
        NamedView(row.organisation_id, books.name),
        books.base_currency,
        books.time_zone,
        row.mode,
        row.state,
        books.own_reminders,
        row.created_at,
        row.taken_over_on,
        organisation.own_settings,
        row.labels,
        PausedView(*row.paused) if row.paused else None,
        calls.calls if calls is not None else None,
    )
