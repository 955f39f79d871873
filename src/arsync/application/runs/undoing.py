"""Undoing: which actions are meant, what it would do, and one run that does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import asdict

from arsync import outbox
from arsync.application.decisions.action_history import listed_by_name
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import (
    OrganisationContext,
    organisation_by_id,
)
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.persons_words import name_line, reason_line
from arsync.application.result_views import RunView, run_view
from arsync.application.results import Listed, RunResult
from arsync.application.runs.recorded_run import RecordedRun
from arsync.application.runs.undo_bookkeeping import CARRIED_OUT, settle_undone, undone_by
from arsync.application.runs.undo_lines import (
    UndoLine,
    UndoLineView,
    undo_line_view,
    undo_lines,
    with_companions,
)
from arsync.connector_sdk import Connector
from arsync.core.actions import ActionState
from arsync.core.actions.registry import KINDS
from arsync.core.actions.reversal import undo_action
from arsync.errors import UserMistake
from arsync.store import Store
from arsync.store.models import ActionRow, ConnectionRow, RunRow

RUNS_NAMED_MAX = 3
"""So many runs are named to somebody who asked to undo one that did nothing."""


class UndoPlan(NamedTuple):
    """What undoing would do to one connection."""

    organisation: OrganisationContext
    lines: tuple[UndoLine, ...]

    @property
    def connection(self) -> ConnectionRow:
        """Return the connection."""
        return self.organisation.connection

    @property
    def going(self) -> int:
        """Return how many actions would be undone."""
        return sum(line.goes for line in self.lines)


class UndoResult(NamedTuple):
    """What undoing did to one connection."""

    plan: UndoPlan
    result: RunResult
    rows: tuple[ActionRow, ...]
    """The undoings, as they stand after the run."""

    @property
    def unfinished(self) -> int:
        """Return how many could not be brought to an end yet."""
        return sum(row.state not in CARRIED_OUT for row in self.rows)


class UndoPlanView(Struct, frozen=True):
    """The JSON view of an undo plan."""

    connection: str
    actions: tuple[UndoLineView, ...]


class UndoResultView(UndoPlanView, frozen=True):
    """The JSON view of an undo's result."""

    result: RunView


def undo_plan_view(plan: UndoPlan) -> UndoPlanView:
    """Return the JSON view of an undo plan."""
    return UndoPlanView(plan.connection.name, tuple(map(undo_line_view, plan.lines)))


def undo_result_view(undone: UndoResult) -> UndoResultView:
    """Return the JSON view of an undo's result."""
    return UndoResultView(**asdict(undo_plan_view(undone.plan)), result=run_view(undone.result))


def undo_plan(
    actor: Actor, container: Container, keys: Sequence[str] = (), *, run_id: int | None = None
) -> list[UndoPlan]:
    """Return what undoing these actions would do, read afresh from the platforms.

    Args:
        actor: who asks.
        container: holds them.
        keys: the actions', or enough of each one's beginning.
        run_id: instead of keys: everything that this run did.

    Raises:
        UserMistake: nothing is named, a key or the run is not known, or the run did nothing.
    """
    permit(actor, Permission.UNDO, only_looks=True)
    rows = _chosen(container.store, keys, run_id)
    plans: list[UndoPlan] = []
    for connection_id in dict.fromkeys(row.connection_id for row in rows):
        organisation = organisation_by_id(container, connection_id)
        its_rows = [row for row in rows if row.connection_id == connection_id]
        together = with_companions(container.store, organisation.connection, its_rows)
        with organisation.open_connector() as connector:
            delivery = outbox.Delivery(_outbox_context(organisation, connector))
            offers = connector.capabilities.offers
            lines = undo_lines(organisation, delivery, together, offers=offers)
        plans.append(UndoPlan(organisation, tuple(lines)))
    return plans


def _chosen(store: Store, keys: Sequence[str], run_id: int | None) -> list[ActionRow]:
    """Return the actions that are meant: by their keys, or all that a run did."""
    if run_id is not None:
        run = store.runs.get(run_id)
        rows = store.actions.done_between(run.connection_id, run.started_at, run.finished_at)
        if not rows:
            hint = _runs_that_did(store, run)
            raise UserMistake(
                f"run {run_id} carried out no actions: there is nothing to undo.{hint}"
            )
        return list(rows)
    if not keys:
        raise UserMistake("give a key or a run: arsync undo KEY, or arsync undo --run NUMBER.")
    rows_by_key = {row.key: row for row in map(store.actions.get, keys)}
    return list(rows_by_key.values())


def _runs_that_did(store: Store, run: RunRow) -> str:
    """Return a hint naming the latest runs of the same connection that carried something out."""
    runs = [
        f"{run_row.id} ({run_row.kind})"
        for run_row in store.runs.latest(run.connection_id)
        if store.actions.done_between(
            run_row.connection_id, run_row.started_at, run_row.finished_at
        )
    ]
    return f"\n    hint: these did: {', '.join(runs[:RUNS_NAMED_MAX])}" if runs else ""


