"""Refusals that heal: what is tried again and when, and what waits without being tried."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from tests.builders.memory_world import MemoryWorld

from arsync.core.actions import Action, ActionKind, ActionState, Via
from arsync.errors import HealsWhen, Rejected
from arsync.outbox import LIMITS
from arsync.outbox.healing import WAITING, start_of_tomorrow

S, REMINDER, HOLD, TASK = ActionState, ActionKind.REMINDER, ActionKind.CREDIT_HOLD, ActionKind.TASK
HOUR = 3600.0
LEFT = "sending > sent > confirmed"
WAITED = "sending > approved"


@pytest.fixture
def world() -> Iterator[MemoryWorld]:
    world = MemoryWorld()
    yield world
    world.books.assert_nothing_twice()


def refuse(world: MemoryWorld, heals_when: HealsWhen) -> list[str]:
    """Let the platform refuse every write until `accept`; returns the calls it refuses."""
    refused: list[str] = []

    def no(call: str) -> None:
        if call == "perform":
            refused.append(call)
            raise Rejected("it said no.", heals_when=heals_when)

    world.books.before_call = no
    return refused


def accept(world: MemoryWorld) -> None:
    world.books.before_call = lambda _: None


def everything(world: MemoryWorld) -> dict[str, Action]:
    return {
        "hold": world.add(HOLD, number=1),
        "email": world.add(number=2),
        "second email": world.add(number=3),
        "task": world.add(TASK, number=4),
        "mail": world.add(number=5, via=Via.SMTP),
    }


def paths(world: MemoryWorld, actions: dict[str, Action]) -> dict[str, str]:
    return {name: world.path(action) for name, action in actions.items()}


@pytest.mark.parametrize("heals_when", [HealsWhen.FREE, HealsWhen.SETTING])
def test_a_refusal_about_one_action_stops_no_other(
    world: MemoryWorld, heals_when: HealsWhen
) -> None:
    first, second = world.add(HOLD), world.add(HOLD, number=2)
    refuse(world, heals_when)
    world.books.before_call, no = lambda _: None, world.books.before_call
    world.books.before_call = lambda call: no(call) if world.state(first) is S.SENDING else None
    (problem,) = world.run().problems
    assert problem == (
        f"credit hold for Customer 1 about INV-1: refused: it said no; it is tried again"
        f" {heals_when.words}"
    )
    assert (world.path(first), world.path(second)) == (WAITED, LEFT)
    assert world.row(first).heals_when is heals_when
    assert world.pause(first) == (60 if heals_when is HealsWhen.FREE else HOUR)
    accept(world)
    world.advance(hours=1)
    assert world.run().problems == []
    assert world.state(first) is S.CONFIRMED
    assert world.row(first).heals_when is HealsWhen.NEVER


def test_a_full_day_lets_emails_wait_until_tomorrow(world: MemoryWorld) -> None:
    actions = everything(world)
    allowed = actions["hold"], actions["task"]

    def full(call: str) -> None:
        sending = [row.key for row in world.store.actions.list(1, states={S.SENDING})]
        if call == "perform" and sending and sending[0] not in {a.key for a in allowed}:
            raise Rejected("No more than 40 emails a day", heals_when=HealsWhen.DAY)

    world.books.before_call = full
    result = world.run()
    left = dict.fromkeys(("hold", "task", "mail"), LEFT)
    assert paths(world, actions) == {"email": WAITED, "second email": "", **left}
    (held_up,) = result.held_up
    assert held_up == (
        "emails by the accounting system wait: No more than 40 emails a day; it is tried again"
        " tomorrow"
    )
    assert result.waits == []
    # Nothing is tried again on the same day, by no run.
    world.advance(hours=5)
    assert world.run().problems == []
    assert world.outbox.result.held_up == result.held_up
    assert paths(world, actions)["second email"] == ""
    accept(world)
    world.advance(days=1)
    assert world.run().held_up == []
    assert paths(world, actions)["second email"] == LEFT
    assert world.state(actions["email"]) is S.CONFIRMED


def test_a_lapsed_subscription_is_tried_with_one_action(world: MemoryWorld) -> None:
    actions = everything(world)
    refused = refuse(world, HealsWhen.SUBSCRIPTION)
    result = world.run()
    # The letter by mail has left; its note waits with the rest.
    assert paths(world, actions) == {
        "hold": WAITED,
        "email": "",
        "second email": "",
        "task": "",
        "mail": "sending > sent",
    }
    assert [wait.split(":")[0] for wait in result.waits] == ["everything but our own letters waits"]
    del refused[:]
    world.advance(minutes=30)
    world.run()
    assert refused == ["perform"], "the note of the letter alone"
    accept(world)
    world.advance(hours=1)
    assert world.run().waits == []
    assert {world.state(action) for action in actions.values()} == {S.CONFIRMED}


def test_a_missing_permission_stops_its_kind_alone(world: MemoryWorld) -> None:
    hold, second, email = world.add(HOLD), world.add(HOLD, number=2), world.add(number=3)

    def no(call: str) -> None:
        if call == "perform" and world.state(hold) is S.SENDING:
            raise Rejected("not yours to do", heals_when=HealsWhen.PERMISSION)

    world.books.before_call = no
    result = world.run()
    assert [world.path(each) for each in (hold, second, email)] == [WAITED, "", LEFT]
    assert result.waits == [
        "every credit hold waits: not yours to do; it is tried again when the permission is given"
    ]
    accept(world)
    world.advance(hours=1)
    world.run()
    assert {world.state(hold), world.state(second)} == {S.CONFIRMED}


def test_a_refusal_about_the_record_stands_until_it_changes(world: MemoryWorld) -> None:
    action, following = world.add(), world.add(number=2)
    refuse(world, HealsWhen.RECORD)
    world.run()
    row = world.row(action)
    assert (row.state, row.heals_when) == (S.REJECTED, HealsWhen.RECORD)
    assert row.heals_mark
    assert world.state(following) is S.REJECTED
    assert row.heals_mark != world.row(following).heals_mark


@pytest.mark.parametrize("heals_when", sorted(WAITING - {HealsWhen.DAY}))
def test_attempts_after_refusals_have_an_end(heals_when: HealsWhen) -> None:
    world = MemoryWorld(limits=LIMITS._replace(attempts_max=3))
    action = world.add(HOLD)
    refused = refuse(world, heals_when)
    for _ in range(6):
        world.run()
        world.advance(days=1)
    assert world.state(action) is S.WITHDRAWN, "the next plan may ask again"
    assert len(refused) == 3
    assert any("given up after 3 attempts" in event.reason for event in world.events(action))


@pytest.mark.parametrize(
    ("zone", "begins"),
    [
        ("", datetime(2026, 11, 23, tzinfo=UTC)),
        ("Pacific/Auckland", datetime(2026, 11, 22, 11, tzinfo=UTC)),
        ("America/Los_Angeles", datetime(2026, 11, 23, 8, tzinfo=UTC)),
    ],
)
def test_tomorrow_begins_on_the_organisations_clock(zone: str, begins: datetime) -> None:
    assert start_of_tomorrow(datetime(2026, 11, 22, tzinfo=UTC).date(), zone) == begins
