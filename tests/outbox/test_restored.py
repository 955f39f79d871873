"""After a restore a first attempt is looked up, and what cannot be looked up waits for a person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.builders.actions import an_invoice_ref
from tests.builders.books import NOW, Fault
from tests.builders.memory_world import CONNECTION, MemoryWorld
from tests.outbox.worker_tables import AT_PLATFORM, WAYS, S

from arsync.core.actions import Action
from arsync.errors import OutcomeUnknown, Stopping
from arsync.outbox.restored import DOUBT_DAYS, FOUND_AFTER_RESTORE, LOOK_FIRST
from arsync.store.actions.action_rows import StateChange
from arsync.store.models import Restored


@pytest.fixture
def world() -> MemoryWorld:
    """A connection that was restored an hour ago from a backup of yesterday."""
    restored = Restored(NOW - timedelta(hours=1), NOW - timedelta(days=1))
    return MemoryWorld(connection=CONNECTION._replace(restored=restored))


def done_in_between(world: MemoryWorld, action: Action) -> None:
    """Let an action stand at the platform, as the store had it before it was lost."""
    world.books.faults.append(Fault("perform", OutcomeUnknown("lost"), after=True))
    world.books.faults.append(Fault("find", Stopping()))
    before = world.connection
    world.connection = CONNECTION
    world.run(only={action.key})
    world.connection = before
    row = world.row(action)
    world.store.table.set(action.key, before={}, state=S.APPROVED, attempts=0)
    assert row.state is S.UNKNOWN
    world.books.calls.clear()


def approve(world: MemoryWorld, action: Action) -> None:
    """Let a person approve what waits."""
    change = StateChange(S.AWAITING_APPROVAL, S.APPROVED, "Jane", "I looked", world.clock.now())
    world.store.claims.advance(world.row(action), change, receipt=None, not_before=None)


@pytest.mark.parametrize("way", AT_PLATFORM)
def test_what_left_after_the_backup_is_found(world: MemoryWorld, way: str) -> None:
    action = world.add(**WAYS[way])
    done_in_between(world, action)
    world.run()
    assert "perform" not in world.books.calls
    assert world.state(action) is S.CONFIRMED
    assert FOUND_AFTER_RESTORE in [event.reason for event in world.events(action)]
    assert world.books.keys(action.kind) == [action.key]


@pytest.mark.parametrize("way", AT_PLATFORM)
def test_what_is_not_found_is_done_once(world: MemoryWorld, way: str) -> None:
    action = world.add(**WAYS[way])
    world.run()
    calls = world.books.calls
    assert calls.index("find") < calls.index("perform")
    assert world.state(action) is S.CONFIRMED
    assert world.books.keys(action.kind) == [action.key]


def test_a_letter_by_mail_waits_for_a_person(world: MemoryWorld) -> None:
    action = world.add(**WAYS["mail"])
    world.run()
    assert world.books.mails == []
    assert world.state(action) is S.AWAITING_APPROVAL
    assert world.row(action).reason.startswith(LOOK_FIRST)
    approve(world, action)
    world.run()
    assert len(world.books.mails) == 1
    assert world.state(action) is S.CONFIRMED


def test_an_email_nobody_can_find_waits_too(world: MemoryWorld) -> None:
    action = world.add(**WAYS["email"])
    world.books.faults.append(Fault("find", OutcomeUnknown("nothing shows")))
    world.run()
    assert world.state(action) is S.AWAITING_APPROVAL
    assert world.row(action).reason == f"{LOOK_FIRST}: nothing shows"
    assert "perform" not in world.books.calls


def test_an_approval_of_before_is_none(world: MemoryWorld) -> None:
    action = world.add(**WAYS["mail"], asked_by="Jane")
    change = StateChange(S.APPROVED, S.AWAITING_APPROVAL, "restore", "restored", NOW)
    world.store.claims.advance(world.row(action), change, receipt=None, not_before=None)
    world.run()
    assert world.books.mails == []
    change = StateChange(S.AWAITING_APPROVAL, S.APPROVED, "plan", "by the rulebook", NOW)
    world.store.claims.advance(world.row(action), change, receipt=None, not_before=None)
    world.run()
    assert world.books.mails == []


def test_what_was_under_way_waits_once_looked_up(world: MemoryWorld) -> None:
    action = world.add(**WAYS["hold"])
    world.bring(action, S.SENDING, S.UNKNOWN, before={})
    restored = Restored(world.clock.now(), NOW - timedelta(days=1))
    world.connection = world.connection._replace(restored=restored)
    world.run()
    assert world.path(action) == "sending > unknown > awaiting approval"
    assert world.books.done == []


@pytest.mark.parametrize(
    ("days_overdue", "way", "looked"),
    [(3, "email", False), (60, "email", True), (3, "fee", True)],
)
def test_a_reminder_due_only_now_is_in_no_doubt(
    world: MemoryWorld, days_overdue: int, way: str, looked: bool
) -> None:
    world.clock.advance(timedelta(days=30))
    refs: Any = (an_invoice_ref("i1", day=1, days_overdue=days_overdue),)
    world.add(**WAYS[way], invoices=refs)
    world.run()
    calls = world.books.calls
    assert ("find" in calls[: calls.index("perform")]) is looked


def test_after_a_year_nothing_is_in_doubt(world: MemoryWorld) -> None:
    world.clock.advance(timedelta(days=DOUBT_DAYS + 1))
    action = world.add(**WAYS["mail"])
    world.run()
    assert world.state(action) is S.CONFIRMED
