"""`report provision` and `report concentration`: exact for programs, short for people."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.builders.desk import a_desk

from arsync.cli.report_commands import report


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("risk")
    with a_desk(folder):
        return folder / "config.toml"


def printed_by(config: Path, *arguments: str, fails: bool = False) -> str:
    day = () if "--as-of" in arguments else ("--as-of", "2026-11-20")
    result = CliRunner().invoke(
        report, [*arguments, *day, "--config", str(config)], standalone_mode=False
    )
    assert (result.exception is not None) == fails, result.exception
    return str(result.exception) if fails else result.stdout


def test_too_little_history_says_so(config: Path) -> None:
    shown = printed_by(config, "provision")
    assert "not known" in shown
    assert "too few invoices of three years" in shown
    assert "--interest 8" in shown


def test_provision_json_is_exact(config: Path) -> None:
    text = printed_by(
        config, "provision", "--json", "--interest", "8", "--outlook", "5", "--because", "a slump"
    )
    ((table),) = json.loads(text)
    (total,) = table["totals"]
    assert sum(map(Decimal, total["owed"])) == Decimal("17799.57")
    assert total["provision"] is None
    assert (table["outlook_percent"], table["outlook_reason"]) == ("5.000000", "a slump")
    assert Decimal(table["late"][0]["interest_cost"]) > 0
    assert table["definitions"]["rates"]["source"].startswith("IFRS 9")


def test_the_rulebooks_outlook_counts_without_options(config: Path) -> None:
    rules = next((config.parent / "rules").glob("*.yaml"))
    before = rules.read_text()
    said = "{outlook: +10%, name: Slump, because: builders closed, interest: 8}"
    rules.write_text(f"{before}\nprovision: {said}\n")
    ((table),) = json.loads(printed_by(config, "provision", "--json"))
    assert (table["outlook_percent"], table["outlook_name"]) == ("10.000000", "Slump")
    assert table["interest_percent"] == "8.000000"
    assert "Rates moved by +10% (Slump): builders closed" in printed_by(config, "provision")
    ((table),) = json.loads(printed_by(config, "provision", "--json", "--outlook", "0"))
    assert (table["outlook_percent"], table["outlook_name"]) == ("0.000000", "")
    rules.write_text(before)


def test_provision_lists_its_documents(config: Path) -> None:
    ((table),) = json.loads(printed_by(config, "provision", "--json", "--explain"))
    amounts = [Decimal(document["amount"]) for document in table["documents"]]
    assert sum(amounts) == Decimal("17799.57")
    assert "INV-8" in printed_by(config, "provision", "--explain")


def test_provision_csv_tells_what_each_figure_is(config: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(printed_by(config, "provision", "--format", "csv"))))
    assert {row["figure"] for row in rows} == {
        "expected_loss",
        "provision",
        "sales_at_risk",
        "interest_cost",
    }
    assert all(row["definition"] and row["source"] and row["window"] for row in rows)


@pytest.mark.parametrize("command", ["provision", "concentration"])
def test_documents_are_given_to_a_spreadsheet(config: Path, command: str) -> None:
    text = printed_by(config, command, "--explain", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    ((table),) = json.loads(printed_by(config, command, "--explain", "--json"))
    amounts = [Decimal(document["amount"]) for document in table["documents"]]
    assert [Decimal(row["amount"]) for row in rows] == amounts
    assert amounts


@pytest.mark.parametrize("command", ["provision", "concentration", "steps"])
def test_a_page_of_each_report_stands_alone(config: Path, command: str) -> None:
    page = printed_by(config, command, "--format", "html")
    assert page.startswith("<!doctype html>")
    assert "books" in page
    assert "<script" not in page
    assert "<img" not in page
    assert "http" not in page


def test_concentration_adds_up(config: Path) -> None:
    ((table),) = json.loads(printed_by(config, "concentration", "--json", "--explain"))
    (row,) = table["rows"]
    largest = sum(Decimal(debtor["owed"]) for debtor in row["largest"])
    documents = sum(Decimal(document["amount"]) for document in table["documents"])
    assert largest == documents == Decimal(row["owed"])
    assert Decimal(1) / row["customers"] <= Decimal(row["herfindahl"]) <= 1
    assert "Herfindahl" in printed_by(config, "concentration")


def test_hostile_names_are_safe_in_csv(config: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(printed_by(config, "concentration", "--format", "csv"))))
    assert len(rows) > 4
    assert not any(row["contact"].startswith(("=", "+", "@")) for row in rows)


@pytest.mark.parametrize(
    "arguments",
    [
        ("provision", "--outlook", "10"),
        ("provision", "--outlook", "-101", "--because", "x"),
        ("provision", "--outlook", "1001", "--because", "x"),
        ("provision", "--interest", "101"),
        ("provision", "--interest", "-1"),
        ("provision", "--interest", "NaN"),
        ("provision", "--interest", "eight"),
        ("provision", "--as-of", "2199-01-01"),
        ("provision", "--output", "x.txt"),
        ("concentration", "--output", "x.txt"),
        ("concentration", "--as-of", "2199-01-01"),
    ],
)
def test_what_cannot_be_counted_is_refused(config: Path, arguments: tuple[str, ...]) -> None:
    assert printed_by(config, *arguments, fails=True)
