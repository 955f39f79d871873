"""One run of one connection: a plain function, idempotent, under the connection's lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from arsync import outbox
from arsync.application.clock_drift import clocks, untrusted
from arsync.application.container import Parts
from arsync.application.data_quality import paused, paused_kinds
from arsync.application.notifications import tell_of_lost_consent, tell_of_open_outcomes
from arsync.application.outage_text import outage_words
from arsync.application.packed_plan import and_more
from arsync.application.personal_data import forget_what_is_old
from arsync.application.plan_changes import remember
from arsync.application.results import RunResult
from arsync.clock import in_words
from arsync.connector_sdk import Capability, Connector, Page
from arsync.core.actions import ActionState
from arsync.core.ledger.records import Account, RecordKind
from arsync.core.planning.planner import Plan
from arsync.errors import (
    ArsyncError,
    NeedsReconnect,
    RetryLater,
    Stopping,
    Unreachable,
    UserMistake,
)
from arsync.rules_source.folder import Rules
from arsync.store.models import ConnectionRow, ConnectionState, Mode, OutageRow
from arsync.sync.pull import Progress, pull

WAIT_TOLD_SECONDS_MIN = 120.0
"""A shorter wait is over with the next run, and not worth a word."""
DOCUMENTS_NAMED_MAX = 20
"""A run names so many documents that could not be read; the status, in JSON, names all."""

OVER_SAFETY = "over a safety limit: it waits for a person"

Watch = Callable[[Progress], None] | None
Stop = Callable[[], bool]
Planner = Callable[[Iterable[Account]], Plan]


def pull_one(
    parts: Parts,
    connection: ConnectionRow,
    *,
    progress: Watch = None,
    stop: Stop = lambda: False,
) -> RunResult:
    """Bring the copy of one ledger up to date."""

    def work(result: RunResult) -> None:
        with parts.open(connection, stop=stop) as connector:
            _pull(parts, connection, connector, result=result, progress=progress, stop=stop)

    return run_one(parts, connection, "pull", work)


def rebuild_one(
    parts: Parts,
    connection: ConnectionRow,
    *,
    progress: Watch = None,
    stop: Stop = lambda: False,
) -> RunResult:
    """Read every document of one ledger again and write it anew.

    Actions, promises, disputes and agreements are not part of the copy and stay. Who is cut off
    goes on with the next pull.
    """

    def work(result: RunResult) -> None:
        with parts.open(connection, stop=stop) as connector:
            began = parts.clock.now()
            parts.store.ledger.start_over(connection.id)
            _pull(parts, connection, connector, result=result, progress=progress, stop=stop)
            if result.pulled is not None and result.pulled.complete:
                parts.store.ledger.forget_problems(connection.id, before=began)

    return run_one(parts, connection, "rebuild", work)


def prepare_one(parts: Parts, connection: ConnectionRow) -> RunResult:
    """Plan one connection and save the plan as actions; nothing is sent."""

    def work(result: RunResult) -> None:
        planner, rules = parts.planner(connection)
        result.plan = planner(parts.store.ledger.accounts(connection.id))
        remember(parts, connection, result.plan, rules)
        if connection.mode != Mode.OBSERVE:
            save_plan(parts, connection, result, planner)

    return run_one(parts, connection, "plan", work)


def apply_one(
    parts: Parts,
    connection: ConnectionRow,
    *,
    progress: Watch = None,
    stop: Stop = lambda: False,
) -> RunResult:
    """Carry out the approved actions of one connection, on a copy of the ledger that is fresh.

    The invoices of a message are read again by themselves; money in hand shows only in a pull.
    """

    def work(result: RunResult) -> None:
        planned_with = parts.planner(connection)
        # A person let these go: also what is read for them may use the reserve of the day's calls.
        with parts.open(
            connection, writing=lambda: True, stop=between_writes(result, stop)
        ) as connector:
            if parts.store.actions.counts(connection.id).get(ActionState.APPROVED):
                _pull(parts, connection, connector, result=result, progress=progress, stop=stop)
            _apply(
                parts,
                connection,
                connector,
                planned_with,
                result=result,
                progress=progress,
                stop=stop,
            )

    return run_one(parts, connection, "apply", work)


def sync_one(
    parts: Parts,
    connection: ConnectionRow,
    *,
    progress: Watch = None,
    stop: Stop = lambda: False,
    now: bool = False,
) -> RunResult:
    """Pull, plan, approve by the rulebook, and carry out, for one connection.

    One whose platform could not be reached of late is left alone until its pause is over, unless it
    is to be tried `now`.
    """
    outage = parts.resting(connection)
    if outage is not None and not now and not _is_over(outage, parts.clock.now()):
        return _rested(parts, connection, outage)

    def work(result: RunResult) -> None:
        planner, rules = parts.planner(connection)
        approved = parts.store.actions.counts(connection.id).get(ActionState.APPROVED)
        writing = lambda: bool(approved) or result.applied is not None  # noqa: E731
        with parts.open(
            connection, writing=writing, stop=between_writes(result, stop)
        ) as connector:
            _pull(parts, connection, connector, result=result, progress=progress, stop=stop)
            if stop():
                raise Stopping
            fresh = parts.store.connections.by_id(connection.id)
            result.plan = planner(parts.store.ledger.accounts(fresh.id))
            remember(parts, fresh, result.plan, rules)
            if fresh.mode != Mode.OBSERVE:
                save_plan(parts, fresh, result, planner)
                _apply(
                    parts,
                    fresh,
                    connector,
                    (planner, rules),
                    result=result,
                    progress=progress,
                    stop=stop,
                )
        forget_what_is_old(parts, connection)

    return run_one(parts, connection, "sync", work)


def save_plan(parts: Parts, connection: ConnectionRow, result: RunResult, planner: Planner) -> None:
    """Save the result's plan as actions, approved as the mode and the rulebook say."""
    assert result.plan is not None, "a plan is saved after it is made"
    outbox.settle_undone(parts.store, connection)
    outbox.end_decisions(parts.store, result.plan.ended_refusals, clock=parts.clock)
    actions = outbox.interrupted_batches(
        parts.store, connection, result.plan, lambda account: planner([account])
    )
    if actions:
        result.plan = replace(result.plan, actions=and_more(result.plan.actions, actions))
    renewed = _take_back(parts, connection, result.plan)
    result.saved = parts.store.actions.save_plan(
        connection.id,
        result.plan,
        mode=connection.mode,
        now=parts.clock.now(),
        run_id=result.run_id,
        why_gone=outbox.reasons_gone(parts.store, connection, result.plan),
        renewed=renewed,
    )


