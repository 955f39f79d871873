"""What people settle and take back: one transaction each, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from tests.builders.actions import an_action
from tests.store.conftest import asked

from arsync.core.actions import ActionKind, ActionState, Because
from arsync.core.actions.reversal import undo_action
from arsync.errors import UserMistake
from arsync.store import Store
from arsync.store.agreements.promises import MadePromise
from arsync.store.models import ActionRow, ConnectionRow, PromiseRow

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
S = ActionState
HOLD = an_action(
    ActionKind.CREDIT_HOLD,
    because=Because("standard.yaml", 3, "Over the limit"),
    note="Credit hold placed.",
)


def placed(store: Store, connection: ConnectionRow, *states: S, at: datetime = NOW) -> ActionRow:
    """Bring the hold through these states."""
    asked(store, connection.id, HOLD, who="plan", why="a rule", now=at)
    row = store.claims.claim_next(connection.id, now=at, lease_seconds=60)
    assert row is not None
    for state in states:
        row = store.actions.change(row.key, state, who="arsync", why="so", now=at)
    return row


def unsound(store: Store, connection: ConnectionRow) -> list[str]:
    """Return what the store's own examination finds wrong with actions and their events."""
    return [fault.message for fault in store.faults(connection.id) if fault.about == "actions"]


@pytest.mark.parametrize("sent", [True, False])
def test_a_settled_outcome_is_known_once(
    store: Store, connection: ConnectionRow, sent: bool
) -> None:
    row = placed(store, connection, S.UNKNOWN)
    done = store.decisions.settle(row.key, sent=sent, who="Jane", why="she looked", now=NOW)
    assert (done.state, done.generation) == ((S.SENT, 1) if sent else (S.APPROVED, 2))
    assert (done.receipt is not None) is sent
    with pytest.raises(UserMistake, match="is known"):
        store.decisions.settle(row.key, sent=not sent, who="Jo", why="no", now=NOW)
    assert unsound(store, connection) == []


def test_a_look_up_that_settles_nothing_is_kept_once(
    store: Store, connection: ConnectionRow
) -> None:
    row = placed(store, connection, S.UNKNOWN)
    for _ in range(3):
        store.claims.record_lookup(row.key, who="arsync", why="nobody can tell", now=NOW)
    events = store.actions.events(row.key)
    assert [event.reason for event in events].count("nobody can tell") == 1
    assert store.actions.get(row.key).reason == "so"
    assert unsound(store, connection) == []


def test_an_undo_is_requested_once_unless_it_was_refused(
    store: Store, connection: ConnectionRow
) -> None:
    row = placed(store, connection, S.SENT, S.CONFIRMED)
    undo = undo_action(HOLD, generation=row.generation, done_on=row.sent_on, who="Jane")
    for _ in range(2):
        (undo_row,) = store.decisions.ask_undo(connection.id, [undo], who="Jane", why="so", now=NOW)
    assert (undo_row.state, undo_row.generation, undo_row.by_person) == (S.APPROVED, 1, True)
    assert len(store.actions.events(undo_row.key)) == 1
    assert sum("to be undone" in event.reason for event in store.actions.events(row.key)) == 1
    store.actions.change(undo_row.key, S.REJECTED, who="arsync", why="changed since", now=NOW)
    (again,) = store.decisions.ask_undo(connection.id, [undo], who="Jane", why="so", now=NOW)
    assert (again.state, again.generation) == (S.APPROVED, 2)
    assert unsound(store, connection) == []


def test_only_what_is_named_is_claimed(store: Store, connection: ConnectionRow) -> None:
    asked(store, connection.id, HOLD, who="plan", why="a rule", now=NOW)
    claim = store.claims.claim_next
    assert claim(connection.id, now=NOW, lease_seconds=60, keys=["f" * 32]) is None
    assert claim(connection.id, now=NOW, lease_seconds=60, keys=[HOLD.key]) is not None


def test_a_runs_actions_are_found_by_its_times(store: Store, connection: ConnectionRow) -> None:
    row = placed(store, connection, S.SENT)
    minute = timedelta(minutes=1)
    done_between = store.actions.done_between
    assert [row.key for row in done_between(connection.id, NOW - minute, NOW + minute)] == [row.key]
    assert [row.key for row in done_between(connection.id, NOW, None)] == [row.key]
    assert done_between(connection.id, NOW + minute, None) == []
    assert done_between(connection.id, NOW - minute, NOW - minute) == []


def test_a_promise_is_withdrawn_once_and_reopens_the_previous(
    store: Store, connection: ConnectionRow
) -> None:
    made_on = date(2026, 11, 22)
    rows: list[PromiseRow] = []
    for day in (1, 8, 15):
        made = MadePromise(
            ["i1"], date(2026, 12, day), made_on, replaces=[row.id for row in rows[-1:]]
        )
        rows.append(store.promises.record(connection.id, made, who="Jane"))
    withdrawn = [store.promises.withdraw(connection.id, rows[2].id) for _ in range(2)]
    assert withdrawn == [True, False]
    standing = [promise.replaced for promise in store.promises.recorded(connection.id, "i1")]
    assert standing == [True, False, True]
    # One that was replaced by a later promise is not there to be taken back.
    assert not store.promises.withdraw(connection.id, rows[0].id)
    assert not store.promises.withdraw(connection.id + 1, rows[1].id)
