"""What was promised does not stay where statements print it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from arsync.core.actions import ActionKind, UndoPayload, payload_of
from arsync.core.actions.reversal import undo_action

Desk = Any
DAY = date(2026, 12, 1)
NO_FIELD = frozenset({"email by the accounting system"})
WITH_FIELD = NO_FIELD | {"expected payment date"}


def moves(desk: Desk, account: Any, offers: frozenset[str] = NO_FIELD) -> list[Any]:
    plan = desk.plan(desk.head, account, offers=offers)
    return [action for action in plan.actions if action.kind is ActionKind.PROMISE]


def test_a_promise_in_the_memo_is_moved_once(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 5, expected_on=DAY), desk.invoice("i2", 5))
    (move,) = moves(desk, account)
    assert ([ref.id for ref in move.invoices], move.payload.promised_on) == (["i1"], DAY)
    assert "stands in notes now" in move.note
    assert not moves(desk, account._replace(done_keys=frozenset({move.key})))
    # Undoing it withdraws no promise of arsync's own.
    undoing = undo_action(move, generation=1, done_on=None, who="Jane")
    assert payload_of(undoing, UndoPayload).promise_id is None


def test_a_field_for_it_is_left_alone(desk: Desk) -> None:
    account = desk.account(desk.invoice("i1", 5, expected_on=DAY))
    assert not moves(desk, account, WITH_FIELD)


@pytest.mark.parametrize("status", ["paid", "voided"])
def test_what_is_not_owed_is_left_alone(desk: Desk, status: str) -> None:
    account = desk.account(desk.invoice("i1", 5, "0", status=status, expected_on=DAY))
    assert not moves(desk, account)


def test_one_plan_moves_only_so_many(desk: Desk) -> None:
    invoices = [desk.invoice(f"i{number}", 5, expected_on=DAY) for number in range(25)]
    assert len(moves(desk, desk.account(*invoices))) == 20