def _take_back(parts: Parts, connection: ConnectionRow, plan: Plan) -> set[str]:
    """Withdraw what no person approved and now has to; saving the plan then lets it wait for one.

    Returns the keys of what is approved still, and not by a person.
    """
    actions = parts.store.actions
    asks = {action.key for action in plan.actions if action.needs_approval}
    left: set[str] = set()
    approved = actions.waiting_keys(connection.id, {ActionState.APPROVED})
    for row, events in actions.with_events(approved):
        if outbox.approved_by_person(events):
            continue
        if plan.safety.exceeded:
            why = OVER_SAFETY
        elif connection.mode == Mode.APPROVE:
            why = outbox.ALL_WAIT
        elif row.key in asks:
            why = outbox.RULEBOOK_ASKS
        else:
            left.add(row.key)
            continue
        actions.change(
            row.key,
            ActionState.WITHDRAWN,
            who=outbox.WHO,
            why=why,
            now=parts.clock.now(),
            from_state=ActionState.APPROVED,
        )
    return left


def _pull(
    parts: Parts,
    connection: ConnectionRow,
    connector: Connector,
    *,
    result: RunResult,
    progress: Watch,
    stop: Stop,
) -> None:
    result.pulled = pull(
        parts.store, connection, connector, parts.clock, progress=progress, stop=stop
    )
    odd = result.pulled.problems
    result.problems += [
        f"{problem.kind} {problem.number or problem.id}: {problem.message}"
        for problem in odd[:DOCUMENTS_NAMED_MAX]
    ]
    if len(odd) > DOCUMENTS_NAMED_MAX:
        more = len(odd) - DOCUMENTS_NAMED_MAX
        result.problems.append(f"{more:,} more documents could not be read: see `arsync status`")
    _ask_about_reminders(parts, connection, connector)
    if not untrusted(parts, connection.platform):
        # On a wrong day a promise would be called broken, and stay so.
        parts.store.people.review(connection.id, parts.today(connection))
    if connection.state != ConnectionState.CONNECTED:
        parts.store.connections.set_state(connection.id, ConnectionState.CONNECTED)


def _ask_about_reminders(parts: Parts, connection: ConnectionRow, connector: Connector) -> None:
    """Ask again for the platform's own reminders while they are on: until then messages wait.

    Otherwise their being switched off would be noticed only with the next day's pull.
    """
    asks = Capability.OWN_REMINDERS in connector.capabilities.offers
    if asks and parts.store.connections.by_id(connection.id).organisation.own_reminders:
        page = Page(RecordKind.ORGANISATION, (connector.organisation(),), "")
        parts.store.ledger.apply(connection.id, page, parts.clock.now(), moves_cursor=False)


def _apply(
    parts: Parts,
    connection: ConnectionRow,
    connector: Connector,
    planned_with: tuple[Planner, Rules],
    *,
    result: RunResult,
    progress: Watch,
    stop: Stop,
) -> None:
    planner, rules = planned_with
    rulebook = rules.rulebook
    assert rulebook is not None, "nothing is planned without a rulebook"
    worker = outbox.Outbox(
        parts.store,
        connection,
        connector,
        clock=parts.clock,
        today=lambda: parts.today(connection),
        replan=lambda account: planner([account]),
        post=parts.post(parts.config, rules.letters, parts.clock),
        limits=parts.limits,
        paused=lambda: paused_kinds(parts, connection, rulebook),
    )
    result.applied = worker.result

    def stop_now() -> bool:
        if progress is not None:
            done = len({effect.key for effect in worker.result.effects})
            progress(Progress("actions", 0, done, doing="carrying out"))
        # Who sets it to `observe` while messages leave means the next one already.
        return stop() or parts.store.connections.by_id(connection.id).mode == Mode.OBSERVE

    worker.run(stop=stop_now)
    if worker.result.stopped and stop():
        result.cut()
    result.paused = paused(parts, connection, rulebook)
    result.later = parts.store.actions.later(connection.id, parts.clock.now())
    outbox.settle_undone(parts.store, connection)


