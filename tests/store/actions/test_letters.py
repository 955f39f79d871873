"""Notice numbers without a gap, and what a customer has of ours."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.builders.actions import an_action, an_invoice_ref
from tests.store.conftest import asked

from arsync.clock import SetClock
from arsync.connector_sdk import Page, Receipt
from arsync.core.actions import Action, ActionKind, ActionState
from arsync.core.actions.posting import POSTED, task_to_post
from arsync.core.ledger.records import Contact, ContactStatus, Organisation, RecordKind
from arsync.errors import UserMistake
from arsync.store import Store, open_store
from arsync.store.admin.backup import NUMBERS_PASSED_OVER
from arsync.store.agreements.tasks import TaskOutcome
from arsync.store.models import ConnectionRow

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
DAY = date(2026, 11, 20)


def a_notice(subject: str = "i1", **fields: Any) -> Action:
    fields.setdefault("step", "final notice")
    fields.setdefault("via", "smtp")
    return an_action(subject=subject, **fields)


def put(store: Store, connection: ConnectionRow, *actions: Action) -> None:
    for action in actions:
        asked(store, connection.id, action, who="Ann", why="asked", now=NOW)


def send(
    store: Store, connection: ConnectionRow, action: Action, on: date, reference: str = "r"
) -> None:
    put(store, connection, action)
    claimed = store.claims.claim_next(
        connection.id, now=NOW, lease_seconds=60, keys=[action.key], today=on
    )
    assert claimed is not None
    change(store, action, ActionState.SENT, receipt=Receipt(reference))


def change(store: Store, action: Action, to: ActionState, **more: Any) -> None:
    store.actions.change(action.key, to, who="Ann", why="because", now=NOW, **more)


def numbers(store: Store, connection: ConnectionRow) -> list[int]:
    return [notice.number for notice in store.letters.register(connection.id)]


def test_numbers_run_from_one_for_each_connection(store: Store, connection: ConnectionRow) -> None:
    other = store.connections.add(
        "other", platform="xero", organisation=Organisation("o2", "Other", "GBP")
    )
    first, second, foreign = a_notice("i1"), a_notice("i2"), a_notice("i3")
    put(store, connection, first, second)
    put(store, other, foreign)
    on = date(2026, 11, 22)
    next_one = partial(store.letters.number_before_sending, connection.id, today=DAY)
    assert next_one(first.key) == ((1, DAY), False)
    assert store.letters.number(connection.id, first.key) == (1, on)
    assert next_one(first.key) == ((1, on), True)
    assert next_one(second.key) == ((2, DAY), False)
    assert store.letters.number(connection.id, second.key) == (2, on)
    assert store.letters.number(other.id, foreign.key) == (1, on)
    assert store.letters.numbers(connection.id, [second.key, "unknown"]) == {second.key: (2, on)}


def test_a_repeated_try_keeps_its_number(store: Store, connection: ConnectionRow) -> None:
    notice = a_notice()
    last_day, first_day = date(2026, 12, 31), date(2027, 1, 1)
    put(store, connection, notice)
    assert store.claims.claim_next(connection.id, now=NOW, lease_seconds=60, today=last_day)
    assert store.letters.number(connection.id, notice.key) == (1, last_day)
    change(store, notice, ActionState.APPROVED)
    again = store.claims.claim_next(connection.id, now=NOW, lease_seconds=60, today=first_day)
    assert again is not None
    assert again.sent_on == first_day
    assert store.letters.number(connection.id, notice.key) == (1, last_day)
    [entry] = store.letters.register(connection.id)
    assert (entry.number, entry.given_on) == (1, last_day)


@pytest.mark.parametrize("end", [ActionState.REJECTED, ActionState.WITHDRAWN])
def test_a_number_stays_with_what_never_left(
    store: Store, connection: ConnectionRow, end: ActionState
) -> None:
    stopped, next_one = a_notice("i1"), a_notice("i2")
    put(store, connection, stopped, next_one)
    store.letters.number(connection.id, stopped.key)
    change(store, stopped, end)
    assert store.letters.number(connection.id, next_one.key).number == 2
    [entry, _] = store.letters.register(connection.id)
    assert entry.row is not None
    assert (entry.number, entry.text, entry.row.state) == (1, "final notice", end)


def test_what_is_no_action_gets_no_number(store: Store, connection: ConnectionRow) -> None:
    with pytest.raises(UserMistake, match="there is no action"):
        store.letters.number(connection.id, "f" * 32)
    assert numbers(store, connection) == []


def test_two_processes_leave_no_gap_and_share_nothing(
    store: Store, store_url: str, connection: ConnectionRow
) -> None:
    notices = [a_notice(f"i{number}") for number in range(24)]
    put(store, connection, *notices)
    given: dict[str, set[int]] = {notice.key: set() for notice in notices}
    failures: list[BaseException] = []

    def work(order: Sequence[Action]) -> None:
        try:
            with open_store(store_url, clock=SetClock(NOW)) as opened:
                for notice in order:
                    given[notice.key].add(opened.letters.number(connection.id, notice.key).number)
        except BaseException as error:  # noqa: BLE001 - reported by the test
            failures.append(error)

    workers = [
        threading.Thread(target=work, args=(order,)) for order in (notices, notices[::-1], notices)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    assert all(len(of_key) == 1 for of_key in given.values())
    assert sorted(number for of_key in given.values() for number in of_key) == list(range(1, 25))


_DIES_WHILE_NUMBERING = """
import os, signal, sys
from datetime import UTC, datetime
from sqlalchemy import event
from arsync.clock import SetClock
from arsync.store import open_store

