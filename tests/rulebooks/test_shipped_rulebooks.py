"""The shipped rulebooks: they are read, they validate, and they do what they say."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import pytest
import yaml
from tests.builders.records import a_contact, a_debtor, an_invoice
from tests.builders.schemas import schema_class, validator

import arsync_rulebooks
from arsync.core.ledger.late_payment_law import is_half_year
from arsync.core.ledger.records import Organisation
from arsync.core.planning.customer_locale import no_holidays
from arsync.core.planning.planner import Plan, make_plan
from arsync.core.rulebook import Rulebook, needs, read_rulebook, rulebook_warnings
from arsync.core.rulebook.json_schema import schema
from arsync.mail import known_texts
from arsync.rules_source.folder import holidays_of, shipped

TEXTS = frozenset(known_texts())
NAMES = arsync_rulebooks.names()
TODAY = date(2026, 11, 18)


@cache
def read(name: str) -> Rulebook:
    files = [(f"rules/{name}.yaml", arsync_rulebooks.text(name))]
    rulebook, problems = read_rulebook(files, texts=TEXTS, find=shipped)
    assert problems == []
    assert rulebook is not None
    return rulebook


def plan(name: str, *overdue: int, groups: tuple[str, ...] = (), amount: str = "900") -> Plan:
    invoices = tuple(
        an_invoice(
            f"i{days}",
            issued_on=TODAY - timedelta(days + 30),
            due_on=TODAY - timedelta(days),
            currency=read(name).currency,
            rate=1,
            total=amount,
        )
        for days in overdue
    )
    account = a_debtor(
        *invoices,
        contacts=(a_contact(groups=groups, terms="30 days after the invoice date"),),
        taken_over_on=TODAY - timedelta(100),
    )
    return make_plan(
        [account],
        read(name),
        connection="acme",
        organisation=Organisation("o", "O", read(name).currency),
        today=TODAY,
        now=datetime(2026, 11, 18, 12, tzinfo=UTC),
        offers=frozenset(capability for capability, _, _ in needs(read(name))),
        holidays=no_holidays,
    )


def done(found: Plan) -> list[tuple[str, str]]:
    return [(action.kind.value, action.step) for action in found.actions]


def test_three_plain_rulebooks_and_three_packs_per_place_exist() -> None:
    assert NAMES[:3] == ("gentle", "standard", "strict")
    assert NAMES[3:] == arsync_rulebooks.packs()
    assert set(NAMES[3:]) == {
        f"{place}-{manner}"
        for place in ("uk", "eu", "au-nz", "us")
        for manner in ("gentle", "standard", "firm")
    }
    with pytest.raises(KeyError):
        arsync_rulebooks.text("../secret")


@pytest.mark.parametrize("name", NAMES)
def test_each_is_read_without_a_problem(name: str) -> None:
    rulebook = read(name)
    assert rulebook.texts() <= TEXTS
    assert rulebook_warnings(rulebook) == []
    assert holidays_of(rulebook.sending.holidays)(date(2026, 12, 25)) is not name.startswith("eu-")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("loader", [yaml.SafeLoader, yaml.BaseLoader])
def test_each_satisfies_the_schema_as_editors_see_it(name: str, loader: Any) -> None:
    tree = yaml.load(arsync_rulebooks.text(name), Loader=loader)
    tree = json.loads(json.dumps(tree, default=str))  # editors read a day as the text it is
    validator(schema()).validate(tree)


def test_the_schema_file_is_generated_from_the_tables() -> None:
    schema_class().check_schema(schema())
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
    assert not validator(schema()).is_valid(tree)


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
        ("uk-gentle", 4, []),
        ("uk-gentle", 5, [("reminder", "first reminder")]),
        ("us-standard", -3, [("reminder", "upcoming")]),
        ("eu-firm", 30, [("credit_hold", ""), ("terms", ""), ("reminder", "first reminder")]),
        ("au-nz-standard", 1, [("reminder", "first reminder")]),
    ],
)
def test_each_begins_as_it_says(name: str, overdue: int, expected: list[tuple[str, str]]) -> None:
    assert done(plan(name, overdue)) == expected


@pytest.mark.parametrize("name", NAMES)
def test_key_accounts_are_called_not_written_to(name: str) -> None:
    actions = plan(name, 25, groups=("Key accounts",), amount="20")
    assert {kind for kind, _ in done(actions)} <= {"task"}


def test_holds_of_the_standard_rulebook_wait_for_a_person() -> None:
    assert all(
        action.needs_approval
        for action in plan("standard", 60, 5, amount="9000").actions
        if action.kind.value in {"credit_hold", "terms"}
    )


@pytest.mark.parametrize("name", arsync_rulebooks.packs())
def test_a_packs_last_step_is_an_approved_formal_notice(name: str) -> None:
    cadence = next(
        reminder for reminder in read(name).reminders if reminder.name == "Standard cadence"
    )
    last = cadence.steps[-1]
    assert (last.kind, last.text, last.approval.required) == ("letter", "formal notice", True)
    assert sum(step.text == "formal notice" for step in cadence.steps) == 1


@pytest.mark.parametrize("name", arsync_rulebooks.packs())
def test_gentle_and_firm_extend_their_places_standard(name: str) -> None:
    place, _, manner = name.rpartition("-")
    base = "standard" if manner == "standard" else f"{place}-standard"
    assert f"\nextends: {base}\n" in arsync_rulebooks.text(name)
    assert read(name).currency == read(f"{place}-standard").currency
    assert read(name).statutory == read(f"{place}-standard").statutory


@pytest.mark.parametrize("name", ["uk-standard", "eu-standard"])
def test_every_pack_rate_names_source_and_half_year(name: str) -> None:
    law = read(name).statutory
    assert law is not None
    assert len(law.rates) >= 7
    assert all(rate.source and is_half_year(rate.starts) for rate in law.rates)
    assert law.points == 8
    assert law.rate_on(date(2022, 12, 31)) is None
    assert "legislation.gov.uk" in arsync_rulebooks.text(name) or "eur-lex" in (
        arsync_rulebooks.text(name)
    )


def test_places_without_a_universal_law_have_no_table() -> None:
    assert read("au-nz-standard").statutory is None
    assert read("us-firm").statutory is None
