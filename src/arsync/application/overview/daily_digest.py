"""What the owner has to know today, over all connections, each with the command that answers it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from arsync.application.decisions.choosing import Decision, Selected, decisions
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.overview.status import status
from arsync.application.permissions import SCHEDULE
from arsync.application.reports.figure_keeping import miss_in_words
from arsync.application.results import ConnectionStatus, Listed
from arsync.application.telling.failed_tellings import failures_to_tell
from arsync.application.telling.forewarning import forewarned
from arsync.core.actions import Action, ActionKind, ActionState, TaskPayload
from arsync.core.actions.message_words import noun_for
from arsync.core.actions.registry import KINDS
from arsync.core.ledger.money import ZERO, shown
from arsync.errors import ArsyncError, UserMistake
from arsync.store.actions.plan_saving import OVER_SAFETY
from arsync.store.models import ActionRow, Mode

LINES_PER_CONNECTION_MAX = 5
"""So many lines of one connection stand in each section of the mail."""

CONNECTIONS_PER_SECTION_MAX = 10
"""So many connections stand in each section; the others are counted."""

LINE_CHARACTERS_MAX = 300

NOTHING_SENT = "Nothing of this connection is read or sent until then."


class DigestLine(NamedTuple):
    """One thing to know."""

    text: str
    command: str = ""
    """What answers it; empty where nothing has to be done."""


class DigestSection(NamedTuple):
    """All things of one sort, by connection."""

    title: str
    subject: str
    """How the mail's subject counts them: `{} to approve`."""
    by_connection: Sequence[tuple[str, Sequence[DigestLine]]]


class Digest(NamedTuple):
    """The day's mail, before it is put into words."""

    sections: Sequence[DigestSection]

    @property
    def is_empty(self) -> bool:
        """Return whether there is nothing to say."""
        return not self.sections


class _LookedAt(NamedTuple):
    """One connection, looked at once for all sections."""

    organisation: OrganisationContext
    status: ConnectionStatus
    awaiting: Sequence[ActionRow]


def daily_digest(
    organisations: Iterable[OrganisationContext], *, stop: Callable[[], bool] = lambda: False
) -> Digest | None:
    """Return what there is to say of these today; None when it was asked to stop.

    A connection that cannot be looked at is itself something to say.
    """
    looked_at: list[_LookedAt] = []
    broken: list[tuple[str, Sequence[DigestLine]]] = []
    for organisation in organisations:
        if stop():
            return None
        try:
            looked_at.append(_seen(organisation))
        except ArsyncError as error:
            line = DigestLine(str(error), f"arsync status --connection {organisation.name}")
            broken.append((organisation.name, [line]))
    sections = []
    for title, subject, lines_of in _SECTIONS:
        by_connection: list[tuple[str, Sequence[DigestLine]]] = [
            (connection.organisation.name, lines)
            for connection in looked_at
            if (lines := list(lines_of(connection)))
        ]
        if lines_of is _failing:
            by_connection += broken
        if by_connection:
            sections.append(DigestSection(title, subject, by_connection))
    return Digest(sections)


def _seen(organisation: OrganisationContext) -> _LookedAt:
    waiting = organisation.store.actions.list(
        organisation.id, states={ActionState.AWAITING_APPROVAL}
    )
    observes = organisation.mode == Mode.OBSERVE
    return _LookedAt(organisation, status(SCHEDULE, organisation), () if observes else waiting)


# -- the sections --------------------------------------------------------------------------------


def _consent(seen: _LookedAt) -> Iterator[DigestLine]:
    if seen.status.state != "connected":
        yield DigestLine(
            f"{seen.organisation.label} no longer accepts arsync's authorisation. {NOTHING_SENT}",
            f"arsync connect {seen.organisation.connection.platform}",
        )


def _rulebook(seen: _LookedAt) -> Iterator[DigestLine]:
    if not seen.status.rulebook_ok:
        command = "arsync doctor" if seen.organisation.settings_problem else "arsync rules check"
        for problem in seen.status.rulebook.splitlines():
            yield DigestLine(problem.strip(), command)


