"""JSON is made in one place: exact amounts, ISO moments, and streams that are never held whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args, get_type_hints

import pytest
from msgspec import UNSET, Struct, UnsetType, field

from arsync.application.decisions.plan_changes import SinceView
from arsync.application.decisions.unknown_outcomes import UnsettledView
from arsync.application.letters.checking import LetterFinding
from arsync.application.letters.notice_register import RegisteredNotice
from arsync.application.letters.previewing import PreviewView
from arsync.application.letters.text_copying import CopiedText
from arsync.application.letters.text_listing import ListedText
from arsync.application.letters.trying import SentTest
from arsync.application.persons_words import RecordedView
from arsync.application.reports.ageing_report import AgeingTableView
from arsync.application.result_views import (
    ConnectionView,
    HistoryView,
    RunView,
    StatusView,
    WhyView,
)
from arsync.application.rules.scenarios import ScenariosView
from arsync.application.rules.trials import RulesBacktestView, RulesDiffView, RulesSimulationView
from arsync.application.runs.undoing import UndoResultView
from arsync.cli.json_output import json_text, print_json, print_json_of_each
from arsync.core.trials.rulebook_diff import CustomerDifference
from arsync.demo.play import OutcomeView
from arsync.translation import saying

VIEWS = (
    AgeingTableView,
    ConnectionView,
    CopiedText,
    CustomerDifference,
    HistoryView,
    LetterFinding,
    ListedText,
    OutcomeView,
    PreviewView,
    RecordedView,
    RegisteredNotice,
    RulesBacktestView,
    RulesDiffView,
    RulesSimulationView,
    RunView,
    ScenariosView,
    SentTest,
    SinceView,
    StatusView,
    UndoResultView,
    UnsettledView,
    WhyView,
)
"""The views of commands; they hold the others."""


class Colour(StrEnum):
    RED = "red"


class Shown(Struct, frozen=True):
    amount: Decimal
    at: datetime
    day: date
    colour: Colour = Colour.RED
    older: int = field(default=1, name="31-60")
    note: str | UnsetType = UNSET


SHOWN = Shown(Decimal("1E+2"), datetime(2026, 11, 21, 9, tzinfo=UTC), date(2026, 11, 21))


def test_a_struct_prints_its_fields() -> None:
    assert json.loads(json_text(SHOWN)) == {
        "amount": "100.00",
        "at": "2026-11-21T09:00:00+00:00",
        "day": "2026-11-21",
        "colour": "red",
        "31-60": 1,
    }


def test_values_without_a_type_of_their_own_print() -> None:
    value = {"file": Path("a/b"), "facts": MappingProxyType({"amount_due": Decimal("0.1")})}
    assert json.loads(json_text(value)) == {"file": "a/b", "facts": {"amount_due": "0.10"}}
    assert json.loads(json_text([saying("Done: %(task)s.", task="call")])) == ["Done: call."]


@pytest.mark.parametrize("one_line", [False, True])
@pytest.mark.parametrize(
    "value",
    [
        range(0),
        range(3),
        {"a": range(2), "b": [range(0), "é\n"], "c": {"d": range(1)}},
        [{"a": range(2)}, {"a": ()}],
    ],
    ids=str,
)
def test_a_stream_prints_as_the_same_list(
    value: Any, one_line: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    print_json(value, one_line=one_line)
    streamed = capsys.readouterr().out
    print_json(_in_full(value), one_line=one_line)
    assert streamed == capsys.readouterr().out
    assert (streamed.count("\n") == 1) is (one_line or value == range(0))


def test_streams_may_stand_in_streams() -> None:
    value = iter([{"inner": iter([1, iter([2])])}])
    assert json_text(value) == json_text([{"inner": [1, [2]]}])


def test_one_item_is_made_at_a_time() -> None:
    alive = most = 0

    class Item:
        def __init__(self) -> None:
            nonlocal alive, most
            alive += 1
            most = max(most, alive)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

        def __str__(self) -> str:
            return "item"

    def items() -> Iterator[Item]:
        for _ in range(100):
            yield Item()

    assert json.loads(json_text({"items": items()})) == {"items": ["item"] * 100}
    assert most <= 2


def test_one_connection_is_an_object_several_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    print_json_of_each([{"a": 1}])
    print_json_of_each([{"a": 1}, {"a": 2}])
    one, several = '{\n  "a": 1\n}\n', '[\n  {\n    "a": 1\n  },\n  {\n    "a": 2\n  }\n]\n'
    assert capsys.readouterr().out == one + several


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
def test_no_view_holds_a_named_tuple(view: type[Struct]) -> None:
    """msgspec would write one as a list, without its names."""
    assert [found for found in _types_in(view) if hasattr(found, "_fields")] == []


def _types_in(annotation: Any) -> Iterator[type]:
    """Yield the types of a Struct's fields, and of the fields of those."""
    for inner in get_args(annotation):
        yield from _types_in(inner)
    if isinstance(annotation, type):
        yield annotation
        if issubclass(annotation, Struct):
            for member in get_type_hints(annotation).values():
                yield from _types_in(member)


def _in_full(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _in_full(member) for name, member in value.items()}
    if isinstance(value, (list, tuple, range)):
        return [_in_full(member) for member in value]
    return value