def undo(
    actor: Actor,
    plans: Sequence[UndoPlan],
    *,
    reason: str = "",
    stop: Callable[[], bool] = lambda: False,
) -> list[UndoResult]:
    """Put back what the plans say, each in a run of its own under the connection's lock.

    Raises:
        UserMistake: a connection only observes.
    """
    permit(actor, Permission.UNDO)
    # All connections are checked before the first write, so that no request stops halfway.
    for plan in plans:
        _refuse_to_write_while_observing(plan.connection)
    going = [plan for plan in plans if plan.going]
    return [_undo_one(actor, plan, reason, stop) for plan in going]


def ask_for_undo(actor: Actor, plan: UndoPlan, *, reason: str = "") -> list[ActionRow]:
    """Have the next run put back what a plan says.

    Raises:
        UserMistake: the connection only observes.
    """
    permit(actor, Permission.UNDO)
    return _requested(actor, plan, reason)


def _undo_one(actor: Actor, plan: UndoPlan, reason: str, stop: Callable[[], bool]) -> UndoResult:
    """Undo what a plan says.

    Each undoing is an action of its own, with a key and a trace like any other.
    """
    organisation, store = plan.organisation, plan.organisation.store
    undoings: list[ActionRow] = []
    with RecordedRun(organisation, "undo", stop=stop) as run:
        run.begin()
        # Kept before anything is written: what a dying process leaves, the next run ends.
        undoings += _requested(actor, plan, reason)
        with organisation.open_connector(stop=run.stop_between_writes) as connector:
            worker = outbox.Outbox(
                _outbox_context(organisation, connector),
                # The person confirmed these actions only; others wait for a run of their own.
                only=frozenset(row.key for row in undoings),
            )
            run.result.applied = worker.result
            worker.run(stop=stop)
            if worker.result.stopped:
                run.result.cut()
        settle_undone(store, plan.connection, plan.organisation.today)
    rows = tuple(store.actions.get(row.key) for row in undoings)
    return UndoResult(plan, run.result, rows)


def _outbox_context(
    organisation: OrganisationContext, connector: Connector
) -> outbox.OutboxContext:
    """Return it without a plan and without mail: what people want undone needs neither."""
    return outbox.OutboxContext(
        organisation.store,
        organisation.connection,
        connector,
        organisation.clock,
        today=lambda: organisation.today,
        limits=organisation.container.limits,
    )


def _requested(actor: Actor, plan: UndoPlan, reason: str) -> list[ActionRow]:
    """Keep the request for what can be undone, and return the actions that do it."""
    _refuse_to_write_while_observing(plan.connection)
    name, reason = name_line(actor.name), reason_line(reason)
    undoings = [
        undo_action(
            line.row.action,
            generation=line.row.generation,
            done_on=line.row.sent_on,
            who=name,
            reason=reason,
        )
        for line in plan.lines
        if line.goes
    ]
    words = f"requested by {name}" + (f": {reason}" if reason else "")
    organisation = plan.organisation
    return list(
        organisation.store.decisions.ask_undo(
            organisation.id, undoings, who=name, why=words, now=organisation.clock.now()
        )
    )


def _refuse_to_write_while_observing(connection: ConnectionRow) -> None:
    if connection.mode == "observe":
        raise UserMistake(
            f"{connection.name} only observes: nothing is written, and so nothing is undone."
            f"\n    hint: arsync connections {connection.name} --mode approve"
        )


def allow_again(
    actor: Actor, container: Container, keys: Sequence[str], *, reason: str = ""
) -> list[Listed]:
    """Let holds and changes of terms that were undone be planned again.

    Raises:
        UserMistake: one was not undone, or its undoing is not done yet.
    """
    permit(actor, Permission.UNDO)
    rows = [container.store.actions.get(key) for key in keys]
    return listed_by_name(
        container, [_allowed_again(actor, container, row, reason) for row in rows]
    )


def _allowed_again(actor: Actor, container: Container, row: ActionRow, reason: str) -> ActionRow:
    connection = container.store.connections.by_id(row.connection_id)
    undoing = undone_by(container.store, connection).get((row.key, row.generation))
    # Only holds and terms have an episode in which an undone action counts as refused.
    if KINDS[row.action.kind].ended_by is None:
        raise UserMistake(f"{row.key[:12]} is neither a credit hold nor a change of payment terms.")
    if undoing is None or row.state is not ActionState.CONFIRMED:
        raise UserMistake(f"{row.key[:12]} was not undone: it is {row.state.word}.")
    if undoing.state not in CARRIED_OUT:
        raise UserMistake(f"{row.key[:12]}: its undoing is not done: it is {undoing.state.word}.")
    line = reason_line(reason)
    words = f"undone; {actor.name} allowed it to be planned again" + (f": {line}" if line else "")
    return container.store.actions.change(
        row.key,
        ActionState.WITHDRAWN,
        who=name_line(actor.name),
        why=words,
        now=container.clock.now(),
        from_state=ActionState.CONFIRMED,
    )
