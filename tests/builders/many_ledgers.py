"""A practice of many clients, put straight into a store: every way in which one can stand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Table, event, insert
from tests.builders.actions import an_action
from tests.builders.records import DUE_ON, ISSUED_ON

from arsync.core.actions import ActionKind, ActionState
from arsync.core.ledger.records import Organisation
from arsync.store import Store
from arsync.store.actions.action_rows import initial_columns
from arsync.store.db.database import inserted_id
from arsync.store.db.tables import (
    actions,
    connections,
    cursors,
    invoices,
    outages,
    problems,
    runs,
    schedules,
)
from arsync.store.ledger.record_rows import organisation_values

PACE_SECONDS = 900

WAYS = (
    "well",
    "reconnect",
    "failing",
    "away",
    "unknown",
    "safety",
    "paused",
    "late",
    "unreadable",
    "waiting",
)
"""How clients stand, one after the other; a client is called `way-NUMBER`."""


def fill(store: Store, numbers: range, now: datetime, *, platform: str = "xero") -> None:
    """Connect clients of these numbers, of each way in turn. Each is owed 100 and its number."""
    with store._database.write() as db:
        for number in numbers:
            way = WAYS[number % len(WAYS)]
            organisation = Organisation(f"org-{number}", f"Client {number}", "GBP", time_zone="UTC")
            row = {
                **organisation_values(organisation),
                "name": f"{way}-{number:03}",
                "platform": platform,
                "organisation_id": organisation.id,
                "mode": "auto",
                "state": "needs reconnect" if way == "reconnect" else "connected",
                "settings": {},
                "created_at": now,
                **(_PAUSED | {"paused_at": now} if way == "paused" else {}),
            }
            connection_id = inserted_id(db.execute(insert(connections).values(row)))
            for table, values in _rows(connection_id, way, number, now):
                db.execute(insert(table).values(connection_id=connection_id, **values))


_PAUSED = {"paused_by": "Olga", "paused_why": "leaves us"}


def _rows(
    connection_id: int, way: str, number: int, now: datetime
) -> Iterator[tuple[Table, dict[str, Any]]]:
    yield cursors, {"cursor": "c", "saved_at": now, "completed_at": now}
    yield invoices, _invoice(100 + number)
    yield schedules, _schedule(way, number, now)
    for run in _runs(way, now):
        yield runs, run
    for position, state in enumerate(_STATES.get(way, ())):
        yield actions, _action(connection_id, way, position, state, now)
    if way == "unreadable":
        yield problems, {"kind": "invoices", "id": "x", "message": "no date", "seen_at": now}
    if way == "away":
        retry_at = now + timedelta(minutes=5)
        failed = {"failures": 3, "failed_at": now, "retry_at": retry_at}
        yield outages, {**failed, "why": "it did not answer"}


def _invoice(amount: int) -> dict[str, Any]:
    days = {"issued_on": ISSUED_ON, "due_on": DUE_ON}
    sums = {"total": Decimal(amount), "amount_due": Decimal(amount), "currency": "GBP"}
    kept = {"status": "open", "row_hash": 1, "episode": 1}
    return {"id": "i1", "contact_id": "c1", "number": "INV-1", **days, **sums, **kept}


_STATES: dict[str, tuple[ActionState, ...]] = {
    "unknown": (ActionState.UNKNOWN,),
    "safety": (ActionState.AWAITING_APPROVAL, ActionState.AWAITING_APPROVAL),
    "waiting": (ActionState.AWAITING_APPROVAL, ActionState.CONFIRMED),
    "well": (ActionState.CONFIRMED, ActionState.SENT, ActionState.APPROVED),
}


def _schedule(way: str, number: int, now: datetime) -> dict[str, Any]:
    late = timedelta(seconds=PACE_SECONDS + 3600 + number)
    place = now - late if way in {"late", "paused", "away"} else now + timedelta(minutes=5)
    return {"every_seconds": PACE_SECONDS, "next_at": place}


def _runs(way: str, now: datetime) -> list[dict[str, Any]]:
    """Return an old run that failed, the last one, and one that only planned."""
    last = "failed" if way == "failing" else "done"
    message = "the platform refused Ridge & Co" if way == "failing" else ""
    told = [("sync", 3000, "failed", "old"), ("sync", 20, last, message), ("plan", 5, "failed", "")]
    return [
        {
            "kind": kind,
            "started_at": now - timedelta(minutes=minutes),
            "finished_at": now - timedelta(minutes=minutes - 1),
            "outcome": outcome,
            "counts": "{}",
            "message": message,
            "host": "h",
            "pid": 1,
        }
        for kind, minutes, outcome, message in told
    ]


def _action(
    connection_id: int, way: str, position: int, state: ActionState, now: datetime
) -> dict[str, Any]:
    is_task = way == "waiting" and state is ActionState.CONFIRMED
    has_left = state in {ActionState.SENT, ActionState.CONFIRMED}
    kind = ActionKind.TASK if is_task else ActionKind.REMINDER
    action = an_action(kind, contact_name="Ridge & Co", subject=f"{way}{position}")
    return {
        **initial_columns(action, state=state, now=now),
        "key": f"{connection_id:016x}{position:016x}",
        "position": position,
        "generation": 1,
        "by_person": False,
        "reason": "over a safety limit: 12 emails" if way == "safety" else "",
        "sent_on": now.date() if has_left else None,
        "first_sent_at": now if has_left else None,
    }


def owed_by(count: int) -> Decimal:
    """Return what so many clients are owed."""
    return sum((Decimal(100 + number) for number in range(count)), Decimal(0))


@contextmanager
def statements(store: Store) -> Iterator[list[tuple[str, Any]]]:
    """Collect the statements that are sent to the database meanwhile, with their parameters."""
    sent: list[tuple[str, Any]] = []

    def keep(*args: Any) -> None:
        sent.append((args[2], args[3]))

    event.listen(store.engine, "before_cursor_execute", keep)
    yield sent
    event.remove(store.engine, "before_cursor_execute", keep)
