"""The first of two approvals: a second person completes it, and any change ends it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from tests.builders.actions import an_action

from arsync.clock import SetClock
from arsync.core.actions import ActionState
from arsync.core.planning.plan import Plan, SafetyVerdict
from arsync.store import Store
from arsync.store.models import ConnectionRow
from arsync.store.people.first_approvals import SecondApproval
from arsync.store.people.users import ALL, ScopedRole, UserRow

AWAITING, APPROVED = ActionState.AWAITING_APPROVAL, ActionState.APPROVED


@pytest.fixture
def key(store: Store, connection: ConnectionRow, clock: SetClock) -> str:
    """A reminder that waits."""
    action = an_action(subject="i1 day 14")
    day = clock.now().date()
    plan = Plan("acme", day, (), "abc", (action,), (), SafetyVerdict(exceeded=False))
    store.actions.save_plan(connection.id, plan, mode="approve", now=clock.now())
    return action.key


@pytest.fixture
def people(store: Store) -> tuple[UserRow, UserRow]:
    tom, ann = (
        store.users.add(f"{name}@example.com", name, [ScopedRole(ALL, "", "controller")])
        for name in ("Tom", "Ann")
    )
    return tom, ann


def approve(store: Store, key: str, user: UserRow, digest: str = "seen") -> SecondApproval:
    return store.first_approvals.approve(
        key, user_id=user.id, who=user.name, digest=digest, why=f"approved by {user.name}"
    )


def test_a_second_person_completes_the_first_approval(
    store: Store, key: str, people: tuple[UserRow, UserRow]
) -> None:
    tom, ann = people
    assert approve(store, key, tom) is SecondApproval.FIRST
    assert store.first_approvals.of([key])[key].name == "Tom"
    assert store.actions.get(key).state is AWAITING
    assert approve(store, key, tom) is SecondApproval.REPEATED
    assert approve(store, key, ann) is SecondApproval.COMPLETED
    row = store.actions.get(key)
    assert (row.state, row.reason) == (APPROVED, "approved by Ann and Tom")
    assert store.first_approvals.of([key]) == {}
    assert approve(store, key, tom) is SecondApproval.TOO_LATE


def test_a_changed_action_starts_anew(
    store: Store, key: str, people: tuple[UserRow, UserRow]
) -> None:
    tom, ann = people
    approve(store, key, tom)
    assert approve(store, key, ann, digest="other sums") is SecondApproval.FIRST
    assert approve(store, key, tom, digest="other sums") is SecondApproval.COMPLETED


def test_a_decision_between_ends_the_first_approval(
    store: Store, key: str, people: tuple[UserRow, UserRow], clock: SetClock
) -> None:
    tom, ann = people
    approve(store, key, tom)
    for state in (APPROVED, AWAITING):
        clock.advance(timedelta(minutes=1))
        store.actions.change(key, state, who="Ann", why="x", now=clock.now())
    assert store.first_approvals.of([key]) == {}
    assert approve(store, key, ann) is SecondApproval.FIRST


def test_whoever_gave_a_first_approval_takes_it_back(
    store: Store, key: str, people: tuple[UserRow, UserRow]
) -> None:
    tom, ann = people
    approve(store, key, tom)
    assert not store.first_approvals.take_back(key, user_id=ann.id, who="Ann")
    assert store.first_approvals.take_back(key, user_id=tom.id, who="Tom")
    assert store.first_approvals.of([key]) == {}
    assert [event.reason for event in store.actions.events(key)][-2:] == [
        "approved as the first of two",
        "the first approval taken back",
    ]


def test_two_at_once_are_the_first_and_the_second(
    store: Store, key: str, people: tuple[UserRow, UserRow]
) -> None:
    together, came_to = threading.Barrier(2), list[SecondApproval]()

    def at_once(user: UserRow) -> None:
        together.wait()
        came_to.append(approve(store, key, user))

    threads = [threading.Thread(target=at_once, args=(user,)) for user in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(came_to) == sorted([SecondApproval.FIRST, SecondApproval.COMPLETED])
    assert store.actions.get(key).state is APPROVED