def _failing(seen: _LookedAt) -> Iterator[DigestLine]:
    command = f"arsync status --connection {seen.organisation.name}"
    if seen.status.outage:
        yield DigestLine(seen.status.outage, command)
    elif seen.status.last_outcome in {"failed", "part failed"} and seen.status.rulebook_ok:
        yield DigestLine(
            f"the last run {seen.status.last_outcome}: {seen.status.last_message}", command
        )


def _safety(seen: _LookedAt) -> Iterator[DigestLine]:
    over = [row for row in seen.awaiting if row.reason.startswith(OVER_SAFETY)]
    if over:
        count = "1 action waits" if len(over) == 1 else f"{len(over):,} actions wait"
        yield DigestLine(
            f"{over[0].reason}. {count}, and nothing else of the plan leaves.",
            f"arsync approve --connection {seen.organisation.name} --each",
        )


def _unknown(seen: _LookedAt) -> Iterator[DigestLine]:
    for listed in seen.status.unknown:
        yield DigestLine(
            f"{_titled(listed.row)}: {listed.row.reason}",
            f"arsync resolve {listed.row.key[:12]} sent, or: not-sent",
        )


def _approvals(seen: _LookedAt) -> Iterator[DigestLine]:
    if not seen.awaiting:
        return
    name = seen.organisation.name
    waiting = [Listed(name, row) for row in seen.awaiting]
    together = decisions(waiting)
    count = "1 decision" if len(together) == 1 else f"{len(together):,} decisions"
    yield DigestLine(f"{count}: {_counted(waiting)}", f"arsync approve --connection {name}")
    for decision in together:
        action = decision.listed.row.action
        along = "".join(f" and {_words(listed.row.action.kind)[0]}" for listed in decision.along)
        roles = " and ".join(action.approvers)
        asked_of = f" (for {roles})" if roles else ""
        key = decision.listed.row.key[:12]
        yield DigestLine(f"{_described(action)}{along}{asked_of}", f"arsync approve {key}")


def _paused(seen: _LookedAt) -> Iterator[DigestLine]:
    for text in seen.status.paused:
        yield DigestLine(f"for now {text}", f"arsync status --connection {seen.organisation.name}")


def _refused(seen: _LookedAt) -> Iterator[DigestLine]:
    for text in seen.status.refused:
        yield DigestLine(
            text, f"arsync actions --state refused --connection {seen.organisation.name}"
        )


def _open_tasks(seen: _LookedAt, *, alerts: bool) -> list[ActionRow]:
    """Return the open tasks that are alerts, or those that are none."""
    # What was put off comes back on its day.
    return [
        row
        for row in seen.organisation.store.actions.open_tasks(seen.organisation.id)
        if (row.next_on is None or row.next_on <= seen.status.today)
        and (isinstance(row.action.payload, TaskPayload) and row.action.payload.is_alert) is alerts
    ]


def _alerts(seen: _LookedAt) -> Iterator[DigestLine]:
    organisation = seen.organisation
    for failure in failures_to_tell(organisation):
        yield DigestLine(failure, "arsync doctor")
    # The newest first: the others were in the mails before.
    for row in reversed(_open_tasks(seen, alerts=True)):
        payload = row.action.payload
        observation = payload.observation if isinstance(payload, TaskPayload) else ""
        since = f", since {row.sent_on}" if row.sent_on else ""
        yield DigestLine(
            f"{row.action.contact_name}: {row.action.because.rule}: {observation}{since}",
            f"arsync done {row.key[:12]} --outcome TEXT",
        )


