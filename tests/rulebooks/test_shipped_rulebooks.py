"""The shipped rulebooks: they are read, they validate, and they do what they say."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

import arsync_rulebooks
from arsync.core.plan import Plan, make_plan
from arsync.core.records import Account, Contact, Invoice, Organisation
from arsync.core.rulebook import Rulebook, needs, read_rulebook
from arsync.core.schema import schema

TEXTS = frozenset(
    {"upcoming", "first reminder", "second reminder", "third reminder", "final notice"}
)
NAMES = arsync_rulebooks.names()
TODAY = date(2026, 11, 18)


def read(name: str) -> Rulebook:
    files = [(f"rules/{name}.yaml", arsync_rulebooks.text(name))]
    rulebook, problems = read_rulebook(files, texts=TEXTS)
    assert problems == []
    assert rulebook is not None
    return rulebook


def plan(name: str, *overdue: int, groups: tuple[str, ...] = (), amount: str = "900") -> Plan:
    invoices = tuple(
        Invoice(
            f"i{days}", "c1", f"INV-{days}", "open", TODAY - timedelta(days + 30),
            TODAY - timedelta(days), "GBP", Decimal(1), Decimal(amount), Decimal(amount),
        )
        for days in overdue
    )  # fmt: skip
    account = Account(
        (Contact("c1", "Acme", email="a@x.test", groups=groups),),
        invoices,
        taken_over_on=TODAY - timedelta(100),
    )
    return make_plan(
        [account],
        read(name),
        connection="acme",
        organisation=Organisation("o", "O", "GBP"),
        today=TODAY,
        now=datetime(2026, 11, 18, 12, tzinfo=UTC),
        offers=frozenset(one for one, _, _ in needs(read(name))),
        holidays=lambda _: False,
    )


def done(found: Plan) -> list[tuple[str, str]]:
    return [(action.kind.value, action.step) for action in found.actions]


def test_there_are_three_and_no_others() -> None:
    assert NAMES == ("gentle", "standard", "strict")
    with pytest.raises(KeyError):
        arsync_rulebooks.text("../secret")


@pytest.mark.parametrize("name", NAMES)
def test_each_is_read_without_a_problem(name: str) -> None:
    rulebook = read(name)
    assert rulebook.texts() <= TEXTS
    assert rulebook.sending.holidays == "GB-ENG"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("loader", [yaml.SafeLoader, yaml.BaseLoader])
def test_each_satisfies_the_schema_as_editors_see_it(name: str, loader: Any) -> None:
    tree = yaml.load(arsync_rulebooks.text(name), Loader=loader)
    jsonschema.Draft202012Validator(schema()).validate(tree)


def test_the_schema_file_is_the_one_that_the_tables_make() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert json.loads(arsync_rulebooks.schema_text()) == schema()


@pytest.mark.parametrize(
    "wrong",
    [
        "nme: x",
        "credit_holds: [{name: a, when: {oldest_day_overdue: {at_least: 60}}}]",
        "credit_holds: [{name: a, when: {balance: 60}}]",
        "credit_limits: [{name: a, limit: 10.000.0}]",
        "sending: {between: 9:30}",
        "take_over: never",
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(wrong: str) -> None:
    text = f"version: 1\ncurrency: GBP\n{wrong}\n"
    assert read_rulebook([("r", text)])[0] is None
    tree = yaml.load(text, Loader=yaml.BaseLoader)
    assert not jsonschema.Draft202012Validator(schema()).is_valid(tree)


@pytest.mark.parametrize(
    ("name", "overdue", "expected"),
    [
        ("gentle", 4, []),
        ("gentle", 5, [("reminder", "first reminder")]),
        ("standard", -3, [("reminder", "upcoming")]),
        ("standard", 1, [("reminder", "first reminder")]),
        ("strict", 2, [("reminder", "first reminder")]),
        ("strict", 30, [("credit_hold", ""), ("terms", ""), ("reminder", "first reminder")]),
        ("standard", 60, [("credit_hold", ""), ("terms", ""), ("reminder", "first reminder")]),
    ],
)
def test_each_begins_as_it_says(name: str, overdue: int, expected: list[tuple[str, str]]) -> None:
    assert done(plan(name, overdue)) == expected


@pytest.mark.parametrize("name", NAMES)
def test_key_accounts_are_called_not_written_to(name: str) -> None:
    found = plan(name, 25, groups=("Key accounts",), amount="20")
    assert {kind for kind, _ in done(found)} <= {"task"}


def test_holds_of_the_standard_rulebook_wait_for_a_person() -> None:
    assert all(
        action.needs_approval
        for action in plan("standard", 60, 5, amount="9000").actions
        if action.kind.value in {"credit_hold", "terms"}
    )
