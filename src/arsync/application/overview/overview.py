"""All connections on a few screens: what each needs, worst first, and the totals. Changes nothing.

It is made of a fixed number of statements, however many connections there are; no rulebook is read
and nothing is planned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from arsync.application.connections.connecting import connections
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.runs.lateness import late_seconds
from arsync.application.telling.owner_mail import daily_mail_failure
from arsync.core.actions import ActionState
from arsync.core.ledger.money import ZERO
from arsync.errors import UserMistake
from arsync.store.models import ConnectionState, LedgerStanding, OwedInvoices

WORDS_CHARACTERS_MAX = 300
"""A line says no more of why its connection needs somebody."""


class Need(StrEnum):
    """What a connection needs, worst first: it stands where the first that it has puts it."""

    RECONNECT = "needs reconnect"
    FAILING = "failing runs"
    UNKNOWN = "unknown outcomes"
    SAFETY = "stopped by a safety limit"
    PAUSED = "paused"
    LATE = "late"
    DATA = "odd data"
    WAITING = "approvals or tasks"
    NONE = "all well"


class OverviewLine(Struct, frozen=True, kw_only=True):
    """One connection, in one line."""

    id: int
    """The connection's number, by which metrics name it."""
    name: str
    organisation: str
    platform: str
    labels: tuple[str, ...]
    mode: str
    need: Need
    reasons: tuple[str, ...]
    """Everything that it needs somebody for, in words; empty: all is well."""
    pulled_at: datetime | None
    last_run: int | None
    """The number of the last run that ended; runs that only planned are left out."""
    last_run_at: datetime | None
    last_outcome: str
    next_at: datetime | None
    """Its next place in the routine; None where no schedule is kept here."""
    late_seconds: int
    awaiting: int
    """Decisions that wait for approval; a hold and its terms are one."""
    unknown: int
    over_safety: int
    """Actions that a safety limit stops until somebody has looked."""
    open_tasks: int
    open_alerts: int
    """How many of the open tasks tell of an alert."""
    owed: Mapping[str, Decimal]
    """Amount due by currency, as the documents say."""


class OverviewTotals(Struct, frozen=True, kw_only=True):
    """All connections together."""

    connections: int
    needs: Mapping[Need, int]
    """How many connections need what most."""
    late: int
    latest_seconds: int
    """How late the latest of them is; 0: none is."""
    awaiting: int
    unknown: int
    open_tasks: int
    open_alerts: int
    owed: Mapping[str, Decimal]
    daily_mail: str
    """Why the last daily mail could not be sent; empty when it could."""


class Overview(Struct, frozen=True):
    """The totals, and a line for each connection, worst first."""

    totals: OverviewTotals
    connections: Sequence[OverviewLine]


def overview(actor: Actor, container: Container, connection: Chosen = None) -> Overview:
    """Return where these connections stand, or all.

    Raises:
        UserMistake: there is none of a name, none that fits a pattern, or none at all.
    """
    permit(actor, Permission.READ)
    organisations = {
        organisation.id: organisation for organisation in connections(actor, container, connection)
    }
    now = container.clock.now()
    # No clock on earth is further behind than twelve hours.
    standings = container.store.standings.read((now - timedelta(days=1)).date())
    lines = [
        _line(organisations[standing.connection.id], standing, now)
        for standing in standings
        if standing.connection.id in organisations
    ]
    order = list(Need)
    lines.sort(key=lambda line: (order.index(line.need), -line.late_seconds, line.name))
    return Overview(_totals(container, lines), lines)


def _totals(container: Container, lines: Collection[OverviewLine]) -> OverviewTotals:
    counts = Counter(line.need for line in lines)
    sums: dict[str, Decimal] = {}
    for line in lines:
        for currency, amount in line.owed.items():
            sums[currency] = sums.get(currency, ZERO) + amount
    return OverviewTotals(
        connections=len(lines),
        needs={need: counts[need] for need in Need if counts[need]},
        late=sum(line.late_seconds > 0 for line in lines),
        latest_seconds=max((line.late_seconds for line in lines), default=0),
        awaiting=sum(line.awaiting for line in lines),
        unknown=sum(line.unknown for line in lines),
        open_tasks=sum(line.open_tasks for line in lines),
        open_alerts=sum(line.open_alerts for line in lines),
        owed=dict(sorted(sums.items())),
        daily_mail=daily_mail_failure(container.store),
    )