def not_begun(parts: Parts, connection: ConnectionRow, kind: str) -> RunResult:
    """Return the result of a run that was asked to stop before it began."""
    result = RunResult(connection.name, kind, str(connection.mode), parts.clock.now())
    result.cut("not begun: asked to stop")
    return result


def between_writes(result: RunResult, stop: Stop) -> Stop:
    """Return `stop` for waits: what a write has begun is brought to its end."""
    return lambda: stop() and not (result.applied is not None and result.applied.in_hand)


def run_one(
    parts: Parts, connection: ConnectionRow, kind: str, work: Callable[[RunResult], None]
) -> RunResult:
    """Hold the connection's lock, record the run, and turn what stops it into a result."""
    result = _result(parts, connection, kind)
    lock = parts.store.runs.lock(connection.id, wait_seconds=parts.lock_wait_seconds)
    try:
        lock.__enter__()
    except RetryLater as busy:
        result.stopped = str(busy)
        return result
    with ExitStack() as held:
        held.push(lock)
        _recorded(parts, connection, result, work)
    return result


def _result(parts: Parts, connection: ConnectionRow, kind: str) -> RunResult:
    zone = parts.zone(connection)
    return RunResult(connection.name, kind, str(connection.mode), parts.clock.now(), zone=zone)


def _recorded(
    parts: Parts,
    connection: ConnectionRow,
    result: RunResult,
    work: Callable[[RunResult], None],
) -> None:
    runs = parts.store.runs
    outage = parts.store.outages.get(connection.id)
    result.run_id = runs.start(connection.id, result.kind)
    try:
        with _named(parts, connection, result):
            work(result)
    except Exception as error:
        message = f"an internal error: {type(error).__name__}"
        runs.finish(result.run_id, outcome="failed", message=message)
        raise
    _note_outage(parts, connection, result, outage)
    off = [clock.text for clock in clocks(parts, connection.platform) if clock.is_off]
    result.problems.extend(off)
    if result.lost_consent or (result.applied is not None and result.applied.needs_reconnect):
        why = result.lost_consent or (result.applied.problems[-1] if result.applied else "")
        tell_of_lost_consent(parts, connection, why)
    if result.applied is not None:
        tell_of_open_outcomes(parts, connection)
    counts = parts.store.actions.counts(connection.id)
    result.awaiting = counts.get(ActionState.AWAITING_APPROVAL, 0)
    outcome = "failed" if result.broke else "part failed" if result.failed else "done"
    if outcome == "done" and result.cut_short:
        outcome = "stopped"
    message = "; ".join([*result.all_problems, *result.waits])[:MESSAGE_CHARACTERS_MAX]
    runs.finish(result.run_id, outcome=outcome, counts=result.counts(), message=message)


def _note_outage(
    parts: Parts, connection: ConnectionRow, result: RunResult, before: OutageRow | None
) -> None:
    """Remember that the platform could not be reached, or that it was."""
    why = result.unreachable or (result.applied.unreachable if result.applied else "")
    if why:
        outage = parts.store.outages.failed(connection.id, why)
        if outage.retry_at is not None:
            result.waits_until = outage.retry_at
            result.problems.append(outage_words(parts, connection, outage))
    elif before is not None and result.pulled is not None:
        parts.store.outages.over(connection.id)


def _is_over(outage: OutageRow, now: datetime) -> bool:
    return outage.retry_at is None or outage.retry_at <= now


def _rested(parts: Parts, connection: ConnectionRow, outage: OutageRow) -> RunResult:
    result = _result(parts, connection, "sync")
    result.waits_until = outage.retry_at
    result.problems.append(outage_words(parts, connection, outage))
    result.broke = True
    return result


MESSAGE_CHARACTERS_MAX = 2_000


@contextmanager
def _named(parts: Parts, connection: ConnectionRow, result: RunResult) -> Iterator[None]:
    try:
        yield
    except NeedsReconnect as error:
        parts.store.connections.set_state(connection.id, ConnectionState.NEEDS_RECONNECT)
        result.problems.append(str(error))
        result.broke = True
        result.lost_consent = str(error)
    except Stopping:
        result.cut()
    except UserMistake as error:
        result.problems.append(str(error))
        result.broke = result.mistake = True
    except ArsyncError as error:
        result.problems.append(str(error))
        result.broke = True
        if isinstance(error, Unreachable):
            result.unreachable = str(error)
        elif isinstance(error, RetryLater) and error.after_seconds > WAIT_TOLD_SECONDS_MIN:
            result.waits_until = parts.clock.now() + timedelta(seconds=error.after_seconds)
            until = in_words(result.waits_until, result.zone)
            result.problems[-1] += f" It waits until {until}."