url, connection_id, key = sys.argv[1:]
with open_store(url, clock=SetClock(datetime(2026, 11, 22, tzinfo=UTC))) as store:

    def die(*args):
        if "INSERT INTO notices" in args[2]:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(store.engine, "after_cursor_execute", die)
    store.letters.number(int(connection_id), key)
"""


def test_a_killed_process_takes_no_number_along(
    store: Store, store_url: str, connection: ConnectionRow
) -> None:
    killed, next_one = a_notice("i1"), a_notice("i2")
    put(store, connection, killed, next_one)
    command = [sys.executable, "-c", _DIES_WHILE_NUMBERING]
    words = [store_url, str(connection.id), killed.key]
    done = subprocess.run([*command, *words], capture_output=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert store.letters.number(connection.id, next_one.key).number == 1
    assert store.letters.number(connection.id, killed.key).number == 2
    assert list(store.faults(connection.id)) == []


def test_the_register_is_of_some_days(store: Store, connection: ConnectionRow) -> None:
    for number, on in enumerate((DAY, DAY + timedelta(days=1), DAY + timedelta(days=2))):
        notice = a_notice(f"i{number}")
        send(store, connection, notice, on)
        store.letters.number(connection.id, notice.key)
    register = store.letters.register(
        connection.id, since=DAY + timedelta(days=1), until=DAY + timedelta(days=1)
    )
    assert [(entry.number, entry.given_on) for entry in register] == [(2, DAY + timedelta(days=1))]


def test_after_a_restore_numbers_jump_and_say_so(
    store: Store, connection: ConnectionRow, tmp_path: Path
) -> None:
    known, later = a_notice("i1"), a_notice("i2")
    put(store, connection, known, later)
    store.letters.number(connection.id, known.key)
    store.back_up(tmp_path / "backup.db")
    lost = store.letters.number(connection.id, later.key).number
    with open_store(f"sqlite:///{tmp_path / 'new.db'}", clock=SetClock(NOW)) as restored:
        restored.restore(tmp_path / "backup.db")
        [again] = [row for row in restored.connections.all() if row.name == connection.name]
        number = restored.letters.number(again.id, later.key).number
        assert number == 2 + NUMBERS_PASSED_OVER > lost
        assert restored.letters.number(again.id, known.key).number == 1
        register = restored.letters.register(again.id)
        assert [(entry.number, entry.row is None) for entry in register] == [
            (1, False),
            (1 + NUMBERS_PASSED_OVER, True),
            (2 + NUMBERS_PASSED_OVER, False),
        ]
        assert list(restored.faults(again.id)) == []


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("DELETE FROM notices WHERE number = 1", "numbers are missing from: 1"),
        ("UPDATE notices SET contact_id = 'c9' WHERE number = 2", "of other customers: 2"),
    ],
)
def test_a_gap_and_a_stranger_are_faults(
    store: Store, connection: ConnectionRow, damage: str, message: str
) -> None:
    notices = [a_notice("i1"), a_notice("i2")]
    put(store, connection, *notices)
    for notice in notices:
        store.letters.number(connection.id, notice.key)
    assert list(store.faults(connection.id)) == []
    with store.engine.begin() as db:
        db.execute(text(damage))
    [fault] = store.faults(connection.id)
    assert fault.about == "notices"
    assert message in fault.message


def test_numbers_are_exported_and_outlive_forgetting(
    store: Store, connection: ConnectionRow
) -> None:
    gone = Contact("c1", "Customer", status=ContactStatus.ARCHIVED)
    store.ledger.apply(connection.id, Page(RecordKind.CONTACTS, (gone,), "1"), NOW)
    notice = a_notice()
    send(store, connection, notice, DAY)
    store.letters.number(connection.id, notice.key)
    change(store, notice, ActionState.CONFIRMED)
    exported = store.privacy.export(connection.id, "c1")["notices"]
    assert exported == [{"number": 1, "key": notice.key, "text": "final notice", "given_on": DAY}]
    store.privacy.forget(connection.id, "c1")
    [entry] = store.letters.register(connection.id)
    assert entry.number == 1
    assert entry.row is not None
    assert entry.row.action.contact_name == "forgotten"


def test_what_was_only_printed_is_no_earlier_letter(
    store: Store, connection: ConnectionRow
) -> None:
    printed, posted = (a_notice(subject, via="post") for subject in ("a", "b"))
    for letter, outcome in ((printed, "voicemail"), (posted, POSTED)):
        send(store, connection, letter, DAY)
        task = task_to_post(letter, "0001.pdf")
        send(store, connection, task, DAY)
        said = TaskOutcome(outcome, DAY, outcome)
        store.tasks.complete(task.key, said, who="Ann", now=NOW)
    unreported = a_notice("c", via="post")
    send(store, connection, unreported, DAY)
    assert [letter.key for letter in store.letters.earlier(connection.id, "c1")] == [posted.key]


def test_earlier_letters_are_those_that_left_by_our_ways(
    store: Store, connection: ConnectionRow
) -> None:
    first = a_notice("a", step="first reminder", invoices=(an_invoice_ref("i1"),))
    by_platform = a_notice("b", step="second reminder", via="accounting system")
    statement = an_action(
        ActionKind.ACCOUNT_LETTER,
        subject="c",
        via="smtp",
        details={"letter": "statement of account", "to": "a@x.example, b@x.example"},
    )
    attached = an_action(ActionKind.LETTER, subject="d", details={"letter": "final notice"})
    other = a_notice("e", contact_id="c2")
    note = an_action(ActionKind.NOTE, subject="f")
    send(store, connection, statement, DAY + timedelta(days=2), "<m2@x>")
    send(store, connection, first, DAY, "<m1@x>")
    for action in (by_platform, attached, other, note):
        send(store, connection, action, DAY)
    unsure, waiting = a_notice("g"), a_notice("h")
    send(store, connection, unsure, DAY)
    change(store, unsure, ActionState.UNKNOWN)
    put(store, connection, waiting)
    earlier = store.letters.earlier(connection.id, "c1")
    assert [(letter.text, letter.via, letter.sent_on, letter.reference) for letter in earlier] == [
        ("first reminder", "smtp", DAY, "<m1@x>"),
        ("statement of account", "smtp", DAY + timedelta(days=2), "<m2@x>"),
    ]
    assert earlier[0].invoice_ids == ("i1",)
    assert earlier[1].to == ("a@x.example", "b@x.example")
    assert [letter.text for letter in store.letters.earlier(connection.id, "c1", 1)] == [
        "statement of account"
    ]