def _tasks(seen: _LookedAt) -> Iterator[DigestLine]:
    today, organisation = seen.status.today, seen.organisation
    tasks = _open_tasks(seen, alerts=False)
    if not tasks:
        return
    due = [row for row in tasks if row.due_on is not None and row.due_on <= today]
    count = "1 open task" if len(tasks) == 1 else f"{len(tasks):,} open tasks"
    late = f", {len(due):,} of them due" if due else ""
    command = f"arsync worklist --connection {organisation.name}"
    yield DigestLine(f"{count}{late}", command)
    for row in due or tasks:
        owner = row.owner or row.action.payload.owner
        to = f" ({owner})" if owner else ""
        yield DigestLine(f"{_titled(row)}{to}", f"arsync done {row.key[:12]} --outcome TEXT")


def _goals(seen: _LookedAt) -> Iterator[DigestLine]:
    organisation = seen.organisation
    command = f"arsync report measures --by month --connection {organisation.name}"
    for miss in organisation.store.snapshots.misses_to_tell(organisation.id, seen.status.today):
        yield DigestLine(f"{miss_in_words(miss)} (seen on {miss.missed_on})", command)


def _tomorrow(seen: _LookedAt) -> Iterator[DigestLine]:
    organisation = seen.organisation
    works = seen.status.rulebook_ok and seen.status.state == "connected"
    if organisation.container.config.runs.forewarning == "off" or not works:
        return
    try:
        coming = forewarned(organisation)
    except UserMistake:
        return
    if not coming:
        return
    customers = len({message.action.contact_id for message in coming})
    readers = "1 customer" if customers == 1 else f"{customers:,} customers"
    yield DigestLine(
        f"{readers} will be written to on {coming[0].on:%A}, {coming[0].on}, as things stand now.",
        f"arsync plan --connection {organisation.name} --as-of {coming[0].on}",
    )
    for message in coming:
        name = message.action.contact_name
        stop = (
            f"arsync refuse {message.action.key[:12]} --why REASON"
            if message.is_stored
            else f"write pause_until: DATE at {name} under customers: in the rulebook"
        )
        yield DigestLine(_described(message.action), stop)


_SECTIONS: Sequence[tuple[str, str, Callable[[_LookedAt], Iterator[DigestLine]]]] = (
    ("To be connected again", "consent lost", _consent),
    (
        "Rulebooks that cannot be used: nothing is done until they are mended",
        "broken rulebook",
        _rulebook,
    ),
    ("Runs that fail", "failing runs", _failing),
    ("Stopped by a safety limit", "safety stop", _safety),
    ("Outcomes to check", "outcomes to check", _unknown),
    ("Waiting for your approval", "approvals", _approvals),
    ("Paused", "pauses", _paused),
    ("Refused by the accounting system", "refusals", _refused),
    ("Alerts", "alerts", _alerts),
    ("Tasks", "tasks", _tasks),
    ("Goals missed", "missed goals", _goals),
    ("Tomorrow", "who will be written to", _tomorrow),
)
"""In the order of the mail: what stops the most comes first."""


# -- words ------------------------------------------------------------------------------------


def _titled(row: ActionRow) -> str:
    return _described(row.action)


def _words(kind: ActionKind) -> tuple[str, str]:
    """Return what waits of a kind, one and several."""
    return KINDS[kind].planned or KINDS[kind].done


def _described(action: Action) -> str:
    numbers = [ref.number or ref.id for ref in action.invoices[:3]]
    more = " and more" if len(action.invoices) > len(numbers) else ""
    sums: dict[str, Decimal] = {}
    for ref in action.invoices:
        sums[ref.currency] = sums.get(ref.currency, ZERO) + ref.amount_due
    amounts = ", ".join(shown(amount, currency) for currency, amount in sums.items())
    about = f": {', '.join(numbers)}{more}, {amounts}" if numbers else ""
    what = noun_for(action, _words(action.kind)[0])
    return f"{action.contact_name}, {what}{about}"


def _counted(listed: Sequence[Listed]) -> str:
    selected = Selected(list(map(Decision, listed)))
    kinds = ", ".join(
        f"{count:,} {_words(kind)[count != 1]}" for kind, count in selected.kinds.items()
    )
    amounts = ", ".join(shown(amount, currency) for currency, amount in selected.sums.items())
    return f"{kinds}; {amounts}" if amounts else kinds