def _line(
    organisation: OrganisationContext, standing: LedgerStanding, now: datetime
) -> OverviewLine:
    row, run = standing.connection, standing.last_run
    late = int(late_seconds(standing.ledger, now))
    schedule = standing.ledger.schedule
    needs = _needs(organisation, standing, late)
    return OverviewLine(
        id=row.id,
        name=row.name,
        organisation=row.organisation.name,
        platform=row.platform,
        labels=row.labels,
        mode=row.mode.value,
        need=next(iter(needs), Need.NONE),
        reasons=tuple(words[:WORDS_CHARACTERS_MAX] for words in needs.values()),
        pulled_at=standing.pulled_at,
        last_run=run.id if run else None,
        last_run_at=run.started_at if run else None,
        last_outcome=run.outcome if run else "",
        next_at=schedule.next_at if schedule else None,
        late_seconds=late,
        awaiting=_decisions(organisation, standing),
        unknown=standing.actions.get(ActionState.UNKNOWN, 0),
        over_safety=standing.over_safety,
        open_tasks=standing.open_tasks,
        open_alerts=standing.open_alerts,
        owed=_owed(standing.owed, _today(organisation, now)),
    )


def _needs(
    organisation: OrganisationContext, standing: LedgerStanding, late: int
) -> dict[Need, str]:
    """Return what a connection needs somebody for, worst first, in words."""
    words = {need: says(organisation, standing) for need, says in _WORDS.items()}
    words[Need.LATE] = f"late by {duration_in_words(late)}" if late else ""
    return {need: words[need] for need in Need if words.get(need)}


def _reconnect(organisation: OrganisationContext, standing: LedgerStanding) -> str:
    if standing.connection.state == ConnectionState.CONNECTED:
        return ""
    return f"its authorisation has ended: arsync connect {standing.connection.platform}"


def _failing(organisation: OrganisationContext, standing: LedgerStanding) -> str:
    if organisation.settings_problem:
        return " ".join(organisation.settings_problem.split())
    if standing.outage is not None:
        return f"not reached {_times(standing.outage.failures)}: {standing.outage.reason}"
    run = standing.last_run
    if run is None or run.outcome not in {"failed", "part failed"}:
        return ""
    return f"run {run.id} {run.outcome}: {' '.join(run.message.split())}"


def _unknown(organisation: OrganisationContext, standing: LedgerStanding) -> str:
    count = standing.actions.get(ActionState.UNKNOWN, 0)
    return f"{_counted(count, 'unknown outcome')}: arsync resolve" if count else ""


def _safety(organisation: OrganisationContext, standing: LedgerStanding) -> str:
    if not standing.over_safety:
        return ""
    return f"{_counted(standing.over_safety, 'action')} over a safety limit"


def _paused(organisation: OrganisationContext, standing: LedgerStanding) -> str:
    paused = standing.connection.paused
    if paused is None:
        return ""
    reason = f": {paused.reason}" if paused.reason else ""
    return f"paused by {paused.by} since {paused.at.astimezone(organisation.zone):%Y-%m-%d}{reason}"


def _odd_data(organisation: OrganisationContext, standing: LedgerStanding) -> str:
    texts = [] if standing.pulled_at else ["nothing was pulled yet: arsync pull"]
    if standing.differences:
        texts.append(f"{_counted(standing.differences, 'balance')} unlike the platform's")
    if standing.unreadable:
        texts.append(f"{_counted(standing.unreadable, 'unreadable document')}")
    return ", ".join(texts)


def _decisions(organisation: OrganisationContext, standing: LedgerStanding) -> int:
    return 0 if organisation.observes else standing.decisions


def _waiting(organisation: OrganisationContext, standing: LedgerStanding) -> str:
    awaiting = _decisions(organisation, standing)
    texts = [f"{_counted(awaiting, 'decision')} to approve"] if awaiting else []
    if standing.open_tasks:
        texts.append(_counted(standing.open_tasks, "task"))
    return ", ".join(texts)


_WORDS: Mapping[Need, Callable[[OrganisationContext, LedgerStanding], str]] = {
    Need.RECONNECT: _reconnect,
    Need.FAILING: _failing,
    Need.UNKNOWN: _unknown,
    Need.SAFETY: _safety,
    Need.PAUSED: _paused,
    Need.DATA: _odd_data,
    Need.WAITING: _waiting,
}
"""What each need says of a connection; empty: it has no such need."""


def _owed(sums: Sequence[OwedInvoices], today: date) -> dict[str, Decimal]:
    owed: dict[str, Decimal] = {}
    for invoices in sums:
        # What is dated later is owed from its own day on.
        if invoices.issued_on is None or invoices.issued_on <= today:
            owed[invoices.currency] = owed.get(invoices.currency, ZERO) + invoices.amount_due
    return owed


def _today(organisation: OrganisationContext, now: datetime) -> date:
    try:
        return organisation.today
    except UserMistake:
        # Its time zone is none: the doctor says so.
        return now.date()


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def duration_in_words(seconds: int) -> str:
    """Return a length of time as people say it, in its largest unit: `3 hours`."""
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            return _counted(seconds // length, unit)
    return _counted(seconds, "second")
