"""Undoing by the API: looked at first, done by the next run."""

from __future__ import annotations

from tests.builders.desk import DeskDriver
from tests.builders.programs import Program, said

from arsync.core.actions import ActionKind, ActionState
from arsync.store.models import ActionRow

UNDO = "/connections/books/undo"


def _held(desk: DeskDriver, controller: Program) -> ActionRow:
    """Hold a customer at the accounting system, and return the hold."""
    connection = desk.container.store.connections.get("books")
    waiting = [
        row
        for row in desk.container.store.actions.list(
            connection.id, kinds={ActionKind.CREDIT_HOLD, ActionKind.TERMS}
        )
        if row.state is ActionState.AWAITING_APPROVAL
    ]
    if waiting:
        controller.post("/connections/books/actions/approve", keys=[row.key for row in waiting])
    list(desk.container.sync("books"))
    list(desk.container.sync("books"))
    return next(
        row
        for row in desk.container.store.actions.list(connection.id, kinds={ActionKind.CREDIT_HOLD})
        if row.state is ActionState.CONFIRMED
    )


def test_a_hold_is_undone_by_the_next_run(desk: DeskDriver, controller: Program) -> None:
    hold = _held(desk, controller)
    preview = controller.post(f"{UNDO}/preview", keys=[hold.key])
    assert preview.status_code == 200, preview.text
    assert said(preview)["actions"][0]["verdict"] == "undo"
    asked = controller.post(UNDO, keys=[hold.key], reason="wrong customer")
    assert said(asked)["actions"] == said(preview)["actions"]
    list(desk.container.sync("books"))
    after = controller.post(f"{UNDO}/preview", keys=[hold.key])
    assert said(after)["actions"][0]["verdict"] == "undone already"
    again = controller.post(f"{UNDO}/allow-again", keys=[hold.key], reason="it was right")
    assert said(again)["actions"][0]["state"] == "withdrawn"


def test_what_was_not_done_is_not_undone(desk: DeskDriver, controller: Program) -> None:
    row = desk.container.waiting("books")[0].row
    (line,) = said(controller.post(f"{UNDO}/preview", keys=[row.key]))["actions"]
    assert line["verdict"] == "cannot be undone"
