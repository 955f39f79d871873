"""Withdrawing a promise, here and in the accounting system."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from tests.builders.desk import DeskDriver, a_desk

from arsync.application.agreements.promises import PromiseToPay, promise
from arsync.application.agreements.withdrawing_promises import withdraw_promise
from arsync.application.permissions import Actor, NotPermitted, Role
from arsync.core.actions import ActionKind, ActionState
from arsync.errors import UserMistake

TOM = Actor("Tom Okafor", Role.CONTROLLER)
DAY = date(2026, 12, 15)


@pytest.fixture
def by_rulebook(tmp_path: Path) -> Iterator[DeskDriver]:
    with a_desk(tmp_path, mode="auto") as desk:
        yield desk


def the_note(desk: DeskDriver) -> ActionState:
    """Return where the only note about a promise stands."""
    connection = desk.container.store.connections.get("books")
    (row,) = desk.container.store.actions.list(connection.id, kinds={ActionKind.PROMISE})
    return row.state


def test_a_note_that_waits_is_withdrawn_with_it(by_rulebook: DeskDriver) -> None:
    app = by_rulebook.container
    promise(TOM, app, ["INV-7"], PromiseToPay(DAY))
    done = withdraw_promise(TOM, app, ["INV-7"], reason="a slip")
    assert the_note(by_rulebook) is ActionState.WITHDRAWN
    assert done.row is None
    assert done.message.endswith("withdrawn. INV-7 is asked for again.")
    with pytest.raises(UserMistake, match="has no promise that stands"):
        withdraw_promise(TOM, app, ["INV-7"])


def test_a_note_in_the_books_is_put_back(by_rulebook: DeskDriver) -> None:
    app = by_rulebook.container
    promise(TOM, app, ["INV-7"], PromiseToPay(DAY))
    for _ in range(2):
        list(app.sync("books"))
    assert the_note(by_rulebook) is ActionState.CONFIRMED
    done = withdraw_promise(TOM, app, ["INV-7"])
    assert done.row is not None
    assert (done.row.action.kind, done.row.state) == (ActionKind.UNDO, ActionState.APPROVED)
    for _ in range(2):
        list(app.sync("books"))
    assert app.store.actions.get(done.row.key).state in {ActionState.SENT, ActionState.CONFIRMED}


def test_what_it_replaced_stands_again(by_rulebook: DeskDriver) -> None:
    app = by_rulebook.container
    promise(TOM, app, ["INV-7"], PromiseToPay(DAY))
    promise(TOM, app, ["INV-7"], PromiseToPay(date(2026, 12, 20)))
    withdraw_promise(TOM, app, ["INV-7"])
    connection = app.store.connections.get("books")
    first, second = app.store.promises.recorded(connection.id)
    assert (first.replaced, second.replaced) == (False, True)


def test_a_reader_withdraws_nothing(by_rulebook: DeskDriver) -> None:
    app = by_rulebook.container
    promise(TOM, app, ["INV-7"], PromiseToPay(DAY))
    with pytest.raises(NotPermitted):
        withdraw_promise(Actor("Rita Lund", Role.READER), app, ["INV-7"])
