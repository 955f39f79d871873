"""Undoing: which actions are meant, what it would do, and one run that does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn

from arsync import outbox
from arsync.application.container import Parts
from arsync.application.results import RunResult
from arsync.application.runs import between_writes, run_one
from arsync.connector_sdk import Connector
from arsync.core.actions import ActionState
from arsync.core.ledger.records import Account
from arsync.errors import UserMistake
from arsync.outbox import UndoLine
from arsync.store.models import ActionRow, ConnectionRow, RunRow

RUNS_NAMED_MAX = 3
"""So many runs are named to somebody who asked to undo one that did nothing."""


class UndoPlan(NamedTuple):
    """What undoing would do to one connection."""

    connection: ConnectionRow
    lines: tuple[UndoLine, ...]

    @property
    def going(self) -> int:
        """Return how many actions would be undone."""
        return sum(line.goes for line in self.lines)

    def as_json(self) -> dict[str, Any]:
        """Return it as `undo --dry-run --json` prints it."""
        return {
            "connection": self.connection.name,
            "actions": [line.as_json() for line in self.lines],
        }


class Undone(NamedTuple):
    """What undoing did to one connection."""

    plan: UndoPlan
    result: RunResult
    rows: tuple[ActionRow, ...]
    """The undoings, as they stand after the run."""

    @property
    def left(self) -> int:
        """Return how many could not be brought to an end yet."""
        done = {ActionState.SENT, ActionState.CONFIRMED}
        return sum(row.state not in done for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """Return it as `undo --json` prints it."""
        return {**self.plan.as_json(), "result": self.result.as_json()}


def chosen(parts: Parts, keys: Sequence[str], run_id: int | None) -> list[ActionRow]:
    """Return the actions that are meant: by their keys, or all that a run did.

    Raises:
        UserMistake: nothing is named, a key or the run is not known, or the run did nothing.
    """
    if run_id is not None:
        run = parts.store.runs.get(run_id)
        rows = parts.store.actions.done_between(run.connection_id, run.started_at, run.finished_at)
        if not rows:
            others = _that_did(parts, run)
            raise UserMistake(
                f"run {run_id} carried nothing out: there is nothing to undo.{others}"
            )
        return list(rows)
    if not keys:
        raise UserMistake("name what to undo: arsync undo KEY, or arsync undo --run NUMBER.")
    found = [parts.store.actions.get(key) for key in keys]
    return list({row.key: row for row in found}.values())


def _that_did(parts: Parts, run: RunRow) -> str:
    """Return a hint naming the latest runs of the same connection that carried something out."""
    done = [
        f"{run_row.id} ({run_row.kind})"
        for run_row in parts.store.runs.latest(run.connection_id)
        if parts.store.actions.done_between(
            run_row.connection_id, run_row.started_at, run_row.finished_at
        )
    ]
    return f"\n    hint: these did: {', '.join(done[:RUNS_NAMED_MAX])}" if done else ""


def undo_plan(parts: Parts, rows: Sequence[ActionRow]) -> list[UndoPlan]:
    """Return what undoing these would do, read afresh from the platforms; changes nothing."""
    plans: list[UndoPlan] = []
    for connection_id in dict.fromkeys(row.connection_id for row in rows):
        connection = parts.store.connections.by_id(connection_id)
        mine = [row for row in rows if row.connection_id == connection_id]
        both = outbox.with_companions(parts.store, connection, mine)
        with parts.open(connection) as connector:
            lines = outbox.undo_lines(
                parts.store,
                connection,
                _delivery(parts, connection, connector),
                both,
                offers=connector.capabilities.offers,
            )
        plans.append(UndoPlan(connection, tuple(lines)))
    return plans


def undo_one(
    parts: Parts, plan: UndoPlan, *, who: str, reason: str, stop: Callable[[], bool]
) -> Undone:
    """Undo what a plan says, in one run under the connection's lock.

    Each undoing is an action of its own: should this process die, the next run ends it.

    Raises:
        UserMistake: the connection only observes.
    """
    connection = plan.connection
    outbox.check_writes(connection)
    asked: list[ActionRow] = []

    def work(result: RunResult) -> None:
        asked.extend(
            outbox.ask_undo(
                parts.store, connection, plan.lines, who=who, reason=reason, clock=parts.clock
            )
        )
        with parts.open(connection, stop=between_writes(result, stop)) as connector:
            worker = outbox.Outbox(
                parts.store,
                connection,
                connector,
                clock=parts.clock,
                today=lambda: parts.today(connection),
                replan=_never,
                limits=parts.limits,
                only=frozenset(row.key for row in asked),
            )
            result.applied = worker.result
            worker.run(stop=stop)
            if worker.result.stopped:
                result.cut()
        outbox.settle_undone(parts.store, connection)

    result = run_one(parts, connection, "undo", work)
    rows = tuple(parts.store.actions.get(row.key) for row in asked)
    return Undone(plan, result, rows)


def _delivery(parts: Parts, connection: ConnectionRow, connector: Connector) -> outbox.Delivery:
    return outbox.Delivery(
        parts.store,
        connection,
        connector,
        clock=parts.clock,
        today=lambda: parts.today(connection),
        post=None,
    )


def _never(_: Account) -> NoReturn:
    raise AssertionError("what a person asks for is not planned")
