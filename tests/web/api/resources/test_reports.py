"""Every report of the command line is told by the API, with the same figures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.builders.books import TODAY
from tests.builders.desk import CUSTOMERS, DeskDriver, a_desk, add_person
from tests.builders.programs import Program

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Role, person_at_the_shell
from arsync.application.runs.pulling import pull_ledger

REPORTS = "/connections/books/reports"

OWED = sum(Decimal(amount) for _, owed in CUSTOMERS for _, amount in owed)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskDriver]:
    folder: Path = tmp_path_factory.mktemp("reports")
    with a_desk(folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def asking(shared: DeskDriver) -> Program:
    """A program of somebody who may read, on a ledger that all tests here share."""
    user = add_person(shared.container, "Rita Lund", Role.READER)
    return Program(shared.app, shared.container, user)


def test_forecast_counts_all_that_is_owed(asking: Program) -> None:
    answer = asking.read(f"{REPORTS}/forecast")
    (row,) = answer["forecast"]["currencies"]
    assert Decimal(row["owed"]) == OWED
    assert len(row["weeks"]) == 13
    assert answer["notes"]["GBP"]


def test_provision_goes_by_what_is_asked(asking: Program) -> None:
    asked = asking.read(
        f"{REPORTS}/provision", outlook_percent="10", because="a slump", interest_percent="8"
    )
    assert sum(Decimal(each) for each in asked["provision"]["totals"][0]["owed"]) == OWED
    assert asked["provision"]["outlook_reason"] == "a slump"
    assert asked["provision"]["interest_percent"] == "8.00"
    assert any("a slump" in note for note in asked["notes"])
    without_reason = asking.get(f"{REPORTS}/provision", outlook_percent="10")
    assert (without_reason.status_code, "reason" in without_reason.text) == (422, True)


def test_concentration_names_the_largest_debtors(asking: Program) -> None:
    (row,) = asking.read(f"{REPORTS}/concentration")["rows"]
    assert Decimal(row["owed"]) == OWED
    shares = [Decimal(debtor["percent"]) for debtor in row["largest"]]
    assert shares == sorted(shares, reverse=True)


def test_steps_say_what_they_do_not_know(asking: Program) -> None:
    answer = asking.read(f"{REPORTS}/steps")
    assert answer["steps"]
    for step in answer["steps"]:
        assert all(within["difference"] is None for within in step["horizons"])
        assert all(within["why_unknown"] for within in step["horizons"])


@pytest.mark.parametrize("name", ["forecast", "provision", "concentration", "terms", "steps"])
def test_a_day_without_figures_is_refused(asking: Program, name: str) -> None:
    for day in ("0001-01-01", "2999-01-01"):
        assert asking.get(f"{REPORTS}/{name}", as_of=day).status_code == 422


def test_terms_name_the_line_that_says_them(desk: DeskDriver, reader: Program) -> None:
    assert reader.read(f"{REPORTS}/terms")["has_policy"] is False
    contact = desk.books.contacts["c1"]
    desk.books.contacts["c1"] = contact._replace(terms="30 days after the invoice date")
    rules = desk.container.config.rules_folder / "standard.yaml"
    rules.write_text(rules.read_text() + "terms:\n  - {name: Everyone, terms: 14 days}\n")
    row = desk.container.store.connections.get("books")
    pull_ledger(person_at_the_shell(), OrganisationContext(desk.container, row))
    answer = reader.read(f"{REPORTS}/terms")
    (differing,) = [row for row in answer["rows"] if row["contact_id"] == "c1"]
    assert differing["terms_in_books"] == "30 days after the invoice date"
    assert differing["because"]["rule"] == "Everyone"
    assert answer["as_of"] == TODAY.isoformat()
    assert reader.get(f"{REPORTS}/terms", as_of=TODAY + timedelta(1)).status_code == 422
