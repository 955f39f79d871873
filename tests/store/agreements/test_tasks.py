"""What becomes of tasks is kept: outcomes, days, and the end."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from tests.builders.actions import an_action
from tests.builders.records import a_contact, an_invoice

from arsync.connector_sdk import Page
from arsync.core.actions import Action, ActionKind, ActionState, InvoiceRef
from arsync.core.ledger.records import RecordKind, TaskRecord
from arsync.core.planning.plan import Plan, SafetyVerdict
from arsync.errors import UserMistake
from arsync.store import Store
from arsync.store.agreements.tasks import TaskArrangement, TaskOutcome
from arsync.store.models import ActionRow, ConnectionRow, Mode

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TODAY, NEXT = NOW.date(), date(2026, 11, 24)
REF = InvoiceRef("i1", "INV-1", Decimal(100), "GBP", step="Call", day=7)


@pytest.fixture
def task(store: Store, connection: ConnectionRow) -> Action:
    """An open task of one step."""
    for kind, record in (
        (RecordKind.CONTACTS, a_contact()),
        (RecordKind.INVOICES, an_invoice("i1", due_on=TODAY - timedelta(8))),
    ):
        store.ledger.apply(connection.id, Page(kind, (record,), ""), NOW)
    action = an_action(ActionKind.TASK, invoices=(REF,))
    plan = Plan("acme", TODAY, ("r.yaml",), "hash", (action,), (), SafetyVerdict(exceeded=False))
    store.actions.save_plan(connection.id, plan, mode=Mode.AUTO, now=NOW)
    for state in (ActionState.SENDING, ActionState.SENT, ActionState.CONFIRMED):
        store.actions.change(action.key, state, who="Ann", why="", now=NOW)
    return action


def note(row: ActionRow, number: int) -> Action:
    return an_action(ActionKind.TASK_DONE, subject=f"{row.key} {number}", note=row.outcome)


def as_planned(store: Store, connection: ConnectionRow) -> TaskRecord:
    (account,) = store.ledger.accounts(connection.id, ["c1"])
    (record,) = account.tasks
    return record


def test_a_try_leaves_a_task_open_with_its_code(
    store: Store, connection: ConnectionRow, task: Action
) -> None:
    tried = TaskOutcome("voicemail", TODAY, "voicemail", ends=False, next_on=NEXT)
    row = store.tasks.complete(task.key, tried, who="Ann", now=NOW, noted_by=note)
    assert (row.tries, row.next_on, row.done_at, row.outcome) == (1, NEXT, None, "voicemail")
    record = as_planned(store, connection)
    assert (record.outcome, record.done_on) == ("voicemail", None)
    done = store.tasks.complete(task.key, TaskOutcome("", TODAY), who="Ann", now=NOW, noted_by=note)
    assert (done.tries, done.next_on, done.done_on) == (1, None, TODAY)
    assert as_planned(store, connection).done_on == TODAY
    notes = store.actions.list(connection.id, kinds={ActionKind.TASK_DONE})
    assert len(notes) == 2


def test_a_corrected_try_counts_once(store: Store, task: Action) -> None:
    tried = TaskOutcome("voicemail", TODAY, "voicemail", ends=False, next_on=NEXT)
    store.tasks.complete(task.key, tried, who="Ann", now=NOW)
    row = store.tasks.complete(task.key, tried, who="Ann", now=NOW, corrects=True)
    assert row.tries == 1
    row = store.tasks.complete(
        task.key, TaskOutcome("spoke", TODAY, "spoke"), who="Ann", now=NOW, corrects=True
    )
    assert (row.tries, row.done_on) == (0, TODAY)
    reopened = store.tasks.complete(task.key, tried, who="Ann", now=NOW, corrects=True)
    assert (reopened.tries, reopened.done_on, reopened.done_at) == (1, None, None)


def test_what_is_settled_about_a_task_is_kept(store: Store, task: Action) -> None:
    row = store.tasks.arrange(task.key, TaskArrangement(owner="Ben"), who="Ann", now=NOW)
    assert (row.owner, row.due_on) == ("Ben", None)
    row = store.tasks.arrange(task.key, TaskArrangement(due_on=NEXT), who="Ann", now=NOW)
    assert (row.owner, row.due_on) == ("Ben", NEXT)
    assert store.actions.events(task.key)[-1].reason == "arranged: due on 2026-11-24"
    store.tasks.complete(task.key, TaskOutcome("spoke", TODAY), who="Ann", now=NOW)
    with pytest.raises(UserMistake, match="was done on 2026-11-22"):
        store.tasks.arrange(task.key, TaskArrangement(owner="Jo"), who="Ann", now=NOW)


def test_what_a_person_ended_is_not_ended_again(
    store: Store, connection: ConnectionRow, task: Action
) -> None:
    store.tasks.complete(task.key, TaskOutcome("spoke", TODAY), who="Ann", now=NOW)
    assert store.tasks.close({task.key: "paid"}, on=TODAY, now=NOW, noted_by=note) == []
    assert store.actions.get(task.key).outcome == "spoke"
    assert not store.actions.list(connection.id, kinds={ActionKind.TASK_DONE})


def test_a_note_about_the_end_can_wait(
    store: Store, connection: ConnectionRow, task: Action
) -> None:
    waits = ActionState.AWAITING_APPROVAL
    (row,) = store.tasks.close(
        {task.key: "paid"}, on=TODAY, now=NOW, noted_by=note, note_state=waits
    )
    assert (row.outcome, row.done_on) == ("closed: paid", TODAY)
    (waiting,) = store.actions.list(connection.id, states={waits})
    assert waiting.action.note == "closed: paid"
    with pytest.raises(UserMistake, match="is closed: paid"):
        store.tasks.complete(task.key, TaskOutcome("spoke", TODAY), who="Ann", now=NOW)


def test_an_open_task_keeps_its_words_however_old(
    store: Store, connection: ConnectionRow, task: Action
) -> None:
    later = NOW + timedelta(days=400)
    assert store.privacy.expire(connection.id, later) == 0
    assert store.actions.get(task.key).action.contact_name == task.contact_name
    store.tasks.complete(task.key, TaskOutcome("spoke", TODAY), who="Ann", now=NOW)
    assert store.privacy.expire(connection.id, later) == 1
    assert store.actions.get(task.key).outcome == ""


def test_a_task_by_hand_stays_a_persons(store: Store, connection: ConnectionRow) -> None:
    store.ledger.apply(connection.id, Page(RecordKind.CONTACTS, (a_contact(),), ""), NOW)
    mine = an_action(ActionKind.TASK, subject="mine")
    row = store.tasks.open(connection.id, mine, due_on=NEXT, who="Ann", now=NOW)
    assert (row.state, row.by_person, row.due_on) == (ActionState.APPROVED, True, NEXT)
    with pytest.raises(UserMistake, match="opened today already"):
        store.tasks.open(connection.id, mine, due_on=None, who="Ann", now=NOW)
    for state in (ActionState.SENDING, ActionState.SENT, ActionState.CONFIRMED):
        store.actions.change(mine.key, state, who="run", why="", now=NOW)
    assert as_planned(store, connection).by_person
    assert [task.due_on for task in store.actions.open_tasks(connection.id)] == [NEXT]
