"""A plan of any size: its decisions are packed, come back equal, and are printed as they come."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from tests.builders.actions import an_action

from arsync.application.organisation.packed_plan import PACKED_AT_ONCE, Packed, and_more, packing
from arsync.cli.json_output import print_json
from arsync.core.actions import Action, Because, InvoiceRef, Via
from arsync.core.planning.plan import HeldBack, Plan, SafetyVerdict
from arsync.core.planning.plan_views import plan_view

COUNT = 2 * PACKED_AT_ONCE + 7
LONDON = ZoneInfo("Europe/London")


def numbered_action(number: int) -> Action:
    return an_action(
        details={"to": "a@b.example"},
        contact_id=f"c{number}",
        contact_name="Müller & Söhne",
        because=Because(
            "standard.yaml", 57, "Standard", {"days_overdue": 14, "amount_due": "0.10", "tag": []}
        ),
        invoices=(InvoiceRef("i1", "INV-1", Decimal("0.10"), "GBP", 2, "second", 14, 14),),
        subject=f"i{number} day 14",
        via=Via.SMTP,
        needs_approval=number % 2 == 0,
        not_before=datetime(2026, 7, 1, 9, tzinfo=LONDON) if number % 3 else None,
    )


def held(number: int) -> HeldBack:
    because = Because("standard.yaml", 57, "Standard") if number % 2 else None
    next_date = date(2026, 12, 2) if number % 3 else None
    return HeldBack(f"c{number}", "Customer", "i1", "INV-1", "it waits", next_date, because)


def a_plan(count: int) -> Plan:
    actions, held_back, _ = packing()
    actions.extend(map(numbered_action, range(count)))
    held_back.extend(map(held, range(count)))
    return Plan(
        "acme",
        date(2026, 7, 1),
        ("standard.yaml",),
        "abc",
        actions.kept(),
        held_back.kept(),
        SafetyVerdict(exceeded=True, messages=("too many",)),
        ("odd",),
    )


def test_packed_decisions_come_back_equal_as_often_as_asked() -> None:
    plan, actions = a_plan(COUNT), list(map(numbered_action, range(COUNT)))
    assert isinstance(plan.actions, Packed)
    assert len(plan.actions) == len(plan.held_back) == COUNT
    for _ in range(2):
        assert list(plan.actions) == actions
        assert list(plan.held_back) == list(map(held, range(COUNT)))
    assert plan.keys == {action.key for action in actions}
    assert plan.actions[1].not_before is not None
    assert f"{plan.actions[1].not_before:%Z}" == "BST"  # not only so many hours from UTC


def test_packed_decisions_are_a_sequence() -> None:
    plan, actions = a_plan(COUNT), list(map(numbered_action, range(COUNT)))
    for place in (0, PACKED_AT_ONCE, COUNT - 1, -1, -COUNT):
        assert plan.actions[place] == actions[place]
    assert (
        list(plan.actions[PACKED_AT_ONCE - 2 : PACKED_AT_ONCE + 2])
        == actions[PACKED_AT_ONCE - 2 : PACKED_AT_ONCE + 2]
    )
    for place in (COUNT, -COUNT - 1):
        with pytest.raises(IndexError):
            plan.actions[place]


def test_more_decisions_come_after_those_that_were_kept() -> None:
    for count in (3, COUNT):
        more = and_more(a_plan(count).actions, [numbered_action(-1)])
        assert list(more) == [*map(numbered_action, range(count)), numbered_action(-1)]


def test_a_small_plan_is_kept_as_it_is() -> None:
    assert a_plan(3).actions == tuple(map(numbered_action, range(3)))
    assert a_plan(0).held_back == ()


@pytest.mark.parametrize("count", [0, 1, 3, COUNT])
@pytest.mark.parametrize("one_line", [False, True])
def test_a_streamed_plan_prints_the_same_json(
    count: int, one_line: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    view = plan_view(a_plan(count))
    in_full = replace(view, actions=tuple(view.actions), held_back=tuple(view.held_back))
    for plain, streamed in (
        (in_full, view),
        ([in_full] * 2, [view] * 2),
        ([{"plan": in_full}], [{"plan": view}]),
    ):
        print_json(plain, one_line=one_line)
        expected = capsys.readouterr().out
        print_json(streamed, one_line=one_line)
        assert capsys.readouterr().out == expected
        assert json.loads(expected)
